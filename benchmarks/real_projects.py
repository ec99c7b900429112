"""Test suites of other people's packages, run without and with gcscope's pytest plugin, in turns.

What is measured: whether every test has the same outcome, how much longer the run takes (the median
of the ratios of neighbouring runs), and what the tests leave; once more with --gcscope-fail, and
with -n 2 (xdist). Each package comes from PyPI, its tests from its sdist, each into a virtual
environment of its own below --work, where the reports are kept as well. Prints a Markdown table.

    python benchmarks/real_projects.py [--work DIR] [--rounds N] [package ...]
"""

import argparse
import re
import statistics
import subprocess
import sys
import tarfile
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
SUMMARY = re.compile(
    r"gcscope: ([\d,]+) tests? judged, (?:none left|([\d,]+) left cycles \(([\d,]+) form)"
)


class Project(NamedTuple):
    """What the tests of a package need, and which of them are run."""

    requires: tuple[str, ...] = ()
    tests: tuple[str, ...] = ("tests",)


PROJECTS = {
    "anyio": Project(  # the other tests need a network, and some of them fail without one
        (
            "trio",
            "hypothesis",
            "pytest-mock",
            "pytest-timeout",
            "psutil",
            "trustme",
            "truststore",
            "blockbuster",
            "uvloop",
        ),
        tuple(
            f"tests/test_{part}.py"
            for part in ("taskgroups", "synchronization", "to_thread", "from_thread")
        ),
    ),
    "attrs": Project(("hypothesis", "cloudpickle", "pympler")),
    "click": Project(),
    "flask": Project(
        ("python-dotenv", "asgiref", "pytest<9"), ("tests", "--ignore=tests/test_cli.py")
    ),
    "jinja2": Project(("trio",)),
    "marshmallow": Project(("simplejson",)),
    "more-itertools": Project(),
    "networkx": Project(
        (),
        (
            "--pyargs",
            *(f"networkx.{part}" for part in ("classes", "utils", "readwrite", "algorithms.tree")),
        ),
    ),
    "pluggy": Project(("pytest-benchmark",), ("testing",)),
    "urllib3": Project(
        (
            "trustme",
            "tornado",
            "pysocks",
            "pytest-timeout",
            "httpx",
            "hypercorn",
            "quart",
            "quart-trio",
            "trio",
            "h2",
        ),
        ("test", "--ignore=test/with_dummyserver", "--ignore=test/contrib/emscripten"),
    ),
}


def out(*command, where=None):
    """Run a command, which is to succeed."""
    return subprocess.run(command, check=True, cwd=where, capture_output=True, text=True).stdout


def prepared(name, work):
    """Make the virtual environment of a package; return its Python and the sdist's directory."""
    home = work / name
    python = home / "venv" / "bin" / "python"
    if not python.exists():
        out(sys.executable, "-m", "venv", home / "venv")
        out(
            python,
            "-m",
            "pip",
            "install",
            "-q",
            name,
            "pytest",
            "pytest-xdist",
            *PROJECTS[name].requires,
        )
    out(python, "-m", "pip", "install", "-q", "--force-reinstall", "--no-deps", ROOT)
    if not (home / "sdist").exists():
        pip = (python, "-m", "pip")
        version = version_of(python, name)
        out(
            *pip,
            "download",
            "-q",
            "--no-deps",
            "--no-binary",
            name,
            "-d",
            home,
            f"{name}=={version}",
        )
        (archive,) = home.glob("*.tar.gz")
        with tarfile.open(archive) as tar:
            tar.extractall(home / "sdist", filter="data")
    (sdist,) = (home / "sdist").iterdir()
    return python, sdist


def version_of(python, name):
    """Return which version of a package is installed."""
    return out(python, "-c", f"import importlib.metadata as m; print(m.version({name!r}))").strip()


def outcomes(path):
    """Read what became of each test from a report as junit has it."""
    found = {}
    for case in ET.parse(path).iter("testcase"):
        what = sorted(
            child.tag for child in case if child.tag in ("failure", "error", "skipped")
        ) or ["passed"]
        found.setdefault((case.get("classname"), case.get("name")), []).extend(what)
    return found


def run(name, work, way, *options):
    """Run the tests of a package in one way; return seconds, outcomes and what was printed."""
    python, sdist = work / name / "venv" / "bin" / "python", next((work / name / "sdist").iterdir())
    xml = work / name / f"{way}.xml"
    tests = PROJECTS[name].tests
    command = [
        python,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        f"--junitxml={xml}",
        *options,
        *tests,
    ]
    start = time.perf_counter()
    done = subprocess.run(command, cwd=sdist, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    (work / name / f"{way}.txt").write_text(done.stdout + done.stderr)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{name}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return seconds, outcomes(xml), done.stdout


def told(text):
    """Read from a summary how many tests were judged, how many left cycles, of how many forms."""
    found = SUMMARY.search(text)
    return tuple(found.group(i) or "0" for i in (1, 2, 3)) if found else ("?", "?", "?")


def measured(name, work, rounds):
    """Run a package's tests without the plugin and with it, in turns; return a row of the table."""
    python, _ = prepared(name, work)
    ratios, without, with_it = [], [], []
    for _ in range(rounds):
        before, plain, _ = run(name, work, "without", "-p", "no:gcscope")
        after, judged, text = run(name, work, "with", "--gcscope")
        ratios.append(after / before)
        without.append(plain)
        with_it.append(judged)
    steady = {test for test in plain if all(run_of.get(test) == plain[test] for run_of in without)}
    changed = sorted(
        {test for test in steady for run_of in with_it if run_of.get(test) != plain[test]}
    )
    _, failing, _ = run(name, work, "fail", "--gcscope-fail")
    failed = sum(len(o) for test, o in failing.items() if o != plain.get(test) and "failure" in o)
    _, divided, of_two = run(name, work, "xdist", "--gcscope", "-n", "2")
    apart = sorted(test for test in steady if divided.get(test) != plain[test])
    for test in (*changed, *apart):
        print("  differs:", *test, file=sys.stderr)
    tests = f"{sum(map(len, plain.values())):,}"
    share = "" if len(steady) == len(plain) else f", of {len(steady):,} steady ones"
    equal = f"{'no' if changed else 'yes'}{share}"
    left_by_two = f"{'no' if apart else 'yes'}, {told(of_two)[1]}"
    ratio = f"{statistics.median(ratios):.2f}"
    return (
        name,
        version_of(python, name),
        tests,
        *told(text),
        equal,
        ratio,
        f"{failed:,}",
        left_by_two,
    )


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--work", type=Path, default=Path("/tmp/real"), help="where the environments are made"
    )
    parser.add_argument("--rounds", type=int, default=2, help="how often each way")
    parser.add_argument("packages", nargs="*", default=list(PROJECTS), metavar="package")
    options = parser.parse_args()
    print(
        "| package | version | tests | judged | left cycles | forms | outcomes equal "
        "| time with / without",
        end=" ",
    )
    print("| failed by --gcscope-fail | with -n 2: equal, left cycles |")
    print("|---|---|--:|--:|--:|--:|---|--:|--:|---|", flush=True)
    for name in options.packages:
        print("|", " | ".join(measured(name, options.work, options.rounds)), "|", flush=True)


if __name__ == "__main__":
    main()
