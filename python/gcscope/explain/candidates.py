"""The references of a ring that a program may change, and how much of the program each changes."""

from __future__ import annotations

from gcscope.explain.hops import Node, Step, fold

# What a change of the program costs: setting an attribute or deleting a local is the least.
_EFFORT = {
    "attribute": 1,
    "local": 1,
    "value": 2,
    "item": 2,
    "element": 2,
    "key": 3,
    "cell": 3,
    "own": 6,
    "unnamed": 7,
}
_OF_TRACEBACKS = (".__traceback__", ".__context__", ".__cause__")
_UPWARDS = frozenset({"parent", "owner", "up", "root", "container", "outer"})


class Candidate:
    """A reference that a program may change, and what reference counting then frees."""

    __slots__ = (
        "edge",
        "following",
        "frees",
        "is_upwards",
        "label",
        "place",
        "preceding",
        "references",
        "step",
    )

    def __init__(self, place: int, steps: list[Step], hop: int) -> None:
        self.place, self.step, self.is_upwards = place, steps[place], False
        self.edge = edge = self.step.edges[hop]
        self.label = fold(self.step.edges[: hop + 1])
        self.following, self.preceding = steps[(place + 1) % len(steps)].node, steps[place - 1].node
        one_is_best = edge.alone >= edge.together
        self.frees: int = edge.alone if one_is_best else edge.together
        self.references: int = 1 if one_is_best else edge.references

    @property
    def effort(self) -> int:
        """How much a cut here changes, whatever the pattern."""
        if self.is_of_traceback:
            return 4
        if self.edge.text == ".args" or self.step.node.kind in ("exception", "code"):
            return 6
        return _EFFORT.get(self.edge.kind, 9) - is_own(self.step.node)

    @property
    def is_of_traceback(self) -> bool:
        """Whether it is one by which an exception keeps what has happened before."""
        return self.edge.text in _OF_TRACEBACKS

    @property
    def scope(self) -> str:
        """What to add to an advice where the label says more than is cut."""
        if self.label != self.step.label and self.step.edges[-1].alone < self.frees:
            return f"; for all that is in {self.label}, not for this item alone"
        return ""


def is_own(node: Node) -> bool:
    """Return whether an object is the program's own, and not of a library."""
    return node.kind == "instance" and node.rank == 0


def names_upwards(label: str) -> bool:
    """Return whether a label is one by which a child calls its parent."""
    spaced = "".join(f" {c}" if c.isupper() else c if c.isalpha() else " " for c in label)
    return not _UPWARDS.isdisjoint(spaced.lower().split())


def candidates_of(steps: list[Step]) -> list[Candidate]:
    """Return the references whose cut was tried, those from a child to its parent marked.

    These are known by their names, or where no name says so, by not going through a container where
    others do.
    """
    candidates = [
        Candidate(place, steps, hop)
        for place, step in enumerate(steps)
        for hop, edge in enumerate(step.edges)
        if edge.alone >= 0
    ]
    upwards = set(filter(names_upwards, {step.label for step in steps}))
    has_containers = any(step.is_through_container for step in steps)
    for candidate in candidates:
        step = candidate.step
        by_shape = has_containers and not step.is_through_container
        candidate.is_upwards = step.label in upwards if upwards else by_shape
    return candidates
