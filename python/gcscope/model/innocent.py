"""Rings that are nobody's fault, by their causes: one table, and in it a row for each.

The core tells their shapes (src/query/provenance.h). A report counts them in one line, and they
make no test and no `run --fail` fail.
"""

from __future__ import annotations

from gcscope.model.phrases import plural, size
from gcscope.model.results import Cycle, Report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

REPLACED = "a class was replaced by another of its name"
DELETED = "a class was deleted from its module, or is not in it yet"
OF_LIBRARY = "inner functions or classes of the standard library refer to themselves"

# What they are called in a line that counts them: one, several.
_PHRASES = {
    REPLACED: (
        "class that was replaced under its own name, as decorators, enum and dataclass(slots=True) "
        "do",
        "classes that were replaced under their own name, as decorators, enum and "
        "dataclass(slots=True) do",
    ),
    DELETED: ("class that its module deleted", "classes that their modules deleted"),
    OF_LIBRARY: (
        "ring of inner functions of the standard library",
        "rings of inner functions of the standard library",
    ),
}


def is_innocent(cycle: Cycle) -> bool:
    """Return whether a ring is nobody's fault: then its cause is known before it is explained."""
    return cycle.known("cause") in _PHRASES


def blamed(cycles: Iterable[Cycle]) -> tuple[Cycle, ...]:
    """Return the rings that are not innocent."""
    return tuple(cycle for cycle in cycles if not is_innocent(cycle))


def innocent_phrase(cycles: Iterable[Cycle]) -> str | None:
    """Write how many innocent rings there are, in one line; None where there is none."""
    innocent = [cycle for cycle in cycles if is_innocent(cycle)]
    if not innocent:
        return None
    objects, most = (max(map(of, innocent)) for of in (_held, _held_bytes))
    each = ", the largest of them" if sum(cycle.count for cycle in innocent) > 1 else ""
    return f"{_counts(innocent)}: {plural(objects, 'object')}, {size(most)}{each}"


def innocent_line(report: Report) -> str | None:
    """Write how many innocent rings a report has, in one line; None where it has none."""
    phrase = innocent_phrase(report.cycles)
    if phrase is not None and not blamed(report.cycles):  # then it is known what all of them hold
        found = f"{plural(report.objects, 'object')}, {size(report.bytes)}"
        phrase = f"{_counts(report.cycles)}: {found}"
    return None if phrase is None else f"not blamed: {phrase}"


def _counts(innocent: Iterable[Cycle]) -> str:
    found: dict[str | None, int] = {}
    for cycle in innocent:
        found[cycle.cause] = found.get(cycle.cause, 0) + cycle.count
    return ", ".join(
        f"{found[cause]:,} {one if found[cause] == 1 else several}"
        for cause, (one, several) in _PHRASES.items()
        if cause in found
    )


def _held(cycle: Cycle) -> int:
    return cycle.held


def _held_bytes(cycle: Cycle) -> int:
    return cycle.held_bytes
