"""The pytest plugin: a test that fails when a ring creeps in.

    @pytest.mark.no_cycles                 the test fails if its call leaves a ring to the collector
    @pytest.mark.no_cycles(allow=[...])    but for rings that these classes or patterns mean (see
                                           gcscope.model.ignored.matches)
    @pytest.mark.allow_cycles("reason")    nothing that the test leaves makes it fail
    @pytest.mark.no_growth(times=20)       the test is called again and again, and fails if a
                                           container grows with each call
    --gcscope, --gcscope-fail              every test: tell the rings at the end; fail the test
    --gcscope-fail-on-growth               the same, and more rings of a known form fail the run
    --gcscope-off                          not even tests that are marked
    gcscope (fixture)                      the module

This module is loaded into every run of every project that has gcscope installed, and must load
whatever pytest that is: options, marks and the fixture. What judges tests is in `hooks`, and needs
what `what_is_missing` asks for.
"""

from __future__ import annotations

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


_MARKS = (
    "no_cycles(allow=[]): fail the test if its call leaves reference cycles to the collector. "
    "allow: classes, type names and patterns, fingerprints of cycles that it may leave",
    "allow_cycles(reason): let the test leave reference cycles, and say why",
    "no_growth(times=20, rounds=4): call the test so many times in each of so many rounds, with "
    "the same fixtures, and fail it if a list, dict, set or deque is longer after every round",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and ini keys."""
    group = parser.getgroup(
        "gcscope", "reference cycles that tests leave to the collector (gcscope)"
    )
    group.addoption(
        "--gcscope",
        action="store_true",
        help="tell the reference cycles that tests leave, at the end",
    )
    group.addoption(
        "--gcscope-fail", action="store_true", help="fail each test that leaves reference cycles"
    )
    group.addoption(
        "--gcscope-off", action="store_true", help="judge no test, not even marked ones"
    )
    group.addoption(
        "--gcscope-baseline",
        metavar="FILE",
        help="cycles that are known and do not fail a test (a JSON file, by fingerprint, with "
        "their numbers)",
    )
    group.addoption(
        "--gcscope-update-baseline",
        action="store_true",
        help="write what this run finds to the baseline",
    )
    group.addoption(
        "--gcscope-fail-on-growth",
        action="store_true",
        help="as --gcscope-fail, and fail the run if tests leave more cycles of a known form than "
        "the baseline has",
    )
    parser.addini(
        "gcscope", "judge tests that have no mark of gcscope: off, report or fail", default="off"
    )
    parser.addini(
        "gcscope_ignore",
        "patterns of cycles that no test is blamed for, one a line",
        type="linelist",
    )
    parser.addini(
        "gcscope_baseline", "the file of --gcscope-baseline, from the root directory", default=""
    )


def what_is_missing() -> str | None:
    """Say what pytest lacks to have its tests judged; None where it lacks nothing."""
    try:
        pytest.hookimpl(wrapper=True)  # came with pluggy 1.2
        pytest.StashKey[None]()  # came with pytest 7.0
    except (TypeError, AttributeError):
        import pluggy

        here = f"this is pytest {pytest.__version__} with pluggy {pluggy.__version__}"
        return f"gcscope needs pytest 7.0 and pluggy 1.2 or newer to judge tests, and {here}"
    return None


class _Absent:
    """Hooks for a pytest that is too old: they say that no test is judged, if one should be."""

    def __init__(self, why: str, config: pytest.Config) -> None:
        option = config.option
        self.why = why
        self.is_off: bool = option.gcscope_off
        self.is_asked = (
            option.gcscope or option.gcscope_update_baseline or config.getini("gcscope") != "off"
        )
        if option.gcscope_fail and not self.is_off:
            raise pytest.UsageError(f"--gcscope-fail cannot judge: {why}")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Note whether a mark asks for it."""
        self.is_asked = self.is_asked or any(
            item.get_closest_marker(name) is not None
            for name in ("no_cycles", "no_growth")
            for item in items
        )

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say that no test was judged."""
        if self.is_asked and not self.is_off:
            terminalreporter.write_line(f"gcscope: no test was judged: {self.why}", red=True)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marks, and let tests be judged where an option or a mark asks for it."""
    for mark in _MARKS:
        config.addinivalue_line("markers", mark)
    if config.option.gcscope_fail_on_growth:
        config.option.gcscope_fail = True
    missing = what_is_missing()
    if missing is not None:
        config.pluginmanager.register(_Absent(missing, config), "gcscope-absent")
        return
    from gcscope.pytest_plugin import hooks

    config.pluginmanager.register(hooks, "gcscope-hooks")


@pytest.fixture(name="gcscope", scope="session")
def _gcscope() -> ModuleType:
    """Hand over the module: gcscope.assert_no_cycles(func), gcscope.watch(), gcscope.why_alive(obj)."""  # noqa: E501 - as --fixtures shows it
    import gcscope

    return gcscope
