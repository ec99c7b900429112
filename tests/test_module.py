"""The making of the core's module."""

import hashlib
import random
import sys

import pytest

from gcscope import _core


@pytest.mark.skipif(
    sys.version_info >= (3, 13), reason="CPython itself crashes where a type is made without memory"
)
def test_the_core_is_loaded_without_memory(starving):
    """At each allocation: MemoryError, nothing in gc.callbacks, and no half made module stays."""
    pytest.importorskip("_testcapi")
    code = """
import _imp, gc, sys
from gcscope import _core
gc.disable()
spec = _core.__spec__
callbacks = list(gc.callbacks)
def load():
    _imp.exec_dynamic(_imp.create_dynamic(spec))
def check():
    gc.collect()
    assert gc.callbacks == callbacks
def blocks_of(work):
    before = sys.getallocatedblocks()
    work()
    return sys.getallocatedblocks() - before
def load_ten():
    for _ in range(10):
        load(), check()
load_ten()
of_ten = blocks_of(load_ten)  # the interpreter itself keeps some
failures = []
grown = blocks_of(lambda: failures.append(each_allocation(load, check)))
assert failures[0] > 300
assert grown <= failures[0] / 10 * max(of_ten, 10) + 100, (grown, of_ten)
"""
    starving(code)


def test_the_hash_of_bytes():
    rng = random.Random(1)
    for length in [*range(300), 1_000, 65_537]:
        data = rng.randbytes(length)
        assert _core.hash_of(data) == int(hashlib.sha256(data).hexdigest()[:16], 16), length
    with pytest.raises(TypeError):
        _core.hash_of("text")
