"""The shop of docs/how-to/service under gunicorn, as tests start it and send requests to it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

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
