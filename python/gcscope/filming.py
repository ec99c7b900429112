"""A story in pictures: film.

A frame is what `draw` shows at a moment, with the collector's arithmetic for the same objects. Between frames a film
knows addresses only; an object that is gone is not in the next frame.
"""

from __future__ import annotations

import sys

from gcscope.life import journal
from gcscope.picture import Picture
from gcscope.render.text import plural
from gcscope.report import Arithmetic, Record, read_record, read_str, read_tuple
from gcscope.scene import Scene, addresses_of, arithmetic_of, look
from gcscope.sketch import picture_of_scene
from gcscope.verdict import Held

TYPE_CHECKING = False
if TYPE_CHECKING:
    from os import PathLike
    from types import TracebackType
    from typing import Any

    from gcscope.report import Event

MOST_FATES = 12  # that one frame tells one by one


class Frame(Record):
    """One moment of a film."""

    __slots__ = ("arithmetic", "caption", "fates", "picture")
    caption: str
    """What has happened, in the words of who made the film."""
    fates: tuple[str, ...]
    """The instrumented objects that were freed since the frame before, and by what."""
    picture: Picture
    """The objects."""
    arithmetic: Arithmetic
    """The collector's arithmetic for them, as though they were a generation that is collected."""
    _readers = {
        "caption": read_str,
        "fates": read_tuple(read_str),
        "picture": read_record(Picture),
        "arithmetic": read_record(Arithmetic),
    }

    def __str__(self) -> str:
        from gcscope.render.lesson import frame_text

        return frame_text(self)


class Film:
    """What `film` returns: a recorder, which shows its frames in Jupyter by itself."""

    __slots__ = ("_addresses", "_frames", "_held", "_keys", "_seen")

    def __init__(self, addresses: list[int]) -> None:
        self._addresses = addresses
        self._frames: list[Frame] = []
        self._held: Held | None = None
        self._keys: dict[tuple[int, str, str | None], str] = {}
        self._seen = self._events()

    def __enter__(self) -> Film:
        if self._held is not None:
            raise RuntimeError("this film is being made: end its with block first")
        held = Held()
        held.__enter__()
        self._held = held
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        held, self._held = self._held, None
        if held is not None:
            held.__exit__(None, None, None)

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The frames so far."""
        return tuple(self._frames)

    def frame(self, caption: str = "") -> Frame:
        """Take a frame: the objects as they are now. Raises TypeError for a caption that is no string."""
        if not isinstance(caption, str):
            raise TypeError(f"a caption must be a string, not {type(caption).__qualname__!r}")
        scene = self._look()
        frame = Frame(
            caption=str(caption),
            fates=self._fates(),
            picture=picture_of_scene(scene, str(caption)),
            arithmetic=arithmetic_of(scene),
        )
        self._frames.append(frame)
        return frame

    def _look(self) -> Scene:
        """Look at what is still there; another object at the address of one that is gone is not taken for it."""
        scene = look(self._addresses)
        told = [(thing.address, thing.node.type, thing.node.name) for thing in scene.things]
        known = {key[0]: key for key in self._keys}
        others = [
            thing.address
            for thing, key in zip(scene.things, told, strict=True)
            if thing.is_given and known.get(thing.address, key) != key
        ]
        if others:
            self._addresses = [address for address in self._addresses if address not in others]
            return self._look()
        for key in told:
            self._keys.setdefault(key, f"o{len(self._keys)}")
        scene.keys = [self._keys[key] for key in told]
        return scene

    @staticmethod
    def _events() -> int:
        return journal.dropped + len(journal.events())

    def _fates(self) -> tuple[str, ...]:
        """Tell which instrumented objects were freed since the last frame."""
        events = journal.events()
        first = max(0, len(events) - (journal.dropped + len(events) - self._seen))
        self._seen = journal.dropped + len(events)
        freed = [event for event in events[first:] if event.freed_by is not None]
        names = {name for _, _, name in self._keys}
        freed.sort(key=lambda event: event.name not in names)  # those of the film come first
        told = [f"{event.name or event.type}: freed by {_by(event)}" for event in freed[:MOST_FATES]]
        more: dict[str, int] = {}
        for event in freed[MOST_FATES:]:
            more[_by(event)] = more.get(_by(event), 0) + 1
        return (*told, *(f"+ {plural(count, 'more object')}: freed by {by}" for by, count in more.items()))

    def __str__(self) -> str:
        from gcscope.render.lesson import film_text

        return film_text(self.frames)

    def __repr__(self) -> str:
        return f"<film of {len(self._frames)} frames>"

    def save(self, path: str | PathLike[str]) -> None:
        """Write the film as a strip: .svg or .png, which need Graphviz. Raises as `Picture.save`."""
        from gcscope.projection import save_strip

        save_strip(self.frames, path)

    def player(self) -> Any:
        """Return the widget that plays the film in Jupyter. Raises ImportError without ipywidgets."""
        from gcscope.projection import player

        return player(self.frames)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        """Show the film in Jupyter: a slider where there is ipywidgets, a strip everywhere else."""
        from gcscope.projection import film_bundle

        return film_bundle(self.frames, str(self), "ipykernel" in sys.modules)


def _by(event: Event) -> str:
    """Tell what freed an object."""
    if event.freed_by == "refcount":
        return "counting"
    return f"the {event.freed_by}"


def film(*objs: object) -> Film:
    """Make a film of some objects: a picture and the collector's arithmetic at each step of a story.

        with gcscope.film(p1, p2) as film:
            film.frame("two people")
            p1.befriend(p2)
            film.frame("they are friends")
            del p1, p2
            film.frame("both names are gone")
            gcscope.collect()
            film.frame("the collector has run")
        film

    The film holds no object. In the with block automatic collection is off; it may be left out where a story goes over
    several cells. In Jupyter a slider plays it; everywhere else it is a strip. Raises TypeError without an argument and
    for an object that the collector does not track; `frame` raises MemoryError where there is no memory for the pass.
    """
    addresses = addresses_of(objs, "film")
    del objs
    return Film(addresses)
