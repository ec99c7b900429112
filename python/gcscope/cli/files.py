"""Files that the commands read and write."""

from __future__ import annotations

import os
import stat
import sys

from gcscope.cli.trouble import Trouble, why
from gcscope.model.files import write_all, write_whole
from gcscope.model.record import form_of_suffix

_DESCRIPTORS = {"-": 1, "/dev/stdout": 1, "/dev/stderr": 2}


def suffix_of(name: str | None) -> str:
    """Return what a name ends in, in small letters; "" without a name."""
    return os.path.splitext(name or "")[1].lower()


def check_is_for_json(name: str | None) -> None:
    """Raise Trouble where the name of a file that is to hold JSON promises something else.

    A suffix without a letter promises nothing: it is a number, or a day.
    """
    suffix = suffix_of(name)
    form = form_of_suffix(suffix)
    if form != "json" and any(map(str.isalpha, suffix)):
        out = suffix if form is not None else ".html"
        raise Trouble(
            f"-o keeps JSON, for which {suffix} is no name: call it FILE.json, and `gcscope show "
            f"FILE.json -o OUT{out}` makes that of it"
        )


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
        """Return the mode of what is there now; None if nothing is."""
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

    def write(self, data: str | bytes) -> None:
        """Write data, or a text and a newline.

        Raises Trouble if it cannot be written; then an older file is as it was.
        """
        if isinstance(data, str):
            data = f"{data}\n".encode()
        try:
            if self.descriptor is not None:
                write_all(self.descriptor, data)
            else:
                write_whole(self.path, data)
        except BrokenPipeError:
            pass  # the reader has seen enough
        except OSError as error:
            raise self._trouble(why(error)) from None


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
        how = "gcscope run -o FILE SCRIPT"
        raise Trouble(f"cannot open {name!r}: there is no such file; `{how}` writes one") from None
    except IsADirectoryError:
        raise Trouble(f"cannot open {name!r}: it is a directory; name a file in it") from None
    except OSError as error:
        raise Trouble(f"cannot open {name!r}: {why(error)}") from None
