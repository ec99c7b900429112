"""The header of a file: which process it tells of, on which Python, written when.

It stands beside a record, in the envelope of a file, and is no part of it: records of two processes
can be equal. Nothing is imported for it in the process under study that was not there before, and
what it asks is taken here, before a program may have put something else into its place.
"""

from __future__ import annotations

import sys
from gc import get_freeze_count, get_threshold, isenabled
from os import getpid, uname
from time import gmtime, time

from gcscope.model.record import Record, writers


class Header(Record):
    """What a file says of the process that it tells of."""

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
    that is not known. Looks at the start of collections are not among them."""


def header_of_process(gcscope: str, stopped: float | None) -> Header:
    """Describe this process as it is now; stopped: for how many seconds it was.

    gcscope: the version of it.
    """
    version, _, build = sys.version.partition(" ")
    is_debug = hasattr(sys, "gettotalrefcount")
    return Header(
        host=uname().nodename,
        pid=getpid(),
        argv0=_program(),
        python=version,
        build=" ".join([*build.split(), *(["debug"] if is_debug else [])]),
        gcscope=gcscope,
        gc_enabled=isenabled(),
        gc_frozen=get_freeze_count(),
        gc_thresholds=get_threshold(),
        when=_now(),
        stopped=stopped,
    )


def _program() -> str:
    """Return `sys.argv[0]`, where the program has left that as it is."""
    argv = vars(sys).get("argv")
    first = argv[0] if type(argv) is list and argv else ""
    return first if type(first) is str else ""


def _now() -> str:
    now = gmtime(time())
    day = f"{now.tm_year:04}-{now.tm_mon:02}-{now.tm_mday:02}"
    return f"{day}T{now.tm_hour:02}:{now.tm_min:02}:{now.tm_sec:02}Z"


def other_versions(old: Header | None, new: Header | None) -> str | None:
    """Write in which versions two files differ; None where they do not, or one does not say."""
    if old is None or new is None:
        return None
    pairs = [(f"Python {old.python}", f"Python {new.python}")]
    if old.python == new.python:  # the build may be another
        pairs = [(f"Python {old.python} {old.build}", f"Python {new.python} {new.build}")]
    pairs.append((f"gcscope {old.gcscope}", f"gcscope {new.gcscope}"))
    different = [f"{one} and {other}" for one, other in pairs if one != other]
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
