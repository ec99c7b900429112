"""Which objects of a neighborhood are boxes of a picture.

Those that are given, then the nearest; of those that are equally far away first what leads back to
the given ones. Where the ring of a given one is too long for that, its end is drawn as well:

    Michael → Sarah → ... → + 988 more objects → ... → Ada → Michael
"""

from __future__ import annotations

from gcscope.api.neighborhood import MOST_OBJECTS, Neighborhood
from gcscope.explain.hops import fold

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gcscope.explain.hops import Edge

    Way = tuple[int, list[Edge], int]
    """The object that it leads to, the references on it, how many owned references it stands
    for."""


MOST_BOXES = 40
MOST_DRAWN = 12
MOST_IN_ROW = 4  # objects that are equally far away
MOST_ALIKE = 4  # of one object: objects of one type under one label, indexes apart
DEEPEST_LABEL = 6  # containers that are folded into one label


class Limits:
    """How much is drawn: what the user asks for, else what one can look at."""

    __slots__ = ("alike", "boxes", "containers", "depth", "drawn", "given", "in_row")

    def __init__(self, depth: int | None, most: int | None, containers: bool) -> None:
        is_asked = depth is not None or most is not None
        self.depth: int = MOST_OBJECTS if depth is None else depth
        self.drawn: int = most if most is not None else MOST_BOXES if is_asked else MOST_DRAWN
        """Objects with a box, where not more are given."""
        self.given: int = MOST_BOXES - 1 if most is None else most
        self.boxes: int = MOST_BOXES if most is None else most + MOST_BOXES
        """Boxes in all: who holds from outside, and what is left out, have theirs too."""
        self.in_row: int = MOST_OBJECTS if is_asked else MOST_IN_ROW
        self.alike: int = MOST_OBJECTS if is_asked else MOST_ALIKE
        self.containers: bool = containers


def limits_of(depth: object, most: object, containers: object, word: str) -> Limits:
    """Check how much is to be drawn. Raises TypeError and ValueError."""
    checked_most = _number(most, "most", "how many objects have a box", word)
    checked_depth = _number(depth, "depth", "how many references it goes on", word)
    if checked_most is not None and not 1 <= checked_most <= MOST_OBJECTS:
        raise ValueError(
            f"{word}(): most is how many objects have a box, from 1 to {MOST_OBJECTS:,}, "
            f"not {checked_most}"
        )
    if checked_depth is not None and checked_depth < 0:
        raise ValueError(
            f"{word}(): depth is how many references it goes on, 0 for the given objects alone, "
            f"not {checked_depth}"
        )
    if not isinstance(containers, bool):
        raise TypeError(
            f"{word}(): containers is True, where lists and dicts are to have a box, or False, "
            f"not of type {type(containers).__qualname__!r}"
        )
    return Limits(checked_depth, checked_most, containers)


def _number(value: object, name: str, meaning: str, word: str) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise TypeError(
        f"{word}(): {name} is {meaning}, an int or None, not of type {type(value).__qualname__!r}"
    )


class Chosen:
    """The objects that are boxes, and the ways between objects."""

    __slots__ = ("_follows", "_ways", "drawn", "limits", "neighborhood", "open_rings")

    def __init__(self, neighborhood: Neighborhood, limits: Limits) -> None:
        self.neighborhood = neighborhood
        self.limits = limits
        self._follows = neighborhood.by_source()
        self._ways: dict[int, list[Way]] = {}
        self.open_rings: set[int] = set()
        """The rings of given objects that are not drawn whole, as objects call them."""
        self.drawn = self._choose()

    def is_folded(self, place: int) -> bool:
        """Return whether an object is part of a label."""
        return self.neighborhood.objects[place].folded and not self.limits.containers

    def ways(self, place: int) -> list[Way]:
        """Return what an object leads to, directly or over containers that are folded.

        The last reference that is named stands also for those that are not.
        """
        if place not in self._ways:
            self._ways[place] = list(self._found_ways(place))
        return self._ways[place]

    def _found_ways(self, place: int) -> Iterator[Way]:
        ahead: list[tuple[int, list[Edge]]] = [(place, [])]
        for at, way in ahead:
            for reference in self._follows.get(at, ()):
                unnamed = max(0, reference.owned - len(reference.edges))
                for nth, edge in enumerate(reference.edges):
                    ahead_of_it = [*way, edge]
                    if self.is_folded(reference.target) and len(way) < DEEPEST_LABEL:
                        ahead.append((reference.target, ahead_of_it))
                        break
                    owned = int(nth < reference.owned) + (
                        unnamed if edge is reference.edges[-1] else 0
                    )
                    yield reference.target, ahead_of_it, owned

    def incoming(self) -> dict[int, int]:
        """Count the references to each object from what is drawn, or folded into what is drawn."""
        shown = set(self.drawn)
        ahead = [*self.drawn]
        for at in ahead:
            for reference in self._follows.get(at, ()):
                if self.is_folded(reference.target) and reference.target not in shown:
                    shown.add(reference.target)
                    ahead.append(reference.target)
        incoming: dict[int, int] = {}
        for source in shown:
            for reference in self._follows.get(source, ()):
                incoming[reference.target] = incoming.get(reference.target, 0) + reference.owned
        return incoming

    # ------------------------------------------------------------------------ choosing

    def _choose(self) -> list[int]:
        objects = enumerate(self.neighborhood.objects)
        given = [place for place, obj in objects if obj.is_given][: self.limits.given]
        chosen = self._nearest(given, self.limits.drawn)
        first = self._first_on_rings(given)
        within = set(chosen)
        self.open_rings = {ring for ring, p in first.items() if not self._ring_through(p, within)}
        room = (self.limits.drawn - len(given)) // 2
        if self.open_rings and room > 0 and self.limits.depth == MOST_OBJECTS:
            place = next(place for ring, place in first.items() if ring in self.open_rings)
            end = self._ring_through(place)[1:][-room:]
            chosen = self._nearest(given, self.limits.drawn - len(end))
            chosen += [place for place in end if place not in chosen]
        return chosen

    def _first_on_rings(self, given: list[int]) -> dict[int, int]:
        """Find the rings of given objects, and the first one on each."""
        first: dict[int, int] = {}
        for place in given:
            ring = self.neighborhood.objects[place].ring
            if ring:
                first.setdefault(ring, place)
        return first

    def _nearest(self, given: list[int], most: int) -> list[int]:
        """Choose the nearest, of those that are equally far away a few."""
        chosen, row = given, given
        seen = set(chosen)
        leading_back = self._leading_to(chosen)
        for _ in range(self.limits.depth):
            found = [target for place in row for target in self._new_children(place, seen)]
            found.sort(key=lambda target: target not in leading_back)  # rings first
            room = max(0, min(self.limits.in_row, most - len(chosen)))
            row = list(dict.fromkeys(found))[:room]
            if not row:
                break
            seen.update(row)
            chosen = chosen + row
        return chosen

    def _new_children(self, place: int, seen: set[int]) -> list[int]:
        """Find what an object leads to and has no box yet; a few of those alike."""
        alike: dict[tuple[str, str], int] = {}
        found: dict[int, None] = {}
        for target, way, _ in self.ways(place):
            if target not in seen and target not in found:
                kind = self.neighborhood.objects[target].node.type, fold(way, canonical=True)
                alike[kind] = alike.get(kind, 0) + 1
                if alike[kind] <= self.limits.alike:
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

    def _ring_through(self, place: int, within: set[int] | None = None) -> list[int]:
        """Find a shortest ring of an object, which it begins; an empty list if none is there.

        within: the objects of which it is to consist.
        """
        objects = self.neighborhood.objects
        came_from: dict[int, int] = {}
        ahead = [place]
        for at in ahead:
            for target, *_ in self.ways(at):
                is_on = objects[target].ring == objects[place].ring
                if target in came_from or not is_on or (within and target not in within):
                    continue
                came_from[target] = at
                if target == place:
                    return _way_back(came_from, place)
                ahead.append(target)
        return []


def _way_back(came_from: dict[int, int], place: int) -> list[int]:
    """Return the ring that a search from an object to itself has found, in its order."""
    ring, at = [place], came_from[place]
    while at != place:
        ring.append(at)
        at = came_from[at]
    return [place, *ring[:0:-1]]
