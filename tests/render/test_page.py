"""Pages of records: they stand alone, say what the texts say, and bear every name."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from gcscope import Counts
from gcscope.model.fleet import Merged
from gcscope.model.phrases import in_one_line
from gcscope.model.record import changed, rendered
from gcscope.render import page_rings
from gcscope.render.cycle_text import cycle_text
from gcscope.render.page import page_of
from gcscope.render.page_look import DARK, STYLE
from gcscope.render.page_rings import MOST_DRAWN, figures_of
from specimens.for_pages import (
    HEADER,
    HOSTILE,
    LONG,
    WIDE,
    census_of_many,
    form,
    hostile_report,
    many_forms,
    report_of,
)
from specimens.records import (
    ALL,
    CENSUS,
    CHAIN,
    COLLECTION,
    CYCLE,
    DIFFERENCE,
    EARLIER,
    GROWN,
    HOLDERS,
    JUDGEMENT,
    LINK,
    REPORT,
    RETAINED,
    RINGS,
    TRIAL,
)
from specimens.records import LONG as LONG_RING
from support import needs_graphviz

VOID = {"meta", "input", "link", "img", "br"}


class Page(HTMLParser):
    """What a page has: its elements with their attributes, and its texts."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.elements = []
        self.open = []
        self.texts = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        assert len(dict(attributes)) == len(attributes)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        if not {"style", "script"} & set(self.open):
            self.texts.append(text)

    @property
    def text(self):
        return "".join(self.texts)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(autouse=True)
def few_pictures(request, monkeypatch):
    """Each takes a process; a test of pictures takes as many as a page has."""
    if "drawn" not in request.fixturenames:
        monkeypatch.setattr(page_rings, "svg_of", lambda picture: None)


@pytest.fixture
def drawn():
    """For tests that look at pictures."""


def page(*records, order="bytes", header=HEADER):
    html = page_of([(record, header) for record in records], order)
    html.encode()
    return Page(html)


def headings(html):
    return re.findall(r"<h2 id=\"([^\"]*)\">(.*?)</h2>", html)


# ------------------------------------------------------------------------- every record


@pytest.mark.parametrize("record", [*ALL, LONG_RING], ids=lambda record: type(record).__name__)
def test_every_record_makes_a_page(record):
    html = rendered(record, "html")
    read = Page(html)
    assert html.startswith('<!DOCTYPE html>\n<html lang="en">') and html.endswith("</html>")
    assert len(headings(html)) == 1 and read.all("main") and read.all("h1") and read.all("title")
    if "<pre" in html and not isinstance(record, Merged):
        lines = str(record).split("\n")
        assert "\n".join(map(in_one_line, lines)) in read.text


def test_sections_have_the_order_of_the_questions():
    records = (RETAINED, CENSUS, CHAIN, RINGS, changed(RINGS, alive=True), HOLDERS, GROWN)
    assert headings(page_of([(record, None) for record in records])) == [
        ("grew", "What grew"),
        ("rings", "Rings that only the collector can free"),
        ("rings-2", "Rings in use"),
        ("memory", "What would be freed"),
        ("memory-2", "What takes most memory"),
        ("more", "Why it is alive"),
        ("more-2", "Who holds it"),
    ]
    twice = page_of([(RINGS, None), (RINGS, None)])
    assert [title for _, title in headings(twice)] == [
        "Rings that only the collector can free (1)",
        "Rings that only the collector can free (2)",
    ]
    for html in (twice, page_of([(record, None) for record in records])):
        read = Page(html)
        ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
        assert len(ids) == len(set(ids))
        links = [attributes["href"] for attributes in read.all("a")]
        assert {link.removeprefix("#") for link in links} <= set(ids)


# ------------------------------------------------------------------------- the head


def test_the_header_stands_on_top():
    html = page_of([(RINGS, HEADER), (CENSUS, HEADER)])
    top = Page(html.partition("<main>")[0] + "</body></html>")
    for fact in str(HEADER).split(" · "):
        assert top.text.count(fact) == 1
    assert "<h1>serve.py: memory</h1>" in html and "<title>serve.py: memory</title>" in html


def test_what_differs_in_headers_stands_with_its_section():
    later = changed(HEADER, when="2026-11-27T14:00:00Z", stopped=None)
    html = page_of([(RINGS, HEADER), (CENSUS, later)])
    assert html.count("<dd>/srv/shop/serve.py, pid 41 on box</dd>") == 1
    rings = "Rings that only the collector can free"
    assert f"<dd>2026-11-27T13:35:49Z ({rings})</dd><dd>2026-11-27T14:00:00Z (What takes" in html
    assert f"<dt>the look</dt><dd>stopped for 0.032 s ({rings})</dd></dl>" in html


def test_a_record_without_a_header():
    html = page_of([(RINGS, None)])
    assert "<dl>" not in html and "<h1>Memory of a program</h1>" in html
    assert "<nav" not in html and "<nav" in page_of([(RINGS, None), (CENSUS, None)])


# ------------------------------------------------------------------------- it stands alone


ELEMENTS = set(
    """
    html head meta title style body header h1 dl dt dd nav ul li a form label input select option
    output main section h2 p ol details summary b span div code pre table thead tbody tr th td svg
    rect text script
    """.split()
)
POLICY = re.compile(
    r"default-src 'none'; style-src '(sha256-[^']+)'; script-src '(sha256-[^']+)'; "
    r"base-uri 'none'; form-action 'none'"
)


def check_stands_alone(html):
    """The policy allows the style and script that are there, and there is nothing else to allow."""
    read = Page(html)
    (policy,) = [m["content"] for m in read.all("meta") if "http-equiv" in m]
    allowed = POLICY.fullmatch(policy).groups()
    assert html.index("Content-Security-Policy") < html.index("<style>")
    for kind, hashed in zip(("style", "script"), allowed, strict=True):
        found = re.findall(f"<{kind}>(.*?)</{kind}>", html, flags=re.S)
        for text in found:
            digest = hashlib.sha256(text.encode()).digest()
            assert hashed == f"sha256-{base64.b64encode(digest).decode()}"
            assert not re.search(r"https?:|url\(|@import|fetch|import\(", text)
        assert len(found) == len(read.all(kind))
    for tag, attributes in read.elements:
        assert tag in ELEMENTS | {"g", "polygon", "path", "ellipse", "polyline", "desc"}, tag
        for name, value in attributes.items():
            assert name != "style" and not name.startswith("on"), (tag, name)
            assert name not in ("src", "action", "srcdoc", "data", "xlink:href"), (tag, name)
            assert name != "href" or (tag == "a" and value.startswith("#")), value
    return read


@pytest.mark.parametrize(
    "record",
    [GROWN, RINGS, CENSUS, CENSUS - EARLIER, RETAINED, many_forms(5)],
    ids=lambda record: type(record).__name__,
)
def test_a_page_stands_alone(record):
    check_stands_alone(page_of([(record, HEADER)]))


def hostile_records(bad):
    grower = changed(GROWN.growers[0], path=bad, type=bad, filled_at=bad)
    kept = changed(GROWN.grown_types[0], type=bad, path=bad)
    row = changed(CENSUS.rows[0], type=bad)
    link = changed(LINK, type=bad, name=bad, label=bad, where=bad)
    return (
        changed(GROWN, growers=(grower,), grown_types=(kept,), notes=(bad,)),
        changed(CENSUS, rows=(row, *CENSUS.rows)),
        changed(CHAIN, links=(link,), expression=None),
        changed(RETAINED, types=Counts({bad: 3})),
        changed(JUDGEMENT, notes=(bad,)),
    )


def test_no_name_is_more_than_a_text():
    parts = [(hostile_report(), changed(HEADER, argv0=bad, host=bad)) for bad in HOSTILE]
    parts += [(one, None) for bad in HOSTILE for one in hostile_records(bad)]
    read = check_stands_alone(page_of(parts))
    for bad in HOSTILE:
        assert read.text.count(in_one_line(bad)) > 20, bad
    assert all(c.isprintable() or c == "\n" for c in read.text)
    assert LONG in read.text and WIDE in read.text


# ------------------------------------------------------------------------- rings


def words_of(text):
    """What stands in the lines of a text, without what it draws."""
    for line in text.splitlines():
        for piece in re.split(r"  +", line.strip(" │┌►└┘─")):
            piece = piece.strip(" ◄")
            if piece:
                yield piece


@pytest.mark.parametrize(
    "cycle",
    [
        CYCLE,
        LONG_RING,
        form(3, *(f"app.T{n}" for n in range(40)), cause="a cause"),
        form(4, "app.Node", count=12),
        changed(CYCLE, cut=None),
        changed(CYCLE, cut=None, advice=None),
        changed(CYCLE, cut=changed(CYCLE.cut, link=LINK, frees=0)),
    ],
)
def test_a_page_has_every_word_of_the_text(cycle):
    other = form(77, "app.Other")
    for alive in (False, True):
        report = report_of(cycle, other, alive=alive, notes=("one must know",))
        shown = page(report).text
        assert not [w for w in words_of(cycle_text(cycle, alive)) if in_one_line(w) not in shown]
        head = str(report).partition("\n\n")[0].splitlines()
        assert head[0] in shown and "note: one must know" in shown
        assert cycle.fingerprint in shown


def test_a_form_alone_is_told_whole():
    ring = form(3, *(f"app.T{n}" for n in range(40)))
    assert "more objects on the ring" in page(report_of(ring, form(4, "x"))).text
    for alone in (ring, report_of(ring)):
        shown = page(alone).text
        assert "more object" not in shown and all(f"app.T{n}" in shown for n in range(40))


def test_what_else_is_told_of_forms():
    shown = page(DIFFERENCE).text
    assert str(DIFFERENCE).partition("\n")[0] in shown and "new" in shown
    grown = changed(JUDGEMENT.findings[0], standing="grown", known=1)
    shown = page(changed(JUDGEMENT, findings=(grown,))).text
    assert "cycles that count: 3" in shown and "grown: 3 now, 1 in the baseline" in shown
    gone = changed(DIFFERENCE, new=(), gone=(CYCLE,), grown=())
    shown = page(gone).text
    assert in_one_line(str(gone).splitlines()[-1]) in shown
    for record in (COLLECTION, TRIAL):
        assert str(record) in page(record).text


def order_of_forms(html):
    return re.findall(r'<details id="rings-([^"]+)"', html)


@pytest.mark.parametrize("order", ["bytes", "count", "objects"])
def test_forms_are_sorted(order):
    report = many_forms(30)
    place = ("bytes", "count", "objects").index(order)
    html = page_of([(report, None)], order)
    figures = {cycle.fingerprint: figures_of(cycle)[place] for cycle in report.cycles}
    shown = [figures[one] for one in order_of_forms(html)]
    assert shown == sorted(figures.values(), reverse=True)
    assert [o for o in Page(html).all("option") if "selected" in o] == [
        {"value": order, "selected": None}
    ]
    items = [li for li in Page(html).all("li") if f"data-{order}" in li]
    assert [float(li[f"data-{order}"]) for li in items] == shown


def test_what_many_processes_told():
    """All of them, and of each form, grower and row what one alone has."""
    for merged in (record for record in ALL if isinstance(record, Merged)):
        html = rendered(merged, "html")
        shown = Page(html).text
        told = [word.removeprefix("one is kept by ") for word in words_of(str(merged.told))]
        assert not [word for word in told if in_one_line(word) not in shown]
        assert str(merged).partition(":")[0] in shown  # how many, on how many hosts
        for row in merged.processes:
            name = "a process that is not known"
            if row.process is not None:
                name = f"{row.process.argv0}, pid {row.process.pid} on {row.process.host}"
            assert in_one_line(name) in shown or merged.growth is not None
        for having in merged.processes_with.values():
            assert f"in {having} of {len(merged.processes)} processes" in shown


def test_nothing_found():
    empty = page(changed(REPORT, objects=0, bytes=0, types=Counts(), cycles=()))
    assert "nothing is unreachable" in empty.text and not empty.all("form")
    assert not empty.all("script") and not empty.all("ol")
    grew = page(changed(GROWN, growers=(), grown_types=(), notes=()))
    assert "no container grew" in grew.text and not grew.all("form")


# ------------------------------------------------------------------------- lists


def test_what_grew_has_every_word_of_the_text():
    shown = page(GROWN).text
    told = (word.removeprefix("one is kept by ") for word in words_of(str(GROWN)))
    assert not [word for word in told if word not in shown]
    shown = page(changed(GROWN, growers=(), times=0)).text
    assert "+2 per round" in shown and "types that grow:" in shown


def test_a_census_has_every_row():
    for census in (CENSUS, CENSUS - EARLIER, EARLIER - CENSUS, census_of_many(300)):
        read = page(census)
        assert not [
            word for row in census.rows for word in words_of(in_one_line(row.type))
            if word not in read.text
        ]  # fmt: skip
        assert len(read.all("tr")) == len(census.rows) + 1
        last = str(census).splitlines()[-1]
        assert last in read.text
        table = [re.split("  +", line.strip()) for line in str(census).splitlines()[1:-1]]
        if len(census.rows) < 20:
            assert all(cell in read.texts for row in table for cell in row[:2])
        assert bool(re.search('class="icicle"', page_of([(census, None)]))) is not census.compared


def test_an_icicle_has_what_is_large():
    html = page_of([(census_of_many(300), None)])
    icicle = re.search(r'<svg width="100%" class="icicle".*?</svg></svg>', html)[0]
    widths = [float(w) for w in re.findall(r'<svg x="[\d.e-]+%" width="([\d.]+)%" y="0"', icicle)]
    assert len(widths) == 23 and sum(widths) == pytest.approx(100, abs=0.1)
    assert widths == sorted(widths, reverse=True)
    assert "<title>shop_0: 43.7 MB</title>" in icicle and "<title>Type0: " in icicle
    assert "</text>" not in icicle  # all are too narrow
    for row in ("0", "30"):  # each cell begins where the one before it ends, or later
        cells = re.findall(rf'x="([^%]+)%" width="([^%]+)%" y="{row}"', icicle)
        ends = [float(x) + float(width) for x, width in cells]
        assert all(float(x) > end - 0.02 for (x, _), end in zip(cells[1:], ends, strict=False))
    named = re.findall('<text x="5" y="20">(.*?)</text>', page_of([(CENSUS, None)]))
    assert named == ["builtins", "str"]


# ------------------------------------------------------------------------- pictures


@needs_graphviz
def test_the_largest_forms_are_drawn(drawn):
    report = many_forms(MOST_DRAWN + 5)
    html = page_of([(report, HEADER)])
    read = check_stands_alone(html)
    pictures = [svg for svg in read.all("svg") if svg.get("role") == "img"]
    assert len(pictures) == MOST_DRAWN
    assert f"Of {MOST_DRAWN + 5} forms the {MOST_DRAWN} with most bytes are drawn, too." in html
    drawn_of = [part.partition('"')[0] for part in html.split('<details id="rings-')[1:]
                if 'role="img"' in part]  # fmt: skip
    assert drawn_of == order_of_forms(html)[:MOST_DRAWN]
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for picture in pictures:
        assert set(picture["aria-labelledby"].split()) <= set(ids)
    assert "are drawn" not in page_of([(many_forms(2), None)])


@needs_graphviz
def test_pictures_bear_every_name_and_stand_twice(drawn):
    hostile = hostile_report()
    read = check_stands_alone(page_of([(hostile, None), (hostile, None)]))
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(ids) == len(set(ids)) and len(read.all("desc")) == 2 * len(HOSTILE)


@needs_graphviz
def test_every_colour_of_a_picture_has_one_for_the_dark(drawn):
    held = changed(LONG_RING, dragged=5)
    html = page_of([(report_of(CYCLE, held), None), (report_of(held, alive=True), None)])
    used = set(re.findall(r' (?:fill|stroke)="([^"]+)"', html))
    assert used - DARK.keys() <= {"none", "transparent"} and len(used & DARK.keys()) > 6
    for colour in used & DARK.keys():
        assert f'.picture [fill="{colour}"] {{ fill: {DARK[colour]}; }}' in STYLE


def test_without_graphviz(monkeypatch):
    asked = []
    monkeypatch.setattr(page_rings, "svg_of", lambda picture: asked.append(picture))
    html = page_of([(many_forms(5), None)])
    assert "There are no pictures: Graphviz was not to be had for this page." in html
    assert len(asked) == 1 and 'role="img"' not in html


# ------------------------------------------------------------------------- colours


def luminance(colour):
    colour = {"white": "#ffffff"}.get(colour, colour)
    digits = "".join(2 * c for c in colour[1:]) if len(colour) == 4 else colour[1:]
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    parts = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one, other):
    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_can_be_read(scheme):
    part = STYLE if scheme == "light" else STYLE.partition("prefers-color-scheme: dark")[2]
    colours = dict(re.findall(r"--(\w+): (#\w+);", part.partition("}")[0]))
    for text in ("text", "faint", "mark", "cut"):
        assert contrast(colours[text], colours["paper"]) >= 4.5, text
    for ground in ("card", "cell"):
        assert contrast(colours["text"], colours[ground]) >= 4.5, ground
    kept = {light: light if scheme == "light" else dark for light, dark in DARK.items()}
    for ground in ("white", "#e8f2fa", "#f5f5f5", "#fbeaf4"):
        assert contrast(kept["#1a1a1a"], kept[ground]) >= 4.5, ground
    for text in ("#b84300", "#595959", "#0072b2", "#8f2d6b"):
        assert contrast(kept[text], kept["white"]) >= 4.5, text
