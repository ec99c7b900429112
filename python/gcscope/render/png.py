"""PNG in sixteen colours: what a notebook keeps of pictures, one or several below each other.

With a palette Graphviz writes a byte for each pixel, of 256 colours; most of them are shades at the
edges of letters. Half a byte and sixteen colours look the same, and take three fifths of the space.
Files are read in that form only: rows of bytes, none of them filtered.
"""

from __future__ import annotations

import binascii

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Colour = tuple[int, int, int]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
WHITE = (255, 255, 255)
MOST_COLOURS = 16
GAP = 14  # white rows between pictures, above and below all

_NEARLY_WHITE = 250  # each part of a colour that is meant to be white, and no tone of ours
_BYTE_EACH = b"\x08\x03\x00\x00\x00"  # of a header: 8 bits with a palette, not interlaced
_HALF_A_BYTE_EACH = b"\x04\x03\x00\x00\x00"


class Unreadable(ValueError):
    """The PNG is not in the one form that is read here."""


class _Pixels:
    """A picture: rows of bytes, each the place of a colour in a palette."""

    __slots__ = ("palette", "rows", "width")

    def __init__(self, width: int, palette: list[Colour], rows: list[bytes]) -> None:
        self.width = width
        self.palette = palette
        self.rows = rows

    def counts(self) -> dict[Colour, int]:
        """Count the pixels of each colour."""
        every = b"".join(self.rows)
        found: dict[Colour, int] = {}
        for place, colour in enumerate(self.palette):
            found[colour] = found.get(colour, 0) + every.count(place)
        return found

    def in_colours(self, colours: list[Colour]) -> list[bytes]:
        """Return the rows as places in another palette, of the colours that are nearest."""
        nearest = [
            min(range(len(colours)), key=lambda other: _distance(colours[other], colour))
            for colour in self.palette
        ]
        table = bytes(nearest).ljust(256, b"\0")
        return _without_white_rows([row.translate(table) for row in self.rows])


def below_each_other(files: bytes) -> bytes:
    """Put the pictures of some PNG files, one file after the other, into one picture of 16 colours.

    White above and below each is cut to a gap. Raises Unreadable for files in another form.
    """
    parts = list(_read(files))
    counts: dict[Colour, int] = {}
    for part in parts:
        for colour, count in part.counts().items():
            counts[colour] = counts.get(colour, 0) + count
    colours = _fewer(counts)
    width = max((part.width for part in parts), default=0)
    white = b"\0" * width
    rows = [white] * GAP
    for part in parts:
        rows += [row.ljust(width, b"\0") for row in part.in_colours(colours)]
        rows += [white] * GAP
    return _written(width, colours, rows)


def _without_white_rows(rows: list[bytes]) -> list[bytes]:
    """Leave out the rows at the top and the bottom that have nothing but white."""
    seen = [place for place, row in enumerate(rows) if row.strip(b"\0")]
    return rows[seen[0] : seen[-1] + 1] if seen else []


def _distance(one: Colour, other: Colour) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def _fewer(counts: dict[Colour, int]) -> list[Colour]:
    """Choose colours, white first: at each step the one that is seen most and missed most."""
    chosen: list[Colour] = [WHITE]
    missed = {colour: _distance(colour, WHITE) for colour in counts}
    while len(chosen) < MOST_COLOURS:
        worst = max(counts, key=lambda colour: counts[colour] * missed[colour], default=WHITE)
        if not counts.get(worst, 0) * missed.get(worst, 0):
            break
        chosen.append(worst)
        missed = {colour: min(most, _distance(colour, worst)) for colour, most in missed.items()}
    return chosen


# -------------------------------------------------------------------------------- the file


def _read(files: bytes) -> Iterator[_Pixels]:
    """Read PNG files that follow each other."""
    import zlib  # where a Python has it

    chunks: dict[bytes, bytes] = {}
    at = 0
    while at < len(files):
        if files.startswith(SIGNATURE, at):
            chunks, at = {}, at + len(SIGNATURE)
        end = at + 8 + int.from_bytes(files[at : at + 4], "big")
        kind = files[at + 4 : at + 8]
        chunks[kind] = chunks.get(kind, b"") + files[at + 8 : end]
        at = end + 4
        if kind == b"IEND":
            yield _pixels(chunks, zlib.decompress(chunks.get(b"IDAT", b"")))


def _pixels(chunks: dict[bytes, bytes], data: bytes) -> _Pixels:
    header, colours = chunks.get(b"IHDR", b""), chunks.get(b"PLTE", b"")
    width, height = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
    rows = [data[at : at + width + 1] for at in range(0, len(data), width + 1)]
    if header[8:] != _BYTE_EACH or len(rows) != height or any(row[0] for row in rows):
        raise Unreadable("a PNG without a palette, or with rows that are filtered")
    palette = [_white_if_nearly(*colours[at : at + 3]) for at in range(0, len(colours), 3)]
    # the last of each row and of the rows is a fraction of a pixel, and not white
    return _Pixels(width - 1, palette, [row[1:-1] for row in rows[:-1]])


def _white_if_nearly(red: int, green: int, blue: int) -> Colour:
    return WHITE if min(red, green, blue) >= _NEARLY_WHITE else (red, green, blue)


def _written(width: int, palette: list[Colour], rows: list[bytes]) -> bytes:
    """Write a PNG file of half a byte for each pixel."""
    import zlib

    size = width.to_bytes(4, "big") + len(rows).to_bytes(4, "big")
    data = zlib.compress(b"".join(b"\0" + _packed(row) for row in rows), 9)
    return SIGNATURE + b"".join(
        [
            _chunk(b"IHDR", size + _HALF_A_BYTE_EACH),
            _chunk(b"PLTE", b"".join(map(bytes, palette))),
            _chunk(b"IDAT", data),
            _chunk(b"IEND", b""),
        ]
    )


def _packed(row: bytes) -> bytes:
    """Put two pixels into each byte, the first into its upper half."""
    even = row + b"\0" * (len(row) % 2)
    first, second = int.from_bytes(even[::2], "big"), int.from_bytes(even[1::2], "big")
    return (first << 4 | second).to_bytes(len(even) // 2, "big")


def _chunk(kind: bytes, data: bytes) -> bytes:
    sum_of_it = binascii.crc32(kind + data)
    return len(data).to_bytes(4, "big") + kind + data + sum_of_it.to_bytes(4, "big")
