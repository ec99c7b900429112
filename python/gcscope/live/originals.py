"""Functions of C modules as they are, where a program has put its own in their place.

gevent and its like replace `time.sleep` and `_thread.start_new_thread`: what is called by those
names then runs in the program's loop, and waits for that.
"""

from __future__ import annotations

import sys
from _frozen_importlib import BuiltinImporter, module_from_spec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any


FRESH: dict[str, ModuleType] = {}
"""Modules that were made a second time: kept, as each would else be left as a ring."""


def original(module: str, name: str) -> Callable[..., Any]:
    """Return a function of a module that is built in, in C."""
    found: Callable[..., Any] = vars(sys.modules[module])[name]
    if type(found) is type(len):
        return found
    spec = BuiltinImporter.find_spec(module)
    if module not in FRESH and spec is not None:
        FRESH[module] = module_from_spec(spec)
        BuiltinImporter.exec_module(FRESH[module])
    # Where this Python has it as a file, there is no second one to be had.
    return vars(FRESH[module])[name] if module in FRESH else found
