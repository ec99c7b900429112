"""The collector, step by step, on objects that one can name: explain_collection."""

from __future__ import annotations

from gcscope.api.neighborhood import Neighborhood, check_given, look, reasons, reference_label
from gcscope.model.phrases import plural
from gcscope.model.walkthrough import Counted, Moved, Subtracted, Walkthrough

MOST_EXPLAINED = 100  # objects
MOST_REFERENCES = 12  # to one of them, a row each


class _Subtracting:
    """The second step, for the objects that are told: a row for each reference.

    Those that are too many for that are one row together.
    """

    def __init__(self, neighborhood: Neighborhood) -> None:
        self.neighborhood = neighborhood
        self.rows: list[Subtracted] = []
        self.gc_refs = [obj.count for obj in neighborhood.objects]
        self.told = [0] * len(neighborhood.objects)

    def subtract(self, target: int, name: str, count: int = 1) -> None:
        """Take references away from what is left of a count."""
        before = self.gc_refs[target]
        self.gc_refs[target] = after = before - count
        self.rows.append(
            Subtracted(
                reference=name,
                target=self.neighborhood.names[target],
                before=before,
                after=after,
            )
        )

    def run(self) -> tuple[Subtracted, ...]:
        """Subtract every reference. After this, gc_refs counts those from outside."""
        objects = self.neighborhood.objects
        counted = [
            place < MOST_EXPLAINED and obj.refcount is not None for place, obj in enumerate(objects)
        ]
        for reference in self.neighborhood.references:
            for nth in range(
                min(reference.owned, len(reference.edges)) if counted[reference.target] else 0
            ):
                if self.told[reference.target] < MOST_REFERENCES:
                    self.told[reference.target] += 1
                    self.subtract(
                        reference.target, reference_label(self.neighborhood, reference, nth)
                    )
        for place, obj in enumerate(objects):
            more = self.gc_refs[place] - obj.gc_refs
            if counted[place] and more:
                self.subtract(place, plural(more, "more reference"), more)
        return tuple(self.rows)


def _verdicts(neighborhood: Neighborhood) -> list[Moved]:
    because = reasons(neighborhood)
    rows = []
    for place, obj in enumerate(neighborhood.objects):
        why = because.get(place)
        rows.append(
            Moved(
                name=neighborhood.names[place],
                gc_refs=obj.left,
                reachable=why is not None,
                because=why
                if why is not None
                else "nothing is left from outside, and nothing reachable leads to it",
            )
        )
    return rows


def explain_collection(*objs: object) -> Walkthrough:
    """Show in three steps what the collector does with some objects and with what they lead to.

        print(gcscope.explain_collection(p1, p2))

    update_refs copies each reference count; subtract_refs takes one away for each reference from
    one of these objects to another, so that references from outside are left; move_unreachable
    finds what those lead to, and calls the rest unreachable. It is told as though these objects
    were a generation that is collected: what other objects hold is held from outside, as it is in
    the collection of a young generation. (CPython's InternalDocs, garbage_collector.md, has the
    algorithm.) The objects that are met are those of `cycles`. At most 100 are told; the
    others count as well.

    Looking changes nothing. Raises TypeError without an argument and for an object that the
    collector does not track, MemoryError where there is no memory for the pass.
    """
    check_given(objs, "explain_collection")
    neighborhood = look(objs)
    return Walkthrough(
        update_refs=tuple(
            Counted(name=neighborhood.names[place], gc_refs=obj.count)
            for place, obj in enumerate(neighborhood.objects[:MOST_EXPLAINED])
        ),
        subtract_refs=_Subtracting(neighborhood).run(),
        move_unreachable=tuple(_verdicts(neighborhood)[:MOST_EXPLAINED]),
        more=max(0, len(neighborhood.objects) - MOST_EXPLAINED) + neighborhood.more,
    )
