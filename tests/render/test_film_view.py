"""film_view: a film as Jupyter gets it, with Graphviz and without, with ipywidgets and without."""

import sys

import pytest

import gcscope
from gcscope import Person, film
from gcscope.render.film_view import below_each_other, film_bundle, player, svgs_of
from mermaid_reader import check, lines_of, read
from support import needs_graphviz

SVG = "image/svg+xml"
WIDGET = "application/vnd.jupyter.widget-view+json"
CAPTIONS = ["two people", "friends", "no names", "the collector has run"]


@pytest.fixture
def frames(quiet):
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
    places = []
    for svg in svgs_of(recorder.frames):
        paths = [part for part in svg.split("<") if part.startswith("text ")]
        places.append(
            {
                part.rsplit(">", 1)[1]: part.split(' x="')[1].split('"')[0]
                for part in paths
                if "Person" in part
            }
        )
    assert places[0] == places[1] == places[2] and len(places[0]) == 2


@needs_graphviz
def test_a_strip_where_there_are_none(frames, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    assert set(film_bundle(frames, "text", True)) == {"text/plain", SVG}


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
