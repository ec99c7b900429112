"""What hinders a command, and the exit codes."""

from __future__ import annotations

OUR_ERROR = 1
FOUND = 3  # rings, under --fail
EXIT_CODES = "exit codes: 0; 1 for an error, told in one line; 2 for wrong usage"


class Trouble(Exception):
    """What hinders a command; the message says in one line what, and what to do."""


class WrongUsage(Exception):
    """What a command line lacks, where argparse itself does not see it."""


def why(error: OSError) -> str:
    """Write what the system says of an error."""
    return error.strerror or type(error).__name__
