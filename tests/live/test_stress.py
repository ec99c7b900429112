"""A process with busy threads is asked again and again, in both ways, and forks beside."""

import os
import sys
import time

import pytest

from gcscope import __version__
from gcscope.live.dialogue import ask_by_socket
from gcscope.live.folder import socket_path
from gcscope.live.process import examine
from gcscope.live.remote import ask_by_remote_exec
from gcscope.live.request import Request
from gcscope.model.header import read_file
from targets import Target

BUSY = """
import gc, os, sys, threading, time, warnings
warnings.simplefilter("ignore")
import gcscope
class Node: pass
kept = {}
def busy(seed):
    number = 0
    while True:
        number += 1
        node = Node()
        node.me, node.many = node, [[] for _ in range(number % 50)]
        kept[seed, number % 500] = {"name": f"{seed} {number}", "nodes": [Node()]}
        exec("def f(): return [f]\\nclass C: pass")
        if number % 20 == 0:
            time.sleep(0.002)
def collects():
    while True:
        gc.collect()
        time.sleep(0.1)
def listens():
    while True:
        other = gcscope.listen(path)
        time.sleep(0.003)
        other.close()
def forks():
    while True:
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
        time.sleep(0.02)
path = sys.argv[1]
gcscope.listen()
def watches():
    with gcscope.pauses(sampling=0) as watched:
        while True:
            watched.round()
            time.sleep(0.01)
work = [busy] * 8
others = collects, listens, watches, forks
for seed, target in enumerate(work):
    threading.Thread(target=target, args=(seed,), daemon=True).start()
for target in others:
    threading.Thread(target=target, daemon=True).start()
print("ready", flush=True)
while True:
    time.sleep(0.005)
"""
TIMES = int(os.environ.get("TIMES", 200))


def request(**fields):
    until = time.time() + 120
    return Request(
        **{"gcscope": __version__, "identity": os.urandom(8).hex(), "until": until, **fields}
    )


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.skipif(sys.version_info < (3, 14), reason="needs sys.remote_exec, of Python 3.14")
def test_busy_threads_and_forks(tmp_path, monkeypatch):
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with Target(
        [sys.executable, "-X", "faulthandler", "-c", BUSY, str(tmp_path / "again")]
    ) as target:
        path, rings = socket_path(target.pid, os.geteuid(), None), 0
        for number in range(TIMES):
            want = ("report", "census", "why")[number % 3]
            fields = {"want": want, "expression": "__main__.kept"}
            remote = ask_by_remote_exec(examine(target.pid), request(**fields), 60.0)
            asked = ask_by_socket(path, request(**fields), 60.0, target.pid)
            for text in (remote, asked):
                record, header = read_file(text)
                assert header.pid == target.pid and header.stopped < 60
                rings += want == "report" and len(record.cycles)
        assert target.is_unharmed() and rings > 0
