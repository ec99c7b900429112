"""What the system says of a process: whose it is, what it does, which Python it runs, and where.

On Linux from /proc, and of that what everybody may read is enough: what wants a right on the
process, such as its executable, is None or empty without it. Elsewhere no more is known than
whether the process is there.

All of it may be wrong a moment later. A number that was given to another process meanwhile is known
by `started`.
"""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from gcscope.live.build import (
    Build,
    build_of_file,
    first_known,
    is_python_extension,
    is_python_library,
    named_by,
)

PROC = "/proc"
_CHUNK = 1 << 16
_IS_KERNEL_THREAD = 0x00200000  # PF_KTHREAD, in the flags of stat


class Container(NamedTuple):
    """Where a process runs that has file systems of its own."""

    kind: str
    """docker, podman, kubernetes, lxc or nspawn; empty for one that nothing names."""
    identity: str = ""
    """The id or the name by which the kind's own command knows it; of kubernetes the pod's name,
    where that is known."""
    part: str = ""
    """Of kubernetes the name of the container in the pod, where that is known."""


class Process(NamedTuple):
    """What the system says of a process."""

    pid: int
    exists: bool
    is_told: bool = False
    """Whether the system tells more than that: whether there is a /proc of this process's numbers,
    and it shows the process."""
    state: str = ""
    """A letter, as ps has it: R, S, D, T (stopped by a signal), t (by a debugger), Z (ended)."""
    parent: int = 0
    leader: int = 0
    """The number of the process that it is a thread of: its own, if it is no other thread's."""
    tracer: int = 0
    """The process that traces it, as a debugger does; 0 for none."""
    is_kernel: bool = False
    uids: tuple[int, ...] = ()
    """Real, effective, saved."""
    gids: tuple[int, ...] = ()
    permitted: int = 0
    """Its capabilities, as bits."""
    started: int = 0
    """When, in clock ticks since the system began."""
    name: str = ""
    arguments: tuple[str, ...] = ()
    executable: str | None = None
    """None where that may not be read."""
    build: Build | None = None
    """Which Python it has loaded; None where it has none, or that may not be known."""
    pid_inside: int = 0
    """Its number in the innermost namespace that it is in: what os.getpid() says in it."""
    shares_mounts: bool | None = None
    """Whether it sees the file systems that this process sees, in one place; None: not known."""
    shares_root: bool | None = None
    """Whether / is the same folder for both; None where that is not known."""
    may_be_read: bool | None = None
    """Whether this process may read its memory; None where that cannot be told."""
    is_undumpable: bool = False
    """Whether it belongs to root for the system, though it runs as another user."""

    @property
    def uid(self) -> int:
        """Return the user that it acts as; that of this process, where that is not known."""
        return self.uids[1] if self.uids else os.geteuid()

    @property
    def is_python(self) -> bool:
        """Whether a Python is loaded in it, as far as that may be known."""
        return self.build is not None


# ---------------------------------------------------------------------------- files of /proc


def _read(pid: int, name: str) -> bytes:
    """Return a file of a process; nothing, where there is none, or no right."""
    try:
        descriptor = os.open(f"{PROC}/{pid}/{name}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    parts: list[bytes] = []
    try:
        while part := os.read(descriptor, _CHUNK):
            parts.append(part)
    except OSError:  # it has ended
        pass
    finally:
        os.close(descriptor)
    return b"".join(parts)


def _text(pid: int, name: str) -> str:
    return os.fsdecode(_read(pid, name))


def _link(pid: int, name: str) -> str | None:
    try:
        return os.readlink(f"{PROC}/{pid}/{name}")
    except OSError:
        return None


def _stat(pid: int, name: str = "stat") -> list[str]:
    """Return the fields of stat from the state on; none, where there is no such process."""
    return _text(pid, name).rpartition(")")[2].split()


def _status(pid: int) -> dict[str, list[str]]:
    lines = (line.partition(":") for line in _text(pid, "status").splitlines())
    return {name: value.split() for name, _, value in lines}


def _numbers(status: dict[str, list[str]], name: str) -> tuple[int, ...]:
    return tuple(int(word) for word in status.get(name, ()) if word.isdigit())


def has_proc() -> bool:
    """Return whether there is a /proc that knows processes by the numbers that this one knows."""
    try:
        return os.readlink(f"{PROC}/self") == str(os.getpid())
    except OSError:
        return False


# ----------------------------------------------------------------------------- one process


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def _same(pid: int, name: str) -> bool | None:
    """Return whether a link means the same for a process and for this one; None: not known."""
    try:
        one, other = os.stat(f"{PROC}/{pid}/{name}"), os.stat(f"{PROC}/self/{name}")
    except OSError:
        return None
    return os.path.samestat(one, other)


def _may_be_read(pid: int) -> bool | None:
    """Ask the system for the right that sys.remote_exec needs; nothing is read."""
    try:
        os.close(os.open(f"{PROC}/{pid}/mem", os.O_RDONLY | os.O_CLOEXEC))
    except PermissionError:
        return False
    except OSError:
        return None
    return True


def _owner(pid: int) -> int | None:
    """Return to whom what is private in a process belongs."""
    try:
        return os.stat(f"{PROC}/{pid}/mem").st_uid
    except OSError:
        return None


def examine(pid: int) -> Process:
    """Return what the system says of a process; `exists` is False where there is none."""
    if pid <= 0 or not _is_there(pid):
        return Process(pid, exists=False)
    stat, status = (_stat(pid), _status(pid)) if has_proc() else ([], {})
    if len(stat) < 20 or not status:
        return Process(pid, exists=_is_there(pid))
    uids = _numbers(status, "Uid")[:3]
    name = _text(pid, "comm").rstrip("\n")
    arguments = tuple(_text(pid, "cmdline").rstrip("\0").split("\0"))
    executable = _link(pid, "exe")
    return Process(
        pid,
        exists=True,
        is_told=True,
        state=stat[0],
        parent=int(stat[1]),
        leader=_numbers(status, "Tgid")[0],
        tracer=_numbers(status, "TracerPid")[0],
        is_kernel=bool(int(stat[6]) & _IS_KERNEL_THREAD),
        uids=uids,
        gids=_numbers(status, "Gid")[:3],
        permitted=int(status.get("CapPrm", ["0"])[0], 16),
        started=int(stat[19]),
        name=name,
        arguments=arguments,
        executable=executable,
        build=_build_of(pid, executable, (arguments[0], name)),
        pid_inside=(_numbers(status, "NSpid") or (pid,))[-1],
        shares_mounts=_same(pid, "ns/mnt"),
        shares_root=_same(pid, "root"),
        may_be_read=_may_be_read(pid),
        is_undumpable=uids[1] != 0 and _owner(pid) == 0,
    )


def has_ended(process: Process) -> bool:
    """Return whether a process is there no more, or its number is another's by now."""
    if not process.is_told:
        return not (process.exists and _is_there(process.pid))
    stat = _stat(process.pid)
    return len(stat) < 20 or stat[0] in "ZXx" or int(stat[19]) != process.started


# ------------------------------------------------------------------------- which Python it is

_DELETED = " (deleted)"


def _mapped(pid: int) -> set[str]:
    """Return the files that are mapped into a process; none without the right."""
    lines = (line.split(maxsplit=5) for line in _text(pid, "maps").splitlines())
    paths = {words[5] for words in lines if len(words) == 6 and words[5].startswith("/")}
    return {path.removesuffix(_DELETED) for path in paths}


def _library_build(pid: int, path: str) -> Build | None:
    """Return which Python a mapped libpython is, from the file as the process sees it."""
    try:
        read = build_of_file(f"{PROC}/{pid}/root{path}")
    except OSError:  # deleted since, or no right
        read = None
    return read or named_by(path)


def _build_of(pid: int, executable: str | None, names: tuple[str, ...]) -> Build | None:
    """Return which Python a process has loaded.

    What it has mapped is asked before what it is called. Without the right on the process, its
    names are all that there is.
    """
    if executable is None:
        return first_known(map(named_by, names))
    mapped = sorted(_mapped(pid))
    libraries = (_library_build(pid, path) for path in mapped if is_python_library(path))
    try:
        own = build_of_file(f"{PROC}/{pid}/exe")
    except OSError:
        own = None
    extensions = (named_by(path) for path in mapped if is_python_extension(path))
    return first_known([*libraries, own, *extensions, named_by(executable)])


# ------------------------------------------------------------------------------ its children


def _children(pid: int) -> list[int] | None:
    """Return the children of all threads of a process; None where the system does not tell them."""
    try:
        tasks = os.listdir(f"{PROC}/{pid}/task")
    except OSError:
        return []
    lists = [_read(pid, f"task/{task}/children") for task in tasks]
    if not any(lists) and not os.path.exists(f"{PROC}/self/task/{os.getpid()}/children"):
        return None
    return [int(word) for line in lists for word in line.split()]


def _all_children() -> dict[int, list[int]]:
    """Return the children of every process, by its number: for kernels that tell parents only."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir(PROC):
        stat = _stat(int(entry)) if entry.isdigit() else []
        if len(stat) > 1:
            children.setdefault(int(stat[1]), []).append(int(entry))
    return children


def descendants(pid: int) -> list[int]:
    """Return the children of a process, their children and so on, each parent before its own.

    Those that ended meanwhile may be among them. Where there is no /proc, none.
    """
    if not has_proc():
        return []
    first = _children(pid)
    known = None if first is not None else _all_children()
    found: list[int] = []
    waiting = [pid]
    while waiting:
        parent = waiting.pop(0)
        own = sorted(known.get(parent, ()) if known is not None else _children(parent) or ())
        found += own
        waiting += own
    return found


_HELPER = re.compile(r"from multiprocessing\.(resource_tracker|forkserver) import main")


def _helps_as(process: Process) -> str:
    """Return which helper of multiprocessing a process was started as; empty for none."""
    found = next(filter(None, map(_HELPER.search, process.arguments)), None)
    return found[1] if found else ""


def is_helper(process: Process) -> bool:
    """Return whether a process is one that multiprocessing has started for itself.

    It waits in C nearly always, and runs nothing of the program. What a fork server has forked has
    its arguments, and is the program.
    """
    kind = _helps_as(process)
    return bool(kind) and not (
        kind == "forkserver" and _helps_as(examine(process.parent)) == "forkserver"
    )


# ------------------------------------------------------------------------- its main thread


class Doing(NamedTuple):
    """What the main thread of a process does."""

    state: str = ""
    call: int | None = None
    """The number of the system call that it is in; None: in none, or that may not be known."""
    wchan: str = ""
    """The function of the kernel in which it waits; empty where that may not be known."""
    others_run: bool = False
    """Whether another thread of the process runs."""


def main_thread(pid: int) -> Doing:
    """Return what the main thread of a process does at this moment."""
    state = (_stat(pid, f"task/{pid}/stat") or [""])[0]
    call = _text(pid, f"task/{pid}/syscall").split()
    wchan = _text(pid, f"task/{pid}/wchan")
    try:
        tasks = [int(task) for task in os.listdir(f"{PROC}/{pid}/task")]
    except OSError:
        tasks = []
    states = [_stat(pid, f"task/{task}/stat")[:1] for task in tasks if task != pid]
    return Doing(
        state,
        int(call[0]) if call and re.fullmatch(r"\d+", call[0]) else None,
        "" if wchan == "0" else wchan,
        others_run=["R"] in states,
    )


# --------------------------------------------------------------------------- its container

_ID = r"([0-9a-f]{64})"
_NAMED_BY_CGROUP = (
    ("lxc", re.compile(r"/lxc(?:\.payload)?[./]([\w.-]+?)(?:/|$)", re.M)),
    (
        "nspawn",
        re.compile(r"/machine\.slice/(?:machine-|systemd-nspawn@)([\w.\\-]+)\.(?:scope|service)"),
    ),
    ("podman", re.compile(rf"/libpod-{_ID}")),
    ("docker", re.compile(rf"/docker[-/]{_ID}")),
)
_NAMED_BY_MOUNT = (
    ("podman", re.compile(rf"/overlay-containers/{_ID}/userdata/")),
    ("docker", re.compile(rf"/docker/containers/{_ID}/")),
)
_POD = re.compile(r"kubepods|/kubelet/pods/")
_POD_PART = re.compile(r"/kubelet/pods/[\w-]+/containers/([\w.-]+)/")
_HOST = re.compile(rb"(?:^|\0)HOSTNAME=([\w.-]+)(?:\0|$)")


def container_of(process: Process) -> Container:
    """Return in which container a process runs, from its control groups and its mounts."""
    groups, mounts = _text(process.pid, "cgroup"), _text(process.pid, "mountinfo")
    if _POD.search(groups) or _POD.search(mounts):
        host, part = _HOST.search(_read(process.pid, "environ")), _POD_PART.search(mounts)
        return Container("kubernetes", host[1].decode() if host else "", part[1] if part else "")
    for text, patterns in ((groups, _NAMED_BY_CGROUP), (mounts, _NAMED_BY_MOUNT)):
        for kind, pattern in patterns:
            found = pattern.search(text)
            if found:
                return Container(kind, found[1])
    return Container("")


def is_switched_off(process: Process) -> str:
    """Return by what a process has remote debugging switched off: "" where nothing says so."""
    if "disable-remote-debug" in " ".join(process.arguments):
        return "-X disable-remote-debug"
    if re.search(rb"(?:^|\0)PYTHON_DISABLE_REMOTE_DEBUG=", _read(process.pid, "environ")):
        return "PYTHON_DISABLE_REMOTE_DEBUG"
    return ""
