"""What a growing program is, how its truth is written down, and what is the twin of which."""

import itertools
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

PACKAGE = "specimens.growing."
MODULES = ("registries", "caches", "buffers", "contexts", "chains")

USUAL = "a usual shape"

numbers = itertools.count()
"""A new number for each request."""


@dataclass(frozen=True)
class Growing:
    """A program that grows, and its twin that does not."""

    program: Callable[[], object]
    twin: Callable[[], object]
    path: (
        str | None
    )  # None where no container grows; "x..." or "*x" where only so much can be typed
    type: str | None
    per_call: int = 1
    source: str = USUAL
    beside: tuple[str, ...] = ()  # smaller containers that grow with it; "*x" for their ends
    types: dict[str, int] = field(default_factory=dict)  # type name -> objects per call
    before: tuple[int, int] = (99, 0)  # the version that does not grow any more

    @property
    def name(self):
        return self.program.__name__

    @property
    def where(self):
        """The path, from the name of its module in sys.modules on."""
        return self.path and in_full(self.path)


def in_full(name):
    """A name of this package as it is from outside: `caches.CACHE`, `specimens.growing.caches...`.

    What begins with no module of the package is left as it is.
    """
    return PACKAGE + name if name.partition(".")[0] in MODULES else name


GROWING: list[Growing] = []
STEADY: list[Callable[[], object]] = []
_waiting = {}


def growing(path, type=None, **fields):
    """The decorated program grows; its twin comes next."""

    def register(function):
        assert not _waiting, "a growing program has no twin"
        _waiting.update(fields, program=function, path=path, type=type)
        return function

    return register


def twin(function):
    """The twin of the growing program just above; its name says how it was repaired."""
    case = Growing(twin=function, **_waiting)
    if sys.version_info < case.before:
        GROWING.append(case)
    _waiting.clear()
    return function


def steady(function):
    """A program that does not grow, or not in every round."""
    STEADY.append(function)
    return function
