"""Free-threaded builds: whether the interpreter's structures are those that were compiled for."""

import pytest

from support import FREE_THREADED

pytestmark = pytest.mark.skipif(
    not FREE_THREADED, reason="builds with a GIL are known by their version"
)

# The table of _PyRuntime for debuggers: cookie, version, free_threaded; then sizes and offsets.
CHANGED = """
import ctypes

table = (ctypes.c_uint64 * 24).in_dll(ctypes.pythonapi, "_PyRuntime")
assert bytes(table)[:8] == b"xdebugpy" and table[2] == 1
table[{word}] += {more}
"""
IMPORT = "import gcscope; print(gcscope.garbage().objects >= 0)"
VERSION, INTERPRETER_SIZE, THREADS_HEAD, TLBC_GENERATION = 1, 6, 9, 21


def test_another_patch_level_is_taken_where_the_structures_are_the_same(python):
    done = python("-c", CHANGED.format(word=VERSION, more=0x100) + IMPORT)
    assert (done.code, done.out) == (0, "True\n"), done


@pytest.mark.parametrize("word", [0, 2, INTERPRETER_SIZE, THREADS_HEAD, TLBC_GENERATION])
def test_other_structures_are_refused_in_a_sentence(python, word):
    done = python("-c", CHANGED.format(word=word, more=8) + IMPORT)
    last = done.err.splitlines()[-1]
    assert done.code == 1 and last.startswith(
        "ImportError: gcscope was built for free-threaded CPython 3."
    )
    assert "has other private structures: build it anew, pip install --force" in last
