"""The workflows of docs/how-to/ci.md are well-formed, and what they run does what is said."""

import shlex

import pytest

import pages

yaml = pytest.importorskip("yaml", reason="needs PyYAML")

PAGE = "docs/how-to/ci.md"
WORKFLOW = ".github/workflows/rings.yml"
RING = "{indent}node = Node()\n{indent}node.me = node\n{indent}del node\n"


@pytest.fixture
def project(tmp_path):
    """The project of the page, with its baseline, and no test that fails."""
    for name, text in pages.programs(PAGE).items():
        pages.write(tmp_path, name, text)
    (tmp_path / "test_other.py").unlink()
    pages.shell("python -m pytest --gcscope-update-baseline", tmp_path)
    return tmp_path


def steps():
    (job,) = yaml.safe_load(pages.programs(PAGE)[WORKFLOW])["jobs"].values()
    return job["steps"]


def commands():
    """What the workflow runs, but for its first command, which installs."""
    first, *others = [step["run"] for step in steps() if "run" in step]
    assert shlex.split(first)[:4] == ["python", "-m", "pip", "install"]
    return others


def codes(project):
    """The exit code of each command."""
    return [int(pages.shell(f"{command}; echo $?", project).split()[-1]) for command in commands()]


def test_known_rings_pass_and_the_reports_are_there(project):
    assert codes(project) == [0, 0]
    (uploaded,) = (step for step in steps() if "upload-artifact" in step.get("uses", ""))
    assert uploaded["with"]["path"].split() == ["junit.xml", "rings.json"]
    assert 'name="gcscope" value="1 cycle known: ' in (project / "junit.xml").read_text()
    assert "3 nodes" in pages.shell("python smoke.py", project)
    assert pages.shell("gcscope show rings.json", project).startswith("smoke.py, pid ")


def test_a_new_ring_fails(project):
    test = project / "test_app.py"
    test.write_text(test.read_text() + RING.format(indent="    "))
    smoke = project / "smoke.py"
    smoke.write_text(smoke.read_text() + RING.format(indent=""))
    assert codes(project) == [1, 3]
    assert "app.Node .me" in (project / "junit.xml").read_text()
    assert "1 cycle" in pages.shell("gcscope show rings.json", project)


def test_more_of_a_known_ring_fails_the_run(project):
    test = project / "test_app.py"
    test.write_text(test.read_text() + "    assert Node(Node()).parent\n")
    assert codes(project) == [1, 0]


def test_the_workflow_has_what_github_asks_for():
    text = pages.programs(PAGE)[WORKFLOW]
    workflow = yaml.safe_load(text)
    assert set(workflow) == {"name", True, "permissions", "jobs"}  # YAML 1.1 reads "on" as True
    for step in steps():
        assert ("run" in step) != ("uses" in step) and set(step) <= {
            "name", "run", "uses", "with", "if",
        }  # fmt: skip


def test_gitlab_runs_the_same_command():
    (job,) = yaml.safe_load(pages.programs(PAGE)[".gitlab-ci.yml"]).values()
    install, gate = job["script"]
    assert shlex.split(install)[:4] == ["python", "-m", "pip", "install"]
    assert gate == commands()[0] and job["artifacts"]["reports"]["junit"] == "junit.xml"
