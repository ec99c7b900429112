"""Each collection is noted: judged by a Python function in gc.callbacks, and by gc.get_stats."""

import gc
import os
import random
import sys
import threading
import time

import pytest

import gcscope
from gcscope import _core
from support import FREE_THREADED, forks, no_generations

KNOWS_DUE = pytest.mark.skipif(
    not (_core.WALKS_GENERATIONS or FREE_THREADED),
    reason="this Python does not show its generations",
)

# By what a collection says that it is of: a free-threaded Python has no generations.
TOLD = (2, 2, 2) if FREE_THREADED else (0, 1, 2)


def by_generation(young, middle, full):
    """Numbers as totals have them: one for all where there are no generations."""
    return [young + middle + full] if FREE_THREADED else [young, middle, full]


# From 3.12 on a collection that is due comes a little later, when that may have changed.
IS_DEFERRED = sys.version_info >= (3, 12)


class Plain:
    pass


class Other:
    pass


def ring(kind=Plain):
    one = kind()
    one.me = one


@pytest.fixture(autouse=True)
def settings(quiet):
    """What nobody may change for good."""
    before = gc.get_threshold(), list(gc.callbacks), gc.isenabled()
    yield
    assert (gc.get_threshold(), list(gc.callbacks), gc.isenabled()) == before


def counted():
    """How many collections of each generation the interpreter has counted."""
    return [row["collections"] for row in gc.get_stats()]


def in_all(report):
    return sum(total.collections for total in report.totals)


def unseen(report):
    return sum(total.unseen for total in report.totals)


# ----------------------------------------------------------------------------- an oracle


def is_looked_at(op):
    """Whether it is none of the tuples that the collector lets go of before it looks."""
    is_atomic = type(op) is tuple and not any(map(gc.is_tracked, op))
    return not (FREE_THREADED and is_atomic)


class Oracle:
    """The same in Python: a function in gc.callbacks, and who has called gc.collect()."""

    def __init__(self):
        self.seen = []
        self.objects = {}
        self.is_asking = False

    def __enter__(self):
        gc.callbacks.append(self.note)
        return self

    def __exit__(self, *error):
        gc.callbacks.remove(self.note)

    def note(self, phase, info):
        if phase == "start":
            if TOLD[info["generation"]] == 2:
                self.objects[len(self.seen)] = sum(map(is_looked_at, gc.get_objects()))
        else:
            generation = info["generation"]
            is_known = generation > 0 or not FREE_THREADED  # it says 0 where it comes by itself
            asked = self.is_asking and is_known
            self.seen.append((TOLD[generation], info["collected"], asked))

    def collect(self, generation):
        self.is_asking = True
        gc.collect(generation)
        self.is_asking = False


def run_random(rng, oracle, kept):
    """Make and drop objects and rings, with collections that come and that are asked for."""
    for _ in range(rng.randrange(50, 400)):
        step = rng.randrange(9)
        if step == 0:
            oracle.collect(rng.randrange(3))
        elif step == 1:
            gc.set_threshold(rng.randrange(5, 200), rng.randrange(1, 4), rng.randrange(1, 4))
        elif step == 2:
            rng.choice([gc.enable, gc.enable, gc.disable])()
        elif step == 3:
            kept.append([Plain() for _ in range(rng.randrange(300))])
        elif step == 4:
            del kept[rng.randrange(len(kept) + 1) :]
        else:
            for _ in range(rng.randrange(60)):
                ring(rng.choice([Plain, Other]))


@pytest.mark.parametrize("seed", range(12))
def test_random_programs(seed):
    rng, kept = random.Random(seed), []
    before, was = counted(), gc.get_threshold()
    try:
        with Oracle() as oracle, gcscope.pauses(sampling=rng.choice([0, 0.02, 1])) as watched:
            run_random(rng, oracle, kept)
            gc.disable()
            after = counted()
    finally:
        gc.disable()
        gc.set_threshold(*was)
    report = watched.report
    seen = [(pause.generation, pause.freed) for pause in report.collections]
    assert seen == [noted[:2] for noted in oracle.seen] and seen
    if _core.WALKS_GENERATIONS or FREE_THREADED:
        asked = [pause.asked for pause in report.collections]
        wrong = sum(a is not noted[2] for a, noted in zip(asked, oracle.seen, strict=True))
        assert wrong <= (0.1 * len(asked) if IS_DEFERRED else 0)
    for pause, objects in [(report.collections[n], oracle.objects[n]) for n in oracle.objects]:
        assert pause.examined is None or abs(pause.examined - objects) < 30
    assert all(pause.seconds >= 0 for pause in report.collections)
    assert all(0 <= pause.began <= report.elapsed for pause in report.collections)
    check_sums(report)
    assert [total.collections for total in report.totals] == by_generation(
        *(now - then for now, then in zip(after, before, strict=True))
    )
    assert unseen(report) == 0


@KNOWS_DUE
def test_who_has_asked():
    """All, where collection is switched off; nobody, where the program never does."""
    with gcscope.pauses() as watched:
        for generation in (0, 1, 2, 2, 1, 0):
            kept = [[] for _ in range(5_000)]  # it would be due
            gc.collect(generation)
    asked = [4] if FREE_THREADED else [2, 2, 2]  # calls of gc.collect(0) are not told apart
    assert [total.asked for total in watched.report.totals] == asked
    with gcscope.pauses() as watched:
        gc.enable()
        kept += [[] for _ in range(500_000)]
        gc.disable()
    least = 1 if FREE_THREADED else 100  # put off there, until the process has grown by a tenth
    assert in_all(watched.report) >= least and len(kept) > 500_000
    assert sum(total.asked for total in watched.report.totals) == 0


@no_generations
@KNOWS_DUE
def test_who_asks_of_a_large_heap():
    """There a full collection is put off although its count is reached; a call is one all the same.

    The interpreter waits until a quarter of what is old has come.
    """
    was, kept = gc.get_threshold(), [[] for _ in range(200_000)]
    gc.collect()
    gc.set_threshold(500, 1, 1)
    try:
        gc.enable()
        with gcscope.pauses(sampling=0) as watched:
            for _ in range(5):
                kept.append([[] for _ in range(3_000)])
                gc.collect()
    finally:
        gc.disable()
        gc.set_threshold(*was)
    assert watched.report.totals[2].asked == watched.report.totals[2].collections == 5
    assert watched.report.totals[1].asked == 0 < watched.report.totals[1].collections
    assert len(kept) > 200_000


def check_sums(report):
    """The sums are those of the collections, where all of these are kept."""
    for total in report.totals:
        own = [p for p in report.collections if p.generation == total.generation]
        examined = [p.examined for p in own if p.examined is not None]
        assert total.collections == len(own) and total.asked == sum(p.asked for p in own)
        assert total.seconds == pytest.approx(sum(p.seconds for p in own), abs=1e-6)
        assert total.longest == max((p.seconds for p in own), default=0)
        assert total.freed == sum(p.freed for p in own)
        assert (total.examined, total.examined_in) == (sum(examined), len(examined))
    assert report.seconds == pytest.approx(sum(p.seconds for p in report.collections), abs=1e-6)
    assert report.sampled == sum(p.sampled for p in report.collections)
    began = [pause.began for pause in report.collections]
    assert began == sorted(began)


# --------------------------------------------------------------------------- dry runs


@KNOWS_DUE
def test_a_sampled_collection_has_the_rings_that_it_frees():
    gc.collect()
    with gcscope.pauses() as watched:
        for kind in (Plain, Plain, Other):
            ring(kind)
        expected = gcscope.garbage()
        freed = gc.collect()
    (pause,) = watched.report.collections
    assert pause.sampled and pause.cycles == expected.cycles and len(pause.cycles) == 2
    assert [cycle.count for cycle in pause.cycles] == [2, 1]
    assert pause.freed == freed and pause.examined > freed
    assert watched.report.cycles == pause.cycles


@KNOWS_DUE
def test_forms_are_counted_for_each_collection_and_for_all():
    with gcscope.pauses(sampling=1) as watched:
        for rings in (3, 0, 5):
            for _ in range(rings):
                ring()
            if rings == 5:
                ring(Other)
            wait_for(0.05)
            gc.collect()
    first, second, third = watched.report.collections
    assert [cycle.count for cycle in first.cycles] == [3] and second.cycles == ()
    assert [cycle.count for cycle in third.cycles] == [5, 1]
    assert [cycle.count for cycle in watched.report.cycles] == [8, 1]
    assert first.sampled and second.sampled and third.sampled


@KNOWS_DUE
def test_the_largest_of_a_form_is_told():
    with gcscope.pauses(sampling=1) as watched:
        for size in (2, 5, 3):
            one = Plain()
            one.me, one.other = one, [[] for _ in range(size)]
            del one
            wait_for(0.05)
            gc.collect()
    (cycle,) = watched.report.cycles
    assert (cycle.count, cycle.dragged) == (3, 6)


def wait_for(seconds):
    """Let time go by, which pays for the next dry run."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


@KNOWS_DUE
def test_how_often_full_collections_are_sampled():
    """The first, then as a share of the time allows; never with 0; younger ones not at all."""
    objects = [[] for _ in range(50_000)]
    first = 0 if FREE_THREADED else 2
    for sampling, least, most in ((0, 0, 0), (0.0001, 1, 1), (1, 3, 8 - first)):
        with gcscope.pauses(sampling) as watched:
            gc.collect(0), gc.collect(1)
            for _ in range(6):
                wait_for(0.01)
                gc.collect()
        report = watched.report
        assert least <= report.sampled <= most, sampling
        assert not any(pause.sampled for pause in report.collections if pause.generation < 2)
        assert (report.sampling > 0) is (sampling > 0)
        for pause in report.collections:
            is_known = pause.sampled or "candidates" in gc.get_stats()[0]
            assert (pause.examined is not None) is is_known
        if sampling:
            assert report.collections[first].sampled
            longest = max(0.01, report.sampling)
            assert report.sampling <= sampling * report.elapsed + longest
    assert len(objects) == 50_000


@KNOWS_DUE
def test_a_dry_run_is_in_no_pause():
    """Seconds are the collector's own: the dry run, and that of others, come before the clock."""
    objects = [[[]] for _ in range(200_000)]
    gc.collect()
    with gcscope.pauses(sampling=1) as watched, gcscope.watch(older=True):
        gc.collect()
    with gcscope.pauses(sampling=0) as plain:
        for _ in range(3):
            gc.collect()
    (pause,) = watched.report.collections
    assert pause.sampled and len(objects) == 200_000
    alone = plain.report.totals[-1].longest
    assert pause.seconds < 2.5 * alone + 0.01, (pause.seconds, alone, watched.report.sampling)


def test_rings_that_a_finalizer_breaks_are_seen_though_not_counted():
    def suspended():
        own = yield
        yield own

    with gcscope.pauses() as watched:
        generator = suspended()
        next(generator)
        generator.send(generator)
        del generator
        gc.collect()
    (pause,) = watched.report.collections
    assert pause.freed == (1 if FREE_THREADED else 0)  # it counts that there
    assert [cycle.ring[0].type for cycle in pause.cycles] == ["generator"] * pause.sampled


@no_generations
def test_where_the_generations_are_not_known():
    """As on 3.14.0 to 3.14.4: no dry run, which is told; and nobody is said to have asked."""
    _core.walk_generations(False)
    try:
        with gcscope.pauses(sampling=1) as watched:
            ring()
            gc.collect()
    finally:
        _core.walk_generations(True)
    (pause,) = watched.report.collections
    assert (pause.freed > 0, pause.sampled, pause.asked, watched.report.sampled) == (
        True, False, False, 0,
    )  # fmt: skip


@KNOWS_DUE
def test_forms_are_bounded():
    """A program that makes classes as it goes has rings of ever new forms."""
    with gcscope.pauses() as watched:
        for n in range(1_100):
            ring(type(f"Kind{n}", (), {"__slots__": ("me",)}))
        gc.collect()
    report = watched.report
    assert len(report.cycles) == 1_000
    assert any("further forms left out" in note for note in report.notes)


# ---------------------------------------------------------------------- long, and in rounds


def test_very_many(python):
    """The last of each generation are kept, the sums have all."""
    young = 4_500 if FREE_THREADED else 9_000  # each looks at all objects there
    done = python(
        "-c",
        f"""
import gc
import gcscope
gc.disable()
with gcscope.pauses(sampling=0) as watched:
    gc.collect(), gc.collect(1)
    for _ in range({young}):
        gc.collect(0)
    gc.collect(1)
report = watched.report
assert [total.collections for total in report.totals] == {by_generation(young, 2, 1)}
kept = [pause.generation for pause in report.collections]
assert kept == {[2] * 4_000 if FREE_THREADED else [2, 1, *[0] * 4_000, 1]}
more = {young} + 3 - len(kept)
assert f"{{more:,}} collections before those listed: in the sums only" in report.notes
assert report.collections[2].began > report.elapsed / 50 > 0
print("done")
""",
    )
    assert done.out == "done\n", done


def set_off():
    """Make rings; and collect, where that comes by itself only when very many are there.

    There threads also outrun the collector, and each collection takes longer than the last.
    """
    for _ in range(100):
        ring()
    if FREE_THREADED:
        gc.collect(0)
        time.sleep(0.01)


def test_no_collection_is_lost_between_rounds():
    """While other threads set collections off."""
    before, is_over = counted(), threading.Event()

    def work():
        while not is_over.is_set():
            set_off()

    threads = [threading.Thread(target=work) for _ in range(3)]
    with gcscope.pauses() as watched:
        gc.enable()
        for thread in threads:
            thread.start()
        rounds = [watched.round()]
        while sum(counted()) - sum(before) < 50:
            rounds.append(watched.round())
        is_over.set()
        for thread in threads:
            thread.join()
        gc.disable()
    rounds.append(watched.report)
    assert sum(map(in_all, rounds)) == sum(counted()) - sum(before) >= 50
    assert sum(map(unseen, rounds)) == 0
    for report in rounds:
        check_sums(report)


def test_a_round_begins_anew():
    with gcscope.pauses() as watched:
        ring()
        gc.collect()
        first = watched.round()
        gc.collect(1)
        second = watched.round()
    assert in_all(first) == in_all(second) == 1 and in_all(watched.report) == 0
    assert first.elapsed + second.elapsed < 60 and not watched.report
    assert second.cycles == () and second.sampled == 0
    assert second.collections[0].began > first.collections[0].began


# ---------------------------------------------------------------------- several, and others


def test_nested_and_overlapping():
    outer, inner, last = gcscope.pauses(), gcscope.pauses(), gcscope.pauses()
    outer.__enter__()
    gc.collect(0)
    inner.__enter__()
    gc.collect(1)
    outer.__exit__(None, None, None)
    last.__enter__()
    gc.collect(2)
    inner.__exit__(None, None, None)
    gc.collect(0)
    last.__exit__(None, None, None)
    generations = [[p.generation for p in each.report.collections] for each in (outer, inner, last)]
    young, middle, full = TOLD
    assert generations == [[young, middle], [middle, full], [full, young]]


def test_beside_a_watch():
    with gcscope.watch() as watch, gcscope.pauses() as watched:
        ring()
        gc.collect()
    assert watch.report.objects >= 1 and in_all(watched.report) == 1
    with gcscope.pauses() as watched, gcscope.watch() as watch:
        ring()
        gc.collect()
    assert watch.report.objects >= 1 and in_all(watched.report) == 1


def test_one_callback_for_all():
    def ours():
        return [callback.__name__ for callback in gc.callbacks].count("gcscope_follow")

    many = [gcscope.pauses() for _ in range(50)]
    for each in many:
        each.__enter__()
    with gcscope.watch():
        assert ours() == 1
    gc.collect()
    del each
    while many:
        assert ours() == 1
        many.pop()  # let go of, without an end
    assert ours() == 0


def test_a_program_that_empties_the_callbacks():
    before = list(gc.callbacks)
    with gcscope.pauses() as watched:
        gc.collect()
        gc.callbacks.clear()
        for generation in (0, 0, 1, 2):
            gc.collect(generation)
        with gcscope.watch():  # puts ours in again
            gc.collect(1)
    gc.callbacks[:] = before
    totals = watched.report.totals
    assert [total.collections for total in totals] == by_generation(0, 1, 1)
    assert [total.unseen for total in totals] == by_generation(2, 1, 1)
    assert watched.report.notes[0].startswith("4 collections more, by the interpreter's count")


def test_what_others_write_into_the_info():
    """They have it before us, and may change it."""
    odd = [
        {},
        {"collected": "7"},
        {"collected": -1, "candidates": -5},
        {"collected": 1 << 80, "candidates": 1 << 80},
        {"collected": (1 << 63) - 1, "candidates": True},
        {"generation": 77, "duration": float("nan")},
        {"generation": None, "duration": -1.0},
        {1: 2, "collected": 3, "duration": 1e300},
    ]

    def meddle(_phase, info):
        info.clear()
        info.update(odd[0])

    gc.callbacks.insert(0, meddle)
    try:
        with gcscope.pauses(sampling=0) as watched:
            while odd:
                gc.collect(2)
                odd.pop(0)
                odd or gc.callbacks.remove(meddle)
    finally:
        meddle in gc.callbacks and gc.callbacks.remove(meddle)
    report = watched.report
    assert [pause.generation for pause in report.collections] == [2] * 8
    assert [pause.freed for pause in report.collections] == [0, 0, 0, 0, 0, 0, 0, 3]
    assert all(0 <= pause.seconds < 60 for pause in report.collections)
    assert {pause.examined for pause in report.collections} == {None}


def test_a_callback_that_is_called_by_hand():
    with gcscope.pauses() as watched:
        ours = next(c for c in gc.callbacks if c.__name__ == "gcscope_follow")
        for arguments in (
            ("stop", {}), ("start", {}), ("start", {"generation": 1}),
            ("stop", {"generation": 1, "collected": 5}), ("stop", {}),
            ("x", {}), (1, {}), (), ("stop",), ("start", []),
        ):  # fmt: skip
            ours(*arguments)
        gc.collect(0)
    generations = [pause.generation for pause in watched.report.collections]
    assert generations == [TOLD[1], TOLD[0]] and watched.report.collections[0].freed == 5


# ------------------------------------------------------------- inside a collection, and forks


class Calls:
    """In a ring: calls something while a collection runs its finalizer."""

    def __init__(self, action):
        self.me, self.action = self, action

    def __del__(self):
        self.action()


@pytest.mark.parametrize("generation", [0, 1, 2])
def test_begun_while_a_collection_runs(generation):
    """That one is not noted, and is not missing; with one that has seen its start, or without."""
    for outer in (False, True):
        watched, other = gcscope.pauses(), gcscope.pauses()
        if outer:
            other.__enter__()
        Calls(watched.__enter__)
        gc.collect(generation)
        gc.collect(1)
        watched.__exit__(None, None, None)
        assert [p.generation for p in watched.report.collections] == [TOLD[1]]
        assert unseen(watched.report) == 0
        if outer:
            other.__exit__(None, None, None)
            assert in_all(other.report) == 2 and unseen(other.report) == 0


def test_ended_while_a_collection_runs():
    watched = gcscope.pauses()
    watched.__enter__()
    gc.collect(0)
    Calls(lambda: watched.__exit__(None, None, None))
    gc.collect()
    assert [p.generation for p in watched.report.collections] == [TOLD[0]]
    assert unseen(watched.report) == 0


def test_a_round_while_a_collection_runs():
    rounds = []
    with gcscope.pauses() as watched:
        Calls(lambda: rounds.append(watched.round()))
        ring()
        gc.collect()
    assert in_all(rounds[0]) == 0 and unseen(rounds[0]) == 0
    assert [pause.generation for pause in watched.report.collections] == [2]
    assert unseen(watched.report) == 0


def test_a_collection_in_a_finalizer_is_none():
    """The interpreter does not begin another one."""
    with gcscope.pauses() as watched:
        Calls(gc.collect)
        gc.collect()
    assert in_all(watched.report) == 1 and unseen(watched.report) == 0


@forks
def test_a_forked_child_is_not_watched():
    with gcscope.pauses() as watched:
        gc.collect(0)
        child = os.fork()
        if child == 0:
            gc.collect(1)
            gc.collect(1)
            watched.__exit__(None, None, None)
            report = watched.report
            is_right = in_all(report) == 1 and report.totals[-2:][0].unseen == 2
            with gcscope.pauses() as own:
                gc.collect(2)
            os._exit(0 if is_right and in_all(own.report) == 1 else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        gc.collect(0)
    assert in_all(watched.report) == 2 and unseen(watched.report) == 0


def test_threads_are_counted_wherever_the_block_is():
    """In a thread that sleeps, as who attaches has it."""
    before, found = counted(), []
    is_begun, is_over = threading.Event(), threading.Event()

    def watch():
        with gcscope.pauses() as watched:
            is_begun.set()
            is_over.wait()
        found.append(watched.report)

    def work():
        for _ in range(30 if FREE_THREADED else 200):
            set_off()

    watcher = threading.Thread(target=watch)
    watcher.start()
    is_begun.wait()
    gc.enable()
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gc.disable()
    is_over.set()
    watcher.join()
    assert in_all(found[0]) == sum(counted()) - sum(before) > 10
    assert unseen(found[0]) == 0


# ------------------------------------------------------------------------------ no memory


def test_no_memory_at_any_growth(starving):
    """A dry run that fails is told, and the collection is noted all the same."""
    starving("""
import gc
from functools import partial
import gcscope
from gcscope import _core

class Plain: pass
def rings():
    for _ in range(3):
        one = Plain()
        one.me = one
def block(starve):
    with gcscope.pauses() as watched:
        rings()
        starve()
        gc.collect()
        _core.fail_after(-1)
    return watched.report
def begun():
    with gcscope.pauses() as watched:
        pass
block(lambda: None)
gc.collect(), gc.disable()
callbacks = list(gc.callbacks)
def check():
    assert list(gc.callbacks) == callbacks
failures, _ = each_growth(begun, check)
assert failures >= 3, failures
block(lambda: None)
gc.collect()  # the code of modules that were loaded may wait for it
failed = 0
for at in range(500):
    report = block(partial(_core.fail_after, at))  # of a lambda only the collector frees the code
    (pause,) = report.collections
    assert pause.freed == 3 or pause.freed == 6, report
    if not pause.sampled:
        assert _core.WALKS_GENERATIONS is False or report.notes == (
            "1 dry run failed: memory was exhausted",), report
        failed += 1
    elif pause.cycles:
        assert [cycle.count for cycle in pause.cycles] == [3]
        break
assert failed > 10 or not (_core.WALKS_GENERATIONS or _core.FREE_THREADED), failed
check()
""")


def test_no_memory_at_any_allocation(starving):
    pytest.importorskip("_testcapi")
    starving("""
import gc
import gcscope
from gcscope import _core

class Plain: pass
def block():
    one = Plain()
    one.me = one
    del one
    pauses = _core.Pauses(1.0)
    pauses.begin()
    gc.collect()
    pauses.round()
    gc.collect()
    return pauses.end()
gc.collect(), gc.disable()
block()
callbacks = list(gc.callbacks)
def check():
    gc.collect()
    assert list(gc.callbacks) == callbacks
assert each_allocation(block, check) > 5
""")


def test_what_is_wrong(settings):
    core = _core.Pauses()
    for end in (core.round, core.end):
        with pytest.raises(RuntimeError, match="this Pauses is not under way"):
            end()
    core.begin()
    with pytest.raises(RuntimeError, match="a Pauses is begun once"):
        core.begin()
    core.stop(), core.stop()
    with pytest.raises(RuntimeError, match="this Pauses is not under way"):
        core.end()
    with pytest.raises(RuntimeError, match="a Pauses is begun once"):
        core.begin()
