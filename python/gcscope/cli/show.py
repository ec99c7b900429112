"""The command `show`: print a record that was written as JSON, or draw it."""

from __future__ import annotations

import sys

from gcscope.cli.files import OTHER_PICTURES, Target, read_bytes, suffix_of
from gcscope.cli.streams import put, put_bytes, put_text
from gcscope.cli.trouble import EXIT_CODES, Trouble
from gcscope.model.record import Record, form_of_suffix, forms, picture_suffixes, rendered

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


HELP = "print a record that was written as JSON"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the file, and how it is shown."""
    parser.epilog = EXIT_CODES
    parser.description = "Print a record that gcscope wrote: of run -o, or of to_json()."
    parser.add_argument("file", metavar="FILE", help="the file; - for standard input")
    parser.add_argument(
        "--format", choices=forms(), help="default: what the name of -o ends in, else text"
    )
    parser.add_argument(
        "-o", "--output", metavar="OUT", help="write it into a file instead; whole or not at all"
    )


def read_record(name: str) -> Record:
    """Read a record of any kind from a file. Raises Trouble where there is none."""
    data = read_bytes(name)
    try:
        return Record.from_json(data)
    except ValueError as error:
        reason = str(error) if data.strip() else "it is empty"
        raise Trouble(f"cannot read {name!r}: {reason}") from None


def _rendered(record: Record, form: str) -> str | bytes:
    try:
        return rendered(record, form)
    except ValueError as error:
        raise Trouble(f"{error}: --format text or json shows it") from None
    except OSError as error:  # without Graphviz
        raise Trouble(f"{error}; --format dot writes the picture as text") from None


def print_record(record: Record, form: str) -> None:
    """Write a record on stdout, in one of forms(). Raises Trouble if it cannot be drawn."""
    if form == "text":
        put_text(str(record), sys.stdout)
        return
    if form == "png":
        put_bytes(b"", sys.stdout)  # not to a terminal, whatever there is to draw
    written = _rendered(record, form)
    if isinstance(written, bytes):
        put_bytes(written, sys.stdout)
    else:
        put(written, sys.stdout)


def run(options: argparse.Namespace) -> None:
    """Print the record, or write it into a file."""
    suffix = suffix_of(options.output)
    form = options.format or form_of_suffix(suffix)
    if form is None and suffix in OTHER_PICTURES:
        *others, last = picture_suffixes()
        raise Trouble(
            f"cannot draw a {suffix}: {', '.join(others)} and {last} are to be had; --format says "
            "what it is to be"
        )
    form = form or "text"
    if options.output is None:
        print_record(read_record(options.file), form)
        return
    target = Target(options.output)
    target.check()
    target.write(_rendered(read_record(options.file), form))
