"""One record of every kind, and rings that are wide when they are told."""

from gcscope import (
    Audit,
    AuditFinding,
    Census,
    CensusRow,
    Chain,
    Collection,
    Counts,
    Cut,
    Cycle,
    Event,
    Fate,
    Holder,
    Holders,
    Link,
    Report,
    Retained,
    Trial,
    Waiting,
)
from gcscope.model.diff import Difference, GrownForm
from gcscope.model.fleet import Merged, ProcessRow
from gcscope.model.growth import Grower, GrownType, Growth
from gcscope.model.header import Header
from gcscope.model.judgement import Baseline, Finding, Judgement, KnownRing
from gcscope.model.pauses import Pause, Pauses, PauseTotal
from gcscope.model.record import changed
from gcscope.model.results import Arithmetic, Row
from gcscope.model.walkthrough import Counted, Moved, Subtracted, Walkthrough

REPORT = Report(
    objects=5, bytes=3120, types=Counts({"list": 2, "gcscope.Person": 3}), cycles=(), notes=()
)


# Of free-threaded Python: what waits in no ring, and a function that the collector would take.
WAITING = changed(
    REPORT,
    waiting=(
        Waiting(why="deferred", types=Counts({"function": 1, "code": 1}), kept=1),
        Waiting(why="queued", types=Counts({"m.Node": 1}), kept=0),
        Waiting(why="put off", types=Counts({"dict": 1}), kept=0),
    ),
    running=(
        Link(type="function", name="work", label="", named=True, where="m.py:3", refcount=None),
    ),
)


FATES = (
    Fate(serial=1, type="gcscope.Person", name="Michael", fate="collector"),
    Fate(serial=2, type="m.Node", name=None, fate="survived"),
)


COLLECTION = Collection(
    fates=FATES,
    types=Counts({"gcscope.Person": 1, "list": 1}),
    resurrected=Counts({"m.Phoenix": 1}),
    uncollectable=Counts(),
    cycles=(),
    notes=("a note",),
)


TRIAL = Trial(
    refcount=Counts({"gcscope.Person": 2}),
    collector=Counts({"a": 5, "b": 4, "c": 3, "d": 2, "e": 1, "f": 1}),
    survived=Counts(),
    resurrected=Counts(),
    uncollectable=Counts(),
    report=REPORT,
    notes=(),
)


EVENT = Event(
    serial=1, what="freed", type="gcscope.Person", name="Michael", refcount=0, freed_by="collector"
)


LINK = Link(type="m.Node", name=None, label=".me", named=True, where="m.py:3", refcount=2)


CYCLE = Cycle(
    ring=(
        LINK,
        Link(
            type="function", name="f \ud800", label="cell x", named=False, where=None, refcount=None
        ),
    ),
    objects=2,
    dragged=1,
    dragged_bytes=56,
    bytes=104,
    types=Counts({"m.Node": 1, "function": 1}),
    cause='an "object"\n',
    cut=Cut(link=LINK, advice="set .me = None", frees=3, references=1),
    advice="set .me = None",
    count=3,
    fingerprint="0123456789abcdef",
)


RINGS = Report(
    objects=9, bytes=312, types=Counts({"m.Node": 9}), cycles=(CYCLE,), notes=("a note",)
)


LONG = changed(
    CYCLE,
    length=300_000,
    objects=300_000,
    fingerprint="fedcba9876543210",
    cut=Cut(
        link=changed(LINK, label=".parent"),
        advice="make Node.parent weak (weakref.ref)",
        frees=300_001,
        references=2_000,
        kinds=("m.Node.parent",),
    ),
)


HOLDER = Holder(type="dict", name=None, label="['x']", where=None, owned=True)


HOLDERS = Holders(refcount=1, named=(HOLDER,), unexplained=-1)


CHAIN = Chain(reachable=True, root="module", links=(LINK,), expression="m.x")


RETAINED = Retained(objects=1, bytes=72, types=Counts({"list": 1}))


DIFFERENCE = Difference(
    new=(CYCLE,),
    gone=(),
    grown=(GrownForm(before=CYCLE, after=CYCLE),),
    same=1,
    shrunk=2,
    alive=False,
)


TABLE = Arithmetic(rows=(Row(label="Michael", refcount=1, inside=1, left=0, reachable=False),))


ALL = [
    REPORT,
    COLLECTION,
    TRIAL,
    EVENT,
    FATES[0],
    FATES[1],
    RINGS,
    CYCLE,
    LONG,
    LONG.cut,
    LINK,
    CYCLE.cut,
    HOLDER,
    HOLDERS,
]


ALL += [CHAIN, RETAINED, TABLE, TABLE.rows[0], DIFFERENCE, DIFFERENCE.grown[0]]


FINDING = Finding(cycle=CYCLE, standing="new")


JUDGEMENT = Judgement(findings=(FINDING,), notes=("a note",), severity="fail", reason=None)


BASELINE = Baseline(
    rings=(
        KnownRing(fingerprint="01", ring="m.Node .me → m.Node", tests=Counts({"t.py::test": 2})),
    )
)


GROWER = Grower(
    path="app.registry[*].listeners",
    type="list",
    containers=200,
    length=4_000,
    per_call=1.0,
    bytes_per_call=48.5,
    filled_at="app.py:15",
    is_birth=True,
    fingerprint="00112233445566aa",
)


GROWN = Growth(
    growers=(
        GROWER,
        Grower(
            path="app.CACHE",
            type="dict",
            length=101,
            per_call=0.25,
            bytes_per_call=None,
            filled_at=None,
            fingerprint="00112233445566bb",
        ),
    ),
    grown_types=(
        GrownType(type="app.Node", per_call=2.0, path="app.HEAD.next"),
        GrownType(type="app.Ring", per_call=0.5, path=None),
    ),
    times=20,
    rounds=5,
    notes=("a note",),
)


STEPS = Walkthrough(
    update_refs=(Counted(name="n", gc_refs=1),),
    subtract_refs=(Subtracted(reference="n.me", target="n", before=1, after=0),),
    move_unreachable=(Moved(name="n", gc_refs=0, reachable=False, because="nothing"),),
    more=0,
)


ALL += [GROWN, GROWER, GROWN.grown_types[0]]


ALL += [STEPS, STEPS.update_refs[0], STEPS.subtract_refs[0]]


ALL += [STEPS.move_unreachable[0]]


CENSUS = Census(
    rows=(
        CensusRow(type="str", objects=1_016_658, bytes=80_100_000),
        CensusRow(type="app.Node \ud800", objects=2_000, bytes=96_000),
        CensusRow(type="one.More", objects=1, bytes=48),
    ),
    objects=1_018_659,
    bytes=80_196_048,
    anonymous=91_987_968,
)


EARLIER = Census(
    rows=(
        CensusRow(type="app.Gone", objects=3, bytes=144),
        CensusRow(type="one.More", objects=1, bytes=48),
    ),
    objects=4,
    bytes=192,
    anonymous=4_612_096,
)


ALL += [CENSUS, CENSUS - EARLIER, EARLIER - CENSUS, CENSUS.rows[0]]


ALL += [FINDING, JUDGEMENT, BASELINE, BASELINE.rings[0]]


AUDIT = Audit(
    findings=(
        AuditFinding(
            type="m.Pair",
            fault="a field that tp_traverse does not visit",
            where=".second (byte 24)",
            instances=3,
            sure="seen in 3 instances: ...",
            missing="Py_VISIT(self->second)",
        ),
    ),
    types=Counts({"m.Pair": 3}),
    unjudged=("m.Other",),
    notes=("a note",),
)


ALL += [AUDIT, AUDIT.findings[0]]


def header(host="box", pid=41, **values):
    given = {
        "argv0": "serve.py",
        "python": "3.13.0",
        "build": "(main, Oct 7 2024) [GCC 13]",
        "gcscope": "0.3.0",
        "gc_enabled": True,
        "gc_frozen": 0,
        "gc_thresholds": (2000, 10, 0),
        "when": "2026-11-27T13:35:49Z",
        "stopped": 0.0316,
        "started": 1000,
    }
    return Header(host=host, pid=pid, **{**given, **values})


MERGED = Merged(
    processes=(
        ProcessRow(process=None, objects=2, bytes=104),
        ProcessRow(process=header(), objects=5, bytes=156),
        ProcessRow(process=header(host="other \ud800"), objects=2, bytes=52),
    ),
    report=RINGS,
    growth=None,
    census=None,
    processes_with=Counts({CYCLE.fingerprint: 2}),
    notes=("a note",),
)


PAUSES = Pauses(
    collections=(
        Pause(generation=0, began=0.125, seconds=0.0012, examined=None, freed=4),
        Pause(
            generation=2,
            began=1.5,
            seconds=0.31,
            examined=2_100_334,
            freed=3,
            asked=True,
            sampled=True,
            cycles=(CYCLE,),
        ),
    ),
    totals=(
        PauseTotal(
            generation=0,
            collections=370,
            asked=0,
            seconds=0.08,
            longest=0.0012,
            freed=1_204,
            examined=0,
            examined_in=0,
        ),
        PauseTotal(
            generation=1,
            collections=38,
            asked=0,
            seconds=0.13,
            longest=0.012,
            freed=0,
            examined=0,
            examined_in=0,
            unseen=2,
        ),
        PauseTotal(
            generation=2,
            collections=4,
            asked=1,
            seconds=1.1,
            longest=0.31,
            freed=3,
            examined=4_200_668,
            examined_in=2,
        ),
    ),
    cycles=(CYCLE,),
    elapsed=30.0,
    sampled=2,
    sampling=0.61,
    advice="cut it",
    notes=("a note",),
)


ALL += [MERGED, MERGED.processes[1]]


ALL += [
    Merged(processes=MERGED.processes[1:], report=None, growth=None, census=CENSUS),
    Merged(
        processes=(ProcessRow(process=header()), ProcessRow(process=header(pid=42))),
        report=None,
        growth=GROWN,
        census=None,
        processes_with=Counts({GROWER.fingerprint: 2, GROWN.growers[1].fingerprint: 1}),
    ),
]


ALL += [PAUSES, *PAUSES.collections, *PAUSES.totals]


ALL += [WAITING, *WAITING.waiting]


def wide_ring(*links, cause="an object refers to itself", advice="clear() it when done", cut=0):
    return Cycle(
        ring=links,
        objects=len(links),
        dragged=1234567,
        dragged_bytes=12345678,
        bytes=123456789,
        types=Counts({"x": len(links)}),
        cause=cause,
        cut=Cut(link=links[cut], advice=advice, frees=len(links), references=1),
        advice=advice,
        count=12,
        fingerprint="0123456789abcdef",
    )


def unnumbered_link(type_name, label, name=None, where=None):
    return Link(type=type_name, name=name, label=label, named=True, where=where, refcount=None)
