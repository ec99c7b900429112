"""What grew, and what takes most memory, as lists on a page."""

from __future__ import annotations

from gcscope.model.phrases import shortened, size
from gcscope.render.census_text import signed_count, signed_size, sum_line
from gcscope.render.growth_text import (
    NOTHING_KEEPS_IT,
    filled_phrase,
    grows_phrase,
    growth_head,
    how_to_learn,
    kind_phrase,
    more_phrase,
    types_head,
    unit_of,
)
from gcscope.render.page_html import Item, code, element, gauge, listed, paragraphs, table
from gcscope.render.svg import escaped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from gcscope.model.census import Census, CensusRow
    from gcscope.model.growth import Grower, GrownType, Growth

_LEAST_SHARE = 0.004  # of all bytes, to have a place in the icicle
_LEAST_NAMED = 0.05  # to have its name there
_ROW = 30  # pixels


# --------------------------------------------------------------------------- what grew


def growth_body(growth: Growth, order: str, said: Mapping[str, str]) -> str:
    """Write what grew: containers, then types that grow in none of them.

    said: what is told of growers besides, by their fingerprints.
    """
    unit = unit_of(growth.times)
    largest = max((grower.bytes_per_call or 0 for grower in growth.growers), default=0)
    growers = [_grower(one, unit, largest, said.get(one.fingerprint)) for one in growth.growers]
    types = [_grown_type(grown, unit) for grown in growth.grown_types]
    learn = how_to_learn(growth)
    body = [paragraphs([growth_head(growth)])]
    if growers:
        items = listed(growers, order)
        body.append(element("ol", items, class_="list growers", role="list", data_list=""))
    body.append(paragraphs([learn] if learn is not None else []))
    if types:
        columns = (f"more per {unit}", "type", "what keeps one of them")
        rows = listed(types, order, "tr")
        body += [paragraphs([types_head(growth)]), table(columns, rows, data_list="")]
    return "".join([*body, paragraphs(f"note: {note}" for note in growth.notes)])


def _grower(grower: Grower, unit: str, largest: float, said: str | None) -> Item:
    in_bytes = grower.bytes_per_call or 0.0
    place = filled_phrase(grower)
    if grower.filled_at is not None:
        place, _, _ = place.rpartition(grower.filled_at)
    words = [
        f"<b>{escaped(grows_phrase(grower, unit))}</b>",
        gauge(in_bytes, largest),
        code(grower.path),
        f"<div>{escaped(kind_phrase(grower))}{f', {escaped(said)}' if said else ''}</div>",
        f"<div>{escaped(place)}{code(grower.filled_at) if grower.filled_at else ''}</div>",
    ]
    return Item((in_bytes, grower.per_call, grower.length), "".join(words))


def _grown_type(grown: GrownType, unit: str) -> Item:
    kept = escaped(NOTHING_KEEPS_IT) if grown.path is None else code(grown.path)
    more = escaped(more_phrase(grown, unit))
    row = f"<td>{more}</td><td>{code(grown.type)}</td><td>{kept}</td>"
    return Item((0.0, grown.per_call, grown.per_call), row)


# --------------------------------------------------------------------------- a census


def census_body(census: Census, order: str) -> str:
    """Write every row of a census, and above them how they share the memory among them."""
    largest = max((abs(row.bytes) for row in census.rows), default=0)
    rows = [_census_row(row, census.compared, largest) for row in census.rows]
    body = [paragraphs([sum_line(census)])]
    if not census.compared and census.bytes > 0:
        body.append(_icicle(census))
    if rows:
        columns = ("bytes", "objects", census.by)
        body.append(table(columns, listed(rows, order, "tr"), class_="census", data_list=""))
    return "".join(body)


def _census_row(row: CensusRow, signed: bool, largest: int) -> Item:
    in_bytes, objects = signed_size(row.bytes, signed), signed_count(row.objects, signed)
    share = gauge(abs(row.bytes), largest)
    html = f"<td>{in_bytes}{share}</td><td>{objects}</td><td>{code(row.type)}</td>"
    return Item((row.bytes, row.objects, row.objects), html)


def _package(name: str) -> str:
    """Return the package of a type or module, as its name says."""
    package, point, _ = name.partition(".")
    return package if point else "builtins"


def _icicle(census: Census) -> str:
    """Draw the memory as a bar of packages, below each of them its largest rows.

    It is for the eye and the mouse: all of it stands in the table.
    """
    packages: dict[str, list[CensusRow]] = {}
    for row in census.rows:
        packages.setdefault(_package(row.type), []).append(row)
    sizes = {name: sum(row.bytes for row in rows) for name, rows in packages.items()}
    cells, left = [], 0
    for name in sorted(packages, key=lambda name: -sizes[name]):
        cells.append(_cell((left, sizes[name], census.bytes), 0, name))
        inner = left
        for row in packages[name]:
            short = row.type.removeprefix(f"{name}.")
            cells.append(_cell((inner, row.bytes, census.bytes), 1, short))
            inner += row.bytes
        left += sizes[name]
    attributes = {"class_": "icicle", "aria_hidden": "true", "height": str(2 * _ROW)}
    return element("svg", *cells, width="100%", **attributes)


def _cell(place: tuple[int, int, int], row: int, name: str) -> str:
    """Draw a cell that is cut off where it ends: it begins at, is so large, of so much."""
    begin, part, whole = place
    if part < whole * _LEAST_SHARE:
        return ""
    x, width = (f"{100 * figure / whole:.4g}%" for figure in (begin, part))
    title = element("title", escaped(f"{shortened(name)}: {size(part)}"))
    is_wide = part >= whole * _LEAST_NAMED
    text = element("text", escaped(shortened(name)), x="5", y="20") if is_wide else ""
    box = f'<rect width="100%" height="{_ROW}"/>'
    return f'<svg x="{x}" width="{width}" y="{row * _ROW}" height="{_ROW}">{title}{box}{text}</svg>'
