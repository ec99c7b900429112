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
    """The rings that collections find."""

    __slots__ = ("collections", "earlier", "report", "unseen")

    def __init__(self, earlier: _core.RollCall) -> None:
        self.earlier = earlier
        """What was unreachable before, and is not to be told."""
        self.report = NOTHING
        """What they found, without that."""
        self.collections = 0
        """How many there were."""
        self.unseen = 0
        """Of how many it is not known what they found: no memory, an audit hook, or increments."""

    def follow(self, generation: int) -> None:
        """Look, at its start, at what a collection of this generation is about to find."""
        self.collections += 1
        self.unseen += 1  # until it has been looked at: a signal handler may raise anything
        if COLLECTS_IN_INCREMENTS:
            return
        try:
            extent = -1 if generation == 2 else generation
            found = find(self.earlier, extent)
            self.report = joined(self.report, found)
            if self.earlier.objects:  # what is freed of it may leave its addresses to others
                self.earlier = self.earlier.without(_core.dry_run(extent))
        except Exception:  # no memory, or an audit hook refused: not the program's affair
            return
        self.unseen -= 1
