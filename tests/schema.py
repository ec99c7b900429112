"""Write the JSON Schema of what gcscope writes, from the records: their fields and docstrings.

    python tests/schema.py      write python/gcscope/gcscope-2.schema.json anew

tests/test_schema.py compares the file with what this makes, so that it cannot drift from the
records.
"""

import ast
import json
from itertools import pairwise
from pathlib import Path

from gcscope.render.json import ROOMS

PACKAGE = Path(__file__).resolve().parent.parent / "python/gcscope"
FILE = PACKAGE / "gcscope-2.schema.json"
BESIDE = "header"  # the room of what stands beside a record
LARGEST = (1 << 63) - 1

NUMBER = {
    "description": "A number that is not negative, and less than 2 to the power of 63.",
    "type": "integer",
    "minimum": 0,
    "maximum": LARGEST,
}
COUNTS = {
    "description": "How many there are of each type, by its name: module.qualname, builtins "
    "without the module. The most frequent stand first.",
    "type": "object",
    "additionalProperties": {"$ref": "#/$defs/number"},
}
FORMS = {
    "int": {"$ref": "#/$defs/number"},
    "Positive": {"type": "integer", "minimum": 1, "maximum": LARGEST},
    "float": {"type": "number"},
    "Signed": {"type": "integer", "minimum": -LARGEST, "maximum": LARGEST},
    "str": {"type": "string"},
    "str | None": {"type": ["string", "null"]},
    "float | None": {"type": ["number", "null"]},
    "bool": {"type": "boolean"},
    "Counts": {"$ref": "#/$defs/counts"},
}


def form(declared):
    """What a field that is declared so accepts."""
    if declared in FORMS:
        return FORMS[declared]
    if declared.endswith(" | None"):
        return {"oneOf": [form(declared.removesuffix(" | None")), {"type": "null"}]}
    if declared.startswith("tuple["):
        return {"type": "array", "items": form(declared[len("tuple[") : -len(", ...]")])}
    return {"$ref": f"#/$defs/{declared.lower()}"}


def plain(docstring):
    """A docstring as a sentence of the schema."""
    text = " ".join(docstring.replace("`", "").split())
    return text if text.endswith(".") else f"{text}."


def definition(node):
    """The schema of a record, from the source of its class."""
    declared, described, needed = {}, {}, []
    for line, following in pairwise(node.body):
        if isinstance(line, ast.AnnAssign):
            declared[line.target.id] = ast.unparse(line.annotation)
            needed += [] if line.value is not None else [line.target.id]
            described[line.target.id] = plain(following.value.value)
    properties = {}
    for name in sorted(declared):
        properties[name] = {"description": described[name], **form(declared[name])}
        if name == "ring" and properties[name]["type"] == "array":
            properties[name]["minItems"] = 1
    return {
        "description": plain(ast.get_docstring(node)),
        "type": "object",
        "properties": properties,
        "required": sorted(needed),
    }


def document(kind, record):
    """The schema of a whole document of one kind."""
    fields = {name: {"$ref": f"#/$defs/{kind}/properties/{name}"} for name in record["properties"]}
    head = {
        "schema": {"$ref": "#/$defs/schema"},
        "kind": {"description": "Which record this is.", "const": kind},
        "header": {"$ref": f"#/$defs/{BESIDE}"},
    }
    return {
        "description": f"A document of kind {kind}: {record['description']}",
        "type": "object",
        "properties": {**head, **fields},
        "required": ["schema", "kind", *record["required"]],
    }


def records_of(room):
    """The schemas of the records of one room, by their kinds."""
    tree = ast.parse((PACKAGE / f"model/{room}.py").read_text(encoding="utf-8"))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    return {node.name.lower(): definition(node) for node in classes}


def schema():
    """The whole schema."""
    records = {kind: record for room in ROOMS for kind, record in records_of(room).items()}
    version = {
        "description": "The version of this schema. A reader refuses another one.",
        "const": "gcscope/2",
    }
    documents = {f"{kind}-document": document(kind, record) for kind, record in records.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "gcscope/2",
        "description": "What gcscope writes: one JSON object, its kind beside its fields. Strings "
        "and numbers only; all names are those of the program that was looked at. A reader ignores "
        "fields that it does not know; those that are not required have defaults.",
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in documents],
        "$defs": {
            "number": NUMBER,
            "counts": COUNTS,
            **records,
            **records_of(BESIDE),
            **documents,
            "schema": version,
        },
    }


def text():
    """The file's text."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
