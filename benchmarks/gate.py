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

    python benchmarks/gate.py [--tests 1000] [--objects 1000000] [--rounds 5]
"""

import argparse
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
    options = parser.parse_args()
    print(f"{'live objects':>14} {'way':<12} {'against off':>12} {'per test':>10}")
    for objects in (0, options.objects):
        with tempfile.TemporaryDirectory() as work:
            medians = measure(Path(work), options.tests, objects, options.rounds)
        for way, time in medians.items():
            extra = (time - medians["off"]) / options.tests * 1000
            print(f"{objects:>14,} {way:<12} {time / medians['off']:>12.2f} {extra:>7.2f} ms")


if __name__ == "__main__":
    main()
