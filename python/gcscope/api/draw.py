"""Live objects as boxes and arrows: draw.

Plain containers that one object alone holds are folded into labels, as in reports, or have boxes of
their own where that is asked for. Who holds from outside, such as a variable, is written without a
box. What leads back to itself is on a ring.
"""

from __future__ import annotations

from gcscope.api.chosen import Chosen, Limits, limits_of
from gcscope.api.neighborhood import (
    HeapObject,
    Neighborhood,
    OutsideHolder,
    Reference,
    check_given,
    look_around,
)
from gcscope.explain.hops import fold
from gcscope.model.phrases import plural
from gcscope.model.picture import OBJECT, OUTSIDE, REST, UNREACHABLE, Arrow, Box, Picture

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gcscope import _core
    from gcscope.explain.hops import Edge


HELD_BY_THE_CALL = "held by this call only"
ON_THE_RING = "on the ring"

MOST_PARALLEL = 2  # references from one object to another that differ by their indexes only
MOST_HOLDERS = 4  # from outside, of a given object
MOST_HOLDERS_FAR = 2  # of another one
AS_USUAL = Limits(None, None, False)


def draw(
    *objs: object, depth: int | None = None, most: int | None = None, containers: bool = False
) -> Picture:
    """Draw objects as they are now: what they lead to, who holds them, and each count.

        gcscope.draw(p1, p2)
        gcscope.draw(p1, containers=True)       # lists and dicts are boxes too
        gcscope.draw(root, most=40)             # 40 objects, however near each other

    Near objects are boxes, with their reference counts; the references between them are arrows with
    their names. An object of a class of the program is called by the str in its `.name`, else by a
    variable that leads to it. Who holds them from outside (variables, other objects) is written
    without a box, what is on a ring stands out, and what is unreachable has a dashed outline and
    says so. Of a ring that is too long both ends are drawn. The title counts all that was met, and
    "+ 8 more objects" stands where it goes on. Modules, classes and the globals of functions are
    drawn only if they are among objs. In Jupyter the picture draws itself; `.save("x.svg")` writes
    it (.svg, .png, .dot, .mmd).

    depth: how many arrows away from objs it goes, 0 for objs alone. most: how many objects have a
    box, to 2,000. With neither of them a picture is kept small: 12 objects or all of objs up to 39,
    and four that are equally far away. containers: whether lists, dicts, tuples and other
    containers are boxes, so that there are as many objects as the collector counts; else those that
    one object alone holds are written at the arrows, as in reports.

    Looking changes nothing, and the picture holds no object. No Python code of the program runs but
    labellers that it has registered. Raises TypeError without an argument, for an object that the
    collector does not track and for a keyword of another type, ValueError for a number that is out
    of range, MemoryError where there is no memory for the pass.
    """
    limits = limits_of(depth, most, containers, "draw")
    check_given(objs, "draw")
    return picture_of_neighborhood(look_around(objs), limits=limits)


def picture_of_neighborhood(
    neighborhood: Neighborhood, title: str | None = None, limits: Limits = AS_USUAL
) -> Picture:
    """Choose what is drawn of a neighborhood, and draw it.

    title: the picture's own, else one that counts objects and rings.
    """
    return _PictureMaker(neighborhood, limits).picture(title)


class _PictureMaker:
    """Boxes and arrows of a neighborhood, as they are chosen."""

    __slots__ = (
        "arrows",
        "back",
        "boxes",
        "chosen",
        "drawn",
        "incoming",
        "keys",
        "left_out",
        "more",
        "neighborhood",
        "objects",
        "told_by_more",
    )

    def __init__(self, neighborhood: Neighborhood, limits: Limits) -> None:
        self.neighborhood = neighborhood
        self.objects = neighborhood.objects
        self.keys = neighborhood.keys
        self.boxes: list[Box] = []
        self.arrows: list[Arrow] = []
        self.left_out = 0  # holders for which there was no place
        # place of a box -> references to it that come from boxes for what is left out
        self.told_by_more: dict[int, int] = {}
        self.chosen = Chosen(neighborhood, limits)
        self.drawn = self.chosen.drawn
        self.incoming = self.chosen.incoming()
        drawn = set(self.drawn)
        # place of a box -> what it leads to and is not drawn
        self.more = {
            place: {target for target, *_ in self.chosen.ways(place)} - drawn
            for place in self.drawn
        }
        self.back = self._leading_back(drawn)

    def _leading_back(self, drawn: set[int]) -> dict[int, list[tuple[int, list[Edge], int]]]:
        """Find what leads to each box and is not drawn: who, over which references, how many."""
        found: dict[int, list[tuple[int, list[Edge], int]]] = {}
        for source in range(len(self.objects)):
            if source not in drawn and not self.chosen.is_folded(source):
                for target, way, count in self.chosen.ways(source):
                    if target in drawn:
                        found.setdefault(target, []).append((source, way, count))
        return found

    # ------------------------------------------------------------------------- drawing

    def picture(self, title: str | None) -> Picture:
        """Draw what is chosen."""
        for place in self.drawn:
            self._add_object(place)
        for source, target, label in self._arrows():
            self._add_arrow(
                self.keys[source], self.keys[target], label, self._on_one_ring(source, target)
            )
        for ring in sorted(self.chosen.open_rings):
            self._add_gap(ring)
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
            for target, way, count in self.chosen.ways(place):
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

    def _on_one_ring(self, source: int, target: int) -> bool:
        return 0 != self.objects[source].ring == self.objects[target].ring

    def _add_object(self, place: int) -> None:
        obj = self.objects[place]
        lines = () if obj.node.where is None else (_near(obj.node.where),)
        lines = lines if obj.length < 0 else (plural(obj.length, "item"),)
        lost = () if obj.reachable else (HELD_BY_THE_CALL if obj.refcount == 0 else UNREACHABLE,)
        box = Box(
            key=self.keys[place],
            title=obj.title,
            lines=(*lines, *lost),
            kind=OBJECT,
            refcount=obj.refcount,
            on_ring=obj.ring != 0,
            group=None,
            unreachable=lost == (UNREACHABLE,),
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
        if len(self.boxes) < self.chosen.limits.boxes - 1:
            return True
        self.left_out += count
        return False

    def _add_more(self, place: int) -> None:
        """Add a box for what a box leads to and is not drawn, and how many references lead back."""
        more = len(self.more[place])
        if more and len(self.boxes) < self.chosen.limits.boxes - 1:
            key, back = f"more {self.keys[place]}", self._back_from_more(place)
            lines = (f"{plural(back, 'reference')} back",) if back else ()
            self._add_plain(key, REST, f"+ {plural(more, 'more object')}", lines)
            self._add_arrow(self.keys[place], key, "")
            if back:
                self._add_arrow(key, self.keys[place], "")
                self.told_by_more[place] = back

    def _add_gap(self, ring: int) -> None:
        """Add one box for all of a ring that is not drawn, and say who leads there and back.

        What is there is no more in self.more.
        """
        on_it = [place for place in self.drawn if self._is_on(place, ring)]
        left_out = self._counted(self.neighborhood.rings[ring - 1]) - len(on_it)
        if left_out <= 0:
            return
        key, first = f"gap {self.keys[on_it[0]]}", self.objects[on_it[0]]
        lost = () if first.reachable else (UNREACHABLE,)
        gap = Box(
            key=key,
            title=f"+ {plural(left_out, 'more object')}",
            lines=(ON_THE_RING, *lost),
            kind=REST,
            refcount=None,
            on_ring=True,
            group=None,
            unreachable=bool(lost),
        )
        self.boxes.append(gap)
        for place in on_it:
            beyond = {target for target in self.more[place] if self._is_on(target, ring)}
            if beyond:
                ways = [way for target, way, _ in self.chosen.ways(place) if target in beyond]
                label = fold(ways[0]) if len(ways) == 1 else plural(len(ways), "reference")
                self._add_arrow(self.keys[place], key, label, on_ring=True)
                self.more[place] -= beyond
        for place in on_it:
            self._add_way_back(place, ring, key)

    def _add_way_back(self, place: int, ring: int, gap: str) -> None:
        """Add an arrow from the box for the rest of a ring to an object that it leads back to."""
        known = [
            (way, n) for source, way, n in self.back.get(place, ()) if self._is_on(source, ring)
        ]
        elsewhere = sum(
            n for source, _, n in self.back.get(place, ()) if not self._is_on(source, ring)
        )
        count = self._hidden(place) - elsewhere
        if count > 0:
            label = fold(known[0][0]) if len(known) == 1 == count else plural(count, "reference")
            self._add_arrow(gap, self.keys[place], label, on_ring=True)
            self.told_by_more[place] = count

    def _is_on(self, place: int, ring: int) -> bool:
        return self.objects[place].ring == ring

    def _counted(self, extent: _core.Extent) -> int:
        """Count objects as this picture does: those that would be folded into labels are none."""
        return extent.objects - (0 if self.chosen.limits.containers else extent.folded)

    def _back_from_more(self, place: int) -> int:
        """Count the references to a box from what it leads to and is not drawn."""
        return sum(n for source, _, n in self.back.get(place, ()) if source in self.more[place])

    def _add_holders(self, place: int) -> None:
        """Write who holds a box from outside: variables by their names."""
        obj = self.objects[place]
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
        obj = self.objects[place]
        return max(0, obj.inside - self.incoming.get(place, 0) - self.told_by_more.get(place, 0))

    def _headline(self) -> str:
        """Count all that was met, drawn or not."""
        met = max(self._counted(self.neighborhood.met), len(self.drawn))
        on_rings = self._counted(self.neighborhood.on_rings)
        drawn = f"; {len(self.drawn):,} drawn" if len(self.drawn) < met else ""
        return f"{plural(met, 'object')}{_on_rings(on_rings, met)}{drawn}"

    def _finished(self, title: str | None) -> Picture:
        head = self._headline()
        is_whole = len(self.drawn) >= self._counted(self.neighborhood.met)
        lines = () if title is None or is_whole else (head,)
        head = head if title is None else title
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
            lines=lines,
            description=". ".join([head, *lines, *counts, *said]) + ".",
            groups=(),
            boxes=tuple(self.boxes),
            arrows=tuple(self.arrows),
        )


def _on_rings(count: int, total: int) -> str:
    """Write how many of the objects are on rings."""
    if not count:
        return ""
    if count >= total:
        return ", all on rings" if total > 1 else ", on a ring"
    return f", {count:,} of them on {'rings' if count > 1 else 'a ring'}"


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
