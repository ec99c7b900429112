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
from gcscope import Person, Report
from gcscope.render.dot import dot_of, dot_text
from gcscope.render.mermaid import mermaid_of, mermaid_text
from gcscope.render.report_picture import picture_of
from specimens.pictures import GOLDEN, GOLDEN_FOLDER


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


WRITERS = {"dot": dot_text, "mmd": mermaid_text}


def write_golden():
    for name, drawn in GOLDEN.items():
        for suffix, writer in WRITERS.items():
            (GOLDEN_FOLDER / f"{name}.{suffix}").write_text(writer(drawn), encoding="utf-8")


# --------------------------------------------------------------------------------------------------
# the pictures


def report_of(make):
    """Return what a function leaves."""
    gc.collect()
    gc.disable()
    make()
    report = gcscope.garbage()
    gc.enable()
    # classes made so that forms differ
    cycles = tuple(cycle for cycle in report.cycles if "type" not in cycle.types)
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
