"""Containers, caches, contexts."""

import contextlib
import contextvars
import functools
import sqlite3
import threading
import weakref

from specimens.corpus.cases import (
    BOUND,
    CACHE,
    CACHED_METHOD,
    CONTAINER,
    CONTEXT,
    MEMORYVIEW,
    TWO,
    WEAK_KEY,
    leaky,
    repaired,
)


class OrderedSet:
    """The links between its items are lists, the first of them that of the empty set, as in the old
    recipe.
    """

    def __init__(self, items):
        self.end = end = []
        end += [None, end, end]
        self.links = {}
        for item in items:
            before = end[1]
            before[2] = end[1] = self.links[item] = [item, before, end]


@leaky(CONTAINER, "[*]")
def ordered_set_of_linked_lists():
    """An ordered set made of linked lists, as marshmallow's.

    The set itself is freed, its lists are not.
    """
    return len(OrderedSet("tea").links)


@repaired
def ordered_set_as_dict():
    return len(dict.fromkeys("tea"))


@leaky(CONTAINER, "['globals']")
def dict_in_itself():
    """A template's variables have themselves under a name, as globals() has in many a sandbox."""
    variables = {"name": "tea"}
    variables["globals"] = variables
    return variables["globals"]["name"]


@repaired
def dict_copied_into_itself():
    variables = {"name": "tea"}
    variables["globals"] = dict(variables)
    return variables["globals"]["name"]


@leaky(CONTAINER, "[*]")
def list_in_itself():
    """A graph of plain lists has a node that is its own neighbour."""
    node = []
    node.append(node)
    return len(node)


@repaired
def list_emptied():
    node = []
    node.append(node)
    try:
        return len(node)
    finally:
        node.clear()


class Prices:
    def __init__(self):
        self.get = functools.lru_cache(maxsize=8)(self.look_up)

    def look_up(self, name):
        return len(name)


@leaky(CACHED_METHOD, ".get")
def lru_cache_per_instance():
    """An lru_cache around a bound method is made per instance, so that the class does not keep the
    instances.
    """
    return Prices().get("tea")


@repaired
def lru_cache_around_function():
    prices = Prices()
    prices.get = functools.lru_cache(maxsize=8)(len)
    return prices.get("tea")


class Shape:
    def __init__(self):
        self.distances = {}

    def distance(self, other):
        return self.distances.setdefault(other, 0)


class ShapeWithWeakCache(Shape):
    def __init__(self):
        self.distances = weakref.WeakKeyDictionary()


@leaky(CACHE, ".distances")
def cache_keyed_on_its_owner():
    """A shape remembers its distance to others, and once to itself."""
    shape = Shape()
    return shape.distance(shape)


@repaired
def cache_with_weak_keys():
    shape = ShapeWithWeakCache()
    return shape.distance(shape)


CURRENT = contextvars.ContextVar("current", default=None)


class Request:
    def __init__(self):
        self.context = contextvars.copy_context()
        self.context.run(CURRENT.set, self)

    def close(self):
        self.context = None


@leaky(CONTEXT, ".context")
def context_holds_its_owner():
    """A request keeps the context in which it is the current one, as web frameworks do."""
    request = Request()
    return request.context[CURRENT] is request


@repaired
def context_let_go():
    with contextlib.closing(Request()) as request:
        return request.context[CURRENT] is request


class Span:
    token = None

    def enter(self):
        self.token = CURRENT.set(self)

    def leave(self):
        CURRENT.reset(self.token)
        self.token = None


def enter_and_leave(span):
    span.enter()
    span.leave()


@leaky(CONTEXT, ".token")
def context_token_kept_by_its_value():
    """A tracing span keeps the token that would end it.

    The token has the context, and the context has the span.
    """
    contextvars.copy_context().run(Span().enter)


@repaired
def context_token_given_back():
    contextvars.copy_context().run(enter_and_leave, Span())


class Transaction:
    def __init__(self):
        self.local = threading.local()
        self.local.current = self


@leaky(TWO, ".local", ".current")
def thread_local_holds_its_owner():
    """A manager of transactions has a threading.local with itself as the current one."""
    return Transaction().local is None


@repaired
def thread_local_attribute_deleted():
    transaction = Transaction()
    try:
        return transaction.local is None
    finally:
        del transaction.local.current


@leaky(
    CACHE, versions=(((3, 11), (3, 13)),), reason="3.13 warns of a connection that was not closed"
)
def sqlite_connection_not_closed():
    """An open sqlite3 connection and its own cache of statements know each other."""
    return sqlite3.connect(":memory:").execute("select 1").fetchone()


@repaired
def sqlite_connection_closed():
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        return connection.execute("select 1").fetchone()


class Tracer:
    def __init__(self):
        self.statements = []
        self.connection = sqlite3.connect(":memory:")
        self.connection.set_trace_callback(self.statements_seen)

    def statements_seen(self, statement):
        self.statements.append(statement)

    def run(self):
        self.connection.execute("select 1").fetchone()
        return self.statements


@leaky(
    BOUND,
    ".connection",
    "a callback",
    versions=(((3, 11), (3, 13)),),
    reason="3.13 warns of a connection that was not closed",
)
def sqlite_trace_callback_bound_to_owner():
    """A profiler traces the statements of the connection that it holds with its own method."""
    return Tracer().run()


@repaired
def sqlite_trace_callback_closed():
    tracer = Tracer()
    with contextlib.closing(tracer.connection):
        return tracer.run()


class Layer:
    def __init__(self, figure):
        self.figure = figure


class Figure:
    def __init__(self):
        self.layers = weakref.WeakKeyDictionary()
        self.layers[self] = Layer(self)


class FigureOfWeakLayers(Figure):
    def __init__(self):
        self.layers = weakref.WeakKeyDictionary()
        self.layers[self] = Layer(weakref.ref(self))


@leaky(WEAK_KEY, ".figure")
def weak_key_kept_by_its_value():
    """A figure notes in a WeakKeyDictionary what it knows of each figure, and that refers to it."""
    return len(Figure().layers)


@repaired
def weak_key_not_kept_by_its_value():
    return len(FigureOfWeakLayers().layers)


class Packet(bytearray):
    def __init__(self, data):
        super().__init__(data)
        self.body = memoryview(self)[1:]


@leaky(MEMORYVIEW, ".body")
def memoryview_on_its_own_buffer():
    """A packet keeps a view of its own bytes behind the head."""
    return bytes(Packet(b"#body").body)


@repaired
def memoryview_released():
    with Packet(b"#body").body as body:
        return bytes(body)
