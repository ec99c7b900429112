"""Print how many references that nobody shows get a holder in a process with five packages.

    python tests/evidence.py [--most N]      needs pandas SQLAlchemy lxml cryptography pydantic

Each known object with references that nobody shows is asked about (or N of them, evenly chosen),
and the evidence counted by what it was found in. Beside them stands a program that knows: objects
whose holders it has made itself, through libraries that do not show them, and as many that are only
borrowed, of which there must be no evidence.

tests/query/test_evidence.py holds the rules one by one; this shows what they are worth.
"""

import argparse
import collections
import gc
import importlib
import time
import weakref

from gcscope import _core

PACKAGES = ("pandas", "sqlalchemy", "lxml.etree", "cryptography.x509", "pydantic")


def work():
    """Use the packages a little, and return what is to stay alive."""
    import lxml.etree
    import pandas
    import pydantic
    import sqlalchemy

    class Point(pydantic.BaseModel):
        x: int
        label: str = "p"

    frame = pandas.DataFrame({"a": range(100), "b": [f"s{n}" for n in range(100)]})
    engine = sqlalchemy.create_engine("sqlite://")
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("select 1"))
    tree = lxml.etree.fromstring("<a><b/><c/></a>")
    return frame, frame.groupby("b"), engine, tree, list(tree), [Point(x=n) for n in range(10)]


class Target:
    """What a program that knows holds."""


def held_and_borrowed():
    """Return (object in a list, the types of those that hold it and do not show it), and holders.

    Each is held, or only borrowed, by objects that this has made itself.
    """
    import datetime
    import io

    import numpy

    class Zone(datetime.tzinfo):
        pass

    pairs, kept = [], []

    def note(held, *holders):
        pairs.append(([held], sorted(holders)))

    for _ in range(5):
        zone, item, both, data = Zone(), Target(), Zone(), io.BytesIO()
        kept.append(datetime.datetime(2026, 1, 1, tzinfo=zone))
        note(zone, "datetime.datetime")
        kept.append(numpy.array([None, item], dtype=object))
        note(item, "numpy.ndarray")
        kept += [datetime.time(1, tzinfo=both), numpy.array([both, both], dtype=object)[1:]]
        note(both, "datetime.time", "numpy.ndarray", "numpy.ndarray")
        shown = Target()
        kept.append([shown, {shown: weakref.ref(shown)}, numpy.array([id(shown)])])
        note(shown)
        kept += [data, io.BufferedReader(data), memoryview(b"0123")]
        note(data)
    return pairs, kept


def wrong_of(pairs):
    """Print what is told wrongly of objects whose holders are known; return how many."""
    wrong = 0
    for box, holders in pairs:
        found = sorted(row.node.type for row in _core.evidence(box))
        if found != holders:
            wrong += 1
            print(f"  {type(box[0]).__qualname__}: {found}, not {holders}")
    return wrong


def sampled(most):
    """Return (object in a list, number) of objects with references that nobody shows, and all."""
    found = _core.unexplained()
    step = max(len(found) // most, 1)
    boxes = [([thing], number) for thing, number in found[::step]]
    return boxes, len(found), sum(number for _, number in found)


def told_of(boxes):
    """Count the references that got evidence, by how it was found, and those that did not."""
    told, untold = collections.Counter(), collections.Counter()
    for box, number in boxes:
        rows = _core.evidence(box)
        assert len(rows) <= number, "more evidence than references"
        told.update(row.how for row in rows)
        if len(rows) < number:
            untold[type(box[0]).__qualname__] += number - len(rows)
    return told, untold


def seconds(action):
    """Return how long a call takes: the median of three."""
    found = []
    for _ in range(3):
        begin = time.perf_counter()
        action()
        found.append(time.perf_counter() - begin)
    return sorted(found)[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--most", type=int, default=200, metavar="N")
    most = parser.parse_args().most
    for package in PACKAGES:
        importlib.import_module(package)
    kept = work()
    pairs, also_kept = held_and_borrowed()
    gc.collect()
    print(f"a program that knows: {len(pairs)} objects asked about")
    print(f"  told wrongly: {wrong_of(pairs)}")
    boxes, objects, references = sampled(most)
    print(f"{objects:,} objects have {references:,} references that nobody shows")
    told, untold = told_of(boxes)
    asked = told.total() + untold.total()
    print(f"of {asked:,} references to {len(boxes):,} of them {told.total():,} got evidence:")
    for how, number in told.most_common():
        print(f"  {number:6,}  {how}")
    print("without, by the type of the object:", dict(untold.most_common(8)))
    collect, box = seconds(gc.collect), [Target()]
    for name, action in (
        ("all accounts", _core.unexplained),
        ("evidence for one object", lambda: _core.evidence(boxes[0][0])),
        ("an object of which nothing is unexplained", lambda: _core.evidence(box)),
    ):
        print(f"{name}: {seconds(action) / collect:.1f} gc.collect()")
    return kept, also_kept


if __name__ == "__main__":
    main()
