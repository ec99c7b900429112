"""Many processes in one record: what they told, summed up, and in how many of them it is."""

from __future__ import annotations

from gcscope.model.census import Census
from gcscope.model.growth import Growth
from gcscope.model.header import Header
from gcscope.model.record import Counts, Record
from gcscope.model.results import Report


class ProcessRow(Record):
    """One process of several."""

    process: Header | None
    """Which one; None where its file does not say, which then counts as one."""
    objects: int | None = None
    """How many objects it told of; None where it told what grows."""
    bytes: int | None = None
    """Bytes that those take."""


class Merged(Record):
    """What many processes told: reports, growths or censuses, put together. True if there is any.

    It has one of `report`, `growth` and `census`.
    """

    processes: tuple[ProcessRow, ...]
    """A row for each process, by host and pid."""
    report: Report | None
    """Their reports: objects and bytes summed up, and of each form the largest specimen of all,
    with the sum of the counts."""
    growth: Growth | None
    """What grows: each grower and type as in the process where it grows fastest."""
    census: Census | None
    """Their censuses, summed up row by row."""
    processes_with: Counts = Counts()
    """In how many processes each form of ring, or each grower, is: by its fingerprint."""
    notes: tuple[str, ...] = ()
    """What one must know to read it, besides the notes of what they told."""

    @property
    def headers(self) -> tuple[Header, ...]:
        """The processes that are known."""
        return tuple(row.process for row in self.processes if row.process is not None)

    @property
    def told(self) -> Report | Growth | Census:
        """What they told, put together."""
        if self.report is not None:
            return self.report
        if self.growth is not None:
            return self.growth
        assert self.census is not None
        return self.census

    def __bool__(self) -> bool:
        return bool(self.told)

    def _check(self) -> None:
        if [self.report, self.growth, self.census].count(None) != 2:
            raise ValueError("what is merged tells a report, a growth or a census: one of them")
        if not self.processes:
            raise ValueError("nothing is merged of no process")
