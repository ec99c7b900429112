"""What a page of Markdown shows: programs, commands with what they print, sessions, links."""

import os
import re
import subprocess
import sys
from pathlib import Path

from support import PLAIN_ENV, ROOT

REPOSITORY = "https://github.com/gcscope/gcscope"
RAW = "https://raw.githubusercontent.com/gcscope/gcscope/main/"
SITE = "https://gcscope.readthedocs.io/en/latest/"
# Pages show what CPython 3.11 prints; elsewhere sizes, and the number of some objects, are others.
IS_AS_SHOWN = sys.version_info[:2] == (3, 11) and not hasattr(sys, "gettotalrefcount")
# where a process comes from, how long something takes
_NEVER_THE_SAME = re.compile(
    r"pid \d+ on \S+ · \S+ · Python \S+, gcscope \S+ · gc on \(.*\).* · stopped for [\d.]+ s$"
    r"|(?<=in )[\d.]+s",
    flags=re.M,
)
_SIZES = re.compile(r"[\d.]+ (?:bytes|kB|MB)")
_NUMBERS = re.compile(
    r"\d+ (?:more )?(?:unreachable )?objects?|(?<= and )\d+ kept by it|frees all \d+"
)
_TYPES = re.compile(r"^(?:gcscope: )?  \d+  .*\n", flags=re.M)
# up to 3.11 the interpreter does not tell where a dict is filled
_FILLED = re.compile(r"filled at:? .*\n(?:\nwhere not known: .*\n)?")


def read(page):
    """The text of a page, by its path in the repository; of a struct, places as they are here."""
    text = (ROOT / page).read_text(encoding="utf-8")
    more = object.__basicsize__ - 16  # the head of an object is larger without a GIL
    return re.sub(r"\bbyte (\d+)", lambda place: f"byte {int(place[1]) + more}", text)


def blocks(page, language):
    """The blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", read(page), flags=re.M | re.S)


def _steps(page):
    """The blocks of a page in their order: (name, text) of a program, or ("", a console)."""
    for language, block in re.findall(r"^```(\w+)\n(.*?)^```", read(page), flags=re.M | re.S):
        name = re.match(r"# ([\w./-]+\.\w+)(?:: .*)?\n", block)
        if language == "console":
            yield "", block
        elif name:
            yield name[1], block


def programs(page):
    """Name -> text of the blocks that begin with the name of a file, as a comment."""
    return {name: block for name, block in _steps(page) if name}


def comparable(text):
    """What is the same in every run and, unless the pages show this very Python, on all of them."""
    text = _NEVER_THE_SAME.sub("so", text)
    if sys.version_info < (3, 12):
        text = _FILLED.sub("filled somewhere\n", text)
    if IS_AS_SHOWN:
        return text
    return _TYPES.sub("", _NUMBERS.sub("so many", same_sizes(text)))


def same_sizes(text):
    """What is the same on all versions where only sizes differ."""
    return text if IS_AS_SHOWN else _SIZES.sub("so much", text)


def write(folder, name, text):
    """Write a program of a page."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def play(page, folder, run=None, edit=str):
    """Follow a page: write its programs, run its commands. Yields (command, shown, printed).

    run: in place of shell. edit: changes a program before it is written.
    """
    for name, block in _steps(page):
        if name:
            write(folder, name, edit(block))
            continue
        _, *parts = re.split(r"^\$ (.*)\n", block, flags=re.M)
        for command, shown in zip(parts[::2], parts[1::2], strict=True):
            printed = (run or shell)(command, folder).replace(str(folder), "/home/ada/project")
            yield command, shown, printed


BESIDE = Path(sys.executable).parent


def shell(command, folder):
    """Run a command as in an activated environment; stdout and stderr together."""
    assert (BESIDE / "gcscope").exists(), f"gcscope is not installed: no command in {BESIDE}"
    return shell_with(["gcscope.pytest_plugin"], command, folder)


def shell_with(plugins, command, folder, timeout=240):
    """The same with some plugins of pytest; nothing need be installed."""
    environment = {
        **os.environ,
        **PLAIN_ENV,
        "PATH": f"{BESIDE}{os.pathsep}{os.environ['PATH']}",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_ADDOPTS": " ".join(f"-p {plugin}" for plugin in [*plugins, "no:cacheprovider"]),
    }
    for name in ("CI", "BUILD_NUMBER"):  # there pytest shortens nothing
        environment.pop(name, None)
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, timeout=timeout,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        encoding="utf-8", errors="replace",
    )  # fmt: skip
    return done.stdout


_SESSION = """
import doctest, re, sys
sys.path.append({tests!r})
from pages import read, same_sizes


class Checker(doctest.OutputChecker):
    def check_output(self, want, got, flags):
        same = str if {exact} else same_sizes
        return super().check_output(same(want), same(got), flags)


text = read({path!r})
test = doctest.DocTestParser().get_doctest(text, {{}}, "page", "page", 0)
test.globs = globals()  # not a copy: a chain of references begins at this module
result = doctest.DocTestRunner(Checker()).run(test, clear_globs=False)
print(result.attempted)
sys.exit(result.failed)
"""


def session(page, exact=False):
    """Code that runs the sessions of a page in its __main__, and prints how many examples.

    exact: sizes, too, are those of all versions.
    """
    return _SESSION.format(tests=str(ROOT / "tests"), path=page, exact=exact)


def links(text):
    """Where links and images of a Markdown text lead."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    found = re.findall(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"", text)
    return [link or image for link, image in found]


def file_of(link):
    """The file of the repository that an absolute link leads to; None if to no file of it."""
    for prefix in (f"{REPOSITORY}/blob/main/", f"{REPOSITORY}/tree/main/", RAW):
        if link.startswith(prefix):
            return ROOT / link.removeprefix(prefix)
    if link.startswith(SITE):
        page = link.removeprefix(SITE).partition("#")[0].removesuffix(".html")
        found = [ROOT / f"docs/{page}{suffix}" for suffix in (".md", ".ipynb")]
        return next(filter(Path.exists, found), found[0])
    return None
