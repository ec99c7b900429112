"""gcscope demo: the lecture, with numbers read from the objects, in terminals and elsewhere."""

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

import pytest

from gcscope.cli import lecture

DEMO = ("-m", "gcscope", "demo")
PROMPT = "(Enter: go on, q: end) "


class Hall:
    """Where a lecture is played for a test."""

    width = 80

    def __init__(self):
        self.steps = []

    def show(self, text):
        self.steps.append(text)


def words_of(text):
    return [line.split() for line in text.splitlines()]


# ------------------------------------------------------------------------- what is played


def test_demo_plays_the_lecture(python):
    done = python(*DEMO, "--people", "500")
    assert done.code == 0 and done.err == "", done
    lines = done.out.splitlines()
    # the lecturer's numbers: one appends the other first
    assert [line for line in lines if re.fullmatch(r"\(\d, \d\)", line)] == [
        "(1, 1)",
        "(1, 2)",
        "(2, 2)",
    ]
    assert [line.split() for line in lines if line.endswith("UNREACHABLE")] == [
        [*name.split(), "1", "1", "0", "UNREACHABLE"]
        for name in ("Michael", "Michael.friends", "Sarah", "Sarah.friends")
    ]
    assert "Counts: Michael 1, Sarah 1. Freed by reference counting: nobody." in done.out
    assert "   Michael: freed by the collector" in lines
    assert "   Sarah: freed by the collector" in lines
    assert ["as", "a", "chain", "500", "0"] in words_of(done.out)
    assert ["as", "a", "ring", "0", "500"] in words_of(done.out)
    clubs = 500 // 3
    found = f"{500 * 2 + clubs * 2:,} objects of the ring"
    assert found in " ".join(done.out.split()), done.out


def test_the_pictures():
    hall = Hall()
    lecture.two_people(hall)
    pictures = [
        "\n".join(line for line in step.splitlines() if line.startswith("   "))
        for step in hall.steps[:4]
    ]
    assert (
        pictures[1]
        == """\
       p1                       p2
        ▼                        ▼
   ┌─────────┐   ┌──────┐   ┌─────────┐
   │ Michael │──►│ list │──►│  Sarah  │
   │    1    │   │  1   │   │    2    │
   └─────────┘   └──────┘   └─────────┘
                 ┌──────┐        │
                 │ list │◄───────┘
                 │  1   │
                 └──────┘"""
    )
    assert [picture.count("►") + picture.count("▲") for picture in pictures] == [1, 2, 3, 3]
    # unreachable is seen in the line that is drawn, and by no variable
    assert [picture.count("┆") for picture in pictures] == [0, 0, 0, 16]
    assert [picture.count("▼") for picture in pictures] == [2, 2, 2, 0]


def test_demo_reads_its_numbers_from_the_objects(monkeypatch, quiet):
    """Were the numbers printed from constants, a Person with one friend more would not show."""

    def held_twice(name):
        person = real(name)
        hidden.append(person)
        return person

    real, hidden = lecture.Person, []
    monkeypatch.setattr(lecture, "Person", held_twice)
    hall = Hall()
    lecture.two_people(hall)
    out = "\n".join(hall.steps)
    assert [line for line in out.splitlines() if line.startswith("(")][:3] == [
        "(2, 2)",
        "(2, 3)",
        "(3, 3)",
    ]
    assert ["Michael", "2", "1", "1", "reachable"] in words_of(out)
    assert "2 references left from outside: they are in use." in " ".join(out.split())
    assert "   Michael: survived" in out and "freed by the collector" not in out
    assert "┆" not in out


def test_the_long_ring_has_the_cast_and_others(monkeypatch):
    made = []
    monkeypatch.setattr(lecture, "Person", type("Person", (lecture.Person,), {}))
    monkeypatch.setattr(lecture, "Club", lambda person: made.append(person.name) or [person])
    lecture._lead_on(7, closed=True)
    assert len(made) == 2 and made[0].endswith(" 3") and made[1].endswith(" 6"), made
    ring = lecture.garbage().cycles
    names = {link.name for cycle in ring for link in cycle.ring}
    assert {"Michael", "Sarah"} <= names and len(names) == 7, names
    lecture.collect()


# ------------------------------------------------------------------------ where it is played


def terminal():
    """Both ends of a new terminal."""
    try:
        return os.openpty()
    except OSError as error:
        pytest.skip(f"no terminal can be made here: {error}")


class Terminal:
    """The demo in a terminal of so many columns."""

    def __init__(self, columns, *options, **environment):
        self._leader, follower = terminal()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        given = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR")}
        self._process = subprocess.Popen(
            [sys.executable, *DEMO, *options],
            stdin=follower,
            stdout=follower,
            stderr=follower,
            env={**given, "TERM": "xterm-256color", **environment},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(follower)
        self.shown = ""

    def read_until(self, text):
        """Read what is shown until a text ends it; None: to the end."""
        ends = time.monotonic() + 60
        data = b""
        while text is None or not data.endswith(text.encode()):
            assert time.monotonic() < ends, data
            if not select.select([self._leader], [], [], 1)[0]:
                continue
            try:
                more = os.read(self._leader, 4096)
            except OSError:  # nobody has the other end open
                more = b""
            if not more:
                break
            data += more
        shown = data.decode().replace("\r\n", "\n")
        self.shown += shown
        return shown

    def type(self, text):
        os.write(self._leader, text.encode())

    def end(self):
        """Read the rest, and return the exit code."""
        self.read_until(None)
        os.close(self._leader)
        return self._process.wait(60)


def plain(text):
    return re.sub(r"\x1b\[[\d;]*m", "", text)


@pytest.mark.parametrize("columns", [40, 60, 120])
def test_a_terminal_of_any_width(columns):
    played = Terminal(columns, "--no-pause", "--people", "30")
    assert played.end() == 0
    lines = plain(played.shown).splitlines()
    assert max(map(len, lines)) <= columns and PROMPT not in played.shown
    assert (max(map(len, lines)) > 90) == (columns == 120)  # and takes what there is
    assert "\x1b[1m1. Two people\x1b[0m" in played.shown
    assert "\x1b[36m>>> \x1b[0mdel p1, p2" in played.shown
    assert "\x1b[33m   ┆ Michael ┆──►┆ list ┆──►┆  Sarah  ┆\x1b[0m" in played.shown
    assert lines.count("  └────┘") == 1
    verdicts = [line for line in lines if line.endswith("   UNREACHABLE")]
    assert len(verdicts) == (0 if columns == 40 else 4)


def test_colours_are_as_wished():
    played = Terminal(60, "--no-pause", "--people", "3", NO_COLOR="1")
    assert played.end() == 0 and "\x1b" not in played.shown


def test_step_by_step():
    """Each step waits, and shows what is so when it goes on."""
    played = Terminal(60, "--people", "30", NO_COLOR="1")
    steps = []
    for _ in range(8):
        steps.append(played.read_until(PROMPT))
        played.type("\n")
    assert played.end() == 0
    assert "1. Two people" not in steps[0]
    for number, step in enumerate(steps[1:], 1):
        assert step.startswith(f"\n\n{number}. "), step
    assert "8. Your own program" in played.shown.rpartition(PROMPT)[2]


@pytest.mark.parametrize(("typed", "code"), [("\x04", 0), ("q\n", 0), ("\x03", 130)])
def test_it_ends_where_one_has_seen_enough(typed, code):
    """Ctrl-D, q, Ctrl-C."""
    played = Terminal(60)
    played.read_until(PROMPT + "\x1b[0m")
    played.type(typed)
    assert played.end() == code
    rest = played.shown.rpartition(PROMPT)[2]
    assert "Traceback" not in rest and "1. Two people" not in rest and rest.endswith("\n")


def test_ctrl_c_while_it_plays():
    played = Terminal(60, "--no-pause", "--people", "3000000")
    played.read_until("\n")
    time.sleep(0.2)
    os.kill(played._process.pid, signal.SIGINT)
    assert played.end() == 130 and "Traceback" not in played.shown


def test_it_does_not_wait_where_nobody_sits():
    leader, follower = terminal()
    try:
        for streams in ({"stdin": follower}, {"stdin": subprocess.DEVNULL}):
            done = subprocess.run(
                [sys.executable, *DEMO, "--people", "3"], capture_output=True, timeout=60, **streams
            )
            assert done.returncode == 0 and PROMPT.encode() not in done.stdout, done
    finally:
        os.close(leader)
        os.close(follower)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437", "utf-8"])
def test_encodings(python, monkeypatch, encoding):
    """What an encoding lacks is spelled in ASCII, and no wider than the terminal."""
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    monkeypatch.setenv("COLUMNS", "60")
    done = subprocess.run([sys.executable, *DEMO, "--people", "3"], capture_output=True, timeout=60)
    assert done.returncode == 0 and b"\\" not in done.stdout and done.stderr == b"", done
    out = done.stdout.decode(encoding)
    assert max(map(len, out.splitlines())) <= 60
    if encoding in ("ascii", "latin-1"):
        assert "   | Michael |-->| list |-->|  Sarah  |\n" in out and "  +> gcscope.Person" in out
        assert "   +.........+   +......+   +.........+\n" in out
    if encoding == "ascii":
        assert "seen once - only the collector" in out
    if encoding == "latin-1":
        assert "seen once · only the collector" in out


def test_demo_into_a_pipe_that_closes():
    command = f"{sys.executable} -m gcscope demo --people 3 | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("When reference counting breaks") and done.stderr == "", done
    assert done.stdout.splitlines()[-1] == "0"


@pytest.mark.parametrize("people", ["1", "2", "x", "-5", "99999999999"])
def test_demo_wants_a_sensible_number(python, people):
    done = python(*DEMO, "--people", people)
    assert done.code == 2 and "is not a number of people from 3 to 10,000,000" in done.err, done
