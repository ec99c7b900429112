"""What is born while something runs, at a cost that follows it.

And the extent that the C core is given for that.
"""

import gc
import itertools
import sys

import pytest

from gcscope import _core
from gcscope.api.follow import Follower
from gcscope.api.garbage import find
from gcscope.model.merge import NOTHING, joined
from gcscope.pytest_plugin import new_objects
from gcscope.pytest_plugin.new_objects import NewObjects


class Plain:
    pass


class Other:
    pass


def ring(kind=Plain):
    one = kind()
    one.me = one


def born(func, *args):
    """Return the report of what a call leaves."""
    watched = NewObjects()
    watched.begin()
    func(*args)
    return watched.end()


@pytest.fixture
def settings(whole_heap):
    """What NewObjects may not change for good."""
    before = gc.get_threshold(), list(gc.callbacks), gc.get_freeze_count()
    yield
    now = gc.get_threshold(), list(gc.callbacks), gc.get_freeze_count()
    assert now == before


FROZEN = (
    "gc.freeze() ran inside: what was made before it is in use, to the collector, and was not "
    "looked at"
)
THAWED = (
    "gc.freeze() and gc.unfreeze() ran inside: only what was made after the freeze was looked at"
)


# ---------------------------------------------------------------------- new objects


def test_what_is_born_and_left(quiet, settings):
    ring()
    assert not born(lambda: [Plain(), [[]]])
    report = born(ring, Other)
    assert report.types == {f"{__name__}.Other": 1} and report.notes == ()
    kept = []
    assert not born(kept.append, kept)  # alive
    kept.clear()


def test_it_leaves_nothing_of_its_own(quiet):
    for look in (NewObjects.end, NewObjects.abandon):
        watched = NewObjects()
        watched.begin()
        look(watched)
        watched.abandon()
        del watched
    gc.collect(0)
    watched = NewObjects()
    watched.begin()
    gc.collect()
    watched.end()
    del watched
    report = find()
    assert report.objects == 0, report


def test_the_cost_follows_what_is_born(quiet, settings):
    """Not the heap, nor how long automatic collection has been off."""
    old = [[] for _ in range(100_000)]
    gc.collect()
    young = [[] for _ in range(100_000)]
    collections = [generation["collections"] for generation in gc.get_stats()]
    watched_ = [new_objects.NewObjects() for _ in range(2)]
    nodes = []
    for watched, count in zip(watched_, (0, 1000), strict=True):
        watched.begin()
        box = [[] for _ in range(count)]
        assert not watched.end()
        nodes.append(_core.last_scan().nodes)
        del box
    assert nodes[0] < 30 and 1000 < nodes[1] < 1030
    assert [generation["collections"] for generation in gc.get_stats()] == collections
    assert len(old) == len(young) == 100_000


@pytest.mark.parametrize("generation", [0, 1, 2])
def test_collections_inside(quiet, settings, generation):
    ring()

    def work():
        ring(Other)
        gc.collect(generation)
        ring(Other)

    report = born(work)
    assert report.types == {f"{__name__}.Other": 2} and report.cycles[0].count == 2
    assert report.notes[0].startswith("the collector ran once inside: all objects were looked at")


def test_addresses_of_what_was_collected_may_be_used_again(quiet, settings):
    for _ in range(50):
        ring()

    def work():
        gc.collect()
        for _ in range(50):
            ring()

    assert born(work).types == {f"{__name__}.Plain": 50}


def test_freeze_inside(quiet):
    def work():
        ring()
        gc.freeze()
        ring(Other)

    try:
        report = born(work)
    finally:
        gc.unfreeze()
    assert report.types == {f"{__name__}.Other": 1}
    assert report.notes == (FROZEN,)


@pytest.mark.parametrize("thaws", [False, True])
@pytest.mark.parametrize("collects", [False, True])
def test_freeze_and_a_collection_inside(quiet, collects, thaws):
    """What was there before is not blamed on what ran, whichever way new ones cannot be told."""
    for _ in range(7):
        ring()
    left = []

    def work():
        gc.freeze()
        ring(Other)
        if collects:
            gc.collect()
        left.append(gc.get_freeze_count())
        if thaws:
            gc.unfreeze()

    try:
        report = born(work)
    finally:
        gc.unfreeze()
    assert report.types == {f"{__name__}.Other": 1}
    assert report.notes[0] == (THAWED if thaws else FROZEN) and left[0] > 1000
    assert ("the collector ran once inside" in report.notes) is collects


def test_what_was_made_after_a_thaw_is_looked_at(quiet):
    for _ in range(7):
        ring()
    report = born(lambda: [gc.freeze(), gc.unfreeze(), ring(Other)])
    assert report.types == {f"{__name__}.Other": 1} and report.notes == (THAWED,)


def test_thresholds(quiet):
    usual = gc.get_threshold()
    try:
        for threshold, inside in (
            (0, 0),
            (5, new_objects.PUT_OFF),
            (new_objects.PUT_OFF + 1, new_objects.PUT_OFF + 1),
        ):
            gc.set_threshold(threshold, 7, *usual[2:])
            for end in (NewObjects.end, NewObjects.abandon):
                watched = NewObjects()
                watched.begin()
                assert gc.get_threshold()[0] == inside
                end(watched)
                assert gc.get_threshold()[:2] == (threshold, 7)
        watched = NewObjects()
        watched.begin()
        gc.set_threshold(9, 7)
        watched.end()
        assert gc.get_threshold()[0] == 9
    finally:
        gc.set_threshold(*usual)


def test_a_callback_that_cannot_look(quiet, settings, monkeypatch):
    """What a collection took cannot be told: no report of less than there was."""

    def refuse(*_):
        raise KeyError("refused")

    watched = NewObjects()
    watched.begin()
    with monkeypatch.context() as context:
        context.setattr(NewObjects, "_older", refuse)
        gc.collect(0)
    with pytest.raises(RuntimeError, match="no looking at what it took: KeyError: 'refused'"):
        watched.end()


def test_callbacks_that_were_cleared(quiet):
    def work():
        ring()
        gc.callbacks.clear()
        gc.collect()
        ring(Other)

    kept = gc.callbacks[:]
    try:
        report = born(work)
    finally:
        gc.callbacks[:] = kept
    assert report.types == {f"{__name__}.Other": 1}
    ran = "the collector ran once inside, and gc.callbacks did not tell"
    assert report.notes == (
        f"{ran}: what it took is not told, and only what was made after it was looked at",
    )


def test_callbacks_that_are_put_back_after_the_end(quiet):
    """As a test does that has kept them: what has ended does not go on."""
    watched = NewObjects()
    watched.begin()
    kept = gc.callbacks[:]
    watched.end()
    try:
        gc.callbacks[:] = kept
        ring()
        gc.collect()
        assert watched._follower is None
    finally:
        gc.callbacks.remove(kept[-1])


def test_thresholds_that_are_put_back_after_the_end(quiet, settings):
    usual = gc.get_threshold()
    watched = NewObjects()
    watched.begin()
    inside = gc.get_threshold()
    watched.end()
    gc.set_threshold(*inside)
    assert not born(list)
    assert gc.get_threshold() == usual != inside


def test_an_error_of_an_audit_hook_is_none_of_the_marker(python):
    code = """
import gc, sys
from gcscope.pytest_plugin.new_objects import NewObjects

def hook(event, arguments):
    if event == "gc.get_objects" and armed:
        raise KeyError("refused")

armed = False
sys.addaudithook(hook)
watched = NewObjects()
watched.begin()
armed = True
try:
    print(watched.end())
except KeyError as error:
    print(error)
"""
    assert python("-c", code).out == "'refused'\n"


@pytest.mark.parametrize("name", ["callbacks", "get_threshold", "set_threshold"])
def test_a_gc_module_that_was_patched(quiet, settings, monkeypatch, name):
    """As mocks do: the patch is there when the test ends."""
    with monkeypatch.context() as context:
        assert born(lambda: [ring(), context.setattr(gc, name, None)]).objects == 1


def test_a_begin_that_is_interrupted(quiet, settings, monkeypatch):
    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr(new_objects, "collections_so_far", interrupt)
    with pytest.raises(KeyboardInterrupt):
        NewObjects().begin()


@pytest.mark.parametrize("word", ["dry_run", "unreachable_rings"])
def test_a_callback_that_is_interrupted(quiet, settings, monkeypatch, word):
    """As by a handler of Ctrl-C or of a timeout, whose exception is lost there.

    It must not look like nothing taken.
    """

    def interrupt(*_):
        raise KeyboardInterrupt

    watched = NewObjects()
    watched.begin()
    ring()
    told = []
    with monkeypatch.context() as context:
        context.setattr(sys, "unraisablehook", lambda unraisable: told.append(unraisable.exc_type))
        context.setattr(_core, word, interrupt)
        gc.collect()
    assert told == [KeyboardInterrupt]
    with pytest.raises(RuntimeError, match="no looking at what it took: KeyboardInterrupt"):
        watched.end()


def test_nested(quiet, settings):
    outer, inner = NewObjects(), NewObjects()
    outer.begin()
    ring()
    inner.begin()
    ring(Other)
    assert inner.end().types == {f"{__name__}.Other": 1}
    assert outer.end().types == {f"{__name__}.Plain": 1, f"{__name__}.Other": 1}


def test_what_is_taken(quiet):
    ring(Other)
    taken = Follower(_core.dry_run())
    ring()
    taken.follow("start", 2)
    assert taken.collections == 1
    if taken.unseen == 0:
        assert taken.report.types == {f"{__name__}.Plain": 1}
    ring()
    twice = joined(find(), NOTHING)
    assert twice == find() and joined(NOTHING, twice) == twice
    doubled = joined(twice, twice)
    assert doubled.objects == 2 * twice.objects and len(doubled.cycles) == len(twice.cycles)
    assert [cycle.count for cycle in doubled.cycles] == [2 * cycle.count for cycle in twice.cycles]


# --------------------------------------------------------------------------- extent


def test_a_marker_bounds_a_dry_run(quiet):
    ring()
    marker = []
    assert _core.dry_run(marker).objects == 0
    ring(Other)
    ring(Other)
    assert (
        _core.dry_run(marker).types() == ({}, {f"{__name__}.Other": 2})
        or _core.dry_run(marker).objects == 2
    )
    later = []
    assert (
        _core.dry_run(later).objects == 0
        and _core.dry_run(marker).objects == 2
        and _core.dry_run().objects == 3
    )
    assert _core.unreachable_rings(None, {}, None, marker).objects.objects == 2


def test_a_ring_that_older_objects_hold_is_alive(quiet):
    older = Plain()
    marker = []
    ring()
    older.young = []
    older.young.append(older.young)
    assert _core.dry_run(marker).objects == 1
    del older.young
    assert _core.dry_run(marker).objects == 2


def test_a_ring_through_older_objects_is_not_seen(quiet):
    """One that goes back to what was there before is not only of those born since.

    A full pass has it.
    """
    older = []
    marker = []
    older.append([older])
    del older
    assert _core.dry_run(marker).objects == 0 and _core.dry_run().objects == 2


@pytest.mark.parametrize("move", [gc.freeze, lambda: gc.collect(0), gc.collect])
def test_a_marker_that_is_gone(quiet, move):
    marker = []
    move()
    try:
        for word in (_core.dry_run, lambda extent: _core.unreachable_rings(None, {}, None, extent)):
            with pytest.raises(LookupError, match="the marker is not in generation 0"):
                word(marker)
    finally:
        gc.unfreeze()
    assert _core.dry_run([]).objects == 0


@pytest.mark.parametrize(
    "word", [_core.dry_run, lambda extent: _core.unreachable_rings(None, {}, None, extent)]
)
def test_wrong_extents(quiet, word):
    for wrong in (3, -2, 2**40):
        with pytest.raises(ValueError, match="generation must be 0, 1, 2, or -1"):
            word(wrong)
    with pytest.raises(OverflowError):
        word(2**80)
    for wrong in (None, "x", 1.0, (), {}, type("List", (list,), {})()):
        with pytest.raises(TypeError):
            word(wrong)
    with pytest.raises(TypeError):
        _core.dry_run([], [])


# --------------------------------------------------------------------------- memory


@pytest.mark.parametrize("collects", [False, True])
def test_exhausted_memory(starving, collects):
    """At each growth of each pass: an exception or a note, and all is put back."""
    code = f"""
import gc
from gcscope import _core
from gcscope.pytest_plugin import new_objects
class Plain: pass
def ring():
    one = Plain(); one.me = one
def look(starve):
    watched = new_objects.NewObjects()
    watched.begin()
    try:
        ring()
        starve()
        if {collects}:
            gc.collect()
        told = watched.end()
    except RuntimeError as error:
        raise MemoryError from error
    finally:
        _core.fail_after(-1)
    if "is not told" in "".join(told.notes):
        raise MemoryError
    return told
gc.disable()
look(int)
gc.collect()
settings = gc.get_threshold(), list(gc.callbacks)
def check():
    assert (gc.get_threshold(), list(gc.callbacks), gc.isenabled()) == (*settings, False)
    gc.collect()
failures, told = each_growth(look, check, inside=True)
check()
assert failures > 5, failures
assert told.types == {{"__main__.Plain": 1}}, told
"""
    starving(code)


def test_exhausted_python_memory(starving):
    """At each allocation of a pass with a marker.

    The interpreter itself does not survive that everywhere.
    """
    pytest.importorskip("_testcapi")
    code = """
import gc
from gcscope import _core
class Plain: pass
def ring():
    one = Plain(); one.me = one
gc.collect()
gc.disable()
marker = []
ring()
for look in (
    lambda: _core.dry_run(marker).objects,
    lambda: _core.unreachable_rings(None, {}, None, marker).objects.objects,
):
    look()
    failures = each_allocation(look)
    assert failures > 2 and look() == 1, (failures, look())
"""
    starving(code)


def test_many_watched_in_a_row(quiet, settings):
    """Nothing of theirs stays."""
    counts = []
    for _ in itertools.repeat(None, 3):
        for _ in range(100):
            born(list)
        counts.append(len(gc.get_objects()))
    assert counts[-1] - counts[1] < 10


def test_a_ring_at_the_address_of_older_trash(quiet):
    """What was unreachable before, and goes because a collection takes what held it."""

    class Aside:
        pass

    def ring():
        one = Aside()
        one.me = one

    def older():
        held = [Aside() for _ in range(5)]
        gc.collect(0)  # into an older generation than what holds them
        one = Aside()
        one.me, one.held = one, tuple(held)

    older()
    new_objects = NewObjects()
    new_objects.begin()
    ring()
    gc.collect(0)
    for _ in range(4):
        ring()
    (cycle,) = new_objects.end().cycles
    assert cycle.count == 5
