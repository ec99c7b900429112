"""What the tests of a run left: the forms of their rings, and which failure explains which.

A process explains a form once, in the failure of the first test that left it; the failures of later
tests name that test. So no failure that is looked at alone, under -x or in an IDE, says less than
all. Under xdist each worker does so, and the process that was started lists the forms of all.
"""

from __future__ import annotations

from gcscope.model.ignored import form_of, known_ring
from gcscope.model.judgement import KNOWN, NEW, KnownRing
from gcscope.model.merge import merged
from gcscope.model.phrases import link_title
from gcscope.model.record import Record
from gcscope.model.results import Cycle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gcscope.model.judgement import Judgement


def to_explain(judgement: Judgement, elsewhere: Mapping[str, str]) -> tuple[Cycle, ...]:
    """Return the new cycles of a test whose forms no earlier failure explains.

    elsewhere: the forms that are explained, as `form_of` names them, and the test that did.
    """
    return tuple(cycle for cycle in judgement.of(NEW) if form_of(cycle) not in elsewhere)


class Form(Record):
    """Rings of one form, in whichever tests."""

    cycle: Cycle
    """The largest, with the count of all."""
    tests: tuple[str, ...]
    """Those that left it."""
    is_explained: bool
    """Whether the failure of one of them explains it."""

    @property
    def held(self) -> int:
        """About how many objects all rings of the form hold: as many as the largest, each."""
        return self.cycle.count * self.cycle.held

    @property
    def is_in_its_failure(self) -> bool:
        """Whether there is one failure that has it, and explains it."""
        return self.is_explained and len(self.tests) == 1


class FormGroup(Record):
    """Forms of rings that begin at the same object, as a user would recognise it."""

    title: str
    """Its type and, where that says more, its name."""
    forms: tuple[Form, ...]
    """Those that hold most objects first."""


def grouped(forms: Iterable[Form]) -> tuple[FormGroup, ...]:
    """Group forms by the object at which they begin; groups that hold most objects come first."""
    found: dict[str, list[Form]] = {}
    for form in forms:
        found.setdefault(link_title(form.cycle.ring[0]), []).append(form)
    groups = (FormGroup(title=title, forms=tuple(forms)) for title, forms in found.items())
    return tuple(sorted(groups, key=lambda g: (-sum(form.held for form in g.forms), g.title)))


class Session:
    """What the tests of a run left."""

    def __init__(self) -> None:
        self.judged: set[str] = set()
        self.judgements: dict[str, Judgement] = {}
        self._explains: dict[str, frozenset[str]] = {}

    def add(self, test: str, judgement: Judgement | None, explains: Iterable[str] = ()) -> None:
        """Note that a test was judged; None where it left nothing. The last of its runs counts.

        explains: the forms that its failure explains.
        """
        self.judged.add(test)
        self.judgements.pop(test, None)
        self._explains[test] = frozenset(explains)
        if judgement is not None:
            self.judgements[test] = judgement

    def tests(self, standing: str) -> list[str]:
        """Return the tests that left rings which stand so."""
        return [test for test, judgement in self.judgements.items() if judgement.of(standing)]

    def forms(self, *standings: str) -> tuple[Form, ...]:
        """Return the rings that stand so, those that hold most first."""
        found: dict[str, tuple[list[Cycle], list[str]]] = {}
        for test, judgement in self.judgements.items():
            for cycle in judgement.of(*standings):
                cycles, tests = found.setdefault(form_of(cycle), ([], []))
                cycles.append(cycle)
                tests.append(test)
        forms = [
            Form(
                cycle=merged(cycles)[0],
                tests=tuple(sorted(tests)),
                is_explained=any(name in self._explains[test] for test in tests),
            )
            for name, (cycles, tests) in found.items()
        ]
        return tuple(sorted(forms, key=lambda form: (-form.held, form_of(form.cycle))))

    def notes(self) -> dict[str, int]:
        """Return the notes, and how many tests have each."""
        found: dict[str, int] = {}
        for judgement in self.judgements.values():
            for note in judgement.notes:
                found[note] = found.get(note, 0) + 1
        return found

    def seen(self) -> dict[str, KnownRing]:
        """Return what belongs in a baseline: new rings and known ones, by `form_of`."""
        counts: dict[str, dict[str, int]] = {}
        for test, judgement in self.judgements.items():
            for cycle in judgement.of(NEW, KNOWN):
                counts.setdefault(form_of(cycle), {})[test] = cycle.count
        forms = {form_of(form.cycle): form.cycle for form in self.forms(NEW, KNOWN)}
        return {form: known_ring(cycle, counts[form]) for form, cycle in forms.items()}
