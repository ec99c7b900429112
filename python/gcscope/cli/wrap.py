"""Texts fitted to a narrow terminal: no line is wider than it, in cells as a terminal counts them.

Works on the lines that the other renderers write. What is too wide for its line goes to one of its
own: the cause below the head of a cycle, the advice below the ring, file and line below the object
they belong to. Titles and labels lose their middle; sentences are wrapped and indented.
"""

from __future__ import annotations

from _collections_abc import Callable

LEAST_WIDTH = 40
PREFIX = "gcscope:"  # of each line that `run` writes

_CAUSE = "      cause: "
_MARK = "  ◄ cut here"
_LABEL = "  │    "
_TITLES = ("  ┌► ", "  │  ")


def _cells_of(character: str) -> int:
    """Return the cells that a terminal gives to a character: none to what combines with another."""
    import unicodedata

    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cells(text: str) -> int:
    """Return how many cells of a terminal a text takes."""
    return len(text) if text.isascii() else sum(_cells_of(c) if c > "~" else 1 for c in text)


def _start(text: str, width: int) -> str:
    """Return as much of the beginning of a text as fits."""
    used = 0
    for i, character in enumerate(text):
        used += cells(character)
        if used > width:
            return text[:i]
    return text


def _end(text: str, width: int) -> str:
    """Return as much of the end of a text as fits, without what combines with what is left out."""
    first, used = len(text), 0
    for i in range(len(text) - 1, -1, -1):
        used += cells(text[i])
        if used > width:
            break
        if cells(text[i]):
            first = i
    return text[first:]


def without_middle(text: str, width: int) -> str:
    """Leave the middle out of a text that is too wide."""
    if cells(text) <= width:
        return text
    return f"{_start(text, (width - 1) // 2)}…{_end(text, width - 1 - (width - 1) // 2)}"


def _wrapped(text: str, width: int, indent: int) -> list[str]:
    """Break a sentence between words, and indent the lines after the first by so many cells."""
    margin = " " * (len(text) - len(text.lstrip(" ")))
    lines, line = [], ""
    for word in text.split():
        if not line:
            line = margin + without_middle(word, width - cells(margin))
        elif cells(line) + 1 + cells(word) <= width:
            line += f" {word}"
        else:
            lines.append(line)
            margin = " " * indent
            line = margin + without_middle(word, width - indent)
    return [*lines, line]


class _Fitting:
    """The lines of a text so far, and the advice that waits for the end of its ring."""

    __slots__ = ("advice", "lines", "width")

    def __init__(self, width: int) -> None:
        self.width = width
        self.lines: list[str] = []
        self.advice: list[str] = []

    def add(self, line: str) -> None:
        """Fit one more line."""
        if cells(line) <= self.width:
            self.lines.append(line)
        else:
            self.lines += _way_of(line)(self, line)
        if line.startswith("  └"):
            self.lines += self.advice
            self.advice = []

    def head(self, line: str) -> list[str]:
        """Give the cause a line of its own."""
        head, _, cause = line.partition(_CAUSE)
        return [*_wrapped(head, self.width, 2), *_wrapped(f"  cause: {cause}", self.width, 4)]

    def label(self, line: str) -> list[str]:
        """Shorten a label; keep the mark of the cut beside it, its advice for the ring's end."""
        label, mark, advice = line.rpartition(_MARK)
        if not mark:
            return [without_middle(line, self.width)]
        if advice:
            self.advice += _wrapped(f"  cut{advice}", self.width, 4)
        return [without_middle(label.rstrip(), self.width - len(_MARK)) + _MARK]

    def title(self, line: str) -> list[str]:
        """Keep file and line whole, beside the title or below it."""
        title, gap, where = line.rpartition("  ")
        title = title.rstrip()
        if not gap or title in ("", "  ┌►", "  │"):
            return [without_middle(line, self.width)]
        room = self.width - cells(where) - 2
        if room >= cells(title):
            return [f"{title}  {where}"]
        where = without_middle(f"at {where}", self.width - len(_LABEL) - 2)
        return [without_middle(title, self.width), f"{_LABEL}  {where}"]

    def count(self, line: str) -> list[str]:
        """Shorten the type that is counted."""
        return [without_middle(line, self.width)]

    def sentence(self, line: str) -> list[str]:
        """Wrap what has no form of its own."""
        return _wrapped(line, self.width, len(line) - len(line.lstrip(" ")) + 2)


def _way_of(line: str) -> Callable[[_Fitting, str], list[str]]:
    """Choose how a line is fitted."""
    if _CAUSE in line:
        return _Fitting.head
    if line.startswith(_LABEL):
        return _Fitting.label
    if line.startswith(_TITLES):
        return _Fitting.title
    number, gap, name = line.strip().partition("  ")
    if gap and number.replace(",", "").isdecimal() and " " not in name:
        return _Fitting.count
    return _Fitting.sentence


def _bare(line: str) -> str:
    return line[len(PREFIX) :].removeprefix(" ")


def fitted(text: str, width: int) -> str:
    """Fit a text to lines of so many cells, at least LEAST_WIDTH; return one that fits as it is."""
    width = max(width, LEAST_WIDTH)
    lines = text.split("\n")
    prefixed = all(line.startswith(PREFIX) for line in lines)
    fitting = _Fitting(width - len(PREFIX) - 1 if prefixed else width)
    for line in lines:
        fitting.add(_bare(line) if prefixed else line)
    return "\n".join(f"{PREFIX} {line}".rstrip() if prefixed else line for line in fitting.lines)
