"""How long collections stop a program: pauses."""

from __future__ import annotations

from gcscope import _core
from gcscope.api.garbage import notes_of
from gcscope.explain.cycles import cycles_of
from gcscope.explain.labellers import object_traceback
from gcscope.explain.pauses import advice_of
from gcscope.model.merge import merged
from gcscope.model.pauses import FULL, Pause, Pauses, PauseTotal
from gcscope.model.phrases import plural
from gcscope.model.record import changed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gcscope.model.results import Cycle

SHARE = 0.02  # of the time, for dry runs


def _explained(form: _core.Ring) -> Cycle:
    """Explain one form of ring now: it is told of many collections, in copies."""
    (cycle,) = cycles_of([form])
    _ = cycle.ring
    return cycle


def _pause(row: _core.Pause, cycles: list[Cycle]) -> Pause:
    forms = row.forms or {}
    found = (changed(cycles[place], count=rings) for place, rings in forms.items())
    return Pause(
        generation=row.generation,
        began=row.began,
        seconds=row.seconds,
        examined=row.examined,
        freed=row.freed,
        asked=row.asked,
        sampled=row.forms is not None,
        cycles=merged(found),
    )


def _total(generation: int, row: _core.PauseTotal) -> PauseTotal:
    return PauseTotal(
        generation=generation,
        collections=row.collections,
        asked=row.asked,
        seconds=row.seconds,
        longest=row.longest,
        freed=row.freed,
        examined=row.examined,
        examined_in=row.examined_in,
        unseen=row.unseen,
    )


def _notes(row: _core.Paused, share: float) -> tuple[str, ...]:
    notes = list(notes_of(row))
    more = sum(total.collections for total in row.totals) - len(row.kept)
    unseen = sum(total.unseen for total in row.totals)
    if unseen:
        notes.append(
            f"{plural(unseen, 'collection')} more, by the interpreter's count, went unseen: a "
            "change of gc.callbacks or a fork came between"
        )
    if more:
        notes.append(f"{plural(more, 'collection')} before those listed: in the sums only")
    if row.failed:
        notes.append(f"{plural(row.failed, 'dry run')} failed: memory was exhausted")
    if row.left_out:
        notes.append(f"{plural(row.left_out, 'ring')} of further forms left out: too many forms")
    if share and not (_core.WALKS_GENERATIONS or _core.FREE_THREADED):
        notes.append("no dry run: this Python does not show what a collection is about to look at")
    return tuple(notes)


def _record(row: _core.Paused, share: float) -> Pauses:
    """Make the record of what was noted, while no automatic collection comes."""
    with _core.Lease():
        row.kept.sort(key=_began)
        forms = [_explained(form) for form in row.forms]
        first = FULL + 1 - len(row.totals)
        totals = tuple(_total(first + place, total) for place, total in enumerate(row.totals))
        cycles = merged(forms)
        return Pauses(
            collections=tuple(_pause(kept, forms) for kept in row.kept),
            totals=totals,
            cycles=cycles,
            elapsed=row.elapsed,
            sampled=row.sampled,
            sampling=row.sampling,
            advice=advice_of(totals, cycles, row.sampled, row.elapsed),
            notes=_notes(row, share),
        )


def _began(row: _core.Pause) -> float:
    return row.began


class PausesWatch:
    """What `pauses` returns: a context manager that notes each collection."""

    __slots__ = ("_noted", "_pauses", "_report", "_share")

    def __init__(self, sampling: float = SHARE) -> None:
        self._share = sampling
        self._pauses: _core.Pauses | None = None
        self._noted: _core.Paused | None = None
        self._report: Pauses | None = None

    def __enter__(self) -> PausesWatch:
        if self._pauses is not None:
            raise RuntimeError("this pauses is in use: call pauses() once for each block")
        self._noted = self._report = None
        pauses = self._pauses = _core.Pauses(self._share, object_traceback())
        try:
            pauses.begin()
        except BaseException:
            self._pauses = None
            raise
        return self

    def round(self) -> Pauses:
        """Return what was noted, and go on: what comes now is in the next round or the report.

        For who exports figures now and then. No collection is lost between two rounds, and dry
        runs stay within their share of the whole time. Raises RuntimeError outside of the block,
        MemoryError: then nothing is lost, and the next round has all of it.
        """
        if self._pauses is None:
            raise RuntimeError("this pauses has not begun: use it in a with statement")
        return _record(self._pauses.round(), self._share)

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        pauses, self._pauses = self._pauses, None
        if pauses is None:
            raise RuntimeError("this pauses has not begun: use it in a with statement")
        try:
            self._noted = pauses.end()
        except MemoryError:
            if kind is None:  # an exception of the block goes before it
                raise

    @property
    def report(self) -> Pauses:
        """Return what was noted since the last round. Raises RuntimeError before the block ends."""
        if self._report is None:
            if self._noted is None:
                raise RuntimeError("the report of pauses is there when its with block has ended")
            self._report = _record(self._noted, self._share)
        return self._report


def pauses(sampling: float = SHARE) -> PausesWatch:
    """Note each collection in a with block: how long it took, what it looked at, what it freed.

        with gcscope.pauses() as watched:
            serve_for_a_minute()
        print(watched.report)

    While a collection runs nothing else of the program does. Noted are those of all threads, in
    whichever thread the block is: the generation, how long it took, how many objects it examined,
    how many it freed, and whether somebody called gc.collect(). A collection costs some
    microseconds more; the last 4,000 of each generation are kept one by one, and sums over all.

    Which rings a full collection is about to find is seen by a dry run just before it, which takes
    half as long as the collection to as long, while the program stands still as well, and the
    memory that `garbage` takes. It is made before the first full collection, and then as often as
    all dry runs together take at most `sampling` of the time; with 0 never. Where the figures say
    so, `.advice` says what would help.

    Automatic collection goes on as the program has it. A child that the program forks is not
    watched. Raises ValueError if sampling is no share, TypeError if it is no number, MemoryError.
    """
    if isinstance(sampling, bool) or not isinstance(sampling, (int, float)):
        raise TypeError(
            f"pauses() takes a number as sampling, not an object of type "
            f"{type(sampling).__qualname__!r}"
        )
    if not 0 <= sampling <= 1:
        raise ValueError(f"pauses() takes a share from 0 to 1 as sampling, not {sampling}")
    return PausesWatch(float(sampling))
