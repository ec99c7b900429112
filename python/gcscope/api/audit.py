"""Which types of C code own what they do not show to the collector: audit."""

from __future__ import annotations

import sys

from gcscope import _core
from gcscope.api.audit_child import answer_of_child
from gcscope.api.audit_proof import Plain, make_instances, prove_clearing, prove_fault
from gcscope.model.audit import (
    NO_CLEAR,
    NO_GC,
    NO_TYPE,
    NO_VISIT,
    OVER_VISIT,
    Audit,
    AuditFinding,
)
from gcscope.model.phrases import plural
from gcscope.model.record import changed, sum_counts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType
    from typing import Any

    from gcscope.api.audit_child import Note
else:
    ModuleType = type(sys)  # the module types leaves a class of its own to the collector

# what the core calls a fault -> what a record does
_FAULTS = {
    "no gc": NO_GC,
    "no visit": NO_VISIT,
    "no type": NO_TYPE,
    "over-visit": OVER_VISIT,
    "no clear": NO_CLEAR,
}
_TYPE_WORD = object.__basicsize__ - tuple.__itemsize__  # the offset of ob_type, the last word


# ---------------------------------------------------------------------- what is asked


def _is_a(obj: object, cls: type) -> bool:
    """Return what isinstance returns, without asking the object for its __class__."""
    return issubclass(type(obj), cls)


def _namespace(module: ModuleType) -> dict[str, object]:
    names: dict[str, object] = object.__getattribute__(module, "__dict__")
    return names


def _is_of_c(module: ModuleType) -> bool:
    """Return whether a module is C code: built into the interpreter, or a library."""
    file = _namespace(module).get("__file__")
    return not isinstance(file, str) or not file.endswith((".py", ".pyc"))


def _modules_within(name: str) -> Iterable[ModuleType]:
    """Yield the modules in sys.modules that have a name, or are inside of the one that has it."""
    for loaded, module in tuple(sys.modules.items()):
        if _is_a(module, ModuleType) and (loaded == name or loaded.startswith(f"{name}.")):
            yield module


def _is_foreign(of: Any, name: str) -> bool:
    """Return whether a module only imports a type: it stands in another one, under its name."""
    home: object = type.__dict__["__module__"].__get__(of)
    if type(home) is not str or home.strip("_") == name.strip("_") or home.startswith(f"{name}."):
        return False
    module = sys.modules.get(home)
    return _is_a(module, ModuleType) and _namespace(module).get(of.__name__) is of  # type: ignore[arg-type] # a module


def _types_of(name: str) -> list[type]:
    """List the types that the C modules of a package have: they may be called as of another one."""
    types: list[Any] = [
        value
        for module in _modules_within(name)
        if _is_of_c(module)
        for value in tuple(_namespace(module).values())
        if _is_a(value, type) and not _is_foreign(value, name)
    ]
    c_types = (_core.c_type(Plain, of) for of in types)
    return [of for of in c_types if of is not object]


def _imported(name: str) -> str:
    if name not in sys.modules:
        import importlib

        importlib.import_module(name)
    return name


def _names_of(name: str) -> list[str]:
    """List what the types of a module may be called by.

    That is its name, that of its part in C (`_csv` of `csv`), and those of the libraries in a
    package, which may not know that they are in one.
    """
    part: Any = sys.modules.get(f"_{name}")
    names = [name, f"_{name}"] if _is_a(part, ModuleType) and _is_of_c(part) else [name]
    for module in _modules_within(name):
        last = str(_namespace(module)["__name__"]).rpartition(".")[2]
        names += [last] if _is_of_c(module) and last not in sys.modules else []
    return names


def _c_type(cls: Any) -> type:
    """Return a type, or the C type that a class derives from."""
    c_type = _core.c_type(Plain, cls)
    if c_type is object is not cls:
        name = type.__dict__["__qualname__"].__get__(cls)
        raise ValueError(
            f"{name} is made by Python code, and no C type is among its bases: it hides nothing"
        )
    return c_type


def _asked(given: tuple[object, ...]) -> tuple[tuple[type, ...], tuple[str, ...]]:
    """Return the types and the names of modules that are meant."""
    types: list[Any] = []
    names: list[str] = []
    for one in given:
        if _is_a(one, type):
            types.append(_c_type(one))
        elif type(one) is str:
            names.append(_imported(one))
        elif _is_a(one, ModuleType):
            names.append(str(_namespace(one)["__name__"]))  # type: ignore[arg-type] # a module
        else:
            kind = type(one).__qualname__
            raise TypeError(f"audit() takes types, modules and names of modules, and not {kind!r}")
    names = [called for name in names for called in _names_of(name)]
    for name in names:
        types += _types_of(name)
    return tuple(dict.fromkeys(types)), tuple(names)


# ------------------------------------------------------------------------- the findings


def _field(row: _core.Suspicion) -> str:
    """Write what stands in parentheses behind Py_VISIT."""
    if row.is_item:
        return "of each of its items"
    if row.name is not None and row.name.startswith("."):
        name = row.name[1:].strip("_")
        return f"(self->{name})" if name.isidentifier() else f"of {row.name}"
    return f"of {row.name}" if row.name is not None else f"of the field at byte {row.offset}"


def _place(row: _core.Suspicion) -> str:
    if row.is_item:
        return f"its items (from byte {row.offset} on)"
    if row.offset == _TYPE_WORD:
        return "its type"
    return f"byte {row.offset}" if row.name is None else f"{row.name} (byte {row.offset})"


def _call(word: str, field: str) -> str:
    return f"{word}{field}" if field.startswith("(") else f"{word} {field}"


def _missing(fault: str, rows: list[_core.Suspicion]) -> str:
    """Write the C call that is missing."""
    fields = [_field(row) for row in rows]
    if fault == NO_TYPE:
        return "Py_VISIT(Py_TYPE(self))"
    if fault == NO_VISIT:
        return _call("Py_VISIT", fields[0])
    if fault == NO_GC:
        calls = ", ".join(_call("Py_VISIT", field) for field in fields)
        return f"Py_TPFLAGS_HAVE_GC, and a tp_traverse with {calls}"
    if fault == NO_CLEAR:
        named = [
            _call("Py_CLEAR", f) for f, row in zip(fields, rows, strict=True) if row.offset > 0
        ]
        return f"a tp_clear with {', '.join(named)}" if named else "a tp_clear"
    if rows[0].offset == _TYPE_WORD:
        return "Py_VISIT(Py_TYPE(self)) is there once too often: the base does it, too"
    return "Py_INCREF where it is kept, or one Py_VISIT less"


def _seen(fault: str, rows: list[_core.Suspicion]) -> str:
    """Write how sure a fault is that was not proven by a ring."""
    instances = max(row.instances for row in rows)
    if fault == NO_CLEAR and all(row.offset < 0 for row in rows):
        return "seen: it is in a living ring in which nothing has a tp_clear"
    if fault == NO_CLEAR:
        return (
            "certain: whatever is put there, such as a tuple with the object in it, is not given up"
        )
    which = "one instance" if instances == 1 else plural(instances, "instance")
    if fault == OVER_VISIT:
        why = "more references are shown than there are"
    else:
        why = "what it refers to there has a reference that nothing shows"
    doubt = ""
    if all(row.shared for row in rows):
        doubt = "; but it may be the fault of another type: one of the two is to blame"
    elif fault != NO_TYPE and instances > 1 and all(row.targets == 1 for row in rows):
        doubt = "; but all of them refer to the same object, so that it may be by chance"
    elif instances == 1:
        doubt = "; a second one might speak against it: prove=True makes one"
    return f"seen in {which}: {why}{doubt}"


_UNSAFE = (
    "nothing was proven, and no collection run: where what is not owned is visited, it might free "
    "what is in use"
)
_UNPROVEN = "nothing was proven: the process that was to make instances and rings did not end well"
_PROVEN = "proven: a ring through it was made, and three collections did not free it"


def _finding(fault: str, rows: list[_core.Suspicion], proven: bool) -> AuditFinding:
    return AuditFinding(
        type=rows[0].type,
        fault=fault,
        where=", ".join(_place(row) for row in rows if row.offset >= 0),
        instances=max(row.instances for row in rows),
        sure=_PROVEN if proven else _seen(fault, rows),
        missing=_missing(fault, rows),
    )


def _grouped(rows: Iterable[_core.Suspicion]) -> list[tuple[str, list[_core.Suspicion]]]:
    """Put together what is one fault: of a type that the collector does not know, all fields."""
    groups: dict[object, list[_core.Suspicion]] = {}
    for row in rows:
        fault = _FAULTS[row.fault]
        is_of_type = fault in (NO_GC, NO_CLEAR)
        key = (fault, id(row.of), -1 if is_of_type else row.offset)
        groups.setdefault(key, []).append(row)
    return [
        (_FAULTS[same[0].fault], sorted(same, key=lambda row: row.offset))
        for same in groups.values()
    ]


class _Prover:
    """Proves faults by rings, in a process of its own."""

    __slots__ = ("fragile", "note")

    def __init__(self, fragile: frozenset[str], note: Note) -> None:
        self.fragile = fragile  # names of types that are not to be called
        self.note = note  # told the name of a type before it is called

    def findings(self, fault: str, rows: list[_core.Suspicion]) -> list[AuditFinding]:
        """Make a ring through each place; a place of which the ring is freed is no fault."""
        if rows[0].type in self.fragile:
            return [_finding(fault, rows, proven=False)]
        self.note(rows[0].type)
        verdicts = [(row, prove_fault(fault, row.of, row.offset, row.is_item)) for row in rows]
        left = [row for row, verdict in verdicts if verdict is not False]
        proven = any(verdict for _, verdict in verdicts)
        return [_finding(fault, left, proven)] if left else []

    def _is_left(self, row: _core.AuditedType) -> bool:
        if row.type in self.fragile:
            return False
        self.note(row.type)
        return prove_clearing(row.of)

    def unseen_clearing(self, found: _core.Audit) -> list[AuditFinding]:
        """Find types without tp_clear of which no living instance speaks, by rings of them."""
        told = {id(row.of) for row in found.suspicions if _FAULTS[row.fault] == NO_CLEAR}
        return [
            AuditFinding(
                type=row.type,
                fault=NO_CLEAR,
                where="",
                instances=row.instances,
                sure=_PROVEN,
                missing="a tp_clear",
            )
            for row in found.types
            if row.clearless and id(row.of) not in told and self._is_left(row)
        ]


def _order(finding: AuditFinding) -> tuple[str, str, str]:
    return finding.type, finding.fault, finding.where


def _audit(found: _core.Audit, notes: tuple[str, ...] = (), prover: _Prover | None = None) -> Audit:
    findings: list[AuditFinding] = []
    faults = _grouped(found.suspicions)
    if prover is not None and any(fault == OVER_VISIT for fault, _ in faults):
        prover, notes = None, (*notes, _UNSAFE)
    for fault, rows in faults:
        findings += (
            [_finding(fault, rows, proven=False)]
            if prover is None
            else prover.findings(fault, rows)
        )
    findings += [] if prover is None else prover.unseen_clearing(found)
    judged = sum_counts(*({row.type: row.instances} for row in found.types))
    names = {row.type for row in found.types}
    return Audit(
        findings=tuple(sorted(findings, key=_order)),
        types=judged,
        unjudged=tuple(sorted(names - set(judged))),
        notes=notes,
    )


def _look(types: tuple[type, ...], names: tuple[str, ...]) -> _core.Audit:
    with _core.Lease():
        return _core.audit(Plain, types, names)


def _proven(types: tuple[type, ...], names: tuple[str, ...], prover: _Prover) -> Audit:
    """Audit with instances that are made for it, and with rings: in a child process."""
    asked = [(row.type, row.of) for row in _look(types, names).types]
    made = make_instances(
        ((name, of) for name, of in asked if name not in prover.fragile), prover.note
    )
    found = _look(types, names)
    made.forget()
    return _audit(found, made.notes(), prover)


def _audit_with_proofs(types: tuple[type, ...], names: tuple[str, ...]) -> Audit:
    def work(fragile: frozenset[str], note: Note) -> str:
        told = _proven(types, names, _Prover(fragile, note)).to_json()
        return " ".join(told.splitlines())

    answer, fragile = answer_of_child(work)
    found = _audit(_look(types, names), (_UNPROVEN,)) if answer is None else Audit.from_json(answer)
    if not fragile:
        return found
    ended = f"left out, since calling it ended the process that did so: {', '.join(fragile)}"
    return changed(found, notes=(*found.notes, ended))


def audit(*types_or_modules: object, prove: bool = False) -> Audit:
    """Find which types of C code own objects that they do not show to the collector.

    Give types, modules, or names of modules, which are imported where they are not yet; of a
    package all that is loaded of it counts. Their living instances are judged, and those of
    derived classes: each word of an instance's own struct that is the address of an object, and
    that tp_traverse does not show, is compared with what is left of that object's reference count
    when all that is known to refer to it has been subtracted. One instance that speaks against it
    clears the type of a suspicion. So a type without instances is not judged, and named in
    `unjudged`; and what is kept behind a pointer is not seen.

    With `prove`, instances are made, by calling the types with objects of ours, and rings through
    what was found; then the collector is run: a ring that three collections leave is the proof, one
    that they free clears the type. That is done in a child process (by fork), which some types do
    not survive: a note names them, and this process keeps nothing of it. Without it nothing is
    made, and nothing collected.

    Raises TypeError for anything else, ValueError for a class that has no C type among its bases,
    ImportError for a module that cannot be imported, MemoryError where there is no memory for the
    pass.
    """
    if not types_or_modules:
        raise TypeError("audit() takes the types or modules that are to be looked at")
    types, names = _asked(types_or_modules)
    return _audit_with_proofs(types, names) if prove else _audit(_look(types, names))
