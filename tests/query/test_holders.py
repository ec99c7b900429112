"""holders: every reference is named or unexplained, and the sum is the reference count."""

import collections
import contextvars
import functools
import gc
import operator
import sys
import threading
import tracemalloc
import weakref

import pytest

import gcscope
from gcscope import Person, _core, holders, refcount
from specimens.objects import PLAIN, Plain, evil, trash_with_a_finalizer, world
from specimens.zoo import BORROWS, ZOO
from support import FREE_THREADED

pytestmark = pytest.mark.usefixtures("thawed")

# ------------------------------------------------------------------------- the zoo


def seen(one):
    """Who owns the object in the list, the list itself left out, and how many references are
    unexplained.
    """
    count = refcount(one[0])
    told = holders(one[0])
    owned = collections.Counter(
        (holder.type, holder.name, holder.label) for holder in told.named if holder.owned
    )
    assert told.refcount == count == owned.total() + told.unexplained, told
    return owned - collections.Counter([("list", None, "[0]")]), told.unexplained


@pytest.mark.parametrize("name", ZOO)
@pytest.mark.thread_unsafe(reason="some specimens are in places of which the process has one")
def test_the_zoo(quiet, name):
    one = [None]
    held = ZOO[name](one)
    told = next(held)
    owned, unexplained = told if isinstance(told, tuple) else (told, 0)
    assert seen(one) == (collections.Counter(owned), unexplained)
    next(held, None)


@pytest.mark.parametrize(
    ("container", "label"),
    [
        (lambda thing: [0, thing], "[1]"),
        (lambda thing: (thing,), "[0]"),
        (lambda thing: {"k": thing}, "['k']"),
        (lambda thing: {thing}, " (an element)"),
        (lambda thing: frozenset([thing]), " (an element)"),
        (lambda thing: collections.deque([thing]), None),  # that is an object of its own
        (lambda thing: [[thing]], None),  # and of what is farther on there is no end
    ],
)
def test_a_container_is_called_by_the_variable_of_a_module(quiet, monkeypatch, container, label):
    thing = Plain()
    monkeypatch.setitem(globals(), "of_this_module", container(thing))
    told = holders(thing)
    found = [(h.type, h.name, h.label) for h in told.named if h.type != "frame"]
    if label is None:
        assert [kind for kind, _, _ in found] in (["collections.deque"], ["list"])
    else:
        assert [(kind, name) for kind, name, _ in found] == [("module", HERE)]
        assert found[0][2] == f".of_this_module{label}"
    assert told.unexplained == 0


def test_many_containers_keep_their_own_names(quiet, monkeypatch):
    thing = Plain()
    monkeypatch.setitem(globals(), "of_this_module", [thing])
    others = []
    for _ in range(100):
        others.append([thing])
    told = holders(thing)
    assert {h.type for h in told.named} == {"list", "frame", "module"}
    assert [h.label for h in told.named if h.type == "module"] == [".of_this_module[0]"]
    assert told.unexplained == 0 and len(others) == 100
    assert "  list  [0]  (100 references)\n" in str(told)


LARGE = "bytes(range(256)) * 4000"


def test_bytes_in_a_dict_of_a_module(python):
    """Up to 3.13 the collector does not track such a dict."""
    code = f"""
from gcscope import holders, retained, why_alive
CACHE = {{}}
data = CACHE.setdefault("a", {LARGE})
told = holders(data)
assert "  module __main__  .CACHE['a']\\n" in str(told) and told.unexplained == 0, told
assert told.refcount == 2 and [h.label for h in told.named] == [".CACHE['a']", ".data"]
del data
chain = why_alive(CACHE["a"])
assert str(chain) == "sys.modules['__main__'].CACHE['a']", chain
print("told")
"""
    done = python("-c", code)
    assert done.code == 0 and done.out == "told\n", done


def test_what_is_held_by_untracked_objects_alone(quiet):
    text = "x" * len(ZOO)
    nested = (1, (2, (3, text)))
    slices = slice(None, "y" * len(ZOO))
    for _ in range(4):
        gc.collect()
    assert not gc.is_tracked(nested)
    del text
    one = [nested[1][1]]
    told = holders(one[0][1])
    assert [(h.type, h.label) for h in told.named] == [("tuple", "[1]")]
    assert told.refcount == 1 and told.unexplained == 0
    told = holders(slices.stop)
    assert [(h.type, h.label) for h in told.named] == [("slice", ".stop")] and not told.unexplained


def test_strings_that_code_and_keys_hold(quiet):
    def function():
        return b"some constant of this function"

    place = len(function.__code__.co_consts) - 1
    told = holders(function.__code__.co_consts[place])
    name = "test_strings_that_code_and_keys_hold.<locals>.function"
    if FREE_THREADED:  # where each constant is immortal, and who has such a one is not asked
        assert "immortal" in str(told)
    else:
        found = {(h.type, h.name, h.label) for h in told.named}
        assert ("code", name, f".co_consts[{place}]") in found
    holder = {"k" * len(ZOO): None}
    told = holders(*holder)
    assert ("dict", None, "a key") in {(h.type, h.name, h.label) for h in told.named}


def names_of(told):
    return sorted((h.type, h.name, h.label) for h in told.named)


@pytest.mark.parametrize("limit", [None, 128])
def test_what_an_lru_cache_holds(quiet, limit):
    class Doc:
        @functools.lru_cache(limit)  # noqa: B019
        def render(self, kind):
            return [self]

    one = [Doc()]
    made = one[0].render("html")
    cache = (
        "functools._lru_cache_wrapper",
        f"{test_what_an_lru_cache_holds.__name__}.<locals>.Doc",
    )
    told = holders(one[0])
    expected = [
        (cache[0], f"{cache[1]}.render", f"a cached {what}[0]") for what in ("key", "result")
    ]
    assert names_of(told) == [*expected, ("list", None, "[0]")]
    assert f"functools.lru_cache of {cache[1]}.render  a cached key[0]" in str(told)
    assert told.unexplained == 0
    told = holders(made)
    assert (cache[0], f"{cache[1]}.render", "a cached result") in names_of(told)


def test_what_a_class_has_of_its_own(quiet):
    class Own:
        __slots__ = ("__dict__", "a")

        def method(self):
            return __class__

    class Derived(Own):
        pass

    told = holders(Own)
    kind = f"{HERE}.test_what_a_class_has_of_its_own.<locals>"
    of_classes = [(h.name, h.label) for h in told.named if h.type == "type"]
    assert (f"{kind}.Own", ".__mro__[0]") in of_classes
    assert (f"{kind}.Own", ".a.__objclass__") in of_classes
    for label in (".__base__", ".__bases__[0]", ".__mro__[1]"):
        assert (f"{kind}.Derived", label) in of_classes
    assert not {h.type for h in told.named} & {"tuple", "getset_descriptor", "member_descriptor"}


@pytest.mark.parametrize("others", [0, 5, 100])
def test_what_a_context_variable_has(quiet, others):
    variable = contextvars.ContextVar("tenant")
    more = [contextvars.ContextVar(f"v{n}") for n in range(others)]
    one = [Plain()]
    context = contextvars.copy_context()
    for each in more:
        context.run(each.set, [])
    context.run(variable.set, one[0])
    copy = context.copy()
    told = holders(one[0])
    label = "[ContextVar 'tenant']"
    assert names_of(told) == [("_contextvars.Context", None, label), ("list", None, "[0]")]
    chain = gcscope.why_alive(one[0], ignore=one)
    assert [link.label for link in chain.links][-2:] == [label, ""]
    del context, copy


def test_names_of_many_holders(quiet):
    def closure(captured):
        return lambda: captured

    one = [Plain()]
    functions = [closure(one[0]) for _ in range(100)]
    things = [Plain() for _ in range(100)]
    for n, thing in enumerate(things):
        vars(thing)[f"k{n}"] = one[0]
    told = holders(one[0])
    assert told.refcount == len(told.named) == 201 and told.unexplained == 0
    cells = [h for h in told.named if h.label == "cell captured"]
    assert len(cells) == 100 and {h.type for h in cells} == {"function"}
    assert {h.label for h in told.named if h.type == PLAIN} == {f".k{n}" for n in range(100)}
    assert functions and things


MANY = 300_000
SLACK = 8 * MANY // 8 if FREE_THREADED else 0  # by which a list that is appended to is longer

# Very many references -> how they are told.
HELD_OFTEN = {
    "one list": (lambda thing: [thing] * MANY, "list  [*]"),
    "one dict": (lambda thing: dict.fromkeys(range(MANY), thing), "dict  [*]"),
    "lists": (lambda thing: [[thing] for _ in range(MANY)], "list  [0]"),
}


@pytest.mark.parametrize("way", HELD_OFTEN)
@pytest.mark.thread_unsafe(reason="the peak is that of all threads")
def test_an_object_that_is_held_very_often(quiet, way):
    """Most of what is made is the tuple of references."""
    make, line = HELD_OFTEN[way]
    one = [Plain()]
    kept = make(one[0])
    tracemalloc.start()
    try:
        told = holders(one[0])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    if way != "lists":  # while tracemalloc runs each of those has a place
        assert len(set(map(id, told.named))) <= 3 and peak < 8 * MANY * 3 + SLACK
    told = holders(one[0])
    assert told.refcount == len(told.named) == MANY + 1 and told.unexplained == 0
    assert len(set(map(id, told.named))) <= 3
    assert f"  {line}  ({MANY if way != 'lists' else MANY + 1:,} references)" in str(told)
    del kept


class Finalized:
    def __init__(self, asked):
        self.asked = asked
        self.me = self

    def __del__(self):
        held, chain = holders(self), gcscope.why_alive(self)
        self.asked.append((held, chain, gcscope.garbage(), gcscope.cycles(self)))
        self.asked.append(self)


def test_an_object_that_is_being_collected(quiet):
    asked = []
    Finalized(asked)
    gc.collect()
    (held, chain, garbage, cycles), revived = asked
    assert held.collecting and chain.collecting
    assert "it is being collected" in str(held) and str(chain).startswith("it is being collected")
    assert held.evidence == () and "perhaps" not in str(held)
    for report in (garbage, cycles):
        assert not report and "a collection is under way" in str(report)
        assert "no cycles" not in str(report) and "nothing is unreachable" not in str(report)
    del asked[:], held, chain
    gc.collect()
    told = holders(revived)
    assert not told.collecting and not gcscope.why_alive(revived).collecting
    assert told.unexplained == 0 and not gcscope.cycles(revived).notes
    assert not gcscope.garbage().notes


def test_a_collection_that_is_about_to_begin(quiet):
    """Then the lists have everything, and the words tell it."""

    def look(phase, info):
        told.append((phase, holders(one[0]).collecting, gcscope.garbage()))

    one, told = [Plain()], []
    trash = Plain()
    trash.me = trash
    del trash
    gc.callbacks.append(look)
    try:
        gc.collect()
    finally:
        gc.callbacks.remove(look)
    assert [phase for phase, _, _ in told] == ["start", "stop"]
    assert not any(collecting for _, collecting, _ in told)
    assert not any(report.notes for _, _, report in told) and told[0][2].objects > 0


def test_a_weakref_callback_of_a_collection(quiet):
    def look(reference):
        told.append(holders(others[0]()) if others[0]() is not None else None)

    told = []
    one, other = Plain(), Plain()
    one.me, other.me, one.other = one, other, other
    kept, others = weakref.ref(one, look), [weakref.ref(other)]
    del one, other
    gc.collect()
    assert len(told) == 1 and kept() is None
    if told[0] is None:
        assert sys.version_info < (3, 15)  # references to all the trash were cleared first
    else:
        # the other one is in no list, and without a GIL the collector itself holds each
        hidden = "2 references" if FREE_THREADED else "1 reference"
        assert told[0].collecting and told[0].unexplained == int(hidden[0])
        assert f"{hidden} that nobody shows: of the same trash, or of C code" in str(told[0])


def test_a_greenlet_that_has_begun(quiet):
    greenlet = pytest.importorskip("greenlet", reason="greenlet is not there")

    def body(mine):
        greenlet.getcurrent().parent.switch()

    one = [greenlet.greenlet(body)]
    one[0].switch(1)
    one[0].note = [Plain()]
    assert gc.is_tracked(one[0]) is FREE_THREADED  # greenlet untracks it for builds with a GIL
    told = holders(one[0])
    assert [(h.type, h.label) for h in told.named] == [("list", "[0]")]
    assert gcscope.why_alive(one[0].note).reachable
    assert gcscope.retained(one[0]).types["greenlet.greenlet"] == 1
    one[0].note.append(one[0])
    assert gcscope.cycles(one[0]).types["greenlet.greenlet"] == 1
    assert any("greenlet.greenlet" in box.title for box in gcscope.draw(one[0]).boxes)
    with pytest.raises(TypeError, match="that the collector tracks"):
        gcscope.draw("text")
    one[0].note.clear()


def test_the_zoo_is_large():
    assert len(ZOO) >= 50


# ------------------------------------------------------------------ callers and frames


def frames_of(told):
    return [(h.name, h.label) for h in told.named if h.type == "frame" and h.owned]


def test_locals_of_running_frames(quiet):
    thing = Plain()
    other = thing
    told = holders(thing)
    name = "test_locals_of_running_frames"
    assert set(frames_of(told)) <= {(name, "local thing"), (name, "local other")}
    assert len(frames_of(told)) == told.refcount == 2 and told.unexplained == 0
    assert other is thing


def through_a_parameter(mine):
    return holders(mine)


def test_a_parameter_owns_or_is_lent(quiet):
    thing = Plain()
    told = through_a_parameter(thing)
    lent = {(h.name, h.label, h.owned) for h in told.named if h.type == "frame"}
    name = "test_a_parameter_owns_or_is_lent"
    assert lent == {("through_a_parameter", "local mine", not BORROWS), (name, "local thing", True)}
    assert told.refcount == (1 if BORROWS else 2) and told.unexplained == 0
    assert ("(lent: not counted)" in str(told)) is BORROWS


HERE = __name__


class Caller:
    look = staticmethod(holders)

    def method(self, mine):
        return holders(mine)

    def __call__(self, mine):
        return holders(mine)


def in_a_generator(one):
    yield holders(one[0])


LIST = ("list", None, "[0]")

# How the word is called -> what owns the object besides the list: some of these, and as many that
# nobody shows.
CALLS = {
    "directly": (lambda one: holders(one[0]), set(), 0),
    "as a static method": (lambda one: Caller.look(one[0]), set(), 0),
    "in a generator": (lambda one: next(in_a_generator(one)), set(), 0),
    "in a comprehension": (lambda one: [holders(box[0]) for box in [one]][0], set(), 0),
    "in a lambda": (lambda one: (lambda: holders(one[0]))(), set(), 0),
    "by map": (lambda one: next(map(holders, one)), set(), 1),
    "by partial": (lambda one: functools.partial(holders, one[0])(), {("tuple", None, "[0]")}, 1),
    "by a star": (
        lambda one: holders(*[one[0]]),
        {("tuple", None, "[0]"), ("frame", "<lambda>", "evaluation stack")},
        0,
    ),
    "by operator": (
        lambda one: operator.call(holders, one[0]),
        {("frame", "<lambda>", "evaluation stack")},
        1,
    ),
    "as a method": (
        lambda one: Caller().method(one[0]),
        {("frame", "Caller.method", "local mine")},
        0,
    ),
    "by calling an instance": (
        lambda one: Caller()(one[0]),
        {
            ("frame", "Caller.__call__", "local mine"),
            ("frame", "<lambda>", "evaluation stack"),
            ("tuple", None, "[0]"),
        },
        1,
    ),
    "by a key function": (
        lambda one: by_a_key_function(one),
        {("frame", "by_a_key_function.<locals>.key", "local mine")},
        1,
    ),
}


def by_a_key_function(one):
    def key(mine):
        told.append(holders(mine))
        return 0

    told = []
    sorted(one, key=key)
    return told[0]


@pytest.mark.parametrize("call", CALLS)
def test_however_it_is_called(quiet, call):
    """What a call holds by itself is named where it can be.

    A caller in C has one reference that nobody shows.
    """
    look, possible, most_unexplained = CALLS[call]
    one = [Plain()]
    told = look(one)
    owned = [(h.type, h.name, h.label) for h in told.named if h.owned]
    assert told.refcount == len(owned) + told.unexplained
    assert owned.count(LIST) == 1 and told.unexplained <= most_unexplained
    assert set(owned) - {LIST} <= possible
    told = holders(one[0])
    assert told.refcount == 1 and told.unexplained == 0


@pytest.mark.parametrize("how", [sys.settrace, sys.setprofile, threading.settrace])
@pytest.mark.parametrize("reads", [False, True])
@pytest.mark.parametrize("goes_on", [False, True])
def test_under_a_tracer(quiet, how, reads, goes_on):
    """A debugger reads f_locals.

    Up to 3.12 a dict with all variables, those of the word itself too.
    """

    def tracer(frame, event, argument):
        if reads:
            frame.f_locals  # noqa: B018
        return tracer if goes_on else None

    def trash():
        thing = Plain()
        thing.me = thing
        return weakref.ref(thing)

    one, reference = [Plain()], trash()
    before = sys.gettrace()
    how(tracer)
    try:
        told = holders(one[0])
        chain = gcscope.why_alive(reference())
    finally:
        how(before if how is sys.settrace else None)
    assert told.refcount == 1 and told.unexplained == 0
    assert [(h.type, h.label) for h in told.named] == [("list", "[0]")]
    assert not chain.reachable


def test_a_function_that_runs_and_its_own_code(quiet):
    def running():
        return holders(running), holders(running.__code__)

    mine, code = running()
    name = "test_a_function_that_runs_and_its_own_code.<locals>.running"
    assert {(h.type, h.name, h.label) for h in mine.named} == {
        ("frame", name, "its function"),
        ("function", name, "cell running"),
    }
    assert mine.unexplained == 0
    assert {("frame", name, ".f_code"), ("function", name, ".__code__")} <= {
        (h.type, h.name, h.label) for h in code.named
    }
    assert code.unexplained in (0, 1)  # the constants of the enclosing code: untracked up to 3.12


@pytest.mark.thread_unsafe(reason="other threads call it, too")
def test_the_word_itself_and_its_core(whole_heap, quiet):
    """Its own running frame does not count."""
    n = refcount(holders)
    told = holders(holders)
    assert told.refcount == n and told.unexplained == 0
    assert not frames_of(told)
    n = refcount(_core)
    told = holders(_core)
    assert told.refcount == n and told.unexplained == 0


def test_a_running_generator(quiet):
    def generate():
        mine = Plain()
        yield holders(mine), holders(generator)

    generator = generate()
    of_local, of_generator = next(generator)
    name = "test_a_running_generator.<locals>.generate"
    assert [(h.type, h.name, h.label) for h in of_local.named] in (
        [("generator", name, "local mine")],
        [("frame", name, "local mine")],
    )
    assert of_local.unexplained == 0 and of_local.refcount == 1
    # the stack of this function, from which it was called
    assert of_generator.unexplained in (
        0,
        1,
    )
    assert ("function", name, "cell generator") in {
        (h.type, h.name, h.label) for h in of_generator.named
    }


def test_an_exception_that_is_being_handled(quiet):
    try:
        raise ValueError
    except ValueError as error:
        told = holders(error)
        chain = gcscope.why_alive(error.__traceback__)
    assert ("thread", None, "the exception being handled") in {
        (h.type, h.name, h.label) for h in told.named
    }
    assert told.unexplained == 0 and "thread  the exception being handled" in str(told)
    assert (chain.root, chain.links[0].type) in [("frame", "thread"), ("frame", "frame")]


def test_class_bodies_and_exec(quiet):
    seen_there = {}

    class Body:
        a = Plain()
        seen_there["class"] = holders(a)

    exec("x = make(); seen['exec'] = look(x)", {"make": Plain, "seen": seen_there, "look": holders})
    assert [(h.type, h.label) for h in seen_there["class"].named] == [("dict", "['a']")]
    assert [(h.type, h.label) for h in seen_there["exec"].named] == [("dict", "['x']")]
    assert seen_there["class"].unexplained == seen_there["exec"].unexplained == 0


def test_thousand_holders(quiet):
    one = [Plain()]
    kept = [[one[0]] for _ in range(1000)]
    told = holders(one[0])
    assert told.refcount == len(told.named) == 1001 and told.unexplained == 0
    assert str(told) == "1001 references\n  list  [0]  (1,001 references)"
    del kept


def test_many_holders_of_names_of_their_own(quiet):
    one = [Plain()]
    kept = [{f"k{n}": one[0]} for n in range(100)]
    told = holders(one[0])
    assert told.refcount == len(told.named) == 101 and told.unexplained == 0
    assert str(told).count("dict  ['k") == 40 and str(told).endswith("and 61 others")
    del kept


# of the other three that look: a list that one makes between the list of all objects and the stop
# of a free-threaded build is in no list, and what it refers to has a reference more
BETWEEN = 3 if FREE_THREADED else 0


@pytest.mark.thread_unsafe(reason="it has threads enough")
def test_with_many_threads(quiet):
    """Threads that run, and look themselves.

    Each has its own local, and all see the shared list.
    """
    one, begun, end = [Plain()], threading.Barrier(9), threading.Event()
    problems = []

    def work():
        mine = one[0]
        begun.wait()
        while not end.is_set():
            [[] for _ in range(10)]
        del mine

    def look():
        try:
            begun.wait()
            for _ in range(5):
                told = holders(one[0])
                named = collections.Counter(
                    (h.type, h.name, h.label) for h in told.named if h.owned
                )
                if (
                    told.unexplained > BETWEEN
                    or named["frame", "test_with_many_threads.<locals>.work", "local mine"] != 4
                ):
                    problems.append(told)
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(4)] + [
        threading.Thread(target=look, daemon=True) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    begun.wait()
    for thread in threads[4:]:
        thread.join()
    end.set()
    for thread in threads[:4]:
        thread.join()
    assert problems == []


@pytest.mark.parametrize("thing", [None, True, (), "", 5, int, type, object], ids=repr)
def test_immortal_objects(quiet, thing):
    told = holders(thing)
    if sys.version_info >= (3, 12):
        assert told.refcount is gcscope.IMMORTAL and told.unexplained == 0 and told.evidence == ()
        assert str(told).startswith("immortal: its references are not counted\n")
    else:
        owned = sum(holder.owned for holder in told.named)
        assert told.refcount == owned + told.unexplained > 0


def test_evidence_asks_no_module(quiet, python):
    code = """
import atexit, sys, gcscope
def function(): pass
import signal
one = [function]
signal.signal(signal.SIGUSR1, one[0])
del function
told = gcscope.holders(one[0])
assert told.unexplained == len(told.evidence) == 1, told
assert "1 reference that nobody shows:" in str(told) and "signal.signal()" in str(told)
assert gcscope.holders(one[0]) == told and hash(told) == hash(gcscope.holders(one[0]))
assert type(told).from_json(told.to_json()) == told

class Odd:
    def __getattribute__(self, name): raise AssertionError(name)
sys.modules["_signal"] = sys.modules["gc"] = sys.modules["__main__"] = Odd()
sys.modules["IPython"] = None
assert gcscope.holders(one[0]).unexplained == 1
sys.modules["_signal"] = sys.modules["gc"] = sys.modules["__main__"] = None
assert gcscope.holders(one[0]).unexplained == 1
"""
    done = python("-c", code)
    assert done.code == 0, done


def test_a_type_that_shows_too_much(quiet, rooms):
    if hasattr(sys, "gettotalrefcount"):
        pytest.skip("the collector of a debug build aborts on it")
    one = [Plain()]
    liar = rooms.Liar(one[0], 5)
    told = holders(one[0])
    assert told.unexplained < 0 and told.refcount == 2
    assert "the tp_traverse of some C type lies" in str(told)
    del liar


@pytest.mark.parametrize("shown", [0, 1])
def test_frozen_objects(python, shown):
    """On every version.

    What is frozen is found where something that is not, or sys.modules, leads to it.
    """
    code = """
import gc, sys, gcscope
class Plain: pass
one = [Plain()]
holder = Plain()
holder.a = one[0]
local = {"k": holder}
gcscope.holders(one[0])
gc.collect(); gc.disable(); gc.freeze()
told = gcscope.holders(one[0])
assert told.refcount == 2 and told.unexplained == 0, told
named = {(h.type, h.label) for h in told.named}
assert named == {("module", ".one[0]"), ("__main__.Plain", ".a")}, told
assert gc.get_freeze_count() > 0
fresh = [one[0]]
told = gcscope.holders(one[0])
assert told.refcount == 3 and told.unexplained == 0, told
"""
    done = python("-c", code if shown else code.replace("gc.collect(); ", ""))
    assert done.code == 0, done


# ------------------------------------------------------------------------- IPython


def test_what_ipython_holds(python, tmp_path):
    """The names by which an interactive shell keeps a result and the last exception."""
    pytest.importorskip("IPython")
    code = """
import sys, warnings
warnings.simplefilter("ignore")
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
sys.modules["__main__"] = shell.user_module
for cell in (
    "import gcscope\\nclass Plain: pass\\np = Plain()",
    "p",
    "None",
    "p",
    "def fail(mine):\\n    raise ValueError\\nfail(p)",
    "told = gcscope.holders(p)\\nbare = gcscope.holders(Out)",
):
    result = shell.run_cell(cell, store_history=True)
told = shell.user_ns["told"]
owned = {(h.name, h.label) for h in told.named if h.owned}
kept = "__main__ (kept by IPython)"
for wanted in (("__main__", ".p"), (kept, "._"), (kept, "._2"), (kept, "._4")):
    assert wanted in owned, (wanted, told)
out = [h.label for h in told.named if h.name == "Out (kept by IPython)"]
assert sorted(out) == ["[2]", "[4]"], told
assert ("fail", "local mine") in owned and told.unexplained == 0, told
assert told.refcount == sum(h.owned for h in told.named)
assert not any(h.name is None and h.type == "tuple" for h in shell.user_ns["bare"].named)
error = gcscope_error = sys.last_value
import gcscope
named = {(h.name, h.label) for h in gcscope.holders(sys.last_value).named}
assert ("sys (kept by IPython)", ".last_value") in named
print("named")
"""
    done = python("-c", code, env={"IPYTHONDIR": str(tmp_path), "HOME": str(tmp_path)})
    assert done.code == 0 and done.out.endswith("named\n"), done


# ------------------------------------------------------------------------- promises


def test_no_user_code_runs(quiet):
    cls = evil()
    one = [cls()]
    holder = cls()
    object.__setattr__(holder, "a", one[0])
    asked = [
        holders(one[0]),
        holders(cls),
        gcscope.why_alive(one[0]),
        gcscope.retained(one[0]),
        gcscope.retained(holder),
    ]
    assert [h.label for h in asked[0].named if h.type.endswith("Touchy")] == [".a"]
    assert asked[0].unexplained == asked[1].unexplained == 0
    assert all(str(told) for told in asked)
    n = asked[3].objects
    assert n >= 1


@pytest.mark.parametrize(
    "word", [holders, gcscope.why_alive, gcscope.retained], ids=lambda word: word.__name__
)
@pytest.mark.parametrize("enabled", [True, False])
def test_looking_changes_nothing(quiet, word, enabled):
    def generate(thing):
        yield thing

    inline, made_real, generator = Plain(), Plain(), generate([])
    inline.a, made_real.b, inline.c = [], Person("x"), Person("y")
    vars(made_real)
    next(generator)
    watched = [inline, made_real, generator, inline.a, Plain, evil()(), {}, {1: []}]
    for thing in watched[:6]:
        word(thing)
    if enabled:
        gc.collect(0)  # far from the next automatic collection
        gc.enable()
    reference, finalized = trash_with_a_finalizer()
    before = world(watched)
    count = gc.get_count()[0]
    answers = [word(thing) for thing in watched[:6]]
    grown = gc.get_count()[0] - count
    after = world(watched)
    gc.disable()
    assert before == after
    assert len(answers) == 6 and -10 <= grown <= 60 + 3 * sum(
        len(getattr(answer, "named", ())) for answer in answers
    )
    assert finalized == [] and reference() is not None


# what waits for the collector of a free-threaded build, in no ring: code of modules, which has run
WAITING = ("code", "function", "tuple", "member_descriptor") if FREE_THREADED else ()


def test_no_trash_and_no_import(python):
    code = """
import gc
gc.collect(); gc.disable()
import gcscope
words = gcscope.holders, gcscope.why_alive, gcscope.retained
class Plain: pass
one = [Plain()]
one[0].a = {1: (one[0],)}
import sys
before = set(sys.modules)
for word in words:
    str(word(one[0])), repr(word(one[0])), hash(word(one[0])), word(one[0]) == word(one[0])
ours = ("gcscope.render", "gcscope.model")
assert {name for name in set(sys.modules) - before if not name.startswith(ours)} == set()
left = gcscope.garbage()
assert not left.cycles and set(left.types) <= set(sys.argv[1:]), left
assert bool(gc.collect()) == bool(sys.argv[1:])
"""
    done = python("-c", code, *WAITING)
    assert done.code == 0, done


def test_exhausted_raw_memory(starving):
    code = """
import contextvars, functools, gc, gcscope
from gcscope import _core
class Plain: pass
one = [Plain()]
one[0].a = [one]
kept = [[one[0]] for _ in range(70)]
data = [bytes(range(99))]
nested = (1, (2, data[0]))
variables = [contextvars.ContextVar(str(n)) for n in range(40)]
for variable in variables:
    variable.set([])
@functools.cache
def cached(key):
    return [key]
cached(one[0])
def check():
    assert gc.isenabled()
words = {
    "holders": lambda: gcscope.holders(one[0]),
    "holders of what is not tracked": lambda: gcscope.holders(data[0]),
    "holders of what a variable has": lambda: gcscope.holders(variables[0].get()),
    "why_alive": lambda: gcscope.why_alive(one[0]),
    "why_alive of what is not tracked": lambda: gcscope.why_alive(data[0], (nested,), 3),
    "retained": lambda: gcscope.retained(one[0]),
    "retainers": lambda: _core.retainers(5),
}
for name, word in words.items():
    expected = word()
    expected = word()  # as the answer: while another one is there, whose rows hold their types
    growths, answer = each_growth(word, check)
    assert 3 < growths < 1900, name
    assert answer == expected, name
assert gcscope.refcount(one[0]) == 73
"""
    starving(code)


def test_exhausted_python_memory(starving):
    pytest.importorskip("_testcapi")
    code = """
import gc, gcscope
from gcscope import _core
gc.collect(); gc.disable()
class Plain: pass
one = [Plain()]
one[0].a = [one]
def cell():
    captured = one[0]
    return lambda: captured
kept = [cell(), {"k": one[0]}, vars(Plain()), (one[0],), {one[0]}]
data = [bytes(range(99))]
def live():
    mine = Plain()
    return _core.why_alive([mine])
actions = [
    lambda: _core.holders([one[0]], ()), lambda: _core.why_alive([one[0]]),
    lambda: _core.retained([one[0]]),
    lambda: _core.retainers(5), live,
    lambda: _core.holders([Plain], ()), lambda: _core.why_alive([Plain]),
    lambda: _core.holders([data[0]], ()), lambda: _core.why_alive([None]),
    lambda: _core.why_alive([one[0]], None, None, kept, 4), lambda: _core.is_collected(None),
]
def check():
    assert gc.isenabled()
def count():
    return gcscope.refcount(one[0])
for action in actions:
    action()
    gc.enable()
    before = count()
    each_allocation(action, check)
    gc.disable()
    assert count() == before, (action, count(), before)
gc.collect()
assert _core.dry_run().objects == 0
"""
    starving(code)


@pytest.mark.parametrize(
    "word", [holders, gcscope.why_alive, gcscope.retained], ids=lambda word: word.__name__
)
def test_misuse(word):
    for arguments, keywords in (((), {}), ((1, 2), {}), ((), {"obj": 1})):
        with pytest.raises(TypeError, match="argument|ignore must be"):
            word(*arguments, **keywords)


def test_misuse_of_the_core():
    for wrong in (None, [], [1, 2], (1,)):
        with pytest.raises(TypeError):
            _core.holders(wrong, ())
        with pytest.raises(TypeError, match="expected a list"):
            _core.why_alive(wrong)
        with pytest.raises(TypeError, match="expected a list"):
            _core.retained(wrong)
    with pytest.raises(TypeError, match="is_collected.. takes"):
        _core.is_collected({})
    assert not _core.is_collected([1, type, test_misuse]) and not _core.is_collected(())
    with pytest.raises(TypeError):
        _core.holders([1])
    with pytest.raises(TypeError):
        _core.holders([1], [])
    told = _core.holders([test_misuse], (1, (), ("x", "y"), (id(globals()), "title")))
    assert any(row[0][2] == "title" for row in told[1])
    for count in (-1, 1001):
        with pytest.raises(ValueError, match="count must be"):
            _core.retainers(count)
    assert _core.retainers(0) == []
