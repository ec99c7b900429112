"""What the README and the pages beside it show is what happens."""

import doctest
import re

import pytest

import chromium
import pages
from support import ROOT, needs_graphviz, shown_with_a_gil

README = pages.read("README.md")


@pytest.mark.parametrize(
    ("page", "examples", "exact"),
    [
        ("README.md", 9, True),
        ("docs/how-to/find-a-ring.md", 12, False),
        ("docs/how-to/who-holds-it.md", 20, False),
        ("docs/explanation/hidden-references.md", 10, True),
        ("docs/explanation/memory.md", 9, True),
    ],
)
@shown_with_a_gil
def test_the_sessions_run_as_shown(python, page, examples, exact):
    """In the __main__ of a process of its own.

    The numbers are those of a program that does nothing else.
    """
    done = python("-c", pages.session(page, exact))
    assert done.code == 0 and int(done.out) >= examples, done


def fixed(program):
    """The program as the page says that it is mended."""
    last = '    print(f"gave up: {last}")\n'
    assert program.count(last) == 1
    return program.replace(last, f"{last}    del last\n")


@pytest.mark.parametrize(
    ("page", "number"),
    [
        ("README.md", 3),
        ("docs/how-to/find-a-ring.md", 9),
        ("docs/how-to/ci.md", 3),
        ("docs/how-to/pytest.md", 1),
    ],
)
def test_the_commands_print_what_is_shown(tmp_path, page, number):
    """One after the other, in a folder with the programs that stand above them."""
    pages.write(tmp_path, "pytest.ini", "[pytest]\n")
    for program in filter(None, [pages.programs(page).get("retry.py")]):
        pages.write(tmp_path, "fixed.py", fixed(program))
    done = list(pages.play(page, tmp_path))
    assert len(done) == number
    for command, shown, printed in done:
        assert pages.comparable(printed) == pages.comparable(shown), command


@shown_with_a_gil
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


PICTURES = ["lecture.svg", "retry.svg"]


@needs_graphviz
def test_the_pictures_are_what_the_script_draws(python, tmp_path):
    """The same words; where Graphviz puts them may differ from version to version."""
    done = python(ROOT / "docs/pictures.py", tmp_path, cwd=tmp_path)
    assert done.code == 0, done
    figures = re.compile(
        r"\d+ unreachable|\d+ (more )?objects?|\d+ bytes|[\d.]+ kB| and \d+ kept|frees all \d+"
    )
    for picture in PICTURES:
        words = []
        for path in (ROOT / "docs" / picture, tmp_path / picture):
            lines = re.findall(r"<text[^>]*>([^<]+)<", path.read_text(encoding="utf-8"))
            words.append(sorted(figures.sub("", line) for line in lines))
        assert len(words[0]) > 5 and words[0] == words[1]
    kept = (ROOT / "docs/page.png").read_bytes()
    assert kept.startswith(b"\x89PNG") and len(kept) < 150_000
    if chromium.program() is not None:  # as large; what is on it is of another process
        assert (tmp_path / "page.png").read_bytes()[16:24] == kept[16:24]


def test_a_page_to_share_is_made_as_shown(tmp_path):
    """By docs/how-to/share-a-page.md."""
    pages.write(tmp_path, "retry.py", pages.programs("README.md")["retry.py"])
    for command, shown, printed in pages.play("docs/how-to/share-a-page.md", tmp_path):
        assert printed == shown, command
    report, memory = ((tmp_path / f"{name}.html").read_text() for name in ("report", "memory"))
    assert "retry.py, pid " in report and report.count("<h2") == 1 and "local last" in report
    assert re.findall("<h2[^>]*>(.*?)</h2>", memory) == [
        "What grew",
        "Rings that only the collector can free",
        "What takes most memory",
    ]
    assert "PAGES</code>" in memory


def test_the_pictures_are_shown():
    shown = [*pages.links(README), *pages.links(pages.read("docs/how-to/find-a-ring.md"))]
    assert [link for link in shown if link.endswith(".svg")] == [
        f"{pages.RAW}docs/lecture.svg",
        "../retry.svg",
    ]


# ---------------------------------------------------------------------------- what the README is


def test_the_commands_are_two():
    assert pages.blocks("README.md", "sh") == [
        "pip install . && gcscope demo\n",
        'pip install -e ".[test]" && python -m pytest\n',
    ]


def test_it_has_its_order_and_is_short():
    assert len(README.splitlines()) < 200
    assert re.findall(r"^## (.*)$", README, flags=re.M) == [
        "Try it",
        "The lecture in ten lines",
        "Your own program",
        "What grew",
        "A service that runs",
        "Your tests",
        "Links",
    ]
    # the head: a sentence and a picture
    assert re.match(r"# gcscope\n\n[^.]+\.\n\n<img [^>]+>\n\n## Try it\n", README)


def test_its_links_hold_on_a_package_index():
    """Each is absolute, and what it leads to is there: a file, or the source of a page."""
    links = pages.links(README)
    assert len(links) > 10
    own = [link for link in links if link.startswith((pages.REPOSITORY, pages.RAW, pages.SITE))]
    assert set(links) - set(own) == {"https://gcscope.readthedocs.io/"}
    files = {link: pages.file_of(link) for link in own}
    assert [link for link, path in files.items() if path is None] == [
        pages.REPOSITORY,
        f"{pages.REPOSITORY}/issues",
    ]
    assert not [link for link, path in files.items() if path is not None and not path.exists()]


HOW_TO = sorted((ROOT / "docs").rglob("*.md"))


@pytest.mark.parametrize("path", HOW_TO, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_links_of_a_page_lead_to_files(path):
    for link in pages.links(path.read_text(encoding="utf-8")):
        if not link.startswith(("https://", "http://", "#")):
            assert (path.parent / link.partition("#")[0]).exists(), link


# ---------------------------------------------------------------------------- words


def test_every_word_is_in_the_reference():
    import gcscope

    words = {
        word
        for word in gcscope.__all__
        if word[0].islower() or word in ("Person", "Tracked", "IMMORTAL")
    }
    reference = pages.read("docs/reference/words.md")
    assert not [
        word for word in words if not re.search(rf"auto\w+:: {word}$", reference, flags=re.M)
    ]


@pytest.mark.parametrize("word", ["garbage", "collect", "trial", "refcount"])
def test_docstrings_run(word):
    import gcscope

    finder = doctest.DocTestFinder(recurse=False)
    for test in finder.find(getattr(gcscope, word), word):
        assert doctest.DocTestRunner().run(test).failed == 0
