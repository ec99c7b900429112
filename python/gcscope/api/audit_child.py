"""A child process in which an audit proves: types that are called with objects of others may crash.

    parent: fork, read lines until the child is gone      child: "name of a type" before each that
                                                          is called; at the end the answer, as JSON

What the child makes, collects or breaks is gone with it. Where it ends by a signal, the type that
it was about to call is fragile: it is left out, and another child begins.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Note = Callable[[str], None]
    # of a child: the names of types that are to be left out, and what is to be told before each
    # type that is called; returns the answer
    Work = Callable[[frozenset[str], Note], str]

SECONDS = 300  # then a child is ended: something that was called waits
_MOST_CHILDREN = 20
_SIGKILL = 9  # importing signal leaves classes to the collector


def _fork() -> int:
    """Fork, whatever other threads the process has: the child runs none of their code."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _end_quietly() -> None:
    """Let a crash of this process print nothing and leave no core file, and let it end in time."""
    import signal

    faulthandler = sys.modules.get("faulthandler")
    if faulthandler is not None:
        faulthandler.disable()
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, OSError, ValueError):
        pass
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(SECONDS)


def _write(descriptor: int, text: str) -> None:
    data = f"{text}\n".encode("utf-8", "surrogatepass")
    while data:
        data = data[os.write(descriptor, data) :]


def _child(work: Work, fragile: frozenset[str], descriptor: int) -> None:
    """Work, answer, and end: nothing that is registered at exit runs."""
    code = 1
    try:
        _end_quietly()
        _write(descriptor, work(fragile, lambda name: _write(descriptor, name)))
        code = 0
    finally:
        os._exit(code)


def _run(work: Work, fragile: frozenset[str]) -> tuple[list[str], int]:
    """Return the lines that a child has written, and its exit code: negative for a signal."""
    reader, writer = os.pipe()
    child = _fork()
    if child == 0:
        _child(work, fragile, writer)
    os.close(writer)
    try:
        with open(reader, encoding="utf-8", errors="surrogatepass") as lines:
            told = lines.read().splitlines()
    except BaseException:
        os.kill(child, _SIGKILL)
        os.waitpid(child, 0)
        raise
    return told, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def answer_of_child(work: Work) -> tuple[str | None, tuple[str, ...]]:
    """Let a child work.

    Returns its answer, or None where it has none, and the names of the types that have ended one.
    """
    fragile: tuple[str, ...] = ()
    while len(fragile) < _MOST_CHILDREN:
        told, code = _run(work, frozenset(fragile))
        if code == 0 and told:
            return told[-1], fragile
        if code >= 0 or not told:  # an exception: such as MemoryError
            return None, fragile
        fragile += (told[-1],)
    return None, fragile
