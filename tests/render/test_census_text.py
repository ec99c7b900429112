"""Censuses as text: tables, signs, and how much of the process's memory is explained."""

import pytest

from gcscope import Census, CensusRow
from gcscope.model.census import census_of
from gcscope.model.record import changed, writers

LATER = census_of(
    [
        ("str", 1_016_658, 80_100_000),
        ("dict", 2_345, 1_234_567),
        ("app.Node", 2_000, 96_000),
        ("one.More", 1, 48),
    ],
    anonymous=91_987_968,
    by="type",
)
EARLIER = census_of(
    [("str", 16_658, 1_100_000), ("dict", 2_345, 1_234_567), ("app.Gone", 3, 1_440)],
    anonymous=4_612_096,
    by="type",
)
MANY = census_of([(f"m.C{n:02}", n, 10 * n) for n in range(1, 31)], anonymous=None, by="module")


def test_a_census():
    assert (
        str(LATER)
        == """\
   bytes     objects   type
 80.1 MB   1,016,658   str
  1.2 MB       2,345   dict
 96.0 kB       2,000   app.Node
48 bytes           1   one.More
1,021,004 objects, 81.4 MB: explains 88 % of 92.0 MB anonymous memory"""
    )


def test_a_difference_has_signs_and_only_what_has_changed():
    assert (
        str(LATER - EARLIER)
        == """\
    bytes      objects   type
 +79.0 MB   +1,000,000   str
 +96.0 kB       +2,000   app.Node
+48 bytes           +1   one.More
  -1.4 kB           -3   app.Gone
+1,001,998 objects, +79.1 MB; anonymous memory +87.4 MB"""
    )
    assert (
        str(EARLIER - LATER)
        == """\
    bytes      objects   type
  +1.4 kB           +3   app.Gone
-48 bytes           -1   one.More
 -96.0 kB       -2,000   app.Node
 -79.0 MB   -1,000,000   str
-1,001,998 objects, -79.1 MB; anonymous memory -87.4 MB"""
    )


def test_no_difference():
    assert str(LATER - LATER) == "0 objects, 0 bytes; anonymous memory 0 bytes"


def test_a_long_one_is_cut():
    lines = str(MANY).splitlines()
    assert lines[0] == "    bytes   objects   module"
    assert lines[1] == "300 bytes        30   m.C30" and lines[20] == "110 bytes        11   m.C11"
    assert lines[21] == "550 bytes        55   10 other modules"
    assert lines[22:] == ["465 objects, 4.7 kB"]
    whole = writers().whole_census(MANY)
    assert len(whole.splitlines()) == 32 and "other" not in whole


def test_of_a_long_difference_what_changed_most_is_told():
    figures = [(f"grown{n:02}", 1, 100 + n) for n in range(15)]
    figures += [(f"shrunk{n:02}", -1, -100 - n) for n in range(15)]
    text = str(census_of(figures, anonymous=None, by="type", compared=True))
    lines = text.splitlines()
    assert [line.split()[-1] for line in lines[1:-2]] == [
        *(f"grown{n:02}" for n in range(14, 4, -1)),
        *(f"shrunk{n:02}" for n in range(5, 15)),
    ]
    assert lines[-2].endswith("0 bytes         0   10 other types")
    assert lines[-1] == "0 objects, 0 bytes"


def test_without_anonymous_memory():
    assert str(changed(LATER, anonymous=None)).splitlines()[-1] == "1,021,004 objects, 81.4 MB"
    difference = changed(LATER, anonymous=None) - EARLIER
    assert difference.anonymous is None
    assert str(difference).splitlines()[-1] == "+1,001,998 objects, +79.1 MB"


def test_one_and_none():
    one = census_of([("a", 1, 48)], anonymous=100, by="type")
    assert str(one).splitlines()[-1] == (
        "1 object, 48 bytes: explains 48 % of 100 bytes anonymous memory"
    )
    none = census_of([], anonymous=0, by="type")
    assert str(none) == "0 objects, 0 bytes: explains 0 % of 0 bytes anonymous memory"
    assert str(one.rows[0]) == "a: 1 object, 48 bytes"


def test_odd_names_stand_in_one_line():
    name = "a\nb\x1b[31m" + 300 * "x"
    text = str(census_of([(name, 1, 48)], anonymous=None, by="type"))
    assert len(text.splitlines()) == 3 and "\x1b" not in text
    assert max(map(len, text.splitlines())) < 130


def test_what_jupyter_shows():
    assert LATER._repr_mimebundle_() == {"text/plain": str(LATER)}


@pytest.mark.parametrize("by", ["size", "", "types"])
def test_by_something_else_is_refused(by):
    with pytest.raises(ValueError, match="a damaged census: a census is by type or by module"):
        Census.from_json(changed(LATER, by=by).to_json())


def test_a_row_by_itself():
    row = CensusRow.from_json(LATER.rows[0].to_json())
    assert row == LATER.rows[0]
