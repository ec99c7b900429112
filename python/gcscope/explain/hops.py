"""The objects and references of a ring or chain as they are shown: plain containers are folded.

    rows of the core (_core.Node, _core.Edge)  ->  Node, Edge  ->  Step, one for each shown object

A label is the references of a step in one word: `__dict__`, cells, tuples and other containers that
lie between two shown objects become part of it.
"""

from __future__ import annotations

import os
from itertools import pairwise

from gcscope import _core
from gcscope.explain.ipython_names import cell_name
from gcscope.explain.labellers import ask
from gcscope.model.results import Link

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


PLAIN = frozenset({"dict", "list", "tuple", "set", "deque", "mapping", "cell", "traceback"})
_ALWAYS_FOLDED = frozenset({"tuple", "cell", "traceback"})

# Into what a reference leads -> its word, where what follows may say it alone: the dict of an
# object, the mapping of a Context (of which nodes lie between is a matter of addresses), the dict
# of an lru_cache, those of a thread-local object.
_DICT, _VARIABLES, _CACHE = ".__dict__", "its variables", "its cache"
_THREADS = "its dicts by thread"

# How readily a user recognises an object of a kind as the place where a text begins; the
# smallest first.
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

_NOT_TRIED = (-1, 0, -1)  # a plain tuple: what Python makes of a type of rows outlives it at exit


class Node:
    """An object of a ring or chain, with its place as the report writes it."""

    __slots__ = ("clearing", "kind", "name", "rank", "refcount", "type", "where")

    def __init__(
        self,
        row: _core.Node,
        clearing: _core.Clearing | None = None,
        refcount: int | None = None,
        here: str | None = None,
    ) -> None:
        self.type, self.kind, self.name, self.rank = row.type, row.kind, row.name, row.rank
        self.where = (
            None if row.where is None else f"{short_path(row.where.file, here)}:{row.where.line}"
        )
        self.clearing = clearing
        self.refcount = refcount

    def link(self, label: str, named: bool = True) -> Link:
        """Return it as a record, with what is said of its reference."""
        return Link(
            type=self.type,
            name=self.name,
            label=label,
            named=named,
            where=self.where,
            refcount=self.refcount,
        )

    @property
    def beginning(self) -> int:
        """How well the text of a ring begins here: the smaller the better."""
        return _BEGINNING.get(self.kind, _OTHERWISE) + (
            self.rank if self.kind in ("instance", "exception") else 0
        )


class Edge:
    """A reference of a ring or chain, named by a labeller if need be; what a cut there frees."""

    __slots__ = (
        "alone",
        "canonical",
        "computed",
        "is_cut",
        "kind",
        "named",
        "references",
        "text",
        "together",
    )

    def __init__(self, row: _core.Edge, trial: tuple[int, int, int] = _NOT_TRIED) -> None:
        self.text, self.canonical, self.kind, self.named = row[:4]
        self.computed = row.computed
        self.alone, self.references, self.together = trial
        self.is_cut = False  # by the kinds that the core proposes
        if row.ask is not None:
            self._ask(*row.ask)

    def _ask(self, holder: object, target: object) -> None:
        """Let the program's own labeller name the reference."""
        label = ask(holder, target)
        if label is not None:
            self.text = self.canonical = label
            self.kind, self.named = "own", True


def working_folder() -> str:
    """Return the current directory, or an empty text where it is gone."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def short_path(path: str, here: str | None = None) -> str:
    """Tell a path from a directory on: reports are read there. Name IPython's cells.

    here: the current directory, if it is not given.

    A file that lies beside the directory is told by "..": from the tests of a project to its code.
    Any other is told in full, a library's too: what is short must still be found from here.
    """
    cell = cell_name(path)
    if cell is not None:
        return cell
    here = working_folder() if here is None else here
    if not here:
        return path
    path = path.replace("/./", "/")  # of a program that was started as ./name
    if path.startswith(f"{here}/"):
        return path[len(here) + 1 :]
    above = here.rpartition("/")[0]
    return f"..{path[len(above) :]}" if above and path.startswith(f"{above}/") else path


# --------------------------------------------------------------------------- folding


def _append(parts: list[str], part: str) -> None:
    """Put one more reference behind a label."""
    if part:
        parts.append(part if not parts or part[0] in ".[" else f" ({part})")


def _is_variable(text: str) -> bool:
    return text.startswith(("local ", "cell "))


def _into(edge: Edge, into: str) -> str:
    """Return the word for what a reference leads into; an empty one where it is told itself."""
    if edge.kind == "dict" or (into == _THREADS and edge.kind == "value"):
        return _DICT
    is_such = edge.kind == "field" and edge.text in (_VARIABLES, _CACHE, _THREADS)
    return edge.text if is_such else ""


def _told_alone(into: str, edge: Edge, part: str) -> str | None:
    """Return what a reference out of such a thing is called without a word for that, or None."""
    if into == _DICT:
        name = part[2:-2]
        return f".{name}" if edge.kind == "value" and name.isidentifier() else None
    if into == _CACHE:
        return {"value": "a cached result", "key": "a cached key"}.get(edge.kind)
    if into == _THREADS and edge.kind != "value":
        return None
    return part


def fold(edges: Sequence[Edge], canonical: bool = False) -> str:
    """Write the references from one shown object to the next as one label."""
    parts: list[str] = []
    into = ""
    for edge in edges:
        part: str = edge.canonical if canonical else edge.text
        then = _into(edge, into)
        if edge.kind == "variable":
            parts = [part]  # it says all that __closure__ said
        elif edge.kind == "cell" and parts and _is_variable(parts[0]):
            pass
        else:
            alone = _told_alone(into, edge, part)
            _append(parts, into if alone is None else "")
            _append(parts, "" if then else part if alone is None else alone)
        into = then
    _append(parts, into)
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
        """What tells steps of one form apart, without addresses, so that texts are stable."""
        return (*self.pair, self.node.name or "", self.label, self.node.where or "")

    def link(self) -> Link:
        """Return the step as a record."""
        return self.node.link(self.label, named=all(edge.named for edge in self.edges))

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
    for hidden in (PLAIN, _ALWAYS_FOLDED):
        shown = [i for i, node in enumerate(nodes) if node.kind not in hidden]
        if shown:
            return shown
    return list(range(len(nodes)))


def steps_of_ring(nodes: list[Node], edges: list[Edge]) -> list[Step]:
    """Fold the plain containers on a ring; the first step is that of the first shown object."""
    shown = shown_places(nodes)
    steps = []
    for i, place in enumerate(shown):
        end = shown[i + 1] if i + 1 < len(shown) else shown[0] + len(nodes)
        between = [k % len(nodes) for k in range(place, end)]
        steps.append(
            Step(nodes[place], [edges[k] for k in between], [nodes[k] for k in between[1:]])
        )
    return steps


def smallest_rotation(pairs: list[tuple[str, ...]]) -> int:
    """Find where the smallest rotation of a list begins."""
    ranks = {pair: rank for rank, pair in enumerate(sorted(set(pairs)))}
    return _core.smallest_rotation([ranks[pair] for pair in pairs])


def turned(steps: list[Step], first: int) -> list[Step]:
    """Let a ring begin at another of its steps."""
    return steps[first:] + steps[:first]


# ------------------------------------------------------------------------------ chains


def steps_of_way(nodes: list[Node], edges: list[Edge]) -> list[Step]:
    """Fold the plain containers between a root, the first node, and an object, the last one."""
    last = len(nodes) - 1
    shown = [i for i, node in enumerate(nodes) if node.kind not in PLAIN or i in (0, last)]
    steps = [Step(nodes[a], edges[a:b], nodes[a + 1 : b]) for a, b in pairwise(shown)]
    return [*steps, Step(nodes[last], [], [])]
