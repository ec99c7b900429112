"""The collector, step by step, on objects that one can name: what explain_collection returns."""

from __future__ import annotations

from gcscope.model.record import Record, Signed


class Counted(Record):
    """A row of update_refs: an object, and the collector's copy of its reference count."""

    name: str
    """What the object is called."""
    gc_refs: int
    """Its reference count."""


class Subtracted(Record):
    """A row of subtract_refs: a reference between two of the objects, and what it leaves there.

    References to one object that are very many, or come from objects that are not shown, are
    one row.
    """

    reference: str
    """Who has it, and what it is called there; or how many more there are."""
    target: str
    """What the object is called that it leads to."""
    before: Signed
    """What gc_refs of that was."""
    after: Signed
    """What it is then."""


class Moved(Record):
    """A row of move_unreachable: the verdict over one object."""

    name: str
    """What the object is called."""
    gc_refs: Signed
    """What subtract_refs has left: references from outside."""
    reachable: bool
    """The verdict."""
    because: str
    """What makes it reachable, or why it is not."""


class Walkthrough(Record):
    """What a collection of some objects does, in the collector's own three steps."""

    update_refs: tuple[Counted, ...]
    """The first step, an object a row."""
    subtract_refs: tuple[Subtracted, ...]
    """The second step, for the same objects."""
    move_unreachable: tuple[Moved, ...]
    """The third step, an object a row."""
    more: int
    """Objects that these lead to, which are part of it, and count, and are not shown."""
