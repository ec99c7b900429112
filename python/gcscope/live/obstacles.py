"""Why a process cannot be asked, or has not answered: in one line, which says what to do.

Three moments: before it is asked (`obstacle_to`), when sys.remote_exec refuses (`obstacle_of`), and
when nobody has answered in time (`why_silent`). What comes from the process itself, such as its
name, is written so that it can do nothing to a terminal, and in a command so that a shell takes it
for one word.
"""

from __future__ import annotations

import os
import sys
from shlex import quote

from gcscope.live.build import Build
from gcscope.live.process import (
    PROC,
    Container,
    Doing,
    Process,
    container_of,
    examine,
    has_ended,
    has_proc,
    is_switched_off,
    main_thread,
)
from gcscope.live.system_calls import meaning_of_call, name_of_call
from gcscope.model.phrases import shortened

OLDEST = (3, 11)
FIRST_ASKABLE = (3, 14)
"""The first Python with sys.remote_exec."""
LISTEN = (
    "call gcscope.listen() in it, or start it with GCSCOPE_LISTEN=1 "
    "PYTHONPATH=$(python -m gcscope.live.at_start)"
)
_SYS_PTRACE = 1 << 19  # CAP_SYS_PTRACE
_STOPPED = ("T", "t")


def own_build() -> Build:
    """Return which Python this process is."""
    flags = getattr(sys, "abiflags", "")
    return Build(
        sys.version_info[:2],
        sys.version.split()[0].rstrip("+"),
        is_free_threaded="t" in flags,
        is_debug=hasattr(sys, "gettotalrefcount"),
    )


def obstacle_to(process: Process, by_socket: bool = False) -> str | None:
    """Return why a process cannot be asked; None where nothing is known to hinder it.

    by_socket: it listens, so that no right on it and no other Python hinders.
    """
    checks = _OF_ALL if by_socket else (*_OF_ALL, *_OF_REMOTE_EXEC)
    return next(filter(None, (check(process) for check in checks)), None)


# --------------------------------------------------------------------- is there one to ask


def _called(process: Process) -> str:
    return f"process {process.pid}"


def _not_there(process: Process) -> str | None:
    if not process.exists:
        return (
            f"there is no {_called(process)}: it has ended, or that is its number in another "
            "container or outside of this one; `pgrep -a python` lists those that are here"
        )
    if process.is_told or not os.path.exists(f"{PROC}/self/stat"):
        return None
    if not has_proc():
        return (
            f"{PROC} is that of another PID namespace, where {process.pid} is another process: "
            "mount -t proc proc /proc, then ask again"
        )
    return f"{_called(process)} is hidden from you ({PROC} has hidepid): {_by_root(process)}"


def _not_alive(process: Process) -> str | None:
    if process.state in ("Z", "X", "x"):
        return (
            f"{_called(process)} has ended, and its parent, process {process.parent}, has not "
            "asked for its exit code: there is nothing left in it"
        )
    return None


def _no_process_of_its_own(process: Process) -> str | None:
    name = shortened(process.name, 40)
    if process.is_kernel:
        return f"{process.pid} is {name}, a thread of the kernel and no Python"
    if process.is_told and process.leader != process.pid:
        return (
            f"{process.pid} is a thread of process {process.leader}: "
            f"gcscope attach {process.leader}"
        )
    if process.pid == os.getpid():
        return f"{_called(process)} is this command itself: give the number of another"
    return None


def _stopped(process: Process) -> str | None:
    if process.state == "T":
        return (
            f"{_called(process)} is stopped by a signal (SIGSTOP, or ^Z in a terminal) and cannot "
            f"answer: kill -CONT {process.pid}, then ask again"
        )
    if process.state == "t":
        return (
            f"{_called(process)} is stopped by a debugger, process {process.tracer}, and cannot "
            "answer: let it go on there, then ask again"
        )
    return None


# ------------------------------------------------------------------- may it be asked so


def _no_right(process: Process) -> str | None:
    return missing_right(process) if process.may_be_read is False else None


def _no_python(process: Process) -> str | None:
    if process.build is None and process.executable is not None:
        program = shortened(process.executable or process.name)
        return f"{_called(process)} runs {program}, in which no CPython is loaded: nothing to ask"
    return None


def _other_mounts(process: Process) -> str | None:
    if process.shares_mounts is False:
        return (
            f"{_called(process)} runs in {_of_kind(container_of(process))}, with file systems of "
            f"its own; ask there, where gcscope is installed: {command_inside(process)}"
        )
    if process.shares_root is False:
        root = quote(shortened(_root_of(process)))
        own = _own_rights(process, "--userspec={0}:{1} ")
        return (
            f"{_called(process)} has another folder as its /; ask there, where gcscope is "
            f"installed: chroot {own}{root} {_attach_inside(process, process.pid)}"
        )
    return None


def _other_python(process: Process) -> str | None:
    build, own = process.build, own_build()
    if build is None or not build.is_known:
        return None
    if build.version < OLDEST:
        return f"{_called(process)} runs {build}: gcscope is for CPython 3.11 and newer"
    if build.version < FIRST_ASKABLE:
        return (
            f"{_called(process)} runs {build}, which answers only where it listens (from 3.14 on "
            f"any does): {LISTEN}"
        )
    if not build.is_like(own):
        return (
            f"{_called(process)} runs {build}, and this is {own}: ask with its own, where gcscope "
            f"is installed: {_as_its_user(process)}{_attach_inside(process, process.pid)}"
        )
    return None


_OF_ALL = (_not_there, _not_alive, _no_process_of_its_own, _stopped)
_OF_REMOTE_EXEC = (_no_right, _no_python, _other_mounts, _other_python)


# ---------------------------------------------------------------------------- commands


def _this_command(process: Process) -> str:
    return f"{quote(sys.executable or 'python3')} -m gcscope attach {process.pid}"


_CAPABILITY = (
    "start the container with --cap-add=SYS_PTRACE (Kubernetes: securityContext.capabilities.add: "
    "[SYS_PTRACE])"
)


def _by_root(process: Process) -> str:
    """Write how to ask with root's right."""
    return f"sudo {_this_command(process)}"


def _is_in_container() -> bool:
    """Return whether this command runs in a container, as far as engines say so."""
    marks = ("/.dockerenv", "/run/.containerenv", "/var/run/secrets/kubernetes.io")
    return any(map(os.path.exists, marks))


def _attach_inside(process: Process, pid: int) -> str:
    """Write the command that asks with the Python of a process, by the number that it has there."""
    first = process.arguments[0] if process.arguments else ""
    is_path = first.startswith("/") and os.path.basename(first).startswith("python")
    program = first if is_path else process.executable or ""
    if not os.path.basename(program).startswith("python"):  # it is embedded
        version = process.build.version if process.build is not None else (3, 0)
        program = f"python{version[0]}.{version[1]}" if version[1] else "python3"
    return f"{quote(shortened(program))} -m gcscope attach {pid}"


def _as_its_user(process: Process) -> str:
    """Write what goes before a program that the process has chosen: root is not to run it."""
    other = process.uid != os.geteuid()
    return f"sudo -u {quote(f'#{process.uid}')} " if other else ""


def _own_rights(process: Process, options: str) -> str:
    """Write the options by which root runs such a program with the rights of the process alone."""
    known = process.uids and process.gids and process.uids[1]
    return options.format(process.uids[1], process.gids[1]) if known else ""


def _root_of(process: Process) -> str:
    try:
        return os.readlink(f"{PROC}/{process.pid}/root")
    except OSError:
        return "ROOT"


_KINDS = {
    "docker": "a Docker container",
    "podman": "a Podman container",
    "kubernetes": "a pod of Kubernetes",
    "lxc": "an LXC container",
    "nspawn": "a container of systemd-nspawn",
}


def _of_kind(container: Container) -> str:
    return _KINDS.get(container.kind, "another mount namespace")


def command_inside(process: Process) -> str:
    """Write the command that asks a process from inside of its container."""
    container = container_of(process)
    inside = _attach_inside(process, process.pid_inside)
    name = quote(container.identity)
    if container.kind in ("docker", "podman"):
        return f"{container.kind} exec {container.identity[:12]} {inside}"
    if container.kind == "kubernetes":
        part = f" -c {quote(container.part)}" if container.part else ""
        return f"kubectl exec {name if container.identity else 'POD'}{part} -- {inside}"
    if container.kind == "lxc":
        return f"lxc-attach -n {name} -- {inside}"
    if container.kind == "nspawn":
        return f"machinectl shell {name} /usr/bin/env {inside}"
    own = _own_rights(process, "--setuid {0} --setgid {1} ")
    return f"sudo nsenter --target {process.pid} --mount --pid {own}{inside}"


# ------------------------------------------------------------------------------- rights


def _user(uid: int) -> str:
    try:
        from pwd import getpwuid

        return f"{getpwuid(uid).pw_name} (uid {uid})"
    except (ImportError, KeyError):
        return f"uid {uid}"


def _setting(path: str) -> str:
    """Return what a file of /proc says, in one line; nothing where there is none."""
    try:
        with open(f"{PROC}/{path}", "rb") as file:
            return file.read(200).decode("ascii", "replace").strip("\0\n ")
    except OSError:
        return ""


def missing_right(process: Process) -> str:
    """Say which right on a process is missing, and how it is granted."""
    me = examine(os.getpid())
    start = f"no right to look into {_called(process)}: "
    if me.uid == 0:
        return start + _missing_of_root(process, me)
    as_root = _by_root(process)
    if set(process.uids) - {me.uid}:
        user = quote(f"#{process.uid}")
        line = f"{start}it belongs to {_user(process.uid)} and you are {_user(me.uid)}: {as_root}"
        as_user = f", or as that user: sudo -u {user} {_this_command(process)}"
        return line + (as_user if process.uid else "")
    if process.is_undumpable:
        why = "it has changed its user, or asked to be closed (PR_SET_DUMPABLE), so that root alone"
        return f"{start}{why} may look into it: {as_root}"
    if process.permitted & ~me.permitted:
        return (
            f"{start}it has capabilities that this command lacks, and CAP_SYS_PTRACE is missing: "
            f"{as_root}"
        )
    return start + (_closed_by_yama(process, as_root) or _closed_by_module(process, as_root))


def _missing_of_root(process: Process, me: Process) -> str:
    if _setting("sys/kernel/yama/ptrace_scope") == "3":
        return _closed_by_yama(process, "") or ""
    if not me.permitted & _SYS_PTRACE:
        return (
            "root lacks the capability SYS_PTRACE here, as in most containers: "
            f"{_CAPABILITY}, or {LISTEN}"
        )
    return _closed_by_module(process, "")


def _closed_by_yama(process: Process, as_root: str) -> str | None:
    """Say what Linux's security module Yama forbids; None where it is not there, or allows all."""
    scope = _setting("sys/kernel/yama/ptrace_scope")
    if scope in ("", "0"):
        return None
    what = f"kernel.yama.ptrace_scope is {scope}, which lets "
    if _is_in_container():
        as_root = f"{_CAPABILITY}, or {LISTEN}"
    if scope == "1":
        return (
            f"{what}a process look into its own children alone: {as_root}, or, on the machine and "
            "until its next start, sudo sysctl kernel.yama.ptrace_scope=0"
        )
    if scope == "2":
        return f"{what}nobody without CAP_SYS_PTRACE look into another: {as_root}"
    return f"{what}nobody look into another until the next start of the machine: {LISTEN}"


def _closed_by_module(process: Process, as_root: str) -> str:
    if _setting(f"{process.pid}/uid_map") != _setting("self/uid_map"):
        what = "it runs in another user namespace, over which this command has no CAP_SYS_PTRACE"
        return f"{what}: {as_root or f'ask as root of the machine, or {LISTEN}'}"
    profile = shortened(_setting("self/attr/current"), 60)
    by = f" (this command is confined by {profile!r})" if profile not in ("", "unconfined") else ""
    way = f"{as_root}, or {LISTEN}" if as_root else LISTEN
    return f"a security module of the system forbids it{by}: {way}"


def _filtered() -> str:
    """Say that the system call itself is forbidden, as older container engines do."""
    return (
        "the right to look into the process is there, but the call that does it "
        "(process_vm_readv) is forbidden by a seccomp filter, as container engines set: start the "
        "container of this command with --cap-add=SYS_PTRACE or --security-opt "
        f"seccomp=unconfined, or {LISTEN}"
    )


# -------------------------------------------------------------- what sys.remote_exec raised

_OFF_THERE = "Remote debugging is not enabled in the remote process"
_OFF_HERE = "Remote debugging is not enabled"
_NOT_FOUND = ("PyRuntime", "Failed to read debug offsets", "Can't determine the Python version")
_NOT_READY = ("Can't find a running interpreter", "Can't find the main thread")
_OTHER_RELEASE = ("different Python version", "pre-release", "not compatible")


def obstacle_of(error: BaseException, process: Process | None = None) -> str:
    """Say why sys.remote_exec has refused, or could not be called.

    process: which one was to be asked.
    """
    chain = _chain_of(error)
    said = " / ".join(filter(None, map(str, chain)))
    who = "the process" if process is None else _called(process)
    ended = process is not None and has_ended(process)
    if ended or any(isinstance(e, ProcessLookupError) for e in chain) or "No such process" in said:
        return f"{who} ended while it was asked: there is nothing left in it"
    if any(isinstance(e, PermissionError) for e in chain) or "not permitted" in said:
        return _refused(process)
    if _OFF_THERE in said:
        return _switched_off(process, who)
    if _OFF_HERE in said or isinstance(error, (AttributeError, NotImplementedError)):
        return _cannot_ask()
    if process is not None and not process.is_told:
        return (
            f"{who} cannot be asked, and which Python it runs, if any, is not told where there is "
            f"no {PROC}: {shortened(said, 200)}"
        )
    return f"{who} {_refusal(said)}"


def _chain_of(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in chain and len(chain) < 10:
        chain.append(one)
        one = one.__cause__ or one.__context__
    return chain


def _refused(process: Process | None) -> str:
    if process is None:
        return "no right to look into the process: ask as its user, or as root"
    now = examine(process.pid)
    if now.may_be_read is None:  # without /proc
        return f"no right to look into {_called(now)}, as far as that is told: {_by_root(now)}"
    return missing_right(now) if now.may_be_read is False else _filtered()


def _switched_off(process: Process | None, who: str) -> str:
    by = is_switched_off(process) if process is not None else ""
    how = f"by {by}" if by else "by its environment, an option, or how its Python was built"
    return f"{who} was started with remote debugging switched off, {how}: {LISTEN}"


def _cannot_ask() -> str:
    own = own_build()
    if own.version < FIRST_ASKABLE:
        return f"this is {own}, which cannot ask; 3.14 and newer can: use the process's own Python"
    by = "-X disable-remote-debug" if "disable-remote-debug" in sys._xoptions else ""
    by = by or (
        "PYTHON_DISABLE_REMOTE_DEBUG" if "PYTHON_DISABLE_REMOTE_DEBUG" in os.environ else ""
    )
    if by:
        return f"{by} switches off asking, too: run this command without it"
    return f"this {own} is built without remote debugging: use another one of that version"


def _refusal(said: str) -> str:
    if any(text in said for text in _OTHER_RELEASE):
        return "runs another release of Python, and one is a pre-release: ask with its own Python"
    if any(text in said for text in _NOT_READY):
        return "is starting or ending, and no Python runs in it at this moment: ask again"
    if any(text in said for text in _NOT_FOUND):
        return "shows no Python that can be asked; is it one, and has it begun? Else ask again"
    return f"cannot be asked: {shortened(said, 200)}"


# --------------------------------------------------------------------- nobody has answered


def why_silent(process: Process, seconds: float, by_socket: bool = False) -> str:
    """Say why there is no answer after so many seconds, from what the process does at this moment.

    by_socket: it was asked over its socket.
    """
    who = _called(process)
    if has_ended(process):
        return f"{who} ended before it answered: there is nothing left in it"
    now = examine(process.pid)
    stopped = _stopped(now)
    if stopped is not None:
        return stopped
    start = f"{who} has not answered in {seconds:g} s: "
    if not now.is_told:
        return (
            f"{start}what its main thread does is not told where there is no /proc; where it waits "
            f"in C, it answers only if it listens: {LISTEN}; else try a longer --timeout"
        )
    doing = main_thread(process.pid)
    if doing.wchan == "do_freezer_trap":
        return f"{start}it is frozen, as by docker pause; let it go on, then ask again"
    return start + (_silent_listener(doing) if by_socket else _silent_main_thread(doing))


def _silent_listener(doing: Doing) -> str:
    if doing.state == "R" or doing.others_run:
        return (
            "it has very much to look at, or its listener does not come to its turn, as in one "
            "long call of C code that keeps the interpreter's lock: try again, with a longer "
            "--timeout"
        )
    return f"it listens, but {_waits(doing)}; try again, with a longer --timeout"


def _silent_main_thread(doing: Doing) -> str:
    if doing.state == "R":
        return (
            "its main thread runs, but not Python code: one long call of C code (a sort, a regular "
            f"expression, numpy), or no processor is free. Try a longer --timeout, or {LISTEN}"
        )
    text = f"its main thread is blocked in C, where it runs nothing that is asked: {_waits(doing)}."
    if doing.others_run:
        text += (
            " Another thread runs: if that keeps the interpreter's lock, a longer --timeout helps."
        )
    return f"{text} To ask it nevertheless, {LISTEN}"


def _waits(doing: Doing) -> str:
    """Write in which system call the main thread waits, and what for."""
    if doing.call is None:
        place = shortened(doing.wchan, 40)
        return f"it waits in the kernel ({place})" if place else "it waits in the kernel"
    name = name_of_call(doing.call)
    return f"{meaning_of_call(name) or 'it waits in the kernel'} ({name})"
