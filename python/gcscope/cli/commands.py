"""The commands, and what a command line says of them.

Each command is a module with HELP, a line; `add_arguments`, which describes it to its parser; and
`run`, which is given the parsed options. It raises Trouble where it cannot go on, WrongUsage where
it lacks something.
"""

from __future__ import annotations

import argparse
import os
import sys

from gcscope import __version__
from gcscope.cli import audit, demo, diff, run, show
from gcscope.cli.streams import complain
from gcscope.cli.trouble import OUR_ERROR, Trouble, WrongUsage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gcscope.cli.guest import Guest

COMMANDS = {"demo": demo, "run": run, "show": show, "diff": diff, "audit": audit}


def _parsers() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    """Make the parser of the whole command line, and that of each command."""
    parser = argparse.ArgumentParser(
        prog="python -m gcscope",
        description="See where reference counting breaks, and what CPython's cyclic collector does "
        "about it.",
    )
    parser.add_argument("--version", action="version", version=f"gcscope {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    of_commands = {}
    for name, command in COMMANDS.items():
        of_commands[name] = commands.add_parser(name, help=command.HELP)
        command.add_arguments(of_commands[name])
    return parser, of_commands


def _check_command(parser: argparse.ArgumentParser, arguments: list[str]) -> None:
    """Refuse a program that stands where a command should, and say which command runs it."""
    first = arguments[0] if arguments else ""
    option = first.startswith(("-m", "-c"))
    if option or (first not in COMMANDS and (first.endswith(".py") or os.path.exists(first))):
        words = " ".join(arguments[: 2 if first in ("-m", "-c") else 1])
        parser.error(f"which command? To run a program: python -m gcscope run {words}")


def execute(arguments: list[str], guest: Guest | None) -> None:
    """Run the command that the arguments name. guest is for `run`."""
    parser, of_commands = _parsers()
    _check_command(parser, arguments)
    given = argparse.Namespace(program=[], guest=guest)
    if guest is not None:
        own, given.program = run.split(arguments[1:])
        arguments = ["run", *own]
    options = parser.parse_args(arguments, given)
    try:
        COMMANDS[options.command].run(options)
    except WrongUsage as error:
        of_commands[options.command].error(str(error))
    except Trouble as error:
        complain(str(error))
        sys.exit(OUR_ERROR)
