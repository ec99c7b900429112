"""The command: `python -m gcscope demo | run`."""

from __future__ import annotations

import argparse
import os
import sys

from gcscope import __version__
from gcscope.render.text import outcome_text
from gcscope.runner import CannotRun, Outcome, Program, run

OUR_ERROR = 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gcscope",
        description="See where reference counting breaks, and what CPython's cyclic collector does about it.",
    )
    parser.add_argument("--version", action="version", version=f"gcscope {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")

    demo = commands.add_parser(
        "demo", help="play the lecture on real objects", description="Play the lecture, step by step, on real objects."
    )
    demo.add_argument(
        "--people", type=_people, default=1000, metavar="N", help="length of the long ring (default 1000)"
    )

    runs = commands.add_parser(
        "run",
        help="run a program and tell what it left for the collector",
        description="Run a program as plain Python would; at its end, tell on stderr what it left for the collector.",
        usage="python -m gcscope run (SCRIPT | -m MODULE | -c CODE) [ARGUMENT ...]",
    )
    runs.add_argument("-m", dest="module", nargs=argparse.REMAINDER, metavar="MODULE", help="run a module")
    runs.add_argument("-c", dest="code", nargs=argparse.REMAINDER, metavar="CODE", help="run code")
    runs.add_argument(
        "script", nargs=argparse.REMAINDER, metavar="SCRIPT", help="a file, or a directory with __main__.py"
    )
    return parser


def _people(text: str) -> int:
    try:
        people = int(text)
    except ValueError:
        people = 0
    if not 2 <= people <= 10_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of people from 2 to 10,000,000")
    return people


def _program(parser: argparse.ArgumentParser, options: argparse.Namespace) -> Program:
    for kind, words in (("module", options.module), ("code", options.code), ("script", options.script)):
        if words:
            return Program(kind=kind, target=words[0], arguments=tuple(words[1:]))
    parser.error("run needs a program: a script, -m MODULE or -c CODE")


def _tell(outcome: Outcome) -> None:
    """Speak on stderr, after what the program itself has printed."""
    if sys.stderr is None:
        return
    try:
        sys.stdout.flush()
    except (AttributeError, OSError, ValueError):
        pass  # closed, or a broken pipe: the interpreter tells that at its end
    try:
        print(outcome_text(outcome), file=sys.stderr, flush=True)
    except (OSError, ValueError):
        pass


def _demo(people: int) -> None:
    from gcscope.demo import play

    try:
        play(people)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough (`| head`): end without a word, also at the interpreter's end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(OUR_ERROR)


def main(arguments: list[str] | None = None) -> None:
    """Run the command. Exit codes: the program's own; 1 for an error of ours, told in one line; 2 for wrong usage."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        if options.command == "demo":
            _demo(options.people)
        else:
            run(_program(parser, options), _tell)
    except CannotRun as error:
        print(f"gcscope: {error}", file=sys.stderr)
        sys.exit(OUR_ERROR)
