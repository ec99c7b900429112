"""mermaid: golden texts, and a strict reading: no string means anything to Mermaid or HTML."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gcscope.render.boxes import arrow_lines, box_lines, group_lines, picture_lines
from gcscope.render.mermaid import MOST_TEXT, escaped, mermaid_of, mermaid_text
from gcscope.render.report_picture import picture_of
from pictures import GOLDEN, GOLDEN_FOLDER, chain, cycle, report
from test_dot import NASTY, drawn_with, texts
from test_picture import arrow, box, picture

# What may stand as it is: letters, digits, what is not ASCII, and a few that mean nothing. The rest
# is #number;
TEXT = r"(?:[A-Za-z0-9 ,']|[^\x00-\x7f\ufb02\xb6]|#\d+;)*"
LABEL = rf'"({TEXT}(?:<br/>{TEXT})*)"'
NAME = r"(?:box|text|group)\d+|title"
STYLE = r"(?:fill|stroke|color|stroke-width|stroke-dasharray):[#\w ]+"
LINES = {
    "settings": re.compile(r'%%\{init: \{"flowchart": \{"wrappingWidth": \d+\}\}\}%%'),
    "kind": re.compile("flowchart TB"),
    "said": re.compile(rf"  acc(?:Title|Descr): ({TEXT})"),
    "box": re.compile(rf"  (?:  )?({NAME})(?:\[{LABEL}\]|\({LABEL}\))"),
    "group": re.compile(r'  subgraph (group\d+) \[" "\]'),
    "end": re.compile("  end"),
    "arrow": re.compile(rf"  ({NAME}) (==>|-->|-\.->)(?:\|{LABEL}\|)? ({NAME})"),
    "unseen": re.compile(rf"  ({NAME}) ~~~ ({NAME})"),
    "look": re.compile(rf"  classDef (gc\w+) {STYLE}(?:,{STYLE})*"),
    "looks": re.compile(rf"  class ((?:{NAME})(?:,(?:{NAME}))*) (gc\w+)"),
    "cut": re.compile(r"  linkStyle (\d+(?:,\d+)*) stroke-width:3px"),
}
ORDER = re.compile(
    r"(settings )(kind )(said ){2}(box )(group (box )+end )*(box )*(arrow )*(unseen )*"
    r"(look )+(looks )+(cut )?"
)


def lines_of(label):
    lines = label.split("<br/>")
    return [re.sub(r"#(\d+);", lambda number: chr(int(number[1])), line) for line in lines]


def read(text):
    """Read a text line by line: the kind of each with what was found in it."""
    assert text.endswith("\n") and len(text) <= MOST_TEXT
    found = []
    for line in text[:-1].split("\n"):
        kinds = [(kind, match) for kind, one in LINES.items() if (match := one.fullmatch(line))]
        assert len(kinds) == 1, line[:300]
        found.append(kinds[0])
        if '"' in line and kinds[0][0] != "settings":
            assert "direction " not in line
    assert ORDER.fullmatch("".join(f"{kind} " for kind, _ in found))
    return found


def check(drawn):
    """Compare every string, box and arrow of a picture with its text."""
    found = read(mermaid_of(drawn))
    boxes = {
        match[1]: lines_of(match[2] or match[3] or "") for kind, match in found if kind == "box"
    }
    arrows = [match for kind, match in found if kind == "arrow"]
    assert boxes.pop("title") == (picture_lines(drawn) or [" "])
    for number, group in enumerate(drawn.groups):
        assert boxes.pop(f"text{number}") == (group_lines(group) or [" "])
    name = {one.key: f"box{number}" for number, one in enumerate(drawn.boxes)}
    assert boxes == {name[one.key]: box_lines(one) or [" "] for one in drawn.boxes}
    for match, one in zip(arrows, drawn.arrows, strict=True):
        assert (match[1], match[4]) == (name[one.source], name[one.target])
        assert (lines_of(match[3]) if match[3] is not None else []) == arrow_lines(one)
        assert (match[2] == "-.->") >= one.is_cut
    cuts = [str(number) for number, one in enumerate(drawn.arrows) if one.is_cut]
    assert [match[1].split(",") for kind, match in found if kind == "cut"] == (
        [cuts] if cuts else []
    )
    looked = [name for kind, match in found if kind == "looks" for name in match[1].split(",")]
    assert sorted(looked) == sorted(
        [*boxes, "title", *(f"text{i}" for i in range(len(drawn.groups)))]
    )
    assert {match[2] for kind, match in found if kind == "looks"} == {
        match[1] for kind, match in found if kind == "look"
    }


@pytest.mark.parametrize("name", GOLDEN)
def test_golden(name):
    assert mermaid_text(GOLDEN[name]) == (GOLDEN_FOLDER / f"{name}.mmd").read_text(encoding="utf-8")
    check(picture_of(GOLDEN[name]))


@given(texts)
@example("direction TB")
def test_a_line_is_read_back_as_it_was(name):
    line = escaped(name)
    assert re.fullmatch(TEXT, line) and lines_of(line) == [escaped_by_hand(name)]
    assert "direction TB" not in line


def escaped_by_hand(name):
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)


@example(NASTY[:8])
@example(NASTY[8:])
@given(st.lists(texts, max_size=8))
def test_every_string_is_what_it_was(names):
    check(drawn_with(names))


def test_a_line_never_begins_with_a_space():
    text = mermaid_of(picture([box("a", title="    code")]))
    assert 'box0["#32;   code"]' in text


def test_what_is_too_long_for_mermaid_is_cut_to_its_first_lines():
    long = "#" * 10_000
    boxes = [box(str(i), title=long, lines=(long, long)) for i in range(40)]
    arrows = [arrow(str(i), str(i - 1), label=long) for i in range(1, 40)]
    text = mermaid_of(picture(boxes, arrows, title=long, description=long, lines=(long,)))
    found = read(text)
    assert [lines_of(match[2])[-1] for kind, match in found if kind == "box"] == ["…"] * 41
    assert len(text) > MOST_TEXT / 4


def test_the_cut_and_the_ring_are_told_without_colour():
    text = mermaid_text(GOLDEN["exception"])
    assert 'box0 ==>|"#46;#95;#95;traceback#95;#95;#46;tb#95;frame"| box1' in text
    assert 'box1 -.->|"local last<br/>cut here"| box0' in text
    assert 'box0("OSError<br/>refcount 1")' in text
    assert 'box2["#43; 20 objects, 2#46;1 kB<br/>kept by the ring"]' in text


@pytest.mark.parametrize("length", [1, 2, 3, 12, 16, 17, 1000])
def test_a_ring_of_any_length(length):
    check(picture_of(report(cycle(*chain(length), cut=length // 2, dragged=length % 2))))


def test_holders_from_outside():
    drawn = picture([box("p1", kind="outside"), box("a", refcount=1)], [arrow("p1", "a")])
    check(drawn)
    assert "  class title,box0 gcText\n" in mermaid_of(drawn)
