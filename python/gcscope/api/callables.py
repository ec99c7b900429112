"""What a function does when it is called: whether that runs its body."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class _Bound:
    __slots__ = ()

    def method(self) -> None:
        """Do nothing."""


_FUNCTION: Any = type(lambda: None)
_METHOD: Any = type(_Bound().method)
# As in inspect, which is not imported for that.
CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR = 0x20, 0x80, 0x200


def code_flags(func: Callable[..., object]) -> int:
    """Return the co_flags of the code that a call runs in the end; 0 if that is no Python code."""
    functools = sys.modules.get("functools")
    inner: Any = func
    while type(inner) is _METHOD or (functools is not None and type(inner) is functools.partial):
        inner = inner.__func__ if type(inner) is _METHOD else inner.func
    flags: int = inner.__code__.co_flags if type(inner) is _FUNCTION else 0
    return flags


def check_runs(func: Callable[..., object], word: str) -> None:
    """Refuse a function whose call would not run its body: nothing would be looked at."""
    flags = code_flags(func)
    if flags & (CO_COROUTINE | CO_ASYNC_GENERATOR):
        raise TypeError(
            f"{word}() calls its function, and the body of an async function does not run "
            "by that: give it a function that runs it, such as lambda: asyncio.run(func())"
        )
    if flags & CO_GENERATOR:
        raise TypeError(
            f"{word}() calls its function, and the body of a generator function does not "
            "run by that: give it a function that goes through it, such as lambda: list(func())"
        )
