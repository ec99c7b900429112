"""The pytest plugin, in sessions of its own that find it as a user's does: through the entry point.

An inner session has many tests with one outcome each, told by name, since a session costs half a
second.
"""

import gc
import importlib.util
import os
import re
import shutil
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

import gcscope
from gcscope.model.judgement import Baseline, Judgement

PYTEST = tuple(int(part) for part in pytest.__version__.split(".")[:2])
HELPERS = {
    "xdist": "xdist",
    "rerunfailures": "pytest_rerunfailures",
    "asyncio": "pytest_asyncio",
    "anyio": "anyio",
    "hypothesispytest": "hypothesis",
    "cov": "pytest_cov",
}
"""Plugins that an inner session gets only where it asks for them, and the module that shows that they are there."""

RINGS = """
import gc
import pytest

class Node:
    pass

class Other:
    pass

def ring(kind=Node):
    one = kind()
    one.me = one
    return id(one)
"""
NODE = "rings.Node .me → rings.Node"
OTHER = "rings.Other .me → rings.Other"


class Run:
    """An inner session that ended."""

    def __init__(self, result, folder):
        self.code = int(result.ret)
        self.lines = result.outlines
        self.text = result.stdout.str()
        self.errors = result.stderr.str()
        self.folder = folder
        self.outcomes = {}
        words = r"(PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS|RERUN)"
        for line in self.lines:
            if "short test summary info" in line:
                break
            if match := re.match(rf"\[gw\d+\] \[ *\d+%\] {words} (\S+?::.+)$", line):  # xdist's
                outcome, name = match.groups()
            elif match := re.match(rf"(\S+?::.+?) (?:<- \S+ )?{words}\b", line):
                name, outcome = match.groups()
            else:
                continue
            name = name.strip().rpartition("::")[2]
            self.outcomes[name] = "+".join(filter(None, [self.outcomes.get(name), outcome.lower()]))

    def named(self, outcome):
        """Return the names of the tests that ended so."""
        return {name for name, ended in self.outcomes.items() if ended == outcome}

    def failure(self, name):
        """Return what stands below the headline of a test that failed."""
        start = next(
            i
            for i, line in enumerate(self.lines)
            if re.match(rf"_+ (\S+ )*(\S+\.)?{re.escape(name)} _+$", line)
        )
        end = next(
            i
            for i in range(start + 1, len(self.lines))
            if re.match(r"(_{3,}|={3,}|gcscope:|-{3,})", self.lines[i])
        )
        return self.lines[start + 1 : end]

    def failed_line(self, name):
        """Return the line of a test in the short summary."""
        (line,) = (
            line for line in self.lines if re.match(rf"(FAILED|ERROR) \S+{re.escape(name)}\b", line)
        )
        return line

    @property
    def summary(self):
        """The lines that the plugin adds to the summary."""
        return [line[9:] for line in self.lines if line.startswith("gcscope: ")]

    @property
    def error(self):
        """The one line with which a session that did not begin ended."""
        (line,) = (
            line
            for line in f"{self.text}\n{self.errors}".splitlines()
            if line.startswith("ERROR: ")
        )
        return line


@pytest.fixture
def run(pytester, monkeypatch):
    """Run an inner session: its tests, its options; ini= is its pytest.ini, plugins= the helpers it gets."""
    pytester.makepyfile(rings=RINGS)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8")

    def run(code=None, *options, ini=None, plugins=(), **files):
        if code is not None:
            pytester.makepyfile(test_inner=f"from rings import *\n{code}")
        if ini is not None:
            pytester.makefile(".ini", pytest=f"[pytest]\n{ini}")
        if files:
            pytester.makepyfile(**files)
        for plugin in plugins:
            if importlib.util.find_spec(HELPERS[plugin]) is None:
                pytest.skip(f"{HELPERS[plugin]} is not here for this pytest")
        without = [f"-pno:{plugin}" for plugin in HELPERS if plugin not in plugins]
        verbose = ["-v"] if "no:terminal" not in options else []  # the option is the terminal's
        return Run(pytester.runpytest_subprocess(*without, *verbose, *options), pytester.path)

    return run


# ---------------------------------------------------------------------------- marks


def test_a_mark_needs_no_option(run):
    done = run("""
def test_unmarked():
    ring()

@pytest.mark.no_cycles
def test_clean():
    return None and [Node()]

@pytest.mark.no_cycles
def test_leaky():
    ring()
    ring(Other)
    ring(Other)
""")
    assert (
        done.outcomes == {"test_unmarked": "passed", "test_clean": "passed", "test_leaky": "failed"}
        and done.code == 1
    )
    text = done.failure("test_leaky")
    first = text[0]
    assert first == f"left 3 cycles, first: {OTHER}"
    if PYTEST >= (
        7,
        4,
    ):  # before, the short summary has no message of a failure without a traceback
        assert done.failed_line("test_leaky").endswith(f" - Failed: {first}")
    assert "seen 2 times · only the collector can free it" in "\n".join(text)
    assert [line.split()[0] for line in text if "┌►" in line] == ["┌►", "┌►"]
    assert sum("◄ cut here" in line for line in text) == 2
    assert done.summary == ["2 tests judged, 1 left cycles (2 forms): 1 failed"]


def test_what_a_mark_allows(run):
    done = run("""
@pytest.mark.no_cycles(allow=[Node])
def test_class():
    ring()

@pytest.mark.no_cycles(allow=["rings.Node"])
def test_name():
    ring()

@pytest.mark.no_cycles(allow={"rings.*"})
def test_pattern():
    ring()

@pytest.mark.no_cycles(allow=("frame test_frame",))
def test_frame():
    import sys
    frame = sys._getframe()

@pytest.mark.no_cycles(allow=[dict])
def test_builtin():
    one = {}
    one["me"] = one

@pytest.mark.no_cycles(allow=[Node])
def test_other_class():
    ring()
    ring(Other)

@pytest.mark.no_cycles(allow=["Node", "rings", "frame", "rings.Node.*", "[rings.Node]"])
def test_patterns_that_mean_others():
    ring()

@pytest.mark.no_cycles(allow=[])
def test_nothing():
    ring()
""")
    assert done.named("passed") == {
        "test_class",
        "test_name",
        "test_pattern",
        "test_frame",
        "test_builtin",
    }
    assert done.named("failed") == {
        "test_other_class",
        "test_patterns_that_mean_others",
        "test_nothing",
    }
    text = done.failure("test_other_class")
    assert (
        text[0] == f"left 1 cycle: {OTHER}" and text[-1] == "besides, not judged: 1 cycle allowed"
    )
    assert "not judged: 6 cycles allowed, in 6 tests" in done.summary


def test_a_fingerprint_is_allowed(run):
    code = """
@pytest.mark.no_cycles(allow=[{}])
def test_it():
    ring()
"""
    done = run(code.format(""), "--junitxml=it.xml")
    (cycle,) = judgements(done.folder / "it.xml")["test_it"].of("new")
    assert done.named("failed") == {"test_it"}
    assert run(code.format(repr(cycle.fingerprint))).named("passed") == {"test_it"}
    assert run(code.format(repr(cycle.fingerprint[:-1]))).named("failed") == {"test_it"}


def judgements(path):
    """Read from JUnit XML what tests left, by the test's name; of a test that was run again, the last counts."""
    found = {}
    for case in ElementTree.parse(path).iter("testcase"):
        found.pop(case.get("name"), None)
        for entry in case.iter("property"):
            if entry.get("name") == "gcscope":
                found[case.get("name")] = Judgement.from_json(entry.get("value"))
    return found


def test_where_marks_stand(run):
    inner = """
pytestmark = pytest.mark.no_cycles

def test_module():
    ring()

@pytest.mark.allow_cycles("the test is nearer than the module")
def test_allowed():
    ring()

@pytest.mark.no_cycles(allow=[Node])
def test_allowed_by_class():
    ring()

@pytest.mark.allow_cycles("for now")
class TestAllowed:
    def test_in_class(self):
        ring()

    @pytest.mark.no_cycles
    def test_nearest(self):
        ring()

    @pytest.mark.no_cycles
    class TestNested:
        def test_in_nested_class(self):
            ring()

        @pytest.mark.allow_cycles(reason="by name")
        def test_in_nested_class_allowed(self):
            ring()

@pytest.mark.parametrize("n", [1, pytest.param(2, marks=pytest.mark.allow_cycles("this one")), 3])
def test_param(n):
    if n != 3:
        ring()

@pytest.mark.allow_cycles("but for one")
@pytest.mark.parametrize("n", [1, pytest.param(2, marks=pytest.mark.no_cycles)])
def test_strict_param(n):
    ring()

@pytest.mark.no_cycles
@pytest.mark.parametrize("n", [1, pytest.param(2, marks=[pytest.mark.allow_cycles("this one")])])
def test_lax_param(n):
    ring()
"""
    done = run(inner)
    failed = {
        "test_module",
        "test_nearest",
        "test_in_nested_class",
        "test_param[1]",
        "test_strict_param[2]",
    }
    failed.add("test_lax_param[1]")
    assert done.named("failed") == failed
    assert done.named("passed") == set(done.outcomes) - failed and len(done.outcomes) == 14


def test_wrong_marks_say_what_to_write(run):
    done = run(
        """
@pytest.mark.allow_cycles
def test_no_reason(): ring()

@pytest.mark.allow_cycles("  ")
def test_blank(): ring()

@pytest.mark.allow_cycles(3)
def test_number(): ring()

@pytest.mark.allow_cycles(why="x")
def test_keyword(): ring()

@pytest.mark.allow_cycles("a", "b")
def test_two_reasons(): ring()

@pytest.mark.no_cycles(allow="Node")
def test_string(): ring()

@pytest.mark.no_cycles(ignore=["x"])
def test_unknown(): ring()

@pytest.mark.no_cycles("x")
def test_by_place(): ring()

@pytest.mark.no_cycles(allow=[3])
def test_int(): ring()

@pytest.mark.no_cycles(allow=None)
def test_none(): ring()

@pytest.mark.parametrize("n", [pytest.param(1, marks=pytest.mark.no_cycles(allow=Node))])
def test_param(n): ring()
"""
    )
    assert set(done.outcomes.values()) == {"error"} and len(done.outcomes) == 11 and done.code == 1
    for name in ("no_reason", "blank", "number", "keyword", "two_reasons"):
        (text,) = done.failure(f"test_{name}")
        assert (
            text
            == 'allow_cycles takes the reason, a string: @pytest.mark.allow_cycles("the pool keeps its workers")'
        )
    for name in ("string", "unknown", "by_place", "none", "param[1]"):
        (text,) = done.failure(f"test_{name}")
        assert text == 'no_cycles takes a list by name: @pytest.mark.no_cycles(allow=["app.Node"])'
    assert done.failure("test_int") == ["no_cycles(allow=...) takes classes and strings, not a int"]


def test_a_wrong_mark_runs_no_fixture(run):
    done = run("""
@pytest.fixture
def costly():
    print("set up")

@pytest.mark.allow_cycles
def test_it(costly): pass
""", "-s")  # fmt: skip
    assert done.outcomes == {"test_it": "error"} and "set up" not in done.text


# ------------------------------------------------------------------- kinds of tests


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
    assert (
        done.failure("test_set_up")[0] == done.failure("test_leaky")[0] == f"left 1 cycle: {NODE}"
    )
    assert done.failure("test_leaky_subtests")[0] == f"left 3 cycles: {NODE}"
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
        assert done.failure(name)[0] == f"left 1 cycle: {NODE}"


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
    assert done.named("failed") == {
        "test_ask",
        "test_leaky",
    }  # a fixture that the call asks for is made in it
    assert done.failure("test_leaky")[0] == f"left 1 cycle: {OTHER}"


# ------------------------------------------------------------------------- options

LEAKY = """
def test_unmarked():
    ring()

@pytest.mark.no_cycles
def test_marked():
    ring()

@pytest.mark.allow_cycles("kept for now")
def test_allowed():
    ring()

@pytest.mark.allow_cycles("needless")
def test_clean():
    pass
"""


@pytest.mark.parametrize(
    ("options", "ini", "failed", "told"),
    [
        ("", "", {"marked"}, False),
        ("--gcscope", "", {"marked"}, True),
        ("--gcscope-fail", "", {"marked", "unmarked"}, False),
        ("--gcscope-off", "", set(), False),
        ("", "gcscope = off", {"marked"}, False),
        ("", "gcscope = report", {"marked"}, True),
        ("", "gcscope = fail", {"marked", "unmarked"}, False),
        ("--gcscope", "gcscope = fail", {"marked"}, True),
        ("--gcscope --gcscope-fail", "gcscope = off", {"marked", "unmarked"}, False),
        ("--gcscope --gcscope-fail --gcscope-off", "gcscope = fail", set(), False),
        ("", "addopts = --gcscope-fail", {"marked", "unmarked"}, False),
    ],
)
def test_which_tests_are_judged(run, options, ini, failed, told):
    done = run(LEAKY, *options.split(), ini=ini)
    assert done.named("failed") == {f"test_{name}" for name in failed}
    assert (
        done.named("passed") == set(done.outcomes) - done.named("failed")
        and len(done.outcomes) == 4
    )
    assert ("cycles that tests left to the collector" in done.text) is told
    assert ("  in test_inner.py::test_unmarked" in done.lines) is told
    assert "  in test_inner.py::test_marked" not in done.lines  # it stands among the failures
    assert bool(done.summary) is bool(failed)
    if told:
        assert done.summary[0] == (
            "4 tests judged, 2 left cycles (1 form): 1 failed, 1 told, not failed (--gcscope-fail makes them fail)"
        )
    if told or "unmarked" in failed:
        assert done.summary[1:] == [
            "not judged: 1 cycle allowed, in 1 test",
            "allow_cycles is not needed by test_inner.py::test_clean: they left none",
        ]


def test_pyproject_and_a_wrong_value(run, pytester):
    pytester.makepyprojecttoml(
        '[tool.pytest.ini_options]\ngcscope = "fail"\ngcscope_ignore = ["*.Other"]\n'
    )
    done = run("def test_it(): ring()\ndef test_ignored(): ring(Other)")
    assert done.outcomes == {"test_it": "failed", "test_ignored": "passed"}
    assert "not judged: 1 cycle allowed, in 1 test" in done.summary
    done = run(ini="gcscope = yes")
    assert (
        done.code == 4
        and done.error == "ERROR: ini option gcscope = 'yes': it must be one of off, report, fail"
    )


def test_ignore_in_pytest_ini(run):
    code = """
@pytest.mark.no_cycles
def test_marked(): ring()

def test_other(): ring(Other)

def test_both():
    ring()
    ring(Other)
"""
    done = run(code, "--gcscope-fail", ini="gcscope_ignore =\n    django.*\n    rings.No[dt]e\n")
    assert (
        done.named("passed") == {"test_marked"}
        and done.failure("test_both")[0] == f"left 1 cycle: {OTHER}"
    )


# ---------------------------------------------------- other ways to run, other plugins


def test_exit_first_and_last_failed(run):
    code = "def test_a(): pass\ndef test_b(): ring()\ndef test_c(): ring(Other)\n"
    done = run(code, "--gcscope-fail", "-x")
    assert (
        done.outcomes == {"test_a": "passed", "test_b": "failed"}
        and "1 failed, 1 passed" in done.text
    )
    done = run(code, "--gcscope-fail")
    assert done.named("failed") == {"test_b", "test_c"}
    assert set(run(None, "--gcscope-fail", "--lf").outcomes) == {"test_b", "test_c"}
    assert run(None, "--lf").outcomes == {"test_b": "passed", "test_c": "passed"}


def test_reruns(run):
    code = """
runs = []

@pytest.mark.no_cycles
def test_flaky():
    runs.append(1)
    if len(runs) < 3:
        ring()

@pytest.mark.no_cycles
def test_leaky():
    ring(Other)

@pytest.mark.allow_cycles("x")
def test_first_allowed():
    pass
"""
    done = run(code, "--reruns=2", "--junitxml=it.xml", plugins=["rerunfailures"])
    assert done.outcomes == {
        "test_flaky": "rerun+rerun+passed",
        "test_leaky": "rerun+rerun+failed",
        "test_first_allowed": "passed",
    }
    assert done.summary == ["2 tests judged, 1 left cycles (1 form): 1 failed"]
    assert {name: len(it.findings) for name, it in judgements(done.folder / "it.xml").items()} == {
        "test_leaky": 1
    }
    done = run("n = []\ndef test_flaky():\n    ring()\n    n.append(1)\n    assert len(n) > 1",
               "--gcscope", "--reruns=2", plugins=["rerunfailures"])  # fmt: skip
    assert done.outcomes == {"test_flaky": "rerun+passed"} and done.text.count("┌►") == 1


def test_xdist_tells_the_same(run):
    code = (
        LEAKY
        + """
@pytest.mark.parametrize("n", range(4))
def test_param(n):
    ring(Other)

def test_raises():
    with pytest.raises(ValueError) as e:
        raise ValueError
"""
    )
    alone = run(code, "--gcscope", plugins=["xdist"])
    spread = run(code, "--gcscope", "-n2", "--junitxml=it.xml", plugins=["xdist"])
    assert (
        spread.outcomes == alone.outcomes
        and len(spread.outcomes) == 9
        and spread.code == alone.code == 1
    )
    assert spread.summary == alone.summary and len(spread.summary) == 4
    section = "== cycles that tests left to the collector =="
    told = [
        run.text[run.text.index(section) : run.text.index("gcscope: ")] for run in (alone, spread)
    ]
    assert told[0] == told[1] and "test_inner.py::test_param[2] and 1 more" in told[0]
    assert len(judgements(spread.folder / "it.xml")) == 9


def test_junit_xml(run):
    done = run(LEAKY, "--gcscope", "--junitxml=it.xml")
    cases = {
        case.get("name"): case
        for case in ElementTree.parse(done.folder / "it.xml").iter("testcase")
    }
    failure = cases["test_marked"].find("failure")
    assert (
        f"left 1 cycle: {NODE}" in failure.get("message") + failure.text
        and "◄ cut here" in failure.text
    )
    assert cases["test_unmarked"].find("failure") is None
    found = judgements(done.folder / "it.xml")
    assert {name: [finding.standing for finding in it.findings] for name, it in found.items()} == {
        "test_unmarked": ["new"],
        "test_marked": ["new"],
        "test_allowed": ["allowed"],
        "test_clean": [],
    }
    assert found["test_marked"].fails and not found["test_unmarked"].fails
    assert found["test_allowed"].reason == "kept for now"
    assert found["test_marked"].findings[0].cycle.types == {"rings.Node": 1}


def test_a_property_of_the_same_name_is_the_tests_own(run):
    done = run("""
@pytest.mark.no_cycles
def test_leaky(record_property):
    record_property("gcscope", "0.1")
    ring()

@pytest.fixture
def noted(record_property):
    record_property("gcscope", "0.2")

@pytest.mark.no_cycles
def test_clean(noted):
    pass
""", "--junitxml=it.xml")  # fmt: skip
    assert done.outcomes == {"test_leaky": "failed", "test_clean": "passed"} and done.code == 1
    assert done.summary == ["2 tests judged, 1 left cycles (1 form): 1 failed"]
    values = [
        entry.get("value") for entry in ElementTree.parse(done.folder / "it.xml").iter("property")
    ]
    assert (
        values[0] == "0.1"
        and values[2] == "0.2"
        and Judgement.from_json(values[1]).fails
        and len(values) == 3
    )


PLAIN = "def test_it():\n    ring()\n"


@pytest.mark.parametrize(
    "options",
    [
        "-p no:gcscope",
        "-p no:gcscope --strict-markers",
        "-W error --strict-markers --strict-config",
        "-p no:terminal",
        "-p no:cacheprovider -p no:terminal --gcscope",
        "--collect-only --gcscope-fail",
        "--setup-only --gcscope-fail",
        "--setup-plan --gcscope-fail",
    ],
)
def test_a_plain_run_passes(run, options):
    done = run(PLAIN, *options.split(), "--junitxml=it.xml")
    assert done.code == 0 and "INTERNAL" not in done.text + done.errors and done.summary == []
    if "only" not in options and "plan" not in options:
        suite = next(ElementTree.parse(done.folder / "it.xml").iter("testsuite"))
        assert suite.get("tests") == "1" and suite.get("failures") == suite.get("errors") == "0"


@pytest.mark.parametrize(
    "options",
    [
        "-W error --strict-markers --strict-config",
        "-p no:cacheprovider",
        "-p no:junitxml",
        "-p no:unittest -p no:doctest",
        "-s",
        "--tb=no",
        "--tb=native",
        "-p no:unraisableexception -p no:threadexception",
        "--assert=plain",
        "--import-mode=importlib",
        "--setup-show",
        "--runxfail",
    ],
)
def test_a_judged_run_fails(run, options):
    done = run(LEAKY, "--gcscope-fail", *options.split())
    assert done.code == 1 and "2 failed, 2 passed" in done.text
    assert done.summary[0] == "4 tests judged, 2 left cycles (1 form): 2 failed"


def test_quiet(run):
    done = run(LEAKY, "--gcscope", "-q", "-q")
    assert done.code == 1 and any(line.startswith(".F..") for line in done.lines)
    assert "  in test_inner.py::test_unmarked" in done.lines
    assert run(LEAKY, "--gcscope-fail", "-p", "no:terminal").code == 1


def test_imported_before_pytest(run, pytester, monkeypatch):
    """Where it is installed from a wheel, pytest would tell that it cannot rewrite the asserts of the package."""
    home = pytester.path / "installed"
    shutil.copytree(
        Path(gcscope.__file__).parent,
        home / "gcscope",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    info = home / "gcscope-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gcscope\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("[pytest11]\ngcscope = gcscope.pytest_plugin\n")
    names = [str(file.relative_to(home)) for file in home.rglob("*") if file.is_file()]
    (info / "RECORD").write_text("".join(f"{name},,\n" for name in [*names, f"{info.name}/RECORD"]))
    monkeypatch.setenv("PYTHONPATH", str(home), prepend=os.pathsep)
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    run("@pytest.mark.no_cycles\ndef test_it(): ring()", "--collect-only")
    code = f"""
import sys, gcscope
assert gcscope.__file__.startswith({str(home)!r}), gcscope.__file__
gcscope.garbage, gcscope.watch
import pytest
sys.exit(pytest.main(["-W", "error", "-p", "no:asyncio", "-p", "no:anyio", "-p", "no:hypothesispytest"]))
"""
    done = pytester.run(sys.executable, "-c", code)
    done.stdout.fnmatch_lines(["left 1 cycle: rings.Node*", "gcscope: 1 test judged, 1 left*"])
    assert done.ret == 1 and "rewritten" not in done.stdout.str() + done.stderr.str()


# ---------------------------------------------------------------------- not judged


def test_only_what_passes_is_judged(run):
    done = run("""
pytestmark = pytest.mark.no_cycles

def test_fails():
    ring()
    assert False

def test_after_it():
    pass

@pytest.mark.skip
def test_skip_mark():
    ring()

def test_skip():
    ring()
    pytest.skip("inside")

@pytest.mark.xfail
def test_xfail():
    ring()
    assert False

@pytest.mark.xfail
def test_xfail_call():
    ring()
    pytest.xfail("inside")

@pytest.mark.xfail
def test_xpass():
    pass

@pytest.mark.xfail(strict=True)
def test_strict_xpass():
    pass

@pytest.mark.xfail(reason="the ring")
def test_xfail_by_ring():
    ring(Other)

@pytest.fixture
def broken():
    ring()
    raise KeyError

def test_error(broken):
    ring()

@pytest.fixture
def broken_end():
    yield
    ring()
    raise KeyError

def test_error_at_end(broken_end):
    pass

def test_fails_with_ring():
    error = KeyError()
    try:
        raise error
    finally:
        del ring

def test_after_that():
    pass

def test_last():
    pass
""")
    assert done.outcomes == {
        "test_fails": "failed",
        "test_after_it": "passed",
        "test_skip_mark": "skipped",
        "test_skip": "skipped",
        "test_xfail": "xfail",
        "test_xfail_call": "xfail",
        "test_xpass": "xpass",
        "test_strict_xpass": "failed",
        "test_xfail_by_ring": "xfail",
        "test_error": "error",
        "test_error_at_end": "passed+error",
        "test_fails_with_ring": "failed",
        "test_after_that": "passed",
        "test_last": "passed",
    }
    assert done.summary == ["7 tests judged, 1 left cycles (1 form): 1 failed"]
    assert "rings.Node" not in done.text


# ------------------------------------------------------------------- pytest.raises


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
        "besides, not judged: 1 cycle of pytest (a test's own frame with its pytest.raises, or what runs async tests)"
    )
    assert "frame helper" in done.failure("test_helper")[0]
    assert "frame test_kept_by_hand" in done.failure("test_kept_by_hand")[0]
    assert len(done.summary) == 2 and done.summary[1].startswith("not judged: ")
    assert done.summary[1].endswith("in 10 tests")


# ------------------------------------------------------------------- the collector


def test_collections_inside(run):
    done = run("""
pytestmark = pytest.mark.no_cycles

def test_taken():
    ring()
    gc.collect()

def test_taken_young():
    ring(Other)
    gc.collect(0)

def test_several():
    for n in range(4):
        ring()
        gc.collect(n % 3)
    ring(Other)

def test_clean():
    box = [[] for n in range(10)]
    gc.collect()

@pytest.fixture
def older():
    ring()
    gc.collect(0)
    gc.collect(1)
    one = Node()
    one.me = one
    gc.collect(0)
    gc.collect(1)

def test_older(older):
    gc.collect()

def test_without():
    ring()
""")
    assert done.outcomes == {
        "test_taken": "failed",
        "test_taken_young": "failed",
        "test_several": "failed",
        "test_clean": "passed",
        "test_older": "passed",
        "test_without": "failed",
    }
    assert done.failure("test_taken")[0] == f"left 1 cycle: {NODE}"
    once = "note: the collector ran once inside: all objects were looked at, not only those made meanwhile"
    assert done.failure("test_taken")[-1] == once
    assert done.failure("test_taken_young")[0] == f"left 1 cycle: {OTHER}"
    several = "\n".join(done.failure("test_several"))
    assert several.startswith("left 5 cycles, first: ") and "seen 4 times" in several
    assert "the collector ran 4 times inside" in several
    assert "note:" not in "\n".join(done.failure("test_without"))
    assert f"{once} (4 tests)" in done.summary


def test_the_programs_settings(run):
    """Thresholds, callbacks, switched off or not: as the test finds and leaves them; judging changes none."""
    done = run(
        """
pytestmark = pytest.mark.no_cycles

def test_switched_off():
    gc.disable()
    ring()

def test_it_stays_off():
    assert not gc.isenabled()
    ring()

def test_switched_on():
    gc.enable()

def test_it_stays_on():
    assert gc.isenabled()

def test_thresholds_of_its_own():
    gc.set_threshold(601, 7, 8)

def test_they_stay():
    ring()

def test_that_fails():
    assert False

def test_that_skips():
    pytest.skip("x")

def test_without_callbacks():
    gc.callbacks.clear()
    ring()

def test_callbacks_of_its_own():
    gc.callbacks.insert(0, CALLBACK)

def test_after_it():
    pass

def test_zero():
    gc.set_threshold(0)

def test_it_stays_zero():
    assert gc.get_threshold()[0] == 0
    ring()
""",
        conftest="""
import gc
import pytest

class NeverEqual:
    def __call__(self, phase, info): pass
    def __eq__(self, other): raise RuntimeError("compared")
    __hash__ = None

import builtins
builtins.CALLBACK = NeverEqual()

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item):
    try:
        return (yield)
    finally:
        with open("left.txt", "a") as file:
            print(item.name, gc.isenabled(), gc.get_threshold(), len(gc.callbacks), file=file)
""",
    )
    left = dict(
        line.split(maxsplit=1) for line in (done.folder / "left.txt").read_text().splitlines()
    )
    usual = gc.get_threshold()
    assert done.named("failed") == {
        "test_switched_off",
        "test_it_stays_off",
        "test_they_stay",
        "test_that_fails",
        "test_without_callbacks",
        "test_it_stays_zero",
    }
    at_first = left["test_switched_on"].split()[-1]
    assert left["test_switched_off"] == left["test_it_stays_off"] == f"False {usual} {at_first}"
    assert left["test_switched_on"] == left["test_it_stays_on"] == f"True {usual} {at_first}"
    for name in ("thresholds_of_its_own", "they_stay", "that_fails", "that_skips"):
        assert left[f"test_{name}"].startswith("True (601, 7, ") and left[f"test_{name}"].endswith(
            at_first
        )
    assert left["test_without_callbacks"].endswith(" 0") and left["test_after_it"].endswith(" 1")
    assert left["test_zero"].startswith("True (0, ") and left["test_it_stays_zero"].startswith(
        "True (0, "
    )


def test_switched_off_for_the_whole_run(run):
    done = run(
        """
pytestmark = pytest.mark.no_cycles

def test_leaky():
    ring(Other)

def test_clean():
    pass
""",
        conftest="import gc\ngc.disable()\nfrom rings import ring\nfor n in range(100): ring()\n",
    )
    assert done.outcomes == {"test_leaky": "failed", "test_clean": "passed"}
    assert done.failure("test_leaky")[0] == f"left 1 cycle: {OTHER}" and "note:" not in done.text


def test_frozen_memory(run):
    done = run(
        """
pytestmark = pytest.mark.no_cycles

def test_leaky():
    ring()

def test_frozen_as_before():
    assert FROZEN * 0.9 < gc.get_freeze_count() <= FROZEN  # some have been freed

def test_freezes():
    ring()
    gc.freeze()
    ring(Other)

def test_freezes_and_thaws():
    ring()
    gc.freeze()
    gc.unfreeze()

def test_clean_and_freezes():
    gc.freeze()
""",
        conftest="""
import builtins, gc
def pytest_collection_finish():
    gc.collect()
    gc.freeze()
    builtins.FROZEN = gc.get_freeze_count()
""",
    )
    assert done.outcomes == {
        "test_leaky": "failed",
        "test_frozen_as_before": "passed",
        "test_freezes": "failed",
        "test_freezes_and_thaws": "passed",
        "test_clean_and_freezes": "passed",
    }
    assert (
        done.failure("test_freezes")[0] == f"left 1 cycle: {OTHER}"
    )  # frozen objects are in use, for the collector
    note = "note: gc.freeze() ran inside: what was made before it is in use, to the collector, and was not looked at"
    assert done.failure("test_freezes")[-1] == note and f"{note} (2 tests)" in done.summary
    note = "note: gc.freeze() and gc.unfreeze() ran inside: only what was made after the freeze was looked at"
    assert f"{note} (1 test)" in done.summary


def test_judging_collects_nothing(run):
    """Where a test would have collections, a judged one has none, and its end is none."""
    done = run(
        """
@pytest.mark.parametrize("n", range(4))
def test_it(n):
    box = [[] for n in range(60_000)]
""",
        conftest="""
import gc
import pytest
def follow(phase, info):
    if phase == "start":
        RAN.append(1)
RAN = []
gc.callbacks.append(follow)

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item):
    gc.collect()
    gc.set_threshold(50_000, 10, 10)
    del RAN[:]
    stats = gc.get_stats()
    try:
        return (yield)
    finally:
        with open("ran.txt", "a") as file:
            print(len(RAN), gc.get_stats() == stats, file=file)
""",
    )
    file = done.folder / "ran.txt"
    assert {line.split()[1] for line in file.read_text().splitlines()} == {
        "False"
    }  # without a mark
    file.unlink()
    assert run(None, "--gcscope-fail").code == 0
    assert file.read_text().splitlines() == ["0 True"] * 4


def test_very_many_objects(run):
    """A test that makes more than PUT_OFF objects gets a collection all the same, and is judged."""
    done = run("""
from gcscope.pytest_plugin import new_objects
new_objects.PUT_OFF = 2000

@pytest.mark.no_cycles
def test_many():
    begun = gc.get_stats()[0]["collections"]
    ring(Other)
    box = [[] for n in range(10_000)]
    assert gc.get_stats()[0]["collections"] > begun

@pytest.mark.no_cycles
def test_few():
    begun = gc.get_stats()[0]["collections"]
    box = [[] for n in range(1500)]
    assert gc.get_stats()[0]["collections"] == begun
""")
    assert done.outcomes == {"test_many": "failed", "test_few": "passed"}
    assert done.failure("test_many")[0] == f"left 1 cycle: {OTHER}"
    assert done.failure("test_many")[-1].startswith("note: the collector ran ")


def test_an_interrupt(run):
    done = run(
        "@pytest.mark.no_cycles\ndef test_it():\n    ring()\n    raise KeyboardInterrupt\n",
        conftest="""
import gc
BEFORE = gc.get_threshold(), len(gc.callbacks)
def pytest_sessionfinish():
    print("SAME", BEFORE == (gc.get_threshold(), len(gc.callbacks)))
""",
    )
    assert (
        done.code == 2
        and "KeyboardInterrupt" in done.text
        and "SAME True" in done.text
        and done.summary == []
    )


def test_forks_and_threads(run):
    done = run("""
import os
import threading
pytestmark = pytest.mark.no_cycles

@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_fork():
    child = os.fork()
    if not child:
        ring()
        gc.collect()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0

def test_thread():
    thread = threading.Thread(target=ring, args=(Other,))
    thread.start()
    thread.join()

def test_clean_threads():
    threads = [threading.Thread(target=int) for n in range(5)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
""")
    assert done.outcomes == {
        "test_fork": "passed",
        "test_thread": "failed",
        "test_clean_threads": "passed",
    }
    assert done.failure("test_thread")[0] == f"left 1 cycle: {OTHER}"


# --------------------------------------------------------------------- baselines

THREE = """
def test_a(): ring()
def test_b(): ring(Other)
def test_c(): pass
"""


def test_a_baseline(run):
    update = ("--gcscope-baseline=known.json", "--gcscope-update-baseline")
    done = run(THREE, *update)
    path = done.folder / "known.json"
    assert done.code == 0 and f"2 forms of cycles written to {path}" in done.summary
    text = path.read_text(encoding="utf-8")
    baseline = Baseline.from_json(text)
    assert [(ring.ring, ring.tests) for ring in baseline.rings] == [
        (NODE, ("test_inner.py::test_a",)),
        (OTHER, ("test_inner.py::test_b",)),
    ]
    assert (
        text.endswith("}\n")
        and "→" in text
        and len([line for line in text.splitlines() if '"ring": ' in line]) == 2
    )
    assert run(None, *update).code == 0 and path.read_text(encoding="utf-8") == text  # stable

    done = run(None, "--gcscope-fail", "--gcscope-baseline=known.json")
    assert done.named("passed") == {"test_a", "test_b", "test_c"} and done.code == 0
    assert done.summary == [
        "3 tests judged, none left a new cycle",
        "2 forms of cycles known to the baseline still there",
    ]
    assert path.read_text(encoding="utf-8") == text

    done = run(THREE.replace("(): pass", "(): box = []; box.append(box)").replace("ring(Other)", "pass"),
               "--gcscope-fail", "--gcscope-baseline=known.json")  # fmt: skip
    assert (
        done.named("failed") == {"test_c"}
        and done.failure("test_c")[0] == "left 1 cycle: list [0] → list"
    )
    gone = baseline.rings[1]
    place = done.lines.index(
        "gcscope: gone from the baseline: 1 form of cycles (--gcscope-update-baseline takes them out):"
    )
    assert done.lines[place + 1] == f"gcscope:   {OTHER}  ({gone.fingerprint})"

    done = run(None, "--gcscope-fail", *update, "-k", "test_b or test_c")
    assert done.code == 0 and set(done.outcomes) == {
        "test_b",
        "test_c",
    }  # while it is written, nothing fails
    written = Baseline.from_json(path.read_text(encoding="utf-8"))
    assert [ring.ring for ring in written.rings] == [
        "list [0] → list",
        NODE,
    ]  # test_a was not run: its entry stays
    assert written.rings[1] == baseline.rings[0]


def test_baseline_and_marks(run):
    code = """
@pytest.mark.no_cycles
def test_marked(): ring()

@pytest.mark.allow_cycles("x")
def test_allowed(): ring(Other)
"""
    done = run(code, "--gcscope-baseline=known.json", "--gcscope-update-baseline")
    assert done.code == 0
    (known,) = Baseline.from_json((done.folder / "known.json").read_text(encoding="utf-8")).rings
    assert known.ring == NODE
    assert run(None, "--gcscope-baseline=known.json").code == 0 and run(None).code == 1


def test_baseline_in_the_ini(run, monkeypatch):
    done = run(THREE, "--gcscope-update-baseline", ini="gcscope_baseline = sub/known.json\n")
    assert done.code == 4 and done.summary[-1].startswith("the baseline ")
    assert done.summary[-1].endswith(
        "sub/known.json could not be written: No such file or directory"
    )
    (done.folder / "sub").mkdir()
    assert run(None, "--gcscope-update-baseline").code == 0
    monkeypatch.chdir(done.folder / "sub")
    assert (
        run(None, "--gcscope-fail", "../test_inner.py").code == 0
    )  # from the root directory, wherever it is run
    done = run(None, "--gcscope-fail", "../test_inner.py", "--gcscope-baseline=known.json")
    assert done.code == 0 and "2 forms of cycles known to the baseline still there" in done.summary
    assert sorted(path.name for path in (done.folder / "sub").iterdir() if path.suffix) == [
        "known.json"
    ]


def test_baseline_under_xdist(run):
    update = ("--gcscope-baseline=known.json", "--gcscope-update-baseline")
    done = run(THREE, *update)
    text = (done.folder / "known.json").read_text(encoding="utf-8")
    (done.folder / "known.json").unlink()
    conftest = """
def pytest_sessionfinish(session):
    config = session.config
    is_one_of_others = hasattr(config, "workerinput")
    with open("gathers.txt", "a") as file:
        print(is_one_of_others, config.pluginmanager.hasplugin("gcscope-summary"), file=file)
"""
    done = run(None, *update, "-n2", plugins=["xdist"], conftest=conftest)
    assert done.code == 0 and (done.folder / "known.json").read_text(encoding="utf-8") == text
    gathers = sorted((done.folder / "gathers.txt").read_text().splitlines())
    assert gathers == [
        "False True",
        "True False",
        "True False",
    ]  # else all of them would write the baseline
    done = run(None, "--gcscope-fail", "--gcscope-baseline=known.json", "-n2", plugins=["xdist"])
    assert done.code == 0 and "2 forms of cycles known to the baseline still there" in done.summary


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (None, "there is no baseline {path}: --gcscope-update-baseline writes one"),
        ("", "the baseline {path} cannot be read: "),
        ("{", "the baseline {path} cannot be read: "),
        ("[]", "the baseline {path} cannot be read: "),
        (
            '{"schema": "gcscope/9", "kind": "Baseline", "rings": []}',
            "the baseline {path} cannot be read: ",
        ),
        (
            '{"schema": "gcscope/1", "kind": "Baseline", "rings": [{}]}',
            "the baseline {path} cannot be read: ",
        ),
        (b"\xff\xfe", "the baseline {path} cannot be read: "),
        ("folder", "the baseline {path} cannot be read: "),
    ],
)
def test_baselines_that_are_none(run, pytester, content, line):
    path = pytester.path / "known.json"
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    for update in ([], ["--gcscope-update-baseline"]) if content is not None else ([],):
        done = run(PLAIN, "--gcscope-baseline=known.json", *update)
        assert done.code == 4 and done.outcomes == {}
        assert (
            done.error.startswith("ERROR: " + line.format(path=path))
            and "Traceback" not in done.text + done.errors
        )
    assert run(PLAIN, "--gcscope-off", "--gcscope-baseline=known.json").code == 0


def test_a_baseline_that_nothing_is_held_to(run):
    done = run(THREE, "--gcscope-update-baseline", "--gcscope-baseline=known.json")
    assert "2 told, not failed" in done.text and "--gcscope-fail makes" not in done.text
    done = run(THREE, "--gcscope-baseline=known.json")
    assert done.code == 0 and done.summary == [
        "a baseline was given, and no test was judged: add --gcscope-fail, or --gcscope to be told only"
    ]
    assert run(THREE, "--gcscope-baseline=known.json", "--gcscope-off").summary == []
    assert run(THREE, ini="gcscope_baseline = known.json").summary == []


def test_an_update_without_a_file(run):
    done = run(PLAIN, "--gcscope-update-baseline")
    assert done.code == 4 and done.error.startswith(
        "ERROR: --gcscope-update-baseline needs a file to write: give "
    )


# --------------------------------------------------------------- light, unbreakable

LOADED = """
def pytest_sessionfinish(session):
    import sys
    print("LOADED", sorted(name for name in sys.modules if name.partition(".")[0] == "gcscope"))
"""


def test_a_plain_run_loads_nothing(run):
    done = run(PLAIN, conftest=LOADED)
    assert (
        done.code == 0
        and "LOADED ['gcscope', 'gcscope.pytest_plugin', 'gcscope.pytest_plugin.hooks']"
        in done.text
    )
    done = run("@pytest.mark.no_cycles\ndef test_it(): pass", conftest=LOADED)
    assert done.code == 0 and "'gcscope._core'" in done.text  # it is seen where it is


BROKEN = "import sys\nsys.modules['gcscope._core'] = None\n"


def test_a_broken_core(run):
    done = run(PLAIN, conftest=BROKEN)
    assert done.code == 0 and done.summary == [] and "not judged" not in done.text
    done = run(LEAKY, conftest=BROKEN)
    assert done.code == 0 and len(done.named("passed")) == 4
    (line,) = done.summary
    assert re.match(
        r"1 test was not judged: gcscope does not load \(ModuleNotFoundError: .*_core.*\); install it anew$",
        line,
    )
    (line,) = run(LEAKY, "--gcscope").summary
    assert line.startswith("4 tests were not judged: gcscope does not load (")
    done = run(LEAKY, "--gcscope-fail")
    assert done.code == 4 and done.error.startswith(
        "ERROR: --gcscope-fail cannot judge: gcscope does not load ("
    )
    assert run(LEAKY, "--gcscope-fail", "--gcscope-off").code == 0


OLD_PYTEST = "import pytest\ndel pytest.StashKey\n"
OLD_PLUGGY = """
import pluggy, pytest

class hookimpl(pluggy.HookimplMarker):
    def __call__(self, function=None, hookwrapper=False, optionalhook=False, tryfirst=False, trylast=False):
        return super().__call__(function, hookwrapper, optionalhook, tryfirst, trylast)

pytest.hookimpl = hookimpl("pytest")
"""


@pytest.mark.parametrize("old", [OLD_PYTEST, OLD_PLUGGY], ids=["pytest", "pluggy"])
def test_a_pytest_that_is_too_old(run, old):
    """As far as one can have it without such a pytest: what it lacks is taken away before plugins load."""
    early = ("-p", "old")
    done = run(PLAIN, *early, "--strict-markers", conftest=LOADED, old=old)
    assert (
        done.code == 0
        and done.summary == []
        and "LOADED ['gcscope', 'gcscope.pytest_plugin']" in done.text
    )
    done = run(LEAKY, *early)
    assert done.code == 0 and len(done.named("passed")) == 4
    (line,) = done.summary
    why = r"gcscope needs pytest 7.0 and pluggy 1.2 or newer to judge tests, and this is pytest \S+ with pluggy \S+"
    assert re.match(f"no test was judged: {why}$", line)
    for options, ini in ((("--gcscope",), None), ((), "gcscope = fail")):
        done = run(PLAIN, *early, *options, ini=ini)
        assert done.code == 0 and len(done.summary) == 1
        (done.folder / "pytest.ini").unlink(missing_ok=True)
    assert run(LEAKY, *early, "--gcscope-off").summary == []
    done = run(LEAKY, *early, "--gcscope-fail")
    assert done.code == 4 and re.match(f"ERROR: --gcscope-fail cannot judge: {why}$", done.error)
    assert run(LEAKY, *early, "--gcscope-fail", "--gcscope-off").code == 0
    done = run("def test_it(gcscope): assert gcscope.garbage", *early)
    assert done.named("passed") == {"test_it"}


def test_no_memory_for_a_look(run):
    done = run(
        LEAKY,
        "--gcscope-fail",
        conftest="""
from gcscope.pytest_plugin import new_objects
def no_memory(*arguments): raise MemoryError
new_objects.find = no_memory
""",
    )
    assert done.code == 0 and len(done.named("passed")) == 4
    assert (
        "note: not judged: MemoryError:  (4 tests)" in done.summary
        or "note: not judged: MemoryError (4 tests)" in done.summary
    )


# ---------------------------------------------------------- the fixture, and the help


def test_the_fixture(run):
    done = run("""
@pytest.fixture(scope="session")
def of_session(gcscope):
    return gcscope

class TestIt:
    @pytest.fixture(scope="class")
    def of_class(self, gcscope):
        return gcscope

    def test_scopes(self, gcscope, of_class, of_session):
        import gcscope as module
        assert gcscope is of_class is of_session is module

def test_words(gcscope):
    with gcscope.watch() as watched:
        ring()
    assert watched.report.types == {"rings.Node": 1}
    with pytest.raises(AssertionError):
        gcscope.assert_no_cycles(ring)
""")
    assert done.named("passed") == {"test_scopes", "test_words"} == set(done.outcomes)


def test_help(run):
    text = " ".join(run(None, "--markers").text.split())
    assert (
        "@pytest.mark.no_cycles(allow=[]): fail the test if its call leaves reference cycles"
        in text
    )
    assert (
        "@pytest.mark.allow_cycles(reason): let the test leave reference cycles, and say why"
        in text
    )
    text = " ".join(run(None, "--help").text.split())
    for option in (
        "--gcscope ",
        "--gcscope-fail ",
        "--gcscope-off ",
        "--gcscope-baseline=FILE ",
        "--gcscope-update-baseline ",
    ):
        assert option in text
    for key in (
        "gcscope (string): judge tests",
        "gcscope_ignore (linelist): patterns",
        "gcscope_baseline (string): the",
    ):
        assert key in text
    text = " ".join(run(None, "--fixtures").text.split())
    assert re.search(
        r"gcscope \[session scope\].* Hand over the module: gcscope\.assert_no_cycles", text
    )


def test_a_session_inside_a_judged_test(run):
    """What pytest leaves of itself, in the same process, is not the test's affair; the plugin does not lose its way."""
    done = run(
        '''
@pytest.mark.no_cycles(allow=["*"])
def test_inside(pytester):
    path = pytester.makepyfile("""
        import pytest, gc
        @pytest.mark.no_cycles
        def test_leaky():
            box = []
            box.append(box)
        @pytest.mark.no_cycles
        def test_clean():
            assert len(gc.callbacks) >= 2
    """)
    before = gc.get_threshold(), len(gc.callbacks)
    result = pytester.runpytest_inprocess("-p", "no:anyio", "-p", "no:asyncio")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["left 1 cycle: list*"])
    assert before == (gc.get_threshold(), len(gc.callbacks))

@pytest.mark.allow_cycles("pytest's own")
def test_allowed(pytester):
    pytester.makepyfile("def test_it(): pass")
    pytester.runpytest_inprocess("--gcscope", "-p", "no:anyio", "-p", "no:asyncio").assert_outcomes(passed=1)

@pytest.mark.no_cycles
def test_after():
    ring(Other)
''',
        "-p",
        "pytester",
        "--junitxml=it.xml",
    )
    assert done.outcomes["test_inside"] == done.outcomes["test_allowed"] == "passed", done.text
    assert done.failure("test_after")[0] == f"left 1 cycle: {OTHER}"
    found = judgements(done.folder / "it.xml")
    kinds = {name for it in found["test_inside"].findings for name in it.cycle.types}
    assert "list" in kinds and not [name for name in kinds if name.startswith("gcscope.")]
