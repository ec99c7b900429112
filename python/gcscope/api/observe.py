"""A program, observed from its start to its end."""

from __future__ import annotations

import sys

from gcscope import _core
from gcscope.api.follow import Follower
from gcscope.model.outcome import Outcome
from gcscope.model.record import Counts

WAITS_IN_NO_RING = _core.FREE_THREADED
"""Whether objects of this Python may wait for the collector, or for their thread, in no ring."""


class Observer:
    """What a program leaves, and what the collections that run meanwhile take."""

    __slots__ = ("_follower", "_totals", "stopped")

    def __init__(self) -> None:
        self._follower = Follower(whole=True)
        self._totals = _core.journal_totals()
        self.stopped: float | None = None
        """For how many seconds other threads were stopped to find the outcome; None with a GIL."""

    def begin(self) -> None:
        """Begin: what is unreachable now is not the program's."""
        self._follower.begin()

    def stop(self) -> None:
        """End without looking."""
        self._follower.stop()

    def outcome(self) -> Outcome:
        """End, and return what was found."""
        with _core.Lease():
            before = _core.stopped_for()
            found = self._follower.end()
            self.stopped = _core.stopped_for() - before if _core.FREE_THREADED else None
            left = None if found.left is None else found.left.objects
            totals = _core.journal_totals()
            living = _core.living(left, None, 1, totals["created"] + 1)
            return Outcome(
                left=found.report_left(),
                collected=found.report_collected(),
                collections=found.collections,
                lives=Counts({event: n - self._totals[event] for event, n in totals.items()}),
                alive=sum(living["survived"].values()),
                notes=(*found.notes(), *_threads_note()),
            )


def _threads_note() -> tuple[str, ...]:
    """Write how many threads go on when the main script has ended."""
    threading = sys.modules.get("threading")
    if threading is None:
        return ()
    try:
        others: int = threading.active_count() - 1
    except Exception:  # the program has another threading
        return ()
    if others < 1:
        return ()
    who = "1 thread" if others == 1 else f"{others} threads"
    return (
        f"{who} besides the main one still ran at the end of the main script; "
        "what they make later is not told",
    )
