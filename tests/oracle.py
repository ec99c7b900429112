"""The slow and obvious judges.

What the collector itself says it found, and random heaps to ask it about.

As a script it compares the dry run with the collector on random graphs and prints the result:

    python tests/oracle.py --graphs 2000 --seed 1
"""

import argparse
import asyncio
import collections
import contextvars
import ctypes
import functools
import gc
import io
import itertools
import operator
import os
import platform
import random
import re
import sys
import sysconfig
import tempfile
import threading
import types
import weakref
from contextlib import contextmanager, suppress

import gcscope
from gcscope import _core

FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
LINE = re.compile(r"^gc: (?:un)?collectable <.* (0x[0-9a-f]+)>$")


@contextmanager
def standard_error_to(file):
    """Send file descriptor 2 into a file.

    sys.stderr is None meanwhile, so that no Python code runs to write a line.
    """
    kept, kept_stderr = os.dup(2), sys.stderr
    if kept_stderr is not None:
        kept_stderr.flush()
    os.dup2(file.fileno(), 2)
    sys.stderr = None
    try:
        yield
    finally:
        sys.stderr = kept_stderr
        os.dup2(kept, 2)
        os.close(kept)


def object_at(address):
    """The object at an address, which must be alive."""
    return ctypes.cast(address, ctypes.py_object).value


def count_at(address):
    """The reference count of the object at an address, of which this has no reference.

    A free-threaded build counts what its own thread has and what all others have apart. What it
    adds where counting is deferred, and for objects that are immortal, is in there.
    """
    if not FREE_THREADED:
        return ctypes.c_ssize_t.from_address(address).value
    local = ctypes.c_uint32.from_address(address + 12).value
    return local + (ctypes.c_ssize_t.from_address(address + 16).value >> 2)


def shares_keys(thing):
    """Whether a dict has only values, and its keys are its class's: its last word is an address."""
    return ctypes.c_void_p.from_address(id(thing) + object.__basicsize__ + 24).value is not None


def is_candidate(thing):
    """Whether the collector looks at an object.

    That of a free-threaded build lets go of tuples of atoms first, whichever it is told to collect.
    """
    if FREE_THREADED and type(thing) is tuple and not any(map(is_candidate, thing)):
        return False
    return gc.is_tracked(thing)


def references_of(thing):
    """The addresses of untracked objects that an object refers to, once for each reference.

    With the keys of a dict, if they are all str: tp_traverse leaves them out, as none can be in a
    ring. The names of attributes belong to the class.
    """
    found = list(gc.get_referents(thing))
    if isinstance(thing, dict) and not shares_keys(thing):
        found += [key for key in dict.keys(thing) if type(key) is str]
    return [id(target) for target in found if not is_candidate(target)]


def held_by(things):
    """The addresses of the untracked objects that only these hold: their counts come to nothing."""
    due, counts, held = [id(thing) for thing in things], collections.Counter(), set()
    while due:
        for address in references_of(object_at(due.pop())):
            counts[address] += 1
            if counts[address] == count_at(address) and address not in held:
                held.add(address)
                due.append(address)
    return held


def bytes_with(things, others=()):
    """What some objects take with what only they hold, alone or together with others."""
    held = held_by([*others, *things]) - held_by(others)
    return sum(map(_core.object_bytes, things)) + sum(
        _core.object_bytes(object_at(address)) for address in held
    )


def collector_finds():
    """Run a full collection.

    The addresses that it says it found unreachable, before any finalizer ran.
    """
    flags = gc.get_debug()
    with tempfile.TemporaryFile() as file:
        with standard_error_to(file):
            gc.set_debug(gc.DEBUG_COLLECTABLE | gc.DEBUG_UNCOLLECTABLE)
            try:
                gc.collect()
            finally:
                gc.set_debug(flags)
        file.seek(0)
        lines = file.read().decode("utf-8", "replace").splitlines()
    return {int(match[1], 16) for match in map(LINE.match, lines) if match}


def dry_run_finds():
    """The addresses that gcscope's dry run says are unreachable."""
    return set(_core.dry_run().addresses())


# ------------------------------------------------------------------ random heaps


class Plain:
    pass


class Slotted:
    __slots__ = ("__weakref__", "a", "b")


class Finalized:
    def __del__(self):
        self.seen = True


class Breaking:
    """Breaks its own rings in its finalizer."""

    def __del__(self):
        self.__dict__.clear()


class TrackedPlain(gcscope.Tracked):
    pass


class PersonFinalized(gcscope.Person):
    def __del__(self):
        self.last = len(self.name)


class ListOfMine(list):
    pass


class IntOfMine(int):
    pass


class Holder:
    def __init__(self):
        self.things = []

    def method(self):
        return self.things


def raising(a, b):
    local = [a, b]
    raise ValueError(local)


def generator_in_call(a, b, c):
    """Suspended with arguments on its evaluation stack.

    From 3.14 on some of them are borrowed from the locals.
    """
    operator.setitem({}, (a, (yield b), c), a)
    yield c


def generator_in_loop(a, b):
    for item in [a, b, [a]]:
        with suppress(ZeroDivisionError):
            first, *_rest = a, b, (yield item)
            yield [first, item, (yield b)]


def generator_delegating(a, b):
    x = a
    yield from generator_in_call(x, b, [x])


async def coroutine_waiting(a, b):
    class Forever:
        def __await__(self):
            yield a

    kept = b
    await Forever()
    return kept


async def async_generator(a, b):
    yield a
    yield b


def closure(a, b):
    def inner(default=b):
        return a, inner, default

    return inner


def pick(rng, pool):
    return pool[rng.randrange(len(pool))]


def make_generator(rng, pool):
    make = pick(rng, [generator_in_call, generator_in_loop, generator_delegating])
    count = make.__code__.co_argcount
    generator = make(*(pick(rng, pool) for _ in range(count)))
    for step in range(rng.randrange(4)):
        with suppress(StopIteration, TypeError, ValueError):
            generator.send(None if step == 0 else pick(rng, pool))
    return generator


def make_coroutine(rng, pool):
    coroutine = coroutine_waiting(pick(rng, pool), pick(rng, pool))
    with suppress(StopIteration):
        coroutine.send(None)
    return coroutine


def make_async_generator(rng, pool):
    agen = async_generator(pick(rng, pool), pick(rng, pool))
    if rng.random() < 0.5:
        with suppress(StopIteration):
            agen.__anext__().send(None)
    return agen


def make_exception(rng, pool):
    try:
        raising(pick(rng, pool), pick(rng, pool))
    except ValueError as error:
        if rng.random() < 0.5:
            error.__context__ = KeyError(pick(rng, pool))
        return pick(rng, [error, error.__traceback__, error.__traceback__.tb_next.tb_frame])


def make_class(rng, pool):
    bases = (pick(rng, [Plain, object, Finalized]),)
    return type("Made", bases, {"held": pick(rng, pool), "method": lambda self: self})


def make_weak(rng, pool):
    target = Plain()
    target.held = pick(rng, pool)
    reference = weakref.ref(target, lambda _, kept=pick(rng, pool): None)
    return [target, reference]


def make_context(rng, pool):
    context = contextvars.copy_context()
    context.run(contextvars.ContextVar("v").set, pick(rng, pool))
    return context


def make_future(rng, pool):
    loop = types.SimpleNamespace(get_debug=lambda: False, call_soon=lambda *a, **k: None)
    future = asyncio.Future(loop=loop)
    future.add_done_callback(functools.partial(print, pick(rng, pool)))
    return future


def make_instance(cls):
    def make(rng, pool):
        thing = cls()
        thing.a = pick(rng, pool)
        return thing

    return make


def make_person(cls):
    def make(rng, pool):
        person = cls("p")
        person.friends.append(pick(rng, pool))
        if rng.random() < 0.3:
            person.note = pick(rng, pool)
        return person

    return make


def hashable(thing):
    try:
        hash(thing)
    except TypeError:
        return IntOfMine(id(thing))
    return thing


KINDS = {
    "list": lambda r, p: [pick(r, p), pick(r, p)],
    "tuple": lambda r, p: (pick(r, p), (pick(r, p), 1)),
    "dict": lambda r, p: {"k": pick(r, p), hashable(pick(r, p)): 1},
    "set": lambda r, p: {hashable(pick(r, p)), 2},
    "frozenset": lambda r, p: frozenset([hashable(pick(r, p)), 3]),
    "instance": make_instance(Plain),
    "slots": make_instance(Slotted),
    "finalizer": make_instance(Finalized),
    "breaking finalizer": make_instance(Breaking),
    "dict made real": lambda r, p: vars(make_instance(Plain)(r, p)),
    "Tracked": make_instance(TrackedPlain),
    "Person": make_person(gcscope.Person),
    "Person with __del__": make_person(PersonFinalized),
    "list subclass": lambda r, p: ListOfMine([pick(r, p)]),
    "function": lambda r, p: closure(pick(r, p), pick(r, p)),
    "lambda with default": lambda r, p: lambda x=pick(r, p): x,
    "cell": lambda r, p: types.CellType(pick(r, p)),
    "bound method": lambda r, p: make_instance(Holder)(r, p).method,
    "builtin method": lambda r, p: [pick(r, p)].append,
    "class": make_class,
    "module": lambda r, p: vars(types.ModuleType("made")).setdefault("x", [pick(r, p)]),
    "exception": make_exception,
    "generator": make_generator,
    "coroutine": make_coroutine,
    "async generator": make_async_generator,
    "weakref": make_weak,
    "weak dict": lambda r, p: weakref.WeakKeyDictionary({Plain(): pick(r, p)}),
    "partial": lambda r, p: functools.partial(print, pick(r, p), end=pick(r, p)),
    "lru_cache": lambda r, p: functools.lru_cache(closure(pick(r, p), 1)),
    "property": lambda r, p: property(closure(pick(r, p), 1)),
    "staticmethod": lambda r, p: staticmethod(pick(r, p)),
    "deque": lambda r, p: collections.deque([pick(r, p)] * 3, maxlen=9),
    "OrderedDict": lambda r, p: collections.OrderedDict(a=pick(r, p)),
    "defaultdict": lambda r, p: collections.defaultdict(list, a=pick(r, p)),
    "iterators": lambda r, p: itertools.chain([pick(r, p)], itertools.cycle((pick(r, p),))),
    "map": lambda r, p: map(print, [pick(r, p)]),
    "dict view": lambda r, p: {"a": pick(r, p)}.items(),
    "mappingproxy": lambda r, p: types.MappingProxyType({"a": pick(r, p)}),
    "namespace": lambda r, p: types.SimpleNamespace(a=pick(r, p)),
    "generic alias": lambda r, p: types.GenericAlias(list, (pick(r, p),)),
    "context": make_context,
    "future": make_future,
    "thread local": lambda r, p: vars(threading.local()).setdefault("a", [pick(r, p)]),
    "string buffer": lambda r, p: vars(io.StringIO()).setdefault("a", [pick(r, p)]),
}


def link(rng, source, target):
    """Make source hold target where its kind allows that."""
    if isinstance(source, (list, collections.deque)):
        source.append(target)
    elif isinstance(source, dict) and type(source) in (
        dict,
        collections.OrderedDict,
        collections.defaultdict,
    ):
        source[f"k{rng.randrange(9)}"] = target
    elif isinstance(source, gcscope.Person):
        source.friends.append(target)
    elif isinstance(source, types.CellType):
        source.cell_contents = target
    elif isinstance(source, Slotted):
        source.b = target
    elif hasattr(source, "__dict__") and not isinstance(
        source, (type, types.MethodType, types.ModuleType)
    ):
        with suppress(AttributeError, TypeError):
            source.extra = target


def build(seed):
    """A random heap of some dozens of objects.

    Returns what is kept of it; the rest is garbage or freed already.
    """
    rng = random.Random(seed)
    pool = [[], {}, Plain(), gcscope.Person("root")]
    for _ in range(rng.randrange(3, 40)):
        pool.append(pick(rng, list(KINDS.values()))(rng, pool))
    for _ in range(rng.randrange(2, 50)):
        link(rng, pick(rng, pool), pick(rng, pool))
    return rng.sample(pool, rng.choice([0, 0, 1, 3]))


def compare(seed):
    """Whether the dry run and the collector agree on a random heap.

    (only ours, only the collector's, how many).
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        kept = build(seed)
        ours = dry_run_finds()
        theirs = collector_finds()
        del kept
        gc.collect()
        gc.garbage.clear()
    finally:
        if was_enabled:
            gc.enable()
    return ours - theirs, theirs - ours, len(theirs)


def main():
    parser = argparse.ArgumentParser(
        description="Compare the dry run with the collector on random graphs."
    )
    parser.add_argument("--graphs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sys.unraisablehook = lambda _: None  # a coroutine that was never awaited, and the like
    import warnings

    warnings.simplefilter("ignore")
    gc.collect()
    mismatches = trash = 0
    for seed in range(options.seed, options.seed + options.graphs):
        only_ours, only_theirs, found = compare(seed)
        trash += found
        if only_ours or only_theirs:
            mismatches += 1
            print(
                f"seed {seed}: {len(only_ours)} only in the dry run, {len(only_theirs)} only by "
                f"the collector"
            )
    print(
        f"CPython {platform.python_version()}: {options.graphs} random graphs of {len(KINDS)} "
        f"kinds of nodes, "
        f"{trash} unreachable objects: {mismatches} mismatches"
    )
    return 1 if mismatches else 0


if __name__ == "__main__":
    sys.exit(main())
