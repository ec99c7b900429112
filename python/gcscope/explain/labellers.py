"""Names for the references of C types that gcscope does not know: an open table."""

from __future__ import annotations

import sys
from _collections_abc import Callable, Iterable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    Labeller = Callable[[Any], Iterable[tuple[str, object]]]
    L = TypeVar("L", bound=Labeller)


# id of a type -> (type, labeller); by identity, so that no __hash__ of a metaclass runs
labellers: dict[int, tuple[type, Labeller]] = {}


def labeller(cls: type) -> Callable[[L], L]:
    """Register a function that names the references of a C type; use it as a decorator.

    The function takes an object of that type, or of one derived from it, and returns (or yields)
    pairs of a label and the object that the reference leads to. It is asked only for references
    that gcscope cannot name itself, after the pass over the heap. Besides sizers it is the one
    piece of a program's code that runs while a report is made; it must not change anything, and
    should not be slow. A new one for the same type takes the place of the old one.

        @gcscope.labeller(mylib.Node)
        def label_node(node):
            yield ".left", node.left
            yield ".right", node.right

    Raises TypeError if cls is not a class, or what is registered cannot be called.
    """
    if not isinstance(cls, type):
        raise TypeError(
            f"labeller() takes a class, not an object of type {type(cls).__qualname__!r}"
        )

    def register(function: L) -> L:
        if not callable(function):
            kind = type(function).__qualname__
            raise TypeError(f"a labeller must be a function, not an object of type {kind!r}")
        labellers[id(cls)] = (cls, function)
        return function

    return register


def ask(holder: object, target: object) -> str | None:
    """Return what the labeller of holder's type calls its reference to target; None without one.

    Of several labellers that of the most derived type is asked.
    """
    for cls in type.__dict__["__mro__"].__get__(type(holder)):
        registered = labellers.get(id(cls))
        if registered is None:
            continue
        for label, referent in registered[1](holder):
            if referent is target:
                return str(label)
    return None


def object_traceback() -> Callable[[object], object] | None:
    """Return tracemalloc's function that finds where an object was made, while it is tracing."""
    tracemalloc = sys.modules.get("_tracemalloc")
    if tracemalloc is None or not tracemalloc.is_tracing():
        return None
    function: Callable[[object], object] = tracemalloc._get_object_traceback
    return function
