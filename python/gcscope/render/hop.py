"""How a record is written and read: what `gcscope.model.record` reaches from below.

What writes texts is loaded with this module, what writes JSON and draws when it is wanted.
"""

from __future__ import annotations

from gcscope.render.cycle_text import cycle_text
from gcscope.render.film_text import frame_text, walkthrough_text
from gcscope.render.text import (
    arithmetic_text,
    chain_text,
    collection_text,
    difference_text,
    event_text,
    fate_text,
    growth_text,
    holder_text,
    holders_text,
    outcome_text,
    picture_text,
    report_text,
    retained_text,
    trial_text,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike
    from typing import Any

    from gcscope.model.record import Drawable, Record


# The class of a record, by its name (a text needs no other's module) -> what writes its text.
_TEXTS: dict[str, Callable[[Any], str]] = {
    "Arithmetic": arithmetic_text,
    "Chain": chain_text,
    "Collection": collection_text,
    "Cycle": cycle_text,
    "Difference": difference_text,
    "Event": event_text,
    "Fate": fate_text,
    "Frame": frame_text,
    "Growth": growth_text,
    "Holder": holder_text,
    "Holders": holders_text,
    "Outcome": outcome_text,
    "Picture": picture_text,
    "Report": report_text,
    "Retained": retained_text,
    "Trial": trial_text,
    "Walkthrough": walkthrough_text,
}


def text_of(record: Record) -> str:
    """Write a record as text; one that has no text of its own, as its repr."""
    return _TEXTS.get(type(record).__name__, repr)(record)


def rendered(record: Record, form: str) -> str | bytes:
    """Write a record in a form, as `gcscope.model.record.rendered` says."""
    if form == "text":
        return text_of(record)
    if form == "json":
        from gcscope.render.json import pretty

        return pretty(record)
    from gcscope.render.formats import drawn

    return drawn(record, form)


def json_of(record: Record) -> str:
    """Write a record as one line of JSON."""
    from gcscope.render.json import write

    return write(record)


def read(cls: type[Record] | None, text: str | bytes) -> Record:
    """Read a record of a class from JSON; of any kind where there is none."""
    from gcscope.render import json

    return json.read_any(text) if cls is None else json.read(cls, text)


def save(drawn: Drawable, path: str | PathLike[str]) -> None:
    """Draw a record into a file, in the form that the suffix names."""
    from gcscope.render import formats

    formats.save(drawn, path)


def bundle(drawn: Drawable, include: object, exclude: object) -> dict[str, str]:
    """Make the forms in which Jupyter can show a record, by media type."""
    from gcscope.render import formats

    return formats.bundle(drawn, include, exclude)
