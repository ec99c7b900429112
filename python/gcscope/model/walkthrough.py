"""The collector, step by step, on objects that one can name: what explain_collection returns."""

from __future__ import annotations

from gcscope.model.record import (
    Record,
    read_bool,
    read_int,
    read_record,
    read_signed,
    read_str,
    read_tuple,
)


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

    References to one object that are very many, or come from objects that are not told, are one
    row.
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
    _readers = {
        "reference": read_str,
        "target": read_str,
        "before": read_signed,
        "after": read_signed,
    }


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
    _readers = {
        "name": read_str,
        "gc_refs": read_signed,
        "reachable": read_bool,
        "because": read_str,
    }


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
