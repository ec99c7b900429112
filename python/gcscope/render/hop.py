"""How a record is written and read: what `gcscope.model.record` reaches from below.

What writes texts is loaded with this module, what writes JSON and draws when it is wanted.
"""

from __future__ import annotations

from gcscope.render import (
    audit_text,
    census_text,
    cycle_text,
    film_text,
    fleet_text,
    growth_text,
    pauses_text,
    text,
)
from gcscope.render.format_table import FORMS as FORMS
from gcscope.render.format_table import SUFFIXES as SUFFIXES
from gcscope.render.format_table import form_of_suffix as form_of_suffix

TYPE_CHECKING = False
if TYPE_CHECKING:
    from os import PathLike

    from gcscope.model.census import Census
    from gcscope.model.fleet import Merged
    from gcscope.model.header import Header
    from gcscope.model.record import Drawable, Record
    from gcscope.model.results import Cycle, Report


def text_of(record: Record) -> str:
    """Write a record as text: a Retained by `retained_text`, and so on, else as its repr."""
    name = f"{type(record).__name__.lower()}_text"
    for room in (
        text,
        cycle_text,
        film_text,
        audit_text,
        census_text,
        growth_text,
        fleet_text,
        pauses_text,
    ):
        if name in vars(room):
            written: str = vars(room)[name](record)
            return written
    return repr(record)


def listed(report: Report, is_all: bool) -> str:
    """Write a report with the fingerprints of its forms; is_all: all of them in full."""
    from gcscope.render import listing

    return listing.listed(report, is_all)


def forms_text(report: Report, is_all: bool) -> str:
    """Write the forms of a report only."""
    from gcscope.render import listing

    return listing.forms_text(report, is_all)


def form_text(cycle: Cycle, alive: bool) -> str:
    """Write one form in full; alive: whether its rings are in use."""
    from gcscope.render import listing

    return listing.form_text(cycle, alive)


def whole_census(census: Census) -> str:
    """Write a census with every row."""
    return census_text.census_text(census, len(census.rows))


def merged_text(merged: Merged, is_all: bool) -> str:
    """Write what is merged; is_all: every process, every form in full, every row."""
    return fleet_text.merged_text(merged, is_all)


def rendered(record: Record, form: str) -> str | bytes:
    """Write a record in a form, as `gcscope.model.record.rendered` says."""
    if form == "text":
        return text_of(record)
    if form == "json":
        from gcscope.render.json import pretty

        return pretty(record)
    if form == "html":
        return page([(record, None)], "bytes")
    from gcscope.render.formats import drawn

    return drawn(record, form)


def page(parts: list[tuple[Record, Header | None]], order: str) -> str:
    """Write records with the headers of their files as one page of HTML, sorted by bytes at first.

    order: or by count, or by objects.
    """
    from gcscope.render.page import page_of

    return page_of(parts, order)


def json_of(record: Record, header: bool) -> str:
    """Write a record as one line of JSON; header: with that of this process."""
    from gcscope.render.json import write

    if not header:
        return write(record)
    from gcscope.model.header import header_of_process

    return write(record, header_of_process())


def read(cls: type[Record] | None, text: str | bytes) -> Record:
    """Read a record of a class from JSON; of any kind where there is none."""
    from gcscope.render import json

    return json.read_any(text) if cls is None else json.read(cls, text)


def file_text(record: Record, header: Header | None, pretty: bool) -> str:
    """Write a record as JSON, with its header: in one line, or in many for a person to read."""
    from gcscope.render import json

    return (json.pretty if pretty else json.write)(record, header)


def read_file(text: str | bytes) -> tuple[Record, Header | None]:
    """Read a record of any kind, and the header beside it, None where there is none."""
    from gcscope.render import json

    return json.read_file(text)


def save(drawn: Drawable, path: str | PathLike[str]) -> None:
    """Draw a record into a file, in the form that the suffix names."""
    from gcscope.render import formats

    formats.save(drawn, path)


def bundle(drawn: Drawable, include: object, exclude: object) -> dict[str, str]:
    """Make the forms in which Jupyter can show a record, by media type."""
    from gcscope.render import formats

    return formats.bundle(drawn, include, exclude)
