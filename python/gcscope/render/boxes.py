"""What a picture says, in lines short enough to stand in boxes: the same in all its forms."""

from __future__ import annotations

from gcscope.model.phrases import shortened
from gcscope.model.picture import OUTSIDE, Arrow, Box, Group, Picture
from gcscope.render.cycle_text import MOST_ADVICE

WIDE_TITLE = 80  # columns of a line
WIDE_TEXT = 60
WIDE_BOX = 34
WIDE_LABEL = 30

CUT_HERE = "cut here"

MOST_BESIDE = 6  # boxes in a row

_BETWEEN_WORDS, _BETWEEN_PARTS, _WITHIN_A_NAME = 3, 2, 1  # how good a place is to end a line
_ENDS_A_PART = frozenset("/,:;-=→…")
_WIDE = "\u1100"  # what comes from here on may be as wide as two
_JOINS = frozenset("\u200d\ufe0e\ufe0f")


def _columns(character: str) -> int:
    return 2 if character >= _WIDE else 1


def _stays_with_the_one_before(character: str) -> bool:
    """Whether a line must not begin with a character: accents and what changes the sign before."""
    return (
        "\u0300" <= character <= "\u036f"
        or character in _JOINS
        or "\U0001f3fb" <= character <= "\U0001f3ff"
    )


def _worth(last: str, following: str) -> int:
    """Return how good it is to end a line between two characters: 0 for not at all.

    An attribute keeps its point.
    """
    if last == " ":
        return _BETWEEN_WORDS
    if last in _ENDS_A_PART or (following == "." and last != "."):
        return _BETWEEN_PARTS
    return _WITHIN_A_NAME if last == "_" and following != "_" else 0


def _end_of_line(text: str, start: int, width: int) -> int:
    """Find where the line that begins at start ends.

    That is the best place that is far enough along, of several the last.
    """
    end, columns, best, good = start, 0, 0, start
    while end < len(text) and (columns + _columns(text[end]) <= width or end == start):
        columns += _columns(text[end])
        end += 1
        worth = _worth(text[end - 1], text[end : end + 1])
        if worth and worth >= best and columns * 3 > width:
            best, good = worth, end
    if end == len(text):
        return end
    if good > start:
        return good
    while end < len(text) and _stays_with_the_one_before(text[end]):
        end += 1
    return end


def wrapped(text: str, width: int) -> list[str]:
    """Break a text into lines. Nothing is added or lost: put together again they are the text."""
    lines, start = [], 0
    while start < len(text):
        end = _end_of_line(text, start, width)
        lines.append(text[start:end])
        start = end
    return lines


def picture_lines(picture: Picture) -> list[str]:
    """Write what stands above a picture."""
    lines = wrapped(shortened(picture.title), WIDE_TITLE)
    return lines + [
        part for line in picture.lines for part in wrapped(shortened(line, MOST_ADVICE), WIDE_TITLE)
    ]


def group_lines(group: Group) -> list[str]:
    """Write what stands above the boxes of a group."""
    lines = wrapped(shortened(group.title), WIDE_TEXT)
    return lines + [
        part for line in group.lines for part in wrapped(shortened(line, MOST_ADVICE), WIDE_TEXT)
    ]


def said_of_box(box: Box) -> list[str]:
    """Write what is said of a box, each part in a line however long."""
    lines = [shortened(line) for line in (box.title, *box.lines)]
    return lines if box.refcount is None else [*lines, f"refcount {box.refcount:,}"]


def box_lines(box: Box) -> list[str]:
    """Write what stands in a box."""
    return [part for line in said_of_box(box) for part in wrapped(line, WIDE_BOX)]


def arrow_lines(arrow: Arrow) -> list[str]:
    """Write what stands at an arrow; nothing where it has no label and is not to be cut."""
    lines = wrapped(shortened(arrow.label), WIDE_LABEL)
    return [*lines, CUT_HERE] if arrow.is_cut else lines


def rows_of_ring(keys: list[str]) -> list[list[str]]:
    """Lay a ring out in rows: it goes down on one side and up on the other."""
    if len(keys) < 2:
        return [keys] if keys else []
    middle = len(keys) // 2
    rows = [[keys[place], keys[-place]] for place in range(1, (len(keys) + 1) // 2)]
    return [[keys[0]], *rows, *([] if len(keys) % 2 else [[keys[middle]]])]


def is_wide(picture: Picture) -> bool:
    """Return whether a row of a picture would be too long, so that rows had better be columns.

    A row is what is equally far from where nothing leads to, or else from the first box.
    """
    if picture.groups:
        return False
    follows: dict[str, list[str]] = {box.key: [] for box in picture.boxes if box.kind != OUTSIDE}
    led_to = set()
    for arrow in picture.arrows:
        if arrow.source in follows:
            follows[arrow.source].append(arrow.target)
            led_to.add(arrow.target)
    rows = _rows_from([key for key in follows if key not in led_to] or [*follows][:1], follows)
    return any(len(row) > MOST_BESIDE for row in rows)


def _rows_from(row: list[str], follows: dict[str, list[str]]) -> list[list[str]]:
    """List boxes by how far they are from those of a row."""
    rows, seen = [row], set(row)
    while row:
        row = list(dict.fromkeys(to for key in row for to in follows[key] if to not in seen))
        seen.update(row)
        rows.append(row)
    return rows
