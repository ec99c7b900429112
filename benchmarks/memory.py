"""How much of a process's memory gcscope explains, and what asking for memory costs.

    explained   processes with libraries (those that are installed) and with a million strings:
                the bytes of census() in percent of the anonymous memory, and the largest rows
    cost        census(), garbage(), retained(), holders() and a round of growth(), each against
                the full gc.collect() just before, of the same heap: ratios of processor time

The words take turns, and so do the trees where --other TREE names another one that was built in
place, such as an earlier version; the table has medians of ratios. A word that a tree has not, or
that refuses, has none.

    python benchmarks/memory.py [--only explained|cost] [--objects 1000000] [--rounds 5]
                                [--other TREE]
"""

import argparse
import gc
import importlib
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import gcscope
from gcscope.model.phrases import table

HERE = Path(__file__).resolve().parent.parent

HEAPS = ("JSON", "SERVICE", "LIBRARY", "STRINGS", "RANDOM")
"""Of benchmarks/heaps.py, and a million strings in a dict."""

WORDS = ("census", "garbage", "retained", "holders", "growth")

PROGRAMS = {
    "an interpreter that has just begun": "",
    "a million strings": "kept = {n: f'string {n} of a million' for n in range(1_000_000)}",
    "a service of 500,000 objects": "import heaps; kept = heaps.service(500_000)",
    "json of 500,000 objects": "import heaps; kept = heaps.json_like(500_000)",
    "the standard library": "import heaps; kept = heaps.libraries(200_000)",
    "pandas": "import pandas; kept = pandas.DataFrame({'a': range(1_000_000)})",
    "sqlalchemy": "import sqlalchemy.orm; kept = sqlalchemy.create_engine('sqlite://')",
    "both, and a million strings": (
        "import pandas, sqlalchemy.orm\n"
        "kept = {n: f'string {n} of a million' for n in range(1_000_000)}\n"
        "frame = pandas.DataFrame({'a': range(500_000)})"
    ),
    "both, and strings in a frame": (
        "import pandas, sqlalchemy.orm\n"
        "frame = pandas.DataFrame({'a': [f'string {n} of a million' for n in range(1_000_000)]})"
    ),
}


# --------------------------------------------------------------------------- explained

EXPLAIN = """
import json, sys
sys.path.insert(0, sys.argv[1])
space = {}
try:
    exec(sys.argv[2], space)
except ImportError as error:
    print(json.dumps({"missing": error.name}))
    sys.exit()
import gc
gc.collect()
import gcscope
found = gcscope.census()
print(json.dumps({
    "bytes": found.bytes, "objects": found.objects, "anonymous": found.anonymous,
    "rows": [(row.type, row.objects, row.bytes) for row in found.rows[:8]],
}))
"""


def explain(program):
    """Ask census in a process of its own that has run the program."""
    done = subprocess.run(
        [sys.executable, "-c", EXPLAIN, str(HERE / "benchmarks"), program],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def print_explained():
    """Print the shares that are explained, then the largest rows."""
    rows, largest = [], []
    for name, program in PROGRAMS.items():
        found = explain(program)
        if "missing" in found:
            rows.append((name, "", "", "", f"{found['missing']} is not installed"))
            continue
        share = 100 * found["bytes"] / found["anonymous"]
        numbers = (f"{found[key]:,}" for key in ("objects", "bytes", "anonymous"))
        rows.append((name, *numbers, f"{share:.0f} %"))
        largest.append((name, found["rows"]))
    print("\n".join(table(("process", "objects", "bytes", "anonymous", "explained"), rows)))
    for name, found in largest:
        print(f"\n{name}:")
        for type_name, objects, size in found:
            print(f"    {size:>13,}  {objects:>9,}  {type_name}")


# -------------------------------------------------------------------------------- cost


def strings(objects):
    """Make a dict of strings: the collector has little to do."""
    return {n: f"string {n} of a million" for n in range(objects)}


class Asker:
    """Asks a word about a heap, and tells what it costs beside a collection."""

    def __init__(self, heap, objects):
        import heaps

        builder = strings if heap == "STRINGS" else getattr(heaps, heap).builder
        self.kept = builder(objects)
        gc.disable()
        gc.collect()

    def ask(self, word):
        """(processor time of gc.collect, of the word)."""
        method = getattr(self, word)
        return spent(gc.collect), method()

    def census(self):
        """Ask for everything by type."""
        return spent(gcscope.census)

    def garbage(self):
        """Ask for what is unreachable, with its bytes: nothing is."""
        return spent(gcscope.garbage)

    def retained(self):
        """Ask for all of the heap."""
        return spent(gcscope.retained, self.kept)

    def holders(self):
        """Ask for an object in its midst, of which nothing is unexplained."""
        one = self.kept
        while isinstance(one, list | dict) and len(one) > 1:
            one = next(iter(one.values())) if isinstance(one, dict) else one[len(one) // 2]
            if type(one) not in (list, dict, tuple):
                break
        return spent(gcscope.holders, one)

    def growth(self):
        """Ask for four rounds more of a function that does nothing: one of them."""
        few = spent(gcscope.growth, int, times=1, rounds=2)
        many = spent(gcscope.growth, int, times=1, rounds=6)
        return (many - few) / 4


def spent(function, *arguments, **options):
    """Return the processor time of a call."""
    begun = time.process_time()
    function(*arguments, **options)
    return time.process_time() - begun


def answer(heap, objects):
    """Read words, write what they cost: a process of its own for each tree and heap."""
    asker = Asker(heap, objects)
    for line in sys.stdin:
        try:
            costs = asker.ask(line.strip())
        except (AttributeError, TypeError) as error:
            costs = str(error)
        print(json.dumps(costs), flush=True)


class Process:
    """A process with one heap, of one tree."""

    def __init__(self, tree, heap, objects):
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--answer", heap, "--objects", str(objects)],
            env={**os.environ, "PYTHONPATH": str(tree / "python")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, word):
        """Return the ratio to a collection, or None."""
        print(word, file=self.process.stdin, flush=True)
        costs = json.loads(self.process.stdout.readline())
        return None if isinstance(costs, str) else costs[1] / costs[0]

    def end(self):
        """Let it end."""
        self.process.stdin.close()
        self.process.wait()


def ratios_of(heap, trees, objects, rounds):
    """Measure each word in each tree, the trees taking turns: word -> ratios of each tree."""
    processes = [Process(tree, heap, objects) for tree in trees]
    ratios = {word: [[] for _ in trees] for word in WORDS}
    for number in range(rounds + 1):
        for word in WORDS:
            for process, kept in zip(processes, ratios[word], strict=True):
                ratio = process.ask(word)
                if number and ratio is not None:  # the first round meets cold memory
                    kept.append(ratio)
    for process in processes:
        process.end()
    return ratios


def print_cost(trees, objects, rounds):
    """Print the medians, a line for each heap and tree."""
    print(f"{'heap':8} {'':9} " + "".join(f"{word:>10}" for word in WORDS))
    for heap in HEAPS:
        ratios = ratios_of(heap, trees, objects, rounds)
        for tree, name in enumerate(("this tree", "the other")[: len(trees)]):
            cells = (ratios[word][tree] for word in WORDS)
            shown = (f"{statistics.median(kept):.2f}" if kept else "-" for kept in cells)
            print(
                f"{heap.lower():8} {name:9} " + "".join(f"{each:>10}" for each in shown), flush=True
            )


def main():
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=("explained", "cost"))
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--other", type=Path)
    parser.add_argument("--answer", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.answer:
        return answer(options.answer, options.objects)
    importlib.import_module("heaps")
    if options.only != "cost":
        print_explained()
    if options.only != "explained":
        trees = [HERE, *([options.other.resolve()] if options.other else [])]
        print_cost(trees, options.objects, options.rounds)


if __name__ == "__main__":
    main()
