"""Sessions of pytest inside a test, that find the plugin as a user's do: through the entry point.

An inner session has many tests with one outcome each, told by name, since a session costs half a
second.
"""

import json
import re
from xml.etree import ElementTree

import pytest

from gcscope.model.judgement import Judgement

PYTEST = tuple(int(part) for part in pytest.__version__.split(".")[:2])


HELPERS = {
    "xdist": "xdist",
    "rerunfailures": "pytest_rerunfailures",
    "asyncio": "pytest_asyncio",
    "anyio": "anyio",
    "hypothesispytest": "hypothesis",
    "cov": "pytest_cov",
    "timeout": "pytest_timeout",
    "run-parallel": "pytest_run_parallel",
}
"""Plugins that an inner session gets only where it asks, and a module that shows each is there."""


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

    def headline(self, name):
        """Return the first line of a failure, but not which other one explains its ring."""
        return self.failure(name)[0].partition(" (form ")[0]

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


# ------------------------------------------------------------------------------------------- marks


NOTING = """
import json
import os

FILE = os.path.abspath("judgements.jsonl")

def pytest_runtest_logreport(report):
    if report.when == "call":
        with open(FILE, "a") as file:
            text = getattr(report, "gcscope_judgement", None)
            print(json.dumps([report.nodeid, text]), file=file)
"""
"""A plugin that writes down what tests left, as their reports have it. `-p noting` loads it."""


def judgements(folder):
    """Read what NOTING wrote, by the test's name. Of a test that was run again, the last counts.

    Under xdist workers write too, and the process that was started last.
    """
    found = {}
    for line in (folder / "judgements.jsonl").read_text().splitlines():
        test, text = json.loads(line)
        name = test.rpartition("::")[2]
        found.pop(name, None)
        if text is not None:
            found[name] = Judgement.from_json(text)
    return found


def properties(path):
    """Read from JUnit XML the plugin's property of each test, by the test's name.

    Of a test that was run again, the last counts.
    """
    found = {}
    for case in ElementTree.parse(path).iter("testcase"):
        found.pop(case.get("name"), None)
        for entry in case.iter("property"):
            if entry.get("name") == "gcscope":
                found[case.get("name")] = entry.get("value")
    return found


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


PLAIN = "def test_it():\n    ring()\n"
