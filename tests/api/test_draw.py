"""draw: boxes, arrows, counts, rings, who holds from outside, and what is folded away."""

import gc
import sys
import threading
import weakref

import pytest

import gcscope
from gcscope import Person, draw, holders, refcount
from gcscope.api.draw import MOST_ALIKE, MOST_BOXES, MOST_DRAWN, MOST_HOLDERS, MOST_IN_ROW
from gcscope.model.picture import OBJECT, OUTSIDE, REST, Picture
from specimens.objects import PLAIN, Plain, Slotted, evil, world

pytestmark = pytest.mark.usefixtures("quiet", "thawed")
HERE = __name__
kept_by_a_module = Person("Ada")


def drawn(picture):
    """Arrows as (from, label, to); boxes by their titles."""
    titles = {box.key: box.title for box in picture.boxes}
    return [(titles[arrow.source], arrow.label, titles[arrow.target]) for arrow in picture.arrows]


def titles(picture, kind=OBJECT):
    return [box.title for box in picture.boxes if box.kind == kind]


def holder(picture, place=0):
    """What leads to a box and is no object."""
    outside = {box.key: box.title for box in picture.boxes if box.kind != OBJECT}
    key = [box.key for box in picture.boxes if box.kind == OBJECT][place]
    return [
        outside[arrow.source]
        for arrow in picture.arrows
        if arrow.target == key and arrow.source in outside
    ]


def test_two_friends():
    p1, p2 = Person("Michael"), Person("Sarah")
    p1.befriend(p2)
    picture = draw(p1, p2)
    michael, sarah = "gcscope.Person 'Michael'", "gcscope.Person 'Sarah'"
    names = [f"{name} in test_two_friends()" for name in ("p1", "p2")]
    assert drawn(picture) == [
        (michael, ".friends[0]", sarah),
        (sarah, ".friends[0]", michael),
        (names[0], "", michael),
        (names[1], "", sarah),
    ]
    assert (
        [box.refcount for box in picture.boxes]
        == [2, 2, None, None]
        == [refcount(p1), refcount(p2), None, None]
    )
    assert [box.on_ring for box in picture.boxes] == [True, True, False, False]
    assert [arrow.on_ring for arrow in picture.arrows] == [True, True, False, False]
    assert picture.title == "2 objects, all on rings"
    assert "gcscope.Person 'Michael' .friends[0] → gcscope.Person 'Sarah'" in picture.description
    assert Picture.from_json(picture.to_json()) == picture
    assert titles(draw(*[p1, p2])) == titles(draw(p1)) == [michael, sarah]
    assert draw(p1, p1) == draw(p1)


def test_what_only_the_call_holds():
    picture = draw(Person("Ann"), Person("Bob"))
    assert titles(picture) == ["gcscope.Person 'Ann'", "gcscope.Person 'Bob'"]
    assert [(box.refcount, box.lines) for box in picture.boxes] == [
        (0, ("held by this call only",))
    ] * 2
    gone = weakref.ref(one := Plain())
    given = (one, one)
    assert draw(*given) == draw(one) and gc.is_tracked(given)
    with pytest.raises(TypeError):
        draw(one, 1)
    del one, given
    assert gone() is None


def test_what_is_unreachable_says_so():
    one = Plain()
    one.me = one
    assert "unreachable" not in draw(one).boxes[0].lines
    address = id(one)
    del one
    from gcscope.api.draw import picture_of_neighborhood
    from gcscope.api.neighborhood import look

    [box] = picture_of_neighborhood(look([address])).boxes
    assert box.lines == ("unreachable",) and box.on_ring and box.refcount == 1


def test_rings_are_told_from_what_hangs_on_them():
    a, b, c, d = (Slotted() for _ in range(4))
    a.a, b.a, b.b, c.a, d.a = b, a, c, d, c
    picture = draw(a, b, c, d)
    assert picture.title.startswith("4 objects, all on rings")
    assert [arrow.on_ring for arrow in picture.arrows[:5]] == [True, True, False, True, True]
    c.a = None
    picture = draw(a, b, c, d)
    assert [box.on_ring for box in picture.boxes[:4]] == [True, True, False, False]
    assert picture.title == "4 objects, 2 of them on rings"
    a.a = None
    assert draw(a, b, c, d).title == "4 objects"


def test_variables_of_every_kind():
    mine = captured = Person("Ida")

    def inner():
        return captured

    generator = (mine for mine in [captured])
    next(generator)
    name = "test_variables_of_every_kind"
    told = holder(draw(mine))
    assert (
        told[-1] == f"mine in {name}.<locals>.<genexpr>()"
        or f"mine in {name}.<locals>.<genexpr>()" in told
    )
    assert f"mine in {name}()" in told
    assert holder(draw(kept_by_a_module)) == [f"{HERE}.kept_by_a_module"]
    assert any("captured" in title for title in told) and inner() is mine
    told = holders(mine)
    assert told.unexplained == 0


def test_a_variable_of_the_main_module_is_called_by_its_name(python):
    code = """
import gcscope
p1 = gcscope.Person("Michael")
print([box.title for box in gcscope.draw(p1).boxes])
"""
    assert python("-c", code).out == """["gcscope.Person 'Michael'", 'p1']\n"""


def test_variables_of_other_threads():
    begun, end = threading.Event(), threading.Event()

    def hold():
        theirs = found[0]
        begun.set()
        end.wait()
        del theirs

    found = [Plain()]
    thread = threading.Thread(target=hold)
    thread.start()
    begun.wait()
    told = holder(draw(found[0]))
    end.set()
    thread.join()
    assert (
        "theirs in test_variables_of_other_threads.<locals>.hold()" in told and "list [0]" in told
    )


def test_plain_containers_are_folded_into_labels():
    one, other = Plain(), Slotted()
    one.deep = {"k": ([other],)}
    other.a = shared = [one]
    labels = [label for _, label, _ in drawn(draw(one)) if label]
    assert labels[:2] == [".deep['k'][0][0]", ".a"]  # what two hold is a box
    assert "list" in titles(draw(one)) and shared
    assert titles(draw(one, one.deep))[1] == "dict"  # and so is what is given


def test_parallel_references_each_have_an_arrow():
    one, other = Slotted(), Slotted()
    one.a = one.b = other
    other.a = [one, one]
    labels = [".a", ".b", ".a[0]", ".a[1]"]
    assert [label for _, label, _ in drawn(draw(one, other)) if label] == labels
    other.a.append(one)
    labels[2:] = [".a[0] and 2 more"]
    assert [label for _, label, _ in drawn(draw(one, other)) if label] == labels
    other.a *= 100_000
    labels[2:] = [".a[0] and 299,999 more"]
    assert [label for _, label, _ in drawn(draw(one, other)) if label] == labels


@pytest.mark.parametrize("count", [60, 2500])
def test_more_objects_than_have_a_place(count):
    picture = draw(*[Slotted() for _ in range(count)])
    drawn_here = len(titles(picture))
    assert drawn_here == MOST_BOXES - 1
    assert picture.lines == (f"and {count - drawn_here:,} more objects, which are not drawn",)
    assert picture.lines[0] in picture.description and picture.lines[0] in str(picture)


@pytest.mark.parametrize("length", [MOST_DRAWN, MOST_DRAWN + 1, MOST_DRAWN + 2, 5000])
def test_a_chain_that_goes_on(length):
    first = last = Slotted()
    for _ in range(length - 1):
        last.a = Slotted()
        last = last.a
    picture = draw(first)
    boxed = sum(box.title == "+ 1 more object" for box in picture.boxes)
    assert len(titles(picture)) == min(length, MOST_DRAWN) and boxed == (length > MOST_DRAWN)
    beyond = length - MOST_DRAWN - 1
    told = (
        f"and {beyond:,} more object{'s' if beyond > 1 else ''}, which "
        f"{'are' if beyond > 1 else 'is'} not drawn"
    )
    assert picture.lines == ((told,) if beyond > 0 else ())


def test_what_a_suspended_generator_lends_is_told_and_not_counted():
    """From 3.14 on; before, it owns what lies on its stack."""

    def waiting(mine):
        [mine, mine, mine, (yield)]

    mine = Plain()
    generator = waiting(mine)
    next(generator)
    lists = [[mine] for _ in range(10)]
    picture = draw(generator, mine)
    [box] = [box for box in picture.boxes if box.title == PLAIN]
    assert box.refcount == refcount(mine)
    told = {box.key: box.title for box in picture.boxes}
    owned = [
        a for a in picture.arrows if a.target == box.key and "lent" not in a.label + told[a.source]
    ]
    more = sum(int(told[a.source].split()[1]) - 1 for a in owned if told[a.source].startswith("+ "))
    many = sum(int(a.label.split()[-2]) for a in owned if a.label.endswith(" more"))
    assert len(owned) + more + many == box.refcount
    lent = [a for a in picture.arrows if a.label.endswith("(lent)")]
    assert bool(lent) == (sys.version_info >= (3, 14)) and len(lists) == 10


def test_five_hundred_friends():
    hub = Person("Ada")
    for number in range(500):
        hub.befriend(Person(f"Friend {number}"))
    picture = draw(hub)
    assert len(titles(picture)) == 1 + MOST_ALIKE
    [rest] = [box for box in picture.boxes if box.kind == REST]
    assert (rest.title, rest.lines) == ("+ 496 more objects", ("496 references back",))
    assert sum(rest.key in (arrow.source, arrow.target) for arrow in picture.arrows) == 2
    assert holder(picture) == ["+ 496 more objects", "hub in test_five_hundred_friends()"]


def references_shown(picture, box):
    """How many references to a box a reader counts."""
    by_key = {one.key: one for one in picture.boxes}
    count = 0
    for arrow in picture.arrows:
        if arrow.target == box.key:
            source = by_key[arrow.source]
            text = " ".join(source.lines) if source.key.startswith("more ") else source.title
            lent = source.kind == OUTSIDE and "lent" in text
            number = [
                word.replace(",", "") for word in text.split() if word.replace(",", "").isdigit()
            ]
            count += 0 if lent else int(number[0]) if source.kind == REST else 1
    return count


def many_holders():
    one = Plain()
    return one, [[one] for _ in range(70)]


def hidden_holders():
    one = Plain()
    one.kept = [Plain() for _ in range(60)]
    for other in one.kept:
        other.back = one
    return one, None


def tree():
    def make(depth):
        one = Slotted()
        one.a = [make(depth - 1) for _ in range(3)] if depth else []
        for child in one.a:
            child.b = one
        return one

    return make(4), None


def tangle():
    people = [Person(str(number)) for number in range(30)]
    for number, one in enumerate(people):
        for step in (1, 2, 7):
            one.friends.append(people[(number * 3 + step) % 30])
    return people[0], None


@pytest.mark.parametrize("make", [many_holders, hidden_holders, tree, tangle])
def test_every_reference_is_drawn_or_counted(make):
    """Arrows to a box, and numbers of what is left out, add up to its count."""
    one, kept = make()
    picture = draw(one)
    box = picture.boxes[0]
    assert len(picture.boxes) <= MOST_BOXES and box.refcount == refcount(one)
    assert references_shown(picture, box) == box.refcount, picture
    if not any(b.key == "others" for b in picture.boxes):
        for other in picture.boxes:
            if other.refcount is not None:
                assert references_shown(picture, other) == other.refcount, (other, picture)
    assert kept is None or len(kept) == 70


@pytest.mark.parametrize("count", [1, 12, 38, 39, 40, 200])
def test_there_are_never_too_many_boxes(count):
    objects = [Plain() for _ in range(count)]
    for obj in objects:
        obj.children = [Plain() for _ in range(9)]
    picture = draw(*objects)
    assert len(picture.boxes) <= MOST_BOXES
    assert len(titles(picture)) >= min(count, MOST_BOXES - 1)
    if count > MOST_BOXES:
        assert "more reference" in picture.boxes[-1].title


def test_only_what_is_near_is_drawn():
    one = Slotted()
    one.a = [Slotted() for _ in range(3)]
    one.b = {"k": Person("Ada"), "l": Plain(), "m": Plain(), "n": Plain()}
    for child in one.a:
        child.a = [Plain() for _ in range(5)]
    picture = draw(one)
    assert len(titles(picture)) <= MOST_DRAWN and len(titles(picture)) >= 1 + MOST_IN_ROW
    assert any(box.title == "+ 3 more objects" for box in picture.boxes)


def test_holders_from_outside_are_few():
    one = Plain()
    kept = [[one] for _ in range(9)]
    told = holder(draw(one))
    assert len(told) == MOST_HOLDERS + 1 and told[-1] == "+ 6 more references" and len(kept) == 9


def test_what_nobody_shows_is_told():
    import ctypes

    hidden = Plain()
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(hidden))
    told = holder(draw(hidden))
    ctypes.pythonapi.Py_DecRef(ctypes.py_object(hidden))
    assert told[-1] == "+ 1 reference that nobody shows: C code, or an evaluation stack"


def test_odd_names():
    for name in ("", "x" * 10_000, "שרה", "😀👩‍👩‍👧", "a\nb", '"\\N<&>'):
        one = Person(name)
        one.me = one
        picture = draw(one)
        assert picture._repr_mimebundle_()["text/plain"] == str(picture)
        assert Picture.from_json(picture.to_json()) == picture


def test_long_paths_are_cut_at_the_far_end():
    import asyncio

    [where] = draw(asyncio.sleep).boxes[0].lines
    assert where.startswith("…/asyncio/tasks.py:")


def test_nothing_is_held_and_nothing_is_run():
    cls = evil()
    one = cls()
    object.__setattr__(one, "me", one)
    watched = weakref.ref(one)
    before = world([one, cls])
    picture = draw(one)
    assert world([one, cls]) == before
    del one
    gc.collect()
    assert watched() is None and str(picture)


def test_no_trash(python):
    code = """
import gc
gc.collect(); gc.disable()
import gcscope
class Plain: pass
one = Plain()
one.me = [one]
picture = gcscope.draw(one)
str(picture), picture.to_json(), picture._repr_mimebundle_(), repr(picture)
print(gcscope.garbage().objects, gc.collect())
"""
    assert python("-c", code).out == "0 0\n"


def test_misuse():
    for objects, message in (
        ((), "takes the objects"),
        ((1,), "an int is not one"),
        (([], "x"), "a str is not one"),
    ):
        with pytest.raises(TypeError, match=message):
            draw(*objects)


def test_a_labeller_names_references():
    kind = type(iter([]))
    one = Plain()
    walk = iter([one])

    @gcscope.labeller(kind)
    def label(obj):
        yield ".never", None

    try:
        assert draw(walk).boxes
    finally:
        del gcscope.explain.labellers.labellers[id(kind)]
