"""The command `show`: print a record that was written as JSON, or draw it."""

from __future__ import annotations

import sys

from gcscope.cli.files import Target, read_bytes, suffix_of
from gcscope.cli.streams import put, put_bytes, put_text
from gcscope.cli.trouble import EXIT_CODES, Trouble, WrongUsage
from gcscope.model.census import Census
from gcscope.model.diff import report_within
from gcscope.model.fleet import Merged
from gcscope.model.header import file_text, read_file
from gcscope.model.judgement import Judgement
from gcscope.model.merge import summed
from gcscope.model.phrases import plural, ring_line
from gcscope.model.record import (
    Record,
    changed,
    form_of_suffix,
    forms,
    rendered,
    suffixes,
    writers,
)
from gcscope.model.results import Collection, Report, Trial

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from gcscope.model.header import Header
    from gcscope.model.results import Cycle


HELP = "print what was kept as JSON, draw it, or make a page of it"
# What the forms of a report can be sorted by; the largest come first.
_SORTED_BY: dict[str, Callable[[Cycle], int]] = {
    "bytes": lambda cycle: cycle.count * cycle.held_bytes,
    "count": lambda cycle: cycle.count,
    "objects": lambda cycle: cycle.count * cycle.held,
}
_LEAST_BEGINNING = 4  # characters of a fingerprint that may stand for all of it


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the file, and how it is shown."""
    parser.epilog = EXIT_CODES
    parser.description = (
        "Print a record that gcscope wrote: of run -o, or of to_json(). Where a file has a header, "
        "the first line says of which process it tells, on which Python, and when. Several files "
        "make one page: what grew, then rings, then a census."
    )
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        help="the file; - for standard input; with --html there may be several",
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help="every form of cycles in full, as text, and every type; of a census every row",
    )
    parser.add_argument(
        "--form",
        dest="fingerprint",
        metavar="FINGERPRINT",
        help="only this form of cycles, in full; the beginning of its fingerprint is enough",
    )
    parser.add_argument(
        "--sort",
        choices=tuple(_SORTED_BY),
        help="by what all cycles of a form hold, or by how many there are; the largest first",
    )
    parser.add_argument(
        "--format",
        choices=forms(),
        help="default: what the name of -o ends in; without a suffix, text",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "-o", "--output", metavar="OUT", help="write it into a file instead; whole or not at all"
    )
    where.add_argument(
        "--html",
        metavar="OUT",
        help="write a page that stands alone, with pictures where Graphviz is; as -o OUT.html does",
    )


def read_record(name: str) -> tuple[Record, Header | None]:
    """Read a record of any kind and its header from a file. Raises Trouble where there is none."""
    data = read_bytes(name)
    try:
        return read_file(data)
    except ValueError as error:
        reason = str(error) if data.strip() else "it is empty"
        raise Trouble(f"cannot read {name!r}: {reason}") from None


# -------------------------------------------------------------------- what is asked for


def _report(record: Record, options: argparse.Namespace) -> Report:
    """Return the report that a record is or has."""
    report = report_within(record)
    if report is None:
        kind = type(record).__name__.lower()
        raise Trouble(
            f"{options.file!r} is of kind {kind!r}: --form and --sort take reports, collections "
            "and trials"
        )
    return report


def _sorted(record: Record, options: argparse.Namespace) -> Record:
    """Return a record whose forms of cycles stand in the order that is asked for."""
    key = _SORTED_BY[options.sort]
    if isinstance(record, Judgement):
        by_key = sorted(record.findings, key=lambda f: (-key(f.cycle), f.cycle.fingerprint))
        return changed(record, findings=tuple(by_key))
    cycles = tuple(sorted(_report(record, options).cycles, key=lambda c: (-key(c), c.fingerprint)))
    if isinstance(record, (Trial, Merged)):
        return changed(record, report=changed(_report(record, options), cycles=cycles))
    assert isinstance(record, (Report, Collection))
    return changed(record, cycles=cycles)


def _not_there(report: Report, options: argparse.Namespace) -> Trouble:
    """Say that a report has no form of that fingerprint, and which may be meant."""
    from difflib import get_close_matches

    by_fingerprint = {cycle.fingerprint: cycle for cycle in report.cycles}
    near = get_close_matches(options.fingerprint, by_fingerprint, 1)
    has = plural(len(by_fingerprint), "form")
    hint = (
        f"the nearest is {near[0]}: {ring_line(by_fingerprint[near[0]])}"
        if near
        else f"it has {has} of cycles{', which --all shows' if by_fingerprint else ''}"
    )
    return Trouble(f"there is no form {options.fingerprint!r} in {options.file!r}; {hint}")


def _form(report: Report, options: argparse.Namespace) -> Cycle:
    """Return the form of a report that a fingerprint, or its beginning, means."""
    wanted = options.fingerprint
    for cycle in report.cycles:
        if cycle.fingerprint == wanted:
            return cycle
    begun = [cycle for cycle in report.cycles if cycle.fingerprint.startswith(wanted)]
    if len(wanted) < _LEAST_BEGINNING or not begun:
        raise _not_there(report, options)
    if len(begun) > 1:
        names = ", ".join(cycle.fingerprint for cycle in begun[:_LEAST_BEGINNING])
        raise Trouble(f"{len(begun):,} forms begin with {wanted!r}, such as {names}: give more")
    return begun[0]


def _text(record: Record, options: argparse.Namespace) -> str:
    """Write a record as text; of one that has a report, its forms where they are asked for."""
    if isinstance(record, Report):
        listed: str = writers().listed(record, options.all)
        return listed
    if isinstance(record, Census) and options.all:
        whole: str = writers().whole_census(record)
        return whole
    if isinstance(record, Merged):
        merged: str = writers().merged_text(record, options.all)
        return merged
    report = report_within(record)
    if report is None or not (options.all or options.sort):
        return str(record)
    return f"{record}\n{writers().forms_text(report, options.all)}"


def _written(options: argparse.Namespace, form: str) -> str | bytes:
    """Read the record, and write what of it is asked for, in one of forms()."""
    if form == "html":
        return _page(options)
    record, header = read_record(options.file)
    if options.sort is not None:
        record = _sorted(record, options)
    text: str | None = None
    if options.fingerprint is not None:
        report = _report(record, options)
        record = _form(report, options)
        text = writers().form_text(record, report.alive)
    if form == "json":
        return file_text(record, header, pretty=True)
    if form != "text":
        return _rendered(record, form)
    head = f"{header}\n" if header is not None else ""
    return head + (_text(record, options) if text is None else text)


def _page(options: argparse.Namespace) -> str:
    """Read the records, and write them, or the form that is asked for, as one page."""
    parts = [read_record(name) for name in options.files]
    if options.fingerprint is not None:
        ((record, header),) = parts
        report = _report(record, options)
        alone = changed(summed([_form(report, options)]), alive=report.alive)
        parts = [(alone, header)]
    page: str = writers().page(parts, options.sort or "bytes")
    return page


# ------------------------------------------------------------------------- out with it


def _rendered(record: Record, form: str) -> str | bytes:
    try:
        return rendered(record, form)
    except ValueError as error:
        raise Trouble(f"{error}: --format text or json shows it") from None
    except OSError as error:  # without Graphviz
        raise Trouble(f"{error}; --format dot writes the picture as text") from None


def _print(written: str | bytes, form: str) -> None:
    if isinstance(written, bytes):
        put_bytes(written, sys.stdout)
    elif form == "text":
        put_text(written, sys.stdout)
    else:
        put(written, sys.stdout)


def print_record(record: Record, form: str, header: Header) -> None:
    """Write a record on stdout, as text, or as JSON with a header."""
    _print(file_text(record, header, pretty=True) if form == "json" else str(record), form)


def _form_asked_for(options: argparse.Namespace) -> str:
    """Return the form that the options name: one of forms()."""
    if options.html is not None:
        if options.format not in (None, "html"):
            raise WrongUsage(f"--html makes a page, and --format {options.format} does not")
        return "html"
    suffix = suffix_of(options.output)
    form: str | None = options.format or form_of_suffix(suffix)
    if form is None and suffix:
        *others, last = suffixes()
        raise Trouble(
            f"cannot write a {suffix}: {', '.join(others)} and {last} are to be had; --format says "
            "what it is to be"
        )
    return form or "text"


def _check(options: argparse.Namespace, form: str) -> None:
    """Raise WrongUsage where options do not go together."""
    if options.all and form not in ("text", "json", "html"):
        raise WrongUsage("--all is for text: a picture has room for some; --form draws one form")
    if len(options.files) > 1 and form != "html":
        raise WrongUsage("several files make one page: give --html OUT, or one FILE")
    if len(options.files) > 1 and options.fingerprint is not None:
        raise WrongUsage("--form takes one FILE")


def run(options: argparse.Namespace) -> None:
    """Print the record, or write it into a file."""
    options.file = options.files[0]
    form = _form_asked_for(options)
    _check(options, form)
    name = options.html or options.output
    if name is None:
        if form == "png":
            put_bytes(b"", sys.stdout)  # not to a terminal, whatever there is to draw
        _print(_written(options, form), form)
        return
    target = Target(name)
    target.check()
    target.write(_written(options, form))
