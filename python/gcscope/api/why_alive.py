"""Why an object is alive: why_alive."""

from __future__ import annotations

from gcscope import _core
from gcscope.api.evidence import evidence_records, unseen
from gcscope.explain.hops import Edge, Node, steps_of_way
from gcscope.explain.ipython_names import by_own_name
from gcscope.explain.labellers import labellers, object_traceback
from gcscope.explain.patterns import OWN_KEY, WEAK_KEYS
from gcscope.model.record import changed
from gcscope.model.results import Chain, Link

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _frame_link(frame: Node, local: str | None) -> Link:
    """Write the running frame, or the thread, that holds the first object of a chain."""
    label = f"local {local}" if local is not None else "evaluation stack"
    return frame.link(label)


def _one(row: _core.Chain, is_collected: bool, others: tuple[Chain, ...]) -> Chain:
    steps = steps_of_way([Node(node) for node in row.nodes], [Edge(edge) for edge in row.edges])
    links = [step.link() for step in steps]
    expression = None
    if row.module is not None and row.expression is not None:
        path = row.expression
        if row.module == "__main__":
            path = by_own_name(path)
            links[0] = changed(links[0], label=by_own_name(links[0].label))
        expression = f"sys.modules[{row.module!r}]{path}"
    if row.frame is not None:
        links.insert(0, _frame_link(Node(row.frame), row.local))
    is_own_key = row.own_key and any(node.type == WEAK_KEYS for node in row.nodes)
    evidence = evidence_records(row.evidence, len(row.evidence))
    return Chain(
        reachable=True,
        root=row.root,
        links=tuple(links),
        expression=expression,
        cause=OWN_KEY if is_own_key else None,
        evidence=evidence,
        unseen=unseen() if row.root == "C" and not evidence else (),
        others=others,
        collecting=is_collected,
    )


def _chain(rows: list[_core.Chain], box: list[Any]) -> Chain:
    """Make a record of the first chain to the object in a list, which has the others."""
    is_collected = _core.is_collected(box)
    if not rows:
        return Chain(
            reachable=False,
            root=None,
            links=(),
            expression=None,
            collecting=is_collected,
            waits=None if is_collected else _core.waiting(box),
        )
    others = tuple(_one(row, is_collected, ()) for row in rows[1:])
    return _one(rows[0], is_collected, others)


_MOST_PATHS = 1 << 30


def why_alive(obj: object, /, ignore: tuple[object, ...] | list[Any] = (), paths: int = 1) -> Chain:
    """Find the shortest chain of references that keeps an object alive.

    Roots that last come first: the modules in sys.modules; then what else is held from outside of
    the tracked objects by the interpreter or C code; then the local variables of running frames;
    and only where nothing else leads to the object, those of the function that asks. Of chains of
    one length those through a module's `__loader__`, `__spec__` or `__builtins__` are the last. No
    chain goes through gcscope's own modules unless there is no other. Where a chain from a module
    can be typed, `expression` (and the text of the chain) is what to type. Any object may be asked
    about, a str or bytes as well. Objects under gc.freeze() are seen as far as others lead to them.
    Of garbage, such as one has from a weak reference, `reachable` is False, and in free-threaded
    Python `waits` says whether it needs the collector, in a ring or in none; inside of a finalizer
    that a collection runs, `collecting` says whether the object is of its trash. Of an immortal
    object that is all that is told: the interpreter never frees it.

    No chain goes through the objects of `ignore`, a tuple or list, nor through that: probes and
    caches of the asker's own. `others` has up to paths - 1 further chains, each by another last
    holder, as many as there are.

    Raises TypeError for an ignore that is no tuple or list, and paths that are no int; ValueError
    for fewer than 1 path; MemoryError where there is no memory for the pass.
    """
    if type(ignore) is not tuple and type(ignore) is not list:
        kind = type(ignore).__qualname__
        raise TypeError(
            f"ignore must be a tuple or list of objects, not an object of type {kind!r}"
        )
    if type(paths) is not int:
        kind = type(paths).__qualname__
        raise TypeError(f"paths must be an int, not an object of type {kind!r}")
    if paths < 1:
        raise ValueError(f"paths must be 1 or more, not {paths}")
    box = [obj]
    del obj
    most = min(paths, _MOST_PATHS)
    with _core.Lease():
        return _chain(_core.why_alive(box, labellers, object_traceback(), ignore, most), box)


def why_alive_of(box: list[Any], ignore: list[Any] | tuple[object, ...] = ()) -> Chain:
    """Find, as `why_alive`, what besides a list keeps the one object in it alive."""
    with _core.Lease():
        return _chain(_core.why_alive(box, labellers, object_traceback(), ignore), box)
