"""Free-threaded builds: the heap is read while other threads work on it."""

import pytest

from support import FREE_THREADED

pytestmark = pytest.mark.skipif(not FREE_THREADED, reason="one thread runs at a time here")

HEAD = """
import gc, sys, threading, time, warnings
sys.path.append({tests!r})
warnings.simplefilter("ignore")
sys.unraisablehook = lambda _: None
import gcscope
from gcscope import _core
from threads import Kept, Workers, paused_rounds, running_rounds
"""


@pytest.fixture
def threaded(python):
    """Run code in a process of its own, which ends within two minutes."""

    def run(code):
        from support import ROOT

        head = HEAD.format(tests=str(ROOT / "tests"))
        done = python("-X", "faulthandler", "-c", f"{head}{code}\nprint('done')")
        assert done.code == 0 and done.out == "done\n", done

    return run


def test_the_gil_stays_off(threaded):
    threaded("assert not sys._is_gil_enabled()")


def test_the_dry_run_is_the_collector_s_while_threads_wait_and_calls_nothing_trash_that_they_have(
    threaded,
):
    threaded("""
gc.disable()
with Workers(1) as workers:
    differ, found = paused_rounds(workers, 20, 1)
    assert (differ, found > 100) == (0, True), (differ, found)
    said, wrong = running_rounds(workers, 20)
    assert (said > 20, wrong) == (True, 0), (said, wrong)
""")


def test_each_word_is_right_while_threads_run(threaded):
    threaded("""
class Node: pass
with Workers(2) as workers:
    for _ in range(10):
        node, holder = Node(), Node()
        node.me, holder.node = node, [node, node]
        assert gcscope.refcount(holder.node[0]) >= 3
        told = gcscope.holders(node)
        assert len([held for held in told.named if held.type == "list"]) == 2, told
        assert told.unexplained == 0, told
        assert gcscope.cycles(node).objects == 1
        assert gcscope.retained(holder).objects >= 2
        assert "node" in str(gcscope.why_alive(node))
        assert gcscope.census().objects > 1000
        del node, holder
        gcscope.garbage()
""")


def test_counts_are_without_what_another_thread_s_pass_holds_meanwhile(threaded):
    """Beside a thread that looks at the heap all the time: a plain object's, a class's, a dict's.

    The latter two are asked for seldom: they wait until nobody looks.
    """
    threaded("""
class Node: pass
node, holder = Node(), {}
held = [(thing, [thing] * 3) for thing in (node, Node, holder)]
of_node = gcscope.refcount(node)
expected = [gcscope.refcount(thing) for thing, _ in held]
is_over = False
def look():
    while not is_over:
        _core.dry_run()
looker = threading.Thread(target=look, daemon=True)
looker.start()
try:
    for _ in range(5):
        for _ in range(100):
            assert gcscope.refcount(node) == of_node
        assert [gcscope.refcount(thing) for thing, _ in held] == expected
finally:
    is_over = True
    looker.join()
""")


def test_threads_collect_meanwhile(threaded):
    threaded("""
is_over = False
def collect():
    while not is_over:
        gc.collect()
collector = threading.Thread(target=collect, daemon=True)
collector.start()
with Workers(3) as workers:
    for _ in range(20):
        assert not set(_core.dry_run().addresses()) & workers.kept
is_over = True
collector.join()
""")


def test_the_journal_counts_what_threads_make_and_drop(threaded):
    threaded("""
start = _core.journal_totals()
def live():
    for number in range(2000):
        one, other = gcscope.Person("a"), gcscope.Person("b")
        if number % 2:
            one.befriend(other)
        one.name = "c"
threads = [threading.Thread(target=live) for _ in range(4)]
for thread in threads:
    thread.start()
while any(thread.is_alive() for thread in threads):
    _core.journal_events(), _core.journal_deaths()
    gc.collect()
gc.collect()
end = _core.journal_totals()
told = {word: end[word] - start[word] for word in end}
assert told["created"] == 16000, told
assert told["refcount"] == 8000, told
assert sum(told.values()) - told["created"] == 16000, told
""")


def test_a_watch_is_of_what_was_made_in_it(threaded):
    threaded("""
class Older: pass
class Newer: pass
def ring(kind):
    one = kind(); one.me = one
for _ in range(5):
    older = Older(); older.me = older
    with gcscope.watch() as outer:
        ring(Newer)
        with gcscope.watch() as inner:
            ring(Newer)
            del older
            gc.collect()
    assert inner.report.types == {"__main__.Newer": 1}, inner.report
    assert outer.report.types == {"__main__.Newer": 2}, outer.report
""")


def test_what_waits_for_the_collector_in_no_ring_is_no_ring(threaded):
    threaded("""
gc.collect()
def make():
    return eval("lambda: 1", {})
gcscope.assert_released(make)
gcscope.assert_no_cycles(make)
report = gcscope.garbage()
assert report.objects and not report.cycles, report
assert [waiting.why for waiting in report.waiting] == ["deferred"], report
""")


FORKS = """
import os, select
class Node: pass
def ring():
    node = Node()
    node.me = node
gc.collect()
gc.disable()
kept = [[n] for n in range(100_000)]
def child():
    ring()
    return gc.collect() > 0 and sys.getrefcount(kept[1000]) <= 2
def fork(last=lambda: None):
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        answer = b"right" if child() else b"wrong"
        last()
        os.write(write, answer)
        os._exit(0)
    os.close(write)
    told = os.read(read, 100) if select.select([read], [], [], 20)[0] else b"hung"
    os.close(read)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    return told
"""


def test_a_fork_while_another_thread_looks(threaded):
    """The child's collector is free, and no count is one too high."""
    threaded(f"""{FORKS}
def look():
    while not stop: gcscope.garbage()
stop = False
thread = threading.Thread(target=look, daemon=True)
thread.start()
assert {{fork() for _ in range(20)}} == {{b"right"}}
stop = True
thread.join()
""")


def test_a_fork_while_the_collection_of_another_thread_is_followed(threaded):
    threaded(f"""{FORKS}
def collect():
    while not stop: gc.collect()
stop = False
follow = _core.Follow(True)
follow.begin()
thread = threading.Thread(target=collect, daemon=True)
thread.start()
# the collector of the child may be that of the other thread for ever, by CPython's own doing
assert b"hung" not in {{fork(follow.stop) for _ in range(10)}}
stop = True
thread.join()
""")


def test_what_the_collector_calls_may_be_called_by_hand(threaded):
    threaded("""
def ring():
    one = []
    one.append(one)
gc.collect()
gc.disable()
follow = _core.Follow()
follow.begin()
for phase in ("start", "stop"):
    gc.callbacks[-1](phase, {"generation": 2, "collected": 0, "uncollectable": 0})
ring()
assert gc.collect() > 0
follow.stop()
ring()
assert gc.collect() > 0
""")


def test_a_tuple_that_c_code_fills_has_no_other_owner(threaded):
    threaded("""
import itertools
def batches():
    while not stop:
        try:
            list(itertools.batched(([n] for n in range(30)), 1000))
        except SystemError as error:
            failed.append(error)
stop, failed = False, []
thread = threading.Thread(target=batches, daemon=True)
thread.start()
end = time.monotonic() + 3
while time.monotonic() < end: gcscope.garbage()
stop = True
thread.join()
assert not failed, failed[0]
""")


def test_the_interpreter_ends_while_threads_follow(threaded):
    """A thread that is not there any more may have been about to be told, or to begin."""
    threaded("""
kept = [[n] for n in range(100_000)]
def work():
    while True:
        follow = _core.Follow()
        follow.begin()
        follow.end({}, None)
outer = _core.Follow()
outer.begin()
for _ in range(2): threading.Thread(target=work, daemon=True).start()
time.sleep(0.3)
""")


def test_other_threads_come_to_their_turn_between_passes(threaded):
    threaded("""
kept = [[n] for n in range(100_000)]
def work():
    while True: gcscope.garbage()
for _ in range(2): threading.Thread(target=work, daemon=True).start()
begin = time.monotonic()
for _ in range(100): sum(range(1000))
assert time.monotonic() - begin < 10
""")


def test_births_are_lost_that_an_unfreeze_brings(threaded):
    threaded("""
gc.freeze()
follow = _core.Follow()
follow.begin()
gc.unfreeze()
assert follow.end({}, None).lost
""")


def test_no_birth_is_lost_that_was_frozen_and_unfrozen_meanwhile(threaded):
    """It has no mark, wherever it is."""
    threaded("""
gc.disable()
follow = _core.Follow()
follow.begin()
one = []
one.append(one)
gc.freeze()
gc.unfreeze()
del one
told = follow.end({}, None)
assert not told.lost and told.left.objects.objects == 1, told
""")


def test_a_finalizer_that_a_collection_runs_may_look(threaded):
    """It cannot know whose collection that is, and waits for a second at most."""
    threaded("""
class Node:
    def __del__(self):
        begin = time.monotonic()
        gcscope.garbage()
        took.append(time.monotonic() - begin)
took = []
node = Node()
node.me = node
del node
idle = threading.Event()
thread = threading.Thread(target=idle.wait)
thread.start()
gc.collect()
idle.set()
thread.join()
assert len(took) == 1 and took[0] < 5, took
""")


ADDERS = """
def adder(name, lines):
    names = {}
    code = "".join(f"    mine[n + {line}] = None\\n" for line in range(lines))
    exec(compile("def add(mine, n):\\n" + code, name, "exec"), names)
    return names["add"]
"""


def test_growth_counts_what_each_of_several_threads_adds(threaded):
    """Each adds to a dict of its own, at ten thousand lines of its own."""
    threaded(
        ADDERS
        + """
gc.disable()
def work(parts, mine, start):
    together.wait()
    for number, add in enumerate(parts):
        add(mine, start + 1000 * number)
def round_(start):
    threads = [threading.Thread(target=work, args=(parts, mine, start))
               for parts, mine in zip(programs, dicts)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
together = threading.Barrier(4)
programs = [[adder(f"{number}_{place}.py", 1000) for place in range(10)] for number in range(4)]
dicts = [{} for _ in programs]
kinds = _core.Containers()
for number in range(3):
    round_(10000 * number)
    kinds.round(number == 2)
round_(30000)
told = [sum(place.entries for place in grown.filled) for grown in kinds.end().containers]
assert max(told) == 40000, told
"""
    )


def test_growth_ends_while_threads_add_and_let_dicts_go(threaded):
    """Each thread adds at lines without number; the notes are read and given up meanwhile."""
    threaded(
        ADDERS
        + """
gc.disable()
def work(name):
    add = adder(name, 300)
    while not is_over:
        mine = dicts[name] = {}
        for n in range(0, 6000, 300):
            add(mine, n)
is_over, dicts = False, {}
threads = [threading.Thread(target=work, args=(f"prog{number}",)) for number in range(4)]
[thread.start() for thread in threads]
try:
    for _ in range(6):
        kinds = _core.Containers()
        kinds.round(), kinds.round(), kinds.round(True)
        time.sleep(0.05)
        kinds.end()
finally:
    is_over = True
    [thread.join() for thread in threads]
"""
    )


def test_the_first_instances_of_several_threads_enter_one_callback(threaded):
    threaded("""
def make():
    together.wait()
    gcscope.Person("a")
for _ in range(100):
    gc.callbacks.clear()
    together = threading.Barrier(4)
    threads = [threading.Thread(target=make) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(gc.callbacks) == 1, gc.callbacks
""")


def test_a_class_gets_other_names_while_instances_are_made(threaded):
    threaded("""
class Named(gcscope.Person):
    pass
def rename(attribute):
    number = 0
    while not is_over:
        number += 1
        setattr(Named, attribute, f"name_of_{number}")
is_over = False
threads = [threading.Thread(target=rename, args=(word,))
           for word in ("__qualname__", "__module__")]
[thread.start() for thread in threads]
try:
    for _ in range(2000):
        Named("a")
finally:
    is_over = True
    [thread.join() for thread in threads]
Named.__module__, Named.__qualname__ = "here", "Last"
Named("a")
assert gcscope.journal.events()[-1].type == "here.Last", gcscope.journal.events()[-1]
""")


def test_what_is_no_container_is_weighed_while_threads_resize_it(threaded):
    threaded("""
import array
numbers = array.array("q")
def resize():
    while not is_over:
        numbers.extend(range(1000))
        del numbers[:]
is_over = False
thread = threading.Thread(target=resize)  # two would crash CPython's own array
thread.start()
try:
    for _ in range(60):
        assert sys.getsizeof(array.array("q")) <= gcscope.retained(numbers).bytes < 1 << 20
finally:
    is_over = True
    thread.join()
""")


def test_a_pass_waits_for_those_of_other_threads_however_long_they_take(threaded):
    threaded("""
class Node: pass
kept = [[] for _ in range(200_000)]  # each pass takes a while
def look():
    for _ in range(4):
        node, holder = Node(), Node()
        holder.node = node
        del node
        told = gcscope.retained(holder)
        if told.types != {"__main__.Node": 2}:
            wrong.append(told)
wrong = []
threads = [threading.Thread(target=look) for _ in range(16)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert wrong == []
""")


def test_passes_that_go_on_beside_a_collection_do_not_count_each_other_s_references(threaded):
    threaded("""
class Node: pass
kept = [[] for _ in range(300_000)]  # each pass takes a while
is_over, has_begun = threading.Event(), threading.Event()
def linger(phase, info):
    has_begun.set()
    is_over.wait()
def look():
    for _ in range(3):
        node, holder = Node(), Node()
        holder.node = node
        del node
        together.wait()
        told = gcscope.retained(holder)
        if told.types != {"__main__.Node": 2}:
            wrong.append(told)
def count():
    node, counts = Node(), set()
    while not is_over.is_set():
        counts.add(gcscope.refcount(node))
    if counts != {1}:
        wrong.append(counts)
wrong = []
together = threading.Barrier(4)
gc.callbacks.append(linger)
collecting = threading.Thread(target=gc.collect)
collecting.start()
has_begun.wait()
counting = threading.Thread(target=count)
counting.start()
threads = [threading.Thread(target=look) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
is_over.set()
collecting.join()
counting.join()
assert wrong == []
""")


WORKERS = """
class Node: pass
is_over = threading.Event()
def working(work):
    threads = [threading.Thread(target=work) for _ in range(3)]
    [thread.start() for thread in threads]
    return threads
def join(threads):
    is_over.set()
    [thread.join() for thread in threads]
"""


def test_what_dies_while_it_is_listed_is_no_holder(threaded):
    threaded(f"""{WORKERS}
shared, text = Node(), "text" * (2 + len(sys.argv))
def work():
    while not is_over.is_set():
        dropped = [(shared, [shared, text]) for _ in range(50)]
        time.sleep(0)
        dropped.clear()
threads = working(work)
told = [gcscope.holders(one) for _ in range(400) for one in (shared, text)]
join(threads)
assert [holders for holders in told if holders.unexplained] == []
assert max(holders.refcount for holders in told) > 50  # they were at work
""")


def test_what_dies_while_it_is_listed_is_not_counted_by_its_own_thread(threaded):
    threaded(f"""{WORKERS}
def look():
    while not is_over.is_set():
        gcscope.retained(box)
def count():
    node = Node()
    for _ in range(20_000):
        dropped = [(node, []) for _ in range(50)]
        dropped.clear()
        counts.add(gcscope.refcount(node))
box, counts = [Node()], set()
looking = working(look)
[thread.join() for thread in working(count)]
join(looking)
assert counts == {{1}}, counts
""")


def test_a_finalizer_of_what_died_while_it_was_listed_may_look(threaded):
    threaded(f"""{WORKERS}
class Loud:
    def __init__(self):
        self.node = Node()
    def __del__(self):
        begin = time.monotonic()
        counts.add(gcscope.refcount(self.node))
        gcscope.retained(self)
        took.append(time.monotonic() - begin)
def work():
    while not is_over.is_set():
        dropped = [Loud() for _ in range(3)]
        time.sleep(0)
        dropped.clear()
counts, took, box = set(), [], [Node()]
threads = working(work)
for _ in range(50):
    gcscope.retained(box)
join(threads)
assert counts == {{1}} and max(took) < 10 < len(took), (counts, max(took), len(took))
""")
