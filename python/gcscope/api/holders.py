"""Who holds an object: holders.

As `why_alive` and `retained` do, it moves its argument into a list and lets go of its own variable,
so that the call itself has exactly one reference, on every version and from every caller: the
list's, which the core leaves out.
"""

from __future__ import annotations

import sys

from gcscope import _core
from gcscope.explain.hops import Edge, Node, fold
from gcscope.explain.ipython_names import is_kept, known_dicts, module_name
from gcscope.explain.labellers import labellers, object_traceback
from gcscope.model.results import Holder, Holders

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _holder(row: _core.Reference) -> Holder:
    node = Node(row.node)
    label = fold([Edge(edge) for edge in row.edges])
    name = module_name(node.name, label) if node.type == "module" else node.name
    return Holder(type=node.type, name=name, label=label, where=node.where, owned=row.owned)


def _hints() -> tuple[str, ...]:
    """List where C code of this program may hold references. Nothing is imported for that."""
    hints = []
    atexit = sys.modules.get("atexit")
    callbacks = atexit._ncallbacks() if type(atexit) is type(sys) else 0
    if callbacks:
        hints.append(f"atexit: {callbacks} functions are registered, with their arguments")
    for module, hint in (
        ("_signal", "signal: a handler"),
        ("_sqlite3", "sqlite3: a function or callback of a connection"),
        ("_ctypes", "ctypes: a callback, or a py_object"),
        ("_thread", "a thread: its function and arguments, until it begins"),
    ):
        if module in sys.modules:
            hints.append(hint)
    hints.append("the evaluation stack of a running function")
    return tuple(hints)


def holders(obj: object, /) -> Holders:
    """Find who holds each reference to an object.

    Any object may be asked about, a str or bytes as well. Holders are found by asking every object
    that the collector tracks what it refers to, and by reading the local variables of all running
    frames, those of other threads too; and only where that does not explain all references, by
    asking all that those lead to, tracked or not. What is then left is told as `unexplained`:
    references of C code, of an evaluation stack (up to 3.13 the interpreter does not tell what lies
    on that of a function that calls C code), or of memory under gc.freeze() that this Python does
    not show. The sum of owned references named and unexplained ones is the reference count, not
    counting those of this very call. The references of an immortal object are not counted.

    Inside of a finalizer or a weakref callback that a collection runs, `collecting` says that the
    object is being collected: the other objects of its trash are in no list then, and their
    references are among the unexplained ones.

    No Python code of the program runs, but for labellers that it has registered. Raises MemoryError
    where there is no memory for the pass.
    """
    box = [obj]
    del obj
    known = known_dicts()
    with _core.Lease():
        return _holders(
            _core.holders(box, known, labellers, object_traceback()), _core.is_collected(box)
        )


def holders_of(box: list[Any]) -> Holders:
    """Find, as `holders`, who besides a list holds the one object in it.

    The core leaves out the frame that asks it, so that each of the two words asks by itself.
    """
    known = known_dicts()
    with _core.Lease():
        return _holders(
            _core.holders(box, known, labellers, object_traceback()), _core.is_collected(box)
        )


def _order(holder: Holder) -> tuple[str, str, str, bool]:
    """Put holders into an order that does not depend on where they lie in memory."""
    return holder.type, holder.name or "", holder.label, not holder.owned


def _named(rows: list[_core.Reference]) -> tuple[Holder, ...]:
    """Make a record for each reference, the same one for those that are told in the same words."""
    pairs = ((_holder(row), row.references) for row in rows)
    found = sorted(pairs, key=lambda pair: _order(pair[0]))
    return tuple(holder for holder, count in found for holder in (holder,) * count)


def _holders(row: _core.References, is_collected: bool) -> Holders:
    named = _named(row.references)
    if row.refcount is None:
        return Holders(refcount=_core.IMMORTAL, named=named, unexplained=0, hints=())
    unexplained = row.refcount - sum(each.references for each in row.references if each.owned)
    return Holders(
        refcount=row.refcount,
        named=named,
        unexplained=unexplained,
        hints=_hints() if unexplained > 0 and not is_collected else (),
        collecting=is_collected,
    )


def parted(held: Holders) -> tuple[list[Holder], list[Holder]]:
    """Return the named holders in two parts: those of the program, and those of IPython."""
    own: list[Holder] = []
    kept: list[Holder] = []
    for holder in held.named:
        (kept if is_kept(holder.type, holder.name) else own).append(holder)
    return own, kept
