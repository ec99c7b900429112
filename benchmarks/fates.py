"""What it costs to know what became of instrumented objects, side by side in one run.

1. `collect()` and `trial()` on pairs of friends (one object in two is a Person), as trash and
   alive, in multiples of one full gc.collect() of the same heap, and the same with the fates read.
   Of `trial` the time that its function takes alone is taken off. Before each of them a
   collection is timed on the same heap, and the medians of the ratios are told.
2. The memory that they take beyond the heap, in bytes per object: the growth of the greatest
   resident size, each in a process of its own.
3. An instrumented object made and dropped, journal on, against the same class in plain Python
   with the same work: Person, a subclass of Person and of Tracked.
4. `draw` of dicts, lists and instances of one name, against one gc.collect() of the same heap.

    python benchmarks/fates.py [--objects 1000000] [--rounds 7] [--part 1 2 3 4]
"""

import argparse
import gc
import platform
import statistics
import subprocess
import sys
import time

import gcscope
import heaps
from gcscope import Person, Tracked, _core
from gcscope.model.phrases import table


class Plain:
    """The same as Person, in plain Python."""

    __slots__ = ("friends", "name")

    def __init__(self, name):
        self.name = name
        self.friends = []


class PlainSub(Plain):
    """A subclass without slots, as one writes it."""


class PersonSub(Person):
    """The same of Person."""


class PlainNode:
    """An object with attributes."""

    def __init__(self, name):
        self.name = name
        self.friends = []


class Node(Tracked):
    """The same, instrumented."""

    def __init__(self, name):
        self.name = name
        self.friends = []


class PlainEmpty:
    """An object without attributes."""


class Empty(Tracked):
    """The same, instrumented."""


PAIRS = (
    ("Person", Person, Plain, True),
    ("subclass of Person", PersonSub, PlainSub, True),
    ("subclass of Tracked, two attributes", Node, PlainNode, True),
    ("subclass of Tracked, empty", Empty, PlainEmpty, False),
)


def seconds(action, *arguments):
    """How long an action takes."""
    begin = time.perf_counter()
    action(*arguments)
    return time.perf_counter() - begin


def make_and_drop(cls, with_name, times=50_000):
    """Make and drop so many objects, one after the other."""
    if with_name:
        for _ in range(times):
            cls("name")
    else:
        for _ in range(times):
            cls()


def read_fates():
    """Collect, and look at each fate."""
    for fate in gcscope.collect().fates:
        fate.fate  # noqa: B018


# The word, what it does with a function that makes the heap, whether that function runs inside.
WORDS = (
    ("collect()", lambda make: gcscope.collect(), False),
    ("collect(), fates read", lambda make: read_fates(), False),
    ("trial()", lambda make: gcscope.trial(make), True),
)


def compare(act, runs_inside, is_trash, objects):
    """Return the ratio of a word to a collection of the same heap."""
    kept = []

    def make():
        people = heaps.pairs_of_friends(objects)
        if not is_trash:
            kept.append(people)

    making = seconds(make)
    if not is_trash:
        gc.collect()  # the first one of what is new takes longer
    full = seconds(gc.collect)
    if runs_inside or is_trash:
        kept.clear()
        gc.collect()
    if not runs_inside and is_trash:
        make()
    took = seconds(act, make)
    return (took - (making if runs_inside else 0)) / full


def words_table(objects, rounds):
    """Print the first table."""
    rows = []
    for word, act, runs_inside in WORDS:
        for is_trash in (True, False):
            ratios = [compare(act, runs_inside, is_trash, objects) for _ in range(rounds)]
            heap = "trash" if is_trash else "alive"
            rows.append((word, heap, f"{statistics.median(ratios):.2f}", ""))
    print("\n".join(table(("word", "pairs of friends", "/ gc.collect()", ""), rows)))


def most_resident():
    """Return how many bytes of this process were resident at most."""
    with open("/proc/self/status") as status:
        (line,) = (line for line in status if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def measure_memory(word, is_trash, objects):
    """Print by how many bytes per object a word makes the greatest resident size grow."""
    act = {name: (act, inside) for name, act, inside in WORDS}[word]
    kept = []

    def make():
        people = heaps.pairs_of_friends(objects)
        if not is_trash:
            kept.append(people)

    if not act[1]:
        make()
    else:  # as much as it will have
        make()
        kept.clear()
        gc.collect()
    before = most_resident()
    result = act[0](make)
    print(f"{(most_resident() - before) / objects:.0f}", result is None)


def memory_table(objects):
    """Print the second table."""
    rows = []
    for word, _, _ in WORDS:
        for heap in ("trash", "alive"):
            call = [sys.executable, __file__, "--memory", word, heap, "--objects", str(objects)]
            told = subprocess.run(call, check=True, capture_output=True, text=True).stdout
            rows.append((word, heap, told.split()[0], ""))
    print("\n".join(table(("word", "pairs of friends", "bytes per object", ""), rows)))


def objects_table(rounds):
    """Print the third table."""
    rows = []
    for name, mine, theirs, with_name in PAIRS:
        ratios = []
        for _ in range(5 * rounds):
            took = seconds(make_and_drop, mine, with_name)
            ratios.append(took / seconds(make_and_drop, theirs, with_name))
        rows.append((name, f"{statistics.median(ratios):.2f}", ""))
    print("\n".join(table(("made and dropped", "/ plain Python", ""), rows)))


def same_names(count):
    """Make instances whose classes have one name, each with a list: so many objects in all."""
    people = [Person("same") for _ in range(count // 2)]
    for one, next_one in zip(people, [*people[1:], people[0]], strict=True):
        one.friends.append(next_one)
    return people


def draw_table(rounds):
    """Print the fourth table."""
    rows = []
    for count in (1_000, 2_000, 4_000, 8_000):
        kept = same_names(count)
        ratios, times = [], []
        for _ in range(rounds):
            full = seconds(gc.collect)
            times.append(seconds(gcscope.draw, *kept))
            ratios.append(times[-1] / full)
        rows.append(
            (
                f"{count:,}",
                f"{len(gc.get_objects()):,}",
                f"{statistics.median(times) * 1000:.1f}",
                f"{statistics.median(ratios):.2f}",
                "",
            )
        )
    print("\n".join(table(("drawn", "objects", "ms", "/ gc.collect()", ""), rows)))


def main():
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--part", type=int, nargs="+", default=[1, 2, 3, 4])
    parser.add_argument("--memory", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    gc.disable()
    if options.memory:
        measure_memory(options.memory[0], options.memory[1] == "trash", options.objects)
        return 0
    print(f"CPython {platform.python_version()}, {options.rounds} rounds, medians of ratios")
    parts = (
        lambda: words_table(options.objects, options.rounds),
        lambda: memory_table(options.objects),
        lambda: objects_table(options.rounds),
        lambda: draw_table(options.rounds),
    )
    for part in options.part:
        print()
        parts[part - 1]()
    return 0


if __name__ == "__main__":
    _core.dry_run()  # the first pass meets cold memory
    sys.exit(main())
