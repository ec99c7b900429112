"""The command: `python -m gcscope demo | run | show | diff`.

Each command is a module with HELP, a line; `add_arguments`, which describes it to its parser; and
`run`, which is given the parsed options. It raises Trouble where it cannot go on.
"""

from __future__ import annotations

import argparse
import os
import sys

from gcscope import __version__
from gcscope.cli import demo, diff, run, show
from gcscope.cli.streams import complain
from gcscope.cli.trouble import OUR_ERROR, Trouble, WrongUsage

COMMANDS = {"demo": demo, "run": run, "show": show, "diff": diff}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gcscope",
        description="See where reference counting breaks, and what CPython's cyclic collector does "
        "about it.",
    )
    parser.add_argument("--version", action="version", version=f"gcscope {__version__}")
    parsers = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, command in COMMANDS.items():
        command.add_arguments(parsers.add_parser(name, help=command.HELP))
    return parser


def _check_command(parser: argparse.ArgumentParser, arguments: list[str]) -> None:
    """Refuse a program that stands where a command should, and say which command runs it."""
    first = arguments[0] if arguments else ""
    option = first.startswith(("-m", "-c"))
    if option or (first not in COMMANDS and (first.endswith(".py") or os.path.exists(first))):
        words = " ".join(arguments[: 2 if first in ("-m", "-c") else 1])
        parser.error(f"which command? To run a program: python -m gcscope run {words}")


def main(arguments: list[str] | None = None) -> None:
    """Run the command that the arguments name.

    Exit codes: the program's own; 1 for an error of ours; 2 for wrong usage; 3 under --fail.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = _parser()
    _check_command(parser, arguments)
    given = argparse.Namespace(program=[])
    if arguments[:1] == ["run"]:
        own, given.program = run.split(arguments[1:])
        arguments = ["run", *own]
    options = parser.parse_args(arguments, given)
    try:
        COMMANDS[options.command].run(options)
    except WrongUsage as error:
        parser.error(str(error))
    except Trouble as error:
        complain(str(error))
        sys.exit(OUR_ERROR)
