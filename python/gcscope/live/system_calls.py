"""What a thread waits for, said of the system call that it is in.

Numbers as the kernel has them for each kind of processor; of the calls in which a thread can stay.
"""

from __future__ import annotations

import os

_X86_64 = {
    "read": 0,
    "write": 1,
    "poll": 7,
    "ioctl": 16,
    "pread64": 17,
    "readv": 19,
    "writev": 20,
    "select": 23,
    "pause": 34,
    "nanosleep": 35,
    "connect": 42,
    "accept": 43,
    "sendto": 44,
    "recvfrom": 45,
    "sendmsg": 46,
    "recvmsg": 47,
    "wait4": 61,
    "semop": 65,
    "msgrcv": 70,
    "fcntl": 72,
    "flock": 73,
    "fsync": 74,
    "fdatasync": 75,
    "rt_sigtimedwait": 128,
    "rt_sigsuspend": 130,
    "futex": 202,
    "io_getevents": 208,
    "restart_syscall": 219,
    "semtimedop": 220,
    "clock_nanosleep": 230,
    "epoll_wait": 232,
    "mq_timedreceive": 243,
    "waitid": 247,
    "openat": 257,
    "pselect6": 270,
    "ppoll": 271,
    "epoll_pwait": 281,
    "accept4": 288,
    "recvmmsg": 299,
    "io_uring_enter": 426,
    "epoll_pwait2": 441,
    "futex_waitv": 449,
}
_AARCH64 = {
    "io_getevents": 4,
    "epoll_pwait": 22,
    "fcntl": 25,
    "ioctl": 29,
    "flock": 32,
    "openat": 56,
    "read": 63,
    "write": 64,
    "readv": 65,
    "writev": 66,
    "pread64": 67,
    "pselect6": 72,
    "ppoll": 73,
    "fsync": 82,
    "fdatasync": 83,
    "waitid": 95,
    "futex": 98,
    "nanosleep": 101,
    "clock_nanosleep": 115,
    "restart_syscall": 128,
    "rt_sigsuspend": 133,
    "rt_sigtimedwait": 137,
    "mq_timedreceive": 183,
    "msgrcv": 188,
    "semtimedop": 192,
    "semop": 193,
    "accept": 202,
    "connect": 203,
    "sendto": 206,
    "recvfrom": 207,
    "sendmsg": 211,
    "recvmsg": 212,
    "accept4": 242,
    "recvmmsg": 243,
    "wait4": 260,
    "io_uring_enter": 426,
    "epoll_pwait2": 441,
    "futex_waitv": 449,
}
NUMBERS = {"x86_64": _X86_64, "aarch64": _AARCH64}

_FOR_WHAT = {
    "it waits for events": ("epoll_wait", "epoll_pwait", "epoll_pwait2", "io_getevents"),
    "it waits for a lock, or for a thread": ("futex", "futex_waitv", "semop", "semtimedop"),
    "it sleeps": ("nanosleep", "clock_nanosleep"),
    "it waits for a file or socket": ("poll", "ppoll", "select", "pselect6", "io_uring_enter"),
    "it waits for a connection": ("accept", "accept4"),
    "it connects": ("connect",),
    "it reads": ("read", "readv", "pread64", "recvfrom", "recvmsg", "recvmmsg", "msgrcv"),
    "it writes": ("write", "writev", "sendto", "sendmsg", "fsync", "fdatasync"),
    "it waits for another process": ("wait4", "waitid"),
    "it waits for a signal": ("pause", "rt_sigsuspend", "rt_sigtimedwait"),
    "it waits for the lock of a file": ("flock", "fcntl"),
}
_MEANING = {call: meaning for meaning, calls in _FOR_WHAT.items() for call in calls}


def name_of_call(number: int) -> str:
    """Write the name of a system call of this machine: epoll_wait; else its number."""
    for name, known in NUMBERS.get(os.uname().machine, {}).items():
        if known == number:
            return name
    return f"system call {number}"


def meaning_of_call(name: str) -> str:
    """Write what a thread does in a system call of that name; empty where nothing is known."""
    return _MEANING.get(name, "")
