"""Rings that are nobody's fault: how a text counts them."""

import pytest

from gcscope.explain.patterns import PATTERNS
from gcscope.model.innocent import (
    DELETED,
    OF_LIBRARY,
    REPLACED,
    blamed,
    innocent_line,
    innocent_phrase,
    is_innocent,
)
from gcscope.model.judgement import Finding, Judgement
from gcscope.model.merge import summed
from gcscope.model.record import changed
from specimens.records import CYCLE, REPORT

ONE = changed(CYCLE, cause=REPLACED, count=1, objects=5, dragged=1, bytes=900, dragged_bytes=100)


def test_each_cause_is_that_of_a_pattern():
    texts = {pattern.text for pattern in PATTERNS}
    for cause in (REPLACED, DELETED, OF_LIBRARY):
        assert cause in texts and is_innocent(changed(CYCLE, cause=cause))
    assert not is_innocent(CYCLE) and not is_innocent(changed(CYCLE, cause=None))


@pytest.mark.parametrize(
    ("cycles", "phrase"),
    [
        ((), None),
        ((CYCLE,), None),
        (
            (ONE,),
            "1 class that was replaced under its own name, as decorators, enum and "
            "dataclass(slots=True) do: 6 objects, 1.0 kB",
        ),
        (
            (CYCLE, changed(ONE, cause=DELETED, count=2)),
            "2 classes that their modules deleted: 6 objects, 1.0 kB, the largest of them",
        ),
        (
            (ONE, changed(ONE, cause=OF_LIBRARY, objects=1_000)),
            "1 class that was replaced under its own name, as decorators, enum and "
            "dataclass(slots=True) do, 1 ring of inner functions of the standard library: "
            "1,001 objects, 1.0 kB, the largest of them",
        ),
    ],
)
def test_how_many_there_are(cycles, phrase):
    assert innocent_phrase(cycles) == phrase


def test_a_report_of_nothing_else_says_how_much_it_is():
    report = changed(summed([changed(ONE, count=3)]), objects=15, bytes=2_500)
    assert innocent_line(report).endswith("dataclass(slots=True) do: 15 objects, 2.5 kB")
    both = changed(report, cycles=(*report.cycles, CYCLE))
    assert innocent_line(both).endswith("do: 6 objects, 1.0 kB, the largest of them")
    assert innocent_line(REPORT) is None and blamed(both.cycles) == (CYCLE,)


def test_texts_have_them_in_one_line():
    report = summed([ONE, changed(ONE, cause=DELETED, fingerprint="02")])
    assert "┌►" not in str(report) and str(report).count("not blamed: ") == 1
    both = summed([ONE, CYCLE])
    assert str(both).count("┌►") == 1 == str(both).count("not blamed: ")
    judgement = Judgement(
        findings=(
            Finding(cycle=ONE, standing="innocent"),
            Finding(cycle=CYCLE, standing="new"),
            Finding(cycle=changed(CYCLE, count=4), standing="known"),
        ),
        notes=("a note",),
        severity="fail",
        reason=None,
    )
    head, known, innocent, note, *rest = str(judgement).splitlines()
    assert head == f"cycles that count: {CYCLE.count}"
    assert known == "not counted, known: 4 cycles" and note == "note: a note"
    assert innocent.startswith("not blamed: 1 class") and "\n".join(rest).count("┌►") == 1
