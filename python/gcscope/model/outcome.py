"""What a program left, and what became of the rest."""

from __future__ import annotations

from gcscope.model.merge import joined
from gcscope.model.record import Counts, Record, changed
from gcscope.model.results import Report


class Outcome(Record):
    """What a program left, and what became of the rest."""

    left: Report
    """Unreachable at the end of the main script, before its atexit functions."""
    collected: Report
    """What automatic and explicit collections found while it ran."""
    collections: int
    """How many collections there were."""
    lives: Counts
    """What happened to instrumented objects: 'created', and freed by what."""
    alive: int
    """How many instrumented objects are alive at the end and not among what is left."""
    notes: tuple[str, ...]
    """What one must know to read the figures, besides the notes of `left`."""

    @property
    def report(self) -> Report:
        """What reference counting did not free: left at the end, or freed by collections before."""
        whole = joined(self.left, self.collected)
        return changed(whole, notes=(*self._collected_note(), *whole.notes, *self.notes))

    def _collected_note(self) -> tuple[str, ...]:
        """Write which part of the report collections freed."""
        if not self.collected:
            return ()
        collected, total = self.collected.objects, self.collected.objects + self.left.objects
        collections = (
            "1 collection" if self.collections == 1 else f"{self.collections:,} collections"
        )
        return (f"{collections} while the program ran took {collected:,} of the {total:,} objects",)
