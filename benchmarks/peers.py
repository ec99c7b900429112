"""What asking does: 100 rings with finalizers and weak references, asked for by several packages.

Each is asked, in a process of its own, for what is unreachable now, by its own word for that. Told
are how many of the rings' objects its answer has, how many finalizers have run and how many weak
references are left when it has answered. The packages: pip install gcscope[benchmark]; which is not
there is left out.

    python benchmarks/peers.py
"""

import gc
import importlib
import subprocess
import sys
import weakref
from importlib.metadata import version

from gcscope.model.phrases import table

RINGS = 100


class Node:
    """One half of a ring."""

    deleted = 0

    def __del__(self):
        Node.deleted += 1


def ring():
    """Leave a ring; the weak reference to one of its objects tells whether it is there."""
    one, other = Node(), Node()
    one.peer, other.peer = other, one
    return weakref.ref(one)


def told(objects):
    """How many of some objects are of the rings."""
    return sum(type(obj) is Node for obj in objects)


def ask_gcscope(gcscope):
    """Ask the dry run."""
    return gcscope.garbage().types.get("__main__.Node", 0)


def ask_objgraph(objgraph):
    """Objects that nobody refers to: of a ring everybody is referred to."""
    return told(objgraph.get_leaking_objects())


def ask_refcycle(refcycle):
    """Ask for the graph of what a collection with DEBUG_SAVEALL saves."""
    return told(refcycle.garbage())


def ask_guppy(guppy):
    """Ask what no root leads to and a collection has left: another question, the nearest."""
    heapy = guppy.hpy()
    return (heapy.heapu(stat=0) & heapy.Type(Node)).count


def ask_pympler(pympler):
    """Ask for the graph of what a collection with DEBUG_SAVEALL saves."""
    from pympler.garbagegraph import GarbageGraph

    return sum(entry.type == "Node" for entry in GarbageGraph().metadata)


PACKAGES = {
    "gcscope": ("gcscope", "garbage()", ask_gcscope),
    "objgraph": ("objgraph", "get_leaking_objects()", ask_objgraph),
    "refcycle": ("refcycle", "garbage()", ask_refcycle),
    "guppy3": ("guppy", "hpy().heapu()", ask_guppy),
    "Pympler": ("pympler", "GarbageGraph()", ask_pympler),
}


def ask(package):
    """Ask one package, in this process, and print what it told and what it did."""
    module, _, question = PACKAGES[package]
    asked = importlib.import_module(module)
    gc.disable()
    gc.collect()
    left = [ring() for _ in range(RINGS)]
    found = question(asked)
    print(found, Node.deleted, sum(reference() is not None for reference in left))


def main():
    """Print the table."""
    rows = []
    for package, (module, word, _) in PACKAGES.items():
        try:
            importlib.import_module(module)
        except ImportError:
            continue
        command = [sys.executable, __file__, package]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        rows.append((f"{package} {version(package)}", *done.stdout.split(), word))
    print(f"{RINGS} rings of two objects, each with a finalizer; a weak reference to each ring")
    print()
    head = ("package", "objects told", "finalizers run", "weak references left", "asked")
    print(*table(head, rows), sep="\n")


if __name__ == "__main__":
    ask(sys.argv[1]) if sys.argv[1:] else main()
