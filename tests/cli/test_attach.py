"""The command `attach`, as a user meets it."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from gcscope.model.record import Record
from support import FREE_THREADED, PLAIN_ENV
from targets import Target, needs_proc

NEEDS_REMOTE = pytest.mark.skipif(sys.version_info < (3, 14), reason="needs sys.remote_exec")

# An older Python answers where it listens.
SERVICE = """
import gc, sys, time
if sys.version_info < (3, 14):
    import gcscope
    gcscope.listen()
gc.disable()
class Session: pass
kept = {"ann@example.org": [1]}
def leak():
    session = Session()
    session.owner = session
leak()
print("ready", flush=True)
while True: time.sleep(0.002)
"""


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))


@pytest.fixture
def attach(python):
    return lambda *arguments, **how: python("-m", "gcscope", "attach", *arguments, **how)


# ---------------------------------------------------------------------------------- usage


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "PID"),
        (("x",), "'x' is not the number of a process; `pgrep -a python` lists them"),
        (("0",), "'0' is not the number of a process"),
        (("9" * 40,), "is not the number of a process"),
        (("1", "--growth", "0"), "'0' is no number of seconds, up to a week"),
        (("1", "--growth", "nan"), "'nan' is no number of seconds"),
        (("1", "--growth", "1e9"), "'1e9' is no number of seconds"),
        (("1", "--timeout", "-1"), "'-1' is no number of seconds"),
        (("1", "--growth", "1", "--census"), "not allowed with"),
        (("1", "--growth", "1", "--fork"), "--fork is for one look: --growth is one of many"),
        (("1", "--pauses", "1", "--fork"), "--fork is for one look: --pauses is one of many"),
        (("1", "--why", "a()"), "names, attributes and constant keys"),
        (("1", "--tree", "--why", "a"), "--why is for one process: ask each without --tree"),
        (("1", "--tree", "--pauses", "1"), "--pauses is for one process"),
    ],
)
def test_wrong_usage(attach, arguments, said):
    done = attach(*arguments)
    assert done.code == 2 and done.out == "" and said in done.err, done


def test_a_name_that_is_not_for_json(attach):
    done = attach("1", "-o", "x.svg")
    assert done.code == 1 and "-o keeps JSON" in done.err, done


def test_a_file_that_cannot_be_written_is_told_before_anybody_is_asked(attach, tmp_path):
    done = attach(str(os.getpid()), "-o", str(tmp_path / "none" / "x.json"))
    assert done.code == 1 and "there is no directory" in done.err, done


def test_no_such_process(attach, tmp_path):
    file = tmp_path / "x.json"
    done = attach(str((1 << 22) + 5), "-o", str(file))
    assert done.code == 1 and done.out == "" and done.err.count("\n") == 1, done
    assert not file.exists()


# ------------------------------------------------------------------------------- the answer


def test_a_report_is_headed_by_its_process(attach, tmp_path):
    file = tmp_path / "x.json"
    with Target.python(SERVICE) as target:
        done = attach(target.pid, "-o", str(file))
        assert done.code == 0 and done.err == "", done
        head, *lines = done.out.splitlines()
        assert head.startswith(f"-c, pid {target.pid} on ") and "stopped for 0." in head
        # in a free-threaded build code and classes wait with it, for the collector alone
        told = r"\d+ unreachable objects, .* them" if FREE_THREADED else "1 unreachable object"
        assert "Python 3." in head and re.match(told, lines[0]) and "Session" in done.out, done
    shown = json.loads(file.read_text())
    assert shown["kind"] == "report" and shown["header"]["pid"] == target.pid


def test_one_line_of_json(attach):
    with Target.python(SERVICE) as target:
        done = attach(target.pid, "--json")
    assert done.code == 0 and done.out.count("\n") == 1, done
    assert json.loads(done.out)["header"]["pid"] == target.pid
    assert Record.from_json(done.out).objects >= 1


def test_the_other_questions(attach):
    with Target.python(SERVICE) as target:
        done = attach(target.pid, "--census")
        assert done.code == 0 and "dict" in done.out, done
        done = attach(target.pid, "--why", "kept['ann@example.org']")
        assert done.code == 0 and "ann@example.org" in done.out, done
        done = attach(target.pid, "--no-keys", "--why", "kept['ann@example.org']")
        assert done.code == 0 and "ann" not in done.out and "[*]" in done.out, done
        done = attach(target.pid, "--growth", "1")
        assert done.code == 0 and "grew" in done.out, done
        done = attach(target.pid, "--pauses", "0.5")
        assert done.code == 0 and "collection" in done.out, done
        done = attach(target.pid, "--fork")
        if FREE_THREADED:  # whose other threads may hold any lock
            assert done.code == 1 and "no forked child can look" in done.err, done
        else:
            assert done.code == 0 and "Session" in done.out, done
        done = attach(target.pid, "--why", "kept['bob']")
        assert done.code == 1 and done.err.count("\n") == 1, done
        assert "kept has no ['bob'] that can be read" in done.err


TREE = """
import os, time
for number in range(2):
    if os.fork() == 0: break
else:
    number = 2
""" + SERVICE.replace("print(", "time.sleep(0.5 * number); number < 2 or print(")


def test_a_tree(attach, tmp_path):
    file = tmp_path / "x.json"
    with Target.python(TREE) as target:
        done = attach(target.pid, "--tree", "-o", str(file))
        assert done.code == 0 and done.err == "", done
        assert "3 processes" in done.out and "in 3 of 3 processes" in done.out, done
    merged = Record.from_json(file.read_text())
    assert len(merged.processes) == 3 and merged.report.cycles[0].count == 3


WORKERS = """
import gc, multiprocessing, sys, time
class Session: pass
def work(ready, leaky):
    if sys.version_info < (3, 14):
        import gcscope
        gcscope.listen()
    gc.disable()
    if leaky:
        session = Session()
        session.owner = session
        del session
    ready.release()
    while True: time.sleep(0.002)
if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    common = context.Semaphore(0)
    for _ in range(2):
        context.Process(target=work, args=(common, True), daemon=True).start()
    for _ in range(2):
        common.acquire()
    print("ready", flush=True)
    work(common, False)
"""


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_workers_of_multiprocessing(attach, tmp_path, method):
    """The processes of ours and theirs, and not what multiprocessing has for itself."""
    file = tmp_path / "workers.py"
    file.write_text(WORKERS)
    with Target([sys.executable, str(file), method]) as target:
        done = attach(target.pid, "--tree")
        assert done.code == 0 and done.err == "", done
        assert "3 processes" in done.out and "in 2 of 3 processes" in done.out, done


@NEEDS_REMOTE
def test_a_tree_in_which_one_waits(attach):
    code = TREE.replace("while True", "while number == 2: time.sleep(600)\nwhile True")
    with Target.python(code) as target:
        done = attach(target.pid, "--tree", "--timeout", "1")
        assert done.code == 1 and "2 processes" in done.out, done
        assert done.err.count("\n") == 1 and "blocked in C" in done.err


def descriptors(pid):
    """Those of a process that can be looked at."""
    for name in os.listdir(f"/proc/{pid}/fd"):
        if os.path.islink(f"/proc/{pid}/fd/{name}"):
            yield f"/proc/{pid}/fd/{name}"


@needs_proc
def test_an_interrupt_ends_it_at_once(tmp_path):
    """Also where it waits in many threads for who looks for long."""
    place = {**os.environ, **PLAIN_ENV, "TMPDIR": str(tmp_path), "XDG_RUNTIME_DIR": ""}
    code = "import gcscope, time; gcscope.listen(); print('ready', flush=True); time.sleep(600)"
    with Target.python(code, env=place) as target:
        words = [sys.executable, "-m", "gcscope", "attach", "--tree", "--growth", "600"]
        asking = subprocess.Popen(
            [*words, str(target.pid)], env=place, text=True, stderr=subprocess.PIPE,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip
        until = time.monotonic() + 60
        while not any(os.readlink(fd).startswith("socket:") for fd in descriptors(asking.pid)):
            assert asking.poll() is None and time.monotonic() < until
            time.sleep(0.05)
        asking.send_signal(signal.SIGINT)
        _, err = asking.communicate(timeout=30)
        assert (asking.returncode, err) == (130, "gcscope: given up\n")
