"""All objects that others lead to, tracked or not."""

import collections
import ctypes
import gc
import itertools
import sys

import pytest

from gcscope import _core
from oracle import build

pytestmark = pytest.mark.usefixtures("whole_heap", "quiet")

fresh = itertools.count(10**9)


def text():
    return f"a text that nobody has {next(fresh)}"


def known():
    return set(_core.known(False).addresses())


class Slotted:
    __slots__ = ("a",)

    def __init__(self, a):
        self.a = a


class Plain(Slotted):
    pass


def with_attribute(value):
    plain = Plain(1)
    plain.value = value
    return plain


def keyword_only(*, value):
    return value


class Meta(type):
    pass


HOLDING = {
    "a list": lambda t: [t],
    "a tuple": lambda t: (t,),
    "a tuple of tuples": lambda t: (((t,),),),
    "a key of a dict": lambda t: {t: None},
    "a value of a dict": lambda t: {1: t},
    "a key of a dict with other keys": lambda t: {t: None, 1: None},
    "a key in a derived dict": lambda t: collections.defaultdict(list, {t: None}),
    "a key in an ordered dict": lambda t: collections.OrderedDict({t: None}),
    "a set": lambda t: {t},
    "a frozenset": lambda t: frozenset([t]),
    "a deque": lambda t: collections.deque([t]),
    "a slot": Slotted,
    "an attribute": with_attribute,
    "a constant of code": lambda t: (lambda: None).__code__.replace(co_consts=(None, t)),
    "a constant of a function": lambda t: eval(f"lambda: {t!r}"),
    "a name of code": lambda t: (lambda: None).__code__.replace(co_name=t),
    "the name of a local variable": lambda t: compile(
        f"lambda {t.replace(' ', '_')}: 0", "", "eval"
    ),
    "the name of a class": lambda t: type(t, (), {}),
    "an exception": ValueError,
    "the note of a generator": lambda t: (t for _ in [1]),
    "a range": lambda t: range(next(fresh)),
    "a slice": lambda t: slice(t),
    "an object of ctypes": lambda t: ctypes.py_object(t),
}


def held_by(holder, made):
    """What is looked for: `made`, or the equal that a holder made of it."""
    if isinstance(holder, range):
        return holder.stop
    code = getattr(holder, "__code__", holder)
    alike = [
        item
        for constant in getattr(code, "co_consts", ())
        for item in (constant, *getattr(constant, "co_varnames", ()))
        if item in (made, made.replace(" ", "_"))
    ]
    return (alike or [made])[0]


@pytest.mark.parametrize("name", HOLDING)
def test_what_is_held_is_known(name):
    made = text()
    kept = [HOLDING[name](made)]
    address = id(held_by(kept[0], made))
    del made
    found = known()
    assert id(kept[0]) in found and address in found


def test_all_that_referents_lead_to_is_known():
    """A slow twin: gc.get_referents, again and again, from what is tracked; and types."""
    kept = [build(seed) for seed in range(40)]
    ahead = gc.get_objects()
    found = known()
    seen = {id(op) for op in ahead}
    while ahead:
        held = ahead  # or an address may be taken anew
        ahead = []
        for op in held:
            if op is sys.modules["_asyncio"]:  # that of 3.12 shows dead objects
                continue
            is_static = isinstance(op, type) and not op.__flags__ & 1 << 9
            for target in (type(op), *(() if is_static else gc.get_referents(op))):
                if id(target) not in seen:
                    seen.add(id(target))
                    ahead.append(target)
    assert kept and len(seen) > 1000
    assert seen <= found


def test_everything_tracked_is_known_and_once():
    tracked = gc.get_objects()
    addresses = _core.known(False).addresses()
    assert len(addresses) == len(set(addresses)) > len(tracked)
    assert set(map(id, tracked)) <= set(addresses)


def test_types_are_known():
    found = known()
    for cls in (
        int,
        str,
        type,
        object,
        Slotted,
        Plain,
        Meta,
        ctypes.c_int,
        type(known),
        ValueError,
    ):
        assert id(cls) in found, cls


def test_what_a_running_frame_refers_to():
    """A dict or tuple of strings is in no list of the collector's before 3.14."""
    table = {next(fresh): text() for _ in range(100)}
    row = tuple(table.values())
    gc.collect()
    found = known()
    assert id(table) in found and id(row) in found
    assert {id(value) for value in table.values()} <= found
    assert {id(key) for key in table} <= found


def test_a_suspended_generator_shows_its_locals():
    def suspended():
        local = text()
        yield id(local)
        yield local

    generator = suspended()
    assert next(generator) in known()


def test_spare_objects_of_a_module_are_not_known(python):
    """What _asyncio of 3.12 shows of itself: awaited once, and dead."""
    code = """if True:
    import asyncio
    from gcscope import _core
    async def main():
        futures = [asyncio.get_running_loop().create_future() for _ in range(50)]
        waiting = [iter(future) for future in futures]
        return len(waiting)
    asyncio.run(main())
    print(_core.known(False).types().others.get("_asyncio.FutureIter", 0))
    """
    assert python("-c", code).out == "0\n"


def test_what_is_gone_is_not_known():
    made = text()
    address = id(made)
    del made
    assert address not in known()


def test_deep_and_wide():
    deep = (text(),)
    for _ in range(300_000):
        deep = (deep,)
    wide = [text() for _ in range(300_000)]
    gc.collect()  # the tuples are untracked
    before = _core.known(False)
    addresses = before.addresses()
    assert before.types().others["str"] > 300_000
    found = set(addresses)
    assert all(id(item) in found for item in wide)
    while isinstance(deep, tuple):
        assert id(deep) in found
        deep = deep[0]
    assert id(deep) in found


def test_a_tuple_without_all_of_its_items():
    """Under construction it has NULL in it."""
    new = ctypes.pythonapi.PyTuple_New
    new.restype, new.argtypes = ctypes.py_object, [ctypes.c_ssize_t]
    made = new(5)
    held = (made, text())
    gc.collect()
    assert id(made) in known()
    del held


def test_frozen_objects_are_known():
    made = [text()]
    gc.collect()
    gc.freeze()
    try:
        assert {id(made), id(made[0])} <= known()
    finally:
        gc.unfreeze()


def test_references_add_up(python):
    """To the dry run over all that is known nothing is shown more often than it is owned.

    But the tuples of the interpreter's own frozen modules own nothing of True and False.
    """
    code = "import asyncio, ctypes, email, logging, sqlite3, typing, unittest\n"
    code += "from gcscope import _core\nprint(_core.known(True).over_visited)"
    assert int(python("-c", code).out) <= 2


def test_the_dry_run_over_all_finds_what_a_ring_keeps():
    ring = [text(), (text(), text()), {text(): text()}]
    addresses = {id(ring), id(ring[0]), id(ring[1]), *map(id, ring[1])}
    addresses |= {id(item) for pair in ring[2].items() for item in pair} | {id(ring[2])}
    ring.append(ring)
    assert addresses & set(_core.known(True).addresses()) == set()
    del ring
    found = set(_core.known(True).addresses())
    assert addresses <= found, len(addresses & found)


def test_it_leaves_no_trace():
    held = [text(), (text(),), {text(): 1.5}, Plain(text())]
    counts = [sys.getrefcount(item) for item in held]
    stats = gc.get_stats()
    referents = gc.get_referents(*held)
    known()
    assert [sys.getrefcount(item) for item in held] == counts
    assert gc.get_stats() == stats
    assert list(map(id, gc.get_referents(*held))) == list(map(id, referents))


def test_without_memory(starving):
    starving("""
import random
from gcscope import _core
held = [{str(random.random()): (str(random.random()),)} for _ in range(2000)]
growths, found = each_growth(lambda: _core.known(False))
assert growths > 5
assert {id(item) for item in held} <= set(found.addresses())
growths, _ = each_growth(lambda: _core.known(True))
assert growths > 10
""")
