"""gcscope merge: files of real processes, what is left out, and what show and diff make of it."""

import json
import os

import pytest

import gcscope
from gcscope.cli.main import main
from gcscope.model.fleet import Merged
from gcscope.model.header import file_text, read_file
from gcscope.model.record import changed
from gcscope.render.json import kinds
from programs import RING, TWO, run
from specimens.records import AUDIT, CENSUS, GROWER, GROWN, MERGED, RINGS, header


@pytest.fixture
def reports(tmp_path, python, script):
    """Of five processes, four of which leave the ring of two."""
    leave = "import gc, sys\ngc.disable()\nfor _ in range(int(sys.argv[1])): ring()\n"
    path = script(RING + leave + "x = []; x.append(x); del x\n")
    names = []
    for n in range(5):
        names.append(tmp_path / f"{n}.json")
        assert run(python, "-q", "-o", names[-1], path, n).code == 0
    return names


def merge(*arguments):
    """Run the command here; return its exit code."""
    try:
        main(["merge", *map(str, arguments)])
    except SystemExit as end:
        return end.code
    return 0


def test_real_processes(reports, tmp_path, capsys):
    assert merge(*reports, "-o", tmp_path / "all.json") == 0
    out, err = capsys.readouterr()
    assert err == "" and out.startswith("5 processes, 1 host: ")
    assert "seen 10 times · only the collector can free it · in 4 of 5 processes · form " in out
    assert "seen 5 times · only the collector can free it · in 5 of 5 processes · form " in out
    merged, of_merge = read_file((tmp_path / "all.json").read_text())
    assert isinstance(merged, Merged) and f"{merged}\n" == out
    assert (of_merge.pid, of_merge.gcscope) == (os.getpid(), gcscope.__version__)
    one, header_of_one = read_file(reports[0].read_text())
    assert header_of_one in merged.headers and len({h.pid for h in merged.headers}) == 5
    assert sum(row.objects for row in merged.processes) == merged.report.objects >= one.objects
    assert merge("--format", "json", *reports) == 0
    assert read_file(capsys.readouterr().out)[0] == merged
    assert merge(tmp_path / "all.json", *reports) == 0
    assert "note: 5 files left out, of processes of" in capsys.readouterr().out


def test_files_that_are_left_out_are_named(reports, tmp_path, capsys):
    whole = reports[1].read_text()
    odd = {
        "half": (whole[: len(whole) // 2], "not JSON, or a damaged file"),
        "empty": ("", "it is empty"),
        "old": (whole.replace("gcscope/2", "gcscope/1"), "writes it anew"),
        "newer": (whole.replace("gcscope/2", "gcscope/3"), "upgrade gcscope"),
        "audit": (file_text(AUDIT, None), "it is of kind 'audit'"),
        "census": (file_text(CENSUS, header()), "it tells a census by type"),
        "wrong": (whole.replace('"bytes": ', '"bytes": -'), "a damaged report: "),
        "header": (whole.replace('"pid": ', '"pid": -'), "a damaged header: "),
    }
    for name, (text, _) in odd.items():
        (tmp_path / name).write_text(text)
    names = [*reports, *(tmp_path / name for name in odd), tmp_path / "missing", tmp_path]
    assert merge(*names, "-o", tmp_path / "all.json") == 1
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert len(lines) == len(odd) + 2 and out.startswith("5 processes, 1 host: ")
    for name, (_, why) in odd.items():
        found = [line for line in lines if f"/{name}'" in line]
        assert len(found) == 1 and found[0].startswith("gcscope: ") and why in found[0], err
    assert merge(tmp_path / "half", tmp_path / "audit") == 1
    out, err = capsys.readouterr()
    assert out == "" and err.endswith("gcscope: nothing to merge: no file is left\n")


def test_wrong_usage(tmp_path, capsys, reports):
    assert merge() == 2
    capsys.readouterr()
    assert merge(reports[0], "-o", tmp_path / "x.svg") == 1
    assert "-o keeps JSON" in capsys.readouterr().err
    assert merge(reports[0], "-o", tmp_path) == 1
    assert "it is a directory" in capsys.readouterr().err


def shown(capsys, *arguments):
    try:
        main(list(map(str, arguments)))
    except SystemExit as end:
        assert end.code in (0, None), capsys.readouterr()
    return capsys.readouterr()


def test_show_takes_what_is_merged(reports, tmp_path, capsys):
    path = tmp_path / "all.json"
    merge(*reports, "-o", path)
    capsys.readouterr()
    merged, of_merge = read_file(path.read_text())
    out = shown(capsys, "show", path).out
    assert out == f"{of_merge}\n{merged}\n"
    first, second = merged.report.cycles
    by_count = shown(capsys, "show", path, "--sort", "count").out
    assert by_count.index(f"form {first.fingerprint}") < by_count.index(
        f"form {second.fingerprint}"
    )
    every = shown(capsys, "show", path, "--all").out
    assert every.count(" of 5 processes · form ") == 2
    one = shown(capsys, "show", path, "--form", first.fingerprint[:6]).out
    assert f"· form {first.fingerprint}" in one and second.fingerprint not in one
    assert read_file(shown(capsys, "show", path, "--format", "json").out) == (merged, of_merge)
    assert "flowchart" in shown(capsys, "show", path, "--format", "mermaid").out


def test_diff_takes_what_is_merged(reports, tmp_path, capsys):
    few, many = tmp_path / "few.json", tmp_path / "many.json"
    merge(*reports[:2], "-o", few)
    merge(*reports, "-o", many)
    capsys.readouterr()
    out, err = shown(capsys, "diff", few, many)
    assert out.startswith("forms of cycles: 0 new, 2 grown, 0 gone, ")
    assert "grown: seen 1 -> 10 times\n" in out
    assert err == "gcscope: note: 2 processes before, 5 after: counts are sums\n"
    out, err = shown(capsys, "diff", reports[0], few)
    assert err == "gcscope: note: 1 process before, 2 after: counts are sums\n"
    assert shown(capsys, "diff", few, few).err == ""


@pytest.mark.parametrize("told", [{"census": CENSUS}, {"growth": GROWN}])
def test_diff_takes_merged_censuses_and_growths(tmp_path, capsys, told):
    old, new = tmp_path / "old", tmp_path / "new"
    merged = changed(MERGED, report=None, **told)
    old.write_text(file_text(merged, header()))
    if "growth" in told:
        faster = changed(GROWN, growers=(changed(GROWER, per_call=9.0),))
        merged = changed(merged, growth=faster)
    new.write_text(file_text(merged, header()))
    out, err = shown(capsys, "diff", old, new)
    expected = "1 grower that did not grow" if "growth" in told else "0 objects, 0 bytes"
    assert expected in out and err == ""


def test_diff_compares_the_versions_of_the_processes(tmp_path, capsys):
    rows = tuple(changed(row, process=header(python="3.14.1")) for row in MERGED.processes)
    for name, record in (("old", MERGED), ("new", changed(MERGED, processes=rows))):
        (tmp_path / name).write_text(file_text(record, header(gcscope="9")))
    err = shown(capsys, "diff", tmp_path / "old", tmp_path / "new").err
    assert "they come from Python 3.13.0 and Python 3.14.1: what differs may be theirs" in err


# ------------------------------------------------------------- what is written has a header


def test_all_that_the_commands_write_has_a_header(python, script, reports, tmp_path):
    """And it tells of the process that was looked at, or, of a difference, of that which wrote."""
    command = ["-m", "gcscope"]
    written = {
        "run": python(*command, "run", "--json", script(TWO)).err,
        "audit": python(*command, "audit", "--format", "json", "json").out,
        "diff": python(*command, "diff", "--format", "json", *reports[:2]).out,
        "merge": python(*command, "merge", "--format", "json", *reports).out,
        "show": python(*command, "show", "--format", "json", reports[0]).out,
        "word": python("-c", "import gcscope; print(gcscope.garbage().to_json(header=True))").out,
        "census": python("-c", "import gcscope; print(gcscope.census().to_json(header=True))").out,
    }
    for who, text in written.items():
        record, of_process = read_file(text)
        assert of_process is not None and type(record) in kinds().values(), who
        assert of_process.pid > 0 and of_process.started > 0, who
        assert of_process.gcscope == gcscope.__version__, who
    assert read_file(written["show"])[1] == read_file(reports[0].read_text())[1]
    for who in ("run", "audit", "diff", "merge"):
        target = tmp_path / f"{who}.json"
        if who != "diff":  # which has no -o
            words = [script(TWO)] if who == "run" else ["json"] if who == "audit" else reports
            assert python(*command, who, "-o", target, *words).code == 0
            assert read_file(target.read_text())[1] is not None


def test_to_json_has_a_header_where_it_is_asked_for():
    assert "header" not in json.loads(RINGS.to_json())
    text = RINGS.to_json(header=True)
    record, of_process = read_file(text)
    assert record == RINGS and of_process.pid == os.getpid()
    assert list(json.loads(text))[:3] == ["schema", "kind", "header"]
