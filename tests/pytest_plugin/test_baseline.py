"""Sessions with a baseline."""

import pytest

from gcscope.model.judgement import Baseline
from inner_session import NODE, OTHER
from pytest_plugin.test_options import PLAIN

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
        (NODE, {"test_inner.py::test_a": 1}),
        (OTHER, {"test_inner.py::test_b": 1}),
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

    other_ring = THREE.replace("(): pass", "(): box = []; box.append(box)")
    done = run(other_ring.replace("ring(Other)", "pass"),
               "--gcscope-fail", "--gcscope-baseline=known.json")  # fmt: skip
    assert (
        done.named("failed") == {"test_c"}
        and done.failure("test_c")[0] == "left 1 cycle: list [0] → list"
    )
    gone = baseline.rings[1]
    place = done.lines.index(
        "gcscope: gone from the baseline: 1 form of cycles (--gcscope-update-baseline takes them "
        "out):"
    )
    assert done.lines[place + 1] == f"gcscope:   {OTHER}  ({gone.fingerprint})"

    done = run(None, "--gcscope-fail", *update, "-k", "test_b or test_c")
    # while it is written, nothing fails
    assert done.code == 0 and set(done.outcomes) == {
        "test_b",
        "test_c",
    }
    written = Baseline.from_json(path.read_text(encoding="utf-8"))
    # test_a was not run: its entry stays
    assert [ring.ring for ring in written.rings] == [
        "list [0] → list",
        NODE,
    ]
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
    # from the root directory, wherever it is run
    assert run(None, "--gcscope-fail", "../test_inner.py").code == 0
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
    # else all of them would write the baseline
    assert gathers == [
        "False True",
        "True False",
        "True False",
    ]
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
            '{"schema": "gcscope/2", "kind": "Baseline", "rings": [{}]}',
            "the baseline {path} cannot be read: ",
        ),
        (
            '{"schema": "gcscope/2", "kind": "baseline", "rings": [{}]}',
            "the baseline {path} cannot be read: a damaged baseline: ",
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


OLD = '{"schema": "gcscope/1", "kind": "baseline", "rings": []}'


def test_a_baseline_of_an_older_gcscope(run, pytester):
    """It is refused with the command that writes it anew, and that command does."""
    path = pytester.path / "known.json"
    path.write_text(OLD)
    done = run(THREE, "--gcscope-baseline=known.json")
    assert done.code == 4 and done.error.startswith(
        f"ERROR: the baseline {path} cannot be read: schema 'gcscope/1' is of an older gcscope, "
    )
    assert "`python -m pytest --gcscope-update-baseline`" in done.error
    done = run(None, "--gcscope-baseline=known.json", "--gcscope-update-baseline")
    assert done.code == 0 and f"2 forms of cycles written to {path}" in done.summary
    assert len(Baseline.from_json(path.read_text(encoding="utf-8")).rings) == 2


COUNTED = """
import pathlib

@pytest.mark.parametrize("n", range(4))
def test_a(n):
    for _ in range(MANY): ring()

def test_b(): ring(Other)
"""


@pytest.mark.parametrize("others", [(), ("-n2",)])
def test_growth(run, others):
    """What the workers of xdist find adds up."""
    plugins = ["xdist"] if others else []
    update = ("--gcscope-baseline=known.json", "--gcscope-update-baseline", *others)
    done = run(COUNTED.replace("MANY", "2"), *update, plugins=plugins)
    path = done.folder / "known.json"
    rings = Baseline.from_json(path.read_text(encoding="utf-8")).rings
    assert [(ring.ring, ring.tests.total, len(ring.tests)) for ring in rings] == [
        (NODE, 8, 4),
        (OTHER, 1, 1),
    ]
    growth = ("--gcscope-fail-on-growth", "--gcscope-baseline=known.json", *others)
    done = run(None, *growth, plugins=plugins)
    assert done.code == 0 and "grown" not in done.text
    assert run(None, *growth, "-k", "test_a", plugins=plugins).code == 0
    assert run(COUNTED.replace("MANY", "1"), *growth, plugins=plugins).code == 0

    grown = COUNTED.replace("MANY", "2 + (n == 3)")
    told = [
        f"gcscope:   {NODE}  ({rings[0].fingerprint}): 9 now, 8 in the baseline",
        "gcscope:     in 'test_inner.py::test_a[3]'",
    ]
    done = run(grown, *growth, plugins=plugins)
    place = done.lines.index(
        "gcscope: grown beyond the baseline: 1 form of cycles (the run fails):"
    )
    assert done.code == 1 and done.lines[place + 1 : place + 3] == told
    assert len(done.named("passed")) == 5  # it is no single test's

    # without the option it is told, and fails nothing
    done = run(None, "--gcscope-fail", *growth[1:], plugins=plugins)
    place = done.lines.index(
        "gcscope: grown beyond the baseline: 1 form of cycles "
        "(--gcscope-fail-on-growth fails the run for that):"
    )
    assert done.code == 0 and done.lines[place + 1 : place + 3] == told

    done = run(grown + "\ndef test_new(): box = []; box.append(box)\n", *growth, plugins=plugins)
    assert done.code == 1 and done.named("failed") == {"test_new"}  # a new form fails as ever

    done = run(grown, *growth, *update[1:2], plugins=plugins)  # which writes the new numbers
    assert done.code == 0 and "grown" not in done.text
    assert run(None, *growth, plugins=plugins).code == 0


def test_growth_needs_a_baseline(run):
    done = run(PLAIN, "--gcscope-fail-on-growth")
    assert done.code == 4 and done.error.startswith(
        "ERROR: --gcscope-fail-on-growth needs numbers to compare with: give --gcscope-baseline="
    )
    assert run(PLAIN, "--gcscope-fail-on-growth", "--gcscope-off").code == 0


def test_a_baseline_that_nothing_is_held_to(run):
    done = run(THREE, "--gcscope-update-baseline", "--gcscope-baseline=known.json")
    assert "2 told, not failed" in done.text and "--gcscope-fail makes" not in done.text
    done = run(THREE, "--gcscope-baseline=known.json")
    assert done.code == 0 and done.summary == [
        "a baseline was given, and no test was judged: add --gcscope-fail, or --gcscope to be "
        "told only"
    ]
    assert run(THREE, "--gcscope-baseline=known.json", "--gcscope-off").summary == []
    assert run(THREE, ini="gcscope_baseline = known.json").summary == []


def test_an_update_without_a_file(run):
    done = run(PLAIN, "--gcscope-update-baseline")
    assert done.code == 4 and done.error.startswith(
        "ERROR: --gcscope-update-baseline needs a file to write: give "
    )
