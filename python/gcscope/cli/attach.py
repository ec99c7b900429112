"""The command `attach`: ask a process that runs."""

from __future__ import annotations

import argparse
import sys

from gcscope import __version__
from gcscope.cli.files import Target, check_is_for_json
from gcscope.cli.streams import complain, put, put_text
from gcscope.cli.trouble import EXIT_CODES, OUR_ERROR, Trouble, WrongUsage
from gcscope.model.fold import fold
from gcscope.model.header import file_text, header_of_process
from gcscope.model.record import changed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gcscope.live.request import Request
    from gcscope.model.header import Header
    from gcscope.model.record import Record

HELP = "ask a process that runs: what does it hold that only the collector can free?"

_INTERRUPTED = 130  # what shells say of a command that Ctrl-C has ended
_TIMEOUT = 10.0
_LONGEST = 7 * 24 * 3600.0


# ------------------------------------------------------------------------------ the options


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= _LONGEST:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds, up to a week")
    return seconds


def _pid(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < int(text[:19]) < 1 << 31):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not the number of a process; `pgrep -a python` lists them"
        )
    return int(text)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the process, and what it is asked."""
    parser.epilog = f"{EXIT_CODES}. Of --tree: 1, too, if a Python among them has not answered"
    parser.description = (
        "Ask a Python process of this user's (root asks any) while it runs, and print its answer, "
        "headed by which process it is and for how long it was stopped. Of 3.14 and newer it need "
        "not know of gcscope: its main thread, where it runs Python code, starts a thread that "
        "loads this gcscope and looks. Older ones, and those whose main thread waits in C code, "
        "answer where they have called gcscope.listen() or were started with GCSCOPE_LISTEN=1. "
        "What stays in the process are the modules that it has imported."
    )
    parser.add_argument("pid", metavar="PID", type=_pid, help="the number of the process")
    _add_questions(parser)
    parser.add_argument(
        "--tree", action="store_true", help="ask its children, too, and put the answers together"
    )
    parser.add_argument(
        "--fork",
        action="store_true",
        help="let a forked child of the process look, so that it stops for the fork alone",
    )
    parser.add_argument(
        "--no-keys", action="store_true", help="tell no str keys of dicts: [*] in their place"
    )
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=_TIMEOUT,
        metavar="SECONDS",
        help="give up where nothing has begun to answer after so long (default "
        f"{_TIMEOUT:g}); then a look has a minute, or that time if it is longer. Of a process that "
        "listens: where it has not answered",
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="write the answer as JSON, too; whole or not at all"
    )
    parser.add_argument(
        "--json", action="store_true", help="print the answer as one line of JSON instead of text"
    )


def _add_questions(parser: argparse.ArgumentParser) -> None:
    questions = parser.add_mutually_exclusive_group()
    questions.add_argument(
        "--growth",
        type=_seconds,
        metavar="SECONDS",
        help="which containers grow, in each quarter of so many seconds?",
    )
    questions.add_argument(
        "--pauses",
        type=_seconds,
        metavar="SECONDS",
        help="how long do collections take, and what do they find, in so many seconds?",
    )
    questions.add_argument(
        "--census", action="store_true", help="how many objects of each type are there?"
    )
    questions.add_argument(
        "--why",
        metavar="EXPRESSION",
        help="why is that object alive? names, attributes and constant keys: app.jobs['mail'][0]",
    )


def _question(options: argparse.Namespace) -> Request:
    """Return what is asked. Raises WrongUsage where that does not fit together."""
    from gcscope.live.expression import Unreadable, steps_of
    from gcscope.live.request import Request

    request = Request(gcscope=__version__, keys=not options.no_keys, fork=options.fork)
    for want in ("growth", "pauses"):
        seconds = getattr(options, want)
        if seconds is not None:
            if options.fork:
                raise WrongUsage(f"--fork is for one look: --{want} is one of many")
            return changed(request, want=want, seconds=seconds)
    if options.why is not None:
        try:
            steps_of(options.why)
        except Unreadable as error:
            raise WrongUsage(str(error)) from None
        return changed(request, want="why", expression=options.why)
    return changed(request, want="census") if options.census else request


def _check_tree(options: argparse.Namespace) -> None:
    for name in ("why", "pauses"):
        if options.tree and getattr(options, name) is not None:
            raise WrongUsage(f"--{name} is for one process: ask each without --tree")


# ----------------------------------------------------------------------------- the answer


def _one(options: argparse.Namespace) -> tuple[Record, Header | None]:
    from gcscope.live.ask import ask
    from gcscope.live.request import NoAnswer

    try:
        return ask(options.pid, _question(options), options.timeout)[1:]
    except NoAnswer as error:
        raise Trouble(str(error)) from None


def _tree(options: argparse.Namespace) -> tuple[Record, Header | None, bool]:
    """Ask a process and its descendants; say whether one of them has not answered."""
    from gcscope.live.ask import ask_tree

    answers, reasons = ask_tree(options.pid, _question(options), options.timeout)
    merged, left_out = fold(answers)
    reasons += left_out
    if merged is None:
        for reason in reasons[1:]:
            complain(reason)
        raise Trouble(reasons[0])
    for reason in reasons:
        complain(reason)
    return merged, header_of_process(), bool(reasons)


def run(options: argparse.Namespace) -> None:
    """Print the answer, and write it into a file where that is asked for."""
    _check_tree(options)
    check_is_for_json(options.output)
    target = None if options.output is None else Target(options.output)
    if target is not None:
        target.check()
    try:
        record, header, lacks = _tree(options) if options.tree else (*_one(options), False)
    except KeyboardInterrupt:
        complain("given up")
        sys.exit(_INTERRUPTED)
    if target is not None:
        target.write(file_text(record, header))
    if options.json:
        put(file_text(record, header), sys.stdout)
    else:
        put_text(f"{record}" if options.tree else f"{header}\n{record}", sys.stdout)
    if lacks:
        sys.exit(OUR_ERROR)
