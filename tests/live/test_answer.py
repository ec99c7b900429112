"""What a process that is asked says, without the way to it."""

import gc
import sys
import threading
import time

import pytest

import gcscope
from gcscope import __version__
from gcscope.live.answer import answer
from gcscope.live.payload import script_of
from gcscope.live.request import WANTS, NoAnswer, Request, framed, unframed
from gcscope.model.header import read_file
from support import FREE_THREADED


def asked(**fields):
    return Request(**{"gcscope": __version__, "identity": "abc", **fields})


def read(request, folder=""):
    return read_file(unframed(framed("abc", answer(request, folder)), "abc"))


class Node:
    pass


def test_a_report(quiet):
    read(asked())
    gc.collect()  # on free-threaded Python the code of modules that are imported waits for that
    node = Node()
    node.me = node
    del node
    report, header = read(asked())
    assert report == gcscope.garbage() and report.cycles
    assert header.gcscope == __version__ and 0 <= header.stopped < 60


def test_nothing_is_found_where_nothing_is(quiet):
    assert not read(asked())[0]


def test_a_census(quiet):
    census = read(asked(want="census"))[0]
    assert isinstance(census, gcscope.Census) and census.objects > 1000


KEPT = {"secret": [Node()]}


def test_why(quiet):
    chain = read(asked(want="why", expression=f"{__name__}.KEPT['secret'][0]"))[0]
    assert chain.expression == f"sys.modules['{__name__}'].KEPT['secret'][0]"
    chain = read(asked(want="why", expression=f"{__name__}.KEPT['secret']", keys=False))[0]
    assert chain.expression == f"sys.modules['{__name__}'].KEPT[*]"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"want": "why", "expression": "a b"}, "names, attributes and constant keys"),
        ({"want": "why", "expression": "nowhere.x"}, "is called 'nowhere'"),
        ({"gcscope": "0.0.1"}, "the process has gcscope .* loaded, and gcscope 0.0.1 asks"),
    ],
)
def test_says_in_one_line_why_there_is_none(fields, reason):
    with pytest.raises(NoAnswer, match=reason) as error:
        read(asked(**fields))
    assert "\n" not in str(error.value)


def test_growth():
    kept, done = Node(), threading.Event()
    kept.cache = []
    Node.kept = kept

    def fill():
        while not done.wait(0.01):
            kept.cache.append(object())

    thread = threading.Thread(target=fill)
    thread.start()
    try:
        grown, header = read(asked(want="growth", seconds=1.0))
    finally:
        done.set()
        thread.join()
        del Node.kept
    assert any(grower.path.endswith("Node.kept.cache") for grower in grown.growers), grown
    assert grown.rounds == 4 and header.stopped < 30


FILLED = """
import os, sys, gcscope
kept = {}
def fill():
    kept.update((number, []) for number in range(len(kept), len(kept) + 10))
watched = gcscope.growth()
with watched:
    fill()
    watched.round()
    pid = os.fork()
    for _ in range(3):
        fill()
        watched.round()
(grower,) = [row for row in watched.report.growers if row.path.endswith(".kept")]
if pid == 0:
    os._exit(7 if grower.filled_at else 0)
print(grower.filled_at, os.waitpid(pid, 0)[1])
"""


@pytest.mark.skipif(sys.version_info < (3, 12), reason="needs dict watchers, of Python 3.12")
def test_a_child_that_is_forked_meanwhile_notes_no_entry(python):
    done = python("-c", FILLED)
    assert done.out == "<string>:5 0\n", done


def test_a_look_ends_when_nobody_waits(tmp_path):
    folder = tmp_path / "ask"
    folder.mkdir()
    threading.Timer(0.3, folder.rmdir).start()
    with pytest.raises(NoAnswer, match="nobody waits"):
        read(asked(want="growth", seconds=60.0), str(folder))


def test_memory_runs_out(monkeypatch):
    def starved(*_):
        raise MemoryError

    monkeypatch.setattr("gcscope.api.garbage.garbage", starved)
    with pytest.raises(NoAnswer, match="no memory in the process"):
        read(asked())


def test_a_look_that_fails_says_so(monkeypatch):
    def failing(*_):
        raise RuntimeError("two\nlines \udcff")

    monkeypatch.setattr("gcscope.api.garbage.garbage", failing)
    with pytest.raises(NoAnswer, match=r"the look failed: RuntimeError: two lines \\udcff"):
        read(asked())


@pytest.mark.parametrize("want", [want for want in WANTS if want not in ("growth", "pauses")])
def test_leaves_nothing(python, want):
    """In a fresh process, nothing but what is imported stays, and nothing of it is trash.

    But where only the collector frees the code of modules: what the first look has imported.
    """
    code = f"""
import gc, sys
gc.collect(); gc.disable()
kept = [1]
before = set(sys.modules)
import gcscope
from gcscope.live.answer import answer
from gcscope.live.request import Request
from gcscope import __version__
for number in range(3):
    body = answer(Request(gcscope=__version__, want={want!r}, expression="__main__.kept"))
    assert body.startswith('{{"schema"'), body
    left = gcscope.garbage()
    assert not left.cycles, left
    assert gc.collect() == 0 or ({FREE_THREADED} and number == 0), left
heavy = {{"json", "re", "enum", "typing", "inspect", "collections", "dataclasses", "contextlib"}}
assert not heavy & (set(sys.modules) - before)
print("as before")
"""
    done = python("-c", code)
    assert done.out == "as before\n", done


@pytest.mark.skipif(not FREE_THREADED, reason="where there is a GIL a forked child can look")
def test_no_forked_child_looks_in_a_free_threaded_process():
    with pytest.raises(NoAnswer, match="^no forked child can look in a free-threaded process, .*"):
        read(asked(fork=True))


@pytest.mark.skipif(not FREE_THREADED, reason="where there is a GIL its holder stops the others")
def test_the_stop_is_told():
    """For no longer than another thread could take no step; not how long words take to be made."""
    stop, waits = threading.Event(), []

    def step():
        while not stop.is_set():
            before = time.perf_counter()
            time.sleep(0)
            waits.append(time.perf_counter() - before)

    kept = [[] for _ in range(400_000)]
    thread = threading.Thread(target=step)
    thread.start()
    try:
        begun = time.perf_counter()
        _census, header = read(asked(want="census"))
        whole = time.perf_counter() - begun
    finally:
        stop.set()
        thread.join()
    longest = sum(sorted(waits)[-2:])  # once to list the objects, once to read them
    assert 10e-9 * len(kept) < header.stopped < min(longest + 0.01, whole), (longest, whole)


def test_a_script_is_flat_and_has_its_frame():
    """It leaves no function, and answers in the frame that the asker takes off."""
    request = asked(until=5.0, expression="""it's "odd" {brace} %s""")
    text = script_of(request, "/tmp/odd '{}% folder/1.py", "/opt/it's %d {x}", 0x030E0AF0)
    codes = [compile(text, "script", "exec")]
    texts = []
    for code in codes:  # and what it has exec() run
        inner = [c for c in code.co_consts if isinstance(c, str) and c.startswith("import ")]
        texts += [text for text in inner if "def handler" not in text]
        codes += [compile(text, "inner", "exec") for text in texts[len(codes) - 1 :]]
    _main, thread = texts
    assert len(codes) == 3 and "posix.replace" in thread
    for code in codes:
        nested = [c.co_name for c in code.co_consts if hasattr(c, "co_name")]
        assert set(nested) <= {"<listcomp>"}
    namespace = {}
    exec(thread.split("reason, lease")[0], namespace)
    assert namespace["package"] == "/opt/it's %d {x}"
    assert Request(**namespace["request"]) == request


def test_what_is_no_text_is_no_answer():
    with pytest.raises(NoAnswer, match="something that is no text; ask again"):
        unframed(b"gcscope-answer abc 1\n\xff", "abc")
