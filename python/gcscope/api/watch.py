"""The rings that a block leaves behind: watch."""

from __future__ import annotations

from gcscope.api.follow import Follower
from gcscope.model.results import Report


class Watch:
    """What `watch` returns: a context manager that finds the rings which its block leaves."""

    __slots__ = ("_follower", "_older", "_report")

    def __init__(self, older: bool = False) -> None:
        self._older = older
        self._follower: Follower | None = None
        self._report: Report | None = None

    def __enter__(self) -> Watch:
        if self._follower is not None:
            raise RuntimeError("this watch is in use: call watch() once for each block")
        self._report = None
        follower = self._follower = Follower(self._older)
        try:
            follower.begin()
        except BaseException:
            self._follower = None
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        follower, self._follower = self._follower, None
        if follower is None:
            raise RuntimeError("this watch has not begun: use it in a with statement")
        try:
            self._report = follower.end().report_with_share()
        except MemoryError:
            if kind is None:  # an exception of the block goes before it
                raise

    @property
    def report(self) -> Report:
        """Return the rings that the block left. Raises RuntimeError before the block has ended."""
        if self._report is None:
            raise RuntimeError("the report of a watch is there when its with block has ended")
        return self._report


def watch(older: bool = False) -> Watch:
    """Look for the rings that a with block leaves behind.

        with gcscope.watch() as watched:
            work()
        print(watched.report)

    Told are the rings of objects that were made in the block: those that are unreachable when it
    ends, and those that a collection inside it took. Automatic collection goes on as the program
    has it, and nothing is collected. An empty block costs some microseconds; else the cost follows
    what the block makes. Free-threaded Python has no generations: there the whole heap is walked
    over at the beginning, to mark what is older, and at the end.

    A ring that was made before the block and is let go of inside has no new object, and is not
    told; nor is a new ring that only an old one leads to. With older=True the whole heap is looked
    at before and after, which tells those too; what was unreachable before is not blamed on the
    block.

    What other threads leave meanwhile is in it. The variables of the block's function are still
    there when it ends: what they hold is in use. Raises MemoryError where there is no memory for a
    pass.
    """
    return Watch(older)
