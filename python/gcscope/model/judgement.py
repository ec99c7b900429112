"""Rings that tests left, and how they stand; the baseline of a project."""

from __future__ import annotations

from gcscope.model.record import Counts, Positive, Record, changed, sum_counts
from gcscope.model.results import Cycle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any


NEW, KNOWN, ALLOWED, OF_PYTEST = "new", "known", "allowed", "of pytest"
GROWN = "grown"
"""Known to the baseline, but there are more, and that counts."""
INNOCENT = "innocent"
"""A class that was replaced under its own name, and what else is nobody's fault."""
ELSEWHERE = "elsewhere"
"""Not under the directory that was asked for."""


class Finding(Record):
    """A form of ring that a test or program left, and how it stands."""

    cycle: Cycle
    """The ring."""
    standing: str
    """'new' or 'grown' (known, and there are more now): these count. 'known', 'allowed',
    'innocent', 'of pytest', or 'elsewhere' (not of the directory that was asked for): these do
    not."""
    known: Positive | None = None
    """How many the baseline has, where there are more now."""


class Judgement(Record):
    """What a test or program left."""

    findings: tuple[Finding, ...]
    """The forms of rings that it left."""
    notes: tuple[str, ...]
    """What one must know to read them."""
    severity: str
    """'fail' or 'report': what a new ring means; 'allow' where the mark of the test allows all."""
    reason: str | None
    """Why all is allowed."""

    def of(self, *standings: str) -> tuple[Cycle, ...]:
        """Return the cycles that stand so."""
        return tuple(finding.cycle for finding in self.findings if finding.standing in standings)

    @property
    def counting(self) -> tuple[Cycle, ...]:
        """The cycles that count."""
        return self.of(NEW, GROWN)

    @property
    def fails(self) -> bool:
        """Whether the test is to fail."""
        return self.severity == "fail" and bool(self.counting)


# -------------------------------------------------------------------------- baseline


OF_PROGRAM = "run "
"""How the names of programs begin, among those of tests."""


def is_test(name: str) -> bool:
    """Return whether a name in a baseline is that of a test, not of a program."""
    return not name.startswith(OF_PROGRAM)


class KnownRing(Record):
    """A form of ring that a project lives with for now."""

    fingerprint: str
    """The same for rings of this form in every run; with the name of the class, where it is the
    ring of a class."""
    ring: str
    """It in a line, for who reads the file."""
    tests: Counts
    """How many of them each test, or program that was run, had left when the file was written."""

    def count_of(self, is_own: Callable[[str], bool]) -> int:
        """Return how many rings those that are named so may leave together.

        As many as they had left; where none of them had left any, as many as all others.
        """
        return sum(n for name, n in self.tests.items() if is_own(name)) or self.tests.total


class Baseline(Record):
    """The rings that a project knows of, and how many of each form."""

    rings: tuple[KnownRing, ...]
    """One for each form."""

    @property
    def by_fingerprint(self) -> dict[str, KnownRing]:
        """All of them."""
        return {ring.fingerprint: ring for ring in self.rings}

    @property
    def fingerprints(self) -> frozenset[str]:
        """The fingerprints of all of them."""
        return frozenset(self.by_fingerprint)

    def grown(self, seen: Mapping[str, KnownRing]) -> tuple[tuple[KnownRing, KnownRing], ...]:
        """Return those of which tests have left more than before, as they were and as they are."""
        pairs = [(ring, seen[ring.fingerprint]) for ring in self.rings if ring.fingerprint in seen]
        return tuple(
            (before, now) for before, now in pairs if now.tests.total > before.count_of(is_test)
        )

    def gone(self, seen: Mapping[str, Any], judged: Iterable[str]) -> tuple[KnownRing, ...]:
        """Return those that are gone: not seen, though every test that had left them was judged."""
        judged = frozenset(judged)
        return tuple(
            r for r in self.rings if r.fingerprint not in seen and judged.issuperset(r.tests)
        )

    def renewed(self, seen: Mapping[str, KnownRing], judged: Iterable[str]) -> Baseline:
        """Return the baseline of now: what was seen, and of the rest what may still be there."""
        judged = frozenset(judged)
        gone = {ring.fingerprint for ring in self.gone(seen, judged)}
        kept = {ring.fingerprint: ring for ring in self.rings if ring.fingerprint not in gone}
        for fingerprint, ring in seen.items():
            before = kept[fingerprint].tests if fingerprint in kept else {}
            unjudged = {name: n for name, n in before.items() if name not in judged}
            kept[fingerprint] = changed(ring, tests=sum_counts(ring.tests, unjudged))
        return Baseline(
            rings=tuple(sorted(kept.values(), key=lambda ring: (ring.ring, ring.fingerprint)))
        )
