"""What an object keeps: retained."""

from __future__ import annotations

from gcscope import _core
from gcscope.explain.sizers import outside_bytes, sizers
from gcscope.model.record import sum_counts
from gcscope.model.results import Retained


def retained(obj: object, /) -> Retained:
    """Find what would be freed with an object: itself, and all that is reachable through it alone.

    These are the objects that it dominates: every way to them from a root (Lengauer and Tarjan,
    1979) goes through it. Where there are rings among them, the collector is needed to free them.
    Its `objects` are those that the collector tracks; its `bytes` have the memory of all others
    (strings, arrays) that only these hold, too. Any object may be asked about; one that the
    collector does not track is 0 objects, and the bytes of what it is and what only it holds.
    Raises MemoryError where there is no memory for the pass.
    """
    box = [obj]
    del obj
    with _core.Lease():
        row = _core.retained(box, sizers)
    size = row.bytes + sum(map(outside_bytes, row.sized))
    return Retained(objects=row.objects, bytes=size, types=sum_counts(*row.types))
