"""Texts fitted to narrow terminals.

Nothing is wider, nothing that matters is lost, and what fits stays as it is.
"""

import random
import unicodedata

import pytest

from gcscope.cli.wrap import cells, fitted, without_middle
from gcscope.render.cycle_text import cycle_text
from gcscope.render.text import outcome_text
from specimens.records import unnumbered_link, wide_ring

WIDTHS = [40, 60, 80]


def terminal_cells(text):
    """The slow and obvious way."""
    wide = sum(2 if unicodedata.east_asian_width(c) in ("W", "F") else 1 for c in text)
    return wide - sum(unicodedata.category(c) in ("Mn", "Me", "Cf") for c in text)


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_of_a_real_report_is_wider(real_reports, width):
    for text in real_reports:
        for line in fitted(text, width).split("\n"):
            assert terminal_cells(line) <= width, line
    prefixed = "\n".join(f"gcscope: {line}".rstrip() for line in real_reports[0].split("\n"))
    for line in fitted(prefixed, width).split("\n"):
        assert terminal_cells(line) <= width and line.startswith("gcscope:"), line


def test_what_fits_stays_as_it_is(real_reports):
    for text in real_reports:
        assert fitted(text, 1000) == text


@pytest.mark.parametrize("width", WIDTHS)
def test_the_sentences_lose_no_word(real_reports, width):
    report = real_reports[0]
    for sentence in (
        "an exception keeps the frame that keeps it",
        "only the collector can free it",
        "cut here",
    ):
        assert sentence in report
        assert sentence in " ".join(fitted(report, width).split()), sentence


def test_each_part_of_a_ring_has_its_place():
    cycle = wide_ring(
        unnumbered_link("app.service.Service", ".task", where="app/service.py:24"),
        unnumbered_link("frame", "local self", name="run", where="app/service.py:20"),
        cause="an exception keeps the frame that keeps it",
        advice="del the local (try ... finally), or keep the exception without its traceback",
        cut=1,
    )
    assert fitted(cycle_text(cycle), 40) == (
        "1 cycle: 2 objects in it and 1,234,567\n"
        "  kept by it, 135.8 MB\n"
        "  cause: an exception keeps the frame\n"
        "    that keeps it\n"
        "  ┌► app.service.Service\n"
        "  │      at app/service.py:24\n"
        "  │    .task\n"
        "  │  frame run  app/service.py:20\n"
        "  │    local self  ◄ cut here\n"
        "  └────┘\n"
        "  cut: del the local (try ... finally),\n"
        "    or keep the exception without its\n"
        "    traceback (frees only 2 of\n"
        "    1,234,569)\n"
        "  seen 12 times · only the collector can\n"
        "    free it"
    )


def test_advice_beside_the_ring_goes_below_it():
    cycle = wide_ring(unnumbered_link("m.Node", ".me"), unnumbered_link("m.Other", ".you"))
    assert "◄ cut here: clear() it when done (frees" in cycle_text(cycle)
    lines = fitted(cycle_text(cycle), 60).split("\n")
    assert "  │    .me  ◄ cut here" in lines
    assert (
        lines[lines.index("  └────┘") + 1]
        == "  cut: clear() it when done (frees only 2 of 1,234,569)"
    )


def test_file_and_line_are_kept_whole_as_long_as_they_can_be():
    where = "some/folder/module.py:1234"
    text = fitted(
        cycle_text(wide_ring(unnumbered_link("x" * 90, "y" * 90, where=where), cut=0)), 60
    )
    assert f"  at {where}\n" in text and "…" in text
    assert where in fitted(cycle_text(wide_ring(unnumbered_link("m.Node", ".me", where=where))), 40)
    longer = fitted(
        cycle_text(wide_ring(unnumbered_link("m.Node", ".me", where="folder/" * 20 + "m.py:7"))), 40
    )
    assert "m.py:7\n" in longer


def test_a_type_that_is_counted_is_shortened_not_wrapped():
    assert fitted("  12  " + "a" * 30 + "b" * 30, 40) == "  12  " + "a" * 13 + "…" + "b" * 20


@pytest.mark.parametrize(
    ("text", "width", "short"),
    [
        ("abcdefgh", 8, "abcdefgh"),
        ("abcdefghi", 8, "abc…fghi"),
        ("漢字漢字漢字", 8, "漢…漢字"),
        ("e\u0301" * 9, 5, "e\u0301" * 2 + "…" + "e\u0301" * 2),
    ],
)
def test_the_middle_is_left_out(text, width, short):
    assert without_middle(text, width) == short and cells(short) <= width


def test_a_width_is_never_less_than_forty():
    line = "word " * 20
    assert fitted(line, 3) == fitted(line, 40) and max(map(len, fitted(line, 3).split("\n"))) > 30


def test_whatever_a_text_is_made_of():
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    pieces = [
        "  ",
        " ",
        "a",
        "漢",
        "\u0301",
        "…",
        "  │  ",
        "  │    ",
        "  ┌► ",
        "  └────┘",
        "      cause: ",
        "12  ",
    ]
    pieces += ["  ◄ cut here", ": x", "note:", "1 cycle: ", "x" * 50, "漢" * 30, "gcscope: "]
    for _ in range(3000):
        lines = ["".join(chance.choices(pieces, k=chance.randrange(12))) for _ in range(3)]
        text, width = "\n".join(lines), chance.choice(WIDTHS)
        wide = [line for line in fitted(text, width).split("\n") if terminal_cells(line) > width]
        assert not wide, (seed, text, width, wide)


def test_an_outcome_keeps_its_prefix(quiet):
    from gcscope.api import observe

    observer = observe.Observer()
    observer.begin()
    ring = []
    ring.append(ring)
    del ring
    text = outcome_text(observer.outcome())
    lines = fitted(text, 50).split("\n")
    assert all(line.startswith("gcscope:") and terminal_cells(line) <= 50 for line in lines)
    assert "gcscope:" in lines  # an empty one
    assert (
        " ".join(line.removeprefix("gcscope:").strip() for line in lines).count(
            "only the collector can free it"
        )
        == 1
    )
