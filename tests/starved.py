"""Let each allocation fail in turn: those of the core, or Python's own.

Where a mistake may be a crash, a test does this in a process of its own: by the fixture `starving`.
"""

from gcscope import _core

MOST = 3000


def each_growth(action, check=lambda: None, inside=False):
    """Let the first growth of the core's raw memory fail, the second ..., until `action` gets all.

    `check` is called after each failure. With `inside`, `action` is handed a function to call where
    failing shall begin. Return how many growths failed, and what `action` returned at last.
    """
    for growths in range(MOST):
        try:
            if inside:
                return growths, action(lambda at=growths: _core.fail_after(at))
            _core.fail_after(growths)
            return growths, action()
        except MemoryError:
            pass
        finally:
            _core.fail_after(-1)
        check()
    raise AssertionError("it never had enough")


def each_allocation(action, check=lambda: None, more=50):
    """Let Python's first allocation fail, the second ..., until `action` survives `more` of them.

    A failure need not be noticed: a cache may do without. `check` is called after each. Return how
    many calls raised MemoryError.
    """
    import _testcapi

    failures = 0
    for number in range(MOST):
        failed = True
        _testcapi.set_nomemory(number, number + 1)
        try:
            action()
            failed = False
        except MemoryError:
            failures += 1
        finally:
            _testcapi.remove_mem_hooks()
        check()
        if not failed and number > failures + more:
            return failures
    raise AssertionError("it never had enough")


def each_growth_of(call):
    """Let `call(n)` of a room fail at growth 0, 1 ..., and see that it leaves nothing.

    Return how many growths failed, and its answer at last.
    """
    for growths in range(MOST):
        try:
            return growths, call(growths)
        except MemoryError as error:
            assert str(error) == "0 bytes left"
    raise AssertionError("it never had enough")
