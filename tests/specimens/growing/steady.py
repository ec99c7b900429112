"""Programs that hold much or change much, and do not grow, or not in every round."""

import functools
import math
import weakref
from collections import OrderedDict, deque

from specimens.growing.cases import numbers, steady


@functools.lru_cache(maxsize=16)
def squared(number):
    return number * number


@steady
def cache_that_is_full():
    """Full after one round."""
    return squared(next(numbers))


LATELY = deque(maxlen=30)


@steady
def history_that_is_full():
    """Full in the second round."""
    LATELY.append(f"request {next(numbers)}")


RECENT = OrderedDict()


@steady
def cache_that_throws_out_the_oldest():
    RECENT[next(numbers)] = bytearray(100)
    while len(RECENT) > 12:
        RECENT.popitem(last=False)


QUEUE = []


@steady
def queue_that_goes_up_and_down():
    """Whatever its length was, four rounds later it has gone down again."""
    wanted = int(15 + 14 * math.sin(next(numbers) * 0.7))
    while len(QUEUE) < wanted:
        QUEUE.append(f"job {wanted}")
    del QUEUE[wanted:]


NAMES = {}


@steady
def names_that_are_met_one_by_one():
    """All 24 of them, in two rounds."""
    NAMES[f"name {next(numbers) % 24}"] = bytearray(50)


class Batch:
    rows = []


@steady
def list_that_is_replaced():
    Batch.rows = [f"row {next(numbers)}" for _ in range(50)]


WRITTEN = []


@steady
def rows_that_are_written_by_fifty():
    """Before four rounds are over, there are fewer than in one before."""
    WRITTEN.append(f"row {next(numbers)}")
    if len(WRITTEN) >= 50:
        WRITTEN.clear()


class Node:
    def __init__(self):
        self.children = []


@steady
def rings_that_the_collector_takes():
    node = Node()
    node.children.append((node, f"node {next(numbers)}"))


@steady
def much_that_is_dropped():
    return len([{"row": n} for n in range(500)])


SLOTS = [None] * 64


@steady
def places_that_are_filled_anew():
    """What is in it changes, and gets larger once; how long it is does not."""
    number = next(numbers)
    SLOTS[number % 64] = bytearray(300)


SET = set(range(1000))


@steady
def set_in_which_one_goes_for_another():
    SET.add(SET.pop() + 1000)


KNOWN = weakref.WeakSet()


@steady
def weak_set_of_what_only_the_collector_takes():
    """It grows until the collector runs, which takes all of them."""
    node = Node()
    node.children.append(node)
    KNOWN.add(node)
