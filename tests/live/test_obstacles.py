"""The lines that say what hinders; those that a command meets are in test_errors."""

import errno
import os
import signal
import sys
import time

import pytest

from gcscope.live import obstacles, process
from gcscope.live.build import Build
from gcscope.live.obstacles import command_inside, obstacle_of, obstacle_to, why_silent
from gcscope.live.process import Process, container_of, examine, main_thread
from targets import SLEEP, Target, needs_proc, this

pytestmark = needs_proc
ID = "0123456789abcdef" * 4


def a_process(**values):
    told = {
        "exists": True,
        "is_told": True,
        "state": "S",
        "leader": 4711,
        "uids": (os.geteuid(),) * 3,
        "arguments": ("/opt/venv/bin/python", "-m", "web"),
        "executable": "/usr/bin/python3.14",
        "build": Build(this()),
        "pid_inside": 7,
        "shares_mounts": True,
        "shares_root": True,
        "may_be_read": True,
    }
    return Process(4711, **{**told, **values})


def in_one_line(text):
    assert text.isprintable() and text == text.strip() and len(text) < 500, text
    return text


# ------------------------------------------------------------------------------- containers

CONTAINERS = {
    f"12:pids:/docker/{ID}\n": ("docker", ID, ""),
    f"0::/system.slice/docker-{ID}.scope\n": ("docker", ID, ""),
    f"0::/user.slice/user-1000.slice/libpod-{ID}.scope/container\n": ("podman", ID, ""),
    f"0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-{ID}.scope\n": ("kubernetes", "", ""),
    f"11:cpu:/kubepods/besteffort/pod1b/{ID}\n": ("kubernetes", "", ""),
    "0::/lxc.payload.web-1/init.scope\n": ("lxc", "web-1", ""),
    "5:memory:/lxc/web-1\n": ("lxc", "web-1", ""),
    "0::/machine.slice/systemd-nspawn@web.service/payload\n": ("nspawn", "web", ""),
    "0::/user.slice/user-1000.slice/session-2.scope\n": ("", "", ""),
    "0::/\n": ("", "", ""),
}


@pytest.mark.parametrize("groups", CONTAINERS)
def test_a_container_is_known_by_its_control_group(monkeypatch, tmp_path, groups):
    (tmp_path / "4711").mkdir()
    (tmp_path / "4711/cgroup").write_text(groups)
    monkeypatch.setattr(process, "PROC", str(tmp_path))
    assert container_of(a_process()) == CONTAINERS[groups]


LINES = {
    f"12:pids:/docker/{ID}\n": f"docker exec {ID[:12]} /opt/venv/bin/python -m gcscope attach 7",
    "5:memory:/lxc/web-1\n": "lxc-attach -n web-1 -- /opt/venv/bin/python -m gcscope attach 7",
    "0::/machine.slice/machine-web.scope\n": "machinectl shell web /usr/bin/env "
    "/opt/venv/bin/python -m gcscope attach 7",
    "0::/kubepods/pod1\n": "kubectl exec POD -- /opt/venv/bin/python -m gcscope attach 7",
    "0::/\n": "sudo nsenter --target 4711 --mount --pid /opt/venv/bin/python -m gcscope attach 7",
}


@pytest.mark.parametrize("groups", LINES)
def test_the_command_of_a_container(monkeypatch, tmp_path, groups):
    (tmp_path / "4711").mkdir()
    (tmp_path / "4711/cgroup").write_text(groups)
    monkeypatch.setattr(process, "PROC", str(tmp_path))
    assert command_inside(a_process()) == LINES[groups]


def test_root_is_not_to_run_what_a_process_has_chosen():
    """But with the rights of that process alone."""
    of_another = {"uids": (1000,) * 3, "gids": (50,) * 3}
    assert " --mount --pid --setuid 1000 --setgid 50 /opt/" in command_inside(
        a_process(**of_another)
    )
    said = obstacle_to(a_process(shares_root=False, **of_another))
    assert ": chroot --userspec=1000:50 " in said


@pytest.mark.parametrize(
    ("arguments", "program"),
    [
        (("python", "x.py"), "/usr/bin/python3.14"),
        (("/opt/a b/python3;id",), "/usr/bin/python3.14"),
        (("/opt/$(id)/bin/python",), "'/opt/$(id)/bin/python'"),
        (("/opt/\x1b]0;x\a/python",), r"'/opt/\x1b]0;x\x07/python'"),
        ((), "/usr/bin/python3.14"),
    ],
)
def test_what_a_process_calls_itself_is_one_word_of_a_command(arguments, program):
    told = a_process(arguments=arguments, shares_mounts=False)
    if arguments == ("/opt/a b/python3;id",):
        program = "'/opt/a b/python3;id'"
    assert f" {program} -m gcscope attach 7" in in_one_line(obstacle_to(told))


def test_an_embedded_python_is_asked_with_one_of_its_version():
    told = a_process(
        arguments=("uwsgi",), executable="/usr/bin/uwsgi", build=Build((3, 14)), shares_mounts=False
    )
    assert obstacle_to(told).endswith(" python3.14 -m gcscope attach 7")


@pytest.mark.parametrize("scope", ["1", "2"])
def test_in_a_container_nobody_is_told_of_sudo(monkeypatch, scope):
    monkeypatch.setattr(obstacles, "_setting", lambda _: scope)
    monkeypatch.setattr(obstacles, "_is_in_container", lambda: False)
    told = a_process()
    line = obstacles._closed_by_yama(told, obstacles._by_root(told))
    assert f"ptrace_scope is {scope}" in line and "sudo /" in line
    monkeypatch.setattr(obstacles, "_is_in_container", lambda: True)
    line = in_one_line(obstacles._closed_by_yama(told, obstacles._by_root(told)))
    assert "--cap-add=SYS_PTRACE" in line and "gcscope.listen()" in line and "sudo /" not in line


# -------------------------------------------------------------------------- before it is asked


def test_nothing_hinders():
    if this() >= (3, 14):
        told = a_process(build=obstacles.own_build())
        assert obstacle_to(told) is None
    assert obstacle_to(a_process(), by_socket=True) is None


@pytest.mark.parametrize(
    "values",
    [
        {"build": Build((3, 12))},
        {"build": Build((3, 14), is_debug=True)},
        {"build": None},
        {"may_be_read": False},
        {"shares_mounts": False},
    ],
)
def test_one_that_listens_is_asked_whatever_it_runs(values):
    assert obstacle_to(a_process(**values)) is not None
    assert obstacle_to(a_process(**values), by_socket=True) is None


@pytest.mark.parametrize("state", ["Z", "T", "t"])
def test_one_that_listens_is_not_asked_where_it_cannot_answer(state):
    assert in_one_line(obstacle_to(a_process(state=state), by_socket=True))


def test_another_kind_of_build():
    """With the GIL, and without: CPython itself lets neither ask the other."""
    own = obstacles.own_build()
    other = own._replace(is_free_threaded=not own.is_free_threaded)
    line = in_one_line(obstacle_to(a_process(build=other)))
    if own.version >= (3, 14):
        assert f"runs {other}, and this is {own}: ask with its own" in line
        assert "/opt/venv/bin/python -m gcscope attach 4711" in line
        assert obstacle_to(a_process(build=own)) is None
    assert obstacle_to(a_process(build=other), by_socket=True) is None


def test_a_debug_build_is_another():
    told = a_process(build=Build((3, 14), is_debug=not hasattr(sys, "gettotalrefcount")))
    line = in_one_line(obstacle_to(told))
    assert "/opt/venv/bin/python -m gcscope attach 4711" in line and "a debug build" in line


def test_this_command_itself():
    assert "itself" in obstacle_to(examine(os.getpid()))


# ----------------------------------------------------------------- what sys.remote_exec raised


def raised(error, cause=None):
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (raised(RuntimeError("Can't find the main thread in the remote process")), "ask again"),
        (
            raised(
                RuntimeError("Can't determine the Python version of the remote process"),
                RuntimeError("Failed to find the PyRuntime section in process 1 on Linux platform"),
            ),
            "no Python that can be asked",
        ),
        (
            RuntimeError(
                "Can't send commands to a pre-release Python interpreter from a process running "
                "a different Python version"
            ),
            "pre-release",
        ),
        (OSError(errno.EIO, "some\nthing \x1b[1m new"), r"some\nthing \x1b[1m new"),
        (AttributeError("module 'sys' has no attribute 'remote_exec'"), "this"),
        (ProcessLookupError(errno.ESRCH, "No such process"), "ended while it was asked"),
        (
            RuntimeError("Remote debugging is not enabled in the remote process"),
            "was started with remote debugging switched off",
        ),
    ],
)
def test_what_is_raised_is_told_in_one_line(error, words):
    own = examine(os.getppid())
    assert words in in_one_line(obstacle_of(error))
    assert words in in_one_line(obstacle_of(error, own))


def test_a_chain_that_has_no_end():
    error, cause = RuntimeError("a"), RuntimeError("b")
    error.__cause__, cause.__cause__ = cause, error
    assert "cannot be asked: a / b" in obstacle_of(error)


def test_a_right_that_is_there_is_not_told_as_missing():
    with Target.python() as target:
        line = in_one_line(obstacle_of(PermissionError(1, "no"), examine(target.pid)))
        assert "seccomp" in line
        target.process.kill()
        target.process.wait()
        assert "ended" in obstacle_of(PermissionError(1, "no"), examine(target.pid))


# --------------------------------------------------------------------------- nobody answered


def asleep(target):
    """What the system says of it as soon as its main thread waits."""
    end = time.monotonic() + 10
    while main_thread(target.pid).state == "R" and time.monotonic() < end:
        time.sleep(0.01)
    return examine(target.pid)


def test_why_a_sleeper_is_silent():
    with Target.python() as target:
        told = asleep(target)
        line = in_one_line(why_silent(told, 10))
        assert f"process {target.pid} has not answered in 10 s" in line
        assert "it sleeps (clock_nanosleep)" in line and "gcscope.listen()" in line
        line = in_one_line(why_silent(told, 1.5, by_socket=True))
        assert "in 1.5 s: it listens, but it sleeps" in line and "--timeout" in line
        os.kill(target.pid, signal.SIGSTOP)
        time.sleep(0.1)
        assert "stopped by a signal" in in_one_line(why_silent(told, 10))
        target.process.kill()
        target.process.wait()
        assert "ended before it answered" in in_one_line(why_silent(told, 10))


def test_why_one_that_computes_is_silent():
    with Target.python("print('ready', flush=True); sum(range(10**12))") as target:
        told = examine(target.pid)
        assert "one long call of C code" in in_one_line(why_silent(told, 10))
        assert "one long call of C code" in in_one_line(why_silent(told, 10, by_socket=True))


THREADS = """
import threading, time
threading.Timer(0.1, sum, args=(range(10**12),)).start()
print('ready', flush=True)
time.sleep(600)
"""


def test_another_thread_may_keep_the_lock():
    with Target.python(THREADS) as target:
        time.sleep(1)
        assert "Another thread runs" in in_one_line(why_silent(examine(target.pid), 10))


def test_without_proc_it_is_said_what_is_not_known(monkeypatch, tmp_path):
    with Target.python(SLEEP) as target:
        monkeypatch.setattr(process, "PROC", str(tmp_path))
        monkeypatch.setattr(obstacles, "PROC", str(tmp_path))
        told = examine(target.pid)
        assert obstacle_to(told) is None
        assert "no /proc" in in_one_line(why_silent(told, 10))
        assert "no right" in in_one_line(obstacle_of(PermissionError(1, "no"), told))
        assert "if any, is not told" in in_one_line(obstacle_of(RuntimeError("PyRuntime"), told))
    assert "there is no process" in obstacle_to(examine(target.pid))
