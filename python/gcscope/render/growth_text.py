"""What grew, as plain text."""

from __future__ import annotations

from gcscope.model.phrases import in_one_line, plural, shortened, size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from gcscope.model.growth import Grower, GrownType, Growth

_HOW_TO_LEARN = "`python -X tracemalloc` tells where the newest entry was made"


def _number(count: float) -> str:
    """Write a number with a fraction, if it has one."""
    if count == int(count):
        return f"{int(count):,}"
    return f"{count:,.2f}".rstrip("0").rstrip(".") if count >= 0.01 else f"{count:.1g}"


def unit_of(times: int) -> str:
    """Write what figures are for: a call, or a round of live traffic."""
    return "call" if times else "round"


def _entries(count: float) -> str:
    return f"{_number(count)} {'entry' if count == 1 else 'entries'}"


def kind_phrase(grower: Grower) -> str:
    """Write what a grower is, and how long."""
    kind = shortened(grower.type)
    if grower.containers == 1:
        return f"{kind} of {_entries(grower.length)}"
    return f"{grower.containers:,} containers ({kind}), {_entries(grower.length)} in all"


def grows_phrase(grower: Grower, unit: str) -> str:
    """Write what comes with each call or round."""
    grows = f"+{_entries(grower.per_call)}"
    if grower.bytes_per_call is not None:
        grows += f", {size(round(grower.bytes_per_call))}"
    return f"{grows} per {unit}"


def filled_phrase(grower: Grower) -> str:
    """Write where a grower is filled, if that is known."""
    if grower.filled_at is None:
        return "filled at: not known"
    how = "its newest entry was made at" if grower.is_birth else "filled at"
    return f"{how} {in_one_line(grower.filled_at)}"


def grower_text(grower: Grower, unit: str = "call") -> str:
    """Write a grower: where it is, then how it grows, then where it is filled."""
    return "\n".join(
        [
            f"{shortened(grower.path, 200)}   {kind_phrase(grower)}",
            f"    {grows_phrase(grower, unit)}",
            f"    {filled_phrase(grower)}",
        ]
    )


_NOTHING_KEEPS_THEM = "nothing keeps these: the collector has yet to free them, see garbage()"
NOTHING_KEEPS_IT = "nothing keeps it: the collector has yet to free it, see garbage()"


def more_phrase(grown: GrownType, unit: str) -> str:
    """Write how many more objects of a type come with each call or round."""
    return f"+{_number(grown.per_call)} per {unit}"


def growntype_text(grown: GrownType, unit: str = "call") -> str:
    """Write a type of which there are more, and what keeps one of its objects."""
    kept = (
        NOTHING_KEEPS_IT if grown.path is None else f"one is kept by {shortened(grown.path, 200)}"
    )
    return f"{shortened(grown.type)}   {more_phrase(grown, unit)}\n    {kept}"


def growth_head(growth: Growth) -> str:
    """Write how many containers grew, in how many rounds."""
    rounds = plural(growth.rounds, "round")
    if growth.times:
        rounds += f" of {plural(growth.times, 'call')}"
    if growth.compared:
        growers = plural(len(growth.growers), "grower")
        return f"{growers} that did not grow before, or grow faster now, in {rounds}"
    if growth:
        containers = sum(grower.containers for grower in growth.growers)
        return f"{plural(containers, 'container')} grew in every one of {rounds}"
    return f"no container grew in every one of {rounds}"


def how_to_learn(growth: Growth) -> str | None:
    """Write how to learn where growers are filled; None where that is known."""
    if all(grower.filled_at is not None for grower in growth.growers):
        return None
    return f"where not known: {_HOW_TO_LEARN}"


def types_head(growth: Growth) -> str:
    """Write what stands above the types that grow."""
    return "types that grow in none of these:" if growth else "types that grow:"


def _types(grown_types: tuple[GrownType, ...], unit: str) -> list[str]:
    """Write types: those of which one is kept, then the others, of which one line says so."""
    kept = [grown for grown in grown_types if grown.path is not None]
    loose = [grown for grown in grown_types if grown.path is None]
    lines = [growntype_text(grown, unit) for grown in kept]
    lines += [f"{shortened(grown.type)}   {more_phrase(grown, unit)}" for grown in loose]
    if loose:
        lines.append(f"    {NOTHING_KEEPS_IT if len(loose) == 1 else _NOTHING_KEEPS_THEM}")
    return lines


def growth_text(growth: Growth, beside: Callable[[Grower], str] = lambda _: "") -> str:
    """Write what grew: containers, then types that grow in none of them.

    beside: gives what else is said of a grower, in lines that begin with a newline.
    """
    unit = unit_of(growth.times)
    lines = [growth_head(growth)]
    for grower in growth.growers:
        lines += ["", f"{grower_text(grower, unit)}{beside(grower)}"]
    lines += ["", line] if (line := how_to_learn(growth)) is not None else []
    if growth.grown_types:
        lines += ["", types_head(growth)]
        lines += _types(growth.grown_types, unit)
    lines += [f"note: {note}" for note in growth.notes]
    return "\n".join(lines)


def growth_left_text(growth: Growth, who: str) -> str:
    """Write why an assertion failed: the first grower in the first line, the rest below."""
    first = growth.growers[0]
    more = len(growth.growers) - 1
    head = f"{who} grows {shortened(first.path)} by {_entries(first.per_call)} per call"
    others = f", and {plural(more, 'other')}" if more else ""
    return f"{head}{others}\n\n{growth_text(growth)}"
