"""Threads that work while the heap is read, on free-threaded builds.

As a script it compares the dry run with the collector and prints the result: in rounds in which
all threads wait, by address; and in rounds in which they run, that nothing is called unreachable
which a thread has all the time.

    python tests/threads.py --rounds 300 --seed 1
"""

import argparse
import collections
import functools
import gc
import platform
import random
import sys
import threading
import time
import types

from oracle import KINDS, build, collector_finds, dry_run_finds, pick

THREADS = 4


class Kept:
    """What a thread holds by a local variable alone, in a ring of its own."""

    def __init__(self):
        self.me = self


def deep(worker, rng, depth):
    """Hold something by local variables, and wait in the innermost of some calls."""
    box = Kept()
    box.made = made = pick(rng, list(KINDS.values()))(rng, [[], box])
    function = types.FunctionType(deep.__code__, {"me": made})
    if depth == 0:
        worker.rest()
        return [made, function]
    deeper = functools.partial(deep, worker, rng, depth - 1)
    how = rng.randrange(4)
    if how == 0:
        return functools.reduce(lambda *_: deeper(), [made, box])  # a call from C
    if how == 1:
        return next(each() for each in [deeper])
    if how == 2:
        try:
            raise ValueError(made)
        except ValueError:
            return deeper()
    return deeper()


class Workers:
    """Threads that make, exchange and drop objects."""

    def __init__(self, seed):
        self.shared = [collections.deque(maxlen=100) for _ in range(THREADS)]
        self.is_over = self.is_pause = False
        self.resting = threading.Semaphore(0)
        self.go_on = threading.Event()
        self.kept = set()  # addresses of what is alive as long as the threads are
        self.threads = [
            threading.Thread(target=self.work, args=(n, seed), daemon=True) for n in range(THREADS)
        ]

    def rest(self):
        if self.is_pause:
            self.resting.release()
            self.go_on.wait()

    def work(self, number, seed):
        rng = random.Random(seed * 31 + number)
        kept, klass = Kept(), type("OfThread", (Kept,), {})
        of_class = klass()
        self.kept |= {id(kept), id(klass), id(of_class)}
        while not self.is_over:
            other = self.shared[rng.randrange(THREADS)]
            try:
                foreign = other[rng.randrange(len(other) or 1)]
            except IndexError:
                foreign = []
            made = pick(rng, list(KINDS.values()))(rng, [foreign, []])
            self.shared[number].append(made)
            if rng.random() < 0.5:
                try:
                    other.popleft()
                except IndexError:
                    pass
            foreign = made = None
            deep(self, rng, rng.randrange(5))
            self.rest()
            time.sleep(0.001)
        return kept, of_class

    def pause(self):
        self.go_on.clear()
        self.is_pause = True
        for _ in self.threads:
            self.resting.acquire()
        time.sleep(0.02)  # until all wait: who still runs would merge what is queued

    def resume(self):
        self.is_pause = False
        self.go_on.set()

    def drop_some(self, rng):
        """Let go of what other threads have made: they find out when they go on."""
        for queue in self.shared:
            for _ in range(rng.randrange(4)):
                if queue:
                    queue.popleft()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        while len(self.kept) < 3 * THREADS:
            time.sleep(0.001)
        return self

    def __exit__(self, *_error):
        self.is_over = True
        self.resume()
        for thread in self.threads:
            thread.join(60)


def paused_rounds(workers, rounds, seed):
    """Return how many rounds differ, and how many objects were unreachable in all."""
    differ = found = 0
    rng = random.Random(seed)
    for number in range(rounds):
        workers.pause()
        kept = build(seed * 1_000 + number)
        workers.drop_some(rng)
        ours = dry_run_finds()
        theirs = collector_finds()
        differ += ours != theirs
        found += len(theirs)
        del kept
        workers.resume()
        time.sleep(0.005)
    return differ, found


def running_rounds(workers, rounds):
    """Return how many objects were called unreachable, and how many of those were not."""
    said = wrong = 0
    for _ in range(rounds):
        ours = dry_run_finds()
        said += len(ours)
        wrong += len(ours & workers.kept)
        gc.collect()
    return said, wrong


def main():
    parser = argparse.ArgumentParser(description="Read the heap while threads work.")
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    import warnings

    warnings.simplefilter("ignore")
    sys.unraisablehook = lambda _: None
    gc.disable()
    with Workers(options.seed) as workers:
        differ, found = paused_rounds(workers, options.rounds, options.seed)
        said, wrong = running_rounds(workers, options.rounds)
    print(
        f"CPython {platform.python_version()}, {THREADS} threads: {options.rounds} rounds in which "
        f"they wait, {found} unreachable objects: {differ} differ; {options.rounds} in which they "
        f"run, {said} called unreachable: {wrong} of what they have"
    )
    return 1 if differ or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
