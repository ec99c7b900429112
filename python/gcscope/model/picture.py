"""Boxes and arrows: what a picture shows, before any writer gives it a form.

    who makes one                         Picture                        who writes it
    a report (render.report_picture)  groups, boxes, arrows      render.dot, render.mermaid, ...

Strings and numbers only, as in reports; a writer may shorten, wrap and place, and nothing else.
"""

from __future__ import annotations

from gcscope.model.record import READERS, Drawable, Record

OBJECT = "object"
OUTSIDE = "outside"
REST = "rest"
UNREACHABLE = "unreachable"  # the last line of a box
KINDS = (OBJECT, OUTSIDE, REST)


Kind = str


def _read_kind(value: object) -> Kind:
    """Accept a kind of box."""
    if not isinstance(value, str) or value not in KINDS:
        raise ValueError(f"expected one of {', '.join(KINDS)}, not {value!r}")
    return value


READERS["Kind"] = _read_kind


class Group(Record):
    """Boxes that belong together, such as one cycle, with what is to be said of them."""

    key: str
    """What its boxes call it; it is not shown."""
    title: str
    """What stands above it."""
    lines: tuple[str, ...]
    """What is said below the title: the cause, the cut, how often it was seen."""


class Box(Record):
    """Something that holds or is held."""

    key: str
    """What arrows call it; it is not shown. Keys of a picture differ."""
    title: str
    """Its first line."""
    lines: tuple[str, ...]
    """What stands below the title, such as file and line."""
    kind: Kind
    """'object'; 'outside' for a holder that is no object of the picture, such as the name of a
    variable, drawn without a box; 'rest' for objects that are folded into one box."""
    refcount: int | None
    """References that own it, where that is known."""
    on_ring: bool
    """Whether it is part of a ring. The boxes of a group that are on its ring stand in the ring's
    order."""
    group: str | None
    """The key of its group."""
    unreachable: bool = False
    """Whether it is known that nothing reachable leads to it."""


class Arrow(Record):
    """A reference from one box to another."""

    source: str
    """The key of the box that holds."""
    target: str
    """The key of the box that is held."""
    label: str
    """What the reference is called: `.friends[0]`, `local self`. Empty where that is not said."""
    on_ring: bool
    """Whether it is part of a ring."""
    is_cut: bool
    """Whether a ring is to be cut here."""

    @property
    def key(self) -> str:
        """What distinguishes it from the other arrows of a picture."""
        return f"{self.source}\t{self.label}\t{self.target}"


class Picture(Drawable):
    """Boxes and arrows.

    Raises ValueError if keys do not differ, or a group or box that is named is not there.
    """

    title: str
    """What stands above it."""
    lines: tuple[str, ...]
    """What is said below the title."""
    description: str
    """What the picture shows, in words, for who cannot see it."""
    groups: tuple[Group, ...]
    """Boxes that belong together."""
    boxes: tuple[Box, ...]
    """What holds and is held."""
    arrows: tuple[Arrow, ...]
    """The references between them."""

    def __init__(self, **values: object) -> None:
        super().__init__(**values)
        groups = _different("group", [group.key for group in self.groups])
        boxes = _different("box", [box.key for box in self.boxes])
        _known("group", groups, [box.group for box in self.boxes if box.group is not None])
        _known("box", boxes, [key for arrow in self.arrows for key in (arrow.source, arrow.target)])


def _different(what: str, keys: list[str]) -> frozenset[str]:
    """Check that keys differ."""
    if len(set(keys)) < len(keys):
        twice = next(key for place, key in enumerate(keys) if key in keys[:place])
        raise ValueError(f"a picture has two of the {what} {twice!r}")
    return frozenset(keys)


def _known(what: str, known: frozenset[str], used: list[str]) -> None:
    """Check that all keys that are used are known."""
    for key in used:
        if key not in known:
            raise ValueError(f"a picture has no {what} {key!r}")
