"""References of the language: instances, functions, classes, exceptions, frames."""

import collections
import enum
import functools
import operator
import sys
import types
import typing
import weakref
from contextlib import suppress

from gcscope import Person
from specimens.labels.cases import (
    Buffer,
    Bytes,
    Dict,
    Error,
    Float,
    HeapObject,
    Int,
    List,
    Pair,
    Partial,
    Record,
    Set,
    Slotted,
    Str,
    Tuple,
    V,
    case,
    holding,
    through,
)

# ------------------------------------------------------------------------ instances and containers


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


case(".held[*]", "value under an id", lambda t: {2**32: t, 2**70: 1})


case(".held[*]", "value under a low address", lambda t: {2**24: t, 2**22 + 16: 1})


case(".held[16777217]", "value under a great number", lambda t: {2**24 + 1: t})


case(".held[-4294967295]", "value under a number", lambda t: {1 - 2**32: t})


case(".held[None]", "value under None", lambda t: {None: t})


case(".held[1.5]", "value under a float", lambda t: {1.5: t})


case(".held[<tuple>]", "value under a tuple", lambda t: {(1, 2): t})


case(".held[<bytes>]", "value under bytes", lambda t: {b"x": t})


case(".held (a key)", "key of a dict", lambda t: {t: 1})


case(".held (a key)[0]", "part of a key", lambda t: {(t,): 1})


case(".held['key']", "frozendict", lambda t: frozendict(key=t), when=V >= (3, 15))  # noqa: F821


case(".held (a key)", "key of a frozendict", lambda t: frozendict({t: 1}), when=V >= (3, 15))  # noqa: F821


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
    __qualname__ = "HeapObject"

    @functools.cached_property
    def cached(self):
        return self


@through(".cached")
def cached_property(thing):
    thing.__class__ = Caching
    assert thing.cached is thing


# --------------------------------------------------------------------------- functions and methods


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
    ".held → its keywords['k']" if V < (3, 14) else ".held → its call arguments[0]",
    "keyword of methodcaller",
    lambda t: operator.methodcaller("x", k=t),
)


case(".held → its item", "itemgetter", operator.itemgetter)


case(".held → its item[1]", "itemgetter of two", lambda t: operator.itemgetter(1, t))


# ------------------------------------------------------------------------------------------ caches


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
    ".held → a cached key[0]",
    "key of an unbounded lru_cache",
    lambda t: called(unbounded(len), t),
)


case(
    ".held → a cached result",
    "result of an unbounded lru_cache",
    lambda t: called(unbounded(weakref.ref(t))),
)


# ------------------------------------------------------------------------- classes, modules, types


def named_thing(bases, **members):
    return type("HeapObject", bases, members)


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


# ------------------------------------------------------------------ exceptions, frames, generators


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


# --------------------------------------------------------------------------------- weak references
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
    ".held → .data[<weakref to specimens.labels.cases.Slotted>]",
    "WeakKeyDictionary",
    lambda t: weakref.WeakKeyDictionary({key: t}),
)


case(
    ".held → .data (a key)", "WeakValueDictionary", lambda t: weakref.WeakValueDictionary({t: key})
)


@through(".held → .__callback__ → cell callback")
def callback_of_a_weak_method(thing):
    return weakref.WeakMethod(kept_alive.method, thing)
