"""Which rings a project has decided to live with: patterns, lists of known rings, the baseline."""

from __future__ import annotations

from fnmatch import fnmatchcase

from gcscope.model.judgement import KnownRing
from gcscope.model.phrases import link_title, ring_line
from gcscope.model.record import Counts
from gcscope.model.results import Cycle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


STOCK = {
    "@anyio": ("anyio.*", "frame BlockingPortal._call_func"),
    "@attrs": ("attr._make._ClassBuilder", "attr._make.Converter"),
    "@mock": ("type unittest.mock.*", "unittest.mock.*"),
    "@starlette": (
        "starlette.testclient.*",
        "httpx._client.BoundSyncStream",
        "frame BlockingPortal._call_func",
        "method Router.not_found",
        "method ExceptionMiddleware.http_exception",
    ),
    "@trio": (
        "trio._core._run.Runner",
        "frame _count_context_run_tb_frames",
        "function fixup_module_metadata.<locals>.fix_one",
    ),
}
"""The rings that some libraries are known to leave: the patterns that a name stands for.

They are offered, never applied unasked: a ring through one's own objects may match as well.
"""


def matches(cycle: Cycle, pattern: str) -> bool:
    """Return whether a pattern means this ring.

    It does if it is the ring's fingerprint, or fits an object on it, as the report tells it: by its
    type (`app.Service`, `django.*`), or by its type and name (`frame retry`, `function
    *.<locals>.visit`). `*`, `?` and `[...]` are as in file names. A name of STOCK (`@mock`) means
    what any of its patterns means.
    """
    return any(
        one == cycle.fingerprint
        or any(
            fnmatchcase(link.type, one) or fnmatchcase(link_title(link), one) for link in cycle.ring
        )
        for one in STOCK.get(pattern, (pattern,))
    )


def unknown_name(patterns: Iterable[str]) -> str | None:
    """Say which pattern is no name of STOCK and should be one, and list the names."""
    for pattern in patterns:
        if pattern.startswith("@") and pattern not in STOCK:
            return f"{pattern!r} names no list of known rings; there are {', '.join(STOCK)}"
    return None


def useless(patterns: Iterable[str], cycles: Iterable[Cycle]) -> tuple[str, ...]:
    """Return the patterns that mean none of the rings."""
    found = tuple(cycles)
    return tuple(
        pattern
        for pattern in dict.fromkeys(patterns)
        if not any(matches(cycle, pattern) for cycle in found)
    )


def useless_phrase(patterns: Iterable[str]) -> str:
    """Write which patterns mean no ring."""
    named = [repr(pattern) for pattern in patterns]
    noun = "this pattern means" if len(named) == 1 else "these patterns mean"
    return f"{noun} no ring that was found: {', '.join(named)}"


# -------------------------------------------------------------------------- baseline


def form_of(cycle: Cycle) -> str:
    """Return what rings of one form have in common to a project: the fingerprint.

    Of a class, with its name: every class refers to itself in the same way, and a baseline that
    knows one of them must not know all.
    """
    name = next((link.name for link in cycle.ring if ".__mro__" in link.label), None)
    return cycle.fingerprint if name is None else f"{cycle.fingerprint} {name}"


def known_ring(cycle: Cycle, tests: Mapping[str, int]) -> KnownRing:
    """Build the entry of a ring in the baseline; tests: how many of them each test has left."""
    return KnownRing(fingerprint=form_of(cycle), ring=ring_line(cycle), tests=Counts(tests))
