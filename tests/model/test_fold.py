"""Files of many processes put together: by fingerprint, each process once."""

import pytest

from gcscope import Census, Collection, Counts
from gcscope.model.census import census_of
from gcscope.model.fleet import Merged, ProcessRow
from gcscope.model.fold import fold
from gcscope.model.growth import GrownType
from gcscope.model.header import header_of_process
from gcscope.model.record import Record, changed
from gcscope.model.results import Report
from specimens.records import (
    AUDIT,
    CENSUS,
    COLLECTION,
    CYCLE,
    EARLIER,
    GROWER,
    GROWN,
    JUDGEMENT,
    MERGED,
    TRIAL,
    header,
)


def cycle(form, **figures):
    return changed(CYCLE, fingerprint=form, **{"count": 1, **figures})


def report(*cycles, notes=()):
    objects = sum(c.count * c.held for c in cycles)
    return Report(
        objects=objects, bytes=10 * objects, types=Counts({"m.Node": objects}), cycles=cycles,
        notes=notes,
    )  # fmt: skip


def folded(*files):
    """What is merged of (record, header); nothing may be left out."""
    merged, left_out = fold((f"{i}.json", *file) for i, file in enumerate(files))
    assert left_out == ()
    return merged


def test_forms_are_summed_up_by_fingerprint():
    one = report(cycle("a", count=2), cycle("b"), notes=("a note",))
    other = report(cycle("a", count=3, objects=7), notes=("a note", "another"))
    merged = folded((one, header(pid=1)), (other, header(pid=2)))
    assert merged.report.objects == one.objects + other.objects
    assert merged.report.bytes == one.bytes + other.bytes
    assert merged.report.types == Counts({"m.Node": merged.report.objects})
    assert merged.report.notes == ("a note", "another") and merged.notes == ()
    figures = [(c.fingerprint, c.count, c.objects) for c in merged.report.cycles]
    assert figures == [("a", 5, 7), ("b", 1, cycle("b").objects)]
    assert merged.processes_with == Counts({"a": 2, "b": 1})
    rows = [(row.process.pid, row.objects, row.bytes) for row in merged.processes]
    assert rows == [(1, one.objects, one.bytes), (2, other.objects, other.bytes)]
    text = str(merged)
    assert text.startswith(f"2 processes, 1 host: {merged.report.objects} unreachable objects, ")
    assert "· in 2 of 2 processes · form a\n" in text and text.endswith("1 of 2 processes · form b")


def test_the_order_of_the_files_makes_no_difference():
    """Nor which of several specimens that are as large is told."""
    links = [changed(CYCLE.ring[0], where=f"m.py:{i}") for i in range(6)]
    files = [
        (report(cycle("a", ring=(link,), cut=None, length=1)), header(f"host{i % 2}", i))
        for i, link in enumerate(links)
    ]
    assert folded(*files) == folded(*reversed(files))
    assert str(folded(*files)).startswith("6 processes, 2 hosts: ")


def test_what_is_merged_is_merged_again():
    files = [
        (report(cycle("a", count=i + 1), cycle(f"b{i}")), header(f"host{i}", i)) for i in range(5)
    ]
    halves = [(folded(*files[:2]), header(pid=77)), (folded(*files[2:]), header(pid=78))]
    assert folded(*halves) == folded(*files)
    assert folded(halves[0], *files[2:]) == folded(*files)


def test_the_same_process_counts_once_and_as_it_told_last():
    early, late = report(cycle("a")), report(cycle("a", count=4))
    merged = folded(
        (late, header(when="2026-11-27T14:00:00Z")),
        (early, header(when="2026-11-27T13:00:00Z")),
    )
    assert merged.report == late and len(merged.processes) == 1
    assert merged.processes_with == Counts({"a": 1})
    assert merged.notes == (
        "1 file left out, of processes of which another tells: the latest counts",
    )
    for other in ({"host": "other"}, {"pid": 42}, {"started": 1001}, {"started": None}):
        apart = folded((late, header()), (early, header(**other)))
        assert apart.report.cycles[0].count == 5 and len(apart.processes) == 2


def test_a_process_that_a_merged_file_has_counts_as_in_that():
    files = [(report(cycle("a", count=i + 1)), header(pid=i)) for i in range(3)]
    whole = folded(*files)
    again = folded((whole, None), *files, (folded(*files[:2]), None))
    assert (again.report, again.processes) == (whole.report, whole.processes)
    assert again.notes == (
        "4 files left out, of processes of which another tells: the latest counts",
    )


def test_merged_files_that_cannot_be_parted_are_not_added_up():
    files = [(report(cycle("a", count=i + 1)), header(pid=i)) for i in range(4)]
    one, other = folded(*files[:3]), folded(*files[2:])
    merged, (line,) = fold([("other", other, None), ("one", one, None)])
    assert merged == one
    assert line == (
        "'other' is left out: it has some processes that another merged file has, and some that it "
        "has not; merge the files of the processes anew"
    )


def test_files_without_a_header_count_each_as_one():
    one = report(cycle("a"))
    merged = folded((one, None), (one, None), (one, header()))
    assert merged.report.cycles[0].count == 3 and merged.processes_with == Counts({"a": 3})
    note = "note: 2 files without a header: each counts as a process of its own"
    assert note in str(merged).splitlines() and str(merged).startswith("3 processes, 1 host: ")
    assert str(folded((one, None))).startswith("1 process: ")


@pytest.mark.parametrize("record", [TRIAL, COLLECTION, JUDGEMENT])
def test_what_has_a_report_is_merged(record):
    merged = folded((record, header()), (record, header(pid=2)))
    assert len(merged.processes) == 2 and isinstance(merged.report, Report)
    assert merged.report.objects == 2 * merged.processes[0].objects
    assert record is not COLLECTION or merged.report.objects == 2 * Collection.objects.fget(record)


def test_growers_are_told_where_they_grow_fastest():
    faster = changed(GROWER, per_call=5.0)
    quick = GrownType(type="app.Node", per_call=7.0, path="app.OTHER.next")
    other = changed(GROWN, growers=(faster,), grown_types=(quick,), rounds=4, notes=("other",))
    merged = folded((GROWN, header()), (other, header(pid=50)))
    assert {g.fingerprint: g.per_call for g in merged.growth.growers} == {
        GROWER.fingerprint: 5.0,
        GROWN.growers[1].fingerprint: 0.25,
    }
    assert merged.growth.types == {"app.Node": 7.0, "app.Ring": 0.5}
    assert merged.growth.rounds == 4 and merged.growth.notes == (
        "a note",
        "other",
        "not all processes were asked for as many rounds: the fewest are told",
    )
    assert merged.processes_with[GROWER.fingerprint] == 2
    text = str(merged)
    assert text.startswith("2 processes, 1 host: 201 containers grew in every one of 4 rounds")
    assert text.count("    in 2 of 2 processes\n") == text.count("    in 1 of 2 processes\n") == 1


def test_censuses_are_summed_up():
    merged = folded((CENSUS, header()), (EARLIER, header(pid=2)))
    assert merged.census == census_of(
        [(r.type, r.objects, r.bytes) for r in (*CENSUS.rows, *EARLIER.rows)],
        anonymous=CENSUS.anonymous + EARLIER.anonymous,
        by="type",
    )
    assert str(merged).startswith("2 processes, 1 host: 1,018,663 objects, 80.2 MB: explains 83 % ")
    unknown = folded((CENSUS, header()), (changed(EARLIER, anonymous=None), header(pid=2)))
    assert unknown.census.anonymous is None


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (AUDIT, "it is of kind 'audit'; merge takes reports, collections and trials, growths"),
        (GROWN - GROWN, "it is the difference of two records of kind 'growth'"),
        (CENSUS - EARLIER, "it is the difference of two records of kind 'census'"),
        (CENSUS, "it tells a census by type, and those before it what is unreachable: merge"),
        (GROWN, "it tells what grows with each call, and those before it what is unreachable"),
        (changed(report(cycle("a")), alive=True), "it tells rings in use, and those before it"),
    ],
)
def test_what_does_not_fit_is_left_out_and_told(record, why):
    one = report(cycle("a"))
    merged, (line,) = fold([("x", one, header()), ("y", record, header(pid=2))])
    assert merged.report == one and line.startswith(f"'y' is left out: {why}")


def test_sorts_of_one_kind_are_not_mixed():
    by_module = changed(CENSUS, by="module")
    _, (line,) = fold([("x", CENSUS, None), ("y", by_module, None)])
    assert "it tells a census by module, and those before it a census by type" in line
    _, (line,) = fold([("x", GROWN, None), ("y", changed(GROWN, times=0), None)])
    assert "what grows with each round, and those before it what grows with each call" in line


def test_an_empty_report_fits_rings_in_use_too():
    live = changed(report(cycle("a")), alive=True)
    merged = folded((report(), header()), (live, header(pid=2)))
    assert merged.report.alive and str(merged).startswith("2 processes, 1 host: 3 objects in live")
    assert not folded((report(), header())) and merged


def test_nothing_to_merge():
    assert fold([]) == (None, ())
    merged, lines = fold([("x", AUDIT, None)])
    assert merged is None and len(lines) == 1


def test_one_of_three_is_told():
    for change in ({"census": CENSUS}, {"report": None}, {"processes": ()}):
        text = changed(MERGED, **change).to_json()
        with pytest.raises(ValueError, match="merged"):
            Record.from_json(text)
    assert isinstance(MERGED.told, Report) and isinstance(changed(
        MERGED, report=None, census=CENSUS
    ).told, Census)  # fmt: skip
    assert isinstance(Record.from_json(MERGED.to_json()), Merged)


def test_other_versions_are_told():
    one = report(cycle("a"))
    others = (header(pid=50, python="3.14.1"), header(pid=51, gcscope="0.4"))
    merged = folded((one, header()), *((one, other) for other in others))
    note = (
        "note: they come from Python 3.13.0 and Python 3.14.1, from gcscope 0.3.0 and gcscope 0.4: "
        "forms may differ for that"
    )
    assert note in str(merged).splitlines()


def test_many_processes_are_a_short_table():
    files = [(report(cycle("a", count=i + 1)), header(pid=i)) for i in range(20)]
    lines = str(folded(*files)).splitlines()
    assert "and 8 more processes" in lines and sum("pid " in line for line in lines) == 12
    assert str(ProcessRow(process=header(), objects=1, bytes=2)) == (
        "serve.py, pid 41 on box: 1 object, 2 bytes"
    )
    assert str(ProcessRow(process=None)) == "a process that is not known"


def test_a_process_knows_when_it_began(python):
    """In two processes another time, in one always the same."""
    code = (
        "import time; from gcscope.model.header import header_of_process as h\n"
        "a = h().identity; time.sleep(0.05); b = h().identity; print(a == b, a[2])"
    )
    same, first = python("-c", code).out.split()
    again, second = python("-c", code).out.split()
    assert same == again == "True" and 0 < int(first) < int(second)
    header = header_of_process()
    assert changed(header, gcscope="2", stopped=3.0).identity == header.identity
