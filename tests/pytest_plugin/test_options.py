"""The plugin's options, and other ways to run and other plugins beside it."""

import os
import re
import shutil
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

import gcscope
from inner_session import LEAKY, NODE, OTHER, PLAIN, judgements, properties

# ----------------------------------------------------------------------------------------- options


@pytest.mark.parametrize(
    ("options", "ini", "failed", "told"),
    [
        ("", "", {"marked"}, False),
        ("--gcscope", "", {"marked"}, True),
        ("--gcscope-fail", "", {"marked", "unmarked"}, True),
        ("--gcscope-off", "", set(), False),
        ("", "gcscope = off", {"marked"}, False),
        ("", "gcscope = report", {"marked"}, True),
        ("", "gcscope = fail", {"marked", "unmarked"}, True),
        ("--gcscope", "gcscope = fail", {"marked"}, True),
        ("--gcscope --gcscope-fail", "gcscope = off", {"marked", "unmarked"}, True),
        ("--gcscope --gcscope-fail --gcscope-off", "gcscope = fail", set(), False),
        ("", "addopts = --gcscope-fail", {"marked", "unmarked"}, True),
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
    for name in ("marked", "unmarked"):
        assert (f"  in test_inner.py::test_{name}" in done.lines) is told
    assert bool(done.summary) is bool(failed)
    if told:
        how = (
            "2 failed"
            if "unmarked" in failed
            else "1 failed, 1 told, not failed (--gcscope-fail makes them fail)"
        )
        assert done.summary == [
            f"4 tests judged, 2 left cycles (1 form): {how}",
            "not judged: 1 cycle allowed, in 1 test",
            "allow_cycles is not needed by 1 test:",
            "  test_inner.py::test_clean",
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
        and done.failure("test_other")[0] == f"left 1 cycle: {OTHER}"
        and done.headline("test_both") == f"left 1 cycle: {OTHER}"
    )


# ---------------------------------------------------------------- other ways to run, other plugins


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
    done = run(code, "--reruns=2", "--junitxml=it.xml", "-pnoting", plugins=["rerunfailures"])
    assert done.outcomes == {
        "test_flaky": "rerun+rerun+passed",
        "test_leaky": "rerun+rerun+failed",
        "test_first_allowed": "passed",
    }
    assert done.summary == ["2 tests judged, 1 left cycles (1 form): 1 failed"]
    left = judgements(done.folder)
    assert {name: len(it.findings) for name, it in left.items()} == {"test_leaky": 1}
    (cycle,) = left["test_leaky"].of("new")
    assert properties(done.folder / "it.xml") == {"test_leaky": f"1 cycle: {cycle.fingerprint}"}
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
    spread = run(code, "--gcscope", "-n2", "--junitxml=it.xml", "-pnoting", plugins=["xdist"])
    assert (
        spread.outcomes == alone.outcomes
        and len(spread.outcomes) == 9
        and spread.code == alone.code == 1
    )
    assert spread.summary == alone.summary and len(spread.summary) == 5
    section = "== cycles that tests left to the collector =="
    told = [
        run.text[run.text.index(section) : run.text.index("gcscope: ")] for run in (alone, spread)
    ]
    assert told[0] == told[1] and "  and 1 more test\n" in told[0]
    assert "  in 'test_inner.py::test_param[2]'\n" in told[0]
    assert len(judgements(spread.folder)) == 9
    assert len(properties(spread.folder / "it.xml")) == 8  # test_clean left nothing


def test_junit_xml(run):
    done = run(LEAKY, "--gcscope", "--junitxml=it.xml", "-pnoting")
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
    found = judgements(done.folder)
    assert {name: [finding.standing for finding in it.findings] for name, it in found.items()} == {
        "test_unmarked": ["new"],
        "test_marked": ["new"],
        "test_allowed": ["allowed"],
        "test_clean": [],
    }
    assert found["test_marked"].fails and not found["test_unmarked"].fails
    assert found["test_allowed"].reason == "kept for now"
    (cycle,) = found["test_marked"].of("new")
    assert cycle.types == {"rings.Node": 1}
    assert properties(done.folder / "it.xml") == {
        "test_unmarked": f"1 cycle: {cycle.fingerprint}",
        "test_marked": f"1 cycle: {cycle.fingerprint}",
        "test_allowed": f"1 cycle allowed: {cycle.fingerprint}",
    }


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
        and re.fullmatch(r"1 cycle: [0-9a-f]{16}", values[1])
        and len(values) == 3
    )


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
    """Where it is installed from a wheel, pytest would tell that it cannot rewrite the asserts of
    the package.
    """
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
without = ["-p", "no:asyncio", "-p", "no:anyio", "-p", "no:hypothesispytest"]
sys.exit(pytest.main(["-W", "error", *without]))
"""
    done = pytester.run(sys.executable, "-c", code)
    done.stdout.fnmatch_lines(["left 1 cycle: rings.Node*", "gcscope: 1 test judged, 1 left*"])
    assert done.ret == 1 and "rewritten" not in done.stdout.str() + done.stderr.str()
