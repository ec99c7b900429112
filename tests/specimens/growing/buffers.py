"""Data that is kept: arrays, buffers, histories."""

import array
import io
from collections import defaultdict, deque

from specimens.growing.cases import growing, numbers, twin

POOL = []


@growing("buffers.POOL", "list")
def arrays_that_no_one_takes_back():
    samples = array.array("d", bytes(8 * 1000))
    POOL.append(samples)
    return len(samples)


@twin
def arrays_that_are_taken_back():
    samples = POOL.pop() if POOL else array.array("d", bytes(8 * 1000))
    POOL.append(samples)
    return len(samples)


RECEIVED = deque()


@growing("buffers.RECEIVED", "collections.deque")
def buffers_that_are_kept():
    RECEIVED.append(bytearray(b"\0" * 3000))
    return len(RECEIVED[-1])


@twin
def buffers_that_are_read():
    RECEIVED.append(bytearray(b"\0" * 3000))
    return len(RECEIVED.popleft())


class Consumer:
    def __init__(self, times):
        self.times = times

    def consume(self, seconds):
        self.times.append(seconds)


UNBOUNDED, LAST = Consumer(deque()), Consumer(deque([0.0]))


@growing(
    "buffers.UNBOUNDED.times",
    "collections.deque",
    source="https://github.com/mokshaproject/moksha/pull/57",
)
def history_without_a_bound():
    UNBOUNDED.consume(next(numbers) / 7)


@twin
def history_of_the_last():
    LAST.times[0] = next(numbers) / 7


EVENTS = {f"session {n}": [] for n in range(5)}


@growing("buffers.EVENTS[*]", "list", per_call=5)
def many_small_lists():
    """Each session is told of each request."""
    number = next(numbers)
    for events in EVENTS.values():
        events.append(("request", f"number {number}"))


@twin
def many_small_lists_that_are_read():
    number = next(numbers)
    for events in EVENTS.values():
        events.append(("request", f"number {number}"))
        events.clear()


ROWS = defaultdict(list)


@growing("buffers.ROWS['error']", "list")
def list_that_a_defaultdict_made():
    ROWS["error"].append(f"line {next(numbers)}: something went wrong")


@twin
def list_that_is_written_out():
    ROWS["error"].append(f"line {next(numbers)}: something went wrong")
    ROWS.clear()


UPLOADS = []


@growing("buffers.UPLOADS", "list")
def files_in_memory():
    upload = io.BytesIO()
    upload.write(b"%PDF" * 500)
    UPLOADS.append(upload)


@twin
def files_in_memory_that_are_closed():
    with io.BytesIO() as upload:
        upload.write(b"%PDF" * 500)
