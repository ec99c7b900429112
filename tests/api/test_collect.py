"""collect and trial: what freed what."""

import copy
import functools
import gc
import pickle
import random
import sys
import weakref

import pytest

import gcscope
from gcscope import Fate, Person, Tracked, _core, collect, trial
from support import FREE_THREADED, LEFT_SOURCE


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
    assert _core.journal_status().fate_tables == 0


def test_fates_end_once_and_when_they_are_let_go_of():
    nobody = _core.roll_call([])
    person = Person("Michael")
    first, second = _core.Fates(), _core.Fates()
    with _core.Fates() as third:
        assert _core.journal_status().fate_tables == 3
    assert _core.journal_status().fate_tables == 2
    serial, expected = person.serial, ["survived", "refcount"]
    assert fates_of(first, serial) == ["survived"]
    del person, second
    assert _core.journal_status().fate_tables == 1
    first.end(nobody, nobody)
    assert _core.journal_status().fate_tables == 0
    assert [fates_of(table, serial)[0] for table in (third, first)] == expected
    with pytest.raises(RuntimeError, match="have been told"):
        first.end(nobody, nobody)
    with pytest.raises(IndexError):
        first[len(first)]
    for odd in (lambda: _core.Fates(1), first.end, lambda: first.end(nobody, None)):
        with pytest.raises(TypeError):
            odd()


def fates_of(table, serial):
    return [row.fate for row in map(table.__getitem__, range(len(table))) if row.serial == serial]


@pytest.mark.parametrize("seed", range(20))
def test_fates_where_the_serials_have_gaps(seed):
    """Whoever dies is found, in whatever order they die; who is born later is not in the table."""
    rng = random.Random(seed)
    people = [Person(str(n)) for n in range(300)]
    for _ in range(rng.choice((0, 10, 150, 290))):
        del people[rng.randrange(len(people))]
    first = people[0].serial
    table = _core.Fates()
    later = [Person("later") for _ in range(3)]
    rng.shuffle(people)
    living, dead = people[::2], [person.serial for person in people[1::2]]
    while people:
        people.pop(0)
    later.clear()
    nobody = _core.roll_call([])
    table.end(nobody, nobody)
    told = {row.serial: row.fate for row in map(table.__getitem__, range(len(table)))}
    serials = [*told]
    assert serials == sorted(serials) and later == []
    assert {serial for serial, fate in told.items() if fate == "refcount"} == set(dead)
    assert {s for s, fate in told.items() if s >= first and fate == "survived"} == {
        person.serial for person in living
    }


def test_what_fates_cost():
    """24 bytes an object, and no Python object for any of them until it is asked for."""
    if sys.getallocatedblocks() == 0:
        pytest.skip("only Python's own allocator counts its blocks")
    people = [Person("x") for _ in range(10_000)]
    table = _core.Fates()  # what is made once is made
    del table
    blocks = sys.getallocatedblocks()
    table = _core.Fates()
    assert sys.getallocatedblocks() - blocks < 5 and len(table) >= len(people)
    assert 24 * len(table) < sys.getsizeof(table) < 24 * len(table) + 200
    pairs = [(Person("a"), Person("b")) for _ in range(5_000)]
    for a, b in pairs:
        a.befriend(b)
    serials = {person.serial for pair in pairs for person in pair}
    del a, b, pairs
    blocks = sys.getallocatedblocks()
    collection = collect()
    # what it freed: a block each for 10,000 Persons, their lists, and what is in these
    assert sys.getallocatedblocks() - blocks < 1_000 - 30_000
    assert collection.fate_counts["collector"] == 10_000
    assert str(collection) and sys.getallocatedblocks() - blocks < 1_000 - 30_000
    blocks = sys.getallocatedblocks()
    fates = collection.fates
    assert type(fates) is tuple and fates is collection.fates
    assert {fate.serial for fate in fates if fate.fate == "collector"} == serials
    assert len(fates) < sys.getallocatedblocks() - blocks < 4 * len(fates)


@pytest.mark.parametrize(
    "use",
    [
        hash,
        repr,
        pickle.dumps,
        copy.deepcopy,
        lambda collection: collection.to_json(),
        lambda collection: collection == 1,
        lambda collection: collection.fates,
        lambda collection: collection.fate_counts,
    ],
)
def test_a_collection_is_a_value_whether_its_fates_were_looked_at(use):
    """Two of the same, of which one has been asked for its fates first."""
    survivor = Person("survivor")
    ring()
    one = collect()
    seen = gcscope.Collection(
        fates=tuple(one.fates),
        types=one.types,
        resurrected=one.resurrected,
        uncollectable=one.uncollectable,
        cycles=one.cycles,
        notes=one.notes,
    )
    ring()
    other = collect()
    counts = other.fate_counts
    assert counts == seen.fate_counts and counts["collector"] == 2
    use(other)
    assert use(one) == use(seen) or use in (pickle.dumps,)
    assert pickle.loads(pickle.dumps(other)) == other == copy.copy(other)
    assert gcscope.Collection.from_json(other.to_json()) == other
    assert hash(one) == hash(seen) and one == seen and survivor.name == "survivor"
    with pytest.raises(AttributeError):
        other.fates = ()


def test_deaths_and_the_living_are_counted_by_type():
    class Local(Tracked):
        pass

    name = f"{__name__}.{Local.__qualname__}"
    before = _core.journal_deaths()
    first = _core.journal_totals()["created"] + 1
    kept, box = Local(), Local()
    box.me = box
    Local()
    unreachable, nobody = _core.roll_call([box]), _core.roll_call([])
    living = _core.living(unreachable, nobody, first, 2**63)
    assert (living["survived"][name], living["resurrected"][name]) == (1, 1)
    assert set(living) == {*before} and not living["refcount"] and not living["shutdown"]
    assert _core.living(unreachable, unreachable, first, 2**63)["uncollectable"] == {name: 1}
    assert name not in _core.living(None, None, kept.serial + 2, 2**63)["survived"]
    assert name not in _core.living(unreachable, None, 1, kept.serial)["resurrected"]
    del box
    gc.collect()
    after = _core.journal_deaths()
    assert after["collector"][name] == 1 and after["refcount"][name] == 1
    assert name not in before["collector"]
    for odd in ((), (1, None, 1, 1), (None, None, -1, 1), (None, None, 1, "x")):
        with pytest.raises((TypeError, OverflowError)):
            _core.living(*odd)


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


def test_trial_refuses_what_a_call_does_not_run(recwarn):
    class Service:
        async def work(self):
            raise AssertionError

    async def produce():
        yield 1

    def generate():
        yield pair_of_friends()

    for func, kind in (
        (Service().work, "an async function"),
        (functools.partial(Service().work), "an async function"),
        (produce, "an async function"),
        (generate, "a generator function"),
    ):
        with pytest.raises(TypeError, match=rf"^trial\(\) calls its function, .* {kind} does not"):
            trial(func)
    assert not recwarn.list  # no coroutine was made, which nobody awaits
    assert trial(lambda: list(generate())).collector["gcscope.Person"] == 2


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


def test_no_memory_is_needed_to_note_a_death():
    def make():
        gcscope._core.fail_after(0)
        pair_of_strangers()
        gcscope._core.fail_after(-1)

    assert trial(make).refcount == {"gcscope.Person": 2}


def test_fates_for_which_there_is_no_memory_are_not_begun():
    person = Person("x")
    tables = _core.journal_status().fate_tables
    try:
        _core.fail_after(0)
        with pytest.raises(MemoryError):
            _core.Fates()
    finally:
        _core.fail_after(-1)
    assert _core.journal_status().fate_tables == tables and person.name == "x"


def test_a_class_whose_name_finds_no_memory_has_no_instance():
    before = gcscope.journal.totals["created"]
    classes = [type(f"Unheard{n}", (Person,), {}) for n in range(3_000)]
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
    assert gcscope.journal.totals["created"] == before + 3_000 - failures
    assert [cls("x").name for cls in classes] == ["x"] * 3_000


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


@pytest.mark.skipif(FREE_THREADED, reason="there listing objects is no audit event")
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
assert left() == 0
"""
    done = python("-c", LEFT_SOURCE + code)
    refusal = (
        "the heap changed while it was listed: an audit hook ran a collection or gave objects up\n"
    )
    assert done.code == 0 and done.out == refusal, done


def test_what_the_first_instrumented_object_brings_along_is_not_the_calls(python):
    """The journal's own callback is made with it."""
    done = python("-c", "import gcscope; print(dict(gcscope.trial(gcscope.Person, 'x').survived))")
    assert (done.code, done.out) == (0, "{}\n"), done
