"""What a test may leave: the policy, its summary and its baseline, without pytest."""

import json
import os
import sys

import pytest

from gcscope.model.baseline import read_baseline, write_baseline
from gcscope.model.judgement import (
    ALLOWED,
    KNOWN,
    NEW,
    OF_PYTEST,
    Baseline,
    Judgement,
    KnownRing,
)
from gcscope.model.record import Counts, OldSchema, changed
from gcscope.pytest_plugin.messages import grown_lines, summary_lines
from gcscope.pytest_plugin.policy import (
    Rules,
    is_of_own_closure,
    is_of_pytest,
    is_of_runner,
    judge,
    matches,
    type_name,
)
from gcscope.pytest_plugin.session import Session, known_ring
from specimens.judgements import cycle, judgement, report


def rules(**changes):
    usual = {
        "severity": "fail",
        "reason": None,
        "allow": (),
        "known": frozenset(),
        "own_frames": frozenset({"test_it"}),
    }
    return Rules(**{**usual, **changes})


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
        # what else is on it is not known
        (changed(cycle("frame test_it", INFO, "E|.__traceback__.tb_frame"), length=4), False),
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
        (cycle("anyio._backends._asyncio.TestRunner", "uvloop.Loop", "_asyncio.Task"), True),
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


def inner_function(where, dragged=0, also=("cell", "tuple")):
    ring = cycle("function outer.<locals>.visit|cell visit", also=also)
    link = changed(ring.ring[0], where=where)
    return changed(ring, ring=(link,), dragged=dragged, cut=None)


@pytest.mark.parametrize(
    ("ring", "is_its"),
    [
        (inner_function("/lib/_pytest/_code/code.py:669"), True),
        (inner_function("C:\\lib\\_pytest\\_code\\code.py:669"), True),
        (inner_function("/lib/app/_pytest.py:1"), False),
        (inner_function(None), False),
        (changed(inner_function("/lib/_pytest/_code/code.py:669"), length=2), False),
        (inner_function("/lib/_pytest/_code/code.py:669", dragged=1), sys.version_info >= (3, 14)),
        (inner_function("/lib/_pytest/_code/code.py:669", dragged=2), False),
        (inner_function("/lib/_pytest/_code/code.py:669", also=["app.Node"]), False),
        (cycle("app.Node"), False),
    ],
)
def test_inner_functions_of_pytest(ring, is_its):
    assert is_of_own_closure(ring) is is_its
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


# ------------------------------------------------------------------------- baseline


def entry(fingerprint, *tests, ring="r", **counts):
    """An entry with a ring of each test, or as many as counts say."""
    return KnownRing(
        fingerprint=fingerprint, ring=ring, tests=Counts(dict.fromkeys(tests, 1) | counts)
    )


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


def test_counts_are_renewed_test_by_test():
    baseline = Baseline(rings=(entry("f1", a=5, b=2, c=1),))
    (ring,) = baseline.renewed({"f1": entry("f1", a=7)}, iter("ac")).rings
    assert ring.tests == {"a": 7, "b": 2}  # b was not judged, c has left none


def test_what_has_grown():
    baseline = Baseline(
        rings=(
            entry("f1", a=5, b=2),
            entry("f2", **{"a": 1, "run x.py": 9}),
            entry("f3", **{"run x.py": 9}),
        )
    )

    def grown(**seen):
        return [now.fingerprint for _, now in baseline.grown(seen)]

    assert grown(f1=entry("f1", a=7)) == grown(f1=entry("f1", other=7)) == grown() == []
    assert grown(f1=entry("f1", a=5, b=3)) == grown(f1=entry("f1", other=8)) == ["f1"]
    # what a program leaves is not the tests'; but where only programs have left it, it is known
    assert grown(f2=entry("f2", a=1)) == grown(f3=entry("f3", a=9)) == []
    assert grown(f2=entry("f2", a=2), f3=entry("f3", a=10)) == ["f2", "f3"]
    assert grown(f4=entry("f4", a=9)) == []  # that one is new
    before, now = baseline.grown({"f1": entry("f1", a=6, b=2, d=1)})[0]
    assert before == baseline.rings[0] and grown_lines([(before, now)], True) == [
        "grown beyond the baseline: 1 form of cycles (the run fails):",
        "  r  (f1): 9 now, 7 in the baseline",
        "    in a",
        "    in d",
    ]
    assert grown_lines([], True) == []


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
    path = tmp_path / "known.json"
    other = known_ring(cycle("app.Other"), {"run x.py": 3})
    baseline = Baseline(rings=(known_ring(cycle("app.Nödé"), {"a": 1, "b": 2}), other))
    write_baseline(str(path), baseline)
    assert read_baseline(str(path), False) == baseline and baseline.rings[0].tests["b"] == 2
    text = path.read_text(encoding="utf-8")
    assert text.splitlines() == [
        '{"schema": "gcscope/2", "kind": "baseline", "rings": [',
        '{"fingerprint": "f1", "ring": "app.Nödé .me → app.Nödé", "tests": {"b": 2, "a": 1}},',
        '{"fingerprint": "f1", "ring": "app.Other .me → app.Other", "tests": {"run x.py": 3}}',
        "]}",
    ]
    write_baseline(str(path), baseline)
    assert text.endswith("}\n") and path.read_text(encoding="utf-8") == text
    assert os.listdir(tmp_path) == ["known.json"]
    write_baseline(str(path), Baseline(rings=()))
    assert read_baseline(str(path), False) == Baseline(rings=())


def test_a_baseline_that_is_written_anew_may_be_old_or_missing(tmp_path):
    path = tmp_path / "known.json"
    assert read_baseline(str(path), True) == Baseline(rings=())
    path.write_text('{"schema": "gcscope/1", "kind": "baseline", "rings": [{"tests": ["a"]}]}')
    assert read_baseline(str(path), True) == Baseline(rings=())
    with pytest.raises(OldSchema, match="--gcscope-update-baseline`, or `gcscope run "):
        read_baseline(str(path), False)
    path.write_text('{"schema": "gcscope/3", "kind": "baseline", "rings": []}')
    with pytest.raises(ValueError, match="upgrade gcscope"):
        read_baseline(str(path), True)


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = str(tmp_path / "known.json")
    write_baseline(path, Baseline(rings=()))

    def fail(*_):
        raise OSError("no room")

    with monkeypatch.context() as context:
        context.setattr(os, "replace", fail)
        with pytest.raises(OSError, match="no room"):
            write_baseline(path, Baseline(rings=(entry("f1"),)))
    assert os.listdir(tmp_path) == ["known.json"] and read_baseline(path, False).rings == ()
    with pytest.raises(OSError):
        write_baseline(str(tmp_path / "no" / "known.json"), Baseline(rings=()))
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        write_baseline(str(tmp_path / "folder"), Baseline(rings=()))
    assert sorted(os.listdir(tmp_path)) == ["folder", "known.json"]
