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
from gcscope.cli import attach, audit, demo, diff, merge, run, show
from gcscope.cli.completion import SHELLS, PrintCompletion
from gcscope.cli.streams import complain
from gcscope.cli.trouble import OUR_ERROR, Trouble, WrongUsage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gcscope.cli.guest import Guest

COMMANDS = {
    "demo": demo,
    "run": run,
    "show": show,
    "diff": diff,
    "attach": attach,
    "merge": merge,
    "audit": audit,
}


def _parsers() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    """Make the parser of the whole command line, and that of each command."""
    parser = argparse.ArgumentParser(
        prog="gcscope",
        description="See where reference counting breaks, and what CPython's cyclic collector does "
        "about it.",
        epilog="`gcscope COMMAND --help` describes a command; `python -m gcscope` is the same "
        "as `gcscope`",
    )
    parser.add_argument("--version", action="version", version=f"gcscope {__version__}")
    parser.add_argument(
        "--print-completion",
        action=PrintCompletion,
        choices=SHELLS,
        metavar="SHELL",
        help=f"print what lets a shell complete this command line ({', '.join(SHELLS)})",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    of_commands = {}
    for name, command in COMMANDS.items():
        of_commands[name] = commands.add_parser(name, help=command.HELP)
        command.add_arguments(of_commands[name])
    return parser, of_commands


def _instead(arguments: list[str]) -> str | None:
    """Say what is meant where a program, a file or nothing known stands for a command."""
    first = arguments[0]
    if first.startswith(("-m", "-c")) or first.endswith(".py"):
        words = " ".join(arguments[: 2 if first in ("-m", "-c") else 1])
        return f"which command? To run a program: gcscope run {words}"
    if first in COMMANDS or first.startswith("-"):
        return None
    if os.path.exists(first):
        command, what = (
            ("show", "what was kept") if first.endswith(".json") else ("run", "a program")
        )
        return f"which command? To {command} {what}: gcscope {command} {first}"
    from difflib import get_close_matches

    near = get_close_matches(first, COMMANDS, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(COMMANDS)}"
    return f"there is no command {first!r}; {hint}"


def _parsed(
    arguments: list[str], guest: Guest | None
) -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    """Parse a command line into the parser of its command, and the options of that.

    Wrong usage ends the process, with the usage of the command where there is one.
    """
    parser, of_commands = _parsers()
    if not arguments:
        parser.print_help(sys.stderr)
        parser.exit(2)
    instead = _instead(arguments)
    if instead is not None:
        parser.error(instead)
    given = argparse.Namespace(program=[], guest=guest)
    if guest is not None:
        own, given.program = run.split(arguments[1:])
        arguments = ["run", *own]
    options, unknown = parser.parse_known_args(arguments, given)
    parser = of_commands.get(options.command, parser)
    if unknown:
        parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    return parser, options


def execute(arguments: list[str], guest: Guest | None) -> None:
    """Run the command that the arguments name. guest is for `run`."""
    try:
        parser, options = _parsed(arguments, guest)
        try:
            COMMANDS[options.command].run(options)
        except WrongUsage as error:
            parser.error(str(error))
    except Trouble as error:
        complain(str(error))
        sys.exit(OUR_ERROR)
