"""What a round of growth costs, as a multiple of one full gc.collect() of the same heap.

In one run, interleaved: before each census a collection is timed on the same heap, and the medians
of the ratios are told. The heaps are alive. Told are

1. the first census, which enters all containers;
2. a later one, at the end of a round in which nothing grew;
3. one that marks, of a heap in which one list has grown: the dry run that tells what is
   unreachable, the addresses of all that is there;
4. the end, where one list has grown: what keeps it is not searched yet;
5. the end, where nothing has grown.

An aim is at most 2 for a round. A figure above it is marked with a star.

    python benchmarks/growth.py [--objects 2000000] [--rounds 7]
"""

import argparse
import gc
import platform
import statistics
import time

import heaps
from gcscope import _core
from gcscope.model.phrases import table

HEAPS = (heaps.JSON, heaps.SERVICE, heaps.RANDOM)
AIM = 2.0

kept = None  # what a heap is held by: this variable of a module, as in a program
GROWS = []


def seconds(function):
    """Return how long a call takes, and what it returns."""
    begin = time.perf_counter()
    answer = function()
    return time.perf_counter() - begin, answer


def ratios(make, act):
    """Time act(make()) and a collection before it; return the ratio."""
    subject = make()
    collection, _ = seconds(gc.collect)
    taken, _ = seconds(lambda: act(subject))
    return taken / collection


def begun(rounds, grows):
    """Return a Containers with so many censuses, in each of which a list grew or did not."""
    containers = _core.Containers()
    for _ in range(rounds):
        if grows:
            GROWS.append(object())
        containers.round()
    if grows:
        GROWS.append(object())
    return containers


MEASURES = (
    ("first census", lambda: begun(0, False), lambda c: c.round()),
    ("later census", lambda: begun(1, False), lambda c: c.round()),
    ("marking", lambda: begun(1, True), lambda c: c.round(True)),
    ("end, one grows", lambda: begun(3, True), lambda c: c.end()),
    ("end, none grows", lambda: begun(3, False), lambda c: c.end()),
)


def row_of(heap, objects, rounds):
    """Measure one heap."""
    global kept
    kept = heap.build(objects)
    gc.collect()
    tracked = len(gc.get_objects())
    found = [[] for _ in MEASURES]
    for _ in range(rounds):
        for measure, (_, make, act) in zip(found, MEASURES, strict=True):
            measure.append(ratios(make, act))
    kept = None
    gc.collect()
    medians = [statistics.median(measure) for measure in found]
    return (
        heap.name,
        f"{tracked:,}",
        *(f"{median:.2f}{'*' if median > AIM else ''}" for median in medians),
    )


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--objects", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, in multiples of gc.collect()")
    gc.disable()
    rows = [row_of(heap, options.objects, options.rounds) for heap in HEAPS]
    print("\n".join(table(("heap", "objects", *(name for name, _, _ in MEASURES)), rows)))


if __name__ == "__main__":
    main()
