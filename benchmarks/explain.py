"""What explaining costs, side by side in one run.

Each figure is a multiple of one full gc.collect() of the same heap.

1. The words of gcscope, on heaps of about 100,000 and 1,000,000 objects, and on 500,000 rings of
   one form: the dry run with components and rings, folded (`_core.unreachable_rings`); the report
   of that as text (`str(garbage())`); and of what lives `why_alive` and `holders` of one object in
   the middle of the heap, and what each object retains (`_core.retainers`). Before each of them a
   collection is timed on the same heap, and the medians of the ratios are told. Trash is made anew
   after the collection that freed it. A figure above its aim is marked with a star.
2. The same words and those of other packages, in one run on the same heap of 100,000 objects, once
   each: some take minutes on a million. What takes longer than the limit is told as "more than".
   They are (with pip install gcscope[benchmark]; which is not there is left out): refcycle,
   objgraph, guppy3, Pympler.
3. With --huge: 10,000,000 objects, as trash and alive; the most raw memory of a pass in bytes per
   object, the most memory of the whole process, and the ratio.
4. With --memory, instead of all that: the most raw memory of a pass on the heaps of 1. No clock.

    python benchmarks/explain.py [--objects 100000 1000000] [--rounds 5] [--limit 60]
                                 [--no-peers] [--huge] [--memory]
"""

import argparse
import functools
import gc
import importlib
import importlib.metadata
import platform
import resource
import signal
import statistics
import sys
import time
import warnings

import gcscope
import heaps
from gcscope import _core
from gcscope.model.phrases import table

HEAPS = (
    heaps.PAIRS,
    heaps.MANY_FORMS,
    heaps.ONE_COMPONENT,
    heaps.JSON,
    heaps.RANDOM,
    heaps.SERVICE,
    heaps.LIBRARY,  # the last: modules leave much behind that lives on
)
RINGS = 500_000  # of one form
PEER_HEAPS = (heaps.PAIRS, heaps.JSON, heaps.SERVICE)
PEER_OBJECTS = 100_000
HUGE = 10_000_000

kept = None  # what a heap that lives is held by: this variable of a module, as in a program


def middle():
    """Return the object that is asked about."""
    return kept[len(kept) // 2]


# ------------------------------------------------------------------------- words


def fold_rings():
    """Find components and a shortest ring in each, and fold them; only the forms are named."""
    _core.unreachable_rings({}, None)


def tell_garbage():
    """Write the report as text."""
    str(gcscope.garbage())


def tell_why():
    """Find the chain from a root to one object."""
    gcscope.why_alive(middle())


def tell_retainers():
    """Find what each object keeps, by the dominator tree."""
    _core.retainers(10)


def tell_holders():
    """Find the holders of one object."""
    gcscope.holders(middle())


# The word, its aim for trash and for what lives, and whether it is asked about what lives (None:
# about both).
WORDS = (
    ("rings folded", fold_rings, (3.0, 1.0), None),
    ("str(garbage())", tell_garbage, (3.0, 3.0), None),
    ("why_alive", tell_why, (None, 1.5), True),
    ("retainers", tell_retainers, (None, 4.0), True),
    ("holders", tell_holders, (None, 1.0), True),
)

# ------------------------------------------------------------------------- peers


def refcycle_garbage():
    """Find the rings of what is unreachable; it is collected for that."""
    refcycle = importlib.import_module("refcycle")
    graph = refcycle.garbage()
    [part for part in graph.strongly_connected_components() if len(part) > 1]


def refcycle_snapshot():
    """Find the rings of all that lives."""
    refcycle = importlib.import_module("refcycle")
    [part for part in refcycle.snapshot().strongly_connected_components() if len(part) > 1]


def objgraph_chain():
    """Find the chain from a module to one object."""
    objgraph = importlib.import_module("objgraph")
    objgraph.find_backref_chain(middle(), objgraph.is_proper_module)


@functools.cache
def heapy():
    """Make the one hpy() of this process."""
    return importlib.import_module("guppy").hpy()


def guppy_heap():
    """Count what there is, by type."""
    str(heapy().heap())


def guppy_path():
    """Find the shortest paths from the root to one object."""
    str(heapy().iso(middle()).sp)


def guppy_pattern():
    """Find the reference pattern of one object."""
    str(heapy().iso(middle()).rp)


def pympler_summary():
    """Count what there is, by type."""
    muppy, summary = (
        importlib.import_module("pympler.muppy"),
        importlib.import_module("pympler.summary"),
    )
    list(summary.format_(summary.summarize(muppy.get_objects())))


def pympler_asizeof():
    """Weigh the heap from its owner on."""
    importlib.import_module("pympler.asizeof").asizeof(kept)


def pympler_browser():
    """Make the tree of those that refer to one object, three levels of it."""
    importlib.import_module("pympler.refbrowser").RefBrowser(
        middle(), maxdepth=3, repeat=False
    ).get_tree()


# The package, the call, and whether it is asked about what lives.
PEERS = (
    ("refcycle", "garbage(), components", refcycle_garbage, False),
    ("refcycle", "snapshot(), components", refcycle_snapshot, True),
    ("objgraph", "find_backref_chain", objgraph_chain, True),
    ("guppy3", "heap()", guppy_heap, True),
    ("guppy3", "iso(x).sp", guppy_path, True),
    ("guppy3", "iso(x).rp", guppy_pattern, True),
    ("Pympler", "muppy, summary", pympler_summary, None),
    ("Pympler", "asizeof", pympler_asizeof, True),
    ("Pympler", "refbrowser, 3 levels", pympler_browser, True),
)

# --------------------------------------------------------------------- measuring


class TooLongError(Exception):
    """The limit has passed."""


def give_up(_number, _frame):
    """End what takes too long."""
    raise TooLongError


def seconds(action):
    """How long an action takes."""
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def compare(heap, objects, action):
    """Return the ratio of an action to a collection of the same heap; trash is made anew."""
    if heap.is_trash:
        heap.build(objects)
    full = seconds(gc.collect)
    if heap.is_trash:
        heap.build(objects)
    ratio = seconds(action) / full
    if heap.is_trash:
        gc.collect()
    return ratio


def begin(heap, objects):
    """Make a heap and keep it."""
    global kept
    gc.collect()
    kept = heap.build(objects)
    if not heap.is_trash:
        gc.collect()
    _core.dry_run()  # the first pass meets cold memory, as a first collection would
    cost = _core.last_scan()
    if heap.is_trash:
        gc.collect()
    return cost


def end():
    """Give the heap up."""
    global kept
    kept = None
    gc.collect()


def is_asked(heap, alive):
    """Whether a word has something to tell of a heap."""
    return alive is None or alive is not heap.is_trash


def compare_words(heap, objects, rounds):
    """Return a row of the first table."""
    cost = begin(heap, objects)
    ratios = {word: [] for word, _, _, alive in WORDS if is_asked(heap, alive)}
    for _ in range(rounds):
        for word, action, _, _ in WORDS:
            if word in ratios:
                ratios[word].append(compare(heap, objects, action))
    end()
    row = [heap.name, f"{cost.nodes:,}"]
    for word, _, aims, _ in WORDS:
        ratio = statistics.median(ratios[word]) if word in ratios else None
        row.append(
            "" if ratio is None else f"{ratio:.2f}{'*' if ratio > aims[not heap.is_trash] else ' '}"
        )
    return (*row, "")


def words_table(sizes, rounds):
    """Print the first table, line by line of its heaps."""
    rows = []
    for kind, name in enumerate(("aim for trash", "aim for what lives")):
        aims = [aims[kind] for _, _, aims, _ in WORDS]
        rows.append((name, "", *("" if aim is None else f"{aim:.1f} " for aim in aims), ""))
    for objects in sizes:
        if objects >= 1_000_000:
            rows.append(compare_words(heaps.PAIRS, 4 * RINGS, rounds))
        rows += [compare_words(heap, objects, rounds) for heap in HEAPS]
    print("\n".join(table(("heap", "objects", *(f"{word} " for word, *_ in WORDS), ""), rows)))


def compare_peer(heap, action, limit):
    """Return a cell of the second table."""
    signal.setitimer(signal.ITIMER_REAL, limit)
    begin = time.perf_counter()
    try:
        ratio = compare(heap, PEER_OBJECTS, action)
    except TooLongError:
        return f"more than {(time.perf_counter() - begin) / seconds(gc.collect):,.0f}"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return f"{ratio:,.2f}" if ratio < 10 else f"{ratio:,.0f}"


def version_of(package):
    """Return the version that is installed, or None."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def peers_table(limit):
    """Print the second table."""
    signal.signal(signal.SIGALRM, give_up)
    versions = {package: version_of(package) for package, *_ in PEERS}
    calls = [("gcscope", word, action, alive) for word, action, _, alive in WORDS]
    calls += [call for call in PEERS if versions[call[0]] is not None]
    rows = [[package, name] for package, name, _, _ in calls]
    for heap in PEER_HEAPS:
        begin(heap, PEER_OBJECTS)
        for row, (_, _, action, alive) in zip(rows, calls, strict=True):
            if is_asked(heap, alive):
                action()  # imports, and caches of the package's own
                gc.collect()
            row.append(compare_peer(heap, action, limit) if is_asked(heap, alive) else "")
        end()
    header = ("package", "call", *(heap.name for heap in PEER_HEAPS), "")
    print("\n".join(table(header, [(*row, "") for row in rows])))
    print(
        ", ".join(
            f"{package} {version or 'not installed'}" for package, version in versions.items()
        )
    )


def huge_table():
    """Print the third table."""
    rows = []
    for heap in (heaps.PAIRS, heaps.PAIRS_ALIVE):
        begin(heap, HUGE)
        for word, action, _, alive in WORDS:
            if is_asked(heap, alive):
                ratio = compare(heap, HUGE, action)
                cost = _core.last_scan()
                most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
                has_cost = action is not tell_holders  # which needs no graph
                per_object = f"{cost.peak_bytes / cost.nodes:.0f}" if has_cost else ""
                rows.append(
                    (
                        heap.name,
                        word,
                        f"{cost.nodes:,}",
                        f"{ratio:.2f}",
                        per_object,
                        f"{most:,}",
                        "",
                    )
                )
        end()
    header = ("heap", "word", "objects", "ratio", "bytes per object", "process at most, KiB", "")
    print("\n".join(table(header, rows)))


def bytes_of(action):
    """Return the most raw memory that an action's pass holds, in bytes per object."""
    action()
    cost = _core.last_scan()
    return f"{cost.peak_bytes / cost.nodes:.0f}"


def memory_table(objects):
    """Print the fourth table."""
    rows = []
    for heap in HEAPS:
        cost = begin(heap, objects)
        if heap.is_trash:
            heap.build(objects)
        references = f"{cost.edges / cost.nodes:.1f}"
        retainers = "" if heap.is_trash else bytes_of(tell_retainers)
        rows.append((heap.name, f"{cost.nodes:,}", references, bytes_of(fold_rings), retainers, ""))
        end()
    print("\n".join(table(("heap", "objects", "references", "rings", "retainers", ""), rows)))
    print("references and bytes: of each object")


def main():
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--objects", type=int, nargs="+", default=[100_000, 1_000_000], help="about so many a heap"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--limit", type=float, default=60, help="seconds for one call of another package"
    )
    parser.add_argument("--no-peers", action="store_true", help="only gcscope")
    parser.add_argument(
        "--huge", action="store_true", help="10,000,000 objects instead; needs about 2 GB"
    )
    parser.add_argument("--memory", action="store_true", help="bytes per object instead")
    options = parser.parse_args()
    gc.disable()
    warnings.simplefilter("ignore")
    if options.memory:
        memory_table(options.objects[0])
        return 0
    rounds = "one round" if options.huge else f"medians of {options.rounds} rounds"
    print(f"CPython {platform.python_version()}, multiples of one gc.collect(), {rounds}")
    print()
    if options.huge:
        huge_table()
        return 0
    words_table(options.objects, options.rounds)
    if not options.no_peers:
        print()
        peers_table(options.limit)
    return 0


if __name__ == "__main__":
    sys.exit(main())
