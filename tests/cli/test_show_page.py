"""gcscope show --html: pages of one record and of several, and which names files may have."""

import pytest

from gcscope.cli.main import main
from gcscope.model.header import file_text
from gcscope.model.record import changed
from gcscope.render import page_rings
from specimens.for_pages import HEADER, many_forms
from specimens.judgements import cycle
from specimens.records import CENSUS, GROWN, JUDGEMENT, RETAINED, RINGS


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch):
    monkeypatch.setattr(page_rings, "svg_of", lambda picture: None)


@pytest.fixture
def show(tmp_path, capsys):
    """Run the command in a folder with files; the exit code and what it writes on stderr."""
    for name, record in (
        ("growth", GROWN), ("report", RINGS), ("census", CENSUS), ("retained", RETAINED),
        ("judgement", JUDGEMENT), ("many", many_forms(30)),
    ):  # fmt: skip
        (tmp_path / f"{name}.json").write_text(file_text(record, HEADER))

    def show(*words):
        words = [str(tmp_path / word) if "." in word else word for word in words]
        try:
            main(["show", *words])
        except SystemExit as end:
            return end.code, capsys.readouterr().err
        out, err = capsys.readouterr()
        return 0, out + err

    return show


def headings(path):
    return [part.partition(">")[2].partition("<")[0] for part in path.read_text().split("<h2")[1:]]


def test_a_page_of_one_record(show, tmp_path):
    assert show("report.json", "--html", "a.html") == (0, "")
    assert show("report.json", "-o", "b.html") == (0, "")
    assert show("report.json", "--html", "c.page") == (0, "")
    assert show("report.json", "-o", "d.x", "--format", "html") == (0, "")
    code, shown = show("report.json", "--format", "html")
    texts = {(tmp_path / name).read_text() for name in ("a.html", "b.html", "c.page", "d.x")}
    assert code == 0 and texts == {shown}
    assert shown.startswith("<!DOCTYPE html>") and "pid 41 on box" in shown


def test_a_page_of_several(show, tmp_path):
    names = ("census.json", "retained.json", "report.json", "growth.json")
    assert show(*names, "-o", "all.html") == (0, "")
    assert headings(tmp_path / "all.html") == [
        "What grew",
        "Rings that only the collector can free",
        "What takes most memory",
        "What would be freed",
    ]


def test_a_page_of_one_form(show, tmp_path):
    assert show("many.json", "--form", "0007", "--html", "x.html") == (0, "")
    html = (tmp_path / "x.html").read_text()
    assert html.count("<details id=") == 1 and "part_7.Thing" in html and "part_8." not in html


def test_a_page_is_sorted(show, tmp_path):
    for order in ("bytes", "count"):
        assert show("many.json", "growth.json", "--html", "x.html", "--sort", order) == (0, "")
        html = (tmp_path / "x.html").read_text()
        assert f'<option value="{order}" selected>' in html
    assert show("many.json", "--all", "--html", "x.html") == (0, "")
    assert (tmp_path / "x.html").read_text().count("<details id=") == 30


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("a.json", "b.json"), 2, "several files make one page: give --html OUT, or one FILE"),
        (("a.json", "b.json", "-o", "x.svg"), 2, "several files make one page"),
        (("report.json", "census.json", "--form", "0007", "--html", "x.html"), 2, "--form takes"),
        (("report.json", "--html", "x.html", "-o", "y.html"), 2, "not allowed with argument"),
        (("report.json", "--html", "x.html", "--format", "svg"), 2, "--html makes a page, and"),
        (("census.json", "--form", "0007", "--html", "x.html"), 1, "is of kind 'census'"),
        (("report.json", "nowhere.json", "--html", "x.html"), 1, "there is no such file"),
        (("report.json", "--html", "no/x.html"), 1, "there is no directory"),
        (("report.json", "-o", "x.htm"), 1, "cannot write a .htm: .txt, .json, .dot, .mmd, .svg"),
        (("report.json", "-o", "x.foo"), 1, "cannot write a .foo"),
        (("report.json", "-o", "x.pdf"), 1, "cannot write a .pdf"),
    ],
)
def test_what_makes_no_page(show, tmp_path, words, code, told):
    found, err = show(*words)
    assert found == code and told in err and not list(tmp_path.glob("x*"))


def test_a_judgement_is_sorted(tmp_path, capsys):
    findings = tuple(
        changed(JUDGEMENT.findings[0], cycle=cycle(f"app.N{n}", fingerprint=f"f{n}", count=n))
        for n in (1, 3, 2)
    )
    path = tmp_path / "x.json"
    path.write_text(changed(JUDGEMENT, findings=findings).to_json())
    main(["show", str(path), "--sort", "count"])
    shown = [line for line in capsys.readouterr().out.splitlines() if "┌►" in line]
    assert [line.split()[-1] for line in shown[:3]] == ["app.N3", "app.N2", "app.N1"]


@pytest.mark.parametrize("command", [("run", "-c", "print(1)"), ("audit", "json")])
@pytest.mark.parametrize(
    ("name", "is_right"),
    [
        ("x", True), ("x.json", True), ("x.JSON", True), ("x.2026-11-27", True), ("x.4711", True),
        (".hidden", True), ("x.foo", False), ("x.txt", False), ("x.html", False), ("x.jsn", False),
    ],
)  # fmt: skip
def test_json_is_kept_under_no_other_name(python, tmp_path, command, name, is_right):
    words = (command[0], "-o", tmp_path / name, *command[1:])
    done = python("-m", "gcscope", *words)
    assert done.code == (0 if is_right else 1), done
    assert (tmp_path / name).exists() is is_right
    assert is_right or "call it FILE.json, and `gcscope show FILE.json -o OUT" in done.err


def test_other_commands_write_no_file(python):
    for command in (("diff", "a", "b"), ("demo",)):
        done = python("-m", "gcscope", *command, "-o", "x.html")
        assert done.code == 2 and "unrecognized arguments: -o x.html" in done.err
