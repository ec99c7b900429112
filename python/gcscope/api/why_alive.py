"""Why an object is alive: why_alive."""

from __future__ import annotations

from gcscope import _core
from gcscope.explain.hops import Edge, Node, steps_of_way
from gcscope.explain.labellers import labellers, object_traceback
from gcscope.model.results import Chain, Link

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _frame_link(frame: Node, local: str | None) -> Link:
    """Write the running frame, or the thread, that holds the first object of a chain."""
    label = f"local {local}" if local is not None else "evaluation stack"
    return Link(
        type=frame.type, name=frame.name, label=label, named=True, where=frame.where, refcount=None
    )


def _chain(row: _core.Chain | None) -> Chain:
    if row is None:
        return Chain(reachable=False, root=None, links=(), expression=None)
    steps = steps_of_way([Node(node) for node in row.nodes], [Edge(edge) for edge in row.edges])
    links = [step.link() for step in steps]
    expression = None
    if row.module is not None and row.expression is not None:
        expression = f"sys.modules[{row.module!r}]{row.expression}"
    if row.frame is not None:
        links.insert(0, _frame_link(Node(row.frame), row.local))
    return Chain(reachable=True, root=row.root, links=tuple(links), expression=expression)


def why_alive(obj: object, /) -> Chain:
    """Find the shortest chain of references that keeps an object alive.

    Roots that last come first: the modules in sys.modules; then what else is held from outside of
    the tracked objects by the interpreter or C code; then the local variables of running frames;
    and only where nothing else leads to the object, those of the function that asks. Where a chain
    from a module can be typed, `expression` (and the text of the chain) is what to type. Objects
    under gc.freeze() are seen as far as others lead to them. Of garbage, such as one has from a
    weak reference, `reachable` is False.

    Raises TypeError for an object that the collector does not track, MemoryError where there is no
    memory for the pass.
    """
    box = [obj]
    del obj
    with _core.Lease():
        return _chain(_core.why_alive(box, labellers, object_traceback()))


def why_alive_of(box: list[Any]) -> Chain:
    """Find, as `why_alive`, what besides a list keeps the one object in it alive."""
    with _core.Lease():
        return _chain(_core.why_alive(box, labellers, object_traceback()))
