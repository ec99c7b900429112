"""What is unreachable now, and which rings are alive: garbage, cycles. Nothing is changed."""

from __future__ import annotations

from gcscope import _core
from gcscope.explain.cycles import cycles_of
from gcscope.explain.labellers import labellers, object_traceback
from gcscope.model.record import sum_counts
from gcscope.model.results import Report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class GcPaused:
    """Automatic collection, held off until the last of several threads that do so has ended."""

    __slots__ = ()

    def __enter__(self) -> None:
        _core.gc_pause()

    def __exit__(self, *error: object) -> None:
        _core.gc_resume()


def _notes(found: _core.RollCall) -> tuple[str, ...]:
    notes = []
    if found.uncertain:
        notes.append(
            "uncertain: this build of gcscope does not know how this Python marks borrowed "
            "references of suspended generators; what two strong references of one generator keep "
            "may be missing"
        )
    if found.over_visited:
        objects = "objects are" if found.over_visited > 1 else "object is"
        notes.append(
            "the tp_traverse of some C type shows references that nobody owns: "
            f"{found.over_visited} {objects} visited more often than referenced, and taken for "
            "reachable, as the collector does"
        )
    return tuple(notes)


def report_of(rings: _core.Rings, alive: bool = False) -> Report:
    """Make a report of the rings among some objects."""
    found = rings.objects
    return Report(
        objects=found.objects,
        bytes=found.bytes,
        types=sum_counts(*found.types()),
        cycles=cycles_of(rings.forms, alive),
        alive=alive,
        notes=_notes(found),
    )


def unreachable_rings(
    earlier: _core.RollCall | None = None, extent: int | list[Any] = -1
) -> _core.Rings:
    """Find what is unreachable now, and not among `earlier`, with its rings.

    extent: the oldest generation to look at, or a marker, a list: then only at what was made after
    it, and LookupError is raised where that cannot be told any more.
    """
    return _core.unreachable_rings(earlier, labellers, object_traceback(), extent)


def find(earlier: _core.RollCall | None = None, extent: int | list[Any] = -1) -> Report:
    """Report what `unreachable_rings` finds."""
    return report_of(unreachable_rings(earlier, extent))


def unreachable(extent: int | list[Any] = -1) -> _core.RollCall:
    """List what is unreachable now, as numbers only."""
    return _core.dry_run(extent)


def garbage() -> Report:
    """Find what a full collection would find unreachable right now.

    A dry run of the collector: nothing is collected, no finalizer is run, no weak reference
    cleared, no `__dict__` made. It is the set that the collector itself finds (and prints under
    gc.DEBUG_COLLECTABLE) before it runs finalizers. So it also has the rings that a finalizer is
    going to break, such as suspended generators, which the number that gc.collect() returns leaves
    out. Objects under gc.freeze() count as outside, as the collector has it. No Python code of the
    program runs, but for audit hooks, which hear of gc.get_objects on 3.11 and of frozen heaps.

    Its `cycles` explain them: a shortest ring of each strongly connected component, every reference
    by its name, the cause, and where to cut. A labeller that the program has registered
    (`labeller`) is the one piece of its code that may run, after the pass.

    Raises MemoryError where there is no memory for the pass: about 40 bytes an object and 4 to 6 a
    reference, and as much again for each object that is found.
    """
    with GcPaused():
        return find()


def cycles(*objs: object) -> Report:
    """Find the live rings that these objects are part of or lead to.

    Modules, classes and the globals of functions are not gone through, unless they are among objs:
    through those everything leads to everything. The figures are those of the components. Nothing
    of it can be freed now: the cut of a live ring frees 0, and is told because it is where
    reference counting would be able to free the ring once nothing else holds it. Raises TypeError
    without an argument, MemoryError as `garbage`.
    """
    if not objs:
        raise TypeError(
            "cycles() takes the objects whose rings are wanted; "
            "garbage() tells the unreachable ones"
        )
    with GcPaused():
        return report_of(_core.live_rings(objs, labellers, object_traceback()), alive=True)
