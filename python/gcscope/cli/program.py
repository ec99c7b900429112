"""A program that never heard of gcscope, run as plain Python would, and what it leaves."""

from __future__ import annotations

import builtins
import importlib.machinery
import io
import os
import sys
from types import ModuleType

from gcscope.api.observe import Observer
from gcscope.cli.trouble import Trouble
from gcscope.model.outcome import Outcome
from gcscope.model.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType


class Program(Record):
    """What to run, as the command line names it."""

    kind: str
    """'script' (a file, or a directory or archive with a __main__.py), 'module' or 'code'."""
    target: str
    """Its path, its dotted name, or the code itself."""
    arguments: tuple[str, ...]


# ---------------------------------------------------------------- as plain Python does


def _fresh_main() -> ModuleType:
    """Put a new, empty __main__ in the place of gcscope's own."""
    main = ModuleType("__main__")
    main.__dict__["__builtins__"] = builtins
    if sys.version_info < (3, 14):
        main.__dict__["__annotations__"] = {}
    sys.modules["__main__"] = main
    return main


def _set_first_path(path: str) -> None:
    """Set the entry that plain Python puts first; with -P or PYTHONSAFEPATH there is none."""
    if not sys.flags.safe_path:
        sys.path[0] = path


# What runs a program, and its arguments: `run` calls it without a Python function between, whose
# frame would hang on the program's own frames when it has ended, and be reported with them.
Start = tuple["Callable[..., object]", tuple[object, ...]]


def _load_file(path: str) -> Callable[[], Start]:
    try:
        with io.open_code(os.path.abspath(path)) as file:
            source = file.read()
    except OSError as error:
        raise Trouble(f"cannot open {path!r}: {error.strerror}") from None

    def prepare() -> Start:
        main = _fresh_main()
        main.__dict__["__file__"] = os.path.abspath(path)
        if sys.version_info < (3, 15):
            main.__dict__["__cached__"] = None
        main.__loader__ = importlib.machinery.SourceFileLoader("__main__", os.path.abspath(path))
        return exec, (compile(source, path, "exec", dont_inherit=True), main.__dict__)

    _set_first_path(os.path.dirname(os.path.realpath(path)))
    return prepare


def _load_code(text: str) -> Callable[[], Start]:
    if sys.version_info >= (3, 14):  # since then python -c takes indented code
        import textwrap

        text = textwrap.dedent(text)

    def prepare() -> Start:
        main = _fresh_main()
        main.__loader__ = importlib.machinery.BuiltinImporter
        return exec, (compile(text, "<string>", "exec", dont_inherit=True), main.__dict__)

    _set_first_path("")
    return prepare


def _load_module(name: str, alter_argv: bool) -> Callable[[], Start]:
    import runpy

    # what `python -m` itself calls; no public function runs a module in sys.modules['__main__']
    run_as_main = runpy._run_module_as_main  # type: ignore[attr-defined]

    def prepare() -> Start:
        _fresh_main()
        return run_as_main, (name, alter_argv)

    return prepare


def load(program: Program) -> Callable[[], Start]:
    """Set sys.argv and sys.path as plain Python would.

    Returns what makes a new __main__ and returns what runs the program. Raises Trouble if there is
    no such file.
    """
    target = program.target
    if program.kind == "code":
        sys.argv[:] = ["-c", *program.arguments]
        return _load_code(target)
    if program.kind == "module":
        sys.argv[:] = ["-m", *program.arguments]
        _set_first_path(os.getcwd())
        return _load_module(target, alter_argv=True)
    sys.argv[:] = [target, *program.arguments]
    if os.path.isdir(target) or target.endswith((".zip", ".pyz")):
        _set_first_path(target)
        return _load_module("__main__", alter_argv=False)
    return _load_file(target)


def _without_own_frames(tb: TracebackType | None) -> TracebackType | None:
    """Take gcscope's frames off the outer end of a traceback."""
    while tb is not None and tb.tb_frame.f_code.co_filename == __file__:
        tb = tb.tb_next
    return tb


def _show(error: BaseException) -> None:
    """Show an exception that nobody caught as the interpreter would, by the program's own hook."""
    error.__traceback__ = _without_own_frames(error.__traceback__)
    try:
        sys.excepthook(type(error), error, error.__traceback__)
    except Exception as broken:
        print("Error in sys.excepthook:", file=sys.stderr)
        sys.__excepthook__(type(broken), broken, broken.__traceback__)
        print("\nOriginal exception was:", file=sys.stderr)
        sys.__excepthook__(type(error), error, error.__traceback__)


def _never_began(error: SystemExit) -> bool:
    """Return whether this is the message of `python -m` that there is no such module."""
    runpy = sys.modules.get("runpy")
    missing = getattr(runpy, "_Error", None)
    return missing is not None and isinstance(error.__context__, missing)


def run_program(program: Program, report: Callable[[Outcome], None]) -> None:
    """Run a program to the end of its main script, then call report with the outcome.

    Automatic collection is left as the program has it. Only the process that called this reports,
    and not after os._exit. SystemExit and any other exception of the program pass through, so that
    the interpreter ends with the program's own exit code; a traceback was shown by then, and
    sys.excepthook is silenced. Of a module that does not exist nothing is reported: Python itself
    says so.
    """
    prepare = load(program)
    process = os.getpid()
    began = True
    observer = Observer()
    observer.begin()
    try:
        function, arguments = prepare()
        function(*arguments)
    except SystemExit as error:
        began = not _never_began(error)
        raise
    except BaseException as error:
        _show(error)
        sys.excepthook = lambda *_: None
        raise
    finally:
        if os.getpid() == process:
            if began:
                _report(observer, report)
            observer.stop()


def _report(observer: Observer, report: Callable[[Outcome], None]) -> None:
    """Report the outcome without doing harm to the program's own end."""
    try:
        report(observer.outcome())
    except MemoryError:
        _complain("there is not enough memory for a pass over the heap")
    except Exception as error:
        _complain(f"{type(error).__name__}: {error}")


def _complain(why: str) -> None:
    if sys.stderr is None:  # print would take stdout instead
        return
    try:
        print(f"gcscope: no report: {why}", file=sys.stderr)
    except (OSError, ValueError):
        pass  # closed
