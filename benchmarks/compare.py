"""What gcscope costs, side by side in one run: ratios, since machines are shared and noisy.

1. Creating and dropping a Person, its life noted in the journal, against the same class in plain
   Python with __slots__.
2. The dry run against one full gc.collect() of the same heap: pairs of friends as trash, JSON-like
   data, random friends, imported libraries. They are measured in turns (dry run, collection, dry
   run, ...), and the median of the ratios of neighbours is told. A collection frees the trash, so
   that it is made anew for each.
3. The most raw memory that a pass holds, in bytes per object and per reference between objects (4
   of them are the reference itself).

    python benchmarks/compare.py [--objects 1000000] [--rounds 7]
"""

import argparse
import gc
import platform
import statistics
import sys
import time
import warnings

import heaps
from gcscope import Person, _core
from gcscope.model.phrases import table

# the modules last: they leave much behind
HEAPS = (
    heaps.PAIRS,
    heaps.JSON,
    heaps.RANDOM,
    heaps.LIBRARY,
)


class Plain:
    """The same as Person, in plain Python."""

    __slots__ = ("friends", "name")

    def __init__(self, name):
        self.name = name
        self.friends = []


def seconds(action, *arguments):
    """How long an action takes, and what it answers."""
    begin = time.perf_counter()
    answer = action(*arguments)
    return time.perf_counter() - begin, answer


def create_and_drop(cls, times=100_000):
    """Create and drop so many objects, one after the other."""
    for _ in range(times):
        cls("name")


def compare_heap(heap, objects, rounds):
    """Return (ratio of the dry run to a collection, the cost of the pass)."""
    ratios = []
    kept = heap.build(objects)
    if not heap.is_trash:
        gc.collect()
    _core.dry_run()  # the first pass meets cold memory, as a first collection would
    for _ in range(rounds):
        if heap.is_trash:
            gc.collect()
            heap.build(objects)
        dry, found = seconds(_core.dry_run)
        cost = _core.last_scan()
        del found
        full, _ = seconds(gc.collect)
        ratios.append(dry / full)
    del kept
    gc.collect()
    return statistics.median(ratios), cost


def main():
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    gc.disable()
    warnings.simplefilter("ignore")
    print(f"CPython {platform.python_version()}, {options.rounds} rounds, medians of ratios")
    print()
    ratios = []
    for _ in range(3 * options.rounds):
        mine, _ = seconds(create_and_drop, Person)
        theirs, _ = seconds(create_and_drop, Plain)
        ratios.append(mine / theirs)
    print(
        "create and drop a Person, journal on, against plain Python with __slots__: "
        f"{statistics.median(ratios):.2f}"
    )
    print()
    rows = []
    for heap in HEAPS:
        ratio, cost = compare_heap(heap, options.objects, options.rounds)
        edges = cost.edges * 4
        rows.append(
            (
                heap.name,
                f"{cost.nodes:,}",
                f"{cost.edges:,}",
                f"{ratio:.2f}",
                f"{(cost.peak_bytes - edges) / cost.nodes:.0f}",
                f"{cost.peak_bytes / cost.nodes:.0f}",
                "",
            )
        )
    header = (
        "heap",
        "objects",
        "references",
        "dry run / gc.collect()",
        "bytes per object",
        "with references",
        "",
    )
    print("\n".join(table(header, rows)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
