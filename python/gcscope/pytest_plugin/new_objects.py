"""The objects that a test makes, and which of them it leaves to the collector.

    begin   a marker, an empty list, comes to the end of the collector's youngest generation
    (the test runs; automatic collection is put off)
    end     what stands behind the marker is new: the dry run looks at that alone

So the cost follows the test, not the heap. Generation 0 is kept in the order in which objects come
to it: it does not matter what lies before the marker, or how long automatic collection has been
off. Where a collection has run inside, new objects cannot be told from older ones any more: then
the whole heap is looked at, and what was unreachable before the test set aside. Where gc.freeze()
has emptied the generation, what is not frozen is new; and if it was thawed again, only the youngest
generation can be told from what was there before. The report says so each time: something may be
missing then, and nothing is blamed on the test that was there before it.

Automatic collection is put off by its threshold rather than switched off, so that the test sees
gc.isenabled() as it is, and a test that makes very many objects still gets a collection from time
to time.
"""

from __future__ import annotations

# imported by name: what runs inside may replace them in gc
from gc import callbacks, get_freeze_count, get_threshold, set_threshold

from gcscope.api.collect import collections_so_far
from gcscope.api.follow import Follower
from gcscope.api.garbage import GcPaused, find, unreachable
from gcscope.model.merge import joined
from gcscope.model.phrases import times
from gcscope.model.record import changed
from gcscope.model.results import Report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


PUT_OFF = 1_000_003
"""Tracked objects that a test may make, and keep, before an automatic collection runs inside it.

A number that nobody else chooses: a test that has read it, and sets it when all is over, does not
leave it for good.
"""

_THE_YOUNGEST = 0  # extent of a dry run: the youngest generation

_under_way: list[tuple[int, ...]] = []
"""The thresholds before each of those that have begun and not ended."""
_usual: list[tuple[int, ...]] = []
"""As the one item, the thresholds before the last of them that was alone."""


def _pass_an_eval_break() -> None:
    """Let a collection that is already due run: since 3.12 it waits for the next call."""


def _thresholds_before() -> tuple[int, ...]:
    """Return the thresholds as the program has them; a PUT_OFF that was left is not its own."""
    now = get_threshold()
    if now[0] == PUT_OFF and not _under_way and _usual:
        return _usual[0]
    if not _under_way:
        _usual[:] = [now]
    return now


def _check_is_of_the_marker(error: LookupError) -> None:
    """Raise an error again that is a KeyError or IndexError: an audit hook's."""
    if type(error) is not LookupError:
        raise error


def _noted(report: Report, *notes: str) -> Report:
    return changed(report, notes=(*report.notes, *notes))


def _look_after_freeze() -> Report:
    if get_freeze_count():
        return _noted(
            find(),
            "gc.freeze() ran inside: what was made before it is in use, to the collector, and was "
            "not looked at",
        )
    return _noted(
        find(None, _THE_YOUNGEST),
        "gc.freeze() and gc.unfreeze() ran inside: only what was made after the freeze was looked "
        "at",
    )


class NewObjects:
    """The objects that come into being between `begin` and `end`."""

    __slots__ = (
        "_begun",
        "_callback",
        "_failure",
        "_follower",
        "_marker",
        "_put_off",
        "_thresholds",
        "_was_frozen",
    )

    def begin(self) -> None:
        """Begin: what is made from now on is new. `end` or `abandon` must follow."""
        self._follower: Follower | None = None
        self._failure: str | None = None
        self._was_frozen = False  # before a collection inside
        self._marker: list[Any] = []
        self._thresholds = _thresholds_before()
        self._put_off = (max(PUT_OFF, self._thresholds[0]), *self._thresholds[1:])
        self._callback: Callable[[str, dict[str, int]], None] | None = self._follow
        _under_way.append(self._thresholds)
        try:
            if self._thresholds[0] > 0:
                set_threshold(*self._put_off)
            _pass_an_eval_break()
            callbacks.append(self._callback)
            self._begun = collections_so_far()
            self._marker = []
        except BaseException:  # no memory, or a signal
            self.abandon()
            raise

    def end(self) -> Report:
        """Return what of it nothing leads to.

        Raises MemoryError where there is no memory for that, RuntimeError where it cannot be said.
        """
        try:
            with GcPaused():
                return self._look()
        finally:
            self.abandon()

    def abandon(self) -> None:
        """End without looking. May be called twice."""
        ours, self._callback = self._callback, None  # a bound method of its own: it would be a ring
        if ours is not None and _under_way:
            _under_way.pop()
        for place, callback in enumerate(callbacks if ours is not None else ()):
            if callback is ours:  # by identity: those of others are not to be compared
                del callbacks[place]
                break
        if get_threshold() == self._put_off:  # or the test has set its own
            set_threshold(*self._thresholds)

    def _look(self) -> Report:
        if self._failure is not None:
            raise RuntimeError(
                "the collector ran inside, and there was no looking at what it took: "
                f"{self._failure}"
            )
        if self._follower is not None:
            return self._look_after_collections(self._follower)
        try:
            return find(None, self._marker)
        except LookupError as error:
            _check_is_of_the_marker(error)
        unseen = collections_so_far() - self._begun
        if not unseen:
            return _look_after_freeze()
        ran = f"the collector ran {times(unseen)} inside, and gc.callbacks did not tell"
        note = f"{ran}: what it took is not told, and only what was made after it was looked at"
        return _noted(find(None, _THE_YOUNGEST), note)

    def _look_after_collections(self, follower: Follower) -> Report:
        ran = f"the collector ran {times(follower.collections)} inside"
        if self._was_frozen:
            return _noted(joined(_look_after_freeze(), follower.report), ran)
        notes = [f"{ran}: all objects were looked at, not only those made meanwhile"]
        if follower.unseen:
            notes.append(f"what {follower.unseen} of those collections took is not told")
        return _noted(joined(find(follower.earlier), follower.report), *notes)

    def _follow(self, phase: str, info: dict[str, int]) -> None:
        """Serve as one of gc.callbacks, even where a test puts those back when all is over."""
        if self._failure is not None or self._callback is None:
            return
        try:
            if self._follower is None and phase == "start":
                self._follower = self._older()
            if self._follower is not None:
                self._follower.follow(phase, info["generation"])
        except BaseException as error:  # what a callback raises is printed, wherever the test is
            self._failure = f"{type(error).__name__}: {error}"
            if not isinstance(error, Exception):
                raise

    def _older(self) -> Follower:
        """Return a follower that sets aside what is unreachable and not new.

        At the start of the first collection it is still clear what that is.
        """
        everything = unreachable()
        try:
            return Follower(everything.without(unreachable(self._marker)))
        except LookupError as error:
            _check_is_of_the_marker(error)
        self._was_frozen = True
        return Follower(everything.without(everything) if get_freeze_count() else everything)
