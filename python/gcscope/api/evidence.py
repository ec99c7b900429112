"""Evidence of who may have the references that nobody shows: rows of the core as records."""

from __future__ import annotations

import sys

from gcscope import _core
from gcscope.explain.hops import Node
from gcscope.model.results import Holder

# What was looked at (src/query/evidence.h), and what it means.
_SEEN = {
    "memory": "seen in its memory",
    "type": "an instance owns its class",
    "array": "seen in its data: an array tells the collector nothing of its items",
    "greenlet": "a greenlet that waits: it tells the collector nothing of its frames",
    "table": "seen in the interpreter's tables",
    "static": "seen in its memory",
    "stack": "seen on the stack of a function that is in a call of C code",
}
_NOT_SHOWN = {
    "nothing": "its type does not tell the collector (no tp_traverse)",
    "others": "its type does not tell the collector (its tp_traverse leaves that out)",
}

# Libraries that keep references where nobody can look, and what holds so.
_DARK = (
    ("torch", "torch is loaded: autograd graphs hold so"),
    ("_sqlite3", "sqlite3 is loaded: functions and callbacks of a connection are held so"),
    ("_tkinter", "tkinter is loaded: commands and bindings are held so, by Tcl"),
)
_UNKNOWN_TABLES = "the tables of this Python, whose structure is not known, were not looked at"


def _seen(row: _core.Evidence) -> str:
    """Write how a holder was found."""
    words = [_SEEN[row.how]]
    words += ["of one instance"] if row.how == "memory" and row.instances == 1 else []
    words += ["one of more such than references"] if row.one_of else []
    said = ", ".join(words)
    return f"{said}; {_NOT_SHOWN[row.shown]}" if row.shown else said


def _holder(row: _core.Evidence) -> Holder:
    node = Node(row.node)
    return Holder(
        type=node.type,
        name=node.name,
        label=row.label,
        where=node.where,
        owned=True,
        seen=_seen(row),
        uncollectable=row.leads_back,
    )


def evidence_records(rows: list[_core.Evidence], most: int) -> tuple[Holder, ...]:
    """Make records of evidence, no more than there are references that nobody shows."""
    found = sorted(map(_holder, rows), key=lambda holder: (holder.type, holder.name or ""))
    return tuple(found[:most])


def unseen() -> tuple[str, ...]:
    """List what this program has loaded that keeps references where nobody can look."""
    said = tuple(said for module, said in _DARK if module in sys.modules)
    return said if _core.KNOWS_TABLES else (_UNKNOWN_TABLES, *said)
