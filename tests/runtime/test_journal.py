"""The journal: who was born, what freed whom, and that writing it down holds nobody."""

import gc
import sys
import weakref

import pytest

from gcscope import Person, Tracked, journal
from support import FREE_THREADED


@pytest.fixture(autouse=True)
def fresh(quiet):
    capacity = journal.capacity
    journal.clear()
    yield
    journal.enabled = True
    journal.capacity = capacity
    journal.clear()


def told(serial=None):
    return [(e.what, e.freed_by) for e in journal.events() if serial in (None, e.serial)]


class Quiet(Person):
    pass


class Loud(Person):
    def __del__(self):
        self.said = self.name


@pytest.mark.parametrize("cls", [Person, Quiet, Loud])
def test_a_life_by_reference_counting(cls):
    serial = cls("Michael").serial
    assert told(serial) == [("created", None), ("finalized", None), ("freed", "refcount")]
    events = journal.events()
    assert {e.name for e in events} == {"Michael"}
    assert [e.refcount for e in events] == [1, 0, 0]
    assert {e.type for e in events} == {
        "gcscope.Person" if cls is Person else f"{__name__}.{cls.__name__}"
    }


@pytest.mark.parametrize("cls", [Person, Quiet, Loud])
def test_a_ring_by_the_collector(cls):
    p, q = cls("Michael"), cls("Sarah")
    p.befriend(q)
    serials = p.serial, q.serial
    del p, q
    assert [kind for kind, _ in told()] == ["created", "created"]
    gc.collect()
    for serial in serials:
        life = told(serial)
        assert life[:2] == [("created", None), ("finalized", None)]
        assert life[-1] == ("freed", "collector")
    # one is cleared; the other may die inside that clearing, by counts, and is the collector's all
    # the same
    assert "cleared" in [kind for kind, _ in told()]


def test_whatever_dies_beside_a_collection_is_not_blamed_on_it():
    class Dropper(Tracked):
        def __del__(self):
            others.clear()

    others = [Person("bystander")]
    serial = others[0].serial
    dropper = Dropper()
    dropper.me = dropper
    dropper_serial = dropper.serial
    del dropper
    gc.collect()
    assert told(serial)[-1] == ("freed", "refcount")
    assert told(dropper_serial)[-1] == ("freed", "collector")


def test_what_hangs_on_a_ring_dies_by_the_collector():
    p, tail = Person("ring"), Quiet("tail")
    p.friends += [p, tail]
    serial = tail.serial
    del p, tail
    gc.collect()
    assert told(serial)[-1] == ("freed", "collector")


class Phoenix(Person):
    nest = []

    def __del__(self):
        self.nest.append(self)


def test_resurrection_by_the_collector_and_the_second_death():
    p = Phoenix("Fawkes")
    p.friends.append(p)
    serial, reference = p.serial, weakref.ref(p)
    del p
    gc.collect()
    assert told(serial) == [("created", None), ("finalized", None), ("resurrected", None)]
    if sys.version_info < (
        3,
        15,
    ):  # its weak references are gone, and it lives: they cannot tell its fate
        assert reference() is None
    del reference
    assert Phoenix.nest[0].name == "Fawkes"
    Phoenix.nest.clear()
    gc.collect()
    assert told(serial)[-1] == ("freed", "collector (inferred)")


def test_resurrection_by_reference_counting():
    p = Phoenix("Fawkes")
    serial = p.serial
    del p
    assert told(serial) == [("created", None), ("finalized", None)]
    Phoenix.nest.clear()  # __del__ runs once only
    assert told(serial)[-1] == ("freed", "refcount")


def test_resurrected_by_counting_then_garbage():
    p = Phoenix("Fawkes")
    serial = p.serial
    del p
    p = Phoenix.nest.pop()
    p.friends.append(p)
    del p
    gc.collect()
    assert told(serial)[-1] == ("freed", "collector (inferred)")


def test_a_neighbour_of_the_resurrected_is_resurrected_too():
    p, q = Phoenix("Fawkes"), Person("Dumbledore")
    p.befriend(q)
    serial = q.serial
    del p, q
    gc.collect()
    assert told(serial)[-1] == ("resurrected", None)
    Phoenix.nest.clear()
    gc.collect()
    assert told(serial)[-1] == ("freed", "collector (inferred)")


def test_a_del_that_comes_later_is_inferred():
    class Late(Person):
        pass

    p = Late("late")
    Late.__del__ = lambda self: None
    p.friends.append(p)
    serial = p.serial
    del p
    gc.collect()
    assert told(serial)[-1] == ("freed", "collector (inferred)")
    q = Late("later still")  # a new instance, and the class is known
    q.friends.append(q)
    serial = q.serial
    del q
    gc.collect()
    assert told(serial)[-1] == ("freed", "collector")


def test_a_class_that_overrides_init_subclass_is_known_all_the_same():
    class Base(Person):
        def __init_subclass__(cls, **kwargs):
            pass

    class Derived(Base):
        def __del__(self):
            pass

    p = Derived("x")
    p.friends.append(p)
    serial = p.serial
    del p
    gc.collect()
    assert told(serial)[-1] == ("freed", "collector")


def test_automatic_collections_are_followed():
    gc.enable()
    try:
        p = Person("Michael")
        p.friends.append(p)
        serial = p.serial
        del p
        kept = []
        # a free-threaded collector waits until the process has grown by a tenth
        most = 1_000_000 if FREE_THREADED else 100_000
        while told(serial)[-1][0] != "freed" and len(kept) < most:
            kept.append([])
    finally:
        gc.disable()
    assert told(serial)[-1] == ("freed", "collector")


def test_overflow_says_how_many_were_dropped():
    journal.capacity = 10
    for number in range(7):
        Person(str(number))  # three events each
    assert len(journal.events()) == 10
    assert journal.dropped == 11
    assert journal.events()[-1].name == "6"
    assert [e.serial for e in journal.events()] == sorted(e.serial for e in journal.events())


def test_capacity_keeps_the_newest():
    for number in range(4):
        Person(str(number))
    newest = journal.events()[-5:]
    journal.capacity = 5
    assert journal.events() == newest and journal.dropped == 7
    journal.capacity = 100
    assert journal.events() == newest
    Person("more")
    assert len(journal.events()) == 8 and journal.dropped == 7


@pytest.mark.parametrize("capacity", [0, -1, 2**32, 10**30])
def test_a_capacity_that_cannot_be(capacity):
    with pytest.raises(ValueError, match=r"at least 1 and less than 2\*\*32"):
        journal.capacity = capacity
    for odd in ("many", True, 1.0, None):
        with pytest.raises(TypeError, match=f"must be an int, not '{type(odd).__name__}'"):
            journal.capacity = odd


def test_switched_off_it_notes_nothing_and_fates_are_still_known():
    journal.enabled = False
    assert journal.enabled is False
    before = journal.totals
    Person("Michael")
    assert journal.events() == () and journal.dropped == 0
    assert journal.totals["created"] == before["created"] + 1
    assert journal.totals["refcount"] == before["refcount"] + 1
    with pytest.raises(TypeError, match="must be True or False"):
        journal.enabled = 1


def test_reading_keeps_nothing_alive():
    p = Person("Michael")
    reference = weakref.ref(p)
    events = journal.events()
    del p
    assert reference() is None and events[0].name == "Michael"


def test_it_holds_no_class():
    def make():
        class Local(Person):
            pass

        Local("x")
        return weakref.ref(Local)

    reference = make()
    gc.collect()
    assert reference() is None
    assert journal.events()[0].type.endswith("make.<locals>.Local")


def test_it_holds_no_name():
    name = "".join(["a name ", "of its own"])
    count = sys.getrefcount(name)
    Person(name)
    assert sys.getrefcount(name) == count


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("", ""),
        ("x" * 40, "x" * 40),
        ("x" * 41, "x" * 37 + "…"),
        ("ü" * 20, "ü" * 20),
        ("ü" * 21, "ü" * 18 + "…"),
        ("日" * 13, "日" * 13),
        ("日" * 14, "日" * 12 + "…"),
        ("👪" * 10, "👪" * 10),
        ("👪" * 11, "👪" * 9 + "…"),
        ("a\0b", "a\0b"),
        ("\ud800", "\ud800"),
        ("x" * 39 + "ü", "x" * 37 + "…"),
    ],
)
def test_names_are_cut_at_a_character(name, kept):
    Person(name)
    assert journal.events()[0].name == kept


def test_odd_class_names():
    for qualname, module in [
        ("Ü\udc80", "m"),
        ("x" * 1000, "y"),
        ("A", "a\0b"),
        ("A", 7),
        ("A", None),
    ]:
        cls = type("A", (Person,), {"__module__": module})
        cls.__qualname__ = qualname
        cls("p")
    types = [e.type for e in journal.events() if e.what == "created"]
    assert (
        types[0] == "m.Ü\udc80"
        and types[1].endswith("…")
        and types[2] == "a"
        and types[3] == types[4] == "A"
    )


def test_a_name_given_late_is_the_name_of_the_birth():
    p = Quiet("named by __init__")
    assert p.name and journal.events()[0].name == "named by __init__"


def test_tracked_has_no_name():
    Tracked()
    assert [e.name for e in journal.events()] == [None, None, None]


def test_events_print():
    p = Person("Michael")
    assert str(journal.events()[0]) == f"#{p.serial} gcscope.Person 'Michael': created, refcount 1"
    serial = p.serial
    del p
    assert str(journal.events()[-1]) == f"#{serial} gcscope.Person 'Michael': freed by refcount"
    assert repr(journal) == "<journal: on, 3 events kept, 0 dropped>"


def test_shutdown_is_told(python):
    code = """
import gcscope, sys
class Witness(gcscope.Tracked):
    def __del__(self):
        # the interpreter is taking itself apart: what is needed was kept
        self.write("totals " + str(sorted((k, n) for k, n in self.totals().items() if n)) + chr(10))
kept = gcscope.Person("at the end")
first = Witness()
first.write, first.totals = sys.__stdout__.write, __import__("gcscope._core")._core.journal_totals
sys.kept, sys.first = [gcscope.Person("ring")], first
sys.kept[0].friends.append(sys.kept[0])
sys.kept.append(sys.first)
del first
"""
    done = python("-c", code)
    assert done.code == 0 and done.err == "", done
    assert "created" in done.out


def test_lives_at_shutdown_do_not_crash(python):
    code = """
import gcscope, sys, gc
class Loud(gcscope.Person):
    def __del__(self):
        try:
            print(self.name, len(gcscope.journal.events()) > 0, flush=True)
        except BaseException as error:
            print("gone", type(error).__name__, flush=True)
a, b = Loud("a"), Loud("b")
a.befriend(b)
sys.modules["keep"] = Loud("module")
import builtins
builtins.keep = Loud("builtin")
gc.disable()
"""
    done = python("-c", code)
    assert done.code == 0 and done.err == "", done
    assert len(done.out.splitlines()) == 4


def test_super_del_and_a_call_by_hand_are_no_second_finalization():
    class Polite(Person):
        def __del__(self):
            super().__del__()

    p = Polite("x")
    serial, others = p.serial, [p]
    p.__del__()
    assert told(serial) == [("created", None)] and len(others) == 1
    del p, others
    assert told(serial) == [("created", None), ("finalized", None), ("freed", "refcount")]
    p = Polite("y")
    p.friends.append(p)
    serial = p.serial
    del p
    gc.collect()
    assert [what for what, _ in told(serial)].count("finalized") == 1 and told(serial)[-1] == (
        "freed",
        "collector",
    )


def test_a_program_that_empties_gc_callbacks(python):
    code = """
import gc, gcscope
gc.disable()
def ring():
    p, q = gcscope.Person("p"), gcscope.Person("q")
    p.befriend(q)
ring()
gc.callbacks.clear()
assert [fate.fate for fate in gcscope.collect().fates] == ["collector"] * 2
gc.callbacks.clear()
result = gcscope.trial(ring)
assert (dict(result.refcount), result.collector["gcscope.Person"]) == ({}, 2), result
ring()
gc.callbacks = []       # not the list that the collector uses
gc.collect()
assert gcscope.journal.totals["collector"] == 6
"""
    done = python("-c", code)
    assert done.code == 0, done


def test_a_module_that_is_imported_again_is_freed(python):
    code = """
import gc, sys, weakref
gone = []
for _ in range(5):
    from gcscope import _core
    p = _core.Person("x")
    p.befriend(p)
    gone.append(weakref.ref(_core))
    del sys.modules["gcscope._core"], sys.modules["gcscope"]._core, _core, p
    sys.modules.pop("gcscope")
    gc.collect()
assert [reference() for reference in gone] == [None] * 5, gone
assert not [callback for callback in gc.callbacks if "gcscope" in repr(callback)]
"""
    done = python("-c", code)
    assert done.code == 0, done


def test_names_are_read_without_asking_anybody():
    import codecs

    def spy(error):
        raise AssertionError("the registry of error handlers was asked")

    real = codecs.lookup_error("surrogatepass")
    codecs.register_error("surrogatepass", spy)
    try:
        Person("a\ud800ü日👪")
        assert journal.events()[0].name == "a\ud800ü日👪"
    finally:
        codecs.register_error("surrogatepass", real)


@pytest.mark.parametrize("cls", [Person, Quiet, Loud])
def test_a_life_by_reference_counting_inside_a_collection(cls):
    serials = []

    class Busy:
        def __del__(self):
            serials.append(cls("unrelated").serial)

    busy = Busy()
    busy.me = busy
    del busy
    gc.collect()
    (serial,) = serials
    assert told(serial)[-1] == ("freed", "refcount")


def test_the_journal_goes_with_the_last_who_shares_it(python):
    """The module, its callback, and every instrumented object."""
    code = """
import gc, importlib.util, tracemalloc
from gcscope import _core

def use():
    module = importlib.util.module_from_spec(_core.__spec__)
    _core.__spec__.loader.exec_module(module)
    one, other = module.Person("one"), module.Tracked()
    one.befriend(one)

tracemalloc.start()
for _ in range(3):
    use()
    gc.collect()
kept, most = tracemalloc.get_traced_memory()
events = 64 * _core.journal_status().capacity
print(kept < events, events < most < 2 * events)
"""
    assert python("-c", code).out == "True True\n"
