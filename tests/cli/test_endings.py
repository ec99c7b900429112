"""gcscope run --report-on: a report before a signal ends the program, which ends as it would."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from gcscope.model.header import read_file
from programs import TWO, left, run
from support import FREE_THREADED, PLAIN_ENV

TERM = -signal.SIGTERM
READY = "open('ready', 'w').close()\n"
NOTE = "gcscope: note: SIGTERM ended it: what its functions held that ran was in use"


def heed_quit():
    """For preexec_fn: what a shell without job control starts in the background ignores SIGQUIT."""
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)


class Started:
    """A program that runs, and has said that it is ready."""

    def __init__(self, words, folder):
        self.process = subprocess.Popen(
            list(map(str, words)), cwd=folder, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **PLAIN_ENV},
            preexec_fn=heed_quit,
        )  # fmt: skip
        until = time.monotonic() + 60
        while not (folder / "ready").exists() and self.process.poll() is None:
            assert time.monotonic() < until, self.end()
            time.sleep(0.01)

    def end(self, *numbers):
        """Send signals; return the exit code, and what it wrote."""
        for number in numbers:
            self.process.send_signal(number)
        try:
            out, err = self.process.communicate(timeout=60)
        except BaseException:
            self.process.kill()
            self.process.communicate()
            raise
        return self.process.returncode, out, err


@pytest.fixture
def start(tmp_path, script):
    """Start a program under plain Python, and under gcscope with options."""

    def begin(text, *options, plain=False):
        (tmp_path / "ready").unlink(missing_ok=True)
        path = script(textwrap.dedent(text))
        ours = [] if plain else ["-m", "gcscope", "run", *options]
        return Started([sys.executable, *ours, path], tmp_path)

    return begin


ON_TERM = ("--report-on", "SIGTERM", "-o", "report.json")

WAITS = {
    "sleep": "import time\n{ready}time.sleep(60)",
    "busy": "{ready}while True: pass",
    "lock": "import _thread\nlock = _thread.allocate_lock(); lock.acquire()\n{ready}lock.acquire()",
    "join": """
        import threading, time
        thread = threading.Thread(target=time.sleep, args=(60,), daemon=True)
        thread.start()
        {ready}thread.join()
        """,
    "accept": "import socket\ns = socket.create_server(('127.0.0.1', 0))\n{ready}s.accept()",
    "queue": "import queue\n{ready}queue.Queue().get()",
    "stdin of a pipe": "import os\nreader, writer = os.pipe()\n{ready}os.read(reader, 1)",
    "child": "import subprocess, sys\n{ready}subprocess.run([sys.executable, '-c', "
    "'import time; time.sleep(3)'])",
    "asyncio, idle": """
        import asyncio
        async def main():
            {ready}
            await asyncio.sleep(60)
        asyncio.run(main())
        """,
    "asyncio, busy": """
        import asyncio
        async def main():
            {ready}
            while True: await asyncio.sleep(0)
        asyncio.run(main())
        """,
    "threads": """
        import threading
        def work():
            while True: [[] for _ in range(100)]
        for _ in range(8): threading.Thread(target=work, daemon=True).start()
        {ready}work()
        """,
    "a finalizer": """
        import time
        class Late:
            def __del__(self):
                {ready}
                time.sleep(60)
        Late()
        """,
}


@pytest.mark.parametrize("name", WAITS)
def test_it_reports_and_ends_by_the_signal(start, tmp_path, name):
    text = TWO + textwrap.dedent(WAITS[name]).replace("{ready}", READY)
    started = start(text, *ON_TERM)
    if FREE_THREADED and name in ("lock", "queue"):
        time.sleep(1)  # a lock there spins at first, and overlooks a signal of that time
    code, out, err = started.end(signal.SIGTERM)
    assert (code, out) == (TERM, ""), err
    assert NOTE in err.splitlines() and "Traceback" not in err
    # without a GIL code of what it has imported waits for the collector, of more types than told
    assert ("  __main__.Node" if FREE_THREADED else "2  __main__.Node") in err
    report, nodes = left(tmp_path / "report.json")
    assert nodes == 2 and report.cycles
    _, header = read_file((tmp_path / "report.json").read_text())
    assert header.pid > 0 and header.stopped > 0


def test_without_the_option_nothing_is_told(start, tmp_path):
    text = TWO + WAITS["sleep"].replace("{ready}", READY)
    assert start(text, "-o", "report.json").end(signal.SIGTERM) == (TERM, "", "")
    assert not (tmp_path / "report.json").exists()


@pytest.mark.parametrize("name", ["SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"])
def test_other_signals(start, tmp_path, name):
    number = getattr(signal, name)
    text = "import resource\nresource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n" + TWO
    text += WAITS["sleep"].replace("{ready}", READY)
    options = ("--report-on", name, "--report-on=SIGTERM", "-q", "-o", "report.json")
    assert start(text, *options).end(number) == (-number, "", "")
    assert left(tmp_path / "report.json")[1] == 2


def test_a_signal_that_comes_twice_is_reported_on_once(start, tmp_path):
    """`timeout` sends it to the process, and to its group."""
    text = TWO + "kept = [[] for _ in range(300_000)]\n" + WAITS["sleep"].format(ready=READY)
    started = start(text, *ON_TERM)
    for _ in range(20):
        started.process.send_signal(signal.SIGTERM)
        time.sleep(0.01)
    code, _, err = started.end()
    assert code == TERM and "no report" not in err and err.count("at its end") == 1
    assert left(tmp_path / "report.json")[1] == 2


def test_what_was_printed_and_not_flushed_is_lost_as_ever(start):
    text = "print('lost', end='')\n" + WAITS["sleep"].format(ready=READY)
    assert start(text, plain=True).end(signal.SIGTERM) == (TERM, "", "")
    code, out, err = start(text, *ON_TERM).end(signal.SIGTERM)
    assert (code, out) == (TERM, "") and "at its end" in err


def test_a_long_call_of_c_is_waited_for(start, tmp_path):
    """As any handler of Python is; what plain Python would do at once."""
    text = TWO + READY + "import hashlib\nhashlib.pbkdf2_hmac('sha256', b'x', b'y', 2_000_000)\n"
    text += "import time; time.sleep(60)"
    assert start(text, *ON_TERM).end(signal.SIGTERM)[0] == TERM
    assert left(tmp_path / "report.json")[1] == 2


# ------------------------------------------------------------------ the program's own handlers


OWN = """
import signal, sys
def stop(*_):
    print("stopped by its own")
    sys.exit(5)
"""


@pytest.mark.parametrize(
    "sets",
    [
        "signal.signal(signal.SIGTERM, stop)\n",
        "old = signal.signal(signal.SIGTERM, stop)\nassert callable(old)\n",
        "import asyncio\nloop = asyncio.new_event_loop()\n"
        "loop.add_signal_handler(signal.SIGTERM, stop)\n",
    ],
)
def test_a_handler_that_it_sets_goes_before(start, tmp_path, sets):
    wait = "loop.run_forever()" if "loop" in sets else "import time; time.sleep(60)"
    code, out, err = start(OWN + TWO + sets + READY + wait, *ON_TERM).end(signal.SIGTERM)
    assert (code, out) == (5, "stopped by its own\n") and NOTE not in err, err
    assert left(tmp_path / "report.json")[1] == 2  # as at any end of the main script


def test_a_handler_that_is_there_before_goes_before(start, tmp_path, script, monkeypatch):
    site = "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(6))\n"
    path = script(site, "start/sitecustomize.py").parent
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(path), *filter(None, sys.path)]))
    code, _, err = start(TWO + WAITS["sleep"].format(ready=READY), *ON_TERM).end(signal.SIGTERM)
    assert code == 6 and "at its end" in err and NOTE not in err


def test_what_was_there_may_be_put_back(start, tmp_path):
    text = OWN + TWO + "old = signal.signal(signal.SIGTERM, stop)\nsignal.signal(15, old)\n"
    code, out, err = start(text + WAITS["sleep"].format(ready=READY), *ON_TERM).end(signal.SIGTERM)
    assert (code, out) == (TERM, "") and NOTE in err and left(tmp_path / "report.json")[1] == 2


def test_a_program_that_asks_for_the_default_has_it(start, tmp_path):
    text = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_DFL)\n" + TWO
    ended = start(text + WAITS["sleep"].format(ready=READY), *ON_TERM).end(signal.SIGTERM)
    assert ended == (TERM, "", "") and not (tmp_path / "report.json").exists()


def test_a_signal_that_was_ignored_stays_ignored(start, monkeypatch):
    """As under nohup."""
    text = TWO + READY + "import signal, time\ntime.sleep(1)\nprint(signal.getsignal(15))"
    old = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        started = start(text, *ON_TERM)
    finally:
        signal.signal(signal.SIGTERM, old)
    code, out, err = started.end(signal.SIGTERM)
    assert (code, out) == (0, "1\n".replace("1", str(signal.SIG_IGN))), err


def test_after_the_main_script_it_is_as_ever(start, tmp_path):
    text = """
    import atexit, signal, time
    def last():
        print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL, flush=True)
        open('ready', 'w').close()
        time.sleep(60)
    atexit.register(last)
    """
    code, out, err = start(TWO + textwrap.dedent(text), *ON_TERM).end(signal.SIGTERM)
    assert (code, out) == (TERM, "True\n") and err.count("at its end") == 1 and NOTE not in err


# ------------------------------------------------------------------------------- children


def test_a_forked_child_is_as_under_plain_python(python, script, tmp_path):
    """It ends by the signal at once, and is not reported on."""
    text = """
    import os, signal, time
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        os.write(writer, str(signal.getsignal(signal.SIGTERM)).encode())
        time.sleep(60)
    print(os.read(reader, 100) == str(signal.SIG_DFL).encode())
    os.kill(pid, signal.SIGTERM)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    """
    done = run(python, *ON_TERM, script(TWO + textwrap.dedent(text)), cwd=tmp_path)
    assert (done.code, done.out) == (0, f"True\n{TERM}\n"), done
    assert done.err.count("at its end") == 1 and left(tmp_path / "report.json")[1] == 2


def test_a_child_that_no_hook_hears_of_is_not_reported_on(python, script, tmp_path):
    """One that C code has forked."""
    text = """
    import ctypes, os, signal, time
    pid = ctypes.PyDLL(None).fork()
    if not pid:
        time.sleep(60)
    time.sleep(0.2)
    os.kill(pid, signal.SIGTERM)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    """
    done = run(python, *ON_TERM, script(TWO + textwrap.dedent(text)), cwd=tmp_path)
    assert (done.code, done.out) == (0, f"{TERM}\n"), done
    assert done.err.count("at its end") == 1 and NOTE not in done.err


def test_a_child_may_be_ended_while_it_is_forked(python, script, tmp_path):
    """As soon as its parent has its pid; and the masks of signals are as they were."""
    text = """
    import os, signal, time
    masked = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    masked = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    ended = []
    for _ in range(100):
        pid = os.fork()
        if not pid:
            kept = signal.pthread_sigmask(signal.SIG_BLOCK, []) == masked
            time.sleep(60) if kept else os._exit(1)
        os.kill(pid, signal.SIGTERM)
        ended.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    print(set(ended), signal.pthread_sigmask(signal.SIG_BLOCK, []) == masked)
    """
    done = run(python, *ON_TERM, script(textwrap.dedent(text)), cwd=tmp_path, timeout=50)
    assert done.out == f"{{{TERM}}} True\n" and done.code == 0, done


def test_children_of_multiprocessing_are_ended(python, script, tmp_path):
    text = """
    import multiprocessing, time
    if __name__ == "__main__":
        for how in ("fork", "spawn"):
            child = multiprocessing.get_context(how).Process(target=time.sleep, args=(60,))
            child.start()
            child.terminate()
            child.join()
            print(child.exitcode)
    """
    done = run(python, *ON_TERM, script(TWO + textwrap.dedent(text)), cwd=tmp_path)
    assert (done.code, done.out) == (0, f"{TERM}\n{TERM}\n"), done
    assert done.err.count("at its end") == 1


# ------------------------------------------------------------------------------------- odd ends


def test_a_trace_function_hears_nothing_of_the_report(start):
    text = """
    import sys
    def trace(frame, event, argument):
        print(frame.f_code.co_name, event, flush=True)
        return trace
    sys.settrace(trace)
    """
    text = textwrap.dedent(text) + WAITS["sleep"].format(ready=READY)
    code, out, err = start(text, *ON_TERM).end(signal.SIGTERM)
    assert code == TERM and "at its end" in err
    assert [line for line in out.splitlines() if "outcome" in line or "write" in line] == []


def test_no_memory_for_a_report(start, tmp_path):
    text = "from gcscope import _core\nimport time\n" + READY.strip()
    text += "; _core.fail_after(0); time.sleep(60)"
    code, out, err = start(text, *ON_TERM).end(signal.SIGTERM)
    assert (code, out) == (TERM, "") and not (tmp_path / "report.json").exists()
    assert err == "gcscope: no report: there is not enough memory for a pass over the heap\n"


def _may_make_namespaces():
    words = ["unshare", "--pid", "--fork", "true"]
    try:
        return subprocess.run(words, capture_output=True).returncode == 0
    except OSError:
        return False


@pytest.mark.skipif(not _may_make_namespaces(), reason="needs unshare --pid, for root")
def test_the_first_process_of_a_container(tmp_path, script):
    """The system lets it live where it has no handler: it reports, and goes on as it would."""
    text = TWO + READY + "import os, time\nfor _ in range(300):\n"
    text += "    time.sleep(0.1)\n    if os.path.exists('go'): break\nprint(os.getpid(), 'went on')"
    words = ["unshare", "--pid", "--fork", sys.executable, "-m", "gcscope", "run", *ON_TERM]
    started = Started([*words, script(text)], tmp_path)
    child = int(subprocess.run(
        ["pgrep", "-P", str(started.process.pid)], capture_output=True, text=True, check=True
    ).stdout)  # fmt: skip
    os.kill(child, signal.SIGTERM)
    until = time.monotonic() + 30
    while not (tmp_path / "report.json").exists():
        assert time.monotonic() < until
        time.sleep(0.05)
    os.kill(child, signal.SIGTERM)
    (tmp_path / "go").touch()
    code, out, err = started.end()
    assert (code, out) == (0, "1 went on\n") and err.count("at its end") == 1, err
    assert "no report" not in err
    assert left(tmp_path / "report.json")[1] == 2


@pytest.mark.parametrize("name", ["SIGKILL", "SIGINT", "15", "TERM"])
def test_others_are_wrong_usage(python, name):
    done = run(python, "--report-on", name, "-c", "pass")
    assert done.code == 2 and "argument --report-on: invalid choice" in done.err, done
