"""Rings that must not be there: assert_no_cycles, assert_released."""

from __future__ import annotations

import gc

from gcscope import _core
from gcscope.api.callables import CO_COROUTINE, check_runs, code_flags
from gcscope.api.follow import Follower
from gcscope.api.holders import holders
from gcscope.api.watch import Watch
from gcscope.api.why_alive import why_alive
from gcscope.model.innocent import blamed
from gcscope.model.phrases import with_article
from gcscope.model.record import changed, sum_counts
from gcscope.model.results import Chain, Cycle, Holders
from gcscope.render.text import held_text, left_behind_text, release_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class _NoCycles:
    """A block that must leave no rings behind."""

    __slots__ = ("_watch", "_who")

    def __init__(self, who: str, older: bool = False) -> None:
        self._watch = Watch(older)
        self._who = who

    def __enter__(self) -> None:
        self._watch.__enter__()

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        self._watch.__exit__(kind, *error)
        if kind is None and blamed(self._watch.report.cycles):
            raise AssertionError(left_behind_text(self._watch.report, self._who))


def name_of(func: Callable[..., object]) -> str:
    """Return what a function is called."""
    name: str = getattr(func, "__qualname__", type(func).__qualname__)
    return name


class _Nothing:
    """What stands for no function at all. None does not: it is what most calls have returned."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "nothing"


nothing: Any = _Nothing()


def assert_no_cycles(
    func: Callable[..., object] = nothing, /, *args: object, **kwargs: object
) -> Any:
    """Fail unless a call, or a with block, leaves nothing to the collector.

        assert_no_cycles(func, *args, **kwargs)

        with assert_no_cycles():                # or, as of watch, (older=True)
            work()

    The result of func is dropped. Raises AssertionError with the report: each ring, its references
    by name, its cause and where to cut. An exception of func or of the block passes through, and
    nothing is judged then. Classes that imports leave fail nothing. Otherwise as `watch`; the shape
    is that of numpy.testing.assert_no_gc_cycles. Raises TypeError if func cannot be called, or is a
    generator function or async function, whose body a call does not run.
    """
    if func is nothing:
        older = kwargs.pop("older", False)
        if args or kwargs or not isinstance(older, bool):
            raise TypeError(
                "assert_no_cycles() takes a function and its arguments, or, for a with block, "
                "nothing or older=True"
            )
        return _NoCycles("the block", older)
    if not callable(func):
        called = " (what a call of it has returned?)" if func is None else ""
        raise TypeError(
            "assert_no_cycles() takes a function and calls it, not an object of type "
            f"{type(func).__qualname__!r}{called}"
        )
    check_runs(func, "assert_no_cycles")
    with _NoCycles(f"{name_of(func)}()"):
        func(*args, **kwargs)
    return None


def _check_factory(factory: Callable[[], object]) -> None:
    if not callable(factory):
        raise TypeError(
            "assert_released() takes a function that makes an object, and calls it, not an object "
            f"of type {type(factory).__qualname__!r}: with the object already there, lambda: obj "
            "would hold it"
        )
    if code_flags(factory) & CO_COROUTINE:
        raise TypeError(
            "assert_released() calls its function, and the body of an async function does not run "
            "by that: give it a function that runs it, such as lambda: asyncio.run(factory())"
        )


def _check_can_be_freed(box: list[object], name: str) -> None:
    """Refuse what a reference count will never free."""
    if box[0] is None or _core.refcount(box[0]) == _core.IMMORTAL:
        raise TypeError(
            f"{name} returned {box[0]!r}, which is never freed: "
            "let it return the object that it makes"
        )


def _held(box: list[object]) -> Chain | Holders:
    """Return what holds the one object in a list."""
    return why_alive(box.pop()) if gc.is_tracked(box[0]) else holders(box.pop())


def _keeping(cycles: tuple[Cycle, ...], type_name: str) -> tuple[Cycle, ...]:
    """Put the ring that an object of this type is on, or in, before the others."""

    def distance(cycle: Cycle) -> int:
        on_it = any(link.type == type_name for link in cycle.ring)
        return 0 if on_it else 1 if type_name in cycle.types else 2

    return tuple(sorted(cycles, key=distance))


def assert_released(factory: Callable[[], object], /) -> None:
    """Fail unless reference counting alone frees what factory makes.

        assert_released(lambda: Service("x"))

    factory is called without arguments, and the object that it returns is dropped. Raises
    AssertionError if

    * something that lives still holds the object (a registry, a cache, C code): with the chain of
      references to it;
    * a ring keeps it, or whatever else the call has made: with the report, as `assert_no_cycles`;
    * its finalizer has brought it back.

    In free-threaded Python a class, module, code object or function of a module is freed by the
    collector alone, and what another thread has made by that thread: where no ring keeps it,
    nothing fails.

    Automatic collection goes on as the program has it, and nothing is collected. Raises TypeError
    if factory cannot be called, is an async function, or returns what is never freed, such as None.
    An exception of factory passes through. Raises MemoryError where there is no memory for a pass.
    """
    _check_factory(factory)
    name = f"{name_of(factory)}()"
    follower = Follower()
    follower.begin()
    try:
        box = [factory()]
        _check_can_be_freed(box, name)
        (title,) = sum_counts(*_core.roll_call(box).types())
    except BaseException:
        follower.stop()  # a traceback that is kept has this frame
        raise
    found = follower.end(box=box)
    if found.released == "held":
        raise AssertionError(held_text(_held(box), name, title))
    report = found.report_with_share()
    is_kept = found.released == "ring"
    if is_kept or blamed(report.cycles):
        report = changed(report, cycles=_keeping(report.cycles, title))
        raise AssertionError(
            release_text(report, name, title) if is_kept else left_behind_text(report, name)
        )
    if found.released == "revived":
        raise AssertionError(
            f"{name} made {with_article(title)} that its finalizer has brought back"
        )
