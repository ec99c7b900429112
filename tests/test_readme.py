"""What the README shows is what happens."""

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support import PLAIN_ENV, needs_graphviz

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("page", "examples"),
    [
        ("README.md", 10),
        ("docs/explanation/hidden-references.md", 9),
        ("docs/explanation/memory.md", 8),
    ],
)
def test_the_sessions_run_as_shown(python, page, examples):
    """In the __main__ of a process of its own.

    The numbers are those of a program that does nothing else.
    """
    code = f"""
import doctest, sys
text = open({str(ROOT / page)!r}, encoding="utf-8").read()
test = doctest.DocTestParser().get_doctest(text, {{}}, "README.md", "README.md", 0)
test.globs = globals()  # not a copy: a chain of references begins at this module
result = doctest.DocTestRunner().run(test, clear_globs=False)
print(result.attempted)
sys.exit(result.failed)
"""
    done = python("-c", code)
    assert done.code == 0 and int(done.out) > examples, done


def test_the_program_leaves_what_is_shown(python, tmp_path):
    program = re.search(r"^```python\n(# retry.py.*?)^```", README, flags=re.M | re.S)[1]
    shown = re.search(r"^\$ python -m gcscope run retry.py\n(.*?)^```", README, flags=re.M | re.S)[
        1
    ]
    (tmp_path / "retry.py").write_text(program)
    done = python("-m", "gcscope", "run", "retry.py", cwd=tmp_path)
    written = done.out + done.err
    # frames, functions and tuples differ in number and size from version to version
    figures = re.compile(
        r"\d+ objects|\(?\d+ bytes\)?|\(?[\d.]+ kB\)?| and \d+ kept by it|frees all "
        r"\d+|^gcscope:   \d+ .*\n",
        flags=re.M,
    )
    assert done.code == 0 and figures.sub("", written) == figures.sub("", shown), done
    assert (
        sys.version_info[:2] != (3, 11) or hasattr(sys, "gettotalrefcount") or written == shown
    ), done


def test_the_comparison_is_as_shown(tmp_path):
    program = re.search(r"^```python\n(# retry.py.*?)^```", README, flags=re.M | re.S)[1]
    shown = re.search(
        r"^```console\n(\$ python -m gcscope run -q.*?)^```", README, flags=re.M | re.S
    )[1]
    (tmp_path / "retry.py").write_text(program)
    last = '    print(f"gave up: {last}")\n'
    assert last in program
    (tmp_path / "fixed.py").write_text(program.replace(last, f"{last}    del last\n"))
    commands = re.findall(r"^\$ (.*)\n", shown, flags=re.M)
    script = "\n".join(f'python() {{ {sys.executable} "$@"; }}; {command}' for command in commands)
    environment = {**os.environ, **PLAIN_ENV}
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, env=environment
    )
    assert len(commands) == 3 and done.stderr == "", done
    assert done.stdout == re.sub(r"^\$ .*\n", "", shown, flags=re.M), done


@pytest.mark.parametrize(
    ("document", "name", "options"),
    [
        ("README.md", "test_service.py", ()),
        ("docs/how-to/pytest.md", "test_nodes.py", ("--gcscope-fail",)),
    ],
)
def test_failing_tests_are_as_shown(python, tmp_path, document, name, options):
    text = (ROOT / document).read_text(encoding="utf-8")
    test = re.search(rf"^```python\n(# {name}.*?)^```", text, flags=re.M | re.S)[1]
    command = " ".join(["python -m pytest -q", *options, name])
    shown = re.search(rf"^\$ {command}\n(.*?)^```", text, flags=re.M | re.S)[1]
    (tmp_path / name).write_text(test)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    done = python(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, name, cwd=tmp_path,
        env={
            "COLUMNS": "80",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_ADDOPTS": "-p gcscope.pytest_plugin",
        }
        | {"CI": None, "BUILD_NUMBER": None},  # there pytest shortens nothing
    )  # fmt: skip
    figures = re.compile(r"[\d.]+ (?:bytes|kB)|in [\d.]+s")
    assert done.code == 1 and figures.sub("", done.out) == figures.sub("", shown), done


def test_a_census_is_as_shown(python, tmp_path):
    """As many objects; sizes differ from version to version, and what a first call makes."""
    text = (ROOT / "docs/how-to/census.md").read_text(encoding="utf-8")
    program = re.search(r"^```python\n(# pages.py.*?)^```", text, flags=re.M | re.S)[1]
    shown = re.search(r"^\$ python pages.py\n(.*?)^```", text, flags=re.M | re.S)[1]
    (tmp_path / "pages.py").write_text(program)
    done = python("pages.py", cwd=tmp_path)
    row = re.compile(r" *\+[\d.]+ [kM]B +(\S+) +(\S+)")
    rows = row.findall(shown)
    assert rows == [("+15,000", "str"), ("+5,000", "__main__.Page"), ("0", "dict")]
    assert row.findall(done.out) == rows and done.err == "", done
    assert re.search(r"^\+20,0\d\d objects, \+12\.\d MB; anonymous", done.out, flags=re.M), done


@needs_graphviz
def test_the_pictures_are_what_the_script_draws(python, tmp_path):
    """The same words; where Graphviz puts them may differ from version to version."""
    done = python(ROOT / "docs/pictures.py", tmp_path, cwd=tmp_path)
    assert done.code == 0, done
    figures = re.compile(
        r"\d+ unreachable|\d+ (more )?objects?|\d+ bytes|[\d.]+ kB| and \d+ kept|frees all \d+"
    )
    pictures = re.findall(r'<img src="(docs/\S+)"', README)
    assert len(pictures) == 2
    for picture in pictures:
        words = []
        for path in (ROOT / picture, tmp_path / Path(picture).name):
            lines = re.findall(r"<text[^>]*>([^<]+)<", path.read_text(encoding="utf-8"))
            words.append(sorted(figures.sub("", line) for line in lines))
        assert len(words[0]) > 5 and words[0] == words[1]


def test_the_commands_are_two():
    commands = re.findall(r"^```sh\n(.*?)^```", README, flags=re.M | re.S)
    assert commands == [
        "pip install . && python -m gcscope demo\n",
        'pip install -e ".[test]" && python -m pytest\n',
    ]


def test_every_word_is_in_the_table():
    import gcscope

    words = {
        word
        for word in gcscope.__all__
        if word[0].islower() or word in ("Person", "Tracked", "IMMORTAL")
    }
    assert not [word for word in words if f"`{word}" not in README]


@pytest.mark.parametrize("word", ["garbage", "collect", "trial", "refcount"])
def test_docstrings_run(word):
    import gcscope

    finder = doctest.DocTestFinder(recurse=False)
    for test in finder.find(getattr(gcscope, word), word):
        assert doctest.DocTestRunner().run(test).failed == 0
