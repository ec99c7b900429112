"""Asking through sys.remote_exec: real processes, which are as before afterwards."""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from gcscope import __version__, _core
from gcscope.live import remote
from gcscope.live.folder import private_folder
from gcscope.live.process import examine
from gcscope.live.remote import ask_by_remote_exec
from gcscope.live.request import NoAnswer, Request
from gcscope.model.header import read_file
from gcscope.model.record import changed
from support import FREE_THREADED
from targets import SLEEP, WAITING, Target, left_by_program

pytestmark = pytest.mark.skipif(
    sys.version_info < (3, 14), reason="needs sys.remote_exec, of Python 3.14"
)

# A program that goes on, and answers a line on stdin with what Python has of its own to tell.
HEAD = """
import gc, os, sys, time
gc.collect(); gc.disable()
OURS = ("gcscope", "__future__", "_json", "_sha2")
class Node: pass
def ring():
    node = Node()
    node.me = node
def facts(collects=True):
    return {
        "trash": gc.collect() if collects else 0, "main": sorted(vars(sys.modules["__main__"])),
        "callbacks": len(gc.callbacks), "path": sys.path, "threads": os.listdir("/proc/self/task"),
        "files": sorted(os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
                        if os.path.exists(f"/proc/self/fd/{fd}")),
        "modules": sorted(name for name in sys.modules if name.partition(".")[0] not in OURS),
    }
def tell(collects):
    print(json.dumps(facts(collects)), flush=True)
import json, signal
wants = []
signal.signal(signal.SIGUSR1, lambda *_: wants.append(True))
signal.signal(signal.SIGUSR2, lambda *_: wants.append(False))
first = facts()
"""
LOOP = """
print("ready", flush=True)
while True:
    time.sleep(0.002)
    if wants:
        tell(wants.pop())
"""


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """A private folder of the test's own."""
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def facts_of(target, collects=True):
    """What the program tells of itself."""
    os.kill(target.pid, signal.SIGUSR1 if collects else signal.SIGUSR2)
    return json.loads(target.line())


def request(**fields):
    until = time.time() + 30
    return Request(
        **{"gcscope": __version__, "identity": os.urandom(8).hex(), "until": until, **fields}
    )


def ask(pid, timeout=30.0, **fields):
    return read_file(ask_by_remote_exec(examine(pid), request(**fields), timeout))


def left_over():
    """What lies in the private folder."""
    return sorted(os.listdir(private_folder(os.geteuid(), None)))


# -------------------------------------------------------------------------------- it answers


def test_a_report_has_what_the_program_left_and_nothing_of_ours():
    with Target.python(HEAD + "ring()" + LOOP) as target:
        for _ in range(2):
            report, header = ask(target.pid)
            assert report.objects >= 1 and len(report.cycles) == 1, report
            assert report.cycles[0].ring[0].type == "__main__.Node"
            assert left_by_program(report).keys() - {"dict"} == {"__main__.Node"}, report
        assert header.pid == target.pid and header.argv0 == "-c"
        assert header.python == sys.version.split()[0] and 0 <= header.stopped < 30
        assert target.is_unharmed()


def test_nothing_is_found_where_nothing_is():
    with Target.python(HEAD + LOOP) as target:
        assert not left_by_program(ask(target.pid)[0])


def test_the_target_is_as_before():
    with Target.python(HEAD + LOOP) as target:
        before = facts_of(target)
        assert before["trash"] == 0
        for want in ("report", "census", "why"):
            ask(target.pid, want=want, expression="__main__.Node")
        ask(target.pid, want="growth", seconds=0.4)
        ask(target.pid, want="pauses", seconds=0.4)
        with pytest.raises(NoAnswer, match="is called 'nowhere'"):
            ask(target.pid, want="why", expression="nowhere")
        assert ended_threads(target, before) == before
        assert left_over() == []


def ended_threads(target, before, seconds=10, **how):
    """What the program tells, once a thread of ours that has just answered has ended."""
    end = time.monotonic() + seconds
    while (after := facts_of(target, **how)) != before and time.monotonic() < end:
        time.sleep(0.05)
    return after


def test_why():
    with Target.python(HEAD + "kept = {'a': [Node()]}" + LOOP) as target:
        chain, _ = ask(target.pid, want="why", expression="kept['a'][0]")
        assert chain.expression == "sys.modules['__main__'].kept['a'][0]"


@pytest.mark.skipif(FREE_THREADED, reason="no forked child can look in a free-threaded process")
def test_a_forked_child_looks():
    with Target.python(HEAD + "ring()" + LOOP) as target:
        before = facts_of(target, collects=False)
        report, header = ask(target.pid, fork=True)
        assert report == ask(target.pid)[0] and report.cycles
        assert header.pid == target.pid and 0 < header.stopped < 1
        assert ended_threads(target, before, collects=False) == before


def test_growth():
    code = (
        HEAD
        + """
kept = {}
print("ready", flush=True)
while True:
    time.sleep(0.005)
    kept[len(kept)] = Node()
"""
    )
    with Target.python(code) as target:
        growth, _ = ask(target.pid, want="growth", seconds=2.0)
        (grower,) = [grower for grower in growth.growers if "kept" in grower.path]
        assert grower.path == "__main__.kept" and grower.filled_at.startswith("<string>:")


def test_options_of_the_interpreter():
    for options in (("-I", "-S"), ("-X", "dev"), ("-OO",)):
        with Target.python(HEAD + "ring()" + LOOP, *options) as target:
            assert ask(target.pid)[0].cycles


def test_many_threads():
    code = (
        HEAD
        + """
import threading
def work():
    while True: sum(range(50))
for _ in range(20): threading.Thread(target=work, daemon=True).start()
ring()"""
        + LOOP
    )
    with Target.python(code) as target:
        assert ask(target.pid, 120.0)[0].cycles


def test_another_user(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("needs root, for a second user")
    from targets import AS_NOBODY, NOBODY

    os.environ["TMPDIR"] = "/tmp"
    with Target.python(HEAD + AS_NOBODY + "ring()" + LOOP) as target:
        try:
            report, header = ask(target.pid)
        except NoAnswer as refused:
            assert f"user {NOBODY}, who may not read" in str(refused)
            pytest.skip("that user may not read this gcscope")
        assert report.cycles and header.pid == target.pid


# ------------------------------------------------------------------- what is loaded already


def test_a_process_uses_the_gcscope_that_it_has():
    with Target.python("import gcscope; gcscope.odd = 7\n" + HEAD + "ring()" + LOOP) as target:
        assert ask(target.pid)[0].cycles


def test_another_version_is_told():
    code = "import types, sys; sys.modules['gcscope'] = m = types.ModuleType('gcscope')\n"
    with Target.python(f"{code}m.__version__ = '0.1.9'\n{HEAD}{LOOP}") as target:
        with pytest.raises(NoAnswer, match=r"has gcscope 0.1.9 loaded, and gcscope .* asks"):
            ask(target.pid)
        assert target.is_unharmed()


# --------------------------------------------------------------------------- it does not fit


class Core:
    """What this gcscope says of how it was compiled."""

    def __init__(self, built_for):
        self.BUILT_FOR = built_for


def test_another_collector_is_told(monkeypatch):
    is_old = sys.hexversion < 0x030E0500
    monkeypatch.setattr(remote, "_core", Core(0x030E0AF0 if is_old else 0x030E03F0))
    with Target.python(HEAD + LOOP) as target:
        before = facts_of(target)
        with pytest.raises(NoAnswer, match=r"whose collector is another one .*3\.14\.5"):
            ask(target.pid)
        assert ended_threads(target, before) == before


def test_a_core_for_another_build_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(remote, "_PACKAGE", str(tmp_path / "it's %s {odd}"))
    with Target.python(HEAD + LOOP) as target:
        with pytest.raises(NoAnswer, match=r"there is no .*it's %s \{odd\}/_core.*\.so for it"):
            ask(target.pid)


def test_a_package_that_cannot_be_loaded_leaves_nothing(monkeypatch, tmp_path):
    (tmp_path / "__init__.py").write_text("__version__ = 'x'\n")
    core = Path(_core.__file__).name
    (tmp_path / core).write_text("no library")
    monkeypatch.setattr(remote, "_PACKAGE", str(tmp_path))
    with Target.python(HEAD + LOOP) as target:
        before = facts_of(target)
        with pytest.raises(NoAnswer, match="could not be loaded in the process: ImportError"):
            ask(target.pid)
        assert ended_threads(target, before) == before
        monkeypatch.undo()
        assert not left_by_program(ask(target.pid)[0])


# ------------------------------------------------------------- the program goes on as it would


def test_threads_of_gevent_and_its_like():
    """Their start_new_thread and sleep are not called."""
    code = (
        HEAD
        + """
import _thread, time as clock
sleep = clock.sleep
def never(*_, **__): raise RuntimeError("called")
_thread.start_new_thread = never
clock.sleep = never
print("ready", flush=True)
while True: sleep(0.002)
"""
    )
    with Target.python(code) as target:
        assert not left_by_program(ask(target.pid)[0])
        assert ask(target.pid, want="growth", seconds=0.4)[0].rounds == 4


NO_THREADS = """
import resource
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (512 << 20),) * 2)
"""
LARGE_STACKS = ("sh", "-c", 'ulimit -s 1048576 && exec "$@"', "sh")  # as threads have them, too


def test_a_first_thread_is_not_to_be_had():
    """Then the main thread begins the one that looks."""
    code = f"{HEAD}import _thread\n_thread.stack_size(1 << 30)\n{NO_THREADS}ring()\n{LOOP}"
    with Target.python(code) as target:
        before = facts_of(target, collects=False)
        assert ask(target.pid)[0].cycles
        assert ask(target.pid, want="growth", seconds=0.4)[0].rounds == 4
        assert ended_threads(target, before, collects=False) == before


def test_no_thread_is_to_be_had():
    """Then the main thread itself looks, and is not made to wait."""
    with Target.python(HEAD + NO_THREADS + "ring()" + LOOP, prefix=LARGE_STACKS) as target:
        before = facts_of(target, collects=False)
        assert ask(target.pid)[0].cycles
        for want in ("growth", "pauses"):
            begin = time.monotonic()
            with pytest.raises(NoAnswer, match="can have no thread more, .* wait for 20 s"):
                ask(target.pid, want=want, seconds=20.0)
            assert time.monotonic() - begin < 10
        assert ended_threads(target, before, collects=False) == before


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_an_exception_of_a_signal_handler_reaches_the_program_that_looks_itself(name, has_begun):
    """Its main thread looks, as it can have no other; it has gcscope loaded by then."""
    code = f"""
kept = [[] for _ in range(300_000)]
def handler(*_):
    said.append(1)
    sys.exit(7)
said = []
signal.signal(signal.{name}, handler)
{NO_THREADS}
try:
    print("ready", flush=True)
    while True: time.sleep(0.002)
except SystemExit as error:
    print(len(said), [signal.getsignal(n) is signal.SIG_DFL for n in (23, 28)], flush=True)
    error.__traceback__ = None
    print(error.__context__, flush=True)
    gc.set_debug(gc.DEBUG_SAVEALL)
    gc.collect()
    left = {{type(op).__name__ for op in gc.garbage}} - {WAITING if FREE_THREADED else set()}
    print(len(left), flush=True)
    raise
"""
    with Target.python(HEAD + code, prefix=LARGE_STACKS) as target:
        ask(target.pid)
        has_begun()
        asking = threading.Thread(target=asked_quietly, args=(target.pid,))
        asking.start()
        has_begun()
        os.kill(target.pid, getattr(signal, name))
        assert target.line() == "1 [True, True]\n"
        assert target.line() == "None\n"
        assert target.line() == "0\n"
        assert target.process.wait(30) == 7
        asking.join()


@pytest.fixture
def has_begun(monkeypatch):
    """A function that waits until a process that is asked has come to the script."""
    scripts = []
    remote_exec = sys.remote_exec

    def noted(pid, script):
        remote_exec(pid, script)
        scripts.append(script)

    def wait(seconds=30):
        end = time.monotonic() + seconds
        while not scripts or os.path.exists(scripts[-1]):
            assert time.monotonic() < end, "no process has come to the script"
            time.sleep(0.001)
        scripts.clear()

    monkeypatch.setattr(sys, "remote_exec", noted)
    return wait


FORKS = """
import warnings
warnings.simplefilter("error")
kept = {}
def child():
    kept.update((number, None) for number in range(100))
    known = sys.modules.get("gcscope._core")
    left = [type(op).__name__ for op in gc.get_objects() if type(op).__module__ == "gcscope._core"]
    return [len(gc.callbacks), sorted(set(left) & {"Worker", "Growth", "Pauses"})]
def fork():
    read, write = os.pipe()
    try:
        pid = os.fork()
    except DeprecationWarning:
        return "warned"
    if pid == 0:
        try:
            os.write(write, json.dumps(child()).encode())
        finally:
            os._exit(0)
    os.close(write)
    told = os.read(read, 1000).decode()
    os.close(read)
    os.waitpid(pid, 0)
    return json.loads(told)
signal.signal(signal.SIGUSR1, lambda *_: wants.append(True))
print("ready", flush=True)
while True:
    time.sleep(0.002)
    kept[len(kept)] = Node()
    if wants:
        wants.clear()
        print(json.dumps([len(gc.callbacks), len(os.listdir("/proc/self/task"))]), flush=True)
        print(json.dumps(fork()), flush=True)
"""


@pytest.mark.parametrize("want", ["growth", "pauses"])
def test_a_fork_meanwhile_is_not_warned_of_and_the_child_has_nothing_of_it(want, has_begun):
    with Target.python(HEAD + FORKS) as target:
        answers = []
        asking = threading.Thread(
            target=lambda: answers.append(ask(target.pid, want=want, seconds=3.0))
        )
        asking.start()
        has_begun()
        time.sleep(1)
        for _ in range(3):
            os.kill(target.pid, signal.SIGUSR1)
            callbacks, threads = json.loads(target.line())
            assert threads == 2 and callbacks == (1 if want == "pauses" else 0)
            assert json.loads(target.line()) == [0, []]
            time.sleep(0.1)
        asking.join()
        record, _ = answers[0]
        assert record.elapsed >= 3 if want == "pauses" else record.rounds == 4


SLOW = """
import threading
class Slow:
    @staticmethod
    def find_spec(name, *_):
        if name == {name!r} and not begun.is_set():
            begun.set()
            print("ready", flush=True)
            time.sleep(1)
begun = threading.Event()
sys.meta_path.insert(0, Slow)
"""


def test_a_module_that_the_program_is_importing_is_waited_for():
    code = f"""{HEAD}{SLOW.format(name="gcscope.late")}
import importlib.util, types
package = types.ModuleType("gcscope")
spec = importlib.util.find_spec("gcscope")
real = spec.loader.exec_module
def exec_module(module):
    begun.set()
    print("ready", flush=True)
    time.sleep(1)
    real(module)
spec.loader.exec_module = exec_module
sys.meta_path.insert(0, types.SimpleNamespace(
    find_spec=lambda name, *_: spec if name == "gcscope" else None))
def load():
    import gcscope
threading.Thread(target=load).start()
ring()
while True: time.sleep(0.002)
"""
    with Target.python(code) as target:
        assert ask(target.pid)[0].cycles


def test_a_module_that_is_loaded_for_the_answer_is_waited_for():
    """The program that imports it meanwhile does not get half of it."""
    code = f"""{HEAD}{SLOW.format(name="gcscope._core")}
print("ready", flush=True)
while not begun.is_set(): time.sleep(0.002)
import gcscope
print("gcscope._core" in sys.modules, gcscope.__spec__._initializing, flush=True)
while True: time.sleep(0.002)
"""
    with Target.python(code) as target:
        asking = threading.Thread(target=ask, args=(target.pid,))
        asking.start()
        assert target.line() == "ready\n"
        assert target.line() == "True False\n"
        asking.join()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_an_exception_of_a_signal_handler_reaches_the_program(name):
    """Whenever it comes while the process is asked, the program ends by it.

    But in the microseconds before the first statement of the script, while CPython reads and
    compiles that: then CPython itself drops the exception, and says so to sys.unraisablehook.
    """
    code = (
        HEAD
        + f"""
def dropped(said):
    at, is_ours = said.exc_traceback, False
    while at is not None:
        is_script = at.tb_frame.f_code.co_filename.endswith(f"/{{os.getpid()}}.py")
        is_ours |= is_script and at.tb_lineno > 1
        at = at.tb_next
    os._exit(9 if is_ours else 8)
sys.unraisablehook = dropped
signal.signal(signal.{name}, lambda *_: sys.exit(7))
[ring() for _ in range(2000)]
print("ready", flush=True)
while True: sum(range(100))
"""
    )
    codes = []
    for delay in (0.0, 0.002, 0.005, 0.01, 0.02, 0.04):
        with Target.python(code) as target:
            asking = threading.Thread(target=asked_quietly, args=(target.pid,))
            asking.start()
            time.sleep(delay)
            os.kill(target.pid, getattr(signal, name))
            codes.append(target.process.wait(30))
            asking.join()
    assert set(codes) <= {7, 8}, codes
    assert codes.count(7) > codes.count(8), codes


def asked_quietly(pid):
    try:
        ask(pid)
    except NoAnswer:
        pass


def test_the_target_ends_meanwhile():
    with Target.python(SLEEP) as target:
        os.kill(target.pid, signal.SIGSTOP)  # it is not to answer before
        threading.Timer(0.3, target.process.kill).start()
        with pytest.raises(NoAnswer, match="ended before it answered"):
            ask(target.pid)
    assert left_over() == []


def test_freezing_time_does_not_hinder():
    code = HEAD + "time.time = time.monotonic = lambda: 1e12\nring()" + LOOP
    with Target.python(code) as target:
        assert ask(target.pid)[0].cycles


# ------------------------------------------------------------------------ late, and at once

LATE = (
    HEAD
    + """
sys.stderr = open(os.environ["SAID"], "w")
print("ready", flush=True)
wake = os.open(os.environ["WAKE"], os.O_RDONLY)
os.read(wake, 1)
for _ in range(100): time.sleep(0.002)
print("woken", flush=True)
time.sleep(600)
"""
)


def test_one_that_wakes_too_late_is_not_harmed(tmp_path):
    wake, said = tmp_path / "wake", tmp_path / "said"
    os.mkfifo(wake)
    with Target.python(LATE, env={"WAKE": str(wake), "SAID": str(said)}) as target:
        time.sleep(0.3)
        with pytest.raises(NoAnswer, match="blocked in C"):
            ask(target.pid, 0.3)
        (folder,) = left_over()
        assert folder.startswith("ask-")
        wake.write_text("x")
        assert target.line() == "woken\n"
        assert said.read_text() == "" and left_over() == []


def test_what_was_left_goes_with_the_next_answer(tmp_path):
    wake = tmp_path / "wake"
    os.mkfifo(wake)
    with Target.python(LATE, env={"WAKE": str(wake), "SAID": os.devnull}) as target:
        time.sleep(0.3)
        for _ in range(2):
            with pytest.raises(NoAnswer):
                ask(target.pid, 0.2)
        assert len(left_over()) == 2
        threading.Timer(0.3, wake.write_text, "x").start()
        ask(target.pid)
        assert left_over() == []


def test_a_look_that_takes_too_long_is_told(monkeypatch):
    begins = "import posix; posix.unlink({!r})"
    monkeypatch.setattr(remote, "LONGEST_LOOK", 0.0)
    monkeypatch.setattr(remote, "script_of", lambda _request, script, *_: begins.format(script))
    with Target.python(HEAD + LOOP) as target:
        with pytest.raises(NoAnswer, match="has begun to look and is not ready after 0.5 s"):
            ask(target.pid, 0.5)
        assert left_over() == []
        monkeypatch.undo()
        assert not left_by_program(ask(target.pid)[0])


def test_two_at_once(tmp_path):
    with Target.python(HEAD + LOOP) as target:
        first = threading.Thread(
            target=ask, args=(target.pid,), kwargs={"want": "growth", "seconds": 2.0}
        )
        first.start()
        time.sleep(0.5)
        with pytest.raises(NoAnswer, match="another `gcscope attach` is asking"):
            ask(target.pid)
        first.join()
        assert not left_by_program(ask(target.pid)[0])


def test_a_lock_that_is_left_hinders_nobody():
    with Target.python(HEAD + LOOP) as target:
        lock = Path(private_folder(os.geteuid(), None), f"{target.pid}.lock")
        lock.touch(0o600)
        assert not left_by_program(ask(target.pid)[0])
        assert not lock.exists()


def test_an_answer_to_another_question_is_none(monkeypatch):
    def swapped(asked, *rest):
        return script_of(changed(asked, identity="another"), *rest)

    script_of = remote.script_of
    monkeypatch.setattr(remote, "script_of", swapped)
    with Target.python(HEAD + LOOP) as target:
        with pytest.raises(NoAnswer, match="to another question"):
            ask(target.pid)


# ---------------------------------------------------------------------------------- a thousand


@pytest.mark.slow
def test_a_thousand_times():
    """Memory, files, threads, descriptors, callbacks are as before."""
    with Target.python(HEAD + "ring()" + LOOP) as target:
        for _ in range(100):
            ask(target.pid)
        facts_of(target)
        before, size = facts_of(target), resident(target.pid)
        for number in range(1000):
            want = ("report", "why", "report", "census")[number % 4]
            ask(target.pid, want=want, expression="__main__.Node")
        assert ended_threads(target, before) == before
        assert resident(target.pid) - size < 1 << 20
        assert left_over() == []


def resident(pid):
    """Bytes of memory that a process has."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
