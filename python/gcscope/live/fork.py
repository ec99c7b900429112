"""A look by a forked child: the process stops for the fork alone, and nobody in it notices.

What the child does is one function of ours, which reads the heap as it was and returns the bytes of
an answer. The rules for it: what it needs was imported before, and what it tells of the process
itself (its number, its flags, the time of day) was asked before. It has no other thread, no
descriptor, no signal; a lock that another thread has held stays held. For what spans time, growth
and pauses, a child is of no use: it sees one moment.
"""

from __future__ import annotations

import errno
import os
import sys
from time import monotonic

from gcscope import _core
from gcscope.explain.labellers import object_traceback
from gcscope.live.request import NoAnswer, encodable, failure_of
from gcscope.model.header import header_of_process
from gcscope.render.json import write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from gcscope.model.record import Record

    Make = Callable[[float], bytes]

_GRACE = 2.0  # seconds that a child has to end by itself when its time is over
_NO_MEMORY, _KILLED, _ALARM = 3, -9, -14  # codes of _core.Child


def answer_in_child(make: Make, limit: float) -> tuple[bytes, float]:
    """Return what make(stopped) returns in a forked child, and how long the fork took.

    stopped is that as well, in seconds. Waits, without the interpreter's lock, for at most `limit`
    seconds; the child is ended then. Raises NoAnswer: where there can be no child, where it has not
    answered in time, has no memory or was killed, and with the text of what make() has raised.
    """
    child, end = _forked(make, limit), monotonic() + limit + _GRACE
    while not child.take(max(end - monotonic(), 0.0)):
        _check_time(end, limit)
    return _answer_of(child, limit), child.stopped


def steps_in_child(
    make: Make, limit: float
) -> Generator[tuple[float | None, int, bool], None, tuple[bytes, float]]:
    """Do as answer_in_child in the steps of a thread of ours (`worker.py`), which waits between.

    Closed, or left off, it ends the child.
    """
    child, end = _forked(make, limit), monotonic() + limit + _GRACE
    while not child.take(0.0):
        _check_time(end, limit)
        yield max(end - monotonic(), 0.0), child.descriptor, False
    return _answer_of(child, limit), child.stopped


def file_maker(look: Callable[[], Record]) -> Make:
    """Return the function for a child that writes the record of look() as a file has it.

    The header beside it is that of this process, and says how long the fork took.
    """
    header = header_of_process()

    def make(stopped: float) -> bytes:
        return write(look(), header._changed({"stopped": stopped})).encode()

    return make


def _forked(make: Make, limit: float) -> _core.Child:
    def told(stopped: float) -> bytes:
        try:
            return b"+" + make(stopped)
        except MemoryError:
            raise
        except Exception as error:
            reason = str(error) if isinstance(error, NoAnswer) else failure_of(error)
            return b"-" + encodable(reason).encode()

    if _core.FREE_THREADED:
        raise NoAnswer(
            "no forked child can look in a free-threaded process, whose other threads may hold any "
            "lock of the interpreter just then: ask without --fork; the process is stopped for as "
            "long as the heap is read"
        )
    if sys.version_info < (3, 13) and object_traceback() is not None:
        raise NoAnswer(
            "no forked child can look here while tracemalloc traces, which asks malloc for each "
            "object up to Python 3.12; ask without --fork"
        )
    try:
        return _core.Child(told, limit)
    except (AttributeError, NotImplementedError):
        raise NoAnswer(
            "no forked child can look here: that takes Linux and a gcscope that was built with the "
            f"private headers of this Python, {sys.version.partition(' ')[0]}; ask without --fork"
        ) from None
    except OSError as error:
        raise NoAnswer(_no_child(error)) from None


def _no_child(error: OSError) -> str:
    """Write why the system gives no child."""
    why = "the system gives the process no child"
    if error.errno == errno.EAGAIN:
        why += ": as many are there as its user or its container may have (ulimit -u, or pids.max)"
    elif error.errno == errno.ENOMEM:
        why += ": there is no memory for the copy of its page tables, or none may be promised twice"
    elif error.errno in (errno.EMFILE, errno.ENFILE):
        why += ": no descriptor is left for the answer (ulimit -n)"
    else:
        why += f": {os.strerror(error.errno or 0)}"
    return f"{why}; ask without --fork"


def _check_time(end: float, limit: float) -> None:
    if monotonic() >= end:
        raise NoAnswer(_late(limit))


def _late(limit: float) -> str:
    return (
        f"the child that was to look had no answer after {limit:.3g} s and was ended; give it "
        "longer by --timeout, or ask without --fork"
    )


def _answer_of(child: _core.Child, limit: float) -> bytes:
    answer = child.answer
    if answer is None:
        raise NoAnswer(_ended(child.code, limit))
    if answer[:1] == b"-":
        raise NoAnswer(answer[1:].decode())
    return answer[1:]


def _ended(code: int, limit: float) -> str:
    """Write why a child has ended without an answer."""
    if code == _ALARM:
        return _late(limit)
    if code == _NO_MEMORY:
        return "there is no memory for the child that was to look; the process is unharmed"
    if code == _KILLED:
        return (
            "the child that was to look was killed, as the system does where memory runs out; the "
            "process is unharmed"
        )
    how = f"crashed by signal {-code}" if code < 0 else f"ended with code {code}"
    return f"the child that was to look {how}; the process is unharmed: ask without --fork"
