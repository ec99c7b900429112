"""Ask for the rings of every case in many processes, and tell which answers differ.

python tests/stability.py [--processes 50] [--jobs 2] [NAME ...]

Each process has another hash seed, every second one the allocator of C; each runs all cases of the
corpus and of the structures in an order of its own, and makes and drops objects of random sizes
before, between and within them. Each case is asked twice: with the collector off, and while small
thresholds let it run by itself at random places. Fingerprints, causes and rings have to be equal
in all of it, in their order; cuts where no collection came between. Where one did, the age of an
object may be lost that decides a cut's direction: there the share of equal cuts is told.
"""

import argparse
import collections
import concurrent.futures
import gc
import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

from support import FREE_THREADED

TESTS = Path(__file__).resolve().parent
QUIET, COLLECTED = "quiet", "collected"

# The event loop holds a task weakly: a collection ends it before the loop would, so that the
# program itself goes another way.
QUIET_ONLY = {"corpus.task_cancelled_by_the_end_of_its_loop"}


# ------------------------------------------------------------------------- in a process of its own


def programs():
    """Every case that runs here, by name: (the program, what fills the caches that it uses)."""
    from specimens.corpus import CASES
    from specimens.structures import STRUCTURES

    found = {f"corpus.{case.name}": (case.leaky, case.warm) for case in CASES if case.runs_here}
    for case in STRUCTURES:
        if not case.why_not_here():
            found[f"structures.{case.__name__}"] = case.leaky, case.leaky
    return found


def noise(rng, most):
    """Make objects of random sizes, drop some of them in a random order, return the others."""
    made = []
    for _ in range(rng.randrange(most)):
        made.append([object() for _ in range(rng.randrange(8))])
        made.append(dict.fromkeys(range(rng.randrange(12))))
        made.append(bytearray(rng.randrange(700)))
        made.append(Noise())
    rng.shuffle(made)
    del made[: rng.randrange(len(made) + 1)]
    return made


class Noise:
    def __init__(self):
        self.value = None


def asked(program, rng, collects):
    """The forms that gcscope finds in a program: fingerprint, cause, ring and cut, and bytes."""
    import gcscope

    kept = noise(rng, 100)
    gc.collect()
    gc.freeze()  # what was there is outside, and collections are short
    thresholds = gc.get_threshold()
    if collects:
        gc.set_threshold(rng.randint(3, 60), rng.randint(1, 9), rng.randint(1, 9))
    try:
        with gcscope.watch() as watch:
            within = noise(rng, 20)
            if collects:
                gc.enable()
            program()
            gc.disable()
            del within
        return [
            [*texts_of(cycle), [cycle.bytes, cycle.dragged_bytes]] for cycle in watch.report.cycles
        ]
    finally:
        gc.disable()
        gc.set_threshold(*thresholds)
        kept.clear()


def texts_of(cycle):
    ring = " → ".join(f"{link.type} {link.name or ''} {link.label}" for link in cycle.ring)
    places = ", ".join(link.where or "" for link in cycle.ring)
    form = [cycle.fingerprint, str(cycle.cause), f"{ring} ({places})"]
    if cycle.cut is None:
        return [*form, str(cycle.advice)]
    kinds = getattr(cycle.cut, "kinds", ()) or [f"{cycle.cut.link.type} {cycle.cut.link.label}"]
    return [*form, f"{', '.join(kinds)}: frees {cycle.cut.frees}; {cycle.cut.advice}"]


def one_process(seed, names):
    """Print what every case is told to be, as JSON."""
    rng = random.Random(seed)
    kept = noise(rng, 3000)
    wanted = [(n, c) for n, c in programs().items() if not names or n.split(".")[1] in names]
    rng.shuffle(wanted)
    gc.disable()
    told = {}
    for name, (program, warm) in wanted:
        warm()
        warm()
        modes = [QUIET] if name in QUIET_ONLY else [QUIET, COLLECTED]
        rng.shuffle(modes)
        told[name] = {mode: asked(program, rng, mode == COLLECTED) for mode in modes}
    del kept
    json.dump(told, sys.stdout)


# -------------------------------------------------------------------------------- over all of them


def answers_of(seed, names=()):
    """What a process of its own tells of every case."""
    environment = {**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONIOENCODING": "utf-8"}
    # without a GIL only mimalloc serves
    environment["PYTHONMALLOC"] = "malloc" if seed % 2 and not FREE_THREADED else "default"
    command = [sys.executable, "-W", "ignore", str(TESTS / "stability.py"), "--seed", str(seed)]
    done = subprocess.run(
        [*command, *names], env=environment, cwd=TESTS.parent, capture_output=True, encoding="utf-8"
    )
    if done.returncode:
        raise RuntimeError(f"seed {seed}: {done.stderr}")
    return json.loads(done.stdout)


def all_answers(processes, jobs=2, names=()):
    """What each of many processes tells."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(lambda seed: answers_of(seed, names), range(processes)))


def without_figures(text):
    """A cut without how much it frees, and by how many references."""
    return re.sub(r"\b\d[\d,]*\b(?!\])", "#", text)


class Stability:
    """What many processes told of one case."""

    def __init__(self, name, answers):
        self.name = name
        self.forms = collections.Counter()
        self.cuts = {QUIET: collections.Counter(), COLLECTED: collections.Counter()}
        self.figures = collections.Counter()
        self.bytes = collections.Counter()
        for answer in answers:
            for mode, cycles in answer[name].items():
                cuts = tuple(cycle[3] for cycle in cycles)
                self.forms[tuple(tuple(cycle[:3]) for cycle in cycles)] += 1
                self.cuts[mode][tuple(map(without_figures, cuts))] += 1
                self.figures[cuts] += mode == QUIET
                # a class gives each further instance less room: both modes first are two programs
                is_first = mode == QUIET == next(iter(answer[name]))
                self.bytes[tuple(tuple(cycle[4]) for cycle in cycles)] += is_first

    @property
    def form_is_stable(self):
        return len(self.forms) == 1

    @property
    def cut_is_stable(self):
        """Whether it is, where no collection came between."""
        return len(self.cuts[QUIET]) == 1

    @property
    def strays(self):
        """In how many processes a collection led to another cut than the usual one."""
        (usual, _), *_ = self.cuts[QUIET].most_common(1)
        return self.cuts[COLLECTED].total() - self.cuts[COLLECTED][usual]

    @property
    def figures_differ(self):
        """Whether the same cut frees now more and now less, where no collection came between."""
        return self.cut_is_stable and len(+self.figures) > 1

    @property
    def bytes_differ(self):
        """Whether the same ring takes now more and now less, where no collection came between."""
        return not self.figures_differ and self.cut_is_stable and len(+self.bytes) > 1


def stabilities(answers):
    """Of each case that every process has run."""
    names = set.intersection(*(set(answer) for answer in answers))
    return [Stability(name, answers) for name in sorted(names)]


def share_equal(cases):
    """The share of usual cuts among the answers where a collection may have come between."""
    return 1 - sum(case.strays for case in cases) / sum(
        case.cuts[COLLECTED].total() for case in cases
    )


def difference(case):
    """What differs in a case, in lines."""
    yield f"{case.name}:"
    for forms, count in case.forms.most_common(5) if not case.form_is_stable else ():
        yield f"  {count:4} times {len(forms)} forms"
        yield from (f"       {cause}: {ring[:150]}  {print_}" for print_, cause, ring in forms[:4])
    for mode in case.cuts if not case.cut_is_stable or case.strays else ():
        for cuts, count in case.cuts[mode].most_common(4):
            yield f"  {count:4} times {mode}: {' | '.join(cut[:150] for cut in cuts[:3])}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="these cases only")
    parser.add_argument("--processes", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.seed is not None:
        return one_process(options.seed, options.names)
    cases = stabilities(all_answers(options.processes, options.jobs, options.names))
    for case in cases:
        if not (case.form_is_stable and case.cut_is_stable) or case.strays:
            print("\n".join(difference(case)))
    differing = [case.name for case in cases if case.figures_differ]
    print(
        f"\n{len(cases)} cases, {options.processes} processes: "
        f"form differs in {sum(not case.form_is_stable for case in cases)}, "
        f"cut in {sum(not case.cut_is_stable for case in cases)}; "
        f"with collections between {share_equal(cases):.1%} of the cuts are the usual ones; "
        f"the figures alone differ in {', '.join(differing) or 'none'}; "
        f"the bytes in {', '.join(case.name for case in cases if case.bytes_differ) or 'none'}"
    )
    return int(any(not (case.form_is_stable and case.cut_is_stable) for case in cases))


if __name__ == "__main__":
    sys.exit(main())
