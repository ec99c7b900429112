"""gcscope show and diff of censuses."""

import pytest

from gcscope.cli.main import main
from gcscope.model.census import Census, census_of
from gcscope.model.header import file_text, header_of_process
from gcscope.model.record import changed

EARLIER = census_of([("app.Node", 10, 480), ("str", 5, 400)], anonymous=4096, by="type")
LATER = census_of(
    [("app.Node", 30, 1440), ("str", 4, 320), *((f"m.C{n}", 1, 16) for n in range(30))],
    anonymous=8192,
    by="type",
)


@pytest.fixture
def files(tmp_path):
    header = changed(header_of_process(), gcscope="1.0")
    (tmp_path / "earlier").write_text(file_text(EARLIER, header))
    (tmp_path / "later").write_text(LATER.to_json())
    return str(tmp_path / "earlier"), str(tmp_path / "later")


def test_show(files, capsys):
    main(["show", files[0]])
    head, *text = capsys.readouterr().out.splitlines()
    assert "Python" in head and "\n".join(text) == str(EARLIER)
    main(["show", files[1]])
    assert capsys.readouterr().out == f"{LATER}\n"
    main(["show", "--all", files[1]])
    assert len(capsys.readouterr().out.splitlines()) == len(LATER.rows) + 2
    main(["show", "--format", "json", files[1]])
    assert Census.from_json(capsys.readouterr().out) == LATER


def test_diff(files, capsys):
    main(["diff", *files])
    assert capsys.readouterr().out == f"{LATER - EARLIER}\n"
    main(["diff", *files, "--format", "json"])
    assert Census.from_json(capsys.readouterr().out) == LATER - EARLIER


def refused(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code, capsys.readouterr().err


@pytest.fixture
def others(tmp_path):
    (tmp_path / "module").write_text(census_of([], anonymous=None, by="module").to_json())
    (tmp_path / "row").write_text(EARLIER.rows[0].to_json())
    return str(tmp_path / "module"), str(tmp_path / "row")


def test_what_has_no_meaning_is_refused(files, others, capsys):
    code, told = refused(["diff", "--fail", *files], capsys)
    assert code == 2 and "--fail is for rings: a census has none" in told
    code, told = refused(["diff", files[0], others[0]], capsys)
    assert code == 1 and "one is a census by module, the other by type" in told
    code, told = refused(["diff", files[0], others[1]], capsys)
    assert code == 1 and "diff takes reports, collections and trials, or two censuses" in told
    code, told = refused(["show", "--sort", "bytes", files[0]], capsys)
    assert code == 1 and "is of kind 'census'" in told
    code, told = refused(["show", "--format", "dot", files[0]], capsys)
    assert code == 1 and told.count("\n") == 1
