"""png: pictures in sixteen colours, below each other."""

import zlib

import pytest

from gcscope.render.dot import dot_of
from gcscope.render.graphviz import _graphviz
from gcscope.render.png import (
    GAP,
    MOST_COLOURS,
    SIGNATURE,
    Unreadable,
    _chunk,
    below_each_other,
)
from gcscope.render.report_picture import picture_of
from specimens.pictures import GOLDEN
from support import needs_graphviz

W, K, R = (255, 255, 255), (26, 26, 26), (184, 67, 0)


def file_of(rows, last=(1, 2, 3), bits=8, filtered=0):
    """A PNG as Graphviz writes it: with a last column and row that are not white."""
    rows = [[*row, last] for row in rows]
    rows.append([last] * len(rows[0]))
    colours = sorted({colour for row in rows for colour in row})
    data = b"".join(bytes([filtered, *map(colours.index, row)]) for row in rows)
    size = len(rows[0]).to_bytes(4, "big") + len(rows).to_bytes(4, "big")
    chunks = [
        _chunk(b"IHDR", size + bytes([bits, 3, 0, 0, 0])),
        _chunk(b"pHYs", bytes(9)),
        _chunk(b"PLTE", b"".join(map(bytes, colours))),
        *(_chunk(b"IDAT", zlib.compress(data)[at:][:9]) for at in range(0, 200, 9)),
        _chunk(b"IEND", b""),
    ]
    return SIGNATURE + b"".join(chunks)


def pixels_of(file):
    """Read a PNG of half a byte for each pixel, by the letter of its specification."""
    assert file.startswith(SIGNATURE)
    found, at = {}, len(SIGNATURE)
    while at < len(file):
        length, kind = int.from_bytes(file[at : at + 4], "big"), file[at + 4 : at + 8]
        data = file[at + 8 : at + 8 + length]
        at += 12 + length
        assert int.from_bytes(file[at - 4 : at], "big") == zlib.crc32(kind + data)
        found[kind] = data
    header, palette = found[b"IHDR"], found[b"PLTE"]
    width, height = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
    assert header[8:] == bytes([4, 3, 0, 0, 0]) and len(palette) <= 3 * MOST_COLOURS
    data = zlib.decompress(found[b"IDAT"])
    stride = 1 + (width + 1) // 2
    assert len(data) == stride * height
    rows = []
    for top in range(0, len(data), stride):
        assert data[top] == 0
        halves = [half for byte in data[top + 1 : top + stride] for half in (byte >> 4, byte & 15)]
        rows.append([tuple(palette[3 * place :][:3]) for place in halves[:width]])
    return rows


def inner(rows):
    """Without the white above and below."""
    assert all(set(row) <= {W} for row in [*rows[:GAP], *rows[-GAP:]])
    return rows[GAP:-GAP]


@pytest.mark.parametrize("width", [1, 2, 3, 8])
def test_a_picture_stays_as_it_is(width):
    rows = [[K] * width, [W] * width, ([R, W] * width)[:width]]
    assert inner(pixels_of(below_each_other(file_of(rows)))) == rows


def test_pictures_stand_below_each_other_without_the_white_around_them():
    one = [[W, W], [K, W], [W, W], [W, R], [W, W]]
    other = [[W, W, W], [R, R, R]]
    rows = inner(pixels_of(below_each_other(file_of(one) + file_of(other))))
    assert rows[:3] == [[K, W, W], [W, W, W], [W, R, W]]
    assert rows[3:-1] == [[W, W, W]] * GAP and rows[-1] == [R, R, R]


def test_what_is_all_white_has_no_rows():
    assert inner(pixels_of(below_each_other(file_of([[W, (252, 255, 250)]])))) == []
    assert inner(pixels_of(below_each_other(b""))) == []


def test_of_many_colours_those_stay_that_are_seen_most():
    shades = [(shade, shade, shade) for shade in range(40, 240, 2)]
    rows = [shades, [K] * len(shades), [R] * len(shades), [(232, 242, 250)] * len(shades)]
    found = inner(pixels_of(below_each_other(file_of(rows))))
    assert found[1:] == rows[1:]
    assert len({colour for row in found for colour in row}) <= MOST_COLOURS
    for before, after in zip(shades, found[0], strict=True):
        assert max(abs(a - b) for a, b in zip(before, after, strict=True)) <= 20


@pytest.mark.parametrize(
    "file",
    [
        file_of([[K]], bits=4),
        file_of([[K]], filtered=1),
        SIGNATURE + _chunk(b"IEND", b""),
        b"this is no PNG, and has no chunk at all",
    ],
)
def test_another_form_is_refused_or_is_nothing(file):
    try:
        assert inner(pixels_of(below_each_other(file))) == []
    except (Unreadable, zlib.error):
        pass


@needs_graphviz
def test_it_is_small():
    text = dot_of(picture_of(GOLDEN["pair"]))
    small = below_each_other(_graphviz(text, "png:cairo:gd"))
    assert 3 * len(small) < len(_graphviz(text, "png"))
    colours = {colour for row in pixels_of(small) for colour in row}
    assert W in colours and min(max(colour) for colour in colours) < 40
