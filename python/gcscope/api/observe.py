"""A program, observed from its start to its end."""

from __future__ import annotations

import sys

from gcscope import _core
from gcscope.api.follow import COLLECTS_IN_INCREMENTS, Follower
from gcscope.api.garbage import GcPaused, report_of, unreachable_rings
from gcscope.model.outcome import Outcome
from gcscope.model.record import Counts

_NO_PASS = "memory was exhausted, or an audit hook refused gc.get_objects"


class Observer:
    """A prediction of each collection at its start, when the view of the heap is still complete."""

    def __init__(self) -> None:
        self.totals = _core.journal_totals()
        # what was unreachable before the program began is not the program's
        self.follower = Follower(_core.dry_run())

    def follow(self, phase: str, info: dict[str, int]) -> None:
        """Follow a collection; this is one of gc.callbacks."""
        self.follower.follow(phase, info["generation"])

    def outcome(self) -> Outcome:
        """Look at the whole heap, and return what was found from the start until now."""
        with GcPaused():
            rings = unreachable_rings(self.follower.earlier)
            alive = sum(not row.listed for row in _core.alive(rings.objects))
            totals = _core.journal_totals()
            return Outcome(
                left=report_of(rings),
                collected=self.follower.report,
                collections=self.follower.collections,
                lives=Counts({event: n - self.totals[event] for event, n in totals.items()}),
                alive=alive,
                notes=(*self._unseen_note(), *_threads_note()),
            )

    def _unseen_note(self) -> tuple[str, ...]:
        if not self.follower.unseen:
            return ()
        why = "this Python collects in increments" if COLLECTS_IN_INCREMENTS else _NO_PASS
        share = f"{self.follower.unseen} of {self.follower.collections} collections"
        return (f"what {share} found cannot be told: {why}",)


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
