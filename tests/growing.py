"""Ask gcscope what grew in every growing program, and print how often it is right.

python tests/growing.py [--json] [NAME ...]

Where it grows, of which type it is and by how many entries a call was written down before. By how
many bytes tracemalloc tells: what the program has left after the same calls, less what its twin
has. Each program, and each measure of one, has a process of its own: a fork of this one, in which
none of them has run.
"""

import gc
import json
import os
import re
import sys
import traceback
import tracemalloc

import gcscope
from specimens.growing import GROWING, STEADY
from specimens.growing.cases import in_full
from support import FREE_THREADED

TIMES, ROUNDS = 20, 4
CALLS = TIMES * ROUNDS
SERVED = 50
"""Calls of the twin before: a process that has served for a while, so that its classes know their
attributes, and what a twin may hold is full.
"""

TOLERANCE = 0.1
ROUNDING = 16
"""The most that an allocation is larger than what was asked for: tracemalloc counts the latter."""
SHARE_OF_ROUNDING = 0.25 if FREE_THREADED else 0
"""The same as a share of it: mimalloc has four sizes between a power of 2 and the next."""


def in_a_process(function, *arguments):
    """What a function returns in a fork of this process; it has to be fit for JSON."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        answer = {"failed": "no answer"}
        try:
            answer = {"answer": function(*arguments)}
        except BaseException:
            answer = {"failed": traceback.format_exc()}
        finally:
            with os.fdopen(writer, "w") as out:
                json.dump(answer, out)
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as source:
        text = source.read()
    os.waitpid(child, 0)
    answer = json.loads(text or '{"failed": "the process died"}')
    if "failed" in answer:
        raise RuntimeError(answer["failed"])
    return answer["answer"]


# ------------------------------------------------------------------------ what is true


def memory_left(twin, program):
    """(bytes, allocations) that a call leaves, on average over the calls of all rounds.

    Collections before and after empty the free lists, which would lend memory to the program.
    """
    tracemalloc.start()
    serve(twin)
    program()
    before = traced()
    for _ in range(CALLS):
        program()
    return tuple((now - then) / CALLS for now, then in zip(traced(), before, strict=True))


def serve(twin):
    for _ in range(SERVED):
        twin()


def traced():
    """(bytes, allocations) that tracemalloc knows of."""
    gc.collect()
    size, _ = tracemalloc.get_traced_memory()
    return size, len(tracemalloc.take_snapshot().traces)


def measured(case):
    """(bytes, allocations) by which the program grows with each call."""
    grown, twin = (
        in_a_process(memory_left, case.twin, program) for program in (case.program, case.twin)
    )
    return tuple(one - other for one, other in zip(grown, twin, strict=True))


def entries_added(program, path):
    """By how many entries the container at the path grows with each call; None if it has none."""
    program()
    before = entries_at(path)
    for _ in range(TIMES):
        program()
    return None if before is None else (entries_at(path) - before) / TIMES


def entries_at(path):
    """How many entries a path has, that of all if it stands for many."""
    if path.endswith("[*]"):
        return sum(map(len, found(path.removesuffix("[*]")).values()))
    return len(found(path)) if is_typed(path) and found(path) is not None else None


# --------------------------------------------------------------------- what gcscope says


def asked(twin, program, *wanted):
    """What `growth` says of a program, and which of the growers is at one of the wanted paths."""
    serve(twin)
    growth = gcscope.growth(program, times=TIMES, rounds=ROUNDS)
    growers = [
        {
            "path": grower.path,
            "type": grower.type,
            "length": grower.length,
            "per_call": grower.per_call,
            "bytes_per_call": grower.bytes_per_call,
            "filled_at": grower.filled_at,
            "at": next((path for path in wanted if is_at(grower.path, path)), None),
        }
        for grower in growth.growers
    ]
    return {"growers": growers, "types": dict(growth.types), "text": str(growth)}


def is_at(told, path):
    """Whether the path that is told is the one that is wanted, or leads to the same object."""
    if told is None:
        return False
    plain = re.sub(r"sys\.modules\['([\w.]+)'\]", r"\1", told)
    if plain == path or (path.endswith("...") and plain.startswith(path[:-3])):
        return True
    if path.startswith("*"):
        return plain.endswith(path[1:])
    return is_typed(path) and found(told) is not None and found(told) is found(path)


def is_typed(path):
    """Whether a path is an expression: those of a single object are."""
    return "*" not in path and not path.endswith("...")


def found(path):
    """What the path leads to, if it is typed. Its first names are those of modules."""
    try:
        return eval(path, dict(sys.modules, sys=sys))
    except (SyntaxError, NameError, AttributeError, LookupError, TypeError):
        pass
    for name in sorted(sys.modules, key=len, reverse=True):
        if path.startswith(f"{name}."):
            try:
                return eval(f"it{path[len(name) :]}", {"it": sys.modules[name]})
            except (SyntaxError, AttributeError, LookupError, TypeError):
                return None
    return None


MARKS = ("path", "only", "type", "count", "bytes", "twin")


class Finding:
    """What gcscope said of a program and of its twin, and whether that is right."""

    def __init__(self, case):
        self.case = case
        wanted = [case.where] if case.where else []
        beside = [in_full(path) for path in case.beside]
        self.said = in_a_process(asked, case.twin, case.program, *wanted, *beside)
        self.of_twin = in_a_process(asked, case.twin, case.twin)
        self.bytes, self.blocks = measured(case)
        self.added = in_a_process(entries_added, case.program, case.where) if wanted else None
        growers = self.said["growers"]
        self.grower = next((g for g in growers if g["at"] in wanted), None) if wanted else None
        self.others = [g for g in growers if g is not self.grower and g["at"] not in beside]
        self.told_bytes = sum(g["bytes_per_call"] or 0 for g in growers if g not in self.others)

    @property
    def path_is_right(self):
        """The first grower is the one that is meant; no other is told but smaller ones."""
        if self.case.path is None:
            return not self.said["growers"]
        return self.grower is not None and self.grower is self.said["growers"][0]

    @property
    def no_other_is_told(self):
        return not self.others

    @property
    def type_is_right(self):
        if self.case.path is None:
            types = self.said["types"]
            return all(types.get(name) == count for name, count in self.case.types.items())
        return self.grower is not None and self.grower["type"] == self.case.type

    @property
    def count_is_right(self):
        if self.case.path is None:
            return self.type_is_right
        return self.grower is not None and self.grower["per_call"] == self.case.per_call

    @property
    def bytes_are_right(self):
        """Those of the grower and of the smaller ones beside it; None where there is none."""
        if self.case.path is None:
            return None
        return self.grower is not None and is_near(self.told_bytes, self.bytes, self.blocks)

    @property
    def twin_is_silent(self):
        return not self.of_twin["growers"]

    @property
    def marks(self):
        return [
            self.path_is_right,
            self.no_other_is_told,
            self.type_is_right,
            self.count_is_right,
            self.bytes_are_right,
            self.twin_is_silent,
        ]


def is_near(told, traced_bytes, blocks):
    """Whether a number of bytes is as near to that of tracemalloc as is promised."""
    if told is None:
        return False
    less = max(TOLERANCE * traced_bytes, ROUNDING * blocks)
    more = max(less, SHARE_OF_ROUNDING * traced_bytes)
    return -less <= told - traced_bytes <= more


# ------------------------------------------------------------------------------ the table


def mark(is_right):
    return " -" if is_right is None else "ok" if is_right else " X"


def line_of(finding):
    told = f"{finding.told_bytes:,.0f}" if finding.grower else ""
    return (
        f"{finding.case.name:40} {'   '.join(map(mark, finding.marks))}"
        f"   {told:>9} {finding.bytes:>9,.0f}  {finding.blocks:4.1f}"
    )


def explained(finding):
    """What was said where it was wrong."""
    case = finding.case
    lines = [f"{case.name}: {case.where or case.types}, {case.type}, {case.per_call} a call"]
    lines += [f"    said {told_of(grower)}" for grower in finding.said["growers"]]
    lines.append(f"    types {finding.said['types']}")
    if not finding.twin_is_silent:
        lines += [f"    of its twin {told_of(grower)}" for grower in finding.of_twin["growers"]]
    return "\n".join(lines)


def told_of(grower):
    return f"{grower['path']}  {grower['type']}  +{grower['per_call']}  {grower['bytes_per_call']}"


def as_json(finding):
    """What the tests need to know."""
    return {
        "marks": dict(zip(MARKS, finding.marks, strict=True)),
        "added": finding.added,
        "bytes": finding.bytes,
        "explained": explained(finding),
    }


def print_json(cases, programs):
    """All findings by the names of the programs, and what was told of the steady ones."""
    findings = {case.name: as_json(Finding(case)) for case in cases}
    told = {program.__name__: silence(program) for program in programs}
    json.dump({"growing": findings, "steady": told}, sys.stdout)


def silence(program):
    """What is told of a program that does not grow: nothing."""
    return [told_of(grower) for grower in in_a_process(asked, int, program)["growers"]]


def print_table(cases, programs):
    print(f"{'':40} {' '.join(MARKS)}       said    traced  allocations")
    findings = []
    for case in cases:
        findings.append(Finding(case))
        print(line_of(findings[-1]), flush=True)
    for program in programs:
        print(f"{program.__name__:40} {'; '.join(silence(program)) or 'silent'}")
    right = sum(False not in finding.marks for finding in findings)
    print(f"\nright in all of it: {right} of {len(findings)}\n")
    for finding in findings:
        if False in finding.marks:
            print(explained(finding))


def main():
    names = [name for name in sys.argv[1:] if name != "--json"]
    cases = [case for case in GROWING if not names or case.name in names]
    programs = [program for program in STEADY if not names or program.__name__ in names]
    (print_json if "--json" in sys.argv else print_table)(cases, programs)


if __name__ == "__main__":
    main()
