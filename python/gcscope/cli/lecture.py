"""The lecture "When reference counting breaks", played on real objects.

Every number that is shown is read from the objects at that moment.
"""

from __future__ import annotations

import platform
import sys

from gcscope import Person, collect, garbage, journal, refcount, trial
from gcscope.api.lease import Lease
from gcscope.api.neighborhood import arithmetic_of, look
from gcscope.model.phrases import counts_phrase, plural, table
from gcscope.model.record import changed
from gcscope.model.results import Arithmetic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Say = Callable[[str], None]


def _freed(serials: set[int]) -> str:
    """Name those of these objects that are freed, and what freed each, from the journal."""
    freed = [
        f"{event.name} by {event.freed_by}"
        for event in journal.events()
        if event.what == "freed" and event.serial in serials
    ]
    return ", ".join(freed) or "nobody"


def _arithmetic(labels: dict[int, str]) -> Arithmetic:
    """Return the collector's arithmetic for the objects at some addresses, called by their labels.

    Addresses, so that asking holds nothing.
    """
    neighborhood = look(list(labels))
    rows = zip(neighborhood.objects, arithmetic_of(neighborhood).rows, strict=True)
    called = {
        obj.address: changed(row, label=labels[obj.address], because=None)
        for obj, row in rows
        if obj.address in labels
    }
    return Arithmetic(rows=tuple(called[address] for address in labels))


def two_people(say: Say) -> None:
    """Play the part with two people, a ring, and who gets them back."""
    say("1. Two people")
    p1 = Person("Michael")
    p2 = Person("Sarah")
    serials = {p1.serial, p2.serial}
    say("     p1 = Person('Michael')")
    say("     p2 = Person('Sarah')")
    say(
        f"   refcount: Michael {refcount(p1)}, Sarah {refcount(p2)}: "
        "the names p1 and p2 are the only references."
    )
    say("")

    say("2. They become friends")
    p1.befriend(p2)
    say("     p1.befriend(p2)      # each is appended to the friends list of the other")
    say(
        f"   refcount: Michael {refcount(p1)}, Sarah {refcount(p2)}: "
        "a name and a list hold each of them."
    )
    say(f"   Michael's friends: {p1.friends}, Sarah's friends: {p2.friends}")
    say("")

    say("3. Both names go")
    labels = {
        id(p1): "Michael",
        id(p1.friends): "Michael's friends",
        id(p2): "Sarah",
        id(p2.friends): "Sarah's friends",
    }
    del p1, p2
    say("     del p1, p2")
    _what_the_collector_finds(say, _arithmetic(labels), serials)
    _what_the_collector_frees(say, serials)


def _what_the_collector_finds(say: Say, arithmetic: Arithmetic, serials: set[int]) -> None:
    counts = {row.label: row.refcount for row in arithmetic.rows}
    say(
        f"   refcount: Michael {counts['Michael']}, Sarah {counts['Sarah']}: "
        "not 0, though no name leads to them."
    )
    say(f"   Freed by reference counting: {_freed(serials)}. It can do nothing more:")
    say("   it acts when a count changes, and nobody is left who could change one.")
    say("")

    say("4. What the collector would find (a dry run, nothing is freed)")
    say("   It takes from each count the references that come from inside the heap.")
    for line in str(arithmetic).splitlines():
        say(f"     {line}".rstrip())
    report = garbage()
    found = counts_phrase(report.types)
    say(f"   Nothing is left from outside, so nothing leads to them: {found}.")
    for cycle in report.cycles:
        for line in str(cycle).splitlines():
            say(f"   {line}")
    say(f"   Freed meanwhile: {_freed(serials)}.")
    say("")


def _what_the_collector_frees(say: Say, serials: set[int]) -> None:
    say("5. The collector runs")
    say("     gcscope.collect()")
    collection = collect()
    for fate in collection.fates:
        if fate.serial in serials:
            say(f"   {fate.name}: {'freed by the ' if 'collector' in fate.fate else ''}{fate.fate}")
    freed = counts_phrase(collection.types)
    say(f"   In all it freed {plural(collection.objects, 'object')}: {freed}.")
    say("")


def _chain(people: int, closed: bool) -> None:
    """Make a chain of friends, each holding the next, that nobody holds; a closed one is a ring."""
    first = last = Person("1")
    for number in range(2, people + 1):
        following = Person(str(number))
        last.friends.append(following)
        last = following
    if closed:
        last.friends.append(first)


def long_ring(say: Say, people: int) -> None:
    """Play the same with many people: a single reference decides."""
    say(
        f"6. A long ring: {people:,} people, each a friend of the next, "
        "the last a friend of the first"
    )
    rows = []
    for label, closed in (
        ("a chain (the last has no friend)", False),
        ("the same, closed to a ring", True),
    ):
        result = trial(_chain, people, closed)
        freed = (
            result.refcount.get("gcscope.Person", 0),
            result.collector.get("gcscope.Person", 0),
        )
        rows.append((label, *(f"{n:,}" for n in freed), plural(result.report.objects, "object")))
    for line in table(("people freed", "by refcount", "by collector", "dry run before"), rows):
        say(f"     {line}")
    say("   One reference more, and reference counting frees nobody.")


def play(people: int) -> None:
    """Play the whole lecture on stdout."""

    def say(line: str) -> None:
        print(line)

    version = ".".join(map(str, sys.version_info[:3]))
    say(f"When reference counting breaks ({platform.python_implementation()} {version})")
    say("")
    # An automatic collection in between would spoil the play, what was left before it the table.
    with Lease():
        collect()
        two_people(say)
        long_ring(say, people)
