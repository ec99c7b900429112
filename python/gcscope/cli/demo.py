"""The command `demo`: play the lecture, step by step where somebody sits before it."""

from __future__ import annotations

import argparse
import sys

from gcscope.cli.streams import has_colour, is_terminal, put, put_text, width_of, write

HELP = "play the lecture on real objects"

_USUAL_WIDTH = 80
_PROMPT = "(Enter: go on, q: end) "
_ENDED_BY_CTRL_C = 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    parser.description = (
        "Play the lecture on real objects. In a terminal it waits for Enter after each step."
    )
    parser.add_argument(
        "--people",
        type=_people,
        default=1000,
        metavar="N",
        help="length of the long ring (default 1000)",
    )
    parser.add_argument("--no-pause", action="store_true", help="do not wait, in a terminal either")


def _people(text: str) -> int:
    try:
        people = int(text)
    except ValueError:
        people = 0
    if not 3 <= people <= 10_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of people from 3 to 10,000,000")
    return people


class _Ended(Exception):
    """Whoever watches has seen enough."""


class _Screen:
    """Shows the steps on stdout. waits: whether Enter is asked for between them."""

    def __init__(self, waits: bool) -> None:
        self._waits = waits
        self._has_begun = False

    @property
    def width(self) -> int:
        """How many cells a line may take; of a terminal whatever it has now."""
        return width_of(sys.stdout) or _USUAL_WIDTH

    def show(self, text: str) -> None:
        """Show a step. Raises _Ended if it is not wanted any more."""
        if self._has_begun:
            put("", sys.stdout)
            if self._waits:
                self._wait()
        self._has_begun = True
        put_text(text, sys.stdout)

    def _wait(self) -> None:
        """Wait for Enter. The end of input (Ctrl-D) and q raise _Ended."""
        dim, plain = ("\x1b[2m", "\x1b[0m") if has_colour(sys.stdout) else ("", "")
        write(f"{dim}{_PROMPT}{plain}", sys.stdout)
        try:
            line = sys.stdin.readline()
        except (OSError, ValueError):  # the terminal is gone, or what was typed is no text
            line = ""
        if not line.endswith("\n"):
            put("", sys.stdout)
        if not line or line.strip().lower() in ("q", "quit", "exit"):
            raise _Ended
        put("", sys.stdout)


def run(options: argparse.Namespace) -> None:
    """Play the lecture on stdout. Exits with 130 at Ctrl-C, as a shell has it."""
    from gcscope.cli.lecture import play  # what it loads is none of a program's that `run` runs

    waits = not options.no_pause and is_terminal(sys.stdin) and is_terminal(sys.stdout)
    try:
        play(_Screen(waits), options.people)
    except _Ended:
        pass
    except KeyboardInterrupt:
        put("", sys.stdout)
        sys.exit(_ENDED_BY_CTRL_C)
