"""neighborhood: what some objects lead to and who holds them.

Counts that add up; and nothing is held, changed or run.
"""

import asyncio
import collections
import ctypes
import functools
import gc
import sys
import weakref
from itertools import pairwise

import pytest

import gcscope
from gcscope import IMMORTAL, Person, _core, draw, holders, refcount
from gcscope.api.neighborhood import MOST_OBJECTS, check_given, look, reasons
from gcscope.explain.hops import Edge, fold
from specimens.objects import PLAIN, Plain, Slotted, evil, trash_with_a_finalizer, world
from specimens.zoo import ZOO
from support import FREE_THREADED, LEFT_SOURCE

pytestmark = pytest.mark.usefixtures("quiet", "thawed")
HERE = __name__


def neighborhood_of(*objects, most=MOST_OBJECTS):
    addresses = [id(item) for item in objects]
    del objects
    return look(addresses, most)


def raw(addresses, most=MOST_OBJECTS, labellers=None):
    return _core.neighborhood(addresses, most, (), {} if labellers is None else labellers, None)


def names(neighborhood):
    return neighborhood.names


def between(neighborhood):
    """Each reference: from, label, to."""
    name = names(neighborhood)
    return [
        (name[r.source], fold([edge]), name[r.target])
        for r in neighborhood.references
        for edge in r.edges
    ]


# ------------------------------------------------------------------------------------- counts


@pytest.mark.parametrize("name", ZOO)
@pytest.mark.thread_unsafe(reason="some specimens are in places of which the process has one")
def test_counts_add_up(name):
    """Owned references from inside and from outside are those that `holders` names.

    However much is inside.
    """
    one = [None]
    held = ZOO[name](one)
    next(held)
    expected = holders(one[0])
    for most in (1, MOST_OBJECTS):
        neighborhood = look([id(one[0])], most)
        if not gc.is_tracked(one[0]):
            assert neighborhood.objects == []
            continue
        obj = neighborhood.objects[0]
        assert obj.count == expected.refcount
        if expected.refcount != IMMORTAL:
            owned = sum(holder.owned for holder in expected.named)
            assert (obj.inside + obj.outside, obj.unexplained) == (owned, expected.unexplained)
            assert obj.left == obj.outside + obj.unexplained
    next(held, None)


@pytest.mark.parametrize("name", ZOO)
@pytest.mark.thread_unsafe(reason="some specimens are in places of which the process has one")
def test_who_holds_from_outside_is_called_as_by_holders(name):
    one = [None]
    held = ZOO[name](one)
    next(held)
    if gc.is_tracked(one[0]) and one[0] not in gc.get_referents(one[0]):
        expected = collections.Counter()
        for node, edges, owned, references in _core.holders([one[0]], ())[1]:
            label = fold([Edge(edge) for edge in edges])
            expected[node[:3], label, "heap" if owned else "borrowed"] += references
        told = collections.Counter(
            (node[:3], fold([Edge(edge) for edge in edges]), found.replace("frame", "heap"))
            for _, node, edges, found in raw([id(one[0])], 1)[2]
        )
        assert not told - expected
        if holders(one[0]).refcount != IMMORTAL:  # the others it leads to, so that they are inside
            inside = look([id(one[0])], 1).objects[0].inside
            assert (
                sum(n for (*_, found), n in (expected - told).items() if found != "borrowed")
                == inside
            )
    next(held, None)


def ring_of_instances():
    a, b = Plain(), Slotted()
    a.b, b.a = b, a
    a.kept = [b, b, {"b": b}]
    return a, b


def ring_of_dicts():
    a, b = {}, {}
    a["b"], b["a"] = b, a
    b["again"] = [a, a]
    return a, b


def ring_of_closures():
    def a():
        return b

    def b():
        return a, a

    return a, b


def generator_of(obj):
    mine = [obj, obj]
    yield mine
    return obj


def ring_of_generators():
    a = Plain()
    b = generator_of(a)
    a.b = b
    next(b)
    return a, b


def waiting_on_a_stack(obj):
    return [obj, (yield obj), obj]


def stack_of_a_generator():
    a = Plain()
    b = a.b = waiting_on_a_stack(a)
    next(b)
    return a, b


def ring_of_frames():
    def fail(mine):
        raise ValueError(mine)

    a = Plain()
    try:
        fail(a)
    except ValueError as error:
        a.error = error
        return a, error.__traceback__.tb_next.tb_frame


def ring_of_classes():
    class A:
        pass

    a = A()
    A.me = a
    return a, A


def thousand_times():
    a, b = Plain(), Plain()
    a.b, b.a = [b] * 1000, a
    return a, b


ZOO_OF_PAIRS = [
    ring_of_instances,
    ring_of_dicts,
    ring_of_closures,
    ring_of_generators,
    stack_of_a_generator,
    ring_of_frames,
    ring_of_classes,
    thousand_times,
]


@pytest.mark.parametrize("make", ZOO_OF_PAIRS)
def test_rings_are_what_the_collector_sees(make):
    """With all that they lead to and nothing from outside, nothing is left.

    With a name, one is, and so on.
    """
    a, b = make()
    addresses = [id(a), id(b)]
    for names_of_a, names_of_b in ((1, 1), (1, 0), (0, 0)):
        if not names_of_b:
            b = None
        if not names_of_a:
            a = None
        objects = look(addresses).objects[:2]
        assert [obj.address for obj in objects] == addresses
        if FREE_THREADED and make is ring_of_classes:  # a local variable owns no class there
            names_of_b = 0
        assert [obj.left - obj.unexplained for obj in objects] == [names_of_a, names_of_b]
        assert [obj.unexplained for obj in objects] == [0, 0]
        assert [obj.reachable for obj in objects] == [names_of_a > 0] * 2 or make is ring_of_classes
    gc.collect()
    # what is made since may lie at either address, and refers to nothing at the other
    now = look(addresses)
    ends = [{now.objects[place].address for place in (r.source, r.target)} for r in now.references]
    assert {*addresses} not in ends


def test_several_references_between_the_same_two():
    a, b = Person("a"), Person("b")
    a.befriend(b)
    a.befriend(b)
    a.note = b
    neighborhood = neighborhood_of(a, b)
    [way] = [
        r
        for r in neighborhood.references
        if neighborhood.objects[r.source].title == "list" and r.target == 1
    ]
    assert way.count == 2 and [edge.text for edge in way.edges] == ["[0]", "[1]"]
    assert {("a.friends", "[0]", "b"), ("a.friends", "[1]", "b"), ("b.friends", "[0]", "a")} <= set(
        between(neighborhood)
    )
    assert neighborhood.objects[1].refcount == 4 and neighborhood.objects[1].inside == 3
    many = [b] * 50
    [row] = [row for row in raw([id(many), id(b)])[1] if row[:2] == (0, 1)]
    assert row[2:4] == (50, 50) and [name[0] for name in row[4]] == ["[0]", "[1]", "[2]", "[3]"]


def test_references_that_alternate_are_told_apart():
    a, b = Plain(), Plain()
    kept = [a, b, a, b, a]
    outside = raw([id(a), id(b)], 2)[2]
    told = [
        (to, edges[0][0])
        for to, node, edges, found in outside
        if node[0] == "list" and found == "heap"
    ]
    assert sorted(told) == [(0, "[0]"), (0, "[2]"), (0, "[4]"), (1, "[1]"), (1, "[3]")]
    assert [row[4] for row in raw([id(a), id(b)], 2)[0]] == [refcount(a), refcount(b)] == [4, 3]
    assert len(kept) == 5


def test_what_a_suspended_generator_borrows_owns_nothing():
    """On 3.14 a place on the stack may lend; refcount knows."""
    a = Plain()
    b = waiting_on_a_stack(a)
    next(b)
    for most in (1, MOST_OBJECTS):
        obj = look([id(a)], most).objects[0]
        assert (obj.refcount, obj.outside, obj.unexplained) == (refcount(a), refcount(a), 0)
    [obj] = [t for t in look([id(b)]).objects if t.address == id(a)]
    assert (obj.inside, obj.outside) == (refcount(a) - 1, 1)


def borrower(obj):
    [obj, (yield)]


def test_what_many_suspended_generators_borrow():
    """More than are told by name."""
    a = Plain()
    waiting = [borrower(a) for _ in range(30)]
    for generator in waiting:
        next(generator)
    for _ in range(5):
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(a))
    for most in (1, MOST_OBJECTS):
        obj = look([id(a)], most).objects[0]
        assert obj.unexplained == holders(a).unexplained == 5
        assert obj.refcount == obj.outside + 5
    neighborhood = look([id(a), *map(id, waiting)])
    assert (
        sum(r.owned for r in neighborhood.references if r.target == 0)
        == neighborhood.objects[0].inside
    )
    for _ in range(5):
        ctypes.pythonapi.Py_DecRef(ctypes.py_object(a))


@pytest.mark.parametrize("held", [0, 1])
@pytest.mark.parametrize("length", [1, 2, 5, 3000])
def test_what_is_not_shown_counts_all_the_same(length, held):
    """A ring that is longer than what is shown is as unreachable as a short one."""
    nodes = [Slotted() for _ in range(length)]
    for place, node in enumerate(nodes):
        node.a = nodes[(place + 1) % length]
        node.b = node.a
    addresses = [id(nodes[0])]
    kept = nodes[-1] if held else None
    del nodes, node
    for most in (1, 3, MOST_OBJECTS):
        neighborhood = look(addresses, most)
        assert len(neighborhood.objects) + neighborhood.more == length and len(
            neighborhood.objects
        ) == min(most, length)
        assert [obj.stays for obj in neighborhood.objects] == [bool(held)] * len(
            neighborhood.objects
        )
        assert [obj.reachable for obj in neighborhood.objects] == [bool(held)] * len(
            neighborhood.objects
        )
        assert [obj.inside for obj in neighborhood.objects] == [2] * len(neighborhood.objects)
        assert len(reasons(neighborhood)) == (len(neighborhood.objects) if held else 0)
    assert (kept is not None) == held
    del kept


def test_five_hundred_friends():
    hub = Person("Ada")
    for number in range(500):
        hub.befriend(Person(f"Friend {number}"))
    neighborhood = neighborhood_of(hub)
    assert len(neighborhood.objects) == 1002 and [t.inside for t in neighborhood.objects[:2]] == [
        500,
        1,
    ]
    assert names(neighborhood)[:4] == ["Ada", "Ada.friends", "Friend 0", "Friend 1"]
    assert [t.left for t in neighborhood.objects] == [1] + [0] * 1001
    alone = neighborhood_of(hub, most=1)  # what it leads to counts, told or not
    assert [(t.inside, t.outside, t.left) for t in alone.objects] == [
        (500, 1, 1)
    ] and alone.more == 1001
    friend = hub.friends[0]
    lists = []
    for _ in range(500):
        lists.append([friend])
    neighborhood = neighborhood_of(friend)
    assert (neighborhood.objects[0].outside, neighborhood.objects[0].unexplained, len(lists)) == (
        501,
        0,
        500,
    )
    # twelve objects, and the variable
    assert len([h for h in neighborhood.outside if h.target == 0]) == 12 + 1


def test_immortal_objects():
    if sys.version_info < (3, 12):
        pytest.skip("there is none")
    if hasattr(sys, "gettotalrefcount"):
        pytest.skip("a debug build ends where a count was written by hand")
    forever = Plain()
    forever.me = forever
    ctypes.c_uint32.from_address(
        id(forever) + (12 if FREE_THREADED else 0)
    ).value = 0xFFFFFFFF  # how it is marked on all versions that have it
    assert refcount(forever) == IMMORTAL
    obj = neighborhood_of(forever).objects[0]
    assert obj.refcount is None and obj.count == obj.left == IMMORTAL and obj.unexplained == 0


@pytest.mark.thread_unsafe(reason="other threads have tasks, too")
def test_a_task_and_what_it_leads_to():
    async def work(mine):
        await asyncio.sleep(30)
        return mine

    async def main():
        task = asyncio.create_task(work(Plain()))
        await asyncio.sleep(0)
        told = neighborhood_of(task)
        task.cancel()
        return told

    neighborhood = asyncio.run(main())
    labels = {fold([edge]) for r in neighborhood.references if r.source == 0 for edge in r.edges}
    assert {"._coro", "._fut_waiter", "._loop"} <= labels
    assert (
        all(obj.unexplained >= 0 for obj in neighborhood.objects)
        and neighborhood.objects[0].unexplained == 0
    )


# ---------------------------------------------------------------------------------- addresses


def test_addresses_that_are_gone_or_wrong():
    obj, untracked = Plain(), (1, 2)
    gc.collect()
    gone = id(Plain())
    wrong = [
        0,
        1,
        -1,
        gone + 1,
        id(obj) + 8,
        2**63,
        2**64,
        2**200,
        -(2**200),
        id(untracked),
        id("text"),
    ]
    neighborhood = look([*wrong, id(obj), id(obj)])
    assert [t.address for t in neighborhood.objects if t.is_given] == [id(obj)]
    assert look(wrong).objects == look([]).objects == []
    assert raw([], 0) == ([], [], [], (0, 0), (0, 0), [])
    assert raw([id(obj)], 0) == ([], [], [], (1, 0), (0, 0), [])
    assert [_core.born(wrong, extent) for extent in (-1, 0, [])[:2]] == [[], []]


def test_given_objects_come_first_and_the_nearest_then():
    a, b, c = Slotted(), Slotted(), Slotted()
    a.a, c.a = [b], {"x": [a]}
    neighborhood = neighborhood_of(c, b)
    assert names(neighborhood) == ["c", "b", "c.a", "c.a['x']", "a", "a.a"]
    assert [t.is_given for t in neighborhood.objects] == [True, True, False, False, False, False]


def test_the_walk_ends_at_what_leads_everywhere():
    neighborhood = neighborhood_of(test_given_objects_come_first_and_the_nearest_then)
    assert not {"module", "type"} & {obj.node.kind for obj in neighborhood.objects[1:]}
    assert sys.modules[HERE] not in [obj.address for obj in neighborhood.objects]
    assert [t.title for t in neighborhood_of(sys.modules[HERE], Plain).objects[:2]] == [
        f"module {HERE}",
        f"type {PLAIN}",
    ]


def test_containers_are_in_their_order():
    objects = [Person(str(i)) for i in range(5)]
    for container in (
        objects,
        tuple(objects),
        dict(enumerate(objects)),
        collections.deque(objects),
    ):
        rows = raw([id(container)])[1]
        assert [row[4][0][0] for row in rows if row[0] == 0] == ["[0]", "[1]", "[2]", "[3]", "[4]"]


def test_a_huge_list():
    huge = [[] for _ in range(1_000_000)]
    objects, edges, _, met, *_ = raw([id(huge)], 100)
    assert len(objects) == 100 and len(edges) == 99 and met == (1_000_001, 1_000_000)
    often = [huge] * 1_000_000
    objects, _, outside, *_ = raw([id(huge)], 100)
    assert objects[0][4] == refcount(huge) == 1_000_001
    assert [edges[0][0] for _, node, edges, _ in outside if node[0] == "list"] == [
        "[0]",
        "[1]",
        "[2]",
        "[3]",
    ]
    assert len(often) == 1_000_000


def test_a_long_chain():
    first = last = Slotted()
    for _ in range(300_000):
        last.a = Slotted()
        last = last.a
    assert len(raw([id(first)], 300_001)[0]) == 300_001
    neighborhood = neighborhood_of(first)
    assert len(neighborhood.objects) == MOST_OBJECTS and names(neighborhood)[:3] == [
        "first",
        "first.a",
        "first.a.a",
    ]
    assert max(map(len, names(neighborhood))) < 80 and len(set(names(neighborhood))) == MOST_OBJECTS
    while first is not None:  # Python's own way to free it is recursive
        first, last = getattr(first, "a", None), first
        if first is not None:
            last.a = None


# --------------------------------------------------------------------------------------- names

kept_by_a_module = Plain()


def test_names_of_variables():
    mine, others = Plain(), [Plain()]
    assert names(neighborhood_of(kept_by_a_module)) == ["kept_by_a_module"]
    assert neighborhood_of(kept_by_a_module).holders_of(0) == [f"{HERE}.kept_by_a_module"]
    neighborhood = neighborhood_of(mine, others[0])
    assert names(neighborhood) == ["mine", PLAIN]
    assert neighborhood.holders_of(0) == ["mine in test_names_of_variables()"]
    assert neighborhood.holders_of(1) == ["list [0]"]


def test_names_that_are_the_same_are_told_apart():
    people = [Person("Ann") for _ in range(3)]
    assert names(neighborhood_of(*people)) == [
        "Ann",
        "Ann (2)",
        "Ann (3)",
        "Ann.friends",
        "Ann (2).friends",
        "Ann (3).friends",
    ]
    people = [Person("Ann"), Person("Ann (2)"), Person("Ann"), Person("Ann.friends")]
    told = names(neighborhood_of(*people))
    assert len(set(told)) == len(told) == 8
    people = [Person(name) for name in ("Ann (3)", "Ann", "Ann", "Ann", "Ann (3)", "Ann")]
    assert names(neighborhood_of(*people))[:6] == [
        "Ann (3)",
        "Ann",
        "Ann (2)",
        "Ann (4)",
        "Ann (3) (2)",
        "Ann (5)",
    ]


def test_work_is_linear_in_equal_names():
    """Lines of our Python code that run for twice as many objects, not a clock."""

    def lines_of(count):
        people = [Person("Ann") for _ in range(count)]
        for one, other in pairwise([*people, people[0]]):
            one.friends.append(other)
        ran = 0

        def trace(frame, event, _):
            nonlocal ran
            ran += event == "line"
            return trace if "gcscope" in frame.f_code.co_filename else None

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            draw(*people), look(tuple(people)).names
        finally:
            sys.settrace(before)
        return ran

    few, many = lines_of(200), lines_of(800)
    assert 3 < many / few < 5


def test_what_is_folded():
    owner, shared = Plain(), []
    owner.alone, owner.shared, owner.other = [Plain()], [shared], shared
    neighborhood = neighborhood_of(owner)
    folded = [
        name
        for name, obj in zip(neighborhood.names, neighborhood.objects, strict=True)
        if obj.folded
    ]
    assert [name for name in folded if "__dict__" not in name] == ["owner.alone", "owner.shared"]
    assert "owner.other" in names(neighborhood) and "owner.shared[0]" not in names(neighborhood)
    given = [[]]
    assert not neighborhood_of(given).objects[0].folded  # what is given is a box


# -------------------------------------------------------------------- nothing held, changed, run


def test_nothing_is_held():
    a, b = ring_of_instances()
    watched = weakref.ref(a)
    before = refcount(a), refcount(b)
    neighborhood = neighborhood_of(a, b)
    assert (refcount(a), refcount(b)) == before
    del a, b
    assert watched() is not None
    gc.collect()
    assert watched() is None and names(neighborhood)


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize(
    "word",
    [look, lambda addresses: raw(addresses, 3), lambda addresses: look([*addresses, 7, 2**70])],
    ids=["all", "few", "wrong"],
)
def test_looking_changes_nothing(word, enabled):
    inline, made_real, generator = Plain(), Plain(), generator_of([])
    inline.a, made_real.b, inline.c = [], Person("x"), Person("y")
    vars(made_real)
    next(generator)
    watched = [inline, made_real, generator, inline.a, Plain, evil()(), {}, {1: []}]
    addresses = [id(obj) for obj in watched]
    word(addresses)
    if enabled:
        gc.collect(0)
        gc.enable()
    reference, finalized = trash_with_a_finalizer()
    before = world(watched)
    answer = word(addresses)
    after = world(watched)
    gc.disable()
    assert before == after and answer is not None
    assert finalized == [] and reference() is not None


def test_no_user_code_runs():
    cls = evil()
    one, other = cls(), cls()
    object.__setattr__(one, "a", other)
    object.__setattr__(other, "b", [one, {"k": other}])
    neighborhood = look([id(one), id(other), id(cls)])
    assert {fold([edge]) for r in neighborhood.references if r.source < 2 for edge in r.edges} >= {
        ".a",
        ".b",
    }
    assert [t.unexplained for t in neighborhood.objects[:3]] == [0, 0, 0]


def test_no_trash_and_no_import(python):
    code = """
import gc
import sys
python = set(sys.modules)
gc.collect(); gc.disable()
import gcscope
gcscope.draw, gcscope.film, gcscope.explain_collection
from gcscope.api.neighborhood import look
class Plain: pass
one = Plain()
one.a = {1: (one,)}
import sys
before = set(sys.modules)
for _ in range(3):
    look([id(one)])
assert set(sys.modules) == before
never = {"re", "functools", "collections", "dataclasses", "typing", "subprocess", "tempfile"}
print(sorted(never & (set(sys.modules) - python)), left())
"""
    assert python("-c", LEFT_SOURCE + code).out == "[] 0\n"


# --------------------------------------------------------------------------------- misuse


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((), TypeError),
        (([], 1, (), {}), TypeError),
        (([], 1, (), {}, None, None), TypeError),
        (([], 1.0, (), {}, None), TypeError),
        (([], True, (), {}, None), TypeError),
        (([], 1, [], {}, None), TypeError),
        (([], 1, (), [], None), TypeError),
        (([None], 1, (), {}, None), TypeError),
        ((["1"], 1, (), {}, None), TypeError),
        (([True], 1, (), {}, None), TypeError),
        (([], -1, (), {}, None), OverflowError),
        (([], 2**200, (), {}, None), OverflowError),
    ],
)
def test_misuse_of_the_core(arguments, error):
    assert _core.neighborhood((), 1, (), {}, None) == ([], [], [], (0, 0), (0, 0), [])
    with pytest.raises(error):
        _core.neighborhood(*arguments)
    with pytest.raises(TypeError, match="keyword"):
        _core.neighborhood(*arguments, most=1)


def test_odd_pairs_of_known_dicts_are_passed_over():
    """They come from gcscope itself; what is none of them must not crash."""
    obj = Plain()
    kept = {"k": obj}
    for known in ((None,), ((1,),), ((id(kept),),), (("x", "y"),), ((id(kept), "Known"),)):
        outside = _core.neighborhood([id(obj)], 1, known, {}, None)[2]
        assert ["dict", "Known"] in [[node[0], node[2]] for _, node, _, _ in outside] or known != (
            (id(kept), "Known"),
        )
    assert kept


def test_no_object_and_no_tracked_object():
    with pytest.raises(TypeError, match=r"draw\(\) takes the objects that it is to show"):
        check_given((), "draw")
    for obj, what in ((1, "an int"), ("x", "a str"), (None, "a NoneType"), ((), "a tuple")):
        with pytest.raises(
            TypeError,
            match=(
                rf"film\(\) takes objects that the collector tracks, .* {what} is not one of "
                rf"them"
            ),
        ):
            check_given(([], obj), "film")


@pytest.mark.thread_unsafe(reason="the labellers are those of all threads")
def test_a_labeller_that_raises():
    def refuse(obj):
        raise ZeroDivisionError

    a, b = Plain(), Plain()
    holder = functools.partial(print, a)
    kind = type(iter([]))
    walk = iter([a, b])
    gcscope.explain.labellers.labellers[id(kind)] = (kind, refuse)
    try:
        was_enabled = gc.isenabled()
        assert neighborhood_of(walk, holder).objects
        assert gc.isenabled() is was_enabled
    finally:
        del gcscope.explain.labellers.labellers[id(kind)]


# ---------------------------------------------------------------------------- memory, hooks

SURVIVES = """
import gc, gcscope
from gcscope import _core
from gcscope.api.neighborhood import look
class Plain: pass
one = Plain()
one.a = [one, {"k": one}]
kept = [[one] for _ in range(70)]
def count():
    return gcscope.refcount(one)
def action():
    mine = one
    return _core.neighborhood([id(one), id(kept)], 1000, (), {}, None)
"""


def test_exhausted_raw_memory(starving):
    code = """
expected = action()
def check():
    assert gc.isenabled()
growths, answer = each_growth(lambda: (look([id(one)]), action()), check)
assert 8 < growths < 1900, growths
assert answer[1] == expected and count() == 73, count()
"""
    starving(SURVIVES + code)


@pytest.mark.skipif(
    FREE_THREADED, reason="PyList_New of a free-threaded build crashes where memory is exhausted"
)
def test_exhausted_python_memory(starving):
    pytest.importorskip("_testcapi")
    code = """
gc.collect(); gc.disable()
action()
gc.enable()
before = count()
def check():
    assert gc.isenabled()
failures = each_allocation(action, check)
gc.disable()
assert failures > 100 and count() == before, (failures, count(), before)
gc.collect()
assert _core.dry_run().objects == 0
"""
    starving(SURVIVES + code)


def test_an_audit_hook_cannot_switch_collection_on_for_a_pass(python):
    code = """
import sys
_core.walk_generations(False)
def hook(event, args):
    if event == "gc.get_objects":
        gc.set_threshold(gc.get_count()[0] + 2000)
        gc.enable()
gc.disable()
import types; frozen = types.SimpleNamespace(); gc.freeze()
sys.addaudithook(hook)
fresh = [Plain() for _ in range(3000)]
print(len(look([id(fresh)]).objects), gc.isenabled())
print(len(_core.neighborhood([id(fresh)], 10, (), {}, None)[0]), gc.isenabled())
"""
    # as the hook wants it, but not before the end; free-threaded Python has no such event
    wanted = not FREE_THREADED
    assert python("-c", SURVIVES + code).out == f"2000 {wanted}\n10 {wanted}\n"


def test_frozen_objects(python):
    code = """
gc.collect(); gc.disable(); gc.freeze()
objects = look([id(one)]).objects
print(objects[0].refcount, objects[0].inside + objects[0].outside, len(objects))
"""
    assert python("-c", SURVIVES + code).out == "73 73 3\n"


def test_a_type_that_shows_too_much(rooms):
    if hasattr(sys, "gettotalrefcount"):
        pytest.skip("the collector of a debug build aborts on it")
    one = [Plain()]
    liar = rooms.Liar(one[0], 5)
    obj = look([id(one[0])]).objects[0]
    assert obj.refcount == 2 and obj.outside > 2 and obj.unexplained == 0
    inside = look([id(liar), id(one[0])]).objects[1]
    assert inside.left == inside.refcount - inside.inside < 0
    del liar


def test_running_generators_and_frames_of_threads():
    import threading

    begun, end = threading.Event(), threading.Event()

    def hold(mine):
        kept = mine
        begun.set()
        end.wait()
        del kept

    obj = Plain()
    thread = threading.Thread(target=hold, args=(obj,))
    thread.start()
    begun.wait()
    neighborhood = neighborhood_of(obj)
    end.set()
    thread.join()
    assert (
        f"kept in {hold.__qualname__}()" in neighborhood.holders_of(0)
        and neighborhood.objects[0].unexplained == 0
    )

    def generate():
        mine = Plain()
        yield neighborhood_of(mine)

    neighborhood = next(generate())
    assert (
        neighborhood.holders_of(0) == [f"mine in {generate.__qualname__}()"]
        and neighborhood.objects[0].unexplained == 0
    )


def test_a_frame_that_runs_is_no_object_of_the_neighborhood():
    error = None
    try:
        raise ValueError
    except ValueError as caught:
        error = caught
    neighborhood = neighborhood_of(error)
    assert "frame" not in [obj.node.kind for obj in neighborhood.objects]
    here = test_a_frame_that_runs_is_no_object_of_the_neighborhood.__name__
    assert f"error in {here}()" in neighborhood.holders_of(0)
