"""rings through names of all kinds, and through objects of which nothing may be asked."""

import pickle

import pytest

import gcscope
from gcscope import Person
from specimens.rings import EVIL, Other, Touchy, labels_of, only, ring_of


class Plain:
    """Of its own: a class that has seen many names keeps no attributes inline any more."""


# ------------------------------------------------------------------------------ names of all kinds


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


# ------------------------------------------------------------------------------------ evil objects


@pytest.fixture
def armed():
    """From `arm` on, any code of the objects is a failure."""

    def arm():
        Touchy.armed = True

    yield arm
    Touchy.armed = False


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
    first = [link.type for link in ring].index(f"{Plain.__module__}.Plain")
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


class Holder:
    __slots__ = ("held_by",)


def test_of_a_type_that_shows_less_the_second_time(broken):
    """Each reference of the graph has a kind, and the ring is told; only its name is wanting."""
    fickle, target = broken.Fickle(), Holder()
    fickle.__init__(None, target)
    target.held_by = fickle
    told = set()
    try:
        for times in range(1, 9):
            fickle.number = times + 1
            report = gcscope.cycles(target)
            told.add(len(report.cycles))
            for cycle in report.cycles:
                assert dict(cycle.types) == {"broken.Fickle": 1, f"{__name__}.Holder": 1}
                told.update(link.named for link in cycle.ring if link.type == "broken.Fickle")
    finally:
        fickle.number = 0
        target.held_by = None
    assert told == {0, 1, False}
