"""cuts: what is proposed is really cut, and what falls is counted; and C types that lie."""

import gc
import random
import re
import sys
import weakref

import pytest

import gcscope
from gcscope import Person, _core
from specimens.rings import Other, Plain, labels_of, only, ring_of

# -------------------------------------------------------------------------------- cuts, by cutting


def tracked_now():
    return len(gc.get_objects())


def tangle(rng):
    """Leave Persons that refer to each other by attributes, and have belongings.

    Weak references to all, by name.
    """
    people = [Person(str(n)) for n in range(rng.randrange(2, 9))]
    for a in people:
        for b in rng.sample(people, rng.choice([0, 0, 1, 2])):
            setattr(a, rng.choice(["x", "y", f"to_{b.name}"]), b)
        a.belongings = [[] for _ in range(rng.randrange(3))]
    for a, b in zip(people, people[1:] + people[:1], strict=True):
        a.following = b
    return {person.name: weakref.ref(person) for person in people}


def delete_kinds(people, kinds):
    """Delete every reference of these kinds, as `gcscope.Person.x`; how many there were."""
    attributes = [kind.removeprefix("gcscope.Person.") for kind in kinds]
    alive = [reference() for reference in people.values()]  # until all are deleted
    found = [(p, a) for p in alive for a in attributes if isinstance(vars(p).get(a), Person)]
    for person, attribute in found:
        delattr(person, attribute)
    return len(found)


def cut_really(people, cut):
    """Delete what the cut says; how many objects died of it."""
    if cut.kinds:
        before = tracked_now()
        assert delete_kinds(people, cut.kinds) == cut.references
        return before - tracked_now()
    attributes = re.findall(r"\.(\w+)", cut.advice.partition("close() that drops ")[2]) or [
        cut.link.label[1:]
    ]
    is_one = cut.references == 1 or "close()" in cut.advice
    before = tracked_now()
    taken = 0
    for reference in [people[cut.link.name]] if is_one else list(people.values()):
        person = reference()
        for attribute in attributes:
            if person is not None and isinstance(vars(person).get(attribute), Person):
                delattr(person, attribute)
                taken += 1
        del person
    assert taken <= cut.references
    return before - tracked_now()


@pytest.mark.usefixtures("small_heap")
@pytest.mark.parametrize("seed", range(40))
def test_a_cut_frees_what_it_says(quiet, seed):
    people = tangle(random.Random(seed))
    for reference in people.values():
        vars(reference())  # made real: a dict that is made while cutting would be counted
    cycle = only(gcscope.garbage())
    if cycle.cut is not None:
        assert cut_really(people, cycle.cut) == cycle.cut.frees > 0
    else:
        assert all(len(gc.get_referrers(people[link.name]())) > 1 for link in cycle.ring)


@pytest.mark.usefixtures("small_heap")
def test_cuts_of_all_kinds_were_among_them(quiet):
    kinds = set()
    for seed in range(40):
        people = tangle(random.Random(seed))
        cut = only(gcscope.garbage()).cut
        kinds.add((min(cut.references, 2), len(cut.kinds)) if cut is not None else None)
        gc.collect()
        assert all(reference() is None for reference in people.values())
    assert kinds == {(1, 0), (2, 1), (2, 2), (2, 3)}  # how many references, of how many kinds


SHAPES = {
    ".held": lambda t: t,
    ".held[0]": lambda t: [t, []],
    ".held[2][0]": lambda t: [1, 2, [t]],
    ".held['key']": lambda t: {"key": t},
    ".held['a']['b'][0]": lambda t: {"a": {"b": [t, []]}, "c": []},
    ".held[7]": lambda t: {7: t},
    ".held (a key)": lambda t: {t: []},
    ".held (an element)": lambda t: {t, 1},
    ".held[0][0]": lambda t: ([t],),
}


@pytest.mark.usefixtures("small_heap")
@pytest.mark.parametrize("label", SHAPES)
def test_a_label_is_an_expression_and_cutting_there_frees_all(quiet, label):
    ring_of(SHAPES[label])
    cycle = only(gcscope.garbage())
    assert labels_of(cycle) == [label] == [cycle.cut.link.label]
    [thing] = [thing for thing in gc.get_objects() if type(thing) is Plain]
    is_said = "(" not in label
    cut = compile(f"del thing{label}" if is_said else "thing.held.clear()", "cut", "exec")
    before = tracked_now()  # with the code, which may wait for the collector
    exec(cut, {"thing": thing})
    del thing
    assert before - tracked_now() == cycle.cut.frees == cycle.objects + cycle.dragged


def test_where_no_single_reference_does_it(quiet):
    """Each of two handlers of a service keeps it: both have to let go of it."""
    service = Plain()
    service.first, service.second = Other(), Other()
    service.first.service = service.second.service = service
    reference = weakref.ref(service)
    del service
    cycle = only(gcscope.garbage())
    assert (cycle.cut.link.label, cycle.cut.references) == (".service", 2)
    before = tracked_now()
    service = reference()
    del service.first.service, service.second.service
    del service
    assert before - tracked_now() == cycle.cut.frees == cycle.objects + cycle.dragged


def test_what_is_in_a_tuple_is_not_cut(quiet):
    box = []
    box.append((box,))
    del box
    cycle = only(gcscope.garbage())
    assert cycle.cut.link.type == "list" and cycle.cut.frees == 2


# -------------------------------------------------------------------------------- C types that lie


@pytest.mark.skipif(
    hasattr(sys, "gettotalrefcount"), reason="a debug build's collector aborts on such a type"
)
def test_a_type_that_shows_too_much(quiet, rooms):
    box = []
    box.append(rooms.Liar(box, 3))
    del box
    report = gcscope.garbage()
    # taken for reachable, as by the collector
    assert report.objects == 0 and "tp_traverse" in report.notes[0]
    [box] = [
        thing
        for thing in gc.get_objects()
        if type(thing) is list and len(thing) == 1 and type(thing[0]) is rooms.Liar
    ]
    assert only(gcscope.cycles(box)).objects == 2
    box.clear()


def test_a_type_that_shows_too_little(quiet, rooms):
    box = []
    box.append(rooms.Liar(box, 0))
    assert not gcscope.cycles(box)
    box.clear()


def test_a_type_without_clear(quiet, rooms):
    box = []
    box.append(rooms.Stubborn(box, 1))
    del box
    cycle = only(gcscope.garbage())
    assert [(link.type, link.named) for link in cycle.ring] == [("rooms.Stubborn", False)]
    assert cycle.cut.frees == 2
    gc.collect()


def core_form():
    (form,) = _core.unreachable_rings({}, None).forms
    return form


def test_each_reference_with_a_label_counts(quiet):
    box = []
    box += [box, box, box]
    del box
    assert core_form().trials == [(0, 3, 1)]


def test_a_place_of_a_tuple_is_not_tried(quiet):
    box = []
    box.append((box, box))
    del box
    assert sorted(core_form().trials) == [(-1, 0, -1), (2, 0, -1)]
