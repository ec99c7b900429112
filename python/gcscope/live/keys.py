"""Records without the str keys of dicts, which may be data: names of users, addresses, tokens.

What is left are names of types, attributes, variables, modules and places in code, indexes and
numbers. A fingerprint is a hash of what it was before.
"""

from __future__ import annotations

from gcscope.model.record import Record, changed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    R = TypeVar("R", bound=Record)

_ANY = "[*]"
_IS_NO_LABEL = frozenset({"type", "where", "filled_at", "fingerprint", "root", "cause"})
_OF_MODULES = "sys.modules["


def _key_end(text: str, at: int) -> int:
    """Return where a subscript with a text ends, if one begins at a place; else that place."""
    quote = text[at + 1 : at + 2]
    end = at + 2
    while quote and quote in "'\"" and end < len(text):
        if text[end] == quote:
            return end + 2 if text[end + 1 : end + 2] == "]" else at
        end += 2 if text[end] == "\\" else 1
    return at


def _shown(text: str) -> str:
    """Write a label, path, expression or advice with [*] in place of each key that is a text."""
    parts, begin, at = [], 0, text.find("[")
    while at >= 0:
        end = _key_end(text, at)
        if end > at and not text.startswith(_OF_MODULES, max(0, at + 1 - len(_OF_MODULES))):
            parts += [text[begin:at], _ANY]
            begin = end
        at = text.find("[", max(end, at + 1))
    return "".join([*parts, text[begin:]])


def _without(value: object) -> object:
    if isinstance(value, str):
        return _shown(value)
    if isinstance(value, tuple):
        return tuple(map(_without, value))
    return without_keys(value) if isinstance(value, Record) else value


def without_keys(record: R) -> R:
    """Return a record in which no str key of a dict is told."""
    names = [name for name in record.__slots__ if name not in _IS_NO_LABEL]
    return changed(record, **{name: _without(getattr(record, name)) for name in names})
