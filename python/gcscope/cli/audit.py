"""The command `audit`: which types of C code hide from the collector what they own."""

from __future__ import annotations

import os
import sys

from gcscope.cli.files import Target, check_is_for_json
from gcscope.cli.show import print_record
from gcscope.cli.streams import complain
from gcscope.cli.trouble import EXIT_CODES, FOUND, Trouble
from gcscope.model.header import file_text, header_of_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


HELP = "find the C types of a package that hide from the collector what they own"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the packages, and where instances come from."""
    parser.epilog = f"{EXIT_CODES}; {FOUND} under --fail"
    parser.description = (
        "Import packages, and find out which of their types of C code own objects that they do not "
        "show to the collector, or show what they do not own. Types are judged by their living "
        "instances: those that the import leaves, those that CODE makes, and with --prove some "
        "that are made by calling the types. A type without an instance is named, and not judged."
    )
    parser.add_argument(
        "packages", metavar="PACKAGE", nargs="+", help="the name of a package or module"
    )
    parser.add_argument(
        "-c",
        dest="code",
        metavar="CODE",
        help="run this first, after the import: what its variables keep is judged, too",
    )
    parser.add_argument(
        "--prove",
        action="store_true",
        help="make instances of all types and rings through what is found, and run the collector: "
        "a ring that it leaves is the proof",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="write the findings as JSON, too; whole or not at all",
    )
    parser.add_argument(
        "--fail", action="store_true", help=f"exit with {FOUND} if there are findings"
    )


def _import(name: str) -> None:
    import importlib

    try:
        importlib.import_module(name)
    except Exception as error:
        raise Trouble(f"cannot import {name!r}: {type(error).__name__}: {error}") from None


def _run_code(code: str) -> dict[str, object]:
    """Run the code that makes instances, and return what keeps them."""
    namespace: dict[str, object] = {"__name__": "__gcscope_audit__"}
    try:
        exec(compile(code, "<string>", "exec", dont_inherit=True), namespace)
    except Exception as error:
        raise Trouble(f"the code of -c failed: {type(error).__name__}: {error}") from None
    return namespace


def _look_here() -> None:
    """Let packages in the working directory be imported, as `python -m` does."""
    if not sys.flags.safe_path:
        try:
            sys.path.insert(0, os.getcwd())
        except OSError:  # it is gone
            pass


def run(options: argparse.Namespace) -> None:
    """Print the findings, and exit with FOUND where that is asked for."""
    from gcscope.api.audit import audit

    check_is_for_json(options.output)
    target = None if options.output is None else Target(options.output)
    if target is not None:
        target.check()
    _look_here()
    for name in options.packages:
        _import(name)
    kept = _run_code(options.code) if options.code is not None else {}
    found = audit(*options.packages, prove=options.prove)
    del kept
    if not found.types:
        complain("note: no type was judged: let CODE of -c make instances, or give --prove")
    header = header_of_process()
    if target is not None:
        target.write(file_text(found, header))
    print_record(found, options.format, header)
    if options.fail and found:
        sys.exit(FOUND)
