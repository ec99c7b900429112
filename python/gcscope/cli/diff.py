"""The command `diff`: compare two reports, two censuses, or what grew."""

from __future__ import annotations

import sys

from gcscope.cli.show import print_record, read_record
from gcscope.cli.streams import complain
from gcscope.cli.trouble import EXIT_CODES, FOUND, Trouble, WrongUsage
from gcscope.model.census import Census
from gcscope.model.diff import compare, report_within
from gcscope.model.fleet import Merged
from gcscope.model.growth import Growth
from gcscope.model.header import header_of_process, other_versions
from gcscope.model.phrases import plural

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from gcscope.model.header import Header
    from gcscope.model.record import Record
    from gcscope.model.results import Report


HELP = "compare two reports: which rings are new? Or two censuses: what has grown?"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the two files, and what a difference means."""
    parser.epilog = f"{EXIT_CODES}; {FOUND} under --fail"
    parser.description = (
        "Compare the rings of two reports, form by form: what is new, what has grown, what is "
        "gone? Or subtract one census from another, type by type; or leave out of a growth what "
        "grew before, and not less. If the files come from other versions of Python or gcscope, a "
        "note says so."
    )
    parser.add_argument("old", metavar="OLD", help="the file written before; - for standard input")
    parser.add_argument("new", metavar="NEW", help="the file written after")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    parser.add_argument(
        "--fail",
        action="store_true",
        help=f"exit with {FOUND} if any form is new or has grown, or any container grows faster",
    )


def _report(name: str, record: Record) -> Report:
    report = report_within(record)
    if report is None:
        kind = type(record).__name__.lower()
        raise Trouble(
            f"{name!r} is of kind {kind!r}: diff takes reports, collections and trials, or two "
            "censuses or growths, of one process or merged"
        )
    return report


def _difference(options: argparse.Namespace, old: Record, new: Record) -> Record:
    try:
        if isinstance(old, Census) and isinstance(new, Census):
            return new - old
        if isinstance(old, Growth) and isinstance(new, Growth):
            return new - old
        return compare(_report(options.old, old), _report(options.new, new))
    except ValueError as error:
        raise Trouble(f"cannot compare {options.old!r} and {options.new!r}: {error}") from None


def _told(record: Record) -> Record:
    """Return what processes told, of one or of many of them."""
    return record.told if isinstance(record, Merged) else record


def _headers(record: Record, header: Header | None) -> tuple[Header, ...]:
    """Return the headers of the processes that a file tells of."""
    if isinstance(record, Merged):
        return record.headers
    return () if header is None else (header,)


def _processes(record: Record) -> int:
    return len(record.processes) if isinstance(record, Merged) else 1


def run(options: argparse.Namespace) -> None:
    """Print the difference, and exit with FOUND where that is asked for."""
    (old, of_old), (new, of_new) = read_record(options.old), read_record(options.new)
    difference = _difference(options, _told(old), _told(new))
    if options.fail and isinstance(difference, Census):
        raise WrongUsage("--fail is for rings: a census has none")
    other = other_versions((*_headers(old, of_old), *_headers(new, of_new)))
    if other is not None:
        complain(f"note: {other}: what differs may be theirs")
    before, after = _processes(old), _processes(new)
    if before != after:
        complain(f"note: {plural(before, 'process')} before, {after:,} after: counts are sums")
    print_record(difference, options.format, header_of_process())
    if options.fail and difference:
        sys.exit(FOUND)
