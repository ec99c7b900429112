"""The C types of tests/broken: which is wrong in which way, and its correct twin."""

NO_GC = "no Py_TPFLAGS_HAVE_GC"
NO_VISIT = "a field that tp_traverse does not visit"
NO_TYPE = "a heap type that does not visit its type"
OVER_VISIT = "a visit of what is not owned"
NO_CLEAR = "no tp_clear"

# name -> (fault, its correct twin)
FAULTS = {
    "NoGC": (NO_GC, "Good"),
    "NoGCMember": (NO_GC, "GoodMember"),
    "NoField": (NO_VISIT, "Good"),
    "NoMember": (NO_VISIT, "GoodMember"),
    "NoDict": (NO_VISIT, "Good"),
    "NoItems": (NO_VISIT, "Row"),
    "NoThird": (NO_VISIT, "Triple"),
    "NoType": (NO_TYPE, "Good"),
    "Double": (OVER_VISIT, "Good"),
    "DoubleType": (OVER_VISIT, "Triple"),
    "Wrong": (OVER_VISIT, "Good"),
    "NoClear": (NO_CLEAR, "Good"),
    "NoClearFixed": (NO_CLEAR, "Fixed"),
}
# wrong in a way that no word of its struct shows: what it owns stands behind a pointer
UNSEEN = {"NoFar": "Good"}
# right: also a static type, one that owns only str, one like a tuple, one that borrows what it owns
RIGHT = ("Good", "GoodMember", "Triple", "Row", "Static", "Fixed", "Text", "Alias")


class Target:
    """What can be in a ring, and be referred to weakly."""


def make(broken, name, count=3):
    """Return instances of a type, each with objects of its own, and the objects that are borrowed.

    What the fields hold is held by nothing else. The borrowed are to be kept alive by the caller.
    """
    of_type, borrowed = getattr(broken, name), []
    instances = [_made(of_type, borrowed) for _ in range(count)]
    return instances, borrowed


def _made(of_type, borrowed):
    if of_type.__name__ == "Text":
        return of_type("".join(("fi", "rst")), "".join(("sec", "ond")))
    made = of_type(Target(), Target())
    if of_type.__dictoffset__:
        made.attribute = Target()
    if hasattr(made, "third"):
        made.third = Target()
    if hasattr(made, "set_back"):
        back, number = Target(), Target()
        borrowed += [back, number]
        made.set_back(back)
        made.set_number(number)
        made.set_far(Target())
    return made
