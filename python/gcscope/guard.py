"""Rings that must not be there: watch, assert_no_cycles."""

from __future__ import annotations

import gc
import sys

from gcscope import _core
from gcscope.render.text import failure_text
from gcscope.report import Report
from gcscope.verdict import Held, collections_so_far, find, times, with_notes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any


class Watch:
    """What `watch` returns: a context manager that looks for the rings which its block leaves behind."""

    __slots__ = ("_begun", "_callback", "_earlier", "_held", "_report")

    def __init__(self) -> None:
        self._held: Held | None = None
        self._earlier: _core.Census | None = None
        self._callback: Callable[[str, dict[str, int]], None] | None = None
        self._begun = 0
        self._report: Report | None = None

    def __enter__(self) -> Watch:
        if self._held is not None:
            raise RuntimeError("this watch is in use: call watch() once for each block")
        held = Held()
        held.__enter__()
        try:
            self._earlier = _core.dry_run()
            self._report = None
            self._begun = collections_so_far()
            self._callback = self._narrow
            gc.callbacks.append(self._callback)
        except BaseException:
            held.__exit__(None, None, None)
            raise
        self._held = held
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._held is None:
            raise RuntimeError("this watch has not begun: use it in a with statement")
        self._forget_callback()
        try:
            self._report = self._look()
        except MemoryError:
            if kind is None:  # an exception of the block goes before it
                raise
        finally:
            self._earlier, held, self._held = None, self._held, None
            held.__exit__(None, None, None)

    def _narrow(self, phase: str, _info: dict[str, int]) -> None:
        """Forget what a collection in the block has taken: the block may make its rings at the same addresses."""
        if phase == "stop" and self._earlier is not None:
            self._earlier = self._earlier.still_tracked()

    def _forget_callback(self) -> None:
        """Take the callback out again. By identity: the callbacks of others are not to be compared."""
        for place, callback in enumerate(gc.callbacks):
            if callback is self._callback:
                del gc.callbacks[place]
                break
        self._callback = None

    def _look(self) -> Report:
        runs = collections_so_far() - self._begun
        _, report = find(self._earlier)
        if not runs:
            return report
        note = f"the collector ran {times(runs)} inside the block: rings that it took are lost to this report"
        return with_notes(report, note)

    @property
    def report(self) -> Report:
        """The rings that the block left behind. Raises RuntimeError before the block has ended."""
        if self._report is None:
            raise RuntimeError("the report of a watch is there when its with block has ended")
        return self._report


def watch() -> Watch:
    """Look for the rings that a with block leaves behind.

        with gcscope.watch() as watched:
            work()
        print(watched.report)

    Automatic collection is off inside and put back as it was; nothing is collected. What was unreachable before the
    block is not blamed on it. What a collection that the block runs itself takes is lost to the report, which says
    so. What other threads leave meanwhile is in it. The variables of the block's function are still there when it
    ends: what they hold is in use. Raises MemoryError where there is no memory for a pass.
    """
    return Watch()


class _NoCycles:
    """A block that must leave no rings behind."""

    __slots__ = ("_watch", "_who")

    def __init__(self, who: str) -> None:
        self._watch = Watch()
        self._who = who

    def __enter__(self) -> None:
        self._watch.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._watch.__exit__(kind, error, traceback)
        if kind is None and self._watch.report:
            raise AssertionError(failure_text(self._watch.report, self._who))


_FUNCTION: Any = type(find)
_METHOD: Any = type(Held().__enter__)
_CO_GENERATOR, _CO_COROUTINE, _CO_ASYNC_GENERATOR = 0x20, 0x80, 0x200  # as in inspect, which is not imported for that


def _check_runs(func: Callable[..., object]) -> None:
    """Refuse a function whose call would not run its body: nothing would be looked at."""
    functools = sys.modules.get("functools")
    inner: Any = func
    while type(inner) is _METHOD or (functools is not None and type(inner) is functools.partial):
        inner = inner.__func__ if type(inner) is _METHOD else inner.func
    flags = inner.__code__.co_flags if type(inner) is _FUNCTION else 0
    if flags & (_CO_COROUTINE | _CO_ASYNC_GENERATOR):
        raise TypeError(
            "assert_no_cycles() calls its function, and the body of an async function does not run by that: give it "
            "a function that runs it, such as lambda: asyncio.run(func())"
        )
    if flags & _CO_GENERATOR:
        raise TypeError(
            "assert_no_cycles() calls its function, and the body of a generator function does not run by that: give "
            "it a function that goes through it, such as lambda: list(func())"
        )


def assert_no_cycles(func: Callable[..., object] | None = None, /, *args: object, **kwargs: object) -> Any:
    """Fail unless a call, or a with block, leaves nothing to the collector.

        assert_no_cycles(func, *args, **kwargs)

        with assert_no_cycles():
            work()

    The result of func is dropped. Raises AssertionError with the report: each ring, its references by name, its cause
    and where to cut. An exception of func or of the block passes through, and nothing is judged then. Otherwise as
    `watch`; the shape is that of numpy.testing.assert_no_gc_cycles. Raises TypeError if func cannot be called, or is a
    generator function or async function, whose body a call does not run.
    """
    if func is None:
        if args or kwargs:
            raise TypeError("assert_no_cycles() takes a function and its arguments, or nothing for a with block")
        return _NoCycles("the block")
    if not callable(func):
        raise TypeError(
            f"assert_no_cycles() takes a function and calls it, not an object of type {type(func).__qualname__!r}"
        )
    _check_runs(func)
    name = getattr(func, "__qualname__", type(func).__qualname__)
    with _NoCycles(f"{name}()"):
        func(*args, **kwargs)
    return None
