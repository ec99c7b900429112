"""labels: a ring through every kind of reference, and the name that each has.

A specimen takes a Thing and makes what the Thing shall hold as `.held`, and what is held leads back
to the Thing. Beside it stand the labels of that ring from the Thing on, as a report tells them,
with an arrow between two.
"""

import asyncio
import collections
import contextvars
import csv
import ctypes
import dataclasses
import enum
import functools
import gc
import io
import itertools
import operator
import pyexpat
import queue
import re
import sqlite3
import sys
import threading
import time
import types
import typing
import weakref
import xml.etree.ElementTree
from contextlib import suppress

import pytest

import gcscope
from gcscope import Person
from gcscope.explain import labellers as labelling

V = sys.version_info


class HeapObject:
    """Can be called, iterated, awaited, and be an event loop: it fits in everywhere."""

    def __call__(self, *_):
        return 1

    def __iter__(self):
        return self

    def __next__(self):
        return 1

    def __await__(self):
        yield self

    def __getitem__(self, index):
        return index

    def __len__(self):
        return 3

    def __lt__(self, other):
        return False

    def method(self):
        pass

    def get_debug(self):
        return False

    def call_soon(self, *_, **__):
        pass

    def write(self, text):
        pass

    def read(self, size=-1):
        return ""


class Slotted:
    __slots__ = ("__weakref__", "mine")


class List(list):
    pass


class Tuple(tuple):
    pass


class Dict(dict):
    pass


class Set(set):
    pass


class Str(str):
    pass


class Int(int):
    pass


class Float(float):
    pass


class Bytes(bytes):
    pass


class Error(Exception):
    pass


class Buffer(io.BytesIO):
    pass


class Partial(functools.partial):
    pass


class Raw(io.RawIOBase):
    def readable(self):
        return True

    writable = seekable = readable


Pair = collections.namedtuple("Pair", "one other")
SLOTS = (List, Dict, Set, Tuple, Str, Int, Float, Bytes, Error, Buffer, Partial)


@dataclasses.dataclass(slots=True)
class Record:
    mine: object


def holding(holder, thing):
    holder.mine = thing
    return holder


SPECIMENS = []


def case(labels, why, make, when=True):
    """Register a specimen; `why` tells it from the others."""
    if when:
        SPECIMENS.append(pytest.param(make, labels, id=why))


def through(labels, when=True):
    """Register the decorated specimen."""

    def register(make):
        case(labels, make.__name__, make, when)
        return make

    return register


# -------------------------------------------------------------- instances and containers

case(".held", "itself", lambda t: t)
case(".held → .mine", "slots", lambda t: holding(Slotted(), t))
case(".held → .mine", "slots of a dataclass", Record)
case(".held → .mine", "namespace", lambda t: types.SimpleNamespace(mine=t))
case(".held → .mine", "instrumented object", lambda t: holding(Person("Michael"), t))
case(".held[0]", "list", lambda t: [t])
case(".held[1][0]", "tuple", lambda t: (1, (t,)))
case(".held[0]", "deque", lambda t: collections.deque([t]))
case(".held[99]", "long deque", lambda t: collections.deque([*range(99), t]))
case(".held (an element)", "set", lambda t: {t})
case(".held (an element)", "frozenset", lambda t: frozenset({t}))
case(".held['key']", "value of a dict", lambda t: {"key": t})
case(".held[7]", "value under an int", lambda t: {7: t})
case(".held[None]", "value under None", lambda t: {None: t})
case(".held[1.5]", "value under a float", lambda t: {1.5: t})
case(".held[<tuple>]", "value under a tuple", lambda t: {(1, 2): t})
case(".held[<bytes>]", "value under bytes", lambda t: {b"x": t})
case(".held (a key)", "key of a dict", lambda t: {t: 1})
case(".held (a key)[0]", "part of a key", lambda t: {(t,): 1})
case(".held['key']", "OrderedDict", lambda t: collections.OrderedDict(key=t))
case(".held (a key)", "key of an OrderedDict", lambda t: collections.OrderedDict({t: 1}))
case(".held['key']", "defaultdict", lambda t: collections.defaultdict(list, key=t))
case(".held.default_factory", "factory of a defaultdict", lambda t: collections.defaultdict(t))
case(".held → ['key']", "Counter", lambda t: collections.Counter({"key": t}))
case(".held → .data['key']", "UserDict", lambda t: collections.UserDict(key=t))
case(".held → .maps[0]['key']", "ChainMap", lambda t: collections.ChainMap({"key": t}))
case(".held → [1]", "namedtuple", lambda t: Pair(1, t))
case(".held → [0]", "list subclass", lambda t: List([t]))
case(".held → ['key']", "dict subclass", lambda t: Dict(key=t))
case(".held → an element", "set subclass", lambda t: Set([t]))
case(".held → [0]", "tuple subclass", lambda t: Tuple([t]))
case(".held → .args[0]", "exception", lambda t: Error(t))
case(".held → .mine", "attribute of a partial subclass", lambda t: holding(Partial(print), t))
for cls in (List, Dict, Set, Tuple, Str, Int, Float, Bytes, Error, Buffer):
    case(".held → .mine", f"attribute of a {cls.__name__}", lambda t, cls=cls: holding(cls(), t))


@through(".held")
def dict_made_real(thing):
    vars(thing)
    return thing


@through(".__dict__['two words']")
def attribute_that_is_no_name(thing):
    vars(thing)["two words"] = thing


@through(".__dict__[7]")
def attribute_that_is_no_str(thing):
    vars(thing)[7] = thing


@through(".held['mine']")
def real_dict_of_another(thing):
    return vars(holding(HeapObject(), thing))


@through(".held (an element) → .friends[0]")
def friends_of_a_person(thing):
    person = Person("Michael")
    person.friends.append(thing)
    return {person}


@through(".held → .mine")
def member_of_an_enumeration(thing):
    class Local(enum.Enum):
        RED = 1

    return holding(Local.RED, thing)


class Caching(HeapObject):
    __qualname__ = "Thing"

    @functools.cached_property
    def cached(self):
        return self


@through(".cached")
def cached_property(thing):
    thing.__class__ = Caching
    assert thing.cached is thing


# ------------------------------------------------------------------- functions and methods


@through(".held → cell thing")
def closure(thing):
    return lambda: thing


@through(".held → cell second")
def second_variable_of_a_closure(thing):
    first, second = 1, thing
    return lambda: (first, second)


@through(".held → .__globals__['thing']")
def global_of_a_function(thing):
    namespace = {"thing": thing}
    exec("def f(): pass", namespace)
    return namespace["f"]


@through(".held → .__annotations__[1]" if V < (3, 14) else ".held → .__annotate__ → cell thing")
def annotation(thing):
    def f(x: thing):
        pass

    return f


@through(".held → .__annotations__['x']")
def annotation_that_was_asked_for(thing):
    def f():
        pass

    f.__annotations__["x"] = thing
    return f


@through(".held → .__type_params__[0] → .mine", when=V >= (3, 12))
def type_parameter(thing):
    namespace = {}
    exec("def f[T](): pass", namespace)
    f = namespace.pop("f")
    holding(f.__type_params__[0], thing)
    return f


@through(".held → .registry → its mapping[<type>]")
def singledispatch(thing):
    function = functools.singledispatch(lambda x: x)
    function.register(int, thing)
    return function


case(".held → .__defaults__[0]", "default", lambda t: lambda x=t: x)
case(".held → .__kwdefaults__['x']", "keyword default", lambda t: lambda *, x=t: x)
case(".held → .mine", "attribute of a function", lambda t: holding(lambda: None, t))
case(
    ".held → .__builtins__['x']",
    "builtins",
    lambda t: eval("lambda: 1", {"__builtins__": {"x": t}}),
)
case(".held.cell_contents", "cell", types.CellType)
case(".held → .__self__", "bound method", lambda t: t.method)
case(".held → .__func__", "function of a bound method", lambda t: types.MethodType(t, 1))
case(".held → .__self__[0]", "builtin method", lambda t: [t].append)
case(".held → .__self__", "method of an object in C", lambda t: t.__reduce_ex__)
case(".held → .__self__", "method wrapper", lambda t: t.__str__)
case(".held → .func", "function of a partial", functools.partial)
case(".held → .args[1]", "argument of a partial", lambda t: functools.partial(print, 1, t))
case(".held → .keywords['x']", "keyword of a partial", lambda t: functools.partial(print, x=t))
case(".held → .func", "subclass of partial", Partial)
case(".held → .func", "partialmethod", functools.partialmethod)
case(".held → .fget", "getter", property)
case(".held → .fset", "setter", lambda t: property(None, t))
case(".held → .fdel", "deleter", lambda t: property(None, None, t))
case(".held → .__doc__", "doc of a property", lambda t: property(doc=t))
case(".held → .__func__", "staticmethod", staticmethod)
case(".held → .__func__", "classmethod", classmethod)
case(".held → .func", "cached_property of a class", functools.cached_property)
case(".held → its function", "cmp_to_key", functools.cmp_to_key)
case(".held → .obj", "key of cmp_to_key", lambda t: functools.cmp_to_key(print)(t))
THE_NAME_TOO = (3, 13) <= V < (3, 14)  # is among the arguments
case(
    f".held → its arguments[{int(THE_NAME_TOO)}]",
    "methodcaller",
    lambda t: operator.methodcaller("x", t),
)
case(
    ".held → its keywords['k']",
    "keyword of methodcaller",
    lambda t: operator.methodcaller("x", k=t),
)
case(".held → its item", "itemgetter", operator.itemgetter)
case(".held → its item[1]", "itemgetter of two", lambda t: operator.itemgetter(1, t))

# ----------------------------------------------------------------------------- caches

case(".held → .mine", "attribute of a lru_cache", lambda t: holding(functools.lru_cache(print), t))
for size in (None, 8):
    name = "bounded" if size else "unbounded"
    cache = functools.lru_cache(size)
    case(".held → .__wrapped__", f"function of a {name} lru_cache", cache)


def called(function, *arguments):
    function(*arguments)
    return function


bounded, unbounded = functools.lru_cache(8), functools.lru_cache(None)
case(".held → a cached key[0]", "key of a bounded lru_cache", lambda t: called(bounded(len), t))
case(
    ".held → a cached result",
    "result of a bounded lru_cache",
    lambda t: called(bounded(weakref.ref(t))),
)
case(
    ".held → its cache (a key)[0]",
    "key of an unbounded lru_cache",
    lambda t: called(unbounded(len), t),
)
case(
    ".held → its cache[<tuple>]",
    "result of an unbounded lru_cache",
    lambda t: called(unbounded(weakref.ref(t))),
)

# --------------------------------------------------------------- classes, modules, types


def named_thing(bases, **members):
    return type("Thing", bases, members)


@through(".__class__ → .mine")
def attribute_of_a_class(thing):
    thing.__class__ = named_thing((HeapObject,), mine=thing)


@through(".__class__ → .__base__ → .mine")
def base_of_a_class(thing):
    base = type("Base", (HeapObject,), {"mine": thing})
    thing.__class__ = named_thing((base,))


@through(".__class__ → .__mro__[2] → .mine")
def class_of_the_order_of_resolution(thing):
    base = type("Base", (), {"mine": thing})
    thing.__class__ = named_thing((HeapObject, base))


@through(".held → .mine")
def module(thing):
    return holding(types.ModuleType("made"), thing)


@through(".held → its mapping['key']")
def mappingproxy(thing):
    return types.MappingProxyType({"key": thing})


case(".held → .__origin__", "GenericAlias", lambda t: types.GenericAlias(t, (int,)))
case(".held → .__args__[0]", "argument of a GenericAlias", lambda t: types.GenericAlias(list, (t,)))
case(
    ".held → .__args__[1] → .__args__[0]",
    "types.Union",
    lambda t: int | types.GenericAlias(list, (t,)),
)
case(".held → .mine", "TypeVar", lambda t: holding(typing.TypeVar("T"), t))
case(".held → .__bound__", "bound of a TypeVar", lambda t: typing.TypeVar("T", bound=t))
case(
    ".held → .__constraints__[1]", "constraint of a TypeVar", lambda t: typing.TypeVar("T", int, t)
)
case(".held → .mine", "TypeVarTuple", lambda t: holding(typing.TypeVarTuple("T"), t))
case(".held → .__supertype__", "NewType", lambda t: typing.NewType("N", t))
case(".held → .mine", "ParamSpec", lambda t: holding(typing.ParamSpec("P"), t))


@through(".held → .__value__", when=V >= (3, 12))
def value_of_a_type_alias(thing):
    return typing.TypeAliasType("A", thing)


@through(".held → .evaluate_value → .__globals__['thing']", when=V >= (3, 12))
def type_alias(thing):
    namespace = {"thing": thing}
    exec("type A = thing", namespace)
    return namespace.pop("A")


# ------------------------------------------------------- exceptions, frames, generators


@through(".held → .__traceback__.tb_frame → local thing")
def traceback(thing):
    try:
        raise Error
    except Error as error:
        return error


@through(".held.tb_frame → local thing")
def traceback_alone(thing):
    try:
        raise Error
    except Error as error:
        return error.__traceback__


@through(".held → local thing")
def frame(thing):
    return sys._getframe()


@through(".held → local variable")
def cell_of_a_frame(thing):
    variable = thing
    del thing
    assert lambda: variable
    return sys._getframe()


@through(".held → .f_back → local thing")
def frame_of_the_caller(thing):
    def inner():
        return sys._getframe()

    return inner()


@through(".held → .f_trace")
def trace_function_of_a_frame(thing):
    def inner(box):
        sys._getframe().f_trace = box.pop()
        return sys._getframe()

    return inner([thing])


@through(".held → .f_locals['thing']")
def frame_of_a_module(thing):
    namespace = {"thing": thing, "frame": sys._getframe}
    del thing
    exec("frame = frame()", {}, namespace)
    return namespace.pop("frame")


@through(".held → .__traceback__.tb_next.tb_frame → local mine")
def next_traceback(thing):
    def inner(mine):
        raise Error

    try:
        inner(thing)
    except Error as error:
        del thing
        return error


@through(".held → .__context__ → .mine")
def context_of_an_exception(thing):
    error = Error()
    error.__context__ = holding(KeyError(), thing)
    return error


@through(".held → .__cause__ → .mine")
def cause_of_an_exception(thing):
    error = Error()
    error.__cause__ = holding(KeyError(), thing)
    return error


@through(".held → .__notes__[0] → .mine")
def note_of_an_exception(thing):
    error = Error()
    error.add_note(holding(Str("note"), thing))
    return error


def waiting(thing):
    kept = thing
    del thing
    yield
    return kept


def first(iterator):
    next(iterator)
    return iterator


case(
    ".held → .exceptions[0] → .mine",
    "ExceptionGroup",
    lambda t: ExceptionGroup("m", [holding(KeyError(), t)]),
)
case(
    ".held → .name → .mine",
    "name of an ImportError",
    lambda t: ImportError(name=holding(Str("x"), t)),
)
case(".held → .obj", "object of an AttributeError", lambda t: AttributeError(obj=t))
case(".held → .value", "value of a StopIteration", lambda t: holding_only(StopIteration(t)))
case(".held → .filename", "file of an OSError", lambda t: OSError(1, "x", t))
case(".held → .code", "code of a SystemExit", lambda t: holding_only(SystemExit(t)))
case(".held → .text", "text of a SyntaxError", lambda t: SyntaxError("m", ("f", 1, 1, t)))
case(".held → local kept", "generator", lambda t: first(waiting(t)))
case(".held → local thing", "generator that has not begun", waiting)
case(".held → evaluation stack", "generator that delegates", lambda t: first(delegating([t])))


def delegating(box):
    yield from box.pop()


case(".held → local .0", "generator expression", lambda t: (x for x in t))


def holding_only(error):
    error.args = ()
    return error


@through(".held → evaluation stack[0]")
def evaluation_stack(thing):
    def generate(box):
        print([box.pop()], (yield))

    return first(generate([thing]))


class Forever:
    def __await__(self):
        yield


async def wait(thing):
    kept = thing
    del thing
    await Forever()
    return kept


async def wait_for(thing):
    await thing


async def agen(thing):
    kept = thing
    del thing
    yield kept
    yield kept


def begun(coroutine):
    coroutine.send(None)
    return coroutine


def stepped(generator):
    with suppress(StopIteration):
        generator.__anext__().send(None)
    return generator


case(".held → local kept", "coroutine", lambda t: begun(wait(t)))
case(
    ".held → its coroutine → local thing", "what awaits a coroutine", lambda t: wait(t).__await__()
)
case(".held → local kept", "async generator", lambda t: stepped(agen(t)))
case(
    ".held → its generator → local thing",
    "step of an async generator",
    lambda t: agen(t).__anext__(),
)
case(".held → its value", "value sent to an async generator", lambda t: agen(1).asend(t))
ARGUMENTS = ".held → its arguments[0]" if V < (3, 15) else ".held → its arguments"
case(
    f"{ARGUMENTS} → .args[0]",
    "what is thrown into an async generator",
    lambda t: agen(1).athrow(Error(t)),
)


@through(".held → its function → .mine")
def function_of_a_generator(thing):
    def generate():
        yield

    return first(holding(generate, thing)())


@through(".held → its frame → local thing", when=V >= (3, 13))
def locals_of_a_frame(thing):
    return sys._getframe().f_locals


# ------------------------------------------------------------------------- weak references

kept_alive = HeapObject()
key = Slotted()
case(".held → .__callback__", "callback of a weak reference", lambda t: weakref.ref(key, t))
case(".held → .__callback__", "callback of a weak proxy", lambda t: weakref.proxy(key, t))
case(
    ".held → .__callback__",
    "callback of a weak callable proxy",
    lambda t: weakref.proxy(kept_alive, t),
)
case(".held → .mine", "attribute of a WeakSet", lambda t: holding(weakref.WeakSet([key]), t))
case(
    ".held → .data[<weakref.ReferenceType>]",
    "WeakKeyDictionary",
    lambda t: weakref.WeakKeyDictionary({key: t}),
)
case(
    ".held → .data (a key)", "WeakValueDictionary", lambda t: weakref.WeakValueDictionary({t: key})
)


@through(".held → .__callback__ → cell callback")
def callback_of_a_weak_method(thing):
    return weakref.WeakMethod(kept_alive.method, thing)


# --------------------------------------------------------------------------------- asyncio


class Loop:
    """Notes the first steps of tasks."""

    def __init__(self):
        self.due = []

    def get_debug(self):
        return False

    def call_soon(self, step, *_, **__):
        self.due.append(step)


LOOP = Loop()


def future():
    return asyncio.Future(loop=LOOP)


def task(coroutine, **kwargs):
    made = asyncio.Task(coroutine, loop=LOOP, **kwargs)
    LOOP.due.clear()
    return made


def with_result(future, thing):
    future.set_result(thing)
    return future


def failed(future, error):
    future.set_exception(error)
    future._log_traceback = False
    return future


def called_back(future, *callbacks):
    for callback in callbacks:
        future.add_done_callback(callback, context=contextvars.Context())
    return future


case(".held → ._loop", "loop of a future", lambda t: asyncio.Future(loop=t))
case(".held → ._result", "result of a future", lambda t: with_result(future(), t))
case(
    ".held → ._exception → .mine",
    "exception of a future",
    lambda t: failed(future(), holding(Error(), t)),
)
case(".held → ._callbacks", "callback of a future", lambda t: called_back(future(), t))
case(
    ".held → ._callbacks[0][0]",
    "second callback of a future",
    lambda t: called_back(future(), print, t),
)
case(".held → ._cancel_message", "message of a future", lambda t: cancelled(future(), t))


def cancelled(future, message):
    future.cancel(message)
    return future


case(".held → ._coro → local thing", "coroutine of a task", lambda t: task(wait(t)))
case(
    ".held → its future → ._callbacks",
    "what awaits a future",
    lambda t: iter(called_back(future(), t)),
)


@through(".held → its task → ._coro → local thing")
def step_of_a_task(thing):
    asyncio.Task(wait(thing), loop=LOOP)
    return LOOP.due.pop()


case(".held → ._loop", "loop of a task", lambda t: asyncio.Task(wait(1), loop=t))


@through(".held → ._fut_waiter → ._callbacks")
def what_a_task_waits_for(thing):
    waited = called_back(asyncio.Future(loop=LOOP), thing)
    waiting = asyncio.Task(wait_for(waited), loop=LOOP)
    asyncio._set_running_loop(LOOP)
    try:
        LOOP.due.pop()()
    finally:
        asyncio._set_running_loop(None)
    return waiting


@through(".held → its context → its variables → its variables → the value of a context variable")
def context_of_a_task(thing):
    return task(wait(1), context=context(thing))


# ---------------------------------------------------------------------- context variables

variable = contextvars.ContextVar("variable")


def context(thing, variables=()):
    made = contextvars.Context()
    for one in variables or [variable]:
        made.run(one.set, thing)
    return made


many = [contextvars.ContextVar(str(n)) for n in range(40)]
case(".held → its variables → its variables → the value of a context variable", "context", context)
case(
    ".held → its variables → its variables → its variables → the value of a context variable",
    "large context",
    lambda t: context(t, many),
)
case(
    ".held → its default", "default of a variable", lambda t: contextvars.ContextVar("v", default=t)
)


@through(".held → its old value")
def token(thing):
    def run():
        variable.set(thing)
        return variable.set(1)

    return contextvars.Context().run(run)


@through(".held → its context → its variables → its variables → the value of a context variable")
def context_of_a_token(thing):
    return contextvars.Context().run(variable.set, thing)


# ----------------------------------------------------------------------- iterators


case(".held → its sequence[0]", "iterator of a list", lambda t: iter([t]))
case(".held → its sequence[0]", "reversed list", lambda t: reversed([t]))
case(".held → its sequence[0]", "iterator of a tuple", lambda t: iter((t,)))
case(".held → its set (an element)", "iterator of a set", lambda t: iter({t}))
case(".held → its dict['key']", "iterator of a dict", lambda t: iter({"key": t}))
case(".held → its dict['key']", "iterator of values", lambda t: iter({"key": t}.values()))
case(".held → its dict['key']", "iterator of items", lambda t: iter({"key": t}.items()))
case(".held → its dict['key']", "reversed dict", lambda t: reversed({"key": t}))
case(".held → its dict['key']", "reversed values", lambda t: reversed({"key": t}.values()))
case(".held → its dict['key']", "reversed items", lambda t: reversed({"key": t}.items()))
case(".held → its dict['key']", "keys", lambda t: {"key": t}.keys())
case(".held → its dict['key']", "values", lambda t: {"key": t}.values())
case(".held → its dict['key']", "items", lambda t: {"key": t}.items())
case(
    ".held → its dict['key']",
    "iterator of an OrderedDict",
    lambda t: iter(collections.OrderedDict(key=t)),
)
case(
    ".held → its dict['key']",
    "values of an OrderedDict",
    lambda t: collections.OrderedDict(key=t).values(),
)
case(".held → its deque[0]", "iterator of a deque", lambda t: iter(collections.deque([t])))
case(".held → its deque[0]", "reversed deque", lambda t: reversed(collections.deque([t])))
case(".held → its callable", "iterator of a callable", lambda t: iter(t, 2))
case(".held → its sentinel", "sentinel", lambda t: iter(print, t))
case(".held → its iterators[0]", "map", lambda t: map(print, t))
case(".held → its function", "function of map", lambda t: map(t, "a"))
case(".held → its iterator", "filter", lambda t: filter(None, t))
case(".held → its function", "function of filter", lambda t: filter(t, ""))
case(".held → its iterators[1]", "zip", lambda t: zip("", t))
case(".held → its iterator", "enumerate", enumerate)
case(".held → its sequence", "reversed", reversed)
case(".held → its iterables → its sequence[1]", "chain", lambda t: itertools.chain("", t))
case(".held → its iterables", "chain of an iterable", itertools.chain.from_iterable)
case(".held → its iterator", "chain that has begun", lambda t: first(itertools.chain(t, "")))
case(".held → its iterator", "cycle", itertools.cycle)
case(".held → its saved items[0]", "items of cycle", lambda t: first(itertools.cycle([t])))
case(".held → its iterator", "islice", lambda t: itertools.islice(t, 2))
case(".held → its iterator", "starmap", lambda t: itertools.starmap(print, t))
case(".held → its function", "function of starmap", lambda t: itertools.starmap(t, ""))
case(".held → its iterator", "takewhile", lambda t: itertools.takewhile(print, t))
case(".held → its function", "function of takewhile", lambda t: itertools.takewhile(t, ""))
case(".held → its iterator", "dropwhile", lambda t: itertools.dropwhile(print, t))
case(".held → its function", "function of dropwhile", lambda t: itertools.dropwhile(t, ""))
case(".held → its iterator", "filterfalse", lambda t: itertools.filterfalse(print, t))
case(".held → its function", "function of filterfalse", lambda t: itertools.filterfalse(t, ""))
case(".held → its iterator", "accumulate", itertools.accumulate)
case(".held → its function", "function of accumulate", lambda t: itertools.accumulate("", t))
case(".held → its initial", "initial of accumulate", lambda t: itertools.accumulate("", initial=t))
case(".held → its total", "total of accumulate", lambda t: first(itertools.accumulate([t])))
case(".held → its element", "repeat", itertools.repeat)
case(".held → its count → .mine", "count", lambda t: itertools.count(holding(Float(), t)))
case(
    ".held → its step → .mine", "step of count", lambda t: itertools.count(1, holding(Float(2), t))
)
case(".held → its iterator", "groupby", itertools.groupby)
case(".held → its key function", "key function of groupby", lambda t: itertools.groupby("", t))
case(
    ".held → its current value",
    "current value of groupby",
    lambda t: first(itertools.groupby([t], bool)),
)
case(
    ".held → its target key",
    "current key of groupby",
    lambda t: first(itertools.groupby([1], lambda _, r=weakref.ref(t): r())),
)
case(".held → its groupby → its iterator", "group", lambda t: next(itertools.groupby(t))[1])
case(".held → its iterator", "pairwise", itertools.pairwise)
case(".held → its old item", "item of pairwise", lambda t: first(itertools.pairwise([1, t])))
case(".held → its data", "compress", lambda t: itertools.compress(t, ""))
case(".held → its selectors", "selectors of compress", lambda t: itertools.compress("", t))
case(".held → its iterators[0]", "zip_longest", lambda t: itertools.zip_longest(t))
case(
    ".held → its fill value",
    "fill value of zip_longest",
    lambda t: itertools.zip_longest(fillvalue=t),
)
case(".held → its pools[0][0]", "product", lambda t: itertools.product([t]))
case(".held → its pool[0]", "permutations", lambda t: itertools.permutations([t]))
case(".held → its pool[0]", "combinations", lambda t: itertools.combinations([t], 1))
case(
    ".held → its pool[0]",
    "combinations with replacement",
    lambda t: itertools.combinations_with_replacement([t], 1),
)
case(".held → its data → its iterator", "tee", lambda t: itertools.tee(t)[0])
case(".held → its data → an element", "items of tee", lambda t: teed([t]))
case(".held → its iterator", "batched", lambda t: itertools.batched(t, 2), when=V >= (3, 12))


def teed(items):
    one, other = itertools.tee(items)
    next(one)
    return other


# ---------------------------------------------------------------------- types of the library

KEY_OF_A_THREAD = "weakref.ReferenceType" if V < (3, 13) else "_thread._localdummy"


@through(".held → a callback")
def sqlite_connection(thing):
    connection = sqlite3.connect(":memory:")
    connection.set_trace_callback(thing)
    return connection


@through(".held → .row_factory")
def row_factory(thing):
    connection = sqlite3.connect(":memory:")
    connection.row_factory = thing
    return connection


@through(".held → .connection → .row_factory")
def sqlite_cursor(thing):
    connection = sqlite3.connect(":memory:")
    cursor = connection.cursor()
    connection.row_factory = thing
    return cursor


@through(".held → .StartElementHandler")
def expat_parser(thing):
    parser = pyexpat.ParserCreate()
    parser.StartElementHandler = thing
    return parser


def element(tag="x", **attributes):
    made = xml.etree.ElementTree.Element(tag)
    for name, value in attributes.items():
        setattr(made, name, value)
    return made


case(".held → .text", "text of an element", lambda t: element(text=t))
case(".held → .tail", "tail of an element", lambda t: element(tail=t))
case(".held → .tag", "tag of an element", element)
case(".held → .attrib['key']", "attribute of an element", lambda t: element(attrib={"key": t}))
case(".held → [1] → .text", "child of an element", lambda t: parent(element(), element(text=t)))


def parent(*children):
    made = element()
    made.extend(children)
    return made


case(
    ".held → .buffer → .raw → .mine",
    "text file",
    lambda t: io.TextIOWrapper(io.BufferedReader(holding(Raw(), t))),
)
case(".held → .raw → .mine", "buffered reader", lambda t: io.BufferedReader(holding(Raw(), t)))
case(".held → .raw → .mine", "buffered writer", lambda t: io.BufferedWriter(holding(Raw(), t)))
case(".held → .raw → .mine", "buffered random", lambda t: io.BufferedRandom(holding(Raw(), t)))
case(
    ".held → its reader → .raw → .mine",
    "buffered pair",
    lambda t: io.BufferedRWPair(holding(Raw(), t), Raw()),
    when=V >= (3, 12),  # it shows nothing before
)
case(".held → .mine", "attribute of a StringIO", lambda t: holding(io.StringIO(), t))
case(
    ".held → its buffer → .obj → .mine",
    "memoryview",
    lambda t: memoryview(holding(Bytearray(b"x"), t)),
)
case(".held → its write method → .__self__", "csv writer", lambda t: csv.writer(t))
case(".held → its iterator", "csv reader", csv.reader)
case(
    ".held → its elements[0]" if V < (3, 13) else ".held → an element",
    "SimpleQueue",
    lambda t: put(queue.SimpleQueue(), t),
)
case(".held → .queue[0]", "Queue", lambda t: put(queue.Queue(), t))
case(
    f".held → its dicts by thread[<{KEY_OF_A_THREAD}>]['mine']",
    "thread-local",
    lambda t: holding(threading.local(), t),
)
case(".held → .start", "slice", lambda t: slice(t, None))
case(".held → .stop", "stop of a slice", lambda t: slice(t))
case(".held → .__self__", "super", lambda t: super(HeapObject, t))
case(".held → [0]", "struct sequence", lambda t: time.struct_time((t,) * 9))
case(".held → .string → .mine", "match", lambda t: re.match("", holding(Str(), t)))


class Bytearray(bytearray):
    pass


def put(queue, thing):
    queue.put(thing)
    return queue


@through(".held → a callback")
def ctypes_callback(thing):
    return ctypes.CFUNCTYPE(None)(thing)


@through(".held → ._objects['0']")
def ctypes_array(thing):
    array = (ctypes.py_object * 1)()
    array[0] = thing
    return array


def template(thing):
    return eval('t"{thing}"', {"thing": thing})


case(".held → .interpolations[0] → .value", "template", template, when=V >= (3, 14))


# -------------------------------------------------------------------------------- the tests


pytestmark = pytest.mark.usefixtures("small_heap")
NAME_OF_A_THING = f"{__name__}.Thing"


def ring_from_the_thing():
    """The ring that the specimen left, begun at the Thing; other rings are of classes made for the specimen."""
    rings = [cycle.ring for cycle in gcscope.garbage().cycles]
    [(ring, first)] = [
        (ring, place)
        for ring in rings
        for place, link in enumerate(ring)
        if link.type == NAME_OF_A_THING
    ]
    return ring[first:] + ring[:first]


def text_of(ring):
    return " → ".join(link.label for link in ring)


@pytest.mark.filterwarnings("ignore:coroutine", "ignore:unclosed database")
@pytest.mark.parametrize(("make", "labels"), SPECIMENS)
def test_a_ring_through(quiet, make, labels):
    thing = HeapObject()
    held = make(thing)
    if held is not None:
        thing.held = held
    del thing, held
    ring = ring_from_the_thing()
    assert text_of(ring) == labels
    assert all(link.named for link in ring)


# ------------------------------------------------------------------------- the last resort


@pytest.fixture
def stranger(rooms):
    """A type in C that no table knows; it holds one object and shows its class first."""
    yield rooms.Liar
    labelling.labellers.clear()


def leave_ring_through(cls):
    thing = HeapObject()
    thing.held = cls(thing, 1)


def test_what_has_no_name_is_counted(quiet, stranger):
    leave_ring_through(stranger)
    known, unknown = ring_from_the_thing()
    assert (known.label, known.named) == (".held", True)
    assert (unknown.label, unknown.named) == ("2nd reference of a rooms.Liar", False)


def test_members_of_a_subclass_of_what_has_no_name(quiet, stranger):
    class Closer(stranger):
        pass

    thing = HeapObject()
    thing.held = holding(Closer(1, 1), thing)
    del thing
    assert text_of(ring_from_the_thing()) == ".held → .mine"


def test_a_labeller_names_it(quiet, stranger):
    @gcscope.labeller(stranger)
    def name(holder):
        asked.append(type(holder))
        yield ".other", 1
        yield ".kept", [thing for thing in gc.get_referents(holder) if type(thing) is HeapObject][0]

    asked = []
    leave_ring_through(stranger)
    without = gcscope.cycles([])  # no ring, nobody is asked
    assert asked == [] and not without
    assert [(link.label, link.named) for link in ring_from_the_thing()] == [
        (".held", True),
        (".kept", True),
    ]
    assert asked == [stranger]


def test_a_labeller_of_a_base_and_the_most_derived_one(quiet, stranger):
    class Closer(stranger):
        pass

    gcscope.labeller(stranger)(
        lambda holder: [(".far", thing) for thing in gc.get_referents(holder)]
    )
    leave_ring_through(Closer)
    assert text_of(ring_from_the_thing()) == ".held → .far"
    gcscope.labeller(Closer)(
        lambda holder: [(".near", thing) for thing in gc.get_referents(holder)]
    )
    assert text_of(ring_from_the_thing()) == ".held → .near"


def test_a_labeller_that_does_not_know(quiet, stranger):
    gcscope.labeller(stranger)(lambda holder: [])
    leave_ring_through(stranger)
    assert [link.named for link in ring_from_the_thing()] == [True, False]


def test_a_labeller_that_fails_fails_the_report(quiet, stranger):
    @gcscope.labeller(stranger)
    def name(holder):
        raise ZeroDivisionError

    leave_ring_through(stranger)
    with pytest.raises(ZeroDivisionError):
        gcscope.garbage()
    assert not gc.isenabled()
    labelling.labellers.clear()
    assert text_of(ring_from_the_thing()) == ".held → 2nd reference of a rooms.Liar"


@pytest.mark.parametrize("wrong", [1, "Liar", None])
def test_a_labeller_is_for_a_class_and_a_function(wrong):
    with pytest.raises(TypeError, match="takes a class"):
        gcscope.labeller(wrong)
    with pytest.raises(TypeError, match="must be a function"):
        gcscope.labeller(HeapObject)(wrong)
    assert labelling.labellers == {}
