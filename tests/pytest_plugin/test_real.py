"""What the test suites of other projects taught the pytest plugin, each in a few lines."""

import unittest.mock

import pytest

from gcscope.api.follow import Follower
from gcscope.model.judgement import ALLOWED, NEW, OF_PYTEST
from gcscope.pytest_plugin import messages as render
from gcscope.pytest_plugin.policy import Rules, judge
from gcscope.pytest_plugin.session import Session
from support import python


def rules(function, **changes):
    values = {"severity": "fail", "reason": None, "allow": (), "known": frozenset()}
    return Rules(own_frames=frozenset({function.__qualname__}), **{**values, **changes})


@pytest.fixture
def left(quiet):
    """Judge what a function leaves, as the plugin judges a test."""

    def judgement_of(function, **changes):
        follower = Follower()
        follower.begin()
        function()
        return judge(follower.end().report(), rules(function, **changes))

    return judgement_of


def fail():
    raise ValueError


def fail_and_keep_the_error():
    try:
        raise ValueError
    except ValueError as error:
        kept = error
        raise kept from None


def as_variable():
    with pytest.raises(ValueError) as info:
        fail()
    assert info.type is ValueError


def as_two_variables():
    with pytest.raises(ValueError) as first:
        fail()
    with pytest.raises(ValueError) as second:
        fail()
    assert first.type is second.type


def as_call():
    info = pytest.raises(ValueError, fail)
    assert info.type is ValueError


def as_context_in_a_variable():
    expected = pytest.raises(ValueError)
    with expected:
        fail()


@pytest.mark.parametrize(
    "function", [as_variable, as_two_variables, as_call, as_context_in_a_variable]
)
def test_a_pytest_raises_is_not_held_against_a_test(left, function):
    judgement = left(function)
    assert judgement.of(OF_PYTEST)
    assert not judgement.of(NEW), render.failure_text(judgement, {})


def as_variable_of_the_library():
    with pytest.raises(ValueError) as info:
        fail_and_keep_the_error()
    assert info.type is ValueError


def as_call_of_the_library():
    info = pytest.raises(ValueError, fail_and_keep_the_error)
    assert info.type is ValueError


@pytest.mark.parametrize("function", [as_variable_of_the_library, as_call_of_the_library])
def test_a_ring_of_the_library_does_not_hide_behind_that_of_pytest_raises(left, function):
    judgement = left(function)
    assert judgement.of(NEW)
    text = render.failure_text(judgement, {})
    assert "other rings run through it" in text
    assert "pytest.raises(...) without a variable shows the other rings" in text


def make_one_class():
    class One:
        pass

    return One()


def make_another_class():
    class Another:
        pass

    return Another()


def mock_something():
    return unittest.mock.MagicMock()


def test_classes_are_told_apart(left):
    functions = [make_one_class, make_another_class, mock_something]
    session = Session()
    for function in functions:
        session.add(function.__name__, left(function))
    forms = session.forms(NEW)
    assert {form.cycle.ring[0].name.rpartition(".")[2]: form.tests for form in forms} == {
        "One": ("make_one_class",),
        "Another": ("make_another_class",),
        "MagicMock": ("mock_something",),
    }
    known = frozenset(cycle.fingerprint for cycle in left(make_one_class).of(NEW))
    assert left(make_another_class, known=known).of(NEW)


def test_a_pattern_allows_all_mocks(left):
    judgement = left(mock_something, allow=("type unittest.mock.*",))
    assert judgement.of(ALLOWED)
    assert not judgement.of(NEW)


class Outcome:
    def __init__(self, error):
        self.error, self.traceback = error, error.__traceback__


def call_keeping_the_traceback():
    try:
        fail()
    except ValueError as error:
        outcome = Outcome(error)
    assert outcome.error is not None


def test_a_traceback_that_is_held_twice_gets_advice(left):
    (cycle,) = left(call_keeping_the_traceback).of(NEW)
    advice = cycle.cut.advice if cycle.cut is not None else cycle.advice
    assert "outcome" in advice or "traceback" in advice
    assert ".tb_frame" not in advice


DECORATED = """
import pytest

def given(function):
    def wrapped_test(self):
        return function(self)
    return wrapped_test

class TestEvolve:
    @given
    def test_unknown(self):
        with pytest.raises(ValueError) as info:
            int("none")
        assert info.type is ValueError
"""


def test_a_decorated_test_is_known_by_the_name_it_was_found_by(tmp_path):
    (tmp_path / "test_decorated.py").write_text(DECORATED)
    done = python("-m", "pytest", "-q", "-p", "no:cacheprovider", "--gcscope-fail", cwd=tmp_path)
    assert done.code == 0, done
    assert "not judged: 1 cycle" in done.out, done
