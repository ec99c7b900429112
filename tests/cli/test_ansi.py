"""Colour adds to a text and changes nothing of it."""

import re

from gcscope.cli.ansi import painted
from gcscope.cli.wrap import fitted
from gcscope.render.cycle_text import cycle_text
from specimens.records import unnumbered_link, wide_ring

ESCAPES = re.compile(r"\x1b\[[\d;]*m")


def test_without_its_escapes_a_text_is_the_same(real_reports):
    for text in real_reports:
        for plain in (
            text,
            fitted(text, 40),
            "\n".join(f"gcscope: {line}".rstrip() for line in text.split("\n")),
        ):
            assert ESCAPES.sub("", painted(plain)) == plain
    assert painted(real_reports[0]) != real_reports[0]


def test_odd_lines():
    for plain in (
        "",
        "\n",
        "gcscope:",
        "gcscope: ",
        "gcscope:x",
        "1 cycle: ",
        "1 cycle:       cause: ",
        "  cut:",
        "note:",
    ):
        assert ESCAPES.sub("", painted(plain)) == plain


def test_what_is_painted():
    cycle = wide_ring(unnumbered_link("m.Node", ".me ◄ cut here"))
    head, first, label, end, seen = painted(cycle_text(cycle)).split("\n")
    assert (
        head.startswith("\x1b[1m1 cycle: ")
        and "\x1b[36mcause:\x1b[0m an object refers to itself" in head
    )
    assert (
        first == "\x1b[2m  ┌►\x1b[0m m.Node"
        and end == "\x1b[2m  └────┘\x1b[0m"
        and "\x1b" not in seen
    )
    # the mark, not the label
    assert label.count("\x1b[1;31m◄ cut here\x1b[0m") == 1 and ".me ◄ cut here" in label
    assert painted("gcscope: note: x") == "\x1b[2mgcscope:\x1b[0m \x1b[33mnote:\x1b[0m x"


def test_every_escape_is_ended_in_its_line(real_reports):
    for line in painted(real_reports[0]).split("\n"):
        codes = ESCAPES.findall(line)
        assert codes[1::2] == ["\x1b[0m"] * (len(codes) // 2) and len(codes) % 2 == 0
