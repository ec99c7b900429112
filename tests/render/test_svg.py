"""svg: what Graphviz drew, with a title, a description and hints, and without its ids."""

import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gcscope.model.phrases import in_one_line, shortened
from gcscope.render.graphviz import svg_of
from gcscope.render.report_picture import picture_of
from gcscope.render.svg import accessible, escaped
from specimens.pictures import GOLDEN, arrow, box, drawn_with, picture
from specimens.texts import NASTY, texts
from support import needs_graphviz

SVG = "{http://www.w3.org/2000/svg}"
DRAWN = """<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN"
 "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<!-- Title: gcscope Pages: 1 -->
<svg width="10pt" height="10pt"
 viewBox="0 0 10 10" xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">
<g id="graph0" class="graph">
<title>gcscope</title>
<g id="node1" class="node">
<title>box0</title>
<g id="a_node1"><a xlink:title="a &#39;b&#39;">
<text x="1">a</text>
</a>
</g>
</g>
<!-- box0&#45;&gt;label0 -->
<g id="edge1" class="edge"><title>box0&#45;&gt;label0</title></g>
<g id="edge2" class="edge"><title>label0&#45;&gt;box1</title></g>
<g id="node2" class="node"><title>middle0_0</title></g>
</g>
</svg>
"""


def read(text, drawn):
    """Parse an SVG; what holds for each of ours."""
    assert (
        text.startswith("<svg ")
        and text.endswith("</svg>\n")
        and "<!" not in text
        and "<?" not in text
    )
    root = ElementTree.fromstring(text)
    title, description, *_ = root
    assert (root.get("role"), title.tag, description.tag) == ("img", f"{SVG}title", f"{SVG}desc")
    assert root.get("aria-labelledby").split() == [title.get("id"), description.get("id")]
    assert (title.text or "") == in_one_line(drawn.title) and (
        description.text or ""
    ) == in_one_line(drawn.description)
    with_id = [element for element in root.iter() if element.get("id") is not None]
    assert with_id == [title, description]
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "title", "desc", "g", "path", "polygon", "polyline", "ellipse", "text"}
    return root


def hints(root):
    """The class of each part, and its words."""
    return [
        (e.get("class"), e.findtext(f"{SVG}title") or "")
        for e in root.iter(f"{SVG}g")
        if e.get("class")
    ]


def test_parts_have_words_instead_of_names():
    drawn = picture(
        [box("p", refcount=2), box("q")],
        [arrow("p", "q", label=".x", is_cut=True)],
        description="two",
    )
    root = read(accessible(DRAWN, drawn), drawn)
    reference = "p, refcount 2 .x cut here → q"
    assert hints(root) == [
        ("graph", "a picture"),
        ("node", "p, refcount 2"),
        ("edge", reference),
        ("edge", reference),
        ("node", ""),
    ]


@pytest.mark.parametrize(
    "text", ["", "not found", "<svg", "<svg>no end", "<html></html>", "</svg>"]
)
def test_what_is_no_svg(text):
    assert accessible(text, picture()) is None


def test_ids_are_the_pictures_own():
    ids = {
        ElementTree.fromstring(accessible(DRAWN, picture_of(one))).get("aria-labelledby")
        for one in GOLDEN.values()
    }
    assert len(ids) == len(GOLDEN)
    assert accessible(DRAWN, picture_of(GOLDEN["odd"])) == accessible(
        DRAWN, picture_of(GOLDEN["odd"])
    )


@given(texts)
def test_text_of_xml(text):
    assert (ElementTree.fromstring(f'<x y="{escaped(text)}"/>').get("y")) == in_one_line(text)


@needs_graphviz
@settings(max_examples=30, deadline=None)
@given(st.lists(texts, max_size=5))
@example(NASTY)
def test_every_picture_is_well_formed(names):
    drawn = drawn_with(names, description=" ".join(names))
    said = [words for kind, words in hints(read(svg_of(drawn), drawn)) if kind == "node"]
    for one in drawn.boxes[:3]:
        begin = shortened(one.title)[:10]
        assert any(words.startswith(begin) for words in said)


@needs_graphviz
@pytest.mark.parametrize("name", GOLDEN)
def test_graphviz_names_are_not_read_aloud(name):
    drawn = picture_of(GOLDEN[name])
    root = read(svg_of(drawn), drawn)
    assert not any(
        words.startswith(("box", "label", "text", "cluster", "middle")) for _, words in hints(root)
    )
    assert root.find(f".//{SVG}polygon").get("fill") == "white"
