"""Nothing is leaked.

Each action is done again and again, and blocks and references stay as they are.

References are counted by debug builds (sys.gettotalrefcount), blocks by all.
"""

import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def slopes():
    from support import python

    done = python(Path(__file__).with_name("leaks.py"), timeout=600)
    assert done.code == 0, done
    return json.loads(done.out)


def test_blocks_and_references_are_steady(slopes):
    """A leak leaves at least 60 more; caches and free lists do not grow so."""
    grown = {name: slope for name, slope in slopes.items() if max(slope) >= 30}
    assert grown.keys() == {"a leak, to see that it is seen"}
    assert len(slopes) > 12
