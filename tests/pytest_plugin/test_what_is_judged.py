"""What the plugin judges, whatever happens in a test, the collector's runs too."""

import gc

from inner_session import NODE, OTHER
from support import FREE_THREADED

# -------------------------------------------------------------------------------------- not judged


def test_only_what_passes_is_judged(run):
    done = run("""
pytestmark = pytest.mark.no_cycles

def test_fails():
    ring()
    assert False

def test_after_it():
    pass

@pytest.mark.skip
def test_skip_mark():
    ring()

def test_skip():
    ring()
    pytest.skip("inside")

@pytest.mark.xfail
def test_xfail():
    ring()
    assert False

@pytest.mark.xfail
def test_xfail_call():
    ring()
    pytest.xfail("inside")

@pytest.mark.xfail
def test_xpass():
    pass

@pytest.mark.xfail(strict=True)
def test_strict_xpass():
    pass

@pytest.mark.xfail(reason="the ring")
def test_xfail_by_ring():
    ring(Other)

@pytest.fixture
def broken():
    ring()
    raise KeyError

def test_error(broken):
    ring()

@pytest.fixture
def broken_end():
    yield
    ring()
    raise KeyError

def test_error_at_end(broken_end):
    pass

def test_fails_with_ring():
    error = KeyError()
    try:
        raise error
    finally:
        del ring

def test_after_that():
    pass

def test_last():
    pass
""")
    assert done.outcomes == {
        "test_fails": "failed",
        "test_after_it": "passed",
        "test_skip_mark": "skipped",
        "test_skip": "skipped",
        "test_xfail": "xfail",
        "test_xfail_call": "xfail",
        "test_xpass": "xpass",
        "test_strict_xpass": "failed",
        "test_xfail_by_ring": "xfail",
        "test_error": "error",
        "test_error_at_end": "passed+error",
        "test_fails_with_ring": "failed",
        "test_after_that": "passed",
        "test_last": "passed",
    }
    assert done.summary == ["7 tests judged, 1 left cycles (1 form): 1 failed"]
    assert "rings.Node" not in done.text


# ----------------------------------------------------------------------------------- the collector


def test_collections_inside(run):
    done = run("""
pytestmark = pytest.mark.no_cycles

@pytest.fixture(autouse=True)
def settled():
    gc.collect()  # older trash of pytest: a ring made where that was freed would be taken for it

def test_taken():
    ring()
    gc.collect()

def test_taken_young():
    ring(Other)
    gc.collect(0)

def test_several():
    for n in range(4):
        ring()
        gc.collect(n % 3)
    ring(Other)

def test_clean():
    box = [[] for n in range(10)]
    gc.collect()

@pytest.fixture
def older():
    ring()
    gc.collect(0)
    gc.collect(1)
    one = Node()
    one.me = one
    gc.collect(0)
    gc.collect(1)

def test_older(older):
    gc.collect()

def test_without():
    ring()
""")
    assert done.outcomes == {
        "test_taken": "failed",
        "test_taken_young": "failed",
        "test_several": "failed",
        "test_clean": "passed",
        "test_older": "passed",
        "test_without": "failed",
    }
    assert done.failure("test_taken")[0] == f"left 1 cycle: {NODE}"
    assert done.failure("test_taken_young")[0] == f"left 1 cycle: {OTHER}"
    several = "\n".join(done.failure("test_several"))
    assert several.startswith("left 5 cycles, first: ") and ", 4 times: see " in several
    assert "note:" not in done.text


def test_the_programs_settings(run):
    """Thresholds, callbacks, switched off or not.

    As the test finds and leaves them; judging changes none.
    """
    done = run(
        """
pytestmark = pytest.mark.no_cycles

def test_switched_off():
    gc.disable()
    ring()

def test_it_stays_off():
    assert not gc.isenabled()
    ring()

def test_switched_on():
    gc.enable()

def test_it_stays_on():
    assert gc.isenabled()

def test_thresholds_of_its_own():
    gc.set_threshold(601, 7, 8)

def test_they_stay():
    ring()

def test_that_fails():
    assert False

def test_that_skips():
    pytest.skip("x")

def test_without_callbacks():
    gc.callbacks.clear()
    ring()

def test_callbacks_of_its_own():
    gc.callbacks.insert(0, CALLBACK)

def test_after_it():
    pass

def test_zero():
    gc.set_threshold(0)

def test_it_stays_zero():
    assert gc.get_threshold()[0] == 0
    ring()
""",
        conftest="""
import gc
import pytest

class NeverEqual:
    def __call__(self, phase, info): pass
    def __eq__(self, other): raise RuntimeError("compared")
    __hash__ = None

import builtins
builtins.CALLBACK = NeverEqual()

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item):
    try:
        return (yield)
    finally:
        with open("left.txt", "a") as file:
            print(item.name, gc.isenabled(), gc.get_threshold(), len(gc.callbacks), file=file)
""",
    )
    left = dict(
        line.split(maxsplit=1) for line in (done.folder / "left.txt").read_text().splitlines()
    )
    usual = gc.get_threshold()
    assert done.named("failed") == {
        "test_switched_off",
        "test_it_stays_off",
        "test_they_stay",
        "test_that_fails",
        "test_without_callbacks",
        "test_it_stays_zero",
    }
    at_first = left["test_switched_on"].split()[-1]
    assert left["test_switched_off"] == left["test_it_stays_off"] == f"False {usual} {at_first}"
    assert left["test_switched_on"] == left["test_it_stays_on"] == f"True {usual} {at_first}"
    for name in ("thresholds_of_its_own", "they_stay", "that_fails", "that_skips"):
        assert left[f"test_{name}"].startswith("True (601, 7, ") and left[f"test_{name}"].endswith(
            at_first
        )
    assert left["test_without_callbacks"].endswith(" 0") and left["test_after_it"].endswith(" 1")
    assert left["test_zero"].startswith("True (0, ") and left["test_it_stays_zero"].startswith(
        "True (0, "
    )


def test_switched_off_for_the_whole_run(run):
    done = run(
        """
pytestmark = pytest.mark.no_cycles

def test_leaky():
    ring(Other)

def test_clean():
    pass
""",
        conftest="import gc\ngc.disable()\nfrom rings import ring\nfor n in range(100): ring()\n",
    )
    assert done.outcomes == {"test_leaky": "failed", "test_clean": "passed"}
    assert done.failure("test_leaky")[0] == f"left 1 cycle: {OTHER}" and "note:" not in done.text


def test_frozen_memory(run):
    done = run(
        """
pytestmark = pytest.mark.no_cycles

def test_leaky():
    ring()

def test_frozen_as_before():
    assert FROZEN * 0.9 < gc.get_freeze_count() <= FROZEN  # some have been freed

def test_freezes():
    ring()
    gc.freeze()
    ring(Other)

def test_freezes_and_thaws():
    ring()
    gc.freeze()
    gc.unfreeze()

def test_clean_and_freezes():
    gc.freeze()
""",
        conftest="""
import builtins, gc
def pytest_collection_finish():
    gc.collect()
    gc.freeze()
    builtins.FROZEN = gc.get_freeze_count()
""",
    )
    assert done.outcomes == {
        "test_leaky": "failed",
        "test_frozen_as_before": "passed",
        "test_freezes": "failed",
        # thawed objects are the oldest; where there are no generations they are as new as before
        "test_freezes_and_thaws": "failed" if FREE_THREADED else "passed",
        "test_clean_and_freezes": "passed",
    }
    # frozen objects are in use, for the collector
    assert done.failure("test_freezes")[0] == f"left 1 cycle: {OTHER}"
    note = (
        "note: what was made inside could not all be told from older objects, and rings may be "
        "missing: gc.freeze(), a change of gc.callbacks, a fork or exhausted memory came between"
    )
    assert done.failure("test_freezes")[-1] == note and f"{note} (3 tests)" in done.summary


AT_ONCE = 0 if FREE_THREADED else 10
"""Second threshold of the collector. Free-threaded builds put a collection off until the process
has grown by a tenth, but where this is 0.
"""


def test_judging_collects_nothing(run):
    """A judged test has the collections that it has without, and its end is none."""
    done = run(
        """
@pytest.mark.parametrize("n", range(4))
def test_it(n):
    box = [[] for n in range(60_000)]
""",
        conftest=f"""
import gc
import pytest
def follow(phase, info):
    if phase == "start":
        RAN.append(1)
RAN = []
gc.callbacks.append(follow)

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item):
    gc.collect()
    gc.set_threshold(50_000, {AT_ONCE}, 10)
    del RAN[:]
    try:
        return (yield)
    finally:
        with open("ran.txt", "a") as file:
            print(len(RAN), file=file)
""",
    )
    file = done.folder / "ran.txt"
    plain = file.read_text()
    assert plain.splitlines() == ["1"] * 4
    file.unlink()
    assert run(None, "--gcscope-fail").code == 0
    assert file.read_text() == plain


def test_very_many_objects(run):
    """Collections go on in a test that makes very many objects, and what they take is told."""
    done = run(f"""
gc.set_threshold(gc.get_threshold()[0], {AT_ONCE}, 10)

def make():
    begun = gc.get_stats()[0]["collections"]
    for n in range(50_000):
        ring(Other)
    assert gc.get_stats()[0]["collections"] - begun > 10

@pytest.mark.no_cycles
def test_many():
    make()
""")
    assert done.outcomes == {"test_many": "failed"}
    assert done.failure("test_many")[0] == f"left 50,000 cycles: {OTHER}"


def test_an_interrupt(run):
    done = run(
        "@pytest.mark.no_cycles\ndef test_it():\n    ring()\n    raise KeyboardInterrupt\n",
        conftest="""
import gc
BEFORE = gc.get_threshold(), len(gc.callbacks)
def pytest_sessionfinish():
    print("SAME", BEFORE == (gc.get_threshold(), len(gc.callbacks)))
""",
    )
    assert (
        done.code == 2
        and "KeyboardInterrupt" in done.text
        and "SAME True" in done.text
        and done.summary == []
    )


def test_forks_and_threads(run):
    done = run("""
import os
import threading
pytestmark = pytest.mark.no_cycles

@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_fork():
    child = os.fork()
    if not child:
        ring()
        gc.collect()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0

def test_thread():
    thread = threading.Thread(target=ring, args=(Other,))
    thread.start()
    thread.join()

def test_clean_threads():
    threads = [threading.Thread(target=int) for n in range(5)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
""")
    assert done.outcomes == {
        "test_fork": "passed",
        "test_thread": "failed",
        "test_clean_threads": "passed",
    }
    assert done.failure("test_thread")[0] == f"left 1 cycle: {OTHER}"
