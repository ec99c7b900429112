"""The plugin judges every kind of test: functions, classes, doctests, coroutines."""

import pytest

from inner_session import NODE, OTHER, PYTEST

# ---------------------------------------------------------------------------------- kinds of tests


def test_classes_and_unittest(run):
    done = run("""
import unittest

class TestPlain:
    def setup_method(self):
        ring()

    def teardown_method(self):
        ring()

    @pytest.mark.no_cycles
    def test_method(self):
        self.kept = kept = []
        kept.append(kept)

    @pytest.mark.no_cycles
    def test_leaky_method(self):
        ring()

@pytest.mark.no_cycles
class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        ring()

    def test_clean(self):
        self.me = self
        with self.assertRaises(ValueError) as caught:
            raise ValueError
        error = caught.exception

    def test_leaky(self):
        ring()

    def test_that_fails(self):
        ring()
        self.fail("by itself")

    def test_that_errs(self):
        ring()
        raise KeyError("by itself")

    def test_that_skips(self):
        ring()
        self.skipTest("by itself")

    @unittest.expectedFailure
    def test_that_is_expected_to_fail(self):
        ring()
        self.fail("by itself")

    def test_subtests(self):
        for n in range(3):
            with self.subTest(n=n):
                pass

    def test_leaky_subtests(self):
        for n in range(3):
            with self.subTest(n=n):
                ring()

@pytest.mark.no_cycles
class CaseSetUp(unittest.TestCase):
    def setUp(self):
        ring()
    def test_set_up(self):
        pass

@pytest.mark.no_cycles
class CaseTearDown(unittest.TestCase):
    def tearDown(self):
        ring(Other)
    def test_tear_down(self):
        pass
""")
    assert done.outcomes.pop("test_method") == "passed"
    assert done.failure("test_leaky_method")[0] == f"left 1 cycle: {NODE}"
    assert done.named("skipped") == {"test_that_skips"} and done.named("xfail") == {
        "test_that_is_expected_to_fail"
    }
    assert done.named("passed") == {"test_clean", "test_subtests"}
    assert done.headline("test_set_up") == done.headline("test_leaky") == f"left 1 cycle: {NODE}"
    assert done.headline("test_leaky_subtests") == f"left 3 cycles: {NODE}"
    assert done.failure("test_tear_down")[0] == f"left 1 cycle: {OTHER}"
    for name in ("test_that_fails", "test_that_errs"):
        assert done.outcomes[name] == "failed"
        text = "\n".join(done.failure(name))
        assert "by itself" in text and "cycle" not in text
    assert done.summary[0] == "8 tests judged, 5 left cycles (2 forms): 5 failed"


def test_subtests_that_fail(run):
    """With one of those a test has failed, though its call returns."""
    done = run("""
import unittest

@pytest.mark.no_cycles
class Case(unittest.TestCase):
    def test_case(self):
        for n in range(2):
            with self.subTest(n=n):
                ring()
                self.assertEqual(n, 1)

    def test_case_after(self):
        ring(Other)
""")
    assert done.code == 1 and done.outcomes["test_case_after"] == "failed" and NODE not in done.text
    assert done.summary == ["1 test judged, 1 left cycles (1 form): 1 failed"]
    if PYTEST < (9, 0):
        pytest.skip("this pytest has no fixture subtests")
    done = run("""
@pytest.mark.no_cycles
def test_fixture(subtests):
    with subtests.test("x"):
        ring()
        assert False
""")
    assert (
        done.outcomes == {"test_fixture": "failed"} and NODE not in done.text and done.summary == []
    )


def test_doctests(run):
    done = run(
        None,
        "--gcscope-fail",
        "--doctest-modules",
        module='''
def clean():
    """
    >>> def function(): pass
    >>> class Local: pass
    >>> box = [1]; box
    [1]
    >>> raise ValueError("told")
    Traceback (most recent call last):
    ValueError: told
    """

def leaky():
    """
    >>> from rings import ring
    >>> _ = ring()
    """
''',
    )
    assert done.outcomes["module.leaky"] == "failed"
    assert done.failure("module.leaky")[0].startswith("left 1 cycle: rings.Node")


ASYNC = """
async def test_clean():
    await asyncio.sleep(0)

async def test_leaky():
    await asyncio.sleep(0)
    ring()

async def test_raises():
    with pytest.raises(ValueError) as e:
        await asyncio.sleep(0)
        raise ValueError
    err = e.value

async def test_raises_and_leaks():
    with pytest.raises(ValueError) as e:
        await asyncio.sleep(0)
        raise ValueError
    ring()

@pytest.fixture
async def fixture():
    ring()
    yield
    ring()

async def test_with_fixture(fixture):
    await asyncio.sleep(0)
"""


def check_async(done, params=("",)):
    def names(*tests):
        return {f"{test}{param}" for test in tests for param in params}

    assert done.named("passed") == names("test_clean", "test_raises", "test_with_fixture"), (
        done.outcomes
    )
    assert done.named("failed") == names("test_leaky", "test_raises_and_leaks")
    for name in names("test_leaky", "test_raises_and_leaks"):
        assert done.headline(name) == f"left 1 cycle: {NODE}"


def test_async_tests_of_pytest_asyncio(run):
    done = run(
        "import asyncio\npytestmark = [pytest.mark.no_cycles, pytest.mark.asyncio]\n"
        + ASYNC.replace("@pytest.fixture", "import pytest_asyncio\n@pytest_asyncio.fixture"),
        plugins=["asyncio"],
        ini="asyncio_default_fixture_loop_scope = function" if PYTEST >= (8, 2) else "",
    )
    check_async(done)


def test_async_tests_of_anyio(run):
    pytest.importorskip("trio")
    code = (
        "import anyio as asyncio\npytestmark = [pytest.mark.no_cycles, pytest.mark.anyio]\n" + ASYNC
    )
    backends = ["asyncio", "trio"]
    code += (
        f"@pytest.fixture(params={backends})\ndef anyio_backend(request): return request.param\n"
    )
    check_async(run(code, plugins=["anyio"]), params=["[asyncio]", "[trio]"])


def test_fixtures_are_not_judged(run):
    done = run("""
pytestmark = pytest.mark.no_cycles

@pytest.fixture
def around():
    ring()
    yield
    ring()

@pytest.fixture
def holder():
    box = []
    yield box
    del box[:]

@pytest.fixture
def plain():
    ring()

@pytest.fixture
def final(request):
    request.addfinalizer(ring)

@pytest.fixture(autouse=True, scope="module")
def module():
    ring()
    yield
    ring()

def setup_function():
    ring()

def teardown_function():
    ring()

def test_around(around, plain, final):
    pass

def test_held(holder):
    holder.append(holder)

def test_ask(request):
    request.getfixturevalue("around")

def test_leaky(around):
    ring(Other)
""")
    assert done.named("passed") == {"test_around", "test_held"}
    # a fixture that the call asks for is made in it
    assert done.named("failed") == {
        "test_ask",
        "test_leaky",
    }
    assert done.failure("test_leaky")[0] == f"left 1 cycle: {OTHER}"


# ----------------------------------------------------------------------------------- pytest.raises


def test_rings_of_pytest_raises(run):
    done = run("""
from contextlib import nullcontext
pytestmark = pytest.mark.no_cycles

def fail():
    raise ValueError("x")

def test_plain():
    with pytest.raises(ValueError) as e:
        fail()

def test_value():
    with pytest.raises(ValueError) as e:
        fail()
    err = e.value

def test_nested():
    with nullcontext(), pytest.raises(ValueError) as e:
        with nullcontext():
            fail()
    assert str(e.value) == "x"

def test_match():
    with pytest.raises(ValueError, match="x") as e:
        fail()

def test_two():
    with pytest.raises(ValueError) as e:
        fail()
    with pytest.raises(ValueError) as e2:
        fail()

@pytest.mark.parametrize("n", [1, 2])
def test_param(n):
    with pytest.raises(ValueError) as e:
        fail()

class TestIt:
    def test_method(self):
        with pytest.raises(ValueError) as e:
            fail()

    class TestInner:
        def test_inner(self, tmp_path):
            with pytest.raises(ValueError) as e:
                raise ValueError

def test_without_name():
    with pytest.raises(ValueError):
        fail()

def test_with_ring_of_its_own():
    with pytest.raises(ValueError) as e:
        fail()
    ring()

def helper():
    with pytest.raises(ValueError) as e:
        fail()

def test_helper():
    helper()

def test_kept_by_hand():
    try:
        fail()
    except ValueError as error:
        kept = error
""")
    failed = {"test_with_ring_of_its_own", "test_helper", "test_kept_by_hand"}
    assert done.named("failed") == failed and done.named("passed") == set(done.outcomes) - failed
    assert done.failure("test_with_ring_of_its_own")[0] == f"left 1 cycle: {NODE}"
    assert done.failure("test_with_ring_of_its_own")[-1] == (
        "besides, not judged: 1 cycle of pytest (a test's own frame with its pytest.raises, what "
        "runs async tests, or inner functions of pytest)"
    )
    assert "frame helper" in done.failure("test_helper")[0]
    assert "frame test_kept_by_hand" in done.failure("test_kept_by_hand")[0]
    assert len(done.summary) == 2 and done.summary[1].startswith("not judged: ")
    assert done.summary[1].endswith("in 10 tests")


def test_inner_functions_of_pytest(run):
    done = run("""
from _pytest._code import ExceptionInfo
pytestmark = pytest.mark.no_cycles

def test_it():
    try:
        raise ValueError
    except ValueError as error:
        text = ExceptionInfo.from_exc_info((ValueError, error, error.__traceback__)).exconly()
        error.__traceback__ = None
    assert text == "ValueError"

def test_own():
    def visit(n):
        return visit(n - 1) if n else 0
    visit(1)
""")
    assert done.named("passed") == {"test_it"} and done.named("failed") == {"test_own"}
