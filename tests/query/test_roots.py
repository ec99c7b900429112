"""Tests of why_alive and retained.

The chain is real and the shortest, and what is retained is what would go.
"""

import asyncio
import atexit
import collections
import contextvars
import functools
import gc
import random
import sys
import threading
import types
import weakref

import pytest

from gcscope import Person, _core, retained, why_alive

pytestmark = pytest.mark.usefixtures("thawed")

HERE = __name__
ROOT = f"sys.modules[{HERE!r}]"


class Plain:
    pass


class Goal:
    pass


class Slotted:
    __slots__ = ("a",)


def name_of_class(cls):
    return (
        cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"
    )


def is_real(nodes, thing):
    """Whether objects of the types told refer to each other, the last to the thing.

    By gc.get_referents alone.
    """
    # 3.12's _asyncio shows what lies in its free list: who takes it from there makes that a loop
    asyncio = sys.modules.get("_asyncio")
    everything = [o for o in gc.get_objects() if o is not asyncio]
    roots = {cls for cls in set(map(type, everything)) if name_of_class(cls) == nodes[0].type}
    front = {id(o): o for o in everything if type(o) in roots}
    front.update((id(module), module) for module in sys.modules.values())
    for node in nodes[1:]:
        front.pop(id(asyncio), None)
        found = filter(gc.is_tracked, gc.get_referents(*front.values()))
        front = {id(o): o for o in found if name_of_class(type(o)) == node.type}
    return id(thing) in front


def checked(one):
    """The chain of the object in the list, its links verified, its expression evaluated."""
    chain = why_alive(one[0])
    told = _core.why_alive([one[0]])[0]
    assert chain.reachable and told.root == chain.root
    assert is_real(told.nodes, one[0]), chain
    assert all(link.named for link in chain.links), chain
    if chain.expression is not None:
        assert eval(chain.expression, {"sys": sys}) is one[0], chain
        assert str(chain) == chain.expression
    else:
        assert chain.links[-1].type in str(chain)
    assert type(chain).from_json(chain.to_json()) == chain
    return chain


# ---------------------------------------------------------------------- expressions


class Property:
    @property
    def x(self):
        return 5


class Getter:
    def __get__(self, thing, cls=None):
        return 7


class SlottedToo(Slotted):
    """With a dict besides."""


class Odd:
    def __getattribute__(self, name):
        return 3


class Helpful:
    def __getattr__(self, name):
        return 3


class OddDict(dict):
    def __getitem__(self, key):
        return 3


class Items(list):
    pass


class Text(str):
    pass


class Meta(type):
    @property
    def hidden(cls):
        return 9


class Kinds(metaclass=Meta):
    descriptor = Getter()
    static = staticmethod(lambda: None)
    bound = classmethod(lambda cls: None)
    dynamic = property(lambda self: None)

    @functools.lru_cache
    def cached(self):
        pass


def in_vars(thing, name):
    value = Goal()
    thing.__dict__[name] = value
    return thing


def generate():
    local = Goal()  # noqa: F841
    yield


def fail():
    local = Goal()  # noqa: F841
    raise KeyError


def failed():
    try:
        fail()
    except KeyError as error:
        return error


def closures():
    x, y = Goal(), 1
    return lambda: (y, x)


def with_attribute(thing):
    object.__setattr__(thing, "z", Goal())
    return thing


def started(generator):
    next(generator)
    return generator


# What is put under the name `kept` of this module -> how the Goal in it is typed, {} being that
# name, or None.
WAYS = {
    "itself": (Goal, "{}"),
    "attribute": (lambda: with_attribute(Plain()), "{}.z"),
    "slot": (lambda: (s := Slotted(), setattr(s, "a", Goal()))[0], "{}.a"),
    "in a real dict": (lambda: in_vars(Plain(), "z"), "{}.z"),
    "no identifier": (lambda: in_vars(Plain(), "a b"), "{}.__dict__['a b']"),
    "a keyword": (lambda: in_vars(Plain(), "class"), "{}.__dict__['class']"),
    "other letters": (lambda: in_vars(Plain(), "ﬁ"), "{}.__dict__['ﬁ']"),
    "behind a property": (lambda: in_vars(Property(), "x"), "{}.__dict__['x']"),
    "behind a getter": (lambda: in_vars(ValueError(), "args"), "{}.__dict__['args']"),
    "behind a getter of its own": (
        lambda: in_vars(Person("x"), "friends"),
        "{}.__dict__['friends']",
    ),
    "behind a slot of a function": (
        lambda: in_vars(lambda: 0, "__kwdefaults__"),
        "{}.__dict__['__kwdefaults__']",
    ),
    "behind the name of a function": (
        lambda: in_vars(lambda: 0, "__name__"),
        "{}.__dict__['__name__']",
    ),
    "behind a member": (lambda: in_vars(SlottedToo(), "a"), "{}.__dict__['a']"),
    "the doc of a class": (
        lambda: type("Made", (), {"__doc__": Goal()}),
        "{}.__dict__['__doc__']",
    ),
    "the name of a class": (
        lambda: type("Made", (), {"__name__": Goal()}),
        "{}.__dict__['__name__']",
    ),
    "the doc of an instance": (lambda: in_vars(Plain(), "__doc__"), "{}.__doc__"),
    "behind getattribute": (lambda: with_attribute(Odd()), None),
    "beside getattr": (lambda: with_attribute(Helpful()), "{}.z"),
    "list": (lambda: [0, [Goal()]], "{}[1][0]"),
    "tuple": (lambda: (0, ([], Goal())), "{}[1][1]"),
    "deque": (lambda: collections.deque([0, Goal()]), "{}[1]"),
    "subclass of list": (lambda: Items([Goal()]), "{}[0]"),
    "odd dict": (lambda: OddDict(k=Goal()), None),
    "defaultdict": (lambda: collections.defaultdict(int, k=Goal()), "{}['k']"),
    "OrderedDict": (lambda: collections.OrderedDict(k=Goal()), "{}['k']"),
    "set": (lambda: {Goal()}, None),
    "frozenset": (lambda: frozenset([Goal()]), None),
    "key": (lambda: {Goal(): 1}, None),
    "key of quotes": (lambda: {"q'\"\\\n\ud800": Goal()}, r"""{}['q\'"\\\n\ud800']"""),
    "key None": (lambda: {None: Goal()}, "{}[None]"),
    "key True": (lambda: {True: Goal()}, "{}[True]"),
    "key -1": (lambda: {-1: Goal()}, "{}[-1]"),
    "key 2.5": (lambda: {2.5: Goal()}, "{}[2.5]"),
    "key 1e100": (lambda: {1e100: Goal()}, "{}[1e+100]"),
    "key inf": (lambda: {float("inf"): Goal()}, None),
    "key nan": (lambda: {float("nan"): Goal()}, None),
    "key of bytes": (lambda: {b"k": Goal()}, None),
    "key of a subclass": (lambda: {Text("k"): Goal()}, None),
    "keyword of partial": (lambda: functools.partial(print, k=Goal()), "{}.keywords['k']"),
    "argument of partial": (lambda: functools.partial(print, Goal()), "{}.args[0]"),
    "argument of an exception": (lambda: ValueError(Goal()), "{}.args[0]"),
    "frame of an exception": (failed, "{}.__traceback__.tb_next.tb_frame.f_locals['local']"),
    "generator": (lambda: started(generate()), "{}.gi_frame.f_locals['local']"),
    "closure": (closures, "{}.__closure__[0].cell_contents"),
    "default": (lambda: lambda a=Goal(): a, "{}.__defaults__[0]"),
    "attribute of a function": (lambda: in_vars(lambda: 0, "a"), "{}.a"),
    "method": (lambda: types.MethodType(print, Goal()), "{}.__self__"),
    "slice": (lambda: slice(Goal()), "{}.stop"),
    "namespace": (lambda: types.SimpleNamespace(a=Goal()), "{}.a"),
    "thread local": (lambda: (t := threading.local(), setattr(t, "a", Goal()))[0], None),
    "friends": (lambda: (p := Person("x"), p.friends.append(Goal()))[0], "{}.friends[0]"),
    "class": (lambda: type("Made", (), {"a": Goal()}), "{}.a"),
    "descriptor of a class": (
        lambda: type("Made", (), {"a": with_attribute(Getter())}),
        "{}.__dict__['a'].z",
    ),
    "default of a context variable": (lambda: contextvars.ContextVar("v", default=Goal()), None),
    "chain map": (lambda: collections.ChainMap({}, {"k": Goal()}), "{}.maps[1]['k']"),
    "iterator": (lambda: iter([Goal()]), None),
}


@pytest.mark.parametrize("way", WAYS)
def test_expressions(quiet, way):
    make, expected = WAYS[way]
    globals()["kept"] = make()
    try:
        one = [thing for thing in gc.get_objects() if type(thing) is Goal]
        assert len(one) == 1
        chain = checked(one)
        assert chain.root == "module" and chain.links[0].name == HERE
        assert chain.expression == (None if expected is None else expected.format(f"{ROOT}.kept"))
    finally:
        del globals()["kept"]


KINDS = {
    "static.__func__": "__dict__['static'].__func__",
    "bound.__func__": "__dict__['bound'].__func__",
    "dynamic.fget": "dynamic.fget",
    "cached.__wrapped__": "cached.__wrapped__",
    "dynamic": "dynamic",
    "static": "__dict__['static']",
    "__dict__": None,
}


@pytest.mark.parametrize("kind", KINDS)
def test_expressions_through_a_class(quiet, kind):
    one = [Kinds]
    for name in kind.split("."):
        is_own = isinstance(one[0], type)
        one = [one[0].__dict__[name] if is_own and name != "__dict__" else getattr(one[0], name)]
    if kind == "__dict__":
        one = [next(d for d in gc.get_referents(Kinds) if type(d) is dict and "static" in d)]
    chain = checked(one)
    assert chain.expression == (None if KINDS[kind] is None else f"{ROOT}.Kinds.{KINDS[kind]}")
    assert one[0] is not None


def test_expressions_all_over_the_heap(whole_heap, quiet):
    """Of whatever is there: where there is an expression it gives the very object."""
    chooser = random.Random(7)
    things = chooser.sample([o for o in gc.get_objects() if type(o).__module__ != HERE], 30)
    typed = 0
    while things:
        one = [things.pop()]
        chain = why_alive(one[0])
        if chain.expression is not None and ".f_locals" not in chain.expression:
            typed += 1
            assert eval(chain.expression, {"sys": sys}) is one[0], chain
    assert typed > 10


# ---------------------------------------------------------------------------- roots

global_cache = {}
global_list, global_deque, global_set = [], collections.deque(), set()


def test_module_comes_before_all_else(quiet):
    global_cache["k"] = one = [Plain()]
    frame_too = one[0]
    chain = checked(one)
    assert chain.expression == f"{ROOT}.global_cache['k'][0]"
    assert frame_too is one[0]
    global_cache.clear()


def test_the_first_module_of_the_shortest(quiet):
    one = [Plain()]
    for name in ("made_b", "made_a"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules["made_a"].x = sys.modules["made_b"].y = one[0]
    try:
        assert checked(one).expression == "sys.modules['made_b'].y"
        sys.modules["made_b"].y = [one[0]]
        assert checked(one).expression == "sys.modules['made_a'].x"
    finally:
        del sys.modules["made_a"], sys.modules["made_b"]


def test_what_is_no_module_in_sys_modules(quiet):
    sys.modules["made"] = one_thing = Plain()
    one = [one_thing]
    del one_thing
    try:
        assert checked(one).expression == "sys.modules['made']"
        one[0].a = other = [Plain()]
        assert checked(other).expression == "sys.modules['made'].a[0]"
    finally:
        del sys.modules["made"]


def test_a_cache_on_a_method(quiet):
    """The classic: lru_cache on a method keeps every self."""
    one = [Kinds()]
    one[0].cached()
    chain = checked(one)
    assert [link.label for link in chain.links] == [".Kinds", ".cached", "a cached key[0]", ""]
    assert "a cached key" in str(chain) and chain.root == "module"
    assert chain.links[2].name == "Kinds.cached"
    assert "\nfunctools.lru_cache of Kinds.cached  " in str(chain)
    Kinds.cached.cache_clear()
    assert why_alive(one[0]).root == "caller"


def test_containers_of_a_module(quiet):
    one = [Plain()]
    for container, add, label in (
        (global_list, global_list.append, ".global_list[0]"),
        (global_deque, global_deque.append, ".global_deque[0]"),
        (global_set, global_set.add, ".global_set (an element)"),
    ):
        add(one[0])
        assert checked(one).links[0].label == label
        container.clear()


def test_held_by_c_code(whole_heap, quiet):
    def function():
        pass

    one = [Plain()]
    atexit.register(print, one[0])
    chain = checked(one)
    atexit.unregister(print)
    assert chain.root == "C" and chain.links[-1].type == f"{HERE}.Plain"
    assert str(chain).startswith("held by C code or the interpreter:\n")
    one = [Plain()]
    variable = contextvars.ContextVar("variable")
    token = variable.set(one[0])
    chain = checked(one)
    labels = [link.label for link in chain.links]
    assert chain.root == "C" and labels == ["[ContextVar 'variable']", ""]
    assert chain.links[0].type == "_contextvars.Context"
    variable.reset(token)


def test_thread_locals(quiet):
    global_list.append(threading.local())
    global_list[0].a = one_thing = Plain()
    one = [one_thing]
    del one_thing
    chain = checked(one)
    assert chain.root == "module" and chain.links[1].label.startswith(".a")
    global_list.clear()


def park(found, begun, end):
    mine = Plain()
    found.append(weakref.ref(mine))
    begun.set()
    end.wait()


def test_frames_of_others_before_those_of_the_caller(quiet):
    found, begun, end = [], threading.Event(), threading.Event()
    thread = threading.Thread(target=park, args=(found, begun, end), daemon=True)
    thread.start()
    begun.wait()
    alias = found[0]()
    chain = why_alive(alias)
    told = why_alive(found[0])
    end.set()
    thread.join()
    assert chain.root == "frame" and len(chain.links) == 2
    assert (chain.links[0].type, chain.links[0].name, chain.links[0].label) == (
        "frame",
        "park",
        "local mine",
    )
    assert chain.links[0].where.endswith(f"test_roots.py:{park.__code__.co_firstlineno}")
    assert chain.expression is None and "local mine" in str(chain)
    assert told.root == "module"  # by the arguments of the thread
    assert alias is not None


def asks(mine):
    return why_alive(mine)


def test_the_caller_only_where_nothing_else(quiet):
    thing = Plain()
    chain = why_alive(thing)
    assert (chain.root, chain.links[0].label) == ("caller", "local thing")
    assert str(chain).startswith("held by the function that asks:\nframe test_the_caller")
    chain = asks(thing)
    assert (chain.root, chain.links[0].label) == ("frame", "local thing")
    assert chain.links[0].name == "test_the_caller_only_where_nothing_else"


def test_suspended_generators_and_coroutines(quiet):
    generator = started(generate())
    global_list.append(generator)
    one = [thing for thing in gc.get_referents(generator) if type(thing) is Goal]
    assert checked(one).expression == f"{ROOT}.global_list[0].gi_frame.f_locals['local']"
    global_list.clear()

    async def wait():
        local = Plain()
        found.append(weakref.ref(local))
        await asyncio.sleep(3600)

    async def main():
        task = asyncio.ensure_future(wait())
        await asyncio.sleep(0)
        chain = why_alive(found[0]())
        task.cancel()
        return chain

    found = []
    chain = asyncio.run(main())
    assert chain.root == "module" or chain.root in ("C", "frame")
    assert chain.links[-2].label == "local local" and chain.links[-2].type == "coroutine"


def trash(kind):
    thing = kind()
    thing.me = thing
    return weakref.ref(thing)


@pytest.mark.parametrize("kind", [Plain, lambda: Person("x")])
def test_garbage_is_not_reachable(quiet, kind):
    reference = trash(kind)
    chain = why_alive(reference())
    assert (
        not chain.reachable
        and chain.root is None
        and chain.links == ()
        and chain.expression is None
    )
    assert str(chain).startswith("not reachable")
    assert reference() is not None  # and it still is there
    thing = reference()
    assert why_alive(thing).root == "caller"


def test_garbage_that_many_refer_to(quiet):
    def ring():
        one, other = Plain(), Plain()
        one.other, other.one = other, one
        other.box = [one, (other,), {1: one}]
        return weakref.ref(other)

    reference = ring()
    chain = why_alive(reference())
    assert not chain.reachable


# ---------------------------------------------------------------- untracked, ignored, others


@pytest.mark.parametrize(
    "make",
    [
        lambda: bytes(range(200)),
        lambda: "text of some length"[:-1],
        lambda: 10**40,
        lambda: {"k": bytes(9)},
        lambda: (1, "x" * len(WAYS)),
        object,
    ],
)
def test_untracked_objects(quiet, make):
    global_cache["k"] = made = make()
    gc.collect()
    chain = why_alive(made)
    assert chain.expression == f"{ROOT}.global_cache['k']" and chain.root == "module"
    assert eval(chain.expression, {"sys": sys}) is made
    global_cache.clear()
    assert why_alive(made).root == "caller"


def test_an_untracked_object_deep_in_others(quiet):
    global_cache["k"] = (0, (0, (0, bytes(range(200)))))
    gc.collect()
    one = [global_cache["k"][1][1][1]]
    assert checked_expression(one) == f"{ROOT}.global_cache['k'][1][1][1]"
    global_cache.clear()


def checked_expression(one):
    chain = why_alive(one[0])
    assert chain.expression is not None and eval(chain.expression, {"sys": sys}) is one[0], chain
    return chain.expression


@pytest.mark.skipif(sys.version_info < (3, 12), reason="nothing is immortal before")
@pytest.mark.parametrize("thing", [None, True, 1, (), int], ids=repr)
def test_immortal_objects(quiet, thing):
    chain = why_alive(thing, paths=3)
    assert (chain.reachable, chain.root, chain.expression) == (True, "immortal", None)
    assert len(chain.links) == 1 and chain.others == ()
    assert str(chain) == "immortal: the interpreter never frees it, whoever refers to it"


@pytest.mark.thread_unsafe(reason="it sets variables of the module")
def test_not_through_what_is_ignored(quiet):
    one = [Plain()]
    global_list.append(one[0])
    holder = Plain()
    global_cache["k"] = holder
    holder.a = one[0]
    told = [why_alive(one[0], ignore=ignore).expression for ignore in ((), (global_list,))]
    assert told == [f"{ROOT}.global_list[0]", f"{ROOT}.global_cache['k'].a"]
    for ignore in ([global_list, holder], [global_list, global_cache], (sys.modules[HERE],)):
        chain = why_alive(one[0], ignore=ignore)
        assert chain.root == "caller" and chain.expression is None, ignore
    assert why_alive(one[0], ignore=global_list).expression == told[1]  # nor through itself
    assert why_alive(one[0], ignore=(one[0],)).expression == told[0]
    global_list.clear()
    global_cache.clear()


@pytest.mark.thread_unsafe(reason="it sets variables of the module")
def test_others(quiet):
    one = [Plain()]
    global_list.append(one[0])
    global_cache["k"] = [one[0], one[0]]
    globals()["kept"] = one[0]
    chain = why_alive(one[0], paths=9)
    ways = [each.expression for each in (chain, *chain.others)]
    assert ways[:3] == [f"{ROOT}.kept", f"{ROOT}.global_list[0]", f"{ROOT}.global_cache['k'][0]"]
    assert [other.root for other in chain.others] == ["module", "module", "caller"]
    assert all(other.others == () for other in chain.others)
    assert str(chain).count("and by another holder:") == 3
    assert f"\n  {ways[2]}\n" in str(chain)
    assert type(chain).from_json(chain.to_json()) == chain
    assert why_alive(one[0], paths=2).others == chain.others[:1]
    assert why_alive(one[0]).others == ()
    del globals()["kept"]
    global_list.clear()
    global_cache.clear()


@pytest.mark.thread_unsafe(reason="it sets variables of the module")
def test_others_of_an_object_that_frames_hold(quiet):
    thing = Plain()
    box = [thing]
    chain = why_alive(thing, paths=9)
    assert chain.root == "caller" and chain.links[0].label == "local thing"
    assert [other.links[0].label for other in chain.others] == ["local box"]
    assert box[0] is thing
    module = types.ModuleType("made")
    sys.modules["made"] = module
    try:
        chain = why_alive(module, paths=9)
        assert [each.root for each in (chain, *chain.others)][:2] == ["module", "module"]
        assert chain.expression == "sys.modules['made']"
        assert chain.others[0].expression == "sys.modules['sys'].modules['made']"
    finally:
        del sys.modules["made"]


def test_misuse_of_ignore_and_paths(quiet):
    one = [Plain()]
    for wrong in (None, {}, set(), "text", iter([]), one[0], types.SimpleNamespace()):
        with pytest.raises(TypeError, match="ignore must be a tuple or list of objects, not an"):
            why_alive(one[0], ignore=wrong)
    for wrong in (None, 1.0, "1", True):
        with pytest.raises(TypeError, match="paths must be an int, not an"):
            why_alive(one[0], paths=wrong)
    for wrong in (0, -1, -(10**30)):
        with pytest.raises(ValueError, match="paths must be 1 or more, not"):
            why_alive(one[0], paths=wrong)
    assert why_alive(one[0], paths=10**30).root == "caller"
    for wrong in ((one, None, None, None), (one, None, None, (), 0), (one, None, None, (), 1, 2)):
        with pytest.raises(TypeError, match="why_alive.. takes"):
            _core.why_alive(*wrong)


def test_what_every_module_has_comes_last(python):
    """An object behind two modules, the first of which has it in its __loader__ only."""
    code = """
import sys, types, gcscope
class Plain: pass
def module(name):
    sys.modules[name] = types.ModuleType(name)
    return sys.modules[name]
first, second, third = module("made_a"), module("made_b"), module("gcscope.made")
def fill():
    holder, other = Plain(), Plain()
    holder.x = [Plain()]
    first.__loader__ = holder
    second.whatever = holder
    third.y = holder.x[0]
    other.x = [Plain()]
    first.__spec__ = other
fill()
chain = gcscope.why_alive(first.__loader__.x[0])
assert str(chain) == "sys.modules['made_b'].whatever.x[0]", chain
del second.whatever
chain = gcscope.why_alive(first.__loader__.x[0])
assert str(chain) == "sys.modules['made_a'].__loader__.x[0]", chain
chain = gcscope.why_alive(first.__spec__.x[0])
assert str(chain) == "sys.modules['made_a'].__spec__.x[0]", chain
first.__loader__ = None
chain = gcscope.why_alive(third.y)
assert str(chain) == "sys.modules['gcscope.made'].y", chain
first.z = third.y
assert third.__loader__ is None
chain = gcscope.why_alive(third.y)
assert str(chain) == "sys.modules['made_a'].z", chain
print("told")
"""
    done = python("-c", code)
    assert done.code == 0 and done.out == "told\n", done


def test_under_pytest_a_chain_is_no_loaders(python, tmp_path):
    """Each module that pytest has rewritten leads to the session by its loader."""
    (tmp_path / "test_it.py").write_text(
        "import gc, sys, pytest\n"
        "from gcscope import why_alive\n"
        "class App: pass\n"
        "@pytest.fixture\n"
        "def app(): return App()\n"
        "def test_it(app, request):\n"
        "    for one in ([app], [request], [request.node], [request.session]):\n"
        "        chain = why_alive(one[0], ignore=(one,), paths=5)\n"
        "        told = [each.expression or '' for each in (chain, *chain.others)]\n"
        '        assert not any("\'gcscope" in each for each in told)\n'
        "        assert one != [app] or not any('__loader__' in each for each in told)\n",
        encoding="utf-8",
    )
    done = python("-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path), cwd=tmp_path)
    assert done.code == 0, done


def test_our_own_module_says_nothing(quiet):
    """What the words themselves keep is no reason to be alive."""
    from gcscope.explain.labellers import labellers

    def label(holder, target):
        return None

    one = [label]
    del label
    chain = why_alive(one[0])
    assert chain.root == "caller"
    assert why_alive(_core).expression is not None
    assert labellers is not None


def test_frozen_objects(python):
    code = """
import gc, sys, gcscope
class Plain: pass
kept = Plain()
kept.a = [Plain()]
gcscope.why_alive(kept)
gc.collect(); gc.disable(); gc.freeze()
chain = gcscope.why_alive(kept.a[0])
assert chain.expression == "sys.modules['__main__'].kept.a[0]", chain
fresh = Plain()
kept.b = [fresh]
del fresh
chain = gcscope.why_alive(kept.b[0])
assert chain.expression == "sys.modules['__main__'].kept.b[0]", chain
told = gcscope.retained(kept)
assert told.types["__main__.Plain"] == 3 and told.types["list"] == 2, told
def local():
    mine = Plain()
    return gcscope.why_alive(mine)
assert local().root == "caller"
"""
    done = python("-c", code)
    assert done.code == 0, done


def test_shortest_against_networkx(python):
    """On a heap of our own making.

    The length of the chain is that of a shortest path from sys.modules.
    """
    pytest.importorskip("networkx")
    code = """
import gc, sys, random, weakref, networkx
import gcscope
class Plain: pass
def main():
    gcscope.why_alive(sys)
    compared = 0
    for seed in range(1):
        chooser = random.Random(seed)
        nodes = [Plain() for _ in range(40)]
        for node in nodes:
            node.next = [chooser.choice(nodes) for _ in range(chooser.randrange(1, 3))]
        globals()["entry"] = [nodes[0], [[nodes[1]]], {"k": nodes[2]}]
        refs = [weakref.ref(node) for node in nodes]
        del node, nodes
        gc.collect()
        objects = gc.get_objects() + [sys.modules]
        graph = networkx.DiGraph()
        mine = {id(o) for o in objects}
        for o in objects:
            graph.add_edges_from((id(o), id(r)) for r in gc.get_referents(o) if id(r) in mine)
        ours = {id(gcscope._core)}
        del o, objects
        graph.remove_nodes_from(ours)
        graph.remove_nodes_from([id(sys.modules)])
        graph.add_edges_from(("root", id(m)) for m in sys.modules.values() if id(m) not in ours)
        lengths = networkx.single_source_shortest_path_length(graph, "root")
        for ref in refs:
            if ref() is None:
                continue
            told = gcscope._core.why_alive([ref()])[0]
            assert told.root == "module"
            assert len(told.nodes) == lengths[id(ref())], (told, lengths[id(ref())])
            compared += 1
        del globals()["entry"]
    return compared
print(main() > 10)
"""
    done = python("-c", code)
    assert done.code == 0 and done.out == "True\n", done


# -------------------------------------------------------------------------- retained


@pytest.mark.thread_unsafe(reason="it sets variables of the module")
def test_retained_of_simple_things(quiet):
    one = [Plain()]
    told = retained(one[0])
    assert told.objects == 1 and told.types == {f"{HERE}.Plain": 1}  # a leaf
    assert told.bytes == _core.object_bytes(one[0])
    one[0].a = [[], [{}, {"k": []}]]
    told = retained(one[0])
    assert told.types["list"] == 4 and told.objects == told.types.total
    shared = one[0].a[1]
    less = retained(one[0])
    assert less.types["list"] == 2  # what is held from elsewhere stays
    less = retained(shared)
    assert less.types["list"] == 2
    del shared
    less = retained(one[0])
    assert less == told
    assert str(told).startswith(f"{told.objects} objects, ") and "would be freed with it" in str(
        told
    )
    assert type(told).from_json(told.to_json()) == told


@pytest.mark.thread_unsafe(reason="it sets variables of the module")
def test_retained_of_a_cache(quiet):
    global_cache.update((n, Plain()) for n in range(100))
    told = retained(global_cache)
    assert told.types == {f"{HERE}.Plain": 100, "dict": 1}
    kept = global_cache[7]
    assert retained(global_cache).types[f"{HERE}.Plain"] == 99
    assert kept is global_cache[7]
    global_cache.clear()


def test_retained_of_an_object_held_twice(quiet):
    thing = Plain()
    first, second = [thing], [thing]
    del thing
    assert retained(first).objects == retained(second).objects == 1
    assert retained(first[0]).objects == 1
    second.clear()
    assert retained(first).objects == 2


def test_retained_in_rings(quiet):
    class Node:  # its own: how an instance keeps its attributes hangs on those of others
        pass

    def ring():
        nodes = [Node() for _ in range(5)]
        for a, b in zip(nodes, nodes[1:] + nodes[:1], strict=True):
            a.next = b
        return nodes[0]

    entry = ring()
    assert retained(entry).objects == 5
    assert retained(entry.next).objects == 4
    entry.next.next.box = [entry.next]
    assert retained(entry.next).objects == 5
    reference = weakref.ref(entry)
    del entry
    told = retained(reference())  # of garbage: what it leads to
    assert told.objects == 6


def test_retained_of_a_deep_chain(python):
    code = """
import gc, gcscope
gc.disable()
last = None
for _ in range(1_000_000):
    last = [last]
told = gcscope.retained(last)
assert told.types == {"list": 1_000_000} and told.objects == 1_000_000, told
def why():
    deepest = last
    while deepest[0] is not None:
        deepest = deepest[0]
    return deepest
deepest = why()
assert gcscope.retained(deepest).objects == 1
del globals()["deepest"]
for _ in range(999_000):
    last = last[0]
chain = gcscope.why_alive(why())
assert chain.expression == "sys.modules['__main__'].last" + "[0]" * 999
assert len(chain.links) == 2, len(chain.links)
"""
    done = python("-c", code)
    assert done.code == 0, done


def make_graph(seed):
    """Lists and instances at random.

    (nodes, edges by number, the numbers that are held from outside).
    """
    chooser = random.Random(seed)
    count = chooser.randrange(2, 25)
    nodes = [chooser.choice([list, Plain])() for _ in range(count)]
    edges = {n: [] for n in range(count)}
    for n in range(count):
        for place in range(chooser.randrange(4)):
            target = chooser.randrange(count)
            edges[n].append(target)
            if type(nodes[n]) is list:
                nodes[n].append(nodes[target])
            else:
                setattr(nodes[n], f"a{place}", nodes[target])
    return nodes, edges, sorted(chooser.sample(range(count), chooser.randrange(1, 3)))


def reached(edges, roots, without=None):
    seen, queue = set(), [root for root in roots if root != without]
    while queue:
        node = queue.pop()
        if node not in seen:
            seen.add(node)
            queue += [target for target in edges[node] if target != without]
    return seen


@pytest.mark.parametrize("block", range(3))
def test_retained_equals_brute_force(quiet, block):
    for seed in range(4 * block, 4 * block + 4):
        nodes, edges, roots = make_graph(seed)
        held = [nodes[root] for root in roots]
        references = [id(node) for node in nodes]
        alive = reached(edges, roots)
        del nodes
        for n in sorted(alive):
            expected = alive - reached(edges, roots, without=n)
            box = [find(held, references[n])]
            told = retained(box.pop())
            assert told.objects - told.types.get("dict", 0) == len(expected), (
                f"seed {seed}, node {n}: {edges}, roots {roots}"
            )
        for thing in held:
            vars(thing).clear() if type(thing) is Plain else thing.clear()
        del held


def find(held, address):
    """The object at an address among those that are reached from the ones held."""
    seen, queue = {}, list(held)
    while queue:
        thing = queue.pop()
        if id(thing) not in seen:
            seen[id(thing)] = thing
            queue += [r for r in gc.get_referents(thing) if type(r) in (list, dict, Plain)]
    return seen[address]


def test_retained_of_whole_modules_and_classes(quiet):
    module = types.ModuleType("made")
    exec("class A:\n    def f(self): pass\nx = [A(), A()]", vars(module))
    told = retained(module)
    assert told.types["made.A"] == 2 and told.types["function"] == 1 and told.types["type"] == 1
    assert told.objects == told.types.total


@pytest.mark.thread_unsafe(reason="the largest of other threads are among them")
def test_retainers(quiet):
    global_cache["k"] = [[n] for n in range(200_000)]
    told = _core.retainers(5)
    assert len(told) == 5
    sizes = [size for _, size in told]
    assert sizes == sorted(sizes, reverse=True) and sizes[0] > 8_000_000
    global_cache.clear()
