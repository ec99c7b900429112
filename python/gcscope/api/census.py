"""All objects of the process, counted: census."""

from __future__ import annotations

from gcscope import _core
from gcscope.explain.sizers import outside_bytes, sizers
from gcscope.model.census import Census, census_of
from gcscope.model.record import Record


def census(by: str = "type") -> Census:
    """Count every known object, whether the collector tracks it or not, and its bytes.

    Known is what the collector tracks, and all that those objects and running functions lead to:
    strings, numbers, code, untracked tuples and dicts. by: "type", or "module" for a row for each
    module whose types they are of. Only what C code alone holds is not known: `anonymous` says how
    much memory the process has in all. gcscope's own records are not counted.

    `later - earlier` tells what has changed between two. Raises ValueError for another `by`,
    MemoryError where there is no memory for the pass; what a sizer raises comes out.
    """
    if by not in ("type", "module"):
        raise ValueError(f"by must be 'type' or 'module', not {by!r}")
    found = _core.census(Record, sizers)
    with _core.Lease():
        sizes = [tally.bytes for tally in found.tallies]
        for place, obj in found.asked:
            sizes[place] += outside_bytes(obj)
        names = [tally.type if by == "type" else tally.module for tally in found.tallies]
        figures = [
            (name, tally.objects, size)
            for name, tally, size in zip(names, found.tallies, sizes, strict=True)
            if tally.objects
        ]
        return census_of(figures, anonymous=found.anonymous, by=by)
