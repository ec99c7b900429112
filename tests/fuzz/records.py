"""Look for JSON that breaks what `reading.py` says, led by the lines that run.

    python tests/fuzz/records.py FOLDER... [options of libFuzzer]

It needs atheris (PyPI). New inputs are kept in the first folder. Half of the changes are made to
bytes, half to the document that they are: a value that stands elsewhere in it or is odd, a field
that goes or comes, an array that is longer or shorter.
"""

import json
import random
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["gcscope"]):
    import reading

    from gcscope.render import cycle_text, dot, film_text, formats, hop, mermaid  # noqa: F401
    from specimens import records

ODD = [
    None, True, False, 0, 1, -1, (1 << 63) - 1, 1 << 63, -(1 << 63), 1.0, 1e999, -0.0, "", "x",
    [], {}, [[]], "\ud800", "\udc00", "\ud83d\ude00", "\U0001f600", "\x00", "\n",
    '"', "\\", "a\u2028b", "<&>", "gcscope/1", "gcscope/2", "gcscope/3", "gcscope/\u0662", "\u00e9",
    {"": 0}, "9" * 30, 10**30, "builtins.int",
]  # fmt: skip


def places(value):
    """Every (container, key) of a document."""
    found, pending = [], [value]
    while pending:
        value = pending.pop()
        if isinstance(value, (dict, list)):
            keys = list(value) if isinstance(value, dict) else range(len(value))
            found += [(value, key) for key in keys]
            pending += [value[key] for key in keys]
    return found


def change(document, source):
    """Change one place of a document."""
    everywhere = places(document)
    if not everywhere:
        return source.choice(ODD)
    container, key = source.choice(everywhere)
    other, its = source.choice(everywhere)
    what = source.randrange(6)
    if what == 0:
        del container[key]
    elif what == 1 and isinstance(container, list):
        container.insert(key, other[its])
    elif what == 1:
        container[str(its)] = other[its]
    elif what == 2:
        container[key] = other[its]
    elif what == 3 and isinstance(container[key], int):
        container[key] += source.choice([-1, 1, 1 << 31, 1 << 62])
    else:
        container[key] = source.choice(ODD)
    return document


def mutate(data, max_size, seed):
    """Change an input: its bytes, or the document that it is."""
    source = random.Random(seed)
    if source.random() < 0.5:
        return atheris.Mutate(data, max_size)
    try:
        document = json.loads(data[1:])
        for _ in range(source.choice([1, 1, 1, 2, 4])):
            # through JSON, so that no container is in two places, and none in itself
            document = json.loads(json.dumps(change(document, source)))
        text = json.dumps(document, ensure_ascii=source.random() < 0.5)
        mutated = data[:1] + text.encode("utf-8", "surrogatepass")
        return mutated if len(mutated) <= max_size else atheris.Mutate(data, max_size)
    except (ValueError, RecursionError):
        return atheris.Mutate(data, max_size)


def seeds(folder):
    """Write what the specimens are into a folder that is not there yet."""
    folder.mkdir(parents=True)
    for number, record in enumerate(records.ALL):
        for cls, as_str in ((type(record), False), (reading.Record, True)):
            given = reading.input_of(cls, record.to_json().encode(), as_str)
            (folder / f"seed-{number}-{as_str:d}").write_bytes(given)


if __name__ == "__main__":
    if not Path(sys.argv[1]).exists():
        seeds(Path(sys.argv[1]))
    # libFuzzer starts itself anew for -merge=1, by a command line
    command = [f"{sys.executable} {sys.argv[0]}", *sys.argv[1:]]
    atheris.Setup(command, reading.check, custom_mutator=mutate)
    atheris.Fuzz()
