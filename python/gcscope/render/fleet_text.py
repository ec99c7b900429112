"""What many processes told, as plain text."""

from __future__ import annotations

from gcscope.model.innocent import blamed
from gcscope.model.phrases import plural, shortened, size
from gcscope.render.census_text import aligned, census_text
from gcscope.render.cycle_text import MOST_CYCLES, cycle_text, forms_left_out
from gcscope.render.growth_text import growth_text
from gcscope.render.text import report_head_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gcscope.model.fleet import Merged, ProcessRow
    from gcscope.model.header import Header
    from gcscope.model.results import Cycle, Report

MOST_PROCESSES = 12


def merged_text(merged: Merged, is_all: bool = False) -> str:
    """Write how many processes there are, what they told, and how many of them have each of it.

    is_all: with every process, every form in full, every type and every row.
    """
    head, rings = _told_lines(merged, is_all)
    head[0] = f"{_who(merged)}: {head[0]}"
    return "\n".join([*head, *_note_lines(merged), *_process_lines(merged, is_all), *rings])


def processrow_text(row: ProcessRow) -> str:
    """Write one process, and how much it told."""
    if row.objects is None or row.bytes is None:
        return shortened(_name(row.process))
    return f"{shortened(_name(row.process))}: {plural(row.objects, 'object')}, {size(row.bytes)}"


def fleet_text(merged: Merged) -> str:
    """Write how many processes there are, which, and what one must know of them; all of them."""
    return "\n".join([_who(merged), *_note_lines(merged), *_process_lines(merged, is_all=True)])


def spread_phrase(merged: Merged, fingerprint: str) -> str:
    """Write how many of the processes have a form of ring, or a grower."""
    having = merged.processes_with.get(fingerprint, 0)
    return f"in {having:,} of {plural(len(merged.processes), 'process')}"


def _who(merged: Merged) -> str:
    hosts = len({header.host for header in merged.headers})
    processes = plural(len(merged.processes), "process")
    return f"{processes}, {plural(hosts, 'host')}" if hosts else processes


def _told_lines(merged: Merged, is_all: bool) -> tuple[list[str], list[str]]:
    """Write what the processes told: how much, and the rings, which come last."""
    if merged.census is not None:
        rows = [len(merged.census.rows)] if is_all else []
        *table_of_types, in_all = census_text(merged.census, *rows).splitlines()
        return [in_all, *table_of_types], []
    if merged.growth is not None:
        grown = growth_text(
            merged.growth, lambda grower: f"\n    {spread_phrase(merged, grower.fingerprint)}"
        )
        return grown.splitlines(), []
    assert merged.report is not None
    types = len(merged.report.types) if is_all else None
    return report_head_lines(merged.report, types), _rings(merged, merged.report, is_all)


def _rings(merged: Merged, report: Report, is_all: bool) -> list[str]:
    """Write each form, after an empty line, and how many processes have it."""
    cycles = report.cycles if is_all else blamed(report.cycles)
    most = len(cycles) if is_all else MOST_CYCLES
    lines = []
    for cycle in cycles[:most]:
        lines += ["", _ring(merged, report, cycle)]
    rest = cycles[most:]
    return [*lines, *(["", f"{forms_left_out(rest)} (--all shows them)"] if rest else [])]


def _ring(merged: Merged, report: Report, cycle: Cycle) -> str:
    having = spread_phrase(merged, cycle.fingerprint)
    return f"{cycle_text(cycle, report.alive)} · {having} · form {cycle.fingerprint}"


def _note_lines(merged: Merged) -> list[str]:
    # loaded with the record, and by no other
    from gcscope.model.header import other_versions

    versions = other_versions(merged.headers)
    nameless = len(merged.processes) - len(merged.headers)
    notes = [f"{versions}: forms may differ for that"] if versions is not None else []
    if nameless:
        files = plural(nameless, "file")
        notes.append(f"{files} without a header: each counts as a process of its own")
    return [f"note: {note}" for note in (*notes, *merged.notes)]


def _process_lines(merged: Merged, is_all: bool) -> list[str]:
    """Write the processes as a table, those that told most bytes first."""
    rows = sorted(merged.processes, key=lambda row: -(row.bytes or 0))
    most = len(rows) if is_all else MOST_PROCESSES
    cells = [
        (size(row.bytes), f"{row.objects:,}", _name(row.process))
        for row in rows[:most]
        if row.objects is not None and row.bytes is not None
    ]
    if not cells:
        return []
    more = [f"and {plural(len(rows) - most, 'more process')}"] if len(rows) > most else []
    return ["", *aligned([("bytes", "objects", "process"), *cells]), *more]


def _name(process: Header | None) -> str:
    if process is None:
        return "a process that is not known"
    return f"{process.argv0 or 'no program'}, pid {process.pid} on {process.host}"
