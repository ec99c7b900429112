"""Two reports compared: new, gone, grown, smaller and unchanged forms of rings."""

import gc

import pytest

import gcscope
from gcscope import Collection, Counts, Cut, Cycle, Link, Report, Trial
from gcscope.model.diff import Difference, GrownForm, compare, report_within


def cycle(form, count=1, objects=2, dragged=0):
    link = Link(type=f"m.{form}", name=None, label=".me", named=True, where=None, refcount=None)
    return Cycle(
        ring=(link,),
        objects=objects,
        dragged=dragged,
        dragged_bytes=40 * dragged,
        bytes=100,
        types=Counts({f"m.{form}": objects}),
        cause=None,
        cut=Cut(link=link, advice="set .me = None", frees=objects + dragged, references=1),
        advice="set .me = None",
        count=count,
        fingerprint=form,
    )


def report(*cycles, alive=False):
    types = gcscope.model.record.sum_counts(*(c.types for c in cycles))
    return Report(
        objects=types.total, bytes=100 * len(cycles), types=types, cycles=cycles, alive=alive
    )


def figures(difference):
    new = [c.fingerprint for c in difference.new]
    grown = [g.after.fingerprint for g in difference.grown]
    return new, grown, [c.fingerprint for c in difference.gone], difference.shrunk, difference.same


def test_each_form_is_told_once():
    old = report(cycle("same"), cycle("gone"), cycle("grows"), cycle("shrinks", count=5))
    new = report(cycle("same"), cycle("new"), cycle("grows", count=2), cycle("shrinks", count=4))
    assert figures(compare(old, new)) == (["new"], ["grows"], ["gone"], 1, 1)
    assert figures(compare(new, old)) == (["gone"], ["shrinks"], ["new"], 1, 1)
    assert figures(compare(old, old)) == ([], [], [], 0, 4)


@pytest.mark.parametrize(
    ("after", "grown"),
    [
        ({"count": 6}, True),
        ({"objects": 6}, True),
        ({"dragged": 6}, True),
        ({"count": 4, "objects": 6}, True),  # fewer, but larger
        ({"count": 4}, False),
        ({"objects": 4}, False),
        ({"dragged": 4}, False),
    ],
)
def test_what_growing_is(after, grown):
    figures = {"count": 5, "objects": 5, "dragged": 5}
    difference = compare(report(cycle("x", **figures)), report(cycle("x", **{**figures, **after})))
    assert (len(difference.grown), difference.shrunk) == ((1, 0) if grown else (0, 1))
    assert bool(difference) is grown


def test_a_form_that_a_report_tells_twice_counts_as_one():
    assert figures(compare(report(cycle("x", count=2)), report(cycle("x"), cycle("x")))) == (
        [],
        [],
        [],
        0,
        1,
    )


def test_truth():
    assert compare(report(), report(cycle("x"))) and not compare(report(cycle("x")), report())
    assert not compare(report(), report())


def test_live_rings_are_not_compared_with_garbage():
    live, dead = report(cycle("x"), alive=True), report(cycle("x"))
    with pytest.raises(ValueError, match="one tells rings in use, the other unreachable ones"):
        compare(live, dead)
    assert (
        compare(live, live).alive
        and compare(report(), live).alive
        and compare(live, report()).alive
    )
    assert "in use" in str(compare(report(), live)) and "only the collector" not in str(
        compare(report(), live)
    )


def test_to_json_and_back():
    difference = compare(report(cycle("a"), cycle("b")), report(cycle("a", count=2), cycle("c")))
    assert Difference.from_json(difference.to_json()) == difference
    (growth,) = difference.grown
    assert GrownForm.from_json(growth.to_json()) == growth
    with pytest.raises(AttributeError, match="cannot be changed"):
        difference.same = 1
    with pytest.raises(ValueError, match="a damaged difference"):
        Difference.from_json(difference.to_json().replace('"same": 0', '"same": -1'))


def test_the_text():
    old = report(cycle("Old"), cycle("Grows", count=1000, dragged=1), cycle("Same"))
    new = report(cycle("New"), cycle("Grows", count=2000, objects=3, dragged=1), cycle("Same"))
    assert str(compare(old, new)) == (
        "forms of cycles: 1 new, 1 grown, 1 gone, 0 smaller, 1 unchanged\n"
        "\n"
        "new:\n"
        "1 cycle: 2 objects in it, 100 bytes\n"
        "  ┌► m.New\n"
        "  │    .me                       ◄ cut here: set .me = None (frees all 2)\n"
        "  └────┘\n"
        "  seen once · only the collector can free it\n"
        "\n"
        "grown: seen 1,000 -> 2,000 times, 2 -> 3 objects in it\n"
        "1 cycle: 3 objects in it and 1 kept by it, 140 bytes\n"
        "  ┌► m.Grows\n"
        "  │    .me                       ◄ cut here: set .me = None (frees all 4)\n"
        "  └────┘\n"
        "  seen 2,000 times · only the collector can free it\n"
        "\n"
        "gone: m.Old .me → m.Old"
    )
    assert str(compare(old, new).grown[0]).startswith(
        "grown: seen 1,000 -> 2,000 times, 2 -> 3 objects in it\n1 cycle"
    )
    kept = compare(report(cycle("x", dragged=3)), report(cycle("x", dragged=9)))
    assert str(kept).splitlines()[2] == "grown: 3 -> 9 kept by it"


def test_the_rings_of_collections_and_trials():
    rings = (cycle("x", count=3), cycle("y"))
    none = Counts()
    freed = Counts({"m.x": 6, "m.y": 2})
    collection = Collection(
        fates=(), types=freed, resurrected=none, uncollectable=none, cycles=rings, notes=("a note",)
    )
    within = report_within(collection)
    assert (within.objects, within.bytes, within.types, within.cycles) == (8, 400, freed, rings)
    assert within.notes == ("a note",) and within.alive is False
    trial = Trial(
        refcount=none,
        collector=none,
        survived=none,
        resurrected=none,
        uncollectable=none,
        report=report(*rings),
        notes=(),
    )
    assert report_within(trial) is trial.report and report_within(trial.report) is trial.report
    assert report_within(rings[0]) is None


def test_a_form_is_the_same_in_another_run(quiet):
    """Objects of other classes of the same names, and more of them."""

    def rings(count):
        class Node:
            pass

        for _ in range(count):
            node = Node()
            node.me = [node]
        return Node

    one = rings(1)
    first = gcscope.garbage()
    gc.collect()
    other = rings(4)
    difference = compare(first, gcscope.garbage())
    assert one is not other and figures(difference)[0] == [] and len(difference.grown) == 1
    assert str(difference).splitlines()[2] == "grown: seen 1 -> 4 times"
