"""rings: components, folding, figures and cuts, against slow twins and by really cutting."""

import asyncio
import ctypes
import gc
import pickle
import random
import re
import sys
import types
import weakref

import pytest

import gcscope
import oracle
from gcscope import Cycle, Person, Report, _core
from gcscope.explain import cycles as explain
from starved import each_growth

networkx = pytest.importorskip("networkx")


class Plain:
    pass


class Other:
    pass


class Slotted:
    __slots__ = ("__weakref__", "mine")


def pair(one=Plain, other=Other, there="there", back="back"):
    """Leave a ring of two."""
    a, b = one(), other()
    setattr(a, there, b)
    setattr(b, back, a)


def ring_of(holder):
    """Leave a ring: an object whose `.held` is what holder makes of it."""
    thing = Plain()
    thing.held = holder(thing)


def only(report):
    [cycle] = report.cycles
    return cycle


def labels_of(cycle):
    return [link.label for link in cycle.ring]


# ----------------------------------------------------------------------------- folding


def test_equal_rings_are_one_and_are_explained_once(quiet, monkeypatch):
    asked = []
    explain_one = explain._cycle
    monkeypatch.setattr(explain, "_cycle", lambda *told: asked.append(1) or explain_one(*told))
    for _ in range(200_000):
        pair()
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
    pairs = [
        cycle for cycle in gcscope.garbage().cycles if "type" not in cycle.types
    ]  # a class is a ring in itself
    assert [cycle.count for cycle in pairs] == [1, 1]
    assert len({cycle.fingerprint for cycle in pairs}) == 2


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


# ------------------------------------------------------------------- the same in every run

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
    assert {cycle.ring[0].type for cycle in report.cycles} == {f"{__name__}.Plain"}


# ------------------------------------------------------------------- figures, by a slow twin


def unreachable_objects():
    addresses = set(_core.dry_run().addresses())
    return [thing for thing in gc.get_objects() if id(thing) in addresses]


def components_by_networkx(things):
    """(members, objects that only they keep) of each cyclic component."""
    counts = {id(things[i]): sys.getrefcount(things[i]) - 2 for i in range(len(things))}
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
            sizes = [_core.roll_call(of_one).bytes for of_one in found]
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
    assert len(cycle.ring) == cycle.objects == cycle.cut.frees == 100_000
    text = str(cycle)
    assert "… 99,976 more objects on the ring …" in text
    assert len(text.splitlines()) < 60
    assert Cycle.from_json(cycle.to_json()) == cycle


def test_a_ring_through_a_long_list(quiet):
    ring_of(lambda t: [*[None] * 999_999, t])
    assert labels_of(only(gcscope.garbage())) == [".held[999999]"]


# -------------------------------------------------------------------------- cuts, by cutting


def tracked_now():
    return len(gc.get_objects())


def tangle(rng):
    """Leave Persons that refer to each other by attributes, and have belongings; weak references to all, by name."""
    people = [Person(str(n)) for n in range(rng.randrange(2, 9))]
    for a in people:
        for b in rng.sample(people, rng.choice([0, 0, 1, 2])):
            setattr(a, rng.choice(["x", "y", f"to_{b.name}"]), b)
        a.belongings = [[] for _ in range(rng.randrange(3))]
    for a, b in zip(people, people[1:] + people[:1], strict=True):
        a.following = b
    return {person.name: weakref.ref(person) for person in people}


def cut_really(people, cut):
    """Delete what the cut says; how many objects died of it."""
    attributes = re.findall(r"\.(\w+)", cut.advice.partition("close() that drops ")[2]) or [
        cut.link.label[1:]
    ]
    is_one = cut.references == 1 or "close()" in cut.advice
    before = tracked_now()
    taken = 0
    for reference in [people[cut.link.name]] if is_one else list(people.values()):
        person = reference()
        for attribute in attributes:
            if person is not None and isinstance(vars(person).get(attribute), Person):
                delattr(person, attribute)
                taken += 1
        del person
    assert taken <= cut.references
    return before - tracked_now()


@pytest.mark.usefixtures("small_heap")
@pytest.mark.parametrize("seed", range(40))
def test_a_cut_frees_what_it_says(quiet, seed):
    people = tangle(random.Random(seed))
    for reference in people.values():
        vars(reference())  # made real: a dict that is made while cutting would be counted
    cycle = only(gcscope.garbage())
    if cycle.cut is not None:
        assert cut_really(people, cycle.cut) == cycle.cut.frees > 0
    else:
        assert all(len(gc.get_referrers(people[link.name]())) > 1 for link in cycle.ring)


@pytest.mark.usefixtures("small_heap")
def test_cuts_of_all_kinds_were_among_them(quiet):
    kinds = set()
    for seed in range(40):
        people = tangle(random.Random(seed))
        cut = only(gcscope.garbage()).cut
        kinds.add(
            "none"
            if cut is None
            else "close"
            if "close()" in cut.advice
            else min(cut.references, 2)
        )
        gc.collect()
        assert all(reference() is None for reference in people.values())
    assert kinds == {"none", "close", 1, 2}


SHAPES = {
    ".held": lambda t: t,
    ".held[0]": lambda t: [t, []],
    ".held[2][0]": lambda t: [1, 2, [t]],
    ".held['key']": lambda t: {"key": t},
    ".held['a']['b'][0]": lambda t: {"a": {"b": [t, []]}, "c": []},
    ".held[7]": lambda t: {7: t},
    ".held (a key)": lambda t: {t: []},
    ".held (an element)": lambda t: {t, 1},
    ".held[0][0]": lambda t: ([t],),
}


@pytest.mark.usefixtures("small_heap")
@pytest.mark.parametrize("label", SHAPES)
def test_a_label_is_an_expression_and_cutting_there_frees_all(quiet, label):
    ring_of(SHAPES[label])
    cycle = only(gcscope.garbage())
    assert labels_of(cycle) == [label] == [cycle.cut.link.label]
    [thing] = [thing for thing in gc.get_objects() if type(thing) is Plain]
    before = tracked_now()
    if "(" in label:
        thing.held.clear()
    else:
        exec(f"del thing{label}", {"thing": thing})
    del thing
    assert before - tracked_now() == cycle.cut.frees == cycle.objects + cycle.dragged


def test_where_no_single_reference_does_it(quiet):
    """Each of two handlers of a service keeps it: both have to let go of it."""
    service = Plain()
    service.first, service.second = Other(), Other()
    service.first.service = service.second.service = service
    reference = weakref.ref(service)
    vars(service)
    del service
    cycle = only(gcscope.garbage())
    assert (cycle.cut.link.label, cycle.cut.references) == (".service", 2)
    before = tracked_now()
    service = reference()
    del service.first.service, service.second.service
    del service
    assert before - tracked_now() == cycle.cut.frees == cycle.objects + cycle.dragged


def test_what_is_in_a_tuple_is_not_cut(quiet):
    box = []
    box.append((box,))
    del box
    cycle = only(gcscope.garbage())
    assert cycle.cut.link.type == "list" and cycle.cut.frees == 2


# ----------------------------------------------------------------------- C types that lie


@pytest.mark.skipif(
    hasattr(sys, "gettotalrefcount"), reason="a debug build's collector aborts on such a type"
)
def test_a_type_that_shows_too_much(quiet, rooms):
    box = []
    box.append(rooms.Liar(box, 3))
    del box
    report = gcscope.garbage()
    assert (
        report.objects == 0 and "tp_traverse" in report.notes[0]
    )  # taken for reachable, as by the collector
    [box] = [
        thing
        for thing in gc.get_objects()
        if type(thing) is list and len(thing) == 1 and type(thing[0]) is rooms.Liar
    ]
    assert only(gcscope.cycles(box)).objects == 2
    box.clear()


def test_a_type_that_shows_too_little(quiet, rooms):
    box = []
    box.append(rooms.Liar(box, 0))
    assert not gcscope.cycles(box)
    box.clear()


def test_a_type_without_clear(quiet, rooms):
    box = []
    box.append(rooms.Stubborn(box, 1))
    del box
    cycle = only(gcscope.garbage())
    assert [(link.type, link.named) for link in cycle.ring] == [("rooms.Stubborn", False)]
    assert cycle.cut.frees == 2
    gc.collect()


# ------------------------------------------------------------------------------- live rings


def test_live_rings_are_told_and_a_cut_frees_nothing_now(quiet):
    a, b = Plain(), Other()
    a.there, b.back = [b], a
    report = gcscope.cycles(b)
    cycle = only(report)
    assert report.alive and cycle.cut.frees == 0
    assert labels_of(cycle) == [".back", ".there[0]"]
    assert "in use" in str(report)
    assert gcscope.cycles(a) == gcscope.cycles(a, b) == report
    assert (
        str(gcscope.cycles([a])) == str(gcscope.cycles({1: (a,)})) == str(report)
    )  # one reference more to count
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
    ctypes.c_uint32.from_address(
        id(one)
    ).value = 0xFFFFFFFF  # how it is marked on all versions that have it
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
    assert cycle.cut.link.label == (".model" if count == 1 else f".handlers[{count - 1}]")
    assert cycle.cut.frees == cycle.held
    whole = "; for all that is in .handlers, not for this item alone" if count > 1 else ""
    told = f"keep a weakref.WeakMethod, or look the method up when it is called{whole}"
    assert cycle.cut.advice == before == told
    handlers = next(ref for ref in gone)().model.changed.handlers
    if count > 1:
        del handlers[count - 1]
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
        test_a_type_without_clear,
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


# ------------------------------------------------------------------------ names of all kinds

NAMES = {
    "quotes": "a'b\"c",
    "a backslash": "a\\b",
    "lines": "one\ntwo\r\n\tthree\x1b[31m\0",
    "line separators": "one\u2028two\x85three",
    "surrogates": "a\udc80b\ud800",
    "long": "x" * 10_000,
    "no letters": "",
    "not ASCII": "größe_名前",
    "brackets": "a['b']",
    "a dot": "a.b",
    "a keyword": "class",
}


def check_text(report):
    """It is a text of lines that can be written anywhere, and no name breaks a line."""
    text = str(report)
    text.encode()
    assert all(len(line) < 400 for line in text.split("\n"))
    assert all(c == "\n" or c.isprintable() for c in text)
    assert text.splitlines() == text.split("\n")


def check_round_trips(report):
    for record in (
        report,
        *report.cycles,
        *[cycle.cut for cycle in report.cycles if cycle.cut],
        *report.cycles[0].ring,
    ):
        again = type(record).from_json(record.to_json())
        assert again == record and hash(again) == hash(record) and repr(again) == repr(record)
        assert pickle.loads(pickle.dumps(record)) == record
        assert len({record, again}) == 1


@pytest.mark.usefixtures("small_heap")
@pytest.mark.parametrize("name", NAMES.values(), ids=list(NAMES))
@pytest.mark.parametrize("real", [False, True], ids=["inline", "real dict"])
def test_odd_names_of_attributes(quiet, name, real):
    thing = Plain()
    if real:
        vars(thing)
    setattr(thing, name, thing)
    del thing
    report = gcscope.garbage()
    is_plain = name.isidentifier()
    assert labels_of(only(report)) == [f".{name}" if is_plain else f".__dict__[{name!r}]"]
    check_text(report)
    check_round_trips(report)


@pytest.mark.usefixtures("small_heap")
@pytest.mark.parametrize("name", NAMES.values(), ids=list(NAMES))
def test_odd_keys(quiet, name):
    ring_of(lambda t: {name: t})
    report = gcscope.garbage()
    assert labels_of(only(report)) == [f".held[{name!r}]"]
    check_text(report)
    check_round_trips(report)


@pytest.mark.usefixtures("small_heap")
@pytest.mark.parametrize("name", NAMES.values(), ids=list(NAMES))
def test_odd_names_of_types_and_objects(quiet, name):
    if "\0" in name or "\ud800" in name:
        cls = type("Odd", (), {})
        cls.__qualname__ = name
    else:
        cls = type(name, (), {"__module__": name})
    thing = cls()
    thing.person = Person(name)
    thing.person.thing = thing
    del thing, cls
    report = gcscope.garbage()
    assert {None, name} & {link.name for cycle in report.cycles for link in cycle.ring}
    check_text(report)
    check_round_trips(report)


# --------------------------------------------------------------------------- evil objects


class Touchy:
    """Nothing about it may be asked."""

    def refuse(self, *_):
        raise AssertionError("user code ran")

    __repr__ = __str__ = __len__ = __iter__ = __bool__ = __getattr__ = __sizeof__ = __dir__ = (
        __reduce__
    ) = refuse
    __class__ = property(refuse)
    __dict__ = property(refuse)
    armed = False

    def __hash__(self):
        return self.refuse() if Touchy.armed else 1

    def __eq__(self, other):
        return self.refuse() if Touchy.armed else self is other

    def __getattribute__(self, name):
        return (
            object.__getattribute__(self, "refuse")()
            if Touchy.armed
            else object.__getattribute__(self, name)
        )


class Meta(type):
    def refuse(cls, *_):
        raise AssertionError("code of a metaclass ran")

    __repr__ = __eq__ = __hash__ = __instancecheck__ = __subclasscheck__ = __getattribute__ = refuse
    __module__ = __name__ = property(refuse)


class TouchyText(str):
    __slots__ = ()

    def refuse(self, *_):
        raise AssertionError("the text was asked")

    __repr__ = __str__ = __format__ = __len__ = __getitem__ = isidentifier = refuse

    def __hash__(self):
        return Touchy.__hash__(self) if Touchy.armed else str.__hash__(self)

    def __eq__(self, other):
        raise AssertionError("the text was compared")


@pytest.fixture
def armed():
    """From `arm` on, any code of the objects is a failure."""

    def arm():
        Touchy.armed = True

    yield arm
    Touchy.armed = False


def evil_key(thing):
    return {Touchy(): thing}


def evil_text_key(thing):
    return {TouchyText("key"): thing}


def evil_value(thing):
    return {"key": [Touchy(), thing]}


def evil_holder(thing):
    holder = Touchy()
    object.__setattr__(holder, "mine", thing)
    return holder


def evil_metaclass(thing):
    cls = Meta("Evil", (), {"__slots__": ("mine",)})
    holder = object.__new__(cls)
    object.__setattr__(holder, "mine", thing)
    return holder


def evil_set(thing):
    return {Touchy(), thing}


def evil_tuple_key(thing):
    return {(Touchy(), 1): thing}


def evil_exception(thing):
    class Odd(Exception):
        args = property(Touchy.refuse)
        __traceback__ = property(Touchy.refuse)
        __str__ = __repr__ = Touchy.refuse

    error = Odd()
    error.mine = thing
    return error


EVIL = [
    (evil_key, ".held[<test_cycles.Touchy>]"),
    (evil_text_key, ".held['key']"),
    (evil_value, ".held['key'][1]"),
    (evil_holder, ".held → .mine"),
    (evil_metaclass, ".held → .mine"),
    (evil_set, ".held (an element)"),
    (evil_tuple_key, ".held[<tuple>]"),
    (evil_exception, ".held → .mine"),
]


@pytest.mark.usefixtures("small_heap")
@pytest.mark.parametrize(("make", "labels"), EVIL, ids=lambda value: getattr(value, "__name__", ""))
@pytest.mark.parametrize("word", ["garbage", "cycles"])
def test_no_user_code_runs(quiet, armed, make, labels, word):
    thing = Plain()
    thing.held = make(thing)
    live = [thing]
    if word == "garbage":
        del thing, live
    armed()
    report = gcscope.garbage() if word == "garbage" else gcscope.cycles(live)
    Touchy.armed = False
    [ring] = [
        cycle.ring
        for cycle in report.cycles
        if cycle.ring[0].type.endswith((".Plain", ".Touchy", "Evil"))
    ]
    first = [link.type for link in ring].index(f"{__name__}.Plain")
    assert " → ".join(link.label for link in ring[first:] + ring[:first]) == labels
    check_text(report)


def test_a_dict_that_was_deleted(quiet):
    thing, other = Plain(), Other()
    thing.gone = 1
    del thing.__dict__
    thing.other, other.thing = other, thing
    del other.__dict__
    assert not gcscope.cycles(thing)
    other.thing = thing
    del thing, other
    assert labels_of(only(gcscope.garbage())) == [".thing", ".other"]


@pytest.mark.usefixtures("small_heap")
@pytest.mark.parametrize("lie", [7, None, "", "builtins", ["list"]], ids=repr)
def test_types_that_lie_about_their_module(quiet, lie):
    cls = type("Liar", (), {"__module__": lie})
    thing = cls()
    thing.me = thing
    del thing, cls
    report = gcscope.garbage()
    assert any(link.type.endswith("Liar") for cycle in report.cycles for link in cycle.ring)
    check_text(report)


# ------------------------------------------------------------------- looking changes nothing


def world(things):
    return (
        [dict(generation) for generation in gc.get_stats()],
        [sys.getrefcount(thing) for thing in things],
        [[id(held) for held in gc.get_referents(thing)] for thing in things],
        [gc.is_tracked(thing) for thing in things],
        gc.isenabled(),
        gc.get_threshold(),
    )


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


# ------------------------------------------------------------------------- exhausted memory


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
expected = _core.unreachable_rings(None, {}, None).forms, _core.live_rings(kept, {}, None).forms
for which, look in enumerate([lambda: _core.unreachable_rings(None, {}, None).forms, lambda: _core.live_rings(kept, {}, None).forms]):
    failures = each_allocation(look)
    assert failures > 20, failures
    assert look() == expected[which]
"""
    starving(code)


# ------------------------------------------------------------------------------ classes


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("def make():\n    class Local: pass\nmake()", "a class is made inside a function"),
        (
            "class A: pass\nclass A: pass",
            "a class is made inside a function, or was replaced by another of its name",
        ),
        ("type('Gone', (), {})", "a class is made inside a function"),
        (
            "from dataclasses import dataclass\nimport gc; gc.collect()\n@dataclass(slots=True)\nclass P: x: int",
            "a class is made inside a function, or was replaced by another of its name",
        ),
    ],
)
def test_a_class_that_was_replaced_is_not_blamed_on_a_function_alone(python, code, cause):
    look = "print({cycle.cause for cycle in gcscope.garbage().cycles})"
    done = python("-c", f"import gc, gcscope; gcscope.garbage; gc.disable()\n{code}\n{look}")
    assert done.code == 0 and done.out == f"{ {cause} }\n", done
