"""Virtual environments of tests, with packages from an index."""

import os
import shutil
import subprocess
import sys

from support import PLAIN_ENV, ROOT


class Environment:
    """A virtual environment, and on PATH nothing else but what a system has."""

    def __init__(self, folder):
        self.folder = folder
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        self.variables = {
            **{name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ},
            **PLAIN_ENV,
            "PATH": f"{folder / 'bin'}:/usr/bin:/bin",
            "JUPYTER_PLATFORM_DIRS": "1",
        }

    def install(self, *packages):
        """Install packages."""
        self.run("python", "-m", "pip", "install", "-q", *packages)

    def start(self, *words, cwd=ROOT, variables=None, **options):
        """Start a command; its output is in stdout, where options do not say otherwise."""
        given = {
            "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL
        }  # fmt: skip
        return subprocess.Popen(
            list(map(str, words)), cwd=cwd, text=True, **{**given, **options},
            env={**self.variables, **(variables or {})},
            executable=shutil.which(words[0], path=self.variables["PATH"]),
        )  # fmt: skip

    def run(self, *words, cwd=ROOT, **options):
        """Run a command that has to succeed; return what it writes."""
        process = self.start(*words, cwd=cwd, **options)
        written, _ = process.communicate(timeout=900)
        assert process.returncode == 0, written
        return written


def built_wheel(folder):
    """Build the wheel of gcscope into a folder."""
    words = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, "."]
    subprocess.run(words, cwd=ROOT, check=True)
    (wheel,) = folder.glob("gcscope-*.whl")
    return wheel
