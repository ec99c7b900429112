"""The names under which IPython keeps what a cell has returned: they are its own, not the user's."""

from __future__ import annotations

import sys


def is_of_ipython(label: str) -> bool:
    """Whether IPython keeps the result of a cell under this name: _, __, ___, _3."""
    if "IPython" not in sys.modules:
        return False
    name = label[1:]
    return name in ("_", "__", "___") or (name[:1] == "_" and name[1:].isdigit())


def known_dicts() -> tuple[tuple[int, str], ...]:
    """Tell the address of the dict of IPython that holds what cells returned; a reference to it would count."""
    main = sys.modules.get("__main__")
    out = vars(main).get("_oh") if type(main) is type(sys) and "IPython" in sys.modules else None
    return ((id(out), "Out (kept by IPython)"),) if type(out) is dict else ()
