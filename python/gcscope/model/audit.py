"""What an audit of C types has found."""

from __future__ import annotations

from gcscope.model.record import Counts, Record

NO_GC = "no Py_TPFLAGS_HAVE_GC"
NO_VISIT = "a field that tp_traverse does not visit"
NO_TYPE = "tp_traverse does not visit the type"
OVER_VISIT = "tp_traverse visits what is not owned"
NO_CLEAR = "no tp_clear"


class AuditFinding(Record):
    """Something that a type of C code owes to the collector."""

    type: str
    """The name of the type: module.qualname, builtins without the module."""
    fault: str
    """What is wrong, one of five texts: "no Py_TPFLAGS_HAVE_GC", "a field that tp_traverse does not
    visit", "tp_traverse does not visit the type", "tp_traverse visits what is not owned", "no
    tp_clear"."""
    where: str
    """Where in its struct, by name where there is one: `.second (byte 24)`. Empty where no place
    can be told."""
    instances: int
    """In how many instances it was seen, of the type and of what derives from it. Of a missing
    tp_clear that was only proven: how many there are."""
    sure: str
    """How sure it is, and why: "seen in 3 instances: ...", "seen in one instance: ...",
    "proven: ..."."""
    missing: str
    """The C call that is missing: `Py_VISIT(self->second)`. A field is called as its attribute is:
    in the C code it may have another name."""


class Audit(Record):
    """What types of C code own and do not show to the collector, or show and do not own.

    True when there are findings.
    """

    findings: tuple[AuditFinding, ...]
    """By the name of the type, then by fault and place."""
    types: Counts
    """The types that were judged, with how many instances, those of derived classes included."""
    unjudged: tuple[str, ...]
    """The types that were asked about and have no living instance: of those nothing is known."""
    notes: tuple[str, ...] = ()
    """What one must know to read the findings."""

    def __bool__(self) -> bool:
        return bool(self.findings)
