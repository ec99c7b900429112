"""A service that leaks in three ways, under gunicorn with two workers, asked while it serves."""

import re

import pytest

from gcscope.model.header import read_file
from services import Service, askable, followed, is_as_shown

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def service(servers, tmp_path_factory):
    """The service, with requests answered by both workers."""
    folder = tmp_path_factory.mktemp("service")
    with Service(servers, folder, askable(servers)) as service:
        service.load()
        yield service


@pytest.fixture
def attach(service):
    """Ask; return what is printed."""
    return lambda *words: service.environment.run(
        "gcscope", "attach", *words, cwd=service.folder, variables={"COLUMNS": ""}
    )


def test_the_ring_is_found(service, attach):
    """By an exception that is kept on what its frame holds."""
    for worker in service.workers:
        told = attach(worker)
        assert "an exception keeps the frame that keeps it" in told
        assert re.search(r"┌► app\.Order\n  │    \.failure\n", told), told


def test_all_workers_are_asked_at_once(service, attach):
    told = attach("--tree", service.master, "-o", "tree.json")
    merged, _ = read_file((service.folder / "tree.json").read_text())
    assert {h.pid for h in merged.headers} == {service.master, *service.workers}
    (orders,) = (c for c in merged.report.cycles if c.ring[0].type == "app.Order")
    assert merged.processes_with[orders.fingerprint] == 2 and "in 2 of 3 processes" in told


def test_the_cache_and_the_list_are_found(service, attach):
    with service.load_meanwhile():
        for seconds in (4, 8, 16):  # a machine that is busy may serve nobody in a round
            told = attach("--growth", seconds, "--tree", service.master)
            if "app.PAGES " in told and "app.FEED.listeners " in told:
                break
    assert re.search(r"^app\.PAGES   dict of ", told, flags=re.M), told
    assert re.search(r"^app\.FEED\.listeners   list of ", told, flags=re.M), told
    assert "_explained" not in told


def test_who_keeps_a_page(service, attach):
    told = attach("--why", "app.FEED.listeners[0]", service.workers[0])
    assert told.splitlines()[1] == "sys.modules['app'].FEED.listeners[0]"


def test_it_serves_on(service):
    assert all(service.load(60).values())
    assert "Traceback" not in service.log and "Worker exiting" not in service.log


def test_the_page_is_as_shown(servers, tmp_path):
    """Whoever follows it sees what it shows, and has a page of HTML in the end."""
    told = followed("docs/how-to/live-service.md", servers, tmp_path)
    assert len(told) == 11
    for command, shown, printed in told:
        assert is_as_shown(shown, printed), (command, printed)
    page = (tmp_path / "shop.html").read_text(encoding="utf-8")
    assert "app.PAGES" in page and "app.Order" in page and "flask" in page
