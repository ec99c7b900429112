"""What the system says of a process: of real ones, in each state that is told apart."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gcscope.live import build, process
from gcscope.live.process import descendants, examine, has_ended, is_helper, main_thread
from gcscope.live.system_calls import NUMBERS, meaning_of_call, name_of_call
from support import FREE_THREADED
from targets import (
    AS_NOBODY,
    NOBODY,
    SLEEP,
    Target,
    compiled,
    needs_proc,
    needs_root,
    other_pythons,
    unshared,
)

pytestmark = needs_proc


def settled(pid, states, seconds=10):
    """What the system says as soon as the state is one of these."""
    end = time.monotonic() + seconds
    while examine(pid).state not in states and time.monotonic() < end:
        time.sleep(0.01)
    return examine(pid)


# ------------------------------------------------------------------------------- any process


def test_this_process():
    own = examine(os.getpid())
    assert own.exists and own.is_told and own.state == "R"
    assert (own.pid, own.parent, own.leader) == (os.getpid(), os.getppid(), os.getpid())
    assert own.uids == os.getresuid() and own.gids == os.getresgid()
    assert os.path.samefile(own.executable, os.path.realpath(sys.executable))
    assert own.shares_mounts and own.shares_root and own.may_be_read
    assert own.build.version == sys.version_info[:2]
    assert own.build.exact == sys.version.split()[0].rstrip("+")
    assert own.build.is_debug == hasattr(sys, "gettotalrefcount")
    assert own.build.is_free_threaded == FREE_THREADED
    assert not own.is_kernel and own.tracer == 0


@pytest.mark.parametrize("pid", [0, -1, 1 << 22, 1 << 40, 1 << 70])
def test_no_process_has_that_number(pid):
    told = examine(pid)
    assert not told.exists and not told.is_told and has_ended(told)


def test_one_that_has_ended():
    with Target.python() as target:
        told = examine(target.pid)
        assert not has_ended(told)
        target.process.kill()
        zombie = settled(target.pid, "Z")
        assert zombie.state == "Z" and zombie.parent == os.getpid() and has_ended(told)
    assert not examine(target.pid).exists and has_ended(told)


def test_a_number_that_is_given_again():
    own = examine(os.getpid())
    assert has_ended(own._replace(started=own.started - 1))


def test_one_that_is_stopped():
    with Target.python() as target:
        os.kill(target.pid, signal.SIGSTOP)
        assert settled(target.pid, "T").state == "T"
        os.kill(target.pid, signal.SIGCONT)
        assert settled(target.pid, "S").state == "S"


THREAD = """
import threading, time
thread = threading.Thread(target=time.sleep, args=(600,), daemon=True)
thread.start()
print('ready', thread.native_id, flush=True)
time.sleep(600)
"""


def test_a_thread_is_told_with_its_process():
    with Target.python(THREAD) as target:
        thread = int(target.words[1])
        assert examine(thread).leader == target.pid != thread


@needs_root
def test_a_thread_of_the_kernel():
    if examine(2).executable is not None or not examine(2).is_told:
        pytest.skip("no thread of the kernel is seen here")
    assert examine(2).is_kernel and examine(2).build is None


def test_a_program_that_is_no_python(tmp_path):
    program = compiled(tmp_path, "#include <unistd.h>\nint main(void) { pause(); }")
    with Target([program], waits_for=None) as target:
        told = settled(target.pid, "S")
        assert told.executable == program and told.build is None and not told.is_python
        assert main_thread(target.pid).call == NUMBERS[os.uname().machine]["pause"]


def test_a_program_with_a_name_of_its_own(tmp_path):
    """Neither a name with blanks and brackets nor one that is no text leads astray."""
    program = compiled(tmp_path, "#include <unistd.h>\nint main(void) { pause(); }", "a) Z 1 (\x1b")
    with Target([program], waits_for=None) as target:
        told = settled(target.pid, "S")
        assert told.name == "a) Z 1 (\x1b" and told.parent == os.getpid() and told.state == "S"


# ------------------------------------------------------------------------- which Python it is


@pytest.mark.parametrize("version", sorted(other_pythons()))
def test_another_version_is_known(version):
    with Target.python(interpreter=other_pythons()[version]) as target:
        told = examine(target.pid).build
        assert told.version == version
        if version >= (3, 11):
            asked = [other_pythons()[version], "-c", "import sys; print(sys.version.split()[0])"]
            exact = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
            assert told.exact == exact.strip()


def test_a_copy_under_another_name_is_known(tmp_path):
    program = tmp_path / "service"
    program.write_bytes(Path(os.path.realpath(sys.executable)).read_bytes())
    program.chmod(0o755)
    env = {"PYTHONHOME": f"{sys.base_prefix}:{sys.base_exec_prefix}"}
    with Target.python(interpreter=str(program), env=env) as target:
        told = examine(target.pid)
        assert told.executable == str(program) and told.build.version == sys.version_info[:2]


def test_python_in_another_program(tmp_path):
    """Where libpython is a library: else the executable itself is Python."""
    library = next(
        (path for path in process._mapped(os.getpid()) if build.is_python_library(path)), None
    )
    if library is None:
        pytest.skip("this Python is in one piece")
    source = """
    #include <dlfcn.h>
    #include <stdio.h>
    int main(int argc, char **argv)
    {
        void *python = dlopen(argv[argc - 1], RTLD_NOW | RTLD_GLOBAL);
        int (*run)(const char *) = (int (*)(const char *))dlsym(python, "PyRun_SimpleString");
        void (*begin)(void) = (void (*)(void))dlsym(python, "Py_Initialize");
        begin();
        return run("import time; print('ready', flush=True); time.sleep(600)");
    }
    """
    program = compiled(tmp_path, source)
    env = {"PYTHONHOME": f"{sys.base_prefix}:{sys.base_exec_prefix}"}
    with Target([program, library], env=env) as target:
        told = examine(target.pid)
        assert told.executable == program and told.build.version == sys.version_info[:2]
        assert told.build.exact == sys.version.split()[0].rstrip("+")


@pytest.mark.parametrize(
    ("name", "version", "kind"),
    [
        ("/usr/bin/python3.14", (3, 14), ""),
        ("python3.13t", (3, 13), "t"),
        ("python3.14d", (3, 14), "d"),
        ("python3.15-dbg", (3, 15), "d"),
        ("python", (3, 0), ""),
        ("python3", (3, 0), ""),
        ("python2.7", (2, 7), ""),
        ("libpython3.14td.so.1.0", (3, 14), "td"),
        ("_struct.cpython-314-x86_64-linux-gnu.so", (3, 14), ""),
        ("_struct.cpython-313td-x86_64-linux-gnu.so", (3, 13), "td"),
    ],
)
def test_names_of_python(name, version, kind):
    told = build.named_by(name)
    assert told.version == version and told.is_known == (version[1] > 0)
    assert (told.is_free_threaded, told.is_debug) == ("t" in kind, "d" in kind)


@pytest.mark.parametrize("name", ["", "ipython", "pythonw.sh", "python-config", "bash", "-bash"])
def test_names_of_others(name):
    assert build.named_by(name) is None


@pytest.mark.parametrize("damage", [0, 3, 20, 41, 200])
def test_a_damaged_file_is_no_python(tmp_path, damage):
    """Whoever can replace a file that is mapped can write anything into it."""
    whole = Path(_file_of_python()).read_bytes()
    for name, data in (
        ("short", whole[:damage]),
        ("changed", whole[:damage] + b"\xff" * 32 + whole[damage + 32 : 1 << 16]),
        ("text", b"#!/bin/sh\n" * damage),
    ):
        (tmp_path / name).write_bytes(data)
        assert build.build_of_file(str(tmp_path / name)) is None


def _file_of_python():
    libraries = filter(build.is_python_library, process._mapped(os.getpid()))
    return next(libraries, os.path.realpath(sys.executable))


def test_nothing_but_a_file_is_opened(tmp_path):
    """To open a pipe waits, to open a device can do harm."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, "/dev/null"):
        assert build.build_of_file(str(path)) is None
    with pytest.raises(FileNotFoundError):
        build.build_of_file(str(tmp_path / "nothing"))


# ---------------------------------------------------------------- other users and namespaces


@needs_root
def test_without_a_right_there_is_what_everybody_may_read():
    """A child under another uid looks at this process, which is root's."""
    with Target.python() as target:
        code = f"""
import sys
from gcscope.live import build, process
{AS_NOBODY}
told = process.examine({target.pid})
print(told.exists, told.is_told, told.uids, told.may_be_read, told.executable,
      told.shares_mounts, told.state, told.parent)
print(told.build.version if told.build else None)
"""
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        first, second = done.stdout.splitlines()
        assert first == f"True True (0, 0, 0) False None None S {os.getpid()}", done.stderr
        assert second in (str(sys.version_info[:2]), "(3, 0)")


@needs_root
def test_one_that_has_changed_its_user():
    code = f"import os; os.setgid({NOBODY}); os.setuid({NOBODY})\n{SLEEP}"
    with Target.python(code) as target:
        told = examine(target.pid)
        assert told.uids == (NOBODY,) * 3 and told.uid == NOBODY and told.is_undumpable
    with Target.python(AS_NOBODY + SLEEP) as target:
        assert not examine(target.pid).is_undumpable


def test_another_mount_namespace():
    with Target.python(prefix=unshared("-m")) as target:
        assert examine(target.pid).shares_mounts is False


def test_another_pid_namespace():
    prefix = unshared("-p", "--fork", "--kill-child")
    with Target.python(
        SLEEP.replace("'ready'", "'ready', __import__('os').getpid()"), prefix=prefix
    ) as t:
        (python,) = descendants(t.pid)
        assert t.words[1] == "1"
        told = examine(python)
        assert told.pid == python and told.pid_inside == 1


@needs_root
def test_another_root(tmp_path):
    code = f"import os; os.chroot({str(tmp_path)!r})\n{SLEEP}"
    with Target.python(code) as target:
        told = examine(target.pid)
        assert told.shares_mounts and told.shares_root is False


# ------------------------------------------------------------------------------ its children

TREE = """
import os, sys, time
def child(depth, width):
    for _ in range(width):
        if os.fork() == 0:
            if depth:
                child(depth - 1, width)
            time.sleep(600)
child(1, 2)
print('ready', os.getpid(), flush=True)
time.sleep(600)
"""


def test_descendants_are_told_parents_first():
    with Target.python(TREE) as target:
        end = time.monotonic() + 20
        while len(descendants(target.pid)) < 6 and time.monotonic() < end:
            time.sleep(0.01)
        found = descendants(target.pid)
        parents = {pid: examine(pid).parent for pid in found}
        assert len(found) == len(set(found)) == 6
        assert [parents[pid] for pid in found[:2]] == [target.pid] * 2
        assert sorted(parents[pid] for pid in found[2:]) == sorted(found[:2] * 2)
    assert descendants(target.pid) == []


def test_a_process_without_children():
    with Target.python() as target:
        assert descendants(target.pid) == []


FORK_SERVER = """
import multiprocessing as mp, os, time
if __name__ == '__main__':
    worker = mp.get_context('forkserver').Process(target=time.sleep, args=(600,))
    worker.start()
    print('ready', worker.pid, flush=True)
    time.sleep(600)
"""


def test_helpers_of_multiprocessing_are_no_workers(tmp_path):
    file = tmp_path / "program.py"
    file.write_text(FORK_SERVER)
    with Target([sys.executable, str(file)]) as target:
        worker = int(target.words[1])
        pids = descendants(target.pid)
        helpers = [pid for pid in pids if is_helper(examine(pid))]
        assert len(pids) == 3 and sorted([*helpers, worker]) == sorted(pids)
        assert not is_helper(examine(target.pid))


# ------------------------------------------------------------------------------ main threads

WAITS = {
    "time.sleep(600)": "it sleeps",
    "threading.Lock().acquire() and lock.acquire()": "it waits for a lock, or for a thread",
    "thread.join()": "it waits for a lock, or for a thread",
    "server.accept()": "it waits for a connection",
    "select.select([server], [], [])": "it waits for a file or socket",
    "asyncio.run(asyncio.sleep(600))": "it waits for events",
    "os.read(os.pipe()[0], 1)": "it reads",
    "os.waitpid(child, 0)": "it waits for another process",
    "signal.pause()": "it waits for a signal",
}
PRELUDE = """
import asyncio, os, select, signal, socket, sys, threading, time
lock = threading.Lock()
lock.acquire()
server = socket.create_server(('127.0.0.1', 0))
thread = threading.Thread(target=time.sleep, args=(600,), daemon=True)
thread.start()
child = os.fork() if 'child' in sys.argv[1] else -1
if child == 0:
    time.sleep(600)
print('ready', flush=True)
"""


@pytest.mark.parametrize("statement", WAITS)
def test_what_the_main_thread_waits_for(statement):
    with Target([sys.executable, "-c", PRELUDE + statement, statement]) as target:
        end = time.monotonic() + 20
        while main_thread(target.pid).call is None and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(0.1)  # not the call before
        doing = main_thread(target.pid)
        assert doing.state == "S" and not doing.others_run
        assert meaning_of_call(name_of_call(doing.call)) == WAITS[statement]


def test_a_main_thread_that_runs():
    with Target.python("print('ready', flush=True)\nwhile True: pass") as target:
        doing = main_thread(target.pid)
        assert doing.state == "R" and doing.call is None and doing.wchan == ""


def test_numbers_of_system_calls_are_those_of_the_system():
    folder = Path("/usr/include")
    files = {"x86_64": "x86_64-linux-gnu/asm/unistd_64.h", "aarch64": "asm-generic/unistd.h"}
    found = False
    for machine, name in files.items():
        if (folder / name).exists():
            found = True
            said = {}
            for line in (folder / name).read_text().splitlines():
                words = line.split()
                if len(words) == 3 and words[1].startswith(("__NR_", "__NR3264_")):
                    if words[2].isdigit():
                        said[words[1].replace("__NR3264_", "__NR_")] = words[2]
            for call, number in NUMBERS[machine].items():
                if f"__NR_{call}" in said:
                    assert said[f"__NR_{call}"] == str(number), (machine, call)
    if not found:
        pytest.skip("needs headers of the kernel")


def test_an_unknown_call_is_told_by_its_number():
    assert name_of_call(99999) == "system call 99999" and meaning_of_call("nonsense") == ""


# --------------------------------------------------------------------------- without /proc


def test_without_proc_it_is_known_whether_there_is_a_process(monkeypatch, tmp_path):
    monkeypatch.setattr(process, "PROC", str(tmp_path))
    told = examine(os.getpid())
    assert told.exists and not told.is_told and told.build is None and told.uid == os.geteuid()
    assert not has_ended(told) and not examine(1 << 22).exists
    assert descendants(os.getpid()) == []
