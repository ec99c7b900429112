"""The package builds from its own sdist, and what is built has what it needs."""

import ast
import email
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

import gcscope
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


def is_source(name):
    """Whether a folder is none of what builds, tools and environments leave behind."""
    return name in (".ci", ".github") or not (
        name.startswith(".") or name in ("build", "dist", "__pycache__") or ".egg-info" in name
    )


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    """Made from a copy, so that the working tree stays clean."""
    copy = tmp_path_factory.mktemp("copy")
    for here, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if is_source(name)]
        target = copy / Path(here).relative_to(ROOT)
        target.mkdir(exist_ok=True)
        for name in files:
            if not name.endswith((".so", ".pyc")):
                (target / name).write_bytes(Path(here, name).read_bytes())
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
    abi = sysconfig.get_config_var("SOABI").split("-")[1]  # 314t where there is no GIL
    assert f"-cp{sys.version_info[0]}{sys.version_info[1]}-cp{abi}-" in wheel.name
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
    (core,) = (tmp_path / "site/gcscope").glob("_core*.so")
    assert core.name == f"_core{sysconfig.get_config_var('EXT_SUFFIX')}" and f"-{abi}-" in core.name
    assert b".debug_info" not in core.read_bytes() and core.stat().st_size < 1 << 20
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


@pytest.mark.slow
def test_what_only_linux_has_can_be_missing(tmp_path):
    """Compiled as for another system: all works, and a static variable is not looked for."""
    shutil.copytree(ROOT / "python", tmp_path / "python", ignore=shutil.ignore_patterns("*.so"))

    def run(*command, cwd=tmp_path, **more):
        done = subprocess.run(
            [sys.executable, *map(str, command)],
            cwd=cwd,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(tmp_path / "python"), **more},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    places = ["-b", tmp_path / "python", "-t", tmp_path / "objects"]
    flags = {"CPPFLAGS": "-U__linux__", "GCSCOPE_WERROR": "1"}
    run("setup.py", "-q", "build_ext", *places, cwd=ROOT, **flags)
    assert run("-c", "from gcscope import _core; print(_core.__file__)").startswith(str(tmp_path))
    tests = [ROOT / "tests/query/test_evidence.py", ROOT / "tests/api/test_census.py"]
    run("-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "not static_variable", *tests)


SETUP = """
import runpy, sys, sysconfig, setuptools

sysconfig.get_config_vars()

setuptools.setup = lambda ext_modules: print(
    *ext_modules[0].extra_compile_args, "link:", *ext_modules[0].extra_link_args
)
{}
runpy.run_path("setup.py")
"""


def run_setup(pretence="", **switches):
    """Run setup.py, which prints the flags of the extension instead of building it."""
    environment = {name: value for name, value in os.environ.items() if "GCSCOPE_" not in name}
    return subprocess.run(
        [sys.executable, "-c", SETUP.format(pretence)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**environment, **{f"GCSCOPE_{name}": "1" for name in switches}},
    )


@pytest.mark.parametrize(
    "pretence, sentence",
    [
        (
            'sysconfig.get_config_vars()["Py_GIL_DISABLED"] = 1\nsys.version_info = (3, 13, 9)',
            "gcscope supports free-threaded builds of CPython 3.14 and 3.15, and this is 3.13: use "
            "a build with the GIL.",
        ),
        (
            'sysconfig.get_config_vars()["Py_GIL_DISABLED"] = 1\nsys.version_info = (3, 14, 9)\n'
            'sysconfig.get_path = lambda name: "/nowhere"',
            "gcscope needs the private headers of this free-threaded CPython 3.14, which are not "
            "in /nowhere/internal: install it with them.",
        ),
        (
            'sys.platform = "win32"',
            "gcscope does not support Windows yet: use it in WSL, or see docs/how-to/install.md.",
        ),
        (
            'sys.implementation.name = "pypy"',
            "gcscope reads the heap of CPython, and pypy has another one.",
        ),
        ("sys.maxsize = 2**31 - 1", "gcscope supports 64-bit builds of CPython only."),
    ],
)
def test_what_is_not_supported_is_refused_in_a_sentence(pretence, sentence):
    done = run_setup(pretence)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{sentence}\n")


def debug_level(done):
    """Return the last word on debug information, which is the one that holds."""
    assert done.returncode == 0, done.stderr
    return [word for word in done.stdout.split() if word.startswith("-g")][-1]


def test_debug_information_is_written_for_those_who_look_inside_only():
    assert debug_level(run_setup()) == debug_level(run_setup(WERROR=1)) == "-g0"
    assert debug_level(run_setup(DEBUG=1)) == "-g3"
    assert debug_level(run_setup(SANITIZE=1)) == debug_level(run_setup(COVERAGE=1)) == "-g"


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_no_flag_is_for_one_linker_or_compiler_only(platform):
    """Those of Apple and of LLVM take all that is passed here; `-Wl,` they would not."""
    done = run_setup(f"sys.platform = {platform!r}", WERROR=1)
    known = {"-std=c11", "-fvisibility=hidden", "-Wall", "-Wextra", "-Wshadow", "-Werror"}
    compile_args, link_args = done.stdout.split("link:")
    assert set(compile_args.split()) - known == {"-g0", "-O3"} and not link_args.strip()


# ------------------------------------------------------------------------ what is said of it


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_version_stands_in_one_place_and_is_cited(project):
    version = gcscope.__version__
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["setuptools"]["dynamic"]["version"]["attr"] == "gcscope.__version__"
    cited = (ROOT / "CITATION.cff").read_text(encoding="utf-8").splitlines()
    assert f"version: {version}" in cited


def test_the_metadata_of_the_sdist(sdist, project):
    with tarfile.open(sdist) as archive:
        name = next(name for name in archive.getnames() if name.endswith("PKG-INFO"))
        lines = archive.extractfile(name).read().decode().splitlines()
    assert sdist.name == f"gcscope-{gcscope.__version__}.tar.gz"
    assert f"Version: {gcscope.__version__}" in lines and "Requires-Python: >=3.11" in lines
    urls = {line.split(", ")[1] for line in lines if line.startswith("Project-URL")}
    assert urls == set(project["project"]["urls"].values())
    assert len(urls) == 4 and all(url.startswith("https://g") for url in urls)


def free_threaded():
    """Return the free-threaded Pythons that setup.py takes."""
    tree = ast.parse((ROOT / "setup.py").read_text(encoding="utf-8"))
    (value,) = (
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and node.targets[0].id == "FREE_THREADED"
    )
    return [f"{major}.{minor}t" for major, minor in ast.literal_eval(value)]


def test_wheels_and_workflows_are_for_the_pythons_that_are_classified(project):
    classifiers = project["project"]["classifiers"]
    marks = [name.rsplit(" ", 1)[1] for name in classifiers]
    pythons = [mark for mark in marks if mark.startswith("3.")]
    assert len(pythons) >= 5
    assert "Programming Language :: Python :: Free Threading :: 2 - Beta" in classifiers
    pythons = sorted(pythons + free_threaded())
    built = project["tool"]["cibuildwheel"]["build"]
    assert built == [f"cp{python.replace('.', '')}-*" for python in pythons]
    matrix = ", ".join(f'"{python}"' for python in pythons)
    assert f"python: [{matrix}]" in (ROOT / ".github/workflows/ci.yml").read_text()


def test_actions_are_pinned_by_hash_and_no_credentials_are_kept():
    """A tag can be moved to other code: 40 digits cannot. dependabot reads the comment."""
    for path in sorted(ROOT.glob(".github/workflows/*.yml")):
        text = path.read_text(encoding="utf-8")
        used = [line.split("uses: ")[1] for line in text.splitlines() if "uses: " in line]
        assert used and "secrets." not in text and "permissions: {}" in text
        for action in used:
            pin, _, version = action.partition(" # v")
            digits = pin.partition("@")[2]
            is_own = pin.startswith("$/.github/workflows/") and (ROOT / pin[2:]).is_file()
            assert is_own or (len(digits) == 40 and int(digits, 16) and version), action
        checkouts = text.count("actions/checkout@")
        assert text.count("persist-credentials: false") == checkouts
