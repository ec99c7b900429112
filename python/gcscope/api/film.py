"""What happens to some objects, in pictures: film.

A frame is what `draw` shows at a moment, with the collector's arithmetic for the same objects.
Between frames a film holds none of them, and knows them by their addresses. What lies there later
may be another object: an instrumented one tells by its serial; of others those are new that the
collector has begun to track since the frame before (see `born_at`).
"""

from __future__ import annotations

import sys

from gcscope import _core
from gcscope.api.chosen import Limits, limits_of
from gcscope.api.draw import AS_USUAL, picture_of_neighborhood
from gcscope.api.journal import journal
from gcscope.api.neighborhood import (
    HeapObject,
    Neighborhood,
    arithmetic_of,
    born_at,
    check_given,
    look_around,
    new_marker,
    serial_of,
)
from gcscope.model.film import Frame
from gcscope.model.phrases import plural

TYPE_CHECKING = False
if TYPE_CHECKING:
    from os import PathLike
    from typing import Any

    from gcscope.model.results import Event


MOST_FATES = 12  # that one frame tells one by one
MOST_ROWS = 40  # of its table


class _Known:
    """An object as a film remembers it."""

    __slots__ = ("key", "serial", "type", "variable")

    def __init__(
        self, key: str, serial: int | None, type_name: str, variable: str | None = None
    ) -> None:
        self.key = key
        self.serial = serial
        self.type = type_name
        self.variable = variable
        """What it was called in the frame before, where it has no name of its own."""


def _remembered(objects: tuple[object, ...]) -> dict[int, _Known]:
    """Note where objects are and how to know them again."""
    known: dict[int, _Known] = {}
    for item in objects:
        known.setdefault(
            id(item), _Known(f"o{len(known)}", serial_of(item), type(item).__qualname__)
        )
    return known


def _last(events: tuple[Event, ...]) -> Event | None:
    return events[-1] if events else None


class Film:
    """What `film` returns: a recorder, which shows its frames in Jupyter by itself."""

    __slots__ = (
        "_addresses",
        "_frames",
        "_known",
        "_last_event",
        "_lease",
        "_limits",
        "_made",
        "_marker",
        "_names",
    )

    def __init__(self, known: dict[int, _Known], limits: Limits = AS_USUAL) -> None:
        self._addresses = list(known)
        self._limits = limits
        self._known = known
        self._made = len(known)  # how many objects have been given a key
        self._names: set[str | None] = set()
        self._frames: list[Frame] = []
        self._lease: _core.Lease | None = None
        self._last_event = _last(journal.events())
        self._marker = new_marker()

    def __enter__(self) -> Film:
        if self._lease is not None:
            raise RuntimeError("this film is being made: end its with block first")
        self._lease = _core.Lease()
        return self

    def __exit__(self, *error: object) -> None:
        self._lease = None

    @property
    def frames(self) -> tuple[Frame, ...]:
        """Return the frames so far."""
        return tuple(self._frames)

    def frame(self, caption: str = "") -> Frame:
        """Take a frame: the objects as they are now. Raises TypeError if caption is no string."""
        if not isinstance(caption, str):
            raise TypeError(f"a caption must be a string, not {type(caption).__qualname__!r}")
        neighborhood = self._look()
        frame = Frame(
            caption=str(caption),
            fates=self._fates(),
            picture=picture_of_neighborhood(neighborhood, str(caption), self._limits),
            arithmetic=arithmetic_of(neighborhood, MOST_ROWS),
        )
        self._frames.append(frame)
        return frame

    def _look(self) -> Neighborhood:
        """Look at what is still there of the given objects, and at what it leads to."""
        with _core.Lease():
            born = born_at(list(self._known), self._marker)
            neighborhood = look_around(self._addresses)
            there = {
                obj.address
                for obj in neighborhood.objects
                if obj.is_given and self._is_known(obj, born)
            }
            if len(there) < len(self._addresses):  # gone, and for good
                self._addresses = [address for address in self._addresses if address in there]
                neighborhood = look_around(self._addresses)
            neighborhood.keys = [self._key(obj, born) for obj in neighborhood.objects]
            self._keep_variables(neighborhood)
            self._known = {
                obj.address: _Known(key, obj.serial, obj.node.type, obj.variable)
                for obj, key in zip(neighborhood.objects, neighborhood.keys, strict=True)
            }
            self._names.update(obj.node.name for obj in neighborhood.objects)
            self._marker = new_marker()
        return neighborhood

    def _is_known(self, obj: HeapObject, born: set[int]) -> bool:
        """Return whether an object is the one that was at its address."""
        known = self._known.get(obj.address)
        if known is None:
            return False
        if known.serial is not None or obj.serial is not None:
            return known.serial == obj.serial
        may_be_untracked = obj.node.type in ("dict", "tuple")  # for a time, so that it comes anew
        return obj.address not in born or (may_be_untracked and known.type == obj.node.type)

    def _key(self, obj: HeapObject, born: set[int]) -> str:
        """Call an object as in the frame before."""
        if self._is_known(obj, born):
            return self._known[obj.address].key
        self._made += 1
        return f"o{self._made - 1}"

    def _keep_variables(self, neighborhood: Neighborhood) -> None:
        """Call objects by the variable that led to them, but where it leads to another one now."""
        before = {known.key: known.variable for known in self._known.values()}
        leads: dict[str | None, set[int]] = {}
        for holder in neighborhood.outside:
            leads.setdefault(holder.variable, set()).add(holder.target)
        for place, key in enumerate(neighborhood.keys):
            variable = before.get(key)
            if variable is not None and leads.get(variable, {place}) == {place}:
                neighborhood.objects[place].variable = variable

    def _fates(self) -> tuple[str, ...]:
        """Write which instrumented objects were freed since the last frame, and by what."""
        events = journal.events()
        first = 0  # where the last one is not there any more, all are newer
        for place, event in enumerate(events, 1):
            first = place if event == self._last_event else first
        self._last_event = _last(events)
        freed = [event for event in events[first:] if event.freed_by is not None]
        freed.sort(key=lambda event: event.name not in self._names)  # those of the film come first
        told = [
            f"{event.name or event.type}: freed by {_by(event)}" for event in freed[:MOST_FATES]
        ]
        more: dict[str, int] = {}
        for event in freed[MOST_FATES:]:
            more[_by(event)] = more.get(_by(event), 0) + 1
        return (
            *told,
            *(f"+ {plural(count, 'more object')}: freed by {by}" for by, count in more.items()),
        )

    def __str__(self) -> str:
        from gcscope.render.film_text import film_text

        return film_text(self.frames)

    def __repr__(self) -> str:
        return f"<film of {len(self._frames)} frames>"

    def save(self, path: str | PathLike[str]) -> None:
        """Write the film as a strip: .svg, which needs Graphviz, or .mmd (Mermaid).

        Raises ValueError for another suffix, OSError if the file cannot be written. Without
        Graphviz it is written as .mmd beside it, and CannotDraw is raised, an OSError that says
        where from Graphviz is to be had.
        """
        from gcscope.render.film_view import save_strip

        save_strip(self.frames, path)

    def player(self) -> Any:
        """Return the player for Jupyter, a widget. Raises ImportError without ipywidgets."""
        from gcscope.render.film_view import player

        return player(self.frames)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        """Show the film in Jupyter: a slider where there is ipywidgets, a strip everywhere else."""
        from gcscope.render.film_view import film_bundle

        return film_bundle(self.frames, str(self), "ipykernel" in sys.modules, include, exclude)


def _by(event: Event) -> str:
    """Write what freed an object."""
    if event.freed_by == "refcount":
        return "counting"
    return f"the {event.freed_by}"


def film(
    *objs: object, depth: int | None = None, most: int | None = None, containers: bool = False
) -> Film:
    """Make a film of some objects: a picture and the collector's arithmetic at each step.

        with gcscope.film(p1, p2) as film:
            film.frame("two people")
            p1.befriend(p2)
            film.frame("they are friends")
            del p1, p2
            film.frame("both names are gone")
            gcscope.collect()
            film.frame("the collector has run")
        film

    depth, most and containers say what its pictures show, as in `draw`. An object that is called by
    a variable keeps that name when the variable is gone.

    The film holds no object. In the with block no automatic collection comes for 100,000
    allocations (one may in free-threaded Python), while gc.isenabled() and the thresholds stay as
    they are; the block may be left out where a film goes over several cells. In Jupyter a slider
    plays it; everywhere else it is a strip. Raises TypeError without an argument, for an object
    that the collector does not track and for a keyword of another type, ValueError for a number
    that is out of range; `frame` raises MemoryError where there is no memory for the pass.
    """
    limits = limits_of(depth, most, containers, "film")
    check_given(objs, "film")
    known = _remembered(objs)
    del objs
    return Film(known, limits)
