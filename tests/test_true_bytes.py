"""The bytes of an object, and of a ring, are those that tracemalloc sees go with it."""

import json

import pytest

from support import ROOT, python
from true_bytes import OBJECTS, RINGS, UNPROMISED

PROMISED = [name for name in (*OBJECTS, *RINGS) if name not in UNPROMISED]

WRONG = set()
"""Those that are not right yet. `python tests/true_bytes.py` prints by how much."""


@pytest.fixture(scope="module")
def found():
    done = python(ROOT / "tests/true_bytes.py", "--json")
    assert done.code == 0, done
    return json.loads(done.out)


@pytest.mark.parametrize("name", PROMISED)
def test_bytes_are_those_that_go(name, found):
    """Within a tenth, or 16 bytes for each allocation."""
    assert found[name]["near"] is (name not in WRONG), found[name]


@pytest.mark.parametrize("name", [name for name in PROMISED if name in RINGS])
def test_a_ring_goes(name, found):
    """The measure itself is no empty one."""
    assert found[name]["went"] > 100 and found[name]["blocks"] > 2
