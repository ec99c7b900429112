"""Rings through every kind of reference, with the name that each has.

A specimen takes a HeapObject and makes what the object shall hold as `.held`, and what is held
leads back to the object. Beside it stand the labels of that ring from the object on, as a report
tells them, with an arrow between two.
"""

from specimens.labels import language, library  # noqa: F401
from specimens.labels.cases import SPECIMENS, HeapObject

__all__ = ["SPECIMENS", "HeapObject"]
