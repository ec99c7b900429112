"""What grew: containers that are longer after every round, and types of which there are more."""

from __future__ import annotations

from gcscope.model.record import Positive, Record, changed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_View: type = type(type.__dict__)  # types.MappingProxyType, without the module


class Grower(Record):
    """A container that grew in every round, or many of one path that grew together."""

    path: str
    """Where it is kept: an expression to type, such as `app.CACHE`, where there is one, after the
    import of its module. `[*]` stands where many containers of one path differ."""
    type: str
    """The type of the container."""
    containers: Positive = 1
    """How many containers of that path grew."""
    length: int
    """Entries that it has now; all of them together, where there are many."""
    per_call: float
    """Entries that came with each call; of live traffic, with each round."""
    bytes_per_call: float | None
    """Bytes that came with each call: what the new entries lead to that was not there before, and
    their share of the container's own table. None where that was not measured: it takes two
    rounds."""
    filled_at: str | None
    """file:line of the code that fills it; where `is_birth`, of the code that made the newest
    entry. None where that is not known."""
    is_birth: bool = False
    """Whether tracemalloc has told `filled_at`, which knows where objects are made."""
    fingerprint: str
    """The same for this type and path in every run: a hash, without indexes."""


class GrownType(Record):
    """A type of which there were more objects in every round, in no container that grew."""

    type: str
    """Its name."""
    per_call: float
    """How many more there were with each call."""
    path: str | None
    """What keeps one of them, as a path; None where nothing does: it is in a ring that the
    collector has not freed yet."""


class Growth(Record):
    """What grew in every round. True when there is a grower.

    `later - earlier` has what grows now and did not before, or grows faster.
    """

    growers: tuple[Grower, ...]
    """The containers, those with most bytes first."""
    grown_types: tuple[GrownType, ...]
    """The types, those with most objects first."""
    times: int
    """Calls in a round; 0 of live traffic, where what comes is told for a round."""
    rounds: int
    """How many rounds there were, each of which had to grow."""
    notes: tuple[str, ...]
    """What one must know to read it."""
    compared: bool = False
    """Whether this is the difference of two."""

    @property
    def types(self) -> Mapping[str, float]:
        """How many objects came with each call, by the name of the type."""
        view: Mapping[str, float] = _View(
            {grown.type: grown.per_call for grown in self.grown_types}
        )
        return view

    def __sub__(self, earlier: object) -> Growth:
        """Leave out what grew before, and not less. Raises ValueError for another unit."""
        if not isinstance(earlier, Growth):
            return NotImplemented
        if bool(self.times) is not bool(earlier.times):
            raise ValueError("one tells what comes with a call, the other what comes with a round")
        before = {grower.fingerprint: grower.per_call for grower in earlier.growers}
        of_types = earlier.types
        return changed(
            self,
            growers=tuple(g for g in self.growers if g.per_call > before.get(g.fingerprint, 0)),
            grown_types=tuple(g for g in self.grown_types if g.per_call > of_types.get(g.type, 0)),
            compared=True,
        )

    def __bool__(self) -> bool:
        return bool(self.growers)
