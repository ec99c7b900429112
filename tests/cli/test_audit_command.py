"""gcscope audit: packages are imported and judged, and the exit code says what was found."""

from pathlib import Path

import pytest

from gcscope import Audit
from gcscope.model.audit import NO_VISIT

MAKES = "import broken\nclass T: pass\nkept = [broken.NoMember(T(), T()) for _ in range(3)]"


@pytest.fixture
def audit(python, broken):
    """Run the command where the broken types can be imported."""
    folder = Path(broken.__file__).parent

    def run(*arguments):
        return python("-m", "gcscope", "audit", *arguments, cwd=folder)

    return run


def test_findings_are_told(audit):
    done = audit("broken", "-c", MAKES)
    assert done.code == 0 and done.err == "", done
    assert done.out.startswith("1 C type judged by 3 instances: 1 fault\n\nbroken.NoMember: ")
    assert "  missing    Py_VISIT(self->second)\n" in done.out
    assert "not judged, for want of an instance: broken.Alias, " in done.out


def test_fail_means_exit_code_three(audit):
    assert audit("broken", "-c", MAKES, "--fail").code == 3
    good = MAKES.replace("NoMember", "GoodMember")
    assert audit("broken", "-c", good, "--fail").code == 0


def test_prove(audit):
    done = audit("_csv", "--prove")
    assert done.code == 0 and "were made to be looked at" in done.out, done


def test_json_and_a_file(audit, python, tmp_path):
    file = tmp_path / "audit.json"
    done = audit("broken", "-c", MAKES, "--format", "json", "-o", file)
    found = Audit.from_json(done.out)
    assert [finding.fault for finding in found.findings] == [NO_VISIT]
    assert '"header"' in file.read_text() and Audit.from_json(file.read_bytes()) == found
    shown = python("-m", "gcscope", "show", file)
    assert shown.code == 0 and str(found) in shown.out


def test_without_instances_it_says_what_to_do(audit):
    done = audit("broken")
    assert done.code == 0 and done.out.startswith("no C type was judged: none has"), done
    assert done.err == (
        "gcscope: note: no type was judged: let CODE of -c make instances, or give --prove\n"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["no_such"], 1, "cannot import 'no_such': ModuleNotFoundError: No module named 'no_such'"),
        (["broken", "-c", "1/0"], 1, "the code of -c failed: ZeroDivisionError: division by zero"),
        (["broken", "-c", "1+"], 1, "the code of -c failed: SyntaxError"),
        (["broken", "-o", "/nowhere/x.json"], 1, "there is no directory '/nowhere'"),
        ([], 2, "the following arguments are required: PACKAGE"),
    ],
)
def test_trouble_is_told_in_one_line(audit, arguments, code, says):
    done = audit(*arguments)
    assert (done.code, done.out) == (code, "") and says in done.err, done
    assert code == 2 or done.err.count("\n") == 1


def test_a_package_that_fails_to_import(python, tmp_path):
    (tmp_path / "sour.py").write_text("raise ValueError('sour\\nmilk')")
    done = python("-m", "gcscope", "audit", "sour", cwd=tmp_path)
    assert done.code == 1 and done.err == (
        "gcscope: cannot import 'sour': ValueError: sour\\nmilk\n"
    ), done
