"""How processes answer `gcscope attach`, and for how long they stop: a table of targets and ways.

A target is a program with some live objects and three rings that nothing leads to. Each target is
asked for its report in each way that this Python has, each time in a process of its own that was
not asked before:

    remote   it has done nothing for it (sys.remote_exec, Python 3.14 and newer)
    listen   it has called gcscope.listen()
    fork     as the first of these two, and a forked child looks

`answered` is the time until the asker has the report, `stopped` what the header of that says. Of a
target that is busy, `gap` is the longest time in which its main thread did not come to its next
turn while it was asked, and `at rest` the longest in as long a time before, when nobody asked.
Medians over the rounds; `-` where there is none. A target that has not answered within the timeout
has the reason in place of the figures.

    python benchmarks/attach.py [--objects 200000] [--rounds 3] [--timeout 5] [--only NAME]
"""

import argparse
import mmap
import os
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from gcscope import __version__
from gcscope.live.ask import ask
from gcscope.live.request import NoAnswer, Request

HEAD = """
import asyncio, gc, inspect, itertools, mmap, os, socket, struct, sys, threading, time

class Node: pass

def ring():
    node = Node()
    node.me = node

longest = mmap.mmap(os.open(sys.argv[1], os.O_RDWR), 4096)
last = time.perf_counter()

def turn():
    global last
    now = time.perf_counter()
    if now - last > struct.unpack_from("d", longest)[0]:
        struct.pack_into("d", longest, 0, now - last)
    last = now

def ready():
    global last
    if sys.argv[3] == "listen":
        import gcscope
        gcscope.listen()
    last = time.perf_counter()
    os.write(1, b"%d\\n" % os.getpid())

def spin():
    ready()
    while True: turn()

async def idle():
    ready()
    await asyncio.Event().wait()

async def hasty():
    ready()
    while True:
        await asyncio.sleep(0)
        turn()

def locked():
    lock = threading.Lock()
    lock.acquire()
    ready()
    lock.acquire()

def accept():
    server = socket.create_server(("127.0.0.1", 0))
    ready()
    server.accept()

def nap():
    ready()
    time.sleep(3600)

def crowded():
    def work():
        while True: sum(range(100))
    for _ in range(50): threading.Thread(target=work, daemon=True).start()
    spin()

def in_c():
    ready()
    while True:
        sum(itertools.repeat(1, 200_000_000))
        turn()

def collecting():
    ready()
    while True:
        gc.collect()
        for _ in range(3): ring()
        turn()

def forked(work):
    if os.fork():
        time.sleep(3600)
    work()

def workers():
    forked(spin)

def idle_workers():
    forked(accept)

if __name__ == "__main__":
    gc.disable()
    kept = [[n] for n in range(int(sys.argv[2]))]
    for _ in range(3): ring()
    work = globals()[sys.argv[4]]
    asyncio.run(work()) if inspect.iscoroutinefunction(work) else work()
"""
TARGETS = {
    "busy": "spin",
    "sleeping": "nap",
    "in a lock": "locked",
    "in accept": "accept",
    "asyncio, idle": "idle",
    "asyncio, busy": "hasty",
    "51 busy threads": "crowded",
    "in a long C call": "in_c",
    "collecting": "collecting",
    "forked worker, busy": "workers",
    "forked worker, idle": "idle_workers",
}
IS_BUSY = {"spin", "hasty", "crowded", "in_c", "collecting", "workers"}


class Target:
    """A process with the figures that it keeps of its own turns."""

    def __init__(self, folder, work, way, objects):
        self.collects = work == "collecting"  # they may be gone
        file = Path(folder, "gaps")
        file.write_bytes(bytes(4096))
        script = Path(folder, "target.py")
        script.write_text(HEAD)
        with file.open("r+b") as opened:
            self.longest = mmap.mmap(opened.fileno(), 4096)
        self.process = subprocess.Popen(
            [sys.executable, script, file, str(objects), way, work],
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self.pid = int(self.process.stdout.readline())
        time.sleep(0.3)

    def take_gap(self):
        """Return the longest gap since the last time."""
        (gap,) = struct.unpack_from("d", self.longest)
        struct.pack_into("d", self.longest, 0, 0.0)
        return gap

    def end(self):
        """Kill it, and what it has started."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()


def asked(target, way, timeout):
    """Ask once: figures, or the reason why there are none."""
    request = Request(gcscope=__version__, fork=way == "fork")
    target.take_gap()
    time.sleep(0.5)
    at_rest = target.take_gap()
    begin = time.perf_counter()
    try:
        _, report, header = ask(target.pid, request, timeout)
    except NoAnswer as reason:
        return str(reason)
    answered = time.perf_counter() - begin
    time.sleep(0.05)
    if not target.collects and report.objects not in (3, 6):  # with a __dict__ each
        return f"another report: {report.objects} objects in {len(report.cycles)} forms"
    return answered, header.stopped, target.take_gap(), at_rest


def measured(work, way, options):
    """Ask in several processes: the medians, or the reason."""
    rows = []
    for _ in range(options.rounds):
        listens = way == "listen" or (way == "fork" and sys.version_info < (3, 14))
        with tempfile.TemporaryDirectory() as folder:
            target = Target(folder, work, "listen" if listens else "remote", options.objects)
            try:
                rows.append(asked(target, way, options.timeout))
            finally:
                target.end()
    reasons = [row for row in rows if isinstance(row, str)]
    if reasons:
        return f"{len(reasons)} of {len(rows)} not: {reasons[0].split(': ', 1)[-1][:90]}"
    figures = [statistics.median(column) for column in zip(*rows, strict=True)]
    shown = [f"{figure:8.3f}" for figure in figures]
    return "".join(shown if work in IS_BUSY else [*shown[:2], "       -", "       -"])


def ways():
    """Return the ways that this Python has."""
    return ["remote", "listen", "fork"] if sys.version_info >= (3, 14) else ["listen", "fork"]


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--objects", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--timeout", type=float, default=5.0)
    parser.add_argument("--only", choices=sorted(TARGETS))
    parser.add_argument("--way", choices=ways())
    options = parser.parse_args()
    print(f"Python {sys.version.split()[0]}, {options.objects:,} live objects, seconds\n")
    print(f"{'target':22}{'way':8}{'answered':>8}{'stopped':>8}{'gap':>8}{'at rest':>8}")
    for name, work in TARGETS.items():
        if options.only in (None, name):
            for way in [options.way] if options.way else ways():
                print(f"{name:22}{way:8}{measured(work, way, options)}", flush=True)


if __name__ == "__main__":
    main()
