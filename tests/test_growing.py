"""Growing programs: the container that grows is told, with its path, and its twin is silent."""

import json
import sys

import pytest

from growing import MARKS
from specimens.growing import GROWING, STEADY
from support import ROOT, python

NAMED = [pytest.param(case, id=case.name) for case in GROWING]
SILENT = [pytest.param(program, id=program.__name__) for program in STEADY]

WRONG = {}
"""The cases in which something is not right yet, and what. `python tests/growing.py` tells what was
said of them; a case that is right is to be taken out.
"""
if sys.version_info[:2] == (3, 13):
    # the cache is in the C state of _ctypes, too, which is a reference nearer than its name there
    WRONG["pointer_types_of_a_class_made_in_a_call"] = set(MARKS) - {"twin"}


@pytest.fixture(scope="module")
def said():
    """What gcscope says of each program in a process of its own, and what is true."""
    done = python(ROOT / "tests/growing.py", "--json")
    assert done.code == 0, done
    return json.loads(done.out)


def test_there_are_programs_enough():
    assert len(GROWING) >= 22
    assert len({case.name for case in GROWING}) == len(GROWING)


@pytest.mark.parametrize("case", NAMED)
def test_what_is_written_down_is_so(case, said):
    """Without gcscope: the container at the path gets so many entries; memory is left."""
    finding = said["growing"][case.name]
    assert finding["bytes"] > 16
    if case.path is not None and not case.path.endswith(("...", "*")):
        assert finding["added"] == case.per_call


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("case", NAMED)
def test_what_grows_is_told(case, mark, said):
    """The path, that no other is told, the type, the count, the bytes, and a twin in silence."""
    finding = said["growing"][case.name]
    is_right = finding["marks"][mark] is not False
    assert is_right is (mark not in WRONG.get(case.name, ())), finding["explained"]


@pytest.mark.parametrize("program", SILENT)
def test_what_does_not_grow_is_not_told(program, said):
    assert said["steady"][program.__name__] == []
