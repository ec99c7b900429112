"""Rings that tests leave, and the classes they go through; some allow nothing to be asked."""


class Plain:
    pass


class Other:
    pass


class Slotted:
    __slots__ = ("__weakref__", "mine")


def pair(one=Plain, other=Other, there="there", back="back"):
    """Leave a ring of two."""
    a, b = one(), other()
    setattr(a, there, b)
    setattr(b, back, a)


def ring_of(holder):
    """Leave a ring: an object whose `.held` is what holder makes of it."""
    thing = Plain()
    thing.held = holder(thing)


def only(report):
    [cycle] = report.cycles
    return cycle


def labels_of(cycle):
    return [link.label for link in cycle.ring]


# ------------------------------------------------------------------------------------ evil objects


class Touchy:
    """Nothing about it may be asked."""

    def refuse(self, *_):
        raise AssertionError("user code ran")

    __repr__ = __str__ = __len__ = __iter__ = __bool__ = __getattr__ = __sizeof__ = __dir__ = (
        __reduce__
    ) = refuse
    __class__ = property(refuse)
    __dict__ = property(refuse)
    armed = False

    def __hash__(self):
        return self.refuse() if Touchy.armed else 1

    def __eq__(self, other):
        return self.refuse() if Touchy.armed else self is other

    def __getattribute__(self, name):
        return (
            object.__getattribute__(self, "refuse")()
            if Touchy.armed
            else object.__getattribute__(self, name)
        )


class Meta(type):
    def refuse(cls, *_):
        raise AssertionError("code of a metaclass ran")

    __repr__ = __eq__ = __hash__ = __instancecheck__ = __subclasscheck__ = __getattribute__ = refuse
    __module__ = __name__ = property(refuse)


class TouchyText(str):
    __slots__ = ()

    def refuse(self, *_):
        raise AssertionError("the text was asked")

    __repr__ = __str__ = __format__ = __len__ = __getitem__ = isidentifier = refuse

    def __hash__(self):
        return Touchy.__hash__(self) if Touchy.armed else str.__hash__(self)

    def __eq__(self, other):
        raise AssertionError("the text was compared")


def evil_key(thing):
    return {Touchy(): thing}


def evil_text_key(thing):
    return {TouchyText("key"): thing}


def evil_value(thing):
    return {"key": [Touchy(), thing]}


def evil_holder(thing):
    holder = Touchy()
    object.__setattr__(holder, "mine", thing)
    return holder


def evil_metaclass(thing):
    cls = Meta("Evil", (), {"__slots__": ("mine",)})
    holder = object.__new__(cls)
    object.__setattr__(holder, "mine", thing)
    return holder


def evil_set(thing):
    return {Touchy(), thing}


def evil_tuple_key(thing):
    return {(Touchy(), 1): thing}


def evil_exception(thing):
    class Odd(Exception):
        args = property(Touchy.refuse)
        __traceback__ = property(Touchy.refuse)
        __str__ = __repr__ = Touchy.refuse

    error = Odd()
    error.mine = thing
    return error


EVIL = [
    (evil_key, ".held[<specimens.rings.Touchy>]"),
    (evil_text_key, ".held['key']"),
    (evil_value, ".held['key'][1]"),
    (evil_holder, ".held → .mine"),
    (evil_metaclass, ".held → .mine"),
    (evil_set, ".held (an element)"),
    (evil_tuple_key, ".held[<tuple>]"),
    (evil_exception, ".held → .mine"),
]
