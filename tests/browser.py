"""Look in a real browser, Chromium: at the notebooks in JupyterLab, and at pages of records.

`make browser`, or `python tests/browser.py [FOLDER [TRIAL ...]]`: some minutes. Screenshots go to
FOLDER (build/browser), light and dark; what is wrong is printed at the end, and the exit code is 1.
A trial is a row of TRIALS.

Each of the notebooks is looked at as somebody has it who

* opens it and runs nothing: JupyterLab does not trust it, and shows PNG;
* trusts it and runs nothing: SVG;
* runs it, with Graphviz and ipywidgets: SVG, and films with a slider;
* runs it without Graphviz: Mermaid;
* saves it and comes back when its kernel is gone;
* makes a page of it by nbconvert;

and the magics as somebody types them. What page_browser.py says of pages of records comes last.
Every picture has to be there, whole, on a white card; every
text readable on what is behind it; nothing wider than its place; a film has to move with its
slider.

Needs the extra `browser`, Graphviz, and Chromium (`chromium` on PATH, or what CHROMIUM names).
"""

import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import nbformat
from playwright.sync_api import Error as BrowserError
from playwright.sync_api import sync_playwright

from chromium import Failed
from page_browser import try_record_pages

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
WIDTH, PAGE_HEIGHT = 1280, 1500  # pixels; of a screenshot
SECONDS_TO_RUN = 120  # one notebook
SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    # all cells are on the page, seen or not
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
    # as docs/how-to/teaching.md advises
    "@jupyter-widgets/jupyterlab-manager/plugin": {"saveState": True},
}
MAGICS = [
    "import gc\nfrom gcscope import Person, draw\n%load_ext gcscope",
    "michael, sarah = Person('Michael'), Person('Sarah')\nmichael.befriend(sarah)\nmichael",
    "%gcscope michael",
    "%%gcscope\ndef ring():\n    a, b = Person('Ann'), Person('Bob')\n    a.befriend(b)\nring()",
    "%gcscope nobody",
    "draw(michael)",
]
SHOWN_BY_MAGICS = (
    "michael: a gcscope.Person, 9 references",
    "alive because: sys.modules['__main__'].michael",
    "UsageError: %gcscope nobody: NameError: name 'nobody' is not defined",
)

HELPERS = "".join(
    Path(__file__).with_name(name).read_text(encoding="utf-8")
    for name in ("contrast.js", "browser.js")
)


class Complaints:
    """What was found wrong, and the number of checks that were made."""

    def __init__(self):
        self.made = 0
        self.found = []

    def check(self, is_right, complaint):
        """Note a complaint if something is not right."""
        self.made += 1
        if not is_right:
            self.found.append(complaint)
            print(f"  WRONG: {complaint}", flush=True)


# ----------------------------------------------------------------------------- JupyterLab


def environment(home, with_graphviz):
    """Variables of a server with settings of its own; without Graphviz, a PATH that has none."""
    own = {
        "JUPYTER_CONFIG_DIR": f"{home}/config",
        "JUPYTER_DATA_DIR": f"{home}/data",
        "IPYTHONDIR": f"{home}/ipython",
        "PYTHONPATH": os.pathsep.join([f"{home}/modules", str(ROOT / "python")]),
    }
    folders = [str(Path(sys.executable).parent)]
    if with_graphviz:
        folders.append(os.environ["PATH"])
    else:  # it is found first, and draws nothing
        Path(home, "modules", "pygraphviz").mkdir(parents=True)
        Path(home, "modules", "pygraphviz", "__init__.py").touch()
    return os.environ | own | {"PATH": os.pathsep.join(folders)}


def free_port():
    """Find a port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Lab:
    """A server of JupyterLab, and the folder with what it shows."""

    def __init__(self, home, url, env):
        self.work = Path(home, "work")
        self.url = url
        self.env = env

    def trust(self):
        """Trust the notebooks as they are."""
        names = sorted(map(str, self.work.glob("*.ipynb")))
        command = [sys.executable, "-m", "jupyter", "trust", *names]
        subprocess.run(command, env=self.env, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def lab(with_graphviz=True):
    """JupyterLab on a copy of the notebooks."""
    with tempfile.TemporaryDirectory() as home:
        shutil.copytree(NOTEBOOKS, f"{home}/work")
        write_magics(Path(home, "work", "magics.ipynb"))
        for name, setting in SETTINGS.items():
            file = Path(home, f"config/lab/user-settings/{name}.jupyterlab-settings")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(setting))
        port, env = free_port(), environment(home, with_graphviz)
        command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root"]
        command += [f"--port={port}", "--ServerApp.port_retries=0", "--expose-app-in-browser"]
        command += ["--IdentityProvider.token=", "--LabApp.news_url=None"]
        with open(f"{home}/log", "w") as log:
            server = subprocess.Popen(command, cwd=f"{home}/work", env=env, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(f"{url}/api", Path(home, "log"))
            yield Lab(home, url, env)
        finally:
            server.terminate()
            server.wait()


def wait_for(url, log):
    """Wait until a server answers."""
    until = time.monotonic() + 90
    while True:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise SystemExit(f"JupyterLab does not come up:\n{log.read_text()}") from None
            time.sleep(0.3)


def write_magics(path):
    """Write a notebook of what somebody types who tries the magics."""
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in MAGICS]
    notebook.cells[4].metadata["tags"] = ["raises-exception"]
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, path)


# ------------------------------------------------------------------------------- the page


@contextmanager
def opened(browser, server, name):
    """A notebook in JupyterLab, with nothing beside it."""
    page = browser.new_page(viewport={"width": WIDTH, "height": PAGE_HEIGHT})
    page.set_default_timeout(60_000)
    page.add_init_script(HELPERS)
    page.goto(f"{server.url}/doc/tree/{name}")
    page.wait_for_selector(".jp-Notebook .jp-CodeCell")
    page.wait_for_function("() => gcscope.isReady()")
    try:
        yield page
    finally:
        page.evaluate("() => gcscope.saveNothing()")
        page.close()


def run_all(page):
    """Run all cells of the notebook, in a kernel of its own."""
    page.evaluate("() => gcscope.runAll()")
    page.wait_for_function("() => gcscope.haveRun()", timeout=SECONDS_TO_RUN * 1000)
    settle(page)


def settle(page):
    """Wait until the page does not change any more: pictures are loaded, and Mermaid has drawn."""
    page.wait_for_function("() => gcscope.isSettled()", polling=400)


def set_theme(page, theme):
    """Change the theme, and wait until it is seen."""
    page.evaluate("name => gcscope.setTheme(name)", THEMES[theme])
    page.wait_for_function(
        "isLight => document.body.dataset.jpThemeLight === String(isLight)", arg=theme == "light"
    )
    page.wait_for_timeout(700)
    settle(page)


def shoot(page, folder, name):
    """Take the whole notebook, in screenshots of PAGE_HEIGHT."""
    page.evaluate("() => gcscope.toTheTop()")
    height = page.evaluate("() => gcscope.heightOfAll()")
    page.set_viewport_size({"width": WIDTH, "height": height})
    settle(page)
    page.evaluate("() => gcscope.toTheTop()")
    page.wait_for_timeout(200)
    for number, top in enumerate(range(0, height, PAGE_HEIGHT), 1):
        part = {"x": 0, "y": top, "width": WIDTH, "height": min(PAGE_HEIGHT, height - top)}
        page.screenshot(path=folder / f"{name}-{number}.png", clip=part)
    page.set_viewport_size({"width": WIDTH, "height": PAGE_HEIGHT})


def look(page, folder, name, complaints, themes=THEMES):
    """Take the page in each theme; whatever is on it has to be whole and readable."""
    for theme in themes:
        set_theme(page, theme)
        shoot(page, folder, f"{name}-{theme}")
        for fault in page.evaluate("() => gcscope.faults()"):
            complaints.check(False, f"{name}, {theme}: {fault}")
        complaints.check(page.evaluate("() => gcscope.textsSeen()") > 0, f"{name}: no text")


def count(page, form):
    """How many outputs of a form there are on the page: "png", "svg", "mermaid", "slider"."""
    return page.evaluate("form => gcscope.count(form)", form)


def expect(page, name, complaints, **numbers):
    """Check how many outputs there are of each form."""
    for form, number in numbers.items():
        found = count(page, form)
        complaints.check(found == number, f"{name}: {found} of form {form}, not {number}")


# -------------------------------------------------------------------------- what is tried


def notebooks():
    """Return the notebooks with the number of pictures and of films in each."""
    found = {}
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        outputs = [
            output
            for cell in nbformat.read(path, as_version=4).cells
            for output in cell.get("outputs", [])
        ]
        pictures = [one for one in outputs if "image/svg+xml" in one.get("data", {})]
        films = [one for one in pictures if "<title>A film of" in one.data["image/svg+xml"]]
        found[path.name] = (len(pictures), len(films))
    return found


def try_not_run(browser, folder, complaints):
    """Open each notebook and run nothing, before it is trusted and after."""
    with lab() as server:
        for name, (pictures, _) in notebooks().items():
            with opened(browser, server, name) as page:
                settle(page)
                expect(page, f"{name}, not trusted", complaints, png=pictures, svg=0)
                look(page, folder, f"untrusted-{name[:2]}", complaints)
        server.trust()
        for name, (pictures, _) in notebooks().items():
            with opened(browser, server, name) as page:
                settle(page)
                expect(page, f"{name}, trusted", complaints, png=0, svg=pictures)
                look(page, folder, f"trusted-{name[:2]}", complaints, ("dark",))


def try_run(browser, folder, complaints):
    """Run each notebook, with Graphviz and ipywidgets."""
    with lab() as server:
        for name, (pictures, films) in notebooks().items():
            with opened(browser, server, name) as page:
                run_all(page)
                expect(page, f"{name}, run", complaints, svg=pictures - films, slider=films)
                look(page, folder, f"run-{name[:2]}", complaints)
                move_films(page, f"{name}, run", folder / f"run-{name[:2]}", complaints)
        with opened(browser, server, "magics.ipynb") as page:
            run_all(page)
            text = page.inner_text(".jp-Notebook")
            for shown in SHOWN_BY_MAGICS:
                complaints.check(shown in text, f"the magics do not show {shown!r}")
            expect(page, "the magics", complaints, svg=3)
            look(page, folder, "magics", complaints)


def try_without_graphviz(browser, folder, complaints):
    """Run each notebook where there is no Graphviz: Mermaid draws for the theme that there is."""
    shown = [(name, *counts) for name, counts in notebooks().items() if counts[0]]
    with lab(with_graphviz=False) as server:
        for (name, pictures, films), theme in itertools.product(shown, THEMES):
            with opened(browser, server, name) as page:
                set_theme(page, theme)
                run_all(page)
                title, stem = f"{name}, {theme}, without Graphviz", f"mermaid-{name[:2]}"
                # a film has one of its frames on the page
                expect(page, title, complaints, svg=0, png=0, mermaid=pictures, slider=films)
                look(page, folder, stem, complaints, (theme,))
                move_films(page, title, folder / f"{stem}-{theme}", complaints)


def move_films(page, name, stem, complaints):
    """Move the slider of each film to its end: each step has to show something else."""
    for number in range(count(page, "slider")):
        film = page.locator(".jp-OutputArea-output:has(.widget-slider)").nth(number)
        steps = page.evaluate("number => gcscope.stepsOf(number)", number)
        seen = [film.inner_text()]
        film.locator(".noUi-handle").first.focus()
        for step in range(1, steps + 1):
            page.keyboard.press("ArrowRight")
            page.wait_for_timeout(300)
            settle(page)
            seen.append(film.inner_text())
            film.screenshot(path=f"{stem}-film{number + 1}-{step + 1}.png")
            for fault in page.evaluate("() => gcscope.faults()"):
                complaints.check(False, f"{name}, film {number + 1}, step {step + 1}: {fault}")
        complaints.check(steps > 1, f"{name}: film {number + 1} has no steps")
        complaints.check(
            len(set(seen)) == steps + 1, f"{name}: film {number + 1} does not move with its slider"
        )


def try_saved(browser, folder, complaints):
    """Run a notebook with a film, save it, and open it when its kernel is gone."""
    with lab() as server:
        name, (pictures, films) = next(
            (name, counts) for name, counts in notebooks().items() if counts[1]
        )
        with opened(browser, server, name) as page:
            run_all(page)
            page.evaluate("() => gcscope.save()")
        with opened(browser, server, name) as page:
            page.wait_for_selector(".widget-slider")
            settle(page)
            shown = {"svg": pictures - films, "slider": films}
            expect(page, f"{name}, saved and opened again", complaints, **shown)
            look(page, folder, f"saved-{name[:2]}", complaints)
            move_films(page, f"{name}, saved", folder / f"saved-{name[:2]}", complaints)


def try_pages(browser, folder, complaints):
    """Make pages of the notebooks as they are kept."""
    with tempfile.TemporaryDirectory() as made:
        names = [str(NOTEBOOKS / name) for name in notebooks()]
        for form in ("html", "markdown"):
            command = [sys.executable, "-m", "jupyter", "nbconvert", "--to", form]
            command += ["--output-dir", made, "--log-level=ERROR", *names]
            subprocess.run(command, check=True)
        for name, (pictures, _) in notebooks().items():
            stem = Path(name).stem
            page = browser.new_page(viewport={"width": WIDTH, "height": PAGE_HEIGHT})
            page.add_init_script(HELPERS)
            page.goto(Path(made, f"{stem}.html").as_uri())
            found = page.evaluate("() => gcscope.count('drawn')")
            complaints.check(found == pictures, f"{stem}.html: {found} pictures, not {pictures}")
            for fault in page.evaluate("() => gcscope.faults()"):
                complaints.check(False, f"{stem}.html: {fault}")
            page.screenshot(path=folder / f"html-{name[:2]}.png", full_page=True)
            page.close()
            text = Path(made, f"{stem}.md").read_text(encoding="utf-8")
            complaints.check(text.count("![") == pictures, f"{stem}.md: not {pictures} pictures")


TRIALS = {
    "not-run": try_not_run,
    "run": try_run,
    "without-graphviz": try_without_graphviz,
    "saved": try_saved,
    "pages": try_pages,
    "record-pages": try_record_pages,
}


def main(folder, names):
    """Try all, or what is named; return what the process ends with."""
    folder.mkdir(parents=True, exist_ok=True)
    complaints = Complaints()
    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if program is None or shutil.which("dot") is None:
        raise SystemExit("Chromium and Graphviz are needed: apt-get install chromium graphviz")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for name in names or TRIALS:
            begun = time.monotonic()
            print(f"{name} ...", flush=True)
            try:
                TRIALS[name](browser, folder, complaints)
            except (BrowserError, Failed) as error:
                complaints.check(False, f"{name}: {error}")
            print(f"{name}: {time.monotonic() - begun:.0f} s", flush=True)
        browser.close()
    print(f"{complaints.made} checks, {len(complaints.found)} wrong; screenshots in {folder}")
    for complaint in complaints.found:
        print(f"  {complaint}")
    return 1 if complaints.found or not complaints.made else 0


if __name__ == "__main__":
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "browser"
    sys.exit(main(where, sys.argv[2:]))
