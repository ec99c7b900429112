"""What a set of objects alone holds among those that the collector does not track."""

import array
import collections
import gc
import io
import sys

import pytest

import gcscope
import oracle
from gcscope import _core
from gcscope.explain.sizers import sizers
from support import FREE_THREADED

pytestmark = pytest.mark.usefixtures("quiet")

LARGE = 100_000


class Node:
    __slots__ = ("__weakref__", "a", "b", "other")

    def __init__(self, a=None, b=None):
        self.a, self.b, self.other = a, b, None


def pair(one, two):
    one.other, two.other = two, one
    return one


def large(number=0):
    """A str of its own, which nothing else holds."""
    return f"{number}" + "x" * LARGE


def size(*things):
    return sum(map(_core.object_bytes, things))


NODE = size(Node())
TEXT = size(large())


def only_cycle():
    (cycle,) = gcscope.garbage().cycles
    return cycle


# ------------------------------------------------------------------------- whose it is


def test_what_only_a_component_holds_is_its_own():
    text = large()
    pair(Node(text, text), Node(text))
    del text
    cycle = only_cycle()
    assert (cycle.bytes, cycle.dragged_bytes) == (2 * NODE + TEXT, 0)
    assert cycle.objects == 2 and cycle.dragged == 0


def test_what_something_else_holds_is_not():
    text = large()
    pair(Node(text), Node(text))
    assert only_cycle().bytes == gcscope.garbage().bytes == 2 * NODE
    kept = [text]
    del text
    assert only_cycle().bytes == 2 * NODE
    del kept
    assert only_cycle().bytes == 2 * NODE + TEXT


def test_what_a_kept_object_holds_goes_with_that():
    shared = large()
    pair(Node(shared, Node(large(), shared)), Node())
    del shared
    cycle = only_cycle()
    assert (cycle.objects, cycle.dragged) == (2, 1)
    assert (cycle.bytes, cycle.dragged_bytes) == (2 * NODE, NODE + 2 * TEXT)
    head = str(cycle).splitlines()[0]
    size_told = "229." if FREE_THREADED else "200."  # mimalloc gives 112 KiB for each text
    assert head.startswith(f"1 cycle: 2 objects in it and 1 kept by it, {size_told}")


def test_what_several_share_is_in_the_sum_alone():
    shared = large()
    pair(Node(shared), Node())
    pair(Node(shared), Node())
    pair(Node(Node(shared)), Node())
    del shared
    report = gcscope.garbage()
    assert sorted((c.bytes, c.dragged_bytes) for c in report.cycles) == [(2 * NODE, NODE)]
    assert report.objects == 7 and report.bytes == 7 * NODE + TEXT


def test_what_hangs_between_two_rings_is_in_the_sum_alone():
    between = Node(large())
    pair(Node(between), Node())
    pair(Node(between), Node())
    del between
    report = gcscope.garbage()
    assert (report.objects, report.bytes) == (5, 5 * NODE + TEXT)
    assert {(c.bytes, c.dragged_bytes) for c in report.cycles} == {(2 * NODE, 0)}


def test_it_is_followed_through_untracked_tuples_and_dicts():
    inner, table = large(), {"a": large()}
    leaf = (int("1" * 40), (inner, inner))
    gc.collect()  # tuples with nothing to track are not tracked from then on
    gc.collect()
    assert not gc.is_tracked(leaf)
    kept = [leaf, inner]
    expected = size(leaf, leaf[0], leaf[1], table, kept) + 2 * TEXT
    pair(Node(leaf, kept), Node(table))
    del inner, leaf, table, kept
    cycle = only_cycle()
    assert cycle.bytes + cycle.dragged_bytes == 2 * NODE + expected
    assert cycle.objects == 2 and cycle.dragged == 1 + (sys.version_info >= (3, 14))


def test_the_str_keys_of_a_dict_are_its_own():
    table = {f"a key of {number}": None for number in range(1000)}
    keys = size(*table)
    expected = size(table) + keys
    pair(Node(table), Node())
    del table
    cycle = only_cycle()
    assert cycle.bytes + cycle.dragged_bytes == 2 * NODE + expected
    assert keys > 48_000


@pytest.mark.parametrize("kind", [dict, collections.OrderedDict, collections.defaultdict])
@pytest.mark.parametrize("mixed", [False, True])
def test_the_keys_of_each_kind_of_dict(kind, mixed):
    table = kind()
    table.update((f"a key of {number}", number + 5000) for number in range(100))
    if mixed:
        table[1.5] = 1.5
    expected = size(table, *table, *(value for value in table.values() if type(value) is int))
    constant = size(1.5) * mixed  # the key and the value: it is held elsewhere, too
    assert expected - gcscope.retained(table).bytes == constant


def test_attributes_without_a_dict_have_the_names_of_their_class():
    class Plain:
        pass

    plain = Plain()
    for number in range(20):
        setattr(plain, f"a name of {number}", number)
    assert gcscope.retained(plain).bytes == size(plain)


def test_what_lives():
    text, kept = large(), Node(large())
    one = pair(Node(text, kept), Node(large()))
    report = gcscope.cycles(one)
    (cycle,) = report.cycles
    assert cycle.bytes == report.bytes == 2 * NODE + TEXT
    assert cycle.dragged_bytes in (0, NODE + TEXT)  # it is held by this frame, too
    del text, kept
    report = gcscope.cycles(one)
    (cycle,) = report.cycles
    assert cycle.bytes == report.bytes == 2 * NODE + 2 * TEXT
    assert (cycle.dragged, cycle.dragged_bytes) == (1, NODE + TEXT)
    one.other.other = None


def test_what_a_living_ring_shares_with_what_it_keeps_is_in_no_ring():
    shared = large()
    one = pair(Node(shared, Node(shared)), Node())
    del shared
    report = gcscope.cycles(one)
    (cycle,) = report.cycles
    assert cycle.bytes == report.bytes == 2 * NODE
    assert cycle.dragged_bytes == NODE + TEXT
    one.other.other = None


@pytest.mark.parametrize("lookups", [0, 1])
def test_what_the_cache_of_methods_holds_is_the_components(lookups):
    """A name that was looked for is owned by the interpreter's cache too, until that needs room."""
    name = "".join(("a_name_", "that_no_class_has"))
    for _ in range(lookups):
        assert getattr(Node, name, None) is None
    assert (sys.getrefcount(name) > 2) is bool(lookups)
    pair(Node(name), Node(1))
    expected = 2 * NODE + size(name)
    del name
    assert only_cycle().bytes == expected


def test_the_table_of_interned_texts_holds_nothing():
    """From 3.14 on it is a dict that the collector tracks, and shows what it does not own."""
    name = sys.intern("".join(("a name ", "that is interned")))
    told = gcscope.holders(name)
    assert [(holder.type, holder.owned) for holder in told.named] == [
        ("frame", 1)
    ] and told.unexplained == 0
    pair(Node(name), Node(1))
    # 3.12 and free-threaded builds make each interned text immortal
    dies = sys.version_info[:2] != (3, 12) and not FREE_THREADED
    expected = 2 * NODE + dies * size(name)
    del name
    assert only_cycle().bytes == expected


# ---------------------------------------------------------------------------- retained


def test_anything_may_be_asked_about():
    data = bytes(50_000_000)
    told = gcscope.retained(data)
    assert (told.objects, told.bytes, dict(told.types)) == (0, size(data), {})
    assert str(told) == ("no object that the collector tracks, 50.0 MB, would be freed with it")
    holder = Node(data)
    assert gcscope.retained(holder).bytes == NODE
    del data
    told = gcscope.retained(holder)
    assert told.bytes == NODE + size(holder.a) > 50_000_000
    for thing in (1, "x", 2.5, None, b"x", object(), 1 + 2j, range(3), sys, int):
        assert gcscope.retained(thing).bytes >= 0


def test_an_untracked_tuple_keeps_what_it_alone_holds():
    outer = (large(), (large(), int("1" * 40)))
    gc.collect()
    gc.collect()
    assert gcscope.retained(outer).bytes == size(outer, outer[1], outer[1][1]) + 2 * TEXT


def test_buffers_of_the_standard_library():
    buffer = io.BytesIO()
    buffer.write(bytes(LARGE))
    assert LARGE < gcscope.retained(buffer).bytes < 1.2 * LARGE
    shared = bytes(LARGE)
    assert gcscope.retained(io.BytesIO(shared)).bytes < 1000
    rounding = 14_000 if FREE_THREADED else 0  # mimalloc gives 112 KiB
    assert LARGE < gcscope.retained(bytearray(LARGE)).bytes - rounding < LARGE + 800
    assert 8 * LARGE < gcscope.retained(array.array("d", bytes(8 * LARGE))).bytes < 9 * LARGE
    numbers = collections.deque(range(1000, 1000 + LARGE))
    assert gcscope.retained(numbers).bytes > (8 + size(1000)) * LARGE


def test_functions_keep_their_code():
    names = {}
    exec(f"def made():\n    return {'y ' * LARGE!r}", names)
    gc.collect()  # its constants are not tracked from then on
    constant = 0 if FREE_THREADED else 2 * LARGE  # such builds make constants immortal
    kept = gcscope.retained(names["made"]).bytes
    assert constant < kept < constant + 0.1 * LARGE


def test_generators_own_only_what_they_own():
    def make():
        text = large()
        yield text.upper  # lent to the stack, on versions that do
        yield [text, (yield)]

    generator = make()
    next(generator)
    told = gcscope.retained(generator)
    assert TEXT < told.bytes < 2 * TEXT
    pair(Node(generator), Node())
    del generator
    report = gcscope.garbage()
    assert TEXT < report.bytes < 2 * TEXT


# ------------------------------------------------------------------------- with numpy


@pytest.fixture
def numpy():
    numpy = pytest.importorskip("numpy", reason="needs numpy, of which gcscope knows the arrays")
    gc.collect()  # what its import leaves
    return numpy


def test_an_exception_ring_keeps_an_array(numpy):
    def fail():
        frame = numpy.zeros(5_000_000)
        try:
            raise RuntimeError
        except RuntimeError as error:
            kept = error
        return frame.shape, kept.args

    fail()
    report = gcscope.garbage()
    assert 40_000_000 < report.bytes < 40_010_000
    assert "40.0 MB" in str(report).splitlines()[0]
    (cycle,) = report.cycles
    assert cycle.bytes > 40_000_000


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", ["f8", "i1", "S37", "M8[s]", "O", "c16", "U5"])
@pytest.mark.parametrize("shape", [(1000,), (3, 500), (1, 1, 700), (2, 0, 3), (1,)])
def test_the_data_of_an_array(numpy, order, kind, shape):
    made = numpy.zeros(shape, kind, order)
    struct = size(numpy.zeros(0)) - 16  # which has a block of one byte
    assert 0 <= size(made) - made.nbytes - struct < 64


def test_a_view_is_counted_at_its_owner(numpy):
    whole = numpy.arange(LARGE)
    views = [whole[::-1], whole[5:], whole.reshape(100, -1).T, whole.view("i1")]
    assert all(size(view) < 300 for view in views)
    del whole
    assert 8 * LARGE < gcscope.retained(views).bytes < 8 * LARGE + 2000
    kept = views.pop()
    assert gcscope.retained(views).bytes < 2000
    del kept
    assert numpy.frombuffer(bytes(LARGE), "i1").nbytes == LARGE
    assert size(numpy.frombuffer(bytes(LARGE), "i1")) < 300


def test_a_type_that_is_only_called_so():
    Odd = type("ndarray", (), {"__module__": "numpy", "__slots__": tuple("abcdefghij")})
    assert size(Odd()) < 200


# ------------------------------------------------------------------------------ sizers


@pytest.fixture
def of_bytearray():
    """A sizer of bytearrays, which knows of a million bytes more for each."""
    asked = []

    @gcscope.sizer(bytearray)
    def size_bytearray(thing):
        asked.append(bytes(thing).decode())
        return 1_000_000

    yield asked
    del sizers[id(bytearray)]


def test_a_sizer_is_asked_once_for_what_is_counted(of_bytearray):
    class Derived(bytearray):
        pass

    alone, shared = bytearray(b"b"), Derived(b"h")
    pair(Node(alone, Node(bytearray(b"i"))), Node(shared))
    pair(Node(shared), Node())
    before = size(alone, shared, bytearray(b"i"))
    kept = bytearray(b"d")
    pair(Node(kept), Node())
    del alone, shared
    report = gcscope.garbage()
    assert sorted(of_bytearray) == ["b", "h", "i"]
    assert 3_000_000 <= report.bytes - before < 3_001_000
    first, *_ = report.cycles
    assert 1_000_000 < first.bytes < 1_001_000 and 1_000_000 < first.dragged_bytes < 1_001_000
    assert kept == b"d"


def test_a_sizer_counts_wherever_bytes_are_told(of_bytearray):
    assert 1_000_000 < gcscope.retained(bytearray(b"b")).bytes < 1_001_000
    assert gcscope.retained([bytearray(b"b")] * 3).bytes < 1_001_000
    one = pair(Node(bytearray(b"b"), Node(bytearray(b"b"))), Node())
    assert 1_000_000 < gcscope.cycles(one).bytes < 1_001_000
    assert gcscope.cycles(one).cycles[0].held_bytes > 2_000_000
    one.other.other = None
    with gcscope.watch() as watched:
        pair(Node(bytearray(b"b")), Node())
    assert 1_000_000 < watched.report.bytes < 1_001_000
    assert (
        1_000_000 < gcscope.trial(lambda: pair(Node(bytearray(b"b")), Node()) and None).report.bytes
    )


def test_no_sizer_is_asked_while_a_collection_runs(of_bytearray):
    with gcscope.watch() as watched:
        pair(Node(bytearray(b"b")), Node())
        gc.collect()
    assert of_bytearray == [] and 0 < watched.report.bytes < 1000


@pytest.mark.parametrize(
    ("answer", "error"), [(-1, ValueError), ("1", TypeError), (True, TypeError), (None, TypeError)]
)
def test_a_sizer_must_return_a_size(answer, error):
    gcscope.sizer(bytearray)(lambda thing: answer)
    try:
        with pytest.raises(error, match="the sizer of bytearray"):
            gcscope.retained(bytearray(b"b"))
        with pytest.raises(error, match="the sizer of bytearray"):
            pair(Node(bytearray(b"b")), Node())
            gcscope.garbage()
    finally:
        del sizers[id(bytearray)]


def test_what_a_sizer_raises_comes_out():
    @gcscope.sizer(bytearray)
    def fail(thing):
        raise LookupError(bytes(thing).decode())

    try:
        with pytest.raises(LookupError, match="b"):
            gcscope.retained(bytearray(b"b"))
    finally:
        del sizers[id(bytearray)]


def test_misuse_of_sizer():
    with pytest.raises(TypeError, match="takes a class"):
        gcscope.sizer(1)
    with pytest.raises(TypeError, match="must be a function"):
        gcscope.sizer(bytearray)(1)
    for call in (
        lambda: _core.unreachable_rings({}, None, 1),
        lambda: _core.live_rings((), {}, None, 1),
        lambda: _core.retained([1], 1),
    ):
        with pytest.raises(TypeError, match="sizers must be a dict, not 'int'"):
            call()


# ------------------------------------------------------------------------ many, memory


def test_many_leaves_that_are_shared():
    texts = [f"text {number}" for number in range(50_000)]
    expected = size(*texts)
    pair(Node(texts), Node(list(texts)))
    del texts
    report = gcscope.garbage()
    assert report.bytes == oracle.bytes_with(
        [oracle.object_at(address) for address in _core.dry_run().addresses()]
    )
    assert report.bytes > expected
    gc.collect()


def test_a_deep_chain_of_untracked_tuples():
    chain = (large(), 1)
    for _ in range(3000):
        chain = (chain, 1)
    while gc.is_tracked(chain):  # a collection lets go of a tuple in which nothing is tracked
        gc.collect()
    assert gcscope.retained(chain).bytes == 3001 * size((1, 2)) + TEXT


def test_exhausted_memory(starving):
    code = """
import array, gc
import gcscope
from gcscope import _core
class Node: pass
def ring():
    one, two = Node(), Node()
    one.other, two.other = two, one
    texts = [f"text {n}" for n in range(300)]
    one.a, two.a, one.b = texts, list(texts), array.array("b")
table = {id(array.array): (array.array, len)}
kept = [(f"text {n}", f"text {n}") for n in range(300)]
gc.collect()
gc.disable()
gc.freeze()
ring()
ring()
rings = lambda: _core.unreachable_rings({}, None, table)
look = lambda: (len(rings().sized), _core.retained([kept], table).bytes)
forms = lambda: {(form.bytes, form.dragged_bytes) for form in rings().forms}
expected, known = look(), forms()
assert expected[0] == 2
for look_once in (rings, lambda: _core.retained([kept], table), lambda: _core.retainers(3)):
    failures, _ = each_growth(look_once)
    assert failures > 10, failures
    if look_once is not rings:
        each_allocation(look_once)
assert look() == expected
assert forms() >= known  # what is imported to tell of an error leaves rings of its own
"""
    starving(code)
