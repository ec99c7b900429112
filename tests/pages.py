"""What a page of the documentation shows, as files, sessions and commands that can be run.

    ```python      that begins with `# name.py`: a file of that name
    ```pycon       a session; those of a page are one, in the __main__ of a process of its own
    ```console     commands (`$ ...`), each with what it prints

Each fence may be indented no further than the page's margin.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from support import PLAIN_ENV, ROOT

DOCS = ROOT / "docs"


def blocks(text, language):
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.M | re.S)


def files(text):
    """The files that a page shows, by name."""
    shown = [re.match(r"# (\w+\.py)\b", block) for block in blocks(text, "python")]
    return {match[1]: match.string for match in shown if match}


def commands(text):
    """The commands that a page shows, in pairs with what they print."""
    return re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", "".join(blocks(text, "console")), flags=re.M)


def lay(text, folder):
    """Write the files of a page into a folder."""
    for name, source in files(text).items():
        (folder / name).write_text(source, encoding="utf-8")


def run_command(command, folder):
    """Run a command as a shell does, where python is this interpreter; both streams together."""
    script = f'python() {{ "{sys.executable}" "$@"; }}; {command}'
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        env={**os.environ, **PLAIN_ENV},
    )
    return done.stdout


SESSION = """
import doctest, re, sys
text = open({path!r}, encoding="utf-8").read()
text = "\\n".join(re.findall(r"^```pycon\\n(.*?)^```$", text, flags=re.M | re.S))
test = doctest.DocTestParser().get_doctest(text, {{}}, "page", {path!r}, 0)
test.globs = globals()  # not a copy: a chain of references begins at this module
class Checker(doctest.OutputChecker):
    def check_output(self, want, got, flags):
        want, got = (re.sub({figures!r}, "N", text) for text in (want, got))
        return super().check_output(want, got, flags)
runner = doctest.DocTestRunner(checker=Checker())
result = runner.run(test, clear_globs=False)
print(result.attempted, result.failed)
"""


def session(path, figures):
    """A program that runs the sessions of a page, and prints how many examples, and failures."""
    return SESSION.format(path=str(Path(path)), figures=figures)
