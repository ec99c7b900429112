"""For how long others stop: a dry run on a free-threaded build, against one gc.collect().

In one run, interleaved, on heaps of so many tracked objects, with no other thread and with some
that compute. The medians are told of

1. how long a dry run stops all others, by its own word (`last_scan().stopped`), on an idle machine
   the whole of it; against how long gc.collect() takes;
2. the processor time that the two take, by the pairs of a run: on a machine with other work that is
   what can be compared;
3. the longest time for which one of the threads stood still during each, the median of all threads;
4. of how many objects the dry run had to look at all references: what certainly lives is left out.

    python benchmarks/stop.py [--objects 1000000] [--threads 4] [--rounds 7]
"""

import argparse
import gc
import platform
import statistics
import sys
import threading
import time

import heaps
from gcscope import _core
from gcscope.model.phrases import table


def mixed(objects):
    """Make a service, parsed data and people: objects of many kinds."""
    return [part(objects // 3) for part in (heaps.service, heaps.json_like, heaps.pairs_of_friends)]


def rings(objects):
    """Make what is trash once it is dropped: a service, which refers to itself, and people."""
    return [part(objects // 2) for part in (heaps.service, heaps.pairs_of_friends)]


HEAPS = (
    heaps.Heap("mixed, alive", mixed),
    heaps.Heap("mixed, trash", rings, is_trash=True),
)


class Busy:
    """Threads that compute, and note for how long they stood still at most."""

    def __init__(self, threads):
        self.gaps = [0.0] * threads
        self.is_over = False
        self.threads = [
            threading.Thread(target=self.work, args=(number,)) for number in range(threads)
        ]

    def work(self, number):
        """Read the clock again and again."""
        gaps, clock = self.gaps, time.perf_counter
        last = clock()
        while not self.is_over:
            now = clock()
            if now - last > gaps[number]:
                gaps[number] = now - last
            last = now

    def longest(self, action):
        """Return the median of the longest times of all threads while an action runs."""
        self.gaps[:] = [0.0] * len(self.gaps)
        action()
        time.sleep(0.02)  # all of them note it
        return statistics.median(self.gaps) if self.gaps else 0.0

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_error):
        self.is_over = True
        for thread in self.threads:
            thread.join()


def measured(action):
    """Return the seconds and the processor time that an action takes."""
    begin, begin_here = time.perf_counter(), time.thread_time()
    action()
    return time.perf_counter() - begin, time.thread_time() - begin_here


def look():
    """Find what is unreachable, and forget it."""
    _core.dry_run()


def one_round(busy):
    """Return what one dry run and one collection take."""
    noted = []
    looked = busy.longest(lambda: noted.extend(measured(look)))
    cost = _core.last_scan()
    collected = busy.longest(lambda: noted.extend(measured(gc.collect)))
    return cost.stopped, noted[2], noted[1] / noted[3], looked, collected, cost.nodes


def row_of(heap, objects, threads, rounds):
    """Measure one heap."""
    kept = heap.build(objects)
    if not heap.is_trash:
        gc.collect()
    total = len(gc.get_objects())
    look()  # the first pass meets cold memory, as a first collection would
    found = []
    with Busy(threads) as busy:
        for _ in range(rounds):
            found.append(one_round(busy))
            if heap.is_trash:
                heap.build(objects)
    stopped, _, _, gap, gap_collected, nodes = (
        statistics.median(column) for column in zip(*found, strict=True)
    )
    del kept
    gc.collect()
    return (
        heap.name,
        f"{threads}",
        f"{total:,}",
        f"{nodes:,.0f}",
        f"{1000 * stopped:.0f} ms",
        f"{statistics.median(one / other for one, other, *_ in found):.2f}",
        f"{statistics.median(ratio for _, _, ratio, *_ in found):.2f}",
        f"{1000 * gap:.0f} ms" if threads else "",
        f"{1000 * gap_collected:.0f} ms" if threads else "",
        f"{gap / gap_collected:.2f}" if threads else "",
    )


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    if getattr(sys, "_is_gil_enabled", lambda: True)():
        print("With a GIL a look takes all the time that others wait: see compare.py.")
        return
    print(f"Python {platform.python_version()}, {options.rounds} rounds, medians")
    gc.disable()
    rows = [
        row_of(heap, options.objects, threads, options.rounds)
        for heap in HEAPS
        for threads in (0, options.threads)
    ]
    columns = (
        "heap",
        "threads",
        "objects",
        "looked at",
        "stop",
        "/ gc.collect()",
        "processor",
        "gap",
        "in gc.collect()",
        "ratio",
    )
    print("\n".join(table(columns, rows)))


if __name__ == "__main__":
    main()
