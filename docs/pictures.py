"""The README's pictures, drawn of real objects; needs Graphviz.

python docs/pictures.py          writes them anew into docs/
python docs/pictures.py FOLDER   writes them there
"""

import gc
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import gcscope
from gcscope import Person

HERE = Path(__file__).resolve().parent


def lecture():
    """Film two friends, and both names go; in variables of the module, as in the lecture."""
    global p1, p2
    p1, p2 = Person("Michael"), Person("Sarah")
    p1.befriend(p2)
    with gcscope.film(p1, p2, containers=True) as film:
        film.frame("Michael and Sarah are friends: a name and a list hold each of them")
        del p1, p2
        film.frame("both names are gone: nothing leads to them, and each still counts 1")
        gcscope.collect()
        film.frame("the collector has run")
    return film


def retry(picture):
    """Draw what the program of the README leaves, by the commands there."""
    readme = (HERE.parent / "README.md").read_text(encoding="utf-8")
    gcscope_ = [sys.executable, "-m", "gcscope"]
    with tempfile.TemporaryDirectory() as folder:
        program = re.search(r"^```python\n(# retry.py.*?)^```", readme, flags=re.M | re.S)[1]
        Path(folder, "retry.py").write_text(program, encoding="utf-8")
        for command in (
            ("run", "-q", "-o", "before.json", "retry.py"),
            ("show", "before.json", "-o", str(picture)),
        ):
            subprocess.run([*gcscope_, *command], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def main(folder):
    """Draw them."""
    gc.collect()
    lecture().save(folder / "lecture.svg")
    retry(folder / "retry.svg")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else HERE)
