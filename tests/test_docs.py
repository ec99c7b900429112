"""The pages of the documentation: what they show happens, what they link to is there.

Pages that are shown in README.md's way, with figures of one version, have tests of their own.
"""

import ast
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import gcscope
import pages
from gcscope.cli.commands import COMMANDS
from support import FREE_THREADED, ROOT

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def text_of(name):
    return (DOCS / name).read_text(encoding="utf-8")


# --------------------------------------------------------------------------- what is shown


@pytest.mark.parametrize(
    ("page", "examples"),
    [
        ("explanation/comparison.md", 5),
        ("explanation/dry-run.md", 6),
        pytest.param(
            "explanation/questions.md",
            40,
            marks=pytest.mark.skipif(
                FREE_THREADED, reason="it shows what only counting with a GIL frees at once"
            ),
        ),
        ("how-to/c-types.md", 10),
    ],
)
def test_the_sessions_run_as_shown(python, request, page, examples):
    folder = None
    if "import broken" in text_of(page):
        folder = Path(request.getfixturevalue("broken").__file__).parent
    done = python("-c", pages.session(f"docs/{page}"), cwd=folder)
    assert done.code == 0 and int(done.out) >= examples, done


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_what_a_page_shows_is_run_by_a_test(path):
    """A page with a session or a command is named by a test."""
    name = path.relative_to(DOCS).as_posix()
    if pages.blocks(name_of(path), "pycon") or pages.blocks(name_of(path), "console"):
        tests = [test.read_text(encoding="utf-8") for test in (ROOT / "tests").glob("test_*.py")]
        assert any(f'{name}"' in test for test in tests), name


# ----------------------------------------------------------------------------- links


def links_of(path):
    """The relative links of a page or a notebook's texts, images too."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    text = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    return re.findall(r"\]\((?![a-z]+:)([^()\s]+)\)", text)


def anchor_of(heading):
    """What GitHub, and myst_heading_anchors, call a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize(
    "path", [*PAGES, *sorted((ROOT / "notebooks").glob("*.ipynb"))], ids=name_of
)
def test_links_lead_somewhere(path):
    for link in links_of(path):
        target, _, anchor = link.partition("#")
        found = (path.parent / target).resolve() if target else path
        assert found.exists(), link
        if anchor and found.suffix == ".md":
            headings = re.findall(r"^#+ (.*)$", found.read_text(encoding="utf-8"), flags=re.M)
            assert anchor in map(anchor_of, headings), link


def test_each_promise_names_tests_that_are_there():
    text = text_of("explanation/promises.md")
    found = 0
    for item in re.findall(r"^\* (.*?)(?=^\* |^$)", text, flags=re.M | re.S):
        defined = set()
        for link in re.findall(r"\]\((../../tests/[\w/]+\.py)\)", item):
            tree = ast.parse((DOCS / "explanation" / link).read_text(encoding="utf-8"))
            defined |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        named = set(re.findall(r"`(test_\w+)`", item))
        assert named <= defined, named - defined
        found += len(named)
    assert found > 25


# ------------------------------------------------------------------------- the reference


def documented(name):
    """What autodoc and autosummary are told to document on a page of the reference."""
    return set(
        re.findall(
            r"^\.\. auto(?:function|class|data):: (?:gcscope\.)?(.*)$", text_of(name), flags=re.M
        )
    )


def test_every_word_is_in_the_reference():
    words, records = documented("reference/words.md"), documented("reference/records.md")
    assert set(gcscope.__all__) <= words | records
    summary = text_of("reference/words.md").partition(":nosignatures:\n\n")[2].partition("```")[0]
    questions = {word for word in gcscope.__all__ if word[0].islower()}
    assert questions <= set(summary.split()), questions - set(summary.split())


def test_every_record_is_in_the_reference_with_every_field():
    """Each has a page entry; autodoc takes all of its fields that are described, and all are."""
    text = text_of("reference/records.md")
    for path in sorted((ROOT / "python/gcscope/model").glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            bases = {getattr(base, "id", None) for base in getattr(node, "bases", ())}
            if not bases & {"Record", "Drawable", "Deferred"} or node.name in (
                "Drawable",
                "Deferred",
            ):
                continue
            entry = re.search(
                rf"^\.\. autoclass:: \S*\b{node.name}\n   :members:(.*)$", text, flags=re.M
            )
            assert entry, node.name
            fields = [n.target.id for n in node.body if isinstance(n, ast.AnnAssign)]
            listed = entry[1].replace(",", " ").split()
            assert not listed or set(fields) <= set(listed), node.name


def test_every_command_is_in_the_reference():
    shown = re.findall(r"^\.\. command:: (\w+)$", text_of("reference/command-line.md"), flags=re.M)
    assert shown == list(COMMANDS)


# ------------------------------------------------------------------------------ the site


@pytest.mark.skipif(
    not all(importlib.util.find_spec(name) for name in ("sphinx", "furo", "myst_nb")),
    reason="needs what builds the site (extra: docs)",
)
@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path):
    """And has every word and every field of every record."""
    shutil.copytree(DOCS, tmp_path / "docs")
    for name in ("notebooks", "python", "tests", "src"):
        (tmp_path / name).symlink_to(ROOT / name)
    command = "-m sphinx -W --keep-going -n -q -E docs site".split()
    done = subprocess.run(
        [sys.executable, *command], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "NO_COLOR": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    words = (tmp_path / "site/reference/words.html").read_text(encoding="utf-8")
    records = (tmp_path / "site/reference/records.html").read_text(encoding="utf-8")
    for name in gcscope.__all__:
        assert f'id="gcscope.{name}"' in words + records, name
        for field in getattr(getattr(gcscope, name), "__slots__", ()):
            if not field.startswith("_"):
                assert f'id="gcscope.{name}.{field}"' in words + records, f"{name}.{field}"
