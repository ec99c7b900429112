"""What the site makes of the project: notebooks, links, docstrings, the options of pytest.

An extension of Sphinx. A page is written so that it reads where it stands in the repository; what
that needs to read on the site is done here.
"""

import builtins
import json
import os
import re
import shutil
import textwrap
from pathlib import Path, PurePosixPath

from sphinx.addnodes import pending_xref
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import find_pending_xref_condition

import gcscope
from gcscope import Film, pytest_plugin
from gcscope.api.growth import GrowthWatch
from gcscope.api.watch import Watch
from gcscope.cli import commands
from gcscope.cli.commands import _parsers
from gcscope.model.record import Record
from gcscope.render.json import kinds

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
NOTEBOOKS = "notebooks"
PAGES_OF_NOTEBOOKS = "tutorial"
ADDRESS = "https://github.com/gcscope/gcscope"


# ----------------------------------------------------------------- notebooks and links


def copy_notebooks():
    """Put the notebooks among the pages, which is where Sphinx looks."""
    for notebook in sorted((ROOT / NOTEBOOKS).glob("*.ipynb")):
        copy = HERE / PAGES_OF_NOTEBOOKS / notebook.name
        if not copy.exists() or copy.read_bytes() != notebook.read_bytes():
            shutil.copyfile(notebook, copy)


def on_the_site(link, page):
    """Return where a relative link leads on the site; page: the file that has it, from the root.

    A notebook is a page; what is no page is looked up in the repository. None for a link that is
    right as it is.
    """
    path, mark, anchor = link.partition("#")
    target = PurePosixPath(os.path.normpath(page.parent / path))
    if target.parts[:1] == (NOTEBOOKS,):
        name = "index.md" if len(target.parts) == 1 else target.name
        return f"/{PAGES_OF_NOTEBOOKS}/{name}{mark}{anchor}"
    if target.parts[:1] == ("docs",):
        return f"/{target.relative_to('docs')}{mark}{anchor}"
    if not (ROOT / target).exists():
        return None  # Sphinx tells that it is broken
    kind = "tree" if (ROOT / target).is_dir() else "blob"
    return f"{ADDRESS}/{kind}/main/{target}{mark}{anchor}"


def relink(app, docname, source):
    """Let the relative links of a page, or of a notebook's texts, lead to where the site has it.

    The empty line at the end of a session is there for doctest.
    """
    name = PurePosixPath(docname)
    is_notebook = name.parts[0] == PAGES_OF_NOTEBOOKS and name.name != "index"
    page = PurePosixPath(NOTEBOOKS, name.name) if is_notebook else PurePosixPath("docs", name)

    def relinked(link):
        return f"]({on_the_site(link[1], page) or link[1]})"

    text = re.sub(r"\]\((?![a-z]+:|[#/])([^()\s]+)\)", relinked, source[0])
    source[0] = re.sub(r"\n\n```$", "\n```", text, flags=re.M)


# -------------------------------------------------------------------------- docstrings


def as_rst(*event):
    """Make reStructuredText of a docstring: `code`, public words as links, indented code."""
    lines = event[-1]
    made = []
    for line in lines:
        if not line.startswith("    "):
            made.append(_text_as_rst(line))
            continue
        before = [other for other in made if other.strip()]
        if not made[-1].strip() and not before[-1].startswith("    "):
            made += [".. code-block:: python", ""]
        made.append(line)
    lines[:] = made


def _text_as_rst(line):
    parts = re.split(r"`([^`]+)`(?=(\w?))", re.sub(r"^\* ", "\0", line))
    made = [parts[0].replace("*", r"\*")]
    for code, after, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        word = code.removeprefix("gcscope.")
        is_field = made[-1].lower().endswith("its ")
        is_word = word in gcscope.__all__ and not is_field
        made.append(f":py:obj:`{word} <gcscope.{word}>`" if is_word else f"``{code}``")
        made.append(("\\ " if after else "") + text.replace("*", r"\*"))
    return "".join(made).replace("\0", "* ")


def without_signature(app, what, name, obj, *_):
    """Leave out how classes are called that nobody but gcscope makes."""
    if what == "class" and issubclass(obj, (Record, Film, Watch, GrowthWatch)):
        return "", None
    return None


def without_builtins(app, doctree):
    """Let `bytes` in a signature be that, and not a field that is called so."""
    for node in list(doctree.findall(pending_xref)):
        if node["refdomain"] == "py" and hasattr(builtins, node["reftarget"]):
            short = find_pending_xref_condition(node, "resolved")
            node.replace_self(node.children if short is None else short.children)


def find_record(app, env, node, contnode):
    """Resolve the name of a record that a signature or a field's type has, wherever it is from."""
    name = node["reftarget"].rpartition(".")[2]
    objects = env.get_domain("py").objects
    full = next((known for known in objects if known.endswith(f".{name}")), None)
    if node["refdomain"] != "py" or full is None or not name[:1].isupper():
        return None
    found = pending_xref("", refdomain="py", reftype="obj", reftarget=full, refexplicit=True)
    domain = env.get_domain("py")
    return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", full, found, contnode)


# ------------------------------------------------------- command line, pytest, JSON


def _entry(kind, title, help):
    return [f".. {kind}:: {title}", "", f"   {_text_as_rst(help or '')}", ""]


def _options(parser):
    """Write the arguments of a parser: each by its names, what it takes, and its help."""
    made = []
    for action in parser._actions:
        values = parser._get_formatter()._format_args(action, (action.dest or "").upper())
        names = [f"{name} {values}".rstrip() for name in action.option_strings] or [values]
        help = parser._get_formatter()._expand_help(action) if action.help else ""
        made += _entry("option", ", ".join(names), help)
    return made


class Command(SphinxDirective):
    """`command`: what a command of gcscope takes, as its parser says it."""

    required_arguments = 1

    def run(self):
        """Write the usage, the description and the options of one command."""
        name = self.arguments[0]
        parser = _parsers()[1][name]
        parser.prog = f"gcscope {name}"
        usage = parser.format_usage().replace("python -m gcscope", "gcscope")
        usage = textwrap.wrap(" ".join(usage.split()), 80, subsequent_indent=" " * 7)
        lines = [parser.description or f"{commands.COMMANDS[name].HELP}.", "", "::", ""]
        lines += [f"   {line}" for line in usage] + ["", f".. program:: gcscope {name}", ""]
        return self.parse_text_to_nodes("\n".join(lines + _options(parser)))


class PytestOptions(SphinxDirective):
    """`pytest-options`: the options, ini keys and marks of the plugin, as it registers them."""

    def getgroup(self, name, description):
        """Take the options of a group, as the parser of pytest does."""
        return self

    def addoption(self, name, *, metavar="", help, **_):
        """Take an option."""
        self.lines += _entry("option", f"{name} {metavar}".rstrip(), help)

    def addini(self, name, help, default="", **_):
        """Take a key of the ini file."""
        self.lines += _entry("confval", name, f"{help} (default: {default})" if default else help)

    def run(self):
        """Let the plugin register all of it here."""
        self.lines = [".. program:: pytest", ""]
        pytest_plugin.pytest_addoption(self)
        for mark in pytest_plugin._MARKS:
            self.lines += _entry("describe", *f"@pytest.mark.{mark}".split(": ", 1))
        return self.parse_text_to_nodes("\n".join(self.lines))


class Kinds(SphinxDirective):
    """`kinds`: the documents that gcscope writes, as its JSON Schema has them."""

    def run(self):
        """Make the list of their kinds, each with the fields that it must have."""
        schema = json.loads((ROOT / "python/gcscope/gcscope-2.schema.json").read_text("utf-8"))
        lines = []
        for kind, record in kinds().items():
            needed = schema["$defs"][f"{kind}-document"]["required"][2:]
            fields = ", ".join(f"`{field}`" for field in needed)
            lines.append(f"* {{py:obj}}`{kind} <gcscope.{record.__name__}>`: {fields}")
        return self.parse_text_to_nodes("\n".join(lines))


def setup(app):
    """Connect all of that with Sphinx."""
    copy_notebooks()
    app.connect("source-read", relink)
    app.connect("autodoc-process-docstring", as_rst)
    app.connect("autodoc-process-signature", without_signature)
    app.connect("doctree-read", without_builtins)
    app.connect("missing-reference", find_record)
    app.add_directive("command", Command)
    app.add_directive("pytest-options", PytestOptions)
    app.add_directive("kinds", Kinds)
    return {"parallel_read_safe": True}
