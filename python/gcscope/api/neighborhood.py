"""Some objects as they are at one moment, to be drawn: what they lead to, and who holds them.

The core looks at addresses and tells strings and numbers, so that neither asking nor what is told
holds an object.
"""

from __future__ import annotations

import gc

from gcscope import _core
from gcscope.explain.hops import PLAIN, Edge, Node, fold
from gcscope.explain.ipython_names import is_kept, known_dicts, module_name
from gcscope.explain.labellers import labellers, object_traceback
from gcscope.model.phrases import title, with_article
from gcscope.model.results import Arithmetic, Row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


MOST_OBJECTS = 2000
LONGEST_WAY = 60  # characters of a name that is a way


class HeapObject:
    """An object of a neighborhood."""

    __slots__ = (
        "address",
        "gc_refs",
        "is_given",
        "node",
        "outside",
        "reachable",
        "refcount",
        "serial",
        "stays",
    )

    def __init__(self, row: _core.Neighbor) -> None:
        self.node = Node(row.node)
        self.address = row.address
        self.serial = row.serial
        """Of an instrumented object."""
        self.refcount = row.refcount
        self.outside = row.outside
        """References that are known to come from outside of the neighborhood."""
        self.gc_refs = row.gc_refs
        """References that do not come from the objects that were met, as the collector would count
        them."""
        self.stays = row.stays
        """Whether a collection of those objects alone would leave it."""
        self.reachable = row.reachable
        """Whether a collection of all objects would."""
        self.is_given = row.depth == 0

    @property
    def title(self) -> str:
        """What pictures write in its box."""
        return title(self.node.type, self.node.name)

    @property
    def count(self) -> int:
        """References that own it; IMMORTAL where they are not counted."""
        return _core.IMMORTAL if self.refcount is None else self.refcount

    @property
    def left(self) -> int:
        """References from outside of the neighborhood."""
        return _core.IMMORTAL if self.refcount is None else self.gc_refs

    @property
    def inside(self) -> int:
        """References from objects that were met; 0 where references are not counted."""
        return 0 if self.refcount is None else self.refcount - self.gc_refs

    @property
    def unexplained(self) -> int:
        """References that nobody shows."""
        return 0 if self.refcount is None else max(0, self.left - self.outside)


class Reference:
    """The references from one object of a neighborhood to another; the first ones are named."""

    __slots__ = ("count", "edges", "owned", "source", "target")

    def __init__(self, row: _core.InnerReference) -> None:
        self.source, self.target, self.count = row.source, row.target, row.references
        self.owned = row.owned
        """How many own something; what a suspended generator only borrows is not counted."""
        self.edges = [Edge(edge) for edge in row.edges]
        for edge in self.edges[self.owned :]:
            edge.text, edge.canonical = f"{edge.text} (lent)", f"{edge.canonical} (lent)"


class OutsideHolder:
    """A reference from outside: a variable, another object, a running function."""

    __slots__ = ("is_borrowed", "is_kept", "target", "title")

    def __init__(self, row: _core.OuterReference) -> None:
        self.target = row.target
        self.is_borrowed = row.found == "borrowed"
        node = Node(row.node)
        self.title = _holder_title(node, fold([Edge(edge) for edge in row.edges]), row.found)
        self.is_kept = is_kept(node.type, self.title)  # by IPython


def _order(holder: OutsideHolder) -> tuple[bool, bool, str]:
    """Put the program's variables first, what IPython keeps last; no address plays a part."""
    return holder.is_kept, not holder.title.split(" in ")[0].isidentifier(), holder.title


def _holder_title(node: Node, label: str, found: str) -> str:
    """Write who holds from outside, as one would say it: a variable by its name."""
    if node.type == "module" and label.startswith("."):
        kept = (module_name(node.name, label) or "").removeprefix(node.name or "")
        return f"{label[1:]}{kept}" if node.name == "__main__" else f"{node.name}{label}{kept}"
    if found != "heap" and node.kind == "frame":
        name = label[6:] if label.startswith(("local ", "cell ")) else label
        return f"{name} in {node.name}(){', lent' if found == 'borrowed' else ''}"
    if node.kind in ("generator", "coroutine") and node.name and label.startswith("local "):
        return f"{label[6:]} in {node.name}(){', lent' if found == 'borrowed' else ''}"
    who = node.name if node.kind == "dict" and node.name else title(node.type, node.name)
    return f"{who} {label}{' (lent)' if found == 'borrowed' else ''}"


class Neighborhood:
    """Objects, the references between them, and who holds them from outside."""

    __slots__ = ("_names", "_outside_of", "keys", "more", "objects", "outside", "references")

    def __init__(self, row: _core.Neighborhood) -> None:
        self.more = row.met - len(row.objects)
        """Objects that these lead to as well. They count, but are not shown."""
        self.objects = [HeapObject(neighbor) for neighbor in row.objects]
        self.references = [Reference(reference) for reference in row.references]
        self.outside = sorted(map(OutsideHolder, row.outside), key=_order)
        self._outside_of: dict[int, list[OutsideHolder]] = {}
        for holder in self.outside:
            self._outside_of.setdefault(holder.target, []).append(holder)
        self.keys = [f"o{place}" for place in range(len(self.objects))]
        """What pictures call each object; a film calls it the same in all its frames."""
        self._names: list[str] = []

    def by_source(self) -> dict[int, list[Reference]]:
        """Return the references of each object."""
        found: dict[int, list[Reference]] = {}
        for reference in self.references:
            found.setdefault(reference.source, []).append(reference)
        return found

    @property
    def names(self) -> list[str]:
        """Return what tables call each object: no two are called the same.

        That is its own name, that of a variable, or the way to it from one with a name.
        """
        if not self._names:
            self._names = self._named_objects()
        return self._names

    def outside_of(self, place: int) -> list[OutsideHolder]:
        """Return who holds an object from outside."""
        return self._outside_of.get(place, [])

    def holders_of(self, place: int) -> list[str]:
        """Return who holds an object from outside, in words, each once; who borrows it does not."""
        titles = [holder.title for holder in self.outside_of(place) if not holder.is_borrowed]
        return list(dict.fromkeys(titles))

    def _named_objects(self) -> list[str]:
        names: dict[str, int] = {}  # name in use -> the last number that was put behind it
        first: dict[int, Reference] = {}
        ways: dict[int, tuple[str, list[Edge]]] = {}  # place -> a name, the references from there
        for reference in self.references:
            first.setdefault(reference.target, reference)
        for place, obj in enumerate(self.objects):
            name = obj.node.name or self._variable(place)
            way = _way(place, first, ways) if name is None else None
            if name is None and way is not None:
                name = with_label(way[0], fold(way[1]))
            if name is None or (len(name) > LONGEST_WAY and way is not None):
                name, way = obj.title, None
            unused = _unused(name, names)
            ways[place] = way if way is not None and unused == name else (unused, [])
        return list(names)

    def _variable(self, place: int) -> str | None:
        if not self.objects[place].is_given:
            return None
        names = (title.split(" in ")[0] for title in self.holders_of(place))
        return next((name for name in names if name.isidentifier()), None)


def _way(
    place: int, first: dict[int, Reference], ways: dict[int, tuple[str, list[Edge]]]
) -> tuple[str, list[Edge]] | None:
    """Return the way to an object from one met before it: Michael.friends; None without any."""
    reference = first.get(place)
    if reference is None or reference.source not in ways or not reference.edges:
        return None
    name, edges = ways[reference.source]
    return name, [*edges, reference.edges[0]]


def with_label(name: str, label: str) -> str:
    """Write a reference behind who has it: Michael.friends[0], work local self."""
    return f"{name}{label}" if label[:1] in (".", "[") else f"{name} {label}"


def _unused(name: str, names: dict[str, int]) -> str:
    """Make a name that is not in use of one that may be, and enter it."""
    number, made = names.get(name, 1), name
    while made in names:
        number += 1
        made = f"{name} ({number})"
    names[name] = number
    names.setdefault(made, 1)
    return made


def is_folded(obj: HeapObject) -> bool:
    """Return whether an object is part of a label: a plain container with only one holder."""
    return obj.node.kind in PLAIN and not obj.is_given and obj.refcount == obj.inside == 1


def is_listed(item: object) -> bool:
    """Return whether the collector tracks an object.

    A greenlet that has begun denies it, and stands in the collector's lists all the same.
    """
    return gc.is_tracked(item) or bool(_core.born([id(item)], -1))


def check_given(objects: tuple[object, ...], word: str) -> None:
    """Raise TypeError without any object, and for one that the collector does not track."""
    if not objects:
        raise TypeError(f"{word}() takes the objects that it is to show")
    for item in objects:
        if not is_listed(item):
            raise TypeError(
                f"{word}() takes objects that the collector tracks, such as lists, dicts and "
                "instances of classes; "
                f"{with_article(type(item).__qualname__)} is not one of them"
            )


def look(given: list[int] | tuple[object, ...], most: int = MOST_OBJECTS) -> Neighborhood:
    """Look at some objects, and at most so many in all.

    given: their addresses, where what is not tracked is left out; or the tuple of a word's
    arguments, which does not count as one of their holders.
    """
    with _core.Lease():
        return Neighborhood(
            _core.neighborhood(given, most, known_dicts(), labellers, object_traceback())
        )


def serial_of(item: object) -> int | None:
    """Return the serial number of an instrumented object; None of any other."""
    return _core.Tracked.serial.__get__(item) if issubclass(type(item), _core.Tracked) else None


def born_at(addresses: list[int], marker: list[Any]) -> set[int]:
    """Return at which addresses lies what the collector has begun to track after a marker, a list.

    Where a collection has run since, it has moved the marker on, with all that there was: then what
    is in the youngest generation. What was made before the collection, and lives, is left out in
    that case.
    """
    try:
        return set(_core.born(addresses, marker))
    except LookupError as error:
        if type(error) is not LookupError:  # an audit hook's
            raise
        return set(_core.born(addresses, 0))


def arithmetic_of(neighborhood: Neighborhood) -> Arithmetic:
    """Compute the collector's arithmetic, as if these objects were a generation that is collected.

    References from other objects are from outside then, as they are in the collection of a young
    generation.
    """
    because = reasons(neighborhood)
    rows = []
    for place, obj in enumerate(neighborhood.objects):
        rows.append(
            Row(
                label=neighborhood.names[place],
                refcount=obj.count,
                inside=obj.inside,
                left=obj.left,
                reachable=place in because,
                because=because.get(place),
            )
        )
    return Arithmetic(rows=tuple(rows))


def reasons(neighborhood: Neighborhood) -> dict[int, str]:
    """Find why objects are reachable: references from outside, or from an object that is.

    Unreachable ones are not among the keys.
    """
    found = {
        place: _from_outside(neighborhood, place)
        for place, obj in enumerate(neighborhood.objects)
        if obj.refcount is None or obj.left > 0
    }
    queue = list(found)
    follows = neighborhood.by_source()
    for place in queue:
        for reference in follows.get(place, ()):
            if reference.target not in found:
                label = fold(reference.edges[:1])
                found[reference.target] = f"{neighborhood.names[place]} has it as {label}"
                queue.append(reference.target)
    for place, obj in enumerate(neighborhood.objects):
        if obj.stays and place not in found:
            found[place] = "an object that is not told leads to it"
    return found


def reference_label(neighborhood: Neighborhood, reference: Reference, nth: int = 0) -> str:
    """Call a reference by who has it and what it is there: Michael.friends[0]."""
    source = neighborhood.names[reference.source]
    return with_label(source, fold(reference.edges[nth : nth + 1]))


def _from_outside(neighborhood: Neighborhood, place: int) -> str:
    """Name the references from outside that an object has."""
    obj = neighborhood.objects[place]
    if obj.refcount is None:
        return "it is immortal"
    named = neighborhood.holders_of(place)
    if not named:
        return "C code, or a function that runs" if obj.unexplained else "other objects"
    rest = obj.left - len(named)
    return ", ".join(named[:4]) + (
        f" and {rest + len(named[4:])} more" if rest > 0 or len(named) > 4 else ""
    )
