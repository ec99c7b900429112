"""From a form of ring as the core found it to what a person reads.

In `hops` the plain containers on the way are folded into labels; here the ring is turned to begin
where a user recognises it; `patterns` names the cause; and of all the cuts that the core has tried
`cut` chooses the one that frees most for the least change.
"""

from __future__ import annotations

from gcscope import _core
from gcscope.explain.cut import advice_without_cut, cut_of
from gcscope.explain.hops import (
    Edge,
    Node,
    Step,
    smallest_rotation,
    steps_of_ring,
    turned,
    working_folder,
)
from gcscope.explain.patterns import pattern_of
from gcscope.explain.sizers import Extra
from gcscope.model.merge import merged
from gcscope.model.record import sum_counts
from gcscope.model.results import Cycle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


def fingerprint_of(form: str, provenance: str | None = None) -> str:
    """Hash a form as the core spells it, and whose doing it is where that is nobody's."""
    text = form if provenance is None else f"{form}{provenance}\n"
    return f"{_core.hash_of(text.encode('utf-8', 'surrogatepass')):016x}"


def _steps(ring: _core.Ring, here: str) -> list[Step]:
    """Fold a ring as the core found it, and let it begin where a user recognises it.

    Of a ring that is told by its ends the core has chosen the beginning.
    """
    rows = zip(ring.nodes, ring.clearings, ring.refcounts, strict=True)
    edges = [Edge(row, trial) for row, trial in zip(ring.edges, ring.trials, strict=True)]
    if ring.kind_cut is not None and ring.kind_cut.place >= 0:
        edges[ring.kind_cut.place].is_cut = True
    steps = steps_of_ring([Node(*row, here) for row in rows], edges)
    if len(steps) < ring.length:
        return steps
    steps = turned(steps, smallest_rotation([step.details for step in steps]))
    return turned(steps, min(range(len(steps)), key=lambda i: (steps[i].node.beginning, i)))


def _explained(ring: _core.Ring, alive: bool, here: str) -> dict[str, Any]:
    """Explain one form of ring: the fields of a Cycle that take words."""
    steps = _steps(ring, here)
    pattern = pattern_of(steps, alive, ring.provenance)
    cut = cut_of(steps, pattern, alive or ring.held, ring.kind_cut)
    return {
        "ring": tuple(step.link() for step in steps),
        "types": sum_counts(*ring.types),
        "cause": pattern.text,
        "cut": cut,
        "advice": cut.advice if cut is not None else advice_without_cut(steps, pattern),
    }


Cycle.made_by(_explained)


def _cycle(
    ring: _core.Ring, alive: bool, here: str, more_bytes: int = 0, more_dragged: int = 0
) -> Cycle:
    """Make the Cycle of one form of ring, which is explained when it is looked at.

    At once where that needs the program's objects, for its labellers, or where it is nobody's
    fault, which is asked of every ring. here: the folder from which places are told.
    """
    known: dict[str, Any] = {
        "objects": ring.objects,
        "dragged": ring.dragged,
        "bytes": ring.bytes + more_bytes,
        "dragged_bytes": ring.dragged_bytes + more_dragged,
        "count": ring.seen,
        "fingerprint": fingerprint_of(ring.form, ring.provenance),
        "length": ring.length,
    }
    if ring.provenance is not None or any(edge.ask is not None for edge in ring.edges):
        return Cycle(**known, **_explained(ring, alive, here))
    return Cycle.later((ring, alive, here), **known)


def cycles_of(
    rings: Iterable[_core.Ring], alive: bool = False, extra: Extra | None = None
) -> tuple[Cycle, ...]:
    """Explain the forms of rings that the core found. extra: bytes that sizers have told."""
    here, extra = working_folder(), extra or Extra()
    return merged(
        _cycle(ring, alive, here, extra.of_forms.get(form, 0), extra.of_kept.get(form, 0))
        for form, ring in enumerate(rings)
    )
