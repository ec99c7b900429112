"""What tests left, as plain text: the failure of one, and the summary of all."""

from __future__ import annotations

from gcscope.model.innocent import innocent_phrase
from gcscope.model.judgement import ALLOWED, INNOCENT, KNOWN, NEW, OF_PYTEST
from gcscope.model.phrases import plural, ring_line, shortened
from gcscope.pytest_plugin.policy import goes_through_raises

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from gcscope.model.judgement import Baseline, Judgement
    from gcscope.model.results import Cycle
    from gcscope.pytest_plugin.policy import Form, Session


MOST_FORMS = 20
MOST_TESTS = 3
OF_PYTEST_WHY = "of pytest (a test's own frame with its pytest.raises, or what runs async tests)"


def _ring_lines(cycle: Cycle) -> list[str]:
    """Write a ring; of one that is shown by its way through pytest, how to see the others."""
    lines = str(cycle).splitlines()
    if cycle.cut is not None and cycle.cut.frees < cycle.objects and goes_through_raises(cycle):
        lines.append("  pytest.raises(...) without a variable shows the other rings")
    return lines


def _count(cycles: Iterable[Cycle]) -> int:
    return sum(cycle.count for cycle in cycles)


def _aside(judgement: Judgement) -> list[str]:
    """Write what else the test left, which did not make it fail."""
    found = []
    for standing, why in (
        (KNOWN, "known to the baseline"),
        (ALLOWED, "allowed"),
        (OF_PYTEST, OF_PYTEST_WHY),
    ):
        cycles = judgement.of(standing)
        if cycles:
            found.append(f"besides, not judged: {plural(_count(cycles), 'cycle')} {why}")
    innocent = innocent_phrase(judgement.of(INNOCENT))
    if innocent is not None:
        found.append(f"besides, not judged: {innocent}")
    return found + [f"note: {note}" for note in judgement.notes]


def failure_text(judgement: Judgement) -> str:
    """Write why a test fails: the first ring in the first line, all of them explained below."""
    cycles = judgement.of(NEW)
    more = ", first" if len(cycles) > 1 else ""
    lines = [f"left {plural(_count(cycles), 'cycle')}{more}: {ring_line(cycles[0])}"]
    for cycle in cycles[:MOST_FORMS]:
        lines += ["", *_ring_lines(cycle)]
    if len(cycles) > MOST_FORMS:
        lines += ["", f"and {plural(len(cycles) - MOST_FORMS, 'more form')} of cycles"]
    aside = _aside(judgement)
    return "\n".join([*lines, *([""] if aside else []), *aside])


def tests_phrase(tests: Iterable[str]) -> str:
    """Write some tests by name, and how many there are besides."""
    named = sorted(tests)
    rest = f" and {len(named) - MOST_TESTS:,} more" if len(named) > MOST_TESTS else ""
    return ", ".join(map(shortened, named[:MOST_TESTS])) + rest


def forms_lines(forms: Iterable[Form]) -> list[str]:
    """Write forms of rings in full, each with the tests that left it."""
    every = list(forms)
    lines = []
    for form in every[:MOST_FORMS]:
        lines += [*_ring_lines(form.cycle), f"  in {tests_phrase(form.tests)}", ""]
    rest = every[MOST_FORMS:]
    if rest:
        seen = f"{_count(form.cycle for form in rest):,} times"
        lines += [f"and {plural(len(rest), 'more form')} of cycles, seen {seen}", ""]
    return lines


def _judged_line(session: Session, updates: bool) -> str:
    """Write how many tests were judged, and how many left something."""
    leaving = session.tests(NEW)
    judged = f"{plural(len(session.judged), 'test')} judged"
    if not leaving:
        return f"{judged}, none left a {'new ' if session.tests(KNOWN) else ''}cycle"
    failed = sum(session.judgements[test].fails for test in leaving)
    only_reported = len(leaving) - failed
    ends = [f"{failed:,} failed"] if failed else []
    hint = "" if updates else " (--gcscope-fail makes them fail)"
    ends += [f"{only_reported:,} told, not failed{hint}"] if only_reported else []
    forms = plural(len(session.forms(NEW)), "form")
    return f"{judged}, {len(leaving):,} left cycles ({forms}): {', '.join(ends)}"


def _baseline_lines(session: Session, baseline: Baseline, updates: bool) -> list[str]:
    """Write what is still there of the baseline, and what has gone."""
    lines = []
    known = len(session.forms(KNOWN))
    if known:
        lines.append(f"{plural(known, 'form')} of cycles known to the baseline still there")
    gone = baseline.gone(session.seen(), session.judged)
    if gone:
        how = "taken out" if updates else "--gcscope-update-baseline takes them out"
        lines.append(f"gone from the baseline: {plural(len(gone), 'form')} of cycles ({how}):")
        lines += [f"  {ring.ring}  ({ring.fingerprint})" for ring in gone]
    return lines


def summary_lines(
    session: Session, baseline: Baseline | None, updates: bool
) -> tuple[list[str], list[str]]:
    """Write what all tests left: the rings that made no test fail, and the lines of the sum."""
    reported = session.forms(NEW, severity="report")
    lines = [_judged_line(session, updates)]
    if baseline is not None:
        lines += _baseline_lines(session, baseline, updates)
    for standing, why in ((ALLOWED, "allowed"), (OF_PYTEST, OF_PYTEST_WHY)):
        tests = session.tests(standing)
        if tests:
            cycles = plural(_count(form.cycle for form in session.forms(standing)), "cycle")
            lines.append(f"not judged: {cycles} {why}, in {plural(len(tests), 'test')}")
    innocent = innocent_phrase(form.cycle for form in session.forms(INNOCENT))
    if innocent is not None:
        where = plural(len(session.tests(INNOCENT)), "test")
        lines.append(f"not judged: {innocent}, in {where}")
    needless = [
        t for t, j in session.judgements.items() if j.severity == "allow" and not j.findings
    ]
    if needless:
        lines.append(f"allow_cycles is not needed by {tests_phrase(needless)}: they left none")
    lines += [f"note: {note} ({plural(count, 'test')})" for note, count in session.notes().items()]
    return forms_lines(reported), lines
