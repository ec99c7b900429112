"""picture, depict, words: what is drawn, what is folded, and lines that lose nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gcscope
from gcscope.model.phrases import shortened
from gcscope.model.picture import Group, Picture
from gcscope.render.boxes import arrow_lines, box_lines, group_lines, rows_of_ring, wrapped
from gcscope.render.report_picture import MOST_BOXES, picture_of
from specimens.pictures import GOLDEN, PERSONS, arrow, box, chain, cycle, link, picture, report
from support import LEFT_SOURCE


def titles(drawn):
    return [box.title for box in drawn.boxes]


def ring_of(drawn):
    """The boxes in the order in which the arrows of the ring lead through them."""
    following = {arrow.source: arrow.target for arrow in drawn.arrows if arrow.on_ring}
    keys = [drawn.boxes[0].key]
    while following[keys[-1]] != keys[0]:
        keys.append(following[keys[-1]])
    named = {box.key: box.title for box in drawn.boxes}
    return [named[key] for key in keys]


# ------------------------------------------------------------------------------- the model


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: picture([box("a"), box("a")]), "two of the box 'a'"),
        (lambda: picture([box("a")], [arrow("a", "b")]), "no box 'b'"),
        (lambda: picture([box("a", group="g")]), "no group 'g'"),
        (lambda: picture(groups=[Group(key="g", title="", lines=())] * 2), "two of the group 'g'"),
    ],
)
def test_a_picture_is_whole(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("name", GOLDEN)
def test_a_picture_goes_to_json_and_back(name):
    drawn = picture_of(GOLDEN[name])
    assert Picture.from_json(drawn.to_json()) == drawn
    with pytest.raises(ValueError, match="expected a picture"):
        Picture.from_json(GOLDEN[name].to_json())


def test_a_damaged_picture_is_refused():
    text = picture_of(GOLDEN["pair"]).to_json()
    for whole, broken in (
        ('"object"', '"circle"'),
        ('"source": "ring0.0"', '"source": "ring0.7"'),
        ("true", "1"),
    ):
        assert whole in text
        with pytest.raises(ValueError, match="a damaged picture"):
            Picture.from_json(text.replace(whole, broken))


def test_a_picture_as_text_tells_every_box_and_arrow():
    text = str(picture_of(GOLDEN["exception"]))
    assert text.splitlines() == [
        "880 unreachable objects, 92.0 kB; only the collector can free them",
        "",
        "1 cycle: 2 objects in it and 20 kept by it, 2.3 kB",
        "cause: an exception keeps the frame that keeps it",
        "cut: let go of it (frees only 2 of 22)",
        "seen 40 times · only the collector can free it",
        "  OSError  refcount 1",
        "    .__traceback__.tb_frame → frame retry",
        "  frame retry  retry.py:12  refcount 1",
        "    local last → OSError  (cut here)",
        "     → + 20 objects, 2.1 kB",
        "  + 20 objects, 2.1 kB  kept by the ring",
    ]
    assert "  refcount 1,000" in str(picture([box("a", refcount=1000)]))


# ------------------------------------------------------------------------- what is drawn


def test_a_ring_is_drawn_in_its_order_with_its_cut():
    drawn = picture_of(GOLDEN["pair"])
    assert ring_of(drawn) == titles(drawn) == ["gcscope.Person 'Michael'", "gcscope.Person 'Sarah'"]
    assert [(arrow.label, arrow.is_cut) for arrow in drawn.arrows] == [
        (".friends[0]", True),
        (".friends[0]", False),
    ]
    assert all(
        box.on_ring and box.kind == "object" and box.group == drawn.groups[0].key
        for box in drawn.boxes
    )
    for part in (
        "4 unreachable objects",
        "cause: two",
        "cut: let go of it",
        "seen once",
        "'Sarah' .friends[0]",
    ):
        assert part in drawn.description


def test_what_the_ring_keeps_is_one_box_and_is_not_on_the_ring():
    drawn = picture_of(GOLDEN["exception"])
    kept = drawn.boxes[-1]
    assert (kept.title, *kept.lines) == ("+ 20 objects, 2.1 kB", "kept by the ring")
    assert (kept.kind, kept.on_ring) == ("rest", False)
    assert [arrow.on_ring for arrow in drawn.arrows if arrow.target == kept.key] == [False]
    assert "seen 40 times · only the collector can free it" in drawn.groups[0].lines
    assert "retry.py:12" in drawn.boxes[1].lines


@pytest.mark.parametrize("place", [0, 7, 8, 50, 91, 92, 99])
def test_a_long_ring_is_folded_but_for_its_ends_and_its_cut(place):
    drawn = picture_of(cycle(*chain(100), cut=place))
    shown = [title for title in titles(drawn) if title.startswith("m.Node")]
    folded = [title for title in titles(drawn) if "more object" in title]
    assert shown[:8] == [f"m.Node '{i}'" for i in range(8)] and shown[-8:] == [
        f"m.Node '{i}'" for i in range(92, 100)
    ]
    assert sum(int(title.split()[1]) for title in folded) + len(shown) == 100
    assert ring_of(drawn) == titles(drawn)
    [cut] = [arrow for arrow in drawn.arrows if arrow.is_cut]
    assert {box.key: box.title for box in drawn.boxes}[cut.source] == f"m.Node '{place}'"
    assert all(arrow.label == ".next" for arrow in drawn.arrows if ".gap" not in arrow.source)


@pytest.mark.parametrize("length", [1, 2, 15, 16])
def test_a_ring_that_is_not_long_is_drawn_whole(length):
    assert ring_of(picture_of(cycle(*chain(length)))) == [f"m.Node '{i}'" for i in range(length)]


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 3), st.integers(1, 5)), max_size=40))
def test_there_are_never_too_many_boxes_and_what_is_left_out_is_told(shapes):
    cycles = [
        cycle(*chain(length), dragged=dragged, count=count, cut=0)
        for length, dragged, count in shapes
    ]
    drawn = picture_of(report(*cycles))
    assert len(drawn.boxes) <= MOST_BOXES
    shown = len(drawn.groups)
    assert shown >= min(2, len(cycles))
    rest = [box.title for box in drawn.boxes if box.group is None]
    left = sum(c.count for c in cycles[shown:])
    more = len(cycles) - shown
    forms = f"and {more} more form{'s' * (more != 1)} of cycles, seen {left} times"
    assert rest == ([forms] if shown < len(cycles) else [])
    assert all(text in drawn.description for text in rest)


def test_the_last_place_is_for_what_is_left_out():
    one = cycle(link("m.Kind", ".me"))
    for last, shown, boxes in ((7, 3, 40), (8, 2, 33)):
        drawn = picture_of(report(cycle(*chain(16)), cycle(*chain(16)), cycle(*chain(last)), one))
        assert (len(drawn.groups), len(drawn.boxes)) == (shown, boxes)


def test_one_cycle_has_its_figures_in_the_title():
    drawn = picture_of(GOLDEN["pair"].cycles[0])
    assert drawn.title == "1 cycle: 4 objects in it, 432 bytes" and "1 cycle" not in "".join(
        group_lines(drawn.groups[0])
    )


def test_notes_and_the_lack_of_a_cut_are_told():
    drawn = picture_of(
        report(
            cycle(link("type", ".__mro__"), advice="make it once"), notes=("uncertain",), alive=True
        )
    )
    assert drawn.lines == ("note: uncertain",)
    assert drawn.groups[0].lines == (
        "no single reference that a program may change frees any of it: make it once",
        "seen once · in use",
    )
    assert "make it once" in drawn.description and not any(arrow.is_cut for arrow in drawn.arrows)


def test_a_cut_that_is_not_on_the_ring_is_told_and_not_drawn():
    elsewhere = cycle(link("m.Else", ".x"), cut=0)
    told = gcscope.Cycle(
        **{
            **{n: getattr(elsewhere, n) for n in gcscope.Cycle.__slots__},
            "ring": PERSONS,
            "length": 2,
        }
    )
    drawn = picture_of(told)
    assert len(drawn.boxes) == 2 and not any(arrow.is_cut for arrow in drawn.arrows)
    assert drawn.groups[0].lines[0].startswith("cut: let go of it")


# ------------------------------------------------------------------------------------ lines


@given(st.text(st.characters(exclude_categories=()), max_size=400), st.integers(1, 60))
def test_wrapping_loses_nothing(text, width):
    lines = wrapped(text, width)
    assert "".join(lines) == text and all(lines)
    plain = [line for line in lines if line.isascii()]
    assert all(len(line) <= width for line in plain)


def test_lines_end_where_a_reader_expects_it():
    assert wrapped("cut: hold what is in it by weakref", 20) == [
        "cut: hold what is ",
        "in it by weakref",
    ]
    assert wrapped("a.very.long.module.name.of.AClass", 20) == [
        "a.very.long.module",
        ".name.of.AClass",
    ]
    assert wrapped(".__traceback__.tb_next.tb_frame", 30) == [".__traceback__.tb_next", ".tb_frame"]
    assert wrapped("or use a weakref.WeakKeyDictionary here", 20) == [
        "or use a ",
        "weakref",
        ".WeakKeyDictionary ",
        "here",
    ]
    assert wrapped("x" * 45, 20) == ["x" * 20, "x" * 20, "x" * 5]
    assert wrapped("e\u0301" * 3, 1) == ["e\u0301"] * 3
    assert wrapped("王" * 3, 4) == ["王王", "王"]


def test_what_stands_in_boxes_and_at_arrows():
    assert box_lines(box("a", title="Person", lines=("x.py:1",), refcount=1234)) == [
        "Person",
        "x.py:1",
        "refcount 1,234",
    ]
    assert arrow_lines(arrow("a", "b", label=".x\n", is_cut=True)) == [".x\\n", "cut here"]
    assert arrow_lines(arrow("a", "b")) == []
    assert "".join(box_lines(box("a", title="x" * 10_000))) == shortened("x" * 10_000)


@pytest.mark.parametrize("length", range(12))
def test_the_rows_of_a_ring_hold_each_once_and_neighbours_near_each_other(length):
    keys = [str(number) for number in range(length)]
    rows = rows_of_ring(keys)
    assert sorted(key for row in rows for key in row) == sorted(keys)
    row_of = {key: number for number, row in enumerate(rows) for key in row}
    for place, key in enumerate(keys):
        assert abs(row_of[key] - row_of[keys[place - 1]]) <= 1


# ------------------------------------------------------------------------------------ house


def test_drawing_loads_nothing_that_leaves_trash(python):
    code = (
        "import gc; gc.collect(); gc.disable(); import gcscope;"
        "gcscope.Person('x').friends.append(1);"
        "gcscope.garbage(); gc.collect();"
        "from gcscope.render.dot import dot_text; from gcscope.render.mermaid import mermaid_text;"
        "r = gcscope.garbage(); dot_text(r); mermaid_text(r); print(left())"
    )
    assert python("-c", LEFT_SOURCE + code).out == "0\n"


def test_pictures_hold_strings_and_numbers_only():
    for drawn in map(picture_of, GOLDEN.values()):
        for record in (*drawn.boxes, *drawn.arrows, *drawn.groups):
            assert all(type(v) in (str, int, bool, tuple, type(None)) for v in record._values()), (
                record
            )
