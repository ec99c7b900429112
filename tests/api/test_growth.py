"""growth and assert_no_growth: what is longer after every round, and nothing else."""

import asyncio
import collections
import functools
import gc
import sys
import threading
import time
import tracemalloc
import types

import pytest

from gcscope import Growth, _core, assert_no_growth, growth
from gcscope.explain.growth import common_path, form_of, steps_of
from support import FREE_THREADED

HAS_WATCHERS = sys.version_info >= (3, 12)


class Entry:
    pass


class Listeners(list):
    pass


class Registry(dict):
    pass


class Session:
    def __init__(self):
        self.listeners = []


@pytest.fixture
def app():
    """A module for containers, as a program has it."""
    module = types.ModuleType("grown_app")
    module.count = 0
    sys.modules["grown_app"] = module
    yield module
    del sys.modules["grown_app"]


def only(found):
    """The one grower there is."""
    (grower,) = found.growers
    return grower


# ------------------------------------------------------------------------ containers


def append(container, entry):
    if isinstance(container, dict):
        container[len(container)] = entry
    elif isinstance(container, set):
        container.add(entry)
    else:
        container.append(entry)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (list, "list"),
        (dict, "dict"),
        (set, "set"),
        (collections.deque, "collections.deque"),
        (collections.OrderedDict, "collections.OrderedDict"),
        (collections.Counter, "collections.Counter"),
        (functools.partial(collections.defaultdict, list), "collections.defaultdict"),
        (Listeners, f"{__name__}.Listeners"),
        (Registry, f"{__name__}.Registry"),
        (type("Group", (set,), {}), f"{__name__}.Group"),
        (type("Line", (collections.deque,), {}), f"{__name__}.Line"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_kind_of_container(app, make, name):
    app.kept = make()
    found = growth(lambda: append(app.kept, Entry()), times=5, rounds=3)
    grower = only(found)
    assert grower.path == "grown_app.kept" and grower.type == name
    assert grower.per_call == 1.0 and grower.length == 1 + 5 * 4 and grower.containers == 1
    assert 40 < grower.bytes_per_call < 400
    assert (found.times, found.rounds, found.types, found.notes) == (5, 4, {}, ())
    assert found and Growth.from_json(found.to_json()) == found


def test_a_dict_of_strings_which_is_untracked_up_to_3_13(app):
    app.cache = {}

    def page():
        app.count += 1
        app.cache[f"page {app.count}"] = b"x" * 5000

    grower = only(growth(page))
    assert gc.is_tracked(app.cache) is (sys.version_info >= (3, 14))
    assert grower.path == "grown_app.cache" and grower.per_call == 1.0
    assert 5000 < grower.bytes_per_call < 5250


def test_a_local_variable_is_found():
    def work():
        kept.append(None)

    kept = []
    grower = only(growth(work))
    assert "kept" in grower.path and grower.length == 101 and len(kept) == 101


def test_the_attributes_of_an_instance(app):
    app.one = Entry()
    app.one.__dict__["first"] = 1

    def set_another():
        setattr(app.one, f"name{len(vars(app.one))}", 1)

    grower = only(growth(set_another))
    assert grower.path == "grown_app.one.__dict__" and grower.type == "dict"


def test_what_a_thread_keeps_for_itself(app):
    app.local = threading.local()
    app.local.entries = []
    grower = only(growth(lambda: app.local.entries.append(Entry())))
    assert grower.path == "grown_app.local.entries"


def test_what_is_frozen_is_looked_at(python):
    done = python(
        "-c",
        "import gc, gcscope\n"
        "kept = {'first': object()}\n"
        "gc.freeze()\n"
        "print([g.path for g in gcscope.growth(lambda: kept.update({object(): 1})).growers])",
    )
    assert done.out == "['__main__.kept']\n", done


# --------------------------------------------------------------------- what is no grower


def silent(func, **numbers):
    found = growth(func, **numbers)
    assert found.growers == (), found
    return found


def test_a_cache_that_fills_up_and_stops(app):
    app.cache = {}

    def ask():
        app.count += 1
        if len(app.cache) < 60:
            app.cache[app.count] = Entry()

    assert silent(ask).types == {}
    assert len(app.cache) == 60


def test_a_cache_that_throws_out_the_oldest(app):
    app.cache = collections.OrderedDict()

    def ask():
        app.count += 1
        app.cache[app.count] = Entry()
        if len(app.cache) > 7:
            app.cache.popitem(last=False)

    silent(ask)


def test_a_container_that_goes_up_and_down(app):
    app.kept = []

    def work():
        app.count += 1
        app.kept.append(1)
        if app.count % 41 == 0:
            app.kept.clear()

    silent(work)


def test_containers_that_are_made_and_dropped():
    silent(lambda: [[] for _ in range(100)])


def test_another_container_at_the_address_is_not_the_same():
    """As often as the allocator gives the address of the old one to the new one, but for one."""
    kept = {}

    def replace(length=[0]):  # noqa: B006 - it is to last
        length[0] += 1
        kind = dict if length[0] % 20 else set
        kept.clear()
        kept["it"] = kind.fromkeys(range(length[0])) if kind is dict else set(range(length[0]))

    silent(replace)


def test_the_entries_of_weak_containers_are_kept_elsewhere(app):
    import weakref

    app.kept, app.seen = [], weakref.WeakSet()

    def work():
        entry = Entry()
        app.seen.add(entry)
        app.kept.append(entry)

    grower = only(growth(work))
    assert grower.path == "grown_app.kept"
    assert grower.bytes_per_call > 120  # the entry, its weak reference, its place


def test_classes_that_are_made_are_told_and_not_the_list_of_subclasses(app):
    app.kinds = []
    grower = only(growth(lambda: app.kinds.append(type("Kind", (Entry,), {})), times=3))
    assert grower.path == "grown_app.kinds" and grower.bytes_per_call > 800


# -------------------------------------------------------------------------- together


def test_many_small_lists_are_one_grower(app):
    app.registry = {f"user {n}": Session() for n in range(50)}

    def notify():
        app.count += 1
        for session in app.registry.values():
            session.listeners.append(app.count * 1000)

    grower = only(growth(notify, times=5))
    assert grower.path == "grown_app.registry[*].listeners" and grower.containers == 50
    assert grower.per_call == 50.0 and grower.length == 50 * 26 and grower.type == "list"


def test_lists_that_take_turns_are_one_grower(app):
    """None of them grows in every round."""
    app.registry = [Session() for _ in range(200)]

    def notify():
        app.count += 1
        app.registry[app.count % 200].listeners.append(Entry())

    grower = only(growth(notify, times=5))
    assert grower.path == "grown_app.registry[*].listeners"
    assert grower.containers == 25 and grower.per_call == 1.0


def test_few_are_told_one_by_one(app):
    app.registry = {"a": [], "b": []}

    def work():
        for kept in app.registry.values():
            kept.append(1)

    found = growth(work)
    assert {grower.path for grower in found.growers} == {
        "grown_app.registry['a']",
        "grown_app.registry['b']",
    }
    assert len({grower.fingerprint for grower in found.growers}) == 2


def test_entries_that_go_back_and_forth_are_no_growth(app):
    app.queues = [list(range(1000, 1100)), list(range(1000, 1100))]

    def work():
        app.count += 1
        to = app.count // 20 % 2
        app.queues[to].append(app.queues[1 - to].pop())

    silent(work)


def test_one_that_grew_once_is_not_told_beside_one_that_grows_on(app):
    app.registry = {"a": [], "b": []}

    def work():
        app.count += 1
        app.registry["a"].append(1)
        if app.count == 30:
            app.registry["b"].append(1)

    assert only(growth(work)).path == "grown_app.registry['a']"


def test_what_something_else_holds_is_no_part_of_the_bytes(app):
    app.kept, names = [], tuple(f"name {n} " * 100 for n in range(200))

    def work():
        app.count += 1
        app.kept.append(names[app.count])

    assert only(growth(work)).bytes_per_call < 40


def test_the_largest_comes_first(app):
    app.small, app.large = [], []

    def work():
        app.small.append(Entry())
        app.large.append(bytes(10_000))

    found = growth(work, times=5)
    assert [grower.path for grower in found.growers] == ["grown_app.large", "grown_app.small"]


def test_paths_that_differ():
    assert common_path(["a.b['x'].c[0]", "a.b['y]'].c[0]"]) == "a.b[*].c[0]"
    assert common_path(["a.b", "a.b"]) == "a.b"
    assert common_path(["a[1].b", "a[2].b.c"]) == "a[1].b"
    assert steps_of("a['[x\\'].']['k'].l[(1, 2)][3]") == [
        "a",
        "['[x\\'].']",
        "['k']",
        ".l",
        "[(1, 2)]",
        "[3]",
    ]
    assert form_of("a['k'][3].b[(1, 'x')]") == "a['k'][*].b[*]"


def test_indexes_are_no_part_of_the_fingerprint(app):
    app.lists = [[], []]
    first = only(growth(lambda: app.lists[0].append(1), times=2))
    second = only(growth(lambda: app.lists[1].append(1), times=2))
    assert first.path != second.path and first.fingerprint == second.fingerprint


# ----------------------------------------------------------------------------- types


class Node:
    def __init__(self, before):
        self.before = before


def test_types_that_grow_in_no_container(app):
    app.head = None

    def work():
        app.head = Node(app.head)

    found = silent(work)
    assert found.types == {f"{__name__}.Node": 1.0} and not found
    (grown,) = found.grown_types
    assert grown.path.startswith("grown_app.head")
    assert f"{__name__}.Node   +1 per call" in str(found)
    assert_no_growth(work)


def test_garbage_is_told_as_such(quiet):
    def ring():
        node = Node(None)
        node.before = node

    found = silent(ring, times=5, rounds=2)
    assert [(grown.per_call, grown.path) for grown in found.grown_types] == [(1.0, None)]
    assert "nothing keeps it: the collector has yet to free it" in str(found)


def test_types_in_a_container_that_grows_are_its_own(app):
    app.kept = []
    found = growth(lambda: app.kept.append({"entry": Entry()}))
    assert only(found) and found.types == {}


# ----------------------------------------------------------------------- filled at


def fill(app):
    app.cache[object()] = Entry()  # this line


def line_of(text):
    with open(__file__, encoding="utf-8") as source:
        return next(n for n, line in enumerate(source, 1) if line.rstrip().endswith(text))


@pytest.mark.skipif(not HAS_WATCHERS, reason="dict watchers came with 3.12")
def test_a_dict_tells_where_it_is_filled(app):
    app.cache = {}
    grower = only(growth(fill, app))
    assert grower.filled_at.endswith(f"test_growth.py:{line_of('# this line')}")
    assert not grower.is_birth and f"filled at {grower.filled_at}" in str(grower)


@pytest.mark.skipif(not HAS_WATCHERS, reason="dict watchers came with 3.12")
def test_the_standard_library_is_passed_over(app):
    import weakref

    app.cache = weakref.WeakKeyDictionary()
    app.keys = []

    def work():
        app.keys.append(Entry())
        app.cache[app.keys[-1]] = Node(None)  # in weakref.py

    found = growth(work)
    filled = {grower.path: grower.filled_at for grower in found.growers}
    assert filled["grown_app.cache.data"].endswith(f"test_growth.py:{line_of('# in weakref.py')}")


def test_without_a_way_to_know_the_text_says_how_to_learn_it(app):
    app.kept = []
    found = growth(lambda: app.kept.append(Entry()))
    assert only(found).filled_at is None
    assert "`python -X tracemalloc` tells where the newest entry was made" in str(found)


def make_entry():
    return ["an entry"]  # born here


def test_tracemalloc_tells_where_the_newest_entry_was_made(app):
    app.kept = []
    tracemalloc.start()
    try:
        grower = only(growth(lambda: app.kept.append(make_entry())))
    finally:
        tracemalloc.stop()
    assert grower.is_birth and grower.filled_at.endswith(f"test_growth.py:{line_of('# born here')}")
    assert "its newest entry was made at" in str(grower)


WATCHERS = """
import _testcapi, gcscope
kept = {}
def work():
    kept[object()] = 1
def told():
    found = gcscope.growth(work, times=3)
    return found.growers[0].filled_at, found.notes
def take_all():
    ids = []
    while True:
        try:
            ids.append(_testcapi.add_dict_watcher(0))
        except RuntimeError:
            return ids
"""


@pytest.mark.skipif(not HAS_WATCHERS, reason="dict watchers came with 3.12")
def test_watchers_are_given_back_and_their_want_is_told(python):
    pytest.importorskip("_testcapi")
    done = python(
        "-c",
        f"{WATCHERS}\n"
        "told()\n"
        "first = take_all()\n"
        "print(len(first), told())\n"
        "for id in first: _testcapi.clear_dict_watcher(id)\n"
        "print(told())\n"
        "print(len(take_all()) == len(first))",
    )
    lines = done.out.splitlines()
    assert "(None, ('where dicts are filled could not be watched: all eight dict" in lines[0], done
    assert lines[1].endswith("', ())") and ":5'" in lines[1] and lines[2] == "True", done


@pytest.mark.skipif(not HAS_WATCHERS, reason="dict watchers came with 3.12")
@pytest.mark.parametrize("how", ["raise KeyboardInterrupt", "gone.append(1)"])
def test_an_interrupted_word_gives_its_watcher_back(python, how):
    pytest.importorskip("_testcapi")
    done = python(
        "-c",
        f"{WATCHERS}\n"
        "gone = []\n"
        "before = take_all()\n"
        "for id in before: _testcapi.clear_dict_watcher(id)\n"
        "def interrupted():\n"
        "    work()\n"
        "    if len(kept) > 1 + 3 * 4:\n"
        f"        {how}\n"
        "try:\n"
        "    gcscope.growth(interrupted, times=3)\n"
        "except KeyboardInterrupt as error:\n"
        "    kept_error = error\n"
        "print(take_all() == before)",
    )
    assert done.out == "True\n", done


@pytest.mark.skipif(not HAS_WATCHERS, reason="dict watchers came with 3.12")
def test_a_dict_that_is_freed_while_it_is_watched(app):
    app.cache, app.other = {}, {}

    def work():
        app.count += 1
        app.cache[app.count] = app.other[app.count] = Entry()
        if app.count == 1 + 3 * 4 + 2:
            del app.cache
            app.cache = {}

    found = growth(work, times=3)
    assert only(found).path == "grown_app.other"


@pytest.mark.skipif(not HAS_WATCHERS, reason="dict watchers came with 3.12")
def test_one_inside_the_other(app):
    app.outer, app.inner = {}, {}
    inner = []

    def work():
        app.outer[object()] = 1  # outer line
        if len(app.outer) == 1 + 2 * 4 + 1:
            inner.append(growth(work_inner, times=2))

    def work_inner():
        app.inner[object()] = app.outer[object()] = 1  # inner line

    outer = growth(work, times=2)
    filled = {grower.path: grower.filled_at for grower in inner[0].growers}
    assert all(place.endswith(f":{line_of('# inner line')}") for place in filled.values())
    assert outer.growers[0].path == "grown_app.outer" and outer.growers[0].filled_at


# --------------------------------------------------------------- as a guest of the program


def test_an_exception_of_the_function_passes_through(app):
    def work():
        app.count += 1
        if app.count == 30:
            raise LookupError("from within")

    with pytest.raises(LookupError, match="from within"):
        growth(work)
    assert app.count == 30


def test_a_function_that_fails_at_once():
    with pytest.raises(ZeroDivisionError):
        growth(lambda: 1 // 0)


def test_how_often_the_function_is_called(app):
    def work(one, *, two):
        assert (one, two) == (1, 2)
        app.count += 1

    growth(work, 1, two=2, times=3, rounds=2)
    assert app.count == 1 + 3 * 2 + 3


def test_nothing_is_kept_and_no_trash_is_left(app, quiet):
    app.kept = []

    def work():
        app.kept.append(Entry())

    growth(work, times=2)  # whatever is loaded on the way
    gc.collect()
    count = _core.refcount(work)
    gc.collect()
    found = growth(work, times=2)
    assert gc.collect() == 0
    assert _core.refcount(work) == count and only(found)


def test_collection_goes_on(app):
    assert gc.isenabled()
    before = gc.get_stats()[0]["collections"]
    growth(lambda: [[] for _ in range(3000)] and [[]] * 5 and None, times=5)
    # without a GIL what is freed is subtracted, and some versions wait until memory has grown, too
    assert gc.isenabled() and (FREE_THREADED or gc.get_stats()[0]["collections"] > before)


def test_other_threads_may_grow_meanwhile(app):
    app.kept, stop = [], threading.Event()

    def fill_on():
        while not stop.is_set():
            app.kept.append(Entry())
            time.sleep(0.0001)

    thread = threading.Thread(target=fill_on)
    thread.start()
    try:
        found = growth(time.sleep, 0.002, times=5)
    finally:
        stop.set()
        thread.join()
    assert "grown_app.kept" in [grower.path for grower in found.growers]


# ----------------------------------------------------------------------- live traffic


def test_a_block_with_rounds(app):
    app.kept, app.once = [], []
    with growth() as watched:
        for number in range(4):
            app.kept.extend([Entry() for _ in range(5)])
            if number == 1:
                app.once.append(1)
            watched.round()
    grower = only(watched.report)
    assert grower.path == "grown_app.kept" and grower.per_call == 5.0 and grower.length == 20
    assert watched.report.times == 0 and watched.report.rounds == 4
    assert "+5 entries, " in str(watched.report) and " per round\n" in str(watched.report)
    assert 200 < grower.bytes_per_call < 900


def test_a_block_without_rounds_is_one(app):
    app.kept = []
    with growth() as watched:
        app.kept.append(Entry())
    assert watched.report.rounds == 1
    assert only(watched.report).bytes_per_call is None


def test_a_block_that_fails(app):
    watched = growth()
    with pytest.raises(LookupError), watched:
        raise LookupError
    with pytest.raises(RuntimeError, match="the report of a growth is there when"):
        watched.report  # noqa: B018
    with watched:
        pass
    assert watched.report.growers == ()


def test_a_block_is_entered_once():
    watched = growth()
    with pytest.raises(RuntimeError, match="has not begun"):
        watched.round()
    with watched, pytest.raises(RuntimeError, match="in use"):
        watched.__enter__()
    with pytest.raises(RuntimeError, match="has not begun"):
        watched.__exit__(None)


# ------------------------------------------------------------------------- wrong use


async def coroutine():
    pass


def generator():
    yield


async def async_generator():
    yield


@pytest.mark.parametrize("word", [growth, assert_no_growth])
def test_what_is_refused(word):
    name = word.__name__
    for func in (coroutine, async_generator, functools.partial(coroutine)):
        with pytest.raises(TypeError, match=rf"^{name}\(\) calls its function, and the body of an"):
            word(func)
    with pytest.raises(TypeError, match="the body of a generator function"):
        word(generator)
    with pytest.raises(TypeError, match=r"not an object of type 'NoneType' \(what a call"):
        word(None)
    with pytest.raises(
        TypeError, match=f"{name}.. takes an int as times, not an object of type 's"
    ):
        word(len, "x", times="3")
    for numbers in ({"times": 0}, {"rounds": 0}, {"rounds": -1}):
        with pytest.raises(ValueError, match="takes at least 1 as"):
            word(len, "x", **numbers)


def test_a_block_takes_no_numbers():
    for arguments in ({"times": 3}, {"rounds": 2}, {"x": 1}):
        with pytest.raises(TypeError, match="for a with block, nothing"):
            growth(**arguments)


def test_a_coroutine_is_run_by_its_loop(app):
    app.kept = []

    async def work():
        app.kept.append(Entry())

    assert only(growth(lambda: asyncio.run(work()), times=2, rounds=2)).path == "grown_app.kept"


# -------------------------------------------------------------------------- asserting


def test_assert_no_growth(app):
    app.kept = []

    def handle():
        app.kept.append(Entry())

    assert_no_growth(Entry)
    with pytest.raises(AssertionError) as failure:
        assert_no_growth(handle, times=5)
    text = str(failure.value)
    head = "test_assert_no_growth.<locals>.handle() grows grown_app.kept by 1 entry per call"
    assert text.startswith(f"{head}\n\n1 container grew in every one of 5 rounds of 5 calls\n")


# --------------------------------------------------------------------------- the core


def test_containers_end_once():
    containers = _core.Containers()
    assert containers.end().rounds == 0
    for call in (containers.round, containers.end):
        with pytest.raises(RuntimeError, match="this Containers has ended"):
            call()
    containers.stop()


def test_a_list_of_more_than_32_rounds(app):
    app.kept, app.late = [], []
    with growth() as watched:
        for number in range(40):
            app.kept.append(1)
            if number > 20:
                app.late.append(1)
            watched.round()
    assert [grower.path for grower in watched.report.growers] == ["grown_app.kept"]


STARVED = """
from gcscope import _core
import types, sys, functools
app = types.ModuleType("app"); sys.modules["app"] = app
app.kept, app.lists, app.strings = [], [[] for _ in range(9)], {}
class Node:
    pass
app.head = None
def work():  # without append, whose own code in a debug build of 3.14 does not survive
    app.kept.extend([[object(), str(len(app.kept))]])
    app.strings[str(len(app.strings))] = b"x"
    for items in app.lists: items.extend([len(app.kept) * 1000])
    node = Node(); node.before = app.head; app.head = node
@functools.cache
def cached(n): return [n]
def rounds():
    containers = _core.Containers()
    containers.round()
    work(); cached(len(app.kept))
    containers.round(True)
    work(); cached(len(app.kept))
    containers.round()
    return containers.end()
assert len(rounds().containers) >= 4
"""


def test_starved_of_raw_memory(starving):
    starving(f"{STARVED}\nfailures, found = each_growth(rounds)\nassert failures > 30, failures\n")


@pytest.mark.skipif(
    FREE_THREADED, reason="a list display of a free-threaded build crashes without memory"
)
def test_starved_of_pythons_memory(starving):
    pytest.importorskip("_testcapi")
    starving(f"{STARVED}\nassert each_allocation(rounds) > 5\n")


def test_the_same_program_gives_the_same_answer(python):
    code = (
        "import gcscope\n"
        "class Session: pass\n"
        "registry = {n: Session() for n in range(20)}\n"
        "cache = {}\n"
        "for s in registry.values(): s.items = []\n"
        "del s\n"
        "def work():\n"
        "    cache[str(len(cache))] = 'x' * len(cache)\n"
        "    for s in registry.values(): s.items.append(len(cache) * 1000)\n"
        "print(gcscope.growth(work).to_json())"
    )
    answers = {python("-c", code, env={"PYTHONHASHSEED": str(seed)}).out for seed in range(4)}
    assert len(answers) == 1 and "__main__.registry[*].items" in answers.pop()


class Ring:
    pass


def leave_a_ring():
    ring = Ring()
    try:
        raise ValueError(ring)
    except ValueError as error:
        ring.failure = error


@pytest.mark.parametrize("as_block", [False, True])
def test_nothing_keeps_types_that_grow_in_rings(quiet, as_block):
    """Not what is asked about, either: objects of other types of the same rings."""
    if as_block:
        with growth() as watched:
            for _ in range(4):
                leave_a_ring()
                watched.round()
        found = watched.report
    else:
        found = growth(leave_a_ring, times=2)
    paths = {grown.type: grown.path for grown in found.grown_types}
    ring = {f"{__name__}.Ring", "ValueError", "frame", "traceback"}
    assert ring <= paths.keys() and not [paths[name] for name in ring if paths[name] is not None]
