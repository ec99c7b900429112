"""collect and trial: what freed what."""

import gc
import sys
import weakref

import pytest

import gcscope
from gcscope import Fate, Person, Tracked, collect, trial


class Phoenix(Person):
    nest = []

    def __del__(self):
        self.nest.append(self)


class Plain:
    pass


class PlainPhoenix:
    nest = []

    def __del__(self):
        self.nest.append(self)


@pytest.fixture(autouse=True)
def empty_nests(quiet):
    yield
    Phoenix.nest.clear()
    PlainPhoenix.nest.clear()
    gc.collect()


def fates(collection, *serials):
    return [fate.fate for fate in collection.fates if fate.serial in serials]


def ring(cls=Person, names=("Michael", "Sarah")):
    p, q = map(cls, names)
    p.befriend(q)
    return p.serial, q.serial


# ------------------------------------------------------------------------- collect


def test_collect_tells_fates_and_types():
    survivor = Person("survivor")
    serials = ring()
    collection = collect()
    assert collection.types == {"gcscope.Person": 2, "list": 2}
    assert collection.objects == 4 and collection
    assert fates(collection, *serials) == ["collector", "collector"]
    assert (
        Fate(serial=survivor.serial, type="gcscope.Person", name="survivor", fate="survived")
        in collection.fates
    )
    assert [cycle.count for cycle in collection.cycles] == [1]
    assert not collection.resurrected and not collection.uncollectable


def test_collect_with_nothing_to_do():
    collection = collect()
    assert not collection and collection.objects == 0 and collection.types == {}
    assert str(collection).startswith("the collector freed 0 objects")


def test_collect_tells_the_resurrected():
    serials = ring(Phoenix)
    collection = collect()
    assert fates(collection, *serials) == ["resurrected", "resurrected"]
    assert collection.types == {} and collection.resurrected == {
        f"{__name__}.Phoenix": 2,
        "list": 2,
    }
    assert "resurrected by a finalizer" in str(collection)
    Phoenix.nest.clear()
    again = collect()
    assert fates(again, *serials) == ["collector (inferred)"] * 2
    assert again.types == {f"{__name__}.Phoenix": 2, "list": 2}


def test_collect_tells_plain_objects_that_were_resurrected():
    thing = PlainPhoenix()
    thing.me = thing
    thing.tail = [Plain()]
    del thing
    collection = collect()
    assert (
        collection.resurrected[f"{__name__}.PlainPhoenix"] == 1
        and collection.resurrected[f"{__name__}.Plain"] == 1
    )
    assert not collection.types


def test_collect_tells_what_a_finalizer_dropped():
    class Dropper(Tracked):
        def __del__(self):
            others.clear()

    others = [Person("bystander")]
    serial = others[0].serial
    dropper = Dropper()
    dropper.me = dropper
    del dropper
    collection = collect()
    assert fates(collection, serial) == ["refcount"]
    assert collection.types["gcscope.Person"] == 1


def test_collect_tells_the_uncollectable():
    testcapi = pytest.importorskip("_testcapi")
    if not hasattr(testcapi, "with_tp_del"):
        pytest.skip("this _testcapi has no with_tp_del")

    @testcapi.with_tp_del
    class Legacy:
        def __tp_del__(self):
            pass

    thing = Legacy()
    thing.me = thing
    thing.person = Person("stuck with it")
    serial = thing.person.serial
    thing.person.friends.append(thing)
    del thing
    report = gcscope.garbage()
    collection = collect()
    name = f"{__name__}.test_collect_tells_the_uncollectable.<locals>.Legacy"
    assert report.types[name] == 1
    assert collection.uncollectable[name] == 1
    # it was unreachable and lives: gc.garbage leads to it
    assert fates(collection, serial) == ["resurrected"]
    for thing in gc.garbage:
        thing.__dict__.clear()
    gc.garbage.clear()


def test_collect_leaves_the_collector_as_it_was():
    assert not gc.isenabled()
    collect()
    assert not gc.isenabled()
    gc.enable()
    collect()
    assert gc.isenabled()
    gc.disable()


def test_collect_works_with_the_journal_off():
    gcscope.journal.enabled = False
    try:
        serials = ring()
        assert fates(collect(), *serials) == ["collector", "collector"]
    finally:
        gcscope.journal.enabled = True


def test_collect_inside_a_finalizer_of_a_collection():
    told = []

    class Nested(Tracked):
        def __del__(self):
            told.append(collect())

    nested = Nested()
    nested.me = nested
    serial = nested.serial
    del nested
    outer = collect()
    assert fates(outer, serial) == ["collector"]
    # a collection inside another does nothing
    assert fates(told[0], serial)[0] in (
        "survived",
        "resurrected",
    )


# --------------------------------------------------------------------------- trial


def pair_of_friends():
    ring()


def pair_of_strangers():
    Person("Michael"), Person("Sarah")


def test_trial_tells_counting_from_collecting():
    result = trial(pair_of_strangers)
    assert result.refcount == {"gcscope.Person": 2} and not result.collector and not result.report
    result = trial(pair_of_friends)
    assert not result.refcount
    assert result.collector == {"gcscope.Person": 2, "list": 2}
    assert result.report.objects == 4 and result.report.types == result.collector
    assert (
        not result.survived
        and not result.resurrected
        and not result.uncollectable
        and result.notes == ()
    )


def test_trial_drops_the_result():
    assert trial(Person, "Michael").refcount == {"gcscope.Person": 1}
    assert trial(lambda: [Person("a"), Person("b")]).refcount == {"gcscope.Person": 2}


def test_trial_passes_arguments_and_blames_only_what_is_new():
    ring()  # garbage from before
    p, q = Person("Michael"), Person("Sarah")

    def make(first, *, second):
        first.befriend(second)
        Person("new").befriend(Person("friend"))

    result = trial(make, p, second=q)
    assert result.collector == {"gcscope.Person": 2, "list": 2}
    assert p.friends == [q]
    assert not result.survived


def test_trial_tells_survivors():
    kept = []

    def make():
        kept.append(Person("kept"))
        kept.append(Plain())

    result = trial(make)
    assert result.survived == {"gcscope.Person": 1, "list": 1, f"{__name__}.Plain": 1}


def test_trial_tells_the_resurrected():
    result = trial(lambda: (ring(Phoenix), None)[1])
    assert result.resurrected == {f"{__name__}.Phoenix": 2, "list": 2}
    assert result.report.objects == 4 and not result.collector
    assert "resurrected" in str(result)


def test_trial_tells_suspended_generators_that_gc_does_not_count():
    def make():
        def generate():
            try:
                box = yield
                box.append(box)
                yield
            finally:
                box = None

        generator = generate()
        next(generator)
        box = [generator]
        generator.send(box)

    result = trial(make)
    assert result.report.types["generator"] == 1 and result.collector["generator"] == 1


def test_trial_lets_an_exception_through_and_leaves_nothing_on():
    def fail():
        raise KeyError("mine")

    callbacks = list(gc.callbacks)
    with pytest.raises(KeyError, match="mine"):
        trial(fail)
    assert gc.callbacks == callbacks
    Person("of no trial")
    log = gcscope._core.DeathLog()  # a death of before would be in it if the trial's were on
    assert log.end() == []


def test_a_log_of_deaths_ends_once_and_when_it_is_let_go_of():
    first = gcscope._core.DeathLog()
    second = gcscope._core.DeathLog()
    person = Person("Michael")
    assert person.serial == first.first_serial == second.first_serial
    del person, second
    (death,) = first.end()
    assert death.type == "gcscope.Person" and death.freed_by == "refcount"
    with pytest.raises(RuntimeError, match="has ended"):
        first.end()
    with pytest.raises(TypeError):
        gcscope._core.DeathLog(1)


def test_trial_tells_what_a_collection_inside_took():
    def make():
        ring()
        gc.collect()

    result = trial(make)
    assert result.collector == {"gcscope.Person": 2, "list": 2}
    assert result.notes == ("1 collection inside took 4 of the 4 objects",)
    assert "note: 1 collection inside" in str(result) and not result.survived


def test_trial_within_a_trial():
    inner = []

    def make():
        inner.append(trial(pair_of_friends))
        pair_of_strangers()

    outer = trial(make)
    assert inner[0].collector["gcscope.Person"] == 2
    assert outer.refcount == {"gcscope.Person": 2}
    assert outer.collector == {"gcscope.Person": 2, "list": 2}


@pytest.mark.parametrize("func", [None, 1, "f", pair_of_friends()])
def test_trial_takes_a_function(func):
    with pytest.raises(TypeError, match="takes a function and calls it"):
        trial(func)
    with pytest.raises(TypeError):
        trial()


def test_reports_hold_nothing():
    def make():
        ring(Phoenix)

    result = trial(make)
    references = [weakref.ref(thing) for thing in Phoenix.nest]
    Phoenix.nest.clear()
    gc.collect()
    assert [reference() for reference in references] == [None, None]
    assert result.resurrected


def test_a_trial_without_memory_for_the_pass():
    try:
        with pytest.raises(MemoryError):
            trial(gcscope._core.fail_after, 0)
    finally:
        gcscope._core.fail_after(-1)
    assert trial(pair_of_strangers).refcount == {"gcscope.Person": 2}


def test_a_death_for_which_there_is_no_memory_is_told():
    def make():
        gcscope._core.fail_after(0)
        pair_of_strangers()
        gcscope._core.fail_after(-1)

    with pytest.raises(MemoryError):
        trial(make)
    assert trial(pair_of_strangers).refcount == {"gcscope.Person": 2}


def test_a_class_whose_name_finds_no_memory_has_no_instance():
    before = gcscope.journal.totals["created"]
    classes = [type(f"Unheard{n}", (Person,), {}) for n in range(40)]
    failures = 0
    try:
        gcscope._core.fail_after(0)
        for cls in classes:
            try:
                cls("x")
            except MemoryError:
                failures += 1
    finally:
        gcscope._core.fail_after(-1)
    assert failures > 0
    assert gcscope.journal.totals["created"] == before + 40 - failures
    assert [cls("x").name for cls in classes] == ["x"] * 40


def test_automatic_collection_survives_several_threads():
    import threading

    gc.enable()
    try:
        workers = [
            threading.Thread(target=lambda: [gcscope.garbage() for _ in range(6)]) for _ in range(3)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert gc.isenabled()
    finally:
        gc.disable()


@pytest.mark.skipif(
    hasattr(sys, "gettotalrefcount"),
    reason="the collector of a debug build aborts on a type that shows too much",
)
def test_a_trial_tells_of_a_type_that_lies(rooms):
    kept = []

    def make():
        victim = [1]
        kept.extend([victim, rooms.Liar(victim, 5)])

    result = trial(make)
    assert "tp_traverse" in result.report.notes[0] and result.notes == result.report.notes


def test_an_audit_hook_that_collects_is_told(python):
    code = """
import gc, sys, gcscope
from gcscope import _core
gc.disable()
box = []
box.append(box)
del box
active = _core.walk_generations(False)
def hook(event, arguments):
    if active and event == "gc.get_objects" and arguments[0] > 0:
        gc.collect(0)
sys.addaudithook(hook)
kept = [[] for _ in range(100)]
active = True
try:
    _core.dry_run(2)
except RuntimeError as error:
    print(error)
active = False
gc.collect()
assert gcscope.garbage().objects == 0
"""
    done = python("-c", code)
    refusal = (
        "the heap changed while it was listed: an audit hook ran a collection or gave objects up\n"
    )
    assert done.code == 0 and done.out == refusal, done
