"""What certainly lives is left out of a dry run, on free-threaded builds.

Nothing is marked where anything is frozen, as other tests have it: here nothing is.
"""

import ctypes
import gc

import pytest

from gcscope import _core
from support import FREE_THREADED

pytestmark = pytest.mark.skipif(not FREE_THREADED, reason="this collector counts what lives")


class Node:
    """Refers to itself."""

    def __init__(self):
        self.me = self


@pytest.fixture(autouse=True)
def still():
    gc.unfreeze()
    gc.collect()
    gc.disable()
    yield
    gc.enable()
    gc.collect()


def marked():
    """Return how many objects have a mark that the collector sets, and takes away again."""
    behind_mutex, alive = 11, 1 << 5
    bits = (ctypes.c_uint8.from_address(id(thing) + behind_mutex) for thing in gc.get_objects())
    return sum(bit.value & alive != 0 for bit in bits)


def lost_nodes():
    """Return how many nodes are unreachable."""
    _, others = _core.dry_run().types()
    return others.get(f"{__name__}.Node", 0)


def test_what_certainly_lives_is_left_out():
    """Of a heap that lives a dry run reads nearly nothing; it leaves no mark."""
    kept = [Node() for _ in range(20_000)]
    assert lost_nodes() == 0
    assert 0 < _core.last_scan().nodes < len(kept) and marked() == 0
    kept.append(kept)
    del kept
    assert lost_nodes() == 20_000 and marked() == 0


def test_no_mark_is_left_where_memory_is_exhausted():
    kept = [[Node() for _ in range(1000)]]
    failed = 0
    for growths in range(100):
        _core.fail_after(growths)
        try:
            _core.dry_run()
        except MemoryError:
            failed += 1
        else:
            break
        finally:
            _core.fail_after(-1)
            assert marked() == 0 and kept
    assert 0 < failed < 100


def test_where_anything_is_frozen_all_is_read():
    """The collector does not mark then. What is frozen counts as outside."""
    node = Node()
    gc.freeze()
    try:
        kept = [Node() for _ in range(1000)]
        del node
        Node()
        assert lost_nodes() == 1
        assert _core.last_scan().nodes > len(kept) and marked() == 0
    finally:
        gc.unfreeze()
    assert lost_nodes() == 2


def test_nothing_stands_behind_a_marker():
    with pytest.raises(LookupError, match="has no generations"):
        _core.dry_run([])
