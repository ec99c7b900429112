"""A fixture that runs sessions of pytest with the plugin."""

import importlib.util

import pytest

from inner_session import HELPERS, NOTING, RINGS, Run


@pytest.fixture
def run(pytester, monkeypatch):
    """Run an inner session.

    Its tests, its options; ini= is its pytest.ini, plugins= the helpers it gets.
    """
    pytester.makepyfile(rings=RINGS, noting=NOTING)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8")
    # each session would compile all that it imports
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)

    def run(code=None, *options, ini=None, plugins=(), **files):
        if code is not None:
            pytester.makepyfile(test_inner=f"from rings import *\n{code}")
        if ini is not None:
            pytester.makefile(".ini", pytest=f"[pytest]\n{ini}")
        if files:
            pytester.makepyfile(**files)
        for plugin in plugins:
            if importlib.util.find_spec(HELPERS[plugin]) is None:
                pytest.skip(f"{HELPERS[plugin]} is not here for this pytest")
        without = [f"-pno:{plugin}" for plugin in HELPERS if plugin not in plugins]
        verbose = ["-v"] if "no:terminal" not in options else []  # the option is the terminal's
        return Run(pytester.runpytest_subprocess(*without, *verbose, *options), pytester.path)

    return run
