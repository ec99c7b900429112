"""What a young collection costs while it is noted: by `pauses`, and by the same in Python.

Two programs, each in three ways that take turns in one process: plain, with a Python function in
gc.callbacks that notes generation, seconds and freed objects, and in a `pauses` block.

    empty   gc.collect(0) with nothing to look at: what is left is what being told costs
    lists   two million lists made and dropped in batches, with the collections that this sets off

The table has the median over the rounds: microseconds that a collection takes, what it takes more
than plain, and processor time as a ratio to plain in the same round.

    python benchmarks/pauses.py [--rounds 15]
"""

import argparse
import contextlib
import gc
import statistics
import time

import gcscope

COLLECTIONS = 5_000


def empty():
    """Collect what is not there. Return how many collections that were."""
    for _ in range(COLLECTIONS):
        gc.collect(0)
    return COLLECTIONS


def lists():
    """Let young collections come. Return how many did."""
    before = counted()
    for _ in range(100):
        _ = [[] for _ in range(20_000)]
    return counted() - before


def counted():
    """Return how many collections the interpreter has counted."""
    return sum(row["collections"] for row in gc.get_stats())


@contextlib.contextmanager
def noted_in_python():
    """Note each collection by a Python function."""
    found, began = [], 0

    def note(phase, info):
        nonlocal began
        if phase == "start":
            began = time.perf_counter_ns()
        else:
            spent = time.perf_counter_ns() - began
            found.append((info["generation"], spent, info["collected"]))

    gc.callbacks.append(note)
    try:
        yield
    finally:
        gc.callbacks.remove(note)


WAYS = {
    "plain": contextlib.nullcontext,
    "Python function": noted_in_python,
    "pauses": lambda: gcscope.pauses(sampling=0),
}


def measured(program, way):
    """Return processor time in microseconds, of all and for one collection."""
    gc.collect()
    with way():
        begun = time.process_time_ns()
        collections = program()
        spent = (time.process_time_ns() - begun) / 1000
    return spent, spent / collections


def main():
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    print(f"{'':8}{'':18}{'a collection':>14}{'more':>10}{'ratio':>8}")
    for program in (empty, lists):
        rounds = [
            {name: measured(program, way) for name, way in WAYS.items()}
            for _ in range(options.rounds)
        ]
        for name in WAYS:
            each = statistics.median(found[name][1] for found in rounds)
            more = statistics.median(found[name][1] - found["plain"][1] for found in rounds)
            ratio = statistics.median(found[name][0] / found["plain"][0] for found in rounds)
            row = f"{each:11.2f} us{more:7.2f} us{ratio:8.2f}"
            print(f"{program.__name__:8}{name:18}{row}")


if __name__ == "__main__":
    main()
