"""What a program pays for being looked at: processor time and memory beside plain Python.

    watch   a block that leaves no ring, one, or 10,000, and assert_no_cycles: microseconds
    run     eight programs under plain python and under `gcscope run`: ratios of processor time
    gate    the same eight as the body of one test, without and with --gcscope: ratios of processor
            time and of peak memory

Ways take turns, each in a process of its own; the table has the median over the rounds, of the
ratio to plain Python in the same round. With --other TREE, a tree of gcscope that was built in
place, such as an earlier version, that one takes its turns, too.

    python benchmarks/guest.py [--rounds 5] [--other TREE] [--only watch|run|gate]
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent

PROGRAMS = {
    "batches of lists": "for n in range(100):\n    kept = [[] for _ in range(20_000)]",
    "200,000 rings": "for n in range(200_000):\n    one = []\n    one.append(one)",
    "growing to 2,000,000": "kept = [[] for n in range(2_000_000)]",
    "exceptions in frames": (
        "def fail(n):\n    try:\n        raise ValueError(n)\n    except ValueError as error:\n"
        "        kept = error\nfor n in range(60_000):\n    fail(n)"
    ),
    "rings of 200 types": (
        "kinds = [type(f'Kind{n}', (), {}) for n in range(200)]\n"
        "for n in range(60_000):\n    one = kinds[n % 200]()\n    one.me = one"
    ),
    "60,000 rings of 40 kB": (
        "for n in range(60_000):\n    one = []\n    one += [one, bytearray(40_000)]"
    ),
    "json": (
        "import json\ntext = json.dumps([{'n': n, 'of': [n, str(n)]} for n in range(3000)])\n"
        "for n in range(60):\n    json.loads(text)"
    ),
    "20 full collections": (
        "import gc\nkept = [[] for n in range(200_000)]\nfor n in range(20):\n    gc.collect()"
    ),
}

WATCH = """
import gc, statistics, time
import gcscope
def ring():
    one = []
    one.append(one)
def block(count):
    with gcscope.watch() as watched:
        for n in range(count):
            ring()
    return watched.report
def asserted():
    gcscope.assert_no_cycles(int)
gc.collect()
for name, work, times in (
    ("watch, empty", lambda: block(0), 200),
    ("watch, one ring", lambda: block(1), 200),
    ("watch, 10,000 rings", lambda: block(10_000), 3),
    ("assert_no_cycles", asserted, 200),
):
    gc.disable()
    work()
    spent = []
    for n in range(times):
        gc.collect()
        begun = time.process_time_ns()
        work()
        spent.append(time.process_time_ns() - begun)
    print(name, statistics.median(spent) / 1000, sep="\\t")
"""


def measured(words, tree, folder):
    """Run Python on a tree of gcscope, if any. Return seconds, kilobytes and its output."""
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    environment.pop("PYTHONPATH", None)
    if tree is not None:
        environment["PYTHONPATH"] = str(tree / "python")
    process = subprocess.Popen(
        [sys.executable, *words], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise SystemExit(f"{words}: exit code {process.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss, out


def watch_table(trees, rounds, folder):
    """Print what watch and assert_no_cycles cost, in microseconds."""
    found = {}
    for _ in range(rounds):
        for tree in trees:
            for line in measured(["-c", WATCH], tree, folder)[2].splitlines():
                name, spent = line.split("\t")
                found.setdefault(name, {}).setdefault(tree, []).append(float(spent))
    print(f"\n{'':<24}" + "".join(f"{name_of(tree):>16}" for tree in trees))
    for name, by_tree in found.items():
        row = "".join(f"{statistics.median(by_tree[tree]):13,.0f} us" for tree in trees)
        print(f"{name:<24}{row}")


def name_of(tree):
    """Return what a tree is called in a table."""
    return "here" if tree == HERE else "other"


def ratios(plain_words, words, trees, rounds, folder):
    """Return the median ratios of time, and of memory, to plain Python, one for each tree."""
    times, peaks = {tree: [] for tree in trees}, {tree: [] for tree in trees}
    for _ in range(rounds):
        seconds, peak, _ = measured(plain_words, trees[0], folder)
        for tree in trees:
            spent, most, _ = measured(words, tree, folder)
            times[tree].append(spent / seconds)
            peaks[tree].append(most / peak)
    return [(statistics.median(times[t]), statistics.median(peaks[t])) for t in trees]


def table(title, trees, rounds, folder, words_of):
    """Print the ratios for each program."""
    head = "".join(f"{name_of(tree) + ' time':>14}{'memory':>9}" for tree in trees)
    print(f"\n{title:<24}{head}")
    for name, source in PROGRAMS.items():
        found = ratios(*words_of(source), trees, rounds, folder)
        print(f"{name:<24}" + "".join(f"{time:14.2f}{peak:9.2f}" for time, peak in found))


def main():
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--other", type=Path)
    parser.add_argument("--only", choices=["watch", "run", "gate"])
    options = parser.parse_args()
    trees = [HERE] + ([options.other.resolve()] if options.other else [])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def run_words(source):
            (folder / "program.py").write_text(source)
            return ["program.py"], ["-m", "gcscope", "run", "-q", "program.py"]

        def gate_words(source):
            body = "\n".join(f"    {line}" for line in source.splitlines())
            (folder / "test_it.py").write_text(f"def test_it():\n{body}\n")
            common = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
            return [*common, "--gcscope-off"], [*common, "--gcscope"]

        if options.only in (None, "watch"):
            watch_table(trees, options.rounds, folder)
        if options.only in (None, "run"):
            table("run", trees, options.rounds, folder, run_words)
        if options.only in (None, "gate"):
            table("gate", trees, options.rounds, folder, gate_words)
    self = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"\nprocessor time of all: {self.ru_utime + self.ru_stime:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
