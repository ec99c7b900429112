"""Our texts on a terminal or in a file whose encoding lacks their marks."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

# What our texts have beside ASCII, and how that is spelled in it.
SPELLINGS = {
    "┌": "+",
    "┐": "+",
    "└": "+",
    "┘": "+",
    "─": "-",
    "│": "|",
    "╌": ".",
    "┆": ":",
    "►": ">",
    "◄": "<",
    "▲": "^",
    "▼": "v",
    "·": "-",
    "→": "->",
    "…": "...",
    "µ": "u",
}


def has(encoding: str, text: str) -> bool:
    """Return whether an encoding has all characters of a text; no encoding of that name does."""
    try:
        text.encode(encoding)
    except (LookupError, UnicodeError):
        return False
    return True


def spelled(text: str, stream: TextIO | None) -> str:
    """Spell in ASCII what the encoding of a stream lacks of our marks; all else stays as it is."""
    encoding = getattr(stream, "encoding", None)
    if not isinstance(encoding, str) or has(encoding, text):
        return text
    lacking = {ord(c): s for c, s in SPELLINGS.items() if c in text and not has(encoding, c)}
    return text.translate(lacking)
