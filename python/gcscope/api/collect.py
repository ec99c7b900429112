"""What became of what was unreachable: collect, trial."""

from __future__ import annotations

import gc

from gcscope import _core
from gcscope.api.follow import Follower, Found
from gcscope.api.garbage import report_of, unreachable_rings
from gcscope.model.record import Counts, sum_counts
from gcscope.model.results import Collection, Fate, Trial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def _difference(counts: Mapping[str, int], less: Mapping[str, int]) -> Counts:
    return Counts({name: n - less.get(name, 0) for name, n in counts.items()})


def _deaths(log: _core.DeathLog) -> dict[int, tuple[str, str]]:
    """End a log, and return the deaths: serial -> (type, what freed it)."""
    return {row.serial: (row.type, row.freed_by) for row in log.end()}


def _listed(found: _core.RollCall) -> set[int]:
    """Return the serials of the instrumented objects in a roll call."""
    return {row.serial for row in _core.alive(found) if row.listed}


class _Aftermath:
    """What a collection did to the objects that the dry run had found unreachable."""

    __slots__ = ("found", "freed", "resurrected", "serials", "stuck_serials", "uncollectable")

    def __init__(self, found: _core.RollCall) -> None:
        self.found = found
        self.serials = _listed(found)

    def collect(self) -> None:
        """Run the collector and compare; what is not instrumented is known by address and type."""
        still = self.found.collect()
        kept_back = gc.garbage if isinstance(gc.garbage, list) else []
        stuck = still.within(_core.roll_call(kept_back))
        self.stuck_serials = _listed(stuck)
        self.freed = _difference(self.found.types()[1], still.types()[1])
        self.uncollectable = stuck.types()[1]
        self.resurrected = _difference(still.types()[1], self.uncollectable)

    def fates(
        self, before: list[_core.Living], deaths: Mapping[int, tuple[str, str]]
    ) -> list[Fate]:
        """Return what became of instrumented objects that were alive before."""
        return [
            Fate(
                serial=row.serial,
                type=row.type,
                name=row.name,
                fate=self._fate(row.serial, deaths),
            )
            for row in before
        ]

    def _fate(self, serial: int, deaths: Mapping[int, tuple[str, str]]) -> str:
        if serial in deaths:
            return deaths[serial][1]
        if serial not in self.serials:
            return "survived"
        return "uncollectable" if serial in self.stuck_serials else "resurrected"


def _types_of(fates: list[Fate], *words: str) -> Counts:
    """Count the types of the instrumented objects with one of these fates."""
    counts: dict[str, int] = {}
    for fate in fates:
        if fate.fate in words:
            counts[fate.type] = counts.get(fate.type, 0) + 1
    return Counts(counts)


_COLLECTOR = ("collector", "collector (inferred)")


def collect() -> Collection:
    """Run a full collection and return what it did.

    The fates of instrumented objects come from their tp_dealloc. Which of all others are gone is
    decided by address and type: a new object of the same type, made by a finalizer at the address
    of one just freed, would be mistaken for it.
    """
    with _core.Lease():
        log = _core.DeathLog()
        rings = unreachable_rings()
        report = report_of(rings)
        aftermath = _Aftermath(rings.objects)
        before = _core.alive(None)
        aftermath.collect()
        fates = aftermath.fates(before, _deaths(log))
        return Collection(
            fates=tuple(fates),
            types=sum_counts(aftermath.freed, _types_of(fates, "refcount", *_COLLECTOR)),
            resurrected=sum_counts(aftermath.resurrected, _types_of(fates, "resurrected")),
            uncollectable=sum_counts(aftermath.uncollectable, _types_of(fates, "uncollectable")),
            cycles=report.cycles,
            notes=report.notes,
        )


def trial(func: Callable[..., object], /, *args: object, **kwargs: object) -> Trial:
    """Call func(*args, **kwargs), drop its result, and find what freed the objects that it made.

    The collector runs before the call, so that what was unreachable before is not blamed on func,
    and after it. In between automatic collection goes on as the program has it: what it takes
    meanwhile counts as freed by the collector. An exception of func passes through. What other
    threads make meanwhile is among the survivors. Raises TypeError if func cannot be called,
    MemoryError where there is no memory for a pass.
    """
    if not callable(func):
        raise TypeError(
            "trial() takes a function and calls it, not an object of type "
            f"{type(func).__qualname__!r}"
        )
    gc.collect()
    log = _core.DeathLog()
    follower = Follower()
    follower.begin()
    func(*args, **kwargs)
    found = follower.end(survivors=True)  # what a with statement makes is not func's
    with _core.Lease():
        return _judge(log, found)


def _judge(log: _core.DeathLog, found: Found) -> Trial:
    """Find what became of what was found unreachable, and of the rest that was made."""
    report = found.report()
    left = _core.roll_call([]) if found.left is None else found.left.objects
    aftermath = _Aftermath(left)
    before = _core.alive(None)
    aftermath.collect()
    made = _core.roll_call([]) if found.made is None else found.made
    deaths = _deaths(log)
    theirs = [
        row for row in before if row.serial >= log.first_serial or row.serial in aftermath.serials
    ]
    fates = aftermath.fates(theirs, deaths)
    told = {fate.serial for fate in fates}
    early = [
        Fate(serial=serial, type=type_name, name=None, fate=freed_by)
        for serial, (type_name, freed_by) in deaths.items()
        if serial not in told
    ]
    return Trial(
        refcount=_types_of(fates + early, "refcount"),
        collector=sum_counts(
            aftermath.freed, found.collected_others, _types_of(fates + early, *_COLLECTOR)
        ),
        survived=sum_counts(made.still_tracked().types()[1], _types_of(fates, "survived")),
        resurrected=sum_counts(aftermath.resurrected, _types_of(fates, "resurrected")),
        uncollectable=sum_counts(aftermath.uncollectable, _types_of(fates, "uncollectable")),
        report=report,
        notes=report.notes,
    )
