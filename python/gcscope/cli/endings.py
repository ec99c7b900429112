"""The option `--report-on`: a report before a signal ends the program, as it then does.

A function of ours stands where the signal has no handler, from the start of the program to the end
of its main script: the interpreter calls it in the main thread as soon as that runs Python code.
Whatever the program itself sets, before or after, stands in its place. Nothing is told when the
process is ended without a word to it: SIGKILL, os._exit, os.abort, os.exec.
"""

from __future__ import annotations

import sys
from _thread import get_ident
from os import getpid, kill, register_at_fork

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal
    from collections.abc import Callable, Iterable
    from types import FrameType
else:
    import _signal  # which every interpreter has at its start; a program may have a signal.py

# Those that end a process which has no handler, and are sent to ask for that.
NAMES = ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")


class Endings:
    """Signals that are to be reported on, before each ends the process."""

    __slots__ = ("_handler", "_masks", "_numbers", "has_reported")

    def __init__(self, names: Iterable[str]) -> None:
        self._numbers: dict[int, str] = {getattr(_signal, name): name for name in names}
        self._masks: dict[int, Iterable[int]] = {}  # of signals: those of threads that fork
        self._handler: Callable[[int, FrameType | None], None] | None = None
        self.has_reported = False
        """Whether a signal has come. The process lives on only where the system spares it (pid 1 of
        a container)."""

    def begin(self, report: Callable[[str], None]) -> None:
        """From now on call report, with the name of the signal, when one comes."""
        ours = getpid()

        def last_report(number: int, frame: FrameType | None) -> None:
            if self.has_reported:  # it has come twice, as `timeout` sends it
                return
            self.has_reported = True
            traced = sys.gettrace(), sys.getprofile()
            sys.settrace(None)
            sys.setprofile(None)
            try:
                if getpid() == ours:
                    report(self._numbers[number])
            finally:
                self._leave_to_the_system()
                kill(getpid(), number)
            sys.setprofile(traced[1])
            sys.settrace(traced[0])

        self._handler = last_report
        for number in self._numbers:
            if _signal.getsignal(number) is _signal.SIG_DFL:
                _signal.signal(number, last_report)
        if self._numbers:
            register_at_fork(
                before=self._hold_back,
                after_in_parent=self._let_come,
                after_in_child=self._leave_to_the_child,
            )

    def end(self) -> None:
        """Report on none from now on."""
        self._leave_to_the_system()
        self._handler = None

    def _hold_back(self) -> None:
        """Let the signals wait while this thread forks.

        Else one that is sent to the child before it has the default again would be lost: it would
        be noted for our handler, and the interpreter forgets in a child what was noted.
        """
        if self._handler is not None:
            self._masks[get_ident()] = _signal.pthread_sigmask(_signal.SIG_BLOCK, self._numbers)

    def _let_come(self) -> None:
        mask = self._masks.pop(get_ident(), None)
        if mask is not None:
            _signal.pthread_sigmask(_signal.SIG_SETMASK, mask)

    def _leave_to_the_child(self) -> None:
        self._leave_to_the_system()
        self._let_come()

    def _leave_to_the_system(self) -> None:
        """Put the default back where the program has put nothing else."""
        for number in self._numbers:
            if self._handler is not None and _signal.getsignal(number) is self._handler:
                _signal.signal(number, _signal.SIG_DFL)
