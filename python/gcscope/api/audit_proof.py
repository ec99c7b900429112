"""Rings that are made to prove what an audit has found.

A ring is made of an object of ours, the probe, and an instance of the type, through the field in
question; then both are let go of. If three collections leave the probe alive, the field is the
reason: before that, it was seen that the same instance without the ring lets go of the probe.
"""

from __future__ import annotations

import gc

from gcscope import _core
from gcscope.model.audit import NO_CLEAR, NO_TYPE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

_COLLECTIONS = 3


class Plain:
    """A class made by a class statement, as the core wants to see one."""


class Probe:
    """What the fields of made instances refer to."""


# --------------------------------------------------------------------------- instances


_MEMBERS = ("member_descriptor",)
_DESCRIPTORS = (*_MEMBERS, "getset_descriptor")


def _writable(of: type, kinds: tuple[str, ...] = _DESCRIPTORS) -> list[str]:
    """List the attributes of a type that are fields of its struct, or C code that sets one."""
    return [
        name
        for base in type.mro(of)
        if base is not object
        for name, value in tuple(type.__dict__["__dict__"].__get__(base).items())
        if type(value).__name__ in kinds and name not in ("__dict__", "__class__", "__weakref__")
    ]


def _made(make: Callable[[], object]) -> object | None:
    """Call what makes an instance; None where the type cannot be called so."""
    try:
        return make()
    except Exception:
        return None


def _set(obj: object, name: str, value: object) -> bool:
    try:
        setattr(obj, name, value)
    except Exception:
        return False
    return True


def _instances(of: Any, probe: object) -> Iterator[object]:
    """Yield instances that may refer to the probe, as far as the type can be called so."""
    calls: tuple[Callable[[], object], ...] = (
        lambda: of(probe),
        lambda: of(probe, probe),
        lambda: of(None, probe),
        lambda: of((probe,)),
        lambda: of(),
    )
    for call in calls:
        made = _made(call)
        if made is not None and issubclass(type(made), of):
            yield made


class Made:
    """Instances that were made for an audit, and kept until it has seen them."""

    __slots__ = ("_count", "_instances")

    def __init__(self) -> None:
        self._count = 0
        self._instances: list[object] = []

    def keep(self, made: object) -> None:
        """Keep an instance."""
        self._instances.append(made)
        self._count += 1

    def forget(self) -> None:
        """Let go of all."""
        self._instances.clear()

    def notes(self) -> tuple[str, ...]:
        """Say how many there were."""
        if not self._count:
            return ()
        return (f"{self._count:,} of the instances were made to be looked at",)


def make_instances(types: Iterable[tuple[str, Any]], note: Callable[[str], None]) -> Made:
    """Make up to two instances of each type in each way in which it can be called.

    types: with their names, of which each is noted before its type is called.

    Their members are filled. No other attribute is set: C code that sets one may rely on what such
    an instance has not.
    """
    made = Made()
    for name, of in types:
        if issubclass(of, type):  # a class of classes
            continue
        note(name)
        for _ in range(2):
            probe = Probe()
            for instance in _instances(of, probe):
                for field in (*_writable(of, _MEMBERS), "gcscope_probe"):
                    _set(instance, field, Probe())
                made.keep(instance)
    return made


# ------------------------------------------------------------------------------- rings


def _probes(kind: type) -> list[Any]:
    """List what is alive of a class of probes: by no weak reference, which a collection clears."""
    return [obj for obj in gc.get_objects() if type(obj) is kind]


def _is_left(kind: type) -> bool:
    """Return whether collections leave a probe of this class."""
    for _ in range(_COLLECTIONS):
        gc.collect()
    return bool(_probes(kind))


def _break_rings(kind: type) -> None:
    """Let what was left be freed."""
    for probe in _probes(kind):
        ring = vars(probe).pop("ring", None)
        if issubclass(type(ring), type):
            ring.ring = None
    gc.collect()


def _has_at(instance: object, target: object, offset: int, is_item: bool) -> bool:
    found = _core.words_of(instance, target)
    return offset in found or (is_item and any(place >= offset for place in found))


def _placed(instance: Any, of: type, probe: object, offset: int, is_item: bool) -> bool:
    """Return whether an instance refers to the probe at a place, or can be made to."""
    if _has_at(instance, probe, offset, is_item):
        return True
    if offset == of.__dictoffset__:
        return _set(instance, "gcscope_probe", probe)
    return any(
        _set(instance, name, probe) and _has_at(instance, probe, offset, is_item)
        for name in _writable(of)
    )


def _ring_through_field(of: type, place: tuple[int, bool], is_ring: bool, way: int) -> type | None:
    """Make a ring through a field in one of the ways of _instances, and let go of it.

    Returns the class of its probe; None where this way does not lead there. Without is_ring, what
    refers to the probe is made and is no ring.
    """
    kind = type("Probe", (Probe,), {})
    probe: Any = kind()
    for n, instance in enumerate(_instances(of, probe)):
        if n == way and _placed(instance, of, probe, *place):
            if is_ring:
                probe.ring = instance
            return kind
    return None


def _ring_through_type(of: type, is_ring: bool, way: int) -> type | None:
    """Make a class derived from a type that refers to an instance of its own, and let go of it.

    The probe is in a ring with the class in any case, one that the interpreter's own types show.
    """
    kind = type("Probe", (Probe,), {})
    probe: Any = kind()
    derived: Any = _made(lambda: type(of)("Derived", (of,), {"probe": probe}))
    if derived is None:
        return None
    probe.ring = derived
    for n, instance in enumerate(_instances(derived, None)):
        if n == way:
            if is_ring:
                derived.ring = instance
            return kind
    return None


_WAYS = 5  # calls in _instances


def _verdict(ring: Callable[[bool, int], type | None]) -> bool | None:
    """Return whether a ring is left, by the first way in which one can be made.

    None where none can be made, or where what is no ring is left, too.
    """
    for way in range(_WAYS):
        plain = ring(False, way)
        if plain is None or _is_left(plain):
            continue
        made = ring(True, way)
        if made is not None:
            left = _is_left(made)
            _break_rings(made)
            return left
    return None


def prove_fault(fault: str, of: type, offset: int, is_item: bool) -> bool | None:
    """Return whether a ring through a fault of a type is left; None where none can be made."""
    if fault == NO_TYPE:
        return _verdict(lambda is_ring, way: _ring_through_type(of, is_ring, way))
    if fault == NO_CLEAR:
        return True if prove_clearing(of) else None
    if offset < 0:
        return None
    return _verdict(lambda is_ring, way: _ring_through_field(of, (offset, is_item), is_ring, way))


# --------------------------------------------------------------------- without tp_clear


def _fill(instance: Any, how: str | int, value: object) -> bool:
    """Let an instance refer to a value: by an attribute, or by another __init__ with so many."""
    if isinstance(how, str):
        return _set(instance, how, value)
    try:
        instance.__init__(*[value] * how)
    except Exception:
        return False
    return True


def _fillings(of: type) -> Iterator[tuple[object, str | int]]:
    """Yield instances, each with a way to let it refer to something else."""
    ways: list[str | int] = [*_writable(of), 1, 2]
    for instance in _instances(of, None):
        for how in ways:
            yield instance, how


def _ring_with_tuple(of: type, way: int) -> type | None:
    """Make a ring of an instance and a tuple, in one of the ways of _fillings, and let go of it.

    Returns the class of a probe that is in the tuple, and in no ring; None without such a way.
    """
    kind = type("Probe", (Probe,), {})
    for n, (instance, how) in enumerate(_fillings(of)):
        if n == way:
            return kind if _fill(instance, how, (instance, kind())) else None
    return None


def _empty_instances(of: type, kind: type) -> None:
    """Let the instance of such a ring refer to None."""
    for probe in _probes(kind):
        for ring in gc.get_referrers(probe):
            if type(ring) is tuple and len(ring) == 2 and type(ring[0]) is of:
                ways: list[str | int] = [*_writable(of), 1, 2]
                for how in ways:
                    _fill(ring[0], how, None)
    gc.collect()


def prove_clearing(of: type) -> bool:
    """Return whether a ring of an instance and a tuple is left: a tuple has no tp_clear either."""
    for way in range(_WAYS * (len(_writable(of)) + 2)):
        kind = _ring_with_tuple(of, way)
        if kind is not None and _is_left(kind):
            _empty_instances(of, kind)
            return True
    return False
