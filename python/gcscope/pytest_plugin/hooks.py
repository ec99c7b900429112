"""The hooks that judge the tests of a run of pytest.

Only the call of a test that passed is judged, and only objects that are born in it, whether a
collection takes them or they are left at its end; `policy` says what a test may leave. The C core
is imported when a mark or an option first asks for it; where it cannot be, tests run as ever, and
the summary says so.
"""

from __future__ import annotations

import sys

import pytest

from gcscope.pytest_plugin.company import Company, why_not_judged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from types import ModuleType
    from typing import Any

    from gcscope.api.follow import Follower, Reports
    from gcscope.model.judgement import Baseline, Judgement, KnownRing
    from gcscope.pytest_plugin.policy import Rules
    from gcscope.pytest_plugin.session import Session


_NAMES = ("no_cycles", "allow_cycles")
_HOW = ("off", "report", "fail")
_PROPERTY = "gcscope"


class _Options:
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
        self.ignore = _patterns(config)
        self.broken: str | None = None
        self.follower: type[Follower] | None = None
        """What looks at the call of a test, once the core has been imported."""
        self.home: ModuleType | None = None
        """Its module."""
        self.reports: Reports | None = None
        self.texts: dict[Judgement, tuple[str, str]] = {}
        self.judgements: dict[str, Judgement] = {}
        """What is on the reports of tests: most are like that of another test."""
        self.failed: str | None = None
        self.explained: dict[str, str] = {}
        """The forms that failures of this process explain, and the tests whose they are."""
        self.path = _baseline_path(config)
        self.updates: bool = option.gcscope_update_baseline and not self.is_off
        if self.updates and self.path is None:
            raise pytest.UsageError(
                "--gcscope-update-baseline needs a file to write: give --gcscope-baseline=FILE, or "
                "set the ini option gcscope_baseline"
            )
        self.fails_on_growth: bool = option.gcscope_fail_on_growth and not self.updates
        if option.gcscope_fail_on_growth and not self.is_off and self.path is None:
            raise pytest.UsageError(
                "--gcscope-fail-on-growth needs numbers to compare with: give "
                "--gcscope-baseline=FILE, or set the ini option gcscope_baseline"
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
        from gcscope.model.baseline import read_baseline

        assert self.path is not None
        try:
            return read_baseline(self.path, self.updates)
        except FileNotFoundError:
            raise pytest.UsageError(
                f"there is no baseline {self.path}: --gcscope-update-baseline writes one"
            ) from None
        except (OSError, ValueError) as error:
            raise pytest.UsageError(f"the baseline {self.path} cannot be read: {error}") from None

    def loads(self) -> bool:
        """Import the core. False where it is broken; a run of tests does not end for that."""
        # a test that takes modules out of sys.modules has others imported anew
        is_there = self.home is not None and sys.modules.get("gcscope.api.follow") is self.home
        if self.broken is None and not is_there:
            try:
                from importlib import import_module

                for module in ("pytest_plugin.policy", "pytest_plugin.messages"):
                    import_module(f"gcscope.{module}")
                self.home = import_module("gcscope.api.follow")
                self.follower, self.reports = self.home.Follower, self.home.Reports()
                self.texts.clear()
            except Exception as error:
                self.broken = (
                    f"gcscope does not load ({type(error).__name__}: {error}); install it anew"
                )
        return self.broken is None

    def note_failure(self, report: pytest.TestReport) -> None:
        """Note which test has failed (while its call runs, a subtest of it), and what it explains.

        Only when that is logged: one that is run again, or expected to fail, is shown to nobody.
        """
        self.failed = report.nodeid
        forms = getattr(report, "gcscope_explains", ())
        self.explained.update(dict.fromkeys(forms, report.nodeid))

    def explained_elsewhere(self, item: pytest.Item) -> dict[str, str]:
        """Return the forms that the failures of other tests explain, and these tests."""
        return {form: test for form, test in self.explained.items() if test != item.nodeid}

    def asks(self, item: pytest.Item) -> tuple[str, pytest.Mark | None] | None:
        """Return what a new ring means to a test, and the mark that says so.

        None where the test is not to be judged.
        """
        mark = next(_own_marks(item), None)
        severity = (
            self.severity if mark is None else "fail" if mark.name == "no_cycles" else "allow"
        )
        if self.is_off or severity == "off" or (severity == "allow" and self.severity == "off"):
            return None
        return "report" if severity == "fail" and self.updates else severity, mark

    def rules(self, item: pytest.Item, severity: str, mark: pytest.Mark | None) -> Rules:
        """Build the rules of what a test may leave."""
        from gcscope.pytest_plugin.policy import Rules

        return Rules(
            severity=severity,
            reason=_reason(mark) if severity == "allow" else None,
            allow=(*self.ignore, *_allowed(mark)),
            known=frozenset() if self.baseline is None else self.baseline.fingerprints,
            own_frames=frozenset(_own_frames(item)),
        )

    def written(self, judgement: Judgement) -> tuple[str, str]:
        """Return a judgement as JSON, for `read`, and in short, for JUnit XML."""
        written = self.texts.get(judgement)
        if written is None:
            from gcscope.pytest_plugin.messages import property_text

            text = judgement.to_json()
            written = self.texts[judgement] = text, property_text(judgement)
            self.judgements[text] = judgement
        return written

    def read(self, text: str | None) -> Judgement | None:
        """Read what `written` has written, in whichever process; None for None."""
        if text is None:
            return None
        judgement = self.judgements.get(text)
        if judgement is None:
            from gcscope.model.judgement import Judgement

            judgement = self.judgements[text] = Judgement.from_json(text)
        return judgement


_OPTIONS: pytest.StashKey[_Options] = pytest.StashKey()
_ON_REPORT: pytest.StashKey[dict[str, Any]] = pytest.StashKey()
"""Of a test's call: what is written on its report, and so goes through xdist.

    gcscope_state       None where it was not to be judged, '' where it was, else why it was not
    gcscope_judgement   what it left, as JSON; not there where it left nothing
    gcscope_explains    the forms that its failure explains
"""
_NOTED: pytest.StashKey[tuple[str, str] | None] = pytest.StashKey()
"""Of a test: the property that says, in JUnit XML, what it left, or why it was not judged."""


def _own_frames(item: pytest.Item) -> Iterator[str]:
    """Name a test's function as it calls itself, and as it was found: decorators may rename it."""
    yield getattr(getattr(item, "obj", None), "__qualname__", "")
    name, cls = getattr(item, "originalname", None) or item.name, getattr(item, "cls", None)
    yield name if cls is None else f"{cls.__qualname__}.{name}"


def _baseline_path(config: pytest.Config) -> str | None:
    given: str | None = config.option.gcscope_baseline
    if given:
        return str(config.invocation_params.dir / given)
    in_ini = config.getini("gcscope_baseline")
    return str(config.rootpath / in_ini) if in_ini else None


def _patterns(config: pytest.Config) -> tuple[str, ...]:
    """Read gcscope_ignore; refuse a name that is that of no list of known rings."""
    patterns = tuple(config.getini("gcscope_ignore"))
    if any(pattern.startswith("@") for pattern in patterns):
        from gcscope.model.ignored import unknown_name

        wrong = unknown_name(patterns)
        if wrong is not None:
            raise pytest.UsageError(f"ini option gcscope_ignore: {wrong}")
    return patterns


def _useless_line(patterns: tuple[str, ...], session: Session) -> str | None:
    """Write which patterns of gcscope_ignore mean nothing that any test has left."""
    from gcscope.model.ignored import useless, useless_phrase

    findings = [f for judgement in session.judgements.values() for f in judgement.findings]
    found = useless(patterns, (finding.cycle for finding in findings))
    return f"gcscope_ignore: {useless_phrase(found)}" if found else None


def _own_marks(item: pytest.Item) -> Iterator[pytest.Mark]:
    """Iterate over our marks of a test, the closest first: pytest has a parameter set's last."""
    callspec = getattr(item, "callspec", None)
    if callspec is not None:
        for mark in callspec.marks:
            if mark.name in _NAMES:
                yield mark
    node: pytest.Item | pytest.Collector | None = item
    while node is not None:  # as iter_markers, which takes longer than all else for a small test
        for mark in node.own_markers:
            if mark.name in _NAMES:
                yield mark
        node = node.parent


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
        example = '@pytest.mark.allow_cycles("the pool keeps its workers")'
        return f"allow_cycles takes the reason, a string: {example}"
    allow = mark.kwargs.get("allow", ())
    is_list = isinstance(allow, (list, tuple, set, frozenset))
    if mark.args or set(mark.kwargs) - {"allow"} or not is_list:
        return 'no_cycles takes a list by name: @pytest.mark.no_cycles(allow=["app.Node"])'
    odd = next((item for item in allow if not isinstance(item, (str, type))), None)
    if odd is not None:
        from gcscope.model.phrases import with_article

        what = with_article(type(odd).__name__)
        return f"no_cycles(allow=...) takes classes and strings, not {what}"
    if any(isinstance(item, str) and item.startswith("@") for item in allow):
        from gcscope.model.ignored import unknown_name

        return unknown_name(item for item in allow if isinstance(item, str))
    return None


def pytest_configure(config: pytest.Config) -> None:
    """Read what the options ask for."""
    config.stash[_OPTIONS] = options = _Options(config)
    config.pluginmanager.register(Company(), "gcscope-company")
    if hasattr(config, "workerinput"):  # of xdist
        config.pluginmanager.register(_Worker(options), "gcscope-worker")
    else:
        style = config.getoption("tbstyle", "auto")
        config.pluginmanager.register(_Summary(options, style), "gcscope-summary")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse marks that say nothing."""
    for mark in _own_marks(item):
        wrong = _misuse(mark)
        if wrong is not None:
            pytest.fail(wrong, pytrace=False)
    repeats = item.get_closest_marker("no_growth")
    if repeats is not None:
        from gcscope.pytest_plugin import growth

        wrong = growth.misuse(item, repeats)
        if wrong is not None:
            pytest.fail(wrong, pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Let a test that must not grow be called again and again, in place of once."""
    mark = pyfuncitem.get_closest_marker("no_growth")
    options = pyfuncitem.config.stash[_OPTIONS]
    if mark is None or options.is_off:
        return (yield)
    why_not = why_not_judged(pyfuncitem) if options.loads() else options.broken
    if why_not is not None:
        _note_unjudged(pyfuncitem, why_not)
        return (yield)
    from gcscope.pytest_plugin import growth

    test = pyfuncitem.obj

    def may_fail() -> bool:
        why_not = why_not_judged(pyfuncitem)
        if why_not is None:
            pyfuncitem.stash[_ON_REPORT] = {"gcscope_state": None, "gcscope_explains": []}
        else:
            _note_unjudged(pyfuncitem, why_not)
        return why_not is None

    pyfuncitem.obj = growth.repeated(pyfuncitem, mark, may_fail)
    try:
        return (yield)
    finally:
        pyfuncitem.obj = test


def _look(
    follower: Follower, item: pytest.Item, severity: str, mark: pytest.Mark | None
) -> Judgement | None:
    """Judge what a test that passed has left of its new objects; None for nothing.

    A mark that allows all is told in any case.
    """
    options = item.config.stash[_OPTIONS]
    try:
        found = follower.end()
        if severity != "allow" and found.is_nothing():
            return None
        from gcscope.pytest_plugin.policy import judge

        return judge(found.report(options.reports), options.rules(item, severity, mark))
    except Exception as error:  # no memory: no failure of the test
        from gcscope.model.judgement import Judgement

        note = f"not judged: {type(error).__name__}: {error}"
        reason = _reason(mark) if severity == "allow" else None
        return Judgement(findings=(), notes=(note,), severity=severity, reason=reason)


def _most_forms(config: pytest.Config) -> int | None:
    """Return how many forms of rings are told in full; None for all."""
    from gcscope.pytest_plugin.messages import MOST_FORMS

    return None if config.getoption("verbose", 0) >= 2 else MOST_FORMS


def _note_property(item: pytest.Item, text: str | None) -> None:
    """Write a text where who reads JUnit XML finds it, in place of an earlier one; None: nothing.

    The test may have a property of that name, too.
    """
    earlier = item.stash.get(_NOTED, None)
    if earlier is not None:
        item.user_properties[:] = [pair for pair in item.user_properties if pair is not earlier]
    item.stash[_NOTED] = None
    if text is not None:
        item.stash[_NOTED] = pair = (_PROPERTY, text)
        item.user_properties.append(pair)


def _note(item: pytest.Item, judgement: Judgement) -> None:
    """Write a judgement where the summary, and who reads JUnit XML, finds it."""
    text, in_short = item.config.stash[_OPTIONS].written(judgement)
    item.stash[_ON_REPORT] = {"gcscope_state": "", "gcscope_judgement": text}
    if judgement.findings:
        _note_property(item, in_short)


def _note_unjudged(item: pytest.Item, why_not: str) -> None:
    """Write there that a test was to be judged, and why it was not."""
    item.stash[_ON_REPORT] = {"gcscope_state": why_not}
    _note_property(item, f"not judged: {why_not}")


def _fail(item: pytest.Item, judgement: Judgement) -> None:
    """Fail a test that left what it must not leave."""
    from gcscope.model.ignored import form_of
    from gcscope.model.spelling import spelled
    from gcscope.pytest_plugin.messages import failure_text
    from gcscope.pytest_plugin.session import to_explain

    most = _most_forms(item.config)
    elsewhere = item.config.stash[_OPTIONS].explained_elsewhere(item)
    explained = [form_of(cycle) for cycle in to_explain(judgement, elsewhere)[:most]]
    item.stash[_ON_REPORT]["gcscope_explains"] = explained
    pytest.fail(spelled(failure_text(judgement, elsewhere, most), sys.__stdout__), pytrace=False)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Look at what the call of a test leaves, if it passes."""
    options = item.config.stash[_OPTIONS]
    item.stash[_ON_REPORT] = {"gcscope_state": None}
    _note_property(item, None)  # that of an earlier run of it goes
    asked = options.asks(item)
    if asked is None:
        return (yield)
    if not options.loads() or options.follower is None:
        item.stash[_ON_REPORT] = {"gcscope_state": options.broken}
        return (yield)
    options.failed = None
    follower = options.follower()
    follower.begin()
    try:
        result = yield
    except BaseException:  # a failed or skipped test is not judged: its traceback keeps frames
        follower.stop()
        raise
    # Pytest does not raise the failure of a unittest, but puts it there; nor that of a subtest.
    if getattr(item, "_excinfo", None) or options.failed == item.nodeid:
        follower.stop()
        return result
    why_not = why_not_judged(item)
    if why_not is not None:
        follower.stop()
        _note_unjudged(item, why_not)
        return result
    judgement = _look(follower, item, *asked)
    if judgement is None:
        item.stash[_ON_REPORT] = {"gcscope_state": ""}
        return result
    _note(item, judgement)
    if judgement.fails:
        _fail(item, judgement)
    return result


def _keep_the_headline(report: pytest.TestReport) -> None:
    """Leave, of the message that pytest shows a second time, the first line.

    It stands in the short summary, whole where there is a variable CI, and in JUnit XML beside the
    text of the failure.
    """
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        crash.message = crash.message.partition("\n")[0]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Write on the report of a call what was found: what is on it goes through xdist."""
    report = yield
    if report.when == "call":
        noted: dict[str, Any] = item.stash.get(_ON_REPORT, {})
        vars(report).update(noted)
        if report.failed and "gcscope_explains" in noted:
            _keep_the_headline(report)
    return report


def _is_shown(report: pytest.TestReport, style: str) -> bool:
    """Return whether the text of a failure will be shown, in a style of --tb.

    As a line, pytest before 7.4 shows nothing of a failure without a traceback.
    """
    is_without = style == "line" and getattr(report.longrepr, "reprcrash", None) is None
    return report.failed and style != "no" and not is_without


class _Worker:
    """The hook of a process that another one has started, and sums up."""

    def __init__(self, options: _Options) -> None:
        self.options = options

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what has failed."""
        if report.failed:
            self.options.note_failure(report)


class _Summary:
    """The hooks that sum up what all tests left, in the process that was started."""

    def __init__(self, options: _Options, style: str) -> None:
        self.options = options
        self.style = style
        self.session: Session | None = None
        self.broken: dict[str, int] = {}
        self.baseline_line: str | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add what a test left, as its report says."""
        if report.failed:
            self.options.note_failure(report)
        if report.when != "call":
            return
        state = getattr(report, "gcscope_state", None)
        if state:
            self.broken[state] = self.broken.get(state, 0) + 1
        if state != "":
            return
        if self.session is None:
            from gcscope.pytest_plugin.session import Session

            self.session = Session()
        explains = getattr(report, "gcscope_explains", ())
        if explains and not _is_shown(report, self.style):
            explains = ()
        judgement = self.options.read(getattr(report, "gcscope_judgement", None))
        self.session.add(report.nodeid, judgement, explains)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the baseline, or fail the run for what has grown, where that was asked for."""
        if self.options.updates:
            self._write_baseline(session)
        elif (
            self.options.fails_on_growth
            and session.exitstatus == pytest.ExitCode.OK
            and self._grown()
        ):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _grown(self) -> tuple[tuple[KnownRing, KnownRing], ...]:
        """Return of which forms there are more than the baseline has: as it has them, as now."""
        baseline = self.options.baseline
        if baseline is None or self.session is None or self.options.updates:
            return ()
        return baseline.grown(self.session.seen())

    def _write_baseline(self, session: pytest.Session) -> None:
        options = self.options
        if options.path is None or options.baseline is None or self.session is None:
            return
        from gcscope.model.baseline import write_baseline

        renewed = options.baseline.renewed(self.session.seen(), self.session.judged)
        count = len(renewed.rings)
        try:
            write_baseline(options.path, renewed)
            self.baseline_line = (
                f"{count} {'form' if count == 1 else 'forms'} of cycles written to {options.path}"
            )
        except OSError as error:
            self.baseline_line = (
                f"the baseline {options.path} could not be written: {error.strerror or error}"
            )
            session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Write what the tests left."""
        for reason, count in self.broken.items():
            tests = "1 test was" if count == 1 else f"{count} tests were"
            terminalreporter.write_line(f"gcscope: {tests} not judged: {reason}", red=True)
        if self.session is None:
            if self.options.is_idle:
                terminalreporter.write_line(
                    "gcscope: a baseline was given, and no test was judged: "
                    "add --gcscope-fail, or --gcscope to be told only"
                )
            return
        from gcscope.model.spelling import spelled
        from gcscope.pytest_plugin.messages import grown_lines, summary_lines

        def write(line: str, **markup: bool) -> None:
            terminalreporter.write_line(spelled(line, sys.__stdout__), **markup)

        options = self.options
        most = _most_forms(terminalreporter.config)
        reported, lines = summary_lines(self.session, options.baseline, options.updates, most)
        grown = grown_lines(self._grown(), options.fails_on_growth)
        useless = _useless_line(options.ignore, self.session)
        lines += [line for line in (useless, self.baseline_line) if line is not None]
        if reported:
            terminalreporter.section("cycles that tests left to the collector")
            for line in reported:
                write(line)
        for line in lines:
            write(f"gcscope: {line}")
        for line in grown:
            write(f"gcscope: {line}", red=options.fails_on_growth)
