"""Two reports, compared by the forms of their rings: what is new, what is gone, what has grown."""

from __future__ import annotations

from gcscope.model.fleet import Merged
from gcscope.model.judgement import Judgement
from gcscope.model.merge import merged, summed
from gcscope.model.record import Counts, Record
from gcscope.model.results import Collection, Cycle, Report, Trial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class GrownForm(Record):
    """A form of ring that has grown: there are more of it, or more objects in one or kept by it."""

    before: Cycle
    """As the old report has it."""
    after: Cycle
    """As the new report has it."""


class Difference(Record):
    """What a new report has that an old one has not, form by form.

    True when any form is new or has grown.
    """

    new: tuple[Cycle, ...]
    """The forms of rings that only the new report has."""
    gone: tuple[Cycle, ...]
    """The forms of rings that only the old report has."""
    grown: tuple[GrownForm, ...]
    """The forms of which there are more rings, or whose largest has more objects in it or kept by
    it."""
    same: int
    """How many forms have the same figures in both."""
    shrunk: int
    """How many forms have become smaller."""
    alive: bool
    """Whether the rings are in use: those of `cycles`."""

    def __bool__(self) -> bool:
        return bool(self.new or self.grown)

    def as_report(self) -> Report:
        """Make a report of the forms that are new or have grown, for what draws reports."""
        cycles = (*self.new, *(growth.after for growth in self.grown))
        return Report(
            objects=sum(cycle.count * cycle.held for cycle in cycles),
            bytes=sum(cycle.count * cycle.held_bytes for cycle in cycles),
            types=Counts({}),
            cycles=cycles,
            alive=self.alive,
            notes=(),
        )


def report_within(record: Record) -> Report | None:
    """Return the report that a record is or has; None of a record that has none.

    That of a collection has what it freed, and its rings; that of a judgement the rings that count.
    """
    if isinstance(record, Report):
        return record
    if isinstance(record, (Trial, Merged)):
        return record.report
    if isinstance(record, Judgement):
        return summed(record.counting, record.notes)
    if isinstance(record, Collection):
        return Report(
            objects=record.objects,
            bytes=sum(cycle.count * cycle.held_bytes for cycle in record.cycles),
            types=record.types,
            cycles=record.cycles,
            alive=False,
            notes=record.notes,
        )
    return None


def _figures(cycle: Cycle) -> tuple[int, int, int]:
    return cycle.count, cycle.objects, cycle.dragged


def _grew(before: Cycle, after: Cycle) -> bool:
    return any(b < a for b, a in zip(_figures(before), _figures(after), strict=True))


def compare(old: Report, new: Report) -> Difference:
    """Compare the rings of two reports by fingerprint: those of one form are the same in every run.

    Raises ValueError if one report is of live rings and the other of unreachable ones.
    """
    if old.alive is not new.alive and old.cycles and new.cycles:
        raise ValueError(
            "one tells rings in use, the other unreachable ones: they have nothing in common"
        )
    before, after = (
        {cycle.fingerprint: cycle for cycle in merged(report.cycles)} for report in (old, new)
    )
    both = [(before[form], after[form]) for form in after if form in before]
    changed = [pair for pair in both if _figures(pair[0]) != _figures(pair[1])]
    grown = tuple(GrownForm(before=b, after=a) for b, a in changed if _grew(b, a))
    return Difference(
        alive=new.alive if new.cycles else old.alive,
        new=_missing(after, before.__contains__),
        gone=_missing(before, after.__contains__),
        grown=grown,
        same=len(both) - len(changed),
        shrunk=len(changed) - len(grown),
    )


def _missing(cycles: dict[str, Cycle], known: Callable[[str], bool]) -> tuple[Cycle, ...]:
    return tuple(cycle for form, cycle in cycles.items() if not known(form))
