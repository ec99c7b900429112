"""An audit of C types as text: what is wrong, where, how sure that is, which call is missing."""

from __future__ import annotations

from gcscope.model.audit import NO_CLEAR, NO_GC, NO_TYPE, NO_VISIT, OVER_VISIT
from gcscope.model.phrases import in_one_line, plural, shortened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gcscope.model.audit import Audit, AuditFinding

MOST_UNJUDGED = 12

_THEREFORE = {
    NO_GC: "the collector does not know its instances: no ring through one is ever freed",
    NO_VISIT: "no ring through that field is ever freed",
    NO_TYPE: "a class derived from it that leads to an instance of itself is never freed",
    OVER_VISIT: "the collector counts references that nobody owns: it may free what is in use",
    NO_CLEAR: "a ring in which no type has a tp_clear is found by each collection, and never freed",
}


def auditfinding_text(finding: AuditFinding) -> str:
    """Write one finding: the fault, where it is, what follows, how sure it is, what is missing."""
    lines = [f"{shortened(finding.type)}: {finding.fault}"]
    facts = (
        ("where", finding.where),
        ("therefore", _THEREFORE.get(finding.fault, "")),
        ("sure", finding.sure),
        ("missing", finding.missing),
    )
    lines += [f"  {word:<9}  {in_one_line(fact)}" for word, fact in facts if fact]
    return "\n".join(lines)


def _head(audit: Audit) -> str:
    instances = (
        f"{plural(len(audit.types), 'C type')} judged by {plural(audit.types.total, 'instance')}"
    )
    if not audit.types:
        why = "none has a living instance" if audit.unjudged else "there is none"
        return f"no C type was judged: {why}"
    faults = plural(len(audit.findings), "fault") if audit.findings else "no fault"
    return f"{instances}: {faults}"


def _unjudged_line(audit: Audit) -> str:
    names = [shortened(name) for name in audit.unjudged[:MOST_UNJUDGED]]
    rest = len(audit.unjudged) - len(names)
    more = f" and {rest:,} more" if rest else ""
    return f"not judged, for want of an instance: {', '.join(names)}{more}"


def audit_text(audit: Audit) -> str:
    """Write what an audit found, each finding with what follows from it."""
    lines = [_head(audit)]
    for finding in audit.findings:
        lines += ["", auditfinding_text(finding)]
    lines += ["", _unjudged_line(audit)] if audit.unjudged else []
    lines += [f"note: {note}" for note in audit.notes]
    return "\n".join(lines)
