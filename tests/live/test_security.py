"""What another user may try: to read an answer, to write one, to lead writing or reading elsewhere.

The other user is a real one; this process is root, and so the most worthwhile to be led astray.
"""

import os
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from gcscope import __version__
from gcscope.live import folder
from gcscope.live.folder import (
    fresh_folder,
    private_folder,
    read_answer,
    remove_folder,
    write_answer,
)
from gcscope.live.lock import Lock
from gcscope.live.request import Request
from support import forks, python
from targets import AS_NOBODY, NOBODY, PACKAGE, Target, needs_root, this

pytestmark = [needs_root, forks]
ASKS = pytest.mark.skipif(this() < (3, 14), reason="needs sys.remote_exec")
BUSY = "print('ready', flush=True)\nwhile True: sum(range(1000))"
THIRD = 54321  # neither root nor the user who is asked


@pytest.fixture
def public(monkeypatch):
    """A folder for temporary files as all have it: sticky, and open to everybody."""
    path = Path(tempfile.mkdtemp(dir="/tmp"))
    path.chmod(0o1777)
    monkeypatch.setenv("TMPDIR", str(path))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def secret(tmp_path):
    """A folder of root's, with a file: nothing is to appear there, nor to change."""
    path = tmp_path / "secret"
    path.mkdir(mode=0o700)
    (path / "file").write_text("root's")
    yield path
    assert os.listdir(path) == ["file"] and (path / "file").read_text() == "root's"
    status = path.stat()
    assert status.st_uid == 0 and stat.S_IMODE(status.st_mode) == 0o700


def as_user(uid, attack):
    """Let another user do something; True if that user could."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            attack()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def is_private(path, uid, mode):
    status = path.stat(follow_symlinks=False)
    return (status.st_uid, stat.S_IMODE(status.st_mode)) == (uid, mode)


# --------------------------------------------------------------------- what lies there already

ATTACKS = {
    "a link to a folder of root": lambda path, secret: path.symlink_to(secret),
    "a link to nothing": lambda path, secret: path.symlink_to(secret / "new"),
    "a folder": lambda path, _: path.mkdir(mode=0o700),
    "a folder that is open": lambda path, _: (path.mkdir(), path.chmod(0o777)),
    "a file": lambda path, _: path.write_text(""),
    "a pipe": lambda path, _: os.mkfifo(path),
}


@pytest.mark.parametrize("uid", [0, NOBODY])
@pytest.mark.parametrize("attack", ATTACKS)
def test_what_another_has_put_there_is_not_used(public, secret, attack, uid):
    place = public / f"gcscope-{uid}"
    assert as_user(THIRD, lambda: ATTACKS[attack](place, secret))
    before = place.lstat()
    with pytest.raises(PermissionError, match="remove it, and ask again"):
        private_folder(uid, None)
    assert place.lstat() == before and not (secret / "new").exists()


@pytest.mark.parametrize("mode", [0o701, 0o710, 0o755, 0o770, 0o777, 0o1777])
def test_a_folder_that_is_open_to_others_is_not_used(public, mode):
    place = public / "gcscope-0"
    place.mkdir()
    place.chmod(mode)
    with pytest.raises(PermissionError, match="has the mode"):
        private_folder(0, None)
    assert stat.S_IMODE(place.stat().st_mode) == mode


@pytest.mark.parametrize("mode", [0o777, 0o775, 0o757])
def test_no_folder_is_made_where_others_may_rename(public, mode):
    public.chmod(mode)
    with pytest.raises(PermissionError, match="no place for a private folder"):
        private_folder(0, None)
    assert os.listdir(public) == []


def test_a_runtime_folder_of_somebody_else_is_not_used(public, secret):
    theirs = public / "run"
    assert as_user(THIRD, lambda: theirs.mkdir(mode=0o700))
    assert private_folder(0, str(theirs)) == str(public / "gcscope-0")
    assert private_folder(NOBODY, str(secret)) == str(public / f"gcscope-{NOBODY}")


# ------------------------------------------------------------------------------------ umask


@pytest.mark.parametrize("umask", [0, 0o022, 0o277, 0o777])
@pytest.mark.parametrize("uid", [0, NOBODY])
def test_the_umask_opens_and_closes_nothing(public, umask, uid):
    def asked():
        os.umask(umask)
        place = private_folder(uid, None)
        ask = fresh_folder(place, uid)
        write_answer(ask, "answer", b"text", uid)
        assert read_answer(ask, "answer", uid) == b"text"

    assert as_user(uid, asked)
    (place,) = public.iterdir()
    (ask,) = place.iterdir()
    assert is_private(place, uid, 0o700) and is_private(ask, uid, 0o700)
    assert is_private(ask / "answer", uid, 0o600) and len(os.listdir(ask)) == 1


# ------------------------------------------------------------------------------- what is there


def test_another_user_can_neither_read_nor_write_nor_remove(public):
    place = Path(private_folder(NOBODY, None))
    ask = Path(fresh_folder(str(place), NOBODY))
    write_answer(str(ask), "answer", b"text", NOBODY)
    attempts = [
        lambda: os.listdir(place),
        lambda: os.listdir(ask),
        lambda: (ask / "answer").read_bytes(),
        lambda: (ask / "answer").write_bytes(b"forged"),
        lambda: (ask / "new").write_bytes(b"forged"),
        lambda: (ask / "answer").unlink(),
        lambda: place.rename(public / "other"),
        lambda: place.chmod(0o777),
        lambda: os.link(ask / "answer", public / "second"),
        lambda: os.mkdir(place / "folder"),
        lambda: os.chdir(place),
    ]
    for attempt in attempts:
        assert not as_user(THIRD, attempt)
    assert read_answer(str(ask), "answer", NOBODY) == b"text"


def ready():
    ask = Path(fresh_folder(private_folder(NOBODY, None), NOBODY))
    return ask, ask / "answer"


FORGERIES = {
    "a link to a file of root": lambda answer, secret: answer.symlink_to(secret / "file"),
    "a link to a device": lambda answer, _: answer.symlink_to("/dev/zero"),
    "a pipe": lambda answer, _: os.mkfifo(answer),
    "a folder": lambda answer, _: answer.mkdir(),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_nothing_but_a_file_is_an_answer(public, secret, forgery):
    """Made by the user who is asked: nobody else can. Reading ends, and reads nothing of root's."""
    ask, answer = ready()
    assert as_user(NOBODY, lambda: FORGERIES[forgery](answer, secret))
    with pytest.raises(OSError):
        read_answer(str(ask), "answer", NOBODY)


def test_a_file_of_another_is_no_answer(public):
    ask, answer = ready()
    answer.write_text("of root")
    with pytest.raises(PermissionError, match="is no answer"):
        read_answer(str(ask), "answer", NOBODY)


def test_a_file_with_a_second_name_is_no_answer(public):
    ask, answer = ready()
    assert as_user(NOBODY, lambda: (answer.write_text("x"), os.link(answer, ask / "second")))
    with pytest.raises(PermissionError, match="is no answer"):
        read_answer(str(ask), "answer", NOBODY)


def test_what_is_too_large_is_no_answer(public):
    """It would take all the memory of who asks; a file with a hole costs who writes it nothing."""
    ask, answer = ready()
    assert as_user(NOBODY, lambda: (answer.touch(), os.truncate(answer, 1 << 40)))
    with pytest.raises(PermissionError, match="is no answer: it has 1099511627776 bytes"):
        read_answer(str(ask), "answer", NOBODY)


def test_a_file_takes_the_place_of_a_link_and_does_not_follow_it(public, secret):
    ask, answer = ready()
    assert as_user(NOBODY, lambda: answer.symlink_to(secret / "file"))
    write_answer(str(ask), "answer", b"text", NOBODY)
    assert is_private(answer, NOBODY, 0o600) and answer.read_bytes() == b"text"


LOCKS = {
    "a link to a file of root": lambda lock, secret: lock.symlink_to(secret / "file"),
    "a link to nothing": lambda lock, secret: lock.symlink_to(secret / "new"),
    "a pipe": lambda lock, _: os.mkfifo(lock),
    "a folder": lambda lock, _: lock.mkdir(),
}


@pytest.mark.parametrize("attack", LOCKS)
def test_a_lock_leads_nowhere(public, secret, attack):
    place = Path(private_folder(NOBODY, None))
    assert as_user(NOBODY, lambda: LOCKS[attack](place / "7.lock", secret))
    try:
        with Lock(str(place), "7.lock"):
            pass
    except OSError:
        pass
    assert not (secret / "new").exists()


def test_root_and_the_user_keep_each_other_out(public):
    place = private_folder(NOBODY, None)

    def ask():
        with Lock(place, "7.lock"):
            pass

    assert as_user(NOBODY, ask) and os.listdir(place) == []
    umask = os.umask(0o077)
    try:
        with Lock(place, "7.lock"):
            assert not as_user(NOBODY, ask)
    finally:
        os.umask(umask)
    Path(place, "7.lock").touch(0o644)  # left by a root that was killed
    assert as_user(NOBODY, ask) and os.listdir(place) == []


# --------------------------------------------------------------------- exchanged meanwhile


def test_a_folder_that_is_exchanged_is_noticed(public, secret):
    """The folder of the user who is asked is that user's, to rename and to replace."""
    place = Path(private_folder(NOBODY, None))
    ask = fresh_folder(str(place), NOBODY)
    name = os.path.basename(ask)
    (secret / name).mkdir()
    try:
        assert as_user(NOBODY, lambda: (place.rename(public / "moved"), place.symlink_to(secret)))
        for use in (
            lambda: fresh_folder(str(place), NOBODY),
            lambda: write_answer(ask, "script", b"text", NOBODY),
            lambda: read_answer(ask, "answer", NOBODY),
            lambda: Lock(str(place), "7.lock").__enter__(),
        ):
            with pytest.raises(PermissionError, match="is no folder"):
                use()
        remove_folder(ask)
        assert os.listdir(secret / name) == [] and (secret / name).stat().st_uid == 0
    finally:
        (secret / name).rmdir()


EXCHANGE = f"""
import ctypes, os, sys
place, secret = sys.argv[1:]
os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})
os.symlink(secret, place + '.link')
names = os.fsencode(place), os.fsencode(place + '.link')
rename = ctypes.CDLL(None).renameat2
print('ready', flush=True)
while rename(-100, names[0], -100, names[1], 2) == 0:  # RENAME_EXCHANGE: both names at once
    pass
"""


def test_a_folder_that_is_exchanged_all_the_time(public, secret):
    """Between the check of a folder and its use: what was checked is what is used."""
    place = private_folder(NOBODY, None)
    attacker = subprocess.Popen(
        [sys.executable, "-c", EXCHANGE, place, str(secret)], stdout=subprocess.PIPE
    )
    try:
        attacker.stdout.readline()
        done = refused = 0
        end = time.monotonic() + 2
        while time.monotonic() < end:
            try:
                ask = fresh_folder(private_folder(NOBODY, None), NOBODY)
                with Lock(place, "7.lock"):
                    write_answer(ask, "script", b"text", NOBODY)
                assert read_answer(ask, "script", NOBODY) in (b"text", None)
                done += 1
                remove_folder(ask)
            except OSError:
                refused += 1
            assert os.listdir(secret) == ["file"]
        assert done > 10 and refused > 10, (done, refused)  # else nothing was tried
    finally:
        attacker.send_signal(signal.SIGKILL)
        attacker.wait()
        attacker.stdout.close()


# -------------------------------------------------------------------------------- sockets

LISTENS = "import gcscope; print('ready', gcscope.listen({!r}).path, flush=True)\n"
LISTENS += "import time; time.sleep(600)"


def asks(path, said):
    """Send a question, and write what comes back."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(20)
    connection.connect(str(path))
    connection.sendall(Request(gcscope=__version__, identity="1f").to_json().encode() + b"\n")
    data = b""
    while part := connection.recv(1 << 16):
        data += part
    said.write_bytes(data)


@pytest.mark.parametrize("is_default", [True, False])
def test_only_its_user_can_ask_a_process_that_listens(public, tmp_path, is_default):
    path = None if is_default else str(public / "socket")
    env = {"TMPDIR": str(public), "XDG_RUNTIME_DIR": ""}
    with Target.python(LISTENS.format(path), env=env) as target:
        place = Path(target.words[1])
        assert is_private(place, 0, 0o600)
        said = public / "said"
        assert not as_user(THIRD, lambda: asks(place, said)) and not said.exists()
        # as if the file let everybody in: then the process asks who it is
        place.chmod(0o666)
        place.parent.chmod(0o1777)
        try:
            as_user(THIRD, lambda: asks(place, said))
        finally:
            place.parent.chmod(0o1777 if path else 0o700)
        assert not said.exists() or said.read_bytes() == b""
        own = tmp_path / "said"
        assert as_user(0, lambda: asks(place, own))
        assert own.read_bytes().startswith(b"gcscope-answer 1f ")


FORGES = """
import os, socket, sys
path = sys.argv[1]
os.setgroups([]); os.setgid({uid}); os.setuid({uid})
os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
server = socket.socket(socket.AF_UNIX)
server.bind(path)
os.chmod(path, 0o777)
server.listen()
print('ready', flush=True)
while True:
    connection, _ = server.accept()
    question = connection.recv(1000)
    if question:
        print('asked:', question, flush=True)
        connection.sendall(b'gcscope-answer x 0')
    connection.close()
"""


def forged(path, uid):
    """A process of a user that waits at a path for who takes it for another."""
    return Target([sys.executable, "-c", FORGES.format(uid=uid), str(path)])


def attach(pid, public, *options):
    env = {"TMPDIR": str(public), "XDG_RUNTIME_DIR": "", "PYTHONPATH": PACKAGE}
    options = options or ("--timeout", 3)
    return python("-m", "gcscope", "attach", pid, *options, env=env, cwd="/")


@pytest.mark.parametrize("uid", [0, NOBODY])
def test_a_socket_of_another_user_is_asked_nothing(public, uid):
    """By root, of a process of its own and of another user's."""
    code = (AS_NOBODY if uid else "") + BUSY
    with Target.python(code) as target:
        with forged(public / f"gcscope-{uid}" / str(target.pid), THIRD) as attacker:
            done = attach(target.pid, public)
            assert done.code == 1 and done.out == "" and "Traceback" not in done.err, done
            assert "that listens at" not in done.err  # nor takes it for a socket of the process
            assert not select.select([attacker.process.stdout], [], [], 0.2)[0]
        assert target.is_unharmed()


def test_a_socket_of_another_process_of_the_user_is_asked_nothing(public):
    """One that has ended has left its file, or its number was given away."""
    place = Path(private_folder(0, None))
    with Target.python(BUSY) as target, forged(place / str(target.pid), 0) as other:
        done = attach(target.pid, public)
        line = f"it is the process {other.pid} that listens"
        assert done.code == 1 and line in done.err and done.err.count("\n") == 1, done
        assert not select.select([other.process.stdout], [], [], 0.2)[0]


def test_a_link_to_another_socket_is_not_followed(public):
    """As to that of a service of root's, which would take the question for something else."""
    place = public / "gcscope-0"
    with forged(public / "service", 0) as service, Target.python(BUSY) as target:
        assert as_user(
            THIRD,
            lambda: (place.mkdir(), (place / str(target.pid)).symlink_to(public / "service")),
        )
        done = attach(target.pid, public)
        assert done.code == 1 and done.out == "" and "that listens at" not in done.err, done
        assert not select.select([service.process.stdout], [], [], 0.2)[0]
        assert target.is_unharmed()


ENDLESS = """
import os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1] + f'/{os.getpid()}')
server.listen()
print('ready', flush=True)
while True:
    connection, _ = server.accept()
    try:
        while True:
            connection.sendall(bytes(1 << 20))
    except OSError:
        connection.close()
"""


def test_an_answer_without_end_is_left(public):
    with Target([sys.executable, "-c", ENDLESS, private_folder(0, None)]) as target:
        done = attach(target.pid, public, "--timeout", 60)
        assert done.code == 1 and "says more than any answer" in done.err, done


# ----------------------------------------------------------------------- the whole command


@ASKS
def test_root_asks_the_process_of_another_user(public, secret):
    with Target.python(AS_NOBODY + BUSY) as target:
        done = attach(target.pid, public)
        assert done.code == 0, done
        (place,) = public.iterdir()
        assert is_private(place, NOBODY, 0o700) and os.listdir(place) == []


@ASKS
def test_root_is_led_astray_by_none_whose_process_it_asks(public, secret):
    """While it asks, the folder is exchanged all the time."""
    place = private_folder(NOBODY, None)
    with Target.python(AS_NOBODY + BUSY) as target:
        with Target([sys.executable, "-c", EXCHANGE, place, str(secret)]):
            for _ in range(8):
                done = attach(target.pid, public)
                assert done.code in (0, 1) and "Traceback" not in done.err, done
                assert os.listdir(secret) == ["file"]
        assert target.is_unharmed()


def test_a_link_above_is_of_whoever_may_make_one(public, monkeypatch):
    """TMPDIR may be a link, as /tmp is on macOS: it is root's or one's own."""
    link = public / "link"
    link.symlink_to(public)
    monkeypatch.setenv("TMPDIR", str(link))
    assert private_folder(0, None) == str(public / "gcscope-0")
    assert folder.temporary_folder() == str(public)
