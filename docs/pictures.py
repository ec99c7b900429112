"""The pictures of the README and the documentation, of real objects; needs Graphviz.

And Chromium for page.png.

python docs/pictures.py          writes them anew into docs/
python docs/pictures.py FOLDER   writes them there
"""

import gc
import os
import re
import shutil
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


def retry(picture, page):
    """Draw what the program of the README leaves, and take a page of it, by commands."""
    readme = (HERE.parent / "README.md").read_text(encoding="utf-8")
    gcscope_ = [sys.executable, "-m", "gcscope"]
    with tempfile.TemporaryDirectory() as folder:
        program = re.search(r"^```python\n(# retry.py.*?)^```", readme, flags=re.M | re.S)[1]
        Path(folder, "retry.py").write_text(program, encoding="utf-8")
        for command in (
            ("run", "-q", "-o", "before.json", "retry.py"),
            ("show", "before.json", "-o", str(picture)),
            ("show", "before.json", "--html", "report.html"),
        ):
            subprocess.run([*gcscope_, *command], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        take(Path(folder, "report.html"), page)


def take(file, picture):
    """Take the top of a page as Chromium shows it, where that is."""
    chromium = shutil.which(os.environ.get("CHROMIUM", "chromium"))
    if chromium is None:
        return
    look = ["--headless", "--no-sandbox", "--hide-scrollbars", "--window-size=1000,960"]
    shot = [f"--screenshot={picture}", file.as_uri()]
    subprocess.run([chromium, *look, *shot], check=True, stderr=subprocess.DEVNULL)


def main(folder):
    """Draw them."""
    gc.collect()
    lecture().save(folder / "lecture.svg")
    retry(folder / "retry.svg", folder / "page.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else HERE)
