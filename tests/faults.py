"""Print which faults of a guest do not happen on this Python: one line each.

    python tests/faults.py                 all of them: some minutes
    python tests/faults.py --only signal   those in whose name this regular expression is found

A guest can do harm to the program that it is in: switch automatic collection off for ever, swallow
an exception, hold memory back, blame what is not the program's. A row of FAULTS names one, and the
tests that provoke it, slow ones too. 'right' means that all of them passed, 'not here' that each
was skipped, since this Python or machine lacks what it takes. The exit code is 1 where a fault has
happened.
"""

from __future__ import annotations

import argparse
import platform
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

GUEST = "tests/test_guest.py::"
PLAIN = "tests/cli/test_as_plain_python.py::"
FILTERS = "tests/cli/test_filters.py::"

FAULTS = {
    # ------------------------------------------------------------- collection stays off
    "another thread that calls timeit for ten seconds": [
        f"{GUEST}test_another_thread_that_does_so_for_long"
    ],
    "gc.enable() and gc.disable() inside": [f"{GUEST}test_enabled_inside"],
    "run switches it while it starts": [f"{PLAIN}test_collection_is_never_switched"],
    "a fork while another thread looks": [f"{GUEST}test_a_fork_while_another_thread_looks"],
    "an interrupt at any instruction of a word": [f"{GUEST}test_an_interrupt_at_any_instruction"],
    "real signals by the thousand": [f"{GUEST}test_real_signals_by_the_thousand"],
    # ----------------------------------------------------------------- no memory
    "no memory at any growth of a word": [f"{GUEST}test_no_memory_at_any_growth"],
    "no memory at any allocation of the core": [
        "tests/follow/test_follow.py::test_exhausted_memory",
        "tests/follow/test_follow.py::test_exhausted_python_memory",
        "tests/runtime/test_lease.py::test_exhausted_memory",
        "tests/types/test_events.py",
        "tests/heap/test_generations.py",
    ],
    "no memory while the core is imported": ["tests/test_module.py"],
    # ------------------------------------------------------- exceptions are swallowed
    "a timeout while a million lists are collected": [
        f"{GUEST}test_a_timeout_during_a_collection_arrives"
    ],
    "300 timeouts, under run and in the gate": [f"{GUEST}test_three_hundred_timeouts"],
    "the signal method of pytest-timeout": [f"{GUEST}test_the_signal_method_of_pytest_timeout"],
    # ---------------------------------------------------------------- memory is held back
    "the gate holds back what a test makes": [f"{GUEST}test_the_gate_weighs_nothing"],
    # ------------------------------------------------------------------ run is not python
    "a program differs under run": [
        f"{PLAIN}test_a_program_is_as_under_plain_python",
        f"{PLAIN}test_a_call_is_as_of_plain_python",
    ],
    # ------------------------------------------------------------- blame for what is not its own
    "a library is blamed for what its import leaves": [
        f"{FILTERS}test_an_import_is_no_fault",
        f"{FILTERS}test_nor_when_collections_come_in_between",
    ],
}


def verdict(tests: list[str]) -> str:
    """Run some tests; say 'right', 'not here', or which of them failed."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=no", "-rfE"]
    done = subprocess.run(
        [*command, "-m", "slow or not slow", *tests],
        cwd=ROOT,
        capture_output=True,
        text=True,
        errors="replace",
    )
    failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", done.stdout, flags=re.M)
    if failed or done.returncode != 0:
        return "WRONG: " + (" ".join(failed) or done.stdout[-300:])
    return "right" if re.search(r"\d+ passed", done.stdout) else "not here"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="", help="a regular expression: names")
    chosen = {n: t for n, t in FAULTS.items() if re.search(parser.parse_args().only, n)}
    print(f"{'Python ' + platform.python_version():<56} {'seconds':>8}")
    wrong = 0
    for name, tests in chosen.items():
        begun = time.monotonic()
        found = verdict(tests)
        wrong += found.startswith("WRONG")
        print(f"{name:<56} {time.monotonic() - begun:>7.0f}  {found}", flush=True)
    print(f"{wrong} of {len(chosen)} are not right")
    return 1 if wrong or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
