"""From what the core tells of a ring to what a person reads.

The core tells each form of ring once, as strings and numbers: every object on it and every
reference. In `steps` the plain containers on the way are folded into labels; here the ring is
turned to begin where a user recognises it; `patterns` names a known one; and of all the cuts that
the core has tried `cut` chooses the one that frees most for the least change.
"""

from __future__ import annotations

from gcscope.explain.cut import advice_without_cut, cut_of
from gcscope.explain.hops import Edge, Node, Step, smallest_rotation, steps_of_ring, turned
from gcscope.explain.patterns import pattern_of
from gcscope.model.merge import merged
from gcscope.model.record import sum_counts
from gcscope.model.results import Cycle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


# Neither hashlib nor re: importing them leaves cyclic trash of their own in the program under
# study.
try:
    from _sha2 import sha256  # type: ignore[import-not-found, unused-ignore]
except ImportError:
    try:
        from _sha256 import sha256  # type: ignore[import-not-found, no-redef, unused-ignore]
    except ImportError:  # built without its own implementation
        from hashlib import sha256


def _fingerprint(steps: list[Step]) -> str:
    """Hash the canonical rotation of a ring."""
    text = "\n".join(f"{type_name}\t{label}" for type_name, label in (step.pair for step in steps))
    digest: str = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return digest[:16]


def _cycle(story: tuple[Any, ...], alive: bool) -> Cycle:
    """Explain one form of ring."""
    (
        count,
        objects,
        dragged,
        size,
        dragged_size,
        _exact,
        types,
        told_nodes,
        counts,
        told_edges,
        clearings,
        held,
    ) = story
    nodes = [Node(*told) for told in zip(told_nodes, clearings, counts, strict=True)]
    steps = steps_of_ring(nodes, [Edge(told) for told in told_edges])
    fingerprint = _fingerprint(turned(steps, smallest_rotation([step.pair for step in steps])))
    steps = turned(steps, smallest_rotation([step.details for step in steps]))
    steps = turned(steps, min(range(len(steps)), key=lambda i: (steps[i].node.beginning, i)))
    pattern = pattern_of(steps, alive)
    cut = cut_of(steps, pattern, alive or held)
    return Cycle(
        ring=tuple(step.link() for step in steps),
        objects=objects,
        dragged=dragged,
        bytes=size,
        dragged_bytes=dragged_size,
        types=sum_counts(*types),
        cause=pattern.text,
        cut=cut,
        advice=cut.advice if cut is not None else advice_without_cut(steps, pattern),
        count=count,
        fingerprint=fingerprint,
    )


def cycles_of(stories: list[tuple[Any, ...]], alive: bool = False) -> tuple[Cycle, ...]:
    """Explain what the core tells."""
    return merged(_cycle(story, alive) for story in stories)
