"""The journal: the life of instrumented objects."""

from __future__ import annotations

from gcscope import _core
from gcscope.model.results import Event


class Journal:
    """The newest events in the lives of instrumented objects, kept in C without holding any object.

    There is one, `gcscope.journal`.
    """

    __slots__ = ()

    def events(self) -> tuple[Event, ...]:
        """Return the events that are kept, oldest first."""
        return tuple(
            Event(
                serial=row.serial,
                what=row.what,
                type=row.type,
                name=row.name,
                refcount=row.refcount,
                freed_by=row.freed_by,
            )
            for row in _core.journal_events()
        )

    @property
    def dropped(self) -> int:
        """How many events were lost since the journal was cleared.

        Newer ones have overwritten them, or there was no memory.
        """
        return _core.journal_status().dropped

    @property
    def enabled(self) -> bool:
        """Whether events are noted. Setting it takes a bool.

        The totals, and what trial and collect find, go on.
        """
        return _core.journal_status().enabled

    @enabled.setter
    def enabled(self, value: bool) -> None:
        _core.journal_enable(value)

    @property
    def capacity(self) -> int:
        """How many events are kept at most, 65,536 unless set; each takes 64 bytes.

        Setting it keeps the newest.
        """
        return _core.journal_status().capacity

    @capacity.setter
    def capacity(self, value: int) -> None:
        _core.journal_resize(value)

    @property
    def totals(self) -> dict[str, int]:
        """How many objects were created, and freed by what, since gcscope was loaded.

        Complete, whatever is dropped.
        """
        return _core.journal_totals()

    def clear(self) -> None:
        """Forget all events and the count of dropped ones."""
        _core.journal_clear()

    def __repr__(self) -> str:
        state = "on" if self.enabled else "off"
        kept = len(_core.journal_events())
        return f"<journal: {state}, {kept:,} events kept, {self.dropped:,} dropped>"


journal: Journal = Journal()
