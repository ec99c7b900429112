"""Where texts go: terminals with their width and colours, pipes that close, poor encodings."""

from __future__ import annotations

import os
import sys

from gcscope.cli.ansi import painted
from gcscope.cli.trouble import Trouble, why
from gcscope.cli.wrap import LEAST_WIDTH, fitted
from gcscope.model.phrases import in_one_line
from gcscope.model.spelling import SPELLINGS, spelled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO


def is_terminal(stream: TextIO) -> bool:
    """Return whether somebody may sit before a stream."""
    try:
        return stream.isatty()
    except (OSError, ValueError, AttributeError):  # closed, or another kind of object
        return False


def width_of(stream: TextIO) -> int | None:
    """Return the width that lines must keep: COLUMNS, or the terminal's; None where any will do."""
    columns = os.environ.get("COLUMNS", "")[:6]
    width = int(columns) if columns.isdecimal() else 0
    if not width and is_terminal(stream):
        try:
            width = os.get_terminal_size(stream.fileno()).columns
        except (OSError, ValueError, AttributeError):
            width = 0
    return max(width, LEAST_WIDTH) if width else None


def has_colour(stream: TextIO) -> bool:
    """Return whether to write in colour.

    NO_COLOR goes before FORCE_COLOR, and that before what the stream is.
    """
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return os.environ.get("TERM") != "dumb" and is_terminal(stream)


def _is_spelled_first(character: str) -> bool:
    """Return whether a character may need more cells when it is spelled: all but marks of one."""
    return not character.isascii() and len(SPELLINGS.get(character, "")) != 1


def _encodable(text: str, stream: TextIO) -> str:
    """Spell our own marks that the encoding of a stream lacks in ASCII, and escape all else."""
    encoding = getattr(stream, "encoding", None)
    if not isinstance(encoding, str):
        return text
    text = spelled(text, stream)
    try:
        return text.encode(encoding, "backslashreplace").decode(encoding)
    except (LookupError, UnicodeError):
        return ascii(text)[1:-1]


def silence(stream: TextIO) -> None:
    """Let what is still buffered go nowhere, so that the interpreter's end is quiet."""
    if stream is not sys.__stdout__ and stream is not sys.__stderr__:
        return
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        if nowhere != stream.fileno():  # else the program has closed it: it is right already
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
    except (OSError, ValueError):
        pass


def _write(stream: TextIO, write: Callable[[], object]) -> None:
    """Write and flush; quiet where nobody can read it."""
    try:
        write()
        stream.flush()
    except BrokenPipeError:
        silence(stream)
    except OSError as error:
        silence(stream)
        raise Trouble(f"cannot write: {why(error)}") from None
    except (ValueError, AttributeError):
        pass


def write(text: str, stream: TextIO | None) -> None:
    """Write a text as it is, without a newline; otherwise as `put`."""
    if stream is not None:
        _write(stream, lambda: stream.write(_encodable(text, stream)))


def put(text: str, stream: TextIO | None) -> None:
    """Write a text and a newline as it is.

    Quiet where nobody can read it: no stream, a closed one, a pipe that broke. Raises Trouble where
    it cannot be written for another reason.
    """
    write(f"{text}\n", stream)


def put_bytes(data: bytes, stream: TextIO | None) -> None:
    """Write data that is no text. Raises Trouble on a terminal, and if it cannot be written."""
    if stream is None:
        return
    if is_terminal(stream):
        raise Trouble("a PNG is not for a terminal: -o FILE.png writes it into a file")
    _write(stream, lambda: stream.buffer.write(data))


def put_text(text: str, stream: TextIO | None) -> None:
    """Write a text of ours, fitted to the width of a terminal and in its colours.

    Nothing in it moves the cursor.
    """
    if stream is None:
        return
    text = "\n".join(in_one_line(line) for line in text.split("\n"))
    # What is spelled in more cells goes before it is fitted. That may add one "…" to a line.
    text = text.translate(
        {ord(c): _encodable(c, stream) for c in set(text) if _is_spelled_first(c)}
    )
    width = width_of(stream)
    if width is not None:
        text = fitted(text, width + 1 - len(_encodable("…", stream)))
    put(painted(text) if has_colour(stream) else text, stream)


def complain(message: str) -> None:
    """Write an error of ours in one line on stderr."""
    try:
        put(f"gcscope: {in_one_line(message)}", getattr(sys, "stderr", None))
    except Trouble:
        pass
