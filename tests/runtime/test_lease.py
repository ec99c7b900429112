"""A lease: no automatic collection for a while, and none that is switched off."""

import gc
import itertools
import os

import pytest

from gcscope import _core
from support import forks

needs_generations = pytest.mark.skipif(
    not _core.WALKS_GENERATIONS, reason="this Python does not show its generations"
)


@pytest.fixture(autouse=True)
def usual(quiet):
    yield
    gc.disable()


@needs_generations
def test_a_lease():
    usual = gc.get_threshold()
    gc.enable()
    before = gc.get_count()[0]
    stats = gc.get_stats()
    with _core.Lease() as lease:
        kept = [[] for _ in range(10 * usual[0])]
        assert gc.get_count()[0] < 0 and gc.isenabled() and gc.get_threshold() == usual
    assert gc.get_stats() == stats and abs(gc.get_count()[0] - before) < 20
    del lease, kept
    gc.disable()


@needs_generations
def test_a_lease_that_is_let_go_of_ends():
    before = gc.get_count()[0]
    lease = _core.Lease()
    assert gc.get_count()[0] < before - 90_000
    del lease
    assert abs(gc.get_count()[0] - before) < 5


@needs_generations
def test_a_lease_ends_by_itself():
    """After so many allocations, and with any collection."""
    gc.enable()
    lease = _core.Lease()
    stats = gc.get_stats()
    kept = [[] for _ in range(103_000)]
    assert gc.get_stats() != stats and 0 <= gc.get_count()[0] < 3000
    del lease
    assert 0 <= gc.get_count()[0] < 4000
    gc.disable()
    lease = _core.Lease()
    gc.collect()
    del lease, kept
    assert 0 <= gc.get_count()[0] < 100


@needs_generations
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_leases_in_any_order(order):
    before = gc.get_count()[0]
    leases = [_core.Lease() for _ in range(3)]
    for which in order:
        leases[which] = None
    _core.Lease()
    assert abs(gc.get_count()[0] - before) < 10


@needs_generations
@forks
def test_a_lease_in_a_forked_child():
    gc.enable()
    with _core.Lease():
        child = os.fork()
        if child == 0:
            kept = [[] for _ in range(200_000)]
            os._exit(0 if kept and gc.get_count()[0] >= 0 and gc.isenabled() else 1)
    assert os.waitpid(child, 0)[1] == 0
    gc.disable()


def test_wrong_leases():
    with pytest.raises(TypeError):
        _core.Lease(1)
    _core.Lease().__exit__()


def test_exhausted_memory(starving):
    """No lease, or a whole one: and none is left in force."""
    pytest.importorskip("_testcapi")
    code = """
import gc
from gcscope import _core
def held():
    with _core.Lease():
        pass
def let_go():
    return _core.Lease() is None
def before():
    return gc.get_count()[0]
settings = gc.isenabled(), gc.get_threshold()
def check():
    assert gc.get_count()[0] >= 0 and (gc.isenabled(), gc.get_threshold()) == settings
gc.enable()
settings = True, gc.get_threshold()
for use in (held, let_go):
    assert each_allocation(use, check) > 0
"""
    starving(code)
