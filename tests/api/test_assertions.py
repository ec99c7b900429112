"""watch and assert_no_cycles: what a block leaves behind, and nothing else."""

import asyncio
import functools
import gc
import threading
import unittest
import weakref
from contextlib import suppress

import pytest

import gcscope
from gcscope import Person, _core, assert_no_cycles, assert_released, watch
from support import FREE_THREADED, LEFT_SOURCE


class Plain:
    pass


def ring(kind=Plain):
    one, other = kind(), kind()
    one.other, other.one = other, one
    return weakref.ref(one)


def no_ring():
    return [Plain(), {"k": Plain()}]


def friends():
    michael, sarah = Person("Michael"), Person("Sarah")
    michael.befriend(sarah)


# ---------------------------------------------------------------------------- watch


def test_watch_finds_what_the_block_left(quiet):
    with watch() as watched:
        ring()
        no_ring()
    report = watched.report
    assert report.objects == 2 and report.types == {f"{__name__}.Plain": 2}
    assert len(report.cycles) == 1 and report.notes == () and not report.alive
    assert type(report).from_json(report.to_json()) == report


def test_watch_of_a_clean_block(quiet):
    kept = []
    with watch() as watched:
        kept.append(no_ring())
        box = [kept]
        box.append(box)  # alive: the variable is still there
    assert not watched.report and watched.report.objects == 0
    assert "nothing is unreachable" in str(watched.report)
    box.clear()


def test_what_was_there_before_is_not_blamed(quiet):
    before = ring()
    with watch() as watched:
        after = ring(type("Other", (Plain,), {}))
        assert gcscope.garbage().objects > 2
    assert before() is not None and after() is not None
    assert f"{__name__}.Plain" not in watched.report.types
    assert watched.report.types[f"{__name__}.Other"] == 2


def test_nothing_is_collected(quiet):
    finalized = []
    stats, debug = gc.get_stats(), gc.get_debug()
    with watch() as watched:
        reference = ring()
        weakref.finalize(reference(), finalized.append, 1).atexit = False
    assert gc.get_stats() == stats and gc.get_debug() == debug
    assert reference() is not None and finalized == [] and watched.report.objects >= 2
    with pytest.raises(AssertionError):
        assert_no_cycles(friends)
    assert gc.get_stats() == stats
    gc.collect()
    assert finalized == [1]


def test_report_before_the_end(quiet):
    watched = watch()
    for moment in range(2):
        with pytest.raises(RuntimeError, match="when its with block has ended"):
            _ = watched.report
        if moment == 0:
            with watched, pytest.raises(RuntimeError, match="has ended"):
                _ = watched.report
            assert not watched.report
            watched = watch()


def test_nested_and_reused(quiet):
    outer, inner = watch(), watch()
    with outer:
        ring()
        with inner:
            friends()
        assert inner.report.types == {"gcscope.Person": 2, "list": 2}
    assert outer.report.types == {f"{__name__}.Plain": 2, "gcscope.Person": 2, "list": 2}
    with inner:
        pass
    assert not inner.report  # the second block's, not the first's
    with inner, pytest.raises(RuntimeError, match="in use"):
        inner.__enter__()
    with pytest.raises(RuntimeError, match="has not begun"):
        inner.__exit__(None, None, None)
    with inner:
        with pytest.raises(RuntimeError, match="has ended"):
            _ = inner.report  # not the old one's
    assert gc.isenabled() is False


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("toggle", [lambda: None, gc.enable, gc.disable])
@pytest.mark.parametrize("fails", [True, False])
def test_automatic_collection_is_the_programs(quiet, enabled, toggle, fails):
    """On inside a block if it was on before, and after it as the block has switched it."""
    inside = []

    def block():
        inside.append((gc.isenabled(), gc.get_threshold()))
        toggle()
        if fails:
            raise KeyError

    def watches():
        with suppress(KeyError), watch():
            block()

    def nested():
        with suppress(KeyError), watch(), watch(older=True), assert_no_cycles():
            block()

    def asserts():
        with suppress(KeyError):
            assert_no_cycles(block)

    def releases():
        with suppress(KeyError, AssertionError):
            assert_released(lambda: block() or [])

    def tries():
        with suppress(KeyError):
            gcscope.trial(block)

    usual = gc.get_threshold()
    expected = {gc.enable: True, gc.disable: False}.get(toggle, enabled)
    for word in (watches, nested, asserts, releases, tries):
        (gc.enable if enabled else gc.disable)()
        word()
        assert gc.isenabled() is expected, word
        assert inside.pop() == (enabled, usual) and not inside
    gc.disable()


def test_an_exception_passes_through(quiet):
    watched = watch()
    with pytest.raises(ZeroDivisionError), watched:
        ring()
        _ = 1 / 0
    assert watched.report.objects == 2  # told, by the one that only tells
    with pytest.raises(ZeroDivisionError) as caught, assert_no_cycles():
        ring()
        _ = 1 / 0
    assert caught.value.__context__ is None

    def fail():
        ring()
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        assert_no_cycles(fail)
    with pytest.raises(SystemExit), assert_no_cycles():
        ring()
        raise SystemExit


@pytest.mark.parametrize("older", [False, True])
@pytest.mark.parametrize("generation", [0, 1, 2])
def test_what_a_collection_inside_takes_is_told(quiet, generation, older):
    before = ring()
    with watch(older=older) as watched:
        taken = ring()
        gc.collect(generation)
        later = ring(type("Later", (Plain,), {}))
    report = watched.report
    assert taken() is None and before() is None and later() is not None
    assert report.types[f"{__name__}.Plain"] == 2
    assert any(name.endswith("Later") for name in report.types)
    assert report.notes == (
        f"1 collection inside took 2 of the {report.objects} objects",
    ) and report.notes[0] in str(report)
    with watch(older=older) as watched:
        gc.collect()
        gc.collect(0)
    assert not watched.report and watched.report.notes == ()


@pytest.mark.parametrize("generation", [0, 2])
def test_rings_at_the_addresses_of_others_that_were_collected(quiet, generation):
    for _ in range(100):
        ring()
    callbacks = list(gc.callbacks)
    with watch() as watched:
        gc.collect(generation)
        for _ in range(100):
            ring()
    assert watched.report.types == {f"{__name__}.Plain": 200}
    assert gc.callbacks == callbacks
    with watch() as watched:
        gc.callbacks.clear()
    gc.callbacks[:] = callbacks
    assert not watched.report and "a change of gc.callbacks" in watched.report.notes[0]


@pytest.mark.skipif(FREE_THREADED, reason="there each collection can be followed")
def test_a_collection_that_could_not_be_followed_is_told(quiet):
    """As where the interpreter does not show what a collection looks at."""
    try:
        assert not _core.walk_generations(False)
        with watch() as watched:
            ring()
            gc.collect()
            ring()
        (cycle,) = watched.report.cycles
    finally:
        assert _core.walk_generations(True) is _core.WALKS_GENERATIONS
    assert cycle.count == 1
    assert watched.report.notes[0].startswith("what 1 of 1 collection took cannot be told: ")


def test_older(quiet):
    """Rings with members from before, let go of inside, are told by two passes only."""
    for older in (False, True):
        old, other = Plain(), Plain()
        old.other, other.old = other, old
        left = ring()  # unreachable before: no block's
        with watch(older=older) as watched:
            old.new = Plain()
            old.new.old = old
            del old, other
        plain = watched.report.types.get(f"{__name__}.Plain", 0)
        assert plain == (3 if older else 0), watched.report
        gc.collect()
        assert left() is None
    with pytest.raises(AssertionError, match="left 1 cycle"), assert_no_cycles(older=True):
        ring()
    for wrong in ({"older": 1}, {"older": True, "more": 1}, {"young": True}):
        with pytest.raises(TypeError, match="older=True"):
            assert_no_cycles(**wrong)


def test_garbage_that_a_young_collection_left_is_not_blamed(quiet):
    before = ring()
    kept = before()
    gc.collect(0)
    gc.collect(1)  # it is old now, and alive
    del kept
    with watch() as watched:
        gc.collect(0)
    # without generations each collection is a full one
    assert (before() is None) is FREE_THREADED and not watched.report


def test_with_threads(quiet):
    """What other threads leave meanwhile is told.

    Watches of several threads do not disturb each other.
    """
    begun, made, go = threading.Barrier(3), threading.Barrier(3), threading.Event()
    found = []

    def work(make):
        with watch() as watched:
            begun.wait()
            make()
            made.wait()
            go.wait()
        found.append(watched.report.objects)

    threads = [threading.Thread(target=work, args=(make,), daemon=True) for make in (ring, no_ring)]
    for thread in threads:
        thread.start()
    begun.wait()
    made.wait()
    go.set()
    for thread in threads:
        thread.join()
    assert len(found) == 2 and all(objects >= 2 for objects in found)


# ----------------------------------------------------------------- assert_no_cycles


def test_what_is_clean_passes(quiet):
    assert assert_no_cycles(no_ring) is None
    with assert_no_cycles() as entered:
        no_ring()
    assert entered is None


def test_what_is_not_fails_with_the_ring_in_the_first_line(quiet):
    with pytest.raises(AssertionError) as failed:
        assert_no_cycles(friends)
    first = str(failed.value).splitlines()[0]
    assert first.startswith("friends() left 1 cycle behind: ")
    assert "gcscope.Person 'Michael' .friends[0] → gcscope.Person 'Sarah' .friends[0] → " in first
    assert "4 unreachable objects" in str(failed.value) and "◄ cut here" in str(failed.value)
    with pytest.raises(AssertionError) as failed, assert_no_cycles():
        ring()
        ring()
    assert str(failed.value).startswith(f"the block left 2 cycles behind: {__name__}.Plain .")


def test_arguments_are_passed_and_the_result_is_dropped(quiet):
    seen = []

    def func(*args, func=None, **kwargs):
        seen.append((args, func, kwargs))
        result = Plain()
        seen.append(weakref.ref(result))
        return result

    assert_no_cycles(func, 1, 2, func=3, k=4)
    assert seen[0] == ((1, 2), 3, {"k": 4}) and seen[1]() is None

    def leaky(thing):
        thing.me = thing

    thing = Plain()
    assert_no_cycles(leaky, thing)  # alive: the caller has it
    with pytest.raises(AssertionError, match="left 1 cycle"):
        assert_no_cycles(lambda: leaky(Plain()))
    vars(thing).clear()


@pytest.mark.parametrize(
    ("func", "name"),
    [
        (functools.partial(friends), "partial()"),
        (lambda: friends(), "<lambda>()"),
        (type("Callable", (), {"__call__": lambda self: friends()})(), "Callable()"),
    ],
)
def test_anything_that_can_be_called(quiet, func, name):
    with pytest.raises(AssertionError) as failed:
        assert_no_cycles(func)
    assert str(failed.value).startswith(f"{name} left 1 cycle behind")


async def coroutine():
    ring()


def generator():
    ring()
    yield


async def asynchronous_generator():
    ring()
    yield


class Methods:
    async def method(self):
        ring()


@pytest.mark.parametrize(
    ("func", "advice"),
    [
        (coroutine, r"asyncio.run\(func\(\)\)"),
        (asynchronous_generator, "async function"),
        (generator, r"list\(func\(\)\)"),
        (Methods().method, "async function"),
        (functools.partial(functools.partial(generator)), "generator function"),
        (functools.partial(Methods().method), "async function"),
    ],
)
def test_functions_whose_body_a_call_does_not_run(quiet, func, advice):
    """They would pass whatever they do."""
    with pytest.raises(TypeError, match=advice):
        assert_no_cycles(func)


def test_functions_that_run_them(quiet):
    with pytest.raises(AssertionError, match="left 1 cycle"):
        assert_no_cycles(lambda: list(generator()))
    asyncio.run(asyncio.sleep(0))
    gc.collect()
    with pytest.raises(AssertionError, match="Plain"):
        assert_no_cycles(lambda: asyncio.run(coroutine()))


@pytest.mark.parametrize("wrong", [1, "x", [], {}, object()])
def test_misuse(quiet, wrong):
    with pytest.raises(TypeError, match="takes a function and calls it, not an object of type"):
        assert_no_cycles(wrong)
    for arguments in ((), (wrong,)):  # None is what a call has returned: assert_no_cycles(f())
        with pytest.raises(
            TypeError,
            match=r"not an object of type 'NoneType' \(what a call of it has returned\?\)",
        ):
            assert_no_cycles(None, *arguments)
    with pytest.raises(TypeError, match="a function and its arguments, or, for a with"):
        assert_no_cycles(k=wrong)
    with pytest.raises(TypeError, match="argument"):
        watch(True, wrong)
    block = assert_no_cycles()
    with pytest.raises(RuntimeError, match="has not begun"):
        block.__exit__(None, None, None)
    with block, pytest.raises(RuntimeError, match="in use"):
        block.__enter__()
    assert not gc.isenabled()


class TestCase(unittest.TestCase):
    """In a unittest, as a block and as a call."""

    def setUp(self):
        gc.collect()

    def test_clean(self):
        with assert_no_cycles():
            no_ring()
        assert_no_cycles(no_ring)

    def test_leaky(self):
        with self.assertRaisesRegex(AssertionError, "left 1 cycle behind"):
            assert_no_cycles(friends)
        with (
            self.assertRaisesRegex(AssertionError, "the block left 1 cycle behind"),
            assert_no_cycles(),
        ):
            friends()


def test_failure_of_a_unittest_is_a_failure():
    class Leaky(unittest.TestCase):
        def test(self):
            assert_no_cycles(friends)

    result = unittest.TestResult()
    Leaky("test").run(result)
    assert len(result.failures) == 1 and result.errors == []
    assert "friends() left 1 cycle behind" in result.failures[0][1]


# ------------------------------------------------------------------ assert_released


class Service:
    def __init__(self):
        self.items = [1]
        self.callback = self.go

    def go(self):
        pass


class Owner:
    def __init__(self):
        self.service = Service()


class Ghost:
    def __del__(self):
        REGISTRY["ghost"] = self


REGISTRY = {}


@pytest.fixture
def registry():
    yield REGISTRY
    REGISTRY.clear()


class Slotted:
    __slots__ = ()


@pytest.mark.parametrize(
    "factory",
    [
        list,
        dict,
        object,
        Slotted,
        Plain,
        lambda: Person("Ann"),
        lambda: (1, [2], {"k": [3]}),
        lambda: str(10**40),
        lambda: (i for i in [1]),
        functools.partial(Plain),
        no_ring,
    ],
)
def test_what_counting_frees_passes(quiet, factory):
    begun = gc.get_stats()
    assert assert_released(factory) is None
    assert gc.get_stats() == begun and not gc.isenabled()


def test_an_object_on_a_ring_fails_with_the_ring_in_the_first_line(quiet):
    with pytest.raises(AssertionError) as caught:
        assert_released(Service)
    first, rest = str(caught.value).split("\n", 1)
    name = f"{__name__}.Service"
    assert first == (
        f"Service() made a {name} that reference counting does not free: "
        f"{name} .callback → method Service.go .__self__ → {name}"
    )
    assert "cut here" in rest and "a bound method is stored on its own object" in rest


def test_an_object_that_a_ring_keeps_fails_with_that_ring_first(quiet):
    def factory():
        plain, one = Plain(), Service()
        one.keeps = plain
        big = [Plain() for _ in range(50)]
        for a, b in zip(big, big[1:] + big[:1], strict=True):
            a.next = b
        return plain

    with pytest.raises(
        AssertionError, match="made a .*Plain that reference counting does not free"
    ) as caught:
        assert_released(factory)
    assert "method Service.go" in str(caught.value)


def test_a_ring_besides_the_object_fails(quiet):
    with pytest.raises(
        AssertionError, match=r"^Owner\(\) left 1 cycle behind: .*Service \.callback"
    ):
        assert_released(Owner)


def test_an_object_that_something_holds_fails_with_the_chain(quiet, registry):
    def factory():
        registry["it"] = Plain()
        return registry["it"]

    with pytest.raises(AssertionError) as caught:
        assert_released(factory)
    name = "test_an_object_that_something_holds_fails_with_the_chain.<locals>.factory()"
    assert str(caught.value) == (
        f"{name} made a {__name__}.Plain that is still held when it is dropped: "
        f"sys.modules[{__name__!r}].REGISTRY['it']"
    )


def test_an_object_in_a_variable_of_the_caller_is_held(quiet):
    mine = []

    def factory():
        mine.append(Plain())
        return mine[0]

    with pytest.raises(AssertionError, match="is still held when it is dropped:") as caught:
        assert_released(factory)
    assert "cell mine" in str(caught.value) or "local mine" in str(caught.value)


def test_an_untracked_object_that_something_holds_fails_with_its_holders(quiet, registry):
    registry["tracked"] = []  # up to 3.13 the collector does not see a dict of strings
    registry["text"] = "x" * (100 + len(registry))
    with pytest.raises(
        AssertionError, match="made a str that is still held when it is dropped:"
    ) as caught:
        assert_released(lambda: registry["text"])
    assert "['text']" in str(caught.value)


def test_a_finalizer_that_brings_it_back_fails(quiet, registry):
    with pytest.raises(
        AssertionError, match=r"^Ghost\(\) made a .*Ghost that its finalizer has brought back$"
    ):
        assert_released(Ghost)
    assert type(registry["ghost"]) is Ghost


def test_articles():
    from gcscope.model.phrases import with_article

    assert [with_article(name) for name in ("int", "list", "app.Node", "")] == [
        "an int",
        "a list",
        "an app.Node",
        "a ",
    ]


async def coroutine_factory():
    return Plain()


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        (
            Plain(),
            r"takes a function that makes an object, and calls it, not an object of type 'Plain'",
        ),
        (coroutine_factory, "the body of an async function does not run by that"),
        (
            lambda: None,
            "returned None, which is never freed: let it return the object that it makes",
        ),
    ],
)
def test_misuse_of_assert_released(quiet, factory, message):
    with pytest.raises(TypeError, match=message):
        assert_released(factory)
    assert not gc.isenabled()


def test_what_the_factory_raises_passes_through(quiet):
    def factory():
        ring()
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        assert_released(factory)
    assert not gc.isenabled()


def test_a_collection_in_the_factory_loses_nothing(quiet):
    def factory():
        ring()
        gc.collect()
        return Service()

    with pytest.raises(AssertionError, match=r"note: 1 collection inside took 2 of the 5 objects"):
        assert_released(factory)


@pytest.mark.parametrize("enabled", [True, False])
def test_exhausted_memory(starving, enabled):
    """At each growth of each pass, before the block and after it.

    Automatic collection is put back.
    """
    code = f"""
import gc, gcscope
from gcscope import _core
class Plain: pass
def ring():
    one = Plain(); one.me = one
gcscope.watch().__enter__
gcscope.assert_no_cycles(list)
gcscope.assert_released(list)
gc.{"enable" if enabled else "disable"}()
def check():
    assert gc.isenabled() is {enabled}
def begin():
    with gcscope.watch(older=True):
        _core.fail_after(-1)
def block(starve, error=None):
    with gcscope.watch() as watched:
        ring()
        starve()
        if error is not None:
            raise error
    return watched
before, _ = each_growth(begin, check)
after, watched = each_growth(block, check, inside=True)
for at in range(after):
    try:
        block(lambda: _core.fail_after(at), KeyError())
    except KeyError:
        after -= 1
        check()
    _core.fail_after(-1)
def held(starve):
    starve()
    box.append([])
    return box[-1]
def kept(starve):
    starve()
    ring()
    return []
def released(starve):
    try:
        gcscope.assert_released(lambda: factory(starve))
    except AssertionError:
        return True
stages = 0
for factory in (held, kept):
    box = []
    failed, is_told = each_growth(released, check, inside=True)
    assert is_told
    stages += failed
assert watched.report.objects >= 1 and stages > 20, stages
assert before > 3 and after == 0, (before, after)
"""
    starving(code)


def test_the_word_leaves_no_trash(python):
    code = """
import gc
gc.collect(); gc.disable()
import gcscope
def ring():
    one = []
    one.append(one)
gcscope.watch, gcscope.assert_no_cycles
with gcscope.watch() as watched:
    pass
assert not watched.report, watched.report
try:
    gcscope.assert_no_cycles(ring)
except AssertionError as error:
    text = str(error)
assert left() == 1, gcscope.garbage()
"""
    done = python("-c", LEFT_SOURCE + code)
    assert done.code == 0, done
    assert _core.last_scan().nodes > 0


def test_an_exception_of_the_block_goes_before_one_of_the_end(quiet):
    for error in (KeyError, MemoryError):
        try:
            with pytest.raises(error), gcscope.watch():
                ring()
                _core.fail_after(0)
                if error is KeyError:
                    raise KeyError
        finally:
            _core.fail_after(-1)


def test_a_failure_that_is_kept_leaves_nothing_on(quiet):
    """As pytest keeps one: its traceback has the frames of the words."""

    def fail():
        raise KeyError

    def blocks():
        with watch():
            fail()

    callbacks, tables, kept = list(gc.callbacks), _core.journal_status().fate_tables, []
    for word in (
        blocks,
        lambda: assert_no_cycles(fail),
        lambda: assert_released(fail),
        lambda: assert_released(lambda: None),
        lambda: gcscope.trial(fail),
    ):
        with pytest.raises((KeyError, TypeError)) as failed:
            word()
        kept.append(failed)
        assert gc.callbacks == callbacks and _core.journal_status().fate_tables == tables


def test_classes_that_were_replaced_fail_nothing(python):
    code = """
import gcscope
def better(cls):
    return Better
class Better:
    pass
def block():
    exec("@better\\nclass Point:\\n    x = 1\\n", globals())
gcscope.assert_no_cycles(block)
with gcscope.watch() as watched:
    block()
assert watched.report.types["type"] == 1
with gcscope.assert_no_cycles():
    block()
gcscope.assert_released(lambda: block() or [])
"""
    done = python("-c", code)
    assert done.code == 0, done
