"""Reports: frozen, comparable, hashable, to JSON and back, and golden texts."""

import copy
import json
import pickle
import re

import pytest

from gcscope import (
    Counts,
    Cut,
    Cycle,
    Event,
    Fate,
    Holders,
    Link,
    Report,
)
from gcscope.model.phrases import counts_lines, size
from gcscope.model.record import Record, form_of_suffix, forms, picture_suffixes, rendered
from gcscope.render.json import kinds, pretty, read_any
from specimens import records
from specimens.records import (
    ALL,
    COLLECTION,
    CYCLE,
    DIFFERENCE,
    EVENT,
    FATES,
    HOLDERS,
    REPORT,
    RINGS,
    TABLE,
    TRIAL,
)


def without_ring(report):
    document = json.loads(report.to_json())
    document["cycles"][0]["ring"] = []
    return json.dumps(document)


by_kind = pytest.mark.parametrize("record", ALL, ids=lambda record: type(record).__name__)


@by_kind
def test_to_json_and_back(record):
    text = record.to_json()
    document = json.loads(text)
    assert document["schema"] == "gcscope/1" and document["kind"] == type(record).__name__.lower()
    assert type(record).from_json(text) == record
    assert type(record).from_json(text.encode()) == record
    assert read_any(text) == read_any(text.encode()) == read_any(pretty(record)) == record
    assert Record.from_json(text) == record and rendered(record, "json") == pretty(record)
    assert rendered(record, "text") == str(record)
    assert json.dumps(document) == text  # though it was not the module json that wrote it
    assert "\n" not in text and pretty(record).count("\n") > 2


def test_every_kind_is_among_those_tested():
    assert set(kinds()) == {type(record).__name__.lower() for record in ALL}


@pytest.mark.parametrize("kind", ["reports", "record", "counts", None, 7, ["report"], "x" * 1000])
def test_a_kind_that_is_not_known(kind):
    with pytest.raises(
        ValueError, match=r"^kind .{0,70} is not known: it is one of arithmetic, baseline, chain, "
    ) as failure:
        read_any(json.dumps({"schema": "gcscope/1", "kind": kind}))
    assert len(str(failure.value)) < 340


def test_a_record_with_something_else_in_it_is_not_written():
    with pytest.raises(TypeError, match="a record holds no float"):
        Event(serial=1.0, what="", type="", name=None, refcount=0, freed_by=None).to_json()


@by_kind
def test_values(record):
    again = pickle.loads(pickle.dumps(record))
    assert again == record and hash(again) == hash(record) and len({again, record}) == 1
    assert copy.copy(record) == record == copy.deepcopy(record)
    assert record != "something else" and record != REPORT or record is REPORT
    assert eval(repr(record), vars(records)) == record


@by_kind
def test_frozen(record):
    with pytest.raises(AttributeError, match="cannot be changed"):
        record.objects = 1
    with pytest.raises(AttributeError, match="cannot be changed"):
        del record.notes
    assert not hasattr(record, "__dict__")


def test_fields_are_given_by_name_and_complete():
    with pytest.raises(TypeError, match="look at: bytes, cycles, types"):
        Report(objects=1)
    with pytest.raises(TypeError, match="look at: colour"):
        Fate(serial=1, type="x", name=None, fate="survived", colour="red")
    with pytest.raises(TypeError):
        Fate(1, "x", None, "survived")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON, or a damaged file"),
        ('{"schema": "gcscope/1", "kind": "report", "obj', "not JSON, or a damaged file"),
        ("[" * 100_000, "not JSON, or a damaged file"),
        ("[]", "not a report of gcscope"),
        ("{}", "not a report of gcscope"),
        (
            '{"schema": "gcscope/9", "kind": "report"}',
            "schema 'gcscope/9' is not known: a newer gcscope wrote it, upgrade",
        ),
        (
            '{"schema": "gcscope/0", "kind": "report"}',
            "'gcscope/0' is not known: this version of gcscope reads",
        ),
        (
            '{"schema": "other/2", "kind": "report"}',
            "'other/2' is not known: this version of gcscope reads",
        ),
        (b"{\x80\x81}", "not JSON, or a damaged file: not text"),
        # two halves of a character, which would be read as one when they are written again
        (REPORT.to_json().replace("[]", '["\ud83d\ude00"]'), "damaged file: not text"),
        (
            REPORT.to_json().replace("[]", '["\ud83d\ude00"]').encode("utf-8", "surrogatepass"),
            "damaged file: not text",
        ),
        (b"\xed\xa0\x80", "damaged file: not text"),
        ('{"schema": "gcscope/1", "kind": ["report"]}', "expected a report, not an array"),
        ('{"schema": ["x"], "kind": "report"}', "is not known"),
        ('{"schema": "gcscope/1", "kind": "trial"}', "expected a report, not 'trial'"),
        ('{"schema": "gcscope/1"}', "expected a report, not None"),
        (
            '{"schema": "gcscope/1", "kind": "report"}',
            "expected an object with the fields of Report",
        ),
        (
            REPORT.to_json().replace("3120", "-1"),
            "a damaged report: expected a number that is not negative",
        ),
        (REPORT.to_json().replace("3120", '"x"'), "expected a number"),
        (REPORT.to_json().replace("3120", "3120.0"), "expected a number"),
        (REPORT.to_json().replace("3120", "NaN"), "expected a number"),
        (
            REPORT.to_json().replace("3120", "1" + 400 * "0"),
            r"expected a number .*, not 1000+\.\.\.0+$",
        ),
        (REPORT.to_json().replace("3120", "1" + 5000 * "0"), "not JSON, or a damaged file"),
        (REPORT.to_json().replace('"alive": false', '"alive": 0'), "expected true or false"),
        (
            RINGS.to_json().replace('"count": 3', '"count": 0'),
            "expected a number that is 1 or more",
        ),
        (without_ring(RINGS), "a damaged report: a cycle without a ring"),
        (
            RINGS.to_json().replace('.me", "name', '.you", "name', 1),
            "a damaged report: a cut that is not on its ring",
        ),
        (REPORT.to_json().replace("3120", "true"), "expected a number"),
        (
            REPORT.to_json().replace('"list"', '"li\\"st"').replace(": 2", ": null"),
            "expected a number",
        ),
        (REPORT.to_json().replace('"notes": []', '"notes": [1]'), "expected a string"),
        (REPORT.to_json().replace('"notes": []', '"notes": {}'), "expected an array"),
        (REPORT.to_json().replace('"cycles": []', '"cycles": [1]'), "the fields of Cycle"),
    ],
)
def test_reading_what_is_not_a_report(text, message):
    with pytest.raises(ValueError, match=message):
        Report.from_json(text)


def test_counts_are_an_immutable_mapping_in_falling_order():
    counts = Counts({"b": 1, "a": 1, "c": 9, "none": 0})
    assert list(counts.items()) == [("c", 9), ("a", 1), ("b", 1)]
    assert (
        counts == {"a": 1, "b": 1, "c": 9}
        and counts.total == 11
        and counts["c"] == 9
        and len(counts) == 3
    )
    assert hash(counts) == hash(Counts([("c", 9), ("b", 1), ("a", 1)]))
    assert counts.get("x", 0) == 0 and "x" not in counts and bool(Counts()) is False
    for change in (
        "counts['a'] = 2",
        "del counts['a']",
        "counts.x = 1",
        "del counts._counts",
        "counts.update(a=2)",
    ):
        with pytest.raises((TypeError, AttributeError)):
            exec(change)
    assert counts.total == 11


def test_truth():
    assert REPORT and COLLECTION
    assert not Report(objects=0, bytes=0, types=Counts(), cycles=(), notes=())
    assert sum(REPORT.types.values()) == REPORT.objects


def test_texts():
    assert str(REPORT) == (
        "5 unreachable objects, 3.1 kB; only the collector can free them\n"
        "  3  gcscope.Person\n"
        "  2  list"
    )
    assert str(
        Report(objects=1, bytes=72, types=Counts({"list": 1}), cycles=(), notes=("mind",))
    ) == ("1 unreachable object, 72 bytes; only the collector can free it\n  1  list\nnote: mind")
    assert str(Report(objects=0, bytes=0, types=Counts(), cycles=(), notes=())) == (
        "nothing is unreachable: the collector has nothing to do"
    )
    assert str(COLLECTION) == (
        "the collector freed 2 objects\n"
        "  1  gcscope.Person\n"
        "  1  list\n"
        "instrumented objects: 1 collector, 1 survived\n"
        "resurrected by a finalizer: 1 m.Phoenix\n"
        "note: a note"
    )
    assert str(TRIAL) == (
        "freed by counting (instrumented ones)  2 gcscope.Person\n"
        "freed by the collector                 5 a, 4 b, 3 c, 2 d, 2 others\n"
        "survived                               nothing\n"
        "resurrected                            nothing\n"
        "uncollectable                          nothing"
    )
    assert (
        str(FATES[0]) == "#1 gcscope.Person 'Michael': collector"
        and str(FATES[1]) == "#2 m.Node: survived"
    )
    assert str(EVENT) == "#1 gcscope.Person 'Michael': freed by collector"
    assert str(TABLE) == (
        "object    refcount   from inside   left   verdict\n"
        "Michael          1             1      0   unreachable"
    )


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_951, "1.0 MB"),
        (12_400_000, "12.4 MB"),
        (3 * 10**9, "3.0 GB"),
        (3 * 10**13, "30000.0 GB"),
    ],
)
def test_sizes(count, text):
    assert size(count) == text


def test_long_lists_are_folded():
    lines = counts_lines(Counts({f"t{n:02}": 100 - n for n in range(20)}))
    assert (
        lines[0] == "  100  t00"
        and lines[-1] == f"  and {sum(100 - n for n in range(12, 20))} objects of 8 other types"
    )
    assert len(lines) == 13


@pytest.mark.parametrize(
    ("place", "gaps"), [(0, [26]), (12, [25]), (20, [8, 17]), (37, [25]), (49, [26])]
)
def test_a_long_ring_shows_its_ends_and_its_cut_and_tells_how_many_it_leaves_out(place, gaps):
    ring = tuple(
        Link(type="m.Node", name=str(i), label=".next", named=True, where=None, refcount=None)
        for i in range(50)
    )
    text = str(
        Cycle(
            ring=ring,
            objects=50,
            dragged=0,
            dragged_bytes=0,
            bytes=50,
            types=Counts({"m.Node": 50}),
            cause=None,
            cut=Cut(link=ring[place], advice="let go", frees=50, references=1),
            advice="let go",
            count=1,
            fingerprint="0",
        )
    )
    assert [int(found) for found in re.findall(r"… (\d+) more object", text)] == gaps
    assert text.count("m.Node '") == 50 - sum(gaps) and text.count("cut here: let go") == 1


def test_a_field_is_declared_once():
    """Its slot, its default and how it is read come from that."""
    assert Report.__slots__ == ("alive", "bytes", "cycles", "notes", "objects", "types")
    assert not hasattr(Fate, "_readers") and REPORT.alive is False and REPORT.notes == ()
    document = json.loads(HOLDERS.to_json())
    with pytest.raises(ValueError, match="expected a number that is not negative, not -1"):
        Holders.from_json(json.dumps({**document, "refcount": -1}))
    assert Holders.from_json(json.dumps(document)).unexplained == -1


def test_the_forms_of_a_record():
    pictures = forms()[2:]
    assert forms()[:2] == ("text", "json") and pictures == ("dot", "mermaid", "svg", "png")
    assert picture_suffixes() == [".svg", ".png", ".dot", ".mmd"]
    suffixes = (".dot", ".MMD", ".svg", ".Png")
    assert tuple(map(form_of_suffix, suffixes)) == pictures
    assert form_of_suffix(".json") == "json" and form_of_suffix(".gif") is None
    assert rendered(CYCLE, "dot").startswith("digraph gcscope {")
    assert rendered(DIFFERENCE, "mermaid").startswith("%%{init")
    assert not rendered(RINGS, "mermaid").endswith("\n")
    with pytest.raises(ValueError, match=r"^a record of kind 'fate' has no rings to draw$"):
        rendered(FATES[0], "dot")
