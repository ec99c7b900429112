"""Processes that are looked at from outside: Pythons and others, as other users, in namespaces."""

import ctypes
import os
import re
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import gcscope
from support import PLAIN_ENV

NOBODY = 65534
needs_proc = pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs /proc")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for a second user")
SLEEP = "import time; print('ready', flush=True); time.sleep(600)"
# after a change of the user the system closes the process: this opens it again, as exec does
AS_NOBODY = f"""
import ctypes, os
os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
"""


def readable_python():
    """This version's interpreter that another user may run, or None."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    for path in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        if os.path.exists(path) and _is_open_to_all(path):
            return path
    return None


def _is_open_to_all(path):
    place = Path(os.path.realpath(path))
    return all(folder.stat().st_mode & 0o1 for folder in (place, *place.parents))


def other_pythons():
    """Interpreters of other versions on this machine, by X.Y."""
    found = {}
    for folder in (Path.home() / ".pyenv/versions").glob("*/bin"):
        found |= {_version(path): str(path) for path in folder.glob("python3.*")}
    for path in Path("/usr/bin").glob("python3.*"):
        found.setdefault(_version(path), str(path))
    return {version: path for version, path in found.items() if version not in (None, this())}


def _version(path):
    match = re.fullmatch(r"python(\d)\.(\d+)", path.name)
    return (int(match[1]), int(match[2])) if match else None


def this():
    return sys.version_info[:2]


def _is_closed_by_yama():
    """Whether the system lets a user look into his processes only from their parents."""
    try:
        scope = Path("/proc/sys/kernel/yama/ptrace_scope").read_text().strip()
    except OSError:
        return False
    return scope == "1" and os.geteuid() != 0


def _open_to_all():
    """Let any process of the user look into this one, as Ubuntu and others do not by themselves."""
    ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)  # PR_SET_PTRACER, any


class Target:
    """A process that runs until the block is left; in it, `pid`."""

    def __init__(self, command, *, env=None, waits_for="ready", **options):
        self.command = command
        self.options = {"env": {**os.environ, **PLAIN_ENV, **(env or {})}, **options}
        if _is_closed_by_yama():
            self.options["preexec_fn"] = _open_to_all
        self.waits_for = waits_for
        self.may_be_denied = False

    @classmethod
    def python(cls, code=SLEEP, *options, interpreter=sys.executable, prefix=(), **more):
        """A Python that runs code, which says "ready" when it is."""
        return cls([*prefix, interpreter, *options, "-c", code], **more)

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
            **self.options,
        )
        self.pid = self.process.pid
        if self.waits_for is not None:
            self.words = self.line().split()
            if self.words[:1] != [self.waits_for]:
                self.__exit__()
                give_up = pytest.skip if self.may_be_denied else pytest.fail
                give_up(f"the target says {self.words}")
        return self

    def line(self, seconds=60):
        """The next line that it prints."""
        line = b""
        while not line.endswith(b"\n"):  # byte by byte: select sees nothing of what is buffered
            if not select.select([self.process.stdout], [], [], seconds)[0]:
                self.__exit__()
                pytest.fail(f"the target said nothing for {seconds} s")
            byte = self.process.stdout.read(1)
            if not byte:
                break
            line += byte
        return line.decode()

    def is_unharmed(self):
        """Whether it still runs (a stopped one does)."""
        return self.process.poll() is None

    def __exit__(self, *_):
        for kill in (os.killpg, os.kill):  # what it has started, too
            try:
                kill(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait(60)
        self.process.stdout.close()


def compiled(folder, source, name="program"):
    """A small C program that is built in a folder."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("needs a C compiler")
    file = folder / f"{name}.c"
    file.write_text(source)
    subprocess.run([compiler, "-o", folder / name, file], check=True)
    return str(folder / name)


def unshared(*options):
    """The words that run a command in new namespaces; the test is skipped where that is denied."""
    command = ["unshare", *options]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*command, "true"], capture_output=True).returncode
    ):
        pytest.skip(f"needs unshare {' '.join(options)}")
    return command


PACKAGE = str(Path(gcscope.__file__).parent.parent)  # which may be installed
