"""Tests that run at once in threads of one process: they share a heap, and are not judged."""

from gcscope.pytest_plugin.company import BESIDE_OTHERS, IN_THREADS
from inner_session import NODE, properties
from support import FREE_THREADED

TESTS = """
KEPT = []

@pytest.mark.no_cycles
def test_leaky():
    ring()

@pytest.mark.no_cycles
@pytest.mark.parallel_threads(1)
def test_leaky_in_one():
    ring()

@pytest.mark.no_cycles
def test_clean():
    exec("def waits(): pass")

@pytest.mark.no_growth(times=3)
def test_growing():
    KEPT.append([])

def test_unmarked():
    ring()
"""


def test_a_test_that_runs_in_threads_is_not_judged(run):
    """With a GIL its threads take turns, and what they leave is judged as that of one test."""
    ini = "markers = parallel_threads(n): of pytest-run-parallel"
    done = run(
        TESTS, "--parallel-threads=3", "--junitxml=it.xml", plugins=["run-parallel"], ini=ini
    )
    found = properties(done.folder / "it.xml")
    assert "test_unmarked" not in found and found["test_leaky_in_one"].startswith("1 cycle: "), done
    assert f"left 1 cycle: {NODE}" in done.text
    if FREE_THREADED:
        assert done.summary[0] == f"3 tests were not judged: {IN_THREADS}", done.text
        assert done.summary[1].startswith("1 test judged, 1 left cycles"), done.text
        unjudged = {"test_leaky", "test_clean", "test_growing"}
        assert {name for name, text in found.items() if text == f"not judged: {IN_THREADS}"} == (
            unjudged
        )
    else:
        assert f"left 3 cycles: {NODE}" in done.text, done.text
        assert "not judged" not in done.text
        assert found["test_leaky"].startswith("3 cycles: ") and "test_clean" not in found


def test_in_one_thread_all_are_judged(run):
    ini = "markers = parallel_threads(n): of pytest-run-parallel"
    for options in ((), ("--iterations=2",)):
        done = run(TESTS, *options, plugins=["run-parallel"], ini=ini)
        assert "not judged" not in done.text
        assert done.summary[-1].startswith("3 tests judged, 2 left cycles (1 form): 2 failed")
        assert "test_growing" in done.text and done.code == 1


TOGETHER = """
import threading
import pytest
from _pytest.runner import call_and_report

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item):
    if item.name == "test_after":
        return None
    call_and_report(item, "call")  # nothing is set up: that is for one test at a time
    call_and_report(item, "teardown", nextitem=None)
    return True

@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session):
    def work(item):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
    *pair, last = session.items
    threads = [threading.Thread(target=work, args=(item,)) for item in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    work(last)
    return True
"""
PAIR = """
import threading

BOTH = threading.Barrier(2, timeout=60)

@pytest.mark.no_cycles
def test_leaky():
    BOTH.wait()
    ring()
    BOTH.wait()

def test_beside():
    BOTH.wait()
    ring(Other)
    BOTH.wait()

@pytest.mark.no_cycles
def test_after():
    ring()
"""


def test_a_test_beside_another_is_not_judged(run):
    done = run(
        PAIR, "-p", "no:logging", "-p", "no:capture", "-p", "no:cacheprovider", "-p", "together",
        "--junitxml=it.xml", together=TOGETHER,
    )  # fmt: skip
    assert done.summary == [
        f"1 test was not judged: {BESIDE_OTHERS}",
        "1 test judged, 1 left cycles (1 form): 1 failed",
    ], done.text
    assert done.code == 1 and f"left 1 cycle: {NODE}" in done.text
    found = properties(done.folder / "it.xml")
    assert found["test_leaky"] == f"not judged: {BESIDE_OTHERS}" and "test_beside" not in found
    assert found["test_after"].startswith("1 cycle: ")


def test_what_waits_in_no_ring_fails_nothing(run):
    """Code, and functions of modules, that only the collector frees where counting is deferred."""
    done = run("""
import sys, types

@pytest.mark.no_cycles
def test_code():
    exec(compile("x = [1]", "made", "exec"), {})

@pytest.mark.no_cycles
def test_collected():
    exec(compile("x = [1]", "made", "exec"), {})
    gc.collect()

@pytest.mark.no_cycles
def test_a_function_with_other_globals():
    there = {"__builtins__": __builtins__}
    exec("def made(one=[]): pass", there)
    there.pop("made")

@pytest.mark.no_cycles
def test_a_module():
    types.ModuleType("made").it = [1]
""")
    assert done.code == 0 and len(done.named("passed")) == 4, done.text
    assert done.summary == ["4 tests judged, none left a cycle"], done.text
