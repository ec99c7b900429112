"""Rings as text: each object, each reference, the cause, the cut, and what it costs."""

from __future__ import annotations

from gcscope.render.words import in_one_line, plural, shortened, size
from gcscope.report import Cycle, Link

MOST_CYCLES = 20
MOST_LINKS = 24  # of a ring; a longer one is shown by its beginning and its end
MOST_ADVICE = 240
_LEAST_COLUMN, _MOST_COLUMN = 26, 56

_SAYS_THE_KIND = frozenset({"function", "method", "frame", "generator", "coroutine", "type", "module"})


def link_title(link: Link) -> str:
    """Write what a link is: its type and, where that tells more, its name."""
    if link.name is None:
        return shortened(link.type)
    quoted = link.name if link.type in _SAYS_THE_KIND else repr(link.name)
    return shortened(f"{link.type} {quoted}")


WIDE = 118  # a line that would be longer has the advice below the ring


def _frees_phrase(cycle: Cycle) -> str:
    """Write what a cut frees."""
    assert cycle.cut is not None
    frees, total = cycle.cut.frees, cycle.objects + cycle.dragged
    if frees == 0:
        return "frees nothing yet: something else holds the ring"
    return f"frees all {total:,}" if frees == total else f"frees only {frees:,} of {total:,}"


def _cut_phrase(cycle: Cycle) -> str:
    """Write what is to be done at the cut, and what it frees."""
    assert cycle.cut is not None
    return f"{shortened(cycle.cut.advice, MOST_ADVICE)} ({_frees_phrase(cycle)})"


def _cut_lines(label: str, cycle: Cycle, column: int) -> tuple[str, list[str]]:
    """Mark a label as the cut; and the lines below the ring for advice that does not fit beside it."""
    beside = f"{label:<{column}}  ◄ cut here: {_cut_phrase(cycle)}"
    if len(beside) <= WIDE:
        return beside, []
    return f"{label:<{column}}  ◄ cut here", [f"  cut: {_cut_phrase(cycle)}"]


def _column(cycle: Cycle, shown: list[int | None]) -> int:
    """Choose where the second column begins: files and lines, and the mark of the cut."""
    widths = [max(len(link_title(cycle.ring[i])), len(cycle.ring[i].label) + 2) for i in shown if i is not None]
    return 5 + min(max(_LEAST_COLUMN, *widths), _MOST_COLUMN)


def _link_lines(cycle: Cycle, place: int, column: int) -> tuple[list[str], list[str]]:
    link = cycle.ring[place]
    corner = "┌►" if place == 0 else "│ "
    first = f"  {corner} {link_title(link)}"
    label = f"  │    {shortened(link.label)}"
    if link.where is not None:
        first = f"{first:<{column}}  {in_one_line(link.where)}"
    below: list[str] = []
    if cycle.cut is not None and cycle.cut.link == link and place == _cut_place(cycle):
        label, below = _cut_lines(label, cycle, column)
    return [first, label], below


def _cut_place(cycle: Cycle) -> int:
    """Tell the first link at which the cut stands: equal links are equal cuts."""
    assert cycle.cut is not None
    return cycle.ring.index(cycle.cut.link)


def _shown_links(cycle: Cycle) -> list[int | None]:
    """Choose the places of the ring that are shown; None stands for those that are left out."""
    length = len(cycle.ring)
    if length <= MOST_LINKS:
        return list(range(length))
    half = MOST_LINKS // 2
    shown: list[int | None] = [*range(half), None, *range(length - half, length)]
    if cycle.cut is not None and _cut_place(cycle) not in shown:
        shown[half : half + 1] = [None, _cut_place(cycle), None]
    return shown


def cycle_text(cycle: Cycle, alive: bool = False) -> str:
    """Write one form of ring: each object, each reference, the cause, the cut, and what it costs."""
    dragged = f", {cycle.dragged:,} more kept by it" if cycle.dragged else ""
    head = f"1 cycle: {plural(cycle.objects, 'object')} in it{dragged}, {size(cycle.bytes)}"
    lines = [f"{head}      cause: {cycle.cause}" if cycle.cause is not None else head]
    before = -1
    shown = _shown_links(cycle)
    column = _column(cycle, shown)
    below: list[str] = []
    for at, place in enumerate(shown):
        if place is None:
            following = shown[at + 1]
            left_out = (following if following is not None else before + 1) - before - 1
            lines.append(f"  │  … {plural(left_out, 'more object')} on the ring …")
        else:
            drawn, advice = _link_lines(cycle, place, column)
            lines += drawn
            below += advice
            before = place
    lines += ["  └────┘", *below]
    seen = f"seen {plural(cycle.count, 'time')}" if cycle.count > 1 else "seen once"
    if cycle.cut is None:
        hint = f": {shortened(cycle.advice, MOST_ADVICE)}" if cycle.advice is not None else ""
        lines.append(f"  no single reference that a program may change frees any of it{hint}")
    lines.append(f"  {seen} · {'in use' if alive else 'only the collector can free it'}")
    return "\n".join(lines)


def cycles_lines(cycles: tuple[Cycle, ...], alive: bool = False, most: int = MOST_CYCLES) -> list[str]:
    """Write the first cycles of a report, each with an empty line before it, and how many there are besides."""
    lines = [line for cycle in cycles[:most] for line in ("", *cycle_text(cycle, alive).splitlines())]
    if len(cycles) > most:
        rest = cycles[most:]
        lines += ["", f"and {plural(len(rest), 'more form')} of cycles, seen {sum(c.count for c in rest):,} times"]
    return lines


def ring_line(cycle: Cycle, most: int = 4) -> str:
    """Write a ring in one line: app.Service .task → app.Task ._exception → ..."""
    parts = [f"{link_title(link)} {shortened(link.label)}" for link in cycle.ring[:most]]
    return " → ".join([*parts, "…" if len(cycle.ring) > most else link_title(cycle.ring[0])])
