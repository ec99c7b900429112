"""Rings, reports and judgements, made of the names of types."""

from gcscope.model.judgement import Finding, Judgement
from gcscope.model.record import sum_counts
from gcscope.model.results import Cut, Cycle, Link, Report


def cycle(*types, fingerprint="f1", count=1, also=()):
    """A ring through these types.

    "type name" where an object has a name, "type|label" where its reference has one.
    """
    links = []
    for text in types:
        head, _, label = text.partition("|")
        kind, _, name = head.partition(" ")
        links.append(
            Link(
                type=kind,
                name=name or None,
                label=label or ".me",
                named=True,
                where=None,
                refcount=None,
            )
        )
    return Cycle(
        ring=tuple(links),
        objects=len(links),
        dragged=0,
        dragged_bytes=0,
        bytes=100,
        types=sum_counts({link.type: 1 for link in links}, dict.fromkeys(also, 1)),
        cause=None,
        cut=Cut(link=links[0], advice="let go", frees=len(links), references=1),
        advice="let go",
        count=count,
        fingerprint=fingerprint,
    )


def report(*cycles, notes=()):
    return Report(objects=9, bytes=9, types=sum_counts(), cycles=cycles, alive=False, notes=notes)


def judgement(*pairs, severity="fail", notes=()):
    findings = tuple(Finding(cycle=ring, standing=standing) for ring, standing in pairs)
    return Judgement(findings=findings, notes=notes, severity=severity, reason=None)
