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
from gcscope.model.phrases import shortened, title, with_article
from gcscope.model.results import Arithmetic, Row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


MOST_OBJECTS = 2000
MOST_FAR = 20_000  # of a long ring
LONGEST_WAY = 60  # characters of a name that is a way


class HeapObject:
    """An object of a neighborhood."""

    __slots__ = (
        "address",
        "folded",
        "gc_refs",
        "is_given",
        "length",
        "node",
        "outside",
        "own_name",
        "reachable",
        "refcount",
        "ring",
        "serial",
        "stays",
        "variable",
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
        self.ring = row.ring
        """A number that those share which lead to each other; 0 where it is on no ring."""
        self.length = row.length
        """How many items a list, tuple, dict or set has; -1 of anything else."""
        self.folded = row.folded
        """Whether it is a plain container that another one met alone holds: part of a label."""
        self.own_name = self.node.name if self.node.name is not None else row.own_name
        self.variable: str | None = None
        """A variable that leads to it."""

    @property
    def name(self) -> str | None:
        """What it is called: its own name, else that of a variable."""
        return self.variable if self.own_name is None else self.own_name

    @property
    def title(self) -> str:
        """What pictures write in its box."""
        if self.own_name is None and self.variable is not None:
            return shortened(f"{self.node.type} {self.variable}")
        return title(self.node.type, self.own_name)

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

    __slots__ = ("is_borrowed", "is_kept", "target", "title", "variable")

    def __init__(self, row: _core.OuterReference) -> None:
        self.target = row.target
        self.is_borrowed = row.found == "borrowed"
        node = Node(row.node)
        label = fold([Edge(edge) for edge in row.edges])
        self.title = _holder_title(node, label, row.found)
        self.is_kept = is_kept(node.type, self.title)  # by IPython
        self.variable = None if self.is_kept or self.is_borrowed else _variable(node, label)


def _order(holder: OutsideHolder) -> tuple[bool, bool, str]:
    """Put the program's variables first, what IPython keeps last; no address plays a part."""
    return holder.is_kept, not holder.title.split(" in ")[0].isidentifier(), holder.title


_IN_FRAMES = ("local ", "cell ")
_VARIABLES = {  # kind of holder -> how labels of its variables begin
    "module": (".",),
    "frame": _IN_FRAMES,
    "generator": _IN_FRAMES,
    "coroutine": _IN_FRAMES,
}
_SAY_NOTHING = ("self", "cls")  # names that every object has in its own methods


def _variable(node: Node, label: str) -> str | None:
    """Return the name of a variable, of a module or a function; None of any other holder."""
    begins = _VARIABLES.get(node.kind, ())
    names = [label.removeprefix(begin) for begin in begins if label.startswith(begin)]
    return next((n for n in names if n.isidentifier() and n not in _SAY_NOTHING), None)


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

    __slots__ = (
        "_names",
        "_outside_of",
        "keys",
        "met",
        "more",
        "objects",
        "on_rings",
        "outside",
        "references",
        "rings",
    )

    def __init__(self, row: _core.Neighborhood) -> None:
        self.met, self.on_rings, self.rings = row.met, row.on_rings, row.rings
        """How many objects were met, and are on rings; how many each ring has."""
        self.more = row.met.objects - len(row.objects)
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
        for place, obj in enumerate(self.objects):
            if obj.is_given or obj.node.kind not in PLAIN:
                obj.variable = self._variable_of(place)

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
            name = obj.name or None
            way = _way(place, first, ways) if name is None else None
            if name is None and way is not None:
                name = with_label(way[0], fold(way[1]))
            if name is None or (len(name) > LONGEST_WAY and way is not None):
                name, way = obj.title, None
            unused = _unused(name, names)
            ways[place] = way if way is not None and unused == name else (unused, [])
        return list(names)

    def _variable_of(self, place: int) -> str | None:
        names = (holder.variable for holder in self.outside_of(place))
        return next((name for name in names if name is not None), None)


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
                f"instances of classes; {_called(item)} is not one of them{_what_instead(item)}"
            )


def _called(item: object) -> str:
    """Write what an object is that the collector does not track, without asking it."""
    kind = type(item)
    if issubclass(kind, type):
        return f"the built-in class {type.__dict__['__name__'].__get__(item)}"
    return with_article(kind.__qualname__)


def _what_instead(item: object) -> str:
    if issubclass(type(item), type):
        return ": give an instance of it"
    return ": give what holds it, such as a list"


def look(given: list[int] | tuple[object, ...], most: int = MOST_OBJECTS) -> Neighborhood:
    """Look at some objects, and at most so many in all.

    given: their addresses, where what is not tracked is left out; or the tuple of a word's
    arguments, which does not count as one of their holders.
    """
    with _core.Lease():
        return Neighborhood(
            _core.neighborhood(given, most, known_dicts(), labellers, object_traceback())
        )


def look_around(given: list[int] | tuple[object, ...]) -> Neighborhood:
    """Look at some objects, and where one of them is on a long ring far enough for its end."""
    with _core.Lease():
        near = look(given)
        is_on_ring = any(obj.is_given and obj.ring for obj in near.objects)
        if is_on_ring and near.more and near.met.objects <= MOST_FAR:
            return look(given, MOST_FAR)
        return near


def serial_of(item: object) -> int | None:
    """Return the serial number of an instrumented object; None of any other."""
    return _core.Tracked.serial.__get__(item) if issubclass(type(item), _core.Tracked) else None


def new_marker() -> list[Any] | _core.Follow:
    """Return a marker, for `born_at`. Raises MemoryError."""
    if not _core.FREE_THREADED:
        return []
    marker = _core.Follow()
    marker.begin()
    return marker


def born_at(addresses: list[int], marker: list[Any] | _core.Follow) -> set[int]:
    """Return at which addresses lies what the collector has begun to track after a marker.

    A marker is a list, the last thing in the youngest generation. Where a collection has run since,
    it has moved the marker on, with all that there was: then what is in the youngest generation.
    What was made before the collection, and lives, is left out in that case. Free-threaded Python
    has no generations; there each object has a mark of its own.
    """
    if isinstance(marker, _core.Follow):
        return set(marker.born(addresses))
    try:
        return set(_core.born(addresses, marker))
    except LookupError as error:
        if type(error) is not LookupError:  # an audit hook's
            raise
        return set(_core.born(addresses, 0))


def arithmetic_of(neighborhood: Neighborhood, most: int = MOST_FAR) -> Arithmetic:
    """Compute the collector's arithmetic, as if these objects were a generation that is collected.

    References from other objects are from outside then, as they are in the collection of a young
    generation. most: how many of them have a row, the nearest.
    """
    because = reasons(neighborhood)
    rows = []
    for place, obj in enumerate(neighborhood.objects[:most]):
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
    return Arithmetic(rows=tuple(rows), more=neighborhood.met.objects - len(rows))


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
