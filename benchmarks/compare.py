"""What gcscope costs, side by side in one run: ratios, since machines are shared and noisy.

1. Creating and dropping a Person, its life noted in the journal, against the same class in plain Python with __slots__.
2. The dry run against one full gc.collect() of the same heap: pairs of friends as trash, JSON-like data, imported
   libraries, random friends. They are measured in turns (dry run, collection, dry run, ...), and the median of the
   ratios of neighbours is told. A collection frees the trash, so that it is made anew for each.
3. The most raw memory that a pass holds, in bytes per object and per reference between objects (4 of them are the
   reference itself).

    python benchmarks/compare.py [--objects 1000000] [--rounds 7]
"""

import argparse
import gc
import importlib.util
import platform
import random
import statistics
import sys
import time
import warnings

from gcscope import Person, _core
from gcscope.render.text import table

# Executed again and again in fresh modules, until there are objects enough: classes, functions, tables, as programs do.
LIBRARIES = """
    argparse ast asyncio.base_events asyncio.tasks bdb calendar cmd codeop configparser copy csv dataclasses datetime
    decimal difflib dis doctest email.message email.header enum fractions ftplib functools gettext glob gzip heapq
    html.parser http.client http.cookiejar http.server imaplib inspect ipaddress json.decoder json.encoder logging
    logging.config logging.handlers mailbox mimetypes netrc numbers optparse pathlib pdb pickle pickletools pkgutil
    platform plistlib poplib pprint profile queue random sched selectors shelve shlex shutil smtplib socket socketserver
    statistics string subprocess tarfile tempfile textwrap threading timeit tokenize trace traceback turtle types typing
    unittest.case unittest.mock urllib.parse urllib.request uuid warnings wave weakref webbrowser xml.dom.minidom
    xml.sax.handler xmlrpc.client zipapp zipfile zoneinfo._zoneinfo
"""


class Plain:
    """The same as Person, in plain Python."""

    __slots__ = ("friends", "name")

    def __init__(self, name):
        self.name = name
        self.friends = []


def seconds(action, *arguments):
    """How long an action takes, and what it answers."""
    begin = time.perf_counter()
    answer = action(*arguments)
    return time.perf_counter() - begin, answer


def create_and_drop(cls, times=100_000):
    """Create and drop so many objects, one after the other."""
    for _ in range(times):
        cls("name")


# ------------------------------------------------------------------------- heaps


def pairs_of_friends(objects):
    """Trash: rings of two people and their two lists."""
    for _ in range(objects // 4):
        a, b = Person("a"), Person("b")
        a.befriend(b)
    a = b = None


def json_like(objects):
    """Live: nested dicts and lists as a JSON parser makes them."""
    return [
        {"id": n, "tags": ["a", "b", [n]], "place": {"x": 1.5, "y": 2.5}, "owner": {"name": str(n), "roles": []}}
        for n in range(objects // 6)
    ]


def libraries(objects):
    """Live: the modules of the standard library, each several times."""
    loaded = []
    while len(gc.get_objects()) < objects:
        before = len(loaded)
        for name in LIBRARIES.split():
            try:
                spec = importlib.util.find_spec(name)
                module = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(module)
            except Exception:  # not in this Python, or not to be had twice
                continue
            loaded.append(module)
        if len(loaded) == before:
            break
    return loaded


def random_friends(objects):
    """Live: people with four random friends each, in two lists of references by index: the worst case for caches."""
    rng = random.Random(1)
    people = [Person("p") for _ in range(objects // 2)]
    for person in people:
        person.friends.extend(rng.choices(people, k=4))
    return people


HEAPS = {
    "pairs of friends (trash)": pairs_of_friends,
    "JSON-like data": json_like,
    "imported libraries": libraries,
    "random friends": random_friends,
}


def compare_heap(build, objects, rounds):
    """Return (ratio of the dry run to a collection, the cost of the pass)."""
    ratios = []
    is_trash = build is pairs_of_friends
    kept = build(objects)
    gc.collect() if not is_trash else None
    _core.dry_run()  # the first pass meets cold memory, as a first collection would
    for _ in range(rounds):
        if is_trash:
            gc.collect()
            build(objects)
        dry, census = seconds(_core.dry_run)
        cost = _core.last_pass()
        del census
        full, _ = seconds(gc.collect)
        ratios.append(dry / full)
    del kept
    gc.collect()
    return statistics.median(ratios), cost


def main():
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    gc.disable()
    warnings.simplefilter("ignore")
    print(f"CPython {platform.python_version()}, {options.rounds} rounds, medians of ratios")
    print()
    ratios = []
    for _ in range(3 * options.rounds):
        mine, _ = seconds(create_and_drop, Person)
        theirs, _ = seconds(create_and_drop, Plain)
        ratios.append(mine / theirs)
    print(f"create and drop a Person, journal on, against plain Python with __slots__: {statistics.median(ratios):.2f}")
    print()
    rows = []
    for name, build in HEAPS.items():
        ratio, cost = compare_heap(build, options.objects, options.rounds)
        edges = cost["edges"] * 4
        rows.append(
            (
                name,
                f"{cost['nodes']:,}",
                f"{cost['edges']:,}",
                f"{ratio:.2f}",
                f"{(cost['peak_bytes'] - edges) / cost['nodes']:.0f}",
                f"{cost['peak_bytes'] / cost['nodes']:.0f}",
                "",
            )
        )
    header = ("heap", "objects", "references", "dry run / gc.collect()", "bytes per object", "with references", "")
    print("\n".join(table(header, rows)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
