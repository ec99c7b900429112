"""refcount: the same number on every version for globals, containers, cells, attributes and locals
that own.
"""

import functools
import sys
import threading

import pytest

import gcscope
from gcscope import IMMORTAL, Person, refcount

BORROWS = sys.version_info >= (3, 14)


class Plain:
    pass


global_person = Person("global")


@pytest.mark.thread_unsafe(reason="other threads have the global object, too")
def test_one_reference_each():
    """The number is computed on its own line.

    The rewriting of assert would hold one more reference.
    """
    n = refcount(global_person)
    assert n == 1
    local = Plain()
    n = refcount(local)
    assert n == 1
    box = [Plain()]
    n = refcount(box[0])
    assert n == 1
    table = {"k": Plain()}
    n = refcount(table["k"])
    assert n == 1
    thing = Plain()
    thing.a = Plain()
    n = refcount(thing.a)
    assert n == 1
    person = Person("Michael")
    n = refcount(person.friends)
    assert n == 1

    cell = Plain()

    def inner():
        return refcount(cell)

    n = inner()
    assert n == 1


def test_each_further_owner_counts_one():
    thing = Plain()
    box = [thing, thing]
    n = refcount(box[0])
    assert n == 3
    box.pop()
    n = refcount(box[0])
    assert n == 2


def test_the_lecture():
    p1, p2 = Person("Michael"), Person("Sarah")
    n1, n2 = refcount(p1), refcount(p2)
    assert (n1, n2) == (1, 1)
    p1.befriend(p2)
    n1, n2 = refcount(p1), refcount(p2)
    assert (n1, n2) == (2, 2)
    sarah = p1.friends[0]
    n2 = refcount(sarah)
    assert n2 == 3
    del p2, sarah
    n1, n2 = refcount(p1), refcount(p1.friends[0])
    assert (n1, n2) == (2, 1)


def test_a_temporary_has_no_owner():
    n = refcount(Plain())
    assert n == 0


def through_a_parameter(thing):
    return refcount(thing)


def test_a_parameter_may_own_nothing():
    thing = Plain()
    n = through_a_parameter(thing)
    assert n in ((1,) if BORROWS else (1, 2, 3))


def test_calls_from_c_count_their_own():
    thing = Plain()
    box = [thing]
    del thing
    n = next(map(refcount, box))
    assert n in (1, 2)
    n = functools.partial(refcount, box[0])()
    assert n in (1, 2, 3)


def test_the_count_is_left_as_it_was():
    thing = Plain()
    before = sys.getrefcount(thing)
    for _ in range(100):
        refcount(thing)
    assert sys.getrefcount(thing) == before
    assert isinstance(refcount(thing), int)


@pytest.mark.parametrize("thing", [None, True, 0, "", ()])
def test_immortal_objects_are_told(thing):
    n = refcount(thing)
    if sys.version_info >= (3, 12):
        assert n is IMMORTAL
    else:  # 3.11 has no immortal objects: a count, as of any other
        assert n is not IMMORTAL and n > 0


def test_immortal_is_an_int_that_says_so():
    assert isinstance(IMMORTAL, int) and IMMORTAL > 10**18
    assert repr(IMMORTAL) == str(IMMORTAL) == f"{IMMORTAL!s}" == "immortal"
    assert IMMORTAL + 0 == int(IMMORTAL)


def test_misuse():
    with pytest.raises(TypeError, match="exactly one argument"):
        refcount()
    with pytest.raises(TypeError, match="exactly one argument"):
        refcount(1, 2)
    with pytest.raises(TypeError, match="no keyword"):
        refcount(obj=1)


@pytest.mark.thread_unsafe(reason="other threads have the global object, too")
def test_of_an_uninitialised_object_and_from_a_thread():
    raw = Person.__new__(Person)
    n = refcount(raw)
    assert n == 1
    answers = []
    thread = threading.Thread(target=lambda: answers.append(refcount(global_person)))
    thread.start()
    thread.join()
    assert answers == [1]


def test_by_address_it_is_exact_in_every_form(quiet):
    from gcscope.api.neighborhood import arithmetic_of, look

    thing = Plain()
    thing.a = Plain()
    table = arithmetic_of(look([id(thing), id(thing.a)]))
    assert [row.refcount for row in table.rows] == [1, 1]
    assert [row.reachable for row in table.rows] == [True, True]
    assert table.rows[1].inside == (0 if sys.version_info < (3, 11) else 1)
    assert look([id(7), 2**70]).objects == []
    with pytest.raises(TypeError, match="must be an int"):
        look(["y"])
    assert gcscope.garbage().objects == 0


@pytest.mark.parametrize(
    "make",
    [
        lambda: bytes(range(99)),
        lambda: "x" * 99 + str(len(__name__)),
        lambda: 10**40,
        lambda: 2.5 * len(__name__),
        lambda: {"k": bytes(9)},
        lambda: (bytes(9),),
        object,
    ],
)
def test_objects_that_the_collector_does_not_track(make):
    box = [make()]
    n = refcount(box[0])
    assert n == 1
    other = {"k": box[0]}
    n = refcount(box[0])
    assert n == 2
    del other
    told = gcscope.holders(box[0])
    assert told.refcount == 1 and [h.label for h in told.named] == ["[0]"]
