"""Do each action again and again, and print how many blocks and references are there more: for test_leaks.

In a process of its own, whose heap is small and whose caches nobody else fills.
"""

import copy
import gc
import json
import pickle
import sys
from contextlib import suppress

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


ACTIONS["a leak, to see that it is seen"] = lambda kept=[]: kept.append([])


def growth(action, times):
    """How many blocks and references are there more after so many times."""
    total = getattr(sys, "gettotalrefcount", lambda: 0)
    gc.collect()
    before = sys.getallocatedblocks(), total()
    for _ in range(times):
        action()
    gc.collect()
    return sys.getallocatedblocks() - before[0], total() - before[1]


def slope(action):
    """What 80 times leave more than 20 times do, at the least of three rounds: (blocks, references)."""
    growth(action, 30)
    rounds = [(growth(action, 20), growth(action, 80)) for _ in range(3)]
    return [min(many[i] - few[i] for few, many in rounds) for i in (0, 1)]


if __name__ == "__main__":
    gc.disable()
    gcscope.journal.capacity = 64  # full soon
    print(json.dumps({name: slope(action) for name, action in ACTIONS.items()}))
