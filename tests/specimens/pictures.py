"""Reports and pictures made by hand, the same on every Python."""

from pathlib import Path

from gcscope import Counts, Cut, Cycle, Link, Report
from gcscope.model.picture import Arrow, Box, Picture
from gcscope.model.record import sum_counts


def link(type_name, label, name=None, where=None, refcount=1):
    return Link(type=type_name, name=name, label=label, named=True, where=where, refcount=refcount)


def cycle(*ring, cut=None, **values):
    """A cycle of links; cut is the place of the link to be cut."""
    told = (
        Cut(link=ring[cut], advice="let go of it", frees=len(ring), references=1)
        if cut is not None
        else None
    )
    fixed = {
        "ring": ring,
        "objects": len(ring),
        "dragged": 0,
        "dragged_bytes": 0,
        "bytes": 100 * len(ring),
        "types": Counts({"m.Thing": len(ring)}),
        "cause": None,
        "cut": told,
        "advice": None,
        "count": 1,
        "fingerprint": "0",
    }
    return Cycle(**{**fixed, **values})


def report(*cycles, **values):
    fixed = {
        "objects": sum(c.count * (c.objects + c.dragged) for c in cycles),
        "bytes": sum(c.count * c.held_bytes for c in cycles),
        "types": sum_counts(*(c.types for c in cycles)),
        "cycles": cycles,
        "alive": False,
        "notes": (),
    }
    return Report(**{**fixed, **values})


def chain(length):
    return [link("m.Node", ".next", name=str(number)) for number in range(length)]


PERSONS = (
    link("gcscope.Person", ".friends[0]", name="Michael"),
    link("gcscope.Person", ".friends[0]", name="Sarah"),
)


TWO = "two objects refer to each other"


KEEPS = "an exception keeps the frame that keeps it"


FRAME = (
    link("OSError", ".__traceback__.tb_frame"),
    link("frame", "local last", name="retry", where="retry.py:12"),
)


ODD = '"\\N" & <b>#35;</b> `x`'


GOLDEN = {
    "pair": report(cycle(*PERSONS, cut=0, cause=TWO, objects=4, bytes=432)),
    "itself": report(cycle(link("list", "[0]"), cut=0, cause="a container holds itself")),
    "exception": report(
        cycle(*FRAME, cut=1, cause=KEEPS, dragged=20, dragged_bytes=2100, count=40)
    ),
    "folded": report(
        cycle(*chain(100), cut=50), *(cycle(link(f"m.Kind{i}", ".me"), cut=0) for i in range(12))
    ),
    "odd": report(
        cycle(link("m.Odd", f"[{ODD!r}]", name=ODD), cut=None, advice="clear it"),
        notes=(ODD,),
        alive=True,
    ),
    "nothing": report(),
}


GOLDEN_FOLDER = Path(__file__).parent.parent / "golden"


def box(key, **values):
    fixed = {
        "title": key,
        "lines": (),
        "kind": "object",
        "refcount": None,
        "on_ring": False,
        "group": None,
    }
    return Box(key=key, **{**fixed, **values})


def arrow(source, target, **values):
    return Arrow(
        source=source, target=target, **{"label": "", "on_ring": False, "is_cut": False, **values}
    )


def picture(boxes=(), arrows=(), groups=(), **values):
    fixed = {"title": "a picture", "lines": (), "description": ""}
    return Picture(
        boxes=tuple(boxes), arrows=tuple(arrows), groups=tuple(groups), **{**fixed, **values}
    )


def drawn_with(names, **values):
    """Boxes in a row with these names, arrows with these labels between them."""
    boxes = [
        box(str(i), title=name, lines=(name,), on_ring=i % 2 == 0) for i, name in enumerate(names)
    ]
    arrows = [
        arrow(str(i), str(i + 1), label=name, is_cut=i == 1) for i, name in enumerate(names[:-1])
    ]
    return picture(boxes, arrows, title=names[0] if names else "", lines=tuple(names), **values)
