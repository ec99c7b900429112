"""Reports as the command `show` lists them: with fingerprints, by which one form can be asked for.

A report has some forms in full, a row of a table for each of the rest, and a line for those that
would make the table too long. With all of them in full, nothing is left out but ends of long names.
"""

from __future__ import annotations

from gcscope.model.phrases import counts_lines, ring_line, shortened, size, table
from gcscope.model.results import Cycle, Report
from gcscope.render.cycle_text import MOST_CYCLES, cycle_text, forms_left_out
from gcscope.render.text import report_head_lines

MOST_LISTED = 80  # rows of the table


def form_text(cycle: Cycle, alive: bool) -> str:
    """Write a form in full: the whole ring, and what is in the component."""
    ring = cycle_text(cycle, alive, len(cycle.ring))
    types = counts_lines(cycle.types, len(cycle.types))
    return "\n".join([f"{ring} · form {cycle.fingerprint}", "", "in it:", *types])


def _row(cycle: Cycle) -> tuple[str, ...]:
    figures = (f"{cycle.count:,}", f"{cycle.held:,}", size(cycle.held_bytes))
    return (cycle.fingerprint, *figures, shortened(ring_line(cycle, 2)))


def _rest_lines(cycles: tuple[Cycle, ...]) -> list[str]:
    """Write forms that are not shown in full as a table."""
    rows = table(("form", "seen", "objects", "size", "ring"), [*map(_row, cycles[:MOST_LISTED])])
    rest = cycles[MOST_LISTED:]
    return [
        f"{forms_left_out(cycles)} (--all shows them, --form FINGERPRINT one):",
        *(f"  {row}" for row in rows),
        *([f"  {forms_left_out(rest)}"] if rest else []),
    ]


def forms_text(report: Report, is_all: bool) -> str:
    """Write the forms of a report, each after an empty line; the rest as a table."""
    most = len(report.cycles) if is_all else MOST_CYCLES
    lines = []
    for cycle in report.cycles[:most]:
        lines += ["", f"{cycle_text(cycle, report.alive)} · form {cycle.fingerprint}"]
    rest = report.cycles[most:]
    return "\n".join([*lines, *(["", *_rest_lines(rest)] if rest else [])])


def listed(report: Report, is_all: bool) -> str:
    """Write a report with its forms; is_all: with every form in full, and every type."""
    head = report_head_lines(report, len(report.types) if is_all else None)
    return "\n".join([*head, *([forms_text(report, is_all)] if report and report.cycles else [])])
