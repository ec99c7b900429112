"""Reports as plain text: no addresses, the same for the same report."""

from __future__ import annotations

from itertools import groupby

from gcscope.model.innocent import blamed, innocent_line, innocent_phrase
from gcscope.model.phrases import (
    COLLECTING,
    MOST_TYPES,
    counts_lines,
    counts_phrase,
    growth_phrase,
    in_one_line,
    link_title,
    plural,
    ring_line,
    running_line,
    shortened,
    size,
    table,
    verdict,
    waiting_line,
    with_article,
)
from gcscope.model.results import (
    Arithmetic,
    Chain,
    Collection,
    Event,
    Fate,
    Holder,
    Holders,
    Link,
    Report,
    Retained,
    Trial,
    Waiting,
)
from gcscope.render.cycle_text import (
    cycle_text,
    cycles_lines,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gcscope.model.diff import Difference, GrownForm
    from gcscope.model.header import Header
    from gcscope.model.judgement import Judgement
    from gcscope.model.outcome import Outcome
    from gcscope.model.picture import Arrow, Box, Picture


MOST_COLLECTED = 10  # by collections while a program ran
MOST_HOLDERS = 40


def _note_lines(notes: tuple[str, ...]) -> list[str]:
    return [f"note: {note}" for note in notes]


def _innocent_lines(report: Report) -> list[str]:
    line = innocent_line(report)
    return [] if line is None else [line]


def report_head(report: Report) -> str:
    """Write how much there is, in one line."""
    if not report:
        if COLLECTING in report.notes:
            return COLLECTING
        if report.alive:
            return "no cycles among these objects"
        return "nothing is unreachable: the collector has nothing to do"
    if report.alive:
        return f"{plural(report.objects, 'object')} in live cycles, {size(report.bytes)}"
    found = f"{plural(report.objects, 'unreachable object')}, {size(report.bytes)}"
    return f"{found}; {_freed_by(report)}"


def _freed_by(report: Report) -> str:
    """Write who frees what is unreachable: not all of it needs the collector, without a GIL."""
    soon = sum(waiting.objects for waiting in report.waiting if waiting.why != "deferred")
    left = report.objects - soon
    if not soon:
        return f"only the collector can free {'it' if report.objects == 1 else 'them'}"
    if left > 0:
        return f"only the collector can free {left:,} of them"
    return f"no collector is needed for {'it' if report.objects == 1 else 'them'}"


def waiting_text(waiting: Waiting) -> str:
    """Write which objects wait in no ring, and for what."""
    return waiting_line(waiting)


def waiting_lines(report: Report) -> list[str]:
    """Write what waits in no ring, and which functions run that a collection would harm."""
    lines = [waiting_line(waiting) for waiting in report.waiting]
    return [*lines, *(f"warning: {running_line(link)}" for link in report.running)]


def report_words(report: Report) -> list[str]:
    """Write how much there is, and what one must know; all but types and rings."""
    head = report_head(report)
    notes = tuple(note for note in report.notes if note != head)
    return [head, *waiting_lines(report), *_innocent_lines(report), *_note_lines(notes)]


def report_head_lines(report: Report, most_types: int | None = None) -> list[str]:
    """Write how much there is, of which types, and what one must know; all but the rings."""
    most = MOST_TYPES if most_types is None else most_types
    types = counts_lines(report.types, most) if report else []
    head, *words = report_words(report)
    return [head, *types, *words]


def report_text(report: Report) -> str:
    """Write a report of unreachable objects, or of live rings."""
    rings = cycles_lines(blamed(report.cycles), report.alive) if report else []
    return "\n".join([*report_head_lines(report), *rings])


# ----------------------------------------------------------------- who holds, why alive


def _title(type_name: str, name: str | None) -> str:
    return link_title(
        Link(type=type_name, name=name, label="", named=True, where=None, refcount=None)
    )


def holder_text(holder: Holder) -> str:
    """Write one holder as a line."""
    where = f"  {in_one_line(holder.where)}" if holder.where is not None else ""
    borrowed = "" if holder.owned else "  (lent: not counted)"
    return f"{_title(holder.type, holder.name)}  {shortened(holder.label)}{where}{borrowed}"


_COLLECTING = "a collection that is under way has found it unreachable"


def _holder_lines(named: tuple[Holder, ...]) -> list[str]:
    """Write holders, those of which the same is told in one line."""
    rows = [(holder_text(holder), len(list(alike))) for holder, alike in groupby(named)]
    lines = [
        f"  {text}" if count == 1 else f"  {text}  ({count:,} references)" for text, count in rows
    ]
    left = sum(count for _, count in rows[MOST_HOLDERS:])
    return [*lines[:MOST_HOLDERS], *([f"  and {plural(left, 'other')}"] if left else [])]


def holders_text(holders: Holders) -> str:
    """Write who holds an object; the sum, and what nobody shows."""
    count = holders.refcount
    lines = [f"{count if count < 1 << 62 else 'immortal:'} {_references(count)}"]
    lines += _holder_lines(holders.named)
    unexplained = plural(holders.unexplained, "reference")
    if holders.collecting:
        lines.append(f"  it is being collected: {_COLLECTING}")
        if holders.unexplained > 0:
            lines.append(f"  {unexplained} that nobody shows: of the same trash, or of C code")
    elif holders.unexplained > 0:
        lines.append(f"  {unexplained} that nobody shows{_evidence_end(holders)}")
        lines += [f"    {line}" for line in (*evidence_lines(holders.evidence), *holders.unseen)]
    elif holders.unexplained < 0:
        lines.append(
            f"  {-holders.unexplained:,} more shown than owned: the tp_traverse of some C type lies"
        )
    return "\n".join(lines)


_NO_EVIDENCE = ": C code, and no evidence of which"


def _owner(holder: Holder) -> str:
    """Write who seems to hold, in a sentence: a x.Reader, the interpreter, frame run."""
    if holder.name is not None:
        return _title(holder.type, holder.name)
    return "the interpreter" if holder.type == "interpreter" else with_article(holder.type)


def evidence_lines(evidence: tuple[Holder, ...]) -> list[str]:
    """Write who may hold what nobody shows, one a line, and whether that can ever be freed."""
    rows = [
        (f"held by {_owner(holder)}, {shortened(holder.label)}: {holder.seen}", holder)
        for holder in evidence
    ]
    lines = []
    for (text, holder), alike in groupby(rows):
        count = len(list(alike))
        lines.append(text if count == 1 else f"{text}  ({count:,} references)")
        if holder.uncollectable:
            lines.append("  and led to by the object itself: no collector can free this ring")
    return lines


def _evidence_end(holders: Holders) -> str:
    """Write how the line ends that says how many references nobody shows."""
    left = holders.unexplained - len(holders.evidence)
    if left <= 0:
        return ":"
    return f"; of {left:,} there is no evidence:" if holders.evidence else _NO_EVIDENCE


def _references(count: int) -> str:
    if count >= 1 << 62:
        return "its references are not counted"
    return "reference" if count == 1 else "references"


# What an object waits for that no root leads to.
_WAITS = {
    "deferred": "; ring or not, only the collector frees it (deferred counting)",
    "queued": "; the thread that made it frees it as soon as it runs",
}


def _one_chain(chain: Chain) -> list[str]:
    if chain.collecting:
        return [f"it is being collected: {_COLLECTING}"]
    if not chain.reachable:
        return [f"not reachable: nothing that lasts leads to it{_WAITS.get(chain.waits or '', '')}"]
    if chain.root == "immortal":
        return ["immortal: the interpreter never frees it, whoever refers to it"]
    if chain.expression is not None:
        return [chain.expression]
    root = {
        "C": "held by C code or the interpreter:",
        "caller": "held by the function that asks:",
    }.get(chain.root or "")
    lines = [] if root is None else [root]
    lines += [f"  {line}" for line in (*evidence_lines(chain.evidence), *chain.unseen)]
    for link in chain.links:
        where = f"  {in_one_line(link.where)}" if link.where is not None else ""
        lines.append(f"{link_title(link)}{where}")
        if link.label:
            lines.append(f"  {shortened(link.label)}")
    return [*lines, *([chain.cause] if chain.cause is not None else [])]


def chain_text(chain: Chain) -> str:
    """Write why an object is alive: as an expression where there is one, else a link a line."""
    lines = _one_chain(chain)
    for other in () if chain.collecting else chain.others:
        lines += ["and by another holder:", *(f"  {line}" for line in _one_chain(other))]
    return "\n".join(lines)


def retained_text(retained: Retained) -> str:
    """Write what would be freed."""
    objects = plural(retained.objects, "object")
    if not retained.objects:
        objects = "no object that the collector tracks"
    head = f"{objects}, {size(retained.bytes)}, would be freed with it"
    return "\n".join([head, *counts_lines(retained.types)])


def left_behind_text(report: Report, who: str) -> str:
    """Write why an assertion failed: the first ring in the first line, the report below."""
    cycles = blamed(report.cycles)
    rings = sum(cycle.count for cycle in cycles)
    head = (
        f"{who} left {plural(rings, 'cycle')} behind"
        if rings
        else f"{who} left objects to the collector"
    )
    more = ", first" if len(cycles) > 1 else ""
    first = f"{more}: {ring_line(cycles[0])}" if cycles else ""
    return f"{head}{first}\n\n{report_text(report)}"


def release_text(report: Report, maker: str, made: str) -> str:
    """Write which ring keeps what a call has made."""
    first = f": {ring_line(report.cycles[0])}" if report.cycles else ""
    head = f"{maker} made {with_article(made)} that reference counting does not free{first}"
    return f"{head}\n\n{report_text(report)}"


def held_text(why: Chain | Holders, maker: str, made: str) -> str:
    """Write what holds what a call has made: in the first line where it stands in one."""
    text = chain_text(why) if isinstance(why, Chain) else holders_text(why)
    separator = "\n\n" if "\n" in text else " "
    head = f"{maker} made {with_article(made)} that is still held when it is dropped:"
    return f"{head}{separator}{text}"


def collection_text(collection: Collection) -> str:
    """Write what a collection did, and the fates of instrumented objects by kind."""
    lines = [
        f"the collector freed {plural(collection.objects, 'object')}",
        *counts_lines(collection.types),
    ]
    fates = collection.fate_counts
    if fates:
        lines.append(
            "instrumented objects: " + ", ".join(f"{n:,} {fate}" for fate, n in fates.items())
        )
    if collection.resurrected:
        lines.append(f"resurrected by a finalizer: {counts_phrase(collection.resurrected)}")
    if collection.uncollectable:
        lines.append(f"uncollectable, now in gc.garbage: {counts_phrase(collection.uncollectable)}")
    return "\n".join([*lines, *_note_lines(collection.notes)])


def fate_text(fate: Fate) -> str:
    """Write what became of one instrumented object as a line."""
    return f"#{fate.serial} {_who(fate)}: {fate.fate}"


def _who(record: Fate | Event) -> str:
    return record.type if record.name is None else f"{record.type} {record.name!r}"


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
    return "\n".join([*lines, *waiting_lines(trial.report), *_note_lines(trial.notes)])


def event_text(event: Event) -> str:
    """Write one event of the journal as a line."""
    how = f" by {event.freed_by}" if event.freed_by is not None else f", refcount {event.refcount}"
    return f"#{event.serial} {_who(event)}: {event.what}{how}"


def arithmetic_text(arithmetic: Arithmetic) -> str:
    """Write the collector's arithmetic as a table."""
    rows: list[tuple[str, ...]] = [
        (
            row.label,
            f"{row.refcount:,}",
            f"{row.inside:,}",
            f"{row.left:,}",
            verdict(row.reachable),
        )
        for row in arithmetic.rows
    ]
    header: tuple[str, ...] = ("object", "refcount", "from inside", "left", "verdict")
    if any(row.because is not None for row in arithmetic.rows):
        header = (*header, "because")
        rows = [
            (*row, given.because or "") for row, given in zip(rows, arithmetic.rows, strict=True)
        ]
    more = [f"and {plural(arithmetic.more, 'more object')}"] if arithmetic.more else []
    return "\n".join([*table(header, rows), *more])


def _box_line(box: Box) -> str:
    count = f"  refcount {box.refcount:,}" if box.refcount is not None else ""
    return "  ".join(map(in_one_line, (box.title, *box.lines))) + count


def picture_text(picture: Picture) -> str:
    """Write a picture as lines: each box, below it its arrows; of groups what is said of them."""
    lines = [in_one_line(line) for line in (picture.title, *picture.lines)]
    titles = {box.key: in_one_line(box.title) for box in picture.boxes}
    arrows: dict[str, list[Arrow]] = {}
    for arrow in picture.arrows:
        arrows.setdefault(arrow.source, []).append(arrow)
    for key, group in [*((group.key, group) for group in picture.groups), (None, None)]:
        lines += (
            ["", *(in_one_line(line) for line in (group.title, *group.lines) if line)]
            if group is not None
            else []
        )
        for box in picture.boxes:
            if box.group == key:
                lines.append(f"  {_box_line(box)}")
                for arrow in arrows.get(box.key, ()):
                    cut = "  (cut here)" if arrow.is_cut else ""
                    lines.append(f"    {in_one_line(arrow.label)} → {titles[arrow.target]}{cut}")
    return "\n".join(lines)


def outcome_text(outcome: Outcome) -> str:
    """Write what a program left for the collector, each line with gcscope's name before it."""
    collected: list[str] = []
    left = outcome.left
    if left:
        found = f"{plural(left.objects, 'object')} ({size(left.bytes)})"
        lines = [f"at its end the program had left {found} to the collector"]
        lines += counts_lines(left.types)
        lines += waiting_lines(left)
    else:
        lines = ["at its end the program had left nothing to the collector"]
    if outcome.collected:
        found = plural(outcome.collected.objects, "object")
        lines.append(f"while it ran, {plural(outcome.collections, 'collection')} found {found}")
        lines += counts_lines(outcome.collected.types)
        collected = cycles_lines(blamed(outcome.collected.cycles), most=MOST_COLLECTED)
    if outcome.lives:
        freed = [
            f"{n:,} freed by {event}" for event, n in outcome.lives.items() if event != "created"
        ]
        created = outcome.lives.get("created", 0)
        lines.append(
            ", ".join(
                [f"instrumented objects: {created:,} created", *freed, f"{outcome.alive:,} in use"]
            )
        )
    lines += [*waiting_lines(left), *_innocent_lines(outcome.report)]
    lines += _note_lines(left.notes + outcome.notes)
    lines += cycles_lines(blamed(left.cycles))
    lines += ["", "cycles that those collections took:", *collected[1:]] if collected else []
    return "\n".join(f"gcscope: {line}".rstrip() for line in lines)


def judgement_head_lines(judgement: Judgement) -> list[str]:
    """Write how many rings count, how many do not, and why; all but the rings."""
    # loaded with the record, and by no other
    from gcscope.model.judgement import GROWN, INNOCENT, NEW

    cycles = judgement.counting
    lines = [f"cycles that count: {sum(cycle.count for cycle in cycles):,}"]
    for finding in judgement.findings:
        if finding.known is not None:
            ring, count = ring_line(finding.cycle), finding.cycle.count
            lines.append(f"grown: {growth_phrase(ring, count, finding.known)}")
    for standing in dict.fromkeys(finding.standing for finding in judgement.findings):
        if standing not in (NEW, GROWN, INNOCENT):
            count = sum(cycle.count for cycle in judgement.of(standing))
            lines.append(f"not counted, {standing}: {plural(count, 'cycle')}")
    phrase = innocent_phrase(judgement.of(INNOCENT))
    lines += [f"not blamed: {phrase}"] if phrase is not None else []
    return [*lines, *_note_lines(judgement.notes)]


def judgement_text(judgement: Judgement) -> str:
    """Write the rings that count, and how many there are that do not."""
    return "\n".join([*judgement_head_lines(judgement), *cycles_lines(judgement.counting)])


def header_facts(header: Header) -> list[tuple[str, str]]:
    """Write what a header says, and of what it says that."""
    thresholds = ", ".join(map(str, header.gc_thresholds))
    facts = [
        ("process", f"{header.argv0 or 'no program'}, pid {header.pid} on {header.host}"),
        ("when", header.when),
        ("versions", f"Python {header.python}, gcscope {header.gcscope}"),
        ("collector", f"gc {'on' if header.gc_enabled else 'off'} ({thresholds})"),
    ]
    if header.gc_frozen:
        facts.append(("collector", f"{plural(header.gc_frozen, 'object')} frozen"))
    if header.stopped is not None:
        facts.append(("the look", f"stopped for {header.stopped:.3f} s"))
    return [(name, in_one_line(fact)) for name, fact in facts]


def header_text(header: Header) -> str:
    """Write of which process a file tells, on which Python, and when, in one line."""
    return " · ".join(fact for _, fact in header_facts(header))


# --------------------------------------------------------------------------- two reports


def grown_phrase(growth: GrownForm) -> str:
    """Write what has changed of a form: seen 3 -> 9 times, 4 -> 12 objects in it."""
    before, after = growth.before, growth.after
    figures = [
        ("seen", before.count, after.count, "times"),
        ("", before.objects, after.objects, "objects in it"),
        ("", before.dragged, after.dragged, "kept by it"),
    ]
    return ", ".join(
        f"{verb} {b:,} -> {a:,} {noun}".lstrip() for verb, b, a, noun in figures if b != a
    )


def grownform_text(growth: GrownForm, alive: bool = False) -> str:
    """Write a form that has grown: both figures, then the ring as it is now."""
    return f"grown: {grown_phrase(growth)}\n{cycle_text(growth.after, alive)}"


def difference_head(difference: Difference) -> str:
    """Write how many forms changed, in a line."""
    figures = [
        (len(difference.new), "new"),
        (len(difference.grown), "grown"),
        (len(difference.gone), "gone"),
        (difference.shrunk, "smaller"),
        (difference.same, "unchanged"),
    ]
    return "forms of cycles: " + ", ".join(f"{count:,} {word}" for count, word in figures)


def gone_lines(difference: Difference) -> list[str]:
    """Write a line for each form that is gone."""
    return [f"gone: {ring_line(cycle)}" for cycle in difference.gone]


def difference_text(difference: Difference) -> str:
    """Write how many forms changed; new and grown ones in full, a line for each that is gone."""
    lines = [difference_head(difference)]
    for cycle in difference.new:
        lines += ["", f"new:\n{cycle_text(cycle, difference.alive)}"]
    for growth in difference.grown:
        lines += ["", grownform_text(growth, difference.alive)]
    gone = gone_lines(difference)
    return "\n".join([*lines, *(["", *gone] if gone else [])])
