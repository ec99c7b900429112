"""The command `demo`: play the lecture."""

from __future__ import annotations

import argparse
import io
import sys

from gcscope.cli.streams import silence
from gcscope.cli.trouble import Trouble, why

HELP = "play the lecture on real objects"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the one option."""
    parser.description = "Play the lecture, step by step, on real objects."
    parser.add_argument(
        "--people",
        type=_people,
        default=1000,
        metavar="N",
        help="length of the long ring (default 1000)",
    )


def _people(text: str) -> int:
    try:
        people = int(text)
    except ValueError:
        people = 0
    if not 2 <= people <= 10_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of people from 2 to 10,000,000")
    return people


def run(options: argparse.Namespace) -> None:
    """Play the lecture on stdout."""
    from gcscope.cli.lecture import play  # what it loads is none of a program's that `run` runs

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        play(options.people)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough (`| head`)
        silence(sys.stdout)
    except OSError as error:
        silence(sys.stdout)
        raise Trouble(f"cannot write: {why(error)}") from None
