"""Look at the notebooks in a real browser.

`python tests/browser.py FOLDER` writes screenshots there. Run by hand.

Needs JupyterLab, ipywidgets, playwright (from PyPI; no browser of its own) and Chromium (`apt-get
install chromium`). It opens JupyterLab on a copy of the notebooks, runs them, moves the film's
slider, and takes pictures in both themes; and once more with Graphviz taken off PATH, so that
JupyterLab draws Mermaid. It fails where the film does not change with its slider, and where a
picture that should be there is not.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
PORT = 8931
URL = f"http://127.0.0.1:{PORT}/lab"
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
HAVE_RUN = """() => {
    const prompts = document.querySelectorAll('.jp-Notebook .jp-CodeCell .jp-InputArea-prompt');
    return prompts.length && [...prompts].every(prompt => /\\[\\d+\\]/.test(prompt.textContent));
}"""
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {
        "windowingMode": "none"
    },  # all cells are on the page, seen or not
}


def environment(home, with_graphviz):
    """What the server runs with.

    Settings of its own; without Graphviz, a PATH that has what Jupyter needs only.
    """
    own = {
        "JUPYTER_CONFIG_DIR": f"{home}/config",
        "JUPYTER_DATA_DIR": f"{home}/data",
        "IPYTHONDIR": f"{home}/ipython",
    }
    path = f"{Path(sys.executable).parent}" + (f":{os.environ['PATH']}" if with_graphviz else "")
    return os.environ | own | {"PATH": path}


@contextmanager
def lab(theme, with_graphviz=True):
    """JupyterLab on a copy of the notebooks."""
    with tempfile.TemporaryDirectory() as home:
        shutil.copytree(NOTEBOOKS, f"{home}/work")
        settings = SETTINGS | {"apputils-extension/themes": {"theme": THEMES[theme]}}
        for name, setting in settings.items():
            file = Path(home, f"config/lab/user-settings/@jupyterlab/{name}.jupyterlab-settings")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(setting))
        command = [
            sys.executable,
            "-m",
            "jupyter",
            "lab",
            "--no-browser",
            "--allow-root",
            f"--port={PORT}",
        ]
        command += [
            "--ServerApp.port_retries=0",
            "--IdentityProvider.token=",
            "--LabApp.news_url=None",
        ]
        log = open(f"{home}/log", "w")
        env = environment(home, with_graphviz)
        server = subprocess.Popen(command, cwd=f"{home}/work", env=env, stdout=log, stderr=log)
        try:
            for _ in range(120):
                try:
                    urllib.request.urlopen(URL, timeout=2).close()
                    break
                except OSError:
                    time.sleep(0.5)
            else:
                raise SystemExit(Path(home, "log").read_text())
            yield
        finally:
            server.terminate()
            server.wait()
            log.close()


def open_and_run(page, name):
    """Open a notebook and run all of it."""
    # a workspace of its own, without the tabs of another
    page.goto(f"{URL}/workspaces/{Path(name).stem}/tree/{name}")
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    page.wait_for_timeout(1500)
    page.click("text=Run >> nth=0")
    page.click(".lm-Menu-itemLabel:has-text('Restart Kernel and Run All Cells')")
    page.click(".jp-Dialog button.jp-mod-accept")
    page.wait_for_function(f"() => !({HAVE_RUN})()", timeout=20_000)
    page.wait_for_function(HAVE_RUN, timeout=45_000)
    page.wait_for_timeout(2500)


def film_of(page):
    """The output that holds the film's slider."""
    return page.locator(".jp-OutputArea-output:has(.widget-slider)").first


def move(page, film, steps):
    """Press the key that moves the slider."""
    film.locator(".noUi-handle").focus()
    for _ in range(steps):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(400)


def shoot(locator, path):
    """Take a picture of a part of the page."""
    locator.scroll_into_view_if_needed()
    locator.screenshot(path=path)
    print(path)


def look_at_film(page, folder, theme):
    """Take the film at three places of its slider; it must not be the same twice."""
    open_and_run(page, "01_when_reference_counting_breaks.ipynb")
    film, seen = film_of(page), []
    for place, steps in ((1, 0), (2, 1), (4, 2)):
        move(page, film, steps)
        shoot(film, folder / f"film-{theme}-{place}.png")
        seen.append(film.inner_text())
    assert len(set(seen)) == 3, "the slider moves, and the picture does not"
    page.screenshot(path=folder / f"page-{theme}.png")


def look_at_reports(page, folder, theme):
    """Take reports of 04."""
    open_and_run(page, "04_rings_in_real_programs.ipynb")
    reports = page.locator(".jp-RenderedSVG, .jp-RenderedImage")
    assert reports.count() >= 6, f"{reports.count()} pictures of reports"
    for number in (0, 3, 4):
        shoot(reports.nth(number), folder / f"report-{theme}-{number + 1}.png")


def look_at_mermaid(page, folder, theme):
    """Take what JupyterLab draws itself."""
    open_and_run(page, "04_rings_in_real_programs.ipynb")
    drawn = page.locator(".jp-RenderedMermaid")
    assert drawn.count() >= 6, f"{drawn.count()} pictures by Mermaid"
    for number in (0, 4):
        drawn.nth(number).scroll_into_view_if_needed()
        page.wait_for_timeout(1500)
        shoot(drawn.nth(number), folder / f"mermaid-{theme}-{number + 1}.png")
    open_and_run(page, "01_when_reference_counting_breaks.ipynb")
    film = page.locator(".jp-RenderedMermaid").first
    assert "two people" in film.inner_text() and "the collector has run" in film.inner_text()
    shoot(film, folder / f"mermaid-{theme}-film.png")


def main(folder):
    """Take all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for theme in THEMES:
            with lab(theme):
                page = browser.new_page(viewport={"width": 1280, "height": 1000})
                look_at_film(page, folder, theme)
                look_at_reports(page, folder, theme)
                page.close()
            with lab(theme, with_graphviz=False):
                page = browser.new_page(viewport={"width": 1280, "height": 1000})
                look_at_mermaid(page, folder, theme)
                page.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
