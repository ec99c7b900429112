"""Threads of ours: what they do, what nobody notices, and what becomes of them at a fork."""

import gc
import os
import sys
import threading
import time
import weakref

import pytest

from forking import until
from gcscope import _core
from gcscope.live.worker import begin, wait, worker
from support import ROOT

FORK = f"""
import os, sys, time, threading, signal
sys.path[:0] = [{os.path.dirname(__file__)!r}, {str(ROOT / "tests")!r}]
from forking import in_child, threads, until
from gcscope.live.worker import begin, wait, worker
"""


@pytest.fixture
def forks(python):
    """Run code in a process of its own, where a warning is an error, if nothing else is said."""

    def run(code, warnings="error"):
        done = python("-W", warnings, "-X", "faulthandler", "-c", f"{FORK}\n{code}\nprint('done')")
        assert done.code == 0 and done.out == "done\n" and done.err == "", done

    return run


def test_it_takes_the_steps_in_a_thread_of_its_own():
    seen = []

    def steps():
        for number in range(3):
            seen.append((number, threading.get_ident()))
            yield wait(0)
        seen.append("end")

    begin(steps)
    until(lambda: seen[-1:] == ["end"])
    assert [number for number, _ in seen[:3]] == [0, 1, 2]
    assert len({ident for _, ident in seen[:3]} - {threading.get_ident()}) == 1


def test_it_waits_for_as_long_as_a_step_says():
    times = []

    def steps():
        for _ in range(3):
            times.append(time.monotonic())
            yield wait(0.1)
        times.append(time.monotonic())

    begin(steps)
    until(lambda: len(times) == 4)
    assert all(0.1 <= later - earlier < 2 for earlier, later in zip(times, times[1:]))


def test_it_waits_for_a_descriptor():
    readable, writable = os.pipe()
    os.set_blocking(readable, False)
    seen = []

    def steps():
        yield wait(descriptor=readable)
        seen.append(os.read(readable, 9))
        yield wait(descriptor=writable, writing=True)
        seen.append("can be written")
        yield wait(60, descriptor=readable)
        seen.append("closed")

    begin(steps)
    time.sleep(0.05)
    assert seen == []
    os.write(writable, b"text")
    until(lambda: len(seen) == 2)
    os.close(writable)
    until(lambda: len(seen) == 3)
    os.close(readable)
    assert seen == [b"text", "can be written", "closed"]


@pytest.mark.parametrize(
    "wrong", [RuntimeError("no"), SystemExit(3), KeyboardInterrupt(), "item", "make", "iterator"]
)
def test_an_error_ends_it_and_nobody_hears_of_it(wrong, capfd, monkeypatch):
    closed, heard = [], []
    for hook in ("excepthook", "unraisablehook"):
        monkeypatch.setattr(sys, hook, heard.append)
    monkeypatch.setattr(threading, "excepthook", heard.append)

    def steps():
        if wrong == "make":
            closed.append(1)
            raise ValueError
        if wrong == "iterator":
            closed.append(1)
            return 7
        return inner()

    def inner():
        try:
            yield wait(0)
            if isinstance(wrong, BaseException):
                raise wrong
            yield ("no number", 2)
        finally:
            closed.append(1)

    one = worker(steps)
    one.start()
    until(lambda: closed)
    gc.collect()
    del one
    assert closed == [1] and heard == [] and capfd.readouterr() == ("", "")


def test_stop_closes_the_steps_and_frees_them():
    class Kept:
        pass

    kept = Kept()
    gone = weakref.ref(kept)
    closed = []

    def made(kept):
        def steps():
            try:
                yield wait()
            finally:
                closed.append(kept.__class__)

        return steps

    one = worker(made(kept))
    one.start()
    until(lambda: threads_of(one))
    del kept
    one.stop()
    assert closed == [Kept] and gone() is None
    one.stop()
    with pytest.raises(RuntimeError, match="begun before"):
        one.start()


def threads_of(one):
    """Whether its steps were made: it refers to them."""
    return len(gc.get_referents(one)) == 3


def test_stop_of_what_has_not_begun():
    one = worker(lambda: iter(()))
    one.stop()
    with pytest.raises(RuntimeError, match="begun before"):
        one.start()


def test_a_step_may_stop_its_own_worker():
    closed = []

    def steps():
        try:
            one.stop()
            yield wait()
        finally:
            closed.append(1)

    one = worker(steps)
    one.start()
    until(lambda: closed)


def test_it_can_be_begun_once():
    one = worker(lambda: iter([wait()]))
    one.start()
    with pytest.raises(RuntimeError, match="begun before"):
        one.start()
    one.stop()


def test_threading_hears_nothing_of_it(monkeypatch):
    """Neither its list of threads nor its hooks, nor what somebody has put in its place."""
    seen, traced = [], []
    before = threading.enumerate()

    def broken(*_, **__):
        raise AssertionError("was asked")

    monkeypatch.setattr("_thread.start_new_thread", broken)
    monkeypatch.setattr("select.poll", broken)
    threading.settrace(lambda *a: traced.append(a))
    threading.setprofile(lambda *a: traced.append(a))
    try:

        def steps():
            seen.append(threading.enumerate() == before)
            yield wait(0)
            seen.append(sys.gettrace() is None and sys.getprofile() is None)

        begin(steps)
        until(lambda: len(seen) == 2)
    finally:
        threading.settrace(None)
        threading.setprofile(None)
    assert seen == [True, True] and traced == []


def test_it_takes_no_signals(forks):
    """They are the program's, which may wait for one that it has blocked."""
    forks("""
begin(lambda: iter([wait()]))
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGUSR1])
for number in (signal.SIGTERM, signal.SIGUSR1) * 50:
    os.kill(os.getpid(), number)
    assert signal.sigwait([signal.SIGTERM, signal.SIGUSR1]) == number
""")


def test_a_signal_handler_may_raise_at_any_time_of_a_fork(forks):
    """What runs at a fork is C: an exception is not lost there."""
    forks("""
begin(lambda: iter([wait()]))
for _ in range(20):
    worker(lambda: iter([wait()])).start()
raised = caught = 0
def handler(*_):
    global raised
    raised += 1
    raise TimeoutError
signal.signal(signal.SIGALRM, handler)
parent = os.getpid()
for number in range(300):
    try:
        signal.setitimer(signal.ITIMER_REAL, 1e-6 + number % 60 * 5e-6)
        try:
            pid = os.fork()
            if pid == 0:
                os._exit(0)
        finally:
            while True:
                try:
                    signal.setitimer(signal.ITIMER_REAL, 0)
                    break
                except TimeoutError:
                    caught += 1
    except TimeoutError:
        caught += 1
    if os.getpid() != parent:
        os._exit(0)
signal.signal(signal.SIGALRM, signal.SIG_IGN)
assert raised == caught > 0, (raised, caught)
""")


def test_it_costs_nothing_while_it_waits(forks):
    forks("""
if threads() is not None:

    begun = []
    def steps():
        begun.append(threading.get_native_id())
        yield wait()
    begin(steps)
    until(lambda: begun)
    def switches():
        with open(f"/proc/self/task/{begun[0]}/status") as status:
            return [line for line in status if "ctxt_switches" in line]
    time.sleep(0.1)
    before = switches()
    time.sleep(1)
    assert switches() == before and len(before) == 2, (before, switches())
""")


# -------------------------------------------------------------------------------- forks


def test_no_fork_finds_it_and_it_goes_on(forks):
    forks("""
seen = []
def steps():
    number = 0
    while True:
        number += 1
        seen.append((number, os.getpid()))
        yield wait(0.001)
begin(steps)
until(lambda: len(seen) > 5)
def alone():
    assert threads() in (1, None)
    del seen[:]
    time.sleep(0.05)
    assert seen == []
for _ in range(20):
    in_child(alone)
    at = len(seen)
    until(lambda: len(seen) > at + 1)
told = list(seen)
assert told == [(n + 1, os.getpid()) for n in range(len(told))]
assert threads() in (2, None)
""")


def test_a_wait_goes_on_after_a_fork_and_is_not_begun_anew(forks):
    forks("""
done = []
def steps():
    before = time.monotonic()
    yield wait(1)
    done.append(time.monotonic() - before)
begin(steps)
while not done:
    in_child(lambda: None)
    time.sleep(0.02)
assert 1 <= done[0] < 1.5, done
""")


def test_a_child_makes_steps_of_its_own_where_that_is_asked_for(forks):
    forks("""
seen, closed = [], []
def steps():
    try:
        while True:
            seen.append(os.getpid())
            yield wait(0.001)
    finally:
        closed.append(os.getpid())
one = worker(steps, in_child=True)
one.start()
until(lambda: len(seen) > 3)
def goes_on():
    assert closed == [os.getpid()]
    until(lambda: seen.count(os.getpid()) > 3)
    in_child(goes_on_deeper)
    one.stop()
    assert closed == [os.getpid()] * 2 and threads() in (1, None)
def goes_on_deeper():
    until(lambda: seen.count(os.getpid()) > 3)
in_child(goes_on)
assert closed == [] and set(seen) == {os.getpid()}
""")


def test_a_descriptor_is_closed_in_a_child(forks):
    forks("""
descriptor = os.open(os.devnull, os.O_RDONLY)
before = len(os.listdir("/dev/fd"))
one = worker(lambda: iter([wait()]), descriptor=descriptor)
one.start()
def closed():
    try:
        os.fstat(descriptor)
    except OSError:
        assert len(os.listdir("/dev/fd")) == before - 1
        return
    assert False
in_child(closed)
os.fstat(descriptor)
""")


def test_a_step_that_may_be_interrupted_holds_no_fork_up(forks):
    """It is begun anew after it; what is not to be, is waited for, but not for long."""
    forks("""
begun, ended = [], []
def steps():
    begun.append(1)
    until = time.monotonic() + (0.4 if len(begun) > 3 else 30)
    while time.monotonic() < until:
        pass
    ended.append(1)
    yield wait(0)
one = worker(steps)
one.interruptible = True
one.start()
for number in range(1, 4):
    until(lambda: len(begun) == number)
    before = time.monotonic()
    in_child(lambda: ended.append(threads() in (1, None) or 1 / 0))
    assert time.monotonic() - before < 5
until(lambda: ended)
assert len(begun) == 4 and len(ended) == 1
""")


def test_a_step_that_waits_for_who_forks_is_not_waited_for(python):
    """A fifth of a second; then it lives through the fork, in the parent."""
    code = f"""{FORK}
lock = threading.Lock()
taken = []
def steps():
    with lock:
        taken.append(1)
    yield wait(0)
    taken.append(2)
    yield wait()
one = worker(steps)
with lock:
    one.start()
    time.sleep(0.1)
    before = time.monotonic()
    in_child(lambda: one.stop())
    assert 0.2 <= time.monotonic() - before < 5
until(lambda: 2 in taken)
assert taken == [1, 2]
print("done")
"""
    done = python("-W", "ignore", "-X", "faulthandler", "-c", code)
    assert done.out == "done\n" and done.err == "", done


def test_threads_may_fork_at_once(forks):
    forks("""
import warnings
warnings.simplefilter("ignore")  # of the threads here
seen = []
def steps():
    while True:
        seen.append(1)
        yield wait(0.001)
begin(steps)
def some():
    for _ in range(25):
        in_child(lambda: None)
all = [threading.Thread(target=some) for _ in range(4)]
[t.start() for t in all]
[t.join() for t in all]
at = len(seen)
until(lambda: len(seen) > at + 2)
""")


def test_a_step_may_fork(forks):
    forks("""
import warnings
warnings.simplefilter("ignore")
codes = []
def steps():
    pid = os.fork()
    if pid == 0:
        os._exit(7)
    codes.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    yield wait(0)
    codes.append("on")
begin(steps)
until(lambda: len(codes) == 2)
assert codes == [7, "on"]
""")


def test_workers_may_begin_and_end_while_others_fork(forks):
    forks("""
import warnings
warnings.simplefilter("ignore")
ended = []
def steps():
    yield wait(0.001)
    ended.append(1)
def some():
    for _ in range(200):
        one = worker(steps)
        one.start()
        if len(ended) % 3 == 0:
            one.stop()
        time.sleep(0.001)
    ended.append("all")
threading.Thread(target=some).start()
while "all" not in ended:
    in_child(lambda: None)
until(lambda: threads() in (1, None))
""")


# --------------------------------------------------- a program that closes descriptors

PIPES = """
def ours():
    return [n for n in range(3, 64) if os.path.exists(f"/dev/fd/{n}")]

def taken(numbers):
    ends = [os.pipe() for _ in numbers]
    for _, writing in ends:
        os.write(writing, b"text")
    assert set(numbers) <= {number for pair in ends for number in pair}
    return ends

def untouched(ends):
    for reading, writing in ends:
        assert os.get_blocking(reading) and os.get_blocking(writing)
        os.write(writing, b"|")
        assert os.read(reading, 99) == b"text|"
        os.write(writing, b"text")
"""


@pytest.mark.parametrize("closing", ["both", "reading", "writing", "socket"])
@pytest.mark.parametrize("meanwhile", ["", "in_child(lambda: untouched(ends))", "one.stop()"])
def test_it_ends_where_its_descriptors_are_closed(closing, meanwhile, forks):
    """And nothing is done to what has their numbers then, neither here nor in a child."""
    forks(f"""{PIPES}
seen, closed = [], []
def steps():
    try:
        while True:
            seen.append(os.getpid())
            yield wait(60, descriptor=own)
    finally:
        closed.append(os.getpid())
before = ours()
one = worker(steps, in_child=True)
first, last = sorted(set(ours()) - set(before))
own, other = os.pipe()
one.descriptor = own
one.start()
until(lambda: seen)
assert one.holds() and not one.lost
gone = dict(both=[first, last], reading=[first], writing=[last], socket=[own])[{closing!r}]
for number in gone:
    os.close(number)
if {closing!r} in ("both", "writing"):  # the pipe hangs up
    until(lambda: threads() in (1, None))
ends = taken(gone)
assert not one.holds()
{meanwhile}
untouched(ends)
in_child(lambda: untouched(ends) or threads() in (1, None) or 1 / 0)
until(lambda: closed and threads() in (1, None))
assert len(seen) == len(closed) == 1
one.stop()
one.release()
del one
untouched(ends)
assert ours() == sorted({{*before, other, own, *(n for pair in ends for n in pair)}}
    - ({{own}} if {closing!r} != "socket" else set())), (ours(), before, own, other, ends)
""")


@pytest.mark.parametrize("meanwhile", ["", "in_child(lambda: untouched(ends))", "one.stop()"])
def test_nothing_is_done_to_what_has_their_numbers_at_once(meanwhile, forks):
    """Where poll has not come back by then, the system lets it wait for the new files.

    That thread is there at a fork, which warns of it.
    """
    forks(
        f"""{PIPES}
before = ours()
one = worker(lambda: iter([wait(60)]), in_child=True)
gone = sorted(set(ours()) - set(before))
one.start()
for number in gone:
    os.close(number)
ends = taken(gone)
assert not one.holds()
{meanwhile}
for _ in range(3):
    in_child(lambda: untouched(ends))
    untouched(ends)
one.stop()
del one
untouched(ends)
assert ours() == sorted({{*before, *(n for pair in ends for n in pair)}}), (ours(), before, ends)
""",
        warnings="ignore",
    )


def test_it_ends_where_they_are_closed_in_a_step(forks):
    forks(f"""{PIPES}
ended = []
def steps():
    before = ours()
    os.closerange(3, 64)
    ended.append(taken(before))
    yield wait(0.01)
    ended.append("not lost")
one = worker(steps)
one.start()
until(lambda: one.lost and threads() in (1, None))
in_child(lambda: None)
one.stop()
(ends,) = ended
untouched(ends)
""")


# ------------------------------------------------------------------------ what is left


def test_nothing_is_left(python):
    code = f"""{FORK}
import gc
def steps():
    yield wait(0)
    yield wait(0)
def some(count):
    for _ in range(count):
        one = worker(steps)
        one.start()
        two = worker(lambda: iter([wait()]))
        two.start()
        two.stop()
        until(lambda: threads() in (1, None))
some(20)
gc.collect()
before = sys.getallocatedblocks(), len(os.listdir("/dev/fd"))
some(200)
assert gc.collect() == 0
after = sys.getallocatedblocks(), len(os.listdir("/dev/fd"))
assert after[1] == before[1] and after[0] - before[0] < 60, (before, after)
print("done")
"""
    done = python("-c", code)
    assert done.out == "done\n" and done.err == "", done


def test_it_survives_where_allocations_fail(starving):
    """But for the state of a new thread: without memory for that, 3.11 itself ends the process."""
    pytest.importorskip("_testcapi")
    starving("""
from gcscope import _core

def make():  # free-threaded 3.14 itself does not survive where a list gets no memory for its items
    return iter(((0.0, -1, False),))

def once():  # a call of a function in Python is itself not safe there in 3.12 and 3.13
    one = _core.Worker(make)
    try:
        if sys.version_info >= (3, 12):
            one.start()
    finally:
        one.stop()

once()
assert each_allocation(once)
""")


def test_wrong_arguments():
    with pytest.raises(TypeError):
        _core.Worker()
    with pytest.raises(TypeError):
        worker(lambda: iter(()), descriptor="no")
