"""What the tests share: a quiet collector, and Python processes of their own."""

import gc
import sys

import pytest

import gcscope
from environments import Environment, built_wheel
from support import FREE_THREADED, ROOMS, ROOT, python

pytest_plugins = ["pytester"]

if FREE_THREADED:  # code that is loaded in a test would wait for the collector, in its trash
    for word in gcscope.__all__:
        getattr(gcscope, word)
    str(gcscope.garbage())


@pytest.fixture
def whole_heap():
    """For `quiet`: what was there before is looked at, too. It costs a tenth of a second a pass."""


@pytest.fixture
def thawed():
    """For `quiet`: what was there before is frozen only until the test begins.

    For words that look at what is frozen, too: they list it four times as fast where it is not.
    What earlier tests have left as trash is there, too: who asks for trash takes `whole_heap`.
    """


@pytest.fixture
def quiet(request):
    """Only what the test makes is in the heap, and the collector runs only where it is called.

    What was there before is frozen: it counts as outside, so that passes are short.
    """
    was_enabled = gc.isenabled()
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        # pytest drops what it keeps of a failure when the next test begins
        vars(sys).pop(name, None)
    is_small = "whole_heap" not in request.fixturenames
    if is_small:
        gc.freeze()
    gc.collect()
    gc.disable()
    if "thawed" in request.fixturenames:
        gc.unfreeze()
        is_small = False
    yield
    if was_enabled:
        gc.enable()
    gc.collect(2 if is_small else 1)  # what the test has made
    gc.unfreeze()


@pytest.fixture
def small_heap():
    """What was there before counts as outside, so that passes are short.

    For `usefixtures`: it comes before `quiet`.
    """
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(name="python")
def python_fixture():
    return python


@pytest.fixture
def starving(python):
    """Run code in which allocations fail in a process of its own, which has to survive them."""
    head = f"import sys; sys.path.append({str(ROOT / 'tests')!r})\n"
    head += "from starved import each_allocation, each_growth\n"

    def run(code):
        done = python("-X", "faulthandler", "-c", f"{head}{code}\nprint('survived')")
        assert done.code == 0 and done.out == "survived\n", done

    return run


def built(name, sources, folder):
    """Import an extension module that is built in a folder, with what builds gcscope."""
    from importlib import import_module

    from setuptools import Distribution, Extension

    extension = Extension(
        name,
        [str(s) for s in sources],
        include_dirs=[str(ROOT / "src")],
        extra_compile_args=["-std=c11", "-Wall", "-Wextra", "-Werror"],
    )
    command = Distribution({"ext_modules": [extension]}).get_command_obj("build_ext")
    command.build_lib, command.build_temp = str(folder), str(folder / "temp")
    command.ensure_finalized()
    command.run()
    sys.path.insert(0, str(folder))
    try:
        return import_module(name)
    finally:
        sys.path.remove(str(folder))


@pytest.fixture(scope="session")
def rooms(tmp_path_factory):
    """The extension module of tests/rooms."""
    sources = [ROOT / "tests/rooms/rooms.c", *(ROOT / f"src/{room}.c" for room in ROOMS)]
    return built("rooms", sources, tmp_path_factory.mktemp("rooms"))


@pytest.fixture(scope="session")
def broken(tmp_path_factory):
    """The extension module of tests/broken: C types that are wrong on purpose."""
    return built("broken", [ROOT / "tests/broken/broken.c"], tmp_path_factory.mktemp("broken"))


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """The wheel of gcscope."""
    return built_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def servers(wheel, tmp_path_factory):
    """An environment with gcscope and what the pages about many processes and services show."""
    environment = Environment(tmp_path_factory.mktemp("servers") / "venv")
    environment.install(wheel, "distributed", "duckdb", "flask", "gunicorn")
    return environment


@pytest.fixture
def no_graphviz(monkeypatch, tmp_path):
    """Neither dot on PATH nor pygraphviz."""
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    monkeypatch.setattr(sys, "path", [str(tmp_path / "nowhere")])
