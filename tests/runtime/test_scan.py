"""What a pass looks at: the generations walked in place, or asked for; a marker."""

import gc

import pytest

from gcscope import _core
from support import no_generations

pytestmark = no_generations


class Plain:
    pass


class Other:
    pass


def ring(kind=Plain):
    one = kind()
    one.me = one


@pytest.fixture(params=[True, False], autouse=True, ids=["walked", "asked for"])
def walks(request):
    """Both ways to the objects of a generation must come to the same."""
    walked = _core.walk_generations(request.param)
    if request.param and not walked:
        pytest.skip("this Python does not show its generations")
    yield request.param
    _core.walk_generations(True)


needs_generations = pytest.mark.skipif(
    not _core.WALKS_GENERATIONS, reason="this Python does not show its generations"
)


# ----------------------------------------------------------------------- generations


@pytest.mark.parametrize("generation", [0, 1, 2])
def test_a_generation_is_what_the_gc_module_lists(whole_heap, generation):
    gc.collect(1)
    kept = [[] for _ in range(100)]
    gc.collect(0)
    kept += [[] for _ in range(10)]
    _core.dry_run(generation)
    nodes = _core.last_scan().nodes
    listed = sum(len(gc.get_objects(generation=g)) for g in range(generation + 1))
    assert abs(nodes - listed) < 10 and nodes >= 10
    assert _core.dry_run(2).objects == _core.dry_run(-1).objects


def test_what_is_frozen_is_outside(quiet):
    ring()
    gc.freeze()
    try:
        assert _core.dry_run().objects == 0
        ring(Other)
        assert _core.dry_run().types().others == {f"{__name__}.Other": 1}
    finally:
        gc.unfreeze()
    assert _core.dry_run().types().others[f"{__name__}.Plain"] == 1


@needs_generations
def test_walking_asks_nobody(python):
    """No audit hook is called, and no object is made, before there is an answer."""
    code = """
import gc, sys
import gcscope
from gcscope import _core
heard = []
sys.addaudithook(lambda event, args: heard.append(event) if event.startswith("gc.") else None)
gcscope.garbage(), gcscope.cycles([]), gcscope.retained(heard), gcscope.why_alive(heard)
with gcscope.watch(older=True): gc_free = []
print(heard)
_core.walk_generations(False)
gcscope.garbage()
print(heard)
"""
    assert python("-c", code).out == "[]\n['gc.get_objects']\n"


# --------------------------------------------------------------------------- extent


def test_a_marker_bounds_a_dry_run(quiet):
    ring()
    marker = []
    assert _core.dry_run(marker).objects == 0
    ring(Other)
    ring(Other)
    assert (
        _core.dry_run(marker).types() == ({}, {f"{__name__}.Other": 2})
        or _core.dry_run(marker).objects == 2
    )
    later = []
    assert (
        _core.dry_run(later).objects == 0
        and _core.dry_run(marker).objects == 2
        and _core.dry_run().objects == 3
    )


def test_a_ring_that_older_objects_hold_is_alive(quiet):
    older = Plain()
    marker = []
    ring()
    older.young = []
    older.young.append(older.young)
    assert _core.dry_run(marker).objects == 1
    del older.young
    assert _core.dry_run(marker).objects == 2


def test_a_ring_through_older_objects_is_not_seen(quiet):
    """One that goes back to what was there before is not only of those born since.

    A full pass has it.
    """
    older = []
    marker = []
    older.append([older])
    del older
    assert _core.dry_run(marker).objects == 0 and _core.dry_run().objects == 2


@pytest.mark.parametrize("move", [gc.freeze, lambda: gc.collect(0), gc.collect])
def test_a_marker_that_is_gone(quiet, move):
    marker = []
    move()
    try:
        with pytest.raises(LookupError, match="the marker is not in generation 0"):
            _core.dry_run(marker)
    finally:
        gc.unfreeze()
    assert _core.dry_run([]).objects == 0


def test_wrong_extents(quiet):
    for wrong in (3, -2, 2**40):
        with pytest.raises(ValueError, match="generation must be 0, 1, 2, or -1"):
            _core.dry_run(wrong)
    with pytest.raises(OverflowError):
        _core.dry_run(2**80)
    for wrong in (None, "x", 1.0, (), {}, type("List", (list,), {})()):
        with pytest.raises(TypeError):
            _core.dry_run(wrong)
    with pytest.raises(TypeError):
        _core.dry_run([], [])
