"""Tracked and Person: what a user may do with instrumented objects, and what must not crash."""

import copy
import functools
import gc
import inspect
import pickle
import sys
import weakref

import pytest

import gcscope
from gcscope import Person, Tracked, _core
from support import FREE_THREADED


class Plain:
    """A pure Python class for multiple inheritance."""

    def greet(self):
        return f"I am {self.name}"


class Friendly(Person, Plain):
    pass


class FriendlyBackwards(Plain, Person):
    pass


class WithSlots(Person):
    __slots__ = ("age",)


class WithDel(Person):
    ended = []

    def __del__(self):
        self.ended.append(self.name)


class Account(Tracked):
    def __init__(self, owner, *, limit=0):
        self.owner = owner
        self.limit = limit


def test_person_has_a_name_and_a_real_list_of_friends():
    p = Person("Michael")
    assert p.name == "Michael"
    assert type(p.friends) is list and p.friends == []
    assert Person(name="Sarah").name == "Sarah"


def test_befriend_appends_both_ways():
    p, q = Person("Michael"), Person("Sarah")
    assert p.befriend(q) is None
    assert p.friends == [q] and q.friends == [p]


def test_befriending_oneself_appends_once():
    p = Person("Narcissus")
    p.befriend(p)
    assert p.friends == [p]


@pytest.mark.parametrize("other", [None, "Sarah", 1, Tracked(), object()])
def test_befriend_takes_a_person_only(other):
    with pytest.raises(TypeError, match="a Person can befriend a Person only, not '"):
        Person("Michael").befriend(other)


@pytest.mark.parametrize("name", [None, 1, b"Michael", ["Michael"]])
def test_the_name_must_be_a_str(name):
    with pytest.raises(TypeError, match="the name of a Person must be a str, not '"):
        Person(name)
    p = Person("Michael")
    with pytest.raises(TypeError, match="must be a str"):
        p.name = name
    assert p.name == "Michael"


def test_a_str_subclass_becomes_an_exact_str():
    class Name(str):
        pass

    p = Person(Name("Michael"))
    assert type(p.name) is str and p.name == "Michael"


@pytest.mark.parametrize("arguments", [(), ("a", "b")])
def test_person_takes_exactly_one_name(arguments):
    with pytest.raises(TypeError, match="argument"):
        Person(*arguments)
    with pytest.raises(TypeError, match="argument"):
        Person("a", name="b")
    with pytest.raises(TypeError, match="argument"):
        Person("a", age=3)


class ListOfMine(list):
    pass


@pytest.mark.parametrize("friends", [None, (), "list", {}, ListOfMine()])
def test_friends_must_be_a_list(friends):
    p = Person("Michael")
    with pytest.raises(TypeError, match="the friends of a Person must be a list"):
        p.friends = friends
    assert p.friends == []
    p.friends = mine = [1]
    assert p.friends is mine


def test_name_and_friends_cannot_be_deleted():
    p = Person("Michael")
    with pytest.raises(TypeError, match="cannot be deleted"):
        del p.name
    with pytest.raises(TypeError, match=r"\.friends\.clear\(\)"):
        del p.friends


def test_an_uninitialised_person_answers():
    p = Person.__new__(Person)
    assert repr(p) == "<Person without a name>"
    assert p.friends == []
    with pytest.raises(AttributeError, match="__init__ was not called"):
        _ = p.name
    p.befriend(Person("Sarah"))
    assert [friend.name for friend in p.friends] == ["Sarah"]
    p.__init__("Michael")
    assert repr(p) == "Person('Michael')"


def test_reprs():
    assert repr(Person("Mich'ael")) == 'Person("Mich\'ael")'
    assert repr(WithSlots("Sarah")) == "WithSlots('Sarah')"
    assert "gcscope.Tracked object" in repr(Tracked())


def test_repr_of_a_ring_does_not_recurse():
    p, q = Person("Michael"), Person("Sarah")
    p.befriend(q)
    assert repr([p, p.friends]) == "[Person('Michael'), [Person('Sarah')]]"


def test_instances_have_attributes_and_weak_references():
    t = Tracked()
    t.anything = 1
    assert vars(t) == {"anything": 1}
    t.__dict__ = {"other": 2}
    assert t.other == 2 and not hasattr(t, "anything")
    dead = []
    reference = weakref.ref(t, dead.append)
    assert reference() is t
    del t
    assert reference() is None and dead == [reference]


def test_subclasses():
    assert Friendly("Michael").greet() == "I am Michael"
    assert FriendlyBackwards("Sarah").greet() == "I am Sarah"
    p = WithSlots("Michael")
    p.age, p.note = 30, "has a dict too"
    assert (p.age, p.note, p.name) == (30, "has a dict too", "Michael")
    account = Account(p, limit=5)
    assert account.owner is p and account.limit == 5


def test_a_subclass_may_have_its_own_init():
    class Child(Person):
        def __init__(self, name, parent):
            super().__init__(name)
            self.parent = parent

    parent = Person("Sarah")
    assert Child("Tim", parent).parent is parent
    with pytest.raises(TypeError):
        Child("Tim")


def test_tracked_takes_no_arguments():
    with pytest.raises(TypeError, match=r"Tracked\(\) takes no arguments"):
        Tracked(1)
    with pytest.raises(TypeError, match=r"takes no arguments"):
        type("Sub", (Tracked,), {})(a=1)


def test_del_runs_once_by_reference_counting_and_by_the_collector(quiet):
    WithDel.ended.clear()
    WithDel("alone")
    assert WithDel.ended == ["alone"]
    p, q = WithDel("Michael"), WithDel("Sarah")
    p.befriend(q)
    del p, q
    assert WithDel.ended == ["alone"]
    gc.collect()
    assert sorted(WithDel.ended) == ["Michael", "Sarah", "alone"]


def test_del_may_call_super(quiet):
    class Polite(Person):
        def __del__(self):
            super().__del__()

    serial = Polite("Michael").serial
    kinds = [event.what for event in gcscope.journal.events() if event.serial == serial]
    assert kinds[-1] == "freed"


def test_collection_reclaims_the_ring_of_the_lecture(quiet):
    p, q = Person("Michael"), Person("Sarah")
    p.befriend(q)
    references = [weakref.ref(p), weakref.ref(q)]
    del p, q
    assert all(reference() is not None for reference in references)
    assert gc.collect() == 4
    assert all(reference() is None for reference in references)


def test_traverse_shows_friends_dict_and_type():
    p = Person("Michael")
    p.note = []
    referents = gc.get_referents(p)
    assert any(r is p.friends for r in referents)
    assert any(r is Person for r in referents)
    assert any(r is vars(p) for r in referents)
    assert gc.is_tracked(p)
    slotted = WithSlots("Sarah")
    slotted.age = age = []
    assert any(r is age for r in gc.get_referents(slotted))
    assert any(r is WithSlots for r in gc.get_referents(slotted))


def test_a_ring_through_its_own_class_is_reclaimed(quiet):
    def make():
        class Local(Person):
            pass

        Local.instance = Local("in its class")
        return weakref.ref(Local)

    reference = make()
    gc.collect()
    assert reference() is None


def million_of(cls):
    first = last = cls("0")
    for _ in range(1_000_000):
        following = cls("x")
        last.friends.append(following)
        last = following
    return first


@pytest.mark.parametrize("cls", [Person, WithSlots])
@pytest.mark.slow
def test_a_chain_of_a_million_dies_without_a_crash(quiet, cls):
    before = gcscope.journal.totals["refcount"]
    first = million_of(cls)
    del first
    assert gcscope.journal.totals["refcount"] - before == 1_000_001


@pytest.mark.slow
def test_a_ring_of_a_million_is_reclaimed(quiet):
    first = million_of(Person)
    first.friends[0].friends.append(first)
    del first
    assert gcscope.garbage().types["gcscope.Person"] == 1_000_001
    gc.collect()
    assert gcscope.garbage().objects == 0


def test_copy_shares_the_list_and_deepcopy_does_not():
    p, q = Person("Michael"), Person("Sarah")
    p.befriend(q)
    p.note = ["x"]
    shallow = copy.copy(p)
    assert (
        shallow is not p
        and shallow.name == "Michael"
        and shallow.friends is p.friends
        and shallow.note is p.note
    )
    assert shallow.serial != p.serial
    deep = copy.deepcopy(p)
    assert deep.friends is not p.friends and deep.friends[0].name == "Sarah"
    assert deep.friends[0].friends == [deep] and deep.note == ["x"]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_ring_can_be_pickled(protocol):
    p, q = Friendly("Michael"), WithSlots("Sarah")
    p.befriend(q)
    q.age, q.note = 30, {"a": 1}
    again = pickle.loads(pickle.dumps(p, protocol))
    assert type(again) is Friendly and again.name == "Michael"
    other = again.friends[0]
    assert (
        type(other) is WithSlots
        and other.friends == [again]
        and other.age == 30
        and other.note == {"a": 1}
    )


def test_tracked_can_be_pickled_and_copied():
    account = Account("Michael", limit=3)
    for again in (pickle.loads(pickle.dumps(account)), copy.copy(account), copy.deepcopy(account)):
        assert (
            type(again) is Account
            and vars(again) == vars(account)
            and again.serial != account.serial
        )


def test_an_uninitialised_person_can_be_copied():
    assert repr(copy.deepcopy(Person.__new__(Person))) == "<Person without a name>"


def test_serials_rise_and_cannot_be_set():
    p, q = Person("a"), Tracked()
    assert q.serial == p.serial + 1
    with pytest.raises(AttributeError):
        p.serial = 1


def test_the_types_cannot_be_changed():
    with pytest.raises(TypeError):
        Person.befriend = None
    with pytest.raises(TypeError):
        Tracked.x = 1


def test_signatures_are_told():
    assert str(inspect.signature(Person)) == "(name)"
    assert str(inspect.signature(Person.befriend)) == "(self, other, /)"
    assert str(inspect.signature(gcscope.refcount)) == "(obj, /)"


def test_names_of_the_types():
    assert (Person.__module__, Person.__qualname__) == ("gcscope", "Person")
    assert Person.__mro__ == (Person, Tracked, object)


def test_object_new_is_refused():
    with pytest.raises(TypeError, match="not safe"):
        object.__new__(Person)


def test_class_assignment_keeps_the_object_sound(quiet):
    class A(Person):
        pass

    class B(Person):
        def __del__(self):
            pass

    p = A("Michael")
    p.__class__ = B
    p.friends.append(p)
    serial = p.serial
    del p
    gc.collect()
    assert [e.freed_by for e in gcscope.journal.events() if e.serial == serial][-1].startswith(
        "collector"
    )


def test_the_friends_of_another_kind_are_traversed(quiet):
    p = Person("Michael")
    p.friends = friends = [1, "x", None, object(), [p]]
    assert sys.getrefcount(friends) >= 2
    del p, friends
    assert gc.collect() >= 2


def test_abstract_classes_stay_abstract():
    import abc

    class Shape(Tracked, abc.ABC):
        @abc.abstractmethod
        def area(self):
            """Tell the area."""

    class Square(Shape):
        def area(self):
            return 1

    with pytest.raises(TypeError, match="abstract class Shape"):
        Shape()
    assert Square().area() == 1


def test_subinterpreters(python):
    """In an interpreter that shares the GIL.

    Each has a module, a journal and a collector of its own.
    """
    code = """
try:
    import _interpreters as interpreters
except ImportError:
    try:
        import _xxsubinterpreters as interpreters
    except ImportError:
        print("done")
        raise SystemExit
import gc, sys, gcscope
inner = '''
import gc, gcscope
gc.disable()
p, q = gcscope.Person("Michael"), gcscope.Person("Sarah")
p.befriend(q)
assert p.serial == 1
del p, q
assert gcscope.garbage().types["gcscope.Person"] == 2
r = gcscope.Person("left behind")
r.befriend(r)
try:
    gcscope.listen()
    raise AssertionError("a subinterpreter may not end before its threads")
except RuntimeError as error:
    assert "main interpreter" in str(error), error
'''
gcscope.garbage()
gc.collect()  # the code of its modules may wait for it
outer = gcscope.Person("outer")
for _ in range(3):
    try:
        interpreter = interpreters.create("legacy")
    except TypeError:
        interpreter = interpreters.create(isolated=False)
    problem = interpreters.run_string(interpreter, inner)
    assert problem is None, problem
    interpreters.destroy(interpreter)
assert set(gcscope.garbage().types) <= set(sys.argv[1:])
assert gcscope.Person("next").serial == outer.serial + 1
print("done")
"""
    # the string that ran has been compiled here: its code waits for the collector there
    done = python("-W", "ignore", "-c", code, *(["code"] if FREE_THREADED else []))
    assert done.code == 0 and done.out == "done\n", done


@pytest.mark.thread_unsafe(reason="other threads' instances refer to these classes, too")
def test_a_dead_object_lets_go_of_its_class():
    for cls in (Person, Tracked, type("Sub", (Person,), {})):
        before = gcscope.refcount(cls)
        for _ in range(10):
            cls("x") if issubclass(cls, Person) else cls()
        assert gcscope.refcount(cls) == before


def test_reading_the_register_takes_nothing_and_leaves_collections_on():
    name = "".join(["Mi", "chael"])
    person = Person(name)
    before, was_enabled = sys.getrefcount(name), gc.isenabled()
    gc.enable()
    try:
        for _ in range(3):
            fates = _core.Fates()
            assert person.serial in [fates[place].serial for place in range(len(fates))]
            del fates
        assert sys.getrefcount(name) == before and gc.isenabled()
    finally:
        (gc.enable if was_enabled else gc.disable)()


class Mixed:
    """With a dict and weak references of its own."""


def bases_of_every_kind():
    """Classes in Python whose instances have all sorts of things beside what Tracked has."""

    class Leaf(Tracked):
        pass

    class Friend(Person):
        pass

    class Empty(Person):
        __slots__ = ()

    class Slot(Tracked):
        __slots__ = ("held",)

    class Below(Slot):
        pass

    class Lower(Below):
        __slots__ = ("lower",)

    class Both(Mixed, Friend):
        pass

    class Ending(Leaf):
        def __del__(self):
            self.ended = True

    return [Leaf, Friend, Empty, Slot, Below, Lower, Both, Ending]


@pytest.mark.parametrize("by", ["refcount", "collector"])
@pytest.mark.parametrize("place", range(8))
def test_an_instance_of_any_class_takes_all_it_has_with_it(quiet, place, by):
    cls = bases_of_every_kind()[place]
    make = (lambda: cls("x")) if issubclass(cls, Person) else cls
    make()  # now it is known what the class needs
    gc.collect()
    references = sys.getrefcount(cls)
    for _ in range(3):
        held, called, thing = Plain(), [], make()
        thing.held = held
        thing.lower = held
        reference = weakref.ref(thing, called.append)
        other, serial = weakref.ref(held), thing.serial
        if by == "collector":
            held.back = thing
        del held, thing
        assert (reference() is None) == (by == "refcount")
        gc.collect()
        assert reference() is None and other() is None and called == [reference]
        events = [event for event in gcscope.journal.events() if event.serial == serial]
        assert [e.what for e in events if e.what != "cleared"] == ["created", "finalized", "freed"]
        assert events[-1].freed_by == by
        assert sys.getrefcount(cls) == references


def test_a_class_may_change_after_its_first_instance(quiet):
    made = []

    class First(Tracked):
        pass

    class Second(First):
        pass

    def told():
        serial = Second().serial
        return [e.type for e in gcscope.journal.events() if e.serial == serial]

    assert set(told()) == {f"{__name__}.{Second.__qualname__}"}
    Second.__qualname__ = "Renamed"
    assert set(told()) == {f"{__name__}.Renamed"} and len(told()) == 3
    Second.__module__ = "moved"
    assert set(told()) == {"moved.Renamed"}
    Second.__qualname__ = "".join(["Again", "Renamed"])
    assert set(told()) == {"moved.AgainRenamed"}
    First.__del__ = lambda self: made.append(type(self))
    assert len(told()) == 3 and made == [Second]
    del First.__del__
    assert len(told()) == 3 and made == [Second]
    First.__init__ = lambda self: made.append(self)
    serial = Second().serial
    assert made.pop().serial == serial
    thing = Second()
    made.clear()
    thing.__class__ = First  # of which there was no instance
    del thing
    assert gcscope.journal.events()[-1].freed_by == "refcount"


class Loud(type):
    """A metaclass that has its own way of making instances."""

    def __call__(cls, *args, **kwargs):
        return cls, args, kwargs


@pytest.mark.parametrize("base", [Tracked, Person])
def test_a_class_is_called_as_any_other(quiet, base):
    """By every way of calling, before and after the first instance, and whatever is changed."""

    class Node(base):
        def __init__(self, first, *rest, key=0, **more):
            self.told = first, rest, key, more

    plain = type("Node", (), {"__init__": Node.__init__})
    calls = [
        lambda cls: cls(1),
        lambda cls: cls(1, 2, 3, key=4, other=5),
        lambda cls: cls(first=1),
        lambda cls: cls(*range(9), key=1),
        lambda cls: next(map(cls, "x")),
        lambda cls: functools.partial(cls, 1, key=2)(3),
        lambda cls: cls.__call__(1),
        lambda cls: type.__call__(cls, 7),
    ]
    for call in calls * 2:
        assert call(Node).told == call(plain).told
        assert type(call(Node)) is Node
    for odd in (lambda cls: cls(), lambda cls: cls(1, first=2)):
        messages = []
        for cls in (Node, plain):
            with pytest.raises(TypeError) as raised:
                odd(cls)
            messages.append(str(raised.value))
        assert messages[0].split(".")[-1] == messages[1].split(".")[-1]
    Node.__init__ = lambda self, first: 7
    with pytest.raises(TypeError, match=r"__init__\(\) should return None, not 'int'"):
        Node(1)
    with pytest.raises(TypeError, match=r"__init__\(\) should return None, not 'int'"):
        Node(1)

    def once(self):
        del Node.__init__
        self.told = "once"

    Node.__init__ = once
    assert Node().told == "once"
    if base is Tracked:
        assert not hasattr(Node(), "told")
        with pytest.raises(TypeError, match="takes no arguments"):
            Node(1)
    else:
        assert Node("Ann").name == "Ann"
    Node.__init__ = lambda self, first: None
    Node(1), Node(1)
    Node.__new__ = lambda cls, *args: ("made", *args)
    assert Node(1) == Node(1) == ("made", 1)
    del Node.__new__
    Node.__init__ = staticmethod(functools.partial(print, end=""))
    assert type(Node()) is Node
    odd = Loud("Odd", (base,), {"__init__": lambda self: None})
    assert odd(1, a=2) == odd(1, a=2) == (odd, (1,), {"a": 2})
    assert isinstance(type.__call__(odd), odd)


def test_an_init_that_fails_leaves_nothing(quiet):
    class Node(Tracked):
        def __init__(self, fails):
            self.held = kept
            if fails:
                raise ValueError

    kept, argument = Plain(), []
    Node(False), Node(False)
    before = sys.getrefcount(kept), sys.getrefcount(argument), sys.getrefcount(Node.__init__)
    for _ in range(3):
        with pytest.raises(ValueError):
            Node(kept)
        Node(argument)
    after = sys.getrefcount(kept), sys.getrefcount(argument), sys.getrefcount(Node.__init__)
    assert after == before


def test_many_classes_keep_their_names(quiet):
    classes = [type(f"Class{n}", (Tracked,), {}) for n in range(200)]
    serials = [(cls().serial, n) for _ in range(2) for n, cls in enumerate(classes)]
    told = {event.serial: event.type for event in gcscope.journal.events()}
    assert [told[serial] for serial, _ in serials] == [f"{__name__}.Class{n}" for _, n in serials]


def test_what_is_known_of_a_class_does_not_hold_it(quiet):
    references = []
    for n in range(300):
        cls = type(f"Gone{n}", (Person,), {})
        cls("x")
        references.append(weakref.ref(cls))
        del cls
    gc.collect()
    assert not any(reference() for reference in references)


def test_what_roll_calls_have_in_common():
    made = type("Made", (), {})
    things = [made() for _ in range(6)]
    first, last = _core.roll_call(things[:4]), _core.roll_call(things[2:])
    addresses = [id(thing) for thing in things]
    assert first.addresses() == addresses[:4]
    assert first.within(last).addresses() == addresses[2:4]
    assert first.without(last).addresses() == addresses[:2]
    assert last.without(first).addresses() == addresses[4:]
    del things[:3]
    assert first.still_tracked().addresses() == addresses[3:4]
    assert last.still_tracked().addresses() == addresses[3:]


def test_clearing_lets_go_of_the_friends_and_of_the_dict(rooms):
    person = Person("x")
    person.note = "y"
    kept = person.friends, vars(person)
    before = [sys.getrefcount(op) for op in kept]
    rooms.tp_clear(person)
    assert [sys.getrefcount(op) for op in kept] == [count - 1 for count in before]
