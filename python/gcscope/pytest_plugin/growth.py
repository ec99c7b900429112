"""The mark no_growth: a test that is called again and again, and must not make anything grow."""

from __future__ import annotations

import sys

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from gcscope.model.growth import Growth
    from gcscope.model.results import Chain

EXAMPLE = "@pytest.mark.no_growth(times=20, rounds=4)"


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
    from gcscope.api.callables import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR

    flags = getattr(getattr(item.obj, "__code__", None), "co_flags", 0)
    if flags & (CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR):
        return (
            "no_growth calls a test function again and again, and the body of an async function "
            "does not run by that: call gcscope.assert_no_growth(func) in a test that is not "
            "async, with a func such as lambda: asyncio.run(work())"
        )
    return None


_LOG_OF_WARNINGS = ("_py_warnings._Context", ".log")


def _is_of_pytest(chain: Chain) -> bool:
    """Return whether pytest, or recwarn, keeps the warnings of a test in a container.

    It is a list whose `append` they have put into the module warnings, or the log of a context of
    warnings, which Python has from 3.14 on where warnings belong to a context.
    """
    first = chain.links[0] if chain.links else None
    if first is not None and first.name == "warnings" and "_showwarnmsg_impl" in first.label:
        return True
    return any((link.type, link.label) == _LOG_OF_WARNINGS for link in chain.links)


_FIXTURES = ".funcargs["


def _by_fixtures(found: Growth) -> Growth:
    """Write growers that a fixture has made by its name, in place of how pytest keeps it."""
    from gcscope.model.record import changed

    growers = []
    for grower in found.growers:
        _, is_there, rest = grower.path.partition(_FIXTURES)
        name, _, further = rest.partition("]")
        path = f"{name[1:-1]}{further} of a fixture" if is_there else grower.path
        growers.append(changed(grower, path=path))
    return changed(found, growers=tuple(growers))


def _clear_logs(config: pytest.Config) -> list[Callable[[], None]]:
    """Return what clears the handlers in which pytest keeps what a test logs.

    Those of its first versions can only begin anew.
    """
    plugin = config.pluginmanager.get_plugin("logging-plugin")
    names = ("caplog_handler", "report_handler")
    handlers = [getattr(plugin, name, None) for name in names]
    found = [getattr(handler, "clear", getattr(handler, "reset", None)) for handler in handlers]
    return [clear for clear in found if clear is not None]


def repeated(item: pytest.Function, mark: pytest.Mark, may_fail: Callable[[], bool]) -> Any:
    """Make a function that calls a test as the mark says, and fails where something grows.

    Before each call what pytest has of the one before is cleared: log records and warnings.
    may_fail: called before it fails; it does not where that says no.
    """
    test, clearers = item.obj, _clear_logs(item.config)

    def call_once(**fixtures: Any) -> None:
        for clear in clearers:
            clear()
        if "recwarn" in fixtures:
            fixtures["recwarn"].clear()
        test(**fixtures)

    def call_again(**fixtures: Any) -> None:
        from gcscope.api.growth import failure_of, growth_of
        from gcscope.model.spelling import spelled

        calls: list[Any] = [(call_once, (), fixtures)]
        found = _by_fixtures(growth_of(calls, is_others=_is_of_pytest, **mark.kwargs))
        if found and may_fail():
            pytest.fail(spelled(failure_of(found, "the test"), sys.__stdout__), pytrace=False)

    return call_again
