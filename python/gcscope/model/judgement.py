"""Rings that tests left, and how they stand; the baseline of a project."""

from __future__ import annotations

from gcscope.model.record import Record
from gcscope.model.results import Cycle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any


NEW, KNOWN, ALLOWED, OF_PYTEST = "new", "known", "allowed", "of pytest"
INNOCENT = "innocent"
"""A class that was replaced under its own name, and what else is nobody's fault."""
ELSEWHERE = "elsewhere"
"""Not under the directory that was asked for."""


class Finding(Record):
    """A form of ring that a test or program left, and how it stands."""

    cycle: Cycle
    """The ring."""
    standing: str
    """'new', 'known', 'allowed', 'innocent', 'of pytest', or 'elsewhere': not of the directory
    that was asked for."""


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

    def of(self, standing: str) -> tuple[Cycle, ...]:
        """Return the cycles that stand so."""
        return tuple(finding.cycle for finding in self.findings if finding.standing == standing)

    @property
    def fails(self) -> bool:
        """Whether the test is to fail."""
        return self.severity == "fail" and bool(self.of(NEW))


# -------------------------------------------------------------------------- baseline


class KnownRing(Record):
    """A form of ring that a project lives with for now."""

    fingerprint: str
    """The same for rings of this form in every run; with the name of the class, where it is the
    ring of a class."""
    ring: str
    """It in a line, for who reads the file."""
    tests: tuple[str, ...]
    """Those that left it when the file was written."""


class Baseline(Record):
    """The rings that a project knows of, by fingerprint."""

    rings: tuple[KnownRing, ...]
    """One for each form."""

    @property
    def fingerprints(self) -> frozenset[str]:
        """The fingerprints of all of them."""
        return frozenset(ring.fingerprint for ring in self.rings)

    def gone(self, seen: Mapping[str, Any], judged: Iterable[str]) -> tuple[KnownRing, ...]:
        """Return those that are gone: not seen, though every test that had left them was judged."""
        judged = frozenset(judged)
        return tuple(
            r for r in self.rings if r.fingerprint not in seen and judged.issuperset(r.tests)
        )

    def renewed(self, seen: Mapping[str, KnownRing], judged: Iterable[str]) -> Baseline:
        """Return the baseline of now: what was seen, and of the rest what may still be there."""
        gone = {ring.fingerprint for ring in self.gone(seen, judged)}
        kept = {ring.fingerprint: ring for ring in self.rings if ring.fingerprint not in gone}
        for fingerprint, ring in seen.items():
            before = kept[fingerprint].tests if fingerprint in kept else ()
            unjudged = set(before).difference(judged)
            kept[fingerprint] = KnownRing(
                fingerprint=fingerprint,
                ring=ring.ring,
                tests=tuple(sorted({*ring.tests, *unjudged})),
            )
        return Baseline(
            rings=tuple(sorted(kept.values(), key=lambda ring: (ring.ring, ring.fingerprint)))
        )
