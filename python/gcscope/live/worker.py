"""Threads of ours in a process that is somebody else's.

What such a thread does is an iterator of steps, each of which ends by saying what to wait for. The
thread waits between two steps alone, so that it can end there before a fork, and a new one goes on
with the next step after it: a generator keeps all that it knows. No fork finds a second thread,
none is warned of, and none waits for more than a step.
"""

from __future__ import annotations

import select
from _thread import start_new_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Wait:
    """What a step ends with: how long to wait before the next one.

    seconds: no longer than that; None: for ever. descriptor: not longer than until it can be read,
    or written, or its other end is closed; -1: for the time alone.
    """

    __slots__ = ("descriptor", "seconds", "writing")

    def __init__(
        self, seconds: float | None = None, descriptor: int = -1, writing: bool = False
    ) -> None:
        self.seconds = seconds
        self.descriptor = descriptor
        self.writing = writing


class Worker:
    """A thread that takes the steps of an iterator, and ends with the last one.

        def rounds():
            for _ in range(4):
                take_a_round()
                yield Wait(seconds=15)
            write_the_answer()

        Worker(rounds()).start()

    It is a daemon: a process that ends does not wait for it. An exception of a step ends it, and
    nobody hears of that. in_child: makes the steps for a forked child; without it, no child goes on
    with them. descriptor: what is to be closed in a child, which has a copy of it.
    """

    __slots__ = ("_descriptor", "_in_child", "_steps")

    def __init__(
        self,
        steps: Iterator[Wait],
        in_child: Callable[[], Iterator[Wait]] | None = None,
        descriptor: int = -1,
    ) -> None:
        self._steps = steps
        self._in_child = in_child
        self._descriptor = descriptor

    def start(self) -> None:
        """Begin. Raises RuntimeError where the system gives no thread."""
        start_new_thread(self._run, ())

    def stop(self) -> None:
        """End after the step that it is in."""

    def _run(self) -> None:
        try:
            for wait in self._steps:
                _wait(wait)
        except BaseException:
            pass


def _wait(wait: Wait) -> None:
    poll = select.poll()
    if wait.descriptor >= 0:
        poll.register(wait.descriptor, select.POLLOUT if wait.writing else select.POLLIN)
    poll.poll(None if wait.seconds is None else wait.seconds * 1000)
