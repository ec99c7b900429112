"""What became of what was unreachable: collect, trial."""

from __future__ import annotations

import gc

from gcscope import _core
from gcscope.api.callables import check_runs
from gcscope.api.follow import Follower, Found
from gcscope.api.garbage import report_of, unreachable_rings
from gcscope.model.record import Counts, sum_counts
from gcscope.model.results import Collection, Fate, Trial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any


def _difference(counts: Mapping[str, int], less: Mapping[str, int]) -> Counts:
    return Counts({name: n - less.get(name, 0) for name, n in counts.items()})


class _Aftermath:
    """What a collection did to the objects that the dry run had found unreachable.

    What is not instrumented is known by address and type.
    """

    __slots__ = ("found", "freed", "resurrected", "stuck", "uncollectable")

    def __init__(self, found: _core.RollCall) -> None:
        """Run the collector and compare."""
        still = found.collect()
        self.found = found
        kept_back = gc.garbage if isinstance(gc.garbage, list) else []
        self.stuck = still.within(_core.roll_call(kept_back))
        self.freed = _difference(found.types()[1], still.types()[1])
        self.uncollectable = self.stuck.types()[1]
        self.resurrected = _difference(still.types()[1], self.uncollectable)


class _Fates:
    """The fates that the core has noted, to be told one by one when that is asked for."""

    __slots__ = ("_fates",)

    def __init__(self, fates: _core.Fates) -> None:
        self._fates = fates

    def __iter__(self) -> Iterator[Fate]:
        for place in range(len(self._fates)):
            row = self._fates[place]
            yield Fate(serial=row.serial, type=row.type, name=row.name, fate=row.fate)

    def counts(self) -> Counts:
        """Count them by their words."""
        counts = self._fates.counts()
        return Counts({fate: sum(types.values()) for fate, types in counts.items()})


_COLLECTOR = ("collector", "collector (inferred)")


def collect() -> Collection:
    """Run a full collection and return what it did.

    The fates of instrumented objects come from their tp_dealloc; they are kept as 24 bytes each,
    and made to records when `fates` is first looked at. Which of all others are gone is decided by
    address and type: a new object of the same type, made by a finalizer at the address of one just
    freed, would be mistaken for it.
    """
    with _core.Lease():
        rings = unreachable_rings()
        report = report_of(rings)
        with _core.Fates() as fates:
            aftermath = _Aftermath(rings.objects)
            fates.end(aftermath.found, aftermath.stuck)
        told: Any = _Fates(fates)  # a tuple to who looks at it
        counts = fates.counts()
        freed = [counts[fate] for fate in ("refcount", *_COLLECTOR)]
        return Collection(
            fates=told,
            types=sum_counts(aftermath.freed, *freed),
            resurrected=sum_counts(aftermath.resurrected, counts["resurrected"]),
            uncollectable=sum_counts(aftermath.uncollectable, counts["uncollectable"]),
            cycles=report.cycles,
            notes=report.notes,
        )


def trial(func: Callable[..., object], /, *args: object, **kwargs: object) -> Trial:
    """Call func(*args, **kwargs), drop its result, and find what freed the objects that it made.

    The collector runs before the call, so that what was unreachable before is not blamed on func,
    and after it. In between automatic collection goes on as the program has it: what it takes
    meanwhile counts as freed by the collector. An exception of func passes through. What other
    threads make meanwhile counts as though func had made it. Raises TypeError if func cannot be
    called, or is a generator function or async function, whose body a call does not run;
    MemoryError where there is no memory for a pass.
    """
    if not callable(func):
        raise TypeError(
            "trial() takes a function and calls it, not an object of type "
            f"{type(func).__qualname__!r}"
        )
    check_runs(func, "trial")
    gc.collect()
    first_serial, deaths = _next_serial(), _core.journal_deaths()
    follower = Follower()
    follower.begin()
    try:
        func(*args, **kwargs)
    except BaseException:
        follower.stop()  # a traceback that is kept has this frame
        raise
    found = follower.end(survivors=True)  # what a with statement makes is not func's
    with _core.Lease():
        return _judge(found, first_serial, deaths)


def _next_serial() -> int:
    """Return the serial that the next instrumented object will have."""
    return _core.journal_totals()["created"] + 1


def _judge(found: Found, first_serial: int, before: dict[str, dict[str, int]]) -> Trial:
    """Find what became of what was found unreachable, and of the rest that was made.

    first_serial: of the first instrumented object that func may have made. before: the deaths until
    then. What a finalizer makes now is nobody's.
    """
    report = found.report_with_share()
    left = _core.roll_call([]) if found.left is None else found.left.objects
    end_serial = _next_serial()
    aftermath = _Aftermath(left)
    made = _core.roll_call([]) if found.made is None else found.made
    living = _core.living(left, aftermath.stuck, first_serial, end_serial)
    deaths = {
        freed_by: _difference(types, before[freed_by])
        for freed_by, types in _core.journal_deaths().items()
    }
    return Trial(
        refcount=deaths["refcount"],
        collector=sum_counts(
            aftermath.freed, found.collected_others, *(deaths[word] for word in _COLLECTOR)
        ),
        survived=sum_counts(made.still_tracked().types()[1], living["survived"]),
        resurrected=sum_counts(aftermath.resurrected, living["resurrected"]),
        uncollectable=sum_counts(aftermath.uncollectable, living["uncollectable"]),
        report=report,
        notes=report.notes,
    )
