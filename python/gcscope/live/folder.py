"""The private folder, by which a process and who asks it find each other, and nobody else.

Answers, scripts and sockets lie in a folder of mode 0700 that belongs to the user of the process
that is asked: `gcscope` in `$XDG_RUNTIME_DIR`, else `gcscope-UID` in the folder for temporary
files, where anybody may have put something of that name before. So a folder that is there is
looked at, never repaired, and it is not used if another user could change what lies in it. Files
are made and read relative to an open folder, which nobody can exchange meanwhile.
"""

from __future__ import annotations

import errno
import os
import stat

from gcscope.live.request import LARGEST_ANSWER
from gcscope.model.files import write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

ANSWER = "answer"
"""The name of the file in which an answer is."""
_LONGEST_NAME = 103  # of sun_path: 104 bytes on macOS, 108 on Linux, the last one 0
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def temporary_folder() -> str:
    """Return the folder for temporary files, as every shell tool finds it."""
    return os.path.realpath(os.environ.get("TMPDIR") or "/tmp")


def runtime_folder(uid: int) -> str | None:
    """Return what XDG_RUNTIME_DIR is for a user, if anything: of another one, where systemd has it.

    It may not be there, nor be that user's.
    """
    return os.environ.get("XDG_RUNTIME_DIR") if uid == os.geteuid() else f"/run/user/{uid}"


def _belongs(uid: int) -> str:
    return f"belongs to the user {uid}"


def _others_can_change(status: os.stat_result) -> bool:
    """Return whether others may remove or rename what lies in a folder."""
    return bool(status.st_mode & 0o022) and not status.st_mode & stat.S_ISVTX


def _is_of(path: str, uid: int) -> bool:
    """Return whether a path is a folder of the user in which nobody else may change anything."""
    try:
        status = os.stat(path)
    except OSError:
        return False
    mine = status.st_uid == uid and not _others_can_change(status)
    return os.path.isabs(path) and stat.S_ISDIR(status.st_mode) and mine


def _check_parent(path: str, uid: int) -> None:
    status = os.stat(path)
    if status.st_uid not in (0, uid) or _others_can_change(status):
        raise PermissionError(
            f"{path} is no place for a private folder: other users may rename what lies in it; "
            "set XDG_RUNTIME_DIR or TMPDIR to a folder of your own"
        )


def _check(path: str, status: os.stat_result, uid: int) -> None:
    """Raise PermissionError unless a folder is private to the user."""
    wrong = None
    if status.st_uid != uid:
        wrong = _belongs(status.st_uid)
    elif status.st_mode & 0o077:
        wrong = f"has the mode {stat.S_IMODE(status.st_mode):04o}"
    if wrong is not None:
        raise PermissionError(
            f"{path} is not private to the user {uid}: it {wrong}; remove it, and ask again"
        )


def _opened_at(name: str, above: int | None) -> int:
    """Open a folder, in an open one or by its path; raises PermissionError where it is a link."""
    try:
        return os.open(name, _FOLDER, dir_fd=above)
    except OSError as error:
        if error.errno not in (errno.ENOTDIR, errno.ELOOP):
            raise
    raise PermissionError(
        f"{name} is no folder, and somebody else may have put it there; remove it, and ask again"
    )


def opened(path: str) -> int:
    """Open a folder, through no link in its name, nor in that of what it lies in.

    For root that asks another user's process both are that user's to exchange. Raises
    PermissionError.
    """
    parent, name = os.path.split(path)
    above = _opened_at(parent, None)
    try:
        return _opened_at(name, above)
    finally:
        os.close(above)


def _let_owner_in(name: str, above: int) -> None:
    """Give a folder that has just been made the mode 0700, where a umask took even that away."""
    place = os.open(name, getattr(os, "O_PATH", os.O_RDONLY) | _FOLDER, dir_fd=above)
    try:
        os.chmod(f"/proc/self/fd/{place}", 0o700)
    finally:
        os.close(place)


def _make(path: str, uid: int) -> None:
    """Make a folder of a user with the mode 0700, whatever the umask is.

    To another user is only given what this one has made. Raises FileExistsError.
    """
    parent, name = os.path.split(path)
    above = _opened_at(parent, None)
    try:
        os.mkdir(name, 0o700, dir_fd=above)
        try:
            folder = _opened_at(name, above)
        except PermissionError:
            _let_owner_in(name, above)
            folder = _opened_at(name, above)
    finally:
        os.close(above)
    try:
        if os.fstat(folder).st_uid == os.geteuid():
            os.fchmod(folder, 0o700)
            if os.geteuid() != uid:
                os.fchown(folder, uid, -1)
    finally:
        os.close(folder)


def _place(uid: int, runtime_dir: str | None) -> tuple[str, str]:
    """Return the path of the private folder, and of what it lies in."""
    if runtime_dir and _is_of(runtime_dir, uid):
        runtime_dir = os.path.realpath(runtime_dir)
        return os.path.join(runtime_dir, "gcscope"), runtime_dir
    temporary = temporary_folder()
    return os.path.join(temporary, f"gcscope-{uid}"), temporary


def private_folder(uid: int, runtime_dir: str | None) -> str:
    """Make the private folder of a user where there is none, check it, and return its path.

    runtime_dir: what XDG_RUNTIME_DIR is for that user, if anything; it is taken where it belongs to
    the user, who alone may write there. Raises PermissionError where the folder is not private, and
    OSError where it cannot be made; both say what to do or why.
    """
    path, parent = _place(uid, runtime_dir)
    try:
        _check_parent(parent, uid)
        _make(path, uid)
    except FileExistsError:
        pass
    except OSError as error:
        if error.errno is None:  # it says what to do
            raise
        raise OSError(
            f"cannot make the folder {path}: {error.strerror}; set TMPDIR, or XDG_RUNTIME_DIR, to "
            "a folder that can be written, and that the process sees, too"
        ) from None
    folder = opened(path)
    try:
        _check(path, os.fstat(folder), uid)
    finally:
        os.close(folder)
    return path


def socket_path(pid: int, uid: int, runtime_dir: str | None) -> str:
    """Return where a process listens that was told no path. Makes and checks nothing."""
    return os.path.join(_place(uid, runtime_dir)[0], str(pid))


def socket_paths(pid: int, uid: int, runtime_dir: str | None) -> Iterator[str]:
    """Iterate over the places where a process may listen, the likeliest first.

    A service has seldom the XDG_RUNTIME_DIR, and may have another TMPDIR, than who asks it.
    """
    places = [socket_path(pid, uid, runtime_dir), socket_path(pid, uid, None)]
    places += [f"/run/user/{uid}/gcscope/{pid}", f"/tmp/gcscope-{uid}/{pid}"]
    yield from dict.fromkeys(places)


def check_length(path: str) -> None:
    """Raise OSError where a path is too long for a socket."""
    length = len(os.fsencode(path))
    if length > _LONGEST_NAME:
        raise OSError(
            f"the path of a socket has {_LONGEST_NAME} bytes at most, and {path} has {length}: "
            "give listen() a shorter one"
        )


def fresh_folder(folder: str, uid: int) -> str:
    """Make a new folder `ask-...` of a user, that nobody can guess, in a private one."""
    path = os.path.join(folder, f"ask-{os.urandom(12).hex()}")
    _make(path, uid)
    return path


def _fill(file: int, data: bytes, owner: int | None) -> None:
    """Write a new file, and close it."""
    try:
        os.fchmod(file, 0o600)  # whatever the umask is
        if owner is not None and owner != os.geteuid():
            os.fchown(file, owner, -1)
        write_all(file, data)
    finally:
        os.close(file)


def write_answer(folder: str, name: str, data: bytes, owner: int | None = None) -> None:
    """Write a file into a folder of ours, whole or not at all, with the mode 0600.

    owner: the user who is to read it, where that is another one; for root. Raises OSError.
    """
    inside = opened(folder)
    beside = f".{name}-{os.urandom(6).hex()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        file = os.open(beside, flags, 0o600, dir_fd=inside)
        try:
            _fill(file, data, owner)
            os.replace(beside, name, src_dir_fd=inside, dst_dir_fd=inside)
        except BaseException:
            os.unlink(beside, dir_fd=inside)
            raise
    finally:
        os.close(inside)


def _no_answer(status: os.stat_result, owner: int) -> str | None:
    """Say why a file is no answer of a user's process; None where it may be one."""
    if status.st_uid != owner:
        return f"it {_belongs(status.st_uid)}, and the process to {owner}"
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
        return "it is not a file, or has another name, too"
    if status.st_size > LARGEST_ANSWER:
        return f"it has {status.st_size} bytes"
    return None


def read_answer(folder: str, name: str, owner: int) -> bytes | None:
    """Read a file that a user has written into a folder of ours; None where there is none yet.

    Raises PermissionError where it is no file of that user's alone, and other OSErrors.
    """
    inside = opened(folder)
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            file = os.open(name, flags, dir_fd=inside)
        except FileNotFoundError:
            return None
        with open(file, "rb") as stream:
            status = os.fstat(file)
            wrong = _no_answer(status, owner)
            if wrong is not None:
                raise PermissionError(f"{os.path.join(folder, name)} is no answer: {wrong}")
            return stream.read(LARGEST_ANSWER)
    finally:
        os.close(inside)


def remove_folder(folder: str) -> None:
    """Remove a folder of ours with the files in it, as far as that is possible."""
    parent, own = os.path.split(folder)
    try:
        above = _opened_at(parent, None)
    except OSError:
        return
    try:
        inside = _opened_at(own, above)
        try:
            for name in os.listdir(inside):
                os.unlink(name, dir_fd=inside)
        finally:
            os.close(inside)
        os.rmdir(own, dir_fd=above)
    except OSError:
        pass
    finally:
        os.close(above)
