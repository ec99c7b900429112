"""What hinders asking: one line that says what to do, exit code 1, and the process is unharmed.

Each as a user meets it: through the command, with a real process.
"""

import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gcscope.live.process import examine
from support import PLAIN_ENV, Finished
from targets import (
    AS_NOBODY,
    NOBODY,
    PACKAGE,
    SLEEP,
    Target,
    compiled,
    needs_proc,
    needs_root,
    other_pythons,
    readable_python,
    this,
    unshared,
)

pytestmark = needs_proc
ASKS = pytest.mark.skipif(this() < (3, 14), reason="needs sys.remote_exec")
LISTENS = pytest.mark.skipif(this() >= (3, 14), reason="any process of 3.14 answers")
BUSY = "print('ready', flush=True)\nwhile True: sum(range(1000))"
IN_C = "import time; print('ready', flush=True); time.sleep(0.2)\nsum(range(10**12))"


def command(pid, *options, interpreter=sys.executable, flags=()):
    return [interpreter, *flags, "-m", "gcscope", "attach", str(pid), *map(str, options)]


def attach(pid, *options, prefix=(), env=None, timeout=60, **how):
    """Ask a process with the command; what it exits with, and says."""
    done = subprocess.run(
        [*prefix, *command(pid, *options, **how)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=timeout,
        stdin=subprocess.DEVNULL,
        cwd="/",
        env={**os.environ, **PLAIN_ENV, "PYTHONPATH": PACKAGE, **(env or {})},
    )
    return Finished(done)


def refusal(done, *words):
    """The one line that the command says, with these words in it."""
    assert done.code == 1 and done.out == "", done
    assert re.fullmatch(r"gcscope: [^\n]+\n", done.err) and done.err.isprintable() is False, done
    line = done.err.rstrip("\n")
    assert line.isprintable() and "Traceback" not in line, done
    for word in words:
        assert word in line, (word, line)
    return line


# ------------------------------------------------------------------------------- wrong number


def test_no_such_process():
    with Target.python() as target:
        pass
    refusal(attach(target.pid), f"there is no process {target.pid}", "pgrep")


@pytest.mark.parametrize("number", ["0", "-5", "x", "99999999999999999999999"])
def test_a_number_that_none_can_have(number):
    done = attach(number)
    assert done.code in (1, 2) and done.out == "" and "Traceback" not in done.err, done


def test_a_zombie():
    with Target.python() as target:
        target.process.kill()
        os.waitid(os.P_PID, target.pid, os.WEXITED | os.WNOWAIT)
        refusal(attach(target.pid), "has ended", f"process {os.getpid()}", "exit code")


@needs_root
def test_a_thread_of_the_kernel():
    if not examine(2).is_kernel:
        pytest.skip("no thread of the kernel is seen here")
    refusal(attach(2), "a thread of the kernel")


def test_a_thread_of_a_process():
    code = """
import threading, time
thread = threading.Thread(target=time.sleep, args=(600,), daemon=True)
thread.start()
print('ready', thread.native_id, flush=True)
time.sleep(600)
"""
    with Target.python(code) as target:
        thread = target.words[1]
        refusal(attach(thread), f"a thread of process {target.pid}: gcscope attach {target.pid}")
        assert target.is_unharmed()


def test_no_python(tmp_path):
    program = compiled(
        tmp_path, "#include <unistd.h>\nint main(void) { pause(); }", "ser\x1b[31mvice"
    )
    with Target([program], waits_for=None) as target:
        time.sleep(0.1)
        line = refusal(attach(target.pid), "no CPython", r"ser\x1b[31mvice")
        assert "\x1b" not in line and target.is_unharmed()


# ------------------------------------------------------------------------------ another Python


@pytest.mark.parametrize("version", sorted(v for v in other_pythons() if v < (3, 11)))
def test_a_python_that_is_too_old(version):
    with Target.python(interpreter=other_pythons()[version]) as target:
        refusal(attach(target.pid), f"Python {version[0]}.{version[1]}", "3.11 and newer")
        assert target.is_unharmed()


@pytest.mark.parametrize(
    "version", sorted({v for v in (*other_pythons(), this()) if (3, 11) <= v < (3, 14)})
)
def test_a_python_that_does_not_listen(version):
    interpreter = {**other_pythons(), this(): sys.executable}[version]
    with Target.python(interpreter=interpreter) as target:
        named = f"Python {version[0]}.{version[1]}"
        refusal(attach(target.pid), named, "gcscope.listen()", "GCSCOPE_LISTEN=1")
        assert target.is_unharmed()


@pytest.mark.parametrize("version", sorted(v for v in other_pythons() if v >= (3, 14)))
def test_another_python(version):
    interpreter = other_pythons()[version]
    with Target.python(interpreter=interpreter) as target:
        own = f"this is Python {this()[0]}.{this()[1]}"
        there = f"{os.path.realpath(interpreter)} -m gcscope attach {target.pid}"
        line = refusal(attach(target.pid), f"runs Python {version[0]}.{version[1]}", own)
        assert there in line or f"{interpreter} -m gcscope attach {target.pid}" in line
        assert target.is_unharmed()


# -------------------------------------------------------------------- what /proc does not show


@needs_root
def test_a_process_that_proc_hides():
    script = 'mount -t proc -o hidepid=2 proc /proc && exec "$@"'
    with Target.python() as target:
        done = attach_as_nobody(target.pid, prefix=[*unshared("-m"), "sh", "-c", script, "sh"])
        refusal(done, f"process {target.pid} is hidden from you", "hidepid", "sudo ")
        assert target.is_unharmed()


@needs_root
def test_a_proc_of_another_namespace():
    """It has other processes under the same numbers."""
    script = 'sleep 60 & pid=$!; "$@" $pid; code=$?; kill $pid; exit $code'
    prefix = [*unshared("-p", "--fork", "--kill-child"), "sh", "-c", script, "sh"]
    done = subprocess.run(
        [*prefix, sys.executable, "-m", "gcscope", "attach"],
        capture_output=True,
        text=True,
        timeout=60,
        cwd="/",
        env={**os.environ, **PLAIN_ENV, "PYTHONPATH": PACKAGE},
    )
    refusal(Finished(done), "another PID namespace", "mount -t proc proc /proc")


# ------------------------------------------------------------------------------------ rights


@ASKS
@needs_root
def test_a_user_may_ask_a_process_of_one_s_own():
    with Target.python(AS_NOBODY + BUSY) as target:
        done = attach_as_nobody(target.pid)
        assert done.code == 0 and f"pid {target.pid}" in done.out, done


def attach_as_nobody(pid, *options, prefix=()):
    interpreter = readable_python()
    if interpreter is None:
        pytest.skip("needs a Python that another user may run")
    drop = f"import os, sys; os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})\n"
    drop += "os.execv(sys.argv[1], sys.argv[1:])"
    asked = command(pid, *options, interpreter=interpreter, flags=("-B",))
    done = subprocess.run(
        [*prefix, sys.executable, "-c", drop, *asked],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        stdin=subprocess.DEVNULL,
        cwd="/",
        env={**os.environ, **PLAIN_ENV, "PYTHONPATH": PACKAGE, "HOME": "/nonexistent"},
    )
    return Finished(done)


@needs_root
def test_another_user_has_no_right():
    with Target.python() as target:
        line = refusal(attach_as_nobody(target.pid), "no right", "root (uid 0)", "nobody", "sudo /")
        assert f"-m gcscope attach {target.pid}" in line
        assert target.is_unharmed()


@needs_root
def test_a_process_that_has_changed_its_user_is_closed_to_it():
    code = f"import os; os.setgid({NOBODY}); os.setuid({NOBODY})\n{SLEEP}"
    with Target.python(code) as target:
        refusal(attach_as_nobody(target.pid), "no right", "PR_SET_DUMPABLE", "sudo ")
        assert target.is_unharmed()


@needs_root
def test_a_process_with_more_capabilities():
    code = f"""
import ctypes, os
libc = ctypes.CDLL(None)
libc.prctl(8, 1, 0, 0, 0)  # PR_SET_KEEPCAPS
os.setgid({NOBODY}); os.setuid({NOBODY})
libc.prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE
{SLEEP}"""
    with Target.python(code) as target:
        refusal(attach_as_nobody(target.pid), "no right", "capabilities", "CAP_SYS_PTRACE", "sudo ")
        assert target.is_unharmed()


def without(*capabilities):
    """The words that run a command without some capabilities, though as root."""
    if shutil.which("capsh") is None and shutil.which("setpriv") is None:
        pytest.skip("needs setpriv")
    named = ",".join(f"-{name}" for name in capabilities)
    return ["setpriv", f"--bounding-set={named}", f"--inh-caps={named}"]


@needs_root
def test_root_without_the_capability():
    with Target.python(AS_NOBODY + SLEEP) as target:
        done = attach(target.pid, prefix=without("sys_ptrace"))
        refusal(done, "no right", "SYS_PTRACE", "--cap-add=SYS_PTRACE", "securityContext")
        assert target.is_unharmed()


def with_scope(folder, scope):
    """The words that run a command where Yama says so, as far as its setting goes."""
    folder.chmod(0o755)
    (folder / "yama").mkdir()
    (folder / "yama/ptrace_scope").write_text(f"{scope}\n")
    script = f'mount --bind {folder} /proc/sys/kernel && exec "$@"'
    return [*unshared("-m"), "sh", "-c", script, "sh"]


IN_USER_NAMESPACE = f"""
import ctypes, os
pid, (there, here) = os.getpid(), os.pipe()
if os.fork() == 0:  # who is in the namespace may not say which users it has
    os.read(there, 1)
    for name in ('uid_map', 'gid_map'):
        with open(f'/proc/{{pid}}/{{name}}', 'w') as file:
            file.write('0 0 100000')
    os._exit(0)
if ctypes.CDLL(None).unshare(0x10000000):
    print('denied', flush=True)
os.write(here, b'x')
assert os.wait()[1] == 0
{AS_NOBODY}
{SLEEP}
"""


def closed_by_the_system():
    """A process of nobody's own, into which nobody may look all the same."""
    target = Target.python(IN_USER_NAMESPACE)
    target.may_be_denied = True
    return target


@needs_root
@pytest.mark.parametrize(
    ("scope", "words"),
    [
        ("1", ("its own children", "sysctl kernel.yama.ptrace_scope=0")),
        ("2", ("nobody without CAP_SYS_PTRACE",)),
        ("3", ("until the next start", "gcscope.listen()")),
    ],
)
def test_yama(tmp_path, scope, words):
    """The setting is a made-up one: it is not on every system, and 3 cannot be taken back."""
    with closed_by_the_system() as target:
        done = attach_as_nobody(target.pid, prefix=with_scope(tmp_path, scope))
        line = refusal(done, "no right", f"kernel.yama.ptrace_scope is {scope}", *words)
        assert scope == "3" or "sudo /" in line or "--cap-add=SYS_PTRACE" in line
        assert target.is_unharmed()


@needs_root
def test_another_user_namespace():
    if os.path.exists("/proc/sys/kernel/yama/ptrace_scope"):
        pytest.skip("Yama is told first")
    with closed_by_the_system() as target:
        refusal(attach_as_nobody(target.pid), "no right", "another user namespace", "sudo ")
        assert target.is_unharmed()


FILTER = """
import ctypes, os, struct, sys
def step(code, yes, no, value): return struct.pack('<HBBI', code, yes, no, value)
number = {'x86_64': 310, 'aarch64': 270}[os.uname().machine]
program = step(0x20, 0, 0, 0) + step(0x15, 0, 1, number) + step(0x06, 0, 0, 0x50001)
program += step(0x06, 0, 0, 0x7fff0000)
kept = ctypes.create_string_buffer(program)
class Program(ctypes.Structure):
    _fields_ = [('length', ctypes.c_ushort), ('steps', ctypes.c_void_p)]
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(38, 1, 0, 0, 0)
given = Program(4, ctypes.addressof(kept))
assert libc.prctl(22, 2, ctypes.byref(given), 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
"""


@ASKS
def test_a_filter_of_system_calls():
    with Target.python() as target:
        done = attach(target.pid, prefix=(sys.executable, "-c", FILTER))
        refusal(done, "process_vm_readv", "seccomp", "--cap-add=SYS_PTRACE")
        assert target.is_unharmed()


# ------------------------------------------------------------------------- switched off


@ASKS
@pytest.mark.parametrize(
    ("options", "env", "named"),
    [
        (("-X", "disable-remote-debug"), {}, "-X disable-remote-debug"),
        ((), {"PYTHON_DISABLE_REMOTE_DEBUG": "1"}, "PYTHON_DISABLE_REMOTE_DEBUG"),
    ],
)
def test_switched_off_there(options, env, named):
    with Target.python(SLEEP, *options, env=env) as target:
        refusal(attach(target.pid), "switched off", f"by {named}", "gcscope.listen()")
        assert target.is_unharmed()


@ASKS
@pytest.mark.parametrize(
    ("flags", "env", "named"),
    [
        (("-X", "disable-remote-debug"), {}, "-X disable-remote-debug"),
        ((), {"PYTHON_DISABLE_REMOTE_DEBUG": "1"}, "PYTHON_DISABLE_REMOTE_DEBUG"),
    ],
)
def test_switched_off_here(flags, env, named):
    with Target.python(BUSY) as target:
        refusal(attach(target.pid, env=env, flags=flags), named, "without it")
        assert target.is_unharmed()


# ---------------------------------------------------------------------------- containers

ID = "3f2a" * 16


def in_container(folder, name, text=""):
    """The words that run a command where a file is mounted as engines of containers do it."""
    file = folder / name
    file.parent.mkdir(parents=True)
    file.write_text(text)
    script = f'mount --bind {file} /etc/hostname && exec "$@"'
    if not os.path.exists("/etc/hostname"):
        pytest.skip("needs /etc/hostname")
    return [*unshared("-m", "-p", "--fork", "--kill-child"), "sh", "-c", script, "sh"]


INSIDE = "import os, time; print('ready', os.getpid(), flush=True); time.sleep(600)"


@pytest.mark.parametrize(
    ("name", "env", "line"),
    [
        (f"docker/containers/{ID}/hostname", {}, f"docker exec {ID[:12]} "),
        (f"overlay-containers/{ID}/userdata/hostname", {}, f"podman exec {ID[:12]} "),
        (
            "kubelet/pods/0b1d/containers/web/7f",
            {"HOSTNAME": "shop-6d5f-x2"},
            "kubectl exec shop-6d5f-x2 -c web -- ",
        ),
        ("kubelet/pods/0b1d/etc-hosts", {"HOSTNAME": "a;reboot"}, "kubectl exec POD -- "),
    ],
)
def test_a_container(tmp_path, name, env, line):
    prefix = in_container(tmp_path, name)
    with Target.python(INSIDE, prefix=prefix, env=env) as target:
        pid = inner(target)
        said = refusal(attach(pid), "file systems of its own", line)
        assert said.endswith(f" -m gcscope attach {target.words[1]}"), said
        assert target.is_unharmed()


def inner(target):
    """The Python in a namespace of numbers, by the number that it has outside."""
    from gcscope.live.process import descendants

    return descendants(target.pid)[-1]


def test_a_container_of_which_nobody_says_what_it_is():
    with Target.python(prefix=unshared("-m")) as target:
        said = refusal(attach(target.pid), "nsenter --target", "mount namespace")
        assert said.endswith(f"-m gcscope attach {target.pid}")
        assert target.is_unharmed()


@needs_root
def test_a_container_by_its_control_group():
    group = Path("/sys/fs/cgroup/pids/docker") / ID
    if not (group.parent.parent / "cgroup.procs").exists():
        pytest.skip("needs the first version of control groups")
    try:
        group.mkdir(parents=True)
    except OSError:
        pytest.skip("needs a hierarchy of control groups that may be changed")
    try:
        with Target.python(prefix=unshared("-m")) as target:
            (group / "cgroup.procs").write_text(str(target.pid))
            refusal(attach(target.pid), f"docker exec {ID[:12]} ", "Docker")
        end = time.monotonic() + 5
        while (group / "cgroup.procs").read_text() and time.monotonic() < end:
            time.sleep(0.01)
    finally:
        group.rmdir()
        group.parent.rmdir()


@needs_root
def test_another_root(tmp_path):
    code = f"import os; os.chroot({str(tmp_path)!r})\n{SLEEP}"
    with Target.python(code) as target:
        refusal(attach(target.pid), f"chroot {tmp_path} ")
        assert target.is_unharmed()


@ASKS
def test_numbers_of_another_namespace_hinder_nothing():
    prefix = unshared("-p", "--fork", "--kill-child")
    with Target.python(BUSY, prefix=prefix) as target:
        done = attach(inner(target))
        assert done.code == 0, done


# ---------------------------------------------------------------------------- no answer

WAITS = {
    "time.sleep(600)": "it sleeps (clock_nanosleep)",
    "lock.acquire()": "it waits for a lock, or for a thread (futex)",
    "server.accept()": "it waits for a connection (accept4)",
    "asyncio.run(asyncio.sleep(600))": "it waits for events (epoll_wait)",
    "os.read(os.pipe()[0], 1)": "it reads (read)",
}
PRELUDE = """
import asyncio, os, socket, threading, time
lock = threading.Lock()
lock.acquire()
server = socket.create_server(('127.0.0.1', 0))
print('ready', flush=True)
"""


@ASKS
@pytest.mark.parametrize("statement", WAITS)
def test_a_main_thread_that_is_blocked(statement):
    with Target.python(PRELUDE + statement) as target:
        done = attach(target.pid, "--timeout", 1)
        refusal(done, "blocked in C", WAITS[statement], "gcscope.listen()", "GCSCOPE_LISTEN=1")
        assert target.is_unharmed()


@ASKS
def test_a_long_call():
    with Target.python(IN_C) as target:
        time.sleep(0.5)
        refusal(attach(target.pid, "--timeout", 1), "one long call of C code", "--timeout")
        assert target.is_unharmed()


@pytest.mark.parametrize("code", [BUSY, SLEEP])
def test_a_stopped_process(code):
    with Target.python(code) as target:
        os.kill(target.pid, signal.SIGSTOP)
        time.sleep(0.1)
        refusal(attach(target.pid), "stopped by a signal", f"kill -CONT {target.pid}")
        os.kill(target.pid, signal.SIGCONT)
        assert target.is_unharmed()


def test_a_process_in_a_debugger():
    libc = ctypes.CDLL(None, use_errno=True)
    with Target.python() as target:
        if libc.ptrace(16, target.pid, None, None):  # PTRACE_ATTACH
            pytest.skip("needs the right to trace")
        os.waitpid(target.pid, 0x40000000)  # __WALL
        refusal(attach(target.pid), "stopped by a debugger", f"process {os.getpid()}")
        libc.ptrace(17, target.pid, None, None)
        assert target.is_unharmed()


@ASKS
def test_one_that_is_stopped_meanwhile():
    with Target.python(IN_C) as target:
        time.sleep(0.5)
        asking = begun(target.pid, "--timeout", 3)
        time.sleep(1.5)
        os.kill(target.pid, signal.SIGSTOP)
        refusal(ended(asking), "stopped by a signal", f"kill -CONT {target.pid}")
        assert target.is_unharmed()


def begun(pid, *options, env=None):
    return subprocess.Popen(
        command(pid, *options),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        env={**os.environ, **PLAIN_ENV, "PYTHONPATH": PACKAGE, **(env or {})},
    )


def ended(asking):
    out, err = asking.communicate(timeout=60)
    return Finished(subprocess.CompletedProcess([], asking.returncode, out, err))


@ASKS
def test_one_that_ends_meanwhile():
    with Target.python(SLEEP) as target:
        asking = begun(target.pid, "--timeout", 30)
        time.sleep(1.5)
        begin = time.monotonic()
        target.process.kill()
        target.process.wait()
        refusal(ended(asking), f"process {target.pid} ended")
        assert time.monotonic() - begin < 10  # and does not wait for the rest of the time


@ASKS
def test_two_at_once():
    with Target.python(SLEEP) as target:
        first = begun(target.pid, "--timeout", 6)
        time.sleep(2)
        refusal(attach(target.pid, "--timeout", 2), "another")
        refusal(ended(first), "blocked in C")
        assert target.is_unharmed()


# ----------------------------------------------------------------------------- answers

ANSWERS = {
    "gcscope-answer {identity} 1000\nhalf": "not whole: 4 of 1000 bytes came",
    "gcscope-answer {identity} 2\n{{}}more": "not whole: 6 of 2 bytes came",
    "gcscope-answer 0000 2\n{{}}": "an old one, to another question",
    "gcscope-answer {identity}": "no answer of gcscope",
    "HTTP/1.1 400 Bad Request\n\n": "no answer of gcscope",
    "gcscope-answer {identity} 2\n{{}}": "cannot read the answer",
    "gcscope-answer {identity} 4\nnull": "cannot read the answer",
    "gcscope-answer {identity} 17\nerror: not today\n": "not today",
    "gcscope-answer {identity} " + "9" * 5000 + "\n": "no answer of gcscope",
    "gcscope-answer {identity} 16\nerror: \x1b[2J\agone": r"\x1b[2J\x07gone",
    "": "before it answered",
}
FORGES = """
import json, os, socket, sys
from gcscope.live.folder import private_folder, socket_path
place = os.path.join(private_folder(os.geteuid(), None), str(os.getpid()))
server = socket.socket(socket.AF_UNIX)
server.bind(place)
server.listen()
print('ready', flush=True)
while True:
    connection, _ = server.accept()
    asked = json.loads(connection.recv(1 << 16))
    connection.sendall({answer!r}.format(identity=asked['identity']).encode())
    connection.close()
"""


@pytest.fixture
def place(tmp_path):
    """Where sockets and answers lie, apart from those of others on this machine."""
    tmp_path.chmod(0o700)
    return {"TMPDIR": str(tmp_path), "XDG_RUNTIME_DIR": "", "PYTHONPATH": PACKAGE}


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_that_is_none_over_a_socket(place, answer):
    with Target.python(FORGES.format(answer=answer), env=place) as target:
        refusal(attach(target.pid, "--timeout", 5, env=place), ANSWERS[answer])
        assert target.is_unharmed()


MEDDLES = """
import glob, os, re, threading, time
def meddle(place=os.path.join(os.environ['TMPDIR'], f'gcscope-{{os.geteuid()}}')):
    while True:
        for script in glob.glob(place + '/ask-*/*.py'):
            with open(script) as file:
                identity = re.search('identity\\\\W+([0-9a-f]{{32}})', file.read())[1]
            folder = os.path.dirname(script)
            with open(folder + '/new', 'w') as file:
                file.write({answer!r}.format(identity=identity))
            os.replace(folder + '/new', folder + '/answer')
            os.rename(script, script + 'c')
        time.sleep(0.01)
threading.Thread(target=meddle, daemon=True).start()
print('ready', flush=True)
time.sleep(600)
"""


@ASKS
@pytest.mark.parametrize("answer", [answer for answer in ANSWERS if answer])
def test_an_answer_that_is_none_in_the_folder(place, answer):
    """The process itself puts one there, and does not come to the script."""
    with Target.python(MEDDLES.format(answer=answer), env=place) as target:
        refusal(attach(target.pid, "--timeout", 5, env=place), ANSWERS[answer])
        assert target.is_unharmed()


# ---------------------------------------------------------------------- one that listens

LISTENS = "import gcscope; print('ready', gcscope.listen().path, flush=True)\n"


@pytest.mark.parametrize("statement", ["import time; time.sleep(600)", "while True: pass"])
def test_one_that_listens_answers(place, statement):
    with Target.python(LISTENS + statement, env=place) as target:
        done = attach(target.pid, env=place)
        assert done.code == 0 and done.err == "" and f"pid {target.pid}" in done.out, done
        assert target.is_unharmed()


def test_one_that_listens_and_is_stopped(place):
    with Target.python(LISTENS + "import time; time.sleep(600)", env=place) as target:
        os.kill(target.pid, signal.SIGSTOP)
        time.sleep(0.1)
        refusal(attach(target.pid, env=place), "stopped by a signal", f"kill -CONT {target.pid}")
        os.kill(target.pid, signal.SIGCONT)
        assert attach(target.pid, env=place).code == 0


def test_one_that_listens_and_is_in_a_long_call(place):
    with Target.python(LISTENS + "sum(range(10**12))", env=place) as target:
        time.sleep(0.3)
        refusal(
            attach(target.pid, "--timeout", 1, env=place), "one long call of C code", "--timeout"
        )
        assert target.is_unharmed()


def test_one_that_listens_and_ends_meanwhile(place):
    with Target.python(LISTENS + "sum(range(10**12))", env=place) as target:
        time.sleep(0.3)
        asking = begun(target.pid, "--timeout", 30, env=place)
        time.sleep(1.5)
        begin = time.monotonic()
        target.process.kill()
        target.process.wait()
        refusal(ended(asking), "ended")
        assert time.monotonic() - begin < 10


def test_one_that_listens_by_the_number_that_it_has_in_its_namespace(place):
    prefix = unshared("-p", "--fork", "--kill-child")
    code = LISTENS + "import time; time.sleep(600)"
    with Target.python(code, prefix=prefix, env=place) as target:
        assert target.words[1].endswith("/1")
        done = attach(inner(target), env=place)
        assert done.code == 0 and "pid 1" in done.out, done


@needs_root
def test_root_asks_one_that_listens_in_the_runtime_folder_of_its_user():
    """Which systemd makes, and names in no variable of root's."""
    interpreter = readable_python()
    if shutil.which("nsenter") is None or interpreter is None or not os.path.exists("/run"):
        pytest.skip("needs nsenter, and a Python that another user may run")
    runtime = f"/run/user/{NOBODY}"
    script = f"mount -t tmpfs none /run && mkdir -p {runtime} && chmod 700 {runtime} && "
    script += f'chown {NOBODY} {runtime} && exec "$@"'
    prefix = [*unshared("-m"), "sh", "-c", script, "sh"]
    code = AS_NOBODY + LISTENS + "import time; time.sleep(600)"
    env = {"XDG_RUNTIME_DIR": runtime, "PYTHONPATH": PACKAGE}
    with Target.python(code, interpreter=interpreter, prefix=prefix, env=env) as target:
        assert target.words[1] == f"{runtime}/gcscope/{target.pid}"
        done = attach(target.pid, prefix=["nsenter", "-t", str(target.pid), "-m", "-r", "-w"])
        assert done.code == 0 and f"pid {target.pid}" in done.out, done


def test_one_that_has_listened(place):
    """A socket that a process has left leads nobody to another one of its number."""
    with Target.python(LISTENS + "import time; time.sleep(600)", env=place) as target:
        path = Path(target.words[1])
    assert path.exists()
    refusal(attach(target.pid, env=place), "there is no process")


# ------------------------------------------------------------------------------ no /proc


@needs_root
def test_without_proc():
    """As on macOS, and where /proc is not mounted."""
    hidden = [*unshared("-m"), "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"]
    with Target.python(BUSY) as target:
        refusal(attach(target.pid, "--timeout", 3, prefix=hidden), "cannot")
        assert target.is_unharmed()
    refusal(attach(target.pid, prefix=hidden), f"there is no process {target.pid}")
