"""Reports as plain text: no addresses, the same for the same report."""

from __future__ import annotations

from gcscope.report import Arithmetic, Collection, Counts, Event, Report, Trial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gcscope.runner import Outcome

MOST_TYPES = 12


def size(count: int) -> str:
    """Write a number of bytes as a person would: 432 bytes, 3.1 kB, 12.4 MB."""
    if count < 1000:
        return f"{count} bytes"
    value, unit = count / 1000, "kB"
    for larger in ("MB", "GB"):
        if value < 999.95:
            break
        value, unit = value / 1000, larger
    return f"{value:.1f} {unit}"


def plural(count: int, noun: str) -> str:
    """Write a count with its noun: 1 object, 1,204 objects."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def counts_lines(counts: Counts, most: int = MOST_TYPES) -> list[str]:
    """Write counts as lines, the most frequent first; the rest of a long list in one line."""
    shown = list(counts.items())[:most]
    rest = list(counts.items())[most:]
    width = max((len(f"{n:,}") for _, n in shown), default=0)
    lines = [f"  {n:>{width},}  {name}" for name, n in shown]
    if rest:
        lines.append(f"  and {plural(sum(n for _, n in rest), 'object')} of {plural(len(rest), 'other type')}")
    return lines


def counts_phrase(counts: Counts, most: int = 4) -> str:
    """Write counts in one line: 2 gcscope.Person, 2 list."""
    if not counts:
        return "nothing"
    shown = list(counts.items())[:most]
    rest = counts.total - sum(n for _, n in shown)
    return ", ".join([f"{n:,} {name}" for name, n in shown] + ([f"{rest:,} others"] if rest else []))


def _note_lines(notes: tuple[str, ...]) -> list[str]:
    return [f"note: {note}" for note in notes]


def report_text(report: Report) -> str:
    """Write a report of unreachable objects."""
    if not report:
        return "\n".join(["nothing is unreachable: the collector has nothing to do", *_note_lines(report.notes)])
    head = f"{plural(report.objects, 'unreachable object')}, {size(report.bytes)}; only the collector can free"
    lines = [f"{head} {'it' if report.objects == 1 else 'them'}"]
    return "\n".join([*lines, *counts_lines(report.types), *_note_lines(report.notes)])


def collection_text(collection: Collection) -> str:
    """Write what a collection did, and the fates of instrumented objects by kind."""
    lines = [f"the collector freed {plural(collection.objects, 'object')}", *counts_lines(collection.types)]
    fates: dict[str, int] = {}
    for fate in collection.fates:
        fates[fate.fate] = fates.get(fate.fate, 0) + 1
    if fates:
        lines.append("instrumented objects: " + ", ".join(f"{n:,} {fate}" for fate, n in Counts(fates).items()))
    if collection.resurrected:
        lines.append(f"resurrected by a finalizer: {counts_phrase(collection.resurrected)}")
    if collection.uncollectable:
        lines.append(f"uncollectable, now in gc.garbage: {counts_phrase(collection.uncollectable)}")
    return "\n".join([*lines, *_note_lines(collection.notes)])


def trial_text(trial: Trial) -> str:
    """Write what freed the objects of a call."""
    rows = [
        ("freed by reference counting", trial.refcount),
        ("freed by the collector", trial.collector),
        ("survived", trial.survived),
        ("resurrected", trial.resurrected),
        ("uncollectable", trial.uncollectable),
    ]
    width = max(len(label) for label, _ in rows)
    lines = [f"{label:<{width}}  {counts_phrase(counts)}" for label, counts in rows]
    return "\n".join([*lines, *_note_lines(trial.notes)])


def event_text(event: Event) -> str:
    """Write one event of the journal as a line."""
    who = event.type if event.name is None else f"{event.type} {event.name!r}"
    how = f" by {event.freed_by}" if event.freed_by is not None else f", refcount {event.refcount}"
    return f"#{event.serial} {who}: {event.what}{how}"


def table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    """Align a table: the first and the last column to the left, numbers to the right."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    last = len(header) - 1

    def cell(text: str, column: int) -> str:
        return f"{text:<{widths[column]}}" if column in (0, last) else f"{text:>{widths[column]}}"

    return ["   ".join(cell(text, i) for i, text in enumerate(row)).rstrip() for row in [header, *rows]]


def arithmetic_text(arithmetic: Arithmetic) -> str:
    """Write the collector's arithmetic as a table."""
    rows: list[tuple[str, ...]] = [
        (
            row.label,
            f"{row.refcount:,}",
            f"{row.inside:,}",
            f"{row.left:,}",
            "reachable" if row.reachable else "unreachable",
        )
        for row in arithmetic.rows
    ]
    return "\n".join(table(("object", "refcount", "from inside", "left", "verdict"), rows))


def outcome_text(outcome: Outcome) -> str:
    """Write what a program left for the collector, each line with gcscope's name before it."""
    left = outcome.left
    if left:
        lines = [
            f"at its end the program had left {plural(left.objects, 'object')} ({size(left.bytes)}) to the collector"
        ]
        lines += counts_lines(left.types)
    else:
        lines = ["at its end the program had left nothing to the collector"]
    if outcome.collected:
        found = plural(outcome.collected.total, "object")
        lines.append(f"while it ran, {plural(outcome.collections, 'collection')} found {found}")
        lines += counts_lines(outcome.collected)
    if outcome.lives:
        freed = [f"{n:,} freed by {event}" for event, n in outcome.lives.items() if event != "created"]
        created = outcome.lives.get("created", 0)
        lines.append(", ".join([f"instrumented objects: {created:,} created", *freed, f"{outcome.alive:,} in use"]))
    return "\n".join(f"gcscope: {line}" for line in [*lines, *_note_lines(left.notes + outcome.notes)])
