"""draw: boxes, arrows, counts, rings, who holds from outside, and what is folded away."""

import gc
import sys
import threading
import weakref

import pytest

import gcscope
from gcscope import Person, draw, holders, refcount
from gcscope.api.chosen import MOST_ALIKE, MOST_BOXES, MOST_DRAWN, MOST_IN_ROW
from gcscope.api.draw import MOST_HOLDERS
from gcscope.model.picture import OBJECT, OUTSIDE, REST, Picture
from specimens.objects import PLAIN, Plain, Slotted, evil, world
from support import LEFT_SOURCE

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


@pytest.mark.thread_unsafe(reason="what dies while another thread lists is freed a little later")
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
    assert box.unreachable and not any(box.unreachable for box in draw(Plain()).boxes)


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


@pytest.mark.thread_unsafe(reason="other threads have the object of the module, too")
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
    assert picture.title == f"{count:,} objects; {drawn_here} drawn" and picture.lines == ()
    assert picture.title in picture.description and picture.title in str(picture)


@pytest.mark.parametrize("length", [MOST_DRAWN, MOST_DRAWN + 1, MOST_DRAWN + 2, 5000])
def test_a_chain_that_goes_on(length):
    first = last = Slotted()
    for _ in range(length - 1):
        last.a = Slotted()
        last = last.a
    picture = draw(first)
    boxed = sum(box.title == "+ 1 more object" for box in picture.boxes)
    assert len(titles(picture)) == min(length, MOST_DRAWN) and boxed == (length > MOST_DRAWN)
    drawn_of_them = f"; {MOST_DRAWN} drawn" if length > MOST_DRAWN else ""
    assert picture.title == f"{length:,} objects{drawn_of_them}" and picture.lines == ()


def test_what_a_suspended_generator_lends_is_told_and_not_counted():
    """From 3.14 on; before, it owns what lies on its stack."""

    def waiting(mine):
        [mine, mine, mine, (yield)]

    mine = Plain()
    generator = waiting(mine)
    next(generator)
    lists = [[mine] for _ in range(10)]
    picture = draw(generator, mine)
    [box] = [box for box in picture.boxes if box.title.startswith(PLAIN)]
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
print(left())
"""
    assert python("-c", LEFT_SOURCE + code).out == "0\n"


def test_misuse():
    for objects, message in (
        ((), "takes the objects"),
        ((1,), "an int is not one of them: give what holds it, such as a list"),
        (([], "x"), "a str is not one"),
        ((int,), "the built-in class int is not one of them: give an instance of it"),
    ):
        with pytest.raises(TypeError, match=message):
            draw(*objects)


@pytest.mark.parametrize("word", [draw, gcscope.film])
def test_misuse_of_keywords(word):
    for keywords, error, message in (
        ({"depth": "2"}, TypeError, r"\(\): depth is how many references .*, not of type 'str'"),
        ({"depth": True}, TypeError, "not of type 'bool'"),
        ({"depth": -1}, ValueError, "0 for the given objects alone, not -1"),
        ({"most": 0}, ValueError, "from 1 to 2,000, not 0"),
        ({"most": 2001}, ValueError, "from 1 to 2,000, not 2001"),
        ({"most": 4.0}, TypeError, "an int or None, not of type 'float'"),
        ({"containers": 1}, TypeError, "is True, where lists .* not of type 'int'"),
    ):
        with pytest.raises(error, match=f"^{word.__name__}.*{message}"):
            word([], **keywords)


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


# ------------------------------------------------------------------- how far, how much, as what


def ring_of(length, first=("Michael", "Sarah")):
    """People, each a friend of the next."""
    people = [Person(name) for name in [*first, *map(str, range(3, length + 1))]]
    for place, one in enumerate(people):
        one.friends.append(people[(place + 1) % length])
    return people


def names(picture):
    return [title.split("'")[1] if "'" in title else title for title in titles(picture)]


def test_containers_are_boxes_where_that_is_asked_for():
    p1, p2 = Person("Michael"), Person("Sarah")
    p1.befriend(p2)
    picture = draw(p1, p2, containers=True)
    assert picture.title == "4 objects, all on rings"
    assert names(picture) == ["Michael", "Sarah", "list", "list"]
    assert [box.refcount for box in picture.boxes[:4]] == [2, 2, 1, 1]
    assert [box.lines for box in picture.boxes[:4]] == [(), (), ("1 item",), ("1 item",)]
    assert [label for _, label, _ in drawn(picture) if label] == [
        ".friends",
        ".friends",
        "[0]",
        "[0]",
    ]
    sizes = {(): 1, 0: [], 1: (1, []), 2: {1, 2}, 3: {}, 4: frozenset((1, 2, 3))}
    told = {box.title.split()[0]: box.lines for box in draw(sizes, containers=True).boxes[:4]}
    assert told["dict"] == ("6 items",) and told["set"] == ("2 items",)
    one = Plain()
    one.kept = {"k": ([one],)}
    folded, whole = draw(one), draw(one, containers=True)
    assert titles(folded) == [f"{PLAIN} one"] and folded.title == "1 object, on a ring"
    kinds = [title for title in titles(whole)[1:] if title != "dict"]
    assert sorted(kinds) == ["list", "tuple"] and whole.title.endswith(", all on rings")


@pytest.mark.usefixtures("whole_heap")
def test_as_many_objects_as_the_collector_counts():
    address = [id(one) for one in ring_of(3)][0]
    from gcscope.api.chosen import Limits
    from gcscope.api.draw import picture_of_neighborhood
    from gcscope.api.neighborhood import look

    picture = picture_of_neighborhood(look([address]), limits=Limits(None, None, True))
    assert len(titles(picture)) == gcscope.garbage().objects == 6
    assert all(box.unreachable for box in picture.boxes)


@pytest.mark.parametrize(("depth", "expected"), [(0, 1), (1, 2), (3, 4), (9, 10), (50, 40)])
def test_depth_is_how_many_arrows_it_goes(depth, expected):
    first = last = Slotted()
    for _ in range(60):
        last.a = [Slotted()]
        last = last.a[0]
    picture = draw(first, depth=depth)
    assert len(titles(picture)) == expected
    assert picture.title == f"61 objects; {expected} drawn"
    assert len(titles(draw(first, depth=depth, containers=True))) == min(depth + 1, 40)
    assert sum(box.title.startswith("+") for box in picture.boxes) == 1


@pytest.mark.parametrize("most", [1, 3, 12, 40, 500, 2000])
def test_most_is_how_many_objects_have_a_box(most):
    hub = Plain()
    hub.kept = [Plain() for _ in range(600)]
    assert len(titles(draw(hub, most=most))) == min(most, 601)
    assert len(titles(draw(*hub.kept, most=most))) == min(most, 600)
    expected = f"; {most} drawn" if most < 601 else ""
    assert draw(hub, most=most).title == f"601 objects{expected}"


def test_forty_boxes_from_one_root():
    root, _ = tree()
    picture = draw(root, most=40)
    assert len(titles(picture)) == 40 and picture.title == "121 objects, all on rings; 40 drawn"
    assert len(titles(draw(root, depth=2))) == 13


def test_the_title_counts_all_that_was_met():
    people = ring_of(45)
    people[0].friends.extend(Person(f"alone {number}") for number in range(30))
    assert draw(people[0]).title == "75 objects, 45 of them on rings; 12 drawn"
    assert draw(people[0], containers=True).title == "150 objects, 90 of them on rings; 12 drawn"
    many = [ring_of(2) for _ in range(1500)]
    picture = draw(many)
    assert picture.title == "3,001 objects, 3,000 of them on rings; 5 drawn"  # 2000 are looked at
    taken = gcscope.film(many)
    assert taken.frame("much").picture.lines == (picture.title,)
    assert taken.frame("much").picture.title == "much"


@pytest.mark.parametrize("length", [3, 12, 13, 14, 1000, 3000])
def test_of_a_long_ring_both_ends_are_drawn(length):
    people = ring_of(length)
    michael = people[0]
    del people
    picture = draw(michael)
    left_out = length - MOST_DRAWN
    assert names(picture)[:2] == ["Michael", "Sarah"]
    assert len(titles(picture)) == min(length, MOST_DRAWN)
    rest = [box for box in picture.boxes if box.kind == REST]
    assert len(rest) == (left_out > 0)
    if rest:
        [gap] = rest
        assert gap.title == f"+ {left_out:,} more object{'s' if left_out > 1 else ''}"
        assert gap.on_ring and gap.lines == ("on the ring",) and not gap.unreachable
        assert names(picture)[-1] == str(length) or str(length) in names(picture)
        around = [(a, label, b) for a, label, b in drawn(picture) if gap.title in (a, b)]
        assert [label for _, label, _ in around] == [".friends[0]"] * 2
        assert around[0][2] == gap.title == around[1][0]
        assert around[1][2].split("'")[1] == str(length - (MOST_DRAWN - 1) // 2 + 1)
    assert sum(arrow.on_ring for arrow in picture.arrows) == len(titles(picture)) + len(rest)


def test_a_ring_whose_end_is_too_far_is_closed_by_what_is_left_out(monkeypatch):
    monkeypatch.setattr("gcscope.api.neighborhood.MOST_FAR", 100)
    people = ring_of(3000)
    michael = people[0]
    del people
    picture = draw(michael)
    assert names(picture) == ["Michael", "Sarah", *map(str, range(3, 13))]
    gap = "+ 2,988 more objects"
    assert [way for way in drawn(picture) if gap in way] == [
        (picture.boxes[11].title, ".friends[0]", gap),
        (gap, "1 reference", picture.boxes[0].title),
    ]
    assert [box.title for box in picture.boxes if box.kind == REST] == [gap]


def test_many_long_rings_have_no_more_boxes_than_others():
    picture = draw(*[ring_of(20)[0] for _ in range(39)])
    assert len(picture.boxes) <= MOST_BOXES and picture.title.endswith("all on rings; 39 drawn")


def test_what_is_left_out_is_unreachable_as_well():
    hub = Person("Ada")
    for number in range(9):
        hub.befriend(Person(str(number)))
    with gcscope.film(hub) as taken:
        here = taken.frame("here").picture
        del hub
        gone = taken.frame("gone").picture
    for picture, lost in ((here, ()), (gone, ("unreachable",))):
        [rest] = [box for box in picture.boxes if box.kind == REST]
        assert rest.lines == ("5 references back", *lost) and rest.unreachable == bool(lost)


def test_a_long_ring_that_is_unreachable():
    people = ring_of(50)
    with gcscope.film(people[0]) as taken:
        del people
        picture = taken.frame("gone").picture
    [gap] = [box for box in picture.boxes if box.kind == REST]
    assert gap.lines == ("on the ring", "unreachable") and all(b.unreachable for b in picture.boxes)
    assert picture.lines == ("50 objects, all on rings; 12 drawn",)
    assert picture.description.count(" has refcount 1 and is unreachable. ") == 12


# ------------------------------------------------------------------------------- what it is called


class Named:
    def __init__(self, name):
        self.name = name


class NamedInASlot:
    __slots__ = ("__weakref__", "name")

    def __init__(self, name):
        self.name = name


class Text(str):
    __slots__ = ()


def computed(value):
    class Computed:
        name = property(lambda self: 1 / 0)

        def __getattr__(self, name):
            raise AssertionError(name)

    one = Computed()
    vars(one)["name"] = value
    return one


def of_a_cached_property():
    import functools

    class Cached:
        @functools.cached_property
        def name(self):
            return "cached"

    one = Cached()
    assert one.name
    return one


def with_a_dict():
    one = Named("in a dict")
    assert one.__dict__
    return one


def slot_without_a_name():
    one = NamedInASlot("x")
    del one.name
    return one


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: Named("Michael"), "'Michael'"),
        (lambda: NamedInASlot("Sarah"), "'Sarah'"),
        (with_a_dict, "'in a dict'"),
        (of_a_cached_property, "'cached'"),
        (lambda: Named(Text("no str")), None),
        (lambda: Named(5), None),
        (lambda: computed("hidden"), None),
        (slot_without_a_name, None),
        (lambda: [Named("x")], None),
    ],
)
def test_an_object_is_called_by_its_own_name_else_by_a_variable(make, name):
    held = [make()]
    own = draw(held[0]).boxes[0].title
    kind = own.split(" ")[0]
    assert own == (kind if name is None else f"{kind} {name}")
    other = held[0]
    assert draw(other).boxes[0].title == f"{kind} {'other' if name is None else name}"
    assert len(held) == 1


def test_self_is_no_name():
    class Asking:
        def draw(self):
            return draw(self).boxes[0].title

    assert Asking().draw().endswith(".Asking")


def test_who_leads_to_it_is_not_called_by_it_alone():
    """A variable of each: what is not given has its name as well, but a list that is folded."""
    one, other = Plain(), Plain()
    one.list = inner = [other]
    other.back = one
    assert titles(draw(one))[:2] == [f"{PLAIN} one", "list"]
    assert titles(draw(one, inner))[:2] == [f"{PLAIN} one", "list inner"]
    assert f"{PLAIN} other" in titles(draw(one))


# ------------------------------------------------------------------------------------------- costs


def opcodes(action):
    """How many instructions of Python code it takes, the second time: all is imported then."""
    count = 0

    def trace(frame, event, arg):
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    for _ in range(2):
        count = 0
        sys.settrace(trace)
        try:
            action()
        finally:
            sys.settrace(before)
    return count


def hub_of(length):
    hub = Plain()
    hub.kept = [Plain() for _ in range(length)]
    for one in hub.kept:
        one.back = hub
    return [hub]


def ring_of_plain(length):
    objects = [Plain() for _ in range(length)]
    for place, one in enumerate(objects):
        one.next = objects[(place + 1) % length]
    return objects


@pytest.mark.thread_unsafe(reason="tracing marks code, which other threads run and unmark")
@pytest.mark.parametrize("make", [hub_of, ring_of_plain])
def test_cost_is_linear(make):
    """Four times as many objects take four times as long, to draw and to write."""
    from gcscope.render.dot import dot_of

    for word in (draw, dot_of, str):
        costs = []
        for length in (50, 200):
            objects = make(length)
            picture = draw(*objects, most=2000)
            if word is draw:
                costs.append(opcodes(lambda objects=objects: draw(*objects, most=2000)))
            else:
                costs.append(opcodes(lambda picture=picture, word=word: word(picture)))
        assert costs[1] < 5 * costs[0], (word, costs)
