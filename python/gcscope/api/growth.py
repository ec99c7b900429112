"""What grew: growth, assert_no_growth."""

from __future__ import annotations

from gcscope import _core
from gcscope.api.assertions import name_of, nothing
from gcscope.api.callables import check_runs
from gcscope.api.why_alive import why_alive_of
from gcscope.explain.growth import (
    birth_place,
    common_path,
    fingerprint,
    path_of,
    watched_place,
)
from gcscope.explain.labellers import object_traceback
from gcscope.model.growth import Grower, GrownType, Growth
from gcscope.model.phrases import plural
from gcscope.render.growth_text import growth_left_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from gcscope.model.results import Chain

    Call = tuple[Callable[..., object], tuple[object, ...], dict[str, object]]

TIMES, ROUNDS = 20, 4
_MOST = 20  # growers and types of which it is searched what keeps them


class _Watched:
    """What grows from census to census, until it is asked for."""

    __slots__ = ("_containers", "rounds", "times")

    def __init__(self, times: int) -> None:
        self._containers = _core.Containers()
        self.times = times
        self.rounds = -1

    def round(self, mark: bool = False) -> None:
        """Take a census; mark: what comes from now on is to be traced to where it is filled."""
        self._containers.round(mark)
        self.rounds += 1

    def stop(self) -> None:
        """End without looking."""
        self._containers.stop()

    def end(self, is_others: Callable[[Chain], bool] | None = None) -> Growth:
        """End, and explain what grew. is_others: tells the asker's own containers by a chain."""
        with _core.Lease():
            return _explained(self._containers.end(), self.times, is_others)


def _per_call(count: int, rounds: int, times: int) -> float:
    return count / (rounds * max(times, 1))


def _bytes_per_call(row: _core.Growing, per_call: float) -> float | None:
    """Return the bytes that came with a call: of new entries, and of their places in the table."""
    if not row.marked_entries:
        return None
    entry = row.marked_bytes / row.marked_entries
    table = row.table_bytes / max(row.table_entries, 1)
    return float(round(per_call * (entry + table), 1))


def _chain(box: list[Any], ours: list[Any]) -> Chain | None:
    """Find what keeps the object in a list alive, other than lists of ours."""
    try:
        return why_alive_of(box, ours)
    except TypeError:  # not tracked, and this Python shows no way to it
        return None


def _specimens(row: _core.Growing) -> Iterator[list[Any]]:
    """Iterate over the containers of a row, each in a list of its own, and in no other then."""
    wanted = 2 if row.containers > 1 else 1
    del row.specimens[wanted:]
    while row.specimens:
        yield [row.specimens.pop(0)]


def _grower(
    row: _core.Growing,
    grown: _core.Grown,
    times: int,
    ours: list[Any],
    is_others: Callable[[Chain], bool] | None,
) -> Grower | None:
    """Explain one grower; None where it is the asker's own."""
    chains = [_chain(box, ours) for box in _specimens(row)]
    if is_others is not None and any(chain is not None and is_others(chain) for chain in chains):
        return None
    paths = [path for path in map(_path, chains) if path is not None]
    path = common_path(paths) if paths else "(nothing that lasts leads to it)"
    per_call = _per_call(row.entries, grown.rounds, times)
    place = watched_place(row.filled)
    birth = None if place is not None else birth_place(row.newest, object_traceback())
    return Grower(
        path=path,
        type=row.type,
        containers=row.containers,
        length=row.length,
        per_call=per_call,
        bytes_per_call=_bytes_per_call(row, per_call),
        filled_at=place or birth,
        is_birth=birth is not None,
        fingerprint=fingerprint(row.type, path),
    )


def _path(chain: Chain | None) -> str | None:
    return None if chain is None else path_of(chain)


def _grown_type(
    row: _core.GrowingType, grown: _core.Grown, times: int, ours: list[Any]
) -> GrownType:
    chain = _chain([row.specimen.pop()], ours)
    per_call = _per_call(row.objects, grown.rounds, times)
    return GrownType(type=row.type, per_call=per_call, path=_path(chain))


def _is_within(path: str | None, paths: list[str]) -> bool:
    """Whether a path leads through one of these."""
    return path is not None and any(
        path.startswith((f"{through}[", f"{through}.", f"{through} ")) for through in paths
    )


def _notes(grown: _core.Grown) -> tuple[str, ...]:
    notes = []
    if grown.refused:
        notes.append(
            "where dicts are filled could not be watched: all eight dict watchers of this "
            "interpreter are taken"
        )
    for rows, noun in ((grown.containers, "other grower"), (grown.types, "other type")):
        if len(rows) > _MOST:
            notes.append(f"{plural(len(rows) - _MOST, noun)} left out, which grew less")
    return tuple(notes)


def _explained(grown: _core.Grown, times: int, is_others: Callable[[Chain], bool] | None) -> Growth:
    notes = _notes(grown)
    containers, types = grown.containers, grown.types
    types.sort(key=lambda row: (-row.objects, row.type))
    del containers[_MOST:], types[_MOST:]
    ours = [row.specimens for row in containers] + [row.newest for row in containers]
    ours += [row.specimen for row in types]
    rows = [_grower(row, grown, times, ours, is_others) for row in containers]
    growers = [grower for grower in rows if grower is not None]
    paths = [grower.path for grower in growers]
    grown_types = [_grown_type(row, grown, times, ours) for row in types]
    return Growth(
        growers=tuple(growers),
        grown_types=tuple(row for row in grown_types if not _is_within(row.path, paths)),
        times=times,
        rounds=grown.rounds,
        notes=notes,
    )


def _repeat(call: Call, times: int) -> None:
    func, args, kwargs = call
    for _ in range(times):
        func(*args, **kwargs)


def growth_of(
    calls: list[Call],
    times: int = TIMES,
    rounds: int = ROUNDS,
    is_others: Callable[[Chain], bool] | None = None,
) -> Growth:
    """Find what grows by the one call in a list, which is taken out of it."""
    call = calls.pop()
    watched = _Watched(times)
    try:
        _repeat(call, 1)
        watched.round()
        for number in range(1, rounds + 1):
            _repeat(call, times)
            watched.round(number == rounds)
        _repeat(call, times)
        watched.round()
    except BaseException:
        watched.stop()  # a traceback that is kept has this frame
        raise
    del call  # what it holds is not kept by this frame, as the answer would have it
    return watched.end(is_others)


def failure_of(found: Growth, who: str) -> str:
    """Write why who fails that makes something grow."""
    return growth_left_text(found, who)


class GrowthWatch:
    """What `growth` returns without a function: a context manager for live traffic."""

    __slots__ = ("_report", "_watched")

    def __init__(self) -> None:
        self._watched: _Watched | None = None
        self._report: Growth | None = None

    def __enter__(self) -> GrowthWatch:
        if self._watched is not None:
            raise RuntimeError("this growth is in use: call growth() once for each block")
        self._report = None
        watched = _Watched(0)
        watched.round()
        self._watched = watched
        return self

    def round(self) -> None:
        """End a round: what has not grown in it is no grower."""
        watched = self._watched
        if watched is None:
            raise RuntimeError("this growth has not begun: use it in a with statement")
        watched.round(watched.rounds == 0)

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        watched, self._watched = self._watched, None
        if watched is None:
            raise RuntimeError("this growth has not begun: use it in a with statement")
        if kind is not None:
            watched.stop()
            return
        if watched.rounds == 0:
            watched.round()
        self._report = watched.end()

    @property
    def report(self) -> Growth:
        """Return what grew. Raises RuntimeError before the block has ended."""
        if self._report is None:
            raise RuntimeError("the report of a growth is there when its with block has ended")
        return self._report


def _check_numbers(word: str, times: object, rounds: object) -> None:
    for name, number in (("times", times), ("rounds", rounds)):
        if type(number) is not int:
            kind = type(number).__qualname__
            raise TypeError(f"{word}() takes an int as {name}, not an object of type {kind!r}")
        if number < 1:
            raise ValueError(f"{word}() takes at least 1 as {name}, not {number}")


def _check_function(word: str, func: object) -> None:
    if not callable(func):
        called = " (what a call of it has returned?)" if func is None else ""
        raise TypeError(
            f"{word}() takes a function and calls it, not an object of type "
            f"{type(func).__qualname__!r}{called}"
        )
    check_runs(func, word)


def growth(
    func: Callable[..., object] = nothing,
    /,
    *args: object,
    times: int = TIMES,
    rounds: int = ROUNDS,
    **kwargs: object,
) -> Any:
    """Find what grows with each call: containers that are longer after every round.

        print(gcscope.growth(handle, request))

        with gcscope.growth() as watched:       # live traffic
            for _ in range(4):
                serve_for_a_minute()
                watched.round()
        print(watched.report)

    func(*args, **kwargs) is called once to warm up, then `times` times in each of `rounds` rounds,
    and in a last one, which has to grow as well and finds out where growers are filled. Its results
    are dropped; an exception of it passes through. A grower is a list, dict, set or deque, or one
    of a type derived from those, that has the same address and type and is longer after every
    round; or many of one path that grow together, such as `app.registry[*].listeners`: then as long
    as there is one of them in every round that is longer. So a cache that fills up and stops in
    between is none.

    For each it is told where it is kept, how many entries and bytes come with a call, and where it
    is filled: a dict by a dict watcher (Python 3.12 and newer); of others, while tracemalloc runs,
    where the newest entry was made. Types of which there are more after every round, in no
    container that grows, are in `types`. What other threads do meanwhile is in it.

    Without func it is a context manager, whose `round()` ends a round and whose `report` is there
    after the block; per call means per round then. Automatic collection goes on as the program has
    it. A round costs a pass over the heap, and the search for what keeps a grower some more where
    there is one.

    Raises TypeError if func cannot be called, or is a generator function or async function, whose
    body a call does not run; ValueError if times or rounds are less than 1; MemoryError where there
    is no memory for a pass.
    """
    if func is nothing:
        if args or kwargs or (times, rounds) != (TIMES, ROUNDS):
            raise TypeError(
                "growth() takes a function and its arguments, or, for a with block, nothing: "
                "there its rounds end where round() is called"
            )
        return GrowthWatch()
    _check_function("growth", func)
    _check_numbers("growth", times, rounds)
    calls: list[Call] = [(func, args, kwargs)]
    del func, args, kwargs
    return growth_of(calls, times, rounds)


def assert_no_growth(
    func: Callable[..., object],
    /,
    *args: object,
    times: int = TIMES,
    rounds: int = ROUNDS,
    **kwargs: object,
) -> None:
    """Fail if a container grows with each call.

        assert_no_growth(handle, request)

    Otherwise as `growth`. Raises AssertionError with its text where there is a grower. Types alone
    do not fail it.
    """
    _check_function("assert_no_growth", func)
    _check_numbers("assert_no_growth", times, rounds)
    name = f"{name_of(func)}()"
    calls: list[Call] = [(func, args, kwargs)]
    del func, args, kwargs
    found = growth_of(calls, times, rounds)
    if found:
        raise AssertionError(failure_of(found, name))
