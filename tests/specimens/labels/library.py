"""References of the standard library: asyncio, contexts, iterators and the rest."""

import _pickle
import asyncio
import collections
import contextvars
import cProfile
import csv
import ctypes
import io
import itertools
import pyexpat
import queue
import re
import sqlite3
import ssl
import threading
import time
import types
import weakref
import xml.etree.ElementTree
from contextlib import suppress

from specimens.labels.cases import (
    Error,
    Float,
    HeapObject,
    Raw,
    Str,
    V,
    case,
    holding,
    optional,
    through,
)
from specimens.labels.language import first, wait, wait_for

# ----------------------------------------------------------------------------------------- asyncio


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


@through(".held → its context → [ContextVar 'variable']")
def context_of_a_task(thing):
    return task(wait(1), context=context(thing))


# ------------------------------------------------------------------------------- context variables
variable = contextvars.ContextVar("variable")


def context(thing, variables=()):
    made = contextvars.Context()
    for one in variables or [variable]:
        made.run(one.set, thing)
    return made


many = [contextvars.ContextVar("one of many") for _ in range(40)]


case(".held → [ContextVar 'variable']", "context", context)


case(
    ".held → [ContextVar 'one of many']",
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


@through(".held → its context → [ContextVar 'variable']")
def context_of_a_token(thing):
    return contextvars.Context().run(variable.set, thing)


# --------------------------------------------------------------------------------------- iterators


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


# ---------------------------------------------------------------------------- types of the library
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
    ".held → .mine",
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


@through(".held → .sni_callback")
def ssl_context(thing):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sni_callback = thing
    return context


@through(".held → ._msg_callback")
def message_callback_of_an_ssl_context(thing):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    super(ssl.SSLContext, type(context))._msg_callback.__set__(context, thing)
    return context


case(
    ".held → its timer",
    "timer of a profiler",
    lambda t: cProfile.Profile(t),
    when=V >= (3, 13),  # it shows nothing before
)


case(".held → its write method → .__self__", "pickler", lambda t: _pickle.Pickler(t))


case(
    ".held → .dispatch_table['x']", "table of a pickler", lambda t: pickler(dispatch_table={"x": t})
)


@through(".held → its buffer callback")
def buffers_of_a_pickler(thing):
    return _pickle.Pickler(HeapObject(), protocol=5, buffer_callback=thing)


@through(".held → a pickled object[0]")
def memo_of_a_pickler(thing):
    made = pickler(dispatch_table={HeapObject: lambda _: "HeapObject"})
    with suppress(_pickle.PicklingError):
        made.dump([thing])
    made.dispatch_table = {}
    return made


def pickler(**attributes):
    made = _pickle.Pickler(io.BytesIO())
    for name, value in attributes.items():
        setattr(made, name, value)
    return made


case(
    ".held → its read method",
    "unpickler",
    lambda t: _pickle.Unpickler(types.SimpleNamespace(read=t, readline=print)),
)


case(
    ".held → its buffers → its sequence[0]",
    "buffers of an unpickler",
    lambda t: _pickle.Unpickler(io.BytesIO(), buffers=[t]),
)


for of, word in ((_pickle.Pickler, "persistent_id"), (_pickle.Unpickler, "persistent_load")):
    case(
        f".held → .{word}",
        word,
        lambda t, of=of, word=word: set_on(of(Raw()), word, t),
        when=not (3, 13) <= V < (3, 13, 1),  # it cannot be set
    )


def set_on(holder, name, value):
    setattr(holder, name, value)
    return holder


def tree_builder(**factories):
    return xml.etree.ElementTree.TreeBuilder(**factories)


for factory in ("element", "comment", "pi"):
    case(
        f".held → its {factory} factory",
        f"{factory} factory of a TreeBuilder",
        lambda t, factory=factory: tree_builder(**{f"{factory}_factory": t}),
    )


@through(".held → its data → .mine")
def data_of_a_tree_builder(thing):
    builder = tree_builder()
    builder.start("x", {})
    builder.data(holding(Str("text"), thing))
    return builder


case(
    ".held → .target", "target of an XMLParser", lambda t: xml.etree.ElementTree.XMLParser(target=t)
)


case(".held → .entity['x']", "entities of an XMLParser", lambda t: entity(t))


def entity(thing):
    parser = xml.etree.ElementTree.XMLParser()
    parser.entity["x"] = thing
    return parser


async def numbers():
    yield 1


@through(".held → its default")
def awaitable_of_anext(thing):
    return anext(numbers(), thing)


# ------------------------------------------------------------------------------ beyond the library
greenlet = optional("greenlet")
mypy_nodes = optional("mypy.nodes")
IS_COMPILED = mypy_nodes is not None and not mypy_nodes.__file__.endswith(".py")


case(".held → .run", "greenlet", lambda t: greenlet.greenlet(t), needs=greenlet)


case(
    ".held → .mine",
    "attribute of a greenlet",
    lambda t: holding(greenlet.greenlet(print), t),
    needs=greenlet,
)


case(
    ".held → .parent → .mine",
    "parent of a greenlet",
    lambda t: greenlet.greenlet(print, holding(greenlet.greenlet(print), t)),
    needs=greenlet,
)


@through(".held → .gr_context → [ContextVar 'variable']", needs=greenlet)
def context_of_a_greenlet(thing):
    made = greenlet.greenlet(print)
    made.gr_context = context(thing)
    return made


@through(".held → .metadata['key']", needs=mypy_nodes if IS_COMPILED else None)
def attribute_of_a_class_that_mypyc_compiled(thing):
    definition = mypy_nodes.ClassDef("C", mypy_nodes.Block([]))
    made = mypy_nodes.TypeInfo(mypy_nodes.SymbolTable(), definition, "module")
    made.metadata = {"key": thing}
    return made


def template(thing):
    return eval('t"{thing}"', {"thing": thing})


case(".held → .interpolations[0] → .value", "template", template, when=V >= (3, 14))
