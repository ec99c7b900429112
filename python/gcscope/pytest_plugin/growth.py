"""The mark no_growth: a test that is called again and again, and must not make anything grow."""

from __future__ import annotations

import sys

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from gcscope.model.results import Chain

NAME = "no_growth"
EXAMPLE = "@pytest.mark.no_growth(times=20, rounds=4)"
# As in inspect.
_CO_GENERATOR, _CO_COROUTINE, _CO_ASYNC_GENERATOR = 0x20, 0x80, 0x200


def mark_of(item: pytest.Item) -> pytest.Mark | None:
    """Return the mark of a test, the closest one."""
    return item.get_closest_marker(NAME)


def misuse(item: pytest.Item, mark: pytest.Mark) -> str | None:
    """Say what is wrong with a mark, or why a test cannot be called again; None for nothing."""
    numbers = mark.kwargs.values()
    are_numbers = all(type(number) is int and number > 0 for number in numbers)
    if mark.args or set(mark.kwargs) - {"times", "rounds"} or not are_numbers:
        return f"no_growth takes numbers by name, 1 or more: {EXAMPLE}"
    unittest = sys.modules.get("unittest")
    cls = getattr(item, "cls", None)
    is_unittest = unittest is not None and cls is not None and issubclass(cls, unittest.TestCase)
    if not isinstance(item, pytest.Function) or is_unittest:
        return (
            "no_growth calls a test function again and again, and this is none: call "
            "gcscope.assert_no_growth(func) in it"
        )
    flags = getattr(getattr(item.obj, "__code__", None), "co_flags", 0)
    if flags & (_CO_GENERATOR | _CO_COROUTINE | _CO_ASYNC_GENERATOR):
        return (
            "no_growth calls a test function again and again, and the body of an async function "
            "does not run by that: call gcscope.assert_no_growth(func) in a test that is not "
            "async, with a func such as lambda: asyncio.run(work())"
        )
    return None


def _is_of_pytest(chain: Chain) -> bool:
    """Return whether pytest keeps a container in a variable: that of the warnings of a test."""
    keepers = chain.links[-2:-1]
    return any(link.where is not None and "_pytest/" in link.where for link in keepers)


def _log_handlers(config: pytest.Config) -> list[Any]:
    """Return the handlers in which pytest keeps what a test logs."""
    plugin = config.pluginmanager.get_plugin("logging-plugin")
    names = ("caplog_handler", "report_handler")
    handlers = [getattr(plugin, name, None) for name in names]
    return [handler for handler in handlers if hasattr(handler, "clear")]


def repeated(item: pytest.Function, mark: pytest.Mark, failed: Callable[[], None]) -> Any:
    """Make a function that calls a test as the mark says, and fails where something grows.

    Before each call what pytest has of the one before is cleared: log records and warnings.
    failed: called before it fails.
    """
    test, handlers = item.obj, _log_handlers(item.config)

    def call_once(**fixtures: Any) -> None:
        for handler in handlers:
            handler.clear()
        if "recwarn" in fixtures:
            fixtures["recwarn"].clear()
        test(**fixtures)

    def call_again(**fixtures: Any) -> None:
        from gcscope.api.growth import failure_of, growth_of

        found = growth_of([(call_once, (), fixtures)], is_others=_is_of_pytest, **mark.kwargs)
        if found:
            failed()
            pytest.fail(failure_of(found, "the test"), pytrace=False)

    return call_again
