"""Files that the commands read and write."""

from __future__ import annotations

import os
import stat
import sys

from gcscope.cli.streams import Trouble, why

TYPE_CHECKING = False
if TYPE_CHECKING:
    pass


# ----------------------------------------------------------------------------- files

_DESCRIPTORS = {"-": 1, "/dev/stdout": 1, "/dev/stderr": 2}


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


class Target:
    """A file that is written later, whole or not at all.

    Its name is resolved when this is made. Pipes and devices are written straight.
    """

    __slots__ = ("descriptor", "name", "path")

    def __init__(self, name: str) -> None:
        self.name = name
        self.descriptor = _DESCRIPTORS.get(name)
        try:
            self.path = os.path.realpath(name)
        except OSError as error:  # the current directory is gone
            raise self._trouble(why(error)) from None

    def _trouble(self, reason: str) -> Trouble:
        return Trouble(f"cannot write {self.name!r}: {reason}")

    def _mode(self) -> int | None:
        """Tell what is there now; None if nothing."""
        try:
            return os.stat(self.path).st_mode
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._trouble(why(error)) from None

    def check(self) -> None:
        """Raise Trouble, saying what to do, if it is plain now that it cannot be written."""
        if self.descriptor is not None:
            return
        folder = os.path.dirname(self.path)
        mode = self._mode() if os.path.isdir(folder) else None
        if not self.name:
            raise self._trouble("the name is empty")
        if not os.path.isdir(folder):
            raise self._trouble(f"there is no directory {folder!r}; make it first")
        if mode is not None and stat.S_ISDIR(mode):
            raise self._trouble("it is a directory; name a file in it")
        if mode is not None and not os.access(self.path, os.W_OK):
            raise self._trouble("you may not write to it; name another file")
        if (mode is None or stat.S_ISREG(mode)) and not os.access(folder, os.W_OK | os.X_OK):
            raise self._trouble(f"you may not write in {folder!r}; name a file elsewhere")

    def write(self, text: str) -> None:
        """Write a text and a newline. Raises Trouble if it cannot be written; then an older file is as it was."""
        self.write_bytes(f"{text}\n".encode())

    def write_bytes(self, data: bytes) -> None:
        """Write data as `write` does a text."""
        mode = self._mode() if self.descriptor is None else None
        try:
            if self.descriptor is not None:
                _write_all(self.descriptor, data)
            elif mode is None or stat.S_ISREG(mode):
                self._replace(data, mode)
            else:
                self._write_straight(data)
        except BrokenPipeError:
            pass  # the reader has seen enough
        except OSError as error:
            raise self._trouble(why(error)) from None

    def _write_straight(self, data: bytes) -> None:
        descriptor = os.open(self.path, os.O_WRONLY)
        try:
            _write_all(descriptor, data)
        finally:
            os.close(descriptor)

    def _replace(self, data: bytes, mode: int | None) -> None:
        """Write beside the file, then let that take its place."""
        beside = os.path.join(os.path.dirname(self.path), f".gcscope-{os.getpid()}.tmp")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            try:
                _write_all(descriptor, data)
                if mode is not None:
                    os.fchmod(descriptor, stat.S_IMODE(mode))
            finally:
                os.close(descriptor)
            os.replace(beside, self.path)
        except BaseException:
            os.unlink(beside)
            raise


def read_bytes(name: str) -> bytes:
    """Read a file whole; "-" is stdin. Raises Trouble, saying what to do, if it cannot be read."""
    try:
        if name == "-":
            if sys.stdin is None:
                raise Trouble("cannot read '-': standard input is closed")
            return sys.stdin.buffer.read()
        with open(name, "rb") as file:
            return file.read()
    except FileNotFoundError:
        how = "python -m gcscope run -o FILE SCRIPT"
        raise Trouble(f"cannot open {name!r}: there is no such file; `{how}` writes one") from None
    except IsADirectoryError:
        raise Trouble(f"cannot open {name!r}: it is a directory; name a file in it") from None
    except OSError as error:
        raise Trouble(f"cannot open {name!r}: {why(error)}") from None
