"""The same program gives the same answer: every case, in processes that differ in all they can."""

import pytest

from stability import all_answers, share_equal, stabilities

PROCESSES = 8


@pytest.fixture(scope="module")
def cases():
    found = stabilities(all_answers(PROCESSES))
    assert len(found) > 120
    return found


def test_forms_are_the_same_in_every_process(cases):
    """Fingerprint, cause and ring, whatever the hash seed, the allocator and the collector did."""
    assert [case.name for case in cases if not case.form_is_stable] == []


def test_cuts_are_the_same_where_no_collection_came_between(cases):
    assert [case.name for case in cases if not case.cut_is_stable] == []


def test_cuts_are_nearly_always_the_same_where_one_did(cases):
    assert share_equal(cases) >= 0.95
