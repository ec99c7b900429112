"""The command: `python -m gcscope demo | run | show | diff`."""

from __future__ import annotations

import argparse
import io
import os
import sys

from gcscope import __version__
from gcscope.cli.files import Target, read_bytes
from gcscope.cli.program import CannotRun, Program, run
from gcscope.cli.streams import Trouble, complain, put, put_bytes, put_text, silence, why, width_of
from gcscope.model.outcome import Outcome
from gcscope.render.json import pretty, read_any
from gcscope.render.text import outcome_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gcscope.model.picture import Picture
    from gcscope.model.record import Record
    from gcscope.model.results import Report


OUR_ERROR = 1
FOUND = 3  # rings, under --fail

_FORMS = ("text", "json", "dot", "mermaid", "svg", "png")
_FORM_OF_SUFFIX = {".json": "json", ".dot": "dot", ".mmd": "mermaid", ".svg": "svg", ".png": "png"}
_OTHER_PICTURES = frozenset(
    {".gif", ".jpg", ".jpeg", ".webp", ".pdf", ".bmp", ".tif", ".tiff", ".ps", ".eps"}
)
_COMMANDS = ("demo", "run", "show", "diff")
_EXIT_CODES = "exit codes: 0; 1 for an error, told in one line; 2 for wrong usage"


# --------------------------------------------------------------------------- arguments


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gcscope",
        description="See where reference counting breaks, and what CPython's cyclic collector does about it.",
    )
    parser.add_argument("--version", action="version", version=f"gcscope {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")

    demo = commands.add_parser(
        "demo",
        help="play the lecture on real objects",
        description="Play the lecture, step by step, on real objects.",
    )
    demo.add_argument(
        "--people",
        type=_people,
        default=1000,
        metavar="N",
        help="length of the long ring (default 1000)",
    )
    _add_run(
        commands.add_parser("run", help="run a program and tell what it left for the collector")
    )
    _add_show(
        commands.add_parser(
            "show", help="print a record that was written as JSON", epilog=_EXIT_CODES
        )
    )
    epilog = f"{_EXIT_CODES}; {FOUND} under --fail"
    _add_diff(
        commands.add_parser("diff", help="compare two reports: which rings are new?", epilog=epilog)
    )
    return parser


def _add_run(parser: argparse.ArgumentParser) -> None:
    own = "[-o FILE] [--json] [--fail] [-q]"
    parser.usage = f"python -m gcscope run {own} (SCRIPT | -m MODULE | -c CODE) [ARGUMENT ...]"
    parser.description = (
        "Run a program as plain Python would (a file, a directory or archive with a __main__.py, -m MODULE or -c CODE; "
        "what follows are its arguments); at its end, tell on stderr what it left for the collector."
    )
    parser.epilog = (
        "exit codes: the program's own; if that is 0: 1 for an error of gcscope, told in one line; 3 if there are "
        "rings under --fail; 2 for wrong usage"
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="write the report as JSON, too; whole or not at all"
    )
    parser.add_argument("--fail", action="store_true", help=f"exit with {FOUND} if there are rings")
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--json", action="store_true", help="tell the report as one line of JSON instead of text"
    )
    how.add_argument("-q", "--quiet", action="store_true", help="tell nothing but errors")


def _add_show(parser: argparse.ArgumentParser) -> None:
    parser.description = "Print a record that gcscope wrote: of run -o, or of to_json()."
    parser.add_argument("file", metavar="FILE", help="the file; - for standard input")
    parser.add_argument(
        "--format", choices=_FORMS, help="default: what the name of -o ends in, else text"
    )
    parser.add_argument(
        "-o", "--output", metavar="OUT", help="write it into a file instead; whole or not at all"
    )


def _add_diff(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Compare the rings of two reports, form by form: what is new, what has grown, what is gone?"
    )
    parser.add_argument("old", metavar="OLD", help="the file written before; - for standard input")
    parser.add_argument("new", metavar="NEW", help="the file written after")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    parser.add_argument(
        "--fail", action="store_true", help=f"exit with {FOUND} if any form is new or has grown"
    )


def _people(text: str) -> int:
    try:
        people = int(text)
    except ValueError:
        people = 0
    if not 2 <= people <= 10_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of people from 2 to 10,000,000")
    return people


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Part the arguments of run into its own options and the program with all that follows it."""
    at = 0
    while at < len(arguments):
        word = arguments[at]
        if word == "--":
            return arguments[:at], arguments[at + 1 :]
        if word == "-" or not word.startswith("-") or word.startswith(("-m", "-c")):
            break
        takes_the_next = word in ("-o", "--output") or (
            word[1:2] != "-" and word.endswith("o")
        )  # -o, -qo
        at += 2 if takes_the_next else 1
    return arguments[:at], arguments[at:]


def _program(parser: argparse.ArgumentParser, words: list[str]) -> Program:
    kind = "script"
    for option, meant in (("-m", "module"), ("-c", "code")):
        if words and words[0].startswith(option):
            kind = meant
            words = [words[0][2:], *words[1:]] if words[0] != option else words[1:]
    if not words:
        parser.error("run needs a program: a script, -m MODULE or -c CODE")
    return Program(kind=kind, target=words[0], arguments=tuple(words[1:]))


def _hint(parser: argparse.ArgumentParser, arguments: list[str]) -> None:
    """Refuse a program without the word run before it, and tell of that word."""
    first = arguments[0] if arguments else ""
    option = first.startswith(("-m", "-c"))
    if option or (first not in _COMMANDS and (first.endswith(".py") or os.path.exists(first))):
        words = " ".join(arguments[: 2 if first in ("-m", "-c") else 1])
        parser.error(f"which command? To run a program: python -m gcscope run {words}")


# --------------------------------------------------------------------------------- run


class _Reporter:
    """Tells the outcome of a run as the options ask, and knows the exit code that they ask for."""

    __slots__ = ("file", "found", "options", "process", "told", "trouble")

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        suffix = os.path.splitext(options.output or "")[1].lower()
        if suffix in _OTHER_PICTURES or _FORM_OF_SUFFIX.get(suffix, "json") != "json":
            raise Trouble(
                f"-o keeps the report as JSON, for which {suffix} is no name: `gcscope show FILE.json -o "
                f"PICTURE{suffix if suffix in _FORM_OF_SUFFIX else '.svg'}` draws it then"
            )
        self.file = None if options.output is None else Target(options.output)
        self.process = os.getpid()
        if sys.stderr is not None and width_of(sys.stderr) is not None:
            import unicodedata  # noqa: F401 - fitting needs it when the program may have spoilt sys.path
        self.found = self.told = self.trouble = False

    def __call__(self, outcome: Outcome) -> None:
        """Speak on stderr, after what the program itself has printed."""
        try:
            sys.stdout.flush()
        except (AttributeError, OSError, ValueError):
            pass  # closed, or a broken pipe: the interpreter tells that at its end
        report = outcome.report
        self.found = bool(report)
        if self.file is not None:
            self._write(self.file, report)
        try:
            self._speak(outcome, report)
        except Trouble:
            pass  # nobody is there to be told
        self.told = True

    def _write(self, file: Target, report: Report) -> None:
        try:
            file.write(report.to_json())
        except Trouble as trouble:
            self.trouble = True
            complain(str(trouble))

    def _speak(self, outcome: Outcome, report: Report) -> None:
        stream = getattr(sys, "stderr", None)
        if self.options.json:
            put(report.to_json(), stream)
        elif not self.options.quiet or self.trouble:  # what could not be written is not to be lost
            put_text(outcome_text(outcome), stream)

    def exit_code(self) -> int:
        """Tell the exit code of a program that itself succeeded; that of a child is its own affair."""
        if os.getpid() != self.process:
            return 0
        if self.trouble or (not self.told and (self.options.fail or self.file is not None)):
            return OUR_ERROR
        return FOUND if self.options.fail and self.found else 0


def _succeeded(code: object) -> bool:
    """Whether the argument of SystemExit makes an exit code of 0."""
    return code is None or (isinstance(code, int) and code & 0xFF == 0)


def _run(program: Program, teller: _Reporter) -> None:
    if teller.file is not None:
        teller.file.check()
    try:
        run(program, teller)
    except SystemExit as end:
        if not _succeeded(end.code) or not teller.exit_code():
            raise
    if teller.exit_code():
        sys.exit(teller.exit_code())


# ------------------------------------------------------------------------ show and diff


def _read(name: str) -> Record:
    data = read_bytes(name)
    try:
        return read_any(data)
    except ValueError as error:
        reason = str(error) if data.strip() else "it is empty"
        raise Trouble(f"cannot read {name!r}: {reason}") from None


def _kind(record: Record) -> str:
    return type(record).__name__.lower()


def _picture(record: Record) -> Picture:
    """Choose what is drawn of the rings of a record; of a difference, of those that are new or have grown."""
    from gcscope.model.diff import Difference, report_within
    from gcscope.model.record import changed
    from gcscope.model.results import Cycle
    from gcscope.render.report_picture import picture_of

    if isinstance(record, Difference):
        return changed(picture_of(record.as_report()), title=str(record).partition("\n")[0])
    report = record if isinstance(record, Cycle) else report_within(record)
    if report is None:
        raise Trouble(
            f"a record of kind {_kind(record)!r} has no rings to draw: --format text or json shows it"
        )
    return picture_of(report)


def _drawn(record: Record, form: str) -> str | bytes:
    """Draw the rings of a record."""
    from gcscope.render.dot import dot_of
    from gcscope.render.graphviz import HOW_TO_GET_IT, png_of, svg_of
    from gcscope.render.mermaid import mermaid_of

    picture = _picture(record)
    if form in ("dot", "mermaid"):
        return (dot_of if form == "dot" else mermaid_of)(picture).rstrip("\n")
    if form == "png":
        drawn: str | bytes | None = png_of(picture)
    else:
        svg = svg_of(picture)
        drawn = svg.rstrip("\n") if svg is not None else None
    if drawn is None:
        raise Trouble(
            f"Graphviz is needed for {form}, and is not here or failed: {HOW_TO_GET_IT}; --format dot writes the "
            "picture as text"
        )
    return drawn


def _in_form(record: Record, form: str) -> str | bytes:
    if form == "text":
        return str(record)
    return pretty(record) if form == "json" else _drawn(record, form)


def _print(record: Record, form: str) -> None:
    if form == "text":
        put_text(str(record), sys.stdout)
        return
    if form == "png":
        put_bytes(b"", sys.stdout)  # not to a terminal, whatever there is to draw
    told = _in_form(record, form)
    if isinstance(told, bytes):
        put_bytes(told, sys.stdout)
    else:
        put(told, sys.stdout)


def _show(options: argparse.Namespace) -> None:
    suffix = os.path.splitext(options.output or "")[1].lower()
    if options.format is None and suffix in _OTHER_PICTURES:
        raise Trouble(
            f"cannot draw a {suffix}: .svg, .png, .dot and .mmd are to be had; --format says what it is to be"
        )
    form = options.format or _FORM_OF_SUFFIX.get(suffix, "text")
    if options.output is None:
        _print(_read(options.file), form)
        return
    target = Target(options.output)
    target.check()
    told = _in_form(_read(options.file), form)
    if isinstance(told, bytes):
        target.write_bytes(told)
    else:
        target.write(told)


def _report(name: str) -> Report:
    from gcscope.model.diff import report_within

    record = _read(name)
    report = report_within(record)
    if report is None:
        raise Trouble(
            f"{name!r} is of kind {_kind(record)!r}: diff takes reports, collections and trials"
        )
    return report


def _diff(options: argparse.Namespace) -> None:
    from gcscope.model.diff import compare

    old, new = _report(options.old), _report(options.new)
    try:
        difference = compare(old, new)
    except ValueError as error:
        raise Trouble(f"cannot compare {options.old!r} and {options.new!r}: {error}") from None
    _print(difference, options.format)
    if options.fail and difference:
        sys.exit(FOUND)


def _demo(people: int) -> None:
    from gcscope.cli.demo import play

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        play(people)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough (`| head`)
        silence(sys.stdout)
    except OSError as error:
        silence(sys.stdout)
        raise Trouble(f"cannot write: {why(error)}") from None


def main(arguments: list[str] | None = None) -> None:
    """Run the command. Exit codes: the program's own; 1 for an error of ours; 2 for wrong usage; 3 under --fail."""
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = _parser()
    _hint(parser, arguments)
    words: list[str] = []
    if arguments[:1] == ["run"]:
        own, words = _split(arguments[1:])
        arguments = ["run", *own]
    options = parser.parse_args(arguments)
    try:
        if options.command == "demo":
            _demo(options.people)
        elif options.command == "run":
            _run(_program(parser, words), _Reporter(options))
        elif options.command == "show":
            _show(options)
        else:
            _diff(options)
    except (CannotRun, Trouble) as error:
        complain(str(error))
        sys.exit(OUR_ERROR)
