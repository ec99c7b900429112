"""The lecture "When reference counting breaks", played on real objects.

Every number and arrow that is shown is read from the objects at that moment.
"""

from __future__ import annotations

import platform
import sys
import textwrap

from gcscope import Person, collect, garbage, journal, refcount, trial
from gcscope.api.lease import Lease
from gcscope.api.neighborhood import look
from gcscope.model.phrases import counts_phrase, plural, table, verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from gcscope.api.neighborhood import Neighborhood

    class Screen(Protocol):
        """Where the lecture is played."""

        @property
        def width(self) -> int:
            """How many cells a line may take."""

        def show(self, text: str) -> None:
            """Show a step; it may wait before, and end the play by an exception."""


WIDEST_PROSE = 100
_TABLE_WITH_VERDICT = 56  # cells of the collector's table with its last column
_INDENT = "   "


# --------------------------------------------------------------------- the blackboard


def _box(title: str, count: int, width: int, is_reachable: bool) -> list[str]:
    """Draw an object with its count; one that is unreachable is dashed."""
    line, side = ("─", "│") if is_reachable else ("╌", "┆")
    return [
        f"┌{line * width}┐",
        f"{side}{title:^{width}}{side}",
        f"{side}{count:^{width}}{side}",
        f"└{line * width}┘",
    ]


class Board:
    """Two people and their lists of friends: four objects, known by address, so that none is held.

        p1                         p2
         ▼                          ▼
    ┌─────────┐   ┌──────┐   ┌─────────┐
    │ Michael │──►│ list │──►│  Sarah  │
    │    2    │   │  1   │   │    2    │
    └─────────┘   └──────┘   └─────────┘
         ▲        ┌──────┐        │
         └────────│ list │◄───────┘
                  │  1   │
                  └──────┘
    """

    def __init__(self, one: Person, other: Person) -> None:
        self.names = [one.name, f"{one.name}.friends", other.name, f"{other.name}.friends"]
        self._addresses = [id(one), id(one.friends), id(other), id(other.friends)]

    def look(self) -> Snapshot:
        """Look at the four as they are now."""
        return Snapshot(self.names, self._addresses, look(self._addresses))


class Snapshot:
    """The four objects of a board at one moment."""

    def __init__(self, names: list[str], addresses: list[int], found: Neighborhood) -> None:
        places = {obj.address: place for place, obj in enumerate(found.objects)}
        order = [places[address] for address in addresses]
        self._names, self._objects = names, [found.objects[place] for place in order]
        arrows = {(reference.source, reference.target) for reference in found.references}
        self._arrows = {
            (i, k)
            for i, source in enumerate(order)
            for k, target in enumerate(order)
            if (source, target) in arrows
        }
        self._variables = [
            ", ".join(holder.partition(" ")[0] for holder in found.holders_of(place))
            for place in order
        ]

    @property
    def counts(self) -> str:
        """The counts of the people, in words."""
        one, _, other, _ = zip(self._names, self._objects, strict=True)
        return f"{one[0]} {one[1].count}, {other[0]} {other[1].count}"

    @property
    def left(self) -> int:
        """References from outside of the four."""
        return sum(obj.left for obj in self._objects)

    def drawn(self) -> str:
        """Draw the four, with the variables that hold them, and their references."""
        titles = (self._names[0], "list", self._names[2], "list")
        one, hers, other, his = (
            _box(title, obj.count, width, obj.stays)
            for title, obj, width in zip(titles, self._objects, (9, 6, 9, 6), strict=True)
        )
        lines = []
        if any(self._variables):
            first, _, second, _ = self._variables
            lines = [
                f"{first:^11}{'':14}{second:^11}",
                f"{'▼' if first else '':^11}{'':14}{'▼' if second else '':^11}",
            ]
        for row in range(4):
            to_list = "──►" if row == 1 and (0, 1) in self._arrows else "   "
            to_other = "──►" if row == 1 and (1, 2) in self._arrows else "   "
            lines.append(f"{one[row]}{to_list}{hers[row]}{to_other}{other[row]}")
        back, down = (3, 0) in self._arrows, (2, 3) in self._arrows
        lines.append(f"     {'▲' if back else ' '}{'':8}{his[0]}{'':8}{'│' if down else ''}")
        lines.append(f"     {'└────────' if back else '':9}{his[1]}{'◄───────┘' if down else ''}")
        lines += [f"{'':14}{row}" for row in his[2:]]
        return "\n".join(f"{_INDENT}{line}".rstrip() for line in lines)

    def arithmetic(self, width: int) -> str:
        """Write the collector's arithmetic for the four."""
        rows = [
            (
                name,
                str(obj.count),
                str(obj.inside),
                str(obj.left),
                verdict(obj.stays),
            )
            for name, obj in zip(self._names, self._objects, strict=True)
        ]
        columns = 5 if width >= _TABLE_WITH_VERDICT else 4
        header = ("object", "count", "inside", "left", "verdict")[:columns]
        lines = table(header, [row[:columns] for row in rows])
        indent = _INDENT if columns == 5 else " "
        return "\n".join(f"{indent}{line}" for line in lines)


# ----------------------------------------------------------------------- the two people


def _prose(screen: Screen, *sentences: str) -> str:
    """Break a paragraph into lines."""
    return textwrap.fill(
        " ".join(filter(None, sentences)), min(screen.width, WIDEST_PROSE), break_on_hyphens=False
    )


def _step(title: str, *parts: str) -> str:
    """Put a step together: its title, and what stands below it."""
    return "\n\n".join([title, *parts])


def _freed(serials: set[int]) -> str:
    """Name those of these objects that are freed, and what freed each, from the journal."""
    freed = [
        f"{event.name} by {event.freed_by}"
        for event in journal.events()
        if event.what == "freed" and event.serial in serials
    ]
    return ", ".join(freed) or "nobody"


def two_people(screen: Screen) -> None:
    """Play the part with two people, a ring, and who gets them back."""
    p1 = Person("Michael")
    p2 = Person("Sarah")
    board = Board(p1, p2)
    serials = {p1.serial, p2.serial}

    def turn(title: str, done: str, counts: tuple[int, int], said: str) -> None:
        """Show what is done to the two, and what counts they have then."""
        typed = f"{done}\n>>> refcount(p1), refcount(p2)\n{counts}"
        screen.show(_step(title, typed, board.look().drawn(), _prose(screen, said)))

    turn(
        "1. Two people",
        ">>> p1 = Person('Michael')\n>>> p2 = Person('Sarah')",
        (refcount(p1), refcount(p2)),
        "A reference count says how many references own an object. The variables p1 and p2 own one "
        "each; and each person owns a list of friends, which is empty still.",
    )
    p1.friends.append(p2)
    turn(
        "2. Sarah becomes a friend of Michael",
        ">>> p1.friends.append(p2)",
        (refcount(p1), refcount(p2)),
        "Sarah is held by a variable and by Michael's list. For Michael nothing has changed.",
    )
    p2.friends.append(p1)
    turn(
        "3. And Michael a friend of Sarah",
        ">>> p2.friends.append(p1)",
        (refcount(p1), refcount(p2)),
        "Follow the arrows: from Michael they lead back to Michael. That is a ring. "
        "(p1.befriend(p2) does both at once.)",
    )
    del p1, p2
    _after_the_names(screen, board, serials)


def _after_the_names(screen: Screen, board: Board, serials: set[int]) -> None:
    snapshot = board.look()
    screen.show(
        _step(
            "4. Both variables go",
            ">>> del p1, p2",
            snapshot.drawn(),
            _prose(
                screen,
                f"Counts: {snapshot.counts}. Freed by reference counting: {_freed(serials)}.",
                "It frees an object when its count falls to 0. These have lost a reference each, "
                "and are still held by each other's list. No variable leads to them any more, by "
                "which the program could take the ring apart.",
            ),
        )
    )
    found = garbage()
    left = (
        f"{plural(snapshot.left, 'reference')} left from outside: they are in use."
        if snapshot.left
        else "Nothing is left from outside, so nothing that is in use leads to them."
    )
    screen.show(
        _step(
            "5. What would the collector find?",
            ">>> gcscope.garbage()   # a dry run",
            _prose(
                screen,
                "It takes from each count the references that come from inside, from the objects "
                "that it looks at:",
            ),
            snapshot.arithmetic(screen.width),
            _prose(screen, left, f"It would find: {counts_phrase(found.types)}."),
            *(str(cycle) for cycle in found.cycles),
            _prose(screen, f"That was a look and no more. Freed meanwhile: {_freed(serials)}."),
        )
    )
    collection = collect()
    fates = [
        f"{fate.name}: {'freed by the ' if 'collector' in fate.fate else ''}{fate.fate}"
        for fate in collection.fates
        if fate.serial in serials
    ]
    freed = f"{plural(collection.objects, 'object')}: {counts_phrase(collection.types)}"
    screen.show(
        _step(
            "6. The collector runs",
            ">>> gcscope.collect()",
            "\n".join(f"{_INDENT}{fate}" for fate in fates),
            _prose(screen, f"In all it freed {freed}."),
        )
    )


# ------------------------------------------------------------------------ the long ring

_OTHERS = ("Anna", "Omar", "Lena", "Ravi", "Ines", "Kofi", "Maja", "Yuki")


class Club:
    """Something between people that is none: it knows its president."""

    def __init__(self, president: Person) -> None:
        self.offices = {"president": president}


def _lead_on(people: int, closed: bool) -> None:
    """Let Michael lead to Sarah, by way of others and of clubs, and let go of all.

    closed: whether Sarah leads back to Michael.
    """
    first = last = Person("Michael")
    for number in range(2, people + 1):
        name = "Sarah" if number == people else f"{_OTHERS[number % len(_OTHERS)]} {number}"
        following = Person(name)
        last.friends.append(following if number % 3 else Club(following))
        last = following
    if closed:
        last.friends.append(first)


def long_ring(screen: Screen, people: int) -> None:
    """Play the same with many people: a single reference decides."""
    rows, found = [], []
    for label, closed in (("as a chain", False), ("as a ring", True)):
        result = trial(_lead_on, people, closed)
        counts = (result.refcount, result.collector)
        rows.append((label, *(f"{c.get('gcscope.Person', 0):,}" for c in counts), ""))
        found.append(plural(result.report.objects, "object"))
    lines = table(("freed by", "counting", "the collector", ""), rows)
    screen.show(
        _step(
            "7. The ring may be long",
            _prose(
                screen,
                f"{people:,} people, from Michael to Sarah. Each has the next one in a list of "
                "friends; but every third is reached through a club, and its dict of offices.",
                "Nobody knows somebody who knows them back." if people > 2 else "",
                "First it is a chain that ends with Sarah. Then Michael is put into her list, and "
                "it is a ring.",
            ),
            "\n".join(f"{_INDENT}{line}" for line in lines),
            _prose(
                screen,
                "One reference more, and reference counting frees nobody. What a dry run found "
                f"unreachable before the collector came: {found[0]} of the chain, {found[1]} of "
                "the ring.",
            ),
        )
    )


def play(screen: Screen, people: int) -> None:
    """Play the whole lecture."""
    version = ".".join(map(str, sys.version_info[:3]))
    screen.show(
        "When reference counting breaks\n"
        + _prose(
            screen,
            "A lecture on real objects: every number is read from them when it is shown "
            f"({platform.python_implementation()} {version}).",
        )
    )
    # An automatic collection in between would spoil the play, what was left before it the table.
    with Lease():
        collect()
        two_people(screen)
        long_ring(screen, people)
    screen.show(
        _step(
            "8. Your own program",
            "$ gcscope run your_program.py",
            _prose(
                screen, "runs it as python would, and tells at its end which rings it has left."
            ),
            "More of the lecture, and all else: https://gcscope.readthedocs.io/",
        )
    )
