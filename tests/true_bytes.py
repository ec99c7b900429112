"""Compare the bytes that gcscope tells with those that tracemalloc sees go, object by object.

python tests/true_bytes.py [--json] [NAME ...]

Of an object it is what `retained` says, against what is freed when it is dropped; of a ring what
`garbage` says, against what a collection frees. Each is made in a process of its own, after a
collection that has emptied the free lists. Near is what is promised: a tenth, or 16 bytes for each
allocation, since tracemalloc counts what was asked for and the allocator rounds it up. Where memory
stands in no public struct of the type, nothing is promised: such a line says so.
"""

import array
import asyncio
import collections
import contextvars
import csv
import datetime
import decimal
import enum
import fractions
import functools
import gc
import io
import itertools
import json
import pathlib
import random
import re
import struct
import sys
import threading
import tracemalloc
import types
import uuid
import weakref
import xml.etree.ElementTree
from dataclasses import dataclass

import gcscope
from growing import in_a_process, is_near

try:
    import numpy
except ImportError:
    numpy = None

OBJECTS = {}
RINGS = {}
UNPROMISED = {}
"""Name -> where its memory is, for what a reader of public structs cannot know."""


def case(function):
    """What the function returns is an object to be dropped."""
    OBJECTS[function.__name__] = function
    return function


def ring(function):
    """The function leaves a ring."""
    RINGS[function.__name__] = function
    return function


def cases(**makers):
    """Objects whose makers are expressions."""
    OBJECTS.update(makers)


def unpromised(where, **makers):
    cases(**makers)
    UNPROMISED.update(dict.fromkeys(makers, where))


# what keeps expressions from being made when the module is compiled
ONE, HUNDRED, THOUSAND = 1, 100, 1000
NAMES = [f"name {n}" for n in range(2000)]
KEYS = [f"key_{n}" for n in range(100)]

cases(
    str_ascii_short=lambda: "a" * (4 + ONE),
    str_ascii=lambda: "a" * THOUSAND,
    str_latin_1=lambda: "é" * HUNDRED,
    str_two_bytes=lambda: "€" * HUNDRED,
    str_four_bytes=lambda: "😀" * HUNDRED,
    int_of_two_digits=lambda: 1 << 40 + ONE,
    int_of_ten_thousand_bits=lambda: ONE << 10_000,
    float=lambda: ONE / 7,
    complex=lambda: complex(ONE, 7),
    bytes_short=lambda: b"a" * (4 + ONE),
    bytes=lambda: b"a" * (5 * THOUSAND),
    bytearray=lambda: bytearray(THOUSAND),
    bytearray_empty=lambda: bytearray(),
    slices=lambda: [slice(ONE << 40, ONE << 41) for _ in range(20)],
)


@case
def bytearray_that_has_grown():
    grown = bytearray()
    for _ in range(THOUSAND):
        grown += b"abc"
    return grown


@case
def bytearray_whose_head_is_gone():
    grown = bytearray(THOUSAND)
    del grown[:100]
    return grown


def appended(count):
    grown = []
    for number in range(count):
        grown.append(number)
    return grown


cases(
    list_empty=list,
    list_of_three=lambda: [None, True, False],
    list_of_seventeen_appended=lambda: appended(17),
    list_of_thousand_appended=lambda: appended(THOUSAND),
    list_multiplied=lambda: [None] * 50,
    list_of_strings=lambda: [f"string {n}" for n in range(100)],
    list_of_lists=lambda: [[n] for n in range(50)],
    tuple=lambda: tuple(range(HUNDRED)),
    tuple_of_tuples=lambda: tuple((n, (n, str(n))) for n in range(1000, 1050)),
)


@case
def list_that_was_longer():
    shrunk = appended(THOUSAND)
    del shrunk[600:]
    return shrunk


def dict_of(count):
    """One that has grown entry by entry; its keys are strings that others hold."""
    grown = {}
    for name in NAMES[:count]:
        grown[name] = None
    return grown


def set_of(count):
    """One that has grown entry by entry."""
    grown = set()
    for name in NAMES[:count]:
        grown.add(name)
    return grown


cases(
    dict_empty=dict,
    dict_of_1=lambda: dict_of(1),
    dict_of_5=lambda: dict_of(5),
    dict_of_6=lambda: dict_of(6),
    dict_of_11=lambda: dict_of(11),
    dict_of_100=lambda: dict_of(100),
    dict_of_300=lambda: dict_of(300),
    dict_of_2000=lambda: dict_of(2000),
    dict_by_numbers=lambda: {n: n for n in range(100)},
    dict_of_strings=lambda: {n: f"value {n}" for n in range(100)},
    dict_of_new_strings=lambda: {f"key {n}": f"value {n}" for n in range(100)},
    dict_copied=lambda: dict_of(100).copy(),
    dict_fromkeys=lambda: dict.fromkeys(NAMES[:100]),
    dict_display=lambda: {"a": ONE, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6, "g": 7, "h": 8},
    set_empty=lambda: set(),
    set_of_4=lambda: set(NAMES[:4]),
    set_of_100=lambda: set(NAMES[:100]),
    set_of_200_one_by_one=lambda: set_of(200),
    set_of_1000=lambda: set_of(1000),
    frozenset=lambda: frozenset(NAMES[:50]),
    deque_empty=lambda: collections.deque(),
    deque_of_100=lambda: collections.deque(range(100)),
    deque_of_1000=lambda: collections.deque(range(1000), maxlen=1000),
    defaultdict=lambda: collections.defaultdict(list, {"a": [ONE], "b": [2]}),
    counter=lambda: collections.Counter(NAMES[:20]),
    ordered_dict_of_5=lambda: collections.OrderedDict.fromkeys(NAMES[:5]),
    ordered_dict_of_100=lambda: collections.OrderedDict.fromkeys(NAMES[:100]),
    chain_map=lambda: collections.ChainMap({"a": ONE}, {"b": 2}),
    json_like=lambda: json.loads('[{"id": 1000, "tags": ["a", "b"], "place": {"x": 1.5}}]' * ONE),
)


@case
def dict_that_was_larger():
    shrunk = dict_of(100)
    for name in NAMES[:90]:
        del shrunk[name]
    return shrunk


class Plain:
    def __init__(self):
        self.number = 1 << 40 + ONE
        self.text = "text " * (4 + ONE)


class Grown:
    def __init__(self, names):
        for name in names:
            setattr(self, name, None)


@dataclass
class Record:
    number: int
    text: str


@dataclass(slots=True)
class Slotted:
    number: int
    text: str


class Child(list):
    pass


class Text(str):
    pass


Point = collections.namedtuple("Point", "x y")

cases(
    object=lambda: object(),
    plain_object=Plain,
    object_of_5_attributes=lambda: Grown(KEYS[:5]),
    object_of_40_attributes=lambda: Grown(KEYS[:40]),
    object_with_its_dict=lambda: [made := Plain(), vars(made)][0],
    dataclass=lambda: Record(1 << 41, "a" * (30 + ONE)),
    dataclass_with_slots=lambda: Slotted(1 << 41, "a" * (30 + ONE)),
    named_tuple=lambda: Point(ONE / 3, ONE / 7),
    namespace=lambda: types.SimpleNamespace(a=ONE, b=[2]),
    subclass_of_list=lambda: Child(range(HUNDRED)),
    subclass_of_str=lambda: Text("a" * HUNDRED),
    many_objects=lambda: [Plain() for _ in range(50)],
    method=lambda: Plain().__init__,
    partial=lambda: functools.partial(print, [ONE], end="", flush=[2]),
    property=lambda: property(lambda self: 1),
    weak_reference=lambda: weakref.ref(Plain, print),
    mapping_proxy=lambda: types.MappingProxyType({"a": ONE}),
    list_iterator=lambda: iter([ONE, 2]),
    zip=lambda: zip([ONE], [2], strict=True),
    chain=lambda: itertools.chain([ONE], [2]),
    path=lambda: pathlib.PurePosixPath("/a/b" * (1 + ONE)),
    fraction=lambda: fractions.Fraction(ONE << 40, 7),
    uuid=lambda: uuid.UUID(int=ONE << 100),
    datetime=lambda: datetime.datetime(2026, 1, ONE),
    datetime_with_zone=lambda: datetime.datetime(2026, 1, ONE, tzinfo=datetime.UTC),
)


@case
def object_without_one_attribute():
    made = Grown(KEYS[:5])
    del made.key_2
    return made


@case
def closure():
    kept, count = [ONE], {"a": 2}

    def inner(default=(ONE << 40)):
        return kept, count, default

    return inner


@case
def function_compiled_anew():
    space = {}
    exec(
        "def function(a, b=1):\n    '''What it does.'''\n    return [a, b, 'constant', 3.25]", space
    )
    return space.pop("function")


@case
def class_made_in_a_call():
    class Made:
        """What it is."""

        table = {"a": ONE}

        def __init__(self):
            self.x = 1

    return Made


@case
def class_with_slots():
    class Made:
        __slots__ = ("a", "b")

    return Made


@case
def class_that_has_instances():
    class Made:
        def __init__(self):
            self.x = self.y = self.z = 1

    [Made() for _ in range(20)]
    return Made


@case
def enumeration():
    return enum.Enum("Colour", "RED GREEN")


def lines():
    kept = [f"line {n}" for n in range(5)]
    while kept:
        yield kept.pop()


async def waits():
    await asyncio.sleep(0)


async def yields():
    kept = [ONE]
    yield kept


@case
def generator_suspended():
    made = lines()
    next(made)
    return made


@case
def coroutine_suspended():
    made = waits()
    made.send(None)
    return made


def failed(exception):
    local = bytearray(500)
    raise exception(len(local))


@case
def exception_with_traceback():
    try:
        failed(ValueError)
    except ValueError as error:
        return error


@case
def weak_key_dictionary():
    made = weakref.WeakKeyDictionary()
    for cls in (Plain, Grown, Record, Slotted):
        made[cls] = [ONE]
    return made


# Made before the processes part: what a context takes hangs on the hashes of its variables, and
# these on addresses.
VARIABLES = [contextvars.ContextVar(f"v{n}") for n in range(20)]


@case
def context():
    made = contextvars.copy_context()
    for n, variable in enumerate(VARIABLES):
        made.run(variable.set, [n])
    return made


cases(
    generator=lines,
    async_generator=yields,
    exception=lambda: KeyError("a" * HUNDRED),
    module=lambda: types.ModuleType("made"),
    match=lambda: re.match(r"(a)(b)?(c*)", "ab" + "c" * HUNDRED),
    lock=lambda: threading.Lock(),
    array=lambda: array.array("d", bytes(8 * THOUSAND)),
    bytes_io=lambda: io.BytesIO(bytes(THOUSAND)),
    memoryview=lambda: memoryview(bytearray(THOUSAND)),
)


@case
def array_that_has_grown():
    made = array.array("q")
    for number in range(THOUSAND):
        made.append(number)
    return made


@case
def bytes_io_written():
    made = io.BytesIO()
    for _ in range(THOUSAND):
        made.write(b"abc")
    return made


unpromised(
    "a buffer of its own",
    string_io=lambda: io.StringIO("a" * THOUSAND),
    struct=lambda: struct.Struct("<" + "i" * (19 + ONE)),
    random=lambda: random.Random(1),
    element=lambda: xml.etree.ElementTree.fromstring("<a x='1'>" + "<b/>" * 50 + "</a>"),
    csv_writer=lambda: csv.writer(io.StringIO()),
    decimal=lambda: decimal.Decimal(7) ** 2000,
    pattern=lambda: re.compile("abc" * HUNDRED + str(random.random())),
)

unpromised("members that nothing shows", range=lambda: range(ONE << 40, ONE << 41))

if numpy is not None:
    cases(
        numpy_of_strings=lambda: numpy.array([f"string {n}" for n in range(200)], dtype=object),
        numpy_of_lists=lambda: numpy.array([[f"string {n}", n] for n in range(200)], dtype=object),
        numpy_array=lambda: numpy.zeros(THOUSAND),
        numpy_of_two_dimensions=lambda: numpy.ones((20, 30), dtype="float32"),
        numpy_view=lambda: numpy.zeros(THOUSAND)[::2],
        numpy_of_times=lambda: numpy.zeros(THOUSAND, dtype="datetime64[s]"),
        numpy_small=lambda: numpy.zeros(3),
        numpy_list=lambda: [numpy.zeros(THOUSAND) for _ in range(10)],
    )


# ------------------------------------------------------------------------------ rings


class Service:
    def __init__(self):
        self.me = self


@ring
def object_and_its_payload():
    made = Service()
    made.payload = bytearray(5000)
    made.names = [f"name {n}" for n in range(100)]


@ring
def lists_of_each_other():
    one, other = ["a" * HUNDRED], [{"b": "c" * HUNDRED}]
    one.append(other)
    other.append(one)


@ring
def exception_and_its_frame():
    payload = b"x" * (40 * THOUSAND)
    try:
        raise ValueError(len(payload))
    except ValueError as error:
        kept = error  # noqa: F841


@ring
def closure_of_itself():
    table = {f"key {n}": n / 7 for n in range(HUNDRED)}

    def function():
        return function, table


@ring
def people():
    one, other = gcscope.Person("Michael"), gcscope.Person("Sarah")
    one.befriend(other)


@ring
def class_and_its_instance():
    class Made:
        pass

    Made.only = Made()


@types.coroutine
def pause():
    yield


@ring
def coroutine_that_knows_its_owner():
    made = Service()

    async def work():
        await pause()
        return made

    made.work = work()
    made.work.send(None)


@ring
def ring_that_shares_a_string():
    made = Service()
    made.of_others = NAMES
    made.own = [NAMES[0], "a" * HUNDRED]


if numpy is not None:

    @ring
    def object_and_its_array():
        made = Service()
        made.array = numpy.zeros(10 * THOUSAND)
        made.view = made.array[5:]
        made.names = numpy.array(["a" * n for n in range(100)], dtype=object)


# ------------------------------------------------------------------------ the comparison


def empty_free_lists():
    """Run a full collection, which finds no object that it may take."""
    gc.freeze()
    gc.collect()
    gc.unfreeze()


def traced():
    """(bytes, allocations) that tracemalloc knows of, with nothing on free lists, then or after."""
    empty_free_lists()
    found = tracemalloc.get_traced_memory()[0], len(tracemalloc.take_snapshot().traces)
    empty_free_lists()  # what the snapshot was made of has gone to them
    return found


def prepared(make):
    """Make it and let it go some times, so that what is kept for good is there."""
    gc.disable()
    for _ in range(4):
        make()
        gc.collect()


def difference(action):
    """[bytes, allocations] that are there more after an action.

    What a measure itself leaves is in the difference of the first two.
    """
    first = traced()
    second = traced()
    action()
    third = traced()
    return [now - 2 * then + before for before, then, now in zip(first, second, third, strict=True)]


def dropped(name):
    """[bytes, allocations] that go when an object is dropped."""
    tracemalloc.start()
    prepared(OBJECTS[name])
    box = [OBJECTS[name]()]
    gc.collect()  # without a GIL the code that has made it waits for that

    def drop():
        box[0] = None
        gc.collect()

    return [-more for more in difference(drop)]


def said_of_an_object(name):
    """What retained says; None where it refuses.

    A collection comes before: a tuple of atoms is tracked until it has seen one.
    """
    prepared(OBJECTS[name])
    made = OBJECTS[name]()
    gc.collect()
    try:
        return gcscope.retained(made).bytes
    except TypeError:
        return None


def collected(name):
    """[bytes, allocations] that a ring leaves. (When it goes, finalizers may leave something.)"""
    tracemalloc.start()
    prepared(RINGS[name])
    return difference(RINGS[name])


def said_of_a_ring(name):
    """What garbage says; a first call has left nothing."""
    gcscope.garbage()
    prepared(RINGS[name])
    RINGS[name]()
    return gcscope.garbage().bytes


def findings(names=()):
    """name -> what is said, what went, how many allocations, and whether that is near enough."""
    found = {}
    for kind, ask, measure in (
        (OBJECTS, said_of_an_object, dropped),
        (RINGS, said_of_a_ring, collected),
    ):
        for name in kind:
            if not names or name in names:
                says, (went, blocks) = in_a_process(ask, name), in_a_process(measure, name)
                is_right = is_near(says, went, blocks)
                found[name] = {"says": says, "went": went, "blocks": blocks, "near": is_right}
    return found


def line_of(name, finding):
    says, went = finding["says"], finding["went"]
    ratio = f"{says / went:6.2f}" if says is not None and went > 0 else "     -"
    told = "refused" if says is None else f"{says:,}"
    mark = "ok" if finding["near"] else " X"
    if name in UNPROMISED:
        mark = f" - not promised: {UNPROMISED[name]}"
    return f"{name:32} {told:>9} {went:9,} {finding['blocks']:6,} {ratio}  {mark}"


def main():
    names = [name for name in sys.argv[1:] if name != "--json"]
    found = findings(names)
    if "--json" in sys.argv:
        json.dump(found, sys.stdout)
        return
    print(f"{'':32}      says      went blocks  ratio")
    for name, finding in found.items():
        print(line_of(name, finding))
    wanted = [finding for name, finding in found.items() if name not in UNPROMISED]
    print(f"\nnear enough: {sum(f['near'] for f in wanted)} of {len(wanted)}")


if __name__ == "__main__":
    main()
