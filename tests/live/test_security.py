"""What another user may try: to read an answer, to write one, to lead writing or reading elsewhere.

The other user is a real one; this process is root, and so the most worthwhile to be led astray.
"""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from gcscope.live import folder
from gcscope.live.folder import (
    fresh_folder,
    private_folder,
    read_answer,
    remove_folder,
    write_answer,
)
from support import forks
from targets import NOBODY, needs_root

pytestmark = [needs_root, forks]
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


def test_a_file_takes_the_place_of_a_link_and_does_not_follow_it(public, secret):
    ask, answer = ready()
    assert as_user(NOBODY, lambda: answer.symlink_to(secret / "file"))
    write_answer(str(ask), "answer", b"text", NOBODY)
    assert is_private(answer, NOBODY, 0o600) and answer.read_bytes() == b"text"


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
        ):
            with pytest.raises(PermissionError, match="is no folder"):
                use()
        remove_folder(ask)
        assert os.listdir(secret / name) == [] and (secret / name).stat().st_uid == 0
    finally:
        (secret / name).rmdir()


EXCHANGE = f"""
import os, sys
place, secret = sys.argv[1:]
os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})
moved, link = place + '.moved', place + '.link'
os.symlink(secret, link)
print('ready', flush=True)
while True:
    try:
        os.rename(place, moved)
        os.rename(link, place)
        os.rename(place, link)
        os.rename(moved, place)
    except OSError:
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
                write_answer(ask, "script", b"text", NOBODY)
                assert read_answer(ask, "script", NOBODY) in (b"text", None)
                done += 1
                remove_folder(ask)
            except OSError:
                refused += 1
            assert os.listdir(secret) == ["file"]
        assert done > 10 and refused > 10  # else nothing was tried
    finally:
        attacker.send_signal(signal.SIGKILL)
        attacker.wait()
        attacker.stdout.close()


def test_a_link_above_is_of_whoever_may_make_one(public, monkeypatch):
    """TMPDIR may be a link, as /tmp is on macOS: it is root's or one's own."""
    link = public / "link"
    link.symlink_to(public)
    monkeypatch.setenv("TMPDIR", str(link))
    assert private_folder(0, None) == str(public / "gcscope-0")
    assert folder.temporary_folder() == str(public)
