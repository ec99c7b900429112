"""Cycles of one form put together, and reports added up."""

from __future__ import annotations

from gcscope.model.record import changed, sum_counts
from gcscope.model.results import Cycle, Report, Waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


NOTHING = Report(objects=0, bytes=0, types=sum_counts(), cycles=(), alive=False, notes=())


def joined(*reports: Report) -> Report:
    """Add up what looks at different objects have found; notes that are the same stand once."""
    return Report(
        objects=sum(report.objects for report in reports),
        bytes=sum(report.bytes for report in reports),
        types=sum_counts(*(report.types for report in reports)),
        cycles=merged(cycle for report in reports for cycle in report.cycles),
        alive=any(report.alive for report in reports),
        notes=tuple(dict.fromkeys(note for report in reports for note in report.notes)),
        waiting=_added(waiting for report in reports for waiting in report.waiting),
        running=tuple(dict.fromkeys(link for report in reports for link in report.running)),
    )


def _added(waiting: Iterable[Waiting]) -> tuple[Waiting, ...]:
    """Add up what waits for the same."""
    found: dict[str, Waiting] = {}
    for more in waiting:
        known = found.get(more.why)
        found[more.why] = (
            more
            if known is None
            else Waiting(
                why=more.why,
                types=sum_counts(known.types, more.types),
                kept=known.kept + more.kept,
            )
        )
    return tuple(found.values())


def summed(cycles: Iterable[Cycle], notes: tuple[str, ...] = ()) -> Report:
    """Make a report of some rings alone, by the largest of each form; it has no types."""
    found = tuple(cycles)
    return Report(
        objects=sum(cycle.count * cycle.held for cycle in found),
        bytes=sum(cycle.count * cycle.held_bytes for cycle in found),
        types=sum_counts(),
        cycles=found,
        alive=False,
        notes=notes,
    )


def _merged(one: Cycle, other: Cycle) -> Cycle:
    """Of two cycles of the same form the larger, with the count of both."""
    larger = max(
        one,
        other,
        key=lambda cycle: (cycle.objects, cycle.dragged, cycle.bytes, cycle.dragged_bytes),
    )
    return changed(larger, count=one.count + other.count)


def merged(cycles: Iterable[Cycle]) -> tuple[Cycle, ...]:
    """Put cycles of one form together; those that hold most objects come first."""
    found: dict[str, Cycle] = {}
    for cycle in cycles:
        earlier = found.get(cycle.fingerprint)
        found[cycle.fingerprint] = cycle if earlier is None else _merged(earlier, cycle)
    return tuple(sorted(found.values(), key=lambda c: (-c.count * c.held, c.fingerprint)))
