"""Pictures in DOT, the language of Graphviz.

A label stands in its arrow, as a node without a border: `a -> label -> b`. So labels never cover
each other, a line or a box, and a ring gets its rows: down on one side, up on the other. What is
said of a box or arrow is said by its form and in words, by colour only besides:

    on a ring      a thick outline with round corners, thick arrows     blue
    unreachable    a dashed outline                                     purple
    several        a double outline, dashed arrows                      grey
    cut here       a thick dashed arrow                                 red

The colour-blind can distinguish the colours (Okabe and Ito).
"""

from __future__ import annotations

from itertools import pairwise

from gcscope.model.phrases import in_one_line, shortened
from gcscope.model.picture import OBJECT, OUTSIDE, REST, Arrow, Box, Group, Picture
from gcscope.model.record import changed
from gcscope.model.results import Cycle, Report
from gcscope.render.boxes import (
    arrow_lines,
    box_lines,
    group_lines,
    is_wide,
    picture_lines,
    rows_of_ring,
    said_of_box,
)
from gcscope.render.cycle_text import MOST_ADVICE
from gcscope.render.report_picture import picture_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

Size = tuple[float, float]  # width and height in inches
NO_SIZES: Mapping[str, Size] = {}

# Graphviz without a font library measures text by the first name, where it is one of the few that
# it knows.
FONTS = "Helvetica,Arial,sans-serif"
BACKSLASH = "\N{REVERSE SOLIDUS OPERATOR}"
LEFT, CENTRED = "\\l", "\\n"  # what ends a line
COLUMNS = 3  # groups beside each other

_DARK, _GREY, _BLUE, _RED, _PURPLE = "#1a1a1a", "#595959", "#0072b2", "#b84300", "#8f2d6b"
_GRAPH = {
    "bgcolor": "white",
    "fontname": FONTS,
    "fontcolor": _DARK,
    "fontsize": "15",
    "labelloc": "t",
    "labeljust": "l",
    "pad": "0.3",
    "nodesep": "0.35",
    "ranksep": "0.28",
}
_SIDEWAYS = {"rankdir": "LR", "nodesep": "0.15"}
_NODE = {
    "shape": "box",
    "style": "filled",
    "fillcolor": "white",
    "color": _GREY,
    "fontname": FONTS,
    "fontcolor": _DARK,
    "fontsize": "14",
    "margin": "0.2,0.1",
}
_EDGE = {"color": _GREY, "arrowsize": "0.9"}
_CLUSTER = {"style": "rounded", "color": "#8c8c8c", "label": "", "margin": "14"}
_ON_RING = {
    "style": "filled,rounded,bold",
    "fillcolor": "#e8f2fa",
    "color": _BLUE,
    "penwidth": "2.5",
}
_AS_WIDE = {"width": "1.5"}  # boxes with few letters look alike
_RESTING = {"peripheries": "2", "fillcolor": "#f5f5f5"}
_LOST = {"style": "filled,dashed", "fillcolor": "#fbeaf4", "color": _PURPLE, "penwidth": "1.5"}
_LOST_RING = {**_LOST, "style": "filled,rounded,dashed", "penwidth": "2.5"}
_WITHOUT_BORDER = {"shape": "plain", "style": "solid"}
_LABEL = {**_WITHOUT_BORDER, "margin": "0.04,0.02"}
_CUT_LABEL = {
    "style": "dashed",
    "color": _RED,
    "fontcolor": _RED,
    "penwidth": "1.5",
    "margin": "0.08,0.04",
}
_TEXT = {**_WITHOUT_BORDER, "margin": "0.12,0.06"}  # a page may have a wider font than Graphviz
_RING_ARROW = {"color": _BLUE, "penwidth": "2.5"}
_LOST_RING_ARROW = {"color": _PURPLE, "penwidth": "2.5"}
_CUT_ARROW = {"color": _RED, "penwidth": "2.5", "style": "dashed"}
_HIDDEN = {"style": "invis"}
_UNSEEN = '[style="invis"]'
_POINT = '[shape="point", width="0.01", style="invis"]'
_STRAIGHT = '[style="invis", weight="9"]'
_REST_ARROW = {"style": "dashed"}


def dot_text(report: Report | Cycle) -> str:
    """Write a report, or one of its cycles, in DOT."""
    return dot_of(picture_of(report))


def dot_of(
    picture: Picture,
    hidden: frozenset[str] = frozenset(),
    rings: frozenset[str] | None = None,
    sizes: Mapping[str, Size] = NO_SIZES,
) -> str:
    """Write a picture in DOT.

    What is hidden (boxes and arrows by their keys) has its place and is not seen. rings: the arrows
    that are laid out as rings, by their keys, if they are not those that are on one. sizes: how
    large boxes are at least, by their keys.
    """
    return "\n".join(_Writer(picture, hidden, rings, sizes).lines()) + "\n"


def dot_of_boxes(boxes: list[Box]) -> str:
    """Write boxes alone in DOT, each as it stands in a picture, so that they can be measured."""
    numbered = [changed(box, key=str(number), group=None) for number, box in enumerate(boxes)]
    return dot_of(
        Picture(title="", lines=(), description="", groups=(), boxes=tuple(numbered), arrows=())
    )


def words_of_parts(picture: Picture) -> dict[str, str]:
    """Describe in words each part of the drawing, by the name that Graphviz gives it."""
    return _Writer(picture).words()


def escaped(text: str) -> str:
    r"""Write a line of text so that Graphviz shows it as it is, between double quotes.

    A backslash begins an escape such as \N, the name of the node; & begins a character of HTML.
    """
    return in_one_line(text).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")


def quoted(text: str) -> str:
    """Write a line of text as a string of DOT."""
    return f'"{escaped(text)}"'


def _hint(text: str) -> str:
    """Write what is shown while the mouse points at something, and read aloud.

    Some versions of Graphviz read escapes in it twice: a sign that looks like a backslash stands
    for it.
    """
    return quoted(shortened(text, MOST_ADVICE).replace("\\", BACKSLASH))


def quoted_lines(lines: list[str], end: str = CENTRED) -> str:
    """Write lines as a string of DOT."""
    written = [escaped(line) for line in lines]
    return f'"{end.join(written)}{end if end == LEFT and lines else ""}"'


def _attributes(
    *layers: dict[str, str], label: str | None = None, tooltip: str | None = None
) -> str:
    """Write attributes, later ones over earlier ones; label and tooltip are quoted already."""
    merged = {name: quoted(value) for layer in layers for name, value in layer.items()}
    for name, value in (("label", label), ("tooltip", tooltip)):
        if value is not None:
            merged[name] = value
    return f"[{', '.join(f'{name}={value}' for name, value in merged.items())}]"


class _Writer:
    """The lines of one picture, with short names for its boxes and for the labels of its arrows."""

    __slots__ = ("boxes", "by_key", "hidden", "is_wide", "labels", "picture", "rings", "sizes")

    def __init__(
        self,
        picture: Picture,
        hidden: frozenset[str] = frozenset(),
        rings: frozenset[str] | None = None,
        sizes: Mapping[str, Size] = NO_SIZES,
    ) -> None:
        self.picture = picture
        self.hidden = hidden
        self.sizes = sizes
        on_ring = frozenset(arrow.key for arrow in picture.arrows if arrow.on_ring)
        self.rings = on_ring if rings is None else rings
        self.is_wide = is_wide(picture)
        self.by_key = {box.key: box for box in picture.boxes}
        self.boxes = {box.key: f"box{number}" for number, box in enumerate(picture.boxes)}
        self.labels = {
            number: f"label{number}"
            for number, arrow in enumerate(picture.arrows)
            if arrow_lines(arrow)
        }

    def lines(self) -> list[str]:
        """Write the whole picture."""
        picture = self.picture
        title = quoted_lines(picture_lines(picture), LEFT)
        look = {**_GRAPH, **_SIDEWAYS} if self.is_wide else _GRAPH
        lines = [
            "digraph gcscope {",
            f"  graph {_attributes(look, label=title, tooltip=_hint(picture.title))}",
            f"  node {_attributes(_NODE)}",
            f"  edge {_attributes(_EDGE)}",
        ]
        for number, group in enumerate(picture.groups):
            lines += [f"  subgraph cluster{number} {{", *self._group(number, group), "  }"]
        lines += [f"  {line}" for line in self._nodes(None)]
        lines += [f"  {line}" for line in self._loose_rows()]
        for number, arrow in enumerate(picture.arrows):
            lines += [f"  {line}" for line in self._arrow(number, arrow)]
        return [*lines, *self._below_each_other(), "}"]

    def words(self) -> dict[str, str]:
        """Describe in words each node, arrow and group."""
        titles = {box.key: ", ".join(said_of_box(box)) for box in self.picture.boxes}
        words = {
            "gcscope": self.picture.title,
            **{self.boxes[key]: title for key, title in titles.items()},
        }
        for number, group in enumerate(self.picture.groups):
            words[f"text{number}"] = words[f"cluster{number}"] = group.title
        for number, arrow in enumerate(self.picture.arrows):
            said = f"{titles[arrow.source]} {' '.join(arrow_lines(arrow))} → {titles[arrow.target]}"
            ends = [
                self.boxes[arrow.source],
                *([self.labels[number]] if number in self.labels else []),
            ]
            for name in [
                *ends[1:],
                *("->".join(half) for half in pairwise([*ends, self.boxes[arrow.target]])),
            ]:
                words[name] = said
        return words

    def _group(self, number: int, group: Group) -> list[str]:
        """Write what is said of a group, its nodes, and which of them stand beside each other.

        What is said is a node above the ring, not the label of the cluster, so that the ring stands
        below its middle.
        """
        lines = [f"graph {_attributes(_CLUSTER, tooltip=_hint(group.title))}"]
        lines.append(
            f"text{number} {_attributes(_TEXT, label=quoted_lines(group_lines(group), LEFT))}"
        )
        lines += self._nodes(group.key)
        rows = rows_of_ring(self._ring(group.key))
        lines += [f"text{number} -> {row[0]} {_UNSEEN}" for row in rows[:1]]
        return [f"    {line}" for line in [*lines, *_beside_each_other(number, rows)]]

    def _nodes(self, group: str | None) -> list[str]:
        """Write the boxes of a group, and the labels of the arrows between them."""
        lines = [self._box(box) for box in self.picture.boxes if box.group == group]
        return lines + [
            self._label(number) for number in self.labels if self._group_of(number) == group
        ]

    def _loose_rows(self) -> list[str]:
        """Write which nodes outside of groups stand side by side: two objects, rings, pairs."""
        if self.is_wide:
            return self._pairs(frozenset())
        objects = [
            box.key for box in self.picture.boxes if box.group is None and box.kind == OBJECT
        ]
        if len(objects) == 2:
            return self._side_by_side(*objects)
        rings = self._loose_rings()
        lines = []
        for number, ring in enumerate(rings, len(self.picture.groups)):
            lines += _beside_each_other(number, rows_of_ring(self._nodes_around(ring)))
        return [*lines, *self._pairs(frozenset(key for ring in rings for key in ring))]

    def _side_by_side(self, one: str, other: str) -> list[str]:
        """Put two objects side by side: one reference goes straight on, the others lie below."""
        between = {
            number: arrow
            for number, arrow in enumerate(self.picture.arrows)
            if number in self.labels
        }
        there = [n for n, arrow in between.items() if (arrow.source, arrow.target) == (one, other)]
        back = [n for n, arrow in between.items() if (arrow.source, arrow.target) == (other, one)]
        straight = [self.labels[number] for number in [*there, *back][:1]]
        below = [self.labels[number] for number in [*there, *back][1:]]
        line = f"{{rank=same; {'; '.join([self.boxes[one], *straight, self.boxes[other]])}}}"
        return [
            line,
            *(f"{self.boxes[key]} -> {label} {_UNSEEN}" for label in below for key in (one, other)),
        ]

    def _loose_rings(self) -> list[list[str]]:
        """Find the rings outside of groups of three objects or more, each with one reference."""
        follows: dict[str, list[str]] = {}
        leads: dict[str, list[str]] = {}
        loose = {box.key for box in self.picture.boxes if box.group is None}
        for arrow in self.picture.arrows:
            if arrow.key in self.rings and arrow.source in loose:
                follows.setdefault(arrow.source, []).append(arrow.target)
                leads.setdefault(arrow.target, []).append(arrow.source)
        rings: list[list[str]] = []
        seen: set[str] = set()
        for key in follows:
            ring: list[str] = []
            while key not in seen and len(follows.get(key, ())) == len(leads.get(key, ())) == 1:
                seen.add(key)
                ring.append(key)
                key = follows[key][0]
            if len(ring) > 2 and key == ring[0]:
                rings.append(ring)
        return rings

    def _pairs(self, placed: frozenset[str]) -> list[str]:
        """Put the labels of boxes that refer to each other side by side: it looks like a ring."""
        numbers = {
            (arrow.source, arrow.target): number for number, arrow in enumerate(self.picture.arrows)
        }
        lines = []
        for (source, target), number in numbers.items():
            back = numbers.get((target, source), number)
            is_pair = (
                number < back and {number, back} <= self.labels.keys() and source not in placed
            )
            if is_pair and self._group_of(number) is None and self._group_of(back) is None:
                lines.append(f"{{rank=same; {self.labels[number]}; {self.labels[back]}}}")
        return lines

    def _group_of(self, number: int) -> str | None:
        """Find in which group the label of an arrow stands."""
        arrow = self.picture.arrows[number]
        groups = {self.by_key[arrow.source].group, self.by_key[arrow.target].group}
        return groups.pop() if len(groups) == 1 else None

    def _box(self, box: Box) -> str:
        style = _ON_RING if box.on_ring else {}
        if box.unreachable:
            style = _LOST_RING if box.on_ring else _LOST
        if box.kind == OUTSIDE:
            style = _WITHOUT_BORDER
        elif box.kind == REST:
            style = {**_RESTING, **style}
        elif box.group is None:
            style = {**style, **_AS_WIDE}
        if box.key in self.sizes:
            width, height = self.sizes[box.key]
            style = {**style, "width": f"{width:.2f}", "height": f"{height:.2f}"}
        if box.key in self.hidden:
            style = {**style, **_HIDDEN}
        attributes = _attributes(
            style, label=quoted_lines(box_lines(box)), tooltip=_hint(box.title)
        )
        return f"{self.boxes[box.key]} {attributes}"

    def _label(self, number: int) -> str:
        arrow = self.picture.arrows[number]
        style = _CUT_LABEL if arrow.is_cut else _LABEL
        if arrow.key in self.hidden:
            style = {**style, **_HIDDEN}
        attributes = _attributes(
            style, label=quoted_lines(arrow_lines(arrow)), tooltip=_hint(arrow.label)
        )
        return f"{self.labels[number]} {attributes}"

    def _arrow(self, number: int, arrow: Arrow) -> list[str]:
        """Write an arrow; one that has a label in two halves."""
        style = self._style_of(arrow)
        if arrow.key in self.hidden:
            style = {**style, **_HIDDEN}
        source, target = self.boxes[arrow.source], self.boxes[arrow.target]
        attributes = _attributes(style, tooltip=_hint(arrow.label))
        if number not in self.labels:
            return [f"{source} -> {target} {attributes}"]
        half = _attributes({**style, "arrowhead": "none"}, tooltip=_hint(arrow.label))
        return [
            f"{source} -> {self.labels[number]} {half}",
            f"{self.labels[number]} -> {target} {attributes}",
        ]

    def _style_of(self, arrow: Arrow) -> dict[str, str]:
        source, target = self.by_key[arrow.source], self.by_key[arrow.target]
        if arrow.is_cut:
            return _CUT_ARROW
        if arrow.on_ring:
            return _LOST_RING_ARROW if source.unreachable else _RING_ARROW
        return _REST_ARROW if REST in (source.kind, target.kind) else {}

    def _ring(self, group: str) -> list[str]:
        """List the nodes of a group's ring in its order, labels among them."""
        return self._nodes_around(
            [box.key for box in self.picture.boxes if box.group == group and box.on_ring]
        )

    def _nodes_around(self, keys: list[str]) -> list[str]:
        """List the nodes of a ring of boxes, labels among them."""
        numbers = {
            (arrow.source, arrow.target): number for number, arrow in enumerate(self.picture.arrows)
        }
        nodes = []
        for place, key in enumerate(keys):
            number = numbers.get((key, keys[(place + 1) % len(keys)]))
            nodes += [self.boxes[key], *([self.labels[number]] if number in self.labels else [])]
        return nodes

    def _below_each_other(self) -> list[str]:
        """Put groups into rows of a few, and below them what has neither a group nor an arrow."""
        ends = []
        for number, group in enumerate(self.picture.groups):
            rows = rows_of_ring(self._ring(group.key))
            ends.append((f"text{number}", rows[-1][0] if rows else f"text{number}"))
        pairs = [(above[1], below[0]) for above, below in zip(ends, ends[COLUMNS:], strict=False)]
        tied = {key for arrow in self.picture.arrows for key in (arrow.source, arrow.target)}
        loose = [box.key for box in self.picture.boxes if box.group is None and box.key not in tied]
        pairs += [(end[1], self.boxes[key]) for key in loose for end in ends[-COLUMNS:]]
        return [f"  {above} -> {below} {_UNSEEN}" for above, below in pairs]


def _beside_each_other(number: int, rows: list[list[str]]) -> list[str]:
    """Put the nodes of a row side by side, the end of a ring below its beginning.

    For that an unseen node stands in the middle of each row, and all of them below each other.
    """
    pairs = [row for row in rows if len(row) > 1]
    if not pairs or len(rows[-1]) > 1:
        return [f"{{rank=same; {'; '.join(row)}}}" for row in pairs]
    middles = [f"middle{number}_{place}" for place in range(len(pairs))]
    lines = [f"{middle} {_POINT}" for middle in middles]
    for (left, right), middle in zip(pairs, middles, strict=True):
        lines.append(f"{{rank=same; {left} -> {middle} -> {right} {_UNSEEN}}}")
    return [*lines, f"{' -> '.join([rows[0][0], *middles, rows[-1][0]])} {_STRAIGHT}"]
