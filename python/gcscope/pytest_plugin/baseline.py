"""The baseline of a project, as a file."""

from __future__ import annotations

import json
import os

from gcscope.model.judgement import Baseline

TYPE_CHECKING = False
if TYPE_CHECKING:
    pass


def read_baseline(path: str) -> Baseline:
    """Read a baseline from a file. Raises OSError, and ValueError, saying what is wrong, where it is none."""
    with open(path, encoding="utf-8") as file:
        return Baseline.from_json(file.read())


def write_baseline(path: str, baseline: Baseline) -> None:
    """Write a baseline to a file, whole or not at all; a line an entry, as version control likes it."""
    text = json.dumps(json.loads(baseline.to_json()), indent=1, ensure_ascii=False)
    beside = f"{path}.{os.getpid()}.tmp"
    try:
        with open(beside, "w", encoding="utf-8") as file:
            file.write(f"{text}\n")
        os.replace(beside, path)
    except BaseException:
        if os.path.exists(beside):
            os.unlink(beside)
        raise
