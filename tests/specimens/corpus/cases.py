"""What a case of the corpus is, and how its programs are registered.

`leaky`, then its twin `repaired`.
"""

import importlib
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass

EXCEPTION = "an exception keeps the frame that keeps it"
BOUND = "a bound method is stored on its own object"
CLOSURE_SELF = "a closure refers to itself"
OF_LIBRARY = "inner functions or classes of the standard library refer to themselves"
CLOSURE_STORED = "a closure is stored on the object it refers to"
GENERATOR = "a suspended generator is held by what its frame refers to"
COROUTINE = "a suspended coroutine is held by what its frame refers to"
TASK = "a task is kept by the object it works on"
FRAME = "a frame is kept by its own local"
CONTAINER = "a container holds itself"
PARENT = "parent and child refer to each other"
CACHE = "a cache keeps the object it is keyed on"
CACHED_METHOD = "a cached bound method is stored on its own object"
RESULT = "the result of a task leads back to it"
CLASS = "a class is made inside a function"
MOCK = "each mock makes a class of its own"
NAMESPACE = "a function is kept by its own namespace"
TWO = "two objects refer to each other"
CONTEXT = "a context holds the object that keeps it"
WEAK_KEY = "the value of a WeakKeyDictionary refers to its own key"
MEMORYVIEW = "a memoryview is kept by the object whose memory it shows"
REGISTRY = "a registry of callbacks leads back to the object that keeps it"
CLASS_REGISTRY = "a class keeps a registry of what refers to it"
PARTIAL = "a partial is stored on the object that it is given"
ACCESSOR = "an accessor is cached on the object it describes"
ITSELF = "an object refers to itself"


def optional(name):
    """The module, or None where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


attrs = optional("attrs")
jinja2 = optional("jinja2")
requests = optional("requests")


def any_index(label):
    """The label with [*] for every index."""
    return re.sub(r"\[-?\d+\]", "[*]", label)


@dataclass(frozen=True)
class Case:
    """A program that leaves a ring, and its repaired twin."""

    leaky: Callable[[], object]
    repaired: Callable[[], object]
    cause: str | None
    cuts: tuple[str, ...]
    needs: tuple[str, ...] = ()  # modules that may be missing
    versions: tuple[
        tuple[tuple[int, ...], tuple[int, ...]], ...
    ] = ()  # (from, before) pairs that leak; () = every one
    reason: str = ""  # why only those versions

    @property
    def name(self):
        return self.leaky.__name__

    @property
    def why_not_here(self):
        """Why the case says nothing on this Python: what it needs is missing, or nothing leaks.

        Empty if it runs.
        """
        missing = [module for module in self.needs if optional(module) is None]
        if missing:
            return f"needs {', '.join(missing)}"
        here = sys.version_info[:3]
        leaks = not self.versions or any(first <= here < before for first, before in self.versions)
        return "" if leaks else self.reason

    @property
    def runs_here(self):
        return not self.why_not_here

    def allows_cut(self, label):
        """Whether the reference with this label is a good place to cut."""
        label = any_index(label)
        wanted = [any_index(cut) for cut in self.cuts]
        return any(label == cut or label.startswith((f"{cut}[", f"{cut} (")) for cut in wanted)

    def warm(self):
        """Fill the caches of what the case uses. Leaves the rings of one call behind."""
        for function in (self.leaky, self.repaired) * 2:
            function()


@dataclass(frozen=True)
class Innocent:
    """A program that leaves nothing unreachable.

    What is alive for good is not garbage, however useless it is.
    """

    program: Callable[[], object]
    alive: bool = False  # it leaves something, and that is reachable

    @property
    def name(self):
        return self.program.__name__

    def warm(self):
        self.program()
        self.program()


CASES: list[Case] = []


INNOCENTS: list[Innocent] = []
_waiting = {}


def leaky(cause, *cuts, **fields):
    """The decorated program leaves a ring; its repaired twin comes next."""

    def register(function):
        assert not _waiting, "a leaky program has no repaired twin"
        _waiting.update(fields, leaky=function, cause=cause, cuts=cuts)
        return function

    return register


def repaired(function):
    """The twin of the leaky program just above; its name says what was repaired."""
    CASES.append(Case(repaired=function, **_waiting))
    _waiting.clear()
    return function


def innocent(function):
    INNOCENTS.append(Innocent(function))
    return function


def alive(function):
    INNOCENTS.append(Innocent(function, alive=True))
    return function
