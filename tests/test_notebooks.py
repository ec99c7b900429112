"""The notebooks run from top to bottom, and show what they are kept with."""

from pathlib import Path

import pytest

pytest.importorskip("nbclient", exc_type=ImportError, reason="the notebooks need nbclient (extra: test)")
pytest.importorskip("ipykernel", exc_type=ImportError, reason="the notebooks need a kernel (extra: test)")

import nbformat

from notebooks import FOLDER, execute, texts

NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def test_there_are_notebooks():
    assert Path("01_when_reference_counting_breaks.ipynb") in [Path(path.name) for path in NOTEBOOKS]


@pytest.mark.filterwarnings("default")  # the clients' own
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_what_they_are_kept_as(path):
    kept = nbformat.read(path, as_version=4)
    run = execute(path)
    for kept_cell, run_cell in zip(kept.cells, run.cells, strict=True):
        if kept_cell.cell_type == "code":
            assert texts(run_cell) == texts(kept_cell), kept_cell.source
            assert "0x" not in str(texts(kept_cell))
