"""A census as text: a table, and how much of the process's memory it explains."""

from __future__ import annotations

from gcscope.model.census import Census, CensusRow
from gcscope.model.phrases import plural, shortened, size

MOST_ROWS = 20


def census_text(census: Census, most: int = MOST_ROWS) -> str:
    """Write a census as a table, the rest of a long one in a line; a difference with its signs.

    Of a difference the rows that changed most are shown.
    """
    rows = [row for row in census.rows if row.objects or row.bytes]
    shown = rows
    if len(rows) > most:
        largest = {row.type for row in sorted(rows, key=_weight)[:most]}
        shown = [row for row in rows if row.type in largest]
    signed = census.compared
    cells = [
        (signed_size(row.bytes, signed), signed_count(row.objects, signed), row.type)
        for row in shown
    ]
    if len(shown) < len(rows):
        cells.append(_rest(census, shown, plural(len(rows) - len(shown), f"other {census.by}")))
    lines = aligned([("bytes", "objects", census.by), *cells]) if cells else []
    return "\n".join([*lines, sum_line(census)])


def censusrow_text(row: CensusRow) -> str:
    """Write one row as a line."""
    return (
        f"{shortened(row.type)}: {plural(row.objects, 'object')}, {signed_size(row.bytes, False)}"
    )


def _weight(row: CensusRow) -> tuple[int, int]:
    return -abs(row.bytes), -abs(row.objects)


def signed_size(count: int, signed: bool) -> str:
    """Write bytes; of a difference with their sign."""
    sign = "-" if count < 0 else "+" if signed and count else ""
    return sign + size(abs(count))


def signed_count(count: int, signed: bool) -> str:
    """Write a number; of a difference with its sign."""
    return f"{count:+,}" if signed and count else f"{count:,}"


def _rest(census: Census, shown: list[CensusRow], name: str) -> tuple[str, str, str]:
    rest_bytes = census.bytes - sum(row.bytes for row in shown)
    rest_objects = census.objects - sum(row.objects for row in shown)
    return (
        signed_size(rest_bytes, census.compared),
        signed_count(rest_objects, census.compared),
        name,
    )


def aligned(cells: list[tuple[str, str, str]]) -> list[str]:
    """Align a table: numbers to the right, names to the left."""
    widths = [max(len(row[column]) for row in cells) for column in (0, 1)]
    return [
        f"{first:>{widths[0]}}   {second:>{widths[1]}}   {shortened(name)}"
        for first, second, name in cells
    ]


def sum_line(census: Census) -> str:
    """Write how much there is in all, and how much of the process's memory that explains."""
    objects = f"{signed_count(census.objects, census.compared)} objects, "
    if census.objects == 1:
        objects = objects.replace("objects", "object")
    in_all = objects + signed_size(census.bytes, census.compared)
    if census.anonymous is None:
        return in_all
    if census.compared:
        return f"{in_all}; anonymous memory {signed_size(census.anonymous, True)}"
    percent = 100 * census.bytes // max(census.anonymous, 1)
    return f"{in_all}: explains {percent} % of {size(census.anonymous)} anonymous memory"
