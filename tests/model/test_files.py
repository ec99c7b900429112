"""files: whole or not at all, through links and pipes, and with errors that name the file."""

import os
import threading

import pytest

from gcscope.model import files
from gcscope.model.files import write_whole


def test_a_file_is_written_and_keeps_its_mode(tmp_path):
    path, link = tmp_path / "a.txt", tmp_path / "link"
    write_whole(path, "one \N{SNOWMAN}")
    assert path.read_text(encoding="utf-8") == "one \N{SNOWMAN}"
    path.chmod(0o640)
    link.symlink_to(path)
    write_whole(str(link), b"two")
    assert path.read_bytes() == b"two" and path.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink() and sorted(os.listdir(tmp_path)) == ["a.txt", "link"]


def test_what_was_there_stays_where_writing_fails(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def write_half(descriptor, data):
        os.write(descriptor, data[:1])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "write_all", write_half)
    with pytest.raises(OSError, match=r"\[Errno 28\] No space left on device: '.*a\.txt'"):
        write_whole(path, "new")
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["a.txt"]


def test_a_pipe_is_written_straight(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    read = []
    reader = threading.Thread(target=lambda: read.append(path.read_bytes()))
    reader.start()
    write_whole(path, b"x" * 200_000)
    reader.join()
    assert read == [b"x" * 200_000] and os.listdir(tmp_path) == ["pipe"]


@pytest.mark.parametrize(
    ("name", "error"), [("none/a.txt", FileNotFoundError), ("", IsADirectoryError)]
)
def test_the_error_names_the_file(tmp_path, name, error):
    path = f"{tmp_path}/{name}"
    with pytest.raises(error) as failure:
        write_whole(path, "x")
    assert failure.value.filename == path and os.listdir(tmp_path) == []
