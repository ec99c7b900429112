"""What would make the pauses of a program fewer or shorter: advice, where figures say so."""

from __future__ import annotations

from gcscope.model.innocent import blamed
from gcscope.model.phrases import link_title, plural, seconds_phrase, short_count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gcscope.model.pauses import PauseTotal
    from gcscope.model.results import Cycle

_LEAST_COLLECTIONS = 3  # full ones: fewer say little
_LEAST_SHARE = 0.01  # of the time that went by, in full collections
_LEAST_PAUSE = 0.010  # seconds of the longest full one; either is worth a line
_LEAST_FREED = 0.001  # of the objects that were examined: less is as good as nothing


def _examined_each(full: PauseTotal) -> float:
    return full.examined / full.examined_in


def _facts(full: PauseTotal) -> str:
    """Write what full collections did, and for how long."""
    each = f"{short_count(round(_examined_each(full)))} objects"
    each += " each" if full.collections > 1 else ""
    known = "" if full.examined_in == full.collections else f" (known of {full.examined_in:,})"
    freed = short_count(full.freed) + (" in all" if full.freed else "")
    took = f"{seconds_phrase(full.seconds)}, the longest {seconds_phrase(full.longest)}"
    return (
        f"{plural(full.collections, 'full collection')} examined {each}{known} and freed {freed}, "
        f"in {took}"
    )


def _of_program(full: PauseTotal) -> bool:
    """Whether most full collections are calls of gc.collect()."""
    return 2 * full.asked > full.collections


def _advice_for_nothing(full: PauseTotal, has_generations: bool) -> str:
    """Advise where full collections find nothing."""
    which = "third" if has_generations else "first"
    fewer = (
        f"fewer calls of gc.collect() ({full.asked:,} of them were calls)"
        if _of_program(full)
        else f"a higher {which} threshold (gc.set_threshold)"
    )
    return (
        f"{_facts(full)}: gc.freeze() after start-up, or {fewer}; price: a ring that is frozen and "
        "dropped later is never freed, and rings wait longer for a rarer collection"
    )


def _objects_on(cycle: Cycle, most: int = 4) -> str:
    """Write the objects on a ring in one line.

    Without references: those may have keys of dicts, which who keeps them back could not find in a
    text that was shortened.
    """
    shown = [link_title(link) for link in cycle.beginning[:most]]
    return " → ".join([*shown, "…" if cycle.length > len(shown) else shown[0]])


def _advice_for_rings(full: PauseTotal, cycle: Cycle) -> str:
    """Advise where full collections have rings to free: the ring, and its cut."""
    held = cycle.count * cycle.held
    seen = "once" if cycle.count == 1 else f"{cycle.count:,} times"
    cut = f"; cut it: {cycle.cut.advice}" if cycle.cut is not None else ""
    return (
        f"{_facts(full)}: most of what sampled ones found, {plural(held, 'object')}, hangs on the "
        f"ring {_objects_on(cycle)}, seen {seen}{cut}"
    )


def _is_worth_a_line(full: PauseTotal, elapsed: float) -> bool:
    share = full.seconds / elapsed if elapsed > 0 else 0.0
    return share >= _LEAST_SHARE or full.longest >= _LEAST_PAUSE


def _finds_rings(full: PauseTotal, cycles: tuple[Cycle, ...], sampled: int) -> bool:
    """Whether full collections have something to free.

    The collector does not count what a finalizer of a ring frees, such as suspended generators: a
    dry run has seen that.
    """
    found = sum(cycle.count * cycle.held for cycle in cycles) / max(sampled, 1)
    least = _LEAST_FREED * _examined_each(full)
    return max(found, full.freed / full.collections) >= least


def advice_of(
    totals: tuple[PauseTotal, ...], cycles: tuple[Cycle, ...], sampled: int, elapsed: float
) -> str | None:
    """Advise about full collections; None where figures say nothing.

    Where they free next to nothing: not to examine so much, or so often. Where rings are what they
    free: the ring of which most was found.
    """
    full = totals[-1]
    if full.examined_in == 0 or not _is_worth_a_line(full, elapsed):
        return None
    if _finds_rings(full, cycles, sampled):
        rings = blamed(cycles)
        return _advice_for_rings(full, rings[0]) if rings else None
    if full.collections < _LEAST_COLLECTIONS:
        return None
    return _advice_for_nothing(full, has_generations=len(totals) > 1)
