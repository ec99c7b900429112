"""Where to cut a ring: of the references that the core has tried, the one that frees most.

Of those that free as much it is the one that the pattern asks for, then the one that changes least
of the program. Where clearing a whole object frees more than any cut, that is the cut.
"""

from __future__ import annotations

from gcscope.explain.candidates import Candidate, candidates_of, is_own
from gcscope.explain.hops import Node, Step, fold
from gcscope.explain.patterns import Pattern
from gcscope.model.results import Cut


def _advice(pattern: Pattern, candidate: Candidate, steps: list[Step]) -> str:
    """Say in a line how to cut there."""
    if candidate.is_of_traceback:
        advice = f"set {candidate.edge.text} = None when the exception has been handled"
    elif callable(pattern.advice):
        return pattern.advice(steps, candidate)
    else:
        advice = pattern.advice or _usual_advice(candidate)
    return advice + candidate.scope


def _usual_advice(candidate: Candidate) -> str:
    """Say how such a reference is dropped, whatever the ring."""
    kind, label = candidate.edge.kind, candidate.label
    if kind == "local":
        return "del the local when done"
    if kind == "cell":
        return "del the variable when done"
    if candidate.step.is_through_container and label != candidate.step.label:
        return (
            "clear() it when done, or hold what is in it by weakref (WeakSet, WeakValueDictionary)"
        )
    if kind == "attribute" or (kind == "value" and label.startswith(".")):
        return "make it a weakref.ref, or set it to None when done"
    return "remove it when done, or hold it by weakref"


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
        """How to do that, in a line."""
        if self.node.kind == "frame":
            names = ", ".join(label[6:] for label in self.labels)
            return f"del its locals {names} when done (try ... finally)"
        if self.node.kind == "instance":
            return f"give {self.node.type} a close() that drops {', '.join(self.labels)}"
        return f"clear() {self.label or 'the container'} when done with it"


def _clearings(steps: list[Step]) -> list[Clearing]:
    """Return what could be cleared: shown objects, and containers on the way but for __dict__s."""
    found = []
    for step in steps:
        if step.node.clearing is not None:
            found.append(Clearing(step, step.node, ""))
        for hop, node in enumerate(step.through):
            if node.clearing is not None and step.edges[hop].kind != "dict":
                found.append(Clearing(step, node, fold(step.edges[: hop + 1])))
    return found


def _least_change(candidates: list[Candidate], pattern: Pattern) -> Candidate:
    """Choose among candidates that free as much."""
    return min(
        candidates, key=lambda c: (not pattern.wants(c), c.references > 1, c.effort, c.place)
    )


def cut_of(steps: list[Step], pattern: Pattern, held: bool) -> Cut | None:
    """Choose where to cut; None where nothing that a program may change frees anything.

    held: whether the ring is alive, or held by another one, so that the cut frees nothing now.
    """
    candidates = [candidate for candidate in candidates_of(steps) if candidate.frees > 0]
    most = max((candidate.frees for candidate in candidates), default=0)
    best: Candidate | Clearing | None = max(_clearings(steps), key=lambda c: c.frees, default=None)
    if isinstance(best, Clearing) and best.frees > most:
        advice = best.advice
    elif candidates:
        best = _least_change([c for c in candidates if c.frees == most], pattern)
        advice = _advice(pattern, best, steps)
    else:
        return None
    if best.references > 1:
        advice += f"; {best.references:,} such references together"
        if all(candidate.edge.alone < best.frees for candidate in candidates):
            advice += ", no single one does it"
    return Cut(
        link=best.step.link(),
        advice=advice,
        frees=0 if held else best.frees,
        references=best.references,
    )


def advice_without_cut(steps: list[Step], pattern: Pattern) -> str | None:
    """Say what helps where no cut frees anything: what the pattern knows, else to let go of all."""
    if callable(pattern.advice):
        return pattern.advice(steps, None)
    if pattern.advice is not None:
        return pattern.advice
    labels = sorted(
        {step.label for step in steps if step.label.startswith(".") and is_own(step.node)}
    )
    return f"clear {', '.join(labels)} of every object on it when done" if labels else None
