"""Programs that grow, as public reports have them, each beside its repair; and programs that only
seem to.

A program is a short function that is called once a request. `@growing` says of it, before any
program is asked, what it adds with each call: to which container, as one would type it; of which
type; how many entries. How many bytes is measured by tracemalloc, in `tests/growing.py`: what the
program leaves less what its twin, the function below it, does. The twin does the same useful work
and lets go, so it must be silent. Where no container grows (`atexit` keeps its own list in C, a
chain of nodes has none) the types are written down instead. What is `@steady` holds much, or
changes much, and grows in no round, or not in every one.

The links were read; what is modelled is the way in which the program grows, no line of its code.
`python tests/growing.py` asks gcscope and prints how often it is right.
"""

# In this order the cases are listed.
from specimens.growing import (  # noqa: F401, I001
    registries,
    caches,
    buffers,
    contexts,
    chains,
    steady,
)
from specimens.growing.cases import GROWING, STEADY

__all__ = ["GROWING", "STEADY"]
