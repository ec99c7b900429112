"""Structures of plain objects that refer to one another, each with the cut that is right.

A case is a class: `make` makes the structure and returns what a user holds of it, `use` fails where
any object that should live does not, and `leaky` does both and drops it. What is right was written
down before any program was asked: in `answers` the kinds of references that a maintainer lets go
of, and the ways to do it; two, where two are right. `applied` follows such an advice to the letter
and leaves nothing.

Other than those of the corpus the cases are about *which* reference of several goes: where nearly
every one breaks a ring, but one keeps alive what the other must not.

`python tests/structures.py` asks gcscope and prints how often it is right.
"""

# In this order the cases are listed.
from specimens.structures import (  # noqa: F401, I001
    trees,
    lists,
    owners,
    methods,
    others,
)
from specimens.structures.cases import STRUCTURES

__all__ = ["STRUCTURES"]
