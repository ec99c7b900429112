"""Each extra, in a virtual environment of its own, does what the documentation says of it.

Packages come from an index. The second command of the README, which .ci/run runs, is that of the
extra test.
"""

import re
import shutil
import time
import tomllib
import urllib.error
import urllib.request
from pathlib import Path

import pytest

import pages
from environments import Environment
from support import ROOT

pytestmark = pytest.mark.slow
BUILT_WITH = {"docs", "browser"}  # tasks of their own: make docs, make browser


@pytest.fixture
def installed(wheel, tmp_path):
    """Make an environment with an extra of gcscope, or with gcscope alone."""

    def install(extra):
        environment = Environment(tmp_path / "venv")
        wanted = f"gcscope[{extra}] @ {wheel.as_uri()}" if extra else str(wheel)
        environment.install(wanted)
        environment.run("python", "-m", "pip", "check")
        return environment

    return install


def packages(environment):
    listed = environment.run("python", "-m", "pip", "list", "--format=freeze")
    return {re.split("==| @", line)[0].lower() for line in listed.splitlines() if "==" in line}


def test_every_extra_is_tested_here():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    extras = set(tomllib.loads(text)["project"]["optional-dependencies"])
    tested = {name.removeprefix("test_extra_") for name in globals() if "test_extra_" in name}
    assert extras - BUILT_WITH == tested


def test_no_extra(installed, tmp_path):
    """It brings nothing, and does what the README shows."""
    environment = installed(None)
    assert packages(environment) <= {"gcscope", "pip", "setuptools"}
    assert "When reference counting breaks" in environment.run("gcscope", "demo")
    program = pages.programs("README.md")["retry.py"]
    (tmp_path / "retry.py").write_text(program)
    environment.run("gcscope", "run", "-o", "before.json", "retry.py", cwd=tmp_path)
    drawn = environment.run("gcscope", "show", "before.json", "--format", "mermaid", cwd=tmp_path)
    assert "flowchart" in drawn


def test_extra_viz(installed, tmp_path):
    """Pictures without a dot on PATH."""
    environment = installed("viz")
    environment.variables["PATH"] = str(environment.folder / "bin")
    (tmp_path / "retry.py").write_text(pages.programs("README.md")["retry.py"])
    environment.run("gcscope", "run", "-o", "before.json", "retry.py", cwd=tmp_path)
    for name, begin in (("r.svg", b"<svg "), ("r.png", b"\x89PNG")):
        environment.run("gcscope", "show", "before.json", "-o", name, cwd=tmp_path)
        assert (tmp_path / name).read_bytes().startswith(begin)


def notebooks_run(environment, folder):
    """Run all notebooks as `jupyter lab` would, with what the environment has."""
    copies = folder / "notebooks"
    shutil.copytree(ROOT / "notebooks", copies, ignore=shutil.ignore_patterns(".*"))
    words = ["--to", "notebook", "--inplace", "--execute", "--ExecutePreprocessor.timeout=300"]
    names = sorted(path.name for path in copies.glob("*.ipynb"))
    environment.run("jupyter", "nbconvert", *words, *names, cwd=copies)
    return len(names)


def answer_of(address, seconds):
    """What a server answers, that may say where it listens a moment before it does."""
    end = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(address, timeout=seconds) as answer:
                return answer.read()
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError) or time.monotonic() > end:
                raise
            time.sleep(0.1)


def test_extra_notebook(installed, tmp_path):
    """All notebooks run, and JupyterLab answers."""
    environment = installed("notebook")
    assert notebooks_run(environment, tmp_path) == 5
    options = ["--no-browser", "--port=0", "--ServerApp.token=x", "--allow-root"]
    server = environment.start("jupyter", "lab", *options, "notebooks", start_new_session=True)
    try:
        address = next(filter(None, (re.search(r"http://\S+/lab", line) for line in server.stdout)))
        assert b"JupyterLab" in answer_of(f"{address[0]}?token=x", 60)
    finally:
        server.kill()
        server.communicate()


def test_extra_completion(installed):
    """A shell is given the script in which its commands stand."""
    environment = installed("completion")
    script = 'eval "$(gcscope --print-completion bash)"; complete -p gcscope'
    assert "_shtab_gcscope" in environment.run("bash", "-c", script)


def test_extra_benchmark(installed):
    """The peers are there, and are measured beside gcscope."""
    environment = installed("benchmark")
    small = ["--objects", "20000", "--rounds", "1"]
    assert "Person" in environment.run("python", "benchmarks/compare.py", *small)
    table = environment.run("python", "benchmarks/explain.py", *small, "--limit", "5")
    for peer in ("refcycle", "objgraph", "guppy3"):
        assert peer in table, table


def test_extra_test(installed):
    """Every test can be imported."""
    environment = installed("test")
    words = ["-m", "pytest", "--collect-only", "-q", "-m", "slow or not slow"]
    written = environment.run("python", *words)
    assert re.search(r"^\d{4,} tests collected", written, flags=re.M), written[-2000:]


def test_the_documentation_names_the_extras():
    """What a page tells to install is there."""
    known = set(
        tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
            "optional-dependencies"
        ]
    )
    texts = [path.read_text(encoding="utf-8") for path in Path(ROOT, "docs").rglob("*.md")]
    texts += [path.read_text(encoding="utf-8") for path in ROOT.glob("*.md")]
    named = {name for text in texts for name in re.findall(r"(?:gcscope|\.)\[(\w+)\]", text)}
    assert named and named <= known
