"""The types of tests/broken are as wrong, and as right, as it is said of them."""

import gc

import pytest

from specimens.broken_types import FAULTS, RIGHT, UNSEEN, Target, make

pytestmark = pytest.mark.usefixtures("quiet")


def is_freed(target):
    """Whether three collections free an object, of which this has the only reference.

    Not by a weak reference: the collector clears those to all that it finds, freed or not.
    """
    address, kind = id(target[0]), type(target.pop())
    for _ in range(3):
        gc.collect()
    left = [op for op in gc.get_objects() if id(op) == address and type(op) is kind]
    for op in left:
        break_ring(op)
    return not left


def break_ring(target):
    """For the tests that come after: what the ring was made of is not to stay."""
    if isinstance(target, type):
        del target.first_of_all
    else:
        vars(target).clear()
    for held in gc.get_referrers(target):
        if type(held) is tuple and len(held) == 2 and held[1] is target:
            held[0].__init__(None)


def ring_through_second(of_type):
    target = Target()
    target.held_by = of_type(None, target)
    return [target]


def ring_through_dict(of_type):
    target = Target()
    target.held_by = of_type()
    target.held_by.attribute = target
    return [target]


def ring_through_far(of_type):
    target = Target()
    target.held_by = of_type()
    target.held_by.set_far(target)
    return [target]


def ring_through_third(of_type):
    target = Target()
    target.held_by = of_type()
    target.held_by.third = target
    return [target]


def ring_through_items(of_type):
    target = Target()
    target.held_by = of_type(target)
    return [target]


def ring_through_type(of_type):
    class Derived(of_type):
        pass

    Derived.first_of_all = Derived()
    return [Derived]


def ring_of_its_own(of_type):
    """Through a tuple, which has no tp_clear either."""
    made, target = of_type(), Target()
    made.__init__((made, target))
    return [target]


RINGS = {
    "NoGC": ring_through_second,
    "NoGCMember": ring_through_second,
    "NoField": ring_through_second,
    "NoMember": ring_through_second,
    "NoDict": ring_through_dict,
    "NoFar": ring_through_far,
    "NoItems": ring_through_items,
    "NoThird": ring_through_third,
    "NoType": ring_through_type,
    "NoClear": ring_of_its_own,
}


@pytest.mark.parametrize("name", RINGS)
def test_a_ring_through_the_fault_is_never_freed(broken, name):
    assert not is_freed(RINGS[name](getattr(broken, name)))


@pytest.mark.parametrize("name", RINGS)
def test_a_ring_through_the_twin_is_freed(broken, name):
    twin = FAULTS[name][1] if name in FAULTS else UNSEEN[name]
    assert is_freed(RINGS[name](getattr(broken, twin)))


@pytest.mark.parametrize("name", [*FAULTS, *UNSEEN, *RIGHT])
def test_reference_counting_frees_all_of_them(broken, name):
    instances, borrowed = make(broken, name)
    instances.clear()
    borrowed.clear()
    assert [op for op in gc.get_objects() if type(op) is Target] == []


@pytest.mark.parametrize("name", ["Double", "Wrong"])
def test_what_is_shown_and_not_owned_is_counted_out(broken, name):
    """The collector would take what is in use for garbage: a dry run says so, and does no harm."""
    from gcscope import garbage

    owner = [Target()]
    shower = getattr(broken, name)(owner[0])
    if name == "Double":
        owner.clear()
    else:
        shower.set_back(owner[0])
    assert any("own" in note for note in garbage().notes)
