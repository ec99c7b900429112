"""film: what each frame tells, what it takes for the same object, and that it holds none."""

import gc
import sys
import weakref

import pytest

import gcscope
from gcscope import Person, _core, film, journal, refcount
from gcscope.api.film import MOST_FATES
from gcscope.model.film import Frame
from specimens.objects import PLAIN, Plain, Slotted

pytestmark = pytest.mark.usefixtures("quiet")


def titles(frame):
    return [box.title for box in frame.picture.boxes if box.kind == "object"]


def keys(frame):
    return [box.key for box in frame.picture.boxes if box.kind == "object"]


def lecture():
    people = {"p1": Person("Michael"), "p2": Person("Sarah")}
    with film(*people.values()) as taken:
        taken.frame("two people")
        people["p1"].befriend(people["p2"])
        taken.frame("friends")
        del people["p1"]
        taken.frame("one name")
        people.clear()
        taken.frame("no names")
        gcscope.collect()
        taken.frame("the collector has run")
    return taken


def test_the_lecture():
    taken = lecture()
    frames = taken.frames
    assert [frame.caption for frame in frames] == [
        "two people",
        "friends",
        "one name",
        "no names",
        frames[4].caption,
    ]
    counts = [
        [box.refcount for box in frame.picture.boxes if box.kind == "object"] for frame in frames
    ]
    assert counts == [[1, 1], [2, 2], [1, 2], [1, 1], []]
    rows = [
        [(row.label, row.refcount, row.inside, row.left) for row in frame.arithmetic.rows]
        for frame in frames
    ]
    lists = [("Michael.friends", 1, 1, 0), ("Sarah.friends", 1, 1, 0)]
    assert rows[0] == [("Michael", 1, 0, 1), ("Sarah", 1, 0, 1), *lists]
    assert rows[1] == [("Michael", 2, 1, 1), ("Sarah", 2, 1, 1), *lists]
    assert rows[2] == [("Michael", 1, 1, 0), ("Sarah", 2, 1, 1), *lists]
    assert rows[3] == [("Michael", 1, 1, 0), ("Sarah", 1, 1, 0), *lists]
    assert rows[4] == []
    reachable = [[row.reachable for row in frame.arithmetic.rows] for frame in frames]
    assert reachable == [[True] * 4] * 3 + [[False] * 4] + [[]]
    assert [frame.arithmetic.rows[0].because for frame in frames[:4]] == [
        "dict ['p1']",
        "dict ['p1']",
        "Sarah.friends has it as [0]",
        None,
    ]
    assert [frame.fates for frame in frames[:4]] == [()] * 4
    assert sorted(frames[4].fates) == [
        "Michael: freed by the collector",
        "Sarah: freed by the collector",
    ]
    assert repr(frames[0]) == "<frame 'two people': 4 boxes>" and repr(frames[4]).endswith(
        "0 boxes>"
    )
    assert (
        "none of the objects is there any more" in str(taken)
        and repr(taken) == "<film of 5 frames>"
    )
    assert [Frame.from_json(frame.to_json()) for frame in frames] == list(frames)


def test_it_holds_nothing():
    one = Plain()
    one.me = [one]
    ref, before = weakref.ref(one), refcount(one)
    taken = film(one)
    taken.frame("here")
    assert refcount(one) == before and weakref.getweakrefcount(one) == 1
    del one.me, one
    assert ref() is None
    assert titles(taken.frame("gone")) == []


@pytest.mark.skipif(not _core.WALKS_GENERATIONS, reason="a lease needs the generations")
def test_no_collection_comes_inside_and_all_is_as_it_was():
    usual = gc.get_threshold()
    gc.enable()
    count = gc.get_count()[0]
    with film(Person("x")) as taken:
        made = [[] for _ in range(3 * usual[0])]
        assert gc.isenabled() and gc.get_threshold() == usual and gc.get_count()[0] < 0
        del made
        taken.frame()
        with pytest.raises(RuntimeError, match="this film is being made"):
            taken.__enter__()
    assert gc.isenabled() and taken.frames[0].caption == ""
    assert 0 <= gc.get_count()[0] <= count + usual[0]
    with pytest.raises(ZeroDivisionError), taken:
        raise ZeroDivisionError
    assert gc.isenabled()
    taken.frame("it may go on without a block")


def make_at(address, make):
    """Make objects until one lies at an address; None if that does not come about."""
    made = []
    for _ in range(1000):
        one = make()
        if id(one) == address:
            return one
        made.append(one)
    return None


@pytest.mark.parametrize("collects", [None, "before", "after"])
@pytest.mark.parametrize(
    "make",
    [Plain, Slotted, lambda: Person("x"), list, set],
    ids=["P", "S", "Person", "list", "set"],
)
def test_another_object_at_the_same_address_is_not_taken_for_it(make, collects):
    one = make()
    address = id(one)
    taken = film(one)
    first = taken.frame("here")
    assert len(titles(first)) == 1
    if collects == "before":
        gc.collect()
    del one
    if collects == "after":
        gc.collect()
    other = make_at(address, make)
    if other is None:
        pytest.skip("no other object came to that address")
    assert titles(taken.frame("gone")) == []
    assert titles(taken.frame("for good")) == []


def test_another_object_before_the_first_frame():
    one = Slotted()
    address, taken = id(one), film(one)
    del one
    if make_at(address, Slotted) is not None:
        assert titles(taken.frame("gone")) == []


@pytest.mark.parametrize("collects", [False, True])
def test_what_changes_stays_the_same(collects):
    """Its name, its class, its references, its place in the collector's generations."""
    one, other, table = Person("Solo"), Plain(), {}
    table["self"] = other
    with film(one, other, table) as taken:
        before = taken.frame("before")
        one.name = "Duo"
        other.__class__ = type("Other", (Plain,), {"__module__": "m"})
        other.new = [table]
        if collects:
            gc.collect()
        after = taken.frame("after")
    assert titles(before) == ["gcscope.Person 'Solo'", f"{PLAIN} other", "dict table"]
    assert titles(after)[:3] == ["gcscope.Person 'Duo'", "m.Other other", "dict table"]
    assert keys(after)[:3] == keys(before)[:3] and len(set(keys(after))) == len(keys(after))


def test_a_dict_that_the_collector_untracks_for_a_time():
    table = {"held": Plain()}
    taken = film(table)
    first = taken.frame()
    table["held"] = 1
    gc.collect()
    assert not gc.is_tracked(table) or sys.version_info >= (3, 14)
    table["held"] = Plain()
    assert keys(taken.frame())[0] == keys(first)[0]


def test_what_comes_and_goes_is_another_box():
    one = Plain()
    taken = film(one)
    one.held = Person("first")
    first = taken.frame()
    one.held = Person("second")
    second = taken.frame()
    assert titles(first)[1:] == ["gcscope.Person 'first'"] and titles(second)[1:] == [
        "gcscope.Person 'second'"
    ]
    assert keys(first)[0] == keys(second)[0] and keys(first)[1] != keys(second)[1]


def test_fates_since_the_frame_before():
    kept = Person("kept")
    taken = film(kept)
    Person("early")
    assert taken.frame().fates == ("early: freed by counting",)
    assert taken.frame().fates == ()
    one, other = Person("one"), Person("other")
    one.befriend(other)
    del one, other
    gc.collect()
    assert sorted(taken.frame().fates) == [
        "one: freed by the collector",
        "other: freed by the collector",
    ]
    for number in range(MOST_FATES + 5):
        Person(f"many {number}")
    told = taken.frame().fates
    assert len(told) == MOST_FATES + 1 and told[-1] == "+ 5 more objects: freed by counting"
    for number in range(MOST_FATES):
        Person(f"many {number}")
    del kept
    assert taken.frame().fates[0] == "kept: freed by counting"  # those of the film come first


@pytest.mark.parametrize("how", ["clear", "shrink"])
def test_fates_where_the_journal_was_cleared(how):
    taken = film(kept := Person("kept"))
    taken.frame()
    capacity = journal.capacity
    try:
        if how == "clear":
            journal.clear()
        else:
            journal.capacity = 4
            for _ in range(10):
                Person("many")
        Person("late")
        assert "late: freed by counting" in taken.frame().fates
        assert taken.frame().fates == () and kept is not None
    finally:
        journal.capacity = capacity


def test_misuse():
    with pytest.raises(TypeError, match=r"film\(\) takes the objects that it is to show"):
        film()
    with pytest.raises(TypeError, match="an int is not one of them"):
        film(1)
    taken = film([])
    for caption in (None, 1, b"x"):
        with pytest.raises(TypeError, match="a caption must be a string, not"):
            taken.frame(caption)
    assert taken.frames == ()
    assert str(taken).startswith("a film without a frame")
    for use in (taken.player, lambda: taken.save("never.svg"), lambda: taken.save("never.mmd")):
        with pytest.raises(ValueError, match=r"without a frame: film\.frame\(caption\) takes one"):
            use()


def test_no_program_code_runs(monkeypatch):
    asked = []

    class Odd:
        @property
        def __class__(self):
            asked.append("class")
            return Person

        def __eq__(self, other):
            asked.append("eq")
            return True

        __hash__ = None

    one = Odd()
    one.me = one
    taken = film(one)
    taken.frame("odd")
    assert asked == [] and sys.getrefcount(one) > 1
    del one.me


def test_a_name_stays_when_its_variable_is_gone():
    first, second = Plain(), Slotted()
    first.next, second.a = second, first
    with film(first, second) as taken:
        here = taken.frame("here")
        third = second
        del second
        other_variable = taken.frame("another variable")
        del first, third
        gone = taken.frame("gone")
    expected = [f"{PLAIN} first", "specimens.objects.Slotted second"]
    assert titles(here) == titles(other_variable) == titles(gone) == expected
    assert [row.label for row in gone.arithmetic.rows][:2] == ["first", "second"]
    assert not any(row.reachable for row in gone.arithmetic.rows)


def test_a_variable_that_leads_to_another_one_names_that():
    kept = [Plain(), Plain()]
    last = kept[0]
    with film(*kept) as taken:
        before = taken.frame("the first")
        last = kept[1]
        after = taken.frame("the second")
    assert titles(before) == [f"{PLAIN} last", PLAIN] and titles(after) == [PLAIN, f"{PLAIN} last"]
    assert last is kept[1]


def test_the_film_with_its_lists():
    p1, p2 = Person("Michael"), Person("Sarah")
    with film(p1, p2, containers=True) as taken:
        taken.frame("two people")
        p1.befriend(p2)
        del p1, p2
        gone = taken.frame("no names")
    assert [len(titles(frame)) for frame in taken.frames] == [4, 4]
    assert len(gone.picture.boxes) == len(gone.arithmetic.rows) == gcscope.garbage().objects
    assert all(box.unreachable for box in gone.picture.boxes)
    assert str(gone.arithmetic).count("UNREACHABLE") == 4
