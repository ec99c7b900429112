"""Tests that run at once in threads of one process: what each leaves cannot be told apart.

They share one heap. One test alone that starts threads of its own is judged with what they make.
"""

from __future__ import annotations

import sys
from _thread import allocate_lock

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

BESIDE_OTHERS = (
    "run at the same time as other tests, in threads of one process, which share one heap"
)
IN_THREADS = (
    "run in several threads at once by pytest-run-parallel, which share one heap (judged where it "
    "runs in one)"
)


class _Run:
    """One run of one test. Who runs is kept by this, so that no path leads to a test by us."""

    is_beside_others = False


_RUN: pytest.StashKey[_Run] = pytest.StashKey()


class Company:
    """The hook that notes which tests run beside others."""

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._running: list[_Run] = []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Note it of a test, and of those that it finds running."""
        run, running = item.stash.setdefault(_RUN, _Run()), self._running
        with self._lock:
            running.append(run)
            if len(running) > 1:
                for each in running:
                    each.is_beside_others = True
        try:
            return (yield)
        finally:
            with self._lock:
                running.remove(run)


def _runs_in_threads(item: pytest.Item) -> bool:
    """Return whether pytest-run-parallel runs a test in several threads that run at once.

    With a GIL one of them runs at a time, and what they leave is judged as that of one test.
    """
    has_gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    plugin: Any = item.config.pluginmanager.get_plugin("_run-parallel")
    return not has_gil and item.nodeid in getattr(plugin, "run_in_parallel", ())


def why_not_judged(item: pytest.Item) -> str | None:
    """Say why what a test leaves, while it runs, is not only its own; None where it is."""
    run = item.stash.get(_RUN, None)
    if run is not None and run.is_beside_others:
        return BESIDE_OTHERS
    return IN_THREADS if _runs_in_threads(item) else None
