"""The known patterns of rings: one table, and in it a row for each.

A ring is of the first pattern that applies to it. To add one, put a row where it belongs in that
order, and a program that makes such a ring, with its repaired twin, into tests/specimens/corpus.
"""

from __future__ import annotations

from gcscope.explain.candidates import Candidate, is_own, names_upwards
from gcscope.explain.hops import PLAIN, Node, Step
from gcscope.model.innocent import DELETED, OF_LIBRARY, REPLACED
from gcscope.model.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Advice = str | Callable[[list[Step], Candidate | None], str] | None


class Shape:
    """What patterns are recognised by: the shown objects of a ring, and their kinds."""

    __slots__ = ("alive", "edge_kinds", "kinds", "names", "provenance", "steps", "through")

    def __init__(self, steps: list[Step], alive: bool, provenance: str | None) -> None:
        self.steps, self.alive, self.provenance = steps, alive, provenance
        self.kinds = {step.node.kind for step in steps}
        self.through = {node.kind for step in steps for node in step.through}
        """The kinds of what is folded into labels."""
        self.edge_kinds = {edge.kind for step in steps for edge in step.edges}
        self.names = [step.node.name or "" for step in steps if step.node.kind == "class"]
        """Those of the classes."""

    def refers_by(self, label: str) -> bool:
        """Return whether a label has these words in it."""
        return any(label in step.label for step in self.steps)

    def names_upwards(self) -> bool:
        """Return whether one of the objects calls another its parent."""
        return any(names_upwards(step.label) for step in self.steps)


class Pattern(Record):
    """A row of the table."""

    text: str | None
    """The cause of the ring in plain words; None where there is nothing to be said."""
    applies: Callable[[Shape], bool]
    """Whether a ring is of the pattern, where it is of none of those before."""
    wants: Callable[[Candidate], bool] = lambda _: False
    """Whether the pattern asks for a cut at this reference, of several that free as much."""
    advice: Advice = None
    """How to cut; None for what is usual at such a reference."""
    is_structural: bool = False
    """Whether the references are the program's data: then the core says which kinds to cut."""


OWN_KEY = "the value of a WeakKeyDictionary refers to its own key"
WEAK_KEYS, _WEAKREF_TO = "weakref.WeakKeyDictionary", "<weakref to "
_CACHES = frozenset({"cache", "cached", "memo"})
_REGISTRIES = frozenset(
    {
        "callbacks",
        "cleanups",
        "handlers",
        "hooks",
        "listeners",
        "observers",
        "receivers",
        "subscribers",
        "subscriptions",
        "watchers",
    }
)

# ------------------------------------------------------------------ when a pattern applies


def _is_task(node: Node) -> bool:
    """Return whether an object is an asyncio Task, the one in C or the one in Python."""
    return node.kind == "task" or node.type == "asyncio.tasks.Task"


def _is_exception(shape: Shape) -> bool:
    return "frame" in shape.kinds and (
        not shape.kinds.isdisjoint(("exception", "traceback")) or "traceback" in shape.through
    )


def _has_task(shape: Shape) -> bool:
    return any(_is_task(step.node) for step in shape.steps)


def _is_result(shape: Shape) -> bool:
    return any(_is_task(s.node) and s.label.startswith("._result") for s in shape.steps)


def _is_cache(shape: Shape) -> bool:
    return "key" in shape.edge_kinds or (
        "cache" in shape.kinds and not shape.kinds <= {"cache", "function"}
    )


def _has_word(label: str, words: frozenset[str]) -> bool:
    """Return whether one of these is in a label, words parted by capitals and by no letters."""
    spaced = "".join(f" {c}" if c.isupper() else c if c.isalpha() else " " for c in label)
    return not words.isdisjoint(spaced.lower().split())


def _is_registry(label: str) -> bool:
    return _has_word(label, _REGISTRIES)


def _is_cached(step: Step) -> bool:
    """Return whether an object keeps something that its class gives out by that name.

    By a descriptor of the name, or in a dict of its own that is called a cache.
    """
    in_cache = is_own(step.node) and _has_word(_container(step.label), _CACHES)
    return any(edge.computed for edge in step.edges) or (in_cache and step.is_through_container)


def _is_context(node: Node) -> bool:
    return node.type in ("_contextvars.Context", "Context")


def _has_context(shape: Shape) -> bool:
    return any(_is_context(step.node) for step in shape.steps)


def _weak_key(step: Step) -> str | None:
    """Return the type of the key under which a WeakKeyDictionary leads on."""
    begin = f".data[{_WEAKREF_TO}"
    is_entry = step.node.type == WEAK_KEYS and step.label.startswith(begin)
    return step.label[len(begin) :].partition(">]")[0] if is_entry else None


def _keys_of_entries(steps: list[Step]) -> set[str]:
    """Return the types of objects on the ring that an entry of a WeakKeyDictionary keeps."""
    return {key for step in steps if (key := _weak_key(step))} & {step.node.type for step in steps}


def _has_callback(shape: Shape) -> bool:
    """Return whether something that can be called is kept under a name for callbacks."""
    is_called = not shape.kinds.isdisjoint(("method", "function", "code"))
    return is_called and any(_is_registry(step.label) for step in shape.steps)


def _is_kept_by_class(step: Step) -> bool:
    """Return whether a class has something in a container; not what an enum has of its members."""
    name = _container(step.label)
    return step.node.kind == "class" and step.is_through_container and not name.endswith("_")


def _is_class_registry(shape: Shape) -> bool:
    return shape.kinds <= {"class", "instance"} and any(map(_is_kept_by_class, shape.steps))


def _is_cached_method(shape: Shape) -> bool:
    wraps = any(s.node.kind == "cache" and s.label.startswith(".__wrapped__") for s in shape.steps)
    return wraps and "method" in shape.kinds and "key" not in shape.edge_kinds


def _is_method(shape: Shape) -> bool:
    return "method" in shape.kinds or any(
        s.node.kind == "code" and s.label == ".__self__" for s in shape.steps
    )


def _is_mock(shape: Shape) -> bool:
    return shape.kinds == {"class"} and all(n.startswith("unittest.mock.") for n in shape.names)


def _is_local(shape: Shape) -> bool:
    return any("<locals>" in name for name in shape.names)


def _is_container(shape: Shape) -> bool:
    steps = shape.steps
    return shape.kinds <= PLAIN or (
        len(steps) == 1 and steps[0].label.startswith(("[", "an element"))
    )


def _is_tree(shape: Shape) -> bool:
    """Return whether one of two instances has the other in a container, and is had by it alone."""
    goes_down = {step.is_through_container for step in shape.steps}
    return len(shape.steps) == len(goes_down) == 2 and shape.kinds == {"instance"}


# ------------------------------------------------------------ which cut it asks for, and how


def _container(label: str) -> str:
    """Return a label without what is in the container that it leads to."""
    return label.partition("[")[0].partition(" (")[0]


def named_reference(step: Step, label: str) -> str:
    """Name a reference with the class of its object, as Node.parent; a variable by its own name."""
    return f"{step.node.type.rpartition('.')[2]}{label}" if label[:1] in ".[" else label


def _reference(candidate: Candidate) -> str:
    return named_reference(candidate.step, candidate.label)


def _is_at_method(candidate: Candidate) -> bool:
    return candidate.preceding.kind in ("method", "code") or (
        candidate.following.kind in ("method", "code") and is_own(candidate.step.node)
    )


def _is_registered(candidate: Candidate) -> bool:
    """Return whether it is where a program registers callbacks: not in the inside of a library."""
    return _is_registry(candidate.label) and (
        is_own(candidate.step.node) or not candidate.label.startswith("._")
    )


def _is_weak_method(candidate: Candidate) -> bool:
    """Return whether a weakref.WeakMethod could stand there."""
    return (
        candidate.following.kind == "method"
        and candidate.label == candidate.step.label
        and is_own(candidate.step.node)
        and candidate.edge.kind in ("attribute", "value", "item")
    )


def _method_advice(steps: list[Step], candidate: Candidate | None) -> str:
    """Say how to let go of a method where the program has stored or registered it."""
    if candidate is None:
        own = [step.label for step in steps if is_own(step.node) and step.label[:1] == "."]
        return f"drop {own[0]} when done" if own else "drop the method when done"
    label, name = candidate.label, _reference(candidate)
    if _is_registry(label):
        callbacks = "all callbacks" if candidate.scope else "the callback"
        place = named_reference(candidate.step, _container(label))
        advice = f"remove {callbacks} from {place} when done"
        return advice + (", or keep a weakref.WeakMethod" if _is_weak_method(candidate) else "")
    if _is_weak_method(candidate):
        place = named_reference(candidate.step, _container(label))
        return f"keep a weakref.WeakMethod in {place}, or look the method up when it is called"
    if candidate.following.kind == "method" and label != candidate.step.label:
        return f"keep names in {name}, and look the methods up when they are called"
    if candidate.edge.kind == "own":
        return f"take the callback off the {candidate.step.node.type} when done"
    if label[:1] == "." and candidate.edge.kind in ("attribute", "value"):
        return f"set {name} to None when done{candidate.scope}"
    return f"remove {name} when done{candidate.scope}"


def _partial_advice(steps: list[Step], candidate: Candidate | None) -> str:
    drop = f"set {_reference(candidate)} to None when done, or " if candidate is not None else ""
    return f"{drop}give the object as an argument when it is called"


def _accessor_advice(steps: list[Step], candidate: Candidate | None) -> str:
    step = next(filter(_is_cached, steps))
    return (
        f"do not cache {named_reference(step, step.label)}: make it anew each time it is asked for"
    )


def _context_advice(steps: list[Step], candidate: Candidate | None) -> str:
    place = next(i for i, step in enumerate(steps) if _is_context(step.node))
    variable = steps[place].label.partition("<ContextVar ")[2].partition(">")[0]
    named = f" {variable}" if variable else ""
    is_attribute = candidate is not None and candidate.label[:1] == "."
    drop = f", or set {_reference(candidate)} to None" if candidate and is_attribute else ""
    return f"reset the context variable{named} when done (ContextVar.reset){drop}"


def _weak_key_advice(steps: list[Step], candidate: Candidate | None) -> str:
    keys = " or ".join(sorted(key.rpartition(".")[2] for key in _keys_of_entries(steps)))
    return f"let the value refer to its key, the {keys}, by weakref, or keep it on the {keys}"


def _class_registry_advice(steps: list[Step], candidate: Candidate | None) -> str:
    label = next(_container(step.label) for step in steps if _is_kept_by_class(step))
    return (
        f"let {label} of the class hold what is in it by weakref (WeakSet, WeakValueDictionary), "
        "and make the class once, at module level"
    )


def _exception_advice(steps: list[Step], candidate: Candidate | None) -> str:
    keep = "keep the exception without its traceback"
    if candidate is None:
        frames = [step.label for step in steps if step.node.kind == "frame"]
        names = sorted(label[6:] for label in frames if label.startswith("local "))
        drop = f"del {', '.join(names)} when done (try ... finally), and " if names else ""
        return drop + keep
    if candidate.edge.kind != "local":
        return f"set {candidate.label} = None when done, or {keep}{candidate.scope}"
    own = [step.label for step in steps if is_own(step.node) and step.label[1:].isidentifier()]
    besides = f", or set {own[0]} = None when done" if own else candidate.scope
    return f"del the local (try ... finally), or {keep}{besides}"


def _parent_advice(_: list[Step], candidate: Candidate | None) -> str:
    if candidate is None or candidate.is_upwards:
        name = _reference(candidate) if candidate is not None else "the one that leads upwards"
        advice = f"make {name} a weakref.ref: the other direction already keeps alive what it means"
    else:
        advice = f"clear {_reference(candidate)} when done: the child then lets go of its parent"
    return advice + (candidate.scope if candidate is not None else "")


def _container_advice(steps: list[Step], candidate: Candidate | None) -> str:
    step = candidate.step if candidate is not None else steps[0]
    return f"clear() the {step.node.type.rpartition('.')[2]} when done"


PATTERNS = (
    # What is nobody's fault: model/innocent.py says so, by these texts.
    Pattern(
        text=REPLACED,
        applies=lambda shape: shape.provenance == "replaced",
        advice="no harm: what makes a class anew leaves the first one, once for an import",
    ),
    Pattern(
        text=DELETED,
        applies=lambda shape: shape.provenance == "deleted",
        advice="no harm: a module makes its classes once for an import",
    ),
    Pattern(
        text=OF_LIBRARY,
        applies=lambda shape: shape.provenance == "library",
        advice="it is the library's own: no object of the program is in it or kept by it",
    ),
    Pattern(
        text="an exception keeps the frame that keeps it",
        applies=_is_exception,
        wants=lambda c: c.edge.kind == "local" and c.step.node.kind == "frame",
        advice=_exception_advice,
    ),
    Pattern(
        text="the result of a task leads back to it",
        applies=_is_result,
        wants=lambda c: _is_task(c.step.node),
        advice="let the task return something else, or drop it when it is done",
    ),
    Pattern(
        text="a context holds the object that keeps it",
        applies=_has_context,
        wants=lambda c: _is_context(c.following) or c.following.type.endswith("Token"),
        advice=_context_advice,
    ),
    Pattern(
        text="a task is kept by the object it works on",
        applies=_has_task,
        wants=lambda c: _is_task(c.following),
        advice="drop the task when it is done (add_done_callback), or cancel() it",
    ),
    Pattern(
        text="a suspended coroutine is held by what its frame refers to",
        applies=lambda shape: "coroutine" in shape.kinds,
        wants=lambda c: c.following.kind == "coroutine",
        advice="close() the coroutine or let it finish, or do not keep it on what it works on",
    ),
    Pattern(
        text="a suspended generator is held by what its frame refers to",
        applies=lambda shape: "generator" in shape.kinds,
        wants=lambda c: c.following.kind == "generator",
        advice="close() the generator when done and drop it, or do not keep it on what it works on",
    ),
    Pattern(
        text="a frame is kept by its own local",
        applies=lambda shape: "frame" in shape.kinds,
        wants=lambda c: c.edge.kind == "local",
        advice="del the local when done with the frame (try ... finally)",
    ),
    Pattern(
        text=OWN_KEY,
        applies=lambda shape: bool(_keys_of_entries(shape.steps)),
        wants=lambda c: WEAK_KEYS not in (c.step.node.type, c.following.type),
        advice=_weak_key_advice,
    ),
    Pattern(
        text="a memoryview is kept by the object whose memory it shows",
        applies=lambda shape: any(step.node.type == "memoryview" for step in shape.steps),
        wants=lambda c: c.following.type == "memoryview",
        advice="release() the memoryview when done",
    ),
    Pattern(
        text="a cached bound method is stored on its own object",
        applies=_is_cached_method,
        wants=lambda c: c.following.kind == "cache",
        advice="cache a function that is given plain values, or keep the values in a dict on the "
        "object",
    ),
    Pattern(
        text="a cache keeps the object it is keyed on",
        applies=_is_cache,
        wants=lambda c: c.following.kind == "cache" or c.edge.kind in ("key", "own"),
        advice="key the cache on a plain value, or use a weakref.WeakKeyDictionary",
    ),
    Pattern(
        text="a registry of callbacks leads back to the object that keeps it",
        applies=_has_callback,
        wants=_is_registered,
        advice=_method_advice,
    ),
    Pattern(
        text="a bound method is stored on its own object",
        applies=_is_method,
        wants=_is_at_method,
        advice=_method_advice,
    ),
    Pattern(
        text="a function is kept by its own namespace",
        applies=lambda shape: "function" in shape.kinds and shape.refers_by(".__globals__"),
        advice="clear() the dict that is the namespace (its __globals__) when done with it",
    ),
    Pattern(
        text="each mock makes a class of its own",
        applies=_is_mock,
        advice="a stand-in without mock (types.SimpleNamespace, a small class) makes none",
    ),
    Pattern(
        text="a class keeps a registry of what refers to it",
        applies=_is_class_registry,
        wants=lambda c: _is_kept_by_class(c.step),
        advice=_class_registry_advice,
    ),
    Pattern(
        text="a class is made inside a function",
        applies=lambda shape: _is_local(shape) or ("class" in shape.kinds and not shape.alive),
        advice="make the class once, at module level",
    ),
    # Of a live ring of classes it cannot be said where they were made.
    Pattern(text=None, applies=lambda shape: "class" in shape.kinds),
    Pattern(
        text="a closure refers to itself",
        applies=lambda shape: shape.kinds <= {"function", "cache"} and shape.refers_by("cell "),
        advice="del the name when done, or define the function at module level",
    ),
    Pattern(
        text="a closure is stored on the object it refers to",
        applies=lambda shape: "function" in shape.kinds and len(shape.kinds) > 1,
        wants=lambda c: "function" in (c.preceding.kind, c.following.kind),
        advice="let the function take the object as an argument, or refer to it by weakref",
    ),
    Pattern(
        text="a partial is stored on the object that it is given",
        applies=lambda shape: any(step.node.type == "functools.partial" for step in shape.steps),
        wants=lambda c: c.following.type == "functools.partial",
        advice=_partial_advice,
    ),
    Pattern(
        text="a container holds itself",
        applies=_is_container,
        advice=_container_advice,
    ),
    Pattern(
        text="an accessor is cached on the object it describes",
        applies=lambda shape: any(map(_is_cached, shape.steps)),
        wants=lambda c: c.label == c.step.label and _is_cached(c.step),
        advice=_accessor_advice,
    ),
    Pattern(
        text="an object refers to itself",
        applies=lambda shape: len(shape.steps) == 1,
        is_structural=True,
    ),
    Pattern(
        text="parent and child refer to each other",
        applies=lambda shape: shape.names_upwards() or _is_tree(shape),
        wants=lambda c: c.is_upwards,
        advice=_parent_advice,
        is_structural=True,
    ),
    Pattern(
        text="two objects refer to each other",
        applies=lambda shape: len(shape.steps) == 2,
        is_structural=True,
    ),
    Pattern(text=None, applies=lambda _: True, is_structural=True),
)


def pattern_of(steps: list[Step], alive: bool, provenance: str | None) -> Pattern:
    """Return the pattern of a ring: the first that applies.

    provenance: the word of a Ring for whose doing it is.
    """
    shape = Shape(steps, alive, provenance)
    return next(pattern for pattern in PATTERNS if pattern.applies(shape))
