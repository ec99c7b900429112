"""What of the rings that a program left counts: --ignore, --baseline and --under of `run`.

A ring stands as in the pytest plugin: 'new' ones count, 'allowed', 'known' and 'innocent' ones do
not; and one is 'elsewhere' that has nothing to do with the directory of --under. Under
--fail-on-growth, known ones of which there are more than the baseline has are 'grown', and count.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType

from gcscope.cli.trouble import Trouble, WrongUsage, why
from gcscope.model.ignored import (
    form_of,
    known_ring,
    matches,
    unknown_name,
    useless,
    useless_phrase,
)
from gcscope.model.innocent import blamed, is_innocent
from gcscope.model.judgement import (
    ALLOWED,
    ELSEWHERE,
    GROWN,
    INNOCENT,
    KNOWN,
    NEW,
    Finding,
    Judgement,
)
from gcscope.model.merge import summed
from gcscope.model.phrases import growth_phrase, plural, ring_line
from gcscope.model.record import changed

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from gcscope.model.judgement import Baseline, KnownRing
    from gcscope.model.outcome import Outcome
    from gcscope.model.record import Record
    from gcscope.model.results import Cycle, Report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    parser.add_argument(
        "--ignore",
        metavar="GLOB",
        action="append",
        default=[],
        help="rings that do not count: a type, a type and name, a fingerprint, or the name of a "
        "list of rings that a library is known to leave (@mock, @attrs ...); may be repeated",
    )
    parser.add_argument(
        "--baseline",
        metavar="FILE",
        help="rings that are known and do not count (the file of the pytest plugin)",
    )
    parser.add_argument(
        "--update-baseline", action="store_true", help="write what is found to the baseline"
    )
    parser.add_argument(
        "--fail-on-growth",
        action="store_true",
        help="as --fail, and known rings count where there are more of a form than the baseline "
        "has",
    )
    parser.add_argument(
        "--under",
        metavar="DIR",
        help="only rings count that have an object, class, function or frame whose code lies there",
    )


# What takes its value from the next word.
WITH_VALUE = ("--ignore", "--baseline", "--under")


_HAVE_A_PLACE = frozenset({"function", "method", "frame", "generator", "coroutine"})
"""Types of objects whose names are not those of classes or modules: their places say more."""


class _Directory:
    """The directory of --under, and what lies in it."""

    __slots__ = ("_begun_in", "_roots", "name")

    def __init__(self, name: str) -> None:
        """Resolve it now: the program may go elsewhere. Raises Trouble if there is none."""
        if not os.path.isdir(name):
            raise Trouble(f"--under: there is no directory {name!r}")
        self.name = name
        self._begun_in = _here()
        self._roots = {os.path.join(path, "") for path in _both(os.path.abspath(name))}

    def _has(self, path: str) -> bool:
        """Return whether a file lies in it: one of a report is relative to where it was told."""
        starts = {self._begun_in, _here()} if not os.path.isabs(path) else {""}
        return any(
            way.startswith(root)
            for start in starts
            for way in _both(os.path.normpath(os.path.join(start, path)))
            for root in self._roots
        )

    def has_code_of(self, cycle: Cycle) -> bool:
        """Return whether the code of something in a ring's component lies in it.

        Of the objects on the ring their places, and of all in the component the modules of their
        classes.
        """
        places = {link.where.rpartition(":")[0] for link in cycle.ring if link.where is not None}
        names = {link.name or "" for link in cycle.ring if link.type not in _HAVE_A_PLACE}
        files = {_file_of(name) for name in (*names, *cycle.types)}
        return any(self._has(path) for path in places | files if path)


def _here() -> str:
    try:
        return os.getcwd()
    except OSError:  # it is gone
        return ""


def _both(path: str) -> set[str]:
    return {path, os.path.realpath(path)}


def _file_of(name: str) -> str | None:
    """Return the file of the module whose class has this name; by plain dicts: no code runs."""
    parts = name.split(".")
    for length in range(len(parts) - 1, 0, -1):
        module = sys.modules.get(".".join(parts[:length]))
        if type(module) is ModuleType:
            file = module.__dict__.get("__file__")
            return os.path.abspath(file) if type(file) is str else None
    return None


class Filters:
    """What the options say counts."""

    __slots__ = (
        "_baseline", "_growth_counts", "_ignore", "_label", "_path", "_under", "_updates", "_write"
    )  # fmt: skip

    def __init__(self, options: argparse.Namespace, label: str) -> None:
        """Read and check them, before the program runs.

        label: what the baseline calls the program. Raises Trouble, and WrongUsage.
        """
        self._ignore: tuple[str, ...] = tuple(options.ignore)
        self._label, self._path = label, options.baseline
        self._updates: bool = options.update_baseline
        self._growth_counts: bool = options.fail_on_growth and not self._updates
        wrong = unknown_name(self._ignore)
        if options.fail_on_growth and self._path is None:
            wrong = "--fail-on-growth needs counts to compare with: give --baseline FILE"
        if self._updates and self._path is None:
            wrong = "--update-baseline needs a file to write: give --baseline FILE"
        if wrong is not None:
            raise WrongUsage(wrong)
        self._under = _Directory(options.under) if options.under is not None else None
        self._baseline = self._read() if self._path is not None else None

    def _read(self) -> Baseline:
        from gcscope.model.baseline import read_baseline, write_baseline

        self._path = os.path.abspath(self._path)
        self._write = write_baseline  # it needs what the program may have in its way then
        try:
            return read_baseline(self._path, self._updates)
        except FileNotFoundError:
            raise Trouble(
                f"there is no baseline {self._path!r}: --update-baseline writes one"
            ) from None
        except OSError as error:
            raise Trouble(f"cannot read the baseline {self._path!r}: {why(error)}") from None
        except ValueError as error:
            raise Trouble(f"cannot read the baseline {self._path!r}: {error}") from None

    @property
    def _is_asked(self) -> bool:
        return bool(self._ignore) or self._baseline is not None or self._under is not None

    def _finding(self, cycle: Cycle, baseline: Mapping[str, KnownRing]) -> Finding:
        if is_innocent(cycle):
            return Finding(cycle=cycle, standing=INNOCENT)
        if self._under is not None and not self._under.has_code_of(cycle):
            return Finding(cycle=cycle, standing=ELSEWHERE)
        if any(matches(cycle, pattern) for pattern in self._ignore):
            return Finding(cycle=cycle, standing=ALLOWED)
        known = baseline.get(form_of(cycle))
        if known is None:
            return Finding(cycle=cycle, standing=NEW)
        count = known.count_of(self._label.__eq__)
        if self._updates or cycle.count <= count:
            return Finding(cycle=cycle, standing=KNOWN)
        return Finding(cycle=cycle, standing=GROWN if self._growth_counts else KNOWN, known=count)

    def judge(self, outcome: Outcome, fails: bool) -> Judged:
        """Hold what a program left against what counts.

        fails: whether a ring is to fail the program.
        """
        from gcscope.api.observe import WAITS_IN_NO_RING

        report = outcome.report
        if not self._is_asked:
            without_ring = bool(report) and not report.cycles and not WAITS_IN_NO_RING
            counts = bool(blamed(report.cycles)) or without_ring
            return Judged(report, outcome, counts)
        known = self._baseline.by_fingerprint if self._baseline is not None else {}
        findings = tuple(self._finding(cycle, known) for cycle in report.cycles)
        judgement = Judgement(
            findings=findings,
            notes=(*report.notes, *self._notes(report)),
            severity="fail" if fails and not self._updates else "report",
            reason=None,
        )
        notes = (
            *self._aside(judgement),
            *self._notes(report),
            *self._gone(judgement),
            *self._grown(judgement),
        )
        counted = _counted(outcome, {f.cycle.fingerprint: f.standing for f in findings})
        return Judged(judgement, changed(counted, notes=(*outcome.notes, *notes)), judgement.fails)

    def _notes(self, report: Report) -> tuple[str, ...]:
        patterns = useless(self._ignore, report.cycles)
        return (f"--ignore: {useless_phrase(patterns)}",) if patterns else ()

    def _aside(self, judgement: Judgement) -> tuple[str, ...]:
        """Write what was found and does not count."""
        under = self._under.name if self._under is not None else ""
        found = []
        for standing, how in (
            (ALLOWED, "ignored"),
            (KNOWN, "known to the baseline"),
            (ELSEWHERE, f"without code under {under}"),
        ):
            count = sum(cycle.count for cycle in judgement.of(standing))
            if count:
                found.append(f"{plural(count, 'cycle')} {how}")
        rest = "what is left is summed up by the largest ring of each form"
        return (f"not counted: {', '.join(found)}; {rest}",) if found else ()

    def _seen(self, judgement: Judgement) -> dict[str, KnownRing]:
        """Return what belongs in the baseline; of what is elsewhere only what is in it already."""
        before = self._baseline.fingerprints if self._baseline is not None else frozenset()
        known = [cycle for cycle in judgement.of(ELSEWHERE) if form_of(cycle) in before]
        cycles = (*judgement.of(NEW, KNOWN, GROWN), *known)
        return {form_of(cycle): known_ring(cycle, {self._label: cycle.count}) for cycle in cycles}

    def _gone(self, judgement: Judgement) -> tuple[str, ...]:
        """Write how many rings of the baseline are no more."""
        if self._baseline is None or self._updates:
            return ()
        count = len(self._baseline.gone(self._seen(judgement), [self._label]))
        how = "--update-baseline takes them out"
        return (f"gone from the baseline: {plural(count, 'form')} of cycles ({how})",) * bool(count)

    def _grown(self, judgement: Judgement) -> tuple[str, ...]:
        """Write of which forms there are more than the baseline has."""
        how = "" if self._growth_counts else " (--fail-on-growth lets that count)"
        return tuple(
            f"grown: {growth_phrase(ring_line(f.cycle), f.cycle.count, f.known)}{how}"
            for f in judgement.findings
            if f.known is not None
        )

    def renew(self, record: Record) -> str | None:
        """Write the baseline anew if that is asked, and say so.

        record: as judged. Raises Trouble if it cannot be written.
        """
        if not self._updates or self._baseline is None or not isinstance(record, Judgement):
            return None
        renewed = self._baseline.renewed(self._seen(record), [self._label])
        try:
            self._write(self._path, renewed)
        except OSError as error:
            raise Trouble(f"cannot write the baseline {self._path!r}: {why(error)}") from None
        return f"{plural(len(renewed.rings), 'form')} of cycles written to {self._path}"


class Judged:
    """What a program left, as it is told."""

    __slots__ = ("counts", "outcome", "record")

    def __init__(self, record: Record, outcome: Outcome, counts: bool) -> None:
        self.record = record
        """What is written as JSON: the report, or where something may not count a judgement."""
        self.outcome = outcome
        """What is written as text: without what does not count."""
        self.counts = counts
        """Whether there is anything that --fail fails for."""


def _counted(outcome: Outcome, standings: dict[str, str]) -> Outcome:
    """Leave out what does not count.

    What is left is summed up from the rings, since a report does not say whose its objects are.
    """
    told = (NEW, GROWN, INNOCENT)
    if all(standing in told for standing in standings.values()):
        return outcome
    left, collected = (
        summed((c for c in report.cycles if standings[c.fingerprint] in told), report.notes)
        for report in (outcome.left, outcome.collected)
    )
    return changed(outcome, left=left, collected=collected)
