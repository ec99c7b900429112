"""Nothing is leaked: each action is done again and again, and references and blocks stay as they are."""

import copy
import gc
import pickle
import sys
from contextlib import suppress

import pytest

import gcscope
from gcscope import Person, Tracked, _core


class Sub(Person):
    __slots__ = ("age",)


class Loud(Person):
    def __del__(self):
        pass


def ring(cls=Person):
    p, q = cls("Michael"), cls("Sarah")
    p.befriend(q)
    p.note = q


def errors():
    p = Person("x")
    for call in (lambda: Person(1), lambda: p.befriend(1), lambda: setattr(p, "friends", 1), lambda: Tracked(1)):
        with suppress(TypeError):
            call()
    with suppress(ValueError):
        _core.dry_run(7)
    with suppress(LookupError):
        gcscope.verdict.arithmetic({"x": 1})


def starved():
    for growths in range(12):
        _core.fail_after(growths)
        with suppress(MemoryError):
            _core.dry_run()
        _core.fail_after(-1)


def trials():
    gcscope.trial(ring)
    gcscope.trial(Sub, "x")
    with suppress(ZeroDivisionError):
        gcscope.trial(lambda: 1 / 0)


ACTIONS = {
    "rings": lambda: (ring(), ring(Sub), ring(Loud), gc.collect()),
    "short lives": lambda: (Person("a"), Person(name="b"), Sub("c"), Loud("d"), Tracked(), Person.__new__(Person)),
    "garbage": lambda: (ring(), gcscope.garbage(), gc.collect()),
    "generations": lambda: [_core.dry_run(g) for g in (0, 1, 2)],
    "collect": lambda: (ring(), gcscope.collect()),
    "trial": trials,
    "arithmetic": lambda: gcscope.verdict.arithmetic({"ring": id(ring), "errors": id(errors)}),
    "census": lambda: (c := _core.dry_run(), c.types(), c.addresses(), c.without(c), c.within(c), c.still_tracked()),
    "alive": lambda: (_core.alive(None), _core.alive(_core.dry_run())),
    "journal": lambda: (gcscope.journal.events(), gcscope.journal.totals, repr(gcscope.journal)),
    "refcount": lambda: (gcscope.refcount(None), gcscope.refcount(ring), gcscope.refcount([])),
    "copies": lambda: (copy.copy(Sub("a")), copy.deepcopy(Person("b")), pickle.loads(pickle.dumps(Sub("c")))),
    "errors": errors,
    "starved": starved,
    "classes": lambda: (type("Made", (Person,), {"__del__": lambda self: None})("x"), gc.collect()),
}


def growth(action, times):
    """How many blocks and references are there more after so many times."""
    total = getattr(sys, "gettotalrefcount", lambda: 0)
    gc.collect()
    before = sys.getallocatedblocks(), total()
    for _ in range(times):
        action()
    gc.collect()
    return sys.getallocatedblocks() - before[0], total() - before[1]


@pytest.mark.parametrize("name", ACTIONS)
def test_blocks_and_references_are_steady(quiet, name):
    """What 80 times leave more than 20 times do: a leak leaves at least 60, caches and free lists do not grow so."""
    action = ACTIONS[name]
    gcscope.journal.capacity = 64  # full soon
    try:
        growth(action, 30)
        slopes = []
        for _ in range(3):
            few, many = growth(action, 20), growth(action, 80)
            slopes.append((many[0] - few[0], many[1] - few[1]))
    finally:
        gcscope.journal.capacity = 1 << 16
    assert min(blocks for blocks, _ in slopes) < 30 and min(references for _, references in slopes) < 30, slopes


def test_a_leak_would_be_seen(quiet):
    kept = []
    few, many = growth(lambda: kept.append([]), 20), growth(lambda: kept.append([]), 80)
    assert many[0] - few[0] >= 30
