"""The record of what grew: its text, and what grows now and did not before."""

import pytest

from gcscope.model.record import changed
from specimens.records import GROWER, GROWN


def test_the_text():
    assert str(GROWN).splitlines() == [
        "201 containers grew in every one of 5 rounds of 20 calls",
        "",
        "app.registry[*].listeners   200 containers (list), 4,000 entries in all",
        "    +1 entry, 48 bytes per call",
        "    its newest entry was made at app.py:15",
        "",
        "app.CACHE   dict of 101 entries",
        "    +0.25 entries per call",
        "    filled at: not known",
        "",
        "where not known: `python -X tracemalloc` tells where the newest entry was made",
        "",
        "types that grow in none of these:",
        "app.Node   +2 per call",
        "    one is kept by app.HEAD.next",
        "app.Ring   +0.5 per call",
        "    nothing keeps it: the collector has yet to free it, see garbage()",
        "note: a note",
    ]


def test_live_traffic_and_nothing():
    live = changed(GROWN, times=0, growers=(GROWER,), grown_types=(), notes=())
    assert "1 entry, 48 bytes per round" in str(live) and "5 rounds\n" in str(live)
    nothing = changed(live, growers=())
    assert str(nothing) == "no container grew in every one of 5 rounds"
    assert not nothing and live


def test_what_nothing_keeps_is_said_once():
    """Of all the types of which a ring is made."""
    kept, loose = GROWN.grown_types
    many = changed(GROWN, grown_types=(loose, kept, changed(loose, type="cell")))
    assert str(many).splitlines()[12:-1] == [
        "types that grow in none of these:",
        "app.Node   +2 per call",
        "    one is kept by app.HEAD.next",
        "app.Ring   +0.5 per call",
        "cell   +0.5 per call",
        "    nothing keeps these: the collector has yet to free them, see garbage()",
    ]


def test_types_are_a_view():
    assert GROWN.types == {"app.Node": 2.0, "app.Ring": 0.5}
    with pytest.raises(TypeError):
        GROWN.types["app.Node"] = 1


def test_the_difference():
    same = GROWN - GROWN
    assert same.growers == () and same.grown_types == () and same.compared and not same
    slower = changed(GROWN, growers=(changed(GROWER, per_call=0.5),), grown_types=())
    assert (GROWN - slower).growers == GROWN.growers
    assert (slower - GROWN).growers == ()
    assert str(GROWN - slower).startswith(
        "2 growers that did not grow before, or grow faster now, in 5 rounds of 20 calls\n"
    )
    with pytest.raises(ValueError, match="what comes with a call, the other what comes with a r"):
        changed(GROWN, times=0) - GROWN
    with pytest.raises(TypeError):
        GROWN - 1


def test_show_and_diff_take_it(python, tmp_path):
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(changed(GROWN, growers=(GROWER,)).to_json())
    new.write_text(GROWN.to_json())
    shown = python("-m", "gcscope", "show", new)
    assert shown.code == 0 and shown.out == f"{GROWN}\n", shown
    done = python("-m", "gcscope", "diff", "--fail", old, new)
    assert done.code == 3 and "\napp.CACHE   dict of 101 entries\n" in done.out, done
    assert "registry" not in done.out
    assert python("-m", "gcscope", "diff", "--fail", new, old).code == 0
