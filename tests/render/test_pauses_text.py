"""Pauses as text."""

import pytest

from gcscope import Pause, Pauses, PauseTotal
from gcscope.model.phrases import seconds_phrase, short_count
from gcscope.model.record import changed
from specimens.records import CYCLE, PAUSES


def test_all_of_it():
    assert str(PAUSES).splitlines()[:6] == [
        "412 collections stopped the program for 1.31 s of 30.00 s (4.4%)",
        "  generation   times   asked   examined each   freed     in all   longest",
        "  0, young       370       0               -   1,204    80.0 ms   1.2 ms",
        "  1               38       0               -       0   130.0 ms   12.0 ms",
        "  2, full          4       1       2,100,334       3     1.10 s   310.0 ms",
        "",
    ]
    assert "cycles in 2 full collections, sampled (610.0 ms besides):" in str(PAUSES)
    assert "cut here" in str(PAUSES) and "seen 3 times" in str(PAUSES)
    assert str(PAUSES).endswith("\n\nadvice: cut it\nnote: a note")


def test_advice_stands_in_lines():
    told = str(changed(PAUSES, advice="3 of them freed 0: do: this\n; price: that; and that"))
    assert "\n\nadvice: 3 of them freed 0\n  do: this\\n\n  price: that; and that\nnote: " in told
    assert "\nadvice: one, two\nnote: " in str(changed(PAUSES, advice="one, two"))
    assert "advice" not in str(changed(PAUSES, advice=None)).partition("cycles in")[0]


def test_nothing():
    none = PauseTotal(
        generation=0, collections=0, asked=0, seconds=0.0, longest=0.0, freed=0, examined=0,
        examined_in=0,
    )  # fmt: skip
    empty = Pauses(
        collections=(), totals=(none, changed(none, generation=1), changed(none, generation=2)),
        cycles=(), elapsed=1.5, sampled=0, sampling=0.0, advice=None, notes=(),
    )  # fmt: skip
    assert str(empty) == "no collection in 1.50 s" and not empty
    assert str(none).splitlines()[1].split() == "0, young 0 0 - 0 0 µs 0 µs".split()
    found = changed(PAUSES, cycles=(), sampled=1)
    assert "\nno cycles in 1 full collection, sampled (610.0 ms besides)\n" in str(found)


def test_a_collection():
    pause = Pause(generation=2, began=1.25, seconds=0.31, examined=None, freed=0)
    assert str(pause) == "after 1.250 s: full, 310.0 ms, freed 0"
    pause = changed(
        pause, generation=0, examined=1_234, freed=5_678, asked=True, cycles=(CYCLE,), sampled=True
    )
    assert str(pause) == (
        "after 1.250 s: generation 0, 310.0 ms, examined 1,234, freed 5,678, asked for by "
        "gc.collect()"
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 µs"),
        (0.000_085, "85 µs"),
        (0.000_999_4, "999 µs"),
        (0.000_999_5, "1.0 ms"),
        (0.0124, "12.4 ms"),
        (0.999_4, "999.4 ms"),
        (0.999_6, "1.00 s"),
        (1234.5, "1,234.50 s"),
    ],
)
def test_how_long(seconds, text):
    assert seconds_phrase(seconds) == text


def test_how_many():
    assert (short_count(999_999), short_count(2_149_999)) == ("999,999", "2.1 M")
