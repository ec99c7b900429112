"""How long collections stopped a program, as plain text."""

from __future__ import annotations

from gcscope.model.innocent import blamed, innocent_phrase
from gcscope.model.pauses import FULL
from gcscope.model.phrases import in_one_line, plural, seconds_phrase, table
from gcscope.render.cycle_text import cycles_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gcscope.model.pauses import Pause, Pauses, PauseTotal

_MOST_CYCLES = 5
_GENERATIONS = ("0, young", "1", "2, full")


def pause_text(pause: Pause) -> str:
    """Write one collection as a line."""
    looked = f"examined {pause.examined:,}, " if pause.examined is not None else ""
    name = "full" if pause.generation == FULL else f"generation {pause.generation}"
    asked = ", asked for by gc.collect()" if pause.asked else ""
    return (
        f"after {pause.began:.3f} s: {name}, {seconds_phrase(pause.seconds)}, {looked}freed "
        f"{pause.freed:,}{asked}"
    )


def _examined(total: PauseTotal) -> str:
    """Write how many objects a collection looked at, on average; - where that is not known."""
    return f"{round(total.examined / total.examined_in):,}" if total.examined_in else "-"


def _row(total: PauseTotal) -> tuple[str, ...]:
    return (
        _GENERATIONS[total.generation],
        f"{total.collections:,}",
        f"{total.asked:,}",
        _examined(total),
        f"{total.freed:,}",
        seconds_phrase(total.seconds),
        seconds_phrase(total.longest),
    )


_COLUMNS = ("generation", "times", "asked", "examined each", "freed", "in all", "longest")


def pausetotal_text(total: PauseTotal) -> str:
    """Write all collections of one generation as a table of one row."""
    return "\n".join(table(_COLUMNS, [_row(total)]))


def _head(pauses: Pauses) -> str:
    """Write how long the program stood still, in one line."""
    elapsed = seconds_phrase(pauses.elapsed)
    if not pauses:
        return f"no collection in {elapsed}"
    count = sum(total.collections for total in pauses.totals)
    share = f" ({pauses.seconds / pauses.elapsed:.1%})" if pauses.elapsed > 0 else ""
    stopped = f"stopped the program for {seconds_phrase(pauses.seconds)} of {elapsed}{share}"
    return f"{plural(count, 'collection')} {stopped}"


def _ring_lines(pauses: Pauses) -> list[str]:
    """Write what dry runs found that full collections were about to find."""
    if not pauses.sampled:
        return []
    took = f"{seconds_phrase(pauses.sampling)} besides"
    if not pauses.cycles:
        sampled = f"{plural(pauses.sampled, 'full collection')}, sampled ({took})"
        return ["", f"no cycles in {sampled}"]
    lines = ["", f"cycles in {plural(pauses.sampled, 'full collection')}, sampled ({took}):"]
    lines += cycles_lines(blamed(pauses.cycles), most=_MOST_CYCLES)
    phrase = innocent_phrase(pauses.cycles)
    return [*lines, *([] if phrase is None else ["", f"not blamed: {phrase}"])]


def _advice_lines(advice: str | None) -> list[str]:
    """Write the figures, what to do, and its price, each in a line."""
    if advice is None:
        return []
    facts, _, what = in_one_line(advice).partition(": ")
    lines = ["", f"advice: {facts}"]
    for word in ("cut it", "price"):
        before, found, after = what.partition(f"; {word}: ")
        if found:
            lines.append(f"  {before}")
            what = f"{word}: {after}"
    return [*lines, f"  {what}"] if what else lines


def pauses_text(pauses: Pauses) -> str:
    """Write how long the program stood still, a row for each generation, rings, and advice."""
    lines = [_head(pauses)]
    if pauses:
        lines += [f"  {line}" for line in table(_COLUMNS, [_row(t) for t in pauses.totals])]
    lines += _ring_lines(pauses)
    lines += _advice_lines(pauses.advice)
    return "\n".join([*lines, *(f"note: {note}" for note in pauses.notes)])
