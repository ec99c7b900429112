"""A guest that is to leave no trace: every public word on small objects, and what may not change.

`state()` is what a program can see of automatic collection, of gc.callbacks and of the journal.
Tests interrupt the words, starve them and fork during them, and compare. This file runs in
processes of its own, which is why the words stand here and not in a test.
"""

import atexit
import collections
import gc
import os
import shutil
import sys
import tempfile

import gcscope
from gcscope import Person, Tracked, _core
from support import FREE_THREADED


class Node:
    pass


def ring(kind=Node):
    one, other = kind(), kind()
    one.other, other.one = other, one


def friends():
    michael, sarah = Person("Michael"), Person("Sarah")
    michael.befriend(sarah)


KEPT = Node()
KEPT.name = ["kept"]
GROWING = []
SOCKET = f"{tempfile.mkdtemp()}/socket"  # short: the kernel bounds its length
atexit.register(shutil.rmtree, os.path.dirname(SOCKET), True)


def watched():
    with gcscope.watch() as watch:
        ring()
    return watch.report


def watched_twice():
    with gcscope.watch(older=True), gcscope.watch() as watch:
        ring()
    return watch.report


def asserted():
    try:
        gcscope.assert_no_cycles(ring)
    except AssertionError:
        return True


def released():
    try:
        gcscope.assert_released(lambda: KEPT)
    except AssertionError:
        return True


def filmed():
    person = Person("x")
    with gcscope.film(person) as film:
        film.frame("one")
        del person
        film.frame("none")
    return film.frames


def paused():
    with gcscope.pauses(sampling=1) as watched:
        ring()
        gc.collect()
        watched.round()
        gc.collect(0)
    return watched.report


def listened():
    gcscope.listen(SOCKET).close()


def kept_growing():
    try:
        gcscope.assert_no_growth(lambda: GROWING.append(len(GROWING)), times=2, rounds=2)
    except AssertionError:
        return True
    finally:
        GROWING.clear()


WORDS = {
    "garbage": lambda: (ring(), gcscope.garbage()),
    "cycles": lambda: gcscope.cycles(KEPT),
    "collect": lambda: (friends(), gcscope.collect()),
    "trial": lambda: gcscope.trial(friends),
    "watch": watched,
    "watches": watched_twice,
    "assert_no_cycles": asserted,
    "assert_released": released,
    "refcount": lambda: gcscope.refcount(KEPT),
    "holders": lambda: gcscope.holders(KEPT.name),
    "why_alive": lambda: gcscope.why_alive(KEPT.name),
    "retained": lambda: gcscope.retained(KEPT),
    "census": lambda: gcscope.census(),
    "growth": lambda: gcscope.growth(list, times=2, rounds=2),
    "assert_no_growth": kept_growing,
    "pauses": paused,
    "listen": listened,
    "instances": lambda: gcscope.instances(Node),
    "audit": lambda: gcscope.audit(collections.deque),
    "draw": lambda: gcscope.draw(KEPT),
    "film": filmed,
    "explain_collection": lambda: gcscope.explain_collection(KEPT),
    "journal": lambda: (friends(), gcscope.journal.events(), gcscope.journal.totals),
}


def state():
    """Return what must be as before when a word has ended, however it has."""
    count = gc.get_count()[0]
    return (
        gc.isenabled(),
        gc.get_threshold(),
        [callback for callback in gc.callbacks if callback.__name__ != "gcscope_follow_collector"],
        FREE_THREADED or count >= 0,  # a thread's part of it is below 0 after frees
        _core.journal_status().fate_tables,
    )


def warm_up():
    """Call every word once, so that what is made once is there."""
    for word in WORDS.values():
        word()
    Tracked()
    gc.collect()
    gc.freeze()  # passes over what is left are short


class Interrupter:
    """Raises KeyboardInterrupt at the n-th event of gcscope's own Python code.

    Events are those of sys.settrace with opcodes: calls, lines, instructions and returns.
    """

    def __init__(self, at):
        self.left = at
        self.folder = gcscope.__path__[0]

    def trace(self, frame, event, _argument):
        if (
            not frame.f_code.co_filename.startswith(self.folder)
            and frame.f_globals is not globals()
        ):
            return None
        frame.f_trace_opcodes = True
        self.left -= 1
        if self.left == 0:
            sys.settrace(None)
            raise KeyboardInterrupt
        return self.trace


def count_events(word):
    """Return at how many events a word could be interrupted."""
    counter = Interrupter(0)
    sys.settrace(counter.trace)
    try:
        word()
    finally:
        sys.settrace(None)
    return -counter.left


def interrupt(word, at):
    """Call a word and interrupt it at its n-th event. Return whether it came so far."""
    interrupter = Interrupter(at)
    sys.settrace(interrupter.trace)
    try:
        word()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(None)
    return False
