"""From what the core tells of a ring to what a person reads: choice, cause, cut.

The core tells each form of ring once, as strings and numbers: every object on it and every reference. Here the plain
containers on the way are folded into labels, the ring is turned to begin where a user recognises it, a known pattern is
named, and of all the cuts that the core has tried the one is chosen that frees most for the least change.
"""

from __future__ import annotations

import os
import sys
from itertools import pairwise

from gcscope.labelling import ask
from gcscope.report import Counts, Cut, Cycle, Link

# Neither hashlib nor re: importing them leaves cyclic trash of their own in the program under study.
try:
    from _sha2 import sha256  # type: ignore[import-not-found, unused-ignore]
except ImportError:
    try:
        from _sha256 import sha256  # type: ignore[import-not-found, no-redef, unused-ignore]
    except ImportError:  # built without its own implementation
        from hashlib import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

_MODULE = type(sys)
_MODULE_DICT: Any = vars(_MODULE)["__dict__"].__get__  # so that no __getattribute__ comes in between
_CLASS_DICT: Any = vars(type)["__dict__"].__get__

_PLAIN = frozenset({"dict", "list", "tuple", "set", "deque", "cell", "traceback"})
_ALWAYS_FOLDED = frozenset({"tuple", "cell", "traceback"})

# How readily a user recognises an object of a kind as the place where the story begins; the smallest first.
_BEGINNING = {
    "instance": 0,
    "task": 3,
    "function": 4,
    "generator": 4,
    "coroutine": 4,
    "class": 5,
    "exception": 6,
    "module": 7,
    "method": 8,
    "cache": 8,
    "object": 8,
    "frame": 9,
    "code": 10,
    "traceback": 12,
    "cell": 12,
}
_OTHERWISE = 11

EXCEPTION = "an exception keeps the frame that keeps it"
METHOD = "a bound method is stored on its own object"
RECURSION = "a closure refers to itself"
CLOSURE = "a closure is stored on the object it refers to"
GENERATOR = "a suspended generator is held by what its frame refers to"
COROUTINE = "a suspended coroutine is held by what its frame refers to"
TASK = "a task is kept by the object it works on"
FRAME = "a frame is kept by its own local"
CONTAINER = "a container holds itself"
PARENT = "parent and child refer to each other"
CACHE = "a cache keeps the object it is keyed on"
CLASS = "a class is made inside a function"
REPLACED = "a class is made inside a function, or was replaced by another of its name"
NAMESPACE = "a function is kept by its own namespace"
TWO = "two objects refer to each other"
ITSELF = "an object refers to itself"


class Node:
    """An object of a ring, as the core tells it."""

    __slots__ = ("clearing", "kind", "name", "rank", "type", "where")

    def __init__(self, told: tuple[str, str, str | None, tuple[str, int] | None, int], clearing: Any = None) -> None:
        self.clearing: tuple[int, int, list[str]] | None = clearing
        self.type, self.kind, self.name, where, self.rank = told
        self.where = None if where is None else f"{_short_path(where[0])}:{where[1]}"

    @property
    def beginning(self) -> int:
        """How well a story begins here: the smaller the better."""
        return _BEGINNING.get(self.kind, _OTHERWISE) + (self.rank if self.kind in ("instance", "exception") else 0)


class Edge:
    """A reference of a ring, as the core tells it, with what falls when it is cut."""

    __slots__ = ("alone", "canonical", "kind", "named", "references", "text", "together")

    def __init__(self, told: tuple[Any, ...]) -> None:
        self.text, self.canonical, self.kind, self.named, pending = told[:5]
        self.alone, self.references, self.together = told[5:] if len(told) > 5 else (-1, 0, -1)
        if pending is not None:
            self._ask(*pending)

    def _ask(self, holder: object, target: object) -> None:
        """Let the program's own labeller name the reference."""
        label = ask(holder, target)
        if label is not None:
            self.text = self.canonical = label
            self.kind, self.named = "own", True


def _short_path(path: str) -> str:
    """Leave the current directory away from a path: the report is read there."""
    try:
        here = os.getcwd() + os.sep
    except OSError:
        return path
    return path[len(here) :] if path.startswith(here) else path


# --------------------------------------------------------------------------- folding


def _append(parts: list[str], part: str) -> None:
    """Put one more reference behind a label."""
    if part:
        parts.append(part if not parts or part[0] in ".[" else f" ({part})")


def _is_variable(text: str) -> bool:
    return text.startswith(("local ", "cell "))


def fold(edges: Sequence[Edge], canonical: bool = False) -> str:
    """Write the references from one shown object to the next as one label."""
    parts: list[str] = []
    is_dict = False  # the last hop led to the __dict__ of an instance, a class, a module
    for edge in edges:
        part: str = edge.canonical if canonical else edge.text
        if edge.kind == "variable":
            parts = [part]  # it says all that __closure__ said
        elif edge.kind == "cell" and parts and _is_variable(parts[0]):
            pass
        elif edge.kind == "value" and is_dict and part[2:-2].isidentifier():
            _append(parts, f".{part[2:-2]}")
        else:
            _append(parts, ".__dict__" if is_dict else "")
            _append(parts, part if edge.kind != "dict" else "")
        is_dict = edge.kind == "dict"
    _append(parts, ".__dict__" if is_dict else "")
    return "".join(parts)


class Step:
    """A shown object with the references that lead to the next shown one."""

    __slots__ = ("canonical", "edges", "label", "node", "through")

    def __init__(self, node: Node, edges: list[Edge], through: list[Node]) -> None:
        self.node = node
        self.edges = edges
        self.through = through
        self.label = fold(edges)
        self.canonical = fold(edges, canonical=True)

    @property
    def pair(self) -> tuple[str, ...]:
        """What a fingerprint is made of."""
        return self.node.type, self.canonical

    @property
    def details(self) -> tuple[str, ...]:
        """What tells steps of one form apart, without addresses: so that the text of a ring is stable."""
        return (*self.pair, self.node.name or "", self.label, self.node.where or "")

    def link(self) -> Link:
        """Make the data of it."""
        return Link(
            type=self.node.type,
            name=self.node.name,
            label=self.label,
            named=all(edge.named for edge in self.edges),
            where=self.node.where,
        )

    @property
    def is_through_container(self) -> bool:
        """Whether an item of a container is on the way; the __dict__ of an instance is none."""
        kinds = [edge.kind for edge in self.edges]
        return any(
            kind in ("item", "element", "key") or (kind == "value" and kinds[i - 1 : i] != ["dict"])
            for i, kind in enumerate(kinds)
        )


def shown_places(nodes: Sequence[Node]) -> list[int]:
    """Choose the objects that are shown: those that are no plain containers, if there is one."""
    for hidden in (_PLAIN, _ALWAYS_FOLDED):
        shown = [i for i, node in enumerate(nodes) if node.kind not in hidden]
        if shown:
            return shown
    return list(range(len(nodes)))


def _steps_of_ring(nodes: list[Node], edges: list[Edge]) -> list[Step]:
    shown = shown_places(nodes)
    steps = []
    for i, place in enumerate(shown):
        end = shown[i + 1] if i + 1 < len(shown) else shown[0] + len(nodes)
        between = [k % len(nodes) for k in range(place, end)]
        steps.append(Step(nodes[place], [edges[k] for k in between], [nodes[k] for k in between[1:]]))
    return steps


def _smallest_rotation(pairs: list[tuple[str, ...]]) -> int:
    """Where the smallest rotation of a list begins (Shiloach's two candidates)."""
    n, a, b, same = len(pairs), 0, 1, 0
    while a < n and b < n and same < n:
        x, y = pairs[(a + same) % n], pairs[(b + same) % n]
        if x == y:
            same += 1
            continue
        if x > y:
            a += same + 1
        else:
            b += same + 1
        if a == b:
            b += 1
        same = 0
    return min(a, b)


def _turned(steps: list[Step], first: int) -> list[Step]:
    return steps[first:] + steps[:first]


def _fingerprint(steps: list[Step]) -> str:
    """Hash the canonical rotation of a ring."""
    text = "\n".join(f"{type_name}\t{label}" for type_name, label in (step.pair for step in steps))
    digest: str = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return digest[:16]


# ----------------------------------------------------------------------------- cause

_UPWARDS = frozenset({"parent", "owner", "up", "root", "container", "outer"})


def _names_upwards(label: str) -> bool:
    """Whether a label is one by which a child calls its parent."""
    spaced = "".join(f" {c}" if c.isupper() else c if c.isalpha() else " " for c in label)
    return not _UPWARDS.isdisjoint(spaced.lower().split())


def _edge_kinds(steps: list[Step]) -> set[str]:
    return {edge.kind for step in steps for edge in step.edges}


def _is_task(node: Node) -> bool:
    return node.kind == "task" or node.type == "asyncio.tasks.Task"


def _cause_by_kind(steps: list[Step], kinds: set[str]) -> str | None:
    """Name the patterns that the kind of one object on the ring tells."""
    through = {node.kind for step in steps for node in step.through}
    has_traceback = "traceback" in through | kinds
    if "frame" in kinds and (has_traceback or "exception" in kinds):
        return EXCEPTION
    if any(_is_task(step.node) for step in steps):
        return TASK
    if "coroutine" in kinds:
        return COROUTINE
    if "generator" in kinds:
        return GENERATOR
    if "frame" in kinds:
        return FRAME
    if ("cache" in kinds and not kinds <= {"cache", "function"}) or "key" in _edge_kinds(steps):
        return CACHE
    if "method" in kinds or any(s.node.kind == "code" and s.label == ".__self__" for s in steps):
        return METHOD
    return None


def _names_another(name: str) -> bool:
    """Whether the name of a dead class leads to a class now; looked for in plain dicts, so that no code runs."""
    parts = name.split(".")
    for length in range(len(parts) - 1, 0, -1):
        module = sys.modules.get(".".join(parts[:length]))
        found: Any = module
        for part in parts[length:] if type(module) is _MODULE else ():
            scope = _MODULE_DICT(found) if found is module else _CLASS_DICT(found)
            found = scope.get(part)
            if not isinstance(found, type):
                return False
        if isinstance(found, type):
            return True
    return False


def _cause_by_shape(steps: list[Step], kinds: set[str], alive: bool) -> str | None:
    """Name the patterns that are told by how objects hang together."""
    if "function" in kinds and any(".__globals__" in step.label for step in steps):
        return NAMESPACE
    if "class" in kinds:
        names = [step.node.name or "" for step in steps if step.node.kind == "class"]
        if any("<locals>" in name for name in names):
            return CLASS
        return None if alive else REPLACED if any(map(_names_another, names)) else CLASS
    if kinds <= {"function", "cache"} and any("cell " in step.label for step in steps):
        return RECURSION
    if "function" in kinds and len(kinds) > 1:
        return CLOSURE
    if kinds <= _PLAIN or (len(steps) == 1 and steps[0].label.startswith(("[", "an element"))):
        return CONTAINER
    if len(steps) == 1:
        return ITSELF
    if len(steps) == 2:
        is_tree = steps[0].is_through_container != steps[1].is_through_container and kinds == {"instance"}
        return PARENT if is_tree or any(map(_names_upwards, {step.label for step in steps})) else TWO
    return PARENT if any(map(_names_upwards, {step.label for step in steps})) else None


def _cause(steps: list[Step], alive: bool) -> str | None:
    kinds = {step.node.kind for step in steps}
    return _cause_by_kind(steps, kinds) or _cause_by_shape(steps, kinds, alive)


# ------------------------------------------------------------------------------- cut

# What a change of the program costs: setting an attribute or deleting a local is the least.
_EFFORT = {"attribute": 1, "local": 1, "value": 2, "item": 2, "element": 2, "key": 3, "cell": 3, "own": 6, "unnamed": 7}


class Candidate:
    """A reference that a program may change, and what falls with it."""

    __slots__ = ("edge", "following", "frees", "is_upwards", "label", "place", "preceding", "references", "step")

    def __init__(self, place: int, steps: list[Step], hop: int) -> None:
        self.place, self.step, self.is_upwards = place, steps[place], False
        self.edge = edge = self.step.edges[hop]
        self.label = fold(self.step.edges[: hop + 1])
        self.following, self.preceding = steps[(place + 1) % len(steps)].node, steps[place - 1].node
        one_is_best = edge.alone >= edge.together
        self.frees: int = edge.alone if one_is_best else edge.together
        self.references: int = 1 if one_is_best else edge.references

    def effort(self, cause: str | None) -> tuple[bool, bool, int, int]:
        """How much a cut here changes, the least first; the pattern knows best."""
        return (not _is_wanted(cause, self), self.references > 1, _base_effort(self), self.place)


def _base_effort(candidate: Candidate) -> int:
    edge = candidate.edge
    if edge.text in (".__traceback__", ".__context__", ".__cause__"):
        return 4
    if edge.text == ".args" or candidate.step.node.kind in ("exception", "code"):
        return 6
    return _EFFORT.get(edge.kind, 9) - _is_own(candidate.step.node)


def _is_own(node: Node) -> bool:
    """Whether an object is the program's own, and not of a library."""
    return node.kind == "instance" and node.rank == 0


def _is_wanted(cause: str | None, candidate: Candidate) -> bool:
    """Whether the pattern asks for a cut at this reference."""
    step, following, preceding = candidate.step, candidate.following, candidate.preceding
    wanted: dict[str, bool] = {
        EXCEPTION: candidate.edge.kind == "local" and step.node.kind == "frame",
        FRAME: candidate.edge.kind == "local",
        METHOD: preceding.kind in ("method", "code") or (following.kind in ("method", "code") and _is_own(step.node)),
        CLOSURE: preceding.kind == "function" or following.kind == "function",
        GENERATOR: following.kind == "generator",
        COROUTINE: following.kind == "coroutine",
        TASK: _is_task(following),
        CACHE: following.kind == "cache" or candidate.edge.kind in ("key", "own"),
        PARENT: candidate.is_upwards,
    }
    return wanted.get(cause or "", False)


def _candidates(steps: list[Step]) -> list[Candidate]:
    """Tell the references that were tried, and which of them lead from a child to its parent.

    Those are told by their names, or where no name tells, by being the ones that do not go through a container.
    """
    candidates = [
        Candidate(place, steps, hop)
        for place, step in enumerate(steps)
        for hop, edge in enumerate(step.edges)
        if edge.alone >= 0
    ]
    upwards = set(filter(_names_upwards, {step.label for step in steps}))
    has_containers = any(step.is_through_container for step in steps)
    for candidate in candidates:
        step = candidate.step
        by_shape = has_containers and not step.is_through_container
        candidate.is_upwards = step.label in upwards if upwards else by_shape
    return candidates


_ADVICE = {
    METHOD: "keep a weakref.WeakMethod, or look the method up when it is called",
    RECURSION: "del the name when done, or define the function at module level",
    CLOSURE: "let the function take the object as an argument, or refer to it by weakref",
    GENERATOR: "close() the generator when done and drop it, or do not keep it on what it works on",
    COROUTINE: "close() the coroutine or let it finish, or do not keep it on what it works on",
    TASK: "drop the task when it is done (add_done_callback), or cancel() it",
    FRAME: "del the local when done with the frame (try ... finally)",
    CONTAINER: "clear() the container when done",
    CACHE: "key the cache on a plain value, or use a weakref.WeakKeyDictionary",
    CLASS: "make the class once, at module level",
    REPLACED: "make it once, at module level; a decorator that makes it anew (attrs, slotted dataclass) does no harm",
    NAMESPACE: "clear() the namespace when done with it",
    PARENT: "make it a weakref.ref: the other direction already keeps it alive",
}


def _advice(cause: str | None, candidate: Candidate) -> str:
    """Say in a line how to cut there."""
    edge, label = candidate.edge, candidate.label
    if edge.text in (".__traceback__", ".__context__", ".__cause__"):
        return f"set {edge.text} = None when the exception has been handled"
    if cause == EXCEPTION:
        if edge.kind == "local":
            return "del the local (try ... finally), or keep the exception without its traceback"
        return f"set {label} = None when done, or keep the exception without its traceback"
    if cause == PARENT and not candidate.is_upwards:
        return "clear it when done: the child then lets go of its parent"
    if cause in _ADVICE:
        return _ADVICE[cause]
    if edge.kind == "local":
        return "del the local when done"
    if edge.kind == "cell":
        return "del the variable when done"
    if candidate.step.is_through_container and label != candidate.step.label:
        return "clear() it when done, or hold what is in it by weakref (WeakSet, WeakValueDictionary)"
    if edge.kind == "attribute" or (edge.kind == "value" and label.startswith(".")):
        return "make it a weakref.ref, or set it to None when done"
    return "remove it when done, or hold it by weakref"


def _clearings(steps: list[Step]) -> list[Clearing]:
    """Tell what could be cleared as a whole: shown objects, and containers on the way that are no __dict__."""
    found = []
    for step in steps:
        if step.node.clearing is not None:
            found.append(Clearing(step, step.node, ""))
        for hop, node in enumerate(step.through):
            if node.clearing is not None and step.edges[hop].kind != "dict":
                found.append(Clearing(step, node, fold(step.edges[: hop + 1])))
    return found


class Clearing:
    """An object that lets go of all that it refers to in the ring's component."""

    __slots__ = ("frees", "label", "labels", "node", "references", "step")

    def __init__(self, step: Step, node: Node, label: str) -> None:
        assert node.clearing is not None
        self.step, self.node, self.label = step, node, label
        self.frees, self.references, labels = node.clearing
        self.labels = sorted(labels)

    @property
    def advice(self) -> str:
        """Say in a line how to do that."""
        if self.node.kind == "frame":
            return f"del its locals {', '.join(label[6:] for label in self.labels)} when done (try ... finally)"
        if self.node.kind == "instance":
            return f"give {self.node.type} a close() that drops {', '.join(self.labels)}"
        return f"clear() {self.label or 'the container'} when done with it"


def _cut(steps: list[Step], cause: str | None, held: bool) -> Cut | None:
    """Choose where to cut: what frees most; of equals, what the pattern asks for, and then the least change."""
    candidates = [candidate for candidate in _candidates(steps) if candidate.frees > 0]
    most = max((candidate.frees for candidate in candidates), default=0)
    clearing = max(_clearings(steps), key=lambda c: c.frees, default=None)
    if clearing is not None and clearing.frees > most:
        link, advice, frees, references = clearing.step.link(), clearing.advice, clearing.frees, clearing.references
    elif candidates:
        best = min((c for c in candidates if c.frees == most), key=lambda c: c.effort(cause))
        link, advice, frees, references = best.step.link(), _advice(cause, best), best.frees, best.references
    else:
        return None
    if references > 1:
        advice += f"; {references:,} such references together"
        if all(candidate.edge.alone < frees for candidate in candidates):
            advice += ", no single one does it"
    return Cut(link=link, advice=advice, frees=0 if held else frees, references=references)


def _advice_without_cut(steps: list[Step], cause: str | None) -> str | None:
    """Say what helps where no cut frees anything: what is known of the pattern, else to let go of all that is shown."""
    if cause in _ADVICE:
        return _ADVICE[cause]
    labels = sorted({step.label for step in steps if step.label.startswith(".") and _is_own(step.node)})
    return f"clear {', '.join(labels)} of every object on it when done" if labels else None


# ------------------------------------------------------------------------------ chains


def steps_of_way(nodes: list[Node], edges: list[Edge]) -> list[Step]:
    """Fold the plain containers on a way from a root to an object, which are its first and last node."""
    last = len(nodes) - 1
    shown = [i for i, node in enumerate(nodes) if node.kind not in _PLAIN or i in (0, last)]
    steps = [Step(nodes[a], edges[a:b], nodes[a + 1 : b]) for a, b in pairwise(shown)]
    return [*steps, Step(nodes[last], [], [])]


# -------------------------------------------------------------------------------- all


def _cycle(story: tuple[Any, ...], alive: bool) -> Cycle:
    """Explain one form of ring."""
    count, objects, dragged, size, _exact, types, told_nodes, told_edges, clearings, held = story
    nodes = [Node(told, clearing) for told, clearing in zip(told_nodes, clearings, strict=True)]
    steps = _steps_of_ring(nodes, [Edge(told) for told in told_edges])
    fingerprint = _fingerprint(_turned(steps, _smallest_rotation([step.pair for step in steps])))
    steps = _turned(steps, _smallest_rotation([step.details for step in steps]))
    steps = _turned(steps, min(range(len(steps)), key=lambda i: (steps[i].node.beginning, i)))
    cause = _cause(steps, alive)
    cut = _cut(steps, cause, alive or held)
    return Cycle(
        ring=tuple(step.link() for step in steps),
        objects=objects,
        dragged=dragged,
        bytes=size,
        types=_sum(types),
        cause=cause,
        cut=cut,
        advice=cut.advice if cut is not None else _advice_without_cut(steps, cause),
        count=count,
        fingerprint=fingerprint,
    )


def _sum(parts: tuple[dict[str, int], dict[str, int]]) -> Counts:
    total = dict(parts[0])
    for name, n in parts[1].items():
        total[name] = total.get(name, 0) + n
    return Counts(total)


def _merged(one: Cycle, other: Cycle) -> Cycle:
    """Of two cycles of the same form the larger, with the count of both."""
    larger = max(one, other, key=lambda cycle: (cycle.objects, cycle.dragged, cycle.bytes))
    values = {name: getattr(larger, name) for name in Cycle.__slots__}
    return Cycle(**{**values, "count": one.count + other.count})


def merged(cycles: Iterable[Cycle]) -> tuple[Cycle, ...]:
    """Put cycles of one form together; those that hold most objects come first."""
    found: dict[str, Cycle] = {}
    for cycle in cycles:
        earlier = found.get(cycle.fingerprint)
        found[cycle.fingerprint] = cycle if earlier is None else _merged(earlier, cycle)
    return tuple(sorted(found.values(), key=lambda c: (-c.count * (c.objects + c.dragged), c.fingerprint)))


def cycles_of(stories: list[tuple[Any, ...]], alive: bool = False) -> tuple[Cycle, ...]:
    """Explain what the core tells."""
    return merged(_cycle(story, alive) for story in stories)
