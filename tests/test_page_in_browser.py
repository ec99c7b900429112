"""A page of records, clicked through in Chromium by mouse and keyboard; without scripts, too."""

import pytest

from chromium import chromium, program
from gcscope.model.record import changed
from gcscope.render.page import page_of
from page_browser import HELPERS, NARROW, WIDE
from specimens.for_pages import HEADER, HOSTILE, hostile_report, many_forms
from specimens.records import CENSUS, GROWN, RETAINED

pytestmark = pytest.mark.skipif(
    program() is None, reason="needs Chromium: chromium on PATH, or what CHROMIUM names"
)
FORMS = 30


@pytest.fixture(scope="module")
def browser():
    with chromium() as one:
        yield one


@pytest.fixture
def opened(browser, tmp_path):
    """Open a page of records; nothing may be loaded besides, nothing complained of."""
    pages = []

    def open_(*records, scripts=True, headers=None):
        file = tmp_path / f"page{len(pages)}.html"
        parts = list(zip(records, headers or [HEADER] * len(records), strict=True))
        file.write_text(page_of(parts), encoding="utf-8")
        page = browser.open(file, scripts)
        page.look()
        page.ask(HELPERS + ";0")
        pages.append((page, file))
        return page

    yield open_
    for page, file in pages:
        assert page.requests() == [file.as_uri()]
        assert page.complaints() == []
        page.close()


def seen(page, list_=0):
    return page.ask(f"page.items({list_})")


def test_filter_and_sort(opened):
    page = opened(GROWN, many_forms(FORMS), CENSUS)
    assert len(seen(page, 2)) == FORMS and not page.ask("document.getElementById('told').value")
    page.click("#filter")
    page.until("document.activeElement === filter")
    page.type("PART_7.thing1")
    page.until("told.value !== ''")
    (form,) = seen(page, 2)
    assert "part_7.Thing" in form and seen(page, 0) == seen(page, 3) == []
    assert page.ask("told.value").startswith("1 of ") and page.ask("told.value").endswith("a name")
    page.ask("filter.select()")
    page.type("app.cache")
    page.until("filter.value === 'app.cache'")
    assert seen(page, 0) == ["app.CACHE"] and seen(page, 2) == []
    page.ask("filter.select()")
    page.type(" ")
    page.until("filter.value === ' '")
    assert len(seen(page, 2)) == FORMS

    for name in ("count", "objects", "bytes"):
        page.ask(f"order.value = '{name}'; order.dispatchEvent(new Event('change'))")
        figures = page.ask(f"page.figures('{name}', 2)")
        assert figures == sorted(figures, reverse=True) and len(figures) == FORMS


def test_by_keyboard(opened):
    page = opened(GROWN, many_forms(3))
    visited = []
    for _ in range(5):
        page.press("Tab")
        visited.append(page.ask("page.focused()"))
    assert visited == ["a What grew", "a Rings that only the collector can free", "input filter",
                       "select order", "summary 10 types of objects"]  # fmt: skip
    page.ask("document.querySelector('li > details > summary').focus()")
    opens = "document.querySelector('li > details').open"
    assert page.ask(opens) is True  # the first form is
    page.press("Enter")
    assert page.ask(opens) is False
    page.press(" ")
    assert page.ask(opens) is True


def test_a_link_to_a_form_opens_it(opened):
    page = opened(many_forms(FORMS))
    last = page.ask("[...document.querySelectorAll('li > details')].at(-1).id")
    page.ask(f"location.hash = '{last}'")
    page.ask("new Promise(requestAnimationFrame)")
    assert page.ask(f"document.getElementById('{last}').open") is True
    assert page.ask(f"document.getElementById('{last}').getBoundingClientRect().top < innerHeight")


def test_without_scripts_all_is_there(opened):
    page = opened(GROWN, many_forms(FORMS), scripts=False)
    assert page.ask("document.getElementById('controls').getClientRects().length") == 0
    assert len(seen(page, 0)) == 2 and len(seen(page, 2)) == FORMS


def test_no_name_does_anything(opened):
    page = opened(hostile_report(), RETAINED)
    page.ask("page.openAll()")
    page.click("summary")
    assert page.ask("window.hacked ?? null") is None
    assert page.ask("document.querySelectorAll('h1').length") == 1
    # ten forms and what is said of all of them
    assert len(seen(page, 0)) == len(HOSTILE)


def test_what_headers_say_stands_beside_its_term(opened):
    """Also where each of two files says something else."""
    page = opened(GROWN, CENSUS, headers=[HEADER, changed(HEADER, pid=5, when="later")])
    left = "[...document.querySelectorAll('dl > {}')].map(one => one.getBoundingClientRect().left)"
    terms, facts = page.ask(left.format("dt")), page.ask(left.format("dd"))
    assert len(facts) > len(terms) > 2
    assert len({*terms}) == len({*facts}) == 1 and facts[0] > terms[0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_it_can_be_read(opened, scheme, width):
    page = opened(GROWN, hostile_report(), many_forms(4), CENSUS, RETAINED)
    page.look(scheme, width)
    page.ask("page.openAll()")
    assert page.ask("page.textsSeen()") > 200
    assert page.ask("page.faults()") == []
