"""What a process that is asked does: it looks, and writes the answer.

It runs in a thread of its own, in the program that is asked. Nothing of it stays there but the
modules that it has imported: no object is left in a ring, and what a look needs is imported before
it, so that a report has nothing of ours.

A look is a generator: it yields how long to wait, and returns a record.
"""

from __future__ import annotations

import os
from time import thread_time, time

from gcscope import _core
from gcscope.explain.labellers import labellers
from gcscope.explain.sizers import sizers
from gcscope.live.folder import ANSWER, write_answer
from gcscope.live.keys import without_keys
from gcscope.live.originals import original
from gcscope.live.request import NoAnswer, error_body, failure_of, framed
from gcscope.live.worker import wait, worker
from gcscope.model.header import VERSION, header_of_process
from gcscope.render.json import write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from gcscope.live.request import Request
    from gcscope.live.worker import Wait
    from gcscope.model.record import Record

    Looking = Generator[Wait, None, Record]
    Look = Callable[[Request, str], Looking]

ROUNDS = 4
_SLICE = 0.1  # seconds after which it is seen whether somebody still waits
_TURN = 0.01  # seconds after which it is seen whether a child has answered
_LONGEST = 600.0  # seconds that a child may look, where the asker says nothing


def _waiting(seconds: float, folder: str) -> Generator[Wait, None, None]:
    """Wait, but not when nobody waits for the answer any more: then raise NoAnswer."""
    left = seconds
    while left > 0:
        if folder and not os.path.isdir(folder):
            raise NoAnswer("nobody waits for the answer any more")
        part = min(left, _SLICE) if folder else left
        yield wait(part)
        left -= part


# ------------------------------------------------------------------------------ the looks


def _at_once(look: Callable[[Request], Record]) -> Look:
    """Make a look of a function that waits for nothing."""

    def looking(request: Request, _folder: str) -> Looking:
        yield from ()
        return look(request)

    return looking


def _report() -> Look:
    from gcscope.api.garbage import garbage

    return _at_once(lambda _request: garbage())


def _census() -> Look:
    from gcscope.api.census import census

    return _at_once(lambda _request: census())


def _why() -> Look:
    from gcscope.api.why_alive import why_alive
    from gcscope.live.expression import find

    return _at_once(lambda request: why_alive(find(request.expression)))


def _growth() -> Look:
    from gcscope.api.growth import GrowthWatch

    def looking(request: Request, folder: str) -> Looking:
        with GrowthWatch() as growth:
            for _ in range(ROUNDS):
                yield from _waiting(request.seconds / ROUNDS, folder)
                growth.round()
        return growth.report

    return looking


def _pauses() -> Look:
    from gcscope.api.pauses import pauses

    def looking(request: Request, folder: str) -> Looking:
        with pauses() as watched:
            yield from _waiting(request.seconds, folder)
        return watched.report

    return looking


_LOOKS = {
    "report": _report,
    "census": _census,
    "why": _why,
    "growth": _growth,
    "pauses": _pauses,
}


def prepare(want: str, fork: bool = False) -> Look:
    """Import what a look needs, and return the look: a generator function.

    fork: whether a child is to look.
    """
    if fork:
        from gcscope.live import fork as _fork  # noqa: F401
    return _LOOKS[want]()


# Where there is a lock of the interpreter a thread has it while it computes; else passes over the
# heap stop the others, those of another look among them.
_waited_for = _core.stopped_for if _core.FREE_THREADED else thread_time


def _measured(looking: Looking) -> Generator[Wait, None, tuple[Record, float]]:
    """Take the steps of a look, and return its record and for how long others had to wait."""
    seconds = 0.0
    while True:
        before = _waited_for()  # of a step: the next one may be another thread's
        try:
            waiting = next(looking)
        except StopIteration as end:
            return end.value, seconds + _waited_for() - before
        seconds += _waited_for() - before
        yield waiting


# ------------------------------------------------------------------------------ the answer


def _check_version(request: Request) -> None:
    if request.gcscope != VERSION:
        raise NoAnswer(
            f"the process has gcscope {VERSION} loaded, and gcscope {request.gcscope} asks: "
            "ask with the version that it has"
        )


def _told(record: Record, request: Request) -> Record:
    """Leave out of a record what is not to be told."""
    return record if request.keys else without_keys(record)


def _returned(looking: Looking) -> Record:
    """Return the record of a look that waits for nothing."""
    try:
        next(looking)
    except StopIteration as end:
        record: Record = end.value
        return record
    raise ValueError("a forked child sees one moment: what spans time is to be asked without it")


def _in_child(request: Request) -> Generator[Wait, None, str]:
    """Let a forked child look; the process stops for the fork alone."""
    from gcscope.live.fork import file_maker, steps_in_child

    look = prepare(request.want)
    # a second before nobody waits any more, so that it is told that the child took too long
    limit = max(request.until - time() - 1, 1.0) if request.until else _LONGEST
    data, _ = yield from steps_in_child(
        file_maker(lambda: _told(_returned(look(request, "")), request)), limit
    )
    return data.decode()


def may_be_interrupted(request: Request) -> bool:
    """Return whether a look may be broken off for a fork, and begun anew after it.

    What spans time is not, and no code of the program is to get an exception of ours.
    """
    return request.seconds == 0 and not labellers and not sizers


def answering(request: Request, folder: str = "") -> Generator[Wait, None, str]:
    """Answer a request in steps: yields what to wait for, and returns the body of the answer.

    That is a record as a file has it, or in one line why there is none; no exception comes out, but
    one that ends the generator. folder: where the asker waits; once it is gone nothing is looked at
    any more. What the header says of how long the process was stopped is the time that the thread
    has computed: it holds the interpreter's lock for that long, and for no longer than the usual
    turn where it runs Python code. On free-threaded Python it is the time for which all threads
    were stopped.
    """
    try:
        _check_version(request)
        if request.fork:
            return (yield from _in_child(request))
        record, stopped = yield from _measured(prepare(request.want)(request, folder))
        return write(_told(record, request), header_of_process(stopped))
    except MemoryError:
        return error_body("there is no memory in the process for a look; nothing was changed")
    except (NoAnswer, ValueError) as refused:
        return error_body(str(refused))
    except Exception as error:
        return error_body(failure_of(error))


def answer(request: Request, folder: str = "") -> str:
    """Answer a request as `answering` does, in this thread, which waits meanwhile."""
    sleep = original("time", "sleep")
    steps = answering(request, folder)
    while True:
        try:
            limit, descriptor, _ = next(steps)
        except StopIteration as end:
            body: str = end.value
            return body
        seconds = _TURN if limit is None else limit
        sleep(seconds if descriptor < 0 else min(seconds, _TURN))


# ------------------------------------------------------------------------------ into a file


def _answer_here(request: Request, folder: str) -> None:
    """Write the answer, where the process can have no thread: this one is not to wait, either."""
    if request.seconds > 0:
        body = error_body(
            f"the process can have no thread more, and none of its own is to wait for "
            f"{request.seconds:g} s: ask again later, or for a report, which takes no time"
        )
    else:
        body = answer(request, folder)
    write_answer(folder, ANSWER, framed(request.identity, body))


def begin_answer(request: Request, folder: str) -> None:
    """Begin a thread that answers a request, writes that into the folder of the asker, and ends.

    Where the process can have none, this one does. Raises OSError where there is no descriptor.
    """

    def steps() -> Generator[Wait, None, None]:
        thread.interruptible = may_be_interrupted(request)
        body = yield from answering(request, folder)
        thread.interruptible = False
        write_answer(folder, ANSWER, framed(request.identity, body))

    thread = worker(steps)
    has_thread = True
    try:
        thread.start()
    except RuntimeError:
        thread.stop()
        has_thread = False
    if not has_thread:  # what a signal handler raises meanwhile is to have no context of ours
        _answer_here(request, folder)
