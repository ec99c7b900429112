"""A lock for one name in a private folder: who else asks the same process has to wait."""

from __future__ import annotations

import fcntl
import os

from gcscope.live.folder import opened


def _lock_file(name: str, inside: int) -> int:
    """Open a file that is there to be locked, in an open folder; make it where it is not.

    The folder is private: so that its owner can lock what root has left there, all may read it.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        file = os.open(name, flags | os.O_CREAT | os.O_EXCL, 0o644, dir_fd=inside)
        os.fchmod(file, 0o644)
        return file
    except FileExistsError:
        return os.open(name, flags, dir_fd=inside)


def _is_still(file: int, name: str, inside: int) -> bool:
    """Return whether an open file is the one of that name in an open folder."""
    try:
        there = os.stat(name, dir_fd=inside, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(file), there)


def _locked(name: str, inside: int) -> int:
    """Return a file that is locked, as long as it is open. Raises BlockingIOError."""
    while True:
        try:
            file = _lock_file(name, inside)
        except FileNotFoundError:  # who had locked it has removed it just now
            continue
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_still(file, name, inside):
                return file
        except BaseException:
            os.close(file)
            raise
        os.close(file)  # who had locked it has removed it


class Lock:
    """Says, for as long as a block runs, that only this one does something.

    A file in a folder of ours says so; one that nobody has locked hinders nobody. To enter raises
    BlockingIOError where another does it, and other OSErrors.
    """

    __slots__ = ("_file", "_folder", "_inside", "_name")

    def __init__(self, folder: str, name: str) -> None:
        self._folder = folder
        self._name = name

    def __enter__(self) -> None:
        """Lock the file."""
        self._inside = opened(self._folder)
        try:
            self._file = _locked(self._name, self._inside)
        except BaseException:
            os.close(self._inside)
            raise

    def __exit__(self, *_: object) -> None:
        """Remove it, while nobody else can have it."""
        try:
            os.unlink(self._name, dir_fd=self._inside)
        except OSError:  # it, or the folder, was removed
            pass
        os.close(self._file)
        os.close(self._inside)
