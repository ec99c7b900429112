"""Rings of references as real programs leave them, each beside its repair.

And programs that leave none.

A case is two short functions that do the same useful work. The first leaves unreachable objects
that only the collector can free, each time it is called and its result dropped; the second, its
twin, leaves nothing. Above the first stands what a good explanation says: the cause, or None where
no cause has a name, and the labels of the references where a sensible engineer would cut. Any of
those cuts is right, the first is the usual one; no cut at all means that no single reference is
worth it: the repair is to make the object once. Where a case leaves several rings, it is enough
that one of them has that cause and that cut.

A label names the reference from one object that is shown to the next. Exact builtin containers,
__dict__, tuples, cells and tracebacks are folded into it: `.friends[0]`, `['key']`, `local self`,
`cell x`, `.__traceback__.tb_frame`, with [*] for any index. A label that is written down to a
container alone, such as `.handlers`, stands for everything in there.

The programs know nothing of what studies them, make no noise, and need no network. `python
tests/corpus.py` lets the collector itself judge them.
"""

# In this order the cases are listed.
from specimens.corpus import (  # noqa: F401, I001
    exceptions,
    methods,
    closures,
    parents,
    containers,
    coroutines,
    classes,
    innocents,
)
from specimens.corpus.cases import CASES, INNOCENTS

__all__ = ["CASES", "INNOCENTS"]
