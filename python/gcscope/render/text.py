"""Reports as plain text: no addresses, the same for the same report."""

from __future__ import annotations

from gcscope.report import (
    Arithmetic,
    Chain,
    Collection,
    Counts,
    Cycle,
    Event,
    Holder,
    Holders,
    Link,
    Report,
    Retained,
    Trial,
)

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
        lines.append(f"  and {plural(sum(n for _, n in rest), 'object')} of {plural(len(rest), 'other type')}")
    return lines


def counts_phrase(counts: Counts, most: int = 4) -> str:
    """Write counts in one line: 2 gcscope.Person, 2 list."""
    if not counts:
        return "nothing"
    shown = list(counts.items())[:most]
    rest = counts.total - sum(n for _, n in shown)
    return ", ".join([f"{n:,} {shortened(name)}" for name, n in shown] + ([f"{rest:,} others"] if rest else []))


def _note_lines(notes: tuple[str, ...]) -> list[str]:
    return [f"note: {note}" for note in notes]


# ----------------------------------------------------------------------------- rings

MOST_CYCLES = 20
MOST_CYCLES_TAKEN = 10  # by collections while a program ran
MOST_LINKS = 24  # of a ring; a longer one is shown by its beginning and its end
MOST_CHARACTERS = 100  # of a name or label
MOST_ADVICE = 240
MOST_HOLDERS = 40
_LEAST_COLUMN, _MOST_COLUMN = 26, 56


def in_one_line(text: str) -> str:
    """Write what breaks lines, moves the cursor or cannot be encoded by its number."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def shortened(text: str, most: int = MOST_CHARACTERS) -> str:
    """Leave the middle out of a text that is too long, and let it stand in one line."""
    line = in_one_line(text)
    return line if len(line) <= most else f"{line[: most // 2]}…{line[-(most // 2 - 1) :]}"


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


def report_text(report: Report) -> str:
    """Write a report of unreachable objects, or of live rings."""
    if not report:
        nothing = (
            "no cycles among these objects"
            if report.alive
            else "nothing is unreachable: the collector has nothing to do"
        )
        return "\n".join([nothing, *_note_lines(report.notes)])
    if report.alive:
        lines = [f"{plural(report.objects, 'object')} in live cycles, {size(report.bytes)}"]
    else:
        head = f"{plural(report.objects, 'unreachable object')}, {size(report.bytes)}; only the collector can free"
        lines = [f"{head} {'it' if report.objects == 1 else 'them'}"]
    return "\n".join(
        [*lines, *counts_lines(report.types), *_note_lines(report.notes), *cycles_lines(report.cycles, report.alive)]
    )


# ----------------------------------------------------------------- who holds, why alive


def _title(type_name: str, name: str | None) -> str:
    return link_title(Link(type=type_name, name=name, label="", named=True, where=None))


def holder_text(holder: Holder) -> str:
    """Write one holder as a line."""
    where = f"  {in_one_line(holder.where)}" if holder.where is not None else ""
    lent = "" if holder.owned else "  (lent: not counted)"
    return f"{_title(holder.type, holder.name)}  {shortened(holder.label)}{where}{lent}"


def holders_text(holders: Holders) -> str:
    """Write who holds an object; the sum, and what nobody shows."""
    lines = [f"{holders.refcount if holders.refcount < 1 << 62 else 'immortal:'} {_references(holders.refcount)}"]
    lines += [f"  {holder_text(holder)}" for holder in holders.named[:MOST_HOLDERS]]
    if len(holders.named) > MOST_HOLDERS:
        lines.append(f"  and {plural(len(holders.named) - MOST_HOLDERS, 'other')}")
    if holders.unexplained > 0:
        lines.append(f"  {plural(holders.unexplained, 'reference')} that nobody shows: C code, or an evaluation stack")
        lines += [f"    perhaps {hint}" for hint in holders.hints]
    elif holders.unexplained < 0:
        lines.append(f"  {-holders.unexplained:,} more shown than owned: the tp_traverse of some C type lies")
    return "\n".join(lines)


def _references(count: int) -> str:
    if count >= 1 << 62:
        return "its references are not counted"
    return "reference" if count == 1 else "references"


def chain_text(chain: Chain) -> str:
    """Write why an object is alive: as an expression where there is one, else a link a line."""
    if not chain.reachable:
        return "not reachable: nothing that lasts leads to it"
    if chain.expression is not None:
        return chain.expression
    root = {"C": "held by C code or the interpreter:", "caller": "held by the function that asks:"}.get(
        chain.root or ""
    )
    lines = [] if root is None else [root]
    for link in chain.links:
        where = f"  {in_one_line(link.where)}" if link.where is not None else ""
        lines.append(f"{link_title(link)}{where}")
        if link.label:
            lines.append(f"  {shortened(link.label)}")
    return "\n".join(lines)


def retained_text(retained: Retained) -> str:
    """Write what would be freed."""
    head = f"{plural(retained.objects, 'object')}, {size(retained.bytes)}, would be freed with it"
    return "\n".join([head, *counts_lines(retained.types)])


def ring_line(cycle: Cycle, most: int = 4) -> str:
    """Write a ring in one line: app.Service .task → app.Task ._exception → ..."""
    parts = [f"{link_title(link)} {shortened(link.label)}" for link in cycle.ring[:most]]
    return " → ".join([*parts, "…" if len(cycle.ring) > most else link_title(cycle.ring[0])])


def failure_text(report: Report, who: str) -> str:
    """Write why an assertion failed: the first ring in the first line, the report below."""
    rings = sum(cycle.count for cycle in report.cycles)
    head = f"{who} left {plural(rings, 'cycle')} behind" if rings else f"{who} left objects to the collector"
    more = ", first" if len(report.cycles) > 1 else ""
    first = f"{more}: {ring_line(report.cycles[0])}" if report.cycles else ""
    return f"{head}{first}\n\n{report_text(report)}"


def release_text(report: Report, maker: str, made: str) -> str:
    """Write which ring keeps what a call has made."""
    first = f": {ring_line(report.cycles[0])}" if report.cycles else ""
    return f"{maker} made {with_article(made)} that reference counting does not free{first}\n\n{report_text(report)}"


def held_text(holding: Chain | Holders, maker: str, made: str) -> str:
    """Write what holds what a call has made: in the first line where it stands in one."""
    told = chain_text(holding) if isinstance(holding, Chain) else holders_text(holding)
    separator = "\n\n" if "\n" in told else " "
    return f"{maker} made {with_article(made)} that is still held when it is dropped:{separator}{told}"


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
        ("freed by counting (instrumented ones)", trial.refcount),
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
    taken: list[str] = []
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
        taken = cycles_lines(outcome.cycles, most=MOST_CYCLES_TAKEN)
    if outcome.lives:
        freed = [f"{n:,} freed by {event}" for event, n in outcome.lives.items() if event != "created"]
        created = outcome.lives.get("created", 0)
        lines.append(", ".join([f"instrumented objects: {created:,} created", *freed, f"{outcome.alive:,} in use"]))
    lines += [*_note_lines(left.notes + outcome.notes), *cycles_lines(left.cycles)]
    lines += ["", "cycles that those collections took:", *taken[1:]] if taken else []
    return "\n".join(f"gcscope: {line}".rstrip() for line in lines)
