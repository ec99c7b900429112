"""Rings as text: each object, each reference, the cause, the cut, and what it costs."""

from __future__ import annotations

from gcscope.model.phrases import in_one_line, link_title, plural, shortened, size
from gcscope.model.results import Cycle, Link

MOST_CYCLES = 20
MOST_LINKS = 24  # of a ring; a longer one is shown by its beginning and its end
MOST_ADVICE = 240
_LEAST_COLUMN, _MOST_COLUMN = 26, 56
WIDE = 118  # a line that would be longer has the advice below the ring
WIDE_OF_KINDS = 132  # with two kinds, their number and what that frees


def _frees_phrase(cycle: Cycle) -> str:
    """Write what a cut frees."""
    assert cycle.cut is not None
    frees, total = cycle.cut.frees, cycle.held
    if frees == 0:
        return "frees nothing yet: something else holds the ring"
    if frees == total:
        return f"frees all {total:,}"
    others = "; other rings run through it" if frees < cycle.objects else ""
    return f"frees only {frees:,} of {total:,}{others}"


def cut_phrase(cycle: Cycle) -> str:
    """Write what is to be done at the cut, and what it frees."""
    cut = cycle.cut
    assert cut is not None
    which = f": {plural(cut.references, 'reference')}" if cut.kinds else ""
    return f"{shortened(cut.advice, MOST_ADVICE)}{which} ({_frees_phrase(cycle)})"


def _cut_line(cycle: Cycle) -> str:
    """Write the cut in a line of its own."""
    return f"cut: {cut_phrase(cycle)}"


def _cut_lines(label: str, cycle: Cycle, column: int) -> tuple[str, list[str]]:
    """Mark a label as the cut, and write what does not fit beside it as lines below the ring."""
    assert cycle.cut is not None
    beside = f"{label:<{column}}  ◄ cut here: {cut_phrase(cycle)}"
    if len(beside) <= (WIDE_OF_KINDS if cycle.cut.kinds else WIDE):
        return beside, []
    return f"{label:<{column}}  ◄ cut here", [f"  {_cut_line(cycle)}"]


def _column(links: list[Link]) -> int:
    """Choose where the second column begins: files and lines, and the mark of the cut."""
    widths = [max(len(link_title(link)), len(link.label) + 2) for link in links]
    return 5 + min(max(_LEAST_COLUMN, *widths), _MOST_COLUMN)


def _link_lines(cycle: Cycle, place: int, column: int) -> tuple[list[str], list[str]]:
    link = cycle.ring[place]
    corner = "┌►" if place == 0 else "│ "
    first = f"  {corner} {link_title(link)}"
    label = f"  │    {shortened(link.label)}"
    if link.where is not None:
        first = f"{first:<{column}}  {in_one_line(link.where)}"
    below: list[str] = []
    if place == cut_place(cycle):
        label, below = _cut_lines(label, cycle, column)
    return [first, label], below


def cut_place(cycle: Cycle) -> int | None:
    """Find the first link at which the cut stands: equal links are equal cuts."""
    if cycle.cut is None or cycle.cut.link not in cycle.ring:
        return None
    return cycle.ring.index(cycle.cut.link)


def places_on_ring(cycle: Cycle, most: int) -> list[tuple[int, int]]:
    """Choose which links of a ring are shown: of one longer than most its ends and its cut.

    Returns the place of each in `ring`, after how many links are left out before it.
    """
    told = len(cycle.ring)
    shown = set(range(told))
    if told > most:
        shown = {*range(most // 2), *range(told - most // 2, told)}
        cut = cut_place(cycle)
        shown |= {cut} if cut is not None else set()
    places, expected, beginning = [], 0, len(cycle.beginning)
    for place in sorted(shown):
        on_whole_ring = place if place < beginning else place + cycle.length - told
        places.append((on_whole_ring - expected, place))
        expected = on_whole_ring + 1
    return places


def left_out(count: int) -> str:
    """Write how many objects of a ring are not shown at a place."""
    return f"… {plural(count, 'more object')} on the ring …"


def cycle_head(cycle: Cycle) -> str:
    """Write how large a cycle is: its bytes are those of all the objects that are told."""
    dragged = f" and {cycle.dragged:,} kept by it" if cycle.dragged else ""
    return f"1 cycle: {plural(cycle.objects, 'object')} in it{dragged}, {size(cycle.held_bytes)}"


def no_cut_phrase(cycle: Cycle) -> str:
    """Write that there is no cut, and what helps all the same."""
    hint = f": {shortened(cycle.advice, MOST_ADVICE)}" if cycle.advice is not None else ""
    return f"no single reference that a program may change frees any of it{hint}"


def cycle_foot(cycle: Cycle, alive: bool = False) -> str:
    """Write how often a form of cycle was seen, and who can free it."""
    seen = f"seen {plural(cycle.count, 'time')}" if cycle.count > 1 else "seen once"
    return f"{seen} · {'in use' if alive else 'only the collector can free it'}"


def cycle_text(cycle: Cycle, alive: bool = False, most: int = MOST_LINKS) -> str:
    """Write a form of ring: each object and reference, the cause, the cut, and what it costs.

    most: how many links are written; of a longer ring those at its ends, and the cut.
    """
    head = cycle_head(cycle)
    lines = [f"{head}      cause: {cycle.cause}" if cycle.cause is not None else head]
    shown = places_on_ring(cycle, most)
    column = _column([cycle.ring[place] for _, place in shown])
    below: list[str] = []
    for gap, place in shown:
        if gap:
            lines.append(f"  │  {left_out(gap)}")
        drawn, advice = _link_lines(cycle, place, column)
        lines += drawn
        below += advice
    lines += ["  └────┘", *below]
    if cycle.cut is None:
        lines.append(f"  {no_cut_phrase(cycle)}")
    elif cut_place(cycle) is None:
        lines.append(f"  {_cut_line(cycle)}")
    lines.append(f"  {cycle_foot(cycle, alive)}")
    return "\n".join(lines)


def forms_left_out(cycles: tuple[Cycle, ...]) -> str:
    """Write how many forms of cycles are not shown."""
    seen = sum(cycle.count for cycle in cycles)
    return f"and {plural(len(cycles), 'more form')} of cycles, seen {seen:,} times"


def cycles_lines(
    cycles: tuple[Cycle, ...], alive: bool = False, most: int = MOST_CYCLES
) -> list[str]:
    """Write the first cycles, each after an empty line, and how many there are besides."""
    lines = [
        line for cycle in cycles[:most] for line in ("", *cycle_text(cycle, alive).splitlines())
    ]
    if len(cycles) > most:
        lines += ["", forms_left_out(cycles[most:])]
    return lines
