"""What one object takes, compared with what tracemalloc saw allocated for it."""

import array
import collections
import contextlib
import gc
import sys
import tracemalloc
import types
import unicodedata

import pytest

import gcscope
import oracle
from gcscope import _core
from support import FREE_THREADED

HELD = 2200  # more than any free list of the interpreter holds, so that the next is allocated
MEASURED = 9


def size(obj):
    return _core.object_bytes(obj)


def measure(make):
    """Make objects: those, and the bytes and blocks that were allocated for each of them."""
    first = sys._getframe().f_lineno
    gc.collect()
    gc.disable()
    indexes = list(range(HELD, HELD + MEASURED))
    made = [None] * MEASURED
    held = [make(i) for i in range(HELD)]  # what lies in free lists is in use then
    tracemalloc.start()
    try:
        for place, index in enumerate(indexes):
            made[place] = make(index)
        traces = tracemalloc.take_snapshot().traces
    finally:
        tracemalloc.stop()
        gc.enable()
    own = range(first, sys._getframe().f_lineno + 1)
    del held
    sizes = [
        trace.size
        for trace in traces
        for frame in [trace.traceback[0]]
        if not (frame.filename == __file__ and frame.lineno in own)
        and frame.filename != tracemalloc.__file__
    ]
    # what comes less often lies in a free list now, such as the arguments of a call
    for_each = [
        (size, round(count / MEASURED)) for size, count in collections.Counter(sizes).items()
    ]
    return made, [size for size, count in for_each for _ in range(count)]


class Plain:
    pass


class Attributes:
    def __init__(self, a, b):
        self.a, self.b, self.c = a, b, a


class Slots:
    __slots__ = ("a", "b")


class Weak:
    __slots__ = ("__weakref__",)


class Text(str):
    __slots__ = ()


class Number(int):
    pass


class List(list):
    pass


class Dict(dict):
    pass


Pair = collections.namedtuple("Pair", "a b")
NOTHING = object()
KEYS = [f"key{i}" for i in range(2000)]
TEN = list(range(10))


def with_utf8(text):
    with contextlib.suppress(KeyError):
        unicodedata.lookup(text)
    return text


MAKERS = {
    "object": lambda i: object(),
    "empty list": lambda i: [],
    "list": lambda i: [NOTHING] * 7,
    "long list": lambda i: [NOTHING] * 1000,
    "grown list": lambda i: [NOTHING for _ in TEN],
    "list of a class": lambda i: List([NOTHING] * 5),
    "tuple": lambda i: (NOTHING, NOTHING, i)[:2],
    "long tuple": lambda i: (NOTHING,) * 300,
    "named tuple": lambda i: Pair(NOTHING, NOTHING),
    "empty dict": lambda i: {},
    "dict": lambda i: {"a": NOTHING, "b": NOTHING},
    "dict of numbers": lambda i: dict.fromkeys(TEN),
    "large dict": lambda i: dict.fromkeys(KEYS[:200]),
    "dict of a class": lambda i: Dict(a=1),
    "ordered dict": lambda i: collections.OrderedDict.fromkeys(KEYS[:20]),
    "empty ordered dict": lambda i: collections.OrderedDict(),
    "defaultdict": lambda i: collections.defaultdict(None, a=1),
    "empty set": lambda i: set(),
    "set": lambda i: {1, 2, 3},
    "large set": lambda i: set(KEYS[:100]),
    "frozenset": lambda i: frozenset(KEYS[:10]),
    "ascii": lambda i: f"text {i}",
    "latin": lambda i: f"t\xe9xt {i}",
    "two bytes": lambda i: f"t\u0259xt {i}",
    "four bytes": lambda i: f"t\U0001f40dxt {i}",
    "str of a class": lambda i: Text("t\u0259xt"),
    "long str": lambda i: KEYS[9] * (300 + i % 1),
    "bytes": lambda i: b"x" * len(KEYS[9]) * 3,
    "long bytes": lambda i: bytes(1000 + i % 1),
    "bytearray": lambda i: bytearray(700),
    "empty bytearray": lambda i: bytearray(),
    "small int": lambda i: 1000 + i,
    "large int": lambda i: (1 << 900) + i,
    "int of a class": lambda i: Number(1000),
    "float": lambda i: i / 7,
    "complex": lambda i: 7j * float(i),
    "instance": lambda i: Plain(),
    "instance with attributes": lambda i: Attributes(NOTHING, NOTHING),
    "instance with slots": lambda i: Slots(),
    "instance with weak references": lambda i: Weak(),
    "deque": lambda i: collections.deque([NOTHING] * 5),
    "long deque": lambda i: collections.deque([NOTHING] * 500),
    "deque from the left": lambda i: turned_deque(),
    "array": lambda i: array.array("d", [1.0]) * 33,
    "empty array": lambda i: array.array("b"),
    "memoryview": lambda i: memoryview(b"x"),
    "slices": lambda i: [slice(NOTHING, NOTHING, NOTHING) for _ in TEN[:3]],
    "function": lambda i: lambda: None,
    "cell": lambda i: types.CellType(),
    "asked for its utf-8": lambda i: with_utf8(f"caf\xe9 {i}"),
    "bound method": lambda i: TEN.append,
    "exception": lambda i: ValueError(),
}


def turned_deque():
    items = collections.deque()
    for _ in range(100):
        items.appendleft(NOTHING)
    return items


# some kinds allocate objects of their own besides, which are counted as objects
MORE = {
    "memoryview": lambda op: [gc.get_referents(op)[0]],
    "slices": list,
}


@pytest.mark.parametrize("kind", MAKERS)
def test_an_object_takes_what_was_allocated_for_it(kind):
    made, blocks = measure(MAKERS[kind])
    more = MORE.get(kind, lambda obj: [])
    assert blocks
    for obj in made:
        assert sum(map(size, [obj, *more(obj)])) == in_blocks(*blocks)


def in_blocks(*sizes):
    """What the allocator gives for blocks of these sizes."""
    return sum(
        size if size > LARGEST_BLOCK else -(-size // step(size)) * step(size) for size in sizes
    )


LARGEST_BLOCK = 128 * 1024 if FREE_THREADED else 512


def step(size):
    """What a block of a size is rounded up to a multiple of: mimalloc has four sizes between two
    powers of 2, from 16 bytes on.
    """
    largest = 1 << (size - 1).bit_length() if size else 0  # the power of 2 that it fits into
    return max(16, largest // 8) if FREE_THREADED else 16


HEADER = 0 if FREE_THREADED else 16  # of the collector, in front of an object


def test_a_container_is_its_struct_with_header_and_items_and_its_table():
    pointer = 8
    grown = [1, 2, 3]
    grown.append(4)
    for thing in (
        [],
        grown,
        {},
        set(),
        *({str(n): n for n in range(count)} for count in (1, 5, 6, 10, 100, 5000)),
        *(dict.fromkeys(range(count)) for count in (1, 5, 6, 10, 100, 5000)),
        *(set(range(count)) for count in (1, 5, 6, 10, 100, 5000)),
        *([frozendict(a=1)] if sys.version_info >= (3, 15) else []),  # noqa: F821
    ):
        struct = type(thing).__basicsize__ + HEADER
        table = sys.getsizeof(thing) - struct
        if FREE_THREADED and type(thing) is list and table:
            table += pointer  # before the items stands how many there is room for
        assert size(thing) == in_blocks(struct, table)
    assert size((1, 2, 3)) == in_blocks(tuple.__basicsize__ + 3 * pointer + HEADER)
    assert size(gcscope.Person("x")) == in_blocks(gcscope.Person.__basicsize__ + HEADER)
    assert size(Number(2**100)) == size(Number(-(2**100))) > size(Number(1))


def test_frames_and_generators_have_a_slot_for_each_variable():
    def generate(a, b):
        c = yield a, b
        return c

    code = generate.__code__
    slots = code.co_nlocals + code.co_stacksize
    expected = in_blocks(types.GeneratorType.__basicsize__ + slots * 8 + HEADER)
    assert size(generate(1, 2)) == expected
    try:
        oracle.raising(1, 2)
    except ValueError as error:
        frame = error.__traceback__.tb_next.tb_frame
    code = frame.f_code
    slots = code.co_nlocals + code.co_stacksize
    assert size(frame) == in_blocks(types.FrameType.__basicsize__ + slots * 8 + HEADER)

    async def wait():
        pass

    coroutine = wait()
    assert 0 < size(coroutine) < 1000
    coroutine.close()


def test_a_type_with_items_but_no_size(rooms):
    sizeless = rooms.Sizeless([], 1)
    assert size(sizeless) == in_blocks(rooms.Sizeless.__basicsize__ + HEADER)


def test_no_code_of_a_type_is_asked():
    class Loud(dict):
        def __sizeof__(self):
            raise AssertionError

        __len__ = __iter__ = __getattribute__ = __sizeof__

    assert size(Loud(a=1)) > size({"a": 1})


class Queue(collections.deque):
    """Derived from a type of C code."""

    __slots__ = ()


def test_a_name_does_not_make_a_type():
    """A class may be called as a type of C code; one that derives from it need not."""
    names = [f"slot_{n}" for n in range(6)]
    for name in ("array.array", "collections.deque", "numpy.ndarray"):
        impostor = type(name, (), {"__slots__": names})
        assert impostor.__basicsize__ == array.array.__basicsize__
        thing = impostor()
        thing.slot_1 = thing.slot_0 = KEYS
        assert size(thing) == in_blocks(impostor.__basicsize__ + HEADER)
    assert size(Queue()) - size(collections.deque()) < 200
    many = [NOTHING] * 1000
    assert size(Queue(many)) - size(Queue()) == size(collections.deque(many)) - size(
        collections.deque()
    )


def test_a_class_has_the_names_its_instances_share():
    def make():
        return type("Made", (), {"__doc__": "x" * 10_000, "__slots__": ()})

    def make_small():
        return type("Made", (), {"__slots__": ()})

    assert size(make()) - size(make_small()) == in_blocks(10_001)
    assert size(Plain) - size(make_small()) > 400  # a table with room for 30 names
