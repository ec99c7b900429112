"""Texts in colour: escape sequences are added, and nothing else.

Without them the text is the same: no meaning is in the colour alone.
"""

from __future__ import annotations

_BOLD, _DIM, _RED, _YELLOW, _CYAN = "1", "2", "1;31", "33", "36"
_DASHED = ("╌", "┆")  # of what is unreachable
_PREFIX = "gcscope:"
_CAUSE = "      cause: "
_MARK = "◄ cut here"

# what a line may begin with, and how that is painted
_BEGINNINGS = (
    ("  ┌►", _DIM),
    ("  │", _DIM),
    ("  └────┘", _DIM),
    ("  cut:", _RED),
    ("  cause:", _CYAN),
    ("note:", _YELLOW),
    ("new:", _BOLD),
    ("grown:", _BOLD),
    ("gone:", _BOLD),
    ("When reference counting breaks", _BOLD),
    (">>> ", _CYAN),
    ("$ ", _CYAN),
)


def _on(code: str, text: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if text else ""


def _mark(text: str) -> str:
    """Paint the mark of the cut, the last one: a label may have the same words in it."""
    before, mark, after = text.rpartition(_MARK)
    return before + _on(_RED, mark) + after


def _line(line: str) -> str:
    if line.startswith("1 cycle: "):
        head, gap, cause = line.partition(_CAUSE)
        return _on(_BOLD, head) + (gap[:6] + _on(_CYAN, gap[6:-1]) + " " + cause if gap else "")
    if line.partition(". ")[0].isdecimal():  # a step, with its number
        return _on(_BOLD, line)
    if any(dash in line for dash in _DASHED):
        return _on(_YELLOW, line)
    for beginning, code in _BEGINNINGS:
        if line.startswith(beginning):
            return _on(code, beginning) + _mark(line[len(beginning) :])
    return line


def painted(text: str) -> str:
    """Paint a text of ours: the head of each cycle, the lines of its ring, the cut, notes."""
    lines = []
    for line in text.split("\n"):
        if line.startswith(_PREFIX):
            lines.append(
                _on(_DIM, _PREFIX) + line[len(_PREFIX) :][:1] + _line(line[len(_PREFIX) + 1 :])
            )
        else:
            lines.append(_line(line))
    return "\n".join(lines)
