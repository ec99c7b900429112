"""House rules, held by tests: the ranks of the rooms, one way of the data, no hidden state."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gcscope import _core

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src"

# Ground floor first: a room includes only rooms that stand before it.
RANKS = [
    "base",
    "vec",
    "internals",
    "addrmap",
    "graph",
    "subset",
    "scc",
    "paths",
    "fall",
    "dominators",
    "heap",
    "collector",
    "names",
    "hold",
    "journal",
    "state",
    "pass",
    "census",
    "tracked",
    "refs",
    "label",
    "opaque",
    "references",
    "labels",
    "expression",
    "rings",
    "describe",
    "story",
    "holders",
    "stage",
    "scene",
    "alive",
    "module",
]
ENGINE = RANKS[: RANKS.index("names")]  # integers only
SEES_OBJECTS = {"base", "internals", "heap"}


def code_of(path):
    """The text without comments and strings."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S)
    return re.sub(r'"(?:\\.|[^"\\])*"', '""', text)


def sources():
    return sorted([*SRC.glob("*.c"), *SRC.glob("*.h")])


def test_every_file_has_a_rank():
    assert {path.stem for path in sources()} == set(RANKS)


@pytest.mark.parametrize("path", sources(), ids=lambda p: p.name)
def test_a_room_includes_lower_rooms_only(path):
    rank = RANKS.index(path.stem)
    for included in re.findall(r'#include "(\w+)\.h"', path.read_text(encoding="utf-8")):
        assert RANKS.index(included) < rank or (included == path.stem and path.suffix == ".c"), included
    assert not re.findall(r'#include ".*\.c"', path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", sources(), ids=lambda p: p.name)
def test_private_headers_and_versions_have_their_rooms(path):
    text = code_of(path)
    if path.stem != "internals":
        assert "pycore_" not in path.read_text(encoding="utf-8") and "Py_BUILD_CORE" not in text
    assert "pycore_gc" not in path.read_text(encoding="utf-8")
    if path.stem not in ("internals", "base"):
        assert "PY_VERSION_HEX" not in text


@pytest.mark.parametrize("room", ENGINE)
def test_the_engine_makes_no_python_object(room):
    for path in SRC.glob(f"{room}.[ch]"):
        text = code_of(path)
        assert not re.search(r"\bPy\w+_(New|From\w+|Append|SetItem|Call\w*)\s*\(|\bPyErr_|Py_BuildValue", text), path
        if room not in SEES_OBJECTS:
            assert "PyObject" not in text, path


def test_no_backward_goto_and_no_recursion_by_name():
    for path in SRC.glob("*.c"):
        text = code_of(path)
        assert "goto" not in text
        for match in re.finditer(r"^(\w+)\([^;{]*\)\n\{\n(.*?)^\}", text, flags=re.M | re.S):
            name, body = match.groups()
            assert not re.search(rf"(?<![\w.>]){name}\s*\(", body), f"{path.name}: {name} calls itself"


# What the linker sees as writable data: tables that the C API wants as non-const, and nothing that changes.
WRITABLE = re.compile(
    r"(_methods|_members|_getset|_slots|_spec|_module|_def|_words|_table)(\.\d+)?$|^(keywords|completed)(\.\d+)?$|^__|^_|^gcscope_module$"
)


@pytest.mark.skipif(shutil.which("nm") is None, reason="needs nm")
def test_no_mutable_static_and_one_exported_symbol():
    listing = subprocess.run(["nm", _core.__file__], capture_output=True, text=True, check=True).stdout
    symbols = [line.split()[-2:] for line in listing.splitlines()]
    if not symbols or "asan" in listing or "gcov" in listing:
        pytest.skip("no symbols, or a build with instruments of its own")
    assert [name for kind, name in symbols if kind in "bBdD" and not WRITABLE.search(name)] == []
    exported = subprocess.run(["nm", "-D", "--defined-only", _core.__file__], capture_output=True, text=True).stdout
    names = {line.split()[-1] for line in exported.splitlines()} - {"_init", "_fini"}
    assert names == {"PyInit__core"}


# ---------------------------------------------------------------------------- Python

PACKAGE = ROOT / "python/gcscope"
RECORDS = [f"gcscope.{name}" for name in ("report", "compare", "gate", "walkthrough", "filming", "picture", "runner")]
# each knows those before it only
RENDERERS = ["json", "words", "rings", "text", "lesson", "fit", "paint", "gate", "depict", "captions", "dot", "mermaid"]
RENDERERS += ["svg", "strip"]
_KNOW_CORE = ("__init__", "verdict", "life", "runner", "owners", "guard", "births", "taken", "scene")
KNOW_CORE = {f"{name}.py" for name in _KNOW_CORE}


def imports_of(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: p.name)
def test_faces_and_renderers_never_know_the_core(path):
    imported = set(imports_of(path))
    if path.name not in KNOW_CORE:
        assert not any(name == "_core" or name.endswith("._core") or "._core." in name for name in imported)
    if path.parent.name == "render":
        lower = RENDERERS[: RENDERERS.index(path.stem)] if path.stem != "__init__" else []
        known = [*RECORDS, *(f"gcscope.render.{name}" for name in lower)]
        ours = {name for name in imported if name.startswith("gcscope")}
        assert all(any(name == one or name.startswith(f"{one}.") for one in known) for name in ours)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: p.name)
def test_renderers_have_no_input_or_output(path):
    if path.parent.name == "render":
        names = {
            node.id for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Name)
        }
        assert not names & {"print", "open", "input"}


def test_the_core_has_no_dependency():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert re.search(r"^dependencies = \[\]$", text, flags=re.M)


def test_import_is_light(python):
    code = "import sys; before = set(sys.modules); import gcscope; print(sorted(set(sys.modules) - before))"
    assert python("-c", code).out == "['gcscope']\n"


def test_every_word_is_there_and_documented():
    import gcscope

    assert set(gcscope.__all__) <= set(dir(gcscope))
    for word in gcscope.__all__:
        assert getattr(gcscope, word).__doc__, word
    with pytest.raises(AttributeError, match="module 'gcscope' has no attribute 'nonsense'"):
        _ = gcscope.nonsense
    assert sys.modules["gcscope"].Person is _core.Person
