"""One moment of a film."""

from __future__ import annotations

from gcscope.model.picture import Picture
from gcscope.model.record import Record
from gcscope.model.results import Arithmetic


class Frame(Record):
    """One moment of a film."""

    caption: str
    """What has happened, in the words of who made the film."""
    fates: tuple[str, ...]
    """The instrumented objects that were freed since the frame before, and by what."""
    picture: Picture
    """The objects."""
    arithmetic: Arithmetic
    """The collector's arithmetic for them, as though they were a generation that is collected."""

    def __repr__(self) -> str:  # what an interactive Python shows of film.frame(...)
        count = len(self.picture.boxes)
        return f"<frame {self.caption!r}: {count} {'box' if count == 1 else 'boxes'}>"
