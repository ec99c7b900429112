"""What the tests share: a quiet collector, and Python processes of their own."""

import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parent.parent
# whatever the environment is from which the tests are run
PLAIN = {"PYTHONIOENCODING": "utf-8"}
PLAIN |= dict.fromkeys(
    ("PYTHONWARNINGS", "PYTHONUNBUFFERED", "COLUMNS", "NO_COLOR", "FORCE_COLOR"), ""
)
ROOMS = (
    "base/vec",
    "graph/graph",
    "graph/nodeset",
    "graph/scc",
    "graph/bfs",
    "graph/cascade",
    "graph/dominators",
    "heap/addrmap",
    "heap/collector",
)


@pytest.fixture
def quiet():
    """The collector ran just before, and does not run by itself: what is unreachable is the test's."""
    was_enabled = gc.isenabled()
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        vars(sys).pop(
            name, None
        )  # pytest drops what it keeps of a failure when the next test has begun
    gc.collect()
    gc.disable()
    yield
    if was_enabled:
        gc.enable()
    gc.collect(1)  # what the test has made; most of the heap was there before


@pytest.fixture
def small_heap():
    """What was there before counts as outside, so that passes are short. For `usefixtures`: it comes before `quiet`."""
    gc.freeze()
    yield
    gc.unfreeze()


class Finished:
    """A process that ended."""

    def __init__(self, process):
        self.code = process.returncode
        self.out = process.stdout
        self.err = process.stderr

    def __repr__(self):
        return f"exit code {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


def python(*arguments, env=None, cwd=None, text_input=None):
    """Run this interpreter; stdout and stderr as text."""
    return Finished(
        subprocess.run(
            [sys.executable, *map(str, arguments)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=240,
            cwd=cwd,
            input=text_input,
            env={
                name: value
                for name, value in {**os.environ, **PLAIN, **(env or {})}.items()
                if value is not None
            },
        )
    )


@pytest.fixture(name="python")
def python_fixture():
    return python


@pytest.fixture(scope="session")
def rooms(tmp_path_factory):
    """The extension module of tests/rooms, built with the compiler that builds gcscope."""
    from setuptools import Distribution, Extension

    folder = tmp_path_factory.mktemp("rooms")
    sources = [
        ROOT / "tests/rooms/rooms.c",
        *(ROOT / f"src/{room}.c" for room in ROOMS),
    ]
    extension = Extension(
        "rooms",
        [str(s) for s in sources],
        include_dirs=[str(ROOT / "src")],
        extra_compile_args=["-std=c11"],
    )
    command = Distribution({"ext_modules": [extension]}).get_command_obj("build_ext")
    command.build_lib, command.build_temp = str(folder), str(folder / "temp")
    command.ensure_finalized()
    command.run()
    sys.path.insert(0, str(folder))
    import rooms

    yield rooms
    sys.path.remove(str(folder))
