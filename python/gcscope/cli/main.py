"""The command: `gcscope demo | run | show | diff | merge | audit`, or `python -m gcscope`."""

from __future__ import annotations

import sys

from gcscope.cli.guest import Guest, is_alone, leave_first_path


def main(arguments: list[str] | None = None) -> None:
    """Run the command that the arguments name.

    Exit codes: the program's own; 1 for an error of ours; 2 for wrong usage; 3 under --fail.
    """
    alone = arguments is None and is_alone()
    arguments = sys.argv[1:] if arguments is None else arguments
    is_run = arguments[:1] == ["run"]
    if is_run or alone:
        leave_first_path()
    guest = Guest(alone) if is_run else None
    # Not before: a program may have an argparse.py of its own.
    from gcscope.cli.commands import execute

    execute(arguments, guest)
