"""A look by a forked child: what it tells, what the process notices, and how the child ends."""

import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from gcscope import _core
from gcscope.live import fork
from gcscope.live.request import NoAnswer
from support import FREE_THREADED, PLAIN_ENV, ROOT

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or "GCSCOPE_NO_INTERNALS" in os.environ or FREE_THREADED,
    reason="no forked child can look here",
)

traced = pytest.mark.skipif(sys.version_info < (3, 13), reason="tracemalloc hinders it there")

HEAD = f"""
import gc, os, signal, sys, threading, time
sys.path.append({str(ROOT / "tests")!r})
import gcscope
from gcscope import Person, _core
from gcscope.live.fork import answer_in_child, file_maker, steps_in_child
from gcscope.live.request import NoAnswer
from gcscope.model.record import writers
from gcscope.api.census import census
from gcscope.api.garbage import garbage
from gcscope.api.why_alive import why_alive

gc.disable()

def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()

def children():
    tasks = f"/proc/{{os.getpid()}}/task"
    found = []
    for task in os.listdir(tasks):
        try:
            found += read(f"{{tasks}}/{{task}}/children").split()
        except FileNotFoundError:  # a thread that has ended
            pass
    return found

def refused(make, limit=30.0):
    try:
        answer_in_child(make, limit)
    except NoAnswer as error:
        return str(error)
    raise AssertionError("it answered")

def hang(stopped):
    while True:
        pass

class Node:
    pass

def ring():
    one, other = Node(), Node()
    one.other, other.other = other, one
    one.data = ["x" * 1000]
"""


@pytest.fixture
def target(python):
    """Run code in a process of its own."""

    def run(code, *options, **keywords):
        done = python(
            *options, "-X", "faulthandler", "-c", f"{HEAD}\n{code}\nprint('went on')", **keywords
        )
        assert done.code == 0 and done.out == "went on\n" and not done.err, done

    return run


# ------------------------------------------------------------------------ what it tells

SAME = """
for _ in range(7):
    ring()
p, q = Person("Michael"), Person("Sarah")
p.befriend(q)
q.befriend(p)
kept = [p, *(Node() for _ in range(14))]
del p, q
here = garbage()
text, stopped = answer_in_child(file_maker(garbage), 60.0)
there, header = writers().read_file(text)
assert here.objects >= 14 and here.cycles, here
assert there == here, (str(there), str(here))
assert header.pid == os.getpid() and not header.gc_enabled, header
assert header.stopped == stopped and 0 < stopped < 2, stopped
gc.enable()
text, _ = answer_in_child(file_maker(garbage), 60.0)
gc.disable()
assert writers().read_file(text)[1].gc_enabled

here = why_alive(kept[0])
text, _ = answer_in_child(file_maker(lambda: why_alive(kept[0])), 60.0)
assert writers().read_file(text)[0] == here, text

text, _ = answer_in_child(file_maker(census), 60.0)
there = {row.type: row.objects for row in writers().read_file(text)[0].rows}
here = {row.type: row.objects for row in census().rows}
assert there["__main__.Node"] == here["__main__.Node"] >= 14, there
assert there.keys() >= here.keys() - {"list_iterator"}
"""


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"PYTHONMALLOC": "malloc"},
        {"PYTHONMALLOC": "debug"},
        {"PYTHONDEVMODE": "1"},
        pytest.param({"PYTHONTRACEMALLOC": "5"}, marks=traced),
    ],
    ids=" ".join,
)
def test_it_tells_what_a_look_in_the_process_tells(target, settings):
    target(SAME, env=settings)


def test_the_frames_of_other_threads_are_roots(target):
    target("""
def wait(started, end):
    local = Node()
    marks.append(weakref.ref(local))
    started.set()
    end.wait()

import weakref
marks, started, end = [], threading.Event(), threading.Event()
thread = threading.Thread(target=wait, args=(started, end), daemon=True)
thread.start()
started.wait()
text, _ = answer_in_child(lambda _: str(why_alive(marks[0]())).encode(), 60.0)
assert text.decode() == str(why_alive(marks[0]())) and "local" in text.decode(), text
end.set()
thread.join()
""")


def test_what_it_raises_is_told(target):
    target("""
assert refused(lambda stopped: 1 / 0) == "the look failed: ZeroDivisionError: division by zero"
def refuse(stopped):
    raise NoAnswer("nothing here has that name")
assert refused(refuse) == "nothing here has that name"
assert "TypeError" in refused(lambda stopped: "no bytes")
assert "ended with code 4" in refused(lambda stopped: sys.exit())
assert not children()
""")


def test_a_large_answer(target):
    target("""
data = os.urandom(1 << 20) * 20
answer, _ = answer_in_child(lambda stopped: data, 60.0)
assert answer == data
assert answer_in_child(lambda stopped: b"", 60.0)[0] == b""
""")


def test_in_steps(target):
    target("""
import select
def run(steps):
    waits = 0
    while True:
        try:
            seconds, descriptor, writing = next(steps)
        except StopIteration as end:
            return end.value, waits
        assert not writing and 0 < seconds < 70
        waits += 1
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.poll(1000 * seconds)

def slow(stopped):
    time.sleep(0.2)
    return b"slow"

(answer, stopped), waits = run(steps_in_child(slow, 60.0))
assert answer == b"slow" and 0 < stopped < 0.2 and waits, waits
steps = steps_in_child(hang, 60.0)
next(steps)
assert len(children()) == 1
steps.close()
del steps
assert not children()
""")


# ---------------------------------------------------------------- what nobody notices


def test_nobody_notices(target):
    target("""
import warnings
warnings.simplefilter("error")
seen = []
os.register_at_fork(
    before=lambda: seen.append("before"),
    after_in_parent=lambda: seen.append("parent"),
    after_in_child=lambda: seen.append("child"),
)
signal.signal(signal.SIGCHLD, lambda *_: seen.append("SIGCHLD"))
stop = []

def reap():
    while not stop:
        try:
            seen.append(os.waitpid(-1, os.WNOHANG))
        except ChildProcessError:
            pass

thread = threading.Thread(target=reap)
thread.start()
for _ in range(20):
    answer, _ = answer_in_child(lambda _: repr(seen).encode(), 60.0)
    assert answer == b"[]", answer
try:
    os.wait()
except ChildProcessError:
    pass
stop.append(1)
thread.join()
assert not seen, seen
assert not children()
""")


def test_a_wait_for_another_child_gets_that(target):
    target("""
code = "import time; time.sleep(1)"
other = os.posix_spawn(sys.executable, [sys.executable, "-c", code], os.environ)
found = []
thread = threading.Thread(target=lambda: found.append(os.wait()))
thread.start()
for _ in range(5):
    answer_in_child(lambda _: b"", 60.0)
thread.join()
assert found[0][0] == other and len(found) == 1
""")


def test_signals_are_handled_once_and_by_the_process(target):
    target("""
import ctypes, operator
from functools import partial
libc = ctypes.CDLL(None)
seen = []
signal.signal(signal.SIGUSR1, lambda *_: seen.append(1))
this = os.getpid()

def make(stopped):
    for _ in range(1000):
        str(seen)
    return repr(seen).encode()

# tripped before the fork: no Python code between the two calls
calls = [partial(libc.kill, this, signal.SIGUSR1), partial(_core.Child, make, 60.0)]
_, child = map(operator.call, calls)
while not child.take(60.0):
    pass
assert child.answer == b"[]" and seen == [1], (child.answer, seen)

# blocked, and pending for the process
seen.clear()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
os.kill(this, signal.SIGUSR1)
answer, _ = answer_in_child(make, 60.0)
assert answer == b"[]" and not seen
assert signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1]) == {signal.SIGUSR1}
assert seen == [1], seen

# many, by a timer
seen.clear()
signal.signal(signal.SIGALRM, lambda *_: seen.append(1))
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
for _ in range(30):
    before = len(seen)
    answer, _ = answer_in_child(lambda _: str(len(seen)).encode(), 60.0)
    assert before <= int(answer) <= len(seen)
signal.setitimer(signal.ITIMER_REAL, 0)
assert seen
""")


def test_signals_for_the_group_of_the_process_are_not_the_childs(target):
    """As Ctrl-C sends one, which the process may handle and go on."""
    target("""
def slow(stopped):
    time.sleep(0.5)
    return b"slow"

child = _core.Child(slow, 60.0)
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
    os.kill(child.pid, number)
while not child.take(60.0):
    pass
assert child.answer == b"slow", child.code
""")


def test_no_code_of_the_program_runs_there(target):
    target("""
seen = []
def trace(*_):
    seen.append("trace")
    return trace
sys.settrace(trace)
sys.setprofile(trace)
gc.callbacks.append(lambda *_: seen.append("gc"))
gc.set_threshold(1)
gc.enable()

def make(stopped):
    before = len(seen)
    made = [[n] for n in range(10_000)]
    return b"%d" % (len(seen) - before)

child = _core.Child(make, 60.0)
sys.settrace(None)
sys.setprofile(None)
gc.disable()
while not child.take(60.0):
    pass
assert seen and child.answer == b"0", child.answer
""")


def test_a_pending_call_and_an_exception_for_the_thread_are_the_process_s(target):
    target("""
import ctypes, operator
from functools import partial
seen = []
Pending = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)
call = Pending(lambda _: seen.append(1) or 0)
add = ctypes.PyDLL(None).Py_AddPendingCall

def make(stopped):
    for _ in range(1000):
        str(seen)
    return repr(seen).encode()

_, child = map(operator.call, [partial(add, call, None), partial(_core.Child, make, 60.0)])
while not child.take(60.0):
    pass
assert child.answer == b"[]" and seen == [1], (child.answer, seen)

raises = ctypes.pythonapi.PyThreadState_SetAsyncExc
this = ctypes.c_ulong(threading.get_ident())
kept = []
try:
    kept.extend(map(operator.call, [
        partial(raises, this, ctypes.py_object(KeyError)), partial(_core.Child, make, 60.0)
    ]))
    for _ in range(1000):
        str(seen)
except KeyError:
    seen.append(2)
while not kept[1].take(60.0):
    pass
assert kept[1].answer == b"[1]" and seen == [1, 2], (kept[1].answer, seen)
""")


def test_descriptors_of_the_process_are_not_held_open(target):
    target("""
reader, writer = os.pipe()
child = _core.Child(hang, 60.0)
os.close(writer)
began = time.monotonic()
assert os.read(reader, 1) == b"" and time.monotonic() - began < 20
assert children() == [str(child.pid)]
def held():
    place = f"/proc/{child.pid}/fd"
    links = (f"{place}/{fd}" for fd in os.listdir(place))
    return [os.readlink(link) for link in links if os.path.islink(link)]
while len(held()) != 2 and time.monotonic() - began < 20: # it has one more while it steps back
    time.sleep(0.01)
assert len(held()) == 2 and all(name.startswith("pipe:") for name in held()), held()
""")


def test_a_process_without_standard_streams(target):
    target("""
streams = [os.dup(fd) for fd in range(3)]
os.closerange(0, 3)
answer, _ = answer_in_child(lambda _: b"x", 60.0)
for fd, stream in enumerate(streams):
    os.dup2(stream, fd)
assert answer == b"x"
""")


def test_it_imports_nothing_and_has_the_modules_it_needs(target):
    target("""
ring()
kept = [Node()]

def make(stopped):
    before = set(sys.modules)
    for look in (garbage, census, lambda: why_alive(kept[0])):
        file_maker(look)(stopped)
    return " ".join(set(sys.modules) - before).encode()

# once in the process, as a look in the child is to be prepared: what is loaded late is seen here
answer, _ = answer_in_child(make, 60.0)
assert answer == b"", answer
""")


def test_it_steps_back(target):
    target("""
child = _core.Child(hang, 60.0)
pid = child.pid
time.sleep(0.5)
assert os.getpriority(os.PRIO_PROCESS, pid) == 19
assert read(f"/proc/{pid}/oom_score_adj") == "1000\\n"
assert read(f"/proc/{pid}/comm") == "gcscope-look\\n"
""")


@pytest.fixture(scope="module")
def no_malloc(tmp_path_factory):
    """A library to be loaded before the C library: see no_malloc.c."""
    library = tmp_path_factory.mktemp("no_malloc") / "no_malloc.so"
    source = ROOT / "tests/live/no_malloc.c"
    command = ["cc", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-o", library, source]
    subprocess.run(command, check=True)
    return library


@pytest.mark.skipif(
    shutil.which("cc") is None or platform.libc_ver()[0] != "glibc" or "LD_PRELOAD" in os.environ,
    reason="needs a C compiler and glibc, and to be loaded first",
)
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"PYTHONMALLOC": "malloc"},
        pytest.param({"PYTHONTRACEMALLOC": "3"}, marks=traced),
    ],
    ids=" ".join,
)
def test_it_asks_for_no_lock_of_another_thread(target, no_malloc, settings):
    target(
        """
import ctypes, time
library = ctypes.CDLL(None)
for _ in range(200):
    ring()
    rings = [{n: []} for n in range(70)]  # more than a sort has room for on the stack
    for n, one in enumerate(rings):
        one["next"] = rings[n - 1]
        one[f"key {n}"] = Node()
    del rings, one
kept = [Node()]
for look in (garbage, census, lambda: why_alive(kept[0])):
    answer_in_child(file_maker(look), 60.0)
told = "the child that was to look ended with code 97;"
assert refused(lambda _: time.gmtime()).startswith(told)
library.malloc(10)
assert refused(lambda _: library.malloc(10)).startswith(told)
""",
        env={"LD_PRELOAD": str(no_malloc), **settings},
    )


# -------------------------------------------------------------------- how it ends


def is_there(pid):
    """Whether a process runs: one that nobody has waited for does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_it_dies_with_the_process(how):
    code = (
        f"{HEAD}\nchild = _core.Child(hang, 600.0)\nprint(child.pid, flush=True)\ntime.sleep(600)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **PLAIN_ENV},
    )
    try:
        pid = int(process.stdout.readline())
        assert is_there(pid)
    finally:
        process.send_signal(how)
        process.communicate()
    wait_until(lambda: not is_there(pid))


def test_it_outlives_the_thread_that_forked(target):
    """The thread of a listener ends before a fork of the program, and goes on after it."""
    target("""
def slow(stopped):
    time.sleep(0.5)
    return b"slow"

children = []
thread = threading.Thread(target=lambda: children.append(_core.Child(slow, 60.0)))
thread.start()
thread.join()
while not children[0].take(60.0):
    pass
assert children[0].answer == b"slow", children[0].code
""")


def test_one_that_hangs_is_ended(target):
    target("""
began = time.monotonic()
text = refused(hang, 0.3)
assert text.startswith("the child that was to look had no answer after 0.3 s and was ended;"), text
assert time.monotonic() - began < 20 and not children()
""")


def test_one_that_is_stopped_is_ended(target):
    """A stopped process gets no alarm."""
    target("""
began = time.monotonic()
def stop(stopped):
    os.kill(os.getpid(), signal.SIGSTOP)
text = refused(stop, 0.1)
assert "no answer after 0.1 s" in text, text
assert time.monotonic() - began < 20 and not children()
""")


def test_it_ends_by_itself_when_its_time_is_over(target):
    """Whoever else has a copy of the pipe: a fork of the program, which goes on without it."""
    target("""
child = _core.Child(hang, 0.2)
end = time.monotonic() + 60
while read(f"/proc/{child.pid}/stat").rpartition(")")[2].split()[0] != "Z":
    assert time.monotonic() < end
    time.sleep(0.01)
assert child.take(60.0) and child.code == -signal.SIGALRM, child.code
""")


def test_one_that_is_let_go_of_is_ended(target):
    target("""
child = _core.Child(hang, 60.0)
assert not child.take(0.0) and child.answer is None and len(children()) == 1
del child
assert not children()
""")


def test_one_that_crashes_is_told(target):
    target("""
import ctypes
text = refused(lambda _: ctypes.string_at(0))
assert "crashed by signal 11; the process is unharmed" in text, text
text = refused(lambda _: os.kill(os.getpid(), signal.SIGKILL))
assert "was killed" in text, text
assert not children()
""")


def test_a_fork_of_the_program_meanwhile(target):
    """Its child has a copy of what stands for ours, and no say in it."""
    target("""
def slow(stopped):
    time.sleep(0.5)
    return b"slow"

child = _core.Child(slow, 60.0)
pid = os.fork()
if pid == 0:
    del child
    os._exit(0)
assert os.waitpid(pid, 0) == (pid, 0)
while not child.take(60.0):
    pass
assert child.answer == b"slow", child.code
""")


def test_no_process_is_left(target):
    target("""
import resource
if os.getuid() == 0:
    os.setgid(54321)
    os.setuid(54321)
resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
open_before = os.listdir("/proc/self/fd")
for _ in range(3):
    text = refused(lambda _: b"")
    assert "as many are there as its user or its container may have" in text, text
assert os.listdir("/proc/self/fd") == open_before
assert garbage().objects == 0
""")


def test_no_descriptor_is_left(target):
    target("""
import resource
held = []
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
for spare in range(4):
    try:
        while True:
            held.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        pass
    for _ in range(spare):
        os.close(held.pop())
    text = refused(lambda _: b"")
    assert "no descriptor is left for the answer" in text, text
os.close(held.pop())
os.close(held.pop())
os.close(held.pop())
os.close(held.pop())
assert answer_in_child(lambda _: b"x", 60.0)[0] == b"x"
""")


def test_no_memory_is_left(target):
    target("""
import resource
def size():
    return 4096 * int(read("/proc/self/statm").split()[0])
size()
told = "there is no memory for the child that was to look; the process is unharmed"
for room in (16 << 20, 100 << 20):
    resource.setrlimit(resource.RLIMIT_AS, (size() + room, resource.RLIM_INFINITY))
    def make(stopped):
        held = []
        while True:
            held.append(bytes(1 << 20))
    assert refused(make) == told
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
assert answer_in_child(lambda _: b"x", 60.0)[0] == b"x" and not children()
""")


def test_exhausted_memory(target):
    target("""
from starved import each_growth
for _ in range(3):
    ring()
def look():
    child = _core.Child(lambda _: b"x" * 100_000, 60.0)
    while not child.take(60.0):
        pass
    return child.answer
failed, answer = each_growth(look, lambda: children() and sys.exit("left one"))
assert failed and len(answer) == 100_000
for growths in range(0, 40, 3):
    def make(stopped):
        _core.fail_after(growths)
        return file_maker(garbage)(stopped)
    text = refused(make)
    assert text.startswith("there is no memory for the child"), text
""")


def test_arguments():
    for wrong in ((), (print,), (print, "x"), (print, 1, 2)):
        with pytest.raises(TypeError):
            _core.Child(*wrong)
    for seconds in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="seconds"):
            _core.Child(print, seconds)


def test_a_build_that_cannot(monkeypatch):
    """As one without the private headers answers."""

    def refuse(make, limit):
        raise NotImplementedError

    for more in ({}, {"Child": refuse}):
        core = SimpleNamespace(FREE_THREADED=False, **more)
        monkeypatch.setattr(fork, "_core", core)
        with pytest.raises(NoAnswer, match="no forked child can look here: .*; ask without --fork"):
            fork.answer_in_child(lambda _: b"", 1.0)


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="tracemalloc does not hinder it here")
def test_tracemalloc(target):
    target("""
import tracemalloc
tracemalloc.start()
assert refused(lambda _: b"").startswith("no forked child can look here while tracemalloc traces,")
tracemalloc.stop()
assert answer_in_child(lambda _: b"x", 60.0)[0] == b"x"
""")


# ------------------------------------------------------------------- what it costs


def test_the_pass_writes_nothing_to_what_it_reads(target):
    target("""
def private(own):
    # bytes that the process has written to, by where they are: in our own memory or not
    total, counts = 0, False
    for line in read("/proc/self/smaps").splitlines():
        head = line.split()
        if "-" in head[0] and not head[0].endswith(":"):
            begin, _, end = head[0].partition("-")
            counts = not (int(begin, 16) <= own < int(end, 16))
        elif line.startswith("Private_Dirty:") and counts:
            total += 1024 * int(head[1])
    return total

heap = [[[n], {"a": [n]}] for n in range(200_000)]
gc.collect()

def make(stopped):
    own = id(object())
    before = private(own)
    report = garbage()
    return b"%d %d" % (before, private(own))

before, after = map(int, answer_in_child(make, 120.0)[0].split())
size = 4096 * int(read("/proc/self/statm").split()[1])
assert size > 50 << 20 and after - before < size / 50, (before, after, size)
""")


@pytest.mark.slow
def test_busy_threads(target):
    target(
        """
import importlib, logging, random, string
stop = []
logging.basicConfig(stream=open(os.devnull, "w"), level=logging.INFO)
gc.enable()

def busy(seed):
    rng = random.Random(seed)
    held = []
    while not stop:
        held.append(bytearray(rng.randrange(1 << 10, 1 << 20)))
        if len(held) > 20:
            del held[: rng.randrange(20)]
        logging.info("%s %s", seed, time.localtime())
        name = rng.choice(["colorsys", "quopri", "sched", "chunk", "wave", "plistlib", "graphlib"])
        sys.modules.pop(name, None)
        try:
            importlib.import_module(name)
        except (ImportError, KeyError):  # another thread has taken it out
            pass
        ring()
        time.sleep(rng.random() / 1000)  # the child is the last to get the processor

threads = [threading.Thread(target=busy, args=(n,)) for n in range(8)]
for thread in threads:
    thread.start()
for n in range(300):
    text, _ = answer_in_child(file_maker(garbage), 60.0)
    assert writers().read_file(text)[0].objects >= 0
    if n % 20 == 0:
        gc.collect()
stop.append(1)
for thread in threads:
    thread.join()
assert not children()
""",
        timeout=1800,  # where the processor is wanted by others, the child gets little of it
    )
