"""gcscope run: which rings count; --ignore, --baseline, --under, and what imports leave."""

import json
import os
import sys

import pytest

from gcscope import Report
from gcscope.model.ignored import STOCK
from gcscope.model.judgement import Baseline, Judgement
from gcscope.model.record import Record
from programs import RING, run

FOUND, OUR_ERROR, WRONG_USAGE = 3, 1, 2

TWO_FORMS = (
    "import gc\ngc.disable()\n"
    + RING
    + """
class Other:
    def __init__(self):
        self.me = self
ring()
Other()
"""
)


def standings(text):
    judgement = Judgement.from_json(text)
    return {finding.cycle.ring[0].type: finding.standing for finding in judgement.findings}


# ---------------------------------------------------------------------------- what imports leave


@pytest.mark.parametrize(
    "name",
    "asyncio ast socket ssl dataclasses unittest unittest.mock datetime http.server typing enum re "
    "collections pathlib inspect logging email.message xml.etree.ElementTree json decimal "
    "concurrent.futures multiprocessing importlib.metadata uuid".split(),
)
def test_an_import_is_no_fault(python, name):
    done = run(python, "--fail", "-c", f"import {name}")
    assert done.code == 0 and "┌►" not in done.err, done
    lines = [line for line in done.err.splitlines() if "under its own name" in line]
    assert len(lines) <= 1


@pytest.mark.parametrize("threshold", [1, 60, 0])
def test_nor_when_collections_come_in_between(python, threshold):
    code = f"import gc; gc.set_threshold({threshold}); import dataclasses, socket, ssl, datetime"
    done = run(python, "--fail", "-c", code)
    assert done.code == 0, done
    (line,) = (line for line in done.err.splitlines() if "not blamed" in line)
    assert "that were replaced under their own name, as decorators, enum and" in line


def test_what_a_class_was_replaced_by_is_said_once_and_kept_in_the_json(python, tmp_path):
    code = (
        "import gc; gc.disable()\ndef better(cls):\n    return Better\nclass Better:\n    y = 1\n"
        "for _ in range(3):\n    @better\n    class Point:\n        x = 1\n"
    )
    done = run(python, "--fail", "-o", tmp_path / "r.json", "-c", code)
    assert done.code == 0, done
    report = Report.from_json((tmp_path / "r.json").read_text())
    (cycle,) = report.cycles
    assert cycle.cause == "a class was replaced by another of its name" and cycle.count >= 3
    assert done.err.count("classes that were replaced under their own name") == 1
    assert f"{report.objects} objects, " in done.err.splitlines()[-1]


def test_a_ring_beside_them_fails_all_the_same(python):
    done = run(python, "--fail", "-c", "import socket, ssl\n" + TWO_FORMS)
    assert done.code == FOUND and done.err.count("┌►") == 2, done
    assert ", the largest of them" in done.err


# -------------------------------------------------------------------------------------- --ignore


def test_a_pattern_takes_rings_out_of_the_text_and_the_exit_code(python, script):
    path = script(TWO_FORMS)
    done = run(python, "--fail", "--ignore", "__main__.Node", path)
    assert done.code == FOUND and "__main__.Node" not in done.err, done
    assert "┌► __main__.Other" in done.err and "not counted: 1 cycle ignored" in done.err
    assert "had left 1 object (" in done.err
    done = run(python, "--fail", "--ignore=*.Node", "--ignore", "*.Other", path)
    assert done.code == 0 and "┌►" not in done.err, done
    assert "had left nothing to the collector" in done.err
    assert "not counted: 2 cycles ignored" in done.err


def test_what_is_ignored_stays_in_the_json_with_its_standing(python, script, tmp_path):
    file, path = tmp_path / "r.json", script(TWO_FORMS)
    done = run(python, "--json", "-o", file, "--ignore", "*.Other", "--ignore", "no.*", path)
    assert (
        standings(done.err)
        == standings(file.read_text())
        == {
            "__main__.Node": "new",
            "__main__.Other": "allowed",
        }
    )
    note = "--ignore: this pattern means no ring that was found: 'no.*'"
    assert json.loads(done.err)["notes"] == [note]
    _, _, shown = python("-m", "gcscope", "show", file).out.partition("\n")  # its header
    assert shown.startswith("cycles that count: 1\nnot counted, allowed: 1 cycle\nnote: --ignore")
    assert "┌► __main__.Node" in shown and "__main__.Other" not in shown
    assert python("-m", "gcscope", "diff", file, file).out.endswith("1 unchanged\n")


def test_without_filters_the_json_is_a_report_as_ever(python, script):
    done = run(python, "--json", script(TWO_FORMS))
    assert isinstance(Record.from_json(done.err), Report)


def test_a_pattern_that_means_nothing_is_told(python, script):
    done = run(python, "--ignore", "no.*", "--ignore", "@mock", "--ignore", "*", script(TWO_FORMS))
    (line,) = (line for line in done.err.splitlines() if "means" in line or "mean no" in line)
    assert line.endswith("--ignore: these patterns mean no ring that was found: 'no.*', '@mock'")


@pytest.mark.parametrize("name", ["@?", "@", "@Mock", "@attr"])
def test_a_list_that_is_not_there(python, name):
    done = run(python, "--ignore", name, "-c", "print('ran')")
    assert done.code == WRONG_USAGE and done.out == "", done
    assert f"{name!r} names no list of known rings" in done.err
    assert all(known in done.err for known in STOCK)


def test_the_list_of_mocks(python):
    code = "import gc; gc.disable()\nfrom unittest import mock\nmock.MagicMock().a.b()"
    assert run(python, "--fail", "-c", code).code == FOUND
    assert run(python, "--fail", "--ignore", "@mock", "-c", code).code == 0


def test_values_stand_before_the_program(python, script):
    done = run(python, "--ignore", "a", "--under", ".", script("import sys; print(sys.argv[1:])"))
    assert done.out == "[]\n", done
    path = script("import sys; print(sys.argv[1:])")
    assert run(python, path, "--ignore", "x").out == "['--ignore', 'x']\n"


# ------------------------------------------------------------------------------------ --baseline


def test_a_baseline_is_written_and_known(python, script, tmp_path):
    file, path = tmp_path / "known.json", script(TWO_FORMS)
    done = run(python, "--fail", "--baseline", file, "--update-baseline", path)
    assert done.code == 0 and done.err.endswith(f"2 forms of cycles written to {file}\n"), done
    baseline = Baseline.from_json(file.read_text())
    assert [dict(ring.tests) for ring in baseline.rings] == [{f"run {path}": 1}] * 2
    done = run(python, "--fail", "--baseline", file, path)
    assert done.code == 0 and "not counted: 2 cycles known to the baseline" in done.err, done
    path.write_text(TWO_FORMS + "x = []; x.append(x); del x\n")
    done = run(python, "--fail", "--json", "--baseline", file, path)
    assert done.code == FOUND and standings(done.err)["list"] == "new"
    path.write_text(RING + "ring()\n")
    done = run(python, "--baseline", file, path)
    assert "gone from the baseline: 1 form of cycles (--update-baseline takes them out)" in done.err
    run(python, "-q", "--baseline", file, "--update-baseline", path)
    assert len(Baseline.from_json(file.read_text()).rings) == 1


def test_a_baseline_that_is_not_there(python, tmp_path):
    done = run(python, "--baseline", tmp_path / "none.json", "-c", "print('ran')")
    assert done.code == OUR_ERROR and done.out == "", done
    assert done.err == (
        f"gcscope: there is no baseline '{tmp_path}/none.json': --update-baseline writes one\n"
    )
    (tmp_path / "none.json").write_text("[]")
    done = run(python, "--baseline", tmp_path / "none.json", "-c", "print('ran')")
    assert done.code == OUR_ERROR and done.out == "" and "cannot read the baseline" in done.err


def test_growth_counts_where_it_is_asked_for(python, script, tmp_path):
    file, report, path = tmp_path / "known.json", tmp_path / "r.json", script(TWO_FORMS)
    run(python, "-q", "--baseline", file, "--update-baseline", path)
    growth = ("--fail-on-growth", "--baseline", file)
    assert run(python, *growth, path).code == 0
    (grown,) = (r for r in Baseline.from_json(file.read_text()).rings if "Node" in r.ring)
    path.write_text(TWO_FORMS + "ring()\n")
    note = f"note: grown: {grown.ring}: 2 now, 1 in the baseline"

    done = run(python, "-o", report, *growth, path)
    assert done.code == FOUND and f"gcscope: {note}\n" in done.err, done
    assert "not counted: 1 cycle known to the baseline;" in done.err, done
    assert done.err.count("◄ cut here") == 1  # what counts is explained
    assert standings(report.read_text()) == {"__main__.Node": "grown", "__main__.Other": "known"}
    shown = python("-m", "gcscope", "show", report).out
    assert f"\ngrown: {grown.ring}: 2 now, 1 in the baseline\n" in shown, shown
    assert "cycles that count: 2\nnot counted, known: 1 cycle\n" in shown.replace(
        f"grown: {grown.ring}: 2 now, 1 in the baseline\n", ""
    )
    other = python("-m", "gcscope", "diff", "--fail", report, report)
    assert "1 unchanged" in other.out  # what counts is what is compared

    done = run(python, "--fail", "--baseline", file, "-o", report, path)
    assert done.code == 0 and f"{note} (--fail-on-growth lets that count)\n" in done.err, done
    assert set(standings(report.read_text()).values()) == {"known"}

    done = run(python, *growth, "--update-baseline", path)  # which writes the new number
    assert done.code == 0 and "grown" not in done.err, done
    assert run(python, *growth, path).code == 0


def test_growth_is_that_of_the_program_itself(python, script, tmp_path):
    """Tests, and other programs, have their own numbers in the same file."""
    file, path, other = tmp_path / "known.json", script(TWO_FORMS), script(TWO_FORMS, "other.py")
    for one in (path, other):
        run(python, "-q", "--baseline", file, "--update-baseline", one)
    assert {len(r.tests) for r in Baseline.from_json(file.read_text()).rings} == {2}
    path.write_text(TWO_FORMS + "ring()\n")
    assert run(python, "--fail-on-growth", "--baseline", file, path).code == FOUND
    assert run(python, "--fail-on-growth", "--baseline", file, other).code == 0


def test_growth_needs_a_baseline(python):
    done = run(python, "--fail-on-growth", "-c", "1")
    assert done.code == WRONG_USAGE and "give --baseline FILE" in done.err, done


def test_a_baseline_of_an_older_gcscope(python, script, tmp_path):
    """It is refused with the command that writes it anew, and that command does."""
    file, path = tmp_path / "known.json", script(TWO_FORMS)
    file.write_text('{"schema": "gcscope/1", "kind": "baseline", "rings": []}')
    done = run(python, "--baseline", file, path)
    assert done.code == OUR_ERROR and "`gcscope run --update-baseline`" in done.err, done
    assert run(python, "--baseline", file, "--update-baseline", path).code == 0
    assert len(Baseline.from_json(file.read_text()).rings) == 2


def test_a_baseline_to_update_needs_a_file(python):
    done = run(python, "--update-baseline", "-c", "1")
    assert done.code == WRONG_USAGE and "give --baseline FILE" in done.err, done


@pytest.mark.parametrize("end", ["raise KeyError", "import sys; sys.exit(7)"])
def test_a_program_that_failed_writes_no_baseline(python, script, tmp_path, end):
    file = tmp_path / "known.json"
    done = run(python, "--baseline", file, "--update-baseline", script(TWO_FORMS + end + "\n"))
    assert done.code in (1, 7) and not file.exists(), done


def test_a_baseline_that_cannot_be_written(python, script, tmp_path):
    file = tmp_path / "gone" / "known.json"
    file.parent.mkdir()
    path = script(TWO_FORMS + f"import os; os.rmdir({str(file.parent)!r})\n")
    done = run(python, "--baseline", file, "--update-baseline", path)
    assert done.code == OUR_ERROR and "cannot write the baseline" in done.err, done


def test_a_program_may_go_elsewhere(python, script, tmp_path):
    file = tmp_path / "known.json"
    path = script(TWO_FORMS + "import os; os.chdir('/')\n")
    given = ("--baseline", file.name, "--update-baseline", path.name)
    done = run(python, *given, cwd=tmp_path)
    assert done.code == 0 and len(Baseline.from_json(file.read_text()).rings) == 2, done


# --------------------------------------------------------------------------------------- --under


@pytest.fixture
def project(script, tmp_path):
    """A program that makes a ring of each of two folders."""
    own = "class Own:\n    __slots__ = ('me',)\ndef make():\n    own = Own()\n    own.me = own\n"
    closure = "def close():\n    def inner(): return inner\n"
    script(own, "src/app.py")
    script(closure, "lib/tool.py")
    script(
        "import gc, os, sys; gc.disable()\n"
        "sys.path[:0] = [os.path.abspath('src'), os.path.abspath('lib')]\n"
        "import app, tool\napp.make(); tool.close()\n"
        "os.chdir(sys.argv[1])\n",
        "main.py",
    )
    return tmp_path


@pytest.mark.parametrize("to", [".", "/", "src"])
def test_only_what_has_code_under_a_directory_counts(python, project, to):
    def found(directory):
        done = run(python, "--fail", "--json", "--under", directory, "main.py", to, cwd=project)
        return done.code, standings(done.err)

    own, inner = "app.Own", "function"
    assert found("src") == (FOUND, {own: "new", inner: "elsewhere"})
    assert found(project / "lib") == (FOUND, {own: "elsewhere", inner: "new"})
    assert found(".") == (FOUND, {own: "new", inner: "new"})
    (project / "sr").mkdir()
    assert found("sr") == (0, {own: "elsewhere", inner: "elsewhere"})
    os.symlink(project / "src", project / "link")
    assert found("link") == (FOUND, {own: "new", inner: "elsewhere"})


def test_a_directory_that_is_not_there(python, tmp_path):
    done = run(python, "--under", tmp_path / "none", "-c", "print('ran')")
    assert done.code == OUR_ERROR and done.out == "", done
    assert done.err == f"gcscope: --under: there is no directory '{tmp_path}/none'\n"


def test_what_is_elsewhere_is_counted_in_a_line(python, project):
    done = run(python, "--fail", "--under", "src", "main.py", ".", cwd=project)
    assert "not counted: 1 cycle without code under src" in done.err and "inner" not in done.err


def test_a_frame_and_a_class_count_where_their_code_lies(python, script, tmp_path):
    path = script(
        "import gc; gc.disable()\n"
        "def keep():\n"
        "    try:\n        raise KeyError\n"
        "    except KeyError as error:\n        kept = error\n"
        "keep()\n"
        "def make():\n    class Local: pass\n"
        "make()\n"
    )
    done = run(python, "--json", "--under", tmp_path, path)
    assert set(standings(done.err).values()) == {"new"}, done
    assert len(standings(done.err)) == 2


def test_children_write_nothing(python, script, tmp_path):
    if not hasattr(os, "fork"):
        pytest.skip("no fork")
    file = tmp_path / "known.json"
    path = script(TWO_FORMS + "import os, sys\nif os.fork() == 0: sys.exit(0)\nos.wait()\n")
    done = run(python, "--baseline", file, "--update-baseline", path)
    assert done.err.count("written to") == 1 and sys.platform != "win32", done
