"""The shop of docs/how-to/service under gunicorn, as tests start it and send requests to it."""

import os
import re
import shutil
import signal
import sys
import time

from support import ROOT

SERVICE = ROOT / "docs/how-to/service"
# On older ones a process has to listen, to be asked.
HAS_REMOTE_EXEC = sys.version_info >= (3, 14)
LISTENING = {} if HAS_REMOTE_EXEC else {"GCSCOPE_LISTEN": "1"}


class Service:
    """Two workers and their master, in a folder with the files of the service.

    variables: of the environment, such as LISTENING. To be used with `with`.
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
