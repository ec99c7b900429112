"""What a test may leave: the policy, its summary and its baseline, without pytest."""

import json
import os

import pytest

from gcscope.model.baseline import read_baseline, write_baseline
from gcscope.model.judgement import (
    ALLOWED,
    KNOWN,
    NEW,
    OF_PYTEST,
    Baseline,
    Finding,
    Judgement,
    KnownRing,
)
from gcscope.model.record import sum_counts
from gcscope.model.results import Cut, Cycle, Link, Report
from gcscope.pytest_plugin.messages import MOST_FORMS, failure_text, forms_lines, summary_lines
from gcscope.pytest_plugin.messages import tests_phrase as phrase_of_tests
from gcscope.pytest_plugin.policy import (
    Rules,
    Session,
    is_of_pytest,
    is_of_runner,
    judge,
    known_ring,
    matches,
    type_name,
)


def cycle(*types, fingerprint="f1", count=1, also=()):
    """A ring through these types.

    "type name" where an object has a name, "type|label" where its reference has one.
    """
    links = []
    for text in types:
        head, _, label = text.partition("|")
        kind, _, name = head.partition(" ")
        links.append(
            Link(
                type=kind,
                name=name or None,
                label=label or ".me",
                named=True,
                where=None,
                refcount=None,
            )
        )
    return Cycle(
        ring=tuple(links),
        objects=len(links),
        dragged=0,
        dragged_bytes=0,
        bytes=100,
        types=sum_counts({link.type: 1 for link in links}, dict.fromkeys(also, 1)),
        cause=None,
        cut=Cut(link=links[0], advice="let go", frees=len(links), references=1),
        advice="let go",
        count=count,
        fingerprint=fingerprint,
    )


def rules(**changes):
    usual = {
        "severity": "fail",
        "reason": None,
        "allow": (),
        "known": frozenset(),
        "own_frames": frozenset({"test_it"}),
    }
    return Rules(**{**usual, **changes})


def report(*cycles, notes=()):
    return Report(objects=9, bytes=9, types=sum_counts(), cycles=cycles, alive=False, notes=notes)


def judgement(*pairs, severity="fail", notes=()):
    findings = tuple(Finding(cycle=ring, standing=standing) for ring, standing in pairs)
    return Judgement(findings=findings, notes=notes, severity=severity, reason=None)


# ------------------------------------------------------------------------- patterns


@pytest.mark.parametrize(
    ("pattern", "means"),
    [
        ("app.Node", True),
        ("app.*", True),
        ("*.Node", True),
        ("app.Nod[ae]", True),
        ("app.Nod?", True),
        ("frame retry", True),
        ("frame", True),
        ("frame *try", True),
        ("f1", True),
        ("*", True),
        ("app", False),
        ("Node", False),
        ("APP.NODE", False),
        ("frame try", False),
        ("retry", False),
        ("f", False),
        ("", False),
        ("app.Node.me", False),
        (".me", False),
    ],
)
def test_patterns(pattern, means):
    assert matches(cycle("app.Node", "frame retry"), pattern) is means


def test_types_are_named_as_reports_do():
    class Local:
        pass

    assert type_name(dict) == "dict" and type_name(json.JSONDecoder) == "json.decoder.JSONDecoder"
    assert type_name(Local) == f"{__name__}.test_types_are_named_as_reports_do.<locals>.Local"


# ------------------------------------------------------------------------- standing

INFO = "_pytest._code.code.ExceptionInfo"


@pytest.mark.parametrize(
    ("ring", "is_its"),
    [
        (cycle("frame test_it", INFO, "ValueError|.__traceback__.tb_frame"), True),
        (
            cycle(
                "frame test_it", f"{INFO}[ValueError]", "ValueError|.__traceback__.tb_next.tb_frame"
            ),
            True,
        ),
        (cycle("frame test_it", "ValueError|.__traceback__.tb_frame", also=[INFO]), True),
        (cycle("frame test_it", "ValueError|.__traceback__.tb_frame"), False),
        (cycle("frame helper", INFO, "ValueError|.__traceback__.tb_frame"), False),
        (
            cycle("frame test_it", INFO, "app.Node|.error", "ValueError|.__traceback__.tb_frame"),
            False,
        ),
        (cycle("app.Node", also=[INFO]), False),
        (cycle("frame test_it", f"{INFO}rmation", "ValueError|.__traceback__.tb_frame"), False),
    ],
)
def test_what_is_of_pytest(ring, is_its):
    assert is_of_pytest(ring, frozenset({"test_it"})) is is_its
    assert judge(report(ring), rules()).fails is not is_its


@pytest.mark.parametrize(
    ("ring", "is_its"),
    [
        (cycle("trio._core._run.Runner", "trio.lowlevel.Task"), True),
        (cycle("anyio._backends._asyncio.TestRunner", "_asyncio.Task", "method x"), True),
        (cycle("anyio._backends._asyncio.TestRunner", also=["frame", "asyncio.locks.Event"]), True),
        (cycle("trio.lowlevel.Task", "trio.Nursery"), False),
        (cycle("trio.lowlevel.Task", also=["trio._core._run.Runner"]), False),
        (cycle("trio._core._run.Runner", "app.Service"), False),
        (cycle("trio._core._run.Runner", also=["app.Service"]), False),
        (cycle("trio._core._run.Runner", also=["triology.Service"]), False),
    ],
)
def test_what_is_of_a_runner(ring, is_its):
    assert is_of_runner(ring) is is_its
    assert judge(report(ring), rules()).fails is not is_its


def test_standings_in_their_order():
    raises = cycle("frame test_it", INFO, "ValueError|.__traceback__.tb_frame")
    node = cycle("app.Node")

    def standing(ring, **changes):
        (finding,) = judge(report(ring), rules(**changes)).findings
        return finding.standing

    assert standing(node) == NEW and standing(raises) == OF_PYTEST
    assert (
        standing(node, known=frozenset({"f1"})) == KNOWN
        and standing(node, known=frozenset({"f2"})) == NEW
    )
    assert standing(node, known=frozenset({"f1"}), allow=("app.*",)) == ALLOWED
    assert standing(raises, known=frozenset({"f1"})) == OF_PYTEST
    assert standing(raises, severity="allow") == ALLOWED
    assert standing(node, severity="report", allow=("x", "y")) == NEW


def test_what_fails():
    node = cycle("app.Node")
    assert judge(report(node), rules()).fails
    for changes in (
        {"severity": "report"},
        {"severity": "allow", "reason": "r"},
        {"allow": ("app.*",)},
    ):
        assert not judge(report(node), rules(**changes)).fails
    assert not judge(report(), rules()).fails
    judged = judge(report(node, notes=("n",)), rules(severity="allow", reason="r"))
    assert judged.reason == "r" and judged.notes == ("n",)
    assert Judgement.from_json(judged.to_json()) == judged
    for text in ("", "0.1", "[]", "{}", judged.to_json().replace("judgement", "cycle")):
        with pytest.raises(ValueError):
            Judgement.from_json(text)


# ----------------------------------------------------------------------------- text


def test_the_text_of_a_failure():
    judged = judgement(
        (cycle("app.Node", count=3), NEW),
        (cycle("app.Other", fingerprint="f2"), NEW),
        (cycle("app.Known", count=2), KNOWN),
        (cycle("app.Allowed"), ALLOWED),
        notes=("look out",),
    )
    text = failure_text(judged).splitlines()
    assert text[0] == "left 4 cycles, first: app.Node .me → app.Node" and text[1] == ""
    assert text[-4:] == [
        "",
        "besides, not judged: 2 cycles known to the baseline",
        "besides, not judged: 1 cycle allowed",
        "note: look out",
    ]
    assert failure_text(judgement((cycle("app.Node"), NEW))).startswith(
        "left 1 cycle: app.Node .me → app.Node\n\n"
    )
    many = judgement(
        *((cycle(f"app.N{n}", fingerprint=f"f{n}"), NEW) for n in range(MOST_FORMS + 2))
    )
    text = failure_text(many)
    assert text.count("┌►") == MOST_FORMS and text.endswith("\n\nand 2 more forms of cycles")


def test_names_of_tests():
    assert phrase_of_tests(["b", "a"]) == "a, b" and phrase_of_tests("dcba") == "a, b, c and 1 more"


def test_a_session():
    session = Session()
    node, other = cycle("app.Node", count=2), cycle("app.Other", fingerprint="f2")
    session.add("a", judgement((node, NEW)))
    session.add("b", judgement((node, NEW), (other, ALLOWED), severity="report", notes=("n",)))
    session.add("c", None)
    session.add("d", judgement((other, KNOWN), notes=("n",)))
    session.add("e", judgement(severity="allow"))
    session.add("f", judgement(notes=("o",)))
    assert session.judged == set("abcdef") and session.tests(NEW) == ["a", "b"]
    (form,) = session.forms(NEW)
    assert form.tests == ("a", "b") and form.cycle.count == 4
    (form,) = session.forms(NEW, severity="report")
    assert form.tests == ("b",) and form.cycle.count == 2
    assert session.notes() == {"n": 2, "o": 1} and set(session.seen()) == {"f1", "f2"}
    told, lines = summary_lines(session, None, False)
    assert "  in b" in told and sum("┌►" in line for line in told) == 1
    assert lines == [
        "6 tests judged, 2 left cycles (1 form): 1 failed, 1 told, not failed (--gcscope-fail "
        "makes them fail)",
        "not judged: 1 cycle allowed, in 1 test",
        "allow_cycles is not needed by e: they left none",
        "note: n (2 tests)",
        "note: o (1 test)",
    ]
    session.add("a", None)  # run again
    session.add("b", None)
    assert session.tests(NEW) == [] and summary_lines(session, None, False)[1][0].endswith(
        "none left a new cycle"
    )


def test_many_forms():
    session = Session()
    for n in range(MOST_FORMS + 3):
        session.add(
            f"t{n}",
            judgement((cycle(f"app.N{n}", fingerprint=f"f{n}", count=2), NEW), severity="report"),
        )
    lines = forms_lines(session.forms(NEW))
    assert sum("┌►" in line for line in lines) == MOST_FORMS
    assert lines[-2] == "and 3 more forms of cycles, seen 6 times"


# ------------------------------------------------------------------------- baseline


def entry(fingerprint, *tests, ring="r"):
    return KnownRing(fingerprint=fingerprint, ring=ring, tests=tests)


def test_what_has_gone():
    baseline = Baseline(rings=(entry("f1", "a"), entry("f2", "a", "b"), entry("f3")))

    def gone(seen, judged):
        return {ring.fingerprint for ring in baseline.gone(dict.fromkeys(seen), judged)}

    assert gone([], "ab") == {"f1", "f2", "f3"} and gone(["f1"], "ab") == {"f2", "f3"}
    assert gone([], "a") == {"f1", "f3"}  # b may still leave f2
    assert gone([], []) == {"f3"}
    assert baseline.fingerprints == {"f1", "f2", "f3"}


def test_a_renewed_baseline():
    baseline = Baseline(rings=(entry("f1", "a"), entry("f2", "a", "b"), entry("f4", "x")))
    seen = {"f2": entry("f2", "a", "c"), "f3": entry("f3", "a", ring="q")}
    renewed = baseline.renewed(seen, "ac")
    assert renewed.rings == (
        entry("f3", "a", ring="q"),
        entry("f2", "a", "b", "c"),
        entry("f4", "x"),
    )
    assert renewed.renewed(seen, "ac") == renewed
    assert renewed.renewed({}, ["a", "b", "c", "x"]).rings == ()


def test_baselines_are_told():
    session = Session()
    session.add("a", judgement((cycle("app.Node"), KNOWN)))
    baseline = Baseline(rings=(entry("f1", "a"), entry("f2", "a", ring="app.Gone → app.Gone")))
    lines = summary_lines(session, baseline, False)[1]
    assert lines == [
        "1 test judged, none left a new cycle",
        "1 form of cycles known to the baseline still there",
        "gone from the baseline: 1 form of cycles (--gcscope-update-baseline takes them out):",
        "  app.Gone → app.Gone  (f2)",
    ]
    assert (
        summary_lines(session, baseline, True)[1][2]
        == "gone from the baseline: 1 form of cycles (taken out):"
    )


def test_files(tmp_path):
    path = str(tmp_path / "known.json")
    baseline = Baseline(rings=(known_ring(cycle("app.Nödé"), ["b", "a"]),))
    write_baseline(path, baseline)
    assert read_baseline(path) == baseline and baseline.rings[0].tests == ("a", "b")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    assert (
        "Nödé .me → " in text
        and '\n   "tests": [\n    "a",\n    "b"\n   ]' in text
        and text.endswith("}\n")
    )
    write_baseline(path, baseline)
    with open(path, encoding="utf-8") as file:
        assert file.read() == text
    assert os.listdir(tmp_path) == ["known.json"]


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = str(tmp_path / "known.json")
    write_baseline(path, Baseline(rings=()))

    def fail(*_):
        raise OSError("no room")

    with monkeypatch.context() as context:
        context.setattr(os, "replace", fail)
        with pytest.raises(OSError, match="no room"):
            write_baseline(path, Baseline(rings=(entry("f1"),)))
    assert os.listdir(tmp_path) == ["known.json"] and read_baseline(path).rings == ()
    with pytest.raises(OSError):
        write_baseline(str(tmp_path / "no" / "known.json"), Baseline(rings=()))
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        write_baseline(str(tmp_path / "folder"), Baseline(rings=()))
    assert sorted(os.listdir(tmp_path)) == ["folder", "known.json"]
