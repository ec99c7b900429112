"""The notebooks run from top to bottom, and show what they are kept with.

Without Graphviz and ipywidgets, too.
"""

import base64
import re
import shutil
import sys
import tomllib
from pathlib import Path

import pytest

pytest.importorskip(
    "nbclient", exc_type=ImportError, reason="the notebooks need nbclient (extra: test)"
)
pytest.importorskip(
    "ipykernel", exc_type=ImportError, reason="the notebooks need a kernel (extra: test)"
)

import nbformat

from notebooks import (
    FOLDER,
    KEPT_BY,
    PNG,
    SVG,
    drawings,
    execute,
    texts,
    without_counts,
    without_figures,
    without_sizes,
    words_of,
)
from support import shown_with_a_gil

NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
pytestmark = pytest.mark.filterwarnings("default")  # the clients' own
RUNS_PYTEST = "05_guarding_a_project"  # in a cell: that takes long
each_notebook = pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.stem, marks=[pytest.mark.slow] * (path.stem == RUNS_PYTEST))
        for path in NOTEBOOKS
    ],
)


def test_there_are_notebooks():
    assert [path.name[:3] for path in NOTEBOOKS] == ["01_", "02_", "03_", "04_", "05_"]


def test_the_extra_brings_all_that_they_run():
    """What docs/how-to/teaching.md says to install: modules that cells import, or run by -m."""
    root = Path(__file__).resolve().parent.parent
    extras = tomllib.loads((root / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    brought = {re.match(r"[\w-]+", requirement)[0] for requirement in extras["notebook"]}
    cells = "\n".join(
        cell.source
        for path in NOTEBOOKS
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code"
    )
    own = set(re.findall(r'write\("(\w+)\.py"', cells)) | {"gcscope"}
    used = set(re.findall(r'^ *(?:import|from) (\w+)|"-m", "(\w+)"', cells, re.M))
    foreign = {a or b for a, b in used} - own - sys.stdlib_module_names
    assert "pytest" in foreign and foreign <= brought
    assert "jupyterlab" in brought and "ipykernel" in brought  # to open and to run them


def code_cells(path):
    """The code cells as they are kept and as they run now, in pairs."""
    kept, run = nbformat.read(path, as_version=4), execute(path)
    pairs = zip(kept.cells, run.cells, strict=True)
    return [(before, after) for before, after in pairs if before.cell_type == "code"]


def same(kept, run):
    """Whether the same is told.

    On another Python than the one that is kept sizes apart, on a newer one any figures.
    """
    version = sys.version_info[:2]
    told = list if version == KEPT_BY else without_sizes if version < (3, 14) else without_figures
    return told(kept) == told(run)


def same_texts(kept, run):
    """Whether cells show the same text."""
    return same(texts(kept), texts(run))


def same_words(kept, run):
    """Whether pictures have the same words in them, counts apart.

    Which of equal rings is told may differ by them.
    """
    found = ([without_counts(word) for word in words_of(svg)] for svg in (kept, run))
    return same(*([("svg", word) for word in words] for words in found))


def assert_same_texts(kept, run):
    if not same_texts(kept, run):
        pytest.fail(f"{kept.source}\n--- kept\n{texts(kept)}\n--- now\n{texts(run)}")


@shown_with_a_gil
@each_notebook
def test_outputs_are_what_they_are_kept_as(path):
    for kept, run in code_cells(path):
        assert_same_texts(kept, run)
        assert "0x" not in str(texts(kept))
        if shutil.which("dot"):
            assert len(drawings(run)) == len(drawings(kept)), kept.source
            for before, after in zip(drawings(kept), drawings(run), strict=True):
                assert same_words(before, after), kept.source


@each_notebook
@pytest.mark.slow
def test_they_say_the_same_without_graphviz_and_widgets(path, monkeypatch, tmp_path):
    (tmp_path / "ipywidgets.py").write_text("raise ImportError\n")
    (tmp_path / "pygraphviz").mkdir()
    (tmp_path / "pygraphviz" / "__init__.py").touch()  # it is found first, and has no AGraph
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PATH", "/nowhere")
    for kept, run in code_cells(path):
        assert_same_texts(kept, run)
        assert not drawings(run)
        assert "widget-view" not in str(run.outputs)


def test_pictures_are_kept_with_the_notebooks():
    """So that they are seen where nothing runs.

    Without the identities of widgets, which differ from run to run.
    """
    for path in NOTEBOOKS:
        text = path.read_text(encoding="utf-8")
        assert "widget" not in text and "ipykernel_" not in text and "/tmp" not in text, path
    assert (
        sum(
            len(drawings(cell))
            for path in NOTEBOOKS
            for cell in nbformat.read(path, as_version=4).cells
        )
        > 9
    )


def test_each_picture_is_kept_in_a_form_for_who_does_not_trust_it():
    """PNG: a front end shows no SVG of a notebook that was not run there."""
    kept = [
        output.data
        for path in NOTEBOOKS
        for cell in nbformat.read(path, as_version=4).cells
        for output in cell.get("outputs", [])
        if SVG in output.get("data", {})
    ]
    assert kept and all(base64.b64decode(data[PNG]).startswith(b"\x89PNG") for data in kept)


def test_the_words_of_a_drawing():
    def svg(text):
        return f'<svg xmlns="http://www.w3.org/2000/svg">{text}</svg>'

    assert words_of(svg("<g><text x='1'>b</text></g><text><tspan>a</tspan>c</text>")) == ["ac", "b"]
    assert words_of(svg("<text>a</text>")) != words_of(svg("<text>b</text>"))
    with pytest.raises(SyntaxError):
        words_of(svg("<text>"))
