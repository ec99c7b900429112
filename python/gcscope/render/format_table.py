"""The forms in which a record can be written: one table, and in it a row for each.

It is loaded with every command, so that what draws is named here, and loaded when it is wanted.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from gcscope.model.picture import Picture


# form -> the suffix of its files, and the function of this folder that writes a picture in it;
# None where the form is of a whole record
_FORMATS = {
    "text": (".txt", None),
    "json": (".json", None),
    "dot": (".dot", "dot.dot_of"),
    "mermaid": (".mmd", "mermaid.mermaid_of"),
    "svg": (".svg", "graphviz.svg_of"),
    "png": (".png", "graphviz.png_of"),
    "html": (".html", None),
}
FORMS = tuple(_FORMATS)
SUFFIXES = tuple(suffix for suffix, _ in _FORMATS.values())


def form_of_suffix(suffix: str) -> str | None:
    """Return the form that the suffix of a file means (".svg": "svg"); None if it means none."""
    lower = suffix.lower()
    return next((form for form, (its, _) in _FORMATS.items() if its == lower), None)


def picture_suffixes() -> list[str]:
    """List the suffixes of pictures, those that Graphviz draws first."""
    rows = [(suffix, writer) for suffix, writer in _FORMATS.values() if writer]
    return [suffix for suffix, _ in sorted(rows, key=lambda row: not row[1].startswith("graphviz"))]


def write_picture(picture: Picture, form: str) -> str | bytes | None:
    """Write a picture in a form; None where that takes a Graphviz that is not there."""
    module, _, name = str(_FORMATS[form][1]).partition(".")
    write: Callable[[Picture], str | bytes | None]
    write = getattr(import_module(f"gcscope.render.{module}"), name)
    return write(picture)
