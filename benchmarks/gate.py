"""What the pytest plugin costs: 1,000 trivial tests, with the gate on all of them against off.

Each way runs in a process of its own; the ways take turns, and the table has medians over the
rounds:

    off          the plugin is loaded, and nothing asks for it
    no plugin    -p no:gcscope
    on           --gcscope-fail: every test is judged
    collecting   what tests of other projects do instead: gc.collect() before each test and after it

once in a small process, once beside a million live objects. `per test` is the time above `off`, for
each test. Only the tests' own time counts (from the first to the last): to start, and to make the
million, takes what it takes.

Then what a single test pays, in microseconds of processor time above one without the plugin: of
tests that leave nothing, a ring like that of the test before, and one that no test has left before.
Within one process the plugin is taken out, idle (nothing asks for it) and on for 50 tests in turn;
the table has the median of the differences between neighbours. With --other TREE, a tree of gcscope
that was built in place, that one takes its turns, too.

    python benchmarks/gate.py [--tests 1000] [--objects 1000000] [--rounds 5] [--other TREE]
                              [--only whole|single]
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

CONFTEST = """
import gc, time
import pytest

LIVE = [[n] for n in range({objects} // 2)], [{{"n": [n]}} for n in range({objects} // 4)]

def pytest_runtestloop(session):
    session.config.begun = time.perf_counter()

def pytest_sessionfinish(session):
    print("seconds", time.perf_counter() - session.config.begun)

if {collecting}:
    @pytest.fixture(autouse=True)
    def collected():
        gc.collect()
        yield
        gc.collect()
"""
TESTS = """
import pytest

@pytest.mark.parametrize("n", range({tests}))
def test_trivial(n):
    assert [n] == [n]
"""
WAYS = {"off": [], "no plugin": ["-p", "no:gcscope"], "on": ["--gcscope-fail"], "collecting": []}


HERE = Path(__file__).resolve().parent.parent

SINGLE_CONFTEST = """
import gc, statistics, time

BLOCK, MODES = 50, ("out", "idle", "on")

def gcscopes_hooks(config):
    for name in ("setup", "call", "makereport", "logreport"):
        caller = getattr(config.hook, f"pytest_runtest_{name}")
        for hook in caller.get_hookimpls():
            if hook.plugin_name.startswith("gcscope"):
                yield caller, hook

def switch(options, hooks, mode):
    for caller, hook in hooks:
        if hook in caller._hookimpls:
            caller._hookimpls.remove(hook)
        if mode != "out":
            caller._add_hookimpl(hook)
    options.severity = "report" if mode == "on" else "off"

def pytest_runtestloop(session):
    from gcscope.pytest_plugin.hooks import _OPTIONS

    hooks, items = list(gcscopes_hooks(session.config)), session.items
    spent = {mode: [] for mode in MODES}
    gc.disable()
    for begin in range(0, len(items), BLOCK):
        mode = MODES[begin // BLOCK % 3]
        switch(session.config.stash[_OPTIONS], hooks, mode)
        gc.collect()
        begun = time.process_time_ns()
        for at in range(begin, min(begin + BLOCK, len(items))):
            following = items[at + 1] if at + 1 < len(items) else None
            items[at].ihook.pytest_runtest_protocol(item=items[at], nextitem=following)
        spent[mode].append((time.process_time_ns() - begun) / BLOCK / 1000)
    for mode in MODES[1:]:
        more = (y - x for x, y in zip(spent["out"][2:], spent[mode][2:]))
        print(f"\\nmore {mode} {statistics.median(more)}")
    print(f"plain {statistics.median(spent['out'])}")
    return True
"""
SINGLE_TESTS = """
import pytest

KINDS = [type(f"Kind{{n}}", (), {{}}) for n in range({tests})]

@pytest.mark.parametrize("n", range({tests}))
def test_single(n):
    kind = {kind}
    if kind:
        one, other = kind(), kind()
        one.other, other.one = other, one
"""
LEFT = {"nothing": "None", "a ring seen before": "KINDS[0]", "a new form of ring": "KINDS[n]"}


def single(folder, tests, tree):
    """Run tests that each pay for themselves; microseconds by what the plugin does."""
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "--gcscope"]
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(tree / "python")},
    )
    lines = [line.split() for line in done.stdout.splitlines()]
    return {words[-2]: float(words[-1]) for words in lines if words[:1] in (["more"], ["plain"])}


def single_table(tests, rounds, trees):
    """Print what a single test pays."""
    print(f"\n{'a test leaves':<20} {'':<6} {'plain':>9} {'idle':>9} {'on':>9}   microseconds more")
    for name, kind in LEFT.items():
        found = {tree: [] for tree in trees}
        with tempfile.TemporaryDirectory() as work:
            folder = Path(work)
            (folder / "pytest.ini").write_text("[pytest]\n")
            (folder / "conftest.py").write_text(SINGLE_CONFTEST)
            (folder / "test_single.py").write_text(SINGLE_TESTS.format(tests=tests, kind=kind))
            for _ in range(rounds):
                for tree in trees:
                    found[tree].append(single(folder, tests, tree))
        for tree, rows in found.items():
            medians = (
                statistics.median(row[column] for row in rows) for column in ("plain", "idle", "on")
            )
            figures = " ".join(f"{median:>9.0f}" for median in medians)
            print(f"{name:<20} {'here' if tree == HERE else 'other':<6} {figures}")


def project(folder, tests, objects, collecting):
    """Write a project of trivial tests into a folder."""
    folder.mkdir(parents=True)
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "conftest.py").write_text(CONFTEST.format(objects=objects, collecting=collecting))
    (folder / "test_trivial.py").write_text(TESTS.format(tests=tests))
    return folder


def seconds(folder, arguments):
    """Run the tests once; how long the loop over them took."""
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    (line,) = (line for line in done.stdout.splitlines() if "seconds" in line)
    return float(line.split()[-1])


def measure(work, tests, objects, rounds):
    """Let the ways take turns; name -> median seconds."""
    folders = {
        way: project(work / way.replace(" ", "_"), tests, objects, way == "collecting")
        for way in WAYS
    }
    times = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way, arguments in WAYS.items():
            times[way].append(seconds(folders[way], arguments))
    return {way: statistics.median(values) for way, values in times.items()}


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tests", type=int, default=1000)
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--other", type=Path)
    parser.add_argument("--only", choices=["whole", "single"])
    options = parser.parse_args()
    if options.only != "single":
        whole_table(options)
    if options.only != "whole":
        trees = [HERE] + ([options.other.resolve()] if options.other else [])
        single_table(3 * options.tests, options.rounds, trees)


def whole_table(options):
    """Print what a run of tests pays."""
    print(f"{'live objects':>14} {'way':<12} {'against off':>12} {'per test':>10}")
    for objects in (0, options.objects):
        with tempfile.TemporaryDirectory() as work:
            medians = measure(Path(work), options.tests, objects, options.rounds)
        for way, time in medians.items():
            extra = (time - medians["off"]) / options.tests * 1000
            print(f"{objects:>14,} {way:<12} {time / medians['off']:>12.2f} {extra:>7.2f} ms")


if __name__ == "__main__":
    main()
