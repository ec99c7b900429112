"""gcscope show and diff: what is read, drawn and compared."""

import os
import subprocess
import sys

import pytest

from gcscope import Counts, Report
from gcscope.cli.main import main
from gcscope.model.diff import Difference
from gcscope.model.header import file_text, read_file
from gcscope.model.phrases import in_one_line
from gcscope.model.record import Record, changed, sum_counts
from gcscope.render.cycle_text import MOST_CYCLES, MOST_LINKS
from gcscope.render.listing import MOST_LISTED
from programs import TWO, run
from specimens.judgements import cycle
from specimens.records import ALL, COLLECTION, CYCLE, RETAINED, RINGS, TRIAL
from specimens.records import header as header_of
from support import needs_graphviz


@pytest.fixture
def reports(tmp_path, python, script):
    """Written by run: one ring, and more."""
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    assert run(python, "-o", old, script(TWO)).code == 0
    assert run(python, "-o", new, script(TWO + "ring()\nx = []; x.append(x); del x\n")).code == 0
    return old, new


def test_show(python, reports):
    old, _ = reports
    report = Report.from_json(old.read_text())
    done = python("-m", "gcscope", "show", old)
    (cycle,) = report.cycles
    head, _, text = done.out.partition("\n")
    assert (done.code, text, done.err) == (0, f"{report} · form {cycle.fingerprint}\n", "")
    _, header = read_file(old.read_text())
    assert head == str(header) and header is not None
    assert python("-m", "gcscope", "show", "-", text_input=old.read_text()).out == done.out
    done = python("-m", "gcscope", "show", "--format", "json", old)
    assert done.code == 0 and '\n  "objects": ' in done.out
    assert read_file(done.out) == (report, header)


HEADER = header_of(
    argv0="serve\n.py", gcscope="0.1.0", gc_enabled=False, gc_frozen=1200, started=None
)


def test_the_header_of_a_file_in_a_line():
    assert str(HEADER) == (
        "serve\\n.py, pid 41 on box · 2026-11-27T13:35:49Z · Python 3.13.0, gcscope 0.1.0 · "
        "gc off (2000, 10, 0) · 1,200 objects frozen · stopped for 0.032 s"
    )
    short = changed(HEADER, argv0="", gc_enabled=True, gc_frozen=0, stopped=None)
    assert str(short) == (
        "no program, pid 41 on box · 2026-11-27T13:35:49Z · Python 3.13.0, gcscope 0.1.0 · "
        "gc on (2000, 10, 0)"
    )


def test_a_header_is_no_part_of_a_record(tmp_path, capsys):
    text = file_text(RINGS, HEADER)
    assert read_file(text) == (RINGS, HEADER) and read_file(RINGS.to_json()) == (RINGS, None)
    assert Report.from_json(text) == RINGS and "header" not in RINGS.to_json()
    assert Report.from_json(text).to_json() == RINGS.to_json()
    (tmp_path / "x").write_text(text)
    main(["show", str(tmp_path / "x"), "--form", CYCLE.fingerprint])
    assert capsys.readouterr().out.startswith(f"{HEADER}\n1 cycle: ")
    main(["show", str(tmp_path / "x"), "--form", CYCLE.fingerprint, "--format", "json"])
    assert read_file(capsys.readouterr().out) == (CYCLE, HEADER)
    (tmp_path / "x").write_text(text.replace('"pid": 41', '"pid": -41'))
    with pytest.raises(SystemExit):
        main(["show", str(tmp_path / "x")])
    damage = "a damaged header: expected a number that is not negative, not -41"
    assert damage in capsys.readouterr().err


@pytest.mark.parametrize(
    ("new", "note"),
    [
        (HEADER, None),
        (None, None),
        (changed(HEADER, host="other", pid=1, when="", stopped=None, gc_enabled=True), None),
        (changed(HEADER, python="3.14.1", build="x"), "Python 3.13.0 and Python 3.14.1"),
        (
            changed(HEADER, build="(main) [GCC 13] debug"),
            f"Python 3.13.0 {HEADER.build} and Python 3.13.0 (main) [GCC 13] debug",
        ),
        (changed(HEADER, gcscope="0.2.0"), "gcscope 0.1.0 and gcscope 0.2.0"),
        (
            changed(HEADER, python="3.14.1", gcscope="0.2.0"),
            "Python 3.13.0 and Python 3.14.1, from gcscope 0.1.0 and gcscope 0.2.0",
        ),
    ],
)
def test_diff_tells_of_other_versions(tmp_path, capsys, new, note):
    for name, header in (("old", HEADER), ("new", new)):
        (tmp_path / name).write_text(file_text(RINGS, header))
    main(["diff", str(tmp_path / "old"), str(tmp_path / "new")])
    out, err = capsys.readouterr()
    assert out == "forms of cycles: 0 new, 0 grown, 0 gone, 0 smaller, 1 unchanged\n"
    told = f"gcscope: note: they come from {note}: what differs may be theirs\n"
    assert err == ("" if note is None else told)


def test_show_writes_what_it_reads(tmp_path, capsys):
    for record in ALL:
        (tmp_path / "record.json").write_text(record.to_json())
        main(["show", str(tmp_path / "record.json")])
        form = f" · form {CYCLE.fingerprint}" if record is RINGS else ""
        shown = capsys.readouterr().out
        assert shown == "\n".join(map(in_one_line, f"{record}{form}\n".split("\n")))


@pytest.mark.parametrize("language", ["dot", "mermaid"])
def test_show_draws(python, reports, tmp_path, language):
    done = python("-m", "gcscope", "show", reports[0], "--format", language)
    assert done.code == 0 and "Node" in done.out and done.err == "", done


@needs_graphviz
def test_show_draws_svg_and_png(python, reports, tmp_path):
    report = Report.from_json(reports[0].read_text())
    done = python("-m", "gcscope", "show", reports[0], "--format", "svg")
    assert (done.code, done.out, done.err) == (0, report._repr_mimebundle_()["image/svg+xml"], "")
    show = [sys.executable, "-m", "gcscope", "show", str(reports[0])]
    png = subprocess.run([*show, "--format", "png"], capture_output=True, check=True)
    assert png.stdout.startswith(b"\x89PNG") and png.stderr == b""
    for name, begin in (
        ("a.svg", b"<svg"),
        ("a.PNG", b"\x89PNG"),
        ("a.dot", b"digraph"),
        ("a.json", b"{"),
    ):
        done = python("-m", "gcscope", "show", reports[0], "-o", tmp_path / name)
        assert (done.code, done.out, done.err) == (0, "", "") and (
            tmp_path / name
        ).read_bytes().startswith(begin)
    assert (tmp_path / "a.svg").read_text() == report._repr_mimebundle_()["image/svg+xml"]
    record, header = read_file((tmp_path / "a.json").read_text())
    assert record == report and header is not None
    python("-m", "gcscope", "show", reports[0], "-o", tmp_path / "a.txt", env={"FORCE_COLOR": "1"})
    form = f" · form {report.cycles[0].fingerprint}"
    assert (tmp_path / "a.txt").read_text() == f"{header}\n{report}{form}\n"
    python("-m", "gcscope", "show", reports[0], "-o", tmp_path / "a.svg", "--format", "mermaid")
    assert "flowchart" in (tmp_path / "a.svg").read_text()


def at_a_terminal(*arguments):
    """Run the command with stdout at a terminal.

    Its exit code, and what it writes there and on stderr.
    """
    try:
        ours, theirs = os.openpty()
    except OSError as error:
        pytest.skip(f"no terminal can be made here: {error}")
    process = subprocess.Popen(
        [sys.executable, "-m", "gcscope", *map(str, arguments)],
        stdout=theirs,
        stderr=subprocess.PIPE,
    )
    _, told = process.communicate(timeout=60)
    os.set_blocking(ours, False)
    try:
        written = os.read(ours, 1_000_000)
    except BlockingIOError:
        written = b""
    os.close(ours), os.close(theirs)
    return process.returncode, written, told.decode()


def test_png_is_refused_by_a_terminal(reports, tmp_path):
    told = "gcscope: a PNG is not for a terminal: -o FILE.png writes it into a file\n"
    assert at_a_terminal("show", reports[0], "--format", "png") == (1, b"", told)
    code, written, told = at_a_terminal("show", reports[0], "--format", "dot")
    assert (code, written[:7], told) == (0, b"digraph", "")


@pytest.mark.parametrize("form", ["svg", "png"])
def test_show_without_graphviz(python, reports, tmp_path, form):
    out = tmp_path / f"out.{form}"
    for arguments in (["--format", form], ["-o", out]):
        done = python("-m", "gcscope", "show", reports[0], *arguments, env={"PATH": str(tmp_path)})
        if "pygraphviz" in done.out or done.code == 0:
            pytest.skip("there is a pygraphviz")
        told = (
            f"gcscope: Graphviz is needed for {form}, and is not here or failed: apt-get install "
            f"graphviz, or "
            'pip install "gcscope[viz]"; --format dot writes the picture as text\n'
        )
        assert (done.code, done.out, done.err) == (1, "", told) and not out.exists()


def test_where_show_cannot_write(python, reports, tmp_path):
    for name, reason in (
        (tmp_path / "no" / "a.dot", "there is no directory "),
        (tmp_path, "it is a directory"),
    ):
        done = python("-m", "gcscope", "show", reports[0], "-o", name)
        assert done.code == 1 and done.err.startswith(
            f"gcscope: cannot write '{name}': {reason}"
        ), done


def test_what_is_drawn_of_other_records(tmp_path, capsys):
    drawn = []
    for record in ALL:
        (tmp_path / "record.json").write_text(record.to_json())
        try:
            main(["show", str(tmp_path / "record.json"), "--format", "dot"])
            drawn.append(type(record).__name__)
            assert capsys.readouterr().out.startswith("digraph")
        except SystemExit as end:
            assert end.code == 1 and "has no rings to draw" in capsys.readouterr().err
    assert {"Report", "Cycle", "Collection", "Trial"} <= set(drawn)


def test_a_difference_is_drawn_by_what_is_new(python, reports, tmp_path):
    done = python("-m", "gcscope", "diff", *reports, "--format", "json")
    (tmp_path / "difference.json").write_text(done.out)
    done = python("-m", "gcscope", "show", tmp_path / "difference.json", "--format", "dot")
    assert done.code == 0 and "forms of cycles: 1 new, 1 grown, 0 gone" in done.out, done
    assert done.out.count("subgraph cluster") == 2 and 'label="list\\nrefcount 1"' in done.out


def test_pictures_that_are_not_to_be_had(python, reports, tmp_path):
    """Neither text nor JSON goes into a file that is called something else."""
    done = python("-m", "gcscope", "show", reports[0], "-o", tmp_path / "x.gif")
    assert done.code == 1 and done.err == (
        "gcscope: cannot write a .gif: .txt, .json, .dot, .mmd, .svg, .png and .html are to be "
        "had; --format says what it is to be\n"
    )
    assert (
        python(
            "-m", "gcscope", "show", reports[0], "--format", "json", "-o", tmp_path / "x.gif"
        ).code
        == 0
    )
    for suffix, instead in (
        (".svg", ".svg"),
        (".PNG", ".png"),
        (".pdf", ".html"),
        (".txt", ".txt"),
    ):
        for words in (("run", "-c", "print(1)"), ("audit", "json")):
            named = ("-o", tmp_path / f"y{suffix}")
            done = python("-m", "gcscope", words[0], *named, *words[1:])
            assert (done.code, done.out) == (1, "") and not list(tmp_path.glob("y*"))
        assert f"`gcscope show FILE.json -o OUT{instead}` makes that of it" in done.err


def test_options_in_one_word(python, tmp_path):
    for options in (("-qo", "x.json"), ("-qox.json",), ("-q", "-ox.json"), ("-o", "x.json", "-q")):
        done = python("-m", "gcscope", "run", *options, "-c", "print(1)", cwd=tmp_path)
        assert (done.code, done.out, done.err) == (0, "1\n", ""), done
        (tmp_path / "x.json").unlink()


@pytest.mark.parametrize("language", ["dot", "mermaid", "svg", "png"])
def test_what_cannot_be_drawn(python, tmp_path, language):
    (tmp_path / "x.json").write_text(RETAINED.to_json())
    done = python("-m", "gcscope", "show", tmp_path / "x.json", "--format", language)
    message = (
        "gcscope: a record of kind 'retained' has no rings to draw: --format text or json shows "
        "it\n"
    )
    assert (done.code, done.out, done.err) == (1, "", message)


def test_diff(python, reports):
    old, new = reports
    done = python("-m", "gcscope", "diff", old, new)
    assert done.code == 0 and done.err == "", done
    head, _, told, *_ = done.out.splitlines()
    assert (
        head == "forms of cycles: 1 new, 1 grown, 0 gone, 0 smaller, 0 unchanged" and told == "new:"
    )
    assert "┌► list" in done.out and "grown: seen 1 -> 2 times" in done.out
    back = python("-m", "gcscope", "diff", new, "-", text_input=old.read_text())
    assert (
        back.out.splitlines()[0]
        == "forms of cycles: 0 new, 0 grown, 1 gone, 1 smaller, 0 unchanged"
    )
    assert back.out.splitlines()[2].startswith("gone: list [0] → list"), back
    assert python("-m", "gcscope", "diff", "--fail", old, new).code == 3
    assert python("-m", "gcscope", "diff", "--fail", new, old).code == 0
    done = python("-m", "gcscope", "diff", old, new, "--format", "json", "--fail")
    assert done.code == 3 and len(Difference.from_json(done.out).new) == 1


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is empty"),
        (b"  \n", "it is empty"),
        (b"hello", "not JSON, or a damaged file: "),
        (b"\x7fELF\x02\x01\x01\x00\xff\xfe", "not JSON, or a damaged file: "),
        (b'{"schema": "gcscope/2", "kind": "rep', "not JSON, or a damaged file: "),
        (b"[1]", "not a report of gcscope: "),
        (
            b'{"schema": "gcscope/1", "kind": "report", "objects": 1}',
            "schema 'gcscope/1' is of an older gcscope, which counted bytes and told forms "
            "otherwise: `gcscope run -o FILE PROGRAM` writes it anew\n",
        ),
        (
            b'{"schema": "gcscope/3", "kind": "x"}',
            "schema 'gcscope/3' is not known: a newer gcscope wrote it, upgrade",
        ),
        (
            b'{"schema": "gcscope/2", "kind": "\\u001b[2J\\n"}',
            "kind '\\x1b[2J\\n' is not known: it is one of ",
        ),
        (
            b'{"schema": "gcscope/2", "kind": "report"}',
            "a damaged report: expected an object with the fields of ",
        ),
    ],
)
def test_what_is_no_record_is_one_line(tmp_path, capsys, data, reason):
    (tmp_path / "x").write_bytes(data)
    for arguments in (
        ["show", str(tmp_path / "x")],
        ["diff", str(tmp_path / "x"), str(tmp_path / "x")],
    ):
        with pytest.raises(SystemExit) as end:
            main(arguments)
        out, err = capsys.readouterr()
        assert (
            end.value.code == 1
            and out == ""
            and err.count("\n") == 1
            and err.isprintable() is False
        )
        assert err.startswith(f"gcscope: cannot read '{tmp_path / 'x'}': {reason}"), err


def test_files_that_cannot_be_read(python, tmp_path):
    for name in (tmp_path, tmp_path / "missing", tmp_path / "a\nb"):
        done = python("-m", "gcscope", "show", name)
        assert done.code == 1 and done.out == "" and done.err.count("\n") == 1, done
        assert done.err.startswith("gcscope: cannot open "), done


def test_diff_wants_rings_of_one_sort(python, reports, tmp_path):
    old, _ = reports
    (tmp_path / "x").write_text(RETAINED.to_json())
    done = python("-m", "gcscope", "diff", old, tmp_path / "x")
    assert done.code == 1, done
    assert done.err == (
        f"gcscope: '{tmp_path / 'x'}' is of kind 'retained': diff takes reports, collections "
        f"and trials, or two censuses or growths, of one process or merged\n"
    )
    (tmp_path / "x").write_text(RINGS.to_json().replace('"alive": false', '"alive": true'))
    done = python("-m", "gcscope", "diff", old, tmp_path / "x")
    assert (
        done.code == 1
        and done.err.startswith("gcscope: cannot compare ")
        and "rings in use" in done.err
    ), done


# --------------------------------------------------------------------- long reports


def ring_of(number, count=1, objects=1, size=100):
    """A form of its own, whose fingerprint begins with its number."""
    one = cycle(f"app.N{number:03}", fingerprint=f"{number:03}{number * 7919 % 10**13:013x}")
    return changed(one, count=count, objects=objects, bytes=size)


def report_of(*cycles, alive=False, types=None):
    return Report(
        objects=sum(one.count * one.held for one in cycles),
        bytes=sum(one.count * one.held_bytes for one in cycles),
        types=types or sum_counts(*(one.types for one in cycles)),
        cycles=cycles,
        alive=alive,
    )


@pytest.fixture
def show(tmp_path, capsys):
    """Show a record with some options: what is written to stdout, and the one line of an error."""

    def show(record, *options):
        path = tmp_path / "record.json"
        path.write_text(record.to_json())
        try:
            main(["show", str(path), *options])
        except SystemExit as end:
            assert end.code == 1, capsys.readouterr()
            return capsys.readouterr().err.removeprefix("gcscope: ").removesuffix("\n")
        return capsys.readouterr().out

    return show


def shown_in_full(text):
    return [line.split(" · form ")[1] for line in text.splitlines() if " · form " in line]


def test_a_long_report_ends_with_a_table(show):
    rest = MOST_LISTED + 5
    cycles = [ring_of(n, count=2) for n in range(MOST_CYCLES + rest)]
    text = show(report_of(*cycles))
    assert shown_in_full(text) == [one.fingerprint for one in cycles[:MOST_CYCLES]]
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"and {rest} more forms"))
    assert lines[start : start + 2] == [
        f"and {rest} more forms of cycles, seen {2 * rest} times (--all shows them, --form "
        "FINGERPRINT one):",
        "  form               seen   objects        size   ring",
    ]
    rows = lines[start + 2 : start + 2 + MOST_LISTED]
    assert [row.split() for row in rows] == [
        [one.fingerprint, "2", "1", "100", "bytes", one.ring[0].type, ".me", "→", one.ring[0].type]
        for one in cycles[MOST_CYCLES : MOST_CYCLES + MOST_LISTED]
    ]
    assert lines[start + 2 + MOST_LISTED :] == ["  and 5 more forms of cycles, seen 10 times"]


def test_show_all(show):
    cycles = [ring_of(n) for n in range(MOST_CYCLES + 3)]
    text = show(report_of(*cycles), "--all")
    assert shown_in_full(text) == [one.fingerprint for one in cycles]
    assert "more form" not in text and "other type" not in text
    assert all(f"  1  app.N{n:03}" in text.splitlines() for n in range(len(cycles)))
    assert "other types" in show(report_of(*cycles))


def test_show_one_form(show):
    cycles = [ring_of(n) for n in range(MOST_CYCLES + 3)]
    last = cycles[-1]
    text = show(report_of(*cycles), "--form", last.fingerprint)
    assert text == f"{last} · form {last.fingerprint}\n\nin it:\n  1  {last.ring[0].type}\n"
    assert show(report_of(*cycles), "--form", last.fingerprint[:4]) == text
    assert "in use" in show(report_of(*cycles, alive=True), "--form", last.fingerprint)
    read = Record.from_json(show(report_of(*cycles), "--form", last.fingerprint, "--format=json"))
    assert read == last
    drawn = show(report_of(*cycles), "--form", last.fingerprint, "--format", "dot")
    assert drawn.startswith("digraph") and last.ring[0].type in drawn and "app.N000" not in drawn


def test_a_form_is_shown_in_full(show):
    types = [f"app.T{n}" for n in range(MOST_LINKS + 9)]
    long = cycle(*types, fingerprint="0123456789abcdef")
    assert "more objects on the ring" in show(report_of(long), "--all")
    text = show(report_of(long), "--form", "0123")
    assert "more objects" not in text and "other type" not in text
    assert all(text.count(f"{name}\n") == 2 for name in types)


def test_a_form_that_is_not_there(show, tmp_path):
    cycles = [ring_of(n) for n in (1, 20, 21)]
    report, file = report_of(*cycles), str(tmp_path / "record.json")
    wrong = f"{cycles[0].fingerprint[:-1]}z"
    nearest = cycles[0].ring[0].type
    assert show(report, "--form", wrong) == (
        f"there is no form {wrong!r} in {file!r}; the nearest is {cycles[0].fingerprint}: "
        f"{nearest} .me → {nearest}"
    )
    for odd in ("", "0", "zzzz", "\x1b[2J"):
        assert show(report, "--form", odd) == (
            f"there is no form {odd!r} in {file!r}; it has 3 forms of cycles, which --all shows"
        )
    assert show(report_of(), "--form", "0123").endswith("; it has 0 forms of cycles")
    twins = report_of(*(changed(one, fingerprint=f"abcd{n}") for n, one in enumerate(cycles)))
    assert show(twins, "--form", "abcd") == (
        "3 forms begin with 'abcd', such as abcd0, abcd1, abcd2: give more"
    )


@pytest.mark.parametrize(
    ("key", "order"), [("bytes", "0312"), ("count", "2130"), ("objects", "1230")]
)
def test_show_sorts(show, key, order):
    """The default is as it was found; of equal forms the fingerprint decides."""
    cycles = (
        ring_of(0, count=1, objects=2, size=9000),
        ring_of(1, count=5, objects=8, size=100),
        ring_of(2, count=10, objects=1, size=10),
        ring_of(3, count=5, objects=1, size=200),
    )
    expected = [cycles[int(n)].fingerprint for n in order]
    report = report_of(*cycles)
    assert shown_in_full(show(report)) == [one.fingerprint for one in cycles]
    assert shown_in_full(show(report, "--sort", key)) == expected
    assert shown_in_full(show(report, "--sort", key, "--all")) == expected
    read = Record.from_json(show(report, "--sort", key, "--format", "json"))
    assert [one.fingerprint for one in read.cycles] == expected


def test_what_else_has_forms(show):
    cycles = (ring_of(1), ring_of(2, count=3))
    order = [cycles[1].fingerprint, cycles[0].fingerprint]
    collection = changed(COLLECTION, cycles=cycles, types=Counts({"app.N001": 1}))
    trial = changed(TRIAL, report=report_of(*cycles))
    for record in (collection, trial):
        assert show(record) == f"{record}\n"
        text = show(record, "--sort", "count")
        assert text.startswith(f"{record}\n\n1 cycle: ") and shown_in_full(text) == order
        assert shown_in_full(show(record, "--all")) == order[::-1]
        assert shown_in_full(show(record, "--form", "0010")) == order[1:]
    told = show(RETAINED, "--sort", "count")
    assert told.endswith(
        "is of kind 'retained': --form and --sort take reports, collections and trials"
    )
    assert show(RETAINED, "--form", "0010") == told
    assert show(RETAINED, "--all") == f"{RETAINED}\n"


def test_a_picture_has_no_room_for_all(python, tmp_path):
    (tmp_path / "x.json").write_text(RINGS.to_json())
    done = python("-m", "gcscope", "show", tmp_path / "x.json", "--all", "--format", "dot")
    assert done.code == 2 and done.err.endswith(
        "error: --all is for text: a picture has room for some; --form draws one form\n"
    )
    done = python("-m", "gcscope", "show", tmp_path / "x.json", "--sort", "size")
    assert done.code == 2 and "invalid choice: 'size'" in done.err
