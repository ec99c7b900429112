"""Free-threaded builds: what is unreachable in no ring, and what runs while it is."""

import gc
import json
import sys
import threading
import types
import weakref

import pytest

import gcscope
from gcscope import _core
from gcscope.model.header import read_file
from gcscope.model.phrases import waiting_line
from gcscope.model.record import rendered
from support import FREE_THREADED

pytestmark = [
    pytest.mark.skipif(not FREE_THREADED, reason="with a GIL counting frees what is in no ring"),
    pytest.mark.usefixtures("quiet"),
]


@pytest.fixture(autouse=True)
def loaded():
    """Modules that are imported for a first report leave code, which waits for the collector."""
    str(gcscope.garbage())


class Node:
    pass


def function(body="pass", namespace=None):
    """A function of a module; nothing else has it."""
    namespace = globals() if namespace is None else namespace
    exec(f"def made(): {body}", namespace)
    return namespace.pop("made")


def in_ring(*kept):
    """An object in a ring, which keeps others."""
    node = Node()
    node.me, node.kept = node, kept


def told(report):
    """What waits, by its reason: the types, and how many objects are kept."""
    return {waiting.why: (dict(waiting.types), waiting.kept) for waiting in report.waiting}


# ------------------------------------------------------------------------------ deferred


@pytest.mark.parametrize(
    ("make", "kinds", "kept"),
    [
        (lambda: function(), {"code": 2, "function": 1}, 1),  # and a tuple of constants
        (lambda: compile("1", "a file", "eval"), {"code": 1}, 0),
        (lambda: types.ModuleType("a_module"), {"dict": 1, "module": 1}, 0),
        (lambda: staticmethod([Node()]), {"staticmethod": 1}, 3),  # and its __dict__
        (lambda: [[], {}], None, 0),  # is freed by counting
        (lambda: in_ring(compile("1", "a file", "eval")), None, 0),  # a ring keeps it
    ],
)
def test_what_waits_for_the_collector_without_any_ring(make, kinds, kept):
    make()
    report = gcscope.garbage()
    assert told(report) == ({} if kinds is None else {"deferred": (kinds, kept)})
    assert sum(waiting.objects for waiting in report.waiting) + sum(
        cycle.count * cycle.held for cycle in report.cycles
    ) == (report.objects)
    assert gcscope.Report.from_json(report.to_json()) == report


def test_what_waits_beside_a_ring_is_counted_and_told():
    in_ring([])
    kept = Node()
    held = function(f"return {id(kept)}")
    held.kept = kept
    del held, kept
    report = gcscope.garbage()
    assert [cycle.types for cycle in report.cycles] == [gcscope.Counts({f"{__name__}.Node": 1})]
    # kept: the __dict__ of the function, what is in it, and a tuple of constants
    assert told(report) == {"deferred": ({"code": 2, "function": 1}, 3)}
    lines = str(report).splitlines()
    assert lines[0].endswith("; only the collector can free them")
    assert (
        "in no ring, and yet only the collector can free them (deferred counting): 2 code, "
        "1 function, and 3 objects kept by them" in lines
    )


def test_the_collector_takes_what_waits_for_it():
    freed = []
    weakref.finalize(function(), freed.append, "function")
    assert told(gcscope.garbage()) != {} and not freed
    gc.collect()
    assert told(gcscope.garbage()) == {} and freed == ["function"]


# -------------------------------------------------------------------------------- queued


@pytest.fixture
def made_by_another():
    """An object of a thread that waits until it is told to go on."""
    box, made, go = [], threading.Event(), threading.Event()

    def make():
        node = Node()
        node.kept = [Node()]
        box.append(node)
        del node
        made.set()
        go.wait()

    thread = threading.Thread(target=make)
    thread.start()
    made.wait()

    def go_on():
        go.set()
        thread.join()

    yield box, go_on
    go_on()


def test_what_waits_for_the_thread_that_made_it(made_by_another):
    box, go_on = made_by_another
    alive = weakref.ref(box[0])
    assert told(gcscope.garbage()) == {}
    box.clear()
    report = gcscope.garbage()
    assert told(report) == {"queued": ({f"{__name__}.Node": 1}, 2)} and report.objects == 3
    assert str(report).splitlines()[0].endswith("; no collector is needed for them")
    assert (
        f"waiting for the thread that made it, which frees it as soon as it runs: 1 {__name__}"
        ".Node, and 2 objects kept by it" in str(report).splitlines()
    )
    why = gcscope.why_alive(alive())
    assert (why.reachable, why.waits) == (False, "queued")
    assert str(why) == (
        "not reachable: nothing that lasts leads to it; the thread that made it frees it as soon "
        "as it runs"
    )
    go_on()
    assert alive() is None and "queued" not in told(gcscope.garbage())


def test_what_waits_for_a_thread_beside_a_ring(made_by_another):
    box, _ = made_by_another
    box.clear()
    in_ring()
    report = gcscope.garbage()
    assert set(told(report)) == {"queued"} and report.objects == 4
    assert str(report).splitlines()[0].endswith("; only the collector can free 1 of them")


def test_what_a_ring_keeps_as_well_waits_for_no_thread(made_by_another):
    box, _ = made_by_another
    alive = weakref.ref(box[0])
    in_ring(box.pop())
    assert told(gcscope.garbage()) == {}
    assert gcscope.why_alive(alive()).waits is None


# ------------------------------------------------------------------------------- running

# A process of its own: a frame that outlives such a function, as in a traceback, has a dangling
# pointer to it, and CPython's next collection may crash.
RUNNING = """
import gc, json
import gcscope

gc.disable()
WORK = '''
def work():
    report = look()
    collect()
    try:
        return report, marker
    except NameError as error:
        return report, str(error)
'''

def dropped(namespace):  # a function of a namespace, in which it is no more
    namespace.update(look=gcscope.garbage, collect=gc.collect, marker="still there")
    exec(compile(WORK, "work.py", "exec"), namespace)
    work = namespace.pop("work")
    return work  # lent to who calls it

gcscope.garbage()
gc.collect()
kept = {}
report, marker = dropped(NAMESPACE)()
print(json.dumps([report.to_json(), marker]))
"""


def ran(python, namespace):
    """What a function saw that runs and that only its own frame has: a report, and a variable."""
    done = python("-c", RUNNING.replace("NAMESPACE", namespace))
    assert done.code == 0, done
    report, marker = json.loads(done.out)
    return gcscope.Report.from_json(report), marker


def test_a_function_that_runs_while_the_collector_would_take_it(python):
    report, marker = ran(python, "{}")
    (running,) = report.running
    assert (running.type, running.name) == ("function", "work") and running.where == "work.py:2"
    line = next(line for line in str(report).splitlines() if line.startswith("warning: "))
    assert line.startswith("warning: function work") and line.endswith(
        "is running, and only its own frame has it: gc.collect() would empty its globals while it "
        "runs"
    )
    assert marker == "name 'marker' is not defined"  # so it does


def test_of_one_whose_globals_live_nothing_is_told(python):
    """The collector takes it, and does no harm."""
    report, marker = ran(python, "kept")
    assert "function" in report.types and not report.running and marker == "still there"


# ---------------------------------------------------------------------- the other words


def test_why_a_class_or_function_is_there_that_nothing_leads_to():
    alive = weakref.ref(function())
    why = gcscope.why_alive(alive())
    assert (why.reachable, why.waits, why.collecting) == (False, "deferred", False)
    assert str(why) == (
        "not reachable: nothing that lasts leads to it; ring or not, only the collector frees it "
        "(deferred counting)"
    )
    assert gcscope.Chain.from_json(why.to_json()) == why
    assert gcscope.why_alive(type("Odd", (), {})).waits is None  # this very call has it
    assert "waits" not in gcscope.why_alive(Node).to_json()


@pytest.mark.parametrize(
    "factory", [function, lambda: compile("1", "x", "eval"), lambda: types.ModuleType("m")]
)
def test_what_waits_fails_no_assertion_and_is_told_by_trial(factory):
    gcscope.assert_released(factory)
    gcscope.assert_no_cycles(factory)
    trial = gcscope.trial(factory)
    assert trial.report.waiting[0].why == "deferred" and not trial.report.cycles
    assert trial.collector.total == trial.report.objects > 0
    assert "(deferred counting): " in str(trial)


def test_what_is_kept_by_what_waits_is_in_no_ring_either():
    """A code object that a dropped function keeps, and yet is the one that is asked about."""

    def code_of_dropped():
        made = function()
        made.code = compile("1", "a file", "eval")
        return made.code

    gcscope.assert_released(code_of_dropped)


def test_a_count_is_told_whole():
    made = function()
    kept = [made, made]
    count = gcscope.refcount(kept[0])
    assert count == len(kept) + 1
    assert sys.getrefcount(made) > 1 << 59  # what deferred counting adds


def test_a_program_that_is_run_and_a_picture(python, tmp_path):
    program, file = tmp_path / "program.py", tmp_path / "found.json"
    program.write_text("exec('def made(): pass')\ndel made\n")
    done = python("-m", "gcscope", "run", "-o", str(file), str(program))
    assert done.code == 0
    report, header = read_file(file.read_text())
    assert [waiting.why for waiting in report.waiting] == ["deferred"] and not report.cycles
    assert 0 < header.stopped < 60
    line = waiting_line(report.waiting[0])
    assert line in str(report).splitlines() and line[:40] in rendered(report, "dot")


def test_a_program_that_is_run_is_told_so(python, tmp_path):
    program = tmp_path / "program.py"
    program.write_text("exec('def made(): pass')\ndel made\n")
    done = python("-m", "gcscope", "run", str(program))
    (line,) = (line for line in done.err.splitlines() if "(deferred counting): " in line)
    assert line.startswith("gcscope: in no ring, and yet only the collector can free them ")


# --------------------------------------------------------------------------- how long, cost


def test_how_long_other_threads_were_stopped():
    before = _core.stopped_for()
    gcscope.garbage()
    cost = _core.last_scan()
    assert 0 < cost.stopped < 60 and _core.stopped_for() == pytest.approx(before + cost.stopped)


def test_memory_may_be_exhausted_at_any_step(starving):
    starving(
        """
import gc
from gcscope import _core
gc.disable()
gc.collect()
exec("def made(): pass", globals())
del made
def find():
    return [(row.why, row.kept) for row in _core.unreachable_rings({}, None).waiting]
failed, found = each_growth(find)
assert failed > 5 and found[0][0] == "deferred", (failed, found)
"""
    )
