"""The plugin is light and breaks no run; the fixture, and the help."""

import re

import pytest

from inner_session import LEAKY, OTHER, PLAIN, judgements

# ------------------------------------------------------------------------------ light, unbreakable


LOADED = """
def pytest_sessionfinish(session):
    import sys
    print("LOADED", sorted(name for name in sys.modules if name.partition(".")[0] == "gcscope"))
"""


def test_a_plain_run_loads_nothing(run):
    done = run(PLAIN, conftest=LOADED)
    light = ["gcscope", *(f"gcscope.pytest_plugin{name}" for name in ("", ".company", ".hooks"))]
    assert done.code == 0 and f"LOADED {light}" in done.text
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
        r"1 test was not judged: gcscope does not load \(ModuleNotFoundError: .*_core.*\); "
        r"install it anew$",
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
    def __call__(
        self, function=None, hookwrapper=False, optionalhook=False, tryfirst=False, trylast=False
    ):
        return super().__call__(function, hookwrapper, optionalhook, tryfirst, trylast)

pytest.hookimpl = hookimpl("pytest")
"""


@pytest.mark.parametrize("old", [OLD_PYTEST, OLD_PLUGGY], ids=["pytest", "pluggy"])
def test_a_pytest_that_is_too_old(run, old):
    """As far as one can have it without such a pytest.

    What it lacks is taken away before plugins load.
    """
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
    why = (
        r"gcscope needs pytest 7.0 and pluggy 1.2 or newer to judge tests, and this is pytest "
        r"\S+ with pluggy \S+"
    )
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
from gcscope.api import follow
def no_memory(*arguments): raise MemoryError
follow.Found = no_memory
""",
    )
    assert done.code == 0 and len(done.named("passed")) == 4
    assert (
        "note: not judged: MemoryError:  (4 tests)" in done.summary
        or "note: not judged: MemoryError (4 tests)" in done.summary
    )


# ----------------------------------------------------------------------- the fixture, and the help


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
    """What pytest leaves of itself, in the same process, is not the test's affair.

    The plugin does not lose its way.
    """
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
            assert [f.__name__ for f in gc.callbacks].count("gcscope_follow") == 1
    """)
    before = gc.get_threshold(), len(gc.callbacks)
    result = pytester.runpytest_inprocess("-p", "no:anyio", "-p", "no:asyncio")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["left 1 cycle: list*"])
    assert before == (gc.get_threshold(), len(gc.callbacks))

@pytest.mark.allow_cycles("pytest's own")
def test_allowed(pytester):
    pytester.makepyfile("def test_it(): pass")
    done = pytester.runpytest_inprocess("--gcscope", "-p", "no:anyio", "-p", "no:asyncio")
    done.assert_outcomes(passed=1)

@pytest.mark.no_cycles
def test_after():
    ring(Other)
''',
        "-p",
        "pytester",
        "-pnoting",
    )
    assert done.outcomes["test_inside"] == done.outcomes["test_allowed"] == "passed", done.text
    assert done.failure("test_after")[0] == f"left 1 cycle: {OTHER}"
    found = judgements(done.folder)
    kinds = {name for it in found["test_inside"].findings for name in it.cycle.types}
    assert "list" in kinds and not [name for name in kinds if name.startswith("gcscope.")]
