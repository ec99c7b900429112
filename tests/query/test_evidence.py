"""evidence: who has the references that nobody shows, and that what was found is true."""

import atexit
import contextvars
import gc
import io
import signal
import sqlite3
import sys
import threading
import weakref

import pytest

import gcscope
from gcscope import _core, holders, why_alive
from specimens.broken_types import Target

pytestmark = pytest.mark.usefixtures("quiet", "thawed")

SECOND = f"byte {object.__basicsize__ + 8} of its struct"  # of a type of broken.c


def told(thing):
    """The evidence, as (type, label) of each; its sum is checked."""
    found = holders(thing)
    owned = sum(holder.owned for holder in found.named)
    assert owned + found.unexplained == found.refcount
    assert len(found.evidence) <= max(found.unexplained, 0)
    assert all(holder.seen for holder in found.evidence)
    return [(holder.type, holder.label) for holder in found.evidence]


class Callable:
    def __call__(self, *args, **kwargs):
        return self


# ------------------------------------------------------------------- what is not unexplained


def test_nothing_is_looked_for_where_nothing_is_unexplained(monkeypatch):
    thing, asked = Target(), []
    box = {"a": [thing]}
    monkeypatch.setattr(_core, "evidence", asked.append)
    found = holders(thing)
    assert (found.unexplained, found.evidence, found.unseen, asked) == (0, (), (), [])
    assert box


def test_there_may_be_none(broken):
    thing = Target()
    broken.Good().set_far(thing)  # given up with its holder
    kept = broken.NoFar()
    kept.set_far(thing)  # behind a pointer: nobody follows that
    found = holders(thing)
    assert found.unexplained == 1 and found.evidence == ()
    assert "1 reference that nobody shows: C code, and no evidence of which" in str(found)


# ----------------------------------------------------------------------- words of C structs


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(
    ("name", "member", "missing"),
    [
        ("NoGC", None, "no tp_traverse"),
        ("NoField", None, "its tp_traverse leaves that out"),
        ("NoMember", ".second, ", "its tp_traverse leaves that out"),
    ],
)
def test_a_word_of_a_c_struct(broken, name, member, missing, count):
    kept = [getattr(broken, name)(None, Target()) for _ in range(count)]
    thing = [op for op in gc.get_objects() if type(op) is Target][0]
    found = holders(thing)
    (seen,) = found.evidence
    assert seen.type == f"broken.{name}" and seen.owned and not seen.uncollectable
    assert seen.label == f"{member or ''}{SECOND}"
    assert "seen in its memory" in seen.seen and missing in seen.seen
    assert ("of one instance" in seen.seen) == (count == 1)
    assert f"held by a broken.{name}, {seen.label}: {seen.seen}" in str(found)
    assert kept


def test_a_word_of_which_one_instance_only_borrows_is_no_evidence(broken):
    lasting, thing = Target(), Target()
    first, second = broken.Good(), broken.Good()
    second.set_back(lasting)  # every reference to this one is shown
    hidden = broken.NoFar()
    hidden.set_far(thing)
    first.set_back(thing)  # the word is there, and one reference is unexplained
    assert told(thing) == []
    assert "no evidence" in str(holders(thing))


def test_a_borrowed_word_of_one_instance_is_told_as_that(broken):
    thing, hidden, one = Target(), broken.NoFar(), broken.Good()
    hidden.set_far(thing)
    one.set_back(thing)
    (seen,) = holders(thing).evidence
    assert "of one instance" in seen.seen


def test_more_words_than_references_are_no_evidence(broken):
    thing, hidden = Target(), broken.NoFar()
    hidden.set_far(thing)
    borrowing = [broken.Good() for _ in range(3)]
    for one in borrowing:
        one.set_back(thing)  # three words, one reference
    assert told(thing) == []


def test_each_reference_that_is_shown_covers_one_word(broken):
    thing = Target()
    kept = [broken.NoField(thing, thing), broken.NoField(None, Target())]
    found = holders(thing)
    assert [(h.type, h.label) for h in found.named if h.type != "frame"][0][0] == "broken.NoField"
    assert found.unexplained == len(found.evidence) == 1
    assert found.evidence[0].label == SECOND
    assert kept


def test_a_class_of_instances_that_do_not_show_it(broken):
    kind = broken.NoType
    before = told(kind)
    kept = [kind() for _ in range(3)]
    assert told(kind) == before + [("broken.NoType", "its type")] * 3
    assert kept


def test_bytes_in_a_struct():
    data = b"".join([b"ab", b"cd"]) * 100
    kept = io.BytesIO(data)
    found = holders(data)
    assert found.unexplained == len(found.evidence)
    assert "_io.BytesIO" in {h.type for h in (*found.named, *found.evidence)}
    assert kept


def test_a_zone_of_datetimes_of_which_others_have_none():
    import datetime

    class Zone(datetime.tzinfo):
        pass

    zone = Zone()
    kept = [datetime.datetime(2026, 1, 1, tzinfo=zone) for _ in range(3)]
    kept += [datetime.datetime(2026, 1, 1), datetime.time(1)]
    found = holders(zone)
    assert [h.type for h in (*found.named, *found.evidence)].count("datetime.datetime") == 3
    assert kept


# -------------------------------------------------------------------- rings through such types


def test_a_ring_that_no_collector_can_free(broken):
    thing = Target()
    thing.reader = broken.NoGC(None, thing)
    (seen,) = holders(thing).evidence
    assert seen.uncollectable
    assert "no collector can free this ring" in str(holders(thing))
    reference = weakref.ref(thing)
    del thing
    gcscope.garbage()  # loads modules, the code of which may wait for the collection
    gc.collect()
    assert reference() is not None and not gcscope.garbage()
    chain = why_alive(reference())
    assert chain.root == "C" and [h.type for h in chain.evidence] == ["broken.NoGC"]
    assert f"held by a broken.NoGC, {SECOND}" in str(chain)
    assert "no collector can free this ring" in str(chain)
    reference().__dict__.clear()
    assert reference() is None


def test_a_ring_through_a_bound_method(broken):
    class Service:
        def failed(self):
            pass

    def make():
        service = Service()
        service.reader = broken.NoField(None, service.failed)
        return service

    with pytest.raises(AssertionError) as failure:
        gcscope.assert_released(make)
    text = str(failure.value)
    assert f"held by a broken.NoField, {SECOND}" in text
    assert "no collector can free this ring" in text
    (kept,) = [op for op in gc.get_objects() if type(op) is Service]
    kept.__dict__.clear()


def test_what_another_holds_is_no_ring(broken):
    thing = Target()
    thing.other = Target()
    kept = broken.NoGC(None, thing)
    (seen,) = holders(thing).evidence
    assert not seen.uncollectable and "no collector" not in str(holders(thing))
    assert kept


def test_hiredis():
    hiredis = pytest.importorskip("hiredis", reason="from PyPI")

    class Client:
        def failed(self, *error):
            pass

    client = Client()
    client.reader = hiredis.Reader(protocolError=client.failed)
    (method,) = [op for op in gc.get_objects() if getattr(op, "__self__", None) is client]
    del client
    found = holders(method)
    assert [h.type for h in (*found.named, *found.evidence)].count("hiredis.Reader") == 1
    assert found.unexplained == len(found.evidence)
    method.__self__.__dict__.clear()


# -------------------------------------------------------------------------------- numpy


@pytest.fixture
def numpy():
    return pytest.importorskip("numpy", reason="from PyPI")


def test_an_object_array(numpy):
    thing = Target()
    array = numpy.array([None, None, None], dtype=object)
    assert told(thing) == []
    array[1] = thing
    assert told(thing) == [("numpy.ndarray", "[1]")]
    array[2] = thing
    assert told(thing) == [("numpy.ndarray", "[1]"), ("numpy.ndarray", "[2]")]
    table = numpy.empty((2, 3), dtype=object)
    table[1, 2] = other = Target()
    assert told(other) == [("numpy.ndarray", ".flat[5]")]


def test_an_object_array_of_which_there_are_views_only(numpy):
    thing = Target()
    kept = [numpy.array([None, thing], dtype=object)[1:]]
    kept += [kept[0][:0], kept[0][::-1]]
    assert told(thing) == [("numpy.ndarray", "[1]")]


def test_other_arrays_are_not_read(numpy):
    kept = [numpy.arange(10), numpy.array(["2026-01-01"], dtype="datetime64[D]")]
    kept += [numpy.zeros(3, dtype=[("a", object)]), numpy.empty(0, dtype=object)]
    thing = Target()
    kept[2]["a"][1] = thing
    found = holders(thing)
    assert found.unexplained == 1 and "no evidence" in str(found)


def test_a_ring_through_an_object_array(numpy):
    thing = Target()
    thing.array = numpy.array([thing], dtype=object)
    reference = weakref.ref(thing)
    del thing
    gc.collect()
    assert reference() is not None and not gcscope.garbage()
    (seen,) = holders(reference()).evidence
    assert seen.uncollectable
    assert "no collector can free this ring" in str(why_alive(reference()))
    reference().array[0] = None
    gc.collect()
    assert reference() is None


# ----------------------------------------------------------------------------- greenlets


def test_a_greenlet_that_waits():
    greenlet = pytest.importorskip("greenlet", reason="from PyPI")

    def inner(deep):
        greenlet.getcurrent().parent.switch(weakref.ref(deep))

    def outer():
        inner(Target())

    waiting = greenlet.greenlet(outer)
    reference = waiting.switch()
    found = holders(reference())
    if sys.version_info < (3, 15):
        labels = [(h.type, h.name.split(".")[-1], h.label) for h in (*found.named, *found.evidence)]
        assert ("frame", "inner", "local deep") in labels
    assert found.unexplained == len(found.evidence)
    waiting.switch()
    assert reference() is None


# ------------------------------------------------------------------ what was registered


def in_tables(label, thing, owner="interpreter"):
    assert (owner, label) in told(thing)


def test_atexit():
    called = Callable()
    atexit.register(called)
    try:
        if sys.version_info < (3, 14):
            in_tables("atexit.register(): a function", called)
            assert "held by the interpreter, atexit.register(): a function" in str(holders(called))
        reference = weakref.ref(called)
        del called
        chain = why_alive(reference())
        assert chain.root == "C" and "atexit.register()" in str(chain)
    finally:
        atexit.unregister(reference())


def test_arguments_of_atexit():
    thing = Target()
    function = Callable()
    atexit.register(function, thing)
    try:
        reference = weakref.ref(thing)
        del thing
        assert "atexit.register()" in str(why_alive(reference()))
    finally:
        atexit.unregister(function)


@pytest.mark.thread_unsafe(reason="the process has one such place")
def test_a_signal_handler():
    handler = Callable()
    before = signal.signal(signal.SIGUSR1, handler)
    try:
        in_tables("signal.signal(): a handler", handler)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert told(handler) == []


def test_trace_and_profile_functions():
    class Tracer:
        def __call__(self, frame, event, argument):
            return None

    profiler = Tracer()
    before = sys.getprofile()
    sys.setprofile(profiler)
    try:
        found = told(profiler)
    finally:
        sys.setprofile(before)
    assert ("thread", "sys.setprofile()") in found


def test_asyncgen_hooks():
    hook = Callable()
    before = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(firstiter=hook)
    try:
        in_tables("sys.set_asyncgen_hooks(): firstiter", hook, "thread")
    finally:
        sys.set_asyncgen_hooks(*before)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring is of 3.12")
@pytest.mark.thread_unsafe(reason="the process has one such place")
def test_monitoring():
    hook, tool = Callable(), sys.monitoring.OPTIMIZER_ID
    sys.monitoring.use_tool_id(tool, "a test")
    try:
        sys.monitoring.register_callback(tool, sys.monitoring.events.CALL, hook)
        in_tables("sys.monitoring.register_callback()", hook)
        sys.monitoring.register_callback(tool, sys.monitoring.events.CALL, None)
    finally:
        sys.monitoring.free_tool_id(tool)


def test_the_current_context_of_a_thread():
    context = contextvars.copy_context()
    assert context.run(lambda: ("thread", "its current context") in told(context))
    assert ("thread", "its current context") not in told(context)
    variable = contextvars.ContextVar("variable")
    found = []

    def work():
        variable.set(Target())
        reference = weakref.ref(variable.get())
        found.append(str(why_alive(reference())))

    thread = threading.Thread(target=contextvars.Context().run, args=(work,))
    thread.start()
    thread.join()
    assert "held by" in found[0] or "context" in found[0]


@pytest.mark.thread_unsafe(reason="the process has one such place")
def test_sys_last_value():
    class LastError(Exception):
        pass

    thing = LastError()
    reference = weakref.ref(thing)
    sys.last_value = thing
    try:
        del thing
        assert str(why_alive(reference())) == "sys.modules['sys'].last_value"
    finally:
        del sys.last_value


@pytest.mark.parametrize(
    ("register", "told_as"),
    [
        ("sys.addaudithook(hook)", "sys.addaudithook(): the hooks"),
        ("codecs.register_error('mine', hook)", "codecs.register_error(): the handlers"),
        ("os.register_at_fork(before=hook)", "os.register_at_fork(): before"),
        ("codecs.register(hook)", "codecs.register(): the search functions"),
    ],
)
def test_hooks_for_good(python, register, told_as):
    code = f"""
import codecs, os, sys, weakref, gcscope
class Hook:
    def __call__(self, *args): pass
hook = Hook()
{register}
reference = weakref.ref(hook)
del hook
print(gcscope.why_alive(reference()))
"""
    done = python("-c", code)
    assert told_as in done.out, done


def test_callbacks_of_sqlite3():
    connection = sqlite3.connect(":memory:")
    called = Callable()
    connection.set_trace_callback(called)
    found = holders(called)
    assert "sqlite3.Connection" in {h.type for h in (*found.named, *found.evidence)}
    function = Callable()
    connection.create_function("f", 1, function)
    text = str(holders(function))
    assert "no evidence" in text and "sqlite3 is loaded" in text
    connection.close()


def test_a_callback_of_ctypes():
    import ctypes

    called = Callable()
    kept = ctypes.CFUNCTYPE(None)(called)
    found = holders(called)
    assert found.unexplained == len(found.evidence) == 0
    assert kept


@pytest.mark.thread_unsafe(reason="the process has one such place")
def test_a_command_of_tcl():
    tkinter = pytest.importorskip("tkinter", reason="this Python has no Tcl")
    tcl = tkinter.Tcl()
    called = Callable()
    tcl.tk.createcommand("of_this_test", called)
    text = str(holders(called))
    assert "no evidence" in text and "tkinter is loaded" in text
    timer = tcl.tk.createtimerhandler(10**6, called)
    (seen,) = holders(called).evidence
    assert seen.type == "_tkinter.tktimertoken" and "seen in its memory" in seen.seen
    timer.deletetimerhandler()
    tcl.tk.deletecommand("of_this_test")


@pytest.mark.parametrize("own", [True, False])
def test_a_weak_key_whose_value_refers_to_it(monkeypatch, own):
    weak, key, other = weakref.WeakKeyDictionary(), Target(), Target()
    weak[key] = {"owner": key if own else other}
    monkeypatch.setitem(globals(), "of_this_test", weak)
    reference = weakref.ref(key if own else other)
    del weak, other
    if own:
        del key
    chain = why_alive(reference())
    assert (chain.cause == "the value of a WeakKeyDictionary refers to its own key") is own
    assert ("refers to its own key" in str(chain)) is own


# ------------------------------------------------------------------ stacks and statics


@pytest.mark.skipif(sys.platform != "linux", reason="libraries are read on Linux only")
def test_a_static_variable(broken):
    thing = Target()
    broken.keep(thing)
    try:
        found = holders(thing)
        (seen,) = found.evidence
        assert (seen.type, seen.label) == ("library", "a static variable")
        assert seen.name.startswith("broken") and seen.name.endswith(".so")
        assert "held by library 'broken" in str(found) and "a static variable" in str(found)
    finally:
        broken.keep(None)


def found_on_the_way(reference, found):
    found.append(holders(reference()))
    return 0


def test_the_evaluation_stack_of_a_function_in_a_call_of_c_code():
    found, made = [], []

    def make():
        thing = Target()
        made.append(weakref.ref(thing))
        return thing

    # the Target lies on the stack while sorted(), which is C, calls back
    (make(), sorted([0], key=lambda _: found_on_the_way(made[0], found)))
    (seen,) = [h for h in (*found[0].named, *found[0].evidence) if "stack" in h.label]
    assert seen.type == "frame"
    assert seen.name == "test_the_evaluation_stack_of_a_function_in_a_call_of_c_code"


def test_what_earlier_calls_have_left_on_a_stack_is_no_evidence(broken):
    thing, shown = Target(), Target()
    hidden = broken.NoFar()
    hidden.set_far(thing)
    found = []

    def run():
        # they were there, and are not any more: of `shown` no reference is unexplained
        (0, 0, 0, 0, 0, shown, thing, thing)
        sorted([0], key=lambda _: found.append(holders(thing)) or 0)

    run()
    assert [h for h in found[0].evidence if "stack" in h.label] == []


# --------------------------------------------------------------------------- memory, text


def test_starved_of_memory(starving):
    """Of Python's allocations only those of the core: 3.12 frees code where a def has failed."""
    starving(
        """
import datetime, gc, gcscope
from gcscope import _core
class Zone(datetime.tzinfo): pass
zone = [Zone()]
kept = [datetime.datetime(2026, 1, 1, tzinfo=zone[0]) for _ in range(3)]
gc.freeze()
failed, told = each_growth(lambda: gcscope.holders(zone[0]))
assert failed > 10 and len(told.evidence) == 3, (failed, told)
failed, told = each_growth(lambda: _core.evidence(zone))
assert failed > 10 and len(told) == 3, (failed, told)
assert each_allocation(lambda: _core.evidence(zone)) > 10
"""
    )


def test_evidence_is_a_record(broken):
    thing = Target()
    thing.reader = broken.NoGC(None, thing)
    found = holders(thing)
    assert type(found).from_json(found.to_json()) == found and hash(found) == hash(holders(thing))
    chain = why_alive(thing)
    assert type(chain).from_json(chain.to_json()) == chain
    del thing.reader


def test_looking_changes_nothing(broken):
    thing = Target()
    thing.reader = broken.NoGC(None, thing)
    count, stats, words = sys.getrefcount(thing), gc.get_stats(), gc.get_referents(thing)
    holders(thing)
    assert sys.getrefcount(thing) == count and gc.get_stats() == stats
    assert gc.get_referents(thing) == words
    thing.__dict__.clear()
