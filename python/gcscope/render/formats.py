"""The forms in which a record is written: one table of suffixes."""

from __future__ import annotations

import os

from gcscope.model.picture import Picture
from gcscope.model.record import Drawable
from gcscope.model.results import Cycle, Report
from gcscope.render.dot import dot_of
from gcscope.render.graphviz import HOW_TO_GET_IT, CannotDraw, png_of, svg_of
from gcscope.render.mermaid import mermaid_of
from gcscope.render.report_picture import picture_of

SUFFIXES = (".svg", ".png", ".dot", ".mmd")


def _as_picture(drawn: Drawable) -> Picture:
    if isinstance(drawn, Picture):
        return drawn
    assert isinstance(drawn, Report | Cycle)
    return picture_of(drawn)


# ---------------------------------------------------------------------- notebooks and files


def _is_wanted(mime: str, include: object, exclude: object) -> bool:
    """Whether Jupyter wants a form: of those to include, if it names any, without those to exclude."""
    return not (
        isinstance(include, set | frozenset | list | tuple) and mime not in include
    ) and not (isinstance(exclude, set | frozenset | list | tuple) and mime in exclude)


def bundle(drawn: Drawable, include: object = None, exclude: object = None) -> dict[str, str]:
    """Make the forms in which Jupyter can show something: its text, and as SVG or else Mermaid.

    A report without cycles is told by its text alone.
    """
    forms = {"text/plain": str(drawn)}
    if not isinstance(drawn, Report) or drawn.cycles:
        picture = _as_picture(drawn)
        svg = svg_of(picture) if _is_wanted("image/svg+xml", include, exclude) else None
        forms |= (
            {"text/vnd.mermaid": mermaid_of(picture)} if svg is None else {"image/svg+xml": svg}
        )
    return {mime: form for mime, form in forms.items() if _is_wanted(mime, include, exclude)}


def save(drawn: Drawable, path: str | os.PathLike[str]) -> None:
    """Draw something into a file, in the form that the suffix names."""
    name = os.fspath(path)
    stem, suffix = os.path.splitext(name)
    form = suffix.lower()
    if form not in SUFFIXES:
        raise ValueError(f"a picture is saved as one of {', '.join(SUFFIXES)}, not as {suffix!r}")
    data = _in_form(_as_picture(drawn), form)
    if data is not None:
        _write(name, data)
        return
    beside = f"{stem}.dot"
    _write(beside, dot_of(_as_picture(drawn)).encode())
    raise CannotDraw(
        f"Graphviz is needed for {suffix}, and is not here or failed; the picture is in {beside} as text. To get it: "
        f"{HOW_TO_GET_IT}"
    )


def _in_form(picture: Picture, form: str) -> bytes | None:
    """Make what is to be written; None where that takes a Graphviz that is not there."""
    if form == ".png":
        return png_of(picture)
    text = (
        svg_of(picture)
        if form == ".svg"
        else dot_of(picture)
        if form == ".dot"
        else mermaid_of(picture)
    )
    return text.encode() if text is not None else None


def _write(name: str, data: bytes) -> None:
    with open(name, "wb") as file:
        file.write(data)
