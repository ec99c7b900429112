"""The logs of deaths, where there is no memory for them."""

import pytest

HEAD = """
import gc
from gcscope import Person, _core
def friends():
    michael, sarah = Person("Michael"), Person("Sarah")
    michael.befriend(sarah)
def log_of_deaths():
    log = _core.DeathLog()
    friends()
    Person("x")
    gc.collect()
    return [(death.type, death.freed_by) for death in log.end()]
def left_to_itself():
    log = _core.DeathLog()
    Person("x")
def in_a_block():
    with _core.DeathLog() as log:
        Person("x")
        return log.end()
gc.disable()
usual = sorted(log_of_deaths())
assert len(usual) == 3
callbacks = list(gc.callbacks)
def check():
    assert _core.journal_status().death_logs == 0
    assert gc.callbacks == callbacks and not gc.isenabled()
    gc.collect()
"""


def test_exhausted_raw_memory(starving):
    """A death that could not be noted is told, and the next log knows nothing of it."""
    code = """
def look(starve):
    log = _core.DeathLog()
    starve()
    for _ in range(200):
        Person("x")
    return log.end()
failures, deaths = each_growth(look, check, inside=True)
assert failures > 0 and len(deaths) == 200, (failures, len(deaths))
outer = _core.DeathLog()
Person("x")
assert each_growth(log_of_deaths)[0] == 0, "the table has a place for them"
_core.fail_after(-1)
assert len(outer.end()) >= 4
check()
"""
    starving(HEAD + code)


def test_exhausted_python_memory(starving):
    """At each allocation of a log: of its making, of what it notes and of its end."""
    pytest.importorskip("_testcapi")
    code = """
for use in (log_of_deaths, left_to_itself, in_a_block):
    assert each_allocation(use, check) > 2, use
    assert sorted(log_of_deaths()) == usual
"""
    starving(HEAD + code)


def test_the_first_log_of_a_process_without_memory(starving):
    """It puts a function into gc.callbacks: whole, or not at all."""
    pytest.importorskip("_testcapi")
    code = """
import gc
from gcscope import _core
gc.disable()
def first():
    gc.callbacks.clear()
    _core.DeathLog()
def check():
    assert len(gc.callbacks) <= 1 and _core.journal_status().death_logs == 0
    gc.collect()
assert each_allocation(first, check) > 0
assert len(gc.callbacks) == 1
"""
    starving(code)
