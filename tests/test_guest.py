"""Nothing that a program does is lost, delayed or switched off because gcscope looks.

What strikes here strikes for real: signals by the thousand, exceptions at every instruction, no
memory at every allocation, threads and forks. tests/guest.py has the words.
"""

import os

import pytest

from guest import WORDS
from support import ROOT, python

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and setitimer")

HEAD = f"""
import gc, os, signal, sys, threading, time
sys.path.append({str(ROOT / "tests")!r})
import gcscope
import guest
from guest import WORDS, Node, count_events, friends, interrupt, ring, state, warm_up
"""


def survives(code, **options):
    """Run code in a process of its own; return what it printed."""
    done = python("-X", "faulthandler", "-c", HEAD + code, **options)
    assert done.code == 0, done
    return done.out


def test_every_public_word_is_here():
    import gcscope

    functions = {
        name
        for name in gcscope.__all__
        if callable(getattr(gcscope, name)) and not isinstance(getattr(gcscope, name), type)
    }
    assert functions - {"labeller", "sizer"} <= WORDS.keys()


# -------------------------------------------------------------------------- interrupts

INTERRUPTED = """
gc.enable()
warm_up()
before = state()
word, most = WORDS[{word!r}], {most}
events = count_events(word)
every = max(1, events // most)
first, last = range(1, most), range(events - most, events)
places = sorted({{*first, *last, *range(1, events, every)}} & {{*range(1, events)}})
arrived = 0
for at in places:
    arrived += interrupt(word, at)
    assert state() == before, (at, state(), before)
# In a generator that is being closed the interpreter itself swallows it.
assert arrived > 0.8 * len(places), (arrived, len(places))
# 3.12 tells of a dozen events in a short word, where other versions tell of each instruction.
assert len(places) >= min(20, events - 1) > 9, (len(places), events)
print(len(places))
"""


@pytest.mark.parametrize("word", WORDS)
def test_an_interrupt_at_any_instruction(word):
    """The first, the last and some between; test_an_interrupt_at_all_of_them takes each."""
    if word == "refcount":
        pytest.skip("it is one call of C")
    survives(INTERRUPTED.format(word=word, most=25))


@pytest.mark.slow
@pytest.mark.parametrize(
    "word",
    ["garbage", "watch", "watches", "assert_no_cycles", "assert_released", "trial", "collect"],
)
def test_an_interrupt_at_all_of_them(word):
    assert int(survives(INTERRUPTED.format(word=word, most=10**6), timeout=1200)) > 50


SIGNALS = """
class Timeout(Exception):
    pass
def handler(*_):
    raise Timeout
warm_up()
gc.enable()
before = state()
signal.signal(signal.SIGALRM, handler)
struck = calls = 0
end = time.monotonic() + {seconds}
while time.monotonic() < end:
    calls += 1
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.00001 + calls % 97 * 0.00002)
            WORDS[{word!r}]()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except Timeout:
        struck += 1
    assert state() == before, (calls, state(), before)
print(struck > {least}, state() == before, gc.isenabled())
"""


@pytest.mark.parametrize("word", ["watch", "trial", "assert_released", "collect", "pauses"])
def test_real_signals(word):
    code = SIGNALS.format(word=word, seconds=1.5, least=20)
    assert survives(code) == "True True True\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    "word", ["watch", "watches", "trial", "assert_no_cycles", "garbage", "film"]
)
def test_real_signals_by_the_thousand(word):
    least = 500 if word in ("watch", "trial", "assert_no_cycles", "journal") else 20
    code = SIGNALS.format(word=word, seconds=6, least=least)
    assert survives(code) == "True True True\n"


TIMEOUTS = """
class Timeout(Exception):
    pass
def handler(*_):
    raise Timeout
signal.signal(signal.SIGALRM, handler)
def wait():
    signal.setitimer(signal.ITIMER_REAL, {seconds})
    try:
        while True:
            ring()
    except Timeout:
        return 1
    return 0
"""


@pytest.mark.parametrize("word", ["watch()", "watch(older=True)", "pauses(sampling=1)"])
def test_timeouts_in_a_loop_that_makes_rings(word):
    code = f"""
with gcscope.{word} as watched:
    arrived = sum(wait() for _ in range(60))
found = watched.report
of_rings = found.totals[0].freed if isinstance(found, gcscope.Pauses) else found.objects
print(arrived, of_rings > 1000)
"""
    assert survives(TIMEOUTS.format(seconds=0.005) + code) == "60 True\n"


MILLION = """
import gc, signal
class Timeout(Exception):
    pass
def handler(*_):
    raise Timeout
def collects():
    signal.signal(signal.SIGALRM, handler)
    box = [[] for n in range(1_000_000)]
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.002)
        gc.collect()
        for n in range(10_000_000):
            pass
    except Timeout:
        return "it arrived"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return "it was lost"
"""


def test_a_timeout_during_a_collection_arrives(tmp_path):
    """In watch and pauses, under run, in the gate: the collection is long, the callback is C."""
    for word in ("watch()", "watch(older=True)", "pauses()", "pauses(sampling=0)"):
        code = f"with gcscope.{word}:\n    print(collects())\n"
        assert survives(MILLION + code) == "it arrived\n", word
    (tmp_path / "program.py").write_text(f"{MILLION}print(collects())\n")
    done = python("-m", "gcscope", "run", tmp_path / "program.py")
    assert done.out == "it arrived\n", done
    (tmp_path / "test_it.py").write_text(
        f"{MILLION}\ndef test_it():\n    assert collects() == 'it arrived'\n"
    )
    done = python("-m", "pytest", "-q", "--gcscope-fail", "-p", "no:cacheprovider", cwd=tmp_path)
    assert done.code == 0, done


@pytest.mark.slow
def test_three_hundred_timeouts(tmp_path):
    program = HEAD + TIMEOUTS.format(seconds=0.01)
    (tmp_path / "program.py").write_text(f"{program}print(sum(wait() for _ in range(300)))\n")
    done = python("-m", "gcscope", "run", tmp_path / "program.py")
    assert done.out == "300\n", done
    (tmp_path / "test_it.py").write_text(
        f"{program}\ndef test_it():\n    assert sum(wait() for _ in range(300)) == 300\n"
    )
    done = python("-m", "pytest", "-q", "--gcscope", "-p", "no:cacheprovider", cwd=tmp_path)
    assert done.code == 0, done


def test_the_signal_method_of_pytest_timeout(tmp_path):
    pytest.importorskip("pytest_timeout")
    (tmp_path / "test_it.py").write_text(
        """
import gc
import pytest

@pytest.mark.timeout(0.5, method="signal")
def test_it():
    box = [[] for n in range(1_000_000)]
    while True:
        gc.collect()
"""
    )
    done = python("-m", "pytest", "-q", "--gcscope-fail", "-p", "no:cacheprovider", cwd=tmp_path)
    assert done.code == 1 and "Timeout" in done.out and "1 failed" in done.out, done


# -------------------------------------------------------------------- threads and forks

TOGGLES = """
import timeit
gc.enable()
stop = threading.Event()
def toggle():
    while not stop.is_set():
        timeit.timeit("pass", number=100)
        time.sleep(0)
thread = threading.Thread(target=toggle)
thread.start()
end = time.monotonic() + {seconds}
calls = 0
sys.setswitchinterval(1e-5)
while time.monotonic() < end:
    for word in WORDS.values():
        word()
        calls += 1
stop.set()
thread.join()
print(gc.isenabled(), calls > 0)
"""


def test_another_thread_that_switches_collection_off_and_on():
    assert survives(TOGGLES.format(seconds=2)) == "True True\n"


@pytest.mark.slow
def test_another_thread_that_does_so_for_long():
    assert survives(TOGGLES.format(seconds=10)) == "True True\n"


def test_enabled_inside():
    code = """
for word in (gcscope.watch, gcscope.assert_no_cycles):
    gc.disable()
    with word():
        gc.enable()
    assert gc.isenabled()
    with word():
        gc.disable()
    assert not gc.isenabled()
gc.disable()
gcscope.trial(gc.enable)
assert gc.isenabled()
gcscope.trial(gc.disable)
assert not gc.isenabled()
"""
    survives(code)


def test_a_fork_while_another_thread_looks():
    """The child collects as the program asked."""
    code = """
warm_up()
gc.enable()
stop = threading.Event()
def look():
    while not stop.is_set():
        for name, word in WORDS.items():
            if name != "journal":  # with thousands of events it would be nearly all that is done
                word()
def wait():
    with gcscope.watch(), gcscope.watch(older=True):
        stop.wait()
threads = [threading.Thread(target=work, daemon=True) for work in (look, wait)]
for thread in threads:
    thread.start()
for number in range(40):
    time.sleep(0.001 * (number % 7))
    child = os.fork()
    if child == 0:
        started = []
        gc.callbacks.append(lambda phase, info: started.append(phase))
        kept = [[] for n in range(300_000)]
        right = gc.isenabled() and "start" in started and gc.get_count()[0] >= 0
        os._exit(0 if right and gc.get_threshold() == THRESHOLD else 1)
    assert os.waitpid(child, 0)[1] == 0, number
stop.set()
for thread in threads:
    thread.join()
"""
    survives(
        "import warnings; warnings.simplefilter('ignore')\nTHRESHOLD = gc.get_threshold()" + code
    )


# ------------------------------------------------------------------------------ memory

STARVED = """
from starved import each_growth
warm_up()
gc.disable()
gc.collect()
before = state()
word = WORDS[{word!r}]
def check():
    assert state() == before, (state(), before)
failures = each_growth(word, check)[0]
check()
word()
print(failures)
"""


@pytest.mark.parametrize("word", WORDS)
def test_no_memory_at_any_growth(word):
    """Of the raw memory of the core: a MemoryError, or a word that can do with what there is.

    That Python's own allocations may fail is tested of each function of the core (starved.py): of
    Python code the interpreter itself dies then, 3.11 in dict.items().
    """
    code = STARVED.format(word=word)
    assert int(survives(code)) > 0 or word in ("refcount", "journal", "listen")


GATED = """
import resource
def rings(count, size):
    for n in range(count):
        one = []
        one += [one, bytearray(size)]

def test_it():
    rings(8_000, 60_000)
    with open("peak.txt", "w") as file:
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=file)
"""


def test_the_gate_weighs_nothing(tmp_path):
    """A test that makes 8,000 rings of 60 kB: 480 MB, were collection held off."""
    (tmp_path / "test_it.py").write_text(GATED)
    peaks = []
    for option in ("--gcscope-off", "--gcscope"):
        done = python("-m", "pytest", "-q", option, "-p", "no:cacheprovider", cwd=tmp_path)
        assert done.code == 0, done
        peaks.append(int((tmp_path / "peak.txt").read_text()))
    plain, gated = peaks
    assert gated <= 1.2 * plain + 64 * 1024, peaks
