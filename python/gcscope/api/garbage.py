"""What is unreachable now, and which rings are alive: garbage, cycles. Nothing is changed."""

from __future__ import annotations

from gcscope import _core
from gcscope.explain.cycles import cycles_of
from gcscope.explain.hops import Node
from gcscope.explain.labellers import labellers, object_traceback
from gcscope.explain.sizers import Extra, sizers
from gcscope.model.phrases import COLLECTING
from gcscope.model.record import sum_counts
from gcscope.model.results import Report, Waiting


def notes_of(found: _core.RollCall | _core.Followed | _core.Paused) -> tuple[str, ...]:
    """Write what is uncertain about a verdict."""
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


def report_of(
    rings: _core.Rings, alive: bool = False, objs: tuple[object, ...] | None = None
) -> Report:
    """Make a report of the rings among some objects: those of cycles, None of garbage."""
    found, extra = rings.objects, Extra(rings.sized, alive)
    collecting = (COLLECTING,) if _core.is_collected(objs) else ()
    return Report(
        objects=found.objects,
        bytes=rings.bytes + extra.of_all,
        types=sum_counts(*found.types()),
        cycles=cycles_of(rings.forms, alive, extra),
        alive=alive,
        notes=notes_of(found) + collecting,
        waiting=tuple(
            Waiting(why=row.why, types=sum_counts(*row.types), kept=row.kept)
            for row in rings.waiting
        ),
        running=tuple(Node(node).link("") for node in rings.running),
    )


def unreachable_rings() -> _core.Rings:
    """Find what is unreachable now, with its rings."""
    return _core.unreachable_rings(labellers, object_traceback(), sizers)


def garbage() -> Report:
    """Find what a full collection would find unreachable right now.

    A dry run of the collector: nothing is collected, no finalizer is run, no weak reference
    cleared, no `__dict__` made. It is the set that the collector itself finds (and prints under
    gc.DEBUG_COLLECTABLE) before it runs finalizers. So it also has the rings that a finalizer is
    going to break, such as suspended generators, which the number that gc.collect() returns leaves
    out. Objects under gc.freeze() count as outside, as the collector has it. What a collection that
    is under way has found is not seen by the finalizers that it runs: a note says so. No Python
    code of the program runs (on CPython 3.14.0 to 3.14.4 audit hooks do: they hear of
    gc.get_objects).

    Its `cycles` explain them: for each strongly connected component the ring that stands for it,
    every reference by its name, the cause, and where to cut. What the program has registered
    (`labeller`, `sizer`) is all of its code that may run, after the pass.

    In free-threaded Python `waiting` has what is in no ring and yet not freed: classes, modules,
    code objects and functions of modules, which only the collector frees there, and what waits for
    the thread that made it. Other threads are stopped while the heap is read.

    Raises MemoryError where there is no memory for the pass: about 30 bytes an object and 4 a
    reference of all that lives, 65 for each object in rings that are the whole of their component,
    and of a component with a choice of rings about 80 an object and 25 to 30 a reference.
    """
    with _core.Lease():
        return report_of(unreachable_rings())


def cycles(*objs: object) -> Report:
    """Find the live rings that these objects are part of or lead to.

    Modules, classes and the globals of functions are not gone through, unless they are among objs:
    through those everything leads to everything. The figures are those of the components. Nothing
    of it can be freed now: the cut of a live ring frees 0, and is told because it is where
    reference counting would be able to free the ring once nothing else holds it. In a finalizer
    that a collection runs, a note says that an object is being collected. Raises TypeError
    without an argument, MemoryError as `garbage`.
    """
    if not objs:
        raise TypeError(
            "cycles() takes the objects whose rings are wanted; "
            "garbage() tells the unreachable ones"
        )
    with _core.Lease():
        rings = _core.live_rings(objs, labellers, object_traceback(), sizers)
        return report_of(rings, True, objs)
