"""Judges the tests of a run of pytest: what gcscope.pytest_plugin registers where an option or a mark may ask for it.

Only the call of a test that passed is judged, and only what was born in it; gcscope.births says
how, and gcscope.gate what a test may leave. The C core is imported when a mark or an option first
asks for it; where it cannot be, tests run as ever, and the summary says so.
"""

from __future__ import annotations

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from typing import Any

    from gcscope.model.judgement import Baseline, Judgement
    from gcscope.pytest_plugin.policy import Rules, Session


_NAMES = ("no_cycles", "allow_cycles")
_HOW = ("off", "report", "fail")
_PROPERTY = "gcscope"


class _Gate:
    """What the options ask for, and what has been found so far."""

    def __init__(self, config: pytest.Config) -> None:
        option = config.option
        how = config.getini("gcscope")
        if how not in _HOW:
            raise pytest.UsageError(
                f"ini option gcscope = {how!r}: it must be one of {', '.join(_HOW)}"
            )
        self.severity: str = "fail" if option.gcscope_fail else "report" if option.gcscope else how
        self.is_off: bool = option.gcscope_off
        self.ignore = tuple(config.getini("gcscope_ignore"))
        self.broken: str | None = None
        self.failed: str | None = None
        self.path = _baseline_path(config)
        self.updates: bool = option.gcscope_update_baseline and not self.is_off
        if self.updates and self.path is None:
            raise pytest.UsageError(
                "--gcscope-update-baseline needs a file to write: give --gcscope-baseline=FILE, or set the ini option "
                "gcscope_baseline"
            )
        if self.updates and self.severity == "off":
            self.severity = "report"
        self.is_idle: bool = (
            bool(option.gcscope_baseline) and self.severity == "off" and not self.is_off
        )
        self.baseline = self._read_baseline() if self.path is not None and not self.is_off else None
        if option.gcscope_fail and not self.is_off and not self.loads():
            raise pytest.UsageError(f"--gcscope-fail cannot judge: {self.broken}")

    def _read_baseline(self) -> Baseline:
        from gcscope.model.judgement import Baseline
        from gcscope.pytest_plugin.baseline import read_baseline

        assert self.path is not None
        try:
            return read_baseline(self.path)
        except FileNotFoundError:
            if self.updates:
                return Baseline(rings=())
            raise pytest.UsageError(
                f"there is no baseline {self.path}: --gcscope-update-baseline writes one"
            ) from None
        except (OSError, ValueError) as error:
            raise pytest.UsageError(f"the baseline {self.path} cannot be read: {error}") from None

    def loads(self) -> bool:
        """Import the core. False where it is broken; a run of tests does not end for that."""
        if self.broken is None:
            try:
                from importlib import import_module

                for room in ("new_objects", "policy", "messages"):
                    import_module(f"gcscope.pytest_plugin.{room}")
            except Exception as error:
                self.broken = (
                    f"gcscope does not load ({type(error).__name__}: {error}); install it anew"
                )
        return self.broken is None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note which test has failed: while its call runs, that is a subtest of it."""
        if report.failed:
            self.failed = report.nodeid

    def asks(self, item: pytest.Item) -> tuple[str, pytest.Mark | None] | None:
        """Tell what a new ring means to a test, and the mark that says so; None where it is not to be judged."""
        mark = next((mark for mark in _marks(item) if mark.name in _NAMES), None)
        severity = (
            self.severity if mark is None else "fail" if mark.name == "no_cycles" else "allow"
        )
        if self.is_off or severity == "off" or (severity == "allow" and self.severity == "off"):
            return None
        return "report" if severity == "fail" and self.updates else severity, mark

    def rules(self, item: pytest.Item, severity: str, mark: pytest.Mark | None) -> Rules:
        """Tell what a test may leave."""
        from gcscope.pytest_plugin.policy import Rules

        return Rules(
            severity=severity,
            reason=_reason(mark) if severity == "allow" else None,
            allow=(*self.ignore, *_allowed(mark)),
            known=frozenset() if self.baseline is None else self.baseline.fingerprints,
            own_frames=frozenset(_own_frames(item)),
        )


_GATE: pytest.StashKey[_Gate] = pytest.StashKey()
_STATE: pytest.StashKey[str | None] = pytest.StashKey()
"""Of a test's call: None where it was not to be judged, '' where it was, else why it could not be."""
_NOTED: pytest.StashKey[tuple[str, str]] = pytest.StashKey()
"""Of a test: the property that has its judgement."""


def _own_frames(item: pytest.Item) -> Iterator[str]:
    """Name the function of a test: as it calls itself, and as it was found, since decorators (hypothesis) rename it."""
    yield getattr(getattr(item, "obj", None), "__qualname__", "")
    name, cls = getattr(item, "originalname", None) or item.name, getattr(item, "cls", None)
    yield name if cls is None else f"{cls.__qualname__}.{name}"


def _baseline_path(config: pytest.Config) -> str | None:
    given: str | None = config.option.gcscope_baseline
    if given:
        return str(config.invocation_params.dir / given)
    in_ini = config.getini("gcscope_baseline")
    return str(config.rootpath / in_ini) if in_ini else None


def _marks(item: pytest.Item) -> Iterator[pytest.Mark]:
    """Iterate over the marks of a test, the closest first: pytest has those of a parameter set after the function's."""
    callspec = getattr(item, "callspec", None)
    if callspec is not None:
        yield from callspec.marks
    yield from item.iter_markers()


def _allowed(mark: pytest.Mark | None) -> Iterator[str]:
    from gcscope.pytest_plugin.policy import type_name

    for allowed in mark.kwargs.get("allow", ()) if mark is not None else ():
        yield type_name(allowed) if isinstance(allowed, type) else allowed


def _reason(mark: pytest.Mark | None) -> str | None:
    return next(iter((*mark.args, *mark.kwargs.values())), None) if mark is not None else None


def _misuse(mark: pytest.Mark) -> str | None:
    """Say what is wrong with a mark."""
    if mark.name == "allow_cycles":
        reason = _reason(mark)
        is_one = len(mark.args) + len(mark.kwargs) == 1 and set(mark.kwargs) <= {"reason"}
        if is_one and isinstance(reason, str) and reason.strip():
            return None
        return 'allow_cycles takes the reason, a string: @pytest.mark.allow_cycles("the pool keeps its workers")'
    allow = mark.kwargs.get("allow", ())
    is_list = isinstance(allow, (list, tuple, set, frozenset))
    if mark.args or set(mark.kwargs) - {"allow"} or not is_list:
        return 'no_cycles takes a list by name: @pytest.mark.no_cycles(allow=["app.Node"])'
    odd = next((item for item in allow if not isinstance(item, (str, type))), None)
    return (
        None
        if odd is None
        else f"no_cycles(allow=...) takes classes and strings, not a {type(odd).__name__}"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Read what the options ask for."""
    config.stash[_GATE] = gate = _Gate(config)
    config.pluginmanager.register(gate, "gcscope-gate")
    if not hasattr(
        config, "workerinput"
    ):  # in the process that was started, if there are others (xdist)
        config.pluginmanager.register(_Gatherer(gate), "gcscope-gatherer")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse marks that say nothing."""
    for mark in item.iter_markers():
        wrong = _misuse(mark) if mark.name in _NAMES else None
        if wrong is not None:
            pytest.fail(wrong, pytrace=False)


def _look(new_objects: Any, rules: Rules) -> Judgement:
    """End the births of a test that passed, and judge what they left."""
    from gcscope.model.judgement import Judgement
    from gcscope.pytest_plugin.policy import judge

    try:
        return judge(new_objects.end(), rules)
    except Exception as error:  # no memory, or an audit hook refused: no failure of the test
        note = f"not judged: {type(error).__name__}: {error}"
        return Judgement(findings=(), notes=(note,), severity=rules.severity, reason=rules.reason)


def _note(item: pytest.Item, judgement: Judgement) -> None:
    """Hand a judgement to whoever gathers them."""
    item.stash[_STATE] = ""
    if judgement.findings or judgement.notes or judgement.severity == "allow":
        item.stash[_NOTED] = noted = (_PROPERTY, judgement.to_json())
        item.user_properties.append(noted)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Look at what the call of a test leaves, if it passes."""
    gate = item.config.stash[_GATE]
    item.stash[_STATE] = None
    earlier = item.stash.get(
        _NOTED, None
    )  # of an earlier run of it; the test may have a property of that name, too
    item.user_properties[:] = [pair for pair in item.user_properties if pair is not earlier]
    asked = gate.asks(item)
    if asked is None:
        return (yield)
    if not gate.loads():
        item.stash[_STATE] = gate.broken
        return (yield)
    from gcscope.pytest_plugin.messages import failure_text
    from gcscope.pytest_plugin.new_objects import NewObjects

    rules = gate.rules(item, *asked)
    gate.failed = None
    new_objects = NewObjects()
    new_objects.begin()
    try:
        result = yield
    except BaseException:  # a failed or skipped test is not judged: its traceback keeps frames
        new_objects.abandon()
        raise
    # The failure of a unittest is not raised, but put there by pytest; nor is that of a subtest.
    if getattr(item, "_excinfo", None) or gate.failed == item.nodeid:
        new_objects.abandon()
        return result
    judgement = _look(new_objects, rules)
    _note(item, judgement)
    if judgement.fails:
        pytest.fail(failure_text(judgement), pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Write on the report of a call whether it was judged: what is on it goes through xdist."""
    report = yield
    if report.when == "call":
        vars(report)["gcscope_state"] = item.stash.get(_STATE, None)
    return report


def _judgement_on(report: pytest.TestReport) -> Judgement | None:
    """Read back what `_note` has written; None where it had nothing to write."""
    from gcscope.model.judgement import Judgement

    for name, value in reversed(report.user_properties):
        if name == _PROPERTY:
            try:
                return Judgement.from_json(str(value))
            except ValueError:  # the test's own property
                continue
    return None


class _Gatherer:
    """In the process that was started: what all tests left."""

    def __init__(self, gate: _Gate) -> None:
        self.gate = gate
        self.session: Session | None = None
        self.broken: dict[str, int] = {}
        self.baseline_line: str | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take what a test left from its report."""
        state = getattr(report, "gcscope_state", None)
        if state:
            self.broken[state] = self.broken.get(state, 0) + 1
        if state != "":
            return
        from gcscope.pytest_plugin.policy import Session

        if self.session is None:
            self.session = Session()
        self.session.add(report.nodeid, _judgement_on(report))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the baseline, where that was asked for."""
        gate = self.gate
        if not gate.updates or gate.path is None or gate.baseline is None or self.session is None:
            return
        from gcscope.pytest_plugin.baseline import write_baseline

        renewed = gate.baseline.renewed(self.session.seen(), self.session.judged)
        count = len(renewed.rings)
        try:
            write_baseline(gate.path, renewed)
            self.baseline_line = (
                f"{count} {'form' if count == 1 else 'forms'} of cycles written to {gate.path}"
            )
        except OSError as error:
            self.baseline_line = (
                f"the baseline {gate.path} could not be written: {error.strerror or error}"
            )
            session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Tell what the tests left."""
        for reason, count in self.broken.items():
            tests = "1 test was" if count == 1 else f"{count} tests were"
            terminalreporter.write_line(f"gcscope: {tests} not judged: {reason}", red=True)
        if self.session is None:
            if self.gate.is_idle:
                terminalreporter.write_line(
                    "gcscope: a baseline was given, and no test was judged: "
                    "add --gcscope-fail, or --gcscope to be told only"
                )
            return
        from gcscope.pytest_plugin.messages import summary_lines

        told, lines = summary_lines(self.session, self.gate.baseline, self.gate.updates)
        if self.baseline_line is not None:
            lines.append(self.baseline_line)
        if told:
            terminalreporter.section("cycles that tests left to the collector")
            for line in told:
                terminalreporter.write_line(line)
        for line in lines:
            terminalreporter.write_line(f"gcscope: {line}")
