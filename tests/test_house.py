"""House rules, held by tests that read the folders.

Ranks, one way of the data, no hidden state, plain words.
"""

import ast
import io
import re
import shutil
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

from gcscope import _core
from mutations import MUTATIONS

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src"

# A folder includes only itself and those before it.
FOLDERS = ["base", "graph", "heap", "labels", "runtime", "types", "query", "follow", "."]
SEE_PRIVATE = ("interp", "interp_tables", "interp_child", "interp_world", "interp_alive")
ENGINE = ("base/vec", "graph", "heap/addrmap", "heap/collector")  # integers only


def code_of(path):
    """The text without comments and strings."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S)
    return re.sub(r'"(?:\\.|[^"\\])*"', '""', text)


def sources():
    return sorted([*SRC.rglob("*.c"), *SRC.rglob("*.h")])


def name_of(path):
    return path.relative_to(SRC).as_posix()


def includes_of(path):
    return re.findall(r'#include "([\w/]+\.\w+)"', path.read_text(encoding="utf-8"))


def rooms_of(folder):
    """The sources of a folder. A test takes a folder: each test more makes the heap larger."""
    return sorted((SRC / folder).glob("*.[ch]"))


def test_every_folder_has_a_rank():
    assert {path.parent.relative_to(SRC).as_posix() for path in sources()} == set(FOLDERS)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_room_includes_its_own_and_lower_folders_only(folder):
    for path in rooms_of(folder):
        for included in includes_of(path):
            if not included.startswith("internal/"):
                told = path, included
                assert (SRC / included).suffix == ".h" and (SRC / included).is_file(), told
                rank = FOLDERS.index(Path(included).parent.as_posix())
                assert rank <= FOLDERS.index(folder), told


def test_no_circle_of_includes():
    includes = {name_of(path): includes_of(path) for path in sources() if path.suffix == ".h"}
    assert circle_in(includes) is None


def circle_in(graph):
    """A circle of a dict of lists, or None."""
    done, open_ = set(), []

    def visit(node):
        if node in open_:
            return [*open_[open_.index(node) :], node]
        if node in done or node not in graph:
            return None
        open_.append(node)
        found = next(filter(None, map(visit, graph[node])), None)
        open_.pop()
        done.add(node)
        return found

    return next(filter(None, map(visit, graph)), None)


@pytest.mark.parametrize("folder", FOLDERS)
def test_private_headers_and_versions_have_their_rooms(folder):
    for path in rooms_of(folder):
        text = path.read_text(encoding="utf-8")
        if path.stem not in SEE_PRIVATE:
            assert "pycore_" not in text and "Py_BUILD_CORE" not in code_of(path), path
        assert "pycore_gc" not in text, path
        if path.stem not in (*SEE_PRIVATE, "compat"):
            assert "PY_VERSION_HEX" not in code_of(path), path


MAKES_OBJECTS = re.compile(
    r"\bPy\w+_(New|From\w+|Append|SetItem|Call\w*)\s*\(|\bPyErr_|Py_BuildValue"
)


def test_the_engine_makes_no_python_object():
    for path in sources():
        if name_of(path).startswith(("graph/", "heap/", *ENGINE)):
            assert not MAKES_OBJECTS.search(code_of(path)), path
        if name_of(path).startswith(ENGINE):
            assert "PyObject" not in code_of(path), path


def test_nothing_is_sorted_by_qsort():
    """It may ask malloc, which a forked child that looks must not."""
    assert not [path for path in sources() if re.search(r"\bqsort\w*\(", code_of(path))]


def test_no_backward_goto_and_no_recursion_by_name():
    for path in SRC.rglob("*.c"):
        text = code_of(path)
        assert "goto" not in text
        for match in re.finditer(r"^(\w+)\([^;{]*\)\n\{\n(.*?)^\}", text, flags=re.M | re.S):
            name, body = match.groups()
            assert not re.search(rf"(?<![\w.>]){name}\s*\(", body), (
                f"{path.name}: {name} calls itself"
            )


# What the linker sees as writable data: tables that the C API wants as non-const, and nothing that
# changes.
WRITABLE = re.compile(
    r"(_methods|_members|_getset|_slots|_spec|_module|_def|_words|_table|_fields)(\.\d+)?$|^(keywords|completed)(\.\d+)?$|^__|^_|^gcscope_module$"
)


@pytest.mark.skipif(shutil.which("nm") is None, reason="needs nm")
def test_no_mutable_static_and_one_exported_symbol():
    listing = subprocess.run(
        ["nm", _core.__file__], capture_output=True, text=True, check=True
    ).stdout
    symbols = [line.split()[-2:] for line in listing.splitlines()]
    if not symbols or "asan" in listing or "gcov" in listing:
        pytest.skip("no symbols, or a build with instruments of its own")
    assert [name for kind, name in symbols if kind in "bBdD" and not WRITABLE.search(name)] == []
    exported = subprocess.run(
        ["nm", "-D", "--defined-only", _core.__file__], capture_output=True, text=True
    ).stdout
    names = {line.split()[-1] for line in exported.splitlines()} - {"_init", "_fini"}
    assert names == {"PyInit__core"}


# ------------------------------------------------------------------------ names

# Words that meant something here alone. They stay out of names of files and of what code defines.
DIALECT = """
    bar births crowd fall holding inquiry lending lent offer owners projection roll scene sketch
    stage stories story taken telling teller thing visitor
""".split()
AGREED = re.compile("roll_?call", flags=re.I)  # the set of objects as numbers


def words_of(name):
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", AGREED.sub("", name))
    return {part.lower() for part in parts}


def names_in(path):
    """The identifiers of a source file, and its own name."""
    yield path.stem
    if path.suffix in (".c", ".h"):
        yield from re.findall(r"[A-Za-z_]\w*", code_of(path))
    else:
        for token in tokenize.generate_tokens(
            io.StringIO(path.read_text(encoding="utf-8")).readline
        ):
            if token.type == tokenize.NAME:
                yield token.string


@pytest.mark.parametrize("files", ["src/**/*.[ch]", "python/**/*.py", "python/**/*.pyi"])
def test_names_are_of_the_field(files):
    paths = sorted(ROOT.glob(files))
    assert paths
    for path in paths:
        assert not [name for name in names_in(path) if words_of(name) & set(DIALECT)], path


# These let signal handlers run, whose exceptions would be lost in a gc callback, and on 3.12 a
# collection that is due, over borrowed pointers.
CHECKS_SIGNALS = re.compile(r"%[RSA]|PyObject_(Str|Repr|ASCII|Print)\b|PyErr_CheckSignals")


@pytest.mark.parametrize("folder", FOLDERS)
def test_nothing_in_a_pass_lets_signals_in(folder):
    for path in rooms_of(folder):
        text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S)
        found = CHECKS_SIGNALS.findall(text)
        assert len(found) == (name_of(path) == "types/person.c"), path  # the repr of a Person


@pytest.mark.parametrize("folder", FOLDERS)
def test_lines_end_at_100_columns(folder):
    """Of Python code ruff tells that."""
    for path in rooms_of(folder):
        lines = path.read_text(encoding="utf-8").split("\n")
        assert not [line for line in lines if len(line) > 100], path


def test_each_mutation_has_its_line():
    """A row whose old text has moved breaks nothing, and make mutations ends there."""
    texts = {row.file: (ROOT / row.file).read_text(encoding="utf-8") for row in MUTATIONS}
    assert not [row.name for row in MUTATIONS if texts[row.file].count(row.old) != 1]


# ---------------------------------------------------------------------------- Python

PACKAGE = ROOT / "python/gcscope"
# What each folder may use besides itself: the words (api) and what is above them; never a face.
MAY_USE = {
    "model": set(),
    "explain": {"model"},
    "render": {"model"},
    "api": {"model", "explain", "render"},
    "live": {"model", "explain", "render", "api"},
    "pytest_plugin": {"model", "api"},
    "cli": {"model", "api", "live"},
    "jupyter": {"model", "api"},
}
KNOW_CORE = {"", "api", "explain", "live"}
# The one hop upwards: a record finds the text that is written of it.
THE_HOP = ("gcscope.model.record", "gcscope.render.hop")


def module_of(path):
    name = path.relative_to(PACKAGE.parent).with_suffix("").as_posix().replace("/", ".")
    return name.removesuffix(".__init__")


MODULES = {module_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imports_of(path):
    """The modules of gcscope that one imports, wherever the import stands.

    Inside a function, or for types only.
    """
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            for name in inner:
                known = name in MODULES or name == "gcscope._core"
                if known or (node.module or "").split(".")[0] == "gcscope":
                    yield name if known else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "gcscope")


def folder_of(module):
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and (PACKAGE / parts[1]).is_dir() else ""


@pytest.mark.parametrize("folder", ["", *MAY_USE])
def test_a_module_uses_the_folders_that_it_may(folder):
    modules = [module for module in MODULES if folder_of(module) == folder]
    assert modules
    for module in modules:
        check_imports(module)


def check_imports(module):
    own = folder_of(module)
    for imported in imports_of(MODULES[module]):
        if imported == "gcscope._core":
            assert own in KNOW_CORE, module
        elif own and imported != "gcscope" and (module, imported) != THE_HOP:
            assert folder_of(imported) in MAY_USE[own] | {own}, (module, imported)
        elif own and imported == "gcscope":
            assert own in ("cli", "pytest_plugin", "jupyter"), (
                f"{module}: only a face asks for the words by the package's name"
            )


def test_no_circle_of_imports():
    graph = {
        name: [other for other in imports_of(path) if (name, other) != THE_HOP]
        for name, path in MODULES.items()
    }
    assert circle_in(graph) is None


@pytest.mark.parametrize("module", [name for name in MODULES if folder_of(name) == "render"])
def test_renderers_have_no_input_or_output(module):
    if module.rsplit(".", 1)[-1] not in ("formats", "graphviz"):
        tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
        assert not {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} & {
            "print",
            "open",
            "input",
        }


def test_the_core_has_no_dependency():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert re.search(r"^dependencies = \[\]$", text, flags=re.M)


def test_import_is_light(python):
    code = (
        "import sys; before = set(sys.modules); import gcscope; print(sorted(set(sys.modules) - "
        "before))"
    )
    assert python("-c", code).out == "['gcscope']\n"


def test_every_word_is_there_and_documented():
    import gcscope

    assert set(gcscope.__all__) <= set(dir(gcscope))
    for word in gcscope.__all__:
        assert getattr(gcscope, word).__doc__, word
    with pytest.raises(AttributeError, match="module 'gcscope' has no attribute 'nonsense'"):
        _ = gcscope.nonsense
    assert sys.modules["gcscope"].Person is _core.Person


def test_type_checkers_know_the_same_words():
    tree = ast.parse(MODULES["gcscope"].read_text(encoding="utf-8"))
    (typed,) = (node for node in tree.body if isinstance(node, ast.If))
    homes = {alias.asname: line.module for line in typed.body for alias in line.names}
    import gcscope

    assert homes == {word: f"gcscope.{home}" for word, home in gcscope._HOMES.items()}
