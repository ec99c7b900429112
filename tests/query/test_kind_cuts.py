"""Cuts by kinds of reference: their direction, their advice, and what they free, by cutting."""

import gc
import random
import re
import sys
import weakref

import pytest

import gcscope
from specimens.rings import labels_of, only
from support import no_generations

pytestmark = pytest.mark.usefixtures("quiet", "small_heap")


class Node:
    pass


class Document:
    pass


class Tag:
    pass


class Text:
    pass


class Person:
    pass


class NoWeak:
    """Cannot be referred to weakly."""

    __slots__ = ("child", "friend", "items", "parent")


# ------------------------------------------------------------------------------------------ shapes


def tree(count=40, cls=Node):
    """Each node has a list of children, which know it."""
    root = cls()
    nodes = [root]
    for n in range(1, count):
        node, parent = cls(), nodes[(n - 1) // 3]
        node.parent = parent
        parent.children = getattr(parent, "children", None) or []
        parent.children.append(node)
        nodes.append(node)
    return nodes


def doubly_linked(count=20):
    nodes = [Node() for _ in range(count)]
    for before, after in zip(nodes, nodes[1:], strict=False):
        before.next, after.prev = after, before
    return nodes


def soup(count=30):
    """As bs4 has it: parents, siblings and the order of the text."""
    top = Document()
    top.contents, top.next_element = [], None
    everything = [top]
    for n in range(count):
        parent = everything[n // 3] if hasattr(everything[n // 3], "contents") else top
        element = Tag() if n % 3 else Text()
        if n % 3:
            element.contents = []
        element.parent = parent
        element.previous_sibling = parent.contents[-1] if parent.contents else None
        if element.previous_sibling is not None:
            element.previous_sibling.next_sibling = element
        element.previous_element = everything[-1]
        everything[-1].next_element = element
        parent.contents.append(element)
        everything.append(element)
    return everything


def held_by_tuples(count=10):
    """Children stand in tuples, which nobody can take them out of."""
    root = Node()
    root.pairs = tuple((n, Node()) for n in range(count))
    for _, node in root.pairs:
        node.parent = root
    return [root, *(node for _, node in root.pairs)]


def friends(count=6):
    """All know all: nobody is above anybody."""
    people = [Person() for _ in range(count)]
    for person in people:
        person.friends = [other for other in people if other is not person]
    return people


def without_weakrefs():
    parent = NoWeak()
    parent.items = [NoWeak() for _ in range(8)]
    for child in parent.items:
        child.parent = parent
    return [parent, *parent.items]


def registered_by_key():
    """A hub with two registries, whose entries know it by different names."""
    hub = Document()
    hub.by_name, hub.by_kind = {}, {"node": {}}
    for n in range(9):
        node = Node()
        node.owner, hub.by_name[f"n{n}"] = hub, node
        tag = Tag()
        tag.root, hub.by_kind["node"][n] = hub, [tag]
    nodes, tags = hub.by_name.values(), hub.by_kind["node"].values()
    return [hub, *nodes, *(tag for [tag] in tags)]


# ----------------------------------------------------------------------------------------- cutting


def names_of(kind):
    """Part a kind into class, attribute, and whether what is meant is in the attribute's value."""
    place = kind.find("[")
    head = kind if place < 0 else kind[:place]
    owner, _, attribute = head.rpartition(".")
    return owner, attribute, place >= 0


def is_of(thing, owner):
    cls = type(thing)
    return f"{cls.__module__}.{cls.__qualname__}" == owner


def empty(container):
    """Take everything out of a container, and out of what is in it; a tuple stays as it is."""
    inner = list(container.values()) if isinstance(container, dict) else list(container)
    if not isinstance(container, tuple):
        container.clear()
    for item in inner:
        if isinstance(item, (list, dict, tuple)):
            empty(item)


def cut_really(cut, members):
    """Drop all references of the kinds of a cut. Return how many attributes were dropped."""
    dropped = 0
    for owner, attribute, is_inside in map(names_of, cut.kinds):
        for thing in members:
            value = getattr(thing, attribute, None) if is_of(thing, owner) else None
            if value is not None and is_inside:
                empty(value)
            elif value is not None:
                setattr(thing, attribute, None)
            dropped += value is not None
            del value
    return dropped


def make_dicts_real(members):
    """Those that would be made while it is cut, and counted then; from 3.13 on none is."""
    for thing in members if sys.version_info < (3, 13) else ():
        getattr(thing, "__dict__", None)


def told_and_cut(shape):
    """Make a shape and cut it, while all are held.

    Return its cut, how many attributes were dropped, who is left, and how many objects died then.
    """
    members = shape()
    make_dicts_real(members)
    cut = only(gcscope.cycles(*members)).cut
    references = [weakref.ref(thing) for thing in members if hasattr(thing, "__weakref__")]
    before = len(gc.get_objects()) - 1  # the list of members is no member
    dropped = cut_really(cut, members)
    del members
    freed = before - len(gc.get_objects())
    return cut, dropped, [ref() for ref in references if ref() is not None], freed


EXPECTED = {
    tree: {"Node.parent"},
    doubly_linked: {"Node.prev"},
    soup: None,
    held_by_tuples: {"Node.parent"},
    without_weakrefs: {"NoWeak.parent"},
    registered_by_key: {"Node.owner", "Tag.root"},
}


@pytest.mark.parametrize("shape", EXPECTED, ids=lambda shape: shape.__name__)
def test_cutting_all_of_the_kinds_frees_everything(shape):
    members = shape()
    make_dicts_real(members)
    del members
    told = only(gcscope.garbage())
    gc.collect()
    cut, dropped, left, freed = told_and_cut(shape)
    assert told.cut.kinds == cut.kinds and told.cut.references == cut.references == dropped
    assert told.cut.frees == told.objects + told.dragged == freed
    assert left == []
    kinds = {kind.removeprefix("test_kind_cuts.") for kind in cut.kinds}
    if EXPECTED[shape] is not None:
        assert kinds == EXPECTED[shape]
    else:
        backwards = re.compile(r"\.(parent|prev\w*|next_sibling|next_element)$")
        assert kinds and all(backwards.search(kind) for kind in kinds)


@pytest.mark.parametrize("shape", [tree, doubly_linked, held_by_tuples])
def test_what_goes_back_is_to_be_weak(shape):
    shape()
    cut = only(gcscope.garbage()).cut
    assert cut.advice.startswith(("make Node.parent weak", "make Node.prev weak"))
    assert f"{cut.references:,} references" in str(gcscope.garbage())


def test_what_cannot_be_weak_is_not_told_to_be():
    without_weakrefs()
    cut = only(gcscope.garbage()).cut
    assert "weak" not in cut.advice and cut.kinds == ("test_kind_cuts.NoWeak.parent",)


def test_among_equals_nothing_is_told_to_be_weak():
    """A weak friend would die where nobody else holds it."""
    friends()
    cycle = only(gcscope.garbage())
    assert "weak" not in cycle.cut.advice and cycle.cut.frees == cycle.objects + cycle.dragged


@pytest.mark.parametrize("names", [("alpha", "beta"), ("alpha", "alpha")])
def test_where_the_direction_is_not_sure_nothing_is_told_to_be_weak(names):
    """Names that say nothing, one reference of each; a collection came since they were born."""
    one, other = Node(), Node()
    setattr(one, names[0], other)
    setattr(other, names[1], one)
    gc.collect()
    del one, other
    cycle = only(gcscope.garbage())
    assert cycle.cut.frees == cycle.objects + cycle.dragged
    assert "make" not in cycle.cut.advice


@no_generations
def test_age_decides_where_names_do_not():
    """The younger one was given to the older: it refers back."""
    for older, younger in (("alpha", "beta"), ("beta", "alpha")):
        one, other = Node(), Tag()
        setattr(one, older, other)
        setattr(other, younger, one)
        del one, other
        assert only(gcscope.garbage()).cut.link.label == f".{younger}"
        gc.collect()


def test_what_refers_to_itself_has_no_other_direction():
    node = Node()
    node.parent = node
    del node
    cycle = only(gcscope.garbage())
    assert cycle.cut.advice == "make Node.parent a weakref.ref, or set it to None when done"


@no_generations
def test_a_response_keeps_its_stream():
    """The one reference to a child that was just made is not to be weak."""

    class Stream:
        pass

    response = Document()
    response.stream = Stream()
    response.stream.response = response
    del response
    [cycle] = [c for c in gcscope.garbage().cycles if c.ring[0].type.endswith("Document")]
    assert cycle.cut.link.label == ".response"


def test_the_ring_of_a_tree_is_parent_and_child():
    tree(200)
    cycle = only(gcscope.garbage())
    assert [label.partition("[")[0] for label in labels_of(cycle)] == [".children", ".parent"]
    assert cycle.cut.references == 199 and cycle.cut.link.label == ".parent"


def test_a_live_tree_is_freed_by_the_same_cut():
    nodes = tree(30)
    alive = only(gcscope.cycles(nodes[0])).cut
    assert alive.frees == 0 and alive.kinds == ("test_kind_cuts.Node.parent",)
    del nodes
    assert only(gcscope.garbage()).cut.advice == alive.advice
    assert only(gcscope.garbage()).cut.kinds == alive.kinds


def test_each_growth_of_a_choice_of_kinds(starving):
    """Whatever fails, the next answer is the same."""
    starving("""
import gc
import _testcapi  # before the freeze: what is defined meanwhile may wait for the collector
from pathlib import Path
sys.path += [str(Path(path) / "query") for path in sys.path if path.endswith("tests")]
import gcscope, test_kind_cuts
from gcscope import _core
gc.disable()
def rings():
    _core.unreachable_rings({}, None)
gc.collect()
gc.freeze()
test_kind_cuts.registered_by_key()
test_kind_cuts.friends()
expected = gcscope.garbage()
assert {len(cycle.cut.kinds) for cycle in expected.cycles} >= {2}, expected
growths, answer = each_growth(gcscope.garbage)
assert growths > 40 and answer == expected, (growths, answer)
failures = each_allocation(rings)
assert failures > 20, failures
assert gcscope.garbage() == expected
""")


class Tagged:
    __slots__ = ("__weakref__", "marked", "x", "y")


class Marked(Tagged):
    __slots__ = ()


def _scattered(classes, seed):
    """Make instances of these classes one after the other, at addresses in any order."""
    room = [Tagged() for _ in range(300)]
    random.Random(seed).shuffle(room)
    while room:
        room.pop()  # what is freed last is taken first
    return [cls() for cls in classes]


def _tuples_and_lists(seed):
    a, b = _scattered([Tagged] * 2, seed)
    a.x, b.x = (b,), [a]
    a.y = b.y = a


def _objects_and_containers(seed):
    nodes = _scattered([Tagged] * 6, seed)
    for i, node in enumerate(nodes):
        node.x = nodes[i - 1] if i % 2 else [nodes[i - 1], nodes[i - 2]]
        node.y = nodes[i - 3]


def _targets_of_two_classes(seed):
    a, c, b, d = _scattered([Tagged, Tagged, Marked, Tagged], seed)
    a.marked, b.marked, c.x, d.x = b, c, d, a


def _two_of_one_form(seed):
    one, other = _scattered([Tagged] * 2, seed)
    one.x = one.y = one
    other.x = other.y = other.marked = other


def _a_name_of_its_own_beside_others(seed):
    one, other, third = _scattered([Tagged, Marked, Tagged], seed)
    one.x = one
    other.x, other.y, third.x, third.y = third, third, other, other


@pytest.mark.parametrize(
    "make",
    [
        _a_name_of_its_own_beside_others,
        _two_of_one_form,
        _tuples_and_lists,
        _objects_and_containers,
        _targets_of_two_classes,
    ],
)
def test_what_stands_first_in_memory_decides_nothing(make):
    told = set()
    for seed in range(20):
        gc.collect()
        make(seed)
        report = gcscope.garbage()
        told.add(tuple(sorted((c.fingerprint, str(c.cut), c.advice) for c in report.cycles)))
    assert len(told) == 1, told


def test_a_list_of_very_many_references_to_two_objects_is_read_a_few_times():
    """Each of them closes a ring; reading the list again for each would take minutes."""
    a, b = Tagged(), Tagged()
    a.x = b.x = [a, b] * 100_000
    del a, b
    cycle = only(gcscope.garbage())
    assert (cycle.objects, labels_of(cycle)[0][:3]) == (3, ".x[")
    assert cycle.cut.frees == 3


def test_many_names_are_cut_within_a_budget():
    """Of a large component fewer sets of names are tried; what is left has no ring all the same."""
    nodes = [Node() for _ in range(20_000)]
    chance = random.Random(1)
    for i, node in enumerate(nodes):
        setattr(node, f"to{i % 150}", nodes[i - 1])
        setattr(node, f"to{chance.randrange(150)}", chance.choice(nodes))
    del nodes, node
    cycle = only(gcscope.garbage())
    assert cycle.cut.kinds
    assert cycle.cut.frees == cycle.objects + cycle.dragged


def _list_of_itself():
    made = []
    made.append(made)


def _dict_of_itself():
    made = {}
    made["me"] = made


def _own_list():
    node = Node()
    node.kept = [node]


def _two_lists():
    one, other = gcscope.Person("Michael"), gcscope.Person("Sarah")
    one.befriend(other)


@pytest.mark.parametrize(
    ("leave", "advice"),
    [
        (_list_of_itself, "clear() the list when done"),
        (_dict_of_itself, "clear() the dict when done"),
        (_own_list, "clear() Node.kept when done"),
        (_two_lists, "clear() Person.friends when done"),
    ],
)
def test_an_advice_says_what_is_to_be_cleared(leave, advice):
    leave()
    cycle = only(gcscope.garbage())
    assert cycle.cut.advice == advice
    assert "clear() it" not in cycle.advice
