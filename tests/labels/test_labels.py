"""labels: a ring through every kind of reference, and the name that each has."""

import gc
import weakref

import pytest

import gcscope
from gcscope.explain import labellers as labelling
from specimens.labels import SPECIMENS, HeapObject
from specimens.labels.cases import holding

FIRST = f"byte {object.__basicsize__}"  # the first of a struct behind its head

pytestmark = pytest.mark.usefixtures("small_heap")


def ring_from_the_object():
    """The ring that the specimen left, begun at the object.

    Other rings are of classes made for the specimen.
    """
    rings = [cycle.ring for cycle in gcscope.garbage().cycles]
    [(ring, first)] = [
        (ring, place)
        for ring in rings
        for place, link in enumerate(ring)
        if link.type.endswith(".HeapObject")
    ]
    return ring[first:] + ring[:first]


def text_of(ring):
    return " → ".join(link.label for link in ring)


@pytest.mark.filterwarnings("ignore:coroutine", "ignore:unclosed database")
@pytest.mark.parametrize(("make", "labels"), SPECIMENS)
def test_a_ring_through(quiet, make, labels):
    thing = HeapObject()
    held = make(thing)
    if held is not None:
        thing.held = held
    del thing, held
    ring = ring_from_the_object()
    assert text_of(ring) == labels
    assert all(link.named for link in ring)


# --------------------------------------------------------------------------------- the last resort


@pytest.fixture
def stranger(rooms):
    """A type in C that no table knows; it holds one object and shows its class first."""
    yield rooms.Liar
    labelling.labellers.clear()


def test_ordinals(stranger):
    thing = HeapObject()
    liar = stranger(thing, 123)
    endings = {1: "st", 2: "nd", 3: "rd", 11: "th", 12: "th", 13: "th"}
    labels = [holder.label for holder in gcscope.holders(thing).named if "Liar" in holder.type]
    assert sorted(labels) == sorted(
        [f"{FIRST} of a rooms.Liar"]  # the one that it has, the others it only shows
        + [
            f"{n}{endings.get(n % 100, endings.get(n % 10, 'th'))} reference of the rooms.Liar"
            for n in range(3, 125)
        ]
    )
    del liar


def leave_ring_through(cls):
    thing = HeapObject()
    thing.held = cls(thing, 1)


def test_what_has_no_name_is_told_by_its_byte(quiet, stranger):
    leave_ring_through(stranger)
    known, unknown = ring_from_the_object()
    assert (known.label, known.named) == (".held", True)
    assert (unknown.label, unknown.named) == (f"{FIRST} of a rooms.Liar", False)


def test_a_byte_that_has_a_name_is_not_told_as_well(quiet, stranger):
    class Slotted(stranger):
        __slots__ = ("__weakref__", "mine")

    thing = HeapObject()
    holder = Slotted(thing, 2)
    holder.mine = thing
    reference = weakref.ref(holder)
    labels = [h.label for h in gcscope.holders(thing).named if "Slotted" in h.type]
    del reference
    kind = f"{__name__}.{Slotted.__qualname__}"
    assert labels == [".mine", f"4th reference of the {kind}", f"{FIRST} of a {kind}"]


def test_members_of_a_subclass_of_what_has_no_name(quiet, stranger):
    class Closer(stranger):
        pass

    thing = HeapObject()
    thing.held = holding(Closer(1, 1), thing)
    del thing
    assert text_of(ring_from_the_object()) == ".held → .mine"


def test_a_labeller_names_it(quiet, stranger):
    @gcscope.labeller(stranger)
    def name(holder):
        asked.append(type(holder))
        yield ".other", 1
        yield ".kept", [thing for thing in gc.get_referents(holder) if type(thing) is HeapObject][0]

    asked = []
    leave_ring_through(stranger)
    without = gcscope.cycles([])  # no ring, nobody is asked
    assert asked == [] and not without
    assert [(link.label, link.named) for link in ring_from_the_object()] == [
        (".held", True),
        (".kept", True),
    ]
    assert asked == [stranger]


def test_a_labeller_of_a_base_and_the_most_derived_one(quiet, stranger):
    class Closer(stranger):
        pass

    gcscope.labeller(stranger)(
        lambda holder: [(".far", thing) for thing in gc.get_referents(holder)]
    )
    leave_ring_through(Closer)
    assert text_of(ring_from_the_object()) == ".held → .far"
    gcscope.labeller(Closer)(
        lambda holder: [(".near", thing) for thing in gc.get_referents(holder)]
    )
    assert text_of(ring_from_the_object()) == ".held → .near"


def test_a_labeller_that_does_not_know(quiet, stranger):
    gcscope.labeller(stranger)(lambda holder: [])
    leave_ring_through(stranger)
    assert [link.named for link in ring_from_the_object()] == [True, False]


def test_a_labeller_that_fails_fails_the_report(quiet, stranger):
    @gcscope.labeller(stranger)
    def name(holder):
        raise ZeroDivisionError

    leave_ring_through(stranger)
    with pytest.raises(ZeroDivisionError):
        gcscope.garbage()
    assert not gc.isenabled()
    labelling.labellers.clear()
    assert text_of(ring_from_the_object()) == f".held → {FIRST} of a rooms.Liar"


def test_the_error_of_a_labeller_can_be_collected_with_its_frames(quiet, stranger):
    """They hold what the core answered, and with it the object that was asked about."""

    @gcscope.labeller(stranger)
    def name(holder):
        raise ZeroDivisionError

    thing = HeapObject()
    thing.held = stranger(thing, 1)
    try:
        gcscope.holders(thing)
    except ZeroDivisionError as error:
        thing.error = error
    reference = weakref.ref(thing)
    labelling.labellers.clear()
    del thing
    gc.collect()
    assert reference() is None


@pytest.mark.parametrize("wrong", [1, "Liar", None])
def test_a_labeller_is_for_a_class_and_a_function(wrong):
    with pytest.raises(TypeError, match="takes a class"):
        gcscope.labeller(wrong)
    with pytest.raises(TypeError, match="must be a function"):
        gcscope.labeller(HeapObject)(wrong)
    assert labelling.labellers == {}
