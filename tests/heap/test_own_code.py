"""Free-threaded builds: what loading gcscope leaves is no garbage of the program."""

import pytest

from support import FREE_THREADED

pytestmark = pytest.mark.skipif(not FREE_THREADED, reason="with a GIL such code is freed at once")

HEAD = """
import gc, os, types
gc.collect()
gc.disable()
import gcscope
from gcscope import _core

FOLDER = os.path.dirname(gcscope.__file__)

def collected():
    gc.set_debug(gc.DEBUG_SAVEALL)
    gc.collect()
    gc.set_debug(0)
    found = gc.garbage[:]
    gc.garbage.clear()
    return found

def is_ours(op):
    op = getattr(op, "__code__", op)
    if isinstance(op, types.CodeType):
        return op.co_filename.startswith(FOLDER)
    return getattr(op, "__objclass__", int).__module__.startswith("gcscope")
"""


def test_what_imports_leave_is_in_no_report_and_no_collection(python):
    code = """
for word in gcscope.__all__:
    getattr(gcscope, word)
report = gcscope.garbage()
found = collected()
assert report.objects == len(found), (report, found)
assert found and not any(map(is_ours, found)), found
"""
    done = python("-c", HEAD + code)
    assert done.code == 0, done


def test_code_that_has_an_owner_is_not_kept(python):
    code = """
import weakref
gcscope.garbage()
source = os.path.join(FOLDER, "model", "made.py")  # as if it were of ours
space = {}
exec(compile("def owned(): pass", source, "exec"), space)
watched = weakref.ref(space["owned"])
gcscope.garbage()
space.clear()
gc.collect()
assert watched() is None  # it had an owner while the heap was read
"""
    done = python("-c", HEAD + code)
    assert done.code == 0, done


def test_a_core_that_goes_lets_go_of_what_it_has_kept(python):
    code = """
import importlib.util, weakref
source = os.path.join(FOLDER, "model", "made.py")
gcscope.garbage()
other = importlib.util.module_from_spec(_core.__spec__)
_core.__spec__.loader.exec_module(other)
def leave():
    return weakref.ref(compile("pass", source, "exec"))
watched = leave()
other.dry_run(-1)
gc.collect()
assert watched() is not None
del other
gc.collect()
assert watched() is None
"""
    done = python("-c", HEAD + code)
    assert done.code == 0, done
