"""graphviz: that is there, that is not, and that misbehaves; files, and what Jupyter gets."""

import base64
import os
import re
import sys
import time
from pathlib import Path

import pytest

from gcscope import Link
from gcscope.model.record import changed
from gcscope.render import graphviz
from gcscope.render.dot import dot_text
from gcscope.render.format_table import picture_suffixes
from gcscope.render.formats import bundle
from gcscope.render.graphviz import CannotDraw, png_of, sizes_of, small_png_of, svg_of
from gcscope.render.mermaid import mermaid_text
from gcscope.render.report_picture import picture_of
from specimens.pictures import GOLDEN
from support import LEFT_SOURCE, needs_graphviz

REPORT = GOLDEN["pair"]
PICTURE = picture_of(REPORT)
CYCLE = REPORT.cycles[0]


@pytest.fixture
def fake(monkeypatch, tmp_path, no_graphviz):
    """Put a program called dot on PATH."""

    def install(script, mode=0o755):
        program = tmp_path / "bin" / "dot"
        program.parent.mkdir()
        program.write_text(f"#!{sys.executable} -S\n{script}")
        program.chmod(mode)
        monkeypatch.setenv("PATH", str(program.parent))

    return install


# -------------------------------------------------------------------------------- Graphviz


@needs_graphviz
def test_graphviz_draws():
    assert svg_of(PICTURE).startswith("<svg ") and "gcscope.Person &#39;Michael&#39;" in svg_of(
        PICTURE
    )
    assert png_of(PICTURE).startswith(b"\x89PNG")


def test_without_graphviz(no_graphviz):
    assert svg_of(PICTURE) is None and png_of(PICTURE) is None


@pytest.mark.parametrize(
    "script",
    [
        "raise SystemExit(1)",
        "import os; os.kill(os.getpid(), 11)",
        "print('<svg></svg>'); raise SystemExit(3)",
        "print('this is another dot')",
        "",
        "import sys; sys.stdout.buffer.write(b'\\xff\\xfe' * 100_000)",
        "import sys; sys.stdin.close(); print('<svg')",
    ],
)
def test_a_graphviz_that_misbehaves_is_none(fake, script):
    fake(script)
    assert svg_of(PICTURE) is None and png_of(PICTURE) is None
    assert sizes_of([PICTURE.boxes[0]]) == {}
    assert set(bundle(REPORT)) == {"text/plain", "text/vnd.mermaid"}


def test_a_graphviz_that_may_not_be_run_is_none(fake):
    fake("print('<svg></svg>')", mode=0o644)
    assert svg_of(PICTURE) is None


def test_a_graphviz_that_hangs_is_ended(fake, monkeypatch):
    fake("import time; time.sleep(600)")
    monkeypatch.setattr(graphviz, "SECONDS", 0.3)
    before = time.monotonic()
    assert svg_of(PICTURE) is None
    assert time.monotonic() - before < 30
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)  # nothing is left of it


def test_what_graphviz_is_given_and_what_it_writes_may_be_long(fake):
    fake(
        "import sys; t = sys.stdin.read();"
        "print('<svg>' + ' ' * 3_000_000 + '<title>' + t[:7] + '</title></svg>')"
    )
    assert len(svg_of(PICTURE)) > 3_000_000


def test_no_file_stays_open(fake):
    fake("print('<svg></svg>')")
    svg_of(PICTURE)
    before = len(os.listdir("/dev/fd"))
    for _ in range(5):
        assert svg_of(PICTURE) is not None
    assert len(os.listdir("/dev/fd")) == before


def test_pygraphviz_where_dot_is_not_on_path(no_graphviz, tmp_path, monkeypatch):
    package = tmp_path / "packages" / "pygraphviz"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(
        "class AGraph:\n"
        "    def __init__(self, string):\n"
        "        assert string.startswith('digraph')\n"
        "    def draw(self, format, prog):\n"
        "        assert prog == 'dot'\n"
        "        return b'<svg/></svg>' if format == 'svg' else b'\\x89PNG\\r\\n\\x1a\\n'\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    assert svg_of(PICTURE) is None  # this process does not have it
    monkeypatch.setattr(sys, "path", [None, str(package.parent)])
    assert svg_of(PICTURE).startswith("<svg ") and png_of(PICTURE).startswith(b"\x89PNG")
    (package / "__init__.py").write_text("raise ImportError('a library is missing')")
    assert svg_of(PICTURE) is None


def test_a_system_without_files_in_memory(fake, monkeypatch, tmp_path):
    """Such as macOS: a file on disk has no name left while it is in use."""
    fake("import sys; print('<svg>' + sys.stdin.read()[:7] + '</svg>')")
    monkeypatch.delattr(os, "memfd_create", raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    before = sorted(os.listdir(tmp_path))
    assert "digraph" in svg_of(PICTURE)
    assert sorted(os.listdir(tmp_path)) == before
    monkeypatch.setenv("TMPDIR", str(tmp_path / "not there"))
    assert svg_of(PICTURE) is None


def test_a_system_that_cannot_spawn(fake, monkeypatch):
    fake("print('<svg></svg>')")
    monkeypatch.delattr(os, "posix_spawnp")
    assert svg_of(PICTURE) is None


@needs_graphviz
def test_boxes_are_measured():
    """A long line of a label goes on below in what Graphviz writes: it may look like a box."""
    box = changed(PICTURE.boxes[0], group=None, refcount=None)
    small, high, wide = (
        changed(box, key=key, title=title, lines=lines)
        for key, title, lines in [
            ("a", "x", ()),
            ("a", "x", ("x",) * 4),
            ("b", "x" * 30, ("node box0 1 1 99 99 " * 9,)),
        ]
    )
    sizes = sizes_of([small, high, wide])
    assert sizes["a"] == (1.5, sizes_of([high])["a"][1]) > sizes_of([small])["a"]
    assert 1.5 < sizes["b"][0] < 9 > sizes["b"][1] and sizes_of([]) == {}


@pytest.mark.parametrize("number", ["box9 1 1 1 1 x", "box0 1 1 inf nan x", "box0 1 1 1e999 1 x"])
def test_what_does_not_measure_boxes_is_not_believed(fake, number):
    fake(f"print('graph 1 1 1\\nnode {number}')")
    assert sizes_of([PICTURE.boxes[0]]) == {}


@needs_graphviz
def test_drawing_leaves_no_trash_and_works_where_children_are_reaped(python, tmp_path):
    code = (
        "import gc, sys; gc.collect(); gc.disable(); import gcscope;"
        "from gcscope import Report; r = Report.from_json(sys.argv[1]); gc.collect();"
        "r.save(sys.argv[2]); r._repr_mimebundle_(); print(left());"
        "import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN);"
        "print(sorted(r._repr_mimebundle_()))"
    )
    ran = python("-c", LEFT_SOURCE + code, REPORT.to_json(), tmp_path / "a.svg")
    assert ran.out.splitlines() == [
        "0",
        "['image/png', 'image/svg+xml', 'text/plain']",
    ], ran


# --------------------------------------------------------------------------------- Jupyter


@needs_graphviz
@pytest.mark.parametrize("drawn", [REPORT, CYCLE, PICTURE])
def test_jupyter_gets_the_whole_text_svg_and_png(drawn):
    forms = drawn._repr_mimebundle_()
    # in this order: who takes the first that is a picture takes SVG
    assert list(forms) == ["text/plain", "image/svg+xml", "image/png"]
    assert forms["text/plain"] == str(drawn)
    assert base64.b64decode(forms["image/png"], validate=True).startswith(b"\x89PNG")


@needs_graphviz
@pytest.mark.parametrize(
    ("wanted", "gets"),
    [
        ({"include": {"text/plain"}}, ["text/plain"]),
        ({"include": ["image/png"]}, ["image/png"]),
        ({"include": ["text/vnd.mermaid"]}, ["text/vnd.mermaid"]),
        ({"include": [], "exclude": ["text/plain"]}, []),
        ({"exclude": ["image/png"]}, ["text/plain", "image/svg+xml"]),
        ({"exclude": ["image/svg+xml"]}, ["text/plain", "image/png"]),
        ({"exclude": ["image/svg+xml", "image/png"]}, ["text/plain", "text/vnd.mermaid"]),
    ],
)
def test_jupyter_gets_what_it_wants(wanted, gets):
    assert list(REPORT._repr_mimebundle_(**wanted)) == gets


@needs_graphviz
def test_what_is_not_wanted_is_not_drawn(monkeypatch):
    asked = []
    monkeypatch.setattr(graphviz, "_output_of", lambda command, text: asked.append(command[-1]))
    monkeypatch.setattr(graphviz, "_has_pygraphviz", lambda: False)
    REPORT._repr_mimebundle_(include=["text/plain"])
    assert asked == []
    REPORT._repr_mimebundle_(exclude=["image/svg+xml"])
    assert asked == ["-Tpng:cairo:gd", "-Tpng"]


@pytest.mark.parametrize(
    ("width", "shown"), [("400", "400"), ("720", "720"), ("900", "720"), ("3000", "1800")]
)
def test_a_wide_picture_is_shown_smaller(fake, width, shown):
    """As JupyterLab shows SVG as wide as it says."""
    fake(f"""print('<svg width="{width}pt" height="300pt" viewBox="0 0 {width} 300"></svg>')""")
    svg = PICTURE._repr_mimebundle_()["image/svg+xml"]
    height = f"{300 * int(shown) / int(width):g}"
    assert f'width="{shown}pt" height="{height}pt" viewBox="0 0 {width} 300"' in svg
    assert f'width="{width}pt"' in svg_of(PICTURE)  # of a file, as it is


def test_a_picture_without_a_size_is_shown_as_it_is(fake):
    fake("print('<svg></svg>')")
    assert PICTURE._repr_mimebundle_()["image/svg+xml"] == svg_of(PICTURE)


def test_a_graphviz_without_a_palette_draws_one_picture(fake):
    fake(
        "import sys\n"
        "if sys.argv[1] == '-Tpng:cairo:gd': raise SystemExit(1)\n"
        "sys.stdout.buffer.write(b'\\x89PNG\\r\\n\\x1a\\n')"
    )
    assert small_png_of(["digraph {}"]) == b"\x89PNG\r\n\x1a\n"
    assert small_png_of(["digraph {}", "digraph {}"]) is None


@pytest.mark.parametrize("drawn", [REPORT, CYCLE, PICTURE])
def test_jupyter_gets_mermaid_without_graphviz(drawn, no_graphviz):
    forms = drawn._repr_mimebundle_()
    assert sorted(forms) == ["text/plain", "text/vnd.mermaid"] and forms["text/plain"] == str(drawn)


def test_jupyter_gets_the_text_of_what_is_not_drawn():
    link = Link(type="x", name=None, label="", named=True, where=None, refcount=None)
    assert link._repr_mimebundle_() == {"text/plain": str(link)}
    assert GOLDEN["nothing"]._repr_mimebundle_() == {"text/plain": str(GOLDEN["nothing"])}


# ----------------------------------------------------------------------------------- files


@needs_graphviz
def test_a_picture_is_saved_in_the_form_of_its_suffix(tmp_path):
    for name in ("a.svg", "b.PNG", "c.dot", "d.mmd"):
        REPORT.save(tmp_path / name)
    assert (tmp_path / "a.svg").read_text(encoding="utf-8") == svg_of(PICTURE)
    assert (tmp_path / "b.PNG").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "c.dot").read_text(encoding="utf-8") == dot_text(REPORT)
    assert (tmp_path / "d.mmd").read_text(encoding="utf-8") == mermaid_text(REPORT)
    PICTURE.save(str(tmp_path / "e.dot"))
    CYCLE.save(str(tmp_path / "f.dot"))
    assert (tmp_path / "e.dot").read_bytes() == (tmp_path / "c.dot").read_bytes()
    assert (tmp_path / "f.dot").read_text(encoding="utf-8") == dot_text(CYCLE)


@pytest.mark.parametrize("name", ["a.gif", "a", "a.svg.gz", ".svg"])
def test_an_unknown_suffix(tmp_path, name):
    known = re.escape(", ".join(picture_suffixes()))
    with pytest.raises(ValueError, match=f"one of {known}, not as"):
        REPORT.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.svg", "a.png"])
def test_without_graphviz_the_text_is_written_beside(tmp_path, no_graphviz, name):
    with pytest.raises(
        CannotDraw, match=r'a\.dot.*apt-get install graphviz, or pip install "gcscope\[viz\]"'
    ) as caught:
        REPORT.save(tmp_path / name)
    assert isinstance(caught.value, OSError)
    assert [path.name for path in tmp_path.iterdir()] == ["a.dot"]
    assert (tmp_path / "a.dot").read_text(encoding="utf-8") == dot_text(REPORT)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        REPORT.save(Path(tmp_path, "nowhere", "a.dot"))
