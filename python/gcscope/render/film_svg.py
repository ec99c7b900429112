"""Films as SVG and HTML: frames with their captions and the collector's tables."""

from __future__ import annotations

from gcscope.render.svg import FITS, escaped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gcscope.model.film import Frame


_DARK, _GREY, _BLUE = "#1a1a1a", "#595959", "#0072b2"
_SANS, _MONO = "Helvetica,Arial,sans-serif", "Menlo,Consolas,DejaVu Sans Mono,monospace"
_LINE, _SMALL_LINE, _GAP, _PAD = 20, 16, 28, 16
_TABLE_CHARACTER = 7.3  # points of a character of the table
_WIDEST = 1000


def size_of(svg: str) -> tuple[float, float]:
    """Read how large an SVG of Graphviz is, in points."""
    return float(_attribute(svg, "width").removesuffix("pt")), float(
        _attribute(svg, "height").removesuffix("pt")
    )


def _placed(svg: str, left: float, top: float) -> str:
    """Put an SVG of Graphviz at a place of another one, in its units, without a style for pages."""
    width, height = size_of(svg)
    head, rest = svg.split(">", 1)
    sizes = [f'{name}="{_attribute(head, name)}"' for name in ("width", "height")]
    for attribute in (*sizes, FITS):
        head = head.replace(f" {attribute}", "", 1)
    place = f'x="{left:g}" y="{top:g}" width="{width:g}" height="{height:g}"'
    return f"{head.replace('<svg', f'<svg {place}', 1)}>{rest}".rstrip()


def _attribute(svg: str, name: str) -> str:
    begin = svg.index(f' {name}="') + len(name) + 3
    return svg[begin : svg.index('"', begin)]


def _words(frame: Frame, number: int) -> list[tuple[str, str]]:
    """List the lines above a frame: what stands there, and how it is written."""
    caption = (
        f"{number}. {frame.caption}",
        f'font-family="{_SANS}" font-size="15" font-weight="bold" fill="{_DARK}"',
    )
    grey = f'font-family="{_SANS}" font-size="13" fill="{_GREY}"'
    return [caption, *((fate, grey) for fate in frame.fates)]


def _table(frame: Frame) -> list[str]:
    if not frame.arithmetic.rows:
        return ["none of the objects is there any more"]
    return str(frame.arithmetic).splitlines()


def _width_of(table: list[str]) -> float:
    return max(len(line) for line in table) * _TABLE_CHARACTER


def _fits_beside(frame: Frame, svg: str) -> bool:
    return not frame.picture.boxes or size_of(svg)[0] + _GAP + _width_of(_table(frame)) <= _WIDEST


class _Row:
    """One frame, measured: words above, the picture below them, the table beside it or below."""

    def __init__(self, frame: Frame, number: int, svg: str, may_be_beside: bool) -> None:
        self.words, self.table, self.svg = _words(frame, number), _table(frame), svg
        self.picture = size_of(svg) if frame.picture.boxes else (0.0, 0.0)
        wide = _width_of(self.table)
        high = len(self.table) * _SMALL_LINE
        beside = self.picture[0] + _GAP + wide
        self.is_beside = bool(self.picture[0]) and may_be_beside
        self.width = max(
            beside if self.is_beside else max(self.picture[0], wide), len(frame.caption) * 9.0 + 30
        )
        body = max(self.picture[1], high) if self.is_beside else self.picture[1] + high
        self.height = len(self.words) * _LINE + body + _SMALL_LINE

    def drawn(self, top: float) -> list[str]:
        """Write it."""
        parts = []
        for place, (text, style) in enumerate(self.words):
            line = top + (place + 1) * _LINE - 5
            parts.append(f'<text x="{_PAD}" y="{line:g}" {style}>{escaped(text)}</text>')
        top += len(self.words) * _LINE
        if self.picture[0]:
            parts.append(_placed(self.svg, _PAD, top))
        left = _PAD + self.picture[0] + _GAP if self.is_beside else _PAD
        top += (
            max(0.0, self.picture[1] - len(self.table) * _SMALL_LINE) / 2
            if self.is_beside
            else self.picture[1]
        )
        mono = f'font-family="{_MONO}" font-size="12" fill="{_DARK}" xml:space="preserve"'
        for place, text in enumerate(self.table):
            line = top + (place + 1) * _SMALL_LINE
            parts.append(f'<text x="{left:g}" y="{line:g}" {mono}>{escaped(text)}</text>')
        return parts


def strip_of(frames: tuple[Frame, ...], svgs: list[str]) -> str:
    """Put the drawn frames below each other, as one SVG."""
    # all tables, or none
    beside = all(_fits_beside(frame, svg) for frame, svg in zip(frames, svgs, strict=True))
    rows = [
        _Row(frame, number, svg, beside)
        for number, (frame, svg) in enumerate(zip(frames, svgs, strict=True), 1)
    ]
    width = max(row.width for row in rows) + 2 * _PAD
    parts, top = [], float(_PAD)
    for place, row in enumerate(rows):
        if place:
            parts.append(f'<path d="M {_PAD} {top:g} H {width - _PAD:g}" stroke="#c8c8c8"/>')
            top += _PAD
        parts += row.drawn(top)
        top += row.height
    captions = ". ".join(frame.caption for frame in frames)
    head = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'role="img" width="{width:g}" height="{top:g}" viewBox="0 0 {width:g} {top:g}" {FITS}>'
    )
    title = f"<title>A film of {len(frames)} frames</title><desc>{escaped(captions)}</desc>"
    card = f'<rect width="{width:g}" height="{top:g}" fill="white"/>'
    return "\n".join([head, title, card, *parts, "</svg>"]) + "\n"


def page_of(frame: Frame, number: int, svg: str) -> str:
    """Write one frame as HTML, for the player."""
    lines = [
        f'<div style="background: white; color: {_DARK}; padding: 12px; '
        'border-radius: 6px; line-height: 1.4">',
        f"<b>{number}. {escaped(frame.caption)}</b>",
        *(f"<br>{escaped(fate)}" for fate in frame.fates),
        f"<div>{svg}</div>",
        table_page(frame),
        "</div>",
    ]
    return "\n".join(lines)


def table_page(frame: Frame) -> str:
    """Write the collector's table of one frame as HTML."""
    style = f"background: white; color: {_DARK}; margin: 0"
    return f'<pre style="{style}">{escaped_lines(_table(frame))}</pre>'


def escaped_lines(lines: list[str]) -> str:
    """Write lines of text as the text of HTML."""
    return "\n".join(escaped(line) for line in lines)
