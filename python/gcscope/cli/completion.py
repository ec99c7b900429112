"""The option `--print-completion`: a script by which a shell completes the command line.

shtab writes it, from the parsers; it is imported only then.
"""

from __future__ import annotations

import argparse
import sys

from gcscope.cli.streams import put
from gcscope.cli.trouble import Trouble

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

SHELLS = ("bash", "zsh", "fish", "tcsh")
# What stands for the name of a file, or of a directory, in the usage of the commands.
_FILES = ("FILE", "OUT", "OLD", "NEW", "PROGRAM")
_DIRECTORIES = ("DIR",)


def _script(parser: argparse.ArgumentParser, shell: str) -> str:
    """Write the script. Raises Trouble without shtab."""
    try:
        import shtab
    except ImportError:
        raise Trouble(
            "shtab writes the completion, and is not there: pip install 'gcscope[completion]'"
        ) from None
    (commands,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    # The parser of `run` never sees the program.
    commands.choices["run"].add_argument("program", metavar="PROGRAM", nargs="*")
    for each in (parser, *commands.choices.values()):
        for action in each._actions:
            if action.metavar in _FILES:
                action.complete = shtab.FILE
            elif action.metavar in _DIRECTORIES:
                action.complete = shtab.DIRECTORY
    script: str = shtab.complete(parser, shell)
    return script


class PrintCompletion(argparse.Action):
    """Prints the script for a shell, and ends the process."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[object] | None,
        option_string: str | None = None,
    ) -> None:
        """Print it. Raises Trouble where it cannot be written."""
        put(_script(parser, str(values)), sys.stdout)
        parser.exit()
