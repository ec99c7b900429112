"""rings: components, folding, figures and cuts, against slow twins and by really cutting."""

import asyncio
import gc
import re
import sys
import types
import weakref

import pytest

import gcscope
import oracle
from gcscope import Cycle, Person, Report, _core
from gcscope.explain import cycles as explain
from specimens.objects import world
from specimens.rings import Other, Plain, Slotted, labels_of, only, pair, ring_of
from starved import each_growth
from support import FREE_THREADED, count_word

networkx = pytest.importorskip("networkx")


# ----------------------------------------------------------------------------------------- folding


def test_equal_rings_are_one_and_are_explained_once(quiet, monkeypatch):
    asked = []
    explain_one = explain._cycle
    monkeypatch.setattr(explain, "_cycle", lambda *told: asked.append(1) or explain_one(*told))
    fresh = type("Fresh", (Plain,), {})  # no other test has made its instances lose inline values
    for _ in range(200_000):
        pair(fresh, fresh)
    report = gcscope.garbage()
    cycle = only(report)
    assert (cycle.count, cycle.objects, cycle.dragged, report.objects) == (200_000, 2, 0, 400_000)
    assert asked == [1]
    assert "seen 200,000 times" in str(report)
    assert cycle.bytes * 200_000 == report.bytes


def test_forms_do_not_depend_on_which_object_came_first(quiet):
    for _ in range(3):
        pair(Plain, Other, "there", "back")
        pair(Other, Plain, "back", "there")
    assert only(gcscope.garbage()).count == 6


@pytest.mark.usefixtures("small_heap")
@pytest.mark.parametrize(
    "other",
    [
        lambda: pair(there="elsewhere"),
        lambda: pair(back="elsewhere"),
        lambda: pair(other=Plain),
        lambda: pair(one=Slotted, there="mine"),
        lambda: pair(other=type("Other", (), {"__module__": "elsewhere"})),
        lambda: pair(other=type("Another", (), {"__module__": __name__})),
        lambda: pair(there="back", back="there"),
    ],
)
def test_rings_that_differ_do_not_fold(quiet, other):
    pair()
    other()
    # a class is a ring in itself
    pairs = [cycle for cycle in gcscope.garbage().cycles if "type" not in cycle.types]
    assert [cycle.count for cycle in pairs] == [1, 1]
    assert len({cycle.fingerprint for cycle in pairs}) == 2


def test_live_rings_are_not_sought_through_globals(quiet):
    space = {}
    exec("def function(): pass", space)
    pair_of_lists = []
    pair_of_lists.append([pair_of_lists])
    space["ring"] = pair_of_lists
    assert not gcscope.cycles(space["function"])
    assert gcscope.cycles(space["ring"]).objects == 2


def test_as_many_forms_as_there_are(quiet):
    for _ in range(3):
        for number in range(150):
            pair(there=f"there{number}")
    forms = _core.unreachable_rings({}, None).forms  # before equal ones are merged
    assert [form.seen for form in forms] == [3] * 150
    assert len({cycle.fingerprint for cycle in gcscope.garbage().cycles}) == 150


@pytest.mark.usefixtures("small_heap")
def test_references_without_a_name_are_told_by_their_byte(quiet, rooms):
    """Whatever else tp_traverse shows before."""

    class Strange(rooms.Liar):  # shows what its slots have before what it holds
        __slots__ = ("first", "second")

    for shown in range(3):
        box = []
        box.append(Strange(box, 1))
        for name in Strange.__slots__[:shown]:
            setattr(box[0], name, None)
    del box
    (cycle,) = [c for c in gcscope.garbage().cycles if any(not link.named for link in c.ring)]
    assert cycle.count == 3


@pytest.mark.usefixtures("small_heap")
@pytest.mark.parametrize(
    ("one", "other", "folds"),
    [
        (lambda t: [t], lambda t: [1, 2, t], True),
        (lambda t: (t,), lambda t: (1, t), True),
        (lambda t: {7: t}, lambda t: {8: t}, True),
        (lambda t: {7: t}, lambda t: {(1, 2): t}, True),
        (lambda t: {None: t}, lambda t: {2.5: t}, True),
        (lambda t: {t}, lambda t: {1, t}, True),
        (lambda t: {t: 1}, lambda t: {(1, 2): 2, t: 1}, True),
        (
            lambda t: [t],
            lambda t: (t,),
            True,
        ),  # told by the same words: which plain container it is, is not
        (lambda t: {"a": t}, lambda t: {"b": t}, False),
        (lambda t: {"a": t}, lambda t: {7: t}, False),
        (lambda t: {t}, lambda t: [t], False),
        (lambda t: [t], lambda t: [[t]], False),
    ],
)
def test_indexes_fold_and_names_do_not(quiet, one, other, folds):
    ring_of(one)
    ring_of(other)
    cycles = gcscope.garbage().cycles
    assert sorted(cycle.count for cycle in cycles) == ([2] if folds else [1, 1])


def test_a_dict_made_real_is_the_same_form(quiet):
    for make_real in (True, False, True):
        a, b = Plain(), Other()
        a.there, b.back = b, a
        if make_real:
            vars(a)
            vars(b)["more"] = 1
    del a, b
    cycle = only(gcscope.garbage())
    assert (cycle.count, labels_of(cycle)) == (3, [".back", ".there"])


def test_the_specimen_is_the_one_that_keeps_most(quiet):
    ring_of(lambda t: [t])
    ring_of(lambda t: [t, [], [], []])
    ring_of(lambda t: [t, []])
    cycle = only(gcscope.garbage())
    assert (cycle.count, cycle.dragged) == (3, 3)


# --------------------------------------------------------------------------- the same in every run


SEVERAL = """
import gc, gcscope
gc.disable()
class Node: pass
class Leaf: pass
def ring(*classes):
    things = [cls() for cls in classes]
    for n, (a, b) in enumerate(zip(things, things[1:] + things[:1])):
        setattr(a, f"to_{n}", {b, 1} if n % 2 else {"key": (b,)})
def job(n):
    kept = None
    try:
        int("none")
    except ValueError as error:
        kept = [error] * n
for n in range(5):
    ring(Node)
    ring(Node, Leaf)
    ring(Leaf, Node, Node)
    ring(*[Leaf] * (n + 2))
    job(n + 1)
tangle = [Node() for _ in range(6)]
for a in tangle:
    for n, b in enumerate(tangle):
        setattr(a, f"friend_{n}", b)
del a, b, tangle
report = gcscope.garbage()
print(report.to_json())
"""


def test_the_same_report_in_every_process(python):
    runs = [python("-c", SEVERAL, env={"PYTHONHASHSEED": seed}) for seed in ("0", "1", "4242")]
    assert all(run.code == 0 for run in runs), runs
    report = Report.from_json(runs[0].out)
    assert len(report.cycles) > 6
    assert len({run.out for run in runs}) == 1


def test_cycles_are_in_order_of_what_they_hold(quiet):
    for n in range(1, 5):
        for _ in range(n):
            pair(there=f"there_{n}")
    held = [cycle.count * (cycle.objects + cycle.dragged) for cycle in gcscope.garbage().cycles]
    assert held == sorted(held, reverse=True) and len(held) == 4


def test_a_ring_begins_at_the_users_own_class(quiet):
    def generate(box):
        yield box

    def fail(thing):
        try:
            raise ValueError
        except ValueError as error:
            thing.error = error

    ring_of(lambda t: lambda: t)
    ring_of(lambda t: types.SimpleNamespace(t=t))
    ring_of(lambda t: next(iter([generate(t)])))
    ring_of(lambda t: [gcscope, {"a": t}])
    fail(Plain())
    report = gcscope.garbage()
    assert len(report.cycles) == 5
    assert {cycle.ring[0].type for cycle in report.cycles} == {f"{Plain.__module__}.Plain"}


# ------------------------------------------------------------------------- figures, by a slow twin


def unreachable_objects():
    addresses = set(_core.dry_run().addresses())
    return [thing for thing in gc.get_objects() if id(thing) in addresses]


def references(things, i):
    """How many references an object in a list has, but for the list's.

    What a free-threaded build keeps apart for each thread nothing else in Python tells.
    """
    return gcscope.refcount(things[i]) - 1 if FREE_THREADED else sys.getrefcount(things[i]) - 2


def components_by_networkx(things):
    """(members, objects that only they keep) of each cyclic component."""
    counts = {id(things[i]): references(things, i) for i in range(len(things))}
    graph = networkx.MultiDiGraph()
    graph.add_nodes_from(counts)
    for thing in things:
        graph.add_edges_from(
            (id(thing), id(held)) for held in gc.get_referents(thing) if id(held) in counts
        )
    for component in networkx.strongly_connected_components(graph):
        if len(component) > 1 or graph.has_edge(*component, *component):
            yield component, freed_with(graph, counts, component) - component


def freed_with(graph, counts, nodes):
    """What falls when these nodes are gone: whose references all come from what is gone."""
    left, freed, due = dict(counts), set(nodes), list(nodes)
    while due:
        for _, target in graph.out_edges(due.pop()):
            left[target] -= 1
            if left[target] == 0 and target not in freed:
                freed.add(target)
                due.append(target)
    return freed


SHOWS_BORROWED = (
    (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)
    if sys.version_info >= (3, 14)
    else ()
)


@pytest.mark.usefixtures("small_heap")
@pytest.mark.filterwarnings("ignore:coroutine")
@pytest.mark.parametrize("block", range(4))
def test_figures_against_networkx(quiet, block):
    compared = 0
    for seed in range(25 * block, 25 * block + 25):
        gc.collect()
        kept = oracle.build(seed)
        report = gcscope.garbage()
        things = unreachable_objects()
        if any(isinstance(thing, SHOWS_BORROWED) for thing in things):
            continue
        expected = []
        for members, dragged in components_by_networkx(things):
            found = [
                [thing for thing in things if id(thing) in which] for which in (members, dragged)
            ]
            sizes = [oracle.bytes_with(found[0]), oracle.bytes_with(found[1], found[0])]
            expected.append((len(members), len(dragged), *sizes))
        found = [
            (cycle.objects, cycle.dragged, cycle.bytes, cycle.dragged_bytes)
            for cycle in report.cycles
        ]
        assert sum(cycle.count for cycle in report.cycles) == len(expected), f"seed {seed}"
        assert set(found) <= set(expected), f"seed {seed}"
        assert max(found, default=None) == max(expected, default=None), f"seed {seed}"
        assert all(cycle.types.total == cycle.objects for cycle in report.cycles)
        assert report.types.total == report.objects == len(things)
        assert report.bytes == oracle.bytes_with(things), f"seed {seed}"
        compared += len(expected)
        del kept, things
    assert compared > 20


def test_overlapping_rings_are_one_component(quiet):
    things = [Plain() for _ in range(5)]
    for n, thing in enumerate(things):
        thing.following, thing.preceding, thing.itself = things[(n + 1) % 5], things[n - 1], thing
        thing.own = []
    del thing, things
    cycle = only(gcscope.garbage())
    assert (cycle.objects - cycle.types.get("dict", 0), cycle.dragged) == (5, 5)
    assert labels_of(cycle) == [".itself"]  # a shortest one


def test_rings_in_a_row_keep_each_other(quiet):
    first, second = Plain(), Other()
    first.me, second.me = first, second
    first.following = second
    second.tail = [[], []]
    del first, second
    other, one = gcscope.garbage().cycles
    assert [cycle.ring[0].type.split(".")[-1] for cycle in (one, other)] == ["Plain", "Other"]
    assert one.dragged == 0  # the second ring has a reference to itself: counts do not fall
    assert other.dragged == 3


def test_deep_chains_are_dragged_along(quiet):
    chain = None
    for _ in range(200_000):
        chain = [chain]
    thing = Plain()
    thing.held = [chain, thing]
    del chain, thing
    cycle = only(gcscope.garbage())
    assert (cycle.dragged, cycle.cut.frees) == (200_000, cycle.objects + 200_000)


def test_a_long_ring_is_shown_by_its_ends(quiet):
    things = [Slotted() for _ in range(100_000)]
    for thing, following in zip(things, things[1:] + things[:1], strict=True):
        thing.mine = following
    del things, thing, following
    cycle = only(gcscope.garbage())
    assert cycle.length == cycle.objects == cycle.cut.frees == 100_000
    assert len(cycle.ring) == 64
    text = str(cycle)
    assert "… 99,976 more objects on the ring …" in text
    assert len(text.splitlines()) < 60
    assert Cycle.from_json(cycle.to_json()) == cycle


def test_a_ring_through_a_long_list(quiet):
    ring_of(lambda t: [*[None] * 999_999, t])
    assert labels_of(only(gcscope.garbage())) == [".held[999999]"]


# -------------------------------------------------------------------------------------- live rings


def test_live_rings_are_told_and_a_cut_frees_nothing_now(quiet):
    a, b = Plain(), Other()
    a.there, b.back = [b], a
    report = gcscope.cycles(b)
    cycle = only(report)
    assert report.alive and cycle.cut.frees == 0
    assert labels_of(cycle) == [".back", ".there[0]"]
    assert "in use" in str(report)
    assert gcscope.cycles(a) == gcscope.cycles(a, b) == report
    # one reference more to count
    assert str(gcscope.cycles([a])) == str(gcscope.cycles({1: (a,)})) == str(report)
    assert gcscope.garbage().objects == 0


def test_the_counts_on_a_ring_are_those_of_refcount(quiet):
    things = {"one": Plain(), "other": Other()}
    things["one"].there, things["other"].back = [things["other"]] * 3, things["one"]
    expected = [gcscope.refcount(things[name]) for name in ("one", "other")]
    assert sorted(expected) == [2, 4]
    for report in (
        gcscope.cycles(things["one"]),
        gcscope.cycles(things["other"], things["other"], things["other"]),
        gcscope.cycles(things["one"], things["other"]),
        gcscope.cycles(things),
    ):
        assert sorted(link.refcount for link in only(report).ring) == [2, 4]
    things.clear()
    assert sorted(link.refcount for link in only(gcscope.garbage()).ring) == [1, 3]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="there are no immortal objects")
@pytest.mark.skipif(
    hasattr(sys, "gettotalrefcount"), reason="a debug build ends where a count was written by hand"
)
def test_the_count_of_an_immortal_object_on_a_ring(quiet):
    one = Plain()
    one.me = one
    count_word(one).value = 0xFFFFFFFF
    (link,) = only(gcscope.cycles(one)).ring
    assert link.refcount is None
    del one.me


class Event:
    def __init__(self):
        self.handlers = []


class Model:
    def __init__(self):
        self.changed = Event()


class View:
    def __init__(self, model):
        self.model = model
        model.changed.handlers.append(self.update)

    def update(self):
        pass


@pytest.mark.parametrize("count", [1, 2, 7])
def test_a_cut_of_a_whole_container_says_so(quiet, count):
    """The label at the cut names one item, and that one alone would free less."""
    model = Model()
    for _ in range(count):
        View(model)
    before, handlers = gcscope.cycles(model).cycles[0].cut.advice, model.changed.handlers
    del model
    gone = [weakref.ref(handler.__self__) for handler in handlers]
    del handlers
    cycle = only(gcscope.garbage())
    place = int(re.fullmatch(r"\.handlers\[(\d)\]", cycle.cut.link.label)[1])
    assert cycle.cut.frees == cycle.held
    callbacks = "all callbacks" if count > 1 else "the callback"
    told = f"remove {callbacks} from Event.handlers when done"
    assert cycle.cut.advice == before == told
    handlers = next(ref for ref in gone)().model.changed.handlers
    if count > 1:
        del handlers[place]
        assert any(ref() is not None for ref in gone)
    handlers.clear()
    assert all(ref() is None for ref in gone)


def test_a_task_that_is_its_own_result(quiet):
    async def work():
        return asyncio.current_task()

    async def main():
        await asyncio.create_task(work())

    asyncio.run(main())
    [cycle] = [cycle for cycle in gcscope.garbage().cycles if cycle.ring[0].type == "_asyncio.Task"]
    assert cycle.cause == "the result of a task leads back to it"
    assert cycle.advice == "let the task return something else, or drop it when it is done"


def test_live_rings_that_are_led_to(quiet):
    ring = Plain()
    ring.me = ring
    entrance = Other()
    entrance.inner = [lambda: ring]
    assert labels_of(only(gcscope.cycles(entrance))) == [".me"]


def test_live_rings_do_not_go_through_modules_classes_and_globals(quiet):
    thing = Plain()
    thing.module, thing.cls, thing.function, thing.method = (
        sys,
        Plain,
        test_live_rings_that_are_led_to,
        len,
    )
    assert not gcscope.cycles(thing)
    assert gcscope.cycles(thing).objects == 0
    assert "no cycles among these objects" in str(gcscope.cycles(thing))


def test_live_rings_of_a_class_that_is_asked_for(quiet):
    class Local:
        pass

    report = gcscope.cycles(Local)
    assert "type" in report.types and report.cycles
    assert not gcscope.cycles(Local())


@pytest.mark.parametrize(
    "thing", [1, "text", None, 2.5, b"", object(), (), (1, "x"), len, {"a": 1}, range(3)]
)
def test_live_rings_of_what_holds_nothing(quiet, thing):
    assert not gcscope.cycles(thing) and gcscope.cycles(thing, thing).cycles == ()


def test_live_rings_need_an_argument():
    with pytest.raises(TypeError, match="garbage"):
        gcscope.cycles()
    with pytest.raises(TypeError, match="keyword"):
        gcscope.cycles(1, x=2)


def test_frozen_rings_are_outside(python):
    code = """
import gc, gcscope
gc.disable()
class Node: pass
def ring(inner=None):
    a = Node()
    a.me, a.inner = a, inner
    return a
gc.collect()
kept = ring()
ring()
gc.freeze()
assert gcscope.garbage().cycles == (), gcscope.garbage()
ring(kept)
report = gcscope.garbage()
[cycle] = report.cycles
assert [link.label for link in cycle.ring] == [".me"] and cycle.dragged == 0, report
gc.unfreeze()
assert sum(cycle.count for cycle in gcscope.garbage().cycles) == 2
"""
    done = python("-c", code)
    assert done.code == 0, done


# ------------------------------------------------------------------------- looking changes nothing


def members():
    """A ring of many kinds of members."""
    inline, real, slotted = Plain(), Other(), Slotted()
    real.__dict__["x"] = 1
    vars(real)

    def function(default=inline):
        return inline, real

    generator = (thing for thing in [inline])
    inline.next, real.next, slotted.mine = real, [slotted, {"key": (function,)}], {inline}
    inline.generator, inline.method, inline.error = generator, inline.__init__, ValueError(slotted)
    inline.reference = weakref.ref(real, function)
    inline.person = Person("Michael")
    inline.person.friends.append(inline)
    return [
        inline,
        real,
        slotted,
        function,
        generator,
        inline.error,
        inline.reference,
        inline.person,
        Plain,
        Other,
    ]


@pytest.mark.parametrize("enabled", [False, True])
def test_looking_at_live_rings_changes_nothing(quiet, enabled):
    things = members()
    gcscope.cycles(things)
    if enabled:
        gc.collect(0)
        gc.enable()
    before = world(things)
    count = gc.get_count()[1:]
    report = gcscope.cycles(things)
    assert world(things) == before and gc.get_count()[1:] == count
    assert report.cycles[0].objects > 8
    assert things[6]() is things[1]


def test_looking_at_garbage_changes_nothing(quiet):
    cleared = []
    things = members()
    references = [
        weakref.ref(thing, cleared.append)
        for thing in things
        if not isinstance(thing, (weakref.ref, ValueError))
    ]
    addresses = [id(thing) for thing in things[:8]]
    del things
    before = garbage_as_seen(addresses)
    report = gcscope.garbage()
    assert garbage_as_seen(addresses) == before
    assert gcscope.garbage() == report and report.cycles[0].objects > 8
    assert cleared == [] and all(reference() is not None for reference in references)


def garbage_as_seen(addresses):
    by_address = {id(thing): thing for thing in gc.get_objects()}
    things = [by_address[address] for address in addresses]
    del by_address
    return world(things)[1:]


# -------------------------------------------------------------------------------- exhausted memory


def many_forms():
    for n in range(40):
        pair(there=f"there_{n}")
    ring_of(lambda t: {"a": [t, (t,)], t: [[] for _ in range(100)]})
    things = [Plain() for _ in range(50)]
    for thing in things:
        thing.a, thing.b, thing.all = things[0], things[-1], things
    return things


@pytest.mark.parametrize("word", ["garbage", "cycles"])
def test_exhausted_raw_memory_is_a_memory_error(quiet, word):
    kept = many_forms()
    look = gcscope.garbage if word == "garbage" else lambda: gcscope.cycles(kept)
    if word == "garbage":
        kept.append(kept)
        del kept
    expected = look()

    def check():
        assert not gc.isenabled()

    failed, answer = each_growth(look, check)
    assert 20 < failed < 1900
    assert answer == look() == expected


def test_exhausted_python_memory_is_a_memory_error(starving):
    pytest.importorskip("_testcapi")
    code = """
import gc
import gcscope
from gcscope import Person, _core
gc.disable()
def ring():
    p, q = Person("Michael"), Person("Sarah")
    p.befriend(q)
    p.key = {"k": (q, 1)}
    q.call = lambda: p
    return p
ring()
kept = (ring(),)
expected = _core.unreachable_rings({}, None).forms, _core.live_rings(kept, {}, None).forms
for which, look in enumerate([
    lambda: _core.unreachable_rings({}, None).forms,
    lambda: _core.live_rings(kept, {}, None).forms,
]):
    failures = each_allocation(look)
    assert failures > 20, failures
    assert look() == expected[which]
"""
    starving(code)


# ----------------------------------------------------------------------------------------- classes


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("def make():\n    class Local: pass\nmake()", "a class is made inside a function"),
        (
            "class A: pass\nclass A: pass",
            "a class was replaced by another of its name",
        ),
        ("type('Gone', (), {})", "a class is made inside a function"),
        (
            "from dataclasses import dataclass\nimport gc; gc.collect()\n@dataclass(slots=True)\n"
            "class P: x: int",
            "a class was replaced by another of its name",
        ),
    ],
)
def test_a_class_that_was_replaced_is_not_blamed_on_a_function_alone(python, code, cause):
    look = "print({cycle.cause for cycle in gcscope.garbage().cycles})"
    done = python("-c", f"import gc, gcscope; gcscope.garbage; gc.disable()\n{code}\n{look}")
    assert done.code == 0 and done.out == f"{ {cause} }\n", done
