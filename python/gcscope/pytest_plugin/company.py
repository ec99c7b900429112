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

NAME = "gcscope-company"
"""Of the plugin."""


class Company:
    """The hook that notes which tests run beside others, by their names: it holds none of them."""

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._running: list[str] = []
        self.beside: set[str] = set()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Note it of a test, and of those that it finds running, until each has ended."""
        name, running = item.nodeid, self._running
        with self._lock:
            running.append(name)
            if len(running) > 1:
                self.beside.update(running)
        try:
            return (yield)
        finally:
            with self._lock:
                running.remove(name)
                if name not in running:
                    self.beside.discard(name)


def _runs_in_threads(item: pytest.Item) -> bool:
    """Return whether pytest-run-parallel runs a test in several threads that run at once.

    With a GIL one of them runs at a time, and what they leave is judged as that of one test.
    """
    has_gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    plugin: Any = item.config.pluginmanager.get_plugin("_run-parallel")
    return not has_gil and item.nodeid in getattr(plugin, "run_in_parallel", ())


def why_not_judged(item: pytest.Item) -> str | None:
    """Say why what a test leaves, while it runs, is not only its own; None where it is."""
    company: Company | None = item.config.pluginmanager.get_plugin(NAME)
    if company is not None and item.nodeid in company.beside:
        return BESIDE_OTHERS
    return IN_THREADS if _runs_in_threads(item) else None
