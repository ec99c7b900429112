"""What Graphviz drew as SVG, made fit for a page, for who cannot see it, and for the mouse.

Graphviz writes its own names (box0) where browsers show a hint and screen readers read aloud, and
the same ids in every picture. Here the picture gets a title and a description, each part the words
for it, and ids go.
"""

from __future__ import annotations

from binascii import crc32

from gcscope.model.phrases import in_one_line, shortened
from gcscope.model.picture import Picture
from gcscope.render.cycle_text import MOST_ADVICE
from gcscope.render.dot import dot_of, words_of_parts


def escaped(text: str) -> str:
    """Write a text as the text of XML, in one line, without what XML cannot hold."""
    line = in_one_line(text)
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        line = line.replace(sign, entity)
    return line


def accessible(drawn: str, picture: Picture) -> str | None:
    """Add title, description and hints to what Graphviz made of a picture; None if no SVG.

    Its ids are made of what is drawn: they are the same each time, and others in every other
    picture.
    """
    begin = drawn.find("<svg")
    if begin < 0 or not drawn.rstrip().endswith("</svg>"):
        return None
    first, *rest = drawn[begin + 1 :].rstrip().split("<")
    key = f"gcscope-{crc32(dot_of(picture).encode()):08x}"
    root = first.replace(
        "svg", f'svg role="img" aria-labelledby="{key}-title {key}-text" {FITS}', 1
    )
    title = f'title id="{key}-title">{escaped(picture.title)}</title>'
    description = f'desc id="{key}-text">{escaped(picture.description)}</desc>\n'
    words = words_of_parts(picture)
    pieces = [
        root,
        title,
        description,
        *(piece for part in rest if (piece := _piece(part, words)) is not None),
    ]
    return "<" + "<".join(pieces) + "\n"


FITS = 'style="max-width: 100%; height: auto"'
_LINK = ("a>", "a ", "/a>")  # Graphviz has hints in links that lead nowhere


def _piece(part: str, words: dict[str, str]) -> str | None:
    """Rewrite what stands from one < to the next; None if it goes."""
    if part.startswith(("!--", *_LINK)):
        return None
    if part.startswith("title>"):
        name = part[6:].replace("&#45;", "-").replace("&gt;", ">")
        return f"title>{escaped(shortened(words.get(name, ''), MOST_ADVICE))}"
    if part.startswith("g id="):
        tag, after = part.split(">", 1)
        return f"g{_without_id(tag)}>{after}"
    return part


def _without_id(tag: str) -> str:
    """Leave the id out of the attributes of a group."""
    return tag[tag.index('"', len('g id="')) + 1 :]
