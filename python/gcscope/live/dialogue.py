"""Asking a process that listens, over its socket."""

from __future__ import annotations

import os
from time import monotonic, sleep

from gcscope.live.peer import peer_of, unix_socket
from gcscope.live.request import (
    LARGEST_ANSWER,
    TURN,
    NoAnswer,
    TooLate,
    check_not_given_up,
    unframed,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket

    from gcscope.live.request import Request

_AGAIN = 0.02  # seconds until a process is asked again that many ask just now
_BEGINNING = 0.3  # seconds between the making of a socket and that it listens, at most
_CHUNK = 1 << 16


def _left(until: float, path: str) -> float:
    """Return for how many seconds to wait now. Raises TooLate where none are left."""
    check_not_given_up()
    left = until - monotonic()
    if left <= 0:
        raise TooLate(
            f"no answer in time from the process that listens at {path}: it has very much to look "
            "at, is stopped, or C code in it keeps the interpreter's lock; ask again with a longer "
            "--timeout"
        )
    return min(left, TURN)


def _connect(connection: _socket.socket, path: str, until: float) -> None:
    begun = monotonic()
    while True:
        connection.settimeout(_left(until, path))
        try:
            connection.connect(path)
            return
        except (BlockingIOError, TimeoutError):  # many ask
            pass
        except ConnectionRefusedError:
            if monotonic() - begun > _BEGINNING:
                raise
        sleep(_AGAIN)


def _check_peer(connection: _socket.socket, path: str, pid: int | None) -> None:
    """Raise NoAnswer unless the process at the other end is the one that is meant.

    It belongs to this user; or, for root, to whom the file belongs.
    """
    process, user = peer_of(connection)
    allowed = {os.geteuid()}
    if os.geteuid() == 0:
        allowed.add(os.lstat(path).st_uid)
    if user not in allowed:
        raise NoAnswer(f"a process of the user {user} listens at {path}: it was asked nothing")
    if pid is not None and process not in (0, pid):
        raise NoAnswer(
            f"it is the process {process} that listens at {path}, and {pid} does not: call "
            "gcscope.listen() in it"
        )


def _exchange(connection: _socket.socket, path: str, data: bytes, until: float) -> bytes:
    """Send a question, and return all that comes."""
    view = memoryview(data)
    while view:
        connection.settimeout(_left(until, path))
        try:
            view = view[connection.send(view) :]
        except TimeoutError:
            pass
    answer = bytearray()
    while len(answer) <= LARGEST_ANSWER:
        connection.settimeout(_left(until, path))
        try:
            part = connection.recv(_CHUNK)
        except TimeoutError:
            continue
        if not part:
            return bytes(answer)
        answer += part
    raise NoAnswer(f"the process that listens at {path} says more than any answer of gcscope has")


def _asked(path: str, request: Request, timeout: float, pid: int | None) -> bytes:
    until = monotonic() + timeout
    connection = unix_socket()
    try:
        _connect(connection, path, until)
        _check_peer(connection, path, pid)
        return _exchange(connection, path, request.to_json().encode() + b"\n", until)
    finally:
        connection.close()


def ask_by_socket(path: str, request: Request, timeout: float, pid: int | None = None) -> str:
    """Ask the process that listens at a path, and return its answer: a record as a file has it.

    timeout: seconds in all, the look included. pid: which process that is to be. Raises NoAnswer,
    which says why there is none and what to do.
    """
    try:
        data = _asked(path, request, timeout, pid)
    except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
        raise NoAnswer(
            f"no process listens at {path}: call gcscope.listen() in the one that is meant"
        ) from None
    except PermissionError:
        raise NoAnswer(
            f"this user may not ask at {path}: ask as the user of the process, or as root"
        ) from None
    except OSError as error:
        if isinstance(error, ConnectionError):
            data = b""
        else:
            raise NoAnswer(f"cannot ask at {path}: {error.strerror or error}") from None
    if not data:
        raise NoAnswer(
            f"the process that listens at {path} ended, or closed the socket, before it answered"
        )
    return unframed(data, request.identity)
