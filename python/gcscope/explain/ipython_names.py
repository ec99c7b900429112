"""The names under which IPython keeps what cells returned or raised: its own, not the user's."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


_KEPT = " (kept by IPython)"
_OF_MAIN = frozenset({"_", "__", "___", "_i", "_ii", "_iii", "In", "Out", "_ih", "_oh", "_dh"})
_OF_SYS = frozenset({".last_value", ".last_exc", ".last_traceback", ".last_type"})


def is_of_ipython(label: str) -> bool:
    """Return whether a name of the user's module is IPython's: _, __, ___, _3, _i3, In, Out."""
    if "IPython" not in sys.modules:
        return False
    name = _first_name(label)
    return name in _OF_MAIN or (name[:1] == "_" and name[1:].removeprefix("i").isdigit())


def _first_name(label: str) -> str:
    return label[1:].partition("[")[0].partition(".")[0]


def by_own_name(label: str) -> str:
    """Return a label of the user's module that begins with a name of the user's, if one will do.

    What a cell has shown is `._` as well: that is IPython's name of what the user calls `.p`.
    """
    main = sys.modules.get("__main__")
    if type(main) is not type(sys) or not is_of_ipython(label):
        return label
    name = _first_name(label)
    kept = vars(main).get(name)
    own = (
        other
        for other, value in list(vars(main).items())  # another thread may add one
        if value is kept and type(other) is str and not is_of_ipython(f".{other}")
    )
    found = next(own, None)
    return label if found is None else f".{found}{label[1 + len(name) :]}"


def module_name(name: str | None, label: str) -> str | None:
    """Return the name of a module that holds something, marked where IPython keeps it there.

    IPython keeps the results of cells, and the last exception until another cell fails.
    """
    last = name == "sys" and "IPython" in sys.modules and label in _OF_SYS
    return f"{name}{_KEPT}" if last or (name == "__main__" and is_of_ipython(label)) else name


def is_kept(type_name: str, name: str | None) -> bool:
    """Return whether a holder is IPython's, or of jedi, by which it completes what is typed."""
    of_jedi = type_name.startswith("jedi.") and "IPython" in sys.modules
    is_own = of_jedi or type_name.startswith(("IPython.", "ipykernel."))
    return is_own or (name is not None and _KEPT in name)


_METHOD: Any = type(is_kept.__get__(""))


def known_dicts() -> tuple[tuple[int, str], ...]:
    """Return the address and name of each dict in which IPython keeps what cells returned.

    Addresses, since a reference to them would count.
    """
    main = sys.modules.get("__main__")
    if type(main) is not type(sys) or "IPython" not in sys.modules:
        return ()
    found = [
        (vars(main).get("_oh"), "Out"),
        (_attribute(_shell(), "user_ns_hidden"), "user_ns_hidden"),
    ]
    return tuple((id(kept), f"{name}{_KEPT}") for kept, name in found if type(kept) is dict)


def cell_name(path: str) -> str | None:
    """Return what IPython calls the cell that a file stands for: In[7]; None for another file."""
    if "IPython" not in sys.modules:
        return None
    numbers = _attribute(_attribute(_shell(), "compile"), "_filename_map")
    number = numbers.get(path) if type(numbers) is dict else None
    return f"In[{number}]" if type(number) is int else None


def _shell() -> object:
    """Find IPython's shell, by the function that it gives to the user's module."""
    main = sys.modules.get("__main__")
    module = sys.modules.get("IPython.core.interactiveshell")
    asked: Any = vars(main).get("get_ipython") if type(main) is type(sys) else None
    if type(module) is not type(sys) or type(asked) is not _METHOD:
        return None
    shell: object = asked.__self__
    is_one = any(kind is vars(module).get("InteractiveShell") for kind in type.mro(type(shell)))
    return shell if is_one else None


def _attribute(obj: object, name: str) -> object:
    """Read an attribute without asking its object."""
    try:
        return object.__getattribute__(obj, name)
    except AttributeError:
        return None
