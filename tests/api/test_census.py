"""census: every known object once, by type and by module, and what has changed."""

import asyncio
import gc
import itertools
import os
import sys
import types
import weakref

import pytest

import gcscope
from gcscope import Census, CensusRow, _core, census
from gcscope.explain.sizers import sizers

pytestmark = pytest.mark.usefixtures("whole_heap", "quiet")

fresh = itertools.count(10**9)


def text():
    return f"a text that nobody has {next(fresh)}"


class Node:
    __slots__ = ("kept",)

    def __init__(self, kept=None):
        self.kept = kept


def size_of(obj):
    """What a small object takes: CPython's allocator gives blocks in steps of 16 bytes."""
    return (sys.getsizeof(obj) + 15) // 16 * 16


def rows(counted):
    return {row.type: (row.objects, row.bytes) for row in counted.rows}


def made(make, by="type"):
    """What a census says has come while `make` made something, which is alive."""
    before = census(by)
    kept = make()
    difference = census(by) - before
    del kept
    return rows(difference)


NODE = f"{__name__}.Node"


# ----------------------------------------------------------------------------- counted


def test_objects_of_a_class():
    count, size = made(lambda: [Node() for _ in range(1000)])[NODE]
    assert count == 1000
    assert size == 1000 * size_of(Node())


def test_strings_are_counted_once_each():
    texts = [text() for _ in range(500)]
    size = sum(map(size_of, texts))
    before = census()
    again = [texts, *texts, *texts, dict.fromkeys(texts)]
    assert rows(census() - before)["str"] == (0, 0)
    del texts, again
    assert rows(before - census())["str"] == (500, size)


@pytest.mark.parametrize(
    "make",
    [
        lambda: [Node(text()) for _ in range(300)],
        lambda: {text(): None for _ in range(300)},
        lambda: {text() for _ in range(300)},
        lambda: tuple(text() for _ in range(300)),
        lambda: [(((text(),),),) for _ in range(300)],
        lambda: [{"a key": text()} for _ in range(300)],
    ],
)
def test_untracked_objects_are_found_wherever_they_are_held(make):
    assert made(make)["str"][0] == 300


def test_what_a_running_function_alone_has():
    table = {next(fresh): text() for _ in range(200)}
    gc.collect()
    size = sum(map(size_of, table.values()))
    before = census()
    del table
    found = rows(before - census())
    assert found["str"] == (200, size) and found["int"][0] >= 200


def test_classes_of_one_name_are_one_row():
    one, other = (type("Same", (), {"__module__": "m", "__slots__": ()}) for _ in range(2))
    found = made(lambda: [*(one() for _ in range(3)), *(other() for _ in range(4))])
    assert found["m.Same"][0] == 7


def test_a_module_is_a_row():
    module = types.ModuleType("some.module")
    exec("class A: __slots__ = ()\nclass B: __slots__ = ()", vars(module))
    before = census("module")
    kept = [module.A(), module.B(), module.B()]
    difference = census("module") - before
    assert difference.by == "module"
    assert rows(difference)["some.module"] == (3, sum(map(size_of, kept)))
    assert rows(census("module"))["builtins"][0] > 10_000


def test_the_sum_is_that_of_the_rows():
    for by in ("type", "module"):
        counted = census(by)
        assert counted.objects == sum(row.objects for row in counted.rows) > len(gc.get_objects())
        assert counted.bytes == sum(row.bytes for row in counted.rows)
        assert min(row.objects for row in counted.rows) > 0
        order = [(-row.bytes, -row.objects, row.type) for row in counted.rows]
        assert order == sorted(order)


def test_instances_of_person_count():
    people = made(lambda: [gcscope.Person("x") for _ in range(50)])
    assert people["gcscope.Person"][0] == 50 and people["list"][0] == 51


def test_frozen_objects_count():
    kept = [Node(text()) for _ in range(100)]
    gc.collect()
    gc.freeze()
    try:
        assert rows(census())[NODE][0] == len(kept)
    finally:
        gc.unfreeze()


# -------------------------------------------------------------------------- what is ours


def test_records_and_what_they_alone_keep_do_not_count():
    kept = [None] * 20

    def fill():
        kept[:5] = [census(), census("module"), gcscope.garbage(), census() - census(), census()]
        kept[5:8] = [gcscope.retained(kept), gcscope.holders(kept), _core.dry_run()]

    fill()  # what the words load
    kept[:] = [None] * 20
    before = census()
    fill()
    found = rows(census() - before)
    assert len(kept[0].rows) > 100 and kept[7] is not None
    assert {name: figures for name, figures in found.items() if figures != (0, 0)} == {}


def test_two_in_a_row_are_the_same():
    census() - census()
    before = census()
    difference = census() - before
    assert {row.type for row in difference.rows if row.objects or row.bytes} == set()
    assert (difference.objects, difference.bytes) == (0, 0)


def test_what_a_record_shares_with_the_program_counts():
    before = census()
    name = text()
    row = CensusRow(type=name, objects=1, bytes=1)
    assert rows(census() - before)["str"][0] == 1
    del name  # now only the record has it
    assert rows(census() - before)["str"][0] == 0
    assert row.type


# ------------------------------------------------------------------------------- sizers


@pytest.fixture
def sized():
    """A sizer of Node and one of a class derived from it."""

    class Large(Node):
        __slots__ = ()

    gcscope.sizer(Node)(lambda node: node.kept or 0)
    gcscope.sizer(Large)(lambda node: 1000)
    yield Large
    for cls in (Node, Large):
        del sizers[id(cls)]


def test_sizers_are_asked(sized):
    size = size_of(Node())
    before = census()
    kept = [Node(500), Node(7), Node(), sized(), sized()]
    found = rows(census() - before)
    assert found[NODE] == (3, 3 * size + 507)
    assert found[f"{__name__}.sized.<locals>.Large"] == (2, 2 * size + 2000)
    assert census("module").bytes - before.bytes >= 5 * size + 2507
    del kept


def test_what_a_sizer_raises_comes_out_and_nothing_is_left(sized):
    def fail(node):
        raise LookupError("no size")

    gcscope.sizer(Node)(fail)
    node = Node()
    count = sys.getrefcount(node)
    with pytest.raises(LookupError, match="no size"):
        census()
    gcscope.sizer(Node)(lambda node: -1)
    with pytest.raises(ValueError, match="less than nothing"):
        census()
    assert sys.getrefcount(node) == count


# -------------------------------------------------------------------------- differences


def test_a_difference():
    earlier = Census(
        rows=(
            CensusRow(type="gone", objects=3, bytes=300),
            CensusRow(type="same", objects=1, bytes=10),
        ),
        objects=4,
        bytes=310,
        anonymous=1000,
    )
    later = Census(
        rows=(
            CensusRow(type="new", objects=5, bytes=50),
            CensusRow(type="same", objects=1, bytes=10),
        ),
        objects=6,
        bytes=60,
        anonymous=800,
    )
    difference = later - earlier
    assert rows(difference) == {"new": (5, 50), "same": (0, 0), "gone": (-3, -300)}
    assert [row.type for row in difference.rows] == ["new", "same", "gone"]
    assert (difference.objects, difference.bytes, difference.anonymous) == (2, -250, -200)
    assert difference.compared and not later.compared
    assert rows(earlier - earlier) == {"gone": (0, 0), "same": (0, 0)}
    assert Census.from_json(difference.to_json()) == difference


def test_a_difference_of_what_cannot_be_compared():
    with pytest.raises(ValueError, match="one is a census by module, the other by type"):
        census("module") - census()
    with pytest.raises(TypeError):
        census() - 1


def test_by_something_else():
    for odd in ("size", "", None, 7):
        with pytest.raises(ValueError, match="by must be 'type' or 'module'"):
            census(odd)


# ----------------------------------------------------------------------------- no trace


class Loud(type):
    """A metaclass whose every hook is an error."""

    def __eq__(cls, other):
        raise AssertionError("asked for ==")

    def __hash__(cls):
        raise AssertionError("asked for a hash")

    def __getattribute__(cls, name):
        raise AssertionError(f"asked for {name}")

    def __instancecheck__(cls, instance):
        raise AssertionError("asked whether")

    def __subclasscheck__(cls, instance):
        raise AssertionError("asked whether")


def test_no_code_of_the_program_runs():
    def hook(self, *_):
        raise AssertionError("asked")

    names = ["__sizeof__", "__repr__", "__eq__", "__hash__", "__len__", "__iter__", "__bool__"]
    names += ["__getattribute__", "__class__"]
    body = {name: property(hook) if name == "__class__" else hook for name in names}
    bases = [object, list, dict, str, int, tuple, set]
    loud = [Loud("Loud", (base,), {**body, "__module__": "m"}) for base in bases]
    kept = [type.__call__(cls) for cls in loud]
    counted = census()
    census("module")
    assert rows(counted)["m.Loud"][0] == len(kept)


def test_nothing_is_changed():
    class Inline:
        pass

    inline, wide = Inline(), Node(text())
    inline.a, inline.b = wide, text()
    reference, proxy = weakref.ref(inline), weakref.proxy(inline)
    kept = [inline, wide, reference, proxy, inline.b]
    dead = [Node()]
    dead[0].kept = dead
    del dead
    counts = [sys.getrefcount(item) for item in kept]
    referents = [list(map(id, gc.get_referents(item))) for item in kept]
    weak = weakref.getweakrefcount(inline)
    census()
    stats, count = gc.get_stats(), gc.get_count()[1:]
    census(), census("module")
    assert (gc.get_stats(), gc.get_count()[1:]) == (stats, count)
    assert [sys.getrefcount(item) for item in kept] == counts
    assert [list(map(id, gc.get_referents(item))) for item in kept] == referents
    assert weakref.getweakrefcount(inline) == weak
    assert not gc.isenabled()


def test_it_brings_no_collection_and_leaves_no_trash():
    census()
    gc.collect()
    thresholds = gc.get_threshold()
    gc.enable()
    gc.set_threshold(50, 10, 10)
    try:
        stats = gc.get_stats()
        counted = census()
        after = gc.get_stats()
    finally:
        gc.set_threshold(*thresholds)
        gc.disable()
    assert after == stats and counted
    assert gcscope.garbage().objects == 0


def test_audit_hooks_hear_nothing_but_where_a_list_is_needed():
    heard = []
    is_on = True
    sys.addaudithook(lambda event, _: heard.append(event) if is_on else None)
    census()
    is_on = False
    assert not set(heard) - {"gc.get_objects"}
    assert heard == [] or not _core.WALKS_GENERATIONS


def test_programs_of_all_sorts():
    async def wait():
        local = text()
        await asyncio.sleep(0.01)
        return local

    async def main():
        tasks = [asyncio.ensure_future(wait()) for _ in range(20)]
        await asyncio.sleep(0)
        counted = census()
        await asyncio.gather(*tasks)
        return counted

    found = rows(asyncio.run(main()))
    assert found["_asyncio.Task"][0] >= 21 and found["coroutine"][0] >= 21


def test_without_memory(starving):
    starving("""
from gcscope import census
class Node:
    def __init__(self, value):
        self.value = value
def nodes(counted):
    return {row.type: row.objects for row in counted.rows}["__main__.Node"]
kept = [Node(str(n)) for n in range(3000)]
growths, counted = each_growth(census)
assert growths > 5 and nodes(counted) == len(kept)
held = [census()]  # a record: what is ours is looked for
growths_with, counted = each_growth(census)
assert growths_with >= growths and nodes(counted) == len(kept)
""")


@pytest.mark.slow
def test_without_memory_of_pythons_own(starving):
    # of the core: CPython up to 3.11 crashes where the items of a dict are gone through without it
    starving(
        "from gcscope import _core, census\n"
        "from gcscope.model.record import Record\n"
        "census()\n"
        "each_allocation(lambda: _core.census(Record, {}))"
    )


# ------------------------------------------------------------- how much it explains


MILLION = """
texts = [f"a text that nobody has {n}" for n in range(1_000_000)]
import gcscope
counted = gcscope.census()
print(counted.bytes / counted.anonymous)
print({row.type: row.objects for row in counted.rows}["str"])
print(gcscope.census() - counted)
"""


def test_a_million_strings_are_explained(python):
    """Exact costs: what is told is what the kernel says the process has."""
    if census().anonymous is None:
        pytest.skip("the system does not tell how much memory the process has")
    if os.environ.get("PYTHONMALLOC") == "malloc":
        pytest.skip("what the allocator of a sanitizer puts beside each block is not ours")
    done = python("-c", MILLION)
    share, strings, *difference = done.out.splitlines()
    assert 0.9 < float(share) < 1.02, done
    assert 1_000_000 < int(strings) < 1_030_000
    assert len(difference) < 30
