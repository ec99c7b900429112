"""Real rings: each is found and explained, and its cut is the repair or as good.

Its repaired twin, and innocents, are silent.
"""

import gc

import pytest

import gcscope
from specimens.corpus import CASES, INNOCENTS
from support import FREE_THREADED


def names_of(cases):
    return [pytest.param(case, id=case.name) for case in cases]


@pytest.fixture
def watched(small_heap):
    """Call a function with the collector off and tell what it left, as `watch` does."""

    def call(function):
        with gcscope.watch() as watch:
            kept = function()
            del kept
        return watch.report

    yield call
    gc.collect()


@pytest.mark.parametrize("case", names_of(CASES))
def test_a_ring_is_explained_and_its_twin_is_silent(case, watched):
    if not case.runs_here:
        pytest.skip(case.why_not_here)
    case.warm()
    report = watched(case.leaky)
    assert report.cycles, report
    unnamed = [link for cycle in report.cycles for link in cycle.ring if not link.named]
    assert unnamed == [], str(report)
    assert any(is_explained(case, cycle) for cycle in report.cycles), (
        f"{case.cause} {case.cuts}\n{report}"
    )
    silent = watched(case.repaired)
    assert not (silent.cycles if FREE_THREADED else silent), str(silent)  # code waits without a GIL


def is_explained(case, cycle):
    """The cause has its name, and the cut is one of those that an engineer would choose.

    It is proven.
    """
    if (cycle.cause or "").split(",")[0] != (case.cause or ""):
        return False
    if not case.cuts:
        return cycle.cut is None or cycle.cut.frees < cycle.objects
    return cycle.cut is not None and case.allows_cut(cycle.cut.link.label)


@pytest.mark.parametrize("case", names_of(INNOCENTS))
def test_innocent_programs_are_silent(case, watched):
    case.warm()
    report = watched(case.program)
    assert not report, str(report)
