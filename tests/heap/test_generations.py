"""The heads of the generations: found or not, where memory is exhausted."""

import pytest

from support import no_generations

pytestmark = no_generations


def test_the_generations_are_looked_for_without_memory(starving):
    """They are found or not, which a MemoryError tells; what is unreachable is the same."""
    pytest.importorskip("_testcapi")
    code = """
import gc
from gcscope import _core
gc.disable()
kept = [[] for _ in range(10)]
ring = []
ring.append(ring)
del ring
unreachable = _core.dry_run().objects
def check():
    assert _core.dry_run().objects == unreachable
assert each_allocation(lambda: _core.walk_generations(True), check) > 0
assert _core.walk_generations(True) is _core.WALKS_GENERATIONS
def walk():
    _core.dry_run(0), _core.dry_run(2)
for walks in (True, False):
    _core.walk_generations(walks)
    assert each_growth(walk, check)[0] > 3
    assert each_allocation(walk, check) > 0
"""
    starving(code)
