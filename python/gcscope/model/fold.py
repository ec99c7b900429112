"""Files of many processes, folded into one record."""

from __future__ import annotations

from gcscope.model.census import Census, census_of
from gcscope.model.diff import report_within
from gcscope.model.fleet import Merged, ProcessRow
from gcscope.model.growth import Grower, GrownType, Growth
from gcscope.model.merge import joined
from gcscope.model.phrases import plural
from gcscope.model.record import changed, sum_counts
from gcscope.model.results import Report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gcscope.model.header import Header
    from gcscope.model.record import Record

    File = tuple[str, Record, Header | None]  # its name first, which errors tell


class _Part:
    """What one file tells."""

    __slots__ = ("merged", "name", "told")

    def __init__(self, name: str, merged: Merged) -> None:
        self.name = name
        self.merged = merged
        self.told = merged.told

    @property
    def identities(self) -> frozenset[object]:
        """The processes that it tells of, those that are known."""
        return frozenset(header.identity for header in self.merged.headers)

    @property
    def when(self) -> str:
        """When the latest of them told it."""
        return max((header.when for header in self.merged.headers), default="")


def fold(files: Iterable[File]) -> tuple[Merged | None, tuple[str, ...]]:
    """Put together what files tell, and say in a line for each which had to be left out, and why.

    None where nothing is left. Two files are of one process where host, pid and start are the same:
    the later one counts, and of a process that a merged file has, that one. A file that does not
    say of which process it is counts as one.
    """
    parts, left_out = [], []
    sort = ""
    for name, record, header in files:
        try:
            part = _Part(name, _as_merged(record, header))
            sort = _same_sort(sort, part.told)
            parts.append(part)
        except ValueError as error:
            left_out.append(f"{name!r} is left out: {error}")
    parts, repeated, overlapping = _each_process_once(parts)
    left_out += overlapping
    return (_together(parts, repeated) if parts else None), tuple(left_out)


def _as_merged(record: Record, header: Header | None) -> Merged:
    """Make of what one process told what is merged of it alone."""
    if isinstance(record, Merged):
        return record
    told = report_within(record)
    if told is not None:
        row = ProcessRow(process=header, objects=told.objects, bytes=told.bytes)
        forms = dict.fromkeys((cycle.fingerprint for cycle in told.cycles), 1)
        return _merged_of(row, told, forms)
    if isinstance(record, Growth) and not record.compared:
        growers = dict.fromkeys((grower.fingerprint for grower in record.growers), 1)
        row = ProcessRow(process=header)
        return _merged_of(row, record, growers)
    if isinstance(record, Census) and not record.compared:
        row = ProcessRow(process=header, objects=record.objects, bytes=record.bytes)
        return _merged_of(row, record, {})
    kind = type(record).__name__.lower()
    if isinstance(record, (Growth, Census)):
        raise ValueError(f"it is the difference of two records of kind {kind!r}")
    raise ValueError(
        f"it is of kind {kind!r}; merge takes reports, collections and trials, growths, censuses, "
        "and what it has merged"
    )


def _merged_of(row: ProcessRow, told: Report | Growth | Census, having: dict[str, int]) -> Merged:
    return Merged(
        processes=(row,),
        report=told if isinstance(told, Report) else None,
        growth=told if isinstance(told, Growth) else None,
        census=told if isinstance(told, Census) else None,
        processes_with=sum_counts(having),
    )


def _same_sort(before: str, told: Report | Growth | Census) -> str:
    """Return of which sort all files are, "" where that is not known yet.

    Raises ValueError where what this one tells is of another.
    """
    sort = _sort(told)
    if before and sort and sort != before:
        raise ValueError(f"it tells {sort}, and those before it {before}: merge these apart")
    return before or sort


def _sort(told: Report | Growth | Census) -> str:
    if isinstance(told, Report):
        empty = not (told.objects or told.cycles)
        return "" if empty else "rings in use" if told.alive else "what is unreachable"
    if isinstance(told, Growth):
        return f"what grows with each {'call' if told.times else 'round'}"
    return f"a census by {told.by}"


def _each_process_once(
    parts: Sequence[_Part],
) -> tuple[list[_Part], int, list[str]]:
    """Leave out what tells of a process that another part tells of.

    Returns what is left, how many were left out for that, and a line for each that cannot be parted
    from another.
    """
    kept, repeated, lines = [], 0, []
    known: set[object] = set()
    # those of most processes first; of single ones the latest
    for part in sorted(parts, key=lambda p: (len(p.merged.processes), p.when), reverse=True):
        its = part.identities
        if its and its <= known:
            repeated += 1
        elif its & known:
            lines.append(
                f"{part.name!r} is left out: it has some processes that another merged file has, "
                "and some that it has not; merge the files of the processes anew"
            )
        else:
            kept.append(part)
            known |= its
    return kept, repeated, lines


# ------------------------------------------------------------------------- put together


def _order(row: ProcessRow) -> tuple[str, int, int]:
    if row.process is None:
        return "", 0, 0
    host, pid, started = row.process.identity
    return host, pid, started or 0


def _together(parts: list[_Part], repeated: int) -> Merged:
    parts.sort(key=lambda part: _order(part.merged.processes[0]))
    notes = dict.fromkeys(note for part in parts for note in part.merged.notes)
    if repeated:
        files = plural(repeated, "file")
        notes[f"{files} left out, of processes of which another tells: the latest counts"] = None
    told = [part.told for part in parts]
    return Merged(
        processes=tuple(sorted((row for p in parts for row in p.merged.processes), key=_order)),
        report=_reports([t for t in told if isinstance(t, Report)]),
        growth=_growths([t for t in told if isinstance(t, Growth)]),
        census=_censuses([t for t in told if isinstance(t, Census)]),
        processes_with=sum_counts(*(part.merged.processes_with for part in parts)),
        notes=tuple(notes),
    )


def _reports(reports: list[Report]) -> Report | None:
    return joined(*reports) if reports else None


def _growths(growths: list[Growth]) -> Growth | None:
    if not growths:
        return None
    growers: dict[str, Grower] = {}
    types: dict[str, GrownType] = {}
    for growth in growths:
        for grower in growth.growers:
            other = growers.get(grower.fingerprint, grower)
            growers[grower.fingerprint] = max(other, grower, key=lambda g: g.per_call)
        for grown in growth.grown_types:
            same = types.get(grown.type, grown)
            types[grown.type] = max(same, grown, key=lambda g: g.per_call)
    rounds = dict.fromkeys((growth.times, growth.rounds) for growth in growths)
    notes = dict.fromkeys(note for growth in growths for note in growth.notes)
    if len(rounds) > 1:
        notes["not all processes were asked for as many rounds: the fewest are told"] = None
    return changed(
        growths[0],
        growers=tuple(
            sorted(growers.values(), key=lambda g: (-(g.bytes_per_call or 0), g.fingerprint))
        ),
        grown_types=tuple(sorted(types.values(), key=lambda g: (-g.per_call, g.type))),
        times=min(growth.times for growth in growths),
        rounds=min(growth.rounds for growth in growths),
        notes=tuple(notes),
    )


def _censuses(censuses: list[Census]) -> Census | None:
    if not censuses:
        return None
    known = [census.anonymous for census in censuses if census.anonymous is not None]
    return census_of(
        [(row.type, row.objects, row.bytes) for census in censuses for row in census.rows],
        anonymous=sum(known) if len(known) == len(censuses) else None,
        by=censuses[0].by,
    )
