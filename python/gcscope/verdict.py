"""What is unreachable, and what became of it: garbage, collect, trial.

Each word holds automatic collection off while it works and puts it back as it was, also when it fails.
"""

from __future__ import annotations

import gc

from gcscope import _core
from gcscope.explain import cycles_of
from gcscope.labelling import labellers, object_traceback
from gcscope.report import Arithmetic, Collection, Counts, Fate, Report, Row, Trial, sum_counts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Any

    _Alive = tuple[int, str, str | None, bool]  # a row of _core.alive


class Held:
    """Automatic collection, held off; put back as it was when the last of several threads has done."""

    __slots__ = ()

    def __enter__(self) -> None:
        _core.hold()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        _core.release()


def _difference(counts: Mapping[str, int], less: Mapping[str, int]) -> Counts:
    return Counts({name: n - less.get(name, 0) for name, n in counts.items()})


def _notes(census: _core.Census) -> tuple[str, ...]:
    notes = []
    if census.uncertain:
        notes.append(
            "uncertain: this build of gcscope does not know how this Python marks borrowed references of suspended "
            "generators; what two strong references of one generator keep may be missing"
        )
    if census.over_visited:
        notes.append(
            f"the tp_traverse of some C type shows references that nobody owns: {census.over_visited} "
            f"{'objects are' if census.over_visited > 1 else 'object is'} visited more often than referenced, and "
            "taken for reachable, as the collector does"
        )
    return tuple(notes)


def report_of(census: _core.Census, stories: list[tuple[Any, ...]], alive: bool = False) -> Report:
    """Tell a census and its rings as a report."""
    return Report(
        objects=census.objects,
        bytes=census.bytes,
        types=sum_counts(*census.types()),
        cycles=cycles_of(stories, alive),
        alive=alive,
        notes=_notes(census),
    )


def find(earlier: _core.Census | None = None, extent: int | list[Any] = -1) -> tuple[_core.Census, Report]:
    """Look for what is unreachable now, and not among `earlier`.

    extent: the oldest generation to look at, or a marker, a list: then only at what was made after it, and LookupError
    is raised where that cannot be told any more.
    """
    census, stories = _core.rings(earlier, labellers, object_traceback(), extent)
    return census, report_of(census, stories)


def garbage() -> Report:
    """Tell what a full collection would find unreachable right now.

    A dry run of the collector: nothing is collected, no finalizer is run, no weak reference cleared, no `__dict__`
    made. It is the set that the collector itself finds (and prints under gc.DEBUG_COLLECTABLE) before it runs
    finalizers. So it also has the rings that a finalizer is going to break, such as suspended generators, which the
    number that gc.collect() returns leaves out. Objects under gc.freeze() count as outside, as the collector has it.
    No Python code of the program runs, but for audit hooks, which hear of gc.get_objects on 3.11 and of frozen heaps.

    Its `cycles` explain them: a shortest ring of each strongly connected component, every reference by its name, the
    cause, and where to cut. A labeller that the program has registered (`labeller`) is the one piece of its code that
    may run, after the pass.

    Raises MemoryError where there is no memory for the pass: about 40 bytes an object and 4 to 6 a reference, and as
    much again for each object that is found.
    """
    with Held():
        return find()[1]


def cycles(*objs: object) -> Report:
    """Tell the live rings that these objects are part of or lead to.

    The walk does not go on through modules, classes and the globals of functions, unless they are among objs: through
    those everything leads to everything. The figures are those of the components. Nothing of it can be freed now: the
    cut of a live ring frees 0, and is told because it is where reference counting would be able to free the ring once
    nothing else holds it. Raises TypeError without an argument, MemoryError as `garbage`.
    """
    if not objs:
        raise TypeError("cycles() takes the objects whose rings are wanted; garbage() tells the unreachable ones")
    with Held():
        return report_of(*_core.live_rings(objs, labellers, object_traceback()), alive=True)


def arithmetic(objects: Mapping[str, int]) -> Arithmetic:
    """Tell the collector's arithmetic for some objects: reference count, references from inside, what is left.

    objects maps a label to the address of an object (as from `id`), so that asking holds nothing; the addresses are
    looked up among the objects that the collector tracks. Raises LookupError where there is none.
    """
    with Held():
        found = _core.arithmetic(list(objects.values()))
    rows = []
    for label, row in zip(objects, found, strict=True):
        if row is None:
            raise LookupError(f"no object that the collector tracks is at the address of {label!r}: it was freed?")
        refcount, inside, left, reachable = row
        rows.append(Row(label=label, refcount=refcount, inside=inside, left=left, reachable=reachable, because=None))
    return Arithmetic(rows=tuple(rows))


class _Watch:
    """The deaths of instrumented objects from `begin` until the end of its with statement."""

    __slots__ = ("begun", "first_serial", "since")
    begun: bool
    since: int
    first_serial: int

    def __enter__(self) -> _Watch:
        self.begun = False
        _core.watch_begin()  # what it makes at first is not to be among what the watched code makes
        _core.watch_end()
        return self

    def begin(self) -> None:
        """Note deaths from now on; objects made from now on have first_serial and more."""
        self.since, self.first_serial = _core.watch_begin()
        self.begun = True

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self.begun:
            _core.watch_end()

    def deaths(self) -> dict[int, tuple[str, str]]:
        """Tell them: serial -> (type, what freed it)."""
        return {serial: (type_name, freed_by) for serial, type_name, freed_by in _core.watch_deaths(self.since)}


class _Aftermath:
    """What a collection did to the objects that the dry run had found unreachable."""

    __slots__ = ("found", "freed", "resurrected", "serials", "stuck_serials", "uncollectable")

    def __init__(self, found: _core.Census) -> None:
        self.found = found
        self.serials = {serial for serial, _, _, inside in _core.alive(found) if inside}

    def collect(self) -> None:
        """Run the collector and compare. Other objects than instrumented ones are told by address and type."""
        still = self.found.collect()
        kept_back = gc.garbage if isinstance(gc.garbage, list) else []
        stuck = still.within(_core.census(kept_back))
        self.stuck_serials = {serial for serial, _, _, inside in _core.alive(stuck) if inside}
        self.freed = _difference(self.found.types()[1], still.types()[1])
        self.uncollectable = stuck.types()[1]
        self.resurrected = _difference(still.types()[1], self.uncollectable)

    def fates(self, before: list[_Alive], deaths: Mapping[int, tuple[str, str]]) -> list[Fate]:
        """Tell what became of instrumented objects that were alive before."""
        return [
            Fate(serial=serial, type=type_name, name=name, fate=self._fate(serial, deaths))
            for serial, type_name, name, _ in before
        ]

    def _fate(self, serial: int, deaths: Mapping[int, tuple[str, str]]) -> str:
        if serial in deaths:
            return deaths[serial][1]
        if serial not in self.serials:
            return "survived"
        return "uncollectable" if serial in self.stuck_serials else "resurrected"


def _names(fates: list[Fate], *words: str) -> Counts:
    """Count the types of the instrumented objects with one of these fates."""
    counts: dict[str, int] = {}
    for fate in fates:
        if fate.fate in words:
            counts[fate.type] = counts.get(fate.type, 0) + 1
    return Counts(counts)


_COLLECTOR = ("collector", "collector (inferred)")


def collect() -> Collection:
    """Run a full collection and tell what it did.

    The fates of instrumented objects come from their tp_dealloc. Of all other objects it is told by address and type
    who is tracked no more: a new object of the same type, made by a finalizer at the address of one just freed, would
    be taken for it.
    """
    with Held(), _Watch() as watch:
        watch.begin()
        found, report = find()
        aftermath = _Aftermath(found)
        before = _core.alive(None)
        aftermath.collect()
        fates = aftermath.fates(before, watch.deaths())
        return Collection(
            fates=tuple(fates),
            types=sum_counts(aftermath.freed, _names(fates, "refcount", *_COLLECTOR)),
            resurrected=sum_counts(aftermath.resurrected, _names(fates, "resurrected")),
            uncollectable=sum_counts(aftermath.uncollectable, _names(fates, "uncollectable")),
            cycles=report.cycles,
            notes=report.notes,
        )


def times(count: int) -> str:
    """Write how often something happened."""
    return "once" if count == 1 else f"{count} times"


def collections_so_far() -> int:
    """Count the collections since the interpreter began, of all generations."""
    return sum(generation["collections"] for generation in gc.get_stats())


def trial(func: Callable[..., object], /, *args: object, **kwargs: object) -> Trial:
    """Call func(*args, **kwargs), drop its result, and tell what freed the objects that it made.

    The collector runs before the call, so that what was unreachable before is not blamed on func, and after it. In
    between automatic collection is off; if func collects all the same, a note says so. An exception of func passes
    through, with automatic collection put back as it was. What other threads make meanwhile is among the survivors.
    Raises TypeError if func cannot be called.
    """
    if not callable(func):
        raise TypeError(f"trial() takes a function and calls it, not an object of type {type(func).__qualname__!r}")
    # What is born between the collector's two runs is func's: nothing of our own may be made in between.
    with Held(), _Watch() as watch:
        gc.collect()
        earlier = _core.dry_run()  # what the finalizers of that collection left
        collections = collections_so_far()
        watch.begin()
        func(*args, **kwargs)
        young = _core.census(gc.get_objects(generation=0))
        found, stories = _core.rings(earlier, labellers, object_traceback())
        born = young.without(found)
        return _judge(watch, report_of(found, stories), found, born, collections)


def _judge(watch: _Watch, report: Report, found: _core.Census, born: _core.Census, collections: int) -> Trial:
    """Tell what became of what was found unreachable, and of the rest that was born."""
    collected_inside = collections_so_far() - collections
    aftermath = _Aftermath(found)
    before = _core.alive(None)
    aftermath.collect()
    deaths = watch.deaths()
    theirs = [row for row in before if row[0] >= watch.first_serial or row[0] in aftermath.serials]
    fates = aftermath.fates(theirs, deaths)
    told = {fate.serial for fate in fates}
    early = [
        Fate(serial=serial, type=type_name, name=None, fate=freed_by)
        for serial, (type_name, freed_by) in deaths.items()
        if serial not in told
    ]
    notes = report.notes
    if collected_inside:
        notes += (
            f"the collector ran {times(collected_inside)} during the call: what it freed then is told of "
            "instrumented objects only, and other survivors may be missing",
        )
    return Trial(
        refcount=_names(fates + early, "refcount"),
        collector=sum_counts(aftermath.freed, _names(fates + early, *_COLLECTOR)),
        survived=sum_counts(born.still_tracked().types()[1], _names(fates, "survived")),
        resurrected=sum_counts(aftermath.resurrected, _names(fates, "resurrected")),
        uncollectable=sum_counts(aftermath.uncollectable, _names(fates, "uncollectable")),
        report=report,
        notes=notes,
    )
