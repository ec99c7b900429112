"""The header of a file: which process it tells of, on which Python, written when.

It stands beside a record, in the envelope of a file, and is no part of it: records of two processes
can be equal. Nothing is imported for it in the process under study that was not there before, and
what it asks is taken here, before a program may have put something else into its place.
"""

from __future__ import annotations

import sys
from gc import get_freeze_count, get_threshold, isenabled
from os import O_CLOEXEC, O_RDONLY, close, getpid, read, uname
from os import open as open_file
from time import gmtime, time

from gcscope.model.record import Record, writers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class Header(Record):
    """What a file says of the process that it tells of.

    A difference, and what is merged, tell of several: there it is the process that wrote the file.
    """

    host: str
    """The name of the machine."""
    pid: int
    """The number of the process."""
    argv0: str
    """`sys.argv[0]`: the program."""
    python: str
    """The version of Python, such as 3.11.7."""
    build: str
    """Which build of it: its number, date and compiler, and whether it is one for debugging."""
    gcscope: str
    """The version of gcscope."""
    gc_enabled: bool
    """Whether automatic collection was on."""
    gc_frozen: int
    """How many objects gc.freeze() had put aside."""
    gc_thresholds: tuple[int, ...]
    """As gc.get_threshold() returns them."""
    when: str
    """The time in UTC, as ISO 8601 has it: 2026-11-27T13:35:49Z."""
    stopped: float | None
    """For how many seconds the process was stopped by the look that the file tells of; None where
    that is not known. Looks at the start of collections are not among them. In free-threaded Python
    it is the time for which no other thread ran; the look itself took longer."""
    started: int | None = None
    """When the process began, in clock ticks since its machine did: with host and pid it says which
    process it is. None where the system does not tell."""

    @property
    def identity(self) -> tuple[str, int, int | None]:
        """Host, pid and start: two files that have the same are of one process."""
        return self.host, self.pid, self.started


VERSION: str = vars(sys.modules["gcscope"])["__version__"]
"""Of the gcscope that this is a part of."""


def header_of_process(stopped: float | None = None) -> Header:
    """Describe this process as it is now.

    stopped: for how many seconds it was; None where nobody knows.
    """
    version, _, build = sys.version.partition(" ")
    is_debug = hasattr(sys, "gettotalrefcount")
    return Header(
        host=uname().nodename,
        pid=getpid(),
        argv0=_program(),
        python=version,
        build=" ".join([*build.split(), *(["debug"] if is_debug else [])]),
        gcscope=VERSION,
        gc_enabled=isenabled(),
        gc_frozen=get_freeze_count(),
        gc_thresholds=get_threshold(),
        when=_now(),
        stopped=stopped,
        started=_started(),
    )


def _program() -> str:
    """Return `sys.argv[0]`, where the program has left that as it is."""
    argv = vars(sys).get("argv")
    first = argv[0] if type(argv) is list and argv else ""
    return first if type(first) is str else ""


def _started() -> int | None:
    """Return when the process began, as proc_pid_stat(5) has it; None where there is no /proc."""
    try:
        file = open_file("/proc/self/stat", O_RDONLY | O_CLOEXEC)
    except OSError:
        return None
    try:
        facts = read(file, 4096).rpartition(b")")[2].split()  # after its name: of any characters
    except OSError:
        return None
    finally:
        close(file)
    return int(facts[19]) if len(facts) > 19 else None


def _now() -> str:
    now = gmtime(time())
    day = f"{now.tm_year:04}-{now.tm_mon:02}-{now.tm_mday:02}"
    return f"{day}T{now.tm_hour:02}:{now.tm_min:02}:{now.tm_sec:02}Z"


def other_versions(headers: Iterable[Header]) -> str | None:
    """Write in which versions files differ; None where they do not."""
    known = tuple(headers)
    pythons = dict.fromkeys(f"Python {header.python}" for header in known)
    if len(pythons) == 1:  # the build may be another
        pythons = dict.fromkeys(f"Python {header.python} {header.build}" for header in known)
    gcscopes = dict.fromkeys(f"gcscope {header.gcscope}" for header in known)
    different = [" and ".join(names) for names in (pythons, gcscopes) if len(names) > 1]
    return f"they come from {', from '.join(different)}" if different else None


def file_text(record: Record, header: Header | None, pretty: bool = False) -> str:
    """Write a record as the JSON of a file, its header beside it: in one line, or in many."""
    text: str = writers().file_text(record, header, pretty)
    return text


def read_file(text: str | bytes) -> tuple[Record, Header | None]:
    """Read a record of any kind, and the header beside it, None where there is none.

    Raises ValueError, saying what is wrong, as from_json does.
    """
    read: tuple[Record, Header | None] = writers().read_file(text)
    return read
