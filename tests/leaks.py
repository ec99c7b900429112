"""Do each action again and again, and print how many blocks and references are there more.

For test_leaks; with the argument "probes", for test_references.

In a process of its own, whose heap is small and whose caches nobody else fills.
"""

import array
import collections
import copy
import functools
import gc
import json
import os
import pickle
import sys
from contextlib import suppress

import gcscope
from gcscope import Person, Tracked, _core
from gcscope.api.follow import Follower
from gcscope.api.neighborhood import arithmetic_of, look
from gcscope.live.answer import answer
from gcscope.live.dialogue import ask_by_socket
from gcscope.live.expression import find
from gcscope.live.request import Request
from gcscope.live.worker import wait, worker
from gcscope.model.record import Record
from starved import each_growth


class Sub(Person):
    __slots__ = ("age",)


class Loud(Person):
    def __del__(self):
        pass


def ring(cls=Person):
    p, q = cls("Michael"), cls("Sarah")
    p.befriend(q)
    p.note = q


def errors():
    p = Person("x")
    for call in (
        lambda: Person(1),
        lambda: p.befriend(1),
        lambda: setattr(p, "friends", 1),
        lambda: Tracked(1),
    ):
        with suppress(TypeError):
            call()
    with suppress(ValueError):
        _core.dry_run(7)
    with suppress(TypeError):
        look(["x"])


def starved():
    each_growth(_core.dry_run)


def looks_of_children():
    if sys.platform == "linux":
        try:
            child = _core.Child(lambda _: b"x" * 100_000, 60.0)
        except (
            AttributeError,
            NotImplementedError,
        ):  # free-threaded, or built without the interpreter's headers
            return
        while not child.take(60.0):
            pass
        assert len(child.answer) == 100_000
        with suppress(ValueError):
            _core.Child(print, -1.0)
        _core.Child(lambda _: b"", 60.0)  # let go of at once


def trials():
    gcscope.trial(ring)
    gcscope.trial(Sub, "x")
    with suppress(ZeroDivisionError):
        gcscope.trial(lambda: 1 / 0)


class Plain:
    def method(self):
        yield self


class Listed(list):
    pass


def many_rings():
    """One of each: exception and frame, generator, method, closure, class, containers, cache,
    partial, a C type.
    """
    thing = Plain()
    thing.walk, thing.bound = thing.method(), thing.method
    next(thing.walk)
    thing.real = vars(thing)
    try:
        raise ValueError(thing)
    except ValueError as error:
        kept = [error]

    def again():
        return again, kept

    class Local:
        pass

    box = Listed(
        [
            {"box": (thing, Local)},
            {again},
            functools.partial(again, kept),
            collections.deque([thing]),
        ]
    )
    box.append({"me": box, thing: functools.lru_cache(again)})
    Plain(), again(), box


def explained():
    many_rings()
    report = gcscope.garbage()
    str(report), report.to_json(), report.to_json(header=True)
    gc.collect()


def live():
    thing = Plain()
    thing.me = [thing, {"thing": thing}]
    str(gcscope.cycles(thing, [thing])), str(gcscope.holders(thing)), str(gcscope.why_alive(thing))
    (
        gcscope.retained(thing),
        _core.retainers(5),
        gcscope.why_alive(gcscope.holders),
        gcscope.holders("text"),
    )
    bound = Plain().method
    gcscope.why_alive(bound.__self__), gcscope.why_alive(thing.me)
    with suppress(TypeError):
        gcscope.retained(1)
    thing.me = None


def untracked():
    """Of what the collector does not track, and of what C code holds."""
    text, views = "".join(("a text", " of mine")), {}
    views["menu"] = memoryview(bytearray(10))
    str(gcscope.holders(text)), gcscope.holders(views["menu"]), gcscope.retained(views)
    str(gcscope.why_alive(text, ignore=(views,), paths=3))
    hidden = functools.partial(ring, {text: views})
    str(gcscope.holders(hidden)), gcscope.holders(sys.getprofile), gcscope.holders(gcscope.holders)
    with suppress(ValueError):
        gcscope.why_alive(text, paths=0)


def counted():
    later = gcscope.census()
    str(gcscope.census() - later), later.to_json(), gcscope.census(by="module")
    gcscope.instances(Plain), gcscope.instances("leaks.Plain", most=1)
    with suppress(ValueError):
        gcscope.census(by="colour")


def audited():
    str(gcscope.audit(collections.deque, functools.partial)), gcscope.audit("_io", "collections")
    with suppress(TypeError):
        gcscope.audit(7)


KEPT = []


def grown():
    str(gcscope.growth(KEPT.append, (), times=2, rounds=2))
    with gcscope.growth() as growth, suppress(RuntimeError):
        KEPT.append(Plain())
        growth.round()
        growth.report
    with suppress(AssertionError):
        gcscope.assert_no_growth(KEPT.append, [], times=2, rounds=2)
    KEPT.clear()


def paused():
    with gcscope.pauses(sampling=1) as watched:
        ring()
        gc.collect()
        str(watched.round()), gc.collect(0)
    str(watched.report), watched.report.to_json()
    _core.Pauses(1.0).begin()
    with suppress(RuntimeError):
        _core.Pauses().round()


def older():
    one = Plain()
    with gcscope.watch(older=True) as watched:
        one.me = one
        del one
    str(watched.report)
    gc.collect()


def guarded():
    with gcscope.watch() as watched:
        many_rings()
    str(watched.report)
    with suppress(AssertionError):
        gcscope.assert_no_cycles(ring)
    gc.collect()


def drawn():
    one, other = Person("a"), Person("b")
    one.befriend(other)
    other.more = [one] * 7
    (
        str(gcscope.draw(one, other)),
        gcscope.draw(Person("c")),
        str(gcscope.explain_collection(one, [other])),
    )
    with suppress(TypeError):
        gcscope.draw(one, 1)
    with gcscope.film(one, other) as film:
        film.frame("both")
        del one, other
        film.frame("none")
        gc.collect()
        film.frame("gone")
    str(film), [frame.to_json() for frame in film.frames]


def asked():
    for fields in ({}, {"want": "census"}, {"want": "why", "expression": "__main__.KEPT"}):
        answer(Request(gcscope=gcscope.__version__, keys=False, **fields))
    answer(Request(gcscope=gcscope.__version__, want="why", expression="__main__.KEPT[7].x"))
    find("__main__.ring.__code__.co_consts[0]"), find("__main__.ACTIONS['asked'].__globals__")


def judged():
    for whole in (False, True):
        follower = Follower(whole)
        follower.begin()
        many_rings()
        follower.end(survivors=True).report()
        follower = Follower(whole)
        follower.begin()
        ring()
        gc.collect()
        many_rings()
        follower.end(box=[[]]).report()
        follower = Follower(whole)
        follower.begin()
        ring()
        gc.collect()
        del follower
    fates, nobody = _core.Fates(), _core.roll_call([])
    Person("x")
    fates.end(nobody, nobody), _core.Fates().counts()
    [fates[place] for place in range(len(fates))]
    with _core.Lease():
        gc.collect()
    _core.Lease()


def followed_with(box=None):
    follow = _core.Follow()
    follow.begin()
    ring()
    gc.collect()
    ring()
    follow.end({}, None, True, box)


def containers():
    followed = _core.Containers()
    try:
        for _ in range(3):
            KEPT.append(Plain())
            followed.round()
        followed.end()
    finally:
        followed.stop()
        KEPT.clear()


def pauses_of(share=1.0):
    pauses = _core.Pauses(share)
    pauses.begin()
    ring()
    gc.collect()
    pauses.round()
    gc.collect()
    pauses.end()


def starved_words():
    ring()
    box = [[]]
    for call in (
        lambda: _core.unreachable_rings({}, None),
        lambda: _core.live_rings((box,), {}, None),
        lambda: _core.holders(box, ()),
        lambda: _core.why_alive(box),
        lambda: _core.retained(box),
        lambda: _core.neighborhood([id(box)], 9, (), {}, None),
        lambda: _core.neighborhood((box, box[0]), 9, (), {}, None),
        lambda: _core.born([id(box)], 0),
        lambda: _core.evidence(box),
        lambda: _core.why_alive(box, {}, None, (ring,), 3),
        lambda: _core.retained(["text"], {}),
        lambda: _core.census(Record, {}),
        lambda: _core.audit(Plain, (collections.deque,), ("_io",)),
        lambda: _core.instances("leaks.Plain", 9),
        containers,
        pauses_of,
        followed_with,
        lambda: followed_with([[]]),
    ):
        each_growth(call)
    gc.collect()


def listened():
    listener = gcscope.listen(f"/tmp/gcscope-leaks-{os.getpid()}")
    request = Request(gcscope=gcscope.__version__, want="why", expression="sys.path")
    ask_by_socket(listener.path, request, 60)
    listener.close()
    worker(lambda: iter([wait()])).stop()


ACTIONS = {
    "listened": listened,
    "explained": explained,
    "live": live,
    "untracked": untracked,
    "counted": counted,
    "audited": audited,
    "grown": grown,
    "paused": paused,
    "older": older,
    "guarded": guarded,
    "drawn": drawn,
    "asked": asked,
    "judged": judged,
    "born": lambda: (_core.born([id(ring), id(errors), 7], -1), _core.born([id(ring)], 0)),
    "rings": lambda: (ring(), ring(Sub), ring(Loud), gc.collect()),
    "short lives": lambda: (
        Person("a"),
        Person(name="b"),
        Sub("c"),
        Loud("d"),
        Tracked(),
        Person.__new__(Person),
    ),
    "garbage": lambda: (ring(), gcscope.garbage(), gc.collect()),
    "generations": lambda: [_core.dry_run(g) for g in (0, 1, 2)],
    "collect": lambda: (ring(), gcscope.collect()),
    "trial": trials,
    "arithmetic": lambda: arithmetic_of(look([id(ring), id(errors)])),
    "roll_call": lambda: (
        c := _core.dry_run(),
        c.types(),
        c.addresses(),
        c.without(c),
        c.within(c),
        c.still_tracked(),
    ),
    "living": lambda: (
        _core.living(None, None, 1, 9),
        _core.living(_core.dry_run(), _core.roll_call([]), 1, 9),
        _core.journal_deaths(),
    ),
    "journal": lambda: (gcscope.journal.events(), gcscope.journal.totals, repr(gcscope.journal)),
    "refcount": lambda: (gcscope.refcount(None), gcscope.refcount(ring), gcscope.refcount([])),
    "copies": lambda: (
        copy.copy(Sub("a")),
        copy.deepcopy(Person("b")),
        pickle.loads(pickle.dumps(Sub("c"))),
    ),
    "errors": errors,
    "starved": starved,
    "classes": lambda: (type("Made", (Person,), {"__del__": lambda self: None})("x"), gc.collect()),
}


SLOW = {
    "starved words": starved_words,
    "looks of children": looks_of_children,
}  # once where others are done ten times
ACTIONS["a leak, to see that it is seen"] = lambda kept=[]: kept.append([])


def growth(action, times):
    """How many blocks and references are there more after so many times."""
    total = getattr(sys, "gettotalrefcount", lambda: 0)
    gc.collect()
    before = sys.getallocatedblocks(), total()
    for _ in range(times):
        action()
    gc.collect()
    return sys.getallocatedblocks() - before[0], total() - before[1]


def slope(action):
    """What 80 times leave more than 20 times do: (blocks, references).

    At the least of two rounds; of up to eight where that looks like a leak, since caches and free
    lists fill up in bursts.
    """
    growth(action, 30)
    rounds = []
    for number in range(8):
        few, many = growth(action, 20), growth(action, 80)
        rounds.append([many[i] - few[i] for i in (0, 1)])
        least = [min(figures[i] for figures in rounds) for i in (0, 1)]
        if number > 0 and max(least) < 30:
            break
    return least


def probes():
    """What is there for long: everything that the collector tracks, and what that refers to."""
    tracked = gc.get_objects()
    return list({id(op): op for op in [*tracked, *gc.get_referents(*tracked)]}.values())


def most_held(action):
    """How many blocks are there more after 8 times, and references to one object, at most.

    Where only a debug build counts all references, any build has the count of each object. Free
    lists and caches fill up in bursts: what seems to leak is done up to 16 times as often.
    """
    objects = probes()
    action()
    for _ in range(16):
        held, which = growth_of(objects, action, 8)
        blocks, _ = growth(action, 8)
        if max(blocks, held) < 8:
            break
    return blocks, held, which


def growth_of(objects, action, times):
    """How many references to one of the objects are there more, at most, and to which."""
    # not in a list, which would refer to the numbers
    counts = array.array("q", (sys.getrefcount(op) for op in objects))
    growth(action, times)
    for place, op in enumerate(objects):
        counts[place] = sys.getrefcount(op) - counts[place]
    most = max(range(len(objects)), key=counts.__getitem__)
    named = objects[most] if isinstance(objects[most], (str, type)) else type(objects[most])
    return counts[most], ascii(named)


if __name__ == "__main__":
    gc.disable()
    gcscope.journal.capacity = 64  # full soon
    if sys.argv[1:] == ["probes"]:
        found = {}
        for name, action in ACTIONS.items():
            found[name] = most_held(action)
            if max(found[name][:2]) >= 8:  # one is enough to see; the last one leaks on purpose
                break
        print(json.dumps(found))
        sys.exit()
    slopes = {name: slope(action) for name, action in ACTIONS.items()}
    for name, action in SLOW.items():
        growth(action, 2)
        slopes[name] = [
            10 * (many - few)
            for few, many in zip(growth(action, 2), growth(action, 8), strict=True)
        ]
    print(json.dumps(slopes))
