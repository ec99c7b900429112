"""What a process that is asked does: it looks, and writes the answer.

It runs in a thread of its own, in the program that is asked. Nothing of it stays there but the
modules that it has imported: no object is left in a ring, and what a look needs is imported before
it, so that a report has nothing of ours.
"""

from __future__ import annotations

import os
import sys
from time import thread_time

from gcscope.live.keys import without_keys
from gcscope.live.originals import original
from gcscope.live.request import NoAnswer, error_body
from gcscope.model.header import header_of_process
from gcscope.render.json import write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from gcscope.live.request import Request
    from gcscope.model.record import Record

    Look = Callable[[Request, str], Record]

ROUNDS = 4
_SLICE = 0.1  # seconds after which it is seen whether somebody still waits


def _wait(seconds: float, folder: str) -> None:
    """Wait, but not when nobody waits for the answer any more: then raise NoAnswer."""
    sleep = original("time", "sleep")
    left = seconds
    while left > 0:
        if folder and not os.path.isdir(folder):
            raise NoAnswer("nobody waits for the answer any more")
        sleep(min(left, _SLICE))
        left -= _SLICE


# ------------------------------------------------------------------------------ the looks


def _report() -> Look:
    from gcscope.api.garbage import garbage

    return lambda _request, _folder: garbage()


def _census() -> Look:
    from gcscope.api.census import census

    return lambda _request, _folder: census()


def _why() -> Look:
    from gcscope.api.why_alive import why_alive
    from gcscope.live.expression import find

    return lambda request, _folder: why_alive(find(request.expression))


def _growth() -> Look:
    from gcscope.api.growth import GrowthWatch

    def look(request: Request, folder: str) -> Record:
        with GrowthWatch() as growth:
            for _ in range(ROUNDS):
                _wait(request.seconds / ROUNDS, folder)
                growth.round()
        return growth.report

    return look


def _pauses() -> Look:
    from gcscope.api.pauses import pauses

    def look(request: Request, folder: str) -> Record:
        with pauses() as watched:
            _wait(request.seconds, folder)
        return watched.report

    return look


_LOOKS = {
    "report": _report,
    "census": _census,
    "why": _why,
    "growth": _growth,
    "pauses": _pauses,
}


def prepare(want: str) -> Look:
    """Import what a look needs, and return the look: a function of a request and a folder."""
    return _LOOKS[want]()


# ------------------------------------------------------------------------------ the answer


def _own_version() -> str:
    version: str = vars(sys.modules["gcscope"])["__version__"]
    return version


def _check_version(request: Request) -> None:
    if request.gcscope != _own_version():
        raise NoAnswer(
            f"the process has gcscope {_own_version()} loaded, and gcscope {request.gcscope} asks: "
            "ask with the version that it has"
        )


def _file(request: Request, folder: str) -> str:
    """Look, and write what is seen as a file has it."""
    look = prepare(request.want)
    before = thread_time()
    record = look(request, folder)
    stopped = thread_time() - before
    if not request.keys:
        record = without_keys(record)
    return write(record, header_of_process(_own_version(), stopped))


def _in_child(request: Request) -> str:
    """Let a forked child look; the process stops for the fork alone."""
    from gcscope.live.fork import answer_in_child

    look = prepare(request.want)

    def make(stopped: float) -> bytes:
        record = look(request, "")
        record = record if request.keys else without_keys(record)
        return write(record, header_of_process(_own_version(), stopped)).encode()

    return answer_in_child(make).decode()


def answer(request: Request, folder: str = "") -> str:
    """Answer a request: with a record as a file has it, or in one line why there is none.

    folder: where the asker waits; once it is gone nothing is looked at any more. What the header
    says of how long the process was stopped is the time that this thread has computed: it holds the
    interpreter's lock all that time, and no longer than the usual turn where it runs Python code.
    """
    try:
        _check_version(request)
        return _in_child(request) if request.fork else _file(request, folder)
    except MemoryError:
        return error_body("there is no memory in the process for a look; nothing was changed")
    except (NoAnswer, ValueError) as refused:
        return error_body(_encodable(str(refused)))
    except Exception as error:
        return error_body(_encodable(f"the look failed: {type(error).__qualname__}: {error}"))


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
