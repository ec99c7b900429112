"""Expressions lead to the object that is meant, and no code of the program runs on the way."""

import collections
import functools
import gc
import sys
import types

import pytest

import gcscope
from gcscope.live.expression import Unreadable, find, steps_of


class Loud(Exception):
    """Code of the program has run."""


def shout(*_):
    raise Loud


class Evil:
    """Has the hash of another, and an __eq__ that must not run, once it is armed."""

    is_armed = False

    def __init__(self, like):
        self.hash = hash(like)

    def __hash__(self):
        return self.hash

    def __eq__(self, other):
        return shout() if self.is_armed else self is other


class Node:
    shared = ["of the class"]
    loud = property(shout)

    def __init__(self):
        self.here = {"key": "value"}

    @functools.cached_property
    def computed(self):
        return ["made once"]


class Slotted:
    __slots__ = ("at",)

    def __init__(self):
        self.at = [1]


class Wild(dict):
    __getitem__ = __getattr__ = __getattribute__ = __contains__ = shout
    __hash__ = None


@pytest.fixture
def app():
    """A module whose name has two parts, and which is gone after the test."""
    module = types.ModuleType("of_test.app")
    sys.modules["of_test.app"] = module
    yield module
    del sys.modules["of_test.app"]


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("a", [(".", "a")]),
        ("a.b", [(".", "a"), (".", "b")]),
        ("a['x'].b[-1]", [(".", "a"), ("[", "x"), (".", "b"), ("[", -1)]),
        ('a["x\'\\"\\n\\x41\\u00e9"]', [(".", "a"), ("[", "x'\"\nA\u00e9")]),
        (
            "a[b'\\xff'][1.5][None][True]",
            [(".", "a"), *(("[", k) for k in (b"\xff", 1.5, None, True))],
        ),
        ("größe['π']", [(".", "größe"), ("[", "π")]),
        ("a['[']", [(".", "a"), ("[", "[")]),
    ],
)
def test_reads(text, steps):
    assert steps_of(text) == steps


@pytest.mark.parametrize(
    "text",
    ["", "1", ".a", "a.", "a..b", "a b", "a()", "a[", "a[]", "a[b]", "a['x'", "a['x]", "a[f'x']"]
    + ["a['\\q']", "a['\\x4']", "a[1:2]", "a[(1, 2)]", "a + b", "a[b'π']", "a['\\U99999999']"],
)
def test_refuses_what_is_no_way(text):
    with pytest.raises(Unreadable, match="names, attributes and constant keys"):
        steps_of(text)


def test_keys_are_read_as_python_writes_them():
    for key in ("plain", "a'b", 'a"b', "a'\"b", "\\", "\n\t\r\0", "é π \N{PILE OF POO}", "\x7f"):
        assert steps_of(f"a[{key!r}]") == [(".", "a"), ("[", key)]


def test_finds(app):
    app.node, app.slotted = Node(), Slotted()
    app.jobs = {"mail": [1, (2, {"to": "x"})], 7: "seven", True: "yes", b"b": "bytes", None: "none"}
    app.queue = collections.deque(["a", "b"])
    app.ordered = collections.OrderedDict(first=[0])
    for text, obj in {
        "of_test.app": app,
        "sys.modules['of_test.app']": app,
        "of_test.app.jobs['mail'][1][1]['to']": "x",
        "of_test.app.jobs['mail'][-1]": app.jobs["mail"][-1],
        "of_test.app.jobs[7]": "seven",
        "of_test.app.jobs[True]": "yes",
        "of_test.app.jobs[b'b']": "bytes",
        "of_test.app.jobs[None]": "none",
        "of_test.app.queue[1]": "b",
        "of_test.app.ordered['first']": app.ordered["first"],
        "of_test.app.node.here": app.node.here,
        "of_test.app.node.shared": Node.shared,
        "of_test.app.node.__dict__['here']": app.node.here,
        "of_test.app.__dict__['jobs']": app.jobs,
        "of_test.app.slotted.at": app.slotted.at,
    }.items():
        assert find(text) is obj, text


def test_finds_what_getters_give(app):
    kept = ["kept"]

    def inner():
        return kept

    app.inner, app.method = inner, Node().__init__
    assert find("of_test.app.inner.__closure__[0].cell_contents") is kept
    assert find("of_test.app.method.__self__") is app.method.__self__
    app.inner.__kwdefaults__ = {"x": 1}
    assert find("of_test.app.inner.__code__") is inner.__code__
    assert find("of_test.app.inner.__kwdefaults__") is inner.__kwdefaults__
    app.Node = Node
    assert find("of_test.app.Node.shared") is Node.shared
    assert find("of_test.app.Node.__dict__['shared']") is Node.shared


def test_finds_a_value_that_was_computed_before(app):
    app.node = Node()
    with pytest.raises(Unreadable, match=r"^of_test.app.node has no .computed that can be read"):
        find("of_test.app.node.computed")
    value = app.node.computed
    assert find("of_test.app.node.computed") is value


def test_finds_variables_of_main(python):
    code = """
import sys
from gcscope.live.expression import find
kept = {"x": [1]}
print(find("kept['x']") is kept["x"], find("__main__.kept") is kept, find("sys").__name__)
"""
    assert python("-c", code).out == "True True sys\n"


def test_a_longer_name_of_a_module_goes_before(app):
    shorter = sys.modules["of_test"] = types.ModuleType("of_test")
    shorter.app = "an attribute"
    try:
        assert find("of_test.app") is app
        assert find("of_test") is shorter
    finally:
        del sys.modules["of_test"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nowhere.x", "no module that is loaded, and no variable of __main__, is called 'nowhere'"),
        ("of_test.app.x", "of_test.app has no .x that can be read without running code"),
        ("of_test.app.node.loud", "of_test.app.node has no .loud that can be read"),
        ("of_test.app.node.nothing", "of_test.app.node has no .nothing that"),
        ("of_test.app.node['key']", r"of_test.app.node has no \['key'\] that"),
        ("of_test.app.node.here['no'].x", r"of_test.app.node.here has no \['no'\] that"),
        ("of_test.app.node.shared[5]", r"of_test.app.node.shared has no \[5\] that"),
        ("of_test.app.wild.x", "of_test.app.wild has no .x that"),
        ("of_test.app.wild['no']", r"of_test.app.wild has no \['no'\] that"),
    ],
)
def test_says_what_is_not_there(app, text, reason):
    app.node, app.wild = Node(), Wild()
    with pytest.raises(Unreadable, match=reason):
        find(text)


def test_runs_no_code_of_the_program(app, monkeypatch):
    app.wild = Wild(inside="found")
    assert find("of_test.app.wild['inside']") == "found"
    app.odd = {Evil("key"): 1, "key": "value", Evil(7): 2, 7: "seven"}
    vars(app)[Evil("odd")] = "hidden"
    monkeypatch.setattr(Evil, "is_armed", True)
    with pytest.raises(Loud):
        app.odd["key"]
    assert find("of_test.app.odd['key']") == "value"
    assert find("of_test.app.odd[7]") == "seven"
    assert find("of_test.app.odd") is app.odd


def test_makes_no_dict(app):
    app.node = Node()
    before = [id(obj) for obj in gc.get_referents(app.node)]
    assert find("of_test.app.node.here") is find("of_test.app.node.__dict__['here']")
    assert [id(obj) for obj in gc.get_referents(app.node)] == before


def test_takes_what_a_chain_says(app):
    """What why_alive tells as an expression is the way back to the object."""
    node = Node()
    app.kept = {"a": [Slotted(), {"it's": node}], 3: (Slotted(),)}
    for obj in (node, node.here, app.kept[3], app.kept[3][0].at, app.kept["a"][0]):
        expression = gcscope.why_alive(obj).expression
        assert expression is not None
        assert find(expression) is obj
