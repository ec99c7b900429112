"""Reports as JSON, schema gcscope/1, and back."""

from __future__ import annotations

import json

from gcscope.report import SCHEMA, Counts, Record, read_record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    R = TypeVar("R", bound=Record)


def _plain(value: object) -> Any:
    if isinstance(value, Record):
        return {name: _plain(getattr(value, name)) for name in value.__slots__}
    if isinstance(value, Counts):
        return dict(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def write(record: Record) -> str:
    """Write a record as one line of JSON, "schema" and "kind" first."""
    return json.dumps({"schema": SCHEMA, "kind": type(record).__name__.lower(), **_plain(record)})


def read(cls: type[R], text: str | bytes) -> R:
    """Read a record of class cls. Raises ValueError, saying what is wrong, if text is not one."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON, or a damaged file: {error}") from None
    if not isinstance(document, dict) or "schema" not in document:
        raise ValueError('not a report of gcscope: it is no JSON object with a "schema"')
    schema, kind = document.pop("schema"), document.pop("kind", None)
    if schema != SCHEMA:
        raise ValueError(f"schema {schema!r} is not known; this version of gcscope reads {SCHEMA!r}")
    if kind != cls.__name__.lower():
        raise ValueError(f"expected a {cls.__name__.lower()}, not a {kind!r}")
    try:
        record = read_record(cls)(document)
    except ValueError as error:
        raise ValueError(f"a damaged {cls.__name__.lower()}: {error}") from None
    assert isinstance(record, cls)
    return record
