"""Some objects as they are at one moment: what they lead to, and who holds them. What is drawn of live objects.

The core looks at addresses and tells strings and numbers, so that neither asking nor what is told holds an object.
"""

from __future__ import annotations

import gc

from gcscope import _core
from gcscope.labelling import labellers, object_traceback
from gcscope.names import is_kept, known_dicts, module_name
from gcscope.render.text import link_title, with_article
from gcscope.report import Arithmetic, Link, Row
from gcscope.steps import PLAIN, Edge, Node, fold
from gcscope.verdict import Held

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST_OBJECTS = 2000


class Thing:
    """An object of the scene."""

    __slots__ = ("address", "inside", "is_given", "name", "node", "outside", "reachable", "refcount", "title")

    def __init__(self, row: tuple[Any, ...]) -> None:
        self.inside: int
        told, self.address, count, self.inside, self.outside, depth, self.reachable = row
        self.node = Node(told)
        self.refcount: int | None = count
        self.is_given: bool = depth == 0
        self.title = link_title(
            Link(type=self.node.type, name=self.node.name, label="", named=True, where=self.node.where)
        )
        self.name = ""
        """What tables call it; no two of a scene are called the same."""

    @property
    def count(self) -> int:
        """References that own it; IMMORTAL where they are not counted."""
        return _core.IMMORTAL if self.refcount is None else self.refcount

    @property
    def left(self) -> int:
        """References from outside of the scene."""
        return _core.IMMORTAL if self.refcount is None else self.refcount - self.inside

    @property
    def unexplained(self) -> int:
        """References that nobody shows."""
        return 0 if self.refcount is None else max(0, self.left - self.outside)


class Reference:
    """A reference from one object of the scene to another; of several between the same two the first ones are named."""

    __slots__ = ("count", "edges", "source", "target")

    def __init__(self, row: tuple[int, int, int, list[Any]]) -> None:
        self.source, self.target, self.count, names = row
        self.edges = [Edge(told) for told in names]


class Holding:
    """A reference from outside: a variable, another object, a running function."""

    __slots__ = ("is_kept", "is_lent", "target", "title")

    def __init__(self, row: tuple[Any, ...]) -> None:
        self.target, told, edges, found = row
        self.is_lent = found == "lent"
        node = Node(told)
        self.title = _holder_title(node, fold([Edge(edge) for edge in edges]), found)
        self.is_kept = is_kept(node.type, self.title)  # by IPython


def _holder_title(node: Node, label: str, found: str) -> str:
    """Write who holds from outside, as one would say it: a variable by its name."""
    if node.type == "module" and label.startswith("."):
        kept = (module_name(node.name, label) or "").removeprefix(node.name or "")
        return f"{label[1:]}{kept}" if node.name == "__main__" else f"{node.name}{label}{kept}"
    if found != "heap" and node.kind == "frame":
        lent = ", lent" if found == "lent" else ""
        name = label[6:] if label.startswith(("local ", "cell ")) else label
        return f"{name} in {node.name}(){lent}"
    link = Link(type=node.type, name=node.name, label="", named=True, where=None)
    return f"{node.name or link_title(link)} {label}" if node.kind == "dict" else f"{link_title(link)} {label}"


class Scene:
    """Objects, the references between them, and who holds them from outside."""

    __slots__ = ("holdings", "keys", "references", "things")

    def __init__(self, told: tuple[list[Any], list[Any], list[Any]]) -> None:
        objects, edges, outside = told
        self.things = [Thing(row) for row in objects]
        self.references = [Reference(row) for row in edges]
        self.holdings = [Holding(row) for row in outside]
        self.keys = [f"o{place}" for place in range(len(objects))]
        """What pictures call each object; a film calls it the same in all its frames."""
        self._name_things()

    def from_thing(self) -> dict[int, list[Reference]]:
        """Return the references of each object."""
        found: dict[int, list[Reference]] = {}
        for reference in self.references:
            found.setdefault(reference.source, []).append(reference)
        return found

    def holders_of(self, place: int) -> list[str]:
        """Return who holds an object from outside, in words, each once; what is only lent does not count."""
        titles = [h.title for h in self.holdings if h.target == place and not h.is_lent]
        return list(dict.fromkeys(titles))

    def _name_things(self) -> None:
        """Call each by its own name, that of a variable, or by the way that leads to it from one that has a name."""
        taken: dict[str, int] = {}
        first: dict[int, Reference] = {}
        for reference in self.references:
            first.setdefault(reference.target, reference)
        for place, thing in enumerate(self.things):
            name = thing.node.name or self._variable(place) or self._way(place, first) or thing.title
            taken[name] = taken.get(name, 0) + 1
            thing.name = name if taken[name] == 1 else f"{name} ({taken[name]})"

    def _variable(self, place: int) -> str | None:
        if not self.things[place].is_given:
            return None
        names = (title.split(" in ")[0] for title in self.holders_of(place))
        return next((name for name in names if name.isidentifier()), None)

    def _way(self, place: int, first: dict[int, Reference]) -> str | None:
        """Call it as what the object that came before it has there: Michael.friends."""
        way: list[Edge] = []
        while not self.things[place].name and place in first and len(way) < 8:
            reference = first[place]
            if reference.source >= place:
                return None
            way = [*reference.edges[:1], *way]
            place = reference.source
        return f"{self.things[place].name}{fold(way)}" if self.things[place].name and way else None


def is_folded(thing: Thing) -> bool:
    """Whether an object is told as part of a label: a plain container that one other object alone holds."""
    return thing.node.kind in PLAIN and not thing.is_given and thing.refcount == thing.inside == 1


def addresses_of(objects: tuple[object, ...], word: str) -> list[int]:
    """Tell where objects are. Raises TypeError without any, and for one that the collector does not track."""
    if not objects:
        raise TypeError(f"{word}() takes the objects that it is to show")
    for item in objects:
        if not gc.is_tracked(item):
            raise TypeError(
                f"{word}() takes objects that the collector tracks, and {with_article(type(item).__qualname__)} is none"
            )
    return [id(item) for item in objects]


def look(addresses: list[int], most: int = MOST_OBJECTS) -> Scene:
    """Look at the objects at some addresses, and at most so many in all. What is not tracked there is left out."""
    with Held():
        return Scene(_core.scene(addresses, most, known_dicts(), labellers, object_traceback()))


def arithmetic_of(scene: Scene) -> Arithmetic:
    """Tell the collector's arithmetic, as though these objects were a generation that is collected.

    References from other objects are from outside then, as they are in the collection of a young generation.
    """
    because = reasons(scene)
    rows = []
    for place, thing in enumerate(scene.things):
        rows.append(
            Row(
                label=thing.name,
                refcount=thing.count,
                inside=thing.inside,
                left=thing.left,
                reachable=place in because,
                because=because.get(place),
            )
        )
    return Arithmetic(rows=tuple(rows))


def reasons(scene: Scene) -> dict[int, str]:
    """Tell why objects are reachable: references from outside, or an object that is; nothing of the others."""
    found = {
        place: _from_outside(scene, place)
        for place, thing in enumerate(scene.things)
        if thing.refcount is None or thing.left > 0
    }
    queue = list(found)
    follows = scene.from_thing()
    for place in queue:
        for reference in follows.get(place, ()):
            if reference.target not in found:
                label = fold(reference.edges[:1])
                found[reference.target] = f"{scene.things[place].name} has it as {label}"
                queue.append(reference.target)
    return found


def reference_label(scene: Scene, reference: Reference, nth: int = 0) -> str:
    """Call a reference by who has it and what it is there: Michael.friends[0]."""
    label = fold(reference.edges[nth : nth + 1]) or "one reference more"
    return f"{scene.things[reference.source].name}{label if label[:1] in ('.', '[') else f' {label}'}"


def _from_outside(scene: Scene, place: int) -> str:
    """Name the references from outside that an object has."""
    thing = scene.things[place]
    if thing.refcount is None:
        return "it is immortal"
    named = scene.holders_of(place)
    if not named:
        return "C code, or a function that runs" if thing.unexplained else "other objects"
    rest = thing.left - len(named)
    return ", ".join(named[:4]) + (f" and {rest + len(named[4:])} more" if rest > 0 or len(named) > 4 else "")
