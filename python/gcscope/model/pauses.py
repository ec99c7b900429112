"""How long collections stopped a program, what they looked at, and what they freed."""

from __future__ import annotations

from gcscope.model.record import Record
from gcscope.model.results import Cycle

FULL = 2  # the generation that has all objects


class Pause(Record):
    """A collection, during which nothing else of the program could run."""

    generation: int
    """Which objects it looked at: 0 the youngest, 2 all. On free-threaded Python each looks at all,
    and is told as 2, whatever it says itself."""
    began: float
    """Seconds after the watch had begun."""
    seconds: float
    """Seconds that it took: as the interpreter says (Python 3.15 and newer), else between the start
    and the stop that it tells functions in gc.callbacks."""
    examined: int | None
    """How many objects it looked at. None where that is not known: before Python 3.15 of a
    collection that was not sampled."""
    freed: int
    """How many objects it freed, as it says itself."""
    asked: bool = False
    """Whether somebody called gc.collect(): by the counters of the collector none was due. False
    for one that came by itself, and where that is not known."""
    sampled: bool = False
    """Whether a dry run was made just before it. Its time is not in `seconds`."""
    cycles: tuple[Cycle, ...] = ()
    """The rings that it was about to find, those that hold most objects first. Figures are of the
    largest of a form that was met, `count` is of this collection. Empty where it was not
    sampled."""


class PauseTotal(Record):
    """All collections of one generation, those that are not kept one by one among them."""

    generation: int
    """Which generation."""
    collections: int
    """How many there were."""
    asked: int
    """How many of those somebody asked for by gc.collect()."""
    seconds: float
    """Seconds that they took together."""
    longest: float
    """Seconds of the longest."""
    freed: int
    """How many objects they freed."""
    examined: int
    """How many objects those looked at of which that is known."""
    examined_in: int
    """How many collections those are."""
    unseen: int = 0
    """How many there were besides, by the interpreter's own count, of which nothing is known."""


class Pauses(Record):
    """What the collector cost while something ran. True when it ran at all."""

    collections: tuple[Pause, ...]
    """The last 4,000 collections of each generation, in the order in which they came. `totals` has
    all of them."""
    totals: tuple[PauseTotal, ...]
    """All collections by generation, the youngest first; on free-threaded Python, which has no
    generations, one for all."""
    cycles: tuple[Cycle, ...]
    """The rings of all sampled collections: how many of each form, those that hold most objects
    first."""
    elapsed: float
    """Seconds for which the program was watched."""
    sampled: int
    """Before how many full collections a dry run was made."""
    sampling: float
    """Seconds that those took, for which the program stood still, too. They are in no pause."""
    advice: str | None
    """What would make the pauses fewer or shorter, with the figures that say so and its price. None
    where no figures do."""
    notes: tuple[str, ...]
    """What one must know to read it."""

    @property
    def seconds(self) -> float:
        """Seconds that all collections took together."""
        return sum(total.seconds for total in self.totals)

    def __bool__(self) -> bool:
        return any(total.collections for total in self.totals)
