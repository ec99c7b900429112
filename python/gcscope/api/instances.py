"""From the name of a type to its objects: instances."""

from __future__ import annotations

from gcscope import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def instances(name_or_type: str | type, most: int = 100) -> list[Any]:
    """List living objects of a type, the newest first.

        gcscope.instances("app.Node", 3)

    The way from a row of a report to an object. A type is given as itself, or by the name that
    reports have for it: module.qualname, builtins without the module. Objects of derived types are
    not among them: they are counted under their own names. Where types have one name, the objects
    of all of them are. The order is that of the collector's lists, which is that of birth as far as
    no collection has changed it, and none at all in free-threaded Python; what the collector does
    not track, such as strings, comes last, in no order, as far as it is known: what others lead to
    is. Nothing of the program runs.

    An empty list says that there is none, or that no living type has that name. Raises TypeError
    for anything else, ValueError if most is less than 1, MemoryError where there is no memory for
    the pass.
    """
    if type(name_or_type) is not str and not isinstance(name_or_type, type):
        kind = type(name_or_type).__qualname__
        raise TypeError(f"instances() takes a type or its name, not an object of type {kind!r}")
    if type(most) is not int:
        kind = type(most).__qualname__
        raise TypeError(f"instances() takes an int as most, not an object of type {kind!r}")
    if most < 1:
        raise ValueError(f"instances() takes at least 1 as most, not {most}")
    with _core.Lease():
        found: list[Any] = _core.instances(name_or_type, most)
    return found
