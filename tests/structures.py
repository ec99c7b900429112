"""Ask gcscope for the ring and the cut of every structure, and print how often it is right.

python tests/structures.py [NAME ...]

Of what a case leaves the largest form counts. Right is what the case says, which was written down
before. The advice is then followed to the letter in a program that runs: references are made weak,
or dropped when the structure has been used; what is left, and what is gone that should live, is
told in the last column.
"""

import contextlib
import gc
import re
import sys
import types
import weakref
from collections import deque

import gcscope
from specimens.structures import STRUCTURES
from specimens.structures.cases import (
    ARGUMENT,
    CLOSE,
    DONE,
    LOCAL,
    METHOD,
    ONCE,
    TRACEBACK,
    UNCACHED,
    WEAK,
    weakly,
)

WAYS = {
    METHOD: r"WeakMethod|look the method up",
    UNCACHED: r"not cache|uncached",
    ONCE: r"\bonce\b|module level",
    TRACEBACK: r"without its traceback|__traceback__ = None",
    LOCAL: r"del (?:the |its )?(?:local|name|variable)|del \w+ when done",
    ARGUMENT: r"as an argument|plain value",
    WEAK: r"weak(?!ref\.WeakMethod|Method)",
    CLOSE: r"\w+\(\)(?<!clear\(\))",
    DONE: r"(?:to|=) None|clear|remov|unset|drop|unregister|\bdel \.",
}
"""The words by which an advice says how."""


def ways_of(advice):
    """The ways that an advice names, in its order; what stands in brackets does not count."""
    text = re.sub(r"\((?!\))[^()]*\)", "", advice or "")
    found = {way: match.start() for way, words in WAYS.items() if (match := re.search(words, text))}
    return sorted(found, key=found.get)


def joined(type_name, label):
    """A kind of reference as one text."""
    return type_name + ("" if label.startswith((".", "[")) else " ") + label


def kinds_of(cut):
    """The kinds of references that a cut means."""
    if cut is None:
        return []
    if getattr(cut, "kinds", ()):
        return list(cut.kinds)
    if match := re.match(r"give (\S+) a close\(\) that drops ([^;]+)", cut.advice):
        return [joined(match[1], label) for label in match[2].split(", ")]
    if match := re.match(r"del (?:its locals )?(\w+(?:, \w+)*) when done", cut.advice):
        return [f"frame local {name}" for name in match[1].split(", ")]
    return [joined(cut.link.type, cut.link.label)]


def is_of_one_object(cut):
    """Whether the kinds are those of one object that lets go, and not of all objects."""
    return cut is not None and not getattr(cut, "kinds", ()) and len(kinds_of(cut)) > 1


def ring_of(cycle):
    """The ring in a line, its types by their last names."""
    kinds = [joined(link.type.rpartition(".")[2], link.label) for link in cycle.ring]
    return " → ".join(re.sub(r"\[[^\]]*\]", "[*]", kind) for kind in kinds)


def is_ring(cycle, rings):
    """Whether the ring is one of these, wherever it begins."""
    hops = ring_of(cycle).split(" → ")
    turned = {" → ".join(hops[i:] + hops[:i]) for i in range(len(hops))}
    return not turned.isdisjoint(rings)


class Finding:
    """What gcscope said of a case, and whether that is right."""

    def __init__(self, case, cycle):
        self.case, self.cycle = case, cycle
        self.kinds = kinds_of(cycle.cut)
        self.ways = ways_of(cycle.advice)
        self.ring_is_right = is_ring(cycle, case.rings) if case.rings else None
        self.frees_all = cycle.cut is not None and cycle.cut.frees == cycle.held
        is_meant = self.frees_all or not is_of_one_object(cycle.cut)
        self.answers = [a for a in case.answers if is_meant and a.allows(self.kinds)]
        self.cut_is_right = bool(self.answers)
        self.way_is_right = self.cut_is_right and any(
            self.ways[:1] == [way] for answer in self.answers for way in answer.ways
        )

    @property
    def is_right(self):
        return self.ring_is_right is not False and self.cut_is_right and self.way_is_right


def asked(case):
    """Let a case leave its rings, and tell what gcscope says of the largest form of them."""
    report = watched(case.leaky)
    assert report.cycles, f"{case.__name__} leaves nothing"
    return Finding(case, report.cycles[0])


def watched(program):
    """The report of a program that is called with the collector off, in a heap of its own.

    What was there before is frozen and stays so: it counts as outside, so that passes are short.
    """
    gc.collect()
    gc.freeze()
    gc.disable()
    with gcscope.watch() as watch:
        program()
    gc.collect()
    return watch.report


# ------------------------------------------------------------ following an advice to the letter


def all_classes():
    """Every class that is alive, frozen or not."""
    found, waiting = {object}, [object]
    while waiting:
        below = set(type.__subclasses__(waiting.pop())) - found
        found |= below
        waiting += below
    return found


def classes_named(type_names):
    """The classes that reports name so."""
    names = set(type_names)
    return [cls for cls in all_classes() if f"{cls.__module__}.{cls.__qualname__}" in names]


def split(kind):
    """The type, the attribute, and whether what is in a container there is meant."""
    match = re.fullmatch(r"([\w.<>]+)\.(\w+)((?:\[.*\])?)", kind)
    return match and (match[1], match[2], bool(match[3]))


def references_of(finding):
    """(class, attribute, through a container) of each reference that the cut means.

    None if one of them is no attribute.
    """
    parts = [split(kind) for kind in finding.kinds]
    if not parts or None in parts:
        return None
    cut, references = finding.cycle.cut, []
    for type_name, name, through in parts:
        names = [type_name]
        if not getattr(cut, "kinds", ()) and cut.references > 1:
            names = list(finding.cycle.types)  # all of that label
        for cls in classes_named(names):
            references.append((cls, name, through))
    return references


def instances_of(classes):
    return [one for one in gc.get_objects() if type(one) in classes]


def dropped(references):
    """Set the attributes of what lives to None; empty the containers that are meant."""
    for cls, name, through in references:
        for one in instances_of([cls]):
            if through and hasattr(getattr(one, name, None), "clear"):
                getattr(one, name).clear()
            elif getattr(one, name, None) is not None:
                setattr(one, name, None)


class WeakCall:
    """What stands for a bound method that is kept by a WeakMethod."""

    def __init__(self, method):
        self.method = weakref.WeakMethod(method)

    def __call__(self, *args):
        return self.method()(*args)


def proxied(target, made):
    """What stands for a target that is held weakly: of a list or dict, in it; `made` gets weak
    references to what was there.
    """
    if isinstance(target, (list, deque)):
        for place, one in enumerate(target):
            target[place] = proxied(one, made)
        return target
    if isinstance(target, dict):
        target.update([(key, proxied(one, made)) for key, one in target.items()])
        return target
    if isinstance(target, types.MethodType):
        return WeakCall(target)
    try:
        made.append(weakref.ref(target))
        return weakref.proxy(target)
    except TypeError:
        return target


def weakened(references):
    """Hold what is in the containers of these attributes by proxies; return weak references."""
    made = []
    for cls, name, _ in references:
        for one in instances_of([cls]):
            if isinstance(getattr(one, name, None), (list, deque, dict)):
                proxied(getattr(one, name), made)
    return made


class Killed(Exception):
    """An object is gone that should live."""


def program_with_weak(case, references, reference=weakref.ref):
    """The case with these references made weak."""
    direct = [(cls, name) for cls, name, through in references if not through]
    within = [reference for reference in references if reference[2]]

    def program():
        with weakly(*direct, reference=reference) as kept:
            try:
                made = case.make()
                proxies = weakened(within)
                use_or_die(case, made, bool(within))
            except (AttributeError, TypeError, AssertionError, ReferenceError) as error:
                raise Killed from error
            if any(one.dead() for one in kept) or any(proxy() is None for proxy in proxies):
                raise Killed

    return program


def use_or_die(case, made, has_proxies):
    """Use it; that a proxy is not its object is no fault."""
    with contextlib.suppress(AssertionError) if has_proxies else contextlib.nullcontext():
        case.use(made)


def program_with_done(case, references):
    """The case that drops these references at its end."""

    def program():
        made = case.make()
        case.use(made)
        dropped(references)

    return program


def followed(finding):
    """What becomes of the case when the first way of the advice is followed to the letter.

    "silent", "leaves 3", "kills", or "by hand" where no way is known to do it in general.
    """
    case, way = finding.case, finding.ways[0] if finding.ways else None
    references = references_of(finding)
    if way in (WEAK, METHOD) and references:
        reference = weakref.ref if way == WEAK else weakref.WeakMethod
        program = program_with_weak(case, references, reference)
    elif way in (DONE, CLOSE, UNCACHED) and references:
        program = program_with_done(case, references)
    elif finding.way_is_right:
        program = case.applied
    else:
        return "by hand"
    try:
        program()
        left = left_of(finding, watched(program))
        return f"leaves {left:,}" if left else "silent"
    except Killed:
        return "kills"
    except (AttributeError, TypeError):
        return "by hand"  # an attribute that cannot be set


def left_of(finding, report):
    """How many objects of the form that was told are left; other forms of the case are others'."""
    own = {name for name in finding.cycle.types if "." in name} or set(finding.cycle.types)
    return sum(c.objects * c.count for c in report.cycles if not own.isdisjoint(c.types))


# ------------------------------------------------------------------------------ the table


def mark(is_right):
    return " -" if is_right is None else "ok" if is_right else " X"


def line_of(finding, fate):
    marks = [finding.ring_is_right, finding.cut_is_right, finding.way_is_right, finding.frees_all]
    return f"{finding.case.__name__:38} {'   '.join(map(mark, marks))}   {fate}"


def told(finding):
    """What was wrong, in lines of their own."""
    cycle = finding.cycle
    lines = [f"{finding.case.__name__}: {ring_of(cycle)}"]
    frees = "no cut" if cycle.cut is None else f"frees {cycle.cut.frees} of {cycle.held}"
    kinds = ", ".join(kind.removeprefix("specimens.structures.") for kind in finding.kinds)
    lines.append(f"    said {{{kinds}}}, {frees}: {cycle.advice}")
    for answer in finding.case.answers:
        lines.append(f"    right {{{', '.join(answer.kinds)}}}: {', '.join(answer.ways)}")
    return "\n".join(lines)


def main():
    wanted = sys.argv[1:]
    cases = [case for case in STRUCTURES if not wanted or case.__name__ in wanted]
    findings, fates = [], []
    print(f"{'':38} ring  cut  way  all  followed to the letter")
    for case in cases:
        if why := case.why_not_here():
            print(f"{case.__name__:38} {why}")
            continue
        for _ in range(2):
            case.leaky()
            case.applied()
        findings.append(asked(case))
        fates.append(followed(findings[-1]))
        print(line_of(findings[-1], fates[-1]), flush=True)
    print(f"\n{summary(findings, fates)}\n")
    for finding in findings:
        if not finding.is_right:
            print(told(finding))


def summary(findings, fates):
    clear = [finding for finding in findings if finding.ring_is_right is not None]
    count = len(findings)
    rings = sum(f.ring_is_right for f in clear)
    return "\n".join(
        [
            f"ring right in {rings} of {len(clear)} where it is clear",
            f"cut right in {sum(f.cut_is_right for f in findings)} of {count}",
            f"cut and way right in {sum(f.way_is_right for f in findings)} of {count}",
            f"frees all of the largest in {sum(f.frees_all for f in findings)} of {count}",
            f"followed to the letter: silent {fates.count('silent')}, "
            f"leaves rings {sum(fate.startswith('leaves') for fate in fates)}, "
            f"kills {fates.count('kills')}, not followed {fates.count('by hand')}",
        ]
    )


if __name__ == "__main__":
    main()
