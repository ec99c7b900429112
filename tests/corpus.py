"""Let the collector itself judge every case of the corpus on this Python, and print the table.

python tests/corpus.py
"""

import gc
import os
import platform
import re
import sys
import tempfile

from gcscope.explain.patterns import PATTERNS
from specimens.corpus import CASES, INNOCENTS

CAUSES = {pattern.text for pattern in PATTERNS}  # None among them
LINE = re.compile(r"^gc: (?:un)?collectable <", flags=re.M)


def unreachable():
    """Run a full collection.

    How many objects it says it found unreachable, before any finalizer ran.
    """
    flags, kept_stderr = gc.get_debug(), sys.stderr
    kept_stderr.flush()
    with tempfile.TemporaryFile() as file:
        kept = os.dup(2)
        os.dup2(file.fileno(), 2)
        sys.stderr = (
            None  # the collector then writes to the descriptor, and no Python code runs for it
        )
        gc.set_debug(gc.DEBUG_COLLECTABLE | gc.DEBUG_UNCOLLECTABLE)
        try:
            gc.collect()
        finally:
            gc.set_debug(flags)
            os.dup2(kept, 2)
            os.close(kept)
            sys.stderr = kept_stderr
        file.seek(0)
        return len(LINE.findall(file.read().decode("utf-8", "replace")))


def settle():
    """Collect until nothing is left of earlier programs."""
    while unreachable():
        pass


def found_after(program, times=3):
    """How many unreachable objects each of some calls leaves."""
    found = []
    for _ in range(times):
        settle()
        program()
        found.append(unreachable())
    return found


def judged(case):
    """A line of the table, and whether the case is what it says."""
    if not case.runs_here:
        return f"{case.name:44}    -    -  {case.why_not_here}", True
    case.warm()
    leaves, twin = found_after(case.leaky), found_after(case.repaired)
    right = all(leaves) and not any(twin) and case.cause in CAUSES
    return f"{case.name:44} {min(leaves):4} {max(twin):4}  {case.cause}", right


def main():
    gc.disable()
    lines = [judged(case) for case in CASES]
    for program in INNOCENTS:
        program.warm()
        left = found_after(program.program)
        lines.append(
            (
                f"{program.name:44}      {max(left):4}  {'alive' if program.alive else 'innocent'}",
                not any(left),
            )
        )
    for line, right in lines:
        print("  " if right else "! ", line, sep="")
    wrong = sum(not right for _, right in lines)
    print(
        f"CPython {platform.python_version()}: {len(CASES)} cases, {len(INNOCENTS)} innocents, "
        f"{wrong} wrong"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
