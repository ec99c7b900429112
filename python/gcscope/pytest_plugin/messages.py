"""What tests left, as plain text: the failure of one, and the summary of all."""

from __future__ import annotations

from shlex import quote

from gcscope.model.ignored import form_of
from gcscope.model.innocent import innocent_phrase
from gcscope.model.judgement import ALLOWED, INNOCENT, KNOWN, NEW, OF_PYTEST, is_test
from gcscope.model.phrases import growth_phrase, plural, ring_line, size
from gcscope.pytest_plugin.policy import goes_through_raises
from gcscope.pytest_plugin.session import grouped, to_explain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gcscope.model.judgement import Baseline, Judgement, KnownRing
    from gcscope.model.results import Cycle
    from gcscope.pytest_plugin.session import Form, FormGroup, Session


MOST_FORMS = 20
MOST_TESTS = 3
OF_PYTEST_WHY = (
    "of pytest (a test's own frame with its pytest.raises, what runs async tests, or inner "
    "functions of pytest)"
)


def _ring_lines(cycle: Cycle) -> list[str]:
    """Write a ring; of one that is shown by its way through pytest, how to see the others."""
    lines = f"{cycle} · form {cycle.fingerprint}".splitlines()
    if cycle.cut is not None and cycle.cut.frees < cycle.objects and goes_through_raises(cycle):
        lines.append("  pytest.raises(...) without a variable shows the other rings")
    return lines


def _count(cycles: Iterable[Cycle]) -> int:
    return sum(cycle.count for cycle in cycles)


def _more_forms(cycles: Iterable[Cycle]) -> str:
    rest = list(cycles)
    seen = f"{plural(len(rest), 'more form')} of cycles, seen {plural(_count(rest), 'time')}"
    return f"and {seen} (-vv shows all)"


# --------------------------------------------------------------------------- one test


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


def _reference(cycle: Cycle, elsewhere: Mapping[str, str]) -> str:
    """Write a ring in a line and, where another test's failure explains it, which."""
    test = elsewhere.get(form_of(cycle))
    if test is None:
        return ring_line(cycle)
    form = f"form {cycle.fingerprint}{f', {cycle.count:,} times' if cycle.count > 1 else ''}"
    return f"{ring_line(cycle)} ({form}: see {test}, or the list at the end)"


def failure_text(
    judgement: Judgement, elsewhere: Mapping[str, str], most: int | None = MOST_FORMS
) -> str:
    """Write why a test fails: the first ring in the first line, all of them explained below.

    But for those that are explained elsewhere: form -> the test whose failure does so. most: how
    many forms are told; None for all.
    """
    new = to_explain(judgement, elsewhere)
    earlier = [cycle for cycle in judgement.of(NEW) if form_of(cycle) in elsewhere]
    cycles = [*new, *earlier]
    more = ", first" if len(cycles) > 1 else ""
    first = _reference(cycles[0], elsewhere)
    lines = [f"left {plural(_count(cycles), 'cycle')}{more}: {first}"]
    for cycle in new[:most]:
        lines += ["", *_ring_lines(cycle)]
    if new and cycles[len(new[:most]) :]:
        lines.append("")
    others = earlier if new else earlier[1:]
    lines += [f"and {_reference(cycle, elsewhere)}" for cycle in others[:most]]
    rest = [*new[len(new[:most]) :], *others[len(others[:most]) :]]
    if rest:
        lines.append(_more_forms(rest))
    aside = _aside(judgement)
    return "\n".join([*lines, *([""] if aside else []), *aside])


def property_text(judgement: Judgement) -> str:
    """Write what a test left in few words, as `2 cycles: 0f1e, 3c2d; 1 cycle allowed: 4b5a`."""
    parts = []
    for standing in dict.fromkeys(finding.standing for finding in judgement.findings):
        cycles = judgement.of(standing)
        how = "" if standing == NEW else f" {standing}"
        forms = ", ".join(cycle.fingerprint for cycle in cycles[:MOST_FORMS])
        rest = f" and {len(cycles) - MOST_FORMS:,} more" if len(cycles) > MOST_FORMS else ""
        parts.append(f"{plural(_count(cycles), 'cycle')}{how}: {forms}{rest}")
    return "; ".join(parts)


# ---------------------------------------------------------------------------- all tests


def id_lines(tests: Iterable[str], before: str) -> list[str]:
    """Write some tests, each whole and as one can paste it into a shell, and how many more."""
    named = sorted(tests)
    lines = [f"{before}{quote(test)}" for test in named[:MOST_TESTS]]
    rest = len(named) - MOST_TESTS
    return lines + ([f"  and {plural(rest, 'more test')}"] if rest > 0 else [])


def _group_line(group: FormGroup) -> str:
    cycles = [form.cycle for form in group.forms]
    seen = f"{plural(_count(cycles), 'cycle')} of {plural(len(cycles), 'form')}"
    held = sum(cycle.count * cycle.held_bytes for cycle in cycles)
    return f"{group.title}: {seen}, about {size(held)}"


def _form_lines(form: Form) -> list[str]:
    """Write a form in full, with the tests that left it; in brief what one failure has in full."""
    if not form.is_in_its_failure:
        return ["", *_ring_lines(form.cycle), *id_lines(form.tests, "  in ")]
    brief = f"  {ring_line(form.cycle)} · form {form.cycle.fingerprint}"
    return [brief, *id_lines(form.tests, "  explained in the failure of ")]


def forms_lines(forms: Iterable[Form], most: int | None = MOST_FORMS) -> list[str]:
    """Write forms of rings, grouped by the object at which they begin."""
    lines: list[str] = []
    rest: list[Cycle] = []
    left = most
    for group in grouped(forms):
        shown = group.forms[:left]
        rest += [form.cycle for form in group.forms[len(shown) :]]
        left = left - len(shown) if left is not None else None
        if shown:
            lines += [
                _group_line(group),
                *(line for form in shown for line in _form_lines(form)),
                "",
            ]
    return lines + ([_more_forms(rest), ""] if rest else [])


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


def grown_lines(grown: Iterable[tuple[KnownRing, KnownRing]], fails: bool) -> list[str]:
    """Write of which forms there are more than the baseline has, and which tests leave more.

    grown: as the baseline has them, and as they are; fails: whether the run fails for that.
    """
    pairs = list(grown)
    if not pairs:
        return []
    how = "the run fails" if fails else "--gcscope-fail-on-growth fails the run for that"
    lines = [f"grown beyond the baseline: {plural(len(pairs), 'form')} of cycles ({how}):"]
    for before, now in pairs:
        ring = f"{now.ring}  ({now.fingerprint})"
        lines.append(f"  {growth_phrase(ring, now.tests.total, before.count_of(is_test))}")
        more = [test for test, n in now.tests.items() if n > before.tests.get(test, 0)]
        lines += id_lines(more, "    in ")
    return lines


def _list_lines(session: Session, most: int | None) -> list[str]:
    """Write the forms of new rings; nothing where the failure of one test has them all."""
    forms = session.forms(NEW)
    is_one_failure = len(session.tests(NEW)) == 1 and all(f.is_in_its_failure for f in forms)
    return [] if is_one_failure else forms_lines(forms, most)


def summary_lines(
    session: Session,
    baseline: Baseline | None,
    updates: bool,
    most: int | None = MOST_FORMS,
) -> tuple[list[str], list[str]]:
    """Write what all tests left: the list of forms, and the lines of the sum."""
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
        lines.append(f"allow_cycles is not needed by {plural(len(needless), 'test')}:")
        lines += id_lines(needless, "  ")
    lines += [f"note: {note} ({plural(count, 'test')})" for note, count in session.notes().items()]
    return _list_lines(session, most), lines
