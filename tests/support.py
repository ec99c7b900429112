"""What tests and scripts share that is no fixture: Python processes of their own."""

import ctypes
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from gcscope.render.graphviz import _graphviz

ROOT = Path(__file__).resolve().parent.parent

FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
no_generations = pytest.mark.skipif(
    FREE_THREADED, reason="a free-threaded build has no generations: all is listed"
)


def count_word(thing):
    """The word of an object that is 0xFFFFFFFF where it is immortal, in all versions that have it.

    A free-threaded build has the references of the object's own thread there.
    """
    return ctypes.c_uint32.from_address(id(thing) + (12 if FREE_THREADED else 0))


LEFT_SOURCE = """
def left():
    report = gcscope.garbage()
    return report.objects - sum(waiting.objects for waiting in report.waiting)
"""
"""How much is unreachable but for what waits in no ring, which free-threaded builds alone have."""

ROOMS = (
    "base/blocks",
    "base/vec",
    "base/index",
    "graph/graph",
    "graph/nodeset",
    "graph/scc",
    "graph/bfs",
    "graph/rings",
    "graph/refine",
    "graph/acyclic",
    "graph/cascade",
    "graph/dominators",
    "heap/addrmap",
    "heap/collector",
)


# of a test that forks, where what runs the tests has threads
forks = pytest.mark.filterwarnings("ignore:.*is multi-threaded, use of fork:DeprecationWarning")

# whatever the environment is from which the tests are run
PLAIN_ENV = {"PYTHONIOENCODING": "utf-8"}


PLAIN_ENV |= dict.fromkeys(
    (
        "PYTHONWARNINGS",
        "PYTHONUNBUFFERED",
        "PYTHONDONTWRITEBYTECODE",  # each process would compile all that it imports
        "COLUMNS",
        "NO_COLOR",
        "FORCE_COLOR",
    ),
    "",
)


class Finished:
    """A process that ended."""

    def __init__(self, process):
        self.code = process.returncode
        self.out = process.stdout
        self.err = process.stderr

    def __repr__(self):
        return f"exit code {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


def python(*arguments, env=None, cwd=None, text_input=None, timeout=240):
    """Run this interpreter; stdout and stderr as text."""
    return Finished(
        subprocess.run(
            [sys.executable, *map(str, arguments)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
            cwd=cwd,
            input=text_input,
            env={
                name: value
                for name, value in {**os.environ, **PLAIN_ENV, **(env or {})}.items()
                if value is not None
            },
        )
    )


needs_graphviz = pytest.mark.skipif(
    _graphviz("digraph {}", "svg") is None, reason="needs Graphviz: dot on PATH, or the extra viz"
)
shown_with_a_gil = pytest.mark.skipif(
    FREE_THREADED,
    reason="it shows bytes, and what waits for the collector, as builds with a GIL have it",
)
