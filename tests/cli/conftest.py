"""What the tests of the command line share."""

import gc
import textwrap

import pytest

import gcscope


@pytest.fixture(scope="module")
def real_reports():
    """What the words say of rings that programs make."""
    gc.collect()
    gc.disable()
    try:

        def keep():
            try:
                raise OSError("x")
            except OSError as error:
                kept = error
            return len(str(kept))

        class 人々のとても長い名前のクラス:
            def __init__(self):
                self.友達の一覧 = [self]

        decomposed = type(
            "Cafe\N{COMBINING ACUTE ACCENT}" * 12,
            (),
            {"__module__": "e\N{COMBINING ACUTE ACCENT}" * 9},
        )
        one, other = decomposed(), decomposed()
        one.a_very_long_attribute_name_that_fills_a_line_of_its_own, other.x = (
            {"k" * 70: other},
            one,
        )
        keep()
        人々のとても長い名前のクラス()
        del one, other
        person, friend = gcscope.Person("山田" * 8 + "  two  blanks"), gcscope.Person("Sarah")
        person.befriend(friend)
        texts = [
            str(gcscope.holders(person)),
            str(gcscope.why_alive(friend)),
            str(gcscope.retained(person)),
        ]
        del person, friend
        report = gcscope.garbage()
        assert len(report.cycles) >= 4
        return [str(report), *texts, str(gcscope.collect()), str(gcscope.trial(keep))]
    finally:
        gc.enable()
        gc.collect()


@pytest.fixture(autouse=True)
def no_wishes(monkeypatch):
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def script(tmp_path):
    def write(text, name="program.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    return write
