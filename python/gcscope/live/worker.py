"""Threads of ours in a process that is somebody else's.

What such a thread does is a generator of steps, each of which ends by saying what to wait for:

    def rounds():
        for _ in range(4):
            take_a_round()
            yield wait(seconds=15)
        write_the_answer()

    begin(rounds)

The thread ends between two steps before each fork, and a new one goes on after it: the generator
keeps all that it knows. So no fork finds a second thread, none is warned of one, and none waits for
longer than a step, or a fifth of a second.
"""

from __future__ import annotations

import os

from gcscope import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Wait = tuple[float | None, int, bool]
    Make = Callable[[], Iterable[Wait]]

# Here, where one thread is, as no module is imported twice: without workers they do nothing.
os.register_at_fork(
    before=_core.workers_before_fork,
    after_in_parent=_core.workers_after_fork,
    after_in_child=_core.workers_in_child,
)


def wait(seconds: float | None = None, descriptor: int = -1, writing: bool = False) -> Wait:
    """Return what a step ends with: how long to wait before the next one.

    seconds: no longer than that; None: for ever. descriptor: no longer than until it can be read,
    or written, or its other end is closed; -1: for the time alone.
    """
    return seconds, descriptor, writing


def worker(make: Make, in_child: bool = False, descriptor: int = -1) -> _core.Worker:
    """Return a thread, to be begun by `start()`, that takes the steps which make() returns.

    It is a daemon: a process that ends does not wait for it. An exception of a step ends it, and
    nobody hears of that. `stop()` ends it after the step that it is in. When it ends, its steps are
    closed.

    While its attribute `interruptible` is true, a step that runs when another thread forks gets a
    GeneratorExit, and make() is called anew after the fork: for what takes long, and can be done
    twice.

    in_child: whether a forked child calls make() for steps of its own. There the steps of the
    parent are closed, too: a `finally` in them asks os.getpid() where it would do something outside
    of the process. descriptor: is closed there, and by `release()`; -1 for none; an attribute, too.

    Where the program closes the descriptor, or the pipe that the thread has, as a daemon closes all
    that are open, the thread ends, its attribute `lost` is true, and `holds()` false; whatever the
    program opens by these numbers is its own. What a step does with its descriptor it does only
    where `holds()` is true.

    Raises OSError where the system gives no pipe; start() RuntimeError, where it gives no thread.
    """
    return _core.Worker(make, in_child, descriptor)


def begin(make: Make) -> None:
    """Begin a thread that takes the steps which make() returns, and ends with the last one."""
    worker(make).start()
