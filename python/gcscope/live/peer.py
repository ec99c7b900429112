"""Who is at the other end of a socket, as the system says.

`_socket`, the part in C, does without the module `socket`, whose import leaves cyclic trash, and in
whose place gevent and its like put their own.
"""

from __future__ import annotations

import _socket
import os
import stat
import sys

_XUCRED = 76  # bytes of macOS's struct xucred: version, uid, and the groups
_LOCAL_PEERCRED, _LOCAL_PEERPID = 1, 2


def _number(data: bytes) -> int:
    return int.from_bytes(data, sys.byteorder)


def peer_of(connection: _socket.socket) -> tuple[int, int]:
    """Return the process and the user at the other end of a socket; 0 for a process not seen here.

    Of one that listens, those of when it began to.
    """
    if sys.platform == "darwin":
        user = _number(connection.getsockopt(0, _LOCAL_PEERCRED, _XUCRED)[4:8])
        return _number(connection.getsockopt(0, _LOCAL_PEERPID, 4)), user
    credentials = connection.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12)
    return _number(credentials[:4]), _number(credentials[4:8])


def may_ask(connection: _socket.socket) -> bool:
    """Return whether the other end belongs to the user of this process, or to root."""
    return peer_of(connection)[1] in (0, os.geteuid())


def unix_socket(descriptor: int | None = None) -> _socket.socket:
    """Return a new unix socket, or one that is open, which does not block.

    Whatever the program has set by socket.setdefaulttimeout.
    """
    made = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM, 0, descriptor)
    made.setblocking(False)
    return made


def _owned(descriptor: int) -> _socket.socket:
    """Return the socket of a descriptor; closed where there is no memory for it."""
    try:
        made = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM, 0, descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    made.setblocking(False)
    return made


def accepted(descriptor: int) -> int | None:
    """Return the descriptor of the next connection to a socket that listens.

    None for one of another user, which is closed. Raises BlockingIOError where nobody has come.
    """
    server = unix_socket(descriptor)
    try:
        number = server._accept()[0]  # type: ignore[attr-defined]
    finally:
        server.detach()
    connection = _owned(number)
    try:
        return connection.detach() if may_ask(connection) else None
    finally:
        connection.close()


def is_socket(path: str) -> bool:
    """Return whether a socket lies at a path, and no link to one."""
    try:
        return stat.S_ISSOCK(os.lstat(path).st_mode)
    except OSError:
        return False


def is_deserted(path: str) -> bool:
    """Return whether a socket lies at a path at which no process listens any more."""
    if not is_socket(path):
        return False
    probe = unix_socket()
    try:
        probe.connect(path)
    except ConnectionRefusedError:
        return True
    except OSError:
        pass
    finally:
        probe.close()
    return False
