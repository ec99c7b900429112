"""gcscope demo: the lecture, with numbers read from the objects."""

import subprocess
import sys

import pytest


def test_demo_plays_the_lecture(python):
    done = python("-m", "gcscope", "demo", "--people", "500")
    assert done.code == 0 and done.err == "", done
    lines = done.out.splitlines()
    assert "   refcount: Michael 1, Sarah 1: the names p1 and p2 are the only references." in lines
    assert "   refcount: Michael 2, Sarah 2: a name and a list hold each of them." in lines
    assert "   refcount: Michael 1, Sarah 1: not 0, though no name leads to them." in lines
    assert [line.split() for line in lines if line.endswith("unreachable")] == [
        [*name.split(), "1", "1", "0", "unreachable"]
        for name in ("Michael", "Michael's friends", "Sarah", "Sarah's friends")
    ]
    assert (
        "   Michael: freed by the collector" in lines
        and "   Sarah: freed by the collector" in lines
    )
    assert any(
        "a chain" in line and line.split()[-4:] == ["500", "0", "0", "objects"] for line in lines
    )
    assert any(
        "closed to a ring" in line and line.split()[-4:] == ["0", "500", "1,000", "objects"]
        for line in lines
    )


def test_demo_reads_its_numbers_from_the_objects(monkeypatch, capsys, quiet):
    """Were the numbers printed from constants, a Person with one friend more would not show."""
    from gcscope.cli import lecture

    def befriend_twice(name):
        person = real(name)
        hidden.append(person)
        return person

    real, hidden = lecture.Person, []
    monkeypatch.setattr(lecture, "Person", befriend_twice)
    lecture.two_people(print)
    out = capsys.readouterr().out
    assert "refcount: Michael 2, Sarah 2: the names" in out
    assert "refcount: Michael 3, Sarah 3: a name and a list" in out
    assert ["Michael", "2", "1", "1", "reachable"] in [line.split() for line in out.splitlines()]
    assert "   Michael: survived" in out and "freed by the collector" not in out


def test_demo_into_a_pipe_that_closes():
    command = f"{sys.executable} -m gcscope demo --people 2 | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("When reference counting breaks") and done.stderr == "", done
    assert done.stdout.splitlines()[-1] == "0"


@pytest.mark.parametrize("people", ["1", "x", "-5", "99999999999"])
def test_demo_wants_a_sensible_number(python, people):
    done = python("-m", "gcscope", "demo", "--people", people)
    assert done.code == 2 and "is not a number of people from 2 to 10,000,000" in done.err, done
