"""Which Python a file is, or a process has loaded: its version, and what build of it.

Asked without running it. An executable, or a libpython, has the version in the symbol Py_Version;
where no such file can be read, names tell: python3.14, libpython3.14t.so, and those of extension
modules (`_struct.cpython-314-x86_64-linux-gnu.so`).
"""

from __future__ import annotations

import os
import re
from stat import S_ISREG
from struct import Struct, calcsize, error, iter_unpack, unpack_from
from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class Build(NamedTuple):
    """A CPython: X.Y, its patch release where that is known, and which build it is."""

    version: tuple[int, int]
    """(3, 14); (3, 0) where only that it is Python is known."""
    exact: str = ""
    """Such as 3.14.2 or 3.15.0a3; empty where no file could be read."""
    is_free_threaded: bool = False
    is_debug: bool = False

    @property
    def is_known(self) -> bool:
        """Whether X.Y is."""
        return self.version[1] > 0

    def is_like(self, other: Build) -> bool:
        """Whether the one can ask the other: both are X.Y, and of one kind of build."""
        one, two = (
            (build.version, build.is_free_threaded, build.is_debug) for build in (self, other)
        )
        return one == two

    def __str__(self) -> str:
        """Write it as a user would: Python 3.14, a debug build."""
        if not self.is_known:
            return "Python"
        kinds = [
            kind
            for kind, applies in (
                ("free-threaded", self.is_free_threaded),
                ("debug", self.is_debug),
            )
            if applies
        ]
        name = f"Python {self.version[0]}.{self.version[1]}"
        return f"{name}, a {' '.join(kinds)} build" if kinds else name


# ------------------------------------------------------------------------------ by name

_OF_PROGRAM = re.compile(r"python(?:(\d)(?:\.(\d+))?)?(t?)(d|-dbg)?$")
_OF_LIBRARY = re.compile(r"libpython(\d)\.(\d+)(t?)(d?)\.so")
_OF_EXTENSION = re.compile(r"\.cpython-(\d)(\d+)(t?)(d?)-[\w-]+\.so$")


def named_by(name: str) -> Build | None:
    """Return what the name of a program, a libpython or an extension module says."""
    base = os.path.basename(name)
    found = _OF_PROGRAM.match(base) or _OF_LIBRARY.match(base) or _OF_EXTENSION.search(base)
    if found is None:
        return None
    major, minor, free_threaded, debug = found.groups()
    version = (int(major or 3), int(minor or 0))
    return Build(version, is_free_threaded=bool(free_threaded), is_debug=bool(debug))


def is_python_library(name: str) -> bool:
    """Return whether a file is called as a libpython is."""
    return _OF_LIBRARY.match(os.path.basename(name)) is not None


def is_python_extension(name: str) -> bool:
    """Return whether a file is called as an extension module of CPython is."""
    return _OF_EXTENSION.search(os.path.basename(name)) is not None


# ------------------------------------------------------------------------------ by file

_SECTION = Struct("<IIQQQQIIQQ")
_SYMBOL = Struct("<IBBHQQ")
_HEADER = Struct("<16sHHIQQQIHHHHHH")
_LOADED = Struct("<IIQQQQQQ")
_LOAD, _DYNAMIC_SYMBOLS = 1, 11
_MOST = 64 << 20  # bytes of a table; whoever writes more into its head means no good


class _NotReadable(Exception):
    """The file is no ELF of 64 bits, little-endian, or is damaged."""


class _Elf:
    """What stands in an executable or a library: its dynamic symbols."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        head = _HEADER.unpack(self.read(0, _HEADER.size))
        if head[0][:6] != b"\x7fELF\x02\x01":
            raise _NotReadable
        segments = self.read(head[5], head[9] * head[10])
        sections = self.read(head[6], head[11] * head[12])
        if head[9] != _LOADED.size or head[11] != _SECTION.size:
            raise _NotReadable
        self.loaded = [row for row in iter_unpack(_LOADED.format, segments) if row[0] == _LOAD]
        self.sections = list(iter_unpack(_SECTION.format, sections))
        self.names, self.symbols = self._dynamic_symbols()

    def read(self, at: int, length: int) -> bytes:
        if length > _MOST or at >= 1 << 63:
            raise _NotReadable
        data = os.pread(self.descriptor, length, at)
        if len(data) != length:
            raise _NotReadable
        return data

    def _dynamic_symbols(self) -> tuple[bytes, bytes]:
        for section in self.sections:
            if section[1] == _DYNAMIC_SYMBOLS and section[6] < len(self.sections):
                names = self.sections[section[6]]
                whole = section[5] - section[5] % _SYMBOL.size
                return self.read(names[4], names[5]), self.read(section[4], whole)
        return b"", b""

    def has(self, name: bytes) -> bool:
        """Return whether a dynamic symbol of that name is defined, or wanted."""
        return b"\0" + name + b"\0" in self.names

    def number_at(self, name: bytes) -> int | None:
        """Return the unsigned long that a symbol names; None where there is no such symbol."""
        places = {found.start() for found in re.finditer(re.escape(name) + b"\0", self.names)}
        for at, _, _, section, address, _ in iter_unpack(_SYMBOL.format, self.symbols):
            if at in places and section:
                data = self.read(self._offset(address), calcsize("<Q"))
                number: int = unpack_from("<Q", data)[0]
                return number
        return None

    def _offset(self, address: int) -> int:
        for _, _, offset, start, _, size, _, _ in self.loaded:
            if start <= address < start + size:
                return int(offset + address - start)
        raise _NotReadable


_LEVELS = {0xA: "a", 0xB: "b", 0xC: "rc"}


def _exact(number: int) -> str:
    """Write a PY_VERSION_HEX."""
    major, minor, micro = number >> 24 & 0xFF, number >> 16 & 0xFF, number >> 8 & 0xFF
    level = _LEVELS.get(number >> 4 & 0xF, "")
    return f"{major}.{minor}.{micro}{level}{number & 0xF if level else ''}"


def build_of_file(path: str) -> Build | None:
    """Return which CPython an executable or a library is; None where it is none, or nothing tells.

    Nothing but a regular file is opened, whatever somebody has put under that path: to open a
    device can do harm. Raises OSError where the file cannot be opened.
    """
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not S_ISREG(os.fstat(place).st_mode):
            return None
        descriptor = os.open(f"/proc/self/fd/{place}", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(place)
    try:
        return _build_of(_Elf(descriptor))
    except (_NotReadable, error):
        return None
    finally:
        os.close(descriptor)


def _build_of(elf: _Elf) -> Build | None:
    number = elf.number_at(b"Py_Version")  # from 3.11 on
    if number is None:
        return None
    return Build(
        (number >> 24 & 0xFF, number >> 16 & 0xFF),
        _exact(number),
        is_free_threaded=elf.has(b"_Py_MergeZeroLocalRefcount"),
        is_debug=elf.has(b"_Py_NegativeRefcount"),
    )


def first_known(builds: Iterable[Build | None]) -> Build | None:
    """Return the first that says its version, else the first that is Python at all."""
    found = [build for build in builds if build is not None]
    return next((build for build in found if build.is_known), found[0] if found else None)
