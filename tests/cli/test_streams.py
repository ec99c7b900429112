"""Where texts go: terminals, closed and broken streams, poor encodings, and files that are whole or
not there.
"""

import ast
import io
import os
import stat
import sys
import threading
from pathlib import Path

import pytest

import gcscope
from gcscope.cli.files import Target, read_bytes
from gcscope.cli.streams import Trouble, has_colour, put, put_text, width_of
from gcscope.model.spelling import SPELLINGS


@pytest.fixture(autouse=True)
def no_wishes(monkeypatch):
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


class Screen(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal():
    """The writing end of a real terminal of 50 columns."""
    import fcntl
    import struct
    import termios

    try:
        leader, follower = os.openpty()
    except OSError as error:
        pytest.skip(f"no terminal can be made here: {error}")
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 50, 0, 0))
    with open(follower, "w") as stream:
        yield stream
    os.close(leader)


# ------------------------------------------------------------------ width and colour


@pytest.mark.parametrize(
    ("wishes", "plain", "screen"),
    [
        ({}, False, True),
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": ""}, False, True),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"FORCE_COLOR": ""}, False, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False, False),
        ({"TERM": "dumb"}, False, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True, True),
    ],
)
def test_colour(monkeypatch, wishes, plain, screen):
    for name, value in wishes.items():
        monkeypatch.setenv(name, value)
    assert (has_colour(io.StringIO()), has_colour(Screen())) == (plain, screen)


@pytest.mark.parametrize(
    ("columns", "width"),
    [
        ("100", 100),
        ("7", 40),
        ("0", None),
        ("", None),
        ("-5", None),
        ("x", None),
        ("9" * 9999, 999999),
    ],
)
def test_width_by_columns(monkeypatch, columns, width):
    monkeypatch.setenv("COLUMNS", columns)
    assert width_of(io.StringIO()) == width


def test_width_of_a_terminal(terminal, monkeypatch):
    assert (
        width_of(io.StringIO()) is None and width_of(Screen()) is None and width_of(terminal) == 50
    )
    monkeypatch.setenv("COLUMNS", "70")
    assert width_of(terminal) == 70


def test_texts_are_fitted_painted_and_cannot_move_the_cursor(monkeypatch):
    stream = io.StringIO()
    put_text("note: \x1b[2Jword\t" + "word " * 20, stream)
    assert stream.getvalue() == "note: \\x1b[2Jword\\t" + "word " * 20 + "\n"
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("FORCE_COLOR", "1")
    stream = io.StringIO()
    put_text("note: " + "word " * 20, stream)
    first, *rest = stream.getvalue().splitlines()
    assert first == "\x1b[33mnote:\x1b[0m" + " word" * 7 and rest[0] == "  " + " ".join(
        ["word"] * 7
    )


# ------------------------------------------------------------------------- streams


@pytest.mark.parametrize(
    ("encoding", "written"),
    [
        ("utf-8", "│ ┌► ä→· …"),
        ("latin-1", "| +> ä->· ..."),
        ("ascii", "| +> \\xe4->- ..."),
        ("cp437", "│ ┌> ä->· ..."),
        ("utf-16", "│ ┌► ä→· …"),
    ],
)
def test_what_an_encoding_lacks_is_spelled_or_escaped(encoding, written):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    put("│ ┌► ä→· …", stream)
    assert raw.getvalue().decode(encoding) == f"{written}\n"


def test_every_mark_of_ours_has_a_spelling():
    """In whatever text of the package it stands; drawings are files."""
    for path in sorted(Path(gcscope.__file__).parent.rglob("*.py")):
        if path.stem in (
            "boxes",
            "dot",
            "mermaid",
            "svg",
            "film_svg",
            "film_view",
            "html",
            "page_look",
        ):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                lacking = {c for c in node.value if not c.isascii()} - SPELLINGS.keys()
                assert not lacking, (path, node.lineno, lacking)
    assert all(spelled.isascii() for spelled in SPELLINGS.values())


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_what_is_spelled_is_not_wider_than_the_terminal(encoding, monkeypatch, real_reports):
    monkeypatch.setenv("COLUMNS", "60")
    for text in real_reports:
        raw = io.BytesIO()
        stream = io.TextIOWrapper(raw, encoding=encoding)
        put_text(text, stream)
        lines = raw.getvalue().decode(encoding).splitlines()
        assert max(map(len, lines)) <= 60, lines
        assert any("+>" in line for line in lines) == ("┌►" in text)


class Failing(io.StringIO):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def write(self, text):
        raise self.error


def test_nobody_there():
    closed = io.StringIO()
    closed.close()
    for stream in (None, closed, object(), Failing(BrokenPipeError())):
        assert put("x", stream) is None and put_text("x", stream) is None
    with pytest.raises(Trouble, match="^cannot write: No space left on device$"):
        put("x", Failing(OSError(28, "No space left on device")))


# --------------------------------------------------------------------------- files


def written(name, text="text"):
    target = Target(str(name))
    target.check()
    target.write(text)


def test_a_file_is_written_whole(tmp_path):
    written(tmp_path / "new.json")
    assert (tmp_path / "new.json").read_text() == "text\n" and os.listdir(tmp_path) == ["new.json"]
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE((tmp_path / "new.json").stat().st_mode) == 0o666 & ~umask


def test_an_older_file_keeps_its_mode_and_a_link_its_target(tmp_path):
    old = tmp_path / "old.json"
    old.write_text("a longer text than that\n")
    old.chmod(0o640)
    (tmp_path / "link").symlink_to(old)
    written(tmp_path / "link")
    assert old.read_text() == "text\n" and stat.S_IMODE(old.stat().st_mode) == 0o640
    assert (tmp_path / "link").is_symlink() and len(os.listdir(tmp_path)) == 2


def test_when_writing_fails_the_older_file_is_as_it_was(tmp_path, monkeypatch):
    old = tmp_path / "old.json"
    old.write_text("old\n")
    target = Target(str(old))

    def full(descriptor, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(Trouble, match=r"^cannot write '.*old.json': No space left on device$"):
        target.write("text")
    assert old.read_text() == "old\n" and os.listdir(tmp_path) == ["old.json"]


def test_a_name_is_resolved_at_once(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    target = Target("here.json")
    monkeypatch.chdir(tmp_path / "elsewhere")
    target.write("text")
    assert (tmp_path / "here.json").read_text() == "text\n" and os.listdir(".") == []


def test_what_cannot_be_written_is_said_before(tmp_path):
    (tmp_path / "file").write_text("")
    for name, reason in [
        (tmp_path / "no" / "x.json", r"there is no directory '.*/no'; make it first"),
        (tmp_path / "file" / "x.json", r"there is no directory '.*/file'; make it first"),
        (tmp_path, "it is a directory; name a file in it"),
        ("", "the name is empty"),
        (tmp_path / ("x" * 300), "File name too long"),
    ]:
        with pytest.raises(Trouble, match=f"^cannot write '.*': {reason}$"):
            Target(str(name)).check()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_no_permission(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "file").chmod(0o400)
    with pytest.raises(Trouble, match="you may not write to it; name another file"):
        Target(str(tmp_path / "file")).check()
    tmp_path.chmod(0o500)
    with pytest.raises(Trouble, match="you may not write in '.*'; name a file elsewhere"):
        Target(str(tmp_path / "new")).check()
    tmp_path.chmod(0o700)


def test_permissions_are_asked_of_the_system(tmp_path, monkeypatch):
    """As the same for root, who may write everywhere."""
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(os, "access", lambda path, mode: os.path.isdir(path))
    with pytest.raises(Trouble, match="you may not write to it; name another file"):
        Target(str(tmp_path / "file")).check()
    monkeypatch.setattr(os, "access", lambda path, mode: not os.path.isdir(path))
    for name in ("file", "new"):
        with pytest.raises(Trouble, match="you may not write in '.*'; name a file elsewhere"):
            Target(str(tmp_path / name)).check()


def test_pipes_and_devices_are_written_straight(tmp_path, capfd):
    written("/dev/null")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    written("/dev/stdout", "one")
    written("-", "two")
    written("/dev/stderr", "three")
    assert capfd.readouterr() == ("one\ntwo\n", "three\n")
    os.mkfifo(tmp_path / "pipe")
    got = []
    reader = threading.Thread(target=lambda: got.append((tmp_path / "pipe").read_text()))
    reader.start()
    written(tmp_path / "pipe", "x" * 200_000)
    reader.join()
    assert got == ["x" * 200_000 + "\n"] and os.listdir(tmp_path) == ["pipe"]


def test_a_pipe_whose_reader_has_gone_is_no_error(monkeypatch, tmp_path):
    def gone(descriptor, data):
        raise BrokenPipeError

    monkeypatch.setattr(os, "write", gone)
    assert written("/dev/stdout") is None


def test_reading(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"\xff")
    assert read_bytes(str(tmp_path / "file")) == b"\xff"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xfe")))
    assert read_bytes("-") == b"\xfe"
    monkeypatch.setattr(sys, "stdin", None)
    for name, reason in [
        ("-", "cannot read '-': standard input is closed"),
        (tmp_path, r"cannot open '.*': it is a directory; name a file in it"),
        (
            tmp_path / "no",
            r"cannot open '.*': there is no such file; `gcscope run -o FILE SCRIPT` "
            r"writes one",
        ),
        (tmp_path / "file" / "x", "cannot open '.*': Not a directory"),
    ]:
        with pytest.raises(Trouble, match=f"^{reason}$"):
            read_bytes(str(name))
