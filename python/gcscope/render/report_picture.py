"""What is drawn of a report: which boxes, which arrows, and in which words."""

from __future__ import annotations

from gcscope.model.phrases import link_title, plural, ring_line, size
from gcscope.model.picture import OBJECT, REST, Arrow, Box, Group, Picture
from gcscope.model.record import changed
from gcscope.model.results import Cycle, Link, Report
from gcscope.render.cycle_text import (
    cut_phrase,
    cut_place,
    cycle_foot,
    cycle_head,
    forms_left_out,
    left_out,
    no_cut_phrase,
    places_on_ring,
)
from gcscope.render.text import report_head, waiting_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


MOST_BOXES = 40
MOST_GROUPS = 9
MOST_ON_RING = 16  # of one ring; a longer one is drawn by its beginning, its cut and its end
MOST_DESCRIBED = 5  # links of a ring in a description


def picture_of(drawn: Report | Cycle) -> Picture:
    """Choose what is drawn of a report or of one of its cycles.

    Each cycle is a group: its ring, the reference at which it is to be cut, and one box for all
    that it keeps besides. The middle of a long ring is folded into one box, and so are the cycles
    after the first MOST_GROUPS, or that would make more than MOST_BOXES.
    """
    if isinstance(drawn, Cycle):
        part = _Part("ring", drawn, title="", alive=False, unreachable=False)
        return _picture(cycle_head(drawn), [part], ())
    first = drawn.cycles[:MOST_GROUPS]
    parts = [
        _Part(f"ring{i}", cycle, cycle_head(cycle), drawn.alive, unreachable=not drawn.alive)
        for i, cycle in enumerate(first)
    ]
    shown = _that_fit(parts)
    rest = [forms_left_out(drawn.cycles[len(shown) :])] if len(shown) < len(drawn.cycles) else []
    notes = (*waiting_lines(drawn), *(f"note: {note}" for note in drawn.notes))
    return _picture(report_head(drawn), shown, notes, rest)


def _picture(
    title: str, shown: list[_Part], notes: tuple[str, ...], rest: Sequence[str] = ()
) -> Picture:
    boxes = [box for part in shown for box in part.boxes]
    boxes += [_rest("rest", text, group=None) for text in rest]
    return Picture(
        title=title,
        lines=notes,
        description=". ".join([title, *notes, *(part.description for part in shown), *rest]) + ".",
        groups=tuple(part.group for part in shown),
        boxes=tuple(boxes),
        arrows=tuple(arrow for part in shown for arrow in part.arrows),
    )


def _that_fit(parts: list[_Part]) -> list[_Part]:
    """Choose the first cycles that have a place together, with a place left for one box more."""
    boxes = 1
    for number, part in enumerate(parts):
        boxes += len(part.boxes)
        if boxes > MOST_BOXES:
            return parts[:number]
    return parts


class _Part:
    """The group, boxes and arrows of one cycle."""

    __slots__ = ("arrows", "boxes", "cycle", "description", "group", "unreachable")

    def __init__(self, key: str, cycle: Cycle, title: str, alive: bool, unreachable: bool) -> None:
        self.cycle = cycle
        self.unreachable = unreachable
        self.boxes: list[Box] = []
        self.arrows: list[Arrow] = []
        said = [f"cause: {cycle.cause}"] if cycle.cause is not None else []
        said.append(f"cut: {cut_phrase(cycle)}" if cycle.cut is not None else no_cut_phrase(cycle))
        said.append(cycle_foot(cycle, alive))
        self.group = Group(key=key, title=title, lines=tuple(said))
        head = [title] if title else []
        self.description = ". ".join([*head, ring_line(cycle, MOST_DESCRIBED), *said])
        self._draw_ring()
        if cycle.dragged and self.boxes:
            self._draw_dragged()

    def _draw_ring(self) -> None:
        """Make the boxes of the ring, and an arrow from each to the next."""
        ring = self.cycle.ring
        for gap, place in places_on_ring(self.cycle, MOST_ON_RING):
            if gap:
                key = self._key(f"gap{place}")
                self.boxes.append(self._rest(key, left_out(gap), on_ring=True))
            self._add_link(place, ring[place])
        cut = cut_place(self.cycle)
        labels = {
            self._key(str(place)): (link.label, place == cut) for place, link in enumerate(ring)
        }
        for place, box in enumerate(self.boxes):
            label, is_cut = labels.get(box.key, ("", False))
            following = self.boxes[(place + 1) % len(self.boxes)].key
            self.arrows.append(
                Arrow(source=box.key, target=following, label=label, on_ring=True, is_cut=is_cut)
            )

    def _key(self, name: str) -> str:
        return f"{self.group.key}.{name}"

    def _add_link(self, place: int, link: Link) -> None:
        box = Box(
            key=self._key(str(place)),
            title=link_title(link),
            lines=(link.where,) if link.where is not None else (),
            kind=OBJECT,
            refcount=link.refcount,
            on_ring=True,
            group=self.group.key,
            unreachable=self.unreachable,
        )
        self.boxes.append(box)

    def _rest(self, key: str, title: str, on_ring: bool = False) -> Box:
        rest = _rest(key, title, self.group.key)
        return changed(rest, on_ring=on_ring, unreachable=self.unreachable)

    def _draw_dragged(self) -> None:
        """Make one box of what the ring keeps: all of its objects do, as each leads to each."""
        half_way = self.boxes[len(self.boxes) // 2]
        title = f"+ {plural(self.cycle.dragged, 'object')}, {size(self.cycle.dragged_bytes)}"
        kept = changed(self._rest(self._key("kept"), title), lines=("kept by the ring",))
        self.boxes.append(kept)
        self.arrows.append(
            Arrow(source=half_way.key, target=kept.key, label="", on_ring=False, is_cut=False)
        )


def _rest(key: str, title: str, group: str | None) -> Box:
    """Make a box of what is folded."""
    return Box(key=key, title=title, lines=(), kind=REST, refcount=None, on_ring=False, group=group)
