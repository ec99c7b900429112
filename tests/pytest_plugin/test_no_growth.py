"""The mark no_growth: a test is called again and again, and fails where something grows."""

MODULE = """
import logging
import unittest
import warnings
import pytest

REGISTRY = {}
CALLS = []

@pytest.fixture
def basket():
    return []
"""


def test_what_passes_and_what_fails(run):
    done = run(f"""{MODULE}
@pytest.mark.no_growth
def test_leaky():
    REGISTRY[len(REGISTRY)] = object()

@pytest.mark.no_growth(times=3, rounds=2)
def test_numbers(basket):
    basket.append(1)

@pytest.mark.no_growth(times=3)
@pytest.mark.parametrize("number", [0, 1])
def test_each(number):
    if number:
        REGISTRY[len(REGISTRY)] = number

@pytest.mark.no_growth
def test_clean(basket):
    assert basket == [] and [Node() for _ in range(10)]

@pytest.mark.no_growth(times=4, rounds=2)
def test_calls():
    CALLS[:] = [CALLS[0] + 1 if CALLS else 1]

def test_number_of_calls():
    assert CALLS == [1 + 4 * 2 + 4]

@pytest.mark.no_growth
def test_raises():
    raise ValueError("from within")

@pytest.mark.no_growth
def test_skips():
    pytest.skip("not here")

@pytest.mark.xfail(strict=True)
@pytest.mark.no_growth(times=2)
def test_expected():
    REGISTRY[len(REGISTRY)] = object()

class TestClass:
    @pytest.mark.no_growth(times=2)
    def test_method(self):
        REGISTRY[len(REGISTRY)] = object()
""")
    assert done.outcomes == {
        "test_leaky": "failed",
        "test_numbers": "failed",
        "test_each[0]": "passed",
        "test_each[1]": "failed",
        "test_clean": "passed",
        "test_calls": "passed",
        "test_number_of_calls": "passed",
        "test_raises": "failed",
        "test_skips": "skipped",
        "test_expected": "xfail",
        "test_method": "failed",
    }
    text = done.failure("test_leaky")
    assert text[0] == "the test grows test_inner.REGISTRY by 1 entry per call"
    assert "1 container grew in every one of 5 rounds of 20 calls" in text
    numbers = done.failure("test_numbers")
    assert numbers[0] == "the test grows basket of a fixture by 1 entry per call"
    assert "1 container grew in every one of 3 rounds of 3 calls" in numbers
    assert "E       ValueError: from within" in done.failure("test_raises")


def test_what_pytest_keeps_is_not_told(run):
    done = run(f"""{MODULE}
@pytest.mark.no_growth(times=5)
def test_logs(caplog):
    logging.getLogger("app").warning("once more")
    assert len(caplog.records) == 1

@pytest.mark.no_growth(times=5)
@pytest.mark.filterwarnings("always")
def test_warns():
    warnings.warn("once more")

@pytest.mark.no_growth(times=5)
def test_prints(capsys):
    print("once more")

@pytest.mark.no_growth(times=5)
def test_recorded(recwarn):
    warnings.simplefilter("always")
    warnings.warn("once more")
    assert len(recwarn) == 1
""")
    assert set(done.outcomes.values()) == {"passed"} and len(done.outcomes) == 4, done.text


def test_what_is_refused(run):
    done = run(f"""{MODULE}
@pytest.mark.no_growth(3)
def test_by_place():
    pass

@pytest.mark.no_growth(times=0)
def test_never():
    pass

@pytest.mark.no_growth(allow=["x"])
def test_unknown():
    pass

@pytest.mark.no_growth
async def test_async():
    pass

class TestCase(unittest.TestCase):
    @pytest.mark.no_growth
    def test_unittest(self):
        pass
""")
    assert set(done.outcomes.values()) == {"error"}
    for name in ("test_by_place", "test_never", "test_unknown"):
        example = "@pytest.mark.no_growth(times=20, rounds=4)"
        assert f"no_growth takes numbers by name, 1 or more: {example}" in done.failure(name)
    assert "lambda: asyncio.run(work())" in done.failure("test_async")[0]
    assert "gcscope.assert_no_growth(func) in it" in done.failure("test_unittest")[0]


def test_beside_no_cycles(run):
    done = run("""
@pytest.mark.no_growth(times=2, rounds=2)
@pytest.mark.no_cycles
def test_ring():
    ring()

@pytest.mark.no_growth(times=2, rounds=2)
@pytest.mark.no_cycles
def test_neither():
    [Node()]
""")
    assert done.outcomes == {"test_ring": "failed", "test_neither": "passed"}
    assert done.headline("test_ring") == "left 7 cycles: rings.Node .me → rings.Node"


def test_where_it_is_switched_off(run):
    code = f"""{MODULE}
@pytest.mark.no_growth
def test_leaky():
    REGISTRY[len(REGISTRY)] = 1
    assert len(REGISTRY) == 1
"""
    assert run(code, "--gcscope-off").outcomes == {"test_leaky": "passed"}


def test_the_mark_is_known(run):
    done = run("@pytest.mark.no_growth\ndef test_it():\n    pass\n", "--strict-markers")
    assert done.outcomes == {"test_it": "passed"}
    assert (
        "@pytest.mark.no_growth(times=20, rounds=4): call the test" in run(None, "--markers").text
    )
