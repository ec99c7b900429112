"""Fates of many objects, which become records when they are looked at."""

from __future__ import annotations

from gcscope.model.record import Counts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gcscope.model.record import Record


class FatesField:
    """The field `fates` of a Collection: a tuple, made when it is first looked at.

    It may be given as whatever iterates over the fates, and has counts() of their words.
    """

    __slots__ = ("_slot",)

    def __init__(self, slot: Any) -> None:
        self._slot = slot

    def __get__(self, record: Record | None, owner: type) -> Any:
        if record is None:
            return self
        given = self._slot.__get__(record)
        if not isinstance(given, tuple):
            given = tuple(given)
            self._slot.__set__(record, given)
        return given

    def __set__(self, record: Record, given: object) -> None:
        self._slot.__set__(record, given)

    def counts_of(self, record: Record) -> Counts:
        """Count fates by their words; no record of one is made for that."""
        given = self._slot.__get__(record)
        if not isinstance(given, tuple):
            counts: Counts = given.counts()
            return counts
        counted: dict[str, int] = {}
        for fate in given:
            counted[fate.fate] = counted.get(fate.fate, 0) + 1
        return Counts(counted)
