"""Where to cut a ring: of all the references that the core has tried, the one that frees most for the least change."""

from __future__ import annotations

from gcscope.explain.hops import Node, Step, fold
from gcscope.explain.patterns import (
    CACHE,
    CACHED_METHOD,
    CLASS,
    CLOSURE,
    CONTAINER,
    COROUTINE,
    EXCEPTION,
    FRAME,
    GENERATOR,
    METHOD,
    MOCK,
    NAMESPACE,
    PARENT,
    RECURSION,
    REPLACED,
    RESULT,
    TASK,
    is_task,
    names_upwards,
)
from gcscope.model.results import Cut

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


class Candidate:
    """A reference that a program may change, and what falls with it."""

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
        METHOD: preceding.kind in ("method", "code")
        or (following.kind in ("method", "code") and _is_own(step.node)),
        CLOSURE: preceding.kind == "function" or following.kind == "function",
        GENERATOR: following.kind == "generator",
        COROUTINE: following.kind == "coroutine",
        TASK: is_task(following),
        RESULT: is_task(step.node),
        CACHED_METHOD: following.kind == "cache",
        CACHE: following.kind == "cache" or candidate.edge.kind in ("key", "own"),
        PARENT: candidate.is_upwards,
    }
    return wanted.get(cause or "", False)


def _candidates(steps: list[Step]) -> list[Candidate]:
    """Tell the references that were tried, and which of them lead from a child to its parent.

    Those are told by their names, or where no name tells, by being the ones that do not go through
    a container.
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
    CACHED_METHOD: "cache a function that is given plain values, or keep the values in a dict on the object",
    RESULT: "let the task return something else, or drop it when it is done",
    CLASS: "make the class once, at module level",
    REPLACED: "make it once, at module level; a decorator that makes it anew (attrs, slotted dataclass) does no harm",
    MOCK: "a stand-in without mock (types.SimpleNamespace, a small class) makes none",
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
        return (
            "clear() it when done, or hold what is in it by weakref (WeakSet, WeakValueDictionary)"
        )
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


def _besides(cause: str | None, best: Candidate, steps: list[Step]) -> str:
    """Say what else must be known of a cut: where another does as well, and where its label tells more than is cut."""
    others = [step.label for step in steps if _is_own(step.node) and step.label[1:].isidentifier()]
    if cause == EXCEPTION and best.edge.kind == "local" and others:
        return f", or set {others[0]} = None when done"
    last = best.step.edges[-1]
    if best.label != best.step.label and last.alone < best.frees:
        return f"; for all that is in {best.label}, not for this item alone"
    return ""


def cut_of(steps: list[Step], cause: str | None, held: bool) -> Cut | None:
    """Choose where to cut: what frees most; of equals, what the pattern asks for, and then the least change."""
    candidates = [candidate for candidate in _candidates(steps) if candidate.frees > 0]
    most = max((candidate.frees for candidate in candidates), default=0)
    clearing = max(_clearings(steps), key=lambda c: c.frees, default=None)
    if clearing is not None and clearing.frees > most:
        link, advice, frees, references = (
            clearing.step.link(),
            clearing.advice,
            clearing.frees,
            clearing.references,
        )
    elif candidates:
        best = min((c for c in candidates if c.frees == most), key=lambda c: c.effort(cause))
        advice = _advice(cause, best) + _besides(cause, best, steps)
        link, frees, references = best.step.link(), best.frees, best.references
    else:
        return None
    if references > 1:
        advice += f"; {references:,} such references together"
        if all(candidate.edge.alone < frees for candidate in candidates):
            advice += ", no single one does it"
    return Cut(link=link, advice=advice, frees=0 if held else frees, references=references)


def advice_without_cut(steps: list[Step], cause: str | None) -> str | None:
    """Say what helps where no cut frees anything: what is known of the pattern, else to let go of all that is shown."""
    if cause in _ADVICE:
        return _ADVICE[cause]
    if cause == EXCEPTION:
        names = sorted(
            step.label[6:]
            for step in steps
            if step.node.kind == "frame" and step.label.startswith("local ")
        )
        drop = f"del {', '.join(names)} when done (try ... finally), and " if names else ""
        return f"{drop}keep the exception without its traceback"
    labels = sorted(
        {step.label for step in steps if step.label.startswith(".") and _is_own(step.node)}
    )
    return f"clear {', '.join(labels)} of every object on it when done" if labels else None
