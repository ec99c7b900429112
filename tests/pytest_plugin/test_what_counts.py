"""What imports leave in a test, patterns that mean nothing, and lists of known rings by name."""

import pytest

from inner_session import OTHER

SLOTTED = """
from dataclasses import dataclass

@dataclass(slots=True)
class Point:
    x: int

@dataclass(slots=True)
class Line:
    a: Point

class Helper:
    kind = "a class for a line"
del Helper
"""
WHAT = (
    "2 classes that were replaced under their own name, as decorators, enum and "
    "dataclass(slots=True) do, 1 class that its module deleted: "
)


@pytest.mark.parametrize("options", [("--gcscope-fail",), ("--gcscope",), ()])
def test_whichever_test_imports_first_is_not_blamed(run, options):
    code = """
import dataclasses

@pytest.mark.no_cycles
def test_a(): import slotted

@pytest.mark.no_cycles
def test_b(): import slotted

@pytest.mark.allow_cycles("x")
def test_c(): import slotted
"""
    done = run(code, *options, slotted=SLOTTED)
    assert done.named("passed") == {"test_a", "test_b", "test_c"}, done.text
    (line,) = (line for line in done.summary if "under their own name" in line)
    assert line.startswith(f"not judged: {WHAT}") and line.endswith("of them, in 1 test")
    assert done.summary[0].endswith("none left a cycle") and "┌►" not in done.text


def test_a_ring_besides_is_blamed(run):
    code = "import dataclasses\ndef test_a():\n    import slotted\n    ring(Other)\n"
    done = run(code, "--gcscope-fail", slotted=SLOTTED)
    failure = done.failure("test_a")
    assert failure[0] == f"left 1 cycle: {OTHER}" and "\n".join(failure).count("┌►") == 1
    (line,) = (line for line in failure if "under their own name" in line)
    assert line.startswith(f"besides, not judged: {WHAT}")


def test_classes_that_a_test_makes_are_blamed(run):
    code = """
import collections
Row = collections.namedtuple("Row", "x")

def test_local():
    class Local: pass

def test_called(): collections.namedtuple("Row", "x")

def test_mock():
    from unittest import mock
    mock.Mock()
"""
    done = run(code, "--gcscope-fail")
    assert done.named("failed") == {"test_local", "test_called", "test_mock"}


def test_they_are_in_no_baseline(run, pytester):
    code = "import dataclasses\ndef test_a():\n    import slotted\n    ring(Other)\n"
    given = ("--gcscope-baseline=known.json", "--gcscope-update-baseline")
    done = run(code, *given, slotted=SLOTTED)
    assert "1 form of cycles written to" in done.text, done.text


# ------------------------------------------------------------------------------------- patterns


@pytest.mark.parametrize("plugins", [(), ("xdist",)], ids=["one process", "xdist"])
def test_a_pattern_that_means_nothing_is_told(run, plugins):
    ini = "gcscope_ignore =\n    rings.Other\n    rings.Gone\n    @trio\n"
    code = "def test_a(): ring(Other)\ndef test_b(): pass\n"
    done = run(code, "--gcscope-fail", *["-n2"] * bool(plugins), ini=ini, plugins=plugins)
    assert done.named("passed") == {"test_a", "test_b"}
    told = "gcscope_ignore: these patterns mean no ring that was found: 'rings.Gone', '@trio'"
    assert done.summary.count(told) == 1
    done = run("def test_a(): ring(Other)\n", "--gcscope", ini="gcscope_ignore = *.Other\n")
    assert "gcscope_ignore" not in done.text


def test_a_list_of_known_rings_by_name(run):
    code = """
from unittest import mock

def test_a(): mock.MagicMock().b()

@pytest.mark.no_cycles(allow=["@attrs"])
def test_c(): mock.Mock()

@pytest.mark.no_cycles(allow=["@mocks"])
def test_d(): pass
"""
    done = run(code, "--gcscope-fail", ini="gcscope_ignore = @mock\n")
    assert done.outcomes == {"test_a": "passed", "test_c": "passed", "test_d": "error"}
    done = run(code, "--gcscope-fail", ini="")
    assert done.named("failed") == {"test_a", "test_c"}
    assert "'@mocks' names no list of known rings; there are @anyio, @attrs, @mock" in done.text
    done = run(code, "--gcscope-fail", ini="gcscope_ignore = @?\n")
    assert done.code == 4
    assert done.error == (
        "ERROR: ini option gcscope_ignore: '@?' names no list of known rings; there are @anyio, "
        "@attrs, @mock, @starlette, @trio"
    )
