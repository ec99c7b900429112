"""The shop of docs/how-to/service under gunicorn, as tests start it and send requests to it."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import pages
from support import ROOT

SERVICE = ROOT / "docs/how-to/service"


def askable(environment):
    """What a program needs in its environment to be asked: before 3.14 it has to listen."""
    if sys.version_info >= (3, 14):
        return {}
    folder = environment.run("python", "-m", "gcscope.live.at_start", cwd="/").strip()
    return {"PYTHONPATH": folder, "GCSCOPE_LISTEN": "1"}


class Service:
    """Two workers and their master, in a folder with the files of the service.

    variables: of the environment, such as `askable` gives. To be used with `with`.
    """

    def __init__(self, environment, folder, variables=None):
        self.environment = environment
        self.folder = folder
        for path in SERVICE.iterdir():
            if path.suffix == ".py" and not (folder / path.name).exists():
                shutil.copy(path, folder)
        self._log = open(folder / "log", "w+", encoding="utf-8")
        self.process = environment.start(
            "gunicorn", "--bind", "127.0.0.1:0", "app:app", cwd=folder, variables=variables,
            stdout=self._log,
        )  # fmt: skip
        self.master = self.process.pid
        self.url = self.wait_for(r"Listening at: (http://[\d.]+:\d+)")[0]
        self.workers = sorted(map(int, self.wait_for(r"Booting worker with pid: (\d+)", 2)))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def log(self):
        """What gunicorn has written."""
        return (self.folder / "log").read_text(encoding="utf-8")

    def wait_for(self, pattern, times=1, seconds=60):
        """Wait until the log has a pattern so many times; return what it found."""
        until = time.monotonic() + seconds
        while len(found := re.findall(pattern, self.log)) < times:
            assert self.process.poll() is None and time.monotonic() < until, self.log
            time.sleep(0.02)
        return found

    def load(self, requests=300):
        """Send requests from outside until each worker has answered some; return who how many."""
        answered = dict.fromkeys(self.workers, 0)
        for _ in range(20):
            written = self.environment.run("python", "load.py", self.url, requests, cwd=self.folder)
            for worker, count in re.findall(r"^worker (\d+): (\d+) requests$", written, re.M):
                answered[int(worker)] += int(count)
            if all(count >= requests / 10 for count in answered.values()):
                return answered
        raise AssertionError(answered)

    @contextmanager
    def load_meanwhile(self, requests=100_000):
        """Send requests from outside while the block runs."""
        words = ["python", "load.py", self.url, requests, 2]
        sender = self.environment.start(*words, cwd=self.folder, stdout=subprocess.DEVNULL)
        try:
            yield
        finally:
            sender.kill()
            sender.wait()

    def stop(self):
        """End it as `docker stop` does, and wait until all of it has ended."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=60)
        finally:
            self.process.kill()
            self._log.close()
        for worker in self.workers:
            while os.path.exists(f"/proc/{worker}"):
                time.sleep(0.02)


# ------------------------------------------------------------------------- pages with the shop

_PORT = "8000"  # as pages have it
_NUMBERS = re.compile(r"\b\d[\d,.]*(?: bytes| kB| MB)?\b")
_NAMES = re.compile(
    r"(?<=pid )\d+ on \S+ · \S+ · Python .*"  # a header
    r"|\S*/bin/gunicorn|(?<= on )\S+|\b[0-9a-f]{16}\b|<dynamic-code>|ask_dask\.py"
    r"|(?<=filled at).*"  # up to 3.11 the interpreter does not tell
)


def _comparable(text):
    """What is the same wherever, and however fast, it runs; of tables not the widths."""
    text = _NUMBERS.sub("N", _NAMES.sub("so", text))
    return re.sub(r"^ +", "", re.sub(r"[ ─]+", " ", text), flags=re.M)


def is_as_shown(shown, printed):
    """Whether a command printed what a page shows; a line `...` there stands for any lines."""
    lines = _comparable(shown).splitlines(keepends=True)
    pattern = "".join("(?:.*\n)*?" if line == "...\n" else re.escape(line) for line in lines)
    return re.fullmatch(pattern, _comparable(printed)) is not None


def followed(page, environment, folder):
    """Follow a page that starts the shop: a list of (command, what it shows, what was printed)."""
    for name in ("app.py", "load.py"):
        shutil.copy(SERVICE / name, folder)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    of_master = folder / "gunicorn.pid"

    def shell(command, folder):
        if command == "python ask_dask.py":  # where time is short Dask warns of it
            command += " 2>dask.log || { cat dask.log; exit 1; }"
        printed = environment.run("bash", "-c", command.replace(_PORT, port), cwd=folder)
        until = time.monotonic() + 60
        while command.startswith("kill ") and of_master.exists():
            assert time.monotonic() < until
            time.sleep(0.05)
        return printed

    try:
        return list(pages.play(page, folder, shell, lambda text: text.replace(_PORT, port)))
    finally:
        if of_master.exists():
            environment.run("bash", "-c", "kill $(cat gunicorn.pid)", cwd=folder)
