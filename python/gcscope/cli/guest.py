"""What gcscope brings into the process of a program, and how it is out of that program's sight."""

from __future__ import annotations

import gc
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType, ModuleType

    from gcscope.api.lease import Lease


def is_alone() -> bool:
    """Return whether the process is there for gcscope: only runpy, or the script, called it."""
    frame: FrameType | None = sys._getframe()
    scripts = 0
    while frame is not None:
        name = str(frame.f_globals.get("__name__"))
        scripts += name == "__main__"
        if scripts > 1 or not (name in ("__main__", "runpy") or name.startswith("gcscope.")):
            return False
        frame = frame.f_back
    return True


def leave_first_path() -> None:
    """Drop the entry that Python puts first: what lies there is the user's, not for us to import.

    With -P, -I or PYTHONSAFEPATH there is none.
    """
    if not sys.flags.safe_path:
        del sys.path[:1]


class Guest:
    """What gcscope has imported and left as trash, in a process that is there for it alone.

    Nothing is hidden where others share the process: what has been imported may be theirs.
    """

    __slots__ = ("_hidden", "_is_alone", "_lease", "_theirs")

    def __init__(self, alone: bool) -> None:
        """Hold collections off, so that our trash stays in the young generation."""
        self._is_alone = alone
        self._hidden: dict[str, ModuleType] = {}
        self._theirs: dict[str, ModuleType] = {}
        self._lease: Lease | None = None
        if alone:
            from gcscope.api.lease import Lease

            self._lease = Lease()

    def hide(self) -> None:
        """Take out of sys.modules what no plain Python would have there.

        It has those up to `site`, which ends the interpreter's start. A program that imports the
        same names finds its own modules then. gcscope's own stay: there is one heap to look at.
        """
        names = list(sys.modules)
        last = "site" if "site" in names else "__main__"
        for name in names[names.index(last) + 1 :] if self._is_alone else ():
            if name.split(".")[0] != "gcscope":
                self._hidden[name] = sys.modules.pop(name)
        for name in self._hidden:
            _drop_attribute(name)

    def settle(self) -> None:
        """Free our trash, and end the lease, just before the program starts."""
        if self._is_alone:
            is_young = gc.get_count()[0] < 0  # no collection has come since the lease began
            gc.collect(0 if is_young else 2)
        self._lease = None

    def show(self) -> None:
        """Put our modules in the place of the program's, for what is still imported by us."""
        for name, module in self._hidden.items():
            if name in sys.modules:
                self._theirs[name] = sys.modules[name]
            sys.modules[name] = module

    def withdraw(self) -> None:
        """Undo show."""
        for name in self._hidden:
            sys.modules.pop(name, None)
        sys.modules.update(self._theirs)
        self._theirs.clear()


def _drop_attribute(name: str) -> None:
    """Drop a module from its package, if that stays."""
    package, _, last = name.rpartition(".")
    if package in sys.modules:
        vars(sys.modules[package]).pop(last, None)
