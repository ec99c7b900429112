"""The known patterns of rings, in plain words, and which of them a ring is."""

from __future__ import annotations

import sys

from gcscope.explain.hops import PLAIN, Node, Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


EXCEPTION = "an exception keeps the frame that keeps it"
METHOD = "a bound method is stored on its own object"
RECURSION = "a closure refers to itself"
CLOSURE = "a closure is stored on the object it refers to"
GENERATOR = "a suspended generator is held by what its frame refers to"
COROUTINE = "a suspended coroutine is held by what its frame refers to"
TASK = "a task is kept by the object it works on"
RESULT = "the result of a task leads back to it"
FRAME = "a frame is kept by its own local"
CONTAINER = "a container holds itself"
PARENT = "parent and child refer to each other"
CACHE = "a cache keeps the object it is keyed on"
CACHED_METHOD = "a cached bound method is stored on its own object"
CLASS = "a class is made inside a function"
REPLACED = "a class is made inside a function, or was replaced by another of its name"
MOCK = "each mock makes a class of its own"
NAMESPACE = "a function is kept by its own namespace"
TWO = "two objects refer to each other"
ITSELF = "an object refers to itself"

_MODULE = type(sys)
_MODULE_DICT: Any = vars(_MODULE)[
    "__dict__"
].__get__  # so that no __getattribute__ comes in between
_CLASS_DICT: Any = vars(type)["__dict__"].__get__

_UPWARDS = frozenset({"parent", "owner", "up", "root", "container", "outer"})


def names_upwards(label: str) -> bool:
    """Whether a label is one by which a child calls its parent."""
    spaced = "".join(f" {c}" if c.isupper() else c if c.isalpha() else " " for c in label)
    return not _UPWARDS.isdisjoint(spaced.lower().split())


def _edge_kinds(steps: list[Step]) -> set[str]:
    return {edge.kind for step in steps for edge in step.edges}


def is_task(node: Node) -> bool:
    """Whether an object is an asyncio Task, the one in C or the one in Python."""
    return node.kind == "task" or node.type == "asyncio.tasks.Task"


def _cause_by_kind(steps: list[Step], kinds: set[str]) -> str | None:
    """Name the patterns that the kind of one object on the ring tells."""
    through = {node.kind for step in steps for node in step.through}
    has_traceback = "traceback" in through | kinds
    if "frame" in kinds and (has_traceback or "exception" in kinds):
        return EXCEPTION
    if any(is_task(step.node) for step in steps):
        return (
            RESULT
            if any(is_task(step.node) and step.label.startswith("._result") for step in steps)
            else TASK
        )
    if "coroutine" in kinds:
        return COROUTINE
    if "generator" in kinds:
        return GENERATOR
    if "frame" in kinds:
        return FRAME
    if "key" in _edge_kinds(steps):
        return CACHE
    if "cache" in kinds and not kinds <= {"cache", "function"}:
        wraps = any(
            step.node.kind == "cache" and step.label.startswith(".__wrapped__") for step in steps
        )
        return CACHED_METHOD if wraps and "method" in kinds else CACHE
    if "method" in kinds or any(s.node.kind == "code" and s.label == ".__self__" for s in steps):
        return METHOD
    return None


def _names_another(name: str) -> bool:
    """Whether the name of a dead class leads to a class now; looked for in plain dicts, so that no code runs."""
    parts = name.split(".")
    for length in range(len(parts) - 1, 0, -1):
        module = sys.modules.get(".".join(parts[:length]))
        found: Any = module
        for part in parts[length:] if type(module) is _MODULE else ():
            scope = _MODULE_DICT(found) if found is module else _CLASS_DICT(found)
            found = scope.get(part)
            if not isinstance(found, type):
                return False
        if isinstance(found, type):
            return True
    return False


def _cause_by_shape(steps: list[Step], kinds: set[str], alive: bool) -> str | None:
    """Name the patterns that are told by how objects hang together."""
    if "function" in kinds and any(".__globals__" in step.label for step in steps):
        return NAMESPACE
    if "class" in kinds:
        names = [step.node.name or "" for step in steps if step.node.kind == "class"]
        if kinds == {"class"} and all(name.startswith("unittest.mock.") for name in names):
            return MOCK
        if any("<locals>" in name for name in names):
            return CLASS
        return None if alive else REPLACED if any(map(_names_another, names)) else CLASS
    if kinds <= {"function", "cache"} and any("cell " in step.label for step in steps):
        return RECURSION
    if "function" in kinds and len(kinds) > 1:
        return CLOSURE
    if kinds <= PLAIN or (len(steps) == 1 and steps[0].label.startswith(("[", "an element"))):
        return CONTAINER
    if len(steps) == 1:
        return ITSELF
    if len(steps) == 2:
        is_tree = steps[0].is_through_container != steps[1].is_through_container and kinds == {
            "instance"
        }
        return PARENT if is_tree or any(map(names_upwards, {step.label for step in steps})) else TWO
    return PARENT if any(map(names_upwards, {step.label for step in steps})) else None


def cause_of(steps: list[Step], alive: bool) -> str | None:
    """Name the pattern that a ring is, or None. Of a live ring of classes it cannot be told where they were made."""
    kinds = {step.node.kind for step in steps}
    return _cause_by_kind(steps, kinds) or _cause_by_shape(steps, kinds, alive)
