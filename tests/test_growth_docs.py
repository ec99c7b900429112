"""What docs/how-to/growth.md shows is what happens."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCS = (ROOT / "docs/how-to/growth.md").read_text(encoding="utf-8")


def program(name):
    return re.search(rf"^```python\n(# {name}\n.*?)^```", DOCS, flags=re.M | re.S)[1]


def shown():
    return re.search(r"^\$ python ask.py\n(.*?)^```", DOCS, flags=re.M | re.S)[1]


def comparable(text):
    """Without what differs from version to version: sizes, and on 3.11 where dicts are filled."""
    text = re.sub(r"[\d.]+ (bytes|kB)", "so much", text)
    if sys.version_info >= (3, 12):
        return text
    return re.sub(r"filled at:? .*", "filled somewhere", text)


def test_the_program_grows_as_shown(python, tmp_path):
    for name in ("app.py", "ask.py"):
        (tmp_path / name).write_text(program(name))
    done = python("ask.py", cwd=tmp_path)
    assert comparable(done.out) == comparable(shown()), done
    assert done.code == 0 and "app.CLIENTS[*].seen" in done.out


def test_the_test_fails_as_told(pytester):
    pytester.makepyfile(
        app=program("app.py").partition("\n")[2],
        test_app=program("test_app.py").partition("\n")[2],
    )
    result = pytester.runpytest_subprocess("-p", "no:xdist")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "the test grows app.PAGES by 1 entry per call, and 1 other",
            "6 containers grew in every one of 5 rounds of 20 calls",
        ]
    )
