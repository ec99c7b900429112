"""Live objects as boxes and arrows: draw.

Plain containers that one object alone holds are folded into labels, as in reports. Who holds from
outside, such as a variable, is written without a box. What leads back to itself is on a ring.
"""

from __future__ import annotations

from gcscope.api.neighborhood import (
    HeapObject,
    Neighborhood,
    OutsideHolder,
    Reference,
    check_given,
    is_folded,
    look,
)
from gcscope.explain.hops import fold
from gcscope.model.phrases import plural
from gcscope.model.picture import OBJECT, OUTSIDE, REST, UNREACHABLE, Arrow, Box, Picture

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gcscope.explain.hops import Edge


HELD_BY_THE_CALL = "held by this call only"

MOST_BOXES = 40
MOST_DRAWN = 12
MOST_IN_ROW = 4  # objects that are equally far away
MOST_ALIKE = 4  # of one object: objects of one type under one label, indexes apart
MOST_PARALLEL = 2  # references from one object to another that differ by their indexes only
MOST_HOLDERS = 4  # from outside, of a given object
MOST_HOLDERS_FAR = 2  # of another one


def draw(*objs: object) -> Picture:
    """Draw objects as they are now: what they lead to, who holds them, and each count.

        gcscope.draw(p1, p2)

    Near objects are boxes, with their reference counts; the references between them are arrows with
    their names, plain containers on the way folded into them, as in reports. Who holds them from
    outside (variables, other objects) is written without a box, and what is on a ring stands out.
    There are at most 40 boxes; where there is more, it is told how much. Modules, classes and the
    globals of functions are drawn only if they are among objs. In Jupyter the picture draws itself;
    `.save("x.svg")` writes it (.svg, .png, .dot, .mmd).

    Looking changes nothing, and the picture holds no object. No Python code of the program runs but
    labellers that it has registered. Raises TypeError without an argument and for an object that
    the collector does not track, MemoryError where there is no memory for the pass.
    """
    check_given(objs, "draw")
    return picture_of_neighborhood(look(objs))


def picture_of_neighborhood(neighborhood: Neighborhood, title: str | None = None) -> Picture:
    """Choose what is drawn of a neighborhood, and draw it."""
    return _PictureMaker(neighborhood).picture(title)


def _on_ring(arrows: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Find what leads back to itself: place -> a number, equal for all that lead to each other."""
    following: dict[int, set[int]] = {}
    for source, target in arrows:
        following.setdefault(source, set()).add(target)
    reached = {place: _reach(following, place) for place in following}
    return {
        place: min(other for other in goal if place in reached.get(other, ()))
        for place, goal in reached.items()
        if place in goal
    }


def _reach(following: dict[int, set[int]], place: int) -> set[int]:
    reached: set[int] = set()
    ahead = [*following.get(place, ())]
    while ahead:
        target = ahead.pop()
        if target not in reached:
            reached.add(target)
            ahead += following.get(target, ())
    return reached


class _PictureMaker:
    """Boxes and arrows of a neighborhood, as they are chosen."""

    __slots__ = (
        "arrows",
        "boxes",
        "drawn",
        "follows",
        "incoming",
        "keys",
        "left_out",
        "more",
        "neighborhood",
        "told_by_more",
    )

    def __init__(self, neighborhood: Neighborhood) -> None:
        self.neighborhood = neighborhood
        self.keys = neighborhood.keys
        self.follows = neighborhood.by_source()
        self.boxes: list[Box] = []
        self.arrows: list[Arrow] = []
        self.left_out = 0  # holders for which there was no place
        self.more: dict[int, set[int]] = {}  # place of a box -> what it leads to and is not drawn
        # place of a box -> references that the box of those is drawn with
        self.told_by_more: dict[int, int] = {}
        self.drawn = self._choose()
        self.incoming = self._incoming()

    def _choose(self) -> list[int]:
        """Choose the objects that are boxes: the nearest, of those that are equally far a few."""
        chosen = [place for place, obj in enumerate(self.neighborhood.objects) if obj.is_given][
            : MOST_BOXES - 1
        ]
        seen = set(chosen)
        leading_back = self._leading_to(chosen)
        row = chosen
        while row:
            found = [target for place in row for target in self._new_children(place, seen)]
            found.sort(key=lambda target: target not in leading_back)  # rings first
            row = []
            for target in found:
                if (
                    target not in seen
                    and len(row) < MOST_IN_ROW
                    and len(chosen) + len(row) < MOST_DRAWN
                ):
                    seen.add(target)
                    row.append(target)
            chosen = chosen + row
        self.more = {place: {target for target, *_ in self._ways(place)} - seen for place in chosen}
        return chosen

    def _new_children(self, place: int, seen: set[int]) -> list[int]:
        """Find what an object leads to and has no box yet; a few of those alike."""
        alike: dict[tuple[str, str], int] = {}
        found: dict[int, None] = {}
        for target, way, _ in self._ways(place):
            if target not in seen and target not in found:
                kind = self.neighborhood.objects[target].node.type, fold(way, canonical=True)
                alike[kind] = alike.get(kind, 0) + 1
                if alike[kind] <= MOST_ALIKE:
                    found[target] = None
        return list(found)

    def _leading_to(self, places: list[int]) -> set[int]:
        """Find the objects that lead to some, those included."""
        leading: dict[int, list[int]] = {}
        for reference in self.neighborhood.references:
            leading.setdefault(reference.target, []).append(reference.source)
        ahead = [*places]
        found = set(ahead)
        for place in ahead:
            for source in leading.get(place, ()):
                if source not in found:
                    found.add(source)
                    ahead.append(source)
        return found

    def _ways(self, place: int) -> Iterator[tuple[int, list[Edge], int]]:
        """Yield what an object leads to, directly or over containers that are folded.

        Each with the references on the way, and how many owned references it stands for: the last
        that is named stands also for those that are not.
        """
        ahead: list[tuple[int, list[Edge]]] = [(place, [])]
        for at, way in ahead:
            for reference in self.follows.get(at, ()):
                unnamed = max(0, reference.owned - len(reference.edges))
                for nth, edge in enumerate(reference.edges):
                    ahead_of_it = [*way, edge]
                    if is_folded(self.neighborhood.objects[reference.target]) and len(way) < 6:
                        ahead.append((reference.target, ahead_of_it))
                        break
                    owned = int(nth < reference.owned) + (
                        unnamed if edge is reference.edges[-1] else 0
                    )
                    yield reference.target, ahead_of_it, owned

    # ------------------------------------------------------------------------- drawing

    def picture(self, title: str | None) -> Picture:
        """Draw what is chosen. title: the picture's own, else one that counts objects and rings."""
        between = self._arrows()
        on_ring = _on_ring((source, target) for source, target, _ in between)
        for place in self.drawn:
            self._add_object(place, place in on_ring)
        for source, target, label in between:
            is_on_ring = source in on_ring and on_ring.get(source) == on_ring.get(target)
            self._add_arrow(self.keys[source], self.keys[target], label, is_on_ring)
        for place in self.drawn:
            self._add_more(place)
        for place in self.drawn:
            self._add_holders(place)
        if self.left_out:
            self._add_plain(
                "others", REST, f"+ {plural(self.left_out, 'more reference')} from elsewhere"
            )
        return self._finished(title)

    def _arrows(self) -> list[tuple[int, int, str]]:
        """List the arrows between boxes: (source, target, label).

        Many references that differ by their indexes only are one arrow.
        """
        places = set(self.drawn)
        alike: dict[tuple[int, int, str], list[str]] = {}
        counts: dict[tuple[int, int, str], int] = {}
        for place in self.drawn:
            for target, way, count in self._ways(place):
                if target in places:
                    key = place, target, fold(way, canonical=True)
                    alike.setdefault(key, []).append(fold(way))
                    counts[key] = counts.get(key, 0) + count
        arrows = []
        for key, labels in alike.items():
            if counts[key] > MOST_PARALLEL:
                labels = [f"{labels[0]} and {counts[key] - 1:,} more"]
            arrows += [(*key[:2], label) for label in dict.fromkeys(labels)]
        return arrows

    def _add_object(self, place: int, on_ring: bool) -> None:
        obj = self.neighborhood.objects[place]
        lines = () if obj.node.where is None else (_near(obj.node.where),)
        lost = () if obj.reachable else (HELD_BY_THE_CALL if obj.refcount == 0 else UNREACHABLE,)
        box = Box(
            key=self.keys[place],
            title=obj.title,
            lines=(*lines, *lost),
            kind=OBJECT,
            refcount=obj.refcount,
            on_ring=on_ring,
            group=None,
        )
        self.boxes.append(box)

    def _add_arrow(self, source: str, target: str, label: str, on_ring: bool = False) -> None:
        self.arrows.append(
            Arrow(source=source, target=target, label=label, on_ring=on_ring, is_cut=False)
        )

    def _add_plain(self, key: str, kind: str, title: str, lines: tuple[str, ...] = ()) -> None:
        self.boxes.append(
            Box(
                key=key,
                title=title,
                lines=lines,
                kind=kind,
                refcount=None,
                on_ring=False,
                group=None,
            )
        )

    def _has_room(self, count: int) -> bool:
        """Return whether there is room for one box more; one is kept for what is left out."""
        if len(self.boxes) < MOST_BOXES - 1:
            return True
        self.left_out += count
        return False

    def _add_more(self, place: int) -> None:
        """Add a box for what a box leads to and is not drawn, and how many references lead back."""
        more = len(self.more[place])
        if more and len(self.boxes) < MOST_BOXES - 1:
            key, back = f"more {self.keys[place]}", self._leading_back(place)
            lines = (f"{plural(back, 'reference')} back",) if back else ()
            self._add_plain(key, REST, f"+ {plural(more, 'more object')}", lines)
            self._add_arrow(self.keys[place], key, "")
            if back:
                self._add_arrow(key, self.keys[place], "")
                self.told_by_more[place] = back

    def _beyond(self) -> int:
        """Count the objects that are neither drawn nor counted by a box for what is not drawn."""
        told = set(self.drawn).union(*self.more.values())
        objects = enumerate(self.neighborhood.objects)
        return self.neighborhood.more + sum(
            place not in told and not is_folded(obj) for place, obj in objects
        )

    def _leading_back(self, place: int) -> int:
        """Count the references to a box from what it leads to and is not drawn."""
        return sum(
            count
            for more in self.more[place]
            for target, _, count in self._ways(more)
            if target == place
        )

    def _add_holders(self, place: int) -> None:
        """Write who holds a box from outside: variables by their names."""
        obj = self.neighborhood.objects[place]
        held = self.neighborhood.outside_of(place)
        most = MOST_HOLDERS if obj.is_given else MOST_HOLDERS_FAR
        shown = held if len(held) <= most + 1 else held[:most]
        seen: set[str] = set()
        for number, holder in enumerate(shown):
            if self._has_room(1):
                key = f"{holder.title} {number if holder.title in seen else ''} {self.keys[place]}"
                seen.add(holder.title)
                self._add_plain(key, OUTSIDE, holder.title)
                self._add_arrow(key, self.keys[place], "")
        self._add_rest(place, "r", _untold(obj, held, shown) + self._hidden(place), "more")
        self._add_rest(
            place, "u", obj.unexplained, "that nobody shows: C code, or an evaluation stack"
        )

    def _add_rest(self, place: int, key: str, count: int, what: str) -> None:
        if count > 0 and self._has_room(count):
            noun = "more reference" if what == "more" else "reference"
            said = plural(count, noun) + ("" if what == "more" else f" {what}")
            self._add_plain(f"{key} {self.keys[place]}", REST, f"+ {said}")
            self._add_arrow(f"{key} {self.keys[place]}", self.keys[place], "")

    def _hidden(self, place: int) -> int:
        """Count the references to a box from objects of the neighborhood that are not drawn."""
        obj = self.neighborhood.objects[place]
        return max(0, obj.inside - self.incoming.get(place, 0) - self.told_by_more.get(place, 0))

    def _incoming(self) -> dict[int, int]:
        """Count the references to each object from what is drawn, or folded into what is drawn."""
        shown = set(self.drawn)
        ahead = [*self.drawn]
        for at in ahead:
            for reference in self.follows.get(at, ()):
                if (
                    is_folded(self.neighborhood.objects[reference.target])
                    and reference.target not in shown
                ):
                    shown.add(reference.target)
                    ahead.append(reference.target)
        incoming: dict[int, int] = {}
        for source in shown:
            for reference in self.follows.get(source, ()):
                incoming[reference.target] = incoming.get(reference.target, 0) + reference.owned
        return incoming

    def _finished(self, title: str | None) -> Picture:
        rings = sum(box.on_ring for box in self.boxes)
        objects = plural(len(self.drawn), "object")
        head = title if title is not None else objects + _on_rings(rings, len(self.drawn))
        more = self._beyond()
        beyond = (
            [f"and {plural(more, 'more object')}, which {_is_or_are(more)} not drawn"]
            if more
            else []
        )
        told = {box.key: box for box in self.boxes}
        counts = [
            f"{b.title} has refcount {b.refcount}" for b in self.boxes if b.refcount is not None
        ]
        said = [
            f"{told[a.source].title} {a.label} → {told[a.target].title}".replace("  ", " ")
            for a in self.arrows
        ]
        return Picture(
            title=head,
            lines=tuple(beyond),
            description=". ".join([head, *beyond, *counts, *said]) + ".",
            groups=(),
            boxes=tuple(self.boxes),
            arrows=tuple(self.arrows),
        )


def _on_rings(count: int, total: int) -> str:
    """Write how many of the objects are on rings."""
    if not count:
        return ""
    if count == total:
        return ", all on rings" if total > 1 else ", on a ring"
    return f", {count} of them on {'rings' if count > 1 else 'a ring'}"


def _is_or_are(count: int) -> str:
    return "is" if count == 1 else "are"


def _near(where: str) -> str:
    """Leave the far end of a long path away: a box is small."""
    *far, folder, file = where.split("/") if "/" in where else ["", "", where]
    return f"…/{folder}/{file}" if len(far) > 1 else where


def _untold(obj: HeapObject, held: list[OutsideHolder], shown: list[OutsideHolder]) -> int:
    """Count the references from outside that are known and have no place of their own."""
    return (
        max(0, obj.outside - sum(not h.is_borrowed for h in shown))
        if obj.refcount is not None
        else len(held) - len(shown)
    )


__all__ = ["Reference", "draw", "picture_of_neighborhood"]
