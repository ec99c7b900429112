"""Asking processes: each in the way that it can be asked, many at once."""

from __future__ import annotations

import os
import stat
from time import time

from gcscope.live.folder import runtime_folder, socket_paths
from gcscope.live.obstacles import obstacle_to, why_silent
from gcscope.live.process import descendants, examine, has_ended, is_helper
from gcscope.live.remote import LONGEST_LOOK, ask_by_remote_exec
from gcscope.live.request import NoAnswer, TooLate, give_up
from gcscope.model.header import read_file
from gcscope.model.record import changed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gcscope.live.process import Process
    from gcscope.live.request import Request
    from gcscope.model.header import Header
    from gcscope.model.record import Record

    Answer = tuple[str, Record, Header | None]
    """Who has answered, what, and its header."""

_MOST_AT_ONCE = 32
CHILD_NAME = "gcscope-look"
"""The name of a forked child that looks (src/runtime/child.c)."""


def _is_socket_of(path: str, uid: int) -> bool:
    """Return whether a socket lies there that is the user's own, in a folder that is, too."""
    try:
        status, above = os.lstat(path), os.lstat(os.path.dirname(path))
    except OSError:
        return False
    return stat.S_ISSOCK(status.st_mode) and status.st_uid == above.st_uid == uid


def _socket_of(process: Process) -> str | None:
    """Return where a process listens; None where nothing says that it does."""
    pid = process.pid_inside or process.pid
    # a worker that gives root's rights up may have begun to listen before
    for user in dict.fromkeys([process.uid, os.geteuid()]):
        for path in socket_paths(pid, user, runtime_folder(user)):
            if _is_socket_of(path, user):
                return path
    return None


def _text_of(pid: int, request: Request, timeout: float) -> str:
    process = examine(pid)
    path = _socket_of(process) if process.exists else None
    obstacle = obstacle_to(process, by_socket=path is not None)
    if obstacle is not None:
        raise NoAnswer(obstacle)
    longest = timeout if path is not None else max(timeout, LONGEST_LOOK)
    until = time() + longest + request.seconds
    request = changed(request, identity=os.urandom(16).hex(), until=until)
    if path is not None:
        from gcscope.live.dialogue import ask_by_socket

        try:
            return ask_by_socket(path, request, timeout + request.seconds, pid)
        except NoAnswer as error:
            if isinstance(error, TooLate) or has_ended(process):
                raise NoAnswer(why_silent(process, timeout, by_socket=True)) from None
            raise
    return ask_by_remote_exec(process, request, timeout)


def ask(pid: int, request: Request, timeout: float) -> Answer:
    """Ask one process: over its socket where it listens, else through sys.remote_exec.

    timeout: in how many seconds a socket has to answer, beyond those for which it is to look; a
    process that is asked otherwise has to begin in that time. Raises NoAnswer.
    """
    text = _text_of(pid, request, timeout)
    try:
        return (f"process {pid}", *read_file(text))
    except ValueError as error:
        raise NoAnswer(f"cannot read the answer of process {pid}: {error}") from None


def _is_asked(pid: int) -> bool:
    """Return whether a Python runs in a process that is no helper of ours, or multiprocessing's."""
    process = examine(pid)
    is_ours = pid == os.getpid() or process.name == CHILD_NAME
    return process.is_python and not is_ours and not is_helper(process)


def ask_tree(pid: int, request: Request, timeout: float) -> tuple[list[Answer], list[str]]:
    """Ask a process, and at once those of its descendants that run a Python.

    The second list says in a line for each that has not answered why.
    """
    from concurrent.futures import ThreadPoolExecutor

    pids = [pid, *filter(_is_asked, descendants(pid))]
    answers, reasons = [], []
    pool = ThreadPoolExecutor(min(len(pids), _MOST_AT_ONCE))
    try:
        for asked in [pool.submit(ask, each, request, timeout) for each in pids]:
            try:
                answers.append(asked.result())
            except NoAnswer as error:
                reasons.append(str(error))
    except BaseException:
        give_up()  # the threads end then, and the interpreter need not wait for them
        raise
    finally:
        pool.shutdown(cancel_futures=True)
    return answers, reasons
