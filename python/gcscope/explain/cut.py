"""Where to cut a ring: of the references that the core has tried, the one that frees most.

Of those that free as much it is the one that the pattern asks for, then the one that changes least
of the program. Where clearing a whole object frees more than any cut, that is the cut.
"""

from __future__ import annotations

from gcscope.explain.candidates import Candidate, candidates_of, is_own
from gcscope.explain.hops import Node, Step, fold
from gcscope.explain.patterns import Pattern, named_reference
from gcscope.model.results import Cut, Link

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gcscope import _core


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
    named = named_reference(candidate.step, label)
    if not candidate.edge.named:
        return f"let the {_short_type(candidate.step.node.type)} go of it when done, or drop that"
    if kind == "local":
        return "del the local when done"
    if kind == "cell":
        return "del the variable when done"
    if candidate.step.is_through_container and label != candidate.step.label:
        return f"clear() {named} when done"
    if kind == "attribute" or (kind == "value" and label.startswith(".")):
        return f"set {label} to None when done"
    return f"remove {named} when done"


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
        what = named_reference(self.step, self.label) if self.label else f"the {self.node.type}"
        return f"clear() {what} when done with it"


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


_MOST_KINDS = 3


def _short_type(name: str) -> str:
    return name.rpartition(".")[2]


def _split_kind(kind: str) -> tuple[str, str]:
    """Part a kind, 'app.Node.parent' or 'app.Node.children[*]', into type and label."""
    place = kind.find("[")
    dot = kind.rfind(".", 0, place if place >= 0 else len(kind))
    return kind[:dot], kind[dot:]


def _kind_names(kinds: Sequence[str]) -> list[str]:
    """Name each label once: with its class where there is but one."""
    types: dict[str, set[str]] = {}
    for kind in kinds:
        type_name, label = _split_kind(kind)
        types.setdefault(label, set()).add(_short_type(type_name))
    return [
        f"{min(classes)}{label}" if len(classes) == 1 else label for label, classes in types.items()
    ]


def _kinds_advice(row: _core.KindCut) -> str:
    """Say what to do about all references of some kinds."""
    names = _kind_names(row.kinds)
    told = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
    if len(names) > _MOST_KINDS:
        return f"give {_short_type(row.node.type)} and its like a close() that drops {told}"
    if row.upwards and row.weakrefable:
        return f"make {told} weak (weakref.ref)"
    if any(name.endswith("[*]") for name in names):
        return f"clear {told.replace('[*]', '')} when done, as in a close()"
    return f"set {told} to None when done, as in a close()"


def _one_kind_advice(row: _core.KindCut, step: Step, is_alone: bool) -> str:
    """Say what to do about the references of some kind of one object. is_alone: to itself.

    Weak only where a name says that an owner is meant: what is younger may still be the one that
    keeps the older alive.
    """
    if step.is_through_container:
        return f"clear {_short_type(step.node.type)}{step.label.partition('[')[0]} when done"
    named = named_reference(step, step.label)
    if is_alone and row.weakrefable:
        return f"make {named} a weakref.ref, or set it to None when done"
    if row.upwards and row.weakrefable:
        return f"make {named} a weakref.ref: the other direction already keeps alive what it means"
    return f"set {step.label} to None when done, as in a close()"


def _link_of_kinds(row: _core.KindCut) -> Link:
    """Make a link of an example of the kinds, where none of them is on the ring that is told."""
    return Node(row.node).link(row.label)


def _cut_of_kinds(steps: list[Step], row: _core.KindCut, held: bool) -> Cut:
    step = next((step for step in steps if any(edge.is_cut for edge in step.edges)), None)
    is_of_one = row.sources == 1 and step is not None
    if step is not None and is_of_one:
        advice = _one_kind_advice(row, step, len(steps) == 1)
        if row.references > 1:
            advice += f"; {row.references:,} such references together"
    else:
        advice = _kinds_advice(row)
    return Cut(
        link=step.link() if step is not None else _link_of_kinds(row),
        advice=advice,
        frees=0 if held else row.frees,
        references=row.references,
        kinds=() if is_of_one else tuple(row.kinds),
    )


def cut_of(
    steps: list[Step], pattern: Pattern, held: bool, kinds: _core.KindCut | None = None
) -> Cut | None:
    """Choose where to cut; None where nothing that a program may change frees anything.

    held: whether the ring is alive, or held by another one, so that the cut frees nothing now.
    kinds: what the core proposes where the references are the program's data.
    """
    candidates = [candidate for candidate in candidates_of(steps) if candidate.frees > 0]
    most = max((candidate.frees for candidate in candidates), default=0)
    best: Candidate | Clearing | None = max(_clearings(steps), key=lambda c: c.frees, default=None)
    if pattern.is_structural and kinds is not None:
        one_does = any(c.references == 1 and c.frees >= kinds.frees for c in candidates)
        if kinds.frees >= most and (kinds.sure or not one_does):
            return _cut_of_kinds(steps, kinds, held)
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
    return f"clear {', '.join(labels)} of every object on the ring when done" if labels else None
