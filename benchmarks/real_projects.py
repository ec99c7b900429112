"""Test suites of other people's packages, run without and with gcscope's pytest plugin, in turns.

What is measured: whether every test has the same outcome (the plugin loaded and not asked; with
--gcscope; with --gcscope-fail, but for the tests that it fails; with -n 2 of xdist), how much more
processor time and how much more memory the run takes with --gcscope (medians of the ratios of
neighbouring runs), and what the tests leave. Time is user and system time, since that of a clock
says little on a machine that others use; memory is the peak of the resident set of the process
(and of those that it waited for), as the kernel has it. Each package comes from PyPI, its tests
from its sdist or its wheel, each into a virtual environment of its own below --work, where the
reports are kept as well. Prints a Markdown table.

    python benchmarks/real_projects.py [--work DIR] [--rounds N] [package ...]
"""

import argparse
import os
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
SUMMARY = re.compile(
    r"gcscope: ([\d,]+) tests? judged, (?:none left|([\d,]+) left cycles \(([\d,]+) form)"
)
HEADLINE = re.compile(r"(Failed: )?left [\d,]+ cycles?\b")
TIME_OF_DAY = re.compile(r"\d+[-:]\d\d[-:]\d+")
BY_GCSCOPE = "failed by gcscope"
SLOWING = ("PYTHONDONTWRITEBYTECODE", "PYTHONDEVMODE")
"""Variables with which each run does the same work again, that is none of the tests'."""
WITHOUT = ("-p", "no:gcscope")


class Project(NamedTuple):
    """What the tests of a package need, and which of them are run."""

    requires: tuple[str, ...] = ()
    tests: tuple[str, ...] = ("tests",)
    taken_out: str | None = None
    """The tests' folder in the sdist, where it has to be taken out: beside it lies the package."""
    has_sdist: bool = True
    """Whether the sdist is needed: not where the wheel has the tests and their configuration."""
    divided: tuple[str, ...] = ()
    """Options of the run with -n 2, for tests that two processes cannot run at the same time."""


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
    "httpx": Project(
        (
            "trio",
            "uvicorn",
            "trustme",
            "chardet",
            "h2",
            "socksio",
            "brotli",
            "zstandard",
            "rich",
            "click",
            "pygments",
        ),
        divided=tuple(  # those that start a server: on one port, for which they wait
            f"--ignore=tests/{file}.py"
            for file in (
                "client/test_async_client",
                "client/test_auth",
                "client/test_client",
                "client/test_event_hooks",
                "models/test_responses",
                "test_api",
                "test_config",
                "test_exceptions",
                "test_main",
                "test_timeouts",
                "test_utils",
            )
        ),
    ),
    "jinja2": Project(("trio",)),
    "lxml": Project(  # but for classes to derive from, and lists for another runner
        (), ("tests", "-k", "not CaseBase and not test_suite"), taken_out="src/lxml/tests"
    ),
    "marshmallow": Project(  # one test has the time of day in its name
        ("simplejson",), divided=("-k", "not test_invalid_datetime_deserialization")
    ),
    "more-itertools": Project(),
    "networkx": Project(
        (),
        (
            "--pyargs",
            *(f"networkx.{part}" for part in ("classes", "utils", "readwrite", "algorithms.tree")),
        ),
    ),
    "numpy": Project(("hypothesis",), ("--pyargs", "numpy.ma"), has_sdist=False),
    "pluggy": Project(("pytest-benchmark",), ("testing",)),
    "sqlalchemy": Project((), ("test/engine/test_pool.py", "--maxfail=100000")),
    "starlette": Project(
        (
            "starlette[full]",
            "httpx",
            "httpx2[zstd]",
            "trio",
            "opentelemetry-sdk",
            "importlib-metadata",
            "blockbuster",
        )
    ),
    "trio": Project(
        ("trustme", "pyopenssl", "astor", "async_generator"), ("--pyargs", "trio._core._tests")
    ),
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


def prepared(name, work, wheel):
    """Make the virtual environment of a package, and the folder in which its tests are run."""
    home = work / name
    python = home / "venv" / "bin" / "python"
    pip = (python, "-m", "pip")
    if not python.exists():
        out(sys.executable, "-m", "venv", home / "venv")
        out(*pip, "install", "-q", name, "pytest", "pytest-xdist", *PROJECTS[name].requires)
    out(*pip, "install", "-q", "--force-reinstall", "--no-deps", wheel)
    if not (home / "tests").exists():
        unpack(name, home)


def unpack(name, home):
    """Lay out the sdist of the version that is installed, or what of it is needed."""
    project = PROJECTS[name]
    if not project.has_sdist:
        (home / "tests").mkdir()
        return
    python = home / "venv" / "bin" / "python"
    which = f"{name}=={version_of(python, name)}"
    out(python, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", name, "-d", home, which)
    (archive,) = home.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(home / "sdist", filter="data")
    (sdist,) = (home / "sdist").iterdir()
    if project.taken_out is None:
        sdist.rename(home / "tests")
    else:
        shutil.copytree(sdist / project.taken_out, home / "tests" / "tests")


def wheel_of_gcscope(work):
    """Build what is installed everywhere."""
    shutil.rmtree(work / "wheel", ignore_errors=True)
    out(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", work / "wheel", ROOT)
    (wheel,) = (work / "wheel").iterdir()
    return wheel


def version_of(python, name):
    """Return which version of a package is installed."""
    return out(python, "-c", f"import importlib.metadata as m; print(m.version({name!r}))").strip()


def outcome(case):
    """Return what became of a test, as junit has it; apart from that, whether gcscope failed it."""
    found = sorted(child.tag for child in case if child.tag in ("failure", "error", "skipped"))
    messages = [child.get("message") or "" for child in case if child.tag == "failure"]
    by_gcscope = bool(messages) and all(HEADLINE.match(message) for message in messages)
    return [BY_GCSCOPE] if by_gcscope else found or ["passed"]


def outcomes(path):
    """Read what became of each test; a bit at a time, lest this process weigh more than they do."""
    found = {}
    for _, element in ET.iterparse(path):
        if element.tag == "testcase":
            name = TIME_OF_DAY.sub("...", element.get("name") or "")
            found.setdefault((element.get("classname"), name), []).extend(outcome(element))
            element.clear()
    return found


class Run(NamedTuple):
    """One run of a package's tests."""

    seconds: float
    """Of processor time, user and system."""
    peak: int
    """The largest resident set, in kB."""
    outcomes: dict[tuple[str, str], list[str]]
    text: str

    @property
    def failed(self):
        """The tests that gcscope failed; one whose name others have too counts as often."""
        return [t for t, found in self.outcomes.items() for what in found if what == BY_GCSCOPE]

    def differing(self, other):
        """List which tests came out otherwise than in another run, or are only in one of them."""
        tests = self.outcomes.keys() | other.outcomes.keys()
        return sorted(test for test in tests if self.outcomes.get(test) != other.outcomes.get(test))


def run(name, work, way, *options):
    """Run the tests of a package in one way."""
    home = work / name
    xml, log = home / f"{way}.xml", home / f"{way}.txt"
    command = [home / "venv" / "bin" / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    command += [f"--junitxml={xml}", *options, *PROJECTS[name].tests]
    xml.unlink(missing_ok=True)
    with log.open("w") as stream:
        started = subprocess.Popen(
            command,
            cwd=home / "tests",
            env={key: value for key, value in os.environ.items() if key not in SLOWING},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
        )
        _, status, usage = os.wait4(started.pid, 0)
    started.returncode = os.waitstatus_to_exitcode(status)
    text = log.read_text(errors="replace")
    if started.returncode not in (0, 1):
        raise SystemExit(f"{name}, {way}: exit code {started.returncode}: {text[-2000:]}")
    # A process that was just forked is as large as the one that forked it.
    assert usage.ru_maxrss > resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Run(usage.ru_utime + usage.ru_stime, usage.ru_maxrss, outcomes(xml), text)


def divided_options(name):
    """Return the options that divide a package's tests between two processes."""
    return ("-n", "2", *PROJECTS[name].divided)


def told(text):
    """Read from a summary how many tests were judged, how many left cycles, of how many forms."""
    found = SUMMARY.search(text)
    return tuple(found.group(i) or "0" for i in (1, 2, 3)) if found else ("?", "?", "?")


def ratio(after, before, field):
    """Return the median of the ratios of neighbouring runs."""
    pairs = zip(after, before, strict=True)
    return f"{statistics.median(getattr(a, field) / getattr(b, field) for a, b in pairs):.2f}"


def differing(name, work, runs, ways):
    """List which tests came out otherwise than without the plugin, by way; and the unsteady ones.

    Those are what differs between runs without the plugin, and is not compared.
    """
    plain = runs[-1]
    unsteady = {test for run_of in runs[:-1] for test in run_of.differing(plain)}
    found = {way: set(run_of.differing(plain)) - unsteady for way, run_of in ways.items()}
    found["--gcscope-fail"] -= set(ways["--gcscope-fail"].failed)
    if PROJECTS[name].divided:
        found["-n 2"] &= set(ways["-n 2"].outcomes)
    if found["-n 2"]:
        divided = run(name, work, "divided", *WITHOUT, *divided_options(name))
        found["-n 2"] -= set(divided.differing(plain))
    return {way: sorted(tests) for way, tests in found.items()}, unsteady


def measured(name, work, rounds):
    """Run a package's tests without the plugin and with it, in turns; return a row of the table."""
    # Once before, for what the first run leaves on the disk: compiled files, hypothesis' tables.
    first = run(name, work, "first", *WITHOUT)
    without, with_it = [], []
    for _ in range(rounds):
        without.append(run(name, work, "without", *WITHOUT))
        with_it.append(run(name, work, "with", "--gcscope"))
    plain = without[-1]
    ways = {
        **{f"--gcscope, round {number}": way for number, way in enumerate(with_it, 1)},
        "not asked": run(name, work, "off"),
        "--gcscope-fail": run(name, work, "fail", "--gcscope-fail"),
        "-n 2": run(name, work, "xdist", "--gcscope", *divided_options(name)),
    }
    unequal, unsteady = differing(name, work, [first, *without], ways)
    for way, tests in unequal.items():
        for test in tests:
            print(f"  {name}, {way}: differs:", *test, file=sys.stderr, flush=True)
    told_unequal = [f"{way}: {len(tests)} not" for way, tests in unequal.items() if tests]
    share = f", but for {len(unsteady)} that vary without it" if unsteady else ""
    return (
        name,
        version_of(work / name / "venv" / "bin" / "python", name),
        f"{sum(map(len, plain.outcomes.values())):,}",
        *told(with_it[-1].text),
        f"{len(ways['--gcscope-fail'].failed):,}",
        told(ways["-n 2"].text)[1],
        ("; ".join(told_unequal) or "yes") + share,
        ratio(with_it, without, "seconds"),
        f"{statistics.median(way.peak for way in without) / 1000:.0f} MB",
        ratio(with_it, without, "peak"),
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
        "| package | version | tests | judged | left cycles | forms | failed by --gcscope-fail "
        "| left cycles with -n 2",
        end=" ",
    )
    print("| outcomes equal | time with / without | memory | with / without |")
    print("|---|---|--:|--:|--:|--:|--:|--:|---|--:|--:|--:|", flush=True)
    # Shells start what runs in the background with SIGINT ignored, and trio's tests send it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    wheel = wheel_of_gcscope(options.work)
    for name in options.packages:
        prepared(name, options.work, wheel)
        print("|", " | ".join(measured(name, options.work, options.rounds)), "|", flush=True)


if __name__ == "__main__":
    main()
