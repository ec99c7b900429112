"""Asking over a socket: each way in which no answer comes is said in one line."""

import contextlib
import os
import socket
import tempfile
import threading
import time

import pytest

from gcscope.live.dialogue import ask_by_socket
from gcscope.live.peer import is_deserted, may_ask, peer_of, unix_socket
from gcscope.live.question import question
from gcscope.live.request import NoAnswer, Request, error_body, framed
from targets import NOBODY, needs_root

REQUEST = Request(identity="abc", gcscope="0", want="why", expression='a["ä"]', keys=False)


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "socket")


@pytest.fixture
def server(path):
    """Let a function answer who comes: it is given the connection."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen(1)
    threads = []

    def serve(answer):
        def once():
            connection, _ = listening.accept()
            with connection, contextlib.suppress(ConnectionError):
                answer(connection)

        threads.append(threading.Thread(target=once, daemon=True))
        threads[-1].start()
        return path

    yield serve
    for thread in threads:
        thread.join(20)
    listening.close()


def reasons(path, timeout=20, **more):
    with pytest.raises(NoAnswer) as caught:
        ask_by_socket(path, REQUEST, timeout, **more)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def line_of(connection):
    data = b""
    while not data.endswith(b"\n"):
        data += connection.recv(7)
    return data


def test_question_and_answer(server):
    asked = []

    def answer(connection):
        asked.append(question(line_of(connection)))
        frame = framed("abc", "ä" * 300_000)
        connection.sendall(frame[:10])
        time.sleep(0.05)
        connection.sendall(frame[10:])

    assert ask_by_socket(server(answer), REQUEST, 20, os.getpid()) == "ä" * 300_000
    assert asked == [REQUEST]


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        (b"", "ended, or closed the socket, before it answered"),
        (b"HTTP/1.0 400 Bad\r\n\r\n", "no answer of gcscope"),
        (framed("xyz", "text"), "an old one, to another question"),
        (framed("abc", "text")[:-1], "not whole: 3 of 4 bytes came"),
        (framed("abc", error_body("because")), "^because$"),
    ],
)
def test_answers_that_are_none(frame, text, server):
    def answer(connection):
        line_of(connection)
        connection.sendall(frame)

    import re

    assert re.search(text, reasons(server(answer)))


def test_nobody_listens(path, tmp_path):
    assert "no process listens at" in reasons(path) and "gcscope.listen()" in reasons(path)
    assert "no process listens at" in reasons(f"{path}/more")
    left = socket.socket(socket.AF_UNIX)
    left.bind(path)
    left.close()
    assert "no process listens at" in reasons(path)
    (tmp_path / "file").write_text("")
    assert "no process listens at" in reasons(str(tmp_path / "file"))
    assert "cannot ask at" in reasons("/" + "x" * 200)


def test_it_does_not_answer_in_time(server, path):
    gate = threading.Event()
    begun = time.monotonic()
    assert "no answer in time" in reasons(server(lambda _: gate.wait(20)), 0.3)
    assert 0.3 <= time.monotonic() - begun < 5
    gate.set()


def test_it_takes_its_time_in_pieces(server):
    """The time is that of all, not of each piece."""
    gate = threading.Event()

    def answer(connection):
        while not gate.wait(0.05):
            connection.sendall(b"x")

    begun = time.monotonic()
    assert "no answer in time" in reasons(server(answer), 0.5)
    assert 0.5 <= time.monotonic() - begun < 5
    gate.set()


def test_many_ask_and_nobody_accepts(path):
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen(0)
    waiting = []
    try:
        while True:
            waiting.append(socket.socket(socket.AF_UNIX))
            waiting[-1].settimeout(0)
            waiting[-1].connect(path)
    except BlockingIOError:
        pass
    assert "no answer in time" in reasons(path, 0.3)
    for connection in [*waiting, listening]:
        connection.close()


def test_another_process_listens_there(server):
    other = os.getpid() + 1
    text = reasons(server(lambda connection: connection.recv(1)), pid=other)
    assert f"it is the process {os.getpid()} that listens at" in text and str(other) in text


@needs_root
def test_a_process_of_another_user_is_asked_nothing(python):
    """Who asks has no say in what lies at a path in an open folder."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        path = f"{folder}/socket"
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(path)
            listening.listen()
            os.chmod(path, 0o777)
            code = f"""
import os, sys
from gcscope.live.dialogue import ask_by_socket
from gcscope.live.request import NoAnswer, Request
request = Request.from_json(Request(identity="abc").to_json())
os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})
try:
    ask_by_socket({path!r}, request, 20)
except NoAnswer as error:
    print(error)
"""
            done = python("-c", code)
            assert done.out == (
                f"a process of the user 0 listens at {path}: it was asked nothing\n"
            ), done
            connection, _ = listening.accept()
            with connection:
                assert connection.recv(100) == b""


def test_who_is_at_the_other_end():
    one, other = socket.socketpair(socket.AF_UNIX)
    mine = unix_socket(os.dup(one.fileno()))
    assert peer_of(mine) == (os.getpid(), os.geteuid()) and may_ask(mine)
    for each in (one, other, mine):
        each.close()


def test_a_socket_is_deserted_or_not(path, tmp_path):
    assert not is_deserted(path)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    assert is_deserted(path)
    listening.listen()
    assert not is_deserted(path)
    listening.close()
    assert is_deserted(path)


@pytest.mark.parametrize("request_", [REQUEST, Request(), Request(want="growth", seconds=1.5)])
def test_a_question_is_read_without_json(request_, python):
    assert question(request_.to_json().encode() + b"\n") == request_
    done = python(
        "-c",
        "import sys; from gcscope.live.question import question\n"
        f"question({request_.to_json().encode()!r}); print('json' in sys.modules)",
    )
    assert done.out == "False\n", done


@pytest.mark.parametrize(
    "line", [b"", b"x", b"[]", b"1", b"{} {}", b"\xff", b'{"seconds": "1"}', b'{"want": "no"}']
)
def test_what_is_no_question(line):
    with pytest.raises(ValueError):
        question(line)
