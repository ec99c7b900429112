"""What an object keeps: retained."""

from __future__ import annotations

from gcscope import _core
from gcscope.model.record import sum_counts
from gcscope.model.results import Retained


def retained(obj: object, /) -> Retained:
    """Find what would be freed with an object: itself, and all that is reachable through it alone.

    These are the objects that it dominates: every way to them from a root (Lengauer and Tarjan,
    1979) goes through it. Where there are rings among them, the collector is needed to free them.
    Objects that the collector does not track (strings, numbers) are not counted. Raises TypeError
    for such an object, MemoryError where there is no memory for the pass.
    """
    box = [obj]
    del obj
    with _core.Lease():
        row = _core.retained(box)
    return Retained(objects=row.objects, bytes=row.bytes, types=sum_counts(*row.types))
