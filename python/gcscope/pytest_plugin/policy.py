"""Which rings a test may leave: what the plugin knows of reports, and nothing of pytest itself.

A ring that a test left is one of five:

    new        it counts against the test
    known      the baseline has its fingerprint: a debt to be paid later
    allowed    a pattern of the project or of the test, or the test's own mark, allows it
    innocent   a class that was replaced, and what else is nobody's fault (model/innocent.py)
    of pytest  it goes only through the test's own frame and its pytest.raises(...) as e, and
               nothing besides would be left without that; or it is that of the runner of an async
               test, or of an inner function of pytest itself
"""

from __future__ import annotations

import sys

from gcscope.model.ignored import form_of, matches
from gcscope.model.innocent import is_innocent
from gcscope.model.judgement import ALLOWED, INNOCENT, KNOWN, NEW, OF_PYTEST, Finding, Judgement
from gcscope.model.record import Record
from gcscope.model.results import Cycle, Link, Report


class Rules(Record):
    """What one test may leave."""

    severity: str
    """'fail', 'report' or 'allow'."""
    reason: str | None
    allow: tuple[str, ...]
    """Patterns, see gcscope.model.ignored.matches."""
    known: frozenset[str]
    """The known rings, as `form_of` names them."""
    own_frames: frozenset[str]
    """The qualified name of the test's function."""


_EXCEPTION_INFO = "_pytest._code.code.ExceptionInfo"
_CONTEXTS = frozenset(
    {"_pytest.raises.RaisesExc", "_pytest.raises.RaisesGroup", "_pytest.python_api.RaisesContext"}
)


def _is_of_raises(link: Link) -> bool:
    """Return whether an object is what pytest.raises(...) gives, or is itself."""
    return _is_name_of_raises(link.type)


def _is_name_of_raises(type_name: str) -> bool:
    name = type_name.partition("[")[0]
    return name == _EXCEPTION_INFO or name in _CONTEXTS


def _is_code_of_pytest(link: Link, kind: str) -> bool:
    return link.type == kind and "/_pytest/" in (link.where or "").replace("\\", "/")


def goes_through_raises(cycle: Cycle, own_frames: frozenset[str] | None = None) -> bool:
    """Return whether a ring, as shown, goes only through the test's frame and its pytest.raises.

    What pytest.raises(...) as e gives has the traceback, that has the test's frame, and there the
    variable e has it (or another one has e.value, and the ring is shorter by that); in check =
    pytest.raises(...) the variable has it through the context manager, and pytest.raises(error,
    function) puts a frame of its own between them.

    own_frames: the names of the test's function; None for any.
    """
    has_raises = any(_is_name_of_raises(name) for name in cycle.types)
    return (
        cycle.is_whole
        and has_raises
        and all(
            (link.type == "frame" and (own_frames is None or link.name in own_frames))
            or _is_of_raises(link)
            or _is_code_of_pytest(link, "frame")
            or link.label.startswith(".__traceback__")
            for link in cycle.ring
        )
    )


_RUNNERS = ("anyio._backends._asyncio.TestRunner", "trio._core._run.Runner")
_OF_RUNNERS = ("anyio.", "asyncio.", "_asyncio.", "trio.", "uvloop.")


def is_of_runner(cycle: Cycle) -> bool:
    """Return whether a ring is only what a runner of async tests leaves when it has ended."""
    return any(link.type in _RUNNERS for link in cycle.ring) and all(
        "." not in name or name.startswith(_OF_RUNNERS) for name in cycle.types
    )


_OF_CLOSURES = frozenset({"function", "cell", "tuple"})
_KEPT_BY_FUNCTION = 1 if sys.version_info >= (3, 14) else 0  # its __annotate__ (PEP 649)


def is_of_own_closure(cycle: Cycle) -> bool:
    """Return whether a ring is an inner function of pytest that calls itself, and no more.

    `ExceptionInfo.exconly` has one, which runs in a test's call where a subtest is skipped.
    """
    return (
        cycle.is_whole
        and cycle.dragged <= _KEPT_BY_FUNCTION * len(cycle.ring)
        and all(_is_code_of_pytest(link, "function") for link in cycle.ring)
        and all(name in _OF_CLOSURES for name in cycle.types)
    )


def is_of_pytest(cycle: Cycle, own_frames: frozenset[str]) -> bool:
    """Return whether a ring is only that of a pytest.raises.

    Then nothing of what it holds would be left without that. A traceback leads to the frames of the
    program as well. Where one of them keeps the exception too, the two rings hold the same objects,
    and the shorter one is shown; then the cut frees only a part: the test has found something.
    """
    cut = cycle.cut
    return (
        cut is not None
        and cut.frees == cycle.held
        and (cut.link.type == "frame" or _is_of_raises(cut.link))
        and goes_through_raises(cycle, own_frames)
    )


def _standing(cycle: Cycle, rules: Rules) -> str:
    if is_innocent(cycle):
        return INNOCENT
    if rules.severity == "allow" or any(matches(cycle, pattern) for pattern in rules.allow):
        return ALLOWED
    if is_of_pytest(cycle, rules.own_frames) or is_of_runner(cycle) or is_of_own_closure(cycle):
        return OF_PYTEST
    return KNOWN if form_of(cycle) in rules.known else NEW


def judge(report: Report, rules: Rules) -> Judgement:
    """Hold what a test left against what it may leave."""
    findings = tuple(
        Finding(cycle=cycle, standing=_standing(cycle, rules)) for cycle in report.cycles
    )
    return Judgement(
        findings=findings, notes=report.notes, severity=rules.severity, reason=rules.reason
    )


def type_name(cls: type) -> str:
    """Name a class as reports do: module.qualname, those of builtins without the module."""
    return (
        cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"
    )
