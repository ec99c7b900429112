"""Pictures in Mermaid, which JupyterLab and GitHub draw by themselves.

What is on a ring, and where to cut it, is said by thick and dotted arrows and by words, what is
unreachable by a dashed outline, and what stands for several objects by lines at its sides; the
arrows have the colours of the page, the boxes colours of their own that are readable on a light and
on a dark one.
"""

from __future__ import annotations

from gcscope.model.phrases import in_one_line
from gcscope.model.picture import OUTSIDE, REST, Arrow, Box, Group, Picture
from gcscope.model.results import Cycle, Report
from gcscope.render.boxes import arrow_lines, box_lines, group_lines, is_wide, picture_lines
from gcscope.render.report_picture import picture_of

MOST_DESCRIPTION = 1000
MOST_TEXT = 50_000  # characters; a longer text is not drawn
COLUMNS = 3  # groups beside each other

_CLASSES = {
    "gcObject": "fill:#ffffff,stroke:#595959,color:#1a1a1a",
    "gcRing": "fill:#e8f2fa,stroke:#0072b2,stroke-width:3px,color:#1a1a1a",
    "gcLost": "fill:#fbeaf4,stroke:#8f2d6b,stroke-dasharray:8 4,color:#1a1a1a",
    "gcLostRing": "fill:#fbeaf4,stroke:#8f2d6b,stroke-width:3px,stroke-dasharray:8 4,color:#1a1a1a",
    "gcRest": "fill:#f5f5f5,stroke:#595959,color:#1a1a1a",
    "gcText": "fill:#ffffff,stroke:#ffffff,color:#1a1a1a",
}
_WIDER = '%%{init: {"flowchart": {"wrappingWidth": 480}}}%%'  # pixels of a line of text

# Everything else that is ASCII means something to Mermaid, to Markdown or to HTML somewhere; \ufb02
# and \xb6 are how Mermaid marks characters that are written by their number.
_AS_THEY_ARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ,'")
_NEVER = frozenset("\ufb02\xb6")


def mermaid_text(report: Report | Cycle) -> str:
    """Write a report, or one of its cycles, in Mermaid."""
    return mermaid_of(picture_of(report))


def mermaid_of(picture: Picture, columns: int = COLUMNS) -> str:
    """Write a picture in Mermaid, with so many columns of groups.

    Where that is too long for Mermaid, what stands in each place is cut to a line or two.
    """
    text = ""
    for most_lines in (1000, 2, 1):
        text = "\n".join(_Writer(picture, most_lines, columns).lines()) + "\n"
        if len(text) <= MOST_TEXT:
            break
    return text


def escaped(text: str) -> str:
    """Write a line of text so that Mermaid shows it as it is: most signs by their number."""
    line = in_one_line(text)
    line = "".join(
        c if c in _AS_THEY_ARE or (c > "\x7f" and c not in _NEVER) else f"#{ord(c)};" for c in line
    )
    return line.replace("direction ", "directio#110; ")  # which means something even between quotes


def quoted_lines(lines: list[str], most: int) -> str:
    """Write lines as a text of Mermaid.

    A space at the beginning would be cut away, and four of them be code.
    """
    shown = lines if len(lines) <= most else [*lines[:most], "…"]
    written = [
        f"#32;{escaped(line[1:])}" if line.startswith(" ") else escaped(line) for line in shown
    ]
    return f'"{"<br/>".join(written) or " "}"'


class _Writer:
    """The lines of one picture, with short names for its boxes."""

    __slots__ = ("columns", "kinds", "most_lines", "names", "picture", "unseen")

    def __init__(self, picture: Picture, most_lines: int, columns: int) -> None:
        self.picture = picture
        self.columns = columns
        self.most_lines = most_lines
        self.names = {box.key: f"box{number}" for number, box in enumerate(picture.boxes)}
        self.kinds = {box.key: box.kind for box in picture.boxes}
        self.unseen: list[tuple[str, str]] = []  # arrows that only put one box below another

    def lines(self) -> list[str]:
        """Write the whole picture."""
        picture = self.picture
        description = escaped(picture.description[:MOST_DESCRIPTION])
        lines = [
            _WIDER,
            f"flowchart {'LR' if is_wide(picture) else 'TB'}",
            f"  accTitle: {escaped(picture.title[:100])}",
            f"  accDescr: {description}",
        ]
        lines.append(f"  title[{self._text(picture_lines(picture))}]")
        for number, group in enumerate(picture.groups):
            lines += self._group(number, group)
        lines += [f"  {self._box(box)}" for box in picture.boxes if box.group is None]
        lines += [f"  {self._arrow(arrow)}" for arrow in picture.arrows]
        self._put_below_each_other()
        lines += [f"  {above} ~~~ {below}" for above, below in self.unseen]
        return lines + [f"  {line}" for line in self._looks()]

    def _text(self, lines: list[str]) -> str:
        return quoted_lines(lines, self.most_lines)

    def _group(self, number: int, group: Group) -> list[str]:
        """Write a group: what is said of it, and its boxes."""
        boxes = [box for box in self.picture.boxes if box.group == group.key]
        lines = [
            f'  subgraph group{number} [" "]',
            f"    text{number}[{self._text(group_lines(group))}]",
        ]
        return [*lines, *(f"    {self._box(box)}" for box in boxes), "  end"]

    def _box(self, box: Box) -> str:
        name, text = self.names[box.key], self._text(box_lines(box))
        if box.kind == REST:
            return f"{name}[[{text}]]"
        return f"{name}({text})" if box.on_ring else f"{name}[{text}]"

    def _arrow(self, arrow: Arrow) -> str:
        is_folded = REST in (self.kinds[arrow.source], self.kinds[arrow.target])
        line = (
            "-.->" if arrow.is_cut else "==>" if arrow.on_ring else "-.->" if is_folded else "-->"
        )
        said = arrow_lines(arrow)
        label = f"|{self._text(said)}|" if said else ""
        return f"{self.names[arrow.source]} {line}{label} {self.names[arrow.target]}"

    def _put_below_each_other(self) -> None:
        """Put what is said above what it is said of, and groups into rows of a few."""
        led_to = {arrow.target for arrow in self.picture.arrows}
        loose = [box.key for box in self.picture.boxes if box.group is None]
        first = [key for key in loose if key not in led_to] or loose[:1]
        self.unseen += [("title", self.names[key]) for key in first if not self.picture.groups]
        ends: list[list[str]] = []
        for number, group in enumerate(self.picture.groups):
            boxes = [self.names[box.key] for box in self.picture.boxes if box.group == group.key]
            self.unseen += [(f"text{number}", boxes[0])] if boxes else []
            # alone, a group stands below all of the one before
            lowest = boxes if self.columns == 1 else boxes[-1:]
            ends.append(lowest or [f"text{number}"])
        for number in range(len(ends)):
            above = ["title"] if number < self.columns else ends[number - self.columns]
            self.unseen += [(one, f"text{number}") for one in above]

    def _looks(self) -> list[str]:
        """Write how each box and each cut is to look."""
        looks: dict[str, list[str]] = {name: [] for name in _CLASSES}
        looks["gcText"] += [
            "title",
            *(f"text{number}" for number, _ in enumerate(self.picture.groups)),
        ]
        for box in self.picture.boxes:
            looks[_look_of(box)].append(self.names[box.key])
        lines = [f"classDef {look} {style}" for look, style in _CLASSES.items() if looks[look]]
        lines += [f"class {','.join(names)} {look}" for look, names in looks.items() if names]
        cuts = [str(number) for number, arrow in enumerate(self.picture.arrows) if arrow.is_cut]
        return [*lines, f"linkStyle {','.join(cuts)} stroke-width:3px"] if cuts else lines


def _look_of(box: Box) -> str:
    """Return the class of a box, a key of _CLASSES."""
    if box.kind == OUTSIDE:
        return "gcText"
    if box.unreachable:
        return "gcLostRing" if box.on_ring else "gcLost"
    if box.on_ring:
        return "gcRing"
    return "gcRest" if box.kind == REST else "gcObject"
