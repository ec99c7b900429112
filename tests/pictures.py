"""Pictures to look at: rings of every shape, drawn as gcscope draws them.

python tests/pictures.py FOLDER            every picture as .dot, .mmd and, where Graphviz is on
PATH, .png and .svg python tests/pictures.py FOLDER pair names  those of these names
"""

import argparse
import gc
import shutil
import subprocess
import sys
from pathlib import Path

import gcscope
from gcscope import Counts, Cut, Cycle, Link, Person, Report
from gcscope.model.record import sum_counts
from gcscope.render.dot import dot_of, dot_text
from gcscope.render.mermaid import mermaid_of, mermaid_text
from gcscope.render.report_picture import picture_of


class Node:
    """What user code is made of."""


def pair():
    one, other = Person("Michael"), Person("Sarah")
    one.befriend(other)


def itself():
    one = Node()
    one.me = one


def ring(length):
    people = [Person(f"Person {number}") for number in range(length)]
    for place, one in enumerate(people):
        one.friends.append(people[(place + 1) % length])


def three():
    ring(3)


def twelve():
    ring(12)


def thousand():
    ring(1000)


def fetch(url):
    raise OSError(url)


def exception():
    for _ in range(3):
        try:
            fetch("example.org")
        except OSError as error:
            last = error
    return str(last)


def overlapping():
    hub, left, right = Node(), Node(), Node()
    hub.left, left.hub = left, hub
    hub.right, right.hub = right, hub
    hub.baggage = [[] for _ in range(7)]


def popular():
    hub = Person("Ada")
    for number in range(500):
        hub.befriend(Person(f"Friend {number}"))


def names():
    for one, other in (
        ("a very long name " * 5, "x" * 80),
        ("שרה כהן", "محمد علي"),
        ("😀 Ida 👩‍👩‍👧 é", "王小明 田中さくら 김철수"),
        (
            '"quoted" \\N \\G \\l &lt; <b>bold</b> #35; `code` [0] {x} |',
            "line\nbreak\ttab\x00\x1b[31m\ud800 $$x^2$$ %% end",
        ),
    ):
        first, second, between = Person(one), Person(other), type(f"Meeting{len(one)}", (), {})()
        first.friends.append(second)
        second.friends.append(between)
        between.guests = {one: first}


def forms():
    for _ in range(40):
        pair()
        itself()
        exception()
    twelve()


def many():
    for number in range(30):
        one = type(f"Kind{number}", (), {})()
        one.me = [one]


def nothing():
    pass


PICTURES = (
    pair,
    itself,
    three,
    twelve,
    thousand,
    exception,
    overlapping,
    popular,
    names,
    forms,
    many,
    nothing,
)


# ------------------------------------------------------------------ reports made by hand, the same
# on every Python


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
        "bytes": sum(c.count * c.bytes for c in cycles),
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
GOLDEN_FOLDER = Path(__file__).parent / "golden"
WRITERS = {"dot": dot_text, "mmd": mermaid_text}


def write_golden():
    for name, drawn in GOLDEN.items():
        for suffix, writer in WRITERS.items():
            (GOLDEN_FOLDER / f"{name}.{suffix}").write_text(writer(drawn), encoding="utf-8")


# ----------------------------------------------------------------------------------------------------
# the pictures


def report_of(make):
    """Tell what a function leaves."""
    gc.collect()
    gc.disable()
    make()
    report = gcscope.garbage()
    gc.enable()
    cycles = tuple(
        cycle for cycle in report.cycles if "type" not in cycle.types
    )  # classes made so that forms differ
    return Report(
        **{**{name: getattr(report, name) for name in report.__slots__}, "cycles": cycles}
    )


def write(folder, name, picture):
    """Write one picture in every form."""
    dot = folder / f"{name}.dot"
    dot.write_text(dot_of(picture), encoding="utf-8")
    (folder / f"{name}.mmd").write_text(mermaid_of(picture), encoding="utf-8")
    for form in ("png", "svg") if shutil.which("dot") else ():
        subprocess.run(
            ["dot", f"-T{form}", "-o", dot.with_suffix(f".{form}"), dot], check=True, timeout=60
        )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=", ".join(make.__name__ for make in PICTURES)
    )
    parser.add_argument("--golden", action="store_true", help="write the golden texts anew")
    options = parser.parse_args()
    if options.golden:
        write_golden()
    if options.folder is None:
        return
    options.folder.mkdir(parents=True, exist_ok=True)
    report_of(nothing)  # what is imported on the way leaves trash of its own
    for make in PICTURES:
        if not options.names or make.__name__ in options.names:
            write(options.folder, make.__name__, picture_of(report_of(make)))


if __name__ == "__main__":
    sys.exit(main())
