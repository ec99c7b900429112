"""Asking a process that has done nothing for it: through sys.remote_exec, of Python 3.14.

    private folder of the process's user
      PID.lock        held while somebody asks: a second script would take the place of the first
      ask-.../PID.py  the script; gone as soon as the process has begun
      ask-.../answer  what it says

The main thread runs the script when it next comes to it: at once where it runs Python code, never
where it waits in C. A script that nobody waits for any more stays where it is and does nothing: a
process that comes to it late would complain of a file that is missing.
"""

from __future__ import annotations

import os
import sys
from time import monotonic, sleep, time

from gcscope import _core
from gcscope.live.folder import (
    ANSWER,
    fresh_folder,
    private_folder,
    read_answer,
    remove_folder,
    runtime_folder,
    write_answer,
)
from gcscope.live.lock import Lock
from gcscope.live.obstacles import obstacle_of, why_silent
from gcscope.live.payload import script_of
from gcscope.live.process import Process, examine, has_ended
from gcscope.live.request import NoAnswer, Request, check_not_given_up, unframed
from gcscope.model.record import changed

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LONGEST_LOOK = 60.0
"""Seconds that a look may take, once the process has begun and if no longer time is given."""
_LONG_AGO = 1.0  # as time.time() has it
_DAY = 86400.0


def ask_by_remote_exec(process: Process, request: Request, timeout: float) -> str:
    """Ask a process, and return its record as a file has it.

    timeout: in how many seconds it has to begin. For the look it has LONGEST_LOOK, or that timeout
    where it is longer, beyond the seconds for which it is to look. Raises NoAnswer.
    """
    try:
        private = private_folder(process.uid, runtime_folder(process.uid))
        _check_way(private, process)
        with Lock(private, f"{process.pid}.lock"):
            data = _Question(private, process, request, timeout).ask()
            _sweep(private, process.pid)
    except BlockingIOError:
        raise NoAnswer(
            f"another `gcscope attach` is asking process {process.pid} just now: ask again when it "
            "has its answer"
        ) from None
    except OSError as error:
        raise NoAnswer(f"cannot ask process {process.pid}: {error}") from None
    return unframed(data, request.identity)


# ---------------------------------------------------------------------------- the folder


def _check_way(folder: str, process: Process) -> None:
    """Raise NoAnswer where the user of a process cannot come to what is written for it."""
    while process.uid != os.geteuid() and folder != "/":
        status = os.stat(folder)
        if not status.st_mode & 0o001 and status.st_uid != process.uid:
            raise NoAnswer(
                f"process {process.pid} acts as user {process.uid}, who cannot come into {folder}: "
                "ask with TMPDIR=/tmp"
            )
        folder = os.path.dirname(folder)


def _script_pids(folder: str) -> list[int]:
    names = [name.removesuffix(".py") for name in os.listdir(folder) if name.endswith(".py")]
    return [int(name) for name in names if name.isdecimal()]


def _is_over(folder: str, answered: int) -> bool:
    """Whether a folder of an earlier question is of no use: no process can come to it any more.

    One of another process has to be old, too, as that may have its number in another namespace.
    """
    pids = _script_pids(folder)
    is_old = os.stat(folder).st_mtime < time() - _DAY
    return pids == [answered] or (is_old and not any(examine(pid).exists for pid in pids))


def _sweep(private: str, answered: int) -> None:
    """Remove what earlier questions have left. answered: a process that has run a later script."""
    for name in os.listdir(private):
        folder = os.path.join(private, name)
        try:
            if name.startswith("ask-") and _is_over(folder, answered):
                remove_folder(folder)
        except OSError:  # another removes it, too
            pass


# --------------------------------------------------------------------------- the question


class _Question:
    """One request to one process, in a folder of its own."""

    def __init__(self, private: str, process: Process, request: Request, timeout: float) -> None:
        self.process = process
        self.request = request
        self.timeout = timeout
        self.folder = fresh_folder(private, process.uid)
        self.script = os.path.join(self.folder, f"{process.pid}.py")

    def ask(self) -> bytes:
        """Ask, and return the answer. Raises NoAnswer, OSError."""
        is_pending = False
        try:
            self._write(self.request)
            self._execute()
            is_pending = True
            return self._awaited()
        finally:
            if is_pending and not self._has_begun() and not has_ended(self.process):
                self._write(changed(self.request, until=_LONG_AGO))
            else:
                remove_folder(self.folder)

    def _write(self, request: Request) -> None:
        text = script_of(request, self.script, _PACKAGE, _core.BUILT_FOR)
        write_answer(self.folder, os.path.basename(self.script), text.encode(), self.process.uid)

    def _execute(self) -> None:
        try:
            sys.remote_exec(self.process.pid, self.script)  # type: ignore[attr-defined,unused-ignore]
        except Exception as error:
            raise NoAnswer(obstacle_of(error, self.process)) from None

    def _has_begun(self) -> bool:
        return not os.path.exists(self.script)

    def _awaited(self) -> bytes:
        begin, pause, has_begun, ended = monotonic(), 0.001, False, False
        while True:
            check_not_given_up()
            data = read_answer(self.folder, ANSWER, self.process.uid)
            if data is not None:
                return data
            waited = monotonic() - begin
            if ended:
                raise NoAnswer(why_silent(self.process, waited))
            has_begun = has_begun or self._has_begun()
            if waited > (self._longest() if has_begun else self.timeout):
                raise NoAnswer(self._why_late(has_begun))
            ended = has_ended(self.process)  # then it may have answered just before
            sleep(pause)
            pause = min(pause * 1.5, 0.05)

    def _longest(self) -> float:
        return max(self.timeout, LONGEST_LOOK) + self.request.seconds

    def _why_late(self, has_begun: bool) -> str:
        if has_begun:
            return (
                f"process {self.process.pid} has begun to look and is not ready after "
                f"{self._longest():g} s: ask again with a longer --timeout"
            )
        return why_silent(self.process, self.timeout)
