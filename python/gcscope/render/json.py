"""Records as JSON, schema gcscope/2, and back.

Writing needs nothing of the module `json`: `run` writes when the program under study has ended, and
that program may have a `json` of its own.
"""

from __future__ import annotations

from _json import encode_basestring_ascii

from gcscope.model.phrases import with_article
from gcscope.model.record import READERS, SCHEMA, Counts, OldSchema, Record, abridged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    from gcscope.model.header import Header

    R = TypeVar("R", bound=Record)


_CONSTANTS = {None: "null", True: "true", False: "false"}


def _kind(cls: type[Record]) -> str:
    return cls.__name__.lower()


def _object(items: list[tuple[str, str]]) -> str:
    return (
        "{" + ", ".join(f"{encode_basestring_ascii(name)}: {value}" for name, value in items) + "}"
    )


def _written(value: object) -> str:
    """Write what a field of a record holds."""
    if isinstance(value, str):
        return encode_basestring_ascii(value)
    if isinstance(value, (bool, type(None))):
        return _CONSTANTS[value]
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float) and value - value == 0:  # finite: there is no JSON of others
        return float.__repr__(value)
    if isinstance(value, Counts):
        return _object([(name, _written(n)) for name, n in value.items()])
    if isinstance(value, tuple):
        return "[" + ", ".join([_written(item) for item in value]) + "]"
    if isinstance(value, Record):
        return _object(_fields(value))
    raise TypeError(f"a record holds no {type(value).__qualname__}")


def _fields(record: Record) -> list[tuple[str, str]]:
    return [(name, _written(getattr(record, name))) for name in record._written()]


def write(record: Record, header: Header | None = None) -> str:
    """Write a record as one line of JSON: "schema" and "kind" first, then the header of a file."""
    head = [("schema", _written(SCHEMA)), ("kind", _written(_kind(type(record))))]
    head += [("header", _written(header))] if header is not None else []
    return _object([*head, *_fields(record)])


def pretty(record: Record, header: Header | None = None) -> str:
    """Write a record as JSON of many lines, for a person to read; from_json reads it, too."""
    import json

    return json.dumps(json.loads(write(record, header)), indent=2)


_RUN = "`gcscope run -o FILE PROGRAM` writes it anew"
# kind -> what writes such a file anew; of others, the word that returns them
_WRITES_ANEW = {
    "report": _RUN,
    "judgement": _RUN,
    "baseline": "`python -m pytest --gcscope-update-baseline`, or `gcscope run "
    "--update-baseline`, writes it anew",
    "difference": "`gcscope diff --format json OLD NEW` writes it anew",
    "merged": "`gcscope merge -o FILE FILE...` writes it anew",
}


def _version(schema: object) -> int | None:
    """Return the number of a schema that is some version of ours."""
    name, _, number = schema.partition("/") if isinstance(schema, str) else ("", "", "")
    is_ours = name == SCHEMA.partition("/")[0] and number.isascii() and number.isdecimal()
    return int(number[:9]) if is_ours else None


def _refusal(schema: object, kind: object) -> ValueError:
    """Make the error that says what to do about a schema that is not this one."""
    version, ours = _version(schema), _version(SCHEMA)
    assert ours is not None
    if version is None:
        what = f"this version of gcscope reads {SCHEMA!r}"
        return ValueError(f"schema {abridged(schema)} is not known: {what}")
    if version > ours:
        what = "a newer gcscope wrote it, upgrade gcscope to read it"
        return ValueError(f"schema {abridged(schema)} is not known: {what}")
    known = kind.lower() if isinstance(kind, str) else ""
    how = _WRITES_ANEW.get(known, ".to_json() of what gcscope answers now is read")
    return OldSchema(
        f"schema {abridged(schema)} is of an older gcscope, which counted bytes and told forms "
        f"otherwise: {how}"
    )


def _document(text: str | bytes) -> dict[str, Any]:
    """Read the fields of a document of this schema, "kind" and "header" among them."""
    import json

    try:
        # strictly, where json.loads lets halves of characters through: two of them side by side
        # are written as two and read as one
        if isinstance(text, str):
            text.encode()
        elif isinstance(text, (bytes, bytearray)):  # of others json.loads knows what to say
            text = text.decode(json.detect_encoding(text))
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        why = "not text" if isinstance(error, UnicodeError) else str(error)
        raise ValueError(f"not JSON, or a damaged file: {why}") from None
    if not isinstance(document, dict) or "schema" not in document:
        raise ValueError('not a report of gcscope: it is no JSON object with a "schema"')
    schema = document["schema"]
    if schema != SCHEMA:
        raise _refusal(schema, document.get("kind"))
    return document


def _filled(cls: type[R], fields: object) -> R:
    try:
        record = READERS[cls.__name__](fields)
    except ValueError as error:
        raise ValueError(f"a damaged {_kind(cls)}: {error}") from None
    assert isinstance(record, cls)
    return record


def _header(document: dict[str, Any]) -> Header | None:
    from gcscope.model.header import Header

    return _filled(Header, document["header"]) if "header" in document else None


def read(cls: type[R], text: str | bytes) -> R:
    """Read a record of class cls. Raises ValueError, saying what is wrong, if text is not one."""
    document = _document(text)
    kind = document.get("kind")
    if kind != _kind(cls):
        raise ValueError(f"expected {with_article(_kind(cls))}, not {abridged(kind)}")
    _header(document)
    return _filled(cls, document)


ROOMS = (
    "results",
    "audit",
    "census",
    "diff",
    "fleet",
    "growth",
    "judgement",
    "pauses",
    "walkthrough",
)
"""Those of gcscope.model whose records are documents."""


def kinds() -> dict[str, type[Record]]:
    """Return the classes of the records that are documents, by the "kind" that stands in them."""
    from importlib import import_module

    return {
        _kind(cls): cls
        for room in (import_module(f"gcscope.model.{name}") for name in ROOMS)
        for cls in vars(room).values()
        if isinstance(cls, type) and issubclass(cls, Record) and cls.__module__ == room.__name__
    }


def read_file(text: str | bytes) -> tuple[Record, Header | None]:
    """Read a record of any class, as its "kind" says, and the header that stands beside it.

    Raises ValueError as `read` does.
    """
    document = _document(text)
    kind = document.get("kind")
    cls = kinds().get(kind) if isinstance(kind, str) else None
    if cls is None:
        raise ValueError(
            f"kind {abridged(kind)} is not known: it is one of {', '.join(sorted(kinds()))}"
        )
    return _filled(cls, document), _header(document)


def read_any(text: str | bytes) -> Record:
    """Read a record of any class, as its "kind" says. Raises ValueError as `read` does."""
    return read_file(text)[0]
