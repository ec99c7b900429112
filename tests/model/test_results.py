"""Reports: frozen, comparable, hashable, to JSON and back, and golden texts."""

from __future__ import annotations

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
from gcscope.model.merge import joined
from gcscope.model.phrases import counts_lines, ring_line, size
from gcscope.model.picture import REST
from gcscope.model.record import (
    OldSchema,
    Record,
    Signed,
    form_of_suffix,
    forms,
    rendered,
    suffixes,
)
from gcscope.render.format_table import picture_suffixes
from gcscope.render.json import kinds, pretty, read_any
from gcscope.render.report_picture import picture_of
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
    WAITING,
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
    assert document["schema"] == "gcscope/2" and document["kind"] == type(record).__name__.lower()
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
        ValueError, match=r"^kind .{0,70} is not known: it is one of arithmetic, audit, "
    ) as failure:
        read_any(json.dumps({"schema": "gcscope/2", "kind": kind}))
    assert len(str(failure.value)) < 430


def test_a_record_with_something_else_in_it_is_not_written():
    for odd, what in ((b"", "bytes"), (float("nan"), "float"), (float("-inf"), "float")):
        event = Event(serial=odd, what="", type="", name=None, refcount=0, freed_by=None)
        with pytest.raises(TypeError, match=f"a record holds no {what}"):
            event.to_json()


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
        ('{"schema": "gcscope/2", "kind": "report", "obj', "not JSON, or a damaged file"),
        ("[" * 100_000, "not JSON, or a damaged file"),
        ("[]", "not a report of gcscope"),
        ("{}", "not a report of gcscope"),
        (
            '{"schema": "gcscope/9", "kind": "report"}',
            "schema 'gcscope/9' is not known: a newer gcscope wrote it, upgrade",
        ),
        (
            '{"schema": "gcscope/0", "kind": "report"}',
            "'gcscope/0' is of an older gcscope, .*: `gcscope run -o FILE PROGRAM` ",
        ),
        (
            '{"schema": "gcscope/\u0661", "kind": "report"}',
            "is not known: this version of gcscope reads",
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
        ('{"schema": "gcscope/2", "kind": ["report"]}', "expected a report, not an array"),
        ('{"schema": ["x"], "kind": "report"}', "is not known"),
        ('{"schema": "gcscope/2", "kind": "trial"}', "expected a report, not 'trial'"),
        ('{"schema": "gcscope/2"}', "expected a report, not None"),
        (
            '{"schema": "gcscope/2", "kind": "report"}',
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
        (RINGS.to_json().replace('"length": 2', '"length": 1'), "a ring of another length"),
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


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("report", "`gcscope run -o FILE PROGRAM` writes it anew"),
        ("judgement", "`gcscope run -o FILE PROGRAM` writes it anew"),
        ("Baseline", "`python -m pytest --gcscope-update-baseline`, or `gcscope run "),
        ("difference", "`gcscope diff --format json OLD NEW` writes it anew"),
        ("trial", ".to_json() of what gcscope answers now is read"),
        (None, ".to_json() of what gcscope answers now is read"),
    ],
)
def test_a_file_of_an_older_gcscope_names_the_command_that_writes_it_anew(kind, how):
    text = json.dumps({"schema": "gcscope/1", "kind": kind, "rings": [{}]})
    with pytest.raises(OldSchema, match=re.escape(how)):
        Record.from_json(text)


class Measured(Record):
    seconds: float
    bytes: Signed


@pytest.mark.parametrize("seconds", [0.0, -1.5, 3, 5e-324, -1.7976931348623157e308])
def test_numbers_may_have_a_fraction_and_be_negative_where_a_field_says_so(seconds):
    measured = Measured(seconds=float(seconds), bytes=-7)
    assert Measured.from_json(measured.to_json()) == measured
    written = json.loads(measured.to_json())
    assert Measured.from_json(json.dumps({**written, "seconds": seconds})) == measured


@pytest.mark.parametrize("seconds", ['"1"', "true", "null", "NaN", "Infinity", "1e999", 400 * "9"])
def test_what_is_no_number_that_can_be_measured(seconds):
    text = Measured(seconds=1.5, bytes=0).to_json().replace("1.5", seconds)
    with pytest.raises(ValueError, match="a damaged measured: expected a number, not "):
        Measured.from_json(text)


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
        "Michael          1             1      0   UNREACHABLE"
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


def ring_of_nodes(length, told, cut=0, **cut_values):
    """A ring of so many nodes, of which the first and the last are told."""
    names = [*range((told + 1) // 2), *range(length - told // 2, length)]
    ring = tuple(
        Link(type="m.Node", name=str(i), label=".next", named=True, where=None, refcount=None)
        for i in names
    )
    values = {"link": ring[cut], "advice": "let go", "frees": length, "references": 1}
    return Cycle(
        ring=ring,
        length=length,
        objects=length,
        dragged=0,
        dragged_bytes=0,
        bytes=length,
        types=Counts({"m.Node": length}),
        cause=None,
        cut=Cut(**{**values, **cut_values}),
        advice="let go",
        count=1,
        fingerprint="0",
    )


def gaps_in(text):
    return [int(found.replace(",", "")) for found in re.findall(r"… ([\d,]+) more object", text)]


@pytest.mark.parametrize(
    ("place", "gaps"), [(0, [26]), (12, [25]), (20, [8, 17]), (37, [25]), (49, [26])]
)
def test_a_long_ring_shows_its_ends_and_its_cut_and_tells_how_many_it_leaves_out(place, gaps):
    text = str(ring_of_nodes(50, 50, place))
    assert gaps_in(text) == gaps
    assert text.count("m.Node '") == 50 - sum(gaps) and text.count("cut here: let go") == 1


@pytest.mark.parametrize(
    ("told", "cut", "gaps"),
    [
        (64, 0, [299_976]),
        (64, 12, [299_975]),
        (64, 31, [19, 299_956]),
        (64, 32, [299_956, 19]),
        (64, 63, [299_976]),
        (5, 0, [299_995]),
        (2, 1, [299_998]),
    ],
)
def test_a_ring_that_is_told_by_its_ends_tells_how_many_links_it_has_between(told, cut, gaps):
    cycle = ring_of_nodes(300_000, told, cut)
    assert not cycle.is_whole and Cycle.from_json(cycle.to_json()) == cycle
    text = str(cycle)
    assert gaps_in(text) == gaps and text.count("cut here: let go") == 1
    assert text.count("m.Node '") == 300_000 - sum(gaps)
    drawn = picture_of(cycle)
    assert sum(gaps_in(box.title)[0] for box in drawn.boxes if box.kind == REST) == 300_000 - sum(
        box.kind != REST for box in drawn.boxes
    )
    last = drawn.boxes[-1]
    assert last.title == "m.Node '299999'" and [a.is_cut for a in drawn.arrows].count(True) == 1
    for form in ("dot", "mermaid"):
        assert "more object" in rendered(cycle, form)
    assert ring_line(cycle, 2).endswith(" → …") and "299999" not in ring_line(cycle, 99)


def test_where_the_gap_is_in_a_ring_of_which_an_odd_number_is_told():
    lines = str(ring_of_nodes(300_000, 5)).splitlines()
    assert [line.strip(" │┌►") for line in lines if "more" in line or "Node" in line] == [
        "m.Node '0'",
        "m.Node '1'",
        "m.Node '2'",
        "… 299,995 more objects on the ring …",
        "m.Node '299998'",
        "m.Node '299999'",
    ]


def test_the_length_is_that_of_the_ring_where_nothing_is_said():
    assert CYCLE.length == len(CYCLE.ring) == 2 and CYCLE.is_whole
    assert "more object" not in str(CYCLE)


KINDS = {
    "kinds": ("m.Node.parent", "m.Node.prev"),
    "advice": "make Node.parent and Node.prev weak (weakref.ref)",
    "references": 2000,
}


def test_a_cut_of_kinds():
    cycle = ring_of_nodes(2002, 3, 1, **KINDS)
    cut = "make Node.parent and Node.prev weak (weakref.ref): 2,000 references (frees all 2,002)"
    assert str(cycle).splitlines()[4].endswith(f"  ◄ cut here: {cut}")
    assert f"cut: {cut}" in picture_of(cycle).groups[0].lines
    assert Cycle.from_json(cycle.to_json()) == cycle
    one = ring_of_nodes(3, 3, **{**KINDS, "references": 1})
    assert "(weakref.ref): 1 reference (frees all 3)" in str(one)


def test_a_cut_of_kinds_that_is_too_long_for_beside_stands_below():
    advice = "make Node.parent, Node.prev and Node.document weak (weakref.ref), or close() the tree"
    lines = str(ring_of_nodes(3, 3, **{**KINDS, "advice": advice})).splitlines()
    assert lines[2].endswith("  ◄ cut here")
    assert lines[8] == f"  cut: {advice}: 2,000 references (frees all 3)"


def test_a_cut_of_kinds_that_is_not_on_the_ring_has_a_line_of_its_own_below():
    elsewhere = Link(type="m.Node", name=None, label=".up", named=True, where=None, refcount=1)
    cycle = ring_of_nodes(3, 3, link=elsewhere, **KINDS)
    cut = "cut: make Node.parent and Node.prev weak (weakref.ref): 2,000 references (frees all 3)"
    lines = str(cycle).splitlines()
    assert "cut here" not in str(cycle) and lines[lines.index("  └────┘") + 1] == f"  {cut}"
    drawn = picture_of(cycle)
    assert cut in drawn.groups[0].lines and not any(arrow.is_cut for arrow in drawn.arrows)
    assert Cycle.from_json(cycle.to_json()) == cycle
    alone = ring_of_nodes(3, 3, link=elsewhere)
    with pytest.raises(ValueError, match="a cut that is not on its ring"):
        Cycle.from_json(alone.to_json())
    between = ring_of_nodes(300_000, 4, link=elsewhere)  # where it is among those left out
    assert Cycle.from_json(between.to_json()) == between


def test_a_field_is_declared_once():
    """Its slot, its default and how it is read come from that."""
    always = ("alive", "bytes", "cycles", "notes", "objects", "types")
    assert Report.__slots__ == (*always[:-1], "running", "types", "waiting")
    assert tuple(json.loads(REPORT.to_json()))[2:] == always  # the others where they say something
    assert "running" not in repr(REPORT) and "waiting" not in repr(REPORT)
    assert tuple(json.loads(WAITING.to_json()))[2:] == Report.__slots__
    assert "running=(Link(" in repr(WAITING) and "waiting=(Waiting(" in repr(WAITING)
    assert not hasattr(Fate, "_readers") and REPORT.alive is False and REPORT.notes == ()
    document = json.loads(HOLDERS.to_json())
    with pytest.raises(ValueError, match="expected a number that is not negative, not -1"):
        Holders.from_json(json.dumps({**document, "refcount": -1}))
    assert Holders.from_json(json.dumps(document)).unexplained == -1


def test_the_text_of_what_waits():
    assert str(WAITING).splitlines() == [
        "5 unreachable objects, 3.1 kB; only the collector can free 3 of them",
        "  3  gcscope.Person",
        "  2  list",
        "in no ring, and yet only the collector can free them (deferred counting): 1 code, "
        "1 function, and 1 object kept by them",
        "waiting for the thread that made it, which frees it as soon as it runs: 1 m.Node",
        "replaced, and freed by the interpreter a little later: 1 dict",
        "warning: function work  m.py:3 is running, and only its own frame has it: gc.collect() "
        "would empty its globals while it runs",
    ]


def test_what_waits_is_added_up():
    both = joined(WAITING, REPORT, WAITING)
    assert [(w.why, w.types.total, w.kept) for w in both.waiting] == [
        ("deferred", 4, 2),
        ("queued", 2, 0),
        ("put off", 2, 0),
    ]
    assert both.running == WAITING.running and joined(REPORT, REPORT).waiting == ()


def test_the_forms_of_a_record():
    pictures = forms()[2:-1]
    assert forms()[:2] == ("text", "json") and pictures == ("dot", "mermaid", "svg", "png")
    assert picture_suffixes() == [".svg", ".png", ".dot", ".mmd"]
    assert forms()[-1] == "html"  # of a whole record, no picture
    assert suffixes() == (".txt", ".json", ".dot", ".mmd", ".svg", ".png", ".html")
    assert tuple(map(form_of_suffix, suffixes())) == forms()
    assert form_of_suffix(".MMD") == "mermaid" and form_of_suffix(".gif") is None
    assert rendered(CYCLE, "dot").startswith("digraph gcscope {")
    assert rendered(DIFFERENCE, "mermaid").startswith("%%{init")
    assert not rendered(RINGS, "mermaid").endswith("\n")
    with pytest.raises(ValueError, match=r"^a record of kind 'fate' has no rings to draw$"):
        rendered(FATES[0], "dot")
