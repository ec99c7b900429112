"""Elements of HTML, in which every text comes out as what it is, whatever that is."""

from __future__ import annotations

from gcscope.model.phrases import plural
from gcscope.render.svg import escaped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from gcscope.model.record import Counts

ORDERS = ("bytes", "count", "objects")
"""What items have figures of, and lists can be sorted by."""
Figures = tuple[float, float, float]


def element(name: str, *inside: str, **attributes: str | int | None) -> str:
    """Write an element around what is HTML already.

    An attribute that is None is left out, and one that is empty stands without a value. `_` in its
    name is `-`; at the end it keeps the name apart from a word of Python.
    """
    given = ""
    for attribute, value in attributes.items():
        if value is not None:
            given += f" {attribute.rstrip('_').replace('_', '-')}"
            given += f'="{escaped(str(value))}"' if value != "" else ""
    return f"<{name}{given}>{''.join(inside)}</{name}>"


def code(text: str) -> str:
    """Write a name: of a type, an object, a reference, a place. The filter looks at these."""
    return f"<code>{escaped(text)}</code>"


def paragraphs(lines: Iterable[str], class_: str | None = None) -> str:
    """Write lines of text, each as a paragraph; no empty ones."""
    return "".join(element("p", escaped(line), class_=class_) for line in lines if line)


def preformatted(text: str, label: str) -> str:
    """Write a text as it stands, in lines; it can be scrolled by the keyboard, too."""
    lines = "\n".join(map(escaped, text.split("\n")))
    return element("pre", lines, tabindex="0", role="group", aria_label=label)


def gauge(part: float, whole: float) -> str:
    """Draw how much of the whole a part is: for the eye, the figures stand beside it."""
    if part <= 0:
        return ""
    share = f"{100 * part / whole:.3g}%"
    return f'<svg class="bar" aria-hidden="true"><rect width="{share}" height="100%"/></svg>'


class Item:
    """One of many that can be sorted and filtered: its figures, and the HTML that is in it."""

    __slots__ = ("figures", "html")

    def __init__(self, figures: Figures, html: str) -> None:
        self.figures = figures
        self.html = html


def listed(items: list[Item], order: str, tag: str = "li") -> str:
    """Write items as elements with the figures that a script sorts by, the largest first.

    Of items of the same figure the order stays.
    """
    place = ORDERS.index(order)
    written = []
    for item in sorted(items, key=lambda item: -item.figures[place]):
        figures = zip(ORDERS, item.figures, strict=True)
        data = {f"data_{name}": f"{figure:.12g}" for name, figure in figures}
        written.append(element(tag, item.html, **data))
    return "".join(written)


def table(columns: tuple[str, ...], rows: str, **attributes: str) -> str:
    """Write a table around rows that are HTML; attributes are those of its body."""
    heads = "".join(element("th", escaped(column), scope="col") for column in columns)
    head = element("thead", element("tr", heads))
    return element("table", head, element("tbody", rows, **attributes))


def types_table(types: Counts) -> str:
    """Write how many objects there are of each type, folded; nothing where there are none."""
    if not types:
        return ""
    rows = "".join(f"<tr><td>{n:,}</td><td>{code(name)}</td></tr>" for name, n in types.items())
    summary = element("summary", f"{plural(len(types), 'type')} of objects")
    return element("details", summary, table(("objects", "type"), rows))
