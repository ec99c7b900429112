"""Lists of known rings by name, and patterns that mean nothing."""

import pytest

from gcscope.model.ignored import STOCK, matches, unknown_name, useless, useless_phrase
from pytest_plugin.test_policy import cycle


@pytest.mark.parametrize(
    ("name", "ring"),
    [
        ("@anyio", ("anyio.EndOfStream", "frame BlockingPortal._call_func")),
        ("@attrs", ("attr._make._ClassBuilder", "method _ClassBuilder._add_method_dunders_unsafe")),
        ("@attrs", ("attr._make.Converter", "function Converter.__init__.<locals>.<lambda>")),
        ("@mock", ("type unittest.mock.MagicMock|.__mro__[0]",)),
        ("@mock", ("unittest.mock.MagicMock", "unittest.mock.NonCallableMagicMock")),
        ("@starlette", ("starlette.testclient.TestClient", "method TestClient._portal_factory")),
        ("@starlette", ("httpx.Response", "httpx._client.BoundSyncStream")),
        ("@trio", ("trio._core._run.Runner", "trio.lowlevel.Task")),
    ],
)
def test_what_libraries_are_known_to_leave(name, ring):
    """As seen with anyio 4.16, attrs 26.1, starlette 1.10, trio 0.35 and httpx 0.28."""
    found = cycle(*ring)
    assert matches(found, name)
    assert not any(matches(cycle("app.Node", "list"), other) for other in STOCK)


def test_a_name_that_stands_for_nothing():
    assert unknown_name(["@mock", "app.*", "x@y"]) is None
    assert unknown_name(["@mock", "@?"]) == (
        "'@?' names no list of known rings; there are @anyio, @attrs, @mock, @starlette, @trio"
    )


def test_patterns_that_mean_nothing():
    found = (cycle("app.Node"), cycle("type unittest.mock.Mock", fingerprint="f2"))
    given = ["app.*", "f2", "@mock", "lib.*", "@trio", "lib.*", "f3"]
    assert useless(given, iter(found)) == ("lib.*", "@trio", "f3")
    assert useless(given, ()) == ("app.*", "f2", "@mock", "lib.*", "@trio", "f3")
    assert useless_phrase(("a",)) == "this pattern means no ring that was found: 'a'"
