"""For how long a process stops: by a look in it, and by the fork of a child that looks.

In one run, interleaved, on heaps that are alive but for a few rings, of so many tracked objects.
The medians are told of

1. how long `garbage()` takes in the process, all of which is stopped meanwhile;
2. how long the fork takes;
3. the second as a part of the first, by the pairs of a run;
4. how long until the answer of the child is there, for which the process goes on;
5. how much of the memory that the child has from the process it writes to, and so copies.

    python benchmarks/fork.py [--objects 1000000] [--rounds 7]
"""

import argparse
import gc
import platform
import statistics
import time

import heaps
from gcscope.api.garbage import garbage
from gcscope.live.fork import answer_in_child, file_maker
from gcscope.model.phrases import table

HEAPS = (heaps.JSON, heaps.SERVICE, heaps.RANDOM)
LIMIT = 600.0

kept = None  # what a heap is held by: this variable of a module, as in a program


def seconds(function):
    """Return how long a call takes, and what it returns."""
    begin = time.perf_counter()
    answer = function()
    return time.perf_counter() - begin, answer


def written():
    """Return the bytes that this process has written to, where its own memory is not.

    That is one stretch of addresses, in which what is made last lies.
    """
    own, total, counts = id(object()), 0, False
    with open("/proc/self/smaps", encoding="utf-8") as file:
        for line in file:
            first = line.split()[0]
            if not first.endswith(":"):
                begin, _, end = first.partition("-")
                counts = not int(begin, 16) <= own < int(end, 16)
            elif counts and first == "Private_Dirty:":
                total += 1024 * int(line.split()[1])
    return total


def resident():
    """Return the bytes of the process that are in memory."""
    with open("/proc/self/statm", encoding="utf-8") as file:
        return 4096 * int(file.read().split()[1])


def copied():
    """Look in a child, and return how many bytes that has written to of what it has from us."""

    def make(stopped):
        before = written()
        garbage()
        return str(written() - before).encode()

    return int(answer_in_child(make, LIMIT)[0])


def pair():
    """Look in the process, then by a child; return both stops, and when the answer was there."""
    here, _ = seconds(garbage)
    make = file_maker(garbage)
    there, (_, stopped) = seconds(lambda: answer_in_child(make, LIMIT))
    return here, stopped, there


def row_of(heap, objects, rounds):
    """Measure one heap."""
    global kept
    kept = heap.build(objects)
    gc.collect()
    for _ in range(10):
        ring = [{}]
        ring[0]["ring"] = ring
    ring = None
    pairs = [pair() for _ in range(rounds)]
    here, stopped, there = (statistics.median(times) for times in zip(*pairs, strict=True))
    part = statistics.median(one / other for other, one, _ in pairs)
    share = copied() / resident()
    row = (
        heap.name,
        f"{len(gc.get_objects()):,}",
        f"{resident() >> 20:,} MB",
        f"{1000 * here:.0f} ms",
        f"{1000 * stopped:.1f} ms",
        f"{part:.3f}",
        f"{1000 * there:.0f} ms",
        f"{100 * share:.2f} %",
    )
    kept = None
    gc.collect()
    return row


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    print(f"Python {platform.python_version()}")
    gc.disable()
    rows = [row_of(heap, options.objects, options.rounds) for heap in HEAPS]
    columns = ("heap", "objects", "resident", "look", "fork", "part", "answer", "copied")
    print("\n".join(table(columns, rows)))


if __name__ == "__main__":
    main()
