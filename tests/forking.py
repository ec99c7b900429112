"""What tests of threads and forks need in this process, and in those that they start."""

import os
import time


def threads():
    """How many threads the system has of this process; None where it does not say."""
    return len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else None


def until(condition, seconds=10):
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.001)


def patiently_until(condition):
    """As until, where processes have to begin."""
    until(condition, 20)


def in_child(action):
    """Fork; do something in the child, in which it has to succeed."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            action()
            code = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(code)
    assert os.waitpid(pid, 0)[1] == 0
