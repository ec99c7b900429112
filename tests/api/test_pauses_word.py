"""pauses: what is asked for and what is answered, and when there is advice."""

import gc

import pytest

import gcscope
from gcscope import Counts, Cut, Cycle, Link, Pause, Pauses, PauseTotal, pauses
from gcscope.explain.pauses import advice_of
from gcscope.model.innocent import REPLACED
from gcscope.model.record import changed
from support import FREE_THREADED


def test_a_block(quiet):
    with pauses() as watched:
        gc.collect(1)
    report = watched.report
    (pause,) = report.collections
    # in a free-threaded build it is full, and the first such is looked at
    told = (2, 0, True, ()) if FREE_THREADED else (1, 0, False, ())
    assert (pause.generation, pause.freed, pause.sampled, pause.cycles) == told
    generations = [2] if FREE_THREADED else [0, 1, 2]
    total = report.totals[generations.index(told[0])]
    assert report and report.seconds == pause.seconds == total.longest
    assert [total.generation for total in report.totals] == generations
    assert Pauses.from_json(report.to_json()) == report
    assert Pause.from_json(pause.to_json()) == pause
    assert PauseTotal.from_json(total.to_json()) == total


def test_nothing(quiet):
    with pauses() as watched:
        pass
    report = watched.report
    assert not report and report.collections == () and report.seconds == 0
    assert (report.advice, report.notes) == (None, ())


def test_without_dry_runs_a_note_says_so(quiet, monkeypatch):
    monkeypatch.setattr(gcscope._core, "WALKS_GENERATIONS", False)
    monkeypatch.setattr(gcscope._core, "FREE_THREADED", False)
    notes = []
    for sampling in (0, 0.02):
        with pauses(sampling) as watched:
            pass
        notes.append(watched.report.notes)
    nothing, (note,) = notes
    assert nothing == () and note.startswith("no dry run: this Python does not show")


def test_where_it_stands():
    watched = pauses()
    for ask in (lambda: watched.report, watched.round, lambda: watched.__exit__(None, None, None)):
        with pytest.raises(RuntimeError, match="block has ended|has not begun"):
            ask()
    with watched:
        with pytest.raises(RuntimeError, match="in use: call pauses\\(\\) once for each block"):
            watched.__enter__()
        with pytest.raises(RuntimeError, match="block has ended"):
            _ = watched.report
    first = watched.report
    with watched:  # again, one after the other
        gc.collect()
    assert watched.report is not first


def test_an_exception_of_the_block_passes(quiet):
    watched = pauses()
    with pytest.raises(KeyError), watched:
        gc.collect()
        raise KeyError
    assert watched.report


def test_what_sampling_may_be():
    for wrong in ("1", None, True, 1j):
        with pytest.raises(TypeError, match=r"pauses\(\) takes a number as sampling, not"):
            pauses(wrong)
    for wrong in (-0.1, 1.1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=r"pauses\(\) takes a share from 0 to 1"):
            pauses(wrong)
    pauses(0), pauses(1), pauses(sampling=0.5)


# ------------------------------------------------------------------------------- advice

CYCLE = Cycle(
    ring=(Link(type="a.B", name=None, label=".me", named=True, where=None, refcount=1),),
    objects=1,
    dragged=9,
    dragged_bytes=0,
    bytes=48,
    types=Counts({"a.B": 1}),
    cause=None,
    cut=None,
    advice=None,
    count=1_000,
    fingerprint="01",
)


def full(**figures):
    """Totals, of which those of full collections are these."""
    idle = PauseTotal(
        generation=0,
        collections=0,
        asked=0,
        seconds=0.0,
        longest=0.0,
        freed=0,
        examined=0,
        examined_in=0,
    )
    usual = {
        "collections": 27,
        "seconds": 8.1,
        "longest": 0.31,
        "examined": 4_200_000,
        "examined_in": 2,
    }
    last = changed(idle, generation=2, **{**usual, **figures})
    return idle, changed(idle, generation=1), last


def test_much_is_examined_for_nothing():
    advice = advice_of(full(), (), 2, 60.0)
    assert advice == (
        "27 full collections examined 2.1 M objects each (known of 2) and freed 0, in 8.10 s, the "
        "longest 310.0 ms: gc.freeze() after start-up, or a higher third threshold "
        "(gc.set_threshold); price: a ring that is frozen and dropped later is never freed, and "
        "rings wait longer for a rarer collection"
    )


def test_where_the_program_asks_for_it():
    advice = advice_of(full(asked=26), (), 2, 60.0)
    assert "fewer calls of gc.collect() (26 of them were calls)" in advice
    assert "threshold" not in advice


def test_next_to_nothing_is_told_too():
    assert "and freed 1,200 in all, in" in advice_of(full(freed=1_200), (), 2, 60.0)


def test_what_is_frozen_for_nothing_is_not_advised():
    """Where rings are freed, or found by dry runs though the collector does not count them."""
    for figures in ({"freed": 270_000}, {"freed": 0}):
        advice = advice_of(full(**figures), (CYCLE,), 1, 60.0)
        assert "freeze" not in advice and "threshold" not in advice
        assert advice.endswith(
            "most of what sampled ones found, 10,000 objects, hangs on the ring a.B → a.B, "
            "seen 1,000 times"
        )
    longer = changed(CYCLE, ring=CYCLE.ring * 9, length=9)
    assert "ring a.B → a.B → a.B → a.B → …, seen" in advice_of(full(), (longer,), 1, 60.0)
    cut = Cut(link=CYCLE.ring[0], advice="set .me = None", frees=10, references=1)
    advice = advice_of(full(), (changed(CYCLE, cut=cut),), 1, 60.0)
    assert advice.endswith("seen 1,000 times; cut it: set .me = None")


@pytest.mark.parametrize(
    "figures",
    [
        {"collections": 0, "seconds": 0.0, "longest": 0.0, "examined": 0, "examined_in": 0},
        {"examined": 0, "examined_in": 0},  # not known
        {"collections": 2},  # too few
        {"seconds": 0.27, "longest": 0.0099},  # little: 0.45 % of the time, and short
        {"freed": 270_000},  # rings, of which none was seen
    ],
)
def test_no_advice(figures):
    assert advice_of(full(**figures), (), 2, 60.0) is None


def test_no_advice_for_what_is_nobodys_fault():
    assert advice_of(full(), (changed(CYCLE, cause=REPLACED),), 1, 60.0) is None


def test_no_key_is_in_advice():
    """So that who keeps keys back has nothing to look for in a text that was shortened."""
    secret = changed(CYCLE.ring[0], label=f".{60 * 'a'}['{60 * 'k'}']")
    advice = advice_of(full(), (changed(CYCLE, ring=(secret,)),), 1, 60.0)
    assert "kk" not in advice and "ring a.B → a.B" in advice


@pytest.mark.skipif(
    not (gcscope._core.WALKS_GENERATIONS or FREE_THREADED), reason="no dry run on this Python"
)
def test_advice_of_a_real_program(quiet):
    kept = [[[n]] for n in range(100_000)]
    with pauses(sampling=1) as watched:
        for _ in range(4):
            gc.collect()
    advice = watched.report.advice
    assert advice.startswith("4 full collections examined ")
    assert "and freed 0, in " in advice and "fewer calls of gc.collect() (4 of them" in advice
    assert len(kept) == 100_000
