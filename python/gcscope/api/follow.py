"""What becomes unreachable while something runs, collections meanwhile included."""

from __future__ import annotations

from gcscope import _core
from gcscope.api.garbage import notes_of, report_of
from gcscope.explain.cycles import cycles_of
from gcscope.explain.labellers import labellers, object_traceback
from gcscope.explain.sizers import sizers
from gcscope.model.merge import NOTHING, joined
from gcscope.model.phrases import plural
from gcscope.model.record import changed, sum_counts
from gcscope.model.results import Report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    _Made = tuple[list[_core.Ring], _core.TypeCounts, Report]


class Follower:
    """What is unreachable of the objects that come into being between `begin` and `end`.

    At the end, and at the start of each collection between, which then takes it. With `whole` it is
    looked for among all objects; what was unreachable before is not told. Automatic collection goes
    on as the program has it. Letting go of a follower ends it.
    """

    __slots__ = ("_follow",)

    def __init__(self, whole: bool = False) -> None:
        self._follow: _core.Follow | None = _core.Follow(whole, object_traceback())

    def begin(self) -> None:
        """Begin. Raises RuntimeError where it has begun before, MemoryError."""
        assert self._follow is not None
        self._follow.begin()

    def end(self, survivors: bool = False, box: list[Any] | None = None) -> Found:
        """End, and return what was found.

        survivors: list what was born and is reachable, too. box: a list with one object, which is
        let go of first. Raises MemoryError where there is no memory for a pass; it has ended then.
        """
        follow, self._follow = self._follow, None
        if follow is None:
            raise RuntimeError("this follower has ended")
        return Found(follow.end(labellers, object_traceback(), survivors, box, sizers))

    def stop(self) -> None:
        """End without looking. May be called twice."""
        follow, self._follow = self._follow, None
        if follow is not None:
            follow.stop()


_MOST_ALIKE = 16


class Reports:
    """Reports of what was left, for who looks at much that is equal: each is made once."""

    __slots__ = ("_made",)

    def __init__(self) -> None:
        self._made: dict[tuple[object, ...], list[_Made]] = {}

    def of(self, left: _core.Rings) -> Report:
        """Return the report of some rings."""
        forms = left.forms
        if left.sized or any(edge.ask is not None for form in forms for edge in form.edges):
            return report_of(left)  # the program is asked; and these are objects of it
        objects, names = left.objects, tuple([form.nodes[0].type for form in forms])
        key = (objects.objects, left.bytes, objects.uncertain, objects.over_visited, names)
        types = objects.types()
        alike = self._made.setdefault(key, [])
        for made in alike:
            if made[0] == forms and made[1] == types:
                return made[2]
        report = report_of(left)
        del alike[_MOST_ALIKE - 1 :]
        alike.insert(0, (forms, types, report))
        return report


class Found:
    """What a follower has found."""

    __slots__ = ("_found", "collections", "left", "made", "released")

    def __init__(self, found: _core.Followed) -> None:
        self._found = found
        self.left: _core.Rings | None = found.left
        """What is unreachable at the end; None for nothing."""
        self.made: _core.RollCall | None = found.made
        """What was born and is reachable, if it was asked for."""
        self.collections: int = found.collections
        """How many collections there were."""
        self.released: str | None = found.released
        """What became of the object in the box: 'freed', 'ring', 'held' or 'revived'.

        Or, of free-threaded Python, what it waits for in no ring, as `Waiting` has it.
        """

    @property
    def collected_others(self) -> dict[str, int]:
        """How many objects that are not instrumented collections have taken, by type."""
        return self._found.collected_types.others

    def is_nothing(self) -> bool:
        """Return whether there is nothing to report: no ring, and no note."""
        found = self._found
        return not (
            self.left
            or found.collected_objects
            or found.unseen
            or found.lost
            or found.uncertain
            or found.over_visited
        )

    def notes(self) -> tuple[str, ...]:
        """Write what one must know to read it."""
        return (*notes_of(self._found), *_doubts(self._found))

    def report_left(self, reports: Reports | None = None) -> Report:
        """Report what is unreachable at the end."""
        if self.left is None:
            return NOTHING
        return report_of(self.left) if reports is None else reports.of(self.left)

    def report_collected(self) -> Report:
        """Report what collections have found."""
        found = self._found
        if not found.collected_objects:
            return NOTHING
        return Report(
            objects=found.collected_objects,
            bytes=found.collected_bytes,
            types=sum_counts(*found.collected_types),
            cycles=cycles_of(found.collected_forms),
            alive=False,
            notes=(),
        )

    def report(self, reports: Reports | None = None) -> Report:
        """Report all of it."""
        left, notes = self.report_left(reports), self.notes()
        if self._found.collected_objects:
            left = joined(left, self.report_collected())
        return left if left.notes == notes else changed(left, notes=notes)

    def report_with_share(self) -> Report:
        """Report all of it, and say which part of it collections took."""
        whole, collected = self.report(), self._found.collected_objects
        if not collected:
            return whole
        took = (
            f"{plural(self.collections, 'collection')} inside took {collected:,} of the "
            f"{plural(whole.objects, 'object')}"
        )
        return changed(whole, notes=(took, *whole.notes))


def _doubts(found: _core.Followed) -> tuple[str, ...]:
    """Write what could not be seen."""
    notes = []
    if found.unseen:
        sees_all = _core.WALKS_GENERATIONS or _core.FREE_THREADED
        why = "memory was exhausted" if sees_all else "this Python does not show it"
        share = f"{found.unseen:,} of {plural(found.collections, 'collection')}"
        notes.append(f"what {share} took cannot be told: {why}")
    if found.lost:
        notes.append(
            "what was made inside could not all be told from older objects, and rings may be "
            "missing: gc.freeze(), a change of gc.callbacks, a fork or exhausted memory came "
            "between"
        )
    return tuple(notes)
