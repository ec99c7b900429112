"""The rings of a record on a page: one form after the other, in the words of its text.

A ring is a list of its objects with a line at the left, as in text, and the first forms have their
pictures beside that. Names that a text shortens to fit into a line are whole here: a page breaks
them.
"""

from __future__ import annotations

from gcscope.model.diff import Difference, report_within
from gcscope.model.fleet import Merged
from gcscope.model.innocent import is_innocent
from gcscope.model.judgement import Judgement
from gcscope.model.phrases import growth_phrase, plural, ring_line, size, times, whole_title
from gcscope.model.record import Counts, changed
from gcscope.model.results import Collection, Cycle, Link, Report, Trial
from gcscope.render.cycle_text import (
    MOST_LINKS,
    cut_phrase,
    cut_place,
    cycle_foot,
    cycle_head,
    left_out,
    no_cut_phrase,
    places_on_ring,
)
from gcscope.render.fleet_text import spread_phrase
from gcscope.render.graphviz import svg_of
from gcscope.render.page_html import (
    Item,
    code,
    element,
    gauge,
    listed,
    paragraphs,
    preformatted,
    types_table,
)
from gcscope.render.report_picture import picture_of
from gcscope.render.svg import FITS, escaped
from gcscope.render.text import (
    difference_head,
    gone_lines,
    grown_phrase,
    judgement_head_lines,
    report_words,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gcscope.model.record import Record

MOST_DRAWN = 20  # forms of a record that have a picture: those with most bytes
_NOT_BLAMED = "not blamed: it is nobody's fault"


class Rings:
    """What a page tells of the rings of a record, as HTML what stands above and below them.

    said: what is told of a form besides, by its fingerprint.
    """

    __slots__ = ("above", "below", "report", "said")

    def __init__(self, report: Report, above: str, below: str = "") -> None:
        self.report = report
        self.above = above
        self.below = below
        self.said = {c.fingerprint: _NOT_BLAMED for c in report.cycles if is_innocent(c)}

    def say(self, cycle: Cycle, words: str) -> None:
        """Tell something of a form besides."""
        before = self.said.get(cycle.fingerprint)
        self.said[cycle.fingerprint] = words if before is None else f"{words} · {before}"


def rings_of(record: Record) -> Rings | None:
    """Return what a page tells of the rings that a record is or has; None of one without any."""
    if isinstance(record, Cycle):
        return Rings(_alone(record, alive=False), "")
    if isinstance(record, Difference):
        return _of_difference(record)
    report = report_within(record)
    if report is None:
        return None
    if isinstance(record, Judgement):
        return _of_judgement(record, report)
    if isinstance(record, (Collection, Trial)):
        return Rings(report, preformatted(str(record), "figures"))
    rings = Rings(report, paragraphs(report_words(report)) + types_table(report.types))
    if isinstance(record, Merged):
        for cycle in report.cycles:
            rings.say(cycle, spread_phrase(record, cycle.fingerprint))
    return rings


def _of_difference(difference: Difference) -> Rings:
    above = paragraphs([difference_head(difference)])
    rings = Rings(difference.as_report(), above, paragraphs(gone_lines(difference)))
    for cycle in difference.new:
        rings.say(cycle, "new")
    for growth in difference.grown:
        rings.say(growth.after, f"grown: {grown_phrase(growth)}")
    return rings


def _of_judgement(judgement: Judgement, report: Report) -> Rings:
    rings = Rings(report, paragraphs(judgement_head_lines(judgement)))
    for finding in judgement.findings:
        if finding.known is not None:
            count = finding.cycle.count
            rings.say(finding.cycle, growth_phrase("grown", count, finding.known))
    return rings


def _alone(cycle: Cycle, alive: bool) -> Report:
    """Make a report of one form alone."""
    in_all, _, objects = figures_of(cycle)
    return Report(objects=objects, bytes=in_all, types=Counts(), cycles=(cycle,), alive=alive)


def _identity(cycle: Cycle) -> str:
    """Return the fingerprint of a form, as ids may have it: a file may have anything."""
    return "".join(c for c in cycle.fingerprint if c.isascii() and c.isalnum())


def figures_of(cycle: Cycle) -> tuple[int, int, int]:
    """Return how many bytes all rings of a form hold, how many rings those are, and objects."""
    return cycle.count * cycle.held_bytes, cycle.count, cycle.count * cycle.held


# --------------------------------------------------------------------------- one ring


def _object(link: Link) -> str:
    return code(whole_title(link.type, link.name))


def _link(link: Link, cut: str | None) -> str:
    """Write an object, where it is, and its reference to the next one; cut: what to do there."""
    place = f' <span class="where">{code(link.where)}</span>' if link.where is not None else ""
    label = f"<span>{code(link.label)}</span>"
    if cut is not None:
        mark = '<span aria-hidden="true">◄ </span>'
        label = f'<span class="cut">{code(link.label)}</span> <b>{mark}cut here: {escaped(cut)}</b>'
    return f"<li>{_object(link)}{place}<div>{label}</div></li>"


def _ring(cycle: Cycle, most: int) -> str:
    """Write a ring, at most so many of its links, and where to cut it."""
    place_of_cut = cut_place(cycle)
    advice = no_cut_phrase(cycle) if cycle.cut is None else cut_phrase(cycle)
    links = []
    for gap, place in places_on_ring(cycle, most):
        if gap:
            links.append(element("li", escaped(left_out(gap)), class_="gap"))
        links.append(_link(cycle.ring[place], advice if place == place_of_cut else None))
    links.append(f'<li class="back">back to {_object(cycle.ring[0])}</li>')
    ring = element("ol", *links, class_="ring", role="list")
    if place_of_cut is not None:
        return ring
    return ring + paragraphs([advice if cycle.cut is None else f"cut: {advice}"])


def _drawing(cycle: Cycle, alive: bool, key: str) -> str | None:
    """Draw a form as it is drawn elsewhere, with ids of its own; None without Graphviz."""
    first = cycle.ring[0]
    picture = picture_of(_alone(cycle, alive))
    title = f"ring of {whole_title(first.type, first.name)}"
    drawn = svg_of(changed(picture, title=title))
    if drawn is None:
        return None
    ids = drawn.partition(' aria-labelledby="')[2].partition("-title ")[0]
    drawn = drawn.replace(f" {FITS}", "", 1).replace(ids, key)
    return element("div", drawn, class_="picture", tabindex="0", role="group", aria_label="picture")


# --------------------------------------------------------------------------- all forms


class _Writer:
    """Writes the forms of a record; the first are drawn, as long as there is what draws."""

    def __init__(self, rings: Rings, key: str) -> None:
        self.rings = rings
        self.key = key
        self.is_alone = len(rings.report.cycles) == 1
        self.largest = max((figures_of(cycle)[0] for cycle in rings.report.cycles), default=0)
        self.to_draw = MOST_DRAWN
        self.drawn = 0

    def items(self) -> list[Item]:
        """Write all forms, those with most bytes first, of which one is open."""
        cycles = sorted(self.rings.report.cycles, key=lambda cycle: -figures_of(cycle)[0])
        return [
            Item(figures_of(cycle), self._form(cycle, is_open=place == 0))
            for place, cycle in enumerate(cycles)
        ]

    def _form(self, cycle: Cycle, is_open: bool) -> str:
        key = f"{self.key}-{_identity(cycle)}"
        words = element("div", *self._words(cycle, key), class_="words")
        body = element("div", words, self._picture(cycle, key), class_="form")
        summary = element("summary", *self._summary(cycle))
        return element("details", summary, body, id=key, open="" if is_open else None)

    def _summary(self, cycle: Cycle) -> list[str]:
        in_all, count, _ = figures_of(cycle)
        each = f"{plural(cycle.held, 'object')}, {size(cycle.held_bytes)}"
        seen = f"seen {times(count)}, each of {each}" if count > 1 else f"seen once, {each}"
        return [
            f"<b>{size(in_all)}</b> <span>{escaped(seen)}</span>",
            gauge(in_all, self.largest),
            code(ring_line(cycle, 3)),
        ]

    def _words(self, cycle: Cycle, key: str) -> list[str]:
        report = self.rings.report
        cause = [f"cause: {cycle.cause}"] if cycle.cause is not None else []
        foot = escaped(f"{cycle_foot(cycle, report.alive)} · form ")
        form = element("a", code(cycle.fingerprint), href=f"#{key}")
        return [
            paragraphs([self.rings.said.get(cycle.fingerprint, "")], class_="said"),
            paragraphs([cycle_head(cycle), *cause]),
            _ring(cycle, len(cycle.ring) if self.is_alone else MOST_LINKS),
            f"<p>{foot}{form}</p>",
            types_table(cycle.types),
        ]

    def _picture(self, cycle: Cycle, key: str) -> str:
        if not self.to_draw:
            return ""
        drawn = _drawing(cycle, self.rings.report.alive, f"{key}-picture")
        self.to_draw = 0 if drawn is None else self.to_draw - 1  # it will not be there for others
        self.drawn += drawn is not None
        return drawn or ""

    def about(self) -> str:
        """Write what the figures are, and which forms are drawn."""
        forms = len(self.rings.report.cycles)
        if not forms:
            return ""
        about = ["Bytes are those of the largest ring of a form, times how often it was seen."]
        if not self.drawn:
            about.append("There are no pictures: Graphviz was not to be had for this page.")
        elif self.drawn < forms:
            about.append(f"Of {forms:,} forms the {self.drawn} with most bytes are drawn, too.")
        return paragraphs([" ".join(about)], class_="about")


def rings_body(rings: Rings, key: str, order: str) -> str:
    """Write what is told of all rings, then each form; key: how the ids of its parts begin."""
    writer = _Writer(rings, key)
    items = writer.items()
    forms = element("ol", listed(items, order), class_="list", role="list", data_list="")
    return "".join([rings.above, writer.about(), forms if items else "", rings.below])
