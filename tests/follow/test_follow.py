"""What is born while something runs, at a cost that follows it; collections meanwhile."""

import gc
import itertools
import os
import random
import sys

import pytest

from gcscope import Tracked, _core
from gcscope.api.follow import Follower
from gcscope.model.merge import NOTHING, joined
from support import forks


class Plain:
    pass


class Other:
    pass


def ring(kind=Plain):
    one = kind()
    one.me = one


def followed(func, *args, whole=False):
    """Return the report of what a call leaves."""
    follower = Follower(whole)
    follower.begin()
    func(*args)
    return follower.end().report_with_share()


def types_of(report):
    """Return how many objects there are of the classes of this file."""
    return {name.rpartition(".")[2]: n for name, n in report.types.items() if __name__ in name}


@pytest.fixture
def settings(whole_heap):
    """What a follower may not change for good."""
    before = gc.get_threshold(), list(gc.callbacks), gc.get_freeze_count(), gc.isenabled()
    yield
    now = gc.get_threshold(), list(gc.callbacks), gc.get_freeze_count(), gc.isenabled()
    assert now == before


both = pytest.mark.parametrize("whole", [False, True])
NOT_ALL = "what was made inside could not all be told from older objects"


# ------------------------------------------------------------------------ what is left


@both
def test_what_is_born_and_left(quiet, settings, whole):
    ring()
    assert not followed(lambda: [Plain(), [[]]], whole=whole)
    report = followed(ring, Other, whole=whole)
    assert types_of(report) == {"Other": 1} and report.notes == ()
    kept = []
    assert not followed(kept.append, kept, whole=whole)  # alive
    kept.clear()


@both
def test_it_leaves_nothing_of_its_own(quiet, settings, whole):
    for end in (Follower.end, Follower.stop):
        follower = Follower(whole)
        follower.begin()
        gc.collect(0)
        end(follower)
        follower.stop()
        del follower
    follower = Follower(whole)
    follower.begin()
    gc.collect()
    del follower
    assert _core.dry_run().objects == 0


def test_the_cost_follows_what_is_born(quiet, settings):
    """Not the heap, nor how long automatic collection has been off."""
    old = [[] for _ in range(100_000)]
    gc.collect()
    young = [[] for _ in range(100_000)]
    stats = gc.get_stats()
    nodes = []
    for count in (0, 1000):
        follower = Follower()
        follower.begin()
        box = [[] for _ in range(count)]
        follower.end()
        nodes.append(_core.last_scan().nodes)
        del box
    assert nodes[0] < 30 and 1000 < nodes[1] < 1030
    assert gc.get_stats() == stats
    assert len(old) == len(young) == 100_000


def test_survivors(quiet):
    follower = Follower()
    follower.begin()
    kept = [Plain(), Plain()]
    gc.collect(0)
    kept.append(Other())
    ring()
    found = follower.end(survivors=True)
    counts = found.made.types().others
    assert counts[f"{__name__}.Plain"] == 2 and counts[f"{__name__}.Other"] == 1
    assert types_of(found.report()) == {"Plain": 1} and len(kept) == 3


# ------------------------------------------------------------------------- collections


@both
@pytest.mark.parametrize("generation", [0, 1, 2])
def test_collections_inside(quiet, settings, generation, whole):
    ring()

    def work():
        ring(Other)
        gc.collect(generation)
        ring(Other)

    report = followed(work, whole=whole)
    assert types_of(report) == {"Other": 2} and report.cycles[0].count == 2
    assert report.notes == (f"1 collection inside took 1 of the {report.objects} objects",)


@both
def test_births_in_each_generation(quiet, settings, whole):
    """Those that collections have moved up are still known, and no others."""
    older = [Plain() for _ in range(10)]
    for one in older:
        one.me = one

    def work():
        kept = [[], [], []]
        for place in (2, 1, 0):
            one = Other()
            one.me = one
            kept[place].append(one)
            for generation in range(place):
                gc.collect(generation)

    report = followed(work, whole=whole)
    assert types_of(report) == {"Other": 3}
    older.clear()


@both
def test_addresses_of_what_was_collected_may_be_used_again(quiet, settings, whole):
    for _ in range(50):
        ring()

    def work():
        gc.collect()
        for _ in range(50):
            ring()

    assert types_of(followed(work, whole=whole)) == {"Plain": 50}


@both
def test_what_finalizers_make_is_born(quiet, settings, whole):
    class Maker:
        def __init__(self):
            self.me = self

        def __del__(self):
            ring(Other)

    def work(*generations):
        Maker()
        for generation in generations:
            gc.collect(generation)

    for generations in ((2,), (0,), (0, 1), (0, 0, 1, 2)):
        report = followed(work, *generations, whole=whole)
        assert types_of(report)["Other"] == 1, generations
        gc.collect()


@both
def test_names_of_types_that_go_with_their_objects(quiet, settings, whole):
    def work():
        for n in range(3):
            ring(type(f"Kind{n}", (), {}))
            gc.collect()

    report = followed(work, whole=whole)
    assert {f"{__name__}.Kind{n}": 1 for n in range(3)}.items() <= report.types.items()


def test_the_largest_of_a_form_is_told(quiet, settings):
    def work():
        for size in (2, 5, 3):
            one = Plain()
            one.me, one.other = one, [[] for _ in range(size)]
            gc.collect()

    (cycle,) = followed(work).cycles
    assert (cycle.count, cycle.dragged) == (3, 6)


@both
def test_nested(quiet, settings, whole):
    outer, inner = Follower(whole), Follower()
    outer.begin()
    ring()
    inner.begin()
    ring(Other)
    gc.collect()
    ring(Other)
    assert types_of(inner.end().report()) == {"Other": 2}
    assert types_of(outer.end().report()) == {"Plain": 1, "Other": 2}


def test_a_ring_at_the_address_of_older_trash(quiet):
    """What was unreachable before, and goes because a collection takes what held it."""

    def older():
        held = [Plain() for _ in range(5)]
        gc.collect(0)  # into an older generation than what holds them
        one = Plain()
        one.me, one.held = one, tuple(held)

    older()
    follower = Follower(whole=True)
    follower.begin()
    ring()
    gc.collect(0)
    for _ in range(4):
        ring()
    (cycle,) = follower.end().report().cycles
    assert cycle.count == 5


def test_rings_made_while_older_trash_is_freed(quiet):
    """At addresses of what has just gone, by the __del__ of what the collector does not track."""

    class Small:
        __slots__ = ()

        def __del__(self):
            ring()

    def older():
        for _ in range(20):
            one = Other()
            one.me, one.small = one, Small()

    older()
    follower = Follower(whole=True)
    follower.begin()
    gc.collect()
    assert types_of(follower.end().report()) == {"Plain": 20}


def test_many_in_a_row(quiet, settings):
    """Nothing of theirs stays."""
    counts = []
    for _ in itertools.repeat(None, 3):
        for _ in range(100):
            followed(list)
        counts.append(len(gc.get_objects()))
    assert counts[-1] - counts[1] < 10


def test_joined(quiet):
    ring()
    twice = joined(followed(ring), NOTHING)
    assert joined(NOTHING, twice) == twice
    doubled = joined(twice, twice)
    assert doubled.objects == 2 * twice.objects and len(doubled.cycles) == len(twice.cycles)
    assert [cycle.count for cycle in doubled.cycles] == [2 * cycle.count for cycle in twice.cycles]


# ---------------------------------------------------------------- what cannot be known


def test_freeze_inside(quiet):
    def work():
        ring()
        gc.freeze()
        ring(Other)

    try:
        report = followed(work)
    finally:
        gc.unfreeze()
    assert types_of(report) == {"Other": 1}
    assert report.notes[0].startswith(NOT_ALL)


@pytest.mark.parametrize("thaws", [False, True])
@pytest.mark.parametrize("collects", [False, True])
def test_freeze_and_a_collection_inside(quiet, collects, thaws):
    """What was there before is not blamed on what ran, whichever way new ones cannot be told."""
    for _ in range(7):
        ring()

    def work():
        if collects:
            gc.collect(0)
        gc.freeze()
        ring(Other)
        if thaws:
            gc.unfreeze()

    try:
        report = followed(work)
    finally:
        gc.unfreeze()
    assert types_of(report) == {"Other": 1}
    assert report.notes[-1].startswith(NOT_ALL)


def test_callbacks_that_were_cleared(quiet):
    def work():
        ring()
        gc.callbacks.clear()
        gc.collect()
        ring(Other)

    kept = gc.callbacks[:]
    try:
        report = followed(work)
    finally:
        gc.callbacks[:] = kept
    assert types_of(report) == {"Other": 1}
    assert report.notes[0].startswith(NOT_ALL)


def test_callbacks_that_are_put_back_after_the_end(quiet):
    """As a test does that has kept them: what has ended does not go on."""
    follower = Follower()
    follower.begin()
    kept = gc.callbacks[:]
    follower.stop()
    try:
        gc.callbacks[:] = kept
        ring()
        gc.collect()
        assert types_of(followed(ring)) == {"Plain": 1}
    finally:
        gc.callbacks[:] = kept[:-1]


def test_a_callback_of_others(quiet, settings):
    """Which changes what all callbacks are given."""

    def spoil(phase, info):
        info.clear()
        info["generation"] = "two"

    gc.callbacks.insert(0, spoil)
    try:
        report = followed(lambda: [ring(), gc.collect(0), None][-1])
    finally:
        gc.callbacks.remove(spoil)
    assert types_of(report) == {"Plain": 1}


@forks
@both
def test_a_forked_child(quiet, settings, whole):
    """It pays nothing for what its parent follows; what it ends itself tells what it can."""
    follower = Follower(whole)
    follower.begin()
    ring()
    child = os.fork()
    if child == 0:
        stats = _core.last_scan()
        gc.collect()
        looked = _core.last_scan() != stats
        ring(Other)
        report = follower.end().report()
        os._exit(
            0
            if not looked
            and types_of(report) == {"Other": 1}
            and report.notes[0].startswith(NOT_ALL)
            else 1
        )
    assert os.waitpid(child, 0)[1] == 0
    assert types_of(follower.end().report()) == {"Plain": 1}


def test_misuse():
    follow = _core.Follow()
    with pytest.raises(RuntimeError, match="not under way"):
        follow.end({}, None)
    follow.begin()
    with pytest.raises(RuntimeError, match="begun once"):
        follow.begin()
    for wrong in ((), ({},), (1, None), ({}, None, False, 1), ({}, None, False, [1, 2])):
        follow = _core.Follow()
        follow.begin()
        with pytest.raises(TypeError):
            follow.end(*wrong)
        follow.stop()
        with pytest.raises(RuntimeError, match="not under way"):
            follow.end({}, None)
        with pytest.raises(RuntimeError, match="begun once"):
            follow.begin()
    with pytest.raises(TypeError):
        _core.Follow(1, 2, 3)
    follower = Follower()
    follower.stop()
    with pytest.raises(RuntimeError, match="has ended"):
        follower.end()


# ------------------------------------------------------------------- told = taken + left


class Node:
    pass


class Told(Tracked):
    """A node whose fate is known by its tp_dealloc."""


def one_round(seed, whole):
    """Make, link and let go of nodes at random, with collections at random.

    Return how many rings were let go of, and how many were told.
    """
    chance = random.Random(seed)
    usual = gc.get_threshold()
    gc.set_threshold(chance.choice([1, 3, 10, 50, 700]), chance.randint(1, 5), chance.randint(1, 5))
    (gc.enable if chance.random() < 0.8 else gc.disable)()
    kept, made = [], 0
    follower = Follower(whole)
    follower.begin()
    try:
        for _ in range(chance.randint(1, 60)):
            what = chance.random()
            if what < 0.6:
                nodes = [chance.choice((Node, Told))() for _ in range(chance.randint(1, 6))]
                for node, after in zip(nodes, nodes[1:] + nodes[:1], strict=True):
                    node.after = after
                    node.more = chance.sample(nodes, chance.randint(0, len(nodes)))
                made += len(nodes)
                if chance.random() < 0.5:
                    kept.append(nodes[0])
                del nodes, node, after
            elif what < 0.8 and kept:
                kept.pop(chance.randrange(len(kept)))
            elif what < 0.9:
                gc.collect(chance.randint(0, 2))
        alive = sum(_count(node) for node in kept)
        found = follower.end()
    finally:
        gc.disable()
        gc.set_threshold(*usual)
    report = found.report()
    told = sum(types_of(report).get(name, 0) for name in ("Node", "Told"))
    taken = sum(types_of(found.report_collected()).get(name, 0) for name in ("Node", "Told"))
    left = sum(types_of(found.report_left()).get(name, 0) for name in ("Node", "Told"))
    assert told == taken + left
    return made - alive, told


def _count(node):
    """Return how many nodes its ring has."""
    count, at = 1, node.after
    while at is not node:
        count, at = count + 1, at.after
    return count


@both
def test_what_is_told_is_what_was_let_go_of(quiet, whole):
    wrong = [
        (seed, *got) for seed in range(600) if (got := one_round(seed, whole)) and got[0] != got[1]
    ]
    assert not wrong, wrong[:5]


@pytest.mark.slow
@both
def test_what_is_told_is_what_was_let_go_of_in_many_rounds(quiet, whole):
    rounds = range(1000, 6000)
    wrong = [
        (seed, *got) for seed in rounds if (got := one_round(seed, whole)) and got[0] != got[1]
    ]
    assert not wrong, wrong[:5]


def test_four_threads(quiet):
    """What each leaves is told by one that follows them all; nested ones do not disturb it."""
    import threading

    rings, each = 4, 2000

    def work():
        for number in range(each):
            if number % 100 == 0:
                inner = Follower()
                inner.begin()
            ring()
            if number % 100 == 50:
                inner.end()

    def all_of_them():
        threads = [threading.Thread(target=work) for _ in range(rings)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    gc.enable()
    try:
        report = followed(all_of_them)
    finally:
        gc.disable()
    assert types_of(report) == {"Plain": rings * each}


# --------------------------------------------------------------------------- memory


@both
@pytest.mark.parametrize("collects", [False, True])
def test_exhausted_memory(starving, collects, whole):
    """At each growth of each pass: an exception or a note, and nothing is left on."""
    code = f"""
import gc
from gcscope import _core
from gcscope.api.follow import Follower
class Plain: pass
def ring():
    one = Plain(); one.me = one
def look(starve):
    follower = Follower({whole})
    follower.begin()
    try:
        ring()
        starve()
        if {collects}:
            gc.collect()
        told = follower.end().report()
    finally:
        _core.fail_after(-1)
    if "cannot be told" in "".join(told.notes) or "could not" in "".join(told.notes):
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


@both
def test_exhausted_python_memory(starving, whole):
    """At each allocation of begin, of a collection and of end.

    The interpreter itself does not survive that everywhere.
    """
    pytest.importorskip("_testcapi")
    code = f"""
import gc
from gcscope import _core
class Plain: pass
def ring():
    one = Plain(); one.me = one
gc.collect()
gc.disable()
def whole_life():
    follow = _core.Follow({whole})
    follow.begin()
    follow.end({{}}, None)
def end():
    follow = _core.Follow({whole})
    follow.begin()
    ring()
    found = follow.end({{}}, None)
    del follow
    return found.left.objects.objects
def check():
    assert gc.callbacks == callbacks, gc.callbacks
    gc.collect()
whole_life(), end()
gc.collect()
callbacks = list(gc.callbacks)
for word in (whole_life, end):
    failures = each_allocation(word, check)
    assert failures > 5, failures
assert end() == 1
"""
    starving(code)


def test_what_is_told_meanwhile_is_not_in_the_count_of_none(quiet, settings):
    """Before CPython 3.12 None has one, and tests of extension modules compare it."""
    kinds = [type(f"Kind{n}", (), {}) for n in range(50)]

    def references():
        before = sys.getrefcount(None)
        for kind in kinds:
            ring(kind)
        gc.collect()
        counts.append(sys.getrefcount(None) - before)

    counts = []
    references()
    report = followed(references)
    assert report.objects == 50 and None in [link.where for link in report.cycles[0].ring]
    assert abs(counts[1] - counts[0]) < 10
