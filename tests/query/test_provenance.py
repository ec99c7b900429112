"""provenance: which rings are nobody's fault, by their shape and by where their names lead."""

import ast
import gc
import json
import sys
import types

import pytest

import gcscope
from gcscope import _core


@pytest.fixture
def module(quiet):
    """A module that is imported: run(code) executes code in it, and what is left is judged."""
    made = types.ModuleType("imported_here")
    sys.modules["imported_here"] = made
    yield made
    del sys.modules["imported_here"]


def provenances(module, code):
    """Of each form of ring that a piece of code leaves, whose doing it is."""
    exec(compile(code, "imported_here.py", "exec"), vars(module))
    rings = _core.unreachable_rings({}, None)
    return sorted({str(ring.provenance) for ring in rings.forms})


SLOTTED = "from dataclasses import dataclass\n@dataclass(slots=True)\nclass A:\n    x: int\n"
MADE_ANEW = "def anew(cls):\n    return type(cls.__name__, (), {'x': cls.x})\n"
CONVERT = """
import enum
A_ONE = 1
enum.IntEnum._convert_("A", __name__, lambda name: name == "A_ONE")
"""


@pytest.mark.parametrize(
    "code",
    [
        "class A: x = 1\nclass A: x = 2",
        "class A:\n    'What it is.'\nclass A: x = 2",
        "class A(Exception): x = 1\nclass A(Exception): x = 2",
        SLOTTED,
        "class A: pass\nclass A: pass",
        "class Outer:\n    class A: x = 1\n    class A: x = 2",
        "class Outer:\n    class Inner:\n        class A: x = 1\n        class A: x = 2",
        CONVERT,
        "class A: x = 1\nA = int",  # one that C code made
    ],
)
def test_a_class_that_was_replaced_under_its_own_name(module, code):
    assert provenances(module, code) == ["replaced"]


@pytest.mark.parametrize(
    "code",
    [
        "class A: x = 1\ndel A",
        "class A: x = 1\nA = 'no class any more'",
        # while the names are not in the module yet
        MADE_ANEW + "class Outer:\n    @anew\n    class A: x = 1\n    left = look()",
        "def late(cls):\n    global left\n    left = look()\n    return cls\n"
        "from dataclasses import dataclass\n@late\n@dataclass(slots=True)\nclass A:\n    x: int",
    ],
)
def test_a_class_that_is_not_in_its_module(module, code):
    seen = []

    def look():
        seen[:] = [ring.provenance for ring in _core.unreachable_rings({}, None).forms]

    module.look = look
    now = provenances(module, code)
    assert seen == ["deleted"] if "look" in code else now == ["deleted"]


NAMED = "import collections\ndef make(): return collections.namedtuple('A', 'x')\nA = make()\n"
FUNCTIONAL = "import enum\ndef make(): return enum.Enum('A', 'one two')\nA = make()\n"
CALLED = "def make(): return type('A', (), {'x': 1})\nA = make()\n"
OF_IT = "class Base: x = 1\ndef make(): return type('Base', (Base,), {'y': 1})\n"


@pytest.mark.parametrize(
    "code",
    [
        NAMED + "make()",
        FUNCTIONAL + "make()",
        CALLED + "make()",
        OF_IT + "make()",  # as mocks are made
        OF_IT.replace("{'y': 1}", "{}") + "make()",
        "class A: x = 1\nkept = A\nclass A(A): y = 1\nA = kept",
        "type('Gone', (), {})",
        "type('Gone', (), {'x': 1})",
        "def make():\n    class A: x = 1\nclass A: x = 2\nmake()",
        "def make():\n    class A: x = 1\nmake()",
        "class A: x = 1\nA.__module__ = 'of_no_module'\nclass A: x = 2",
        "exec('class A: x = 1', {})",  # of builtins, as it seems
        "class A: x = 1\nA.__module__ = 1\nclass A: x = 2",
    ],
)
def test_a_class_that_a_function_makes_is_the_programs(module, code):
    assert provenances(module, code) == ["None"]


def test_what_replaces_a_class_may_derive_from_it(module):
    """Then it is alive, and nothing is left."""
    assert provenances(module, "class A: x = 1\nclass A(A): y = 1") == []


def test_a_module_that_is_no_module(module):
    sys.modules["imported_here"] = types.SimpleNamespace(__dict__=vars(module))
    assert provenances(module, "class A: x = 1\nclass A: x = 2") == ["None"]


def test_many_modules_one_after_the_other(module):
    """The last module that was looked for is remembered. Each class has a name of its own."""
    others = [types.ModuleType(f"imported_{n}") for n in range(4)]
    sys.modules.update((other.__name__, other) for other in others)
    try:
        for n, other in enumerate(others):
            twice = f"class A{n}: x = 1\n" * (1 + n % 2)
            exec(f"{twice}class B: x = 1\ntype('B', (), {{'x': 1}})", vars(other))
        rings = _core.unreachable_rings({}, None).forms
        assert all(ring.seen == 1 for ring in rings)
        assert sorted((str(ring.provenance), ring.nodes[0].name) for ring in rings) == [
            *(("None", f"imported_{n}.B") for n in range(4)),
            ("replaced", "imported_1.A1"),
            ("replaced", "imported_3.A3"),
        ]
    finally:
        for other in others:
            del sys.modules[other.__name__]


def test_living_rings_are_judged_by_nobody(module):
    exec("class A: x = 1\nkept = [A]\nclass A: x = 2", vars(module))
    rings = _core.live_rings((module.kept[0],), {}, None).forms
    assert [ring.provenance for ring in rings] == [None]


def test_replaced_ones_and_others_are_two_forms(module):
    provenances(module, "class A: x = 1\nclass A: x = 2\ntype('B', (), {'x': 1})")
    cycles = gcscope.garbage().cycles
    assert len(cycles) == len({cycle.fingerprint for cycle in cycles}) == 2
    assert {cycle.cause for cycle in cycles} == {
        "a class was replaced by another of its name",
        "a class is made inside a function",
    }
    assert {link.label for cycle in cycles for link in cycle.ring} == {".__mro__[0]"}


class Odd(str):
    """A key whose __eq__ no look may call."""

    __hash__ = str.__hash__
    is_forbidden = False

    def __eq__(self, other):
        assert not Odd.is_forbidden
        return False


def test_no_odd_key_is_asked(module, monkeypatch):
    names = [Odd(name) for name in ("imported_here", "A", "__module__", "__name__")]
    monkeypatch.setitem(sys.modules, names[0], types.ModuleType("odd"))
    vars(module).update(dict.fromkeys(names, 1))
    exec("class A: x = 1\nclass A: x = 2", vars(module))
    type("B", (), dict.fromkeys(names, 1))
    monkeypatch.setattr(Odd, "is_forbidden", True)
    found = sorted(map(str, only_provenance()))
    monkeypatch.setattr(Odd, "is_forbidden", False)
    assert found == ["None", "replaced"]


# ------------------------------------------------------------------------------------- the library


def only_provenance():
    return [ring.provenance for ring in _core.unreachable_rings({}, None).forms]


@pytest.mark.skipif(sys.version_info >= (3, 15), reason="3.15 has no inner functions there")
def test_inner_functions_of_the_library(quiet):
    ast.literal_eval("[1]")
    assert only_provenance() == ["library"]


def inner_class_of_library():
    namespace = {"__name__": "textwrap"}
    exec("def make():\n    class Inner: pass\n    return Inner", namespace)
    return namespace["make"]


def test_inner_classes_of_the_library(quiet):
    make = inner_class_of_library()
    make()
    assert only_provenance() == ["library"]
    gc.collect()
    make().by_name = "text"
    assert only_provenance() == ["library"]
    gc.collect()
    make().by_name = [[]]
    assert only_provenance() == [None]
    gc.collect()
    exec("class Plain: x = 1\nmade = type('Plain', (), {'x': 1})\ndel made", make.__globals__)
    assert only_provenance() == [None]  # it is inside of no function


@pytest.mark.parametrize(
    "code",
    [
        "def outer(x=1): pass\nouter.__defaults__ = (outer,)\ndel outer",  # inside of no function
        "def make():\n    table = {}\n    def inner(): return table\n    table[1] = inner\nmake()",
        "def make():\n    items = []\n    def inner(): return items\n    items += [inner]\nmake()",
    ],
)
def test_other_functions_of_the_library_are_told(quiet, code):
    namespace = {"__name__": "textwrap"}  # alive: they keep no globals
    exec(code, namespace)
    assert [p for p in only_provenance() if p is not None] == [] != only_provenance()


class Held:
    pass


def test_nothing_of_the_program_hangs_on_what_is_the_librarys(quiet):
    namespace = {"__name__": "textwrap"}
    code = "def make(held):\n    def inner(): return inner, held\n"
    exec(code, namespace)
    for make_held, expected in [
        (lambda: "text", ["library"]),
        (tuple, ["library"]),
        (lambda: {"alive": Held}, ["library"]),
        (lambda: {"kept": []}, [None]),
        (list, [None]),
        (Held, [None]),
        (lambda: lambda: 1, [None]),
        (lambda: Held, ["library"]),  # alive, and not kept by it
    ]:
        namespace["make"](make_held())
        assert only_provenance() == expected
        gc.collect()


def test_the_programs_own_functions_are_not_the_librarys(quiet):
    def make():
        def inner():
            return inner

    make()
    assert only_provenance() == [None]


def test_plain_containers_are_not_the_librarys(quiet):
    hollow = ([],)
    hollow[0].append(hollow)
    cell = types.CellType()
    cell.cell_contents = (cell,)
    del hollow, cell
    assert only_provenance() == [None, None]


def test_what_json_leaves_is_told(quiet):
    """It keeps an encoder, which may be the program's."""
    json.dumps({"a": [1]}, indent=1)
    assert set(only_provenance()) <= {None}
