"""What is written of tests: failures that refer to each other, and the list at the end."""

import re
import shlex
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from gcscope.model.judgement import ALLOWED, KNOWN, NEW
from gcscope.pytest_plugin.messages import (
    MOST_FORMS,
    MOST_TESTS,
    failure_text,
    forms_lines,
    id_lines,
    property_text,
    summary_lines,
)
from gcscope.pytest_plugin.session import Session
from inner_session import NODE, OTHER, PYTEST, properties
from specimens.judgements import cycle, judgement

# ------------------------------------------------------------------------- one test


def test_the_text_of_a_failure():
    judged = judgement(
        (cycle("app.Node", count=3), NEW),
        (cycle("app.Other", fingerprint="f2"), NEW),
        (cycle("app.Known", count=2), KNOWN),
        (cycle("app.Allowed"), ALLOWED),
        notes=("look out",),
    )
    text = failure_text(judged, {}).splitlines()
    assert text[0] == "left 4 cycles, first: app.Node .me → app.Node" and text[1] == ""
    assert "  seen 3 times · only the collector can free it · form f1" in text
    assert text[-4:] == [
        "",
        "besides, not judged: 2 cycles known to the baseline",
        "besides, not judged: 1 cycle allowed",
        "note: look out",
    ]
    assert failure_text(judgement((cycle("app.Node"), NEW)), {}).startswith(
        "left 1 cycle: app.Node .me → app.Node\n\n"
    )


def many(count):
    rings = (cycle(f"app.N{n}", fingerprint=f"f{n}", count=2) for n in range(count))
    return judgement(*((ring, NEW) for ring in rings))


def test_a_failure_of_many_forms():
    text = failure_text(many(MOST_FORMS + 2), {})
    assert text.count("┌►") == MOST_FORMS
    assert text.endswith("\n\nand 2 more forms of cycles, seen 4 times (-vv shows all)")
    text = failure_text(many(MOST_FORMS + 2), {}, None)
    assert text.count("┌►") == MOST_FORMS + 2 and "more form" not in text


def test_a_form_that_is_explained_elsewhere_is_a_line():
    one, other = cycle("app.Node"), cycle("app.Other", fingerprint="f2", count=9)
    assert failure_text(judgement((one, NEW)), {"f1": "t.py::a"}) == (
        "left 1 cycle: app.Node .me → app.Node (form f1: see t.py::a, or the list at the end)"
    )
    elsewhere = {"f1": "t.py::a", "f2": "t.py::b"}
    assert failure_text(judgement((one, NEW), (other, NEW)), elsewhere).splitlines() == [
        "left 10 cycles, first: app.Node .me → app.Node "
        "(form f1: see t.py::a, or the list at the end)",
        "and app.Other .me → app.Other (form f2, 9 times: see t.py::b, or the list at the end)",
    ]
    text = failure_text(judgement((one, NEW), (other, NEW)), {"f1": "t.py::a"}).splitlines()
    assert text[0] == "left 10 cycles, first: app.Other .me → app.Other"
    assert text[3:4] == ["  ┌► app.Other"] and text[-3].endswith(" · form f2")
    assert text[-2:] == [
        "",
        "and app.Node .me → app.Node (form f1: see t.py::a, or the list at the end)",
    ]


def test_references_are_bounded_too():
    elsewhere = {f"f{n}": "t.py::a" for n in range(3 * MOST_FORMS)}
    text = failure_text(many(3 * MOST_FORMS), elsewhere).splitlines()
    rest = 2 * MOST_FORMS - 1
    assert len(text) == MOST_FORMS + 2
    assert text[-1] == f"and {rest} more forms of cycles, seen {2 * rest} times (-vv shows all)"
    assert len(failure_text(many(3 * MOST_FORMS), elsewhere, None).splitlines()) == 3 * MOST_FORMS


def test_the_property_is_short():
    judged = judgement(
        (cycle("app.Node", count=2), NEW),
        (cycle("app.Allowed", fingerprint="f2"), ALLOWED),
        (cycle("app.Other", fingerprint="f3"), NEW),
    )
    assert property_text(judged) == "3 cycles: f1, f3; 1 cycle allowed: f2"
    assert property_text(many(MOST_FORMS + 7)).endswith(f"f{MOST_FORMS - 1} and 7 more")


# ----------------------------------------------------------------------- all tests


def test_ids_are_whole_and_can_be_pasted():
    ids = [
        f"tests/test_options.py::test_flag[{'--flag' * 40}-it's $HOME `a` *]",
        "b.py::t",
        "c.py::a b",
    ]
    lines = id_lines([*ids, "x.py", "y.py"], "  in ")
    assert len(lines) == MOST_TESTS + 1 and lines[-1] == "  and 2 more tests"
    pasted = [line.removeprefix("  in ") for line in lines[:-1]]
    assert [shlex.split(text) for text in pasted] == [[name] for name in sorted(ids)]
    echo = subprocess.run(
        ["sh", "-c", f"printf %s {pasted[-1]}"], capture_output=True, text=True, check=True
    )
    assert echo.stdout == max(ids) and "…" not in "".join(lines)


def test_the_sum():
    session = Session()
    node, other = cycle("app.Node", count=2), cycle("app.Other", fingerprint="f2")
    session.add("a", judgement((node, NEW)), ["f1"])
    session.add("b", judgement((node, NEW), (other, ALLOWED), severity="report", notes=("n",)))
    session.add("e", judgement(severity="allow"))
    told, lines = summary_lines(session, None, False)
    assert told[0] == "app.Node: 4 cycles of 1 form, about 400 bytes"
    assert told[-3:] == ["  in a", "  in b", ""] and sum("┌►" in line for line in told) == 1
    assert lines == [
        "3 tests judged, 2 left cycles (1 form): 1 failed, 1 told, not failed (--gcscope-fail "
        "makes them fail)",
        "not judged: 1 cycle allowed, in 1 test",
        "allow_cycles is not needed by 1 test:",
        "  e",
        "note: n (1 test)",
    ]
    session.add("a", None)  # run again
    session.add("b", None)
    told, lines = summary_lines(session, None, False)
    assert told == [] and lines[0] == "3 tests judged, none left a cycle"


def test_many_forms_are_bounded():
    session = Session()
    for n in range(MOST_FORMS + 3):
        ring = cycle(f"app.N{n % 2}", fingerprint=f"f{n:02}", count=2)
        session.add(f"t{n}", judgement((ring, NEW), severity="report"))
    lines = forms_lines(session.forms(NEW))
    assert sum("┌►" in line for line in lines) == MOST_FORMS
    assert lines[-2] == "and 3 more forms of cycles, seen 6 times (-vv shows all)"
    assert [line for line in lines if line.startswith("app.")] == [
        f"app.N0: {MOST_FORMS + 4} cycles of {MOST_FORMS // 2 + 2} forms, about 2.4 kB",
        f"app.N1: {MOST_FORMS + 2} cycles of {MOST_FORMS // 2 + 1} forms, about 2.2 kB",
    ]
    lines = forms_lines(session.forms(NEW), None)
    assert sum("┌►" in line for line in lines) == MOST_FORMS + 3
    assert lines[-2:] == [f"  in t{MOST_FORMS + 1}", ""]


def test_what_one_failure_has_in_full_is_a_line_of_the_list():
    session = Session()
    session.add("a", judgement((cycle("app.Node"), NEW)), ["f1"])
    assert summary_lines(session, None, False)[0] == []
    session.add("b", judgement((cycle("app.Other", fingerprint="f2"), NEW)), ["f2"])
    assert summary_lines(session, None, False)[0] == [
        "app.Node: 1 cycle of 1 form, about 100 bytes",
        "  app.Node .me → app.Node · form f1",
        "  explained in the failure of a",
        "",
        "app.Other: 1 cycle of 1 form, about 100 bytes",
        "  app.Other .me → app.Other · form f2",
        "  explained in the failure of b",
        "",
    ]


# -------------------------------------------------------------------- runs of pytest

KINDS = """
class Service:
    def __init__(self):
        self.handlers = [self.handle]

    def handle(self):
        pass

@pytest.mark.parametrize("n", range({each}))
def test_node(n):
    ring()

@pytest.mark.parametrize("n", range({each}))
def test_other(n):
    ring(Other)

@pytest.mark.parametrize("n", range({last}))
def test_service(n):
    Service()
"""


def test_the_output_of_244_failing_tests(run):
    """Of a failure there are the headline, one line, and one in the short summary.

    Besides, each form is explained twice: in the first failure and in the list.
    """
    code = KINDS.format(each=100, last=44)
    options = ("--gcscope-fail", "--junitxml=it.xml", "-q", "-q")
    plain = run(code, "--gcscope-off", *options[1:])
    plain_size = (plain.folder / "it.xml").stat().st_size
    done = run(code, *options)
    assert done.text.count("┌►") == 2 * 3
    tests, forms = 244, 3
    of_pytest = 8  # the dots of the run, and titles of sections
    assert 3 * tests < len(done.lines) <= 3 * tests + 20 * forms + of_pytest
    assert done.summary == ["244 tests judged, 244 left cycles (3 forms): 244 failed"]
    heads = [line.split(", about ")[0] for line in done.lines if " cycles of 1 form, " in line]
    assert heads == [
        "test_inner.Service: 44 cycles of 1 form",
        "rings.Node: 100 cycles of 1 form",
        "rings.Other: 100 cycles of 1 form",
    ]
    size = (done.folder / "it.xml").stat().st_size - plain_size
    assert size < 450 * tests + 3000 * forms
    texts = set(properties(done.folder / "it.xml").values())
    assert len(texts) == 3 and all(re.fullmatch("1 cycle: [0-9a-f]{16}", text) for text in texts)


def test_the_first_failure_explains(run):
    done = run(KINDS.format(each=2, last=1), "--gcscope-fail")
    first, second = done.failure("test_node[0]"), done.failure("test_node[1]")
    assert first[0] == f"left 1 cycle: {NODE}" and "  ┌► rings.Node" in first
    fingerprint = first[-1].rpartition("form ")[2]
    assert second == [
        f"left 1 cycle: {NODE} (form {fingerprint}: see test_inner.py::test_node[0], or the list "
        "at the end)"
    ]
    assert "  explained in the failure of 'test_inner.py::test_service[0]'" in done.lines
    (alone,) = {
        line
        for line in run(None, "--gcscope-fail", "test_inner.py::test_node[1]").lines
        if "form " in line and "·" in line
    }
    assert alone == first[-1]
    stopped = run(None, "--gcscope-fail", "-x")
    assert stopped.failure("test_node[0]") == first
    assert stopped.text.count("┌►") == 1 and " of 1 form, about " not in stopped.text


# before 7.4 pytest shows nothing in a line, and no second copy of the message
HAS_HEADLINES = PYTEST >= (7, 4)


@pytest.mark.parametrize(
    ("how", "in_failures"), [("no", 0), ("line", 3 * HAS_HEADLINES), ("short", 3)]
)
def test_a_form_is_explained_once_whatever_is_shown(run, how, in_failures):
    done = run(KINDS.format(each=1, last=1), "--gcscope-fail", f"--tb={how}")
    assert done.text.count("┌►") == 3
    assert done.text.count("  explained in the failure of ") == in_failures


def test_what_is_not_shown_explains_nothing(run):
    code = """
runs = []

@pytest.mark.xfail
def test_expected():
    ring()

@pytest.mark.flaky(reruns=1)
def test_flaky():
    runs.append(ring(Other) if not runs else None)

def test_node():
    ring()

def test_other():
    ring(Other)
"""
    done = run(code, "--gcscope-fail", plugins=["rerunfailures"])
    assert done.outcomes["test_expected"] == "xfail"
    assert done.outcomes["test_flaky"] == "rerun+passed"
    for name, ring in (("test_node", NODE), ("test_other", OTHER)):
        assert done.failure(name)[0] == f"left 1 cycle: {ring}"
        assert any("┌►" in line for line in done.failure(name))


def test_each_worker_explains_and_the_list_has_all(run):
    code = KINDS.format(each=6, last=4)
    alone = run(code, "--gcscope-fail", plugins=["xdist"])
    spread = run(code, "--gcscope-fail", "-n2", plugins=["xdist"])
    assert spread.outcomes == alone.outcomes and len(alone.named("failed")) == 16
    assert spread.summary == alone.summary
    section = "== cycles that tests left to the collector =="
    lists = [
        done.text[done.text.index(section) : done.text.index("gcscope: ")]
        for done in (alone, spread)
    ]
    assert lists[0] == lists[1] and lists[0].count("┌►") == 3
    assert 3 <= spread.text.count("┌►") - 3 <= 2 * 3


def test_very_verbose_shows_all(run):
    code = f"""
kinds = [type(f"Kind{{n}}", (), {{}}) for n in range({MOST_FORMS + 2})]

@pytest.mark.parametrize("n", range(2))
def test_it(n):
    for kind in kinds:
        ring(kind)
"""
    done = run(code, "--gcscope-fail")
    rest = "and 2 more forms of cycles, seen {} times (-vv shows all)"
    assert rest.format(2) in done.failure("test_it[0]") and rest.format(4) in done.lines
    # what the first failure did not show is explained in the second
    assert sum("┌►" in line for line in done.failure("test_it[1]")) == 2
    done = run(None, "--gcscope-fail", "-v")
    assert done.text.count("┌►") == 2 * (MOST_FORMS + 2) and "more form" not in done.text


def test_the_headline_alone_is_shown_a_second_time(run, monkeypatch):
    monkeypatch.setenv("CI", "1")  # there pytest shortens no line of its short summary
    done = run(KINDS.format(each=1, last=0), "--gcscope-fail", "--junitxml=it.xml")
    assert done.text.count("┌►") == 2
    if HAS_HEADLINES:
        assert done.failed_line("test_node").endswith(f" - Failed: left 1 cycle: {NODE}")
    for failure in ElementTree.parse(done.folder / "it.xml").iter("failure"):
        assert "  ┌► " in failure.text
        assert ("\n" in failure.get("message")) is not HAS_HEADLINES


def test_a_terminal_without_unicode(tmp_path, monkeypatch):
    """Failure and list are spelled in ASCII, which pytest itself would escape."""
    (tmp_path / "test_it.py").write_text(
        "class Node:\n    pass\n\ndef test_it():\n    node = Node()\n    node.me = node\n"
    )
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    command = [sys.executable, "-m", "pytest", "-q", "--gcscope-fail", "test_it.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60)
    out = done.stdout.decode("ascii")
    assert done.returncode == 1 and "\\u" not in out and "\\x" not in out, out
    assert "left 1 cycle: test_it.Node .me -> test_it.Node" in out
    assert "  +> test_it.Node" in out and "  +----+" in out
    assert "seen once - only the collector can free it" in out
