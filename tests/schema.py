"""Write the JSON Schema of what gcscope writes, from the records: their fields, readers and docstrings.

    python tests/schema.py      write python/gcscope/gcscope-1.schema.json anew

tests/test_schema.py compares the file with what this makes, so that it cannot drift from the
records.
"""

import ast
import json
import re
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "python/gcscope"
FILE = PACKAGE / "gcscope-1.schema.json"
ROOMS = ("report", "compare", "gate", "walkthrough")
LARGEST = (1 << 63) - 1

NUMBER = {
    "description": "A number that is not negative, and less than 2 to the power of 63.",
    "type": "integer",
    "minimum": 0,
    "maximum": LARGEST,
}
COUNTS = {
    "description": "How many there are of each type, by its name: module.qualname, builtins without the module. The "
    "most frequent stand first.",
    "type": "object",
    "additionalProperties": {"$ref": "#/$defs/number"},
}
READERS = {
    "read_int": {"$ref": "#/$defs/number"},
    "read_positive": {"type": "integer", "minimum": 1, "maximum": LARGEST},
    "read_signed": {"type": "integer", "minimum": -LARGEST, "maximum": LARGEST},
    "read_str": {"type": "string"},
    "read_optional_str": {"type": ["string", "null"]},
    "read_bool": {"type": "boolean"},
    "read_counts": {"$ref": "#/$defs/counts"},
}


def form(reader):
    """What a reader, as it stands in the source, accepts."""
    if isinstance(reader, ast.Name):
        return READERS[reader.id]
    (inner,) = reader.args
    if reader.func.id == "read_record":
        return {"$ref": f"#/$defs/{inner.id.lower()}"}
    if reader.func.id == "read_tuple":
        return {"type": "array", "items": form(inner)}
    return {"oneOf": [form(inner), {"type": "null"}]}  # read_optional


def plain(docstring):
    """A docstring as a sentence of the schema."""
    text = " ".join(docstring.replace("`", "").split())
    return text if text.endswith(".") else f"{text}."


def definition(node):
    """The schema of a record, from the source of its class."""
    readers, described = {}, {}
    for place, line in enumerate(node.body):
        if isinstance(line, ast.Assign) and line.targets[0].id == "_readers":
            readers = {
                key.value: value
                for key, value in zip(line.value.keys, line.value.values, strict=True)
            }
        following = node.body[place + 1] if place + 1 < len(node.body) else None
        if isinstance(line, ast.AnnAssign) and isinstance(following, ast.Expr):
            described[line.target.id] = plain(following.value.value)
    properties = {}
    for name in sorted(readers):
        text = described[name]
        in_bytes = " In bytes." if name == "bytes" and not text.endswith("In bytes.") else ""
        properties[name] = {"description": text + in_bytes, **form(readers[name])}
        if name == "ring" and properties[name]["type"] == "array":
            properties[name]["minItems"] = 1
    return {
        "description": plain(ast.get_docstring(node)),
        "type": "object",
        "properties": properties,
        "required": sorted(readers),
        "additionalProperties": False,
    }


def document(kind, record):
    """The schema of a whole document of one kind."""
    fields = {name: {"$ref": f"#/$defs/{kind}/properties/{name}"} for name in record["properties"]}
    head = {
        "schema": {"$ref": "#/$defs/schema"},
        "kind": {"description": "Which record this is.", "const": kind},
    }
    return {
        "description": f"A document of kind {kind}: {record['description']}",
        "type": "object",
        "properties": {**head, **fields},
        "required": ["schema", "kind", *fields],
        "additionalProperties": False,
    }


def schema():
    """The whole schema."""
    records = {}
    for room in ROOMS:
        path = PACKAGE / f"{room}.py"
        for node in ast.parse(path.read_text(encoding="utf-8")).body if path.exists() else ():
            if isinstance(node, ast.ClassDef) and re.search(
                r"^    _readers\b", ast.unparse(node), flags=re.M
            ):
                if any(
                    isinstance(base, ast.Name) and base.id in ("Record", "Drawable")
                    for base in node.bases
                ):
                    records[node.name.lower()] = definition(node)
    version = {
        "description": "The version of this schema. A reader refuses one that it does not know.",
        "const": "gcscope/1",
    }
    documents = {f"{kind}-document": document(kind, record) for kind, record in records.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "gcscope/1",
        "description": "What gcscope writes: one JSON object, its kind beside its fields. Strings and numbers only; "
        "all names are those of the program that was looked at.",
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in documents],
        "$defs": {"number": NUMBER, "counts": COUNTS, **records, **documents, "schema": version},
    }


def text():
    """The file's text."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
