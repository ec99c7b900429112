"""The rings that a block leaves behind: watch."""

from __future__ import annotations

import gc

from gcscope import _core
from gcscope.api.collect import collections_so_far
from gcscope.api.garbage import GcPaused, find
from gcscope.model.phrases import times
from gcscope.model.record import changed
from gcscope.model.results import Report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Watch:
    """What `watch` returns: a context manager that finds the rings which its block leaves."""

    __slots__ = ("_begun", "_callback", "_earlier", "_held", "_is_stale", "_report")

    def __init__(self) -> None:
        self._held: GcPaused | None = None
        self._earlier: _core.RollCall | None = None
        self._callback: Callable[[str, dict[str, int]], None] | None = None
        self._begun = 0
        self._is_stale = False  # addresses in _earlier may be those of other objects by now
        self._report: Report | None = None

    def __enter__(self) -> Watch:
        if self._held is not None:
            raise RuntimeError("this watch is in use: call watch() once for each block")
        held = GcPaused()
        held.__enter__()
        try:
            self._earlier = _core.dry_run()
            self._report, self._is_stale = None, False
            self._begun = collections_so_far()
            self._callback = self._narrow
            gc.callbacks.append(self._callback)
        except BaseException:
            held.__exit__(None, None, None)
            raise
        self._held = held
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        if self._held is None:
            raise RuntimeError("this watch has not begun: use it in a with statement")
        self._forget_callback()
        try:
            self._report = self._look()
        except Exception:  # no memory, or an audit hook refused
            if kind is None:  # an exception of the block goes before it
                raise
        finally:
            self._earlier, held, self._held = None, self._held, None
            held.__exit__(None, None, None)

    def _narrow(self, phase: str, _info: dict[str, int]) -> None:
        """Forget what a collection in the block has freed; this is one of gc.callbacks.

        The block may make its rings at the same addresses.
        """
        if phase != "stop" or self._earlier is None:
            return
        try:
            self._earlier = self._earlier.still_tracked()
        except Exception:  # no memory, or an audit hook refused: a callback's error is only printed
            self._is_stale = True

    def _forget_callback(self) -> None:
        """Remove the callback, by identity: the callbacks of others are not to be compared."""
        for place, callback in enumerate(gc.callbacks):
            if callback is self._callback:
                del gc.callbacks[place]
                break
        self._callback = None

    def _look(self) -> Report:
        runs = collections_so_far() - self._begun
        report = find(self._earlier)
        if not runs:
            return report
        note = (
            f"the collector ran {times(runs)} inside the block: "
            "rings that it took are lost to this report"
        )
        if self._is_stale:
            note += "; and so may others be, since there was no telling what it took"
        return changed(report, notes=(*report.notes, note))

    @property
    def report(self) -> Report:
        """Return the rings that the block left. Raises RuntimeError before the block has ended."""
        if self._report is None:
            raise RuntimeError("the report of a watch is there when its with block has ended")
        return self._report


def watch() -> Watch:
    """Look for the rings that a with block leaves behind.

        with gcscope.watch() as watched:
            work()
        print(watched.report)

    Automatic collection is off inside and put back as it was; nothing is collected. What was
    unreachable before the block is not blamed on it. What a collection that the block runs itself
    takes is lost to the report, which says so. What other threads leave meanwhile is in it. The
    variables of the block's function are still there when it ends: what they hold is in use. Raises
    MemoryError where there is no memory for a pass.
    """
    return Watch()
