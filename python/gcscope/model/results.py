"""The data that the words return: frozen strings and numbers, which hold no object."""

from __future__ import annotations

from gcscope.model.fates import FatesField
from gcscope.model.record import (
    Counts,
    Deferred,
    Drawable,
    Positive,
    Record,
    Signed,
    derived,
    sparse,
)


class Link(Record):
    """An object in a ring or chain, and its reference to the next one."""

    type: str
    """The name of its type: module.qualname, builtins without the module."""
    name: str | None
    """What it is called: of functions, classes, modules, frames (the function that ran),
    Persons."""
    label: str
    """The reference to the next object: `.friends[0]`, `['key']`, `local self`, `cell x`.
    `__dict__`s, cells, tuples and other plain containers on the way are part of it. Empty at the
    end of a chain."""
    named: bool
    """False where only a truthful last resort can be said, such as "byte 48 of a x.Y"."""
    where: str | None
    """file:line of a frame, function, class, generator; of other objects where they were made,
    while tracemalloc runs."""
    refcount: int | None
    """In a ring: how many references own the object, those of the call that looked left out. None
    for an immortal object, and in a chain."""


class Cut(Record):
    """Where to break a ring: one reference, or every reference of some kinds in the component."""

    link: Link
    """The link whose reference is to go: on the ring that is shown, where one of the cut's is."""
    advice: str
    """How, in a line; of kinds without their number, which is `references`."""
    frees: int
    """How many objects reference counting then frees, proven on the graph by letting the counts go
    down: `objects + dragged` when it is all of them. 0 where the ring is alive, or held by another
    ring that must be cut first."""
    references: int
    """How many references must go for that: 1, or all of the component that have this label, where
    one is not enough, or all of these kinds."""
    kinds: tuple[str, ...] = ()
    """Which kinds of references, such as `app.Node.parent`, where all of them in the component are
    meant. Empty for one reference, or several of one name in one object."""


class Cycle(Deferred):
    """Rings of one form.

    The figures describe one specimen, the largest; `count` says how many there are.
    """

    ring: tuple[Link, ...]
    """The ring that stands for the component: one of those that most of its objects are on, or
    where there is no such ring a shortest one; begun at the object that a user would recognise; the
    last link leads to the first.
    Where it has fewer links than `length`, the first half of them (of an odd number the larger) is
    the beginning of the ring, the other half its end."""
    objects: int
    """Objects in the strongly connected component: each of them leads to each other."""
    dragged: int
    """Objects outside it that only the component keeps."""
    dragged_bytes: int
    """Bytes that those take, with the untracked objects that only they and the component hold."""
    bytes: int
    """Bytes that the component takes, with the untracked objects (strings, numbers, arrays) that
    only it holds."""
    types: Counts
    """The types of the component's objects."""
    cause: str | None
    """The pattern in plain words, where it is a known one."""
    cut: Cut | None
    """Where to cut; None where no reference that a program may change frees anything."""
    advice: str | None
    """What to do, in a line: that of the cut; where there is no cut, what is known to help against
    the cause."""
    count: Positive
    """How many rings of this form there are."""
    fingerprint: str
    """The same for rings of this form in every run: a hash of types, labels, and the names of
    functions and classes, without indexes, keys that are no text, and lines."""
    length: Positive = derived(lambda given: len(given["ring"]))
    """How many links the whole ring has, if that is too long to be told: those of `ring` without
    it."""

    def _check(self) -> None:
        if not self.ring:
            raise ValueError("a cycle without a ring")
        if self.length < len(self.ring) or (not self.is_whole and len(self.ring) < 2):
            raise ValueError("a ring of another length")
        cut = self.cut
        if cut is not None and not cut.kinds and self.is_whole and cut.link not in self.ring:
            raise ValueError("a cut that is not on its ring")

    @property
    def is_whole(self) -> bool:
        """Whether `ring` has all links."""
        return self.length == len(self.ring)

    @property
    def beginning(self) -> tuple[Link, ...]:
        """The links of `ring` before those that are left out: all of them, if none is."""
        return self.ring if self.is_whole else self.ring[: (len(self.ring) + 1) // 2]

    @property
    def held(self) -> int:
        """Objects that one ring of the form holds: those in it and those kept by it."""
        return self.objects + self.dragged

    @property
    def held_bytes(self) -> int:
        """Bytes that those take."""
        return self.bytes + self.dragged_bytes


class Waiting(Record):
    """Unreachable objects in no ring, and kept by none, that wait to be freed.

    There are such only in free-threaded Python, which counts references in parts.
    """

    why: str
    """'deferred': they are counted so that only the collector frees them, as classes, modules, code
    objects, functions of modules and classes are. 'queued': another thread than their own has let
    go of them last, and their own frees them as soon as it runs. 'put off': replaced dicts, which
    the interpreter lets go of a little later."""
    types: Counts
    """How many wait by themselves, of each type."""
    kept: int
    """How many objects more only those keep."""

    @property
    def objects(self) -> int:
        """How many objects that is."""
        return self.types.total + self.kept


class Report(Drawable):
    """Unreachable objects and their rings, or (of `cycles`) live rings.

    Only the collector can free what is unreachable. True when there are any objects.
    """

    objects: int
    """Collector-tracked objects: found unreachable (`garbage`), newly unreachable (`watch`), in
    components (`cycles`)."""
    bytes: int
    """Bytes that go with them: what they take, and what the untracked objects take (strings,
    numbers, arrays) that nothing else holds."""
    types: Counts
    """How many there are of each type; sums up to `objects`."""
    cycles: tuple[Cycle, ...]
    """The rings among them, those that hold most objects first."""
    alive: bool = False
    """Whether they are in use: the rings of `cycles`."""
    notes: tuple[str, ...] = ()
    """What one must know to read the figures: uncertainties, and tp_traverse functions that lie."""
    waiting: tuple[Waiting, ...] = sparse(())
    """Those of the objects that are in no ring and kept by none, by what they wait for; of
    free-threaded Python."""
    running: tuple[Link, ...] = sparse(())
    """Functions that run while the collector would take them and their globals, since only their
    own frames have them: a collection empties their globals. Of free-threaded Python."""

    def __bool__(self) -> bool:
        return self.objects > 0


class Holder(Record):
    """A reference to an object, and who has it."""

    type: str
    """The type of who has it: an object, or a running 'frame'. Of a module's or instance's
    `__dict__`, and of a cell, whose it is."""
    name: str | None
    """What that is called: a function, class, module, Person."""
    label: str
    """The reference: `.friends[0]`, `['key']`, `local self`, `cell x`."""
    where: str | None
    """file:line of a frame, function, class; of other objects where they were made, while
    tracemalloc runs."""
    owned: bool
    """Whether it is counted. Since 3.14 a local variable or a place on the evaluation stack may
    borrow its reference."""
    seen: str = ""
    """Of evidence, how it was found: "seen in its memory, of one instance; its type does not tell
    the collector (no tp_traverse)"."""
    uncollectable: bool = False
    """Of evidence: whether the object leads to this holder, which does not show that it holds it.
    No collector can free such a ring."""


class Holders(Record):
    """Who holds an object: owned references named + unexplained = refcount."""

    refcount: int
    """References that own it, as `refcount` returns; `IMMORTAL` of an immortal object."""
    named: tuple[Holder, ...]
    """Every reference that could be found, owned or not. Of very many from one container, or in
    all, indexes and keys are left out: they are `[*]`."""
    unexplained: Signed
    """References that nobody shows: C code, an evaluation stack. Below 0: some tp_traverse shows
    more than is owned. 0 of an immortal object, whose references are not counted."""
    evidence: tuple[Holder, ...] = ()
    """Who may have the unexplained ones, as seen in memory and in tables of the interpreter. Never
    more than `unexplained`, which it does not lower."""
    unseen: tuple[str, ...] = ()
    """Where there is less evidence than that: which libraries this program has loaded that keep
    references where nobody can look."""
    collecting: bool = False
    """Whether a collection that is under way has found the object unreachable: those who refer to
    it are being collected, too, and in no list."""


class Chain(Record):
    """Why an object is alive: the shortest chain of references from a root to it."""

    reachable: bool
    """False for an object that no root leads to: garbage."""
    root: str | None
    """'module' (of sys.modules), 'C' (the interpreter's own tables, or C code), 'frame' (a running
    function), 'caller' (the function that asked, and nothing else), or 'immortal': the interpreter
    never frees it, whoever refers to it."""
    links: tuple[Link, ...]
    """From the root to the object, whose label is empty."""
    expression: str | None
    """The chain as one can type it, where that is possible."""
    cause: str | None = None
    """Why it will stay alive, in plain words, where that is a known pattern."""
    evidence: tuple[Holder, ...] = ()
    """Where the root is 'C': who may have the first object, as in `Holders`."""
    unseen: tuple[str, ...] = ()
    """Where the root is 'C', and there is no evidence: as in `Holders`."""
    others: tuple[Chain, ...] = ()
    """Further chains, as many as were asked for: each the shortest by another last holder."""
    collecting: bool = False
    """Whether a collection that is under way has found the object unreachable."""
    waits: str | None = sparse(None)
    """Of an object that no root leads to, in free-threaded Python: 'deferred' where, ring or not,
    only the collector frees it; 'queued' where its own thread does as soon as it runs."""


class Retained(Record):
    """What would be freed with an object, itself included.

    Every way from the roots to it leads through the object.
    """

    objects: int
    """How many collector-tracked objects that is."""
    bytes: int
    """Bytes that they take, with the untracked objects that nothing else holds."""
    types: Counts
    """How many there are of each type; sums up to `objects`."""


class Fate(Record):
    """What became of one instrumented object."""

    serial: int
    """Its number in the journal."""
    type: str
    """The name of its type."""
    name: str | None
    """The name of a Person, None of others."""
    fate: str
    """How it ended, one of these words.

    'collector', 'collector (inferred)' or 'refcount' if it was freed; 'survived' if it was
    reachable and lives; 'resurrected' if it was unreachable and a finalizer made it reachable
    again; 'uncollectable' if it was put into gc.garbage.
    """


class Collection(Record):
    """What one run of the collector did."""

    fates: tuple[Fate, ...]
    """The fate of each instrumented object that was alive before, in the order of creation: read
    from tp_dealloc."""
    types: Counts
    """What was freed, by type: instrumented objects by their deaths, others by who is tracked no
    more."""
    resurrected: Counts
    """What was unreachable before and lives, by type."""
    uncollectable: Counts
    """What the collector put into gc.garbage, by type."""
    cycles: tuple[Cycle, ...]
    """The rings as the dry run saw them just before."""
    notes: tuple[str, ...]
    """What one must know to read the figures."""

    @property
    def objects(self) -> int:
        """How many objects were freed."""
        return self.types.total

    @property
    def fate_counts(self) -> Counts:
        """How many instrumented objects had each fate, by its word."""
        return _FATES.counts_of(self)

    def __bool__(self) -> bool:
        return self.objects > 0


_FATES = FatesField(Collection.__dict__["fates"])
Collection.fates = _FATES  # type: ignore[assignment]


class Trial(Record):
    """What freed the objects that a call made."""

    refcount: Counts
    """Instrumented objects freed by reference counting alone. When any other object is so freed
    cannot be seen."""
    collector: Counts
    """What only the collector could free: instrumented and other objects."""
    survived: Counts
    """What the call made and left reachable, caches included."""
    resurrected: Counts
    """What was unreachable after the call and was made reachable again by a finalizer."""
    uncollectable: Counts
    """What the collector put into gc.garbage."""
    report: Report
    """What the dry run found unreachable after the call, before the collector ran."""
    notes: tuple[str, ...]
    """What one must know to read the figures."""


class Event(Record):
    """Something that happened to an instrumented object."""

    serial: int
    """The number of the object: 1, 2, 3 ... in the order of creation."""
    what: str
    """'created', 'finalized', 'cleared', 'resurrected' or 'freed'."""
    type: str
    """The name of its type when it was created."""
    name: str | None
    """The name of a Person at that moment (its first 40 bytes of UTF-8), None of others."""
    refcount: int
    """Its reference count at that moment, without the reference of who finalizes or clears it."""
    freed_by: str | None
    """Of a 'freed' event: 'refcount', 'collector', 'collector (inferred)' or 'shutdown'."""


class Row(Record):
    """The collector's arithmetic for one object."""

    label: str
    """What the asker calls the object."""
    refcount: int
    """References that own it."""
    inside: int
    """How many of them come from objects that the collector tracks."""
    left: int
    """refcount - inside: references from outside (variables of running functions, C code)."""
    reachable: bool
    """Whether it, or something that leads to it, has references left."""
    because: str | None = None
    """What makes it reachable: who holds it from outside, or the reference of an object that is
    reachable."""


class Arithmetic(Record):
    """The collector's arithmetic for some objects, in the order in which they were given."""

    rows: tuple[Row, ...]
    """One for each object."""
    more: int = 0
    """Objects that count as well, and have no row."""
