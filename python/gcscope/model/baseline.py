"""The baseline of a project, as a file: a line for each form of ring, in a stable order."""

from __future__ import annotations

import json

from gcscope.model.files import write_whole
from gcscope.model.judgement import Baseline
from gcscope.model.record import OldSchema


def read_baseline(path: str, updates: bool) -> Baseline:
    """Read a baseline. Raises OSError, and ValueError, which says what is wrong, if it is none.

    updates: whether it is to be written anew; then one that is not there, or that an older gcscope
    has written, is empty.
    """
    try:
        with open(path, encoding="utf-8") as file:
            return Baseline.from_json(file.read())
    except (FileNotFoundError, OldSchema):
        if not updates:
            raise
        return Baseline(rings=())


def write_baseline(path: str, baseline: Baseline) -> None:
    """Write a baseline, whole or not at all; a line an entry, as version control likes it."""
    document = json.loads(baseline.to_json())
    entries = [json.dumps(ring, ensure_ascii=False) for ring in document["rings"]]
    head = json.dumps({**document, "rings": []}).removesuffix("]}")
    write_whole(path, "\n".join([head, ",\n".join(entries), "]}\n"]))
