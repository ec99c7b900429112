"""What is born while a test runs, and what of it is left to the collector. The cost follows the test, not the heap.

    begin   a marker, an empty list, comes to the end of the collector's youngest generation
    (the test runs; automatic collection is put off)
    end     what stands behind the marker was born since: the dry run looks at that alone

Generation 0 is kept in the order in which objects come to it, so that it does not matter what lies before the marker,
or how long automatic collection has been off. Where a collection has run inside, or gc.freeze() has emptied the
generation, births cannot be told any more: then the whole heap is looked at, what was unreachable before the test set
aside, and the report says so.

Automatic collection is put off by its threshold rather than switched off, so that the test sees gc.isenabled() as it
is, and a test that makes very many objects still gets a collection from time to time.
"""

from __future__ import annotations

from gc import callbacks, get_threshold, set_threshold  # taken once: what runs inside may replace them in gc

from gcscope import _core
from gcscope.report import Report, changed
from gcscope.taken import Taken, joined
from gcscope.verdict import Held, collections_so_far, find, times

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

PUT_OFF = 1_000_000
"""Collector-tracked objects that a test may make, and keep, before an automatic collection runs inside it."""


def _pass_an_eval_break() -> None:
    """Let a collection that is already due run: since 3.12 it waits for the next call."""


def _noted(report: Report, *notes: str) -> Report:
    return changed(report, notes=(*report.notes, *notes))


class Births:
    """The objects that come into being between `begin` and `end`."""

    __slots__ = ("_begun", "_callback", "_failure", "_marker", "_put_off", "_taken", "_thresholds")

    def begin(self) -> None:
        """Tell apart what is made from now on. `end` or `abandon` must follow."""
        self._taken: Taken | None = None
        self._failure: str | None = None
        self._thresholds = get_threshold()
        self._put_off = (max(PUT_OFF, self._thresholds[0]), *self._thresholds[1:])
        self._callback: Callable[[str, dict[str, int]], None] | None = self._follow
        try:
            if self._thresholds[0] > 0:
                set_threshold(*self._put_off)
            _pass_an_eval_break()
            callbacks.append(self._callback)
            self._begun = collections_so_far()
            self._marker: list[Any] = []
        except BaseException:  # no memory, or a signal
            self.abandon()
            raise

    def end(self) -> Report:
        """Tell what of it nothing leads to.

        Raises MemoryError where there is no memory for that, RuntimeError where it cannot be told.
        """
        try:
            with Held():
                return self._look()
        finally:
            self.abandon()

    def abandon(self) -> None:
        """End without looking. May be called twice."""
        ours, self._callback = self._callback, None  # a bound method of its own: it would be a ring
        for place, callback in enumerate(callbacks if ours is not None else ()):
            if callback is ours:  # by identity: those of others are not to be compared
                del callbacks[place]
                break
        if get_threshold() == self._put_off:  # or the test has set its own
            set_threshold(*self._thresholds)

    def _look(self) -> Report:
        if self._failure is not None:
            raise RuntimeError(f"the collector ran inside, and there was no looking at what it took: {self._failure}")
        if self._taken is None:
            try:
                return find(None, self._marker)[1]
            except LookupError:
                pass
            untold = collections_so_far() - self._begun
            note = "gc.freeze() ran inside: all objects were looked at, not only those made meanwhile"
            if untold:
                ran = f"the collector ran {times(untold)} inside"
                note = f"{ran}, and gc.callbacks did not tell: what it took is not told"
            return _noted(find()[1], note)
        report = joined(find(self._taken.earlier)[1], self._taken.report)
        runs = times(self._taken.collections)
        note = f"the collector ran {runs} inside: all objects were looked at, not only those made meanwhile"
        lost = f"what {self._taken.unseen} of those collections took is not told" if self._taken.unseen else None
        return _noted(report, note, *filter(None, [lost]))

    def _follow(self, phase: str, info: dict[str, int]) -> None:
        """Serve as one of gc.callbacks."""
        if phase != "start" or self._failure is not None:
            return
        try:
            if self._taken is None:
                self._taken = Taken(self._older())
            self._taken.follow(info["generation"])
        except BaseException as error:  # what a callback raises is printed, wherever the test is
            self._failure = f"{type(error).__name__}: {error}"
            if not isinstance(error, Exception):
                raise

    def _older(self) -> _core.Census:
        """Tell what is unreachable and was not born since: at the start of the first collection that is still clear."""
        everything = _core.dry_run()
        try:
            return everything.without(_core.dry_run(self._marker))
        except LookupError:  # gc.freeze() came before
            return everything
