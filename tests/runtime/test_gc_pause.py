"""hold: automatic collection is put back as it was, by threads that overlap and after a fork."""

import gc
import threading

import pytest

from gcscope import _core
from gcscope.api.garbage import GcPaused


def in_a_thread(function):
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


@pytest.fixture(autouse=True)
def enabled():
    was = gc.isenabled()
    gc.enable()
    yield
    (gc.enable if was else gc.disable)()


@pytest.mark.parametrize("before", [True, False])
def test_nested(before):
    (gc.enable if before else gc.disable)()
    with GcPaused():
        assert not gc.isenabled()
        with GcPaused():
            assert not gc.isenabled()
            _core.dry_run()  # a pass holds it, too
        assert not gc.isenabled()
    assert gc.isenabled() is before


def test_ended_in_another_thread():
    for begin, end in (
        (_core.gc_pause, lambda: in_a_thread(_core.gc_resume)),
        (lambda: in_a_thread(_core.gc_pause), _core.gc_resume),
    ):
        begin()
        assert not gc.isenabled()
        end()
        assert gc.isenabled()


def test_more_threads_than_are_told_apart():
    go_on = threading.Barrier(41)

    def hold():
        with GcPaused():
            go_on.wait()
            go_on.wait()

    threads = [threading.Thread(target=hold) for _ in range(40)]
    for thread in threads:
        thread.start()
    go_on.wait()
    with GcPaused():
        assert not gc.isenabled()
    assert not gc.isenabled()
    go_on.wait()
    for thread in threads:
        thread.join()
    assert gc.isenabled()


def test_nothing_to_end():
    with pytest.raises(RuntimeError, match="nothing holds automatic collection off"):
        _core.gc_resume()
    with GcPaused():
        pass
    with pytest.raises(RuntimeError, match="nothing holds automatic collection off"):
        _core.gc_resume()


def test_a_pass_does_not_end_the_hold_of_another_thread(python):
    """An audit hook lets another thread run in the middle of a pass that was begun without a hold
    of its own.
    """
    code = """
import gc, sys, threading
from gcscope import _core
from gcscope.api.garbage import GcPaused
main, begun, looked, seen = threading.get_ident(), threading.Event(), threading.Event(), []

def hook(event, arguments):
    if event == "gc.get_objects" and threading.get_ident() == main and not begun.is_set():
        begun.set()
        held.wait()

def other():
    begun.wait()
    with GcPaused():
        held.set()
        looked.wait()
        seen.append(gc.isenabled())

held = threading.Event()
thread = threading.Thread(target=other)
thread.start()
sys.addaudithook(hook)
_core.dry_run(0)
looked.set()
thread.join()
print(seen, gc.isenabled())
"""
    assert python("-c", code).out == "[False] True\n"


@pytest.mark.parametrize("own", [0, 1])
def test_a_child_drops_what_other_threads_held(python, own):
    code = f"""
import gc, os, threading
import gcscope
from gcscope import _core
begun, end = threading.Event(), threading.Event()

def hold():
    _core.gc_pause()
    begun.set()
    end.wait()
    _core.gc_resume()

thread = threading.Thread(target=hold)
thread.start()
begun.wait()
for _ in range({own}):
    _core.gc_pause()
if os.fork() == 0:
    gcscope.garbage()
    seen = [gc.isenabled()]
    for _ in range({own}):
        _core.gc_resume()
    seen.append(gc.isenabled())
    print(seen, flush=True)
    os._exit(0)
os.wait()
for _ in range({own}):
    _core.gc_resume()
print([gc.isenabled()])
end.set()
thread.join()
print(gc.isenabled())
"""
    assert python("-c", code).out == f"[{not own}, True]\n[False]\nTrue\n"
