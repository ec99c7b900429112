"""Objects that are held in every way that there is, and who holds them."""

import asyncio
import atexit
import collections
import contextvars
import ctypes
import functools
import gc
import itertools
import operator
import signal
import sqlite3
import sys
import threading
import types
import weakref
from contextlib import ExitStack, suppress

from gcscope import Person
from specimens.objects import PLAIN, SLOTTED, Plain, Slotted

BORROWS = sys.version_info >= (3, 14)


HERE = __name__


class Keyed:
    def __hash__(self):
        return 7

    def method(self):
        pass


global_thing = Plain()


# A specimen makes an object, puts it into `one`, a list with nothing else, and yields who owns it
# besides: (type, name, label) of each reference; or that with the number of those that nobody
# shows.
ZOO = {}


def specimen(function):
    ZOO[function.__name__.strip("_")] = function
    return function


@specimen
def nothing_else(one):
    one[:] = [Plain()]
    yield []


@specimen
def a_module_global(one):
    one[:] = [global_thing]
    yield [("module", HERE, ".global_thing")]


@specimen
def an_attribute(one):
    holder = Plain()
    holder.a = thing = Plain()
    one[:] = [thing]
    del thing
    yield [(PLAIN, None, ".a")]


@specimen
def an_attribute_in_a_real_dict(one):
    holder = Plain()
    vars(holder)["a"] = one[0] = Plain()
    yield [(PLAIN, None, ".a")]


@specimen
def a_slot(one):
    holder = Slotted()
    holder.b = one[0] = Plain()
    yield [(SLOTTED, None, ".b")]


@specimen
def friends(one):
    holder = Person("Michael")
    one[0] = Plain()
    holder.friends.append(one[0])
    holder.note = one[0]
    yield [("list", None, "[0]"), ("gcscope.Person", "Michael", ".note")]


@specimen
def items(one):
    one[0] = Plain()
    holder = [
        [None, one[0]],
        (0, 1, one[0]),
        {"k": one[0], 3: one[0]},
        {one[0]},
        frozenset([one[0]]),
    ]
    holder.append(collections.deque([one[0]]))
    yield [
        ("list", None, "[1]"),
        ("tuple", None, "[2]"),
        ("dict", None, "['k']"),
        ("dict", None, "[3]"),
        ("set", None, "an element"),
        ("frozenset", None, "an element"),
        ("collections.deque", None, "[0]"),
    ]


@specimen
def a_key(one):
    one[0] = Keyed()
    holder = {one[0]: one[0]}
    yield [("dict", None, f"[<{HERE}.Keyed>]"), ("dict", None, "a key")]
    del holder


@specimen
def several_times_in_one_list(one):
    one[0] = Plain()
    holder = [one[0]] * 3
    yield [("list", None, f"[{n}]") for n in range(3)]
    del holder


@specimen
def subclasses_of_containers(one):
    class Items(list):
        pass

    class Table(dict):
        pass

    one[0] = Plain()
    items, table = Items([one[0]]), Table(k=one[0])
    items.a = one[0]
    where = f"{HERE}.subclasses_of_containers.<locals>."
    yield [
        (f"{where}Items", None, "[0]"),
        (f"{where}Items", None, ".a"),
        (f"{where}Table", None, "['k']"),
    ]
    del items, table


@specimen
def a_closure(one):
    captured = one[0] = Plain()

    def inner():
        return captured

    yield [("function", "a_closure.<locals>.inner", "cell captured")]


@specimen
def a_suspended_generator(one):
    def generate(first):
        second = first  # noqa: F841
        yield

    one[0] = Plain()
    generator = generate(one[0])
    next(generator)
    name = "a_suspended_generator.<locals>.generate"
    yield [("generator", name, "local first"), ("generator", name, "local second")]
    generator.close()


@specimen
def a_generator_that_has_not_begun(one):
    def generate(first):
        yield first

    one[0] = Plain()
    generator = generate(one[0])
    yield [("generator", "a_generator_that_has_not_begun.<locals>.generate", "local first")]
    generator.close()


@specimen
def a_suspended_coroutine(one):
    class Forever:
        def __await__(self):
            yield

    async def wait():
        mine = one[0] = Plain()  # noqa: F841
        await Forever()

    coroutine = wait()
    coroutine.send(None)
    yield [("coroutine", "a_suspended_coroutine.<locals>.wait", "local mine")]
    coroutine.close()


@specimen
def an_asynchronous_generator(one):
    async def generate():
        mine = one[0] = Plain()  # noqa: F841
        yield 1

    generator = generate()
    with suppress(StopIteration):
        generator.asend(None).send(None)
    yield [("async_generator", "an_asynchronous_generator.<locals>.generate", "local mine")]
    with suppress(StopIteration):
        generator.aclose().send(None)


@specimen
def a_running_frame(one):
    mine = one[0] = Plain()  # noqa: F841
    yield [("generator", "a_running_frame", "local mine")]


@specimen
def a_thread_that_waits(one):
    begun, end = threading.Event(), threading.Event()

    def work():
        mine = one[0] = Plain()  # noqa: F841
        begun.set()
        end.wait()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    begun.wait()
    yield [("frame", "a_thread_that_waits.<locals>.work", "local mine")]
    end.set()
    thread.join()


@specimen
def a_class_attribute(one):
    class Holder:
        a = Plain()

    one[0] = Holder.a
    yield [("type", f"{HERE}.a_class_attribute.<locals>.Holder", ".a")]


@specimen
def default_arguments(one):
    one[0] = Plain()

    def function(a=one[0], *, b=one[0]):
        pass

    name = "default_arguments.<locals>.function"
    yield [("function", name, ".__defaults__[0]"), ("dict", None, "['b']")]
    del function


@specimen
def an_attribute_of_a_function(one):
    def function():
        pass

    function.a = one[0] = Plain()
    yield [("function", "an_attribute_of_a_function.<locals>.function", ".a")]


@specimen
def a_function(one):
    def function():
        pass

    one[0] = function
    yield [("generator", "a_function", "local function")]


@specimen
def a_function_with_its_name_in_a_closure(one):
    def function():
        return function

    one[0] = function
    yield [("function", "a_function_with_its_name_in_a_closure.<locals>.function", "cell function")]
    function = None


@specimen
def a_class(one):
    class Local:
        pass

    one[0] = Local
    thing = Local()
    kind = f"{HERE}.a_class.<locals>.Local"
    # on 3.15 all classes share theirs
    own = [
        key
        for key, value in vars(Local).items()
        if type(value) is types.GetSetDescriptorType and value.__objclass__ is Local
    ]
    del Local
    yield [
        ("type", kind, ".__mro__[0]"),
        *(("type", kind, f".{key}.__objclass__") for key in own),
        (kind, None, ".__class__"),
    ]
    del thing


@specimen
def a_module(one):
    module = types.ModuleType("made")
    sys.modules["made"] = one[0] = module
    del module
    yield [("module", "sys", ".modules['made']")]
    del sys.modules["made"]


@specimen
def an_exception_keeps_a_frame(one):
    def fail():
        mine = one[0] = Plain()  # noqa: F841
        raise ValueError

    try:
        fail()
    except ValueError as error:
        kept = error  # noqa: F841
    yield [("frame", "an_exception_keeps_a_frame.<locals>.fail", "local mine")]
    del kept


@specimen
def an_exception(one):
    error = ValueError("x")
    other = KeyError()
    other.__cause__ = other.__context__ = error
    one[0] = error
    del error
    yield [("KeyError", None, ".__cause__"), ("KeyError", None, ".__context__")]


@specimen
def arguments_of_an_exception(one):
    one[0] = Plain()
    error = ValueError(one[0])
    yield [("tuple", None, "[0]")]
    del error


@specimen
def a_bound_method(one):
    one[0] = Keyed()
    method = one[0].method
    yield [("method", "Keyed.method", ".__self__")]
    del method


@specimen
def a_method_of_c(one):
    one[0] = collections.deque()
    method = one[0].append
    yield [("builtin_function_or_method", "append", ".__self__")]
    del method


@specimen
def descriptors(one):
    def function():
        pass

    one[0] = function
    del function
    kept = [property(one[0]), classmethod(one[0]), staticmethod(one[0])]
    yield [
        ("property", None, ".fget"),
        ("classmethod", None, ".__func__"),
        ("staticmethod", None, ".__func__"),
    ]
    del kept


@specimen
def a_long_string(one):
    one[0] = "x" * len(ZOO) + "!"
    holder = Slotted()
    holder.a = one[0]
    yield [(SLOTTED, None, ".a")]


@specimen
def an_int(one):
    one[0] = 10**50 + len(ZOO)
    holder = [one[0]]
    yield [("list", None, "[0]")]
    del holder


@specimen
def a_string_in_an_untracked_tuple(one):
    one[0] = "y" * len(ZOO)
    holder = (one[0], 1)
    gc.collect()
    assert not gc.is_tracked(holder)
    yield [("tuple", None, "[0]")]
    del holder


@specimen
def an_untracked_tuple(one):
    one[0] = (len(ZOO), "z")
    gc.collect()
    holder = [one[0]]
    assert not gc.is_tracked(one[0])
    yield [("list", None, "[0]")]
    del holder


@specimen
def a_weak_reference_holds_nothing(one):
    one[0] = Plain()
    kept = [weakref.ref(one[0]), weakref.proxy(one[0])]
    yield []
    del kept


@specimen
def a_callback_of_a_weak_reference(one):
    def callback(reference):
        pass

    one[0] = callback
    del callback
    target = Plain()
    reference = weakref.ref(target, one[0])
    yield [("weakref.ReferenceType", None, ".__callback__")]
    del reference, target


@specimen
def weakref_finalize(one):
    one[0] = Plain()
    target = Plain()
    finalizer = weakref.finalize(target, print, one[0])
    yield [("tuple", None, "[0]")]
    finalizer.detach()


@specimen
def registered_at_exit(one):
    one[0] = Plain()
    atexit.register(print, one[0])
    yield [("tuple", None, "[0]")]
    atexit.unregister(print)


@specimen
def a_function_registered_at_exit(one):
    def function():
        pass

    one[0] = function
    del function
    atexit.register(one[0])
    # a list of tuples since 3.14, an array of C before
    yield ([("tuple", None, "[0]")], 0) if BORROWS else ([], 1)
    atexit.unregister(one[0])


@specimen
def a_signal_handler(one):
    def handler(*_):
        pass

    one[0] = handler
    del handler
    before = signal.signal(signal.SIGUSR1, one[0])
    yield [], 1
    signal.signal(signal.SIGUSR1, before)


@specimen
def a_function_of_sqlite(one):
    def function(x):
        return x

    one[0] = function
    del function
    connection = sqlite3.connect(":memory:")
    connection.create_function("f", 1, one[0])
    yield [], 1
    connection.close()


@specimen
def a_py_object(one):
    one[0] = Plain()
    held = ctypes.py_object(one[0])
    yield [("ctypes.py_object", None, "._objects")]
    del held


@specimen
def a_callback_of_ctypes(one):
    def function():
        pass

    one[0] = function
    del function
    callback = ctypes.CFUNCTYPE(None)(one[0])
    yield [
        ("_ctypes.CThunkObject", None, "a callback"),
        ("ctypes.CFUNCTYPE.<locals>.CFunctionType", None, "a callback"),
    ]
    del callback


@specimen
def arguments_of_a_thread(one):
    one[0] = Plain()
    thread = threading.Thread(target=print, args=(one[0],))
    yield [("tuple", None, "[0]")]
    del thread


@specimen
def a_parameter_of_a_thread(one):
    begun, end = threading.Event(), threading.Event()

    def work(mine):
        begun.set()
        end.wait()

    one[0] = Plain()
    thread = threading.Thread(target=work, args=(one[0],), daemon=True)
    thread.start()
    begun.wait()
    yield [("tuple", None, "[0]"), ("frame", "a_parameter_of_a_thread.<locals>.work", "local mine")]
    end.set()
    thread.join()


@specimen
def iterators(one):
    one[0] = ["x"]
    kept = [
        iter(one[0]),
        reversed(one[0]),
        enumerate(one[0]),
        itertools.chain(one[0]),
        itertools.repeat(one[0]),
    ]
    next(kept[3])
    yield [
        ("list_iterator", None, "its sequence"),
        ("list_reverseiterator", None, "its sequence"),
        ("list_iterator", None, "its sequence"),
        ("list_iterator", None, "its sequence"),
        ("itertools.repeat", None, "its element"),
        ("tuple", None, "[0]"),
    ]
    del kept


@specimen
def map_and_filter(one):
    def function(x):
        return x

    one[0] = function
    del function
    kept = [map(one[0], []), filter(one[0], []), itertools.starmap(one[0], []), iter(one[0], None)]
    yield [
        ("map", None, "its function"),
        ("filter", None, "its function"),
        ("itertools.starmap", None, "its function"),
        ("callable_iterator", None, "its callable"),
    ]
    del kept


@specimen
def context_variables(one):
    one[0] = Plain()
    variable = contextvars.ContextVar("variable")
    context = contextvars.copy_context()
    context.run(variable.set, one[0])
    unset = contextvars.ContextVar("with a default", default=one[0])
    yield [
        ("_contextvars.Context", None, "[ContextVar 'variable']"),
        ("_contextvars.ContextVar", None, "its default"),
    ]
    del context, variable, unset


@specimen
def functools_partial(one):
    one[0] = Plain()
    partial = functools.partial(print, one[0], end=one[0])
    yield [("tuple", None, "[0]"), ("dict", None, "['end']")]
    del partial


@specimen
def functools_lru_cache(one):
    one[0] = Keyed()

    @functools.lru_cache
    def same(x):
        return x

    same(one[0])
    kind, name = "functools._lru_cache_wrapper", "functools_lru_cache.<locals>.same"
    yield [(kind, name, "a cached key[0]"), (kind, name, "a cached result")]
    del same


@specimen
def functools_cached_method(one):
    class Holder:
        @functools.lru_cache  # noqa: B019
        def method(self):
            pass

    one[0] = Holder()
    one[0].method()
    name = "functools_cached_method.<locals>.Holder.method"
    yield [("functools._lru_cache_wrapper", name, "a cached key[0]")]
    del Holder


@specimen
def a_thread_local(one):
    local = threading.local()
    local.a = one[0] = Plain()
    yield [("dict", None, "['a']")]
    del local


@specimen
def a_future(one):
    one[0] = Plain()
    loop = asyncio.new_event_loop()
    future = loop.create_future()
    future.set_result(one[0])
    yield [("_asyncio.Future", None, "._result")]
    loop.close()
    del future


@specimen
def a_comprehension(one):
    one[0] = Plain()
    generator = (mine for mine in (one[0], None))
    next(generator)
    yield [
        ("generator", "a_comprehension.<locals>.<genexpr>", "local mine"),
        ("tuple", None, "[0]"),
    ]
    generator.close()


@specimen
def getters_and_partials(one):
    one[0] = Plain()
    kept = [
        operator.itemgetter(one[0]),
        types.SimpleNamespace(a=one[0]),
        types.MappingProxyType({"k": one[0]}),
    ]
    kept.append(functools.partialmethod(print, one[0]))
    yield [
        ("operator.itemgetter", None, "its item"),
        ("types.SimpleNamespace", None, ".a"),
        ("dict", None, "['k']"),
        ("tuple", None, "[0]"),
    ]
    del kept


@specimen
def a_memoryview(one):
    one[0] = bytearray(b"x")
    view = memoryview(one[0])
    yield [("managedbuffer", None, ".obj")]
    view.release()


@specimen
def an_exit_stack(one):
    one[0] = Plain()
    stack = ExitStack()
    stack.callback(print, one[0])
    yield [("tuple", None, "[0]")]
    stack.pop_all()


@specimen
def the_exception_being_handled(one):
    try:
        raise ValueError
    except ValueError as error:
        one[0] = error
        yield [
            ("generator", "the_exception_being_handled", "local error"),
            ("generator", "the_exception_being_handled", "its handled exception"),
        ]
    one[0] = None
