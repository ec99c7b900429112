"""In which forms a notebook gets a picture: SVG and PNG by Graphviz, else Mermaid.

A front end chooses among them, and takes SVG where it may. JupyterLab and VS Code show none in a
notebook that was not run here: SVG can hold scripts. There they take PNG.
"""

from __future__ import annotations

import binascii

from gcscope.model.picture import Picture
from gcscope.render.dot import dot_of
from gcscope.render.film_svg import size_of
from gcscope.render.graphviz import small_png_of, svg_of
from gcscope.render.mermaid import mermaid_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    F = TypeVar("F")

_WIDE = 720.0  # points: JupyterLab beside its file browser, on a laptop
_LEAST_SCALE = 0.6  # letters that are smaller are hard to read: rather a scrollbar

SVG, PNG, MERMAID = "image/svg+xml", "image/png", "text/vnd.mermaid"


def is_wanted(mime: str, include: object, exclude: object) -> bool:
    """Whether Jupyter wants a form: of those to include, if it names any, without the excluded."""
    return not (
        isinstance(include, set | frozenset | list | tuple) and mime not in include
    ) and not (isinstance(exclude, set | frozenset | list | tuple) and mime in exclude)


def wanted(forms: dict[str, F], include: object, exclude: object) -> dict[str, F]:
    """Leave out the forms that Jupyter does not want."""
    return {mime: form for mime, form in forms.items() if is_wanted(mime, include, exclude)}


def views_of(picture: Picture, include: object, exclude: object) -> dict[str, str]:
    """Draw a picture in the forms that are wanted of Graphviz, in Mermaid if that gives none."""
    svg = svg_of(picture) if is_wanted(SVG, include, exclude) else ""
    if svg is None:
        return {MERMAID: mermaid_of(picture)}
    views = {SVG: _fitted(svg)} if svg else {}
    if is_wanted(PNG, include, exclude):
        views |= png_view([dot_of(picture)])
    return views or {MERMAID: mermaid_of(picture)}


def _fitted(svg: str) -> str:
    """Make a wide SVG smaller: JupyterLab shows it as wide as it says, and lets it be scrolled."""
    try:
        width, height = size_of(svg)
        scale = max(_LEAST_SCALE, _WIDE / width)
    except (ValueError, ZeroDivisionError):  # it says no size
        return svg
    if scale >= 1:
        return svg
    head, rest = svg.split(">", 1)
    for name, length in (("width", width), ("height", height)):
        head = head.replace(f' {name}="{length:g}pt"', f' {name}="{length * scale:g}pt"', 1)
    return f"{head}>{rest}"


def png_view(texts: list[str]) -> dict[str, str]:
    """Draw texts in DOT below each other as PNG in Base64, as a notebook keeps it.

    Nothing where that fails.
    """
    png = small_png_of(texts)
    return {} if png is None else {PNG: binascii.b2a_base64(png, newline=False).decode()}
