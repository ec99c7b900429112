"""The private folder: who it belongs to, what is not taken, and what another user cannot do."""

import os
import stat

import pytest

from gcscope.live import folder
from gcscope.live.folder import (
    check_length,
    fresh_folder,
    private_folder,
    read_answer,
    remove_folder,
    socket_path,
    socket_paths,
    write_answer,
)

ME = os.geteuid()
OTHER = 65534 if ME != 65534 else 1

as_root = pytest.mark.skipif(ME != 0, reason="makes files of another user")


def mode_of(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


@pytest.fixture
def runtime(tmp_path):
    """A folder as XDG_RUNTIME_DIR."""
    path = tmp_path / "run"
    path.mkdir(0o700)
    return str(path)


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """A folder for temporary files, as everybody's."""
    path = tmp_path / "tmp"
    path.mkdir()
    path.chmod(0o1777)
    monkeypatch.setenv("TMPDIR", str(path))
    return str(path)


def test_it_lies_in_the_runtime_folder(runtime, temporary):
    path = private_folder(ME, runtime)
    assert path == f"{runtime}/gcscope" and mode_of(path) == 0o700
    assert private_folder(ME, runtime) == path
    assert socket_path(77, ME, runtime) == f"{path}/77"
    assert os.listdir(temporary) == []


@pytest.mark.parametrize("umask", [0, 0o777, 0o022])
def test_the_umask_does_not_matter(umask, runtime):
    before = os.umask(umask)
    try:
        path = private_folder(ME, runtime)
        write_answer(path, "answer", b"text")
    finally:
        os.umask(before)
    assert mode_of(path) == 0o700 and mode_of(f"{path}/answer") == 0o600


@pytest.mark.parametrize("given", [None, "", "nowhere", "relative", "open", "file"])
def test_without_a_fitting_runtime_folder_it_lies_in_the_temporary_one(
    given, runtime, temporary, monkeypatch
):
    wanted = {"nowhere": f"{runtime}/nowhere", "open": runtime, "file": f"{runtime}/file"}
    if given == "open":
        os.chmod(runtime, 0o777)
    if given == "relative":
        monkeypatch.chdir(runtime)
        os.mkdir("relative")
    open(f"{runtime}/file", "w").close()
    assert private_folder(ME, wanted.get(given, given)) == f"{temporary}/gcscope-{ME}"
    assert mode_of(f"{temporary}/gcscope-{ME}") == 0o700


@as_root
def test_the_runtime_folder_of_another_user_is_not_taken(runtime, temporary):
    os.chown(runtime, OTHER, -1)
    assert private_folder(ME, runtime) == f"{temporary}/gcscope-{ME}"


def test_a_folder_that_others_may_read_is_refused(runtime):
    os.mkdir(f"{runtime}/gcscope")
    os.chmod(f"{runtime}/gcscope", 0o750)
    with pytest.raises(PermissionError, match=r"gcscope is not private .* has the mode 0750;"):
        private_folder(ME, runtime)
    assert mode_of(f"{runtime}/gcscope") == 0o750


@as_root
def test_a_folder_that_another_user_has_put_there_is_refused(temporary):
    path = f"{temporary}/gcscope-{ME}"
    os.mkdir(path, 0o700)
    os.chown(path, OTHER, -1)
    with pytest.raises(PermissionError, match=f"it belongs to the user {OTHER}; remove it"):
        private_folder(ME, None)
    assert os.listdir(path) == []


@pytest.mark.parametrize("there", ["link", "dangling", "file"])
def test_what_is_no_folder_is_refused(there, temporary, tmp_path):
    path = f"{temporary}/gcscope-{ME}"
    private = tmp_path / "private"
    private.mkdir(0o700)
    if there == "file":
        open(path, "w").close()
    else:
        os.symlink(private if there == "link" else tmp_path / "nowhere", path)
    with pytest.raises(PermissionError, match="is no folder, and somebody else"):
        private_folder(ME, None)
    assert list(private.iterdir()) == [] and not (tmp_path / "nowhere").exists()


def test_a_place_where_others_may_rename_is_refused(temporary):
    os.chmod(temporary, 0o777)
    with pytest.raises(PermissionError, match="no place for a private folder: .* TMPDIR"):
        private_folder(ME, None)
    assert os.listdir(temporary) == []


@as_root
def test_root_makes_the_folder_of_another_user(temporary):
    path = private_folder(OTHER, None)
    assert path == f"{temporary}/gcscope-{OTHER}"
    assert os.lstat(path).st_uid == OTHER and mode_of(path) == 0o700
    asked = fresh_folder(path, OTHER)
    write_answer(asked, "script", b"text", owner=OTHER)
    assert {os.lstat(p).st_uid for p in (asked, f"{asked}/script")} == {OTHER}
    assert read_answer(asked, "script", OTHER) == b"text"


@as_root
def test_root_gives_away_nothing_that_it_has_not_made(temporary, monkeypatch):
    """Between the making and the look another user has put something else there."""
    mkdir = os.mkdir
    victim = f"{temporary}/victim"
    os.mkdir(victim, 0o755)
    os.chown(victim, 1, -1)

    def swapped(path, mode=0o777, *, dir_fd=None):
        mkdir(path, mode, dir_fd=dir_fd)
        os.rmdir(path, dir_fd=dir_fd)
        os.rename(victim, path, dst_dir_fd=dir_fd)

    monkeypatch.setattr(folder.os, "mkdir", swapped)
    with pytest.raises(PermissionError, match="belongs to the user 1"):
        private_folder(OTHER, None)
    assert os.lstat(f"{temporary}/gcscope-{OTHER}").st_uid == 1
    assert mode_of(f"{temporary}/gcscope-{OTHER}") == 0o755


def test_there_are_several_places_to_look_for_a_socket(runtime, temporary):
    places = list(socket_paths(7, ME, runtime))
    assert places == [
        f"{runtime}/gcscope/7",
        f"{temporary}/gcscope-{ME}/7",
        f"/run/user/{ME}/gcscope/7",  # of who logs in as that user, and who asks has not
        f"/tmp/gcscope-{ME}/7",
    ]
    assert os.listdir(runtime) == os.listdir(temporary) == []


def test_a_path_that_is_too_long_for_a_socket():
    check_length("/" + "x" * 102)
    with pytest.raises(OSError, match=r"103 bytes at most, and /ä+ has 121: give listen\(\)"):
        check_length("/" + "ä" * 60)


# ------------------------------------------------------------------------- files in it


def test_an_answer_is_written_and_read(runtime):
    asked = fresh_folder(runtime, ME)
    assert mode_of(asked) == 0o700 and os.path.basename(asked).startswith("ask-")
    assert read_answer(asked, "answer", ME) is None
    write_answer(asked, "answer", b"one")
    write_answer(asked, "answer", b"x" * 1_000_000)
    assert read_answer(asked, "answer", ME) == b"x" * 1_000_000
    assert os.listdir(asked) == ["answer"] and mode_of(f"{asked}/answer") == 0o600
    remove_folder(asked)
    assert os.listdir(runtime) == []
    remove_folder(asked)


def test_no_two_folders_are_of_one_name(runtime):
    assert len({fresh_folder(runtime, ME) for _ in range(50)}) == 50


@pytest.mark.parametrize("there", ["link", "fifo", "folder", "hard link"])
def test_what_is_no_plain_file_is_no_answer(there, runtime, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    path = f"{runtime}/answer"
    if there == "link":
        os.symlink(secret, path)
    elif there == "hard link":
        os.link(secret, path)
    elif there == "fifo":
        os.mkfifo(path)
    else:
        os.mkdir(path)
    with pytest.raises(OSError):
        read_answer(runtime, "answer", ME)


@as_root
def test_a_file_of_another_user_is_no_answer(runtime):
    write_answer(runtime, "answer", b"text", owner=OTHER)
    with pytest.raises(PermissionError, match=f"belongs to the user {OTHER}, and the process to"):
        read_answer(runtime, "answer", ME)


def test_a_link_in_the_place_of_an_answer_is_replaced_and_not_followed(runtime, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    os.symlink(victim, f"{runtime}/answer")
    write_answer(runtime, "answer", b"text")
    assert victim.read_text() == "mine" and read_answer(runtime, "answer", ME) == b"text"


def test_nothing_is_written_through_a_link_in_the_place_of_the_folder(runtime, tmp_path):
    victim = tmp_path / "victim"
    victim.mkdir()
    os.symlink(victim, f"{runtime}/ask-1")
    with pytest.raises(PermissionError, match="is no folder"):
        write_answer(f"{runtime}/ask-1", "answer", b"text")
    remove_folder(f"{runtime}/ask-1")
    assert victim.exists() and list(victim.iterdir()) == []


def test_a_file_that_cannot_be_written_leaves_nothing(runtime, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder, "write_all", fail)
    with pytest.raises(OSError, match="No space left"):
        write_answer(runtime, "answer", b"text")
    assert os.listdir(runtime) == []
