"""Programs that gcscope must survive: whatever runs, or is broken, while it looks."""

import gc
import sys
import types

import pytest

import gcscope
from gcscope import _core
from support import FREE_THREADED

no_audit_hook = pytest.mark.skipif(
    FREE_THREADED, reason="a free-threaded heap is listed without gc.get_objects: no hook hears"
)


def survives(python, code):
    """Run code that may crash in a process of its own; what it prints."""
    process = python("-X", "faulthandler", "-c", code)
    assert process.code == 0, process
    return process.out


MANY_RINGS = """
import gc, signal, sys, gcscope
from gcscope import _core
gcscope.garbage
class Node: pass
def make():
    for i in range(3000):
        a = Node()
        a.x = [{f"k{i}": a, i: a}]
        setattr(a, f"z{i % 700}", a)
gc.collect()
gc.disable()
"""


@pytest.mark.skipif(not hasattr(__import__("signal"), "setitimer"), reason="needs setitimer")
def test_no_signal_handler_runs_in_a_pass(python):
    code = """
signal.signal(signal.SIGALRM, lambda *_: gc.collect())
for i in range(30):
    make()
    signal.setitimer(signal.ITIMER_REAL, 0.002 + 0.002 * i)
    _core.unreachable_rings({}, None)
signal.setitimer(signal.ITIMER_REAL, 0)
print("alive")
"""
    assert survives(python, MANY_RINGS + code) == "alive\n"


def test_no_equality_of_an_odd_name_is_asked(python):
    code = """
class Odd:
    def __hash__(self): return hash("program")
    def __eq__(self, other): gc.collect(); print("asked"); return False
Node.__module__ = "program"
sys.stdlib_module_names = frozenset([Odd()])
make()
print(len(_core.unreachable_rings({}, None).forms) > 0)
"""
    assert survives(python, MANY_RINGS + code) == "True\n"


@no_audit_hook
def test_an_audit_hook_cannot_switch_collection_on_for_a_pass(python):
    code = """
_core.walk_generations(False)
def hook(event, args):
    if event == "gc.get_objects":
        gc.set_threshold(gc.get_count()[0] + 2000)
        gc.enable()
make()
sys.addaudithook(hook)
print(len(_core.unreachable_rings({}, None).forms) > 0, gc.isenabled())
"""
    assert survives(python, MANY_RINGS + code) == "True True\n"


@no_audit_hook
def test_an_audit_hook_that_gives_up_what_was_listed(python):
    """Between two generations: then the list alone owns it."""
    code = """
kept = []
_core.walk_generations(False)
def hook(event, args):
    if event == "gc.get_objects" and args == (1,):
        kept.clear()
sys.addaudithook(hook)
for word in (lambda: _core.dry_run(1), lambda: _core.dry_run(2)):
    kept += [[[], Node()] for _ in range(2000)]
    try:
        word()
    except RuntimeError as error:
        print(error)
"""
    told = (
        "the heap changed while it was listed: an audit hook ran a collection or gave objects up\n"
    )
    assert survives(python, MANY_RINGS + code) == 2 * told


@no_audit_hook
def test_an_audit_hook_that_gives_up_what_is_asked_about(python):
    code = """
_core.walk_generations(False)
def hook(event, args):
    if event == "gc.get_objects":
        box.clear()
sys.addaudithook(hook)
holders, why_alive, retained = _core.holders, _core.why_alive, _core.retained
for word in (lambda: holders(box, ()), lambda: why_alive(box), lambda: retained(box)):
    box = [Node()]
    try:
        word()
        print(len(box))
    except RuntimeError as error:
        print(error)
"""
    told = "the object was taken out of its list by an audit hook\n"
    assert survives(python, MANY_RINGS + code) == 3 * told


@pytest.mark.parametrize(
    "answer",
    [
        "(*real(*which),)",
        "None",
        "[object(), [[]], {}]",
        "[object() for _ in range(5)]",
        "iter(real(*which))",
    ],
)
def test_gc_get_objects_was_replaced_before(python, answer):
    code = f"""
import gc
real = gc.get_objects
gc.get_objects = lambda *which: {answer}
gc.get_freeze_count = lambda: 1
from gcscope import _core
_core.walk_generations(False)
marker = []
words = (
    *(lambda extent=extent: _core.dry_run(extent) for extent in (-1, 1, marker)),
    lambda: _core.roll_call([]).still_tracked(),
    lambda: _core.holders([marker], ()),
    lambda: _core.why_alive([marker]),
    lambda: _core.retained([marker]),
    lambda: _core.neighborhood([id(marker)], 9, (), {{}}, None),
)
for word in words:
    try:
        word()
    except (TypeError, RuntimeError, LookupError):
        pass
print("survived")
"""
    assert survives(python, code) == "survived\n"


def test_the_line_of_a_traceback_made_by_hand(quiet):
    frame = (lambda: sys._getframe())()
    sys.settrace(lambda *_: None)  # 3.11 then has a table of lines, and reads it at any place
    (lambda: None)()
    sys.settrace(None)
    line = frame.f_code.co_firstlineno
    for lasti, lineno, expected in (
        (10**6, 77, 77),
        (2**31 - 2, -1, line),
        (-4, -1, line),
        (0, -1, line),
    ):
        traceback = types.TracebackType(None, frame, lasti, lineno)
        box = [traceback]
        row = next(row for row in _core.why_alive(box)[0].nodes if row.type == "traceback")
        assert row[3] == (__file__, expected)


HALF_CLEARED = """
import ctypes, gc, os, sys, sysconfig, types, warnings
gc.disable()  # a collection while the module is made would turn the order of its parts round
from gcscope import _core
told, addresses = [], []
def listed():
    if sysconfig.get_config_var("Py_GIL_DISABLED"):  # all trash lives until all is cleared there
        return [ctypes.cast(address, ctypes.py_object).value for address in addresses]
    return gc.get_objects()
def look(*_):  # runs while the collector clears: what it has cleared already is back in its lists
    for op in listed():
        if wanted(op):
            told.append(try_on(op))
warnings.simplefilter("always")
warnings.showwarning = look
late = os.scandir  # its finalizer warns, and no collector runs it before it clears
"""


def test_a_traceback_that_the_collector_has_cleared(python):
    code = """
def wanted(op):
    return type(op) is types.TracebackType and op.tb_frame is None
def try_on(op):
    return _core.why_alive([op])[0].root, len(_core.retainers(1000)), _core.retained([op]).objects
def make():
    try:
        1 / 0
    except ZeroDivisionError as error:
        ring = [error.__traceback__, late("/")]
        addresses.append(id(ring[0]))
        ring.append(ring)
make()
gc.collect()
print(told)
"""
    assert survives(python, HALF_CLEARED + code) == "[('C', 1000, 1)]\n"


WORDS = {
    "unreachable_rings": ({}, None),
    "live_rings": ((), {}, None),
    "holders": ([()], ()),
    "why_alive": ([()],),
    "retained": ([()],),
    "retainers": (3,),
    "dry_run": (),
    "neighborhood": ([1], 9, (), {}, None),
    "roll_call": ([],),
}


@pytest.mark.parametrize("word", WORDS)
def test_the_module_itself_was_cleared(python, word):
    code = f"""
def wanted(op):
    return type(op) is type(len) and op.__name__ == {word!r} and op.__module__ == "gcscope._core"
def try_on(op):
    try:
        return str(op(*{WORDS[word]!r}))
    except RuntimeError as error:
        return str(error)
ring = [None, _core, _core.{word}, late("/")]
ring[0] = _core.ring = ring
addresses.append(id(ring[2]))
for name in [name for name in sys.modules if name.startswith("gcscope")]:
    del sys.modules[name]
del _core, ring
gc.collect()
print(*told)
"""
    assert (
        survives(python, HALF_CLEARED + code)
        == "gcscope is gone: the collector has cleared the module\n"
    )


def test_a_slot_with_other_letters(quiet):
    cls = type("Slotted", (), {"__slots__": ("größe", "名前")})
    thing = cls()
    thing.größe = thing
    del thing
    [cycle] = gcscope.garbage().cycles
    assert [link.label for link in cycle.ring] == [".größe"]
    thing = cls()
    thing.名前 = [thing]
    del thing
    assert {cycle.ring[0].label for cycle in gcscope.garbage().cycles} == {".größe", ".名前[0]"}


def test_a_class_that_bears_the_name_of_a_c_type(quiet):
    import _asyncio

    names = {"__slots__": ("ring",), "_loop": _asyncio.Future.__dict__["_loop"]}
    lying = type("_asyncio.Future", (), names)()
    lying.ring = [lying]
    [cycle] = gcscope.cycles(lying).cycles
    assert [link.label for link in cycle.ring] == [".ring[0]"]
    del lying


def test_holders_of_an_object_that_one_list_holds_often(quiet):
    thing = {}
    often, less_often = [thing] * 100_000, [thing] * 1000
    # not by looking for each reference from the first one on: that takes minutes
    count, rows = _core.holders([thing], ())
    of_lists = [(row[1][0][0], row[3]) for row in rows if row[0][0] == "list"]
    one_by_one = [(f"[{n}]", 1) for n in range(len(less_often))]
    assert sorted(of_lists) == sorted([("[*]", len(often)), *one_by_one])
    assert count >= 101_000


def neighborhood(*objs, most=100):
    """Its edges, and who holds from outside: as (to, label)."""
    _, edges, outside, *_ = _core.neighborhood([id(thing) for thing in objs], most, (), {}, None)
    return [(*row[:3], [name[0] for name in row[4]]) for row in edges], [
        (row[0], row[2][-1][0]) for row in outside
    ]


def test_a_neighborhood_of_what_stands_at_the_end_of_a_long_list(quiet):
    things = [[] for _ in range(2000)]
    # not by looking for each of them from the first item on: that takes minutes
    long = [None] * 3_000_000 + things
    labels = [f"[{i}]" for i in range(len(long))][-2000:]
    outside = neighborhood(*things, most=2000)[1]
    assert [label for label in labels if label in {label for _, label in outside}] == labels
    edges = neighborhood(long, *things, most=2001)[0]
    assert edges == [(0, i + 1, 1, [label]) for i, label in enumerate(labels)]
    del long


def test_a_neighborhood_of_two_that_one_list_holds_in_turn(quiet):
    one, other = [], []
    turns = [one, other] * 100_000
    edges, outside = neighborhood(one, other)
    assert edges == [] and {pair for pair in outside if pair[1][0] == "["} == {
        (i % 2, f"[{i}]") for i in range(8)
    }
    assert neighborhood(turns)[0] == [
        (0, i, 100_000, [f"[{2 * n + i - 1}]" for n in range(4)]) for i in (1, 2)
    ]


def test_a_neighborhood_of_what_a_lying_type_shows(quiet, rooms):
    for shown in (0, 1, 3, 9):
        held = []
        liar = rooms.Liar(held, shown)
        others = [f"{n} reference of the rooms.Liar" for n in ("3rd", "4th", "5th")]
        labels = [f"byte {object.__basicsize__} of a rooms.Liar", *others][:shown]
        assert neighborhood(liar)[0] == ([(0, 1, shown, labels)] if shown else [])
        assert [label for _, label in neighborhood(held)[1] if "Liar" in label] == labels
        del liar


@pytest.mark.parametrize("memory", ["raw", "Python's"])
def test_a_neighborhood_without_memory(starving, memory):
    """At each growth of its arrays, at each allocation of an object."""
    if memory != "raw":
        pytest.importorskip("_testcapi")
    code = f"""
one = Node()
one.ring, one.often, one.function = one, [one] * 6, lambda: one
def generate():
    held = one
    yield
running = generate()
next(running)
def look():
    addresses = [id(one), id(running)]
    return len(_core.neighborhood(addresses, 60, ((id(running), "title"),), {{}}, None))
look()
counts = sys.getrefcount(one), sys.getrefcount(running)
{"failures, _ = each_growth(look)" if memory == "raw" else "failures = each_allocation(look)"}
assert failures > 20 and look() == 6, failures
assert counts == (sys.getrefcount(one), sys.getrefcount(running))
"""
    starving(MANY_RINGS + code)


def test_a_list_that_is_being_sorted(quiet):
    sizes = []

    class Item:
        def __lt__(self, other):
            sizes.append(gcscope.retained(items).bytes)
            return False

    items = [Item(), Item()]
    items.sort()
    assert all(0 < size < 10_000 for size in sizes)


def test_a_chain_of_many_containers_is_one_label(quiet):
    class Node:
        __slots__ = ("lists",)

    node = Node()
    inner = node.lists = []
    for _ in range(50_000):
        inner.append([])
        inner = inner[0]
    inner.append(node)
    del node, inner
    [cycle] = gcscope.garbage().cycles
    assert cycle.ring[0].label == ".lists" + "[0]" * 50_001
    gc.collect()


@pytest.mark.parametrize("ends", ["gc.collect(); return False", "raise ValueError"])
def test_no_equality_of_an_odd_name_in_sys_is_asked(python, ends):
    """Nor is a failed look-up handed to sys.unraisablehook in a pass, as PySys_GetObject does it
    from 3.13 on.
    """
    code = f"""
class Odd:
    def __hash__(self): return hash("stdlib_module_names")
    def __eq__(self, other):
        if armed: asked.append(1)
        {ends}
armed, asked, names = False, [], vars(sys)
real = names.pop("stdlib_module_names")
names[Odd()] = 1
try: names["stdlib_module_names"] = real
except ValueError: pass
sys.unraisablehook = asked.append
Node.__module__ = "program"
make()
armed = True
found = _core.unreachable_rings({{}}, None).forms
gcscope.draw(make)
print(len(found) > 0, asked)
"""
    assert survives(python, MANY_RINGS + code) == "True []\n"


def test_what_stands_in_for_tracemalloc_is_not_called_in_a_pass(python):
    code = """
import _tracemalloc
_tracemalloc.start()
real = _tracemalloc._get_object_traceback
asked = []
def stand_in(op):
    asked.append(op)
    gc.collect()
    return real(op)
for other in (stand_in, gc.collect, type("Odd", (), {"__call__": stand_in})()):
    _tracemalloc._get_object_traceback = other
    make()
    gcscope.garbage(), gcscope.draw(make), gcscope.holders(make), gcscope.why_alive(make)
print(asked)
"""
    assert survives(python, MANY_RINGS + code) == "[]\n"


def test_names_of_code_that_are_no_plain_strings(quiet):
    asked = []

    class Odd(str):
        def __getattribute__(self, name):
            asked.append(name)
            return str.__getattribute__(self, name)

        def __format__(self, spec):
            asked.append("format")
            return "odd"

        def __eq__(self, other):
            asked.append("eq")
            return True

        __hash__ = str.__hash__

    def look(thing, word):
        return word(thing)

    look.__code__ = look.__code__.replace(co_qualname=Odd("look"), co_filename=Odd("file.py"))
    kept = type("Kept", (), {})()
    for word in (gcscope.draw, gcscope.holders, gcscope.why_alive, gcscope.explain_collection):
        str(look(kept, word))
    assert asked == []


def test_each_word_asks_tracemalloc_by_itself(python):
    """And not because another word has asked before, or with what that has left."""
    code = """
import tracemalloc
tracemalloc.start()
thing, holder = Node(), Node()
holder.held = thing
def places():
    named = gcscope.holders(thing).named
    return [told.where for told in named if told.type.endswith("Node")]
first = places()
gcscope.garbage()
again = places()
tracemalloc.stop()
print(first == again, first[0] is not None or sys.version_info < (3, 12), places())
"""
    assert survives(python, MANY_RINGS + code) == "True True [None]\n"


# ------------------------------------------------------- what follows, and who gets hold of it


@pytest.mark.skipif(
    FREE_THREADED, reason="a free-threaded collector clears code with the rest: nothing sees it"
)
def test_a_function_that_the_collector_has_cleared(python):
    """A weakref callback finds it during the collection and keeps it; later a ring keeps it."""
    code = """
import gc, types, weakref
from gcscope import _core
import gcscope
gc.disable()
saved, references = [], []
def late(_):
    functions = [o for o in gc.get_objects() if type(o) is types.FunctionType]
    saved.extend(o for o in functions if o.__code__ is code)
def thing():
    made = compile("1", f"x{len(references)}", "exec")
    references.append(weakref.ref(made, late))
    return made
def make():
    global code
    def inner():
        return 1
    code, inner.me, ring = inner.__code__, inner, [inner]
    ring.append(ring)
    ring.append(thing())
    inner.late = ring
make()
gc.collect()
(function,) = saved
cell = types.CellType()
cell.cell_contents = cell, function
saved.clear()
del function, cell
print(gcscope.garbage().types["cell"])
with gcscope.watch(older=True) as watched:
    gc.collect()
print("alive")
"""
    assert survives(python, code) == "1\nalive\n"


def test_a_finalizer_that_looks_when_there_are_no_modules_any_more(python):
    code = """
import gc, os
from gcscope import _core
class Late:
    def __init__(self, look, make): self.look, self.make = look, make
    def __call__(self): pass
    def __del__(self):
        self.make("X", (), {"__module__": "os", "__qualname__": "X"})
        try: self.look({}, None)
        except BaseException: pass
gc.disable()
os.register_at_fork(before=Late(_core.unreachable_rings, type))
print("alive", flush=True)
"""
    assert survives(python, code) == "alive\n"


@pytest.mark.parametrize("generation", [3, 7, -1, 10**30, "x", None])
def test_a_callback_that_is_called_by_hand(python, generation):
    """With any generation, and at any time."""
    code = f"""
import gc
from gcscope import _core
for whole in (False, True):
    follow = _core.Follow(whole)
    follow.begin()
    ring = []
    ring.append(ring)
    del ring
    for walks in (True, False):
        _core.walk_generations(walks)
        for phase in ("start", "stop", "other", None):
            gc.callbacks[-1](phase, {{"generation": {generation!r}}})
    gc.callbacks[-1]("start", None), gc.callbacks[-1]()
    found = follow.end({{}}, None)
    _core.walk_generations(True)
print("alive")
"""
    assert survives(python, code) == "alive\n"


def test_finalizers_that_begin_and_end_what_follows(python):
    """As they can where making an object sets off a collection: on 3.11, when it is made."""
    code = """
import gc
from gcscope import _core
kept, pad = [], []
class Ends:
    def __init__(self): self.me = self
    def __del__(self):
        kept.clear()
        pad.extend(bytearray(n) for n in range(100, 600, 8))
class Begins:
    def __init__(self): self.me = self
    def __del__(self):
        other = _core.Follow()
        other.begin()
        kept.append(other)
usual = gc.get_threshold()
def strained(action):
    kind = [[] for _ in range(300)]
    gc.set_threshold(1, 100, 100)
    gc.enable()
    try: action()
    finally:
        gc.disable()
        gc.set_threshold(*usual)
gc.disable()
kept += [_core.Follow(), _core.Follow()]
for follow in kept: follow.begin()
del follow
Ends()
callback = gc.callbacks[-1]
strained(lambda: callback("stop", {"generation": 0}))
kept.clear()
follow = _core.Follow(True)
Begins()
strained(follow.begin)
names = [callback.__name__ for callback in gc.callbacks]
assert names.count("gcscope_follow") == 1, names
ring = []
ring.append(ring)
del ring
gc.collect()
assert follow.end({}, None).collected_objects in (1, 2)  # it may have taken what begins, too
kept.clear()
assert not [c for c in gc.callbacks if c.__name__ == "gcscope_follow"]
print("alive")
"""
    assert survives(python, code) == "alive\n"


def test_what_is_dropped_is_ended_by_others_meanwhile(python):
    """By its own finalizer, or by an audit hook where the generations are asked for."""
    code = """
import gc, sys
from gcscope import _core
class A:
    pass
class Ends:
    def __del__(self):
        follow.end({}, None)
follow = _core.Follow()
follow.begin()
try:
    follow.end({}, None, False, [Ends()])
except RuntimeError as error:
    print(error)
_core.walk_generations(False)
holder = [A()]
box = [holder[0]]
follow = _core.Follow()
follow.begin()
def hook(event, arguments):
    if event == "gc.get_objects":
        holder.clear()
sys.addaudithook(hook)
print(follow.end({}, None, False, box).released, type(box[0]).__name__)
"""
    assert survives(python, code) == "this Follow is not under way\nheld A\n"


def test_very_many_names_of_one_module(python):
    code = """
import sys
from gcscope import _core
class A: pass
box = [A()]
sys.modules.update({f"m{i}": sys for i in range(300_000)})
sys.modules.update({f"n{i}": (sys, _core)[i % 2] for i in range(300_000)})
print(_core.why_alive(box))
"""
    assert survives(python, code) == "[]\n"
