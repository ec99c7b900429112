"""The one writer of files: whole or not at all."""

from __future__ import annotations

import os
import stat
from _thread import get_ident

TYPE_CHECKING = False
if TYPE_CHECKING:
    from os import PathLike


def write_whole(path: str | PathLike[str], data: str | bytes) -> None:
    """Write a file whole or not at all: what was there stays as it is until all is written.

    A text is written as UTF-8. Symbolic links are followed, the mode of a file that is there
    stays. Pipes and devices are written straight, and so is a file in a folder in which nothing
    new may be made. Raises OSError, which names the file, if it cannot be written.
    """
    name = os.fspath(path)
    encoded = data.encode() if isinstance(data, str) else data
    try:
        _write(os.path.realpath(name), encoded)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), name) from None


def _write(path: str, data: bytes) -> None:
    try:
        there = os.open(path, os.O_WRONLY)  # fails as it would for who writes into it
    except FileNotFoundError:
        _replace(path, data, None)
        return
    try:
        mode = os.fstat(there).st_mode
        is_file = stat.S_ISREG(mode)
        if is_file and os.access(os.path.dirname(path), os.W_OK | os.X_OK):
            _replace(path, data, stat.S_IMODE(mode))
            return
        if is_file:
            os.ftruncate(there, 0)
        write_all(there, data)
    finally:
        os.close(there)


def _replace(path: str, data: bytes, mode: int | None) -> None:
    """Write beside a file, then let that take its place."""
    beside = os.path.join(os.path.dirname(path), f".gcscope-{os.getpid()}-{get_ident()}.tmp")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        try:
            write_all(descriptor, data)
            if mode is not None:
                os.fchmod(descriptor, mode)
        finally:
            os.close(descriptor)
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise


def write_all(descriptor: int, data: bytes) -> None:
    """Write data to a descriptor, in as many parts as it takes."""
    while data:
        data = data[os.write(descriptor, data) :]
