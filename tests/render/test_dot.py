"""dot: golden texts; read back they give exactly the strings; Graphviz shows them."""

import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gcscope.model.phrases import shortened
from gcscope.render.boxes import arrow_lines, box_lines, group_lines, picture_lines
from gcscope.render.dot import BACKSLASH, dot_of, dot_text, escaped
from gcscope.render.graphviz import _graphviz
from gcscope.render.mermaid import mermaid_of
from gcscope.render.report_picture import picture_of
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
from support import needs_graphviz

# ------------------------------------------------------------------------------ reading back

TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|->|[{}\[\];,=]|[A-Za-z_][A-Za-z_0-9]*)', flags=re.S)


def tokens_of(text):
    tokens, place = [], 0
    text = text.rstrip()
    while place < len(text):
        match = TOKEN.match(text, place)
        assert match, f"no token: {text[place : place + 40]!r}"
        tokens.append(match[1])
        place = match.end()
    return tokens


def lines_of(token):
    """What Graphviz makes of a quoted string: the lines that it shows."""
    assert token[0] == token[-1] == '"'
    text, lines, place = token[1:-1], [""], 0
    while place < len(text):
        c = text[place]
        if c == "\\":
            place += 1
            if text[place] in "nlr":
                lines.append("")
            else:
                assert text[place] in '\\"', f"an escape of Graphviz: \\{text[place]}"
                lines[-1] += text[place]
        elif c == "&":
            assert text.startswith("&amp;", place), "a character of HTML"
            lines[-1] += "&"
            place += 4
        else:
            assert c.isprintable()
            lines[-1] += c
        place += 1
    return lines[:-1] if text.endswith(("\\l", "\\n")) and lines[-1] == "" else lines


class Read:
    """A text in DOT, read: attributes by node, edges with theirs."""

    def __init__(self, text):
        self.tokens = tokens_of(text)
        self.nodes, self.edges, self.depth, self.place = {}, [], 0, 0
        self.take("digraph"), self.take("gcscope")
        self.block()
        assert self.place == len(self.tokens)

    def take(self, expected=None):
        token = self.tokens[self.place]
        assert expected is None or token == expected, (token, expected)
        self.place += 1
        return token

    def at(self, *tokens):
        return self.tokens[self.place] in tokens

    def block(self):
        self.take("{")
        while not self.at("}"):
            if self.at("subgraph"):
                self.take(), self.take()
                self.block()
            elif self.at("{"):
                self.block()
            elif self.at("rank"):
                self.take(), self.take("="), self.take("same"), self.take(";")
            else:
                self.statement()
        self.take("}")

    def statement(self):
        names = [self.take()]
        assert names[0].isidentifier()
        while self.at("->"):
            self.take()
            names.append(self.take())
        attributes = self.attributes() if self.at("[") else None
        if self.at(";"):
            self.take()
        if len(names) > 1:
            self.edges += [(*pair, attributes) for pair in zip(names, names[1:], strict=False)]
        elif attributes is not None:
            self.nodes.setdefault(names[0], attributes)

    def attributes(self):
        found = {}
        self.take("[")
        while not self.at("]"):
            name = self.take()
            self.take("=")
            assert name not in found
            found[name] = lines_of(self.take())
            if not self.at("]"):
                self.take(",")
        self.take("]")
        return found


def hint(box):
    return shortened(box.title, 240).replace("\\", BACKSLASH)


def check(drawn):
    """Read a picture's text back and compare every string, box and arrow."""
    read = Read(dot_of(drawn))
    assert read.nodes["graph"]["label"] == (picture_lines(drawn) or [""])
    for number, group in enumerate(drawn.groups):
        assert read.nodes[f"text{number}"]["label"] == (group_lines(group) or [""])
    name = {}
    for number, one in enumerate(drawn.boxes):
        name[one.key] = f"box{number}"
        assert read.nodes[f"box{number}"]["label"] == (box_lines(one) or [""])
        assert read.nodes[f"box{number}"]["tooltip"] == [hint(one)]
        assert ("bold" in read.nodes[f"box{number}"].get("style", [""])[0]) <= one.on_ring
    seen = [
        (source, target) for source, target, style in read.edges if style.get("style") != ["invis"]
    ]
    expected = []
    for number, one in enumerate(drawn.arrows):
        if arrow_lines(one):
            assert read.nodes[f"label{number}"]["label"] == arrow_lines(one)
            expected += [(name[one.source], f"label{number}"), (f"label{number}", name[one.target])]
        else:
            expected.append((name[one.source], name[one.target]))
    assert seen == expected
    assert {node for edge in read.edges for node in edge[:2]} <= read.nodes.keys()
    return read


# ------------------------------------------------------------------------------------ tests


@pytest.mark.parametrize("name", GOLDEN)
def test_golden(name):
    assert dot_text(GOLDEN[name]) == (GOLDEN_FOLDER / f"{name}.dot").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_texts_are_dot(name):
    check(picture_of(GOLDEN[name]))


@given(st.lists(texts, max_size=6))
@example(NASTY)
def test_every_string_is_what_it_was(names):
    check(drawn_with(names))


@given(texts)
def test_no_string_ends_early(name):
    assert re.fullmatch(r'(?:[^"\\\n]|\\["\\])*', escaped(name))


def test_lines_stay_short_enough_for_graphviz():
    assert (
        max(map(len, dot_of(drawn_with(["\\" * 10_000, '"' * 10_000, "&" * 10_000])).splitlines()))
        < 16_000
    )


def test_the_cut_is_told_by_dashes_and_words_and_rings_by_width():
    read = check(picture_of(GOLDEN["exception"]))
    assert read.nodes["label1"]["label"] == ["local last", "cut here"]
    dashed = [
        edge[:2]
        for edge in read.edges
        if edge[2].get("style") == ["dashed"] and "penwidth" in edge[2]
    ]
    assert dashed == [("box1", "label1"), ("label1", "box0")]
    assert read.nodes["box0"]["penwidth"] == ["2.5"] and read.nodes["box2"]["penwidth"] == ["1.5"]
    assert read.nodes["graph"]["bgcolor"] == ["white"] and read.nodes["node"]["fontcolor"] == [
        "#1a1a1a"
    ]


def test_what_is_unreachable_is_told_by_dashes_as_well_as_colour():
    for on_ring in (False, True):
        boxes = [box("a", on_ring=on_ring), box("b", on_ring=on_ring, unreachable=True)]
        read = check(picture(boxes, [arrow("a", "b", on_ring=on_ring)]))
        looks = [read.nodes[name].get("style", [""]) for name in ("box0", "box1")]
        assert ["dashed" in look[0] for look in looks] == [False, True]
        assert ["rounded" in look[0] for look in looks] == [on_ring, on_ring]
        assert read.nodes["box1"]["color"] != read.nodes["box0"].get("color")
    read = check(picture([box("a", kind="rest"), box("b", kind="rest", unreachable=True)]))
    assert all(read.nodes[name]["peripheries"] == ["2"] for name in ("box0", "box1"))
    assert "dashed" in read.nodes["box1"]["style"][0] and "style" not in read.nodes["box0"]


def test_only_what_is_known_to_be_unreachable_looks_so():
    for drawn, lost in (
        (GOLDEN["pair"], True),
        (GOLDEN["odd"], False),  # alive
        (GOLDEN["pair"].cycles[0], False),  # who knows
    ):
        assert {box.unreachable for box in picture_of(drawn).boxes} == {lost}


@pytest.mark.parametrize(("count", "is_wide"), [(6, False), (7, True), (40, True)])
def test_what_is_too_wide_goes_from_left_to_right(count, is_wide):
    boxes = [box("hub"), *(box(str(number)) for number in range(count))]
    arrows = [arrow("hub", str(number), label=".a") for number in range(count)]
    back = [arrow(str(number), "hub", label=".b") for number in range(count)]
    for between in (arrows, arrows + back):
        drawn = picture(boxes, between)
        assert (check(drawn).nodes["graph"].get("rankdir") == ["LR"]) == is_wide
        assert ("flowchart LR" in mermaid_of(drawn)) == is_wide
    chain = [arrow(str(number), str(number + 1)) for number in range(count - 1)]
    assert "rankdir" not in check(picture(boxes[1:], chain)).nodes["graph"]


def test_a_holder_from_outside_has_no_border_and_a_count_is_shown():
    read = check(picture([box("p1", kind="outside"), box("a", refcount=2)], [arrow("p1", "a")]))
    assert read.nodes["box0"]["shape"] == ["plain"] and "shape" not in read.nodes["box1"]
    assert read.nodes["box1"]["label"] == ["a", "refcount 2"]


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 12, 16, 17, 1000])
def test_a_ring_of_any_length(length):
    check(picture_of(report(cycle(*chain(length), cut=length // 2, dragged=length % 2))))


# --------------------------------------------------------------------------------- Graphviz


def graphviz(text, form="svg"):
    if shutil.which("dot") is None:  # the one that comes with the extra
        return _graphviz(text, form)
    run = subprocess.run(["dot", f"-T{form}"], input=text.encode(), capture_output=True, timeout=60)
    assert run.returncode == 0 and not run.stderr, run.stderr.decode()
    return run.stdout


def spaces_apart(text):
    return " ".join(text.replace("\xa0", " ").split())


def check_svg(drawn):
    root = ElementTree.fromstring(graphviz(dot_of(drawn)))
    shown = [
        spaces_apart("".join(text.itertext()))
        for text in root.iter("{http://www.w3.org/2000/svg}text")
    ]
    hints = [spaces_apart(e.get("{http://www.w3.org/1999/xlink}title") or "") for e in root.iter()]
    for line in (line for one in drawn.boxes for line in box_lines(one)):
        assert spaces_apart(line) in [*shown, ""]
    for line in (line for one in drawn.arrows for line in arrow_lines(one)):
        assert spaces_apart(line) in [*shown, ""]
    for one in drawn.boxes:
        assert spaces_apart(hint(one)) in [*hints, ""]


@needs_graphviz
@pytest.mark.parametrize("name", GOLDEN)
def test_graphviz_draws_golden_texts(name):
    check_svg(picture_of(GOLDEN[name]))


@needs_graphviz
@settings(max_examples=40, deadline=None)
@given(st.lists(texts, max_size=5))
@example(NASTY)
def test_graphviz_shows_every_name(names):
    check_svg(drawn_with(names))


@needs_graphviz
@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 12, 16])
def test_a_ring_looks_like_one(length):
    """Its objects lie down one side and up the other: no arrow spans more than two rows."""
    drawn = picture_of(report(cycle(*chain(length), cut=0)))
    plain = [line.split() for line in graphviz(dot_of(drawn), "plain").decode().splitlines()]
    height = {words[1]: float(words[3]) for words in plain if words[0] == "node"}
    rows = sorted({y for name, y in height.items() if name.startswith(("box", "label"))})
    assert len(rows) == length + 1
    for words in plain:
        if words[0] == "edge" and words[-2] != "invis" and words[1].startswith(("box", "label")):
            assert abs(rows.index(height[words[1]]) - rows.index(height[words[2]])) == 1


# ------------------------------------------------------------------- what belongs to no group


def places_of(drawn):
    """Where Graphviz puts each node: (x, y), y upwards."""
    plain = [line.split() for line in graphviz(dot_of(drawn), "plain").decode().splitlines()]
    return {words[1]: (float(words[2]), float(words[3])) for words in plain if words[0] == "node"}


def live(titles, arrows, **values):
    boxes = [box(title, refcount=1, on_ring=True) for title in titles]
    names = [box(f"name of {title}", kind="outside") for title in titles]
    held = [arrow(f"name of {title}", title) for title in titles]
    between = [arrow(a, b, label=f".{a}{b}{i}", on_ring=True) for i, (a, b) in enumerate(arrows)]
    return picture([*boxes, *names], [*between, *held], **values)


@needs_graphviz
@pytest.mark.parametrize(
    "arrows", [[], ["ab"], ["ba"], ["ab", "ba"], ["ab", "ab", "ba", "ba", "aa"]]
)
def test_two_objects_stand_side_by_side_below_their_names(arrows):
    drawn = live("ab", arrows)
    check(drawn)
    place = places_of(drawn)
    assert place["box0"][1] == place["box1"][1] and place["box0"][0] != place["box1"][0]
    for thing, name in (("box0", "box2"), ("box1", "box3")):
        assert place[name][1] > place[thing][1] and abs(place[name][0] - place[thing][0]) < 1.2
    between = sorted(place[f"label{i}"][1] for i, ends in enumerate(arrows) if ends != "aa")
    assert between[-1:] == [place["box0"][1]] * bool(between) and all(
        y < place["box0"][1] for y in between[:-1]
    )


@needs_graphviz
@pytest.mark.parametrize("length", [3, 4, 7, 12])
def test_a_ring_without_a_group_goes_down_one_side_and_up_the_other(length):
    titles = "abcdefghijkl"[:length]
    drawn = live(titles, [titles[i] + titles[(i + 1) % length] for i in range(length)])
    check(drawn)
    place = places_of(drawn)
    rows = {place[f"box{i}"][1] for i in range(length)}
    assert len(rows) == length // 2 + 1 and place["box0"][1] == max(rows)


@needs_graphviz
def test_what_is_hidden_takes_its_place():
    whole = live("ab", ["ab", "ba"])
    hidden = frozenset({"name of a", whole.arrows[0].key})
    shown, kept = (
        graphviz(dot_of(whole), "plain").decode(),
        graphviz(dot_of(whole, hidden), "plain").decode(),
    )
    nodes = [
        [line.split()[:6] for line in text.splitlines() if line.startswith("node")]
        for text in (shown, kept)
    ]
    assert nodes[0] == nodes[1] and shown != kept
    read = Read(dot_of(whole, hidden))
    unseen = {
        name for name, attributes in read.nodes.items() if attributes.get("style") == ["invis"]
    }
    assert unseen == {"box2", "label0"}
