"""The inputs that the fuzzers found worth keeping, once more: they reach what can be reached.

The graph algorithms in a process of their own, built by the compiler that builds gcscope.
"""

import shlex
import subprocess
import sysconfig
from pathlib import Path

import pytest
import reading

from support import ROOMS, ROOT

HERE = Path(__file__).resolve().parent


def corpus(name):
    found = sorted((HERE / f"corpus-{name}").iterdir())
    assert len(found) > 20
    return found


@pytest.fixture(scope="module")
def replay(tmp_path_factory):
    program = tmp_path_factory.mktemp("replay") / "graph"
    compiler = shlex.split(sysconfig.get_config_var("CC"))
    sources = [HERE / "graph.c", *(ROOT / f"src/{room}.c" for room in ROOMS)]
    includes = [f"-I{ROOT / 'src'}", f"-I{sysconfig.get_path('include')}"]
    switches = ["-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-DREPLAY"]
    done = subprocess.run(
        [*compiler, *switches, *includes, *map(str, sources), "-o", str(program)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return program


def test_graphs(replay):
    inputs = corpus("graph")
    done = subprocess.run([replay, *inputs], capture_output=True, text=True, timeout=240)
    assert (done.returncode, done.stdout) == (0, f"{len(inputs)} inputs\n"), done


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b"\x00",
        bytes([40]) + bytes(range(256)),  # edges of every kind
        bytes([80, 255, 255]) + bytes(500),
        bytes([7, 3, 9, 1, 0, 2, 0, 1, 1, 6, 1, 2]) + bytes(range(60)),
    ],
)
def test_other_graphs(replay, tmp_path, given):
    (tmp_path / "given").write_bytes(given)
    assert subprocess.run([replay, tmp_path / "given"], capture_output=True).returncode == 0


def test_records():
    accepted = [reading.check(path.read_bytes()) for path in corpus("json")]
    assert True in accepted and False in accepted


def test_a_document_that_is_deep_or_long():
    for text in (b"[" * 100_000, b'{"schema":' * 50_000, b"9" * 100_000):
        for as_str in (False, True):
            assert not reading.check(reading.input_of(reading.Record, text, as_str))
