"""What docs/how-to/fleet.md shows is what happens: with gunicorn, Dask and DuckDB themselves."""

import json
import re
from collections import Counter

import pytest

from gcscope.model.header import read_file
from services import followed, is_as_shown
from support import ROOT

pytestmark = pytest.mark.slow
PAGE = "docs/how-to/fleet.md"
assert (ROOT / "docs" / "how-to/fleet.md").exists()


@pytest.fixture(scope="module")
def played(servers, tmp_path_factory):
    """The folder in which the page was followed, and (command, what it shows, what was printed)."""
    folder = tmp_path_factory.mktemp("fleet")
    return folder, followed(PAGE, servers, folder)


def test_the_page_is_as_shown(played):
    _, told = played
    assert len(told) == 12
    for command, shown, printed in told:
        assert is_as_shown(shown, printed), (command, printed)


def test_each_worker_has_written_its_report(played):
    folder, told = played
    answered = next(printed for command, _, printed in told if command.startswith("python load"))
    workers = dict(re.findall(r"worker (\d+): (\d+) requests", answered))
    assert len(workers) == 2 and sum(map(int, workers.values())) == 300
    for worker in workers:
        report, header = read_file((folder / f"reports/{worker}.json").read_text())
        assert header.pid == int(worker) and header.argv0.endswith("/gunicorn")
        orders = [c for c in report.cycles if c.ring[0].type == "app.Order"]
        assert len(orders) == 1 and orders[0].count > 0


def test_merge_and_duckdb_count_the_same(played):
    """And both as the files have it."""
    folder, told = played
    merged, _ = read_file((folder / "shop.json").read_text())
    rings = Counter()
    for header in merged.headers:  # others have written theirs since then
        path = folder / f"reports/{header.pid}.json"
        for form in json.loads(path.read_text())["cycles"]:
            rings[form["fingerprint"]] += form["count"]
    assert {c.fingerprint: c.count for c in merged.report.cycles} == rings
    table = next(printed for command, _, printed in told if command == "python forms.py")
    rows = re.findall(r"│ ([0-9a-f]{16}) │ +(\d+) │ +(\d+) │ +(\d+) │", table)
    assert {form: int(count) for form, _, count, _ in rows} == rings
    assert {form: int(n) for form, n, _, _ in rows} == merged.processes_with
    (order,) = (c for c in merged.report.cycles if c.ring[0].type == "app.Order")
    assert 95 <= order.count <= 105 and merged.processes_with[order.fingerprint] == 2


def test_the_workers_of_dask_are_told_apart(played):
    folder, _ = played
    reports = [read_file(path.read_text()) for path in folder.glob("worker-*.json")]
    assert len({header.identity for _, header in reports}) == 2
    counts = [
        c.count for report, _ in reports for c in report.cycles if c.ring[0].type == "ValueError"
    ]
    assert len(counts) == 2 and sum(counts) == 200 and all(counts)
