"""The small words of all texts: sizes, counts, and names that fit into a line."""

from __future__ import annotations

from gcscope.model.record import Counts
from gcscope.model.results import Cycle, Link


def times(count: int) -> str:
    """Write how often something happened."""
    return "once" if count == 1 else f"{count} times"


MOST_CHARACTERS = 100  # of a name or label
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


def with_article(noun: str) -> str:
    """Write a noun with a or an: an int, a list, an app.Node."""
    return f"{'an' if noun[:1].lower() in ('a', 'e', 'i', 'o', 'u') else 'a'} {noun}"


def counts_lines(counts: Counts, most: int = MOST_TYPES) -> list[str]:
    """Write counts as lines, the most frequent first; the rest of a long list in one line."""
    shown = list(counts.items())[:most]
    rest = list(counts.items())[most:]
    width = max((len(f"{n:,}") for _, n in shown), default=0)
    lines = [f"  {n:>{width},}  {shortened(name)}" for name, n in shown]
    if rest:
        objects = plural(sum(n for _, n in rest), "object")
        lines.append(f"  and {objects} of {plural(len(rest), 'other type')}")
    return lines


def counts_phrase(counts: Counts, most: int = 4) -> str:
    """Write counts in one line: 2 gcscope.Person, 2 list."""
    if not counts:
        return "nothing"
    shown = list(counts.items())[:most]
    rest = counts.total - sum(n for _, n in shown)
    return ", ".join(
        [f"{n:,} {shortened(name)}" for name, n in shown] + ([f"{rest:,} others"] if rest else [])
    )


def in_one_line(text: str) -> str:
    """Write what breaks lines, moves the cursor or cannot be encoded by its number."""
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text
    )


def shortened(text: str, most: int = MOST_CHARACTERS) -> str:
    """Leave the middle out of a text that is too long, and let it stand in one line."""
    line = in_one_line(text)
    return line if len(line) <= most else f"{line[: most // 2]}…{line[-(most // 2 - 1) :]}"


_SAYS_THE_KIND = frozenset(
    {"function", "method", "frame", "generator", "coroutine", "type", "module"}
)


def link_title(link: Link) -> str:
    """Write what a link is: its type and, where that says more, its name."""
    if link.name is None:
        return shortened(link.type)
    quoted = link.name if link.type in _SAYS_THE_KIND else repr(link.name)
    return shortened(f"{link.type} {quoted}")


def ring_line(cycle: Cycle, most: int = 4) -> str:
    """Write a ring in one line: app.Service .task → app.Task ._exception → ..."""
    parts = [f"{link_title(link)} {shortened(link.label)}" for link in cycle.ring[:most]]
    return " → ".join([*parts, "…" if len(cycle.ring) > most else link_title(cycle.ring[0])])


def table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    """Align a table: the first and the last column to the left, numbers to the right."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    last = len(header) - 1

    def cell(text: str, column: int) -> str:
        return f"{text:<{widths[column]}}" if column in (0, last) else f"{text:>{widths[column]}}"

    return [
        "   ".join(cell(text, i) for i, text in enumerate(row)).rstrip() for row in [header, *rows]
    ]
