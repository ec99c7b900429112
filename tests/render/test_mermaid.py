"""mermaid: golden texts, and a strict reading: no string means anything to Mermaid or HTML."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gcscope.render.mermaid import MOST_TEXT, escaped, mermaid_of, mermaid_text
from gcscope.render.report_picture import picture_of
from mermaid_reader import TEXT, check, lines_of, read
from specimens.pictures import (
    GOLDEN,
    GOLDEN_FOLDER,
    arrow,
    box,
    chain,
    cycle,
    drawn_with,
    picture,
    report,
)
from specimens.texts import NASTY, texts


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
    assert 'box2[["#43; 20 objects, 2#46;1 kB<br/>kept by the ring"]]' in text


def test_what_is_unreachable_is_told_by_dashes_as_well_as_colour():
    boxes = [box("a"), box("b", unreachable=True), box("c", unreachable=True, on_ring=True)]
    drawn = picture(boxes)
    check(drawn)
    text = mermaid_of(drawn)
    looks = {
        line.split()[-1]: line.split()[-2].split(",")
        for line in text.splitlines()
        if line.startswith("  class ")
    }
    dashed = {
        line.split()[1]
        for line in text.splitlines()
        if line.startswith("  classDef ") and "dasharray" in line
    }
    assert {name for look in dashed for name in looks[look]} == {"box1", "box2"}


@pytest.mark.parametrize("length", [1, 2, 3, 12, 16, 17, 1000])
def test_a_ring_of_any_length(length):
    check(picture_of(report(cycle(*chain(length), cut=length // 2, dragged=length % 2))))


def test_holders_from_outside():
    drawn = picture([box("p1", kind="outside"), box("a", refcount=1)], [arrow("p1", "a")])
    check(drawn)
    assert "  class title,box0 gcText\n" in mermaid_of(drawn)
