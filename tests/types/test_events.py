"""The fates of instrumented objects, where there is no memory to note them."""

import pytest

HEAD = """
import gc
from gcscope import Person, _core
def friends():
    michael, sarah = Person("Michael"), Person("Sarah")
    michael.befriend(sarah)
nothing = _core.roll_call([])
def fates_of_a_block():
    friends()
    with _core.Fates() as fates:
        gc.collect()
        fates.end(nothing, nothing)
    return [fates[n].fate for n in range(len(fates))]
def left_to_itself():
    friends()
    with _core.Fates():
        pass
    gc.collect()
def never_begun():
    _core.Fates()
gc.disable()
usual = fates_of_a_block()
assert usual == ["collector", "collector"], usual
callbacks = list(gc.callbacks)
def check():
    assert gc.callbacks == callbacks and not gc.isenabled()
    gc.collect()
"""


def test_exhausted_raw_memory(starving):
    """Then there is a MemoryError, and the next block knows nothing of it."""
    code = """
people = [Person("x") for _ in range(200)]
failures, fates = each_growth(fates_of_a_block, check)
assert failures > 0 and fates == ["survived"] * 200 + usual, (failures, fates)
del people
assert fates_of_a_block() == usual
check()
"""
    starving(HEAD + code)


def test_exhausted_python_memory(starving):
    """At each allocation of a block: of its making, of what it notes and of its end."""
    pytest.importorskip("_testcapi")
    code = """
for use in (fates_of_a_block, left_to_itself, never_begun):
    assert each_allocation(use, check) > 0, use
    assert fates_of_a_block() == usual
"""
    starving(HEAD + code)


def test_the_first_block_of_a_process_without_memory(starving):
    """It puts a function into gc.callbacks: whole, or not at all."""
    pytest.importorskip("_testcapi")
    code = """
import gc
from gcscope import _core
gc.disable()
def first():
    gc.callbacks.clear()
    with _core.Fates():
        pass
def check():
    assert len(gc.callbacks) <= 1
    gc.collect()
assert each_allocation(first, check) > 0
"""
    starving(code)
