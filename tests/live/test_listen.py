"""listen: where the socket lies, who is heard, what becomes of it at a fork and at the end."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

import gcscope
from asking import ask
from forking import patiently_until as until
from gcscope.live import listen as listening
from gcscope.live.request import NoAnswer, Request
from support import FREE_THREADED, PLAIN_ENV, ROOT, python
from targets import NOBODY, Target, left_by_program, needs_root

HEAD = f"""
import gcscope, os, signal, sys, threading, time
sys.path.append({str(ROOT / "tests")!r})
from asking import answers, ask
from forking import in_child, patiently_until as until, threads
from gcscope.live.request import NoAnswer, Request
"""


@pytest.fixture(autouse=True)
def runtime(tmp_path_factory, monkeypatch):
    """A folder of our own as XDG_RUNTIME_DIR: short, as a socket's path has to be."""
    path = tmp_path_factory.mktemp("run")
    path.chmod(0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(path))
    return path


@pytest.fixture
def listen():
    """The word; what it has opened is closed after the test."""
    yield gcscope.listen
    for listener in tuple(listening._listeners):
        listener.close()


@pytest.fixture
def runs(runtime):
    """Run code in a process of its own, where a warning is an error."""

    def run(code, *options, warnings="error", env=None):
        done = python(
            *("-W", warnings, "-X", "faulthandler", *options, "-c"),
            f"{HEAD}\n{code}\nprint('done')",
            env=env,
        )
        assert done.code == 0 and done.out == "done\n" and done.err == "", done

    return run


# ------------------------------------------------------------------------------ the word


def test_the_default_path_is_where_attach_looks(listen, runtime):
    handle = listen()
    assert handle.path == f"{runtime}/gcscope/{os.getpid()}"
    status = os.lstat(handle.path)
    assert stat.S_ISSOCK(status.st_mode) and stat.S_IMODE(status.st_mode) == 0o600
    assert stat.S_IMODE(os.lstat(runtime / "gcscope").st_mode) == 0o700
    record, header = ask(handle.path)
    assert isinstance(record, gcscope.Report) and header.pid == os.getpid()
    assert repr(handle) == f"<gcscope.listen at {handle.path!r}>"
    handle.close()
    assert os.listdir(runtime / "gcscope") == []
    handle.close()


def test_without_a_runtime_folder_it_is_in_the_temporary_one(listen, tmp_path, monkeypatch):
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert listen().path == f"{tmp_path}/gcscope-{os.geteuid()}/{os.getpid()}"


@pytest.mark.parametrize("umask", [0, 0o777])
def test_the_mode_does_not_hang_on_the_umask(umask, listen, tmp_path):
    before = os.umask(umask)
    try:
        handle = listen(tmp_path / "socket")
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.lstat(handle.path).st_mode) == 0o600
    ask(handle.path)


def test_one_handle_for_one_path(listen, tmp_path, monkeypatch):
    default, other = listen(), listen(str(tmp_path / "other"))
    monkeypatch.chdir(tmp_path)
    assert listen() is default and listen("other") is listen(Path("other")) is other
    assert other.path == str(tmp_path / "other") and default is not other
    monkeypatch.chdir("/")
    ask(default.path), ask(other.path)
    other.close()
    assert not os.path.exists(other.path)
    ask(default.path)
    again = listen(other.path)
    assert again is not other
    ask(again.path)


def test_one_handle_for_threads_that_come_at_once(runs):
    runs("""
sys.setswitchinterval(1e-6)
def begin():
    together.wait()
    try:
        handles.append(gcscope.listen())
    except Exception as error:
        handles.append(error)
for _ in range(20):
    handles, together = [], threading.Barrier(4)
    begun = [threading.Thread(target=begin) for _ in range(4)]
    [thread.start() for thread in begun]
    [thread.join() for thread in begun]
    assert len(handles) == 4 and len(set(handles)) == 1, handles
    handles[0].close()
""")


@pytest.mark.parametrize(
    ("path", "error", "text"),
    [
        (b"/tmp/x", TypeError, "takes a path as a str, not as 'bytes'"),
        (7, TypeError, "PathLike object, not int"),
        ("", ValueError, "not an abstract name"),
        ("\0abstract", ValueError, "not an abstract name"),
        ("/tmp/" + "x" * 100, OSError, "103 bytes at most, and /tmp/xxx"),
        ("/nowhere/at/all", FileNotFoundError, "No such file"),
        ("/dev/null", FileExistsError, "/dev/null is there, and is no socket: give"),
    ],
)
def test_a_path_that_is_none(path, error, text, listen):
    before = os.listdir("/dev/fd")
    with pytest.raises(error, match=text):
        listen(path)
    assert os.listdir("/dev/fd") == before and listening._listeners == []
    assert os.path.exists("/dev/null")


def test_a_folder_that_is_not_private(listen, runtime):
    os.mkdir(runtime / "gcscope")
    os.chmod(runtime / "gcscope", 0o755)
    with pytest.raises(PermissionError, match="is not private to the user"):
        listen()


def test_another_process_listens_there(listen, tmp_path):
    path = str(tmp_path / "socket")
    with Target.python(
        f"{HEAD}\ngcscope.listen({path!r}); print('ready', flush=True)\nsys.stdin"
        ".read(); time.sleep(60)"
    ):
        with pytest.raises(FileExistsError, match="another process listens at"):
            listen(path)
        ask(path)


def test_what_a_dead_process_has_left_is_removed(listen, runtime):
    folder = runtime / "gcscope"
    for kind in ("default", "given"):
        path = "" if kind == "default" else repr(str(folder / "given"))
        with Target.python(
            f"{HEAD}\ngcscope.listen({path}); print('ready', flush=True)\ntime.sleep(60)"
        ) as target:
            pid = target.pid
        assert target.process.wait() == -signal.SIGKILL
    (folder / "notes").write_text("mine")
    (folder / str(pid)).write_text("no socket")
    living = socket.socket(socket.AF_UNIX)
    living.bind(str(folder / "999999999"))
    living.listen()
    assert len(os.listdir(folder)) == 5
    handle = listen()
    assert set(os.listdir(folder)) == {"given", "notes", "999999999", str(pid), str(os.getpid())}
    assert listen(folder / "given").path == str(folder / "given")
    ask(str(folder / "given")), ask(handle.path)
    living.close()


@pytest.mark.parametrize(
    "end", ["", "sys.exit(3)", "raise KeyboardInterrupt", "1 / 0", "os.kill(os.getpid(), 15)"]
)
def test_the_end_of_the_process_removes_it(end, runtime):
    code = f"{HEAD}\nsignal.signal(15, lambda *_: sys.exit(0))\ngcscope.listen()\n"
    python("-c", f"{code}assert os.path.exists(gcscope.listen().path)\n{end}")
    assert os.listdir(runtime / "gcscope") == []


def test_close_leaves_what_somebody_else_has_put_there(listen, tmp_path):
    handle = listen(tmp_path / "socket")
    os.unlink(handle.path)
    Path(handle.path).write_text("mine")
    handle.close()
    assert Path(handle.path).read_text() == "mine"


# ---------------------------------------------------------------------------- the answers


def test_a_fresh_process_has_nothing_of_ours(runtime):
    """Neither the imports nor the answers leave anything in a ring, or make anything grow."""
    code = "import gcscope, time; gcscope.listen(); print('ready', flush=True); time.sleep(600)"
    with Target.python(code) as target:
        path = f"{runtime}/gcscope/{target.pid}"
        for wanted in ("report", "census", "why", "nothing", "pauses", "growth", "fork", "report"):
            more = {"seconds": 0.2} if wanted in ("pauses", "growth") else {}
            if wanted == "nothing":
                with pytest.raises(NoAnswer, match="'nothing'"):
                    ask(path, want="why", expression="nothing.there")
                continue
            if wanted == "why":
                more = {"expression": "time.sleep"}
            if wanted == "fork":
                if FREE_THREADED:
                    continue
                wanted, more = "report", {"fork": True}
            record, header = ask(path, want=wanted, **more)
            if wanted == "report":
                assert not left_by_program(record), str(record)
            if wanted == "growth":
                assert not record.growers and not record.grown_types, str(record)


def test_it_answers_where_the_main_thread_blocks(runtime):
    blocked = {
        "sleep": "time.sleep(600)",
        "lock": "lock = threading.Lock(); lock.acquire(); lock.acquire()",
        "join": "t = threading.Thread(target=time.sleep, args=(600,)); t.start(); t.join()",
        "accept": "import socket; s = socket.create_server(('127.0.0.1', 0)); s.accept()",
        "asyncio": "import asyncio; asyncio.run(asyncio.sleep(600))",
        "signal": "signal.pause()",
        "busy": "while True: pass",
    }
    for how, code in blocked.items():
        with Target.python(
            f"{HEAD}\ngcscope.listen(); print('ready', flush=True)\n{code}"
        ) as target:
            record, header = ask(f"{runtime}/gcscope/{target.pid}")
            assert header.pid == target.pid, how
            assert "gcscope" not in str(record), str(record)


def raw(path):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(20)
    connection.connect(path)
    return connection


def everything(connection):
    data = b""
    while part := connection.recv(65536):
        data += part
    return data


@pytest.fixture
def nothing_left(listen, tmp_path):
    """A path that is listened at; after the test there are as many threads and files as before."""

    def there():
        return len(os.listdir("/dev/fd")), len(os.listdir("/proc/self/task"))

    before = None
    while before != (before := there()):  # what earlier tests have begun is about to end
        time.sleep(0.1)
    files, threads = before
    handle = listen(tmp_path / "socket")
    ask(handle.path)
    yield handle.path
    until(lambda: there() == (files + 3, threads + 1))
    ask(handle.path)


@pytest.mark.parametrize("said", [b"", b'{"schema": "gcs', b"x" * 40_000, b"x" * 1_000_000])
def test_who_says_nothing_half_a_line_or_too_much(said, nothing_left, monkeypatch):
    monkeypatch.setattr(listening, "_PATIENCE", 0.3)
    begun = time.monotonic()
    with raw(nothing_left) as connection:
        try:
            connection.sendall(said)
            assert everything(connection) == b""
        except ConnectionError:
            pass
        assert time.monotonic() - begun < 5
        with raw(nothing_left) as other:  # who hangs up in the midst of a line
            other.sendall(said[:1000])


def test_who_does_not_read(nothing_left, monkeypatch):
    monkeypatch.setattr(listening, "_PATIENCE", 0.3)

    def answering(request, folder=""):
        yield from ()
        return "x" * 10_000_000

    monkeypatch.setattr(listening.answers, "answering", answering)
    line = Request(identity="abc").to_json().encode() + b"\n"
    with raw(nothing_left) as connection, raw(nothing_left) as other:
        connection.sendall(line)
        other.sendall(line)
        assert other.recv(100).startswith(b"gcscope-answer abc 10000000\nxxx")
        other.close()  # and who hangs up in the midst of an answer
        time.sleep(0.5)
        assert len(everything(connection)) < 10_000_000
    monkeypatch.undo()


def test_who_hangs_up_ends_a_look_that_waits(nothing_left):
    request = Request(want="growth", seconds=600, gcscope=gcscope.__version__, identity="abc")
    with raw(nothing_left) as connection:
        connection.sendall(request.to_json().encode() + b"\n")
        time.sleep(0.2)


def test_a_question_that_nobody_waits_for_is_not_looked_at(nothing_left, monkeypatch):
    monkeypatch.setattr(listening.answers, "answering", None)
    request = Request(until=time.time() - 1, identity="abc", gcscope=gcscope.__version__)
    with raw(nothing_left) as connection:
        connection.sendall(request.to_json().encode() + b"\n")
        assert everything(connection) == b""
    monkeypatch.undo()


@pytest.mark.parametrize(
    "line", [b"no json", b"[]", b"{}x", b"{", b"\xff", b'{"want": "everything"}', b"[" * 9000]
)
def test_a_question_that_is_none(line, nothing_left):
    with raw(nothing_left) as connection:
        connection.sendall(line + b"\n")
        answer = everything(connection)
    assert b"\nerror: the question was not understood: " in answer or (
        answer == b"" and b"[[" in line
    )


def test_many_at_once(nothing_left, monkeypatch):
    """More than are answered at once: the others wait, and silent ones do not keep them from it."""
    monkeypatch.setattr(listening, "_PATIENCE", 0.5)
    silent = [raw(nothing_left) for _ in range(20)]
    code = f"""{HEAD}
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(40) as pool:
    found = list(pool.map(answers, [{nothing_left!r}] * 120))
assert set(found) == {{{os.getpid()}}}
print("done")
"""
    done = python("-c", code)
    assert done.out == "done\n", done
    for connection in silent:
        assert everything(connection) == b""
        connection.close()


@needs_root
def test_another_user_is_not_heard(listen, tmp_path):
    """Even where the file would let him."""
    path = f"/tmp/gcscope-test-{os.getpid()}"
    try:
        handle = listen(path)
        os.chmod(path, 0o777)
        code = f"""
import os, socket
os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})
connection = socket.socket(socket.AF_UNIX)
connection.connect({path!r})
try:
    connection.sendall({Request(gcscope=gcscope.__version__).to_json()!r}.encode() + b"\\n")
    print(connection.recv(1000))
except ConnectionError:
    print(b"")
"""
        done = python("-c", code)
        assert done.out == "b''\n", done
        ask(path)
    finally:
        handle.close()


def test_a_program_that_dies_of_broken_pipes_lives(runs):
    """The thread takes no signals, that one neither."""
    runs("""
from _socket import socket
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
path = gcscope.listen().path
for number in range(20):
    asker = socket(1, 1)
    asker.connect(path)
    request = Request(want="census", gcscope=gcscope.__version__, identity="abc")
    asker.sendall(request.to_json().encode() + b"\\n")
    asker.close()
until(lambda: threads() in (2, None))
assert answers(path) == os.getpid()
""")


def test_descriptors_run_out(runs):
    """Who asks meanwhile has to wait, and does so at no cost."""
    runs("""
import resource
path = gcscope.listen().path
ask(path)
limit = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (40, limit[1]))
from _socket import socket
askers, files = [], []
askers = [socket(1, 1) for _ in range(5)]
try:
    while True:
        files.append(os.open(os.devnull, os.O_RDONLY))
except OSError:
    pass
for asker in askers:
    asker.connect(path)
before = time.process_time()
time.sleep(1)
assert time.process_time() - before < 0.3
for file in files:
    os.close(file)
for asker in askers:
    asker.close()
assert answers(path) == os.getpid()
""")


def test_it_costs_nothing_while_nobody_asks(runs):
    runs("""
path = gcscope.listen().path
ask(path)
if threads() is not None:
    until(lambda: threads() == 2)
    (thread,) = set(os.listdir("/proc/self/task")) - {str(os.getpid())}
    def switches():
        with open(f"/proc/self/task/{thread}/status") as status:
            return [line for line in status if "ctxt_switches" in line]
    time.sleep(0.1)
    before = switches()
    time.sleep(1)
    assert switches() == before and len(before) == 2, (before, switches())
""")


# ---------------------------------------------------------------------------------- forks


def test_a_child_has_a_socket_of_its_own(runs, runtime):
    runs("""
handle = gcscope.listen()
parents = handle.path
assert parents.endswith(f"/{os.getpid()}")
def child():
    assert handle.path == gcscope.listen().path != parents and gcscope.listen() is handle
    assert handle.path.endswith(f"/{os.getpid()}")
    until(lambda: os.path.exists(handle.path))
    assert answers(handle.path) == os.getpid()
    in_child(deeper)
    handle.close()
    assert not os.path.exists(handle.path) and os.path.exists(parents)
    assert answers(parents) == os.getppid()
    until(lambda: threads() in (1, None))
def deeper():
    until(lambda: os.path.exists(handle.path))
    assert answers(handle.path) == os.getpid()
for _ in range(5):
    in_child(child)
    assert answers(parents) == os.getpid()
""")
    assert len(os.listdir(runtime / "gcscope")) <= 1  # the last grandchild's, by os._exit


def test_a_child_has_none_where_a_path_was_given(runs, runtime):
    runs(f"""
handle = gcscope.listen({str(runtime / "given")!r})
before = len(os.listdir("/dev/fd"))
def child():
    assert len(os.listdir("/dev/fd")) == before - 3  # the socket, and the thread's pipe
    assert threads() in (1, None)
    handle.close()
    other = gcscope.listen()
    assert answers(other.path) == os.getpid() and answers(handle.path) == os.getppid()
    other.close()
in_child(child)
assert answers(handle.path) == os.getpid() and gcscope.listen(handle.path) is handle
""")
    assert os.listdir(runtime / "gcscope") == []


def test_a_child_that_cannot_listen_lives(runs, runtime):
    runs(f"""
handle = gcscope.listen()
def child():
    until(lambda: threads() in (1, None))
    os.chmod({str(runtime / "gcscope")!r}, 0o700)
    assert answers(gcscope.listen().path) == os.getpid()
os.chmod({str(runtime / "gcscope")!r}, 0o755)
in_child(child)
assert answers(handle.path) == os.getpid()
""")


@needs_root
def test_a_worker_that_gives_its_rights_up_is_found_by_root(runtime):
    """Wherever it was when its thread began: its socket lies in root's folder or in its own."""
    code = f"""{HEAD}
gcscope.listen()
workers = []
for number in range(6):
    pid = os.fork()
    if pid == 0:
        time.sleep(number % 3 * 0.0005)
        os.setgroups([])
        os.setgid({NOBODY})
        os.setuid({NOBODY})
        time.sleep(600)
    workers.append(pid)
print("ready", *workers, flush=True)
time.sleep(600)
"""
    from gcscope.live.ask import ask as ask_process

    with Target.python(code) as target:
        children = Path(f"/proc/{target.pid}/task/{target.pid}/children").read_text().split()
        assert len(children) == 6
        time.sleep(1)
        for pid in map(int, children):
            _, _, header = ask_process(pid, Request(gcscope=gcscope.__version__), 20)
            assert header.pid == pid


def test_all_ways_to_fork(runs):
    runs(
        """
import multiprocessing, subprocess
handle = gcscope.listen()
context = multiprocessing.get_context("fork")
with context.Pool(3, maxtasksperchild=2) as pool:
    assert pool.map(abs, range(-20, 0), chunksize=1) == list(range(20, 0, -1))
    pool.close()
    pool.join()
subprocess.run([sys.executable, "-c", ""], check=True)
subprocess.run([sys.executable, "-c", ""], check=True, preexec_fn=lambda: None)
if os.path.exists("/dev/pts/ptmx"):
    pid, descriptor = os.forkpty()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    os.close(descriptor)
pid = os.fork()
if pid == 0:
    code = "import os; assert len(os.listdir('/dev/fd')) == 4"
    os.execv(sys.executable, [sys.executable, "-c", code])
assert os.waitpid(pid, 0)[1] == 0
assert os.posix_spawn("/bin/true", ["/bin/true"], {}) > 0
os.wait()
assert answers(handle.path) == os.getpid()
""",
        warnings="ignore" if sys.version_info >= (3, 12) else "error",
    )


def test_the_pool_warns_of_no_thread_of_ours(runs):
    runs("""
handle = gcscope.listen()
for _ in range(100):
    in_child(lambda: None)
assert answers(handle.path) == os.getpid()
""")


SLOW = """
from gcscope.live import answer as module
begun = []
real = module.answering
def slow(request, folder=""):
    begun.append(1)
    end = time.monotonic() + (SECONDS if len(begun) < 4 else 0)
    while time.monotonic() < end:
        pass
    return (yield from real(request, folder))
module.answering = slow
"""


@pytest.mark.parametrize("seconds", [0.02, 30])
def test_a_fork_while_a_question_is_answered(seconds, runs):
    """The fork does not wait for the answer, nor warns; the asker gets it nevertheless."""
    runs(f"""{SLOW.replace("SECONDS", str(seconds))}
handle = gcscope.listen()
path = handle.path
asker = os.fork()
if asker == 0:
    time.sleep(0.1)
    ask(path)
    os._exit(0)
until(lambda: begun)
for _ in range(5):
    before = time.monotonic()
    in_child(lambda: None)
    assert time.monotonic() - before < 5
    time.sleep(0.01)
assert os.waitpid(asker, 0)[1] == 0
assert {seconds} < 1 or len(begun) == 4, begun
""")


def test_growth_goes_on_over_forks(runs):
    runs("""
handle = gcscope.listen()
path, cache = handle.path, []
asker = os.fork()
if asker == 0:
    growth, header = ask(path, want="growth", seconds=2)
    assert growth.rounds == 4 and [g.path for g in growth.growers] == ["__main__.cache"], growth
    os._exit(0)
before = time.monotonic()
while True:
    cache.append([])
    in_child(lambda: None)
    pid, status = os.waitpid(asker, os.WNOHANG)
    if pid:
        break
assert status == 0 and 2 <= time.monotonic() - before < 6
""")


def test_a_child_does_not_go_on_with_an_answer(runs):
    runs("""
handle = gcscope.listen()
path = handle.path
from _socket import socket
asker = socket(1, 1)
asker.connect(path)
request = Request(want="growth", seconds=600, gcscope=gcscope.__version__, identity="abc")
asker.sendall(request.to_json().encode() + b"\\n")
until(lambda: threads() in (3, None))
time.sleep(0.1)
before = len(os.listdir("/dev/fd"))
import gc
gc.collect()  # the code of modules, on free-threaded Python
def child():
    until(lambda: os.path.exists(handle.path))
    assert threads() in (2, None)
    until(lambda: len(os.listdir("/dev/fd")) == before - 3)
    assert gc.callbacks == [] and gc.collect() == 0
in_child(child)
assert threads() in (3, None)
asker.close()
until(lambda: threads() in (2, None))
""")


# --------------------------------------------------- a program that closes descriptors

DAEMON = """
import _socket as socket, select

def ours():
    return [n for n in range(3, 64) if os.path.exists(f"/dev/fd/{n}")]

def identity(number):
    status = os.fstat(number)
    return status.st_mode, status.st_dev, status.st_ino

class Taken:
    \"\"\"Files, pipes and a socket of the program's, by the numbers that were ours.\"\"\"

    def __init__(self, numbers):
        name = f"{os.environ['XDG_RUNTIME_DIR']}/theirs-{os.getpid()}-{time.time_ns()}"
        server, client = socket.socket(1, 1), socket.socket(1, 1)
        server.bind(name)
        server.listen()
        client.connect(name)
        self.server, self.pipes, self.files = server.detach(), [], []
        self.all = [self.server, client.detach()]
        while not set(numbers) <= set(self.all):
            self.pipes.append(os.pipe())
            os.write(self.pipes[-1][1], b"text")
            self.files.append(os.open(sys.executable, os.O_RDONLY))
            self.all += [*self.pipes[-1], self.files[-1]]
        self.identities = list(map(identity, self.all))

    def check(self):
        assert list(map(identity, self.all)) == self.identities
        assert all(map(os.get_blocking, self.all))
        for reading, writing in self.pipes:
            os.write(writing, b"|")
            assert os.read(reading, 99) == b"text|"
            os.write(writing, b"text")
        assert all(os.lseek(file, 0, os.SEEK_CUR) == 0 for file in self.files)
        assert select.select([self.server], [], [], 0)[0], "its client was accepted"

def asking(path):
    asker = os.fork()
    if asker == 0:
        try:
            ask(path, want="growth", seconds=600)
        except NoAnswer:
            os._exit(0)
        os._exit(1)
    until(lambda: threads() in (3, None))
    time.sleep(0.1)
    return asker

def close(numbers):
    if numbers == "all":
        os.closerange(3, 64)
    else:
        [os.close(number) for number in numbers]
"""


@pytest.mark.parametrize("asked", [False, True])
@pytest.mark.parametrize("then", ["", "in_child(theirs.check)", "handle.close()", "listen()"])
def test_a_program_that_closes_all_descriptors(asked, then, runs):
    """As a daemon does: no time is spent, and nothing is done to what has their numbers then."""
    runs(f"""{DAEMON}
from gcscope.live.listen import _listeners
listen = gcscope.listen
handle = listen()
ask(handle.path)
asker = asking(handle.path) if {asked} else 0
before = ours()
close("all")
theirs = Taken(before)
{then}
if {then!r} != "listen()":
    until(lambda: threads() in (1, None))
    used = time.process_time()
    time.sleep(0.3)
    assert time.process_time() - used < 0.1
    assert _listeners == [] and not handle._talks
    assert not os.path.exists(handle.path)
    theirs.check()
    in_child(theirs.check)
    handle.close()
    theirs.check()
if asker:
    assert os.waitpid(asker, 0)[1] == 0
again = listen()
assert again is not handle and again is listen() and again.path == handle.path
ask(again.path)
def child():
    path = gcscope.listen().path
    until(lambda: os.path.exists(path))
    assert path.endswith(str(os.getpid()))
in_child(child)
handle.close()
ask(again.path)
until(lambda: threads() in (2, None))
again.close()
assert not os.path.exists(again.path)
theirs.check()
assert ours() == sorted(theirs.all)
""")


@pytest.mark.parametrize("given", [False, True])
def test_the_end_and_a_fork_where_they_were_just_closed(given, runs, runtime):
    runs(f"""{DAEMON}
path = os.environ["XDG_RUNTIME_DIR"] + "/given" if {given} else None
handle = gcscope.listen(path)
def daemon():
    before = ours()
    close("all")
    theirs = Taken(before)
    in_child(theirs.check)
    again = gcscope.listen(path and path + str(os.getpid()))
    ask(again.path)
    again.close()
    theirs.check()
in_child(daemon)
ask(handle.path)
before = ours()
close("all")
theirs = Taken(before)
import atexit
atexit.register(theirs.check)
from gcscope.live.listen import _close_all
atexit.unregister(_close_all)
atexit.register(_close_all)
""")
    assert not os.path.exists(runtime / "given")


@pytest.mark.parametrize("number", range(6))
def test_a_program_that_closes_one_of_the_descriptors(number, runs):
    """Of the pipe, the socket, and a connection and its pipe."""
    runs(f"""{DAEMON}
before = ours()
handle = gcscope.listen()
asker = asking(handle.path)
own = sorted(set(ours()) - set(before))
assert len(own) == 6, own
gone = [own[{number}]]
close(gone)
theirs = Taken(gone)
theirs.check()
in_child(theirs.check)
if {number} > 2:
    ask(handle.path)
    until(lambda: not handle._talks)
else:
    again = gcscope.listen()
    assert again is not handle
    ask(again.path)
    again.close()
theirs.check()
handle.close()
if {number} < 3:
    os.kill(asker, signal.SIGKILL)
os.waitpid(asker, 0)
until(lambda: threads() in (1, None))
theirs.check()
assert ours() == sorted([*before, *theirs.all])
""")


@pytest.mark.parametrize("failing", ["accepted", "_Conversation", "worker"])
def test_it_answers_again_where_there_was_no_memory(failing, nothing_left, monkeypatch):
    """The asker waits, or is hung up on; the next one is answered."""
    real, left = getattr(listening, failing), [3]

    def starved(*args, **kwargs):
        if left[0] > 0:
            left[0] -= 1
            raise MemoryError
        return real(*args, **kwargs)

    monkeypatch.setattr(listening, failing, starved)
    until(lambda: answers_or_hangs_up(nothing_left))
    assert left == [0]


def answers_or_hangs_up(path):
    try:
        ask(path)
    except NoAnswer:
        return False
    return True


# ------------------------------------------------------------------- without a change


def folder():
    done = python("-m", "gcscope.live.at_start")
    return done.out.strip()


ANSWERS = f"{HEAD}\nfrom gcscope.live import listen as l\nassert len(l._listeners) == 1\n"


def at_start(code, *options, env=None, **more):
    path = os.pathsep.join(filter(None, [folder(), os.environ.get("PYTHONPATH")]))
    return python(
        *options, "-c", code, env={"PYTHONPATH": path, "GCSCOPE_LISTEN": "1", **(env or {})}, **more
    )


def test_a_program_listens_that_was_not_changed(runtime):
    done = at_start(
        "import sys, os\n"
        "assert os.path.exists(os.path.join(os.environ['XDG_RUNTIME_DIR'], 'gcscope', "
        "str(os.getpid())))\n"
        "assert not any('at_start' in entry for entry in sys.path)\n"
        "print('done')"
    )
    assert done.out == "done\n" and done.err == "" and done.code == 0, done
    assert os.listdir(runtime / "gcscope") == []


@pytest.mark.parametrize("value", [None, "", "0"])
def test_only_where_it_is_switched_on(value, runtime):
    done = at_start(
        "import sys; print(any(name.startswith('gcscope') for name in sys.modules))",
        env={"GCSCOPE_LISTEN": value},
    )
    assert done.out == "False\n" and done.err == "", done
    assert os.listdir(runtime) == []


def test_it_imports_the_sitecustomize_that_it_is_in_the_place_of(tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import builtins; builtins.theirs = __file__\n")
    path = os.pathsep.join([folder(), str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = at_start(
        "import sitecustomize, os; print(theirs == sitecustomize.__file__)",
        env={"PYTHONPATH": path},
    )
    assert done.out == "True\n" and done.err == "", done
    (tmp_path / "sitecustomize.py").write_text("raise ValueError('theirs')\n")
    plain = python("-c", "print('on')", env={"PYTHONPATH": str(tmp_path)})
    done = at_start("print('on')", env={"PYTHONPATH": path})
    assert done.out == plain.out == "on\n" and "ValueError: theirs" in done.err
    assert done.err == plain.err


def test_it_is_quiet_where_it_fails(runtime):
    os.mkdir(runtime / "gcscope")
    os.chmod(runtime / "gcscope", 0o755)
    done = at_start("print('on')")
    assert (done.out, done.err, done.code) == ("on\n", "", 0), done


def test_its_gcscope_is_found_by_its_place(runtime, tmp_path):
    """Where the program's environment has none."""
    done = subprocess.run(
        [sys.executable, "-S", "-c", "import site; site.main(); print('on')"],
        env={**os.environ, **PLAIN_ENV, "PYTHONPATH": folder(), "GCSCOPE_LISTEN": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("on\n", ""), done
    assert os.listdir(runtime / "gcscope") == []


PREFORK = """
import os, signal, socket, sys, time
server = socket.create_server(("127.0.0.1", 0))
stopped = []
signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))
def work():
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    while True:
        server.accept()
workers = set()
print("ready", flush=True)
while not stopped:
    while len(workers) < 2:
        pid = os.fork()
        if pid == 0:
            work()
        workers.add(pid)
    pid, _ = os.waitpid(-1, os.WNOHANG)
    workers.discard(pid)
    time.sleep(0.01)
for pid in workers:
    os.kill(pid, signal.SIGTERM)
    os.waitpid(pid, 0)
"""


def all_answer_and_one_dies(there, target):
    """Each process that has a socket there answers for itself; then a worker is killed."""
    pids = {int(name) for name in os.listdir(there)}
    until(lambda: all(ask(str(there / str(pid)))[1].pid == pid for pid in pids))
    dying = max(pids - {target.pid})
    os.kill(dying, signal.SIGKILL)
    until(lambda: str(dying) not in os.listdir(there))


def test_a_prefork_server_and_its_workers(runtime):
    """As gunicorn: workers that are killed and come anew, each of which answers for itself."""
    path = os.pathsep.join(filter(None, [folder(), os.environ.get("PYTHONPATH")]))
    env = {"PYTHONPATH": path, "GCSCOPE_LISTEN": "1"}
    there = runtime / "gcscope"
    with Target.python(PREFORK, "-W", "error", env=env) as target:
        for _ in range(3):
            until(lambda: len(os.listdir(there)) >= 3)
            all_answer_and_one_dies(there, target)
        os.kill(target.pid, signal.SIGTERM)
        assert target.process.wait(20) == 0


def test_run_listens(runtime, tmp_path):
    script = tmp_path / "app.py"
    script.write_text(
        "import os\n"
        "print(os.path.exists(f\"{os.environ['XDG_RUNTIME_DIR']}/gcscope/{os.getpid()}\"))\n"
    )
    done = python("-m", "gcscope", "run", "-q", "--listen", script)
    assert (done.out, done.err, done.code) == ("True\n", "", 0), done
    assert os.listdir(runtime / "gcscope") == []
    os.chmod(runtime / "gcscope", 0o755)
    done = python("-m", "gcscope", "run", "-q", "--listen", script)
    assert done.code == 1 and done.out == "" and "cannot listen" in done.err, done
    assert len(done.err.splitlines()) == 1


def test_run_says_that_no_thread_is_to_be_had(runtime, tmp_path):
    script = tmp_path / "app.py"
    script.write_text("print('never')\n")
    code = (
        "import runpy, sys, gcscope.live.listen as listening\n"
        "class NoWorker:\n"
        "    def __init__(self, *_, **options): pass\n"
        "    def start(self): raise RuntimeError('the system gives no thread')\n"
        "    def stop(self): pass\n"
        "    release = stop\n"
        "listening.worker = NoWorker\n"
        "runpy.run_module('gcscope', run_name='__main__', alter_sys=True)"
    )
    done = python("-c", code, "run", "-q", "--listen", script)
    assert done.code == 1 and done.out == "", done
    assert done.err == "gcscope: cannot listen: the system gives no thread\n"
    assert os.listdir(runtime / "gcscope") == []


# -------------------------------------------------------------------------------- at last


@pytest.mark.slow
def test_a_thousand_of_all(runs):
    runs("""
import atexit, gc, resource
def state():
    gc.collect()
    files = len(os.listdir("/dev/fd"))
    return files, threads(), len(gc.callbacks), atexit._ncallbacks(), len(sys.modules)
def memory():
    gc.collect()
    with open("/proc/self/statm") as statm:
        return sys.getallocatedblocks(), int(statm.read().split()[1]) * 4
at_fork = []
os_register = os.register_at_fork
os.register_at_fork = lambda **what: at_fork.append(os_register(**what))
def some(times):
    for number in range(times):
        handle = gcscope.listen()
        for _ in range(1 + number % 2):
            ask(handle.path)
        handle.close()
    handle = gcscope.listen()
    for number in range(times):
        ask(handle.path, want=("report", "census")[number % 2])
    until(lambda: threads() in (2, None))
    handle.close()
some(100)
before, blocks = state(), memory()
some(1000)
after, later = state(), memory()
# the threads of ours, and the lock of listen(), each once
assert before == after and len(at_fork) == 2, (before, after, at_fork)
assert later[0] - blocks[0] < 200 and later[1] - blocks[1] < 2000, (blocks, later)
assert gcscope.garbage().objects == 0
""")


@pytest.mark.slow
def test_beside_gevent(tmp_path, runtime):
    """Its loop blocks in C, and it has replaced threads, sockets and polls by its own."""
    pytest.importorskip("gevent")
    with Target.python(
        f"from gevent import monkey; monkey.patch_all()\n{HEAD}\ngcscope.listen()\n"
        "print('ready', flush=True)\nimport gevent; gevent.sleep(600)",
    ) as target:
        record, header = ask(f"{runtime}/gcscope/{target.pid}")
        assert header.pid == target.pid


GUNICORN_APP = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"text"]
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sync", "gthread", "gevent"])
def test_gunicorn_and_its_workers(kind, tmp_path, runtime):
    """Not one line of it is changed; a worker that dies leaves nothing that stays."""
    pytest.importorskip("gunicorn")
    if kind == "gevent":
        pytest.importorskip("gevent")
    (tmp_path / "app.py").write_text(GUNICORN_APP)
    there = runtime / "gcscope"
    path = os.pathsep.join(filter(None, [folder(), os.environ.get("PYTHONPATH")]))
    command = [
        sys.executable,
        "-W",
        "error::DeprecationWarning:gcscope",
        "-m",
        "gunicorn",
        "-w",
        "2",
    ]
    command += ["-k", kind, "-b", f"unix:{tmp_path}/http", "--no-control-socket", "app:app"]
    command += ["--graceful-timeout", "5"]  # a worker that has just begun may miss the signal
    if "--no-control-socket" not in python("-m", "gunicorn", "--help").out:
        command.remove("--no-control-socket")
    with Target(
        ["sh", "-c", 'echo ready; exec "$@"', "sh", *command],
        env={"PYTHONPATH": path, "GCSCOPE_LISTEN": "1"},
        cwd=tmp_path,
        stderr=subprocess.DEVNULL,
    ) as target:
        for _ in range(2):
            until(lambda: there.exists() and len(os.listdir(there)) == 3)
            all_answer_and_one_dies(there, target)
        os.kill(target.pid, signal.SIGTERM)
        assert target.process.wait(40) == 0
