"""The package builds from its own sdist, and what is built has what it needs."""

import email
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import pages

ROOT = Path(__file__).resolve().parent.parent


def build(kind, source, folder):
    """Call the build backend as pip would, without an index."""
    code = (
        f"import sys; from setuptools import build_meta; "
        f"print(build_meta.build_{kind}(sys.argv[1]))"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        cwd=source,
        capture_output=True,
        text=True,
        env=environment,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    """Made from a copy, so that the working tree stays clean."""
    copy = tmp_path_factory.mktemp("copy")
    skip = {"build", "dist", ".git", "__pycache__"}
    for path in ROOT.rglob("*"):
        if (
            path.is_file()
            and not skip & set(path.relative_to(ROOT).parts)
            and path.suffix not in (".so", ".pyc")
        ):
            target = copy / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return build("sdist", copy, tmp_path_factory.mktemp("sdist"))


def test_the_sdist_has_everything(sdist):
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    wanted = [
        *ROOT.glob("src/**/*.[ch]"),
        *ROOT.glob("tests/**/*.py"),
        *ROOT.glob("tests/rooms/*.c"),
        *ROOT.glob("benchmarks/*.py"),
    ]
    wanted += [
        *ROOT.glob("notebooks/*.ipynb"),
        *ROOT.glob("python/gcscope/**/*.py"),
        *ROOT.glob("*.md"),
    ]
    wanted += [*ROOT.glob("python/gcscope/*.json")]
    wanted += [
        ROOT / "python/gcscope/_core.pyi",
        ROOT / "python/gcscope/py.typed",
        ROOT / "LICENSE",
        ROOT / "Makefile",
    ]
    assert not [path for path in wanted if path.relative_to(ROOT).as_posix() not in names]
    assert not [name for name in names if name.endswith((".so", ".o", ".pyc"))]


def test_what_an_index_shows_has_no_relative_link(sdist):
    """The long description is the README, whole; a link that begins nowhere would lead nowhere."""
    with tarfile.open(sdist) as archive:
        (member,) = (
            name for name in archive.getnames() if name.count("/") == 1 and "PKG-INFO" in name
        )
        metadata = email.message_from_string(archive.extractfile(member).read().decode())
    assert metadata["Description-Content-Type"] == "text/markdown"
    text = metadata.get_payload()
    assert text.strip() == (ROOT / "README.md").read_text(encoding="utf-8").strip()
    links = pages.links(text)
    assert len(links) > 10
    assert not [link for link in links if not link.startswith("https://")]


@pytest.mark.slow
def test_the_wheel_from_the_sdist_works(sdist, tmp_path):
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    (tmp_path / "wheel").mkdir()
    wheel = build("wheel", source, tmp_path / "wheel")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path / "site")
    assert (
        "gcscope/_core.pyi" in names
        and "gcscope/py.typed" in names
        and "gcscope/render/text.py" in names
    )
    assert "gcscope/gcscope-2.schema.json" in names
    assert not [name for name in names if name.endswith((".c", ".h"))]
    code = (
        "import gcscope as g, gc; gc.disable(); p = g.Person('x'); p.befriend(p); del p; "
        "print(g.garbage().objects)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
    )
    assert (done.stdout, done.stderr) == ("2\n", "")


def test_free_threaded_builds_are_refused_in_a_sentence():
    code = """
import runpy, sys, sysconfig
sysconfig.get_config_vars()["Py_GIL_DISABLED"] = 1
sys.argv[:] = ["setup.py", "--name"]
runpy.run_path("setup.py")
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith(
        "gcscope does not support free-threaded builds of CPython yet"
    )
