"""A program that never heard of gcscope, run as plain Python would, and what it leaves.

The order of what happens here is that of Modules/main.c and Python/pythonrun.c of CPython.
"""

from __future__ import annotations

import _frozen_importlib as importlib_core
import _frozen_importlib_external as importlib_files
import atexit
import builtins
import marshal
import os
import sys
from time import perf_counter
from types import ModuleType

from gcscope.api.empty_stack import EmptyStack
from gcscope.api.observe import Observer
from gcscope.model.outcome import Outcome
from gcscope.model.record import Record, changed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from gcscope.cli.endings import Endings
    from gcscope.cli.guest import Guest

    # Runs a loaded program on a stack, and returns the exception that ended it.
    Run = Callable[[EmptyStack], BaseException | None]

    class Reporter(Protocol):
        """Who is told the outcome, and knows which exit code that asks for, 0 for none."""

        def __call__(self, outcome: Outcome, stopped: float) -> None:
            """Tell it; stopped: for how many seconds the program was, to be looked at."""

        def renew_baseline(self) -> None:
            """Write the baseline, if that is asked, of a program that has succeeded."""

        def exit_code(self) -> int:
            """Return the exit code for where the program itself succeeded."""


class Program(Record):
    """What to run, as the command line names it."""

    kind: str
    """'script' (a file, or a directory or archive with a __main__.py), 'module', 'code', 'stdin'"""
    target: str
    """Its path, its dotted name, the code itself; of 'stdin' what sys.argv[0] is, '-' or ''."""
    arguments: tuple[str, ...]


# -------------------------------------------------------------------- how it is loaded


def _fresh_main() -> ModuleType:
    """Put a new, empty __main__ in the place of gcscope's own.

    The interpreter goes on with the namespace of the old one, of which it owns nothing, after an
    exception has ended our script: so that lives on under another name.
    """
    sys.modules["gcscope.__main__"] = sys.modules["__main__"]
    main = ModuleType("__main__")
    main.__loader__ = importlib_core.BuiltinImporter
    if sys.version_info < (3, 14):
        main.__dict__["__annotations__"] = {}
    main.__dict__["__builtins__"] = builtins
    sys.modules["__main__"] = main
    return main


def _main_of_file(name: str) -> ModuleType:
    main = _fresh_main()
    main.__dict__["__file__"] = name
    if sys.version_info < (3, 15):
        main.__dict__["__cached__"] = None
    return main


def _put_first(path: str) -> None:
    """Put the entry first in sys.path that plain Python puts there; with -P there is none."""
    if not sys.flags.safe_path:
        sys.path.insert(0, path)


def _working_directory() -> str | None:
    try:
        return os.getcwd()
    except OSError:  # it is gone
        return None


def _absolute(path: str) -> str:
    """Return a path as tracebacks have it: from the root on, and not simplified."""
    here = _working_directory()
    if os.path.isabs(path) or here is None:
        return path
    return os.path.join(here, path) if path else here


def _is_importable(path: str) -> bool:
    """Return whether modules can be found in a path: it is a directory, or an archive."""
    if path not in sys.path_importer_cache:
        sys.path_importer_cache[path] = None
        for hook in sys.path_hooks:
            try:
                sys.path_importer_cache[path] = hook(path)
                break
            except ImportError:
                pass
    return sys.path_importer_cache[path] is not None


def _open(path: str) -> int:
    """Open a script; where that fails, end as the interpreter does."""
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        _write(
            f"{sys.orig_argv[0]}: can't open file {path!r}: "
            f"[Errno {error.errno}] {error.strerror}\n"
        )
    raise SystemExit(2)


def _is_compiled(path: str, descriptor: int) -> bool:
    if path.endswith(".pyc"):
        return True
    try:
        return os.pread(descriptor, 2, 0) == importlib_files.MAGIC_NUMBER[:2]
    except OSError:  # a pipe
        return False


def _read_code(descriptor: int) -> object:
    with open(descriptor, "rb") as file:
        data = file.read()
    if data[:4] != importlib_files.MAGIC_NUMBER:
        raise RuntimeError("Bad magic number in .pyc file")
    return marshal.loads(data[16:])


def _load_file(path: str) -> Run:
    absolute = _absolute(path)
    descriptor = _open(absolute)
    _put_first(os.path.dirname(os.path.realpath(path)))

    def run_source(stack: EmptyStack) -> BaseException | None:
        main = _main_of_file(absolute)
        main.__loader__ = importlib_files.SourceFileLoader("__main__", absolute)
        return stack.run_file(descriptor, os.fsencode(absolute), main.__dict__)

    def run_compiled(stack: EmptyStack) -> BaseException | None:
        main = _main_of_file(absolute)
        main.__loader__ = importlib_files.SourcelessFileLoader("__main__", absolute)
        return _run_made(stack, lambda: _read_code(descriptor), main)

    return run_compiled if _is_compiled(absolute, descriptor) else run_source


def _run_made(
    stack: EmptyStack, make: Callable[[], object], main: ModuleType
) -> BaseException | None:
    """Make the code and run it. In the traceback of an error in making it is nothing of ours."""
    try:
        code = make()
    except BaseException as error:
        return error.with_traceback(None)
    return stack.run_code(code, main.__dict__)  # type: ignore[arg-type] # checked there


def _load_stdin(name: str) -> Run:
    _put_first("")
    return lambda stack: stack.run_file(0, b"<stdin>", _main_of_file("<stdin>").__dict__)


def _load_code(text: str) -> Run:
    _put_first("")

    def compiled() -> object:
        code = compile(text, "<string>", "exec", dont_inherit=True)
        if sys.version_info >= (3, 13):
            _show_source_of(code, text)
        return code

    return lambda stack: _run_made(stack, compiled, _fresh_main())


def _show_source_of(code: object, text: str) -> None:
    """Let tracebacks show lines of the code of `python -c`, as they do since 3.13."""
    import linecache

    by_code = hasattr(linecache, "_interactive_cache")  # by its name in the first releases of 3.13
    register = linecache._register_code  # type: ignore[attr-defined]
    register(code if by_code else "<string>", text, "<string>")


def _dedented(text: str) -> str:
    """Return the code of `python -c`, which may be indented since 3.14."""
    if sys.version_info < (3, 14):
        return text
    import textwrap

    return textwrap.dedent(text)


def _load_module(name: str, alter_argv: bool) -> Run:
    import runpy

    # what `python -m` itself calls; no public function runs a module in sys.modules['__main__']
    run_as_main = runpy._run_module_as_main  # type: ignore[attr-defined]

    def run(stack: EmptyStack) -> BaseException | None:
        _fresh_main()
        return stack.call(run_as_main, name, alter_argv)

    return run


def load(program: Program) -> Run:
    """Set sys.argv and sys.path as plain Python would, and return what runs the program.

    Ends the process as plain Python does if there is no such file.
    """
    target = program.target
    if program.kind == "code":
        sys.argv[:] = ["-c", *program.arguments]
        return _load_code(target)
    if program.kind == "module":
        sys.argv[:] = ["-m", *program.arguments]
        here = _working_directory()
        if here is not None:
            _put_first(here)
        return _load_module(target, alter_argv=True)
    sys.argv[:] = [target, *program.arguments]
    if program.kind == "stdin":
        return _load_stdin(target)
    absolute = _absolute(target)
    if _is_importable(absolute):
        sys.path.insert(0, absolute)  # with -P, too
        return _load_module("__main__", alter_argv=False)
    return _load_file(target)


# ------------------------------------------------------------------------ how it ends


def _write(text: str) -> None:
    """Write what the interpreter would write on stderr, as it does: whatever comes of it."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except Exception:
        pass


_display = sys.__excepthook__


def _show(error: BaseException, stack: EmptyStack) -> BaseException:
    """Show an exception that nobody caught as the interpreter does, by the program's own hook.

    Returns what the process is to end with.
    """
    shown = (type(error), error, error.__traceback__)
    sys.last_type, sys.last_value, sys.last_traceback = shown
    if sys.version_info >= (3, 12):
        sys.last_exc = error
    end = error if isinstance(error, KeyboardInterrupt) else SystemExit(1)
    hook = getattr(sys, "excepthook", None)
    try:
        sys.audit("sys.excepthook", hook, *shown)
    except RuntimeError:
        return end
    except Exception:
        pass
    if not hasattr(sys, "excepthook"):
        _write("sys.excepthook is missing\n")
        hook = _display
    broken = stack.call(hook, *shown)  # type: ignore[arg-type] # whatever the program has put there
    if isinstance(broken, SystemExit):
        return broken
    if broken is not None:
        _write("Error in sys.excepthook:\n")
        stack.call(_display, type(broken), broken, broken.__traceback__)
        _write("\nOriginal exception was:\n")
        stack.call(_display, *shown)
    return end


def _succeeded(end: BaseException | None) -> bool:
    """Return whether the process ends with an exit code of 0."""
    if end is None:
        return True
    if not isinstance(end, SystemExit):
        return False
    return end.code is None or (isinstance(end.code, int) and end.code & 0xFF == 0)


def _never_began(error: BaseException | None) -> bool:
    """Return whether this is the message of `python -m` that there is no such module."""
    missing = getattr(sys.modules.get("runpy"), "_Error", None)
    if not isinstance(error, SystemExit) or not isinstance(missing, type):
        return False
    return isinstance(error.__context__, missing)


def _stay_quiet(shown: BaseException) -> None:
    """Let the interpreter, which is given what has been shown, find all as the program left it."""
    names = ("excepthook", "last_type", "last_value", "last_traceback", "last_exc")
    theirs = {name: vars(sys)[name] for name in names if name in vars(sys)}
    traceback = shown.__traceback__

    def put_back(*_: object) -> None:
        shown.__traceback__ = traceback
        for name in names:
            vars(sys).pop(name, None)
        vars(sys).update(theirs)

    sys.excepthook = put_back


def _end(end: BaseException | None, stack: EmptyStack) -> None:
    """Let the interpreter end the process: with this exception, or normally.

    No function of ours is called after this: the program may have left a trace function.
    """
    if isinstance(end, KeyboardInterrupt):
        _stay_quiet(end)
    if stack.has_tools:  # which would be told of our frames that return now
        atexit.register(stack.resume_tools)
    stack.resume_trace()
    if end is not None:
        try:
            raise end
        finally:
            del end  # else it would refer to this frame, and that to it


# -------------------------------------------------------------------- from start to end


def run_program(program: Program, reporter: Reporter, guest: Guest, endings: Endings) -> None:
    """Run a program to the end of its main script, and tell the reporter the outcome.

    endings: signals that are reported on, too, before they end it.
    Automatic collection is left as the program has it. Only the process that called this reports,
    and not after os._exit. Then the process ends as it would under plain Python, or as the reporter
    asks for: this raises SystemExit or KeyboardInterrupt, or returns. A traceback is shown by then.
    Of a module that does not exist nothing is reported: Python itself says so.
    """
    text = _dedented(program.target) if program.kind == "code" else program.target
    guest.hide()
    run = load(Program(kind=program.kind, target=text, arguments=program.arguments))
    process, stack = os.getpid(), EmptyStack()
    guest.settle()
    observer = Observer()
    observer.begin()
    endings.begin(lambda name: _report(_outcome(observer, guest, name), reporter, guest, False))
    end = run(stack)
    endings.end()
    # Before anything is shown: what is imported for that is not the program's.
    is_ours = os.getpid() == process
    is_told = endings.has_reported or _never_began(end)
    found = _outcome(observer, guest) if is_ours and not is_told else None
    observer.stop()
    goes_on = sys.flags.inspect  # -i: whatever has ended it, a prompt follows
    if end is not None and (goes_on or not isinstance(end, SystemExit)):
        end = _show(end, stack)
    if found is not None:
        _flush()
        _report(found, reporter, guest, _succeeded(end))
    if program.kind in ("script", "stdin"):
        _forget_file()
    if is_ours and _succeeded(end) and reporter.exit_code():
        end = SystemExit(reporter.exit_code())
    if goes_on and not isinstance(end, KeyboardInterrupt):
        end = None
    try:
        _end(end, stack)
    finally:
        del end


def _forget_file() -> None:
    """Take out of __main__ what the interpreter takes out when a script has ended."""
    main = sys.modules.get("__main__")
    if isinstance(main, ModuleType) and main.__dict__.get("__spec__") is None:  # no archive
        main.__dict__.pop("__file__", None)
        main.__dict__.pop("__cached__", None)


def _flush() -> None:
    """Let what the program has printed stand before what we say."""
    try:
        sys.stdout.flush()
    except (AttributeError, OSError, ValueError):
        pass  # closed, or a broken pipe: the interpreter says so at its end


def _outcome(
    observer: Observer, guest: Guest, signal: str | None = None
) -> tuple[Outcome, float] | str:
    """Return the outcome and how many seconds it took to find, or why there is none.

    signal: which one ends the program.
    """
    guest.show()
    begun = perf_counter()
    try:
        outcome = observer.outcome()
        if signal is not None:
            note = f"{signal} ended it: what its functions held that ran was in use"
            outcome = changed(outcome, notes=(*outcome.notes, note))
        stopped = observer.stopped
        return outcome, perf_counter() - begun if stopped is None else stopped
    except MemoryError:
        return "there is not enough memory for a pass over the heap"
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    finally:
        guest.withdraw()


def _report(
    found: tuple[Outcome, float] | str, reporter: Reporter, guest: Guest, succeeded: bool
) -> None:
    """Report the outcome without doing harm to the program's own end."""
    guest.show()
    try:
        if isinstance(found, str):
            _complain(found)
        else:
            reporter(*found)
            if succeeded:
                reporter.renew_baseline()
    except MemoryError:
        _complain("there is not enough memory for a report")
    except BaseException as error:
        _complain(f"{type(error).__name__}: {error}")
    finally:
        guest.withdraw()


def _complain(why: str) -> None:
    _write(f"gcscope: no report: {why}\n")
