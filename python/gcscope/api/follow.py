"""What collections free while something runs, predicted at their start.

Then the view of the heap is still complete.
"""

from __future__ import annotations

import sys

from gcscope import _core
from gcscope.api.garbage import find
from gcscope.model.merge import NOTHING, joined

# CPython 3.14.0 to 3.14.4 collect in increments: what such a collection looks at cannot be told at
# its start.
COLLECTS_IN_INCREMENTS = (3, 14, 0) <= sys.version_info[:3] <= (3, 14, 4)


class Follower:
    """The rings that collections take."""

    __slots__ = ("collections", "earlier", "report", "unseen")

    def __init__(self, earlier: _core.RollCall) -> None:
        self.earlier = earlier
        """What was unreachable before, and is not to be told."""
        self.report = NOTHING
        """What they found, without that."""
        self.collections = 0
        """How many there were."""
        self.unseen = 0
        """Of how many it cannot be told what they found: no memory, a refusing audit hook, or
        increments."""

    def follow(self, phase: str, generation: int) -> None:
        """Look at what a collection of this generation is about to find, and at what it has left.

        To be called at its start and stop, as `gc.callbacks` are.
        """
        if phase == "start":
            self.collections += 1
            self.unseen += 1  # until it has been looked at: a signal handler may raise anything
        if COLLECTS_IN_INCREMENTS:
            return
        try:
            if phase == "start":
                self.report = joined(self.report, find(self.earlier, _EXTENTS[generation]))
                self.unseen -= 1
            elif self.earlier.objects:  # what went may have left its addresses to others
                self.earlier = self.earlier.still_tracked()
        except Exception:  # no memory, or an audit hook of the program refused gc.get_objects
            self.unseen += phase != "start"


_EXTENTS = (0, 1, -1)  # of the collection of a generation: the oldest one takes the whole heap
