"""film_view: a film as Jupyter gets it, with Graphviz and without, with ipywidgets and without."""

import base64
import re
import sys
from itertools import pairwise
from xml.etree import ElementTree

import pytest

import gcscope
from gcscope import Person, film
from gcscope.model.picture import OBJECT
from gcscope.model.record import changed
from gcscope.render.film_view import below_each_other, film_bundle, player, svgs_of
from mermaid_reader import check, lines_of, read
from support import needs_graphviz

SVG, PNG = "image/svg+xml", "image/png"
WIDGET = "application/vnd.jupyter.widget-view+json"
CAPTIONS = ["two people", "friends", "no names", "the collector has run"]


@pytest.fixture
def frames(whole_heap, quiet):
    """The lecture."""
    people = {"p1": Person("Michael"), "p2": Person("Sarah")}
    with film(*people.values()) as recorder:
        recorder.frame(CAPTIONS[0])
        people["p1"].befriend(people["p2"])
        recorder.frame(CAPTIONS[1])
        people.clear()
        recorder.frame(CAPTIONS[2])
        gcscope.collect()
        recorder.frame(CAPTIONS[3])
    return recorder.frames


def test_without_graphviz_mermaid_has_all_frames(frames, no_graphviz):
    forms = film_bundle(frames, "text", False)
    assert set(forms) == {"text/plain", "text/vnd.mermaid"}
    found = read(forms["text/vnd.mermaid"])
    said = [
        " ".join(lines_of(match[2] or match[3] or "")) for kind, match in found if kind == "box"
    ]
    assert said[0] == "A film of 4 frames"
    for number, caption in enumerate(CAPTIONS, 1):
        assert sum(line.startswith(f"{number}. {caption}") for line in said) == 1, said
    assert sum("gcscope.Person 'Michael'" in line and "refcount" in line for line in said) == 3
    [lost] = [line for line in said if line.startswith("3. ")]
    for row in frames[2].arithmetic.rows:
        assert f"{row.label}: refcount 1 - 1 from inside = 0 left:" in lost.replace("  ", " ")
    assert lost.count("UNREACHABLE") == 4
    assert sum("none of the objects is there any more" in line for line in said) == 1
    assert any("freed by the collector" in line for line in said)
    assert sum(kind == "group" for kind, _ in found) == 4
    below = [(match[1], match[2]) for kind, match in found if kind == "unseen"]
    assert [f"text{number}" for number in range(4)] == list(
        dict.fromkeys(last for _, last in below if "text" in last)
    )
    # all of the first frame
    assert {first for first, last in below if last == "text1"} >= {
        "box0",
        "box1",
    }
    check(below_each_other(frames))


@needs_graphviz
def test_what_stays_keeps_its_place_and_what_is_not_there_is_not_seen(frames):
    drawn = svgs_of(frames)
    places = [svg[svg.index("viewBox") :].split('"')[1].split()[2] for svg in drawn]
    assert len(set(places)) == 1  # all are as wide
    assert [svg.count(">.friends[0]</text>") for svg in drawn] == [0, 2, 2, 0]
    strip = film_bundle(frames, "text", False)[SVG]
    assert all(
        strip.count(f">{number}. {caption}</text>") == 1
        for number, caption in enumerate(CAPTIONS, 1)
    )


@needs_graphviz
def test_a_slider_where_there_are_widgets(frames):
    pytest.importorskip("ipywidgets", exc_type=ImportError)
    assert WIDGET in film_bundle(frames, "text", True)
    assert WIDGET not in film_bundle(frames, "text", False)
    assert WIDGET not in film_bundle(frames[:1], "text", True)


def test_a_slider_without_graphviz(frames, no_graphviz):
    """Each page is what JupyterLab can draw: Mermaid, with the table below it."""
    pytest.importorskip("ipywidgets", exc_type=ImportError)
    forms = film_bundle(frames, "text", True)
    assert {WIDGET, "text/vnd.mermaid"} <= set(forms) and SVG not in forms
    pages = player(frames).children[1].children
    assert len(pages) == len(frames)
    for number, (page, frame) in enumerate(zip(pages, frames, strict=True), 1):
        drawn, table = (output["data"] for output in page.outputs)
        found = read(drawn["text/vnd.mermaid"])
        title = next(match[2] for kind, match in found if kind == "box" and match[1] == "title")
        assert lines_of(title)[0] == f"{number}. {frame.caption}"
        assert [fate for fate in frame.fates if fate not in " ".join(lines_of(title))] == []
        assert all(row.label in table["text/html"] for row in frame.arithmetic.rows)


@needs_graphviz
def test_a_film_with_lists_keeps_its_places(quiet):
    people = {"p1": Person("Michael"), "p2": Person("Sarah")}
    with film(*people.values(), containers=True) as recorder:
        recorder.frame("not yet a ring")
        people["p1"].befriend(people["p2"])
        recorder.frame("a ring")
        people.clear()
        recorder.frame("gone")
    drawn = [ElementTree.fromstring(svg) for svg in svgs_of(recorder.frames)]
    assert len({svg.get("viewBox") for svg in drawn}) == 1
    places = [places_of(svg) for svg in drawn]
    for before, after in pairwise(places):
        assert {name: before[name] for name in before.keys() & after.keys()} == {
            name: after[name] for name in before.keys() & after.keys()
        }
    people_and_lists = {"gcscope.Person 'Michael'": 1, "gcscope.Person 'Sarah'": 1, "list": 2}
    assert [{name: len(found[name]) for name in people_and_lists} for found in places] == [
        people_and_lists
    ] * 3


def places_of(svg):
    """Find where the things that a drawing names stand: what is counted of them may change."""
    places = {}
    for text in svg.iter("{http://www.w3.org/2000/svg}text"):
        if re.fullmatch(r"gcscope\.Person .*|list|people.*|\.friends|\[0\]", text.text):
            places.setdefault(text.text, []).append((text.get("x"), text.get("y")))
    return places


@needs_graphviz
@pytest.mark.parametrize("widest", [0, 1, 2])
def test_what_changes_has_the_size_of_its_largest(widest, frames):
    """Whichever frame says most of a box, and in however many lines."""
    more = [("x " * 10_000,), ("a", "b", "c"), ()]
    lines = more[-widest:] + more[:-widest]
    told = []
    for frame, said in zip(frames, lines, strict=False):
        boxes = tuple(
            changed(box, lines=said) if box.kind == OBJECT else box for box in frame.picture.boxes
        )
        told.append(changed(frame, picture=changed(frame.picture, boxes=boxes)))
    drawn = [ElementTree.fromstring(svg) for svg in svgs_of(tuple(told))]
    assert len({svg.get("viewBox") for svg in drawn}) == 1
    names = [
        {name: [x for x, _ in found] for name, found in places_of(svg).items() if "Person" in name}
        for svg in drawn
    ]
    assert names[0] == names[1] == names[2] and len(names[0]) == 2


@needs_graphviz
def test_a_strip_where_there_are_none(frames, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    assert list(film_bundle(frames, "text", True)) == ["text/plain", SVG, PNG]


@needs_graphviz
def test_the_png_of_a_film_has_all_frames(frames):
    def height(some):
        png = base64.b64decode(film_bundle(some, "text", False)[PNG])
        return int.from_bytes(png[20:24], "big")

    heights = [height(frames[:count]) for count in (1, 2, 3, 4)]
    steps = [after - before for before, after in zip(heights, heights[1:])]
    assert min(steps) > 50, heights  # pixels


@needs_graphviz
def test_jupyter_gets_what_it_wants_of_a_film(frames):
    pytest.importorskip("ipywidgets", exc_type=ImportError)
    every = ["text/plain", SVG, PNG, WIDGET]
    assert list(film_bundle(frames, "text", True)) == every
    for form in every:
        assert list(film_bundle(frames, "text", True, include=[form])) == [form]
        assert form not in film_bundle(frames, "text", True, exclude={form})
    recorder = film([])
    assert recorder._repr_mimebundle_(exclude=["text/plain"]) == {}


def test_where_a_film_is_saved(frames, tmp_path, monkeypatch):
    recorder = film([])
    monkeypatch.setattr(type(recorder), "frames", frames)
    recorder.save(tmp_path / "x.mmd")
    assert "A film of 4 frames" in (tmp_path / "x.mmd").read_text(encoding="utf-8")
    for name in ("x.png", "x", "x.dot"):
        with pytest.raises(
            ValueError, match=r"saved as \.svg or \.mmd, not as .*film\.frames\[0\]\.picture\.save"
        ):
            recorder.save(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        recorder.save(tmp_path / "none" / "x.mmd")


@needs_graphviz
def test_a_film_in_svg(frames, tmp_path, monkeypatch):
    recorder = film([])
    monkeypatch.setattr(type(recorder), "frames", frames)
    recorder.save(tmp_path / "x.SVG")
    assert "the collector has run" in (tmp_path / "x.SVG").read_text(encoding="utf-8")


def test_without_graphviz_a_film_is_written_beside(frames, tmp_path, monkeypatch, no_graphviz):
    recorder = film([])
    monkeypatch.setattr(type(recorder), "frames", frames)
    with pytest.raises(
        OSError, match=r"Graphviz is needed for \.svg, .*x\.mmd as Mermaid\. To get it: apt-get"
    ):
        recorder.save(tmp_path / "x.svg")
    assert [path.name for path in tmp_path.iterdir()] == ["x.mmd"]


def test_a_film_without_frames_is_text():
    assert film_bundle((), "text", True) == {"text/plain": "text"}
