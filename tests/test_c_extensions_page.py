"""What docs/how-to/c-extensions.md shows is what happens."""

import os
import re
from pathlib import Path

import pytest

import pages
from support import ROOT

PAGE = pages.read("docs/how-to/c-extensions.md")


@pytest.fixture
def folder(broken):
    return Path(broken.__file__).parent


def test_the_sessions_run_as_shown(python, folder):
    code = f"""
import doctest, os, sys
sys.path.append({str(ROOT / "tests")!r})
import pages
text = pages.read("docs/how-to/c-extensions.md")
test = doctest.DocTestParser().get_doctest(text, {{}}, "page", "page", 0)
result = doctest.DocTestRunner().run(test)
print(result.attempted, result.failed, flush=True)
"""
    done = python("-c", code, cwd=folder)
    attempted, failed = done.out.splitlines()[-1].split()
    assert int(attempted) > 20 and failed == "0", done


def test_the_command_prints_what_is_shown(python, folder, tmp_path):
    shown = re.search(r"^```console\n\$ python (.*?)\n(.*?)^```", PAGE, flags=re.M | re.S)
    line = re.search(r"`(kept = \[broken.*?)`", PAGE)[1]
    (tmp_path / "make.py").write_text(f"import broken\nclass Thing: pass\n{line}\n")
    arguments = re.fullmatch(r'(.*) -c "(.*)"', shown[1])
    environment = {"PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])}
    done = python(*arguments[1].split(), "-c", arguments[2], cwd=tmp_path, env=environment)
    told = done.out.partition("\n\nnot judged")[0]
    assert done.code == 0 and told + "\n" == shown[2], done


def test_the_table_adds_up():
    rows = re.findall(r"^\| [^|]+ \| (\d+) \| (\d+) \| (\d+)", PAGE, flags=re.M)
    assert len(rows) == 8
    for found, right, wrong in rows:
        assert int(found) == int(right) + int(wrong)
    assert sum(int(found) for found, _, _ in rows[1:]) == 45
