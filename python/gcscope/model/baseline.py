"""The baseline of a project, as a file."""

from __future__ import annotations

import json

from gcscope.model.files import write_whole
from gcscope.model.judgement import Baseline


def read_baseline(path: str) -> Baseline:
    """Read a baseline. Raises OSError, and ValueError, which says what is wrong, if it is none."""
    with open(path, encoding="utf-8") as file:
        return Baseline.from_json(file.read())


def write_baseline(path: str, baseline: Baseline) -> None:
    """Write a baseline, whole or not at all; a line an entry, as version control likes it."""
    text = json.dumps(json.loads(baseline.to_json()), indent=1, ensure_ascii=False)
    write_whole(path, f"{text}\n")
