"""The page on free-threaded Python: what it shows is printed there; its matrix is well-formed."""

import configparser
import importlib.util

import pytest

import pages
from support import FREE_THREADED

PAGE = "docs/how-to/free-threaded.md"
COMMANDS = [
    "python waits.py",
    "python handover.py",
    "python -m pytest -q --gcscope-fail",
    "python -m pytest -q --gcscope-fail --parallel-threads=4",
]


def shell(command, folder):
    """As pages.shell, with the plugins that are named."""
    plugins = ["gcscope.pytest_plugin"]
    plugins += ["pytest_run_parallel.plugin"] if "parallel" in command else []
    return pages.shell_with(plugins, command, folder, timeout=100)


@pytest.mark.skipif(not FREE_THREADED, reason="with a GIL nothing waits in no ring")
def test_the_commands_print_what_is_shown(tmp_path):
    pages.write(tmp_path, "pytest.ini", "[pytest]\n")
    has_parallel = importlib.util.find_spec("pytest_run_parallel") is not None

    def run(command, folder):
        is_there = has_parallel or "parallel" not in command
        return shell(command, folder) if is_there else "not installed"

    done = list(pages.play(PAGE, tmp_path, run))
    assert [command for command, _, _ in done] == COMMANDS
    for command, shown, printed in done:
        if printed != "not installed":
            assert pages.comparable(printed) == pages.comparable(shown), command


def test_all_that_are_supported_are_in_each_matrix():
    yaml = pytest.importorskip("yaml", reason="needs PyYAML")
    programs = pages.programs(PAGE)
    (job,) = yaml.safe_load(programs[".github/workflows/tests.yml"])["jobs"].values()
    pythons = job["strategy"]["matrix"]["python"]
    assert {"3.14t", "3.15t"} <= set(pythons)
    assert job["steps"][-1]["run"] == "python -m pytest --gcscope-fail"
    tox = configparser.ConfigParser()
    tox.read_string(programs["tox.ini"])
    names = [f"py{python.replace('.', '')}" for python in pythons]
    assert tox["tox"]["env_list"] == ", ".join(names)
    listed = ", ".join(f'"{python}"' for python in pythons)
    assert f"@nox.session(python=[{listed}])" in programs["noxfile.py"]
    compile(programs["noxfile.py"], "noxfile.py", "exec")
