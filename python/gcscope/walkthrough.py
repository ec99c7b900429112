"""The collector, step by step, on objects that one can name: explain_collection."""

from __future__ import annotations

from gcscope.render.words import plural
from gcscope.report import Record, read_bool, read_int, read_record, read_signed, read_str, read_tuple
from gcscope.scene import Scene, check_given, look, reasons, reference_label

MOST_EXPLAINED = 100  # objects
MOST_REFERENCES = 12  # to one of them, a row each


class Counted(Record):
    """A row of update_refs: an object, and the copy of its reference count that the collector works on."""

    __slots__ = ("gc_refs", "name")
    name: str
    """What the object is called."""
    gc_refs: int
    """Its reference count."""
    _readers = {"name": read_str, "gc_refs": read_int}


class Subtracted(Record):
    """A row of subtract_refs: a reference from one of the objects to another, and what it leaves there.

    References to one object that are very many, or come from objects that are not told, are one row.
    """

    __slots__ = ("after", "before", "reference", "target")
    reference: str
    """Who has it, and what it is called there; or how many more there are."""
    target: str
    """What the object is called that it leads to."""
    before: int
    """What gc_refs of that was."""
    after: int
    """What it is then."""
    _readers = {"reference": read_str, "target": read_str, "before": read_signed, "after": read_signed}


class Moved(Record):
    """A row of move_unreachable: the verdict over one object."""

    __slots__ = ("because", "gc_refs", "name", "reachable")
    name: str
    """What the object is called."""
    gc_refs: int
    """What subtract_refs has left: references from outside."""
    reachable: bool
    """The verdict."""
    because: str
    """What makes it reachable, or why it is not."""
    _readers = {"name": read_str, "gc_refs": read_signed, "reachable": read_bool, "because": read_str}


class Walkthrough(Record):
    """What a collection of some objects does, in the collector's own three steps."""

    __slots__ = ("more", "move_unreachable", "subtract_refs", "update_refs")
    update_refs: tuple[Counted, ...]
    """The first step, an object a row."""
    subtract_refs: tuple[Subtracted, ...]
    """The second step, for the same objects."""
    move_unreachable: tuple[Moved, ...]
    """The third step, an object a row."""
    more: int
    """Objects that these lead to, which are part of it, and count, and are not told."""
    _readers = {
        "update_refs": read_tuple(read_record(Counted)),
        "subtract_refs": read_tuple(read_record(Subtracted)),
        "move_unreachable": read_tuple(read_record(Moved)),
        "more": read_int,
    }

    def __str__(self) -> str:
        from gcscope.render.lesson import walkthrough_text

        return walkthrough_text(self)


class _Subtracting:
    """The second step, for the objects that are told: a row a reference, and what is too many for that in one."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.rows: list[Subtracted] = []
        self.gc_refs = [thing.count for thing in scene.things]
        self.told = [0] * len(scene.things)

    def subtract(self, target: int, name: str, count: int = 1) -> None:
        """Take references away from what is left of a count."""
        before = self.gc_refs[target]
        self.gc_refs[target] = after = before - count
        self.rows.append(Subtracted(reference=name, target=self.scene.things[target].name, before=before, after=after))

    def run(self) -> tuple[Subtracted, ...]:
        """Do it. After this, gc_refs is what comes from outside."""
        things = self.scene.things
        counted = [place < MOST_EXPLAINED and thing.refcount is not None for place, thing in enumerate(things)]
        for reference in self.scene.references:
            for nth in range(min(reference.owned, len(reference.edges)) if counted[reference.target] else 0):
                if self.told[reference.target] < MOST_REFERENCES:
                    self.told[reference.target] += 1
                    self.subtract(reference.target, reference_label(self.scene, reference, nth))
        for place, thing in enumerate(things):
            more = self.gc_refs[place] - thing.gc_refs
            if counted[place] and more:
                self.subtract(place, plural(more, "more reference"), more)
        return tuple(self.rows)


def _verdicts(scene: Scene) -> list[Moved]:
    because = reasons(scene)
    rows = []
    for place, thing in enumerate(scene.things):
        why = because.get(place)
        rows.append(
            Moved(
                name=thing.name,
                gc_refs=thing.left,
                reachable=why is not None,
                because=why if why is not None else "nothing is left from outside, and nothing reachable leads to it",
            )
        )
    return rows


def explain_collection(*objs: object) -> Walkthrough:
    """Show what the collector does with some objects and with what they lead to, in its own three steps.

        print(gcscope.explain_collection(p1, p2))

    update_refs copies each reference count; subtract_refs takes one away for each reference from one of these objects
    to another, so that references from outside are left; move_unreachable finds what those lead to, and calls the
    rest unreachable. It is told as though these objects were a generation that is collected: what other objects hold
    is held from outside, as it is in the collection of a young generation. (CPython's InternalDocs,
    garbage_collector.md, has the algorithm.) The objects that the walk meets are those of `cycles`. At most 100 are
    told; the others count as well.

    Looking changes nothing. Raises TypeError without an argument and for an object that the collector does not track,
    MemoryError where there is no memory for the pass.
    """
    check_given(objs, "explain_collection")
    scene = look(objs)
    return Walkthrough(
        update_refs=tuple(Counted(name=t.name, gc_refs=t.count) for t in scene.things[:MOST_EXPLAINED]),
        subtract_refs=_Subtracting(scene).run(),
        move_unreachable=tuple(_verdicts(scene)[:MOST_EXPLAINED]),
        more=max(0, len(scene.things) - MOST_EXPLAINED) + scene.more,
    )
