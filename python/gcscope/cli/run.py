"""The command `run`: run a program as plain Python would, and report what it left."""

from __future__ import annotations

import os
import stat
import sys

from gcscope.cli import endings, filters
from gcscope.cli.endings import Endings
from gcscope.cli.files import Target, check_is_for_json
from gcscope.cli.filters import Filters, Judged
from gcscope.cli.program import Program, run_program
from gcscope.cli.streams import complain, put, put_text, width_of
from gcscope.cli.trouble import FOUND, OUR_ERROR, Trouble, WrongUsage
from gcscope.model.header import file_text, header_of_process
from gcscope.model.merge import NOTHING

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from gcscope.model.outcome import Outcome


HELP = "run a program and tell what it left for the collector"


_USAGE = """gcscope run [-o FILE] [--json | -q] [--fail] [--listen] [--report-on SIGNAL]
                   [--ignore GLOB] [--under DIR]
                   [--baseline FILE [--update-baseline | --fail-on-growth]]
                   (SCRIPT | -m MODULE | -c CODE | -) [ARGUMENT ...]"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options; `split` parts the program and its arguments from them."""
    parser.usage = _USAGE
    parser.description = (
        "Run a program as plain Python would (a file, a directory or archive with a __main__.py, "
        "-m MODULE, -c CODE, or - for what standard input gives; what follows are its arguments); "
        "at its end, tell on stderr what it left for the collector."
    )
    parser.epilog = (
        "exit codes: the program's own; if that is 0: 1 for an error of gcscope, told in one line; "
        "3 if there are rings that count under --fail; 2 for wrong usage, or a script that is not "
        "there"
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="write the report as JSON, too; whole or not at all"
    )
    parser.add_argument(
        "--fail", action="store_true", help=f"exit with {FOUND} if there are rings that count"
    )
    parser.add_argument(
        "--report-on",
        action="append",
        choices=endings.NAMES,
        default=[],
        metavar="SIGNAL",
        help="report when this signal comes, too, such as SIGTERM of `docker stop`, and let it end "
        "the program then; the program's own handler goes before; may be repeated",
    )
    parser.add_argument(
        "--listen", action="store_true", help="let `gcscope attach` ask the program while it runs"
    )
    filters.add_arguments(parser)
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--json", action="store_true", help="tell the report as one line of JSON instead of text"
    )
    how.add_argument("-q", "--quiet", action="store_true", help="tell nothing but errors")


def split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Part the arguments into the own options and the program with all that follows it."""
    at = 0
    while at < len(arguments):
        word = arguments[at]
        if word == "--":
            return arguments[:at], arguments[at + 1 :]
        if word == "-" or not word.startswith("-") or word.startswith(("-m", "-c")):
            break
        # -o, -qo
        takes_the_next = word in ("-o", "--output", "--report-on", *filters.WITH_VALUE) or (
            word[1:2] != "-" and word.endswith("o")
        )
        at += 2 if takes_the_next else 1
    return arguments[:at], arguments[at:]


def _gives_program() -> bool:
    """Return whether standard input is a file, or the end of a pipe: no terminal, no /dev/null."""
    try:
        mode = os.fstat(0).st_mode
    except OSError:  # closed
        return False
    return stat.S_ISREG(mode) or stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _program(words: list[str]) -> Program:
    if not words and _gives_program():
        return Program(kind="stdin", target="", arguments=())
    kind = "stdin" if words[:1] == ["-"] else "script"
    for option, meant in (("-m", "module"), ("-c", "code")):
        if words and words[0].startswith(option):
            kind = meant
            words = [words[0][2:], *words[1:]] if words[0] != option else words[1:]
    if not words:
        raise WrongUsage("run needs a program: a script, -m MODULE, -c CODE, or - for stdin")
    return Program(kind=kind, target=words[0], arguments=tuple(words[1:]))


def _label_of(program: Program) -> str:
    """Return what a baseline calls the program."""
    kinds = {"module": f"run -m {program.target}", "code": "run -c"}
    return kinds.get(program.kind, f"run {program.target}")


class _Reporter:
    """Reports the outcome as the options ask, and knows the exit code that they ask for."""

    __slots__ = ("failed", "file", "filters", "has_reported", "judged", "options", "process")

    def __init__(self, options: argparse.Namespace, program: Program) -> None:
        self.options = options
        self.filters = Filters(options, _label_of(program))
        check_is_for_json(options.output)
        self.file = None if options.output is None else Target(options.output)
        self.process = os.getpid()
        self.judged: Judged | None = None
        self.has_reported = self.failed = False
        # What reporting needs is loaded before the program may have spoilt sys.path.
        str(NOTHING)
        file_text(NOTHING, header_of_process())
        if sys.stderr is not None and width_of(sys.stderr) is not None:
            import unicodedata  # noqa: F401

    def __call__(self, outcome: Outcome, stopped: float) -> None:
        """Speak on stderr.

        stopped: for how many seconds the program was, to be looked at.
        """
        judged = self.judged = self.filters.judge(outcome, self.options.fail)
        told = ""
        if self.file is not None or self.options.json:
            told = file_text(judged.record, header_of_process(stopped))
        if self.file is not None:
            self._write(self.file, told)
        try:
            self._print(judged.outcome, told)
        except Trouble:
            pass  # nobody is there to read it
        self.has_reported = True

    def _write(self, file: Target, told: str) -> None:
        try:
            file.write(told)
        except Trouble as trouble:
            self.failed = True
            complain(str(trouble))

    def _print(self, outcome: Outcome, told: str) -> None:
        stream = getattr(sys, "stderr", None)
        if self.options.json:
            put(told, stream)
        elif not self.options.quiet or self.failed:  # what could not be written is not to be lost
            put_text(str(outcome), stream)

    def exit_code(self) -> int:
        """Return the exit code where the program itself succeeded; 0 in a child of the process."""
        if os.getpid() != self.process:
            return 0
        wanted = self.options.fail or self.file is not None
        if self.failed or (wanted and not self.has_reported):
            return OUR_ERROR
        counts = self.judged is not None and self.judged.counts
        return FOUND if self.options.fail and counts else 0

    def renew_baseline(self) -> None:
        """Write the baseline, if that is asked, of a program that has succeeded."""
        if self.judged is None or os.getpid() != self.process:
            return
        try:
            said = self.filters.renew(self.judged.record)
        except Trouble as trouble:
            self.failed = True
            complain(str(trouble))
            return
        if said is not None and not self.options.quiet:
            complain(said)


def _listen() -> None:
    from gcscope.live.listen import listen

    try:
        listen()
    except (OSError, RuntimeError) as error:  # no place for it, or no thread
        raise Trouble(f"cannot listen: {error}") from None


def run(options: argparse.Namespace) -> None:
    """Run the program, and exit as it does, or as its report asks for."""
    program = _program(options.program)
    options.fail = options.fail or options.fail_on_growth
    reporter = _Reporter(options, program)
    if reporter.file is not None:
        reporter.file.check()
    if options.listen:
        _listen()
    run_program(program, reporter, options.guest, Endings(options.report_on))
