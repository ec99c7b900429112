"""Look at pages of records in Chromium: clicked through, measured, and as axe-core judges them.

A trial of `make browser`; the tests of tests/test_page_in_browser.py do a part of it. Screenshots
are light and dark, wide and as narrow as a telephone.
"""

import time
from pathlib import Path

from chromium import chromium
from gcscope.render.page import page_of
from specimens.for_pages import HEADER, census_of_many, hostile_report, many_forms
from specimens.records import CENSUS, CHAIN, GROWN, LONG, RETAINED, RINGS

HELPERS = "".join(
    Path(__file__).with_name(name).read_text(encoding="utf-8")
    for name in ("contrast.js", "page_browser.js")
)
WIDE, NARROW = 1280, 380  # pixels
FORMS = 2000
PAGES = {
    "all": [GROWN, RINGS, CENSUS, RETAINED, CHAIN],
    "long-ring": [LONG],
    "forms": [many_forms(25)],
    "hostile": [hostile_report()],
    "census": [census_of_many(300)],
}


def axe():
    """Return axe-core, as the wheel of the extra has it."""
    import axe_playwright_python

    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


def faults_by_axe(page):
    """What axe-core finds, in words."""
    page.ask(axe() + ";0")
    found = page.ask("axe.run().then(found => found.violations)")
    return [
        f"{one['id']} ({one['impact']}): {node['html'][:120]}"
        for one in found
        for node in one["nodes"][:3]
    ]


def look(page, stem, complaints):
    """Take the page in both schemes and widths; whatever is on it has to be readable and whole."""
    for scheme in ("light", "dark"):
        for width in (WIDE, NARROW):
            page.look(scheme, width)
            page.shoot(f"{stem}-{scheme}-{width}.png")
            is_new = (width == WIDE) is (scheme == "light")  # each scheme and width once
            judged = faults_by_axe(page) if is_new else []
            for fault in [*page.ask("page.faults()"), *judged]:
                complaints.check(False, f"{stem.name}, {scheme}, {width} pixels: {fault}")
            complaints.check(page.ask("page.textsSeen()") > 0, f"{stem.name}: no text")


def try_record_pages(_, folder, complaints):
    """Look at pages of every kind, and open one of FORMS forms."""
    with chromium() as browser:
        for name, records in PAGES.items():
            file = folder / f"page-{name}.html"
            html = page_of([(record, HEADER) for record in records])
            file.write_text(html, encoding="utf-8")
            page = browser.open(file)
            page.ask(HELPERS + ";0")
            look(page, folder / f"page-{name}", complaints)
            page.ask("page.openAll()")
            look(page, folder / f"page-{name}-open", complaints)
            asked = page.requests()
            complaints.check(asked == [file.as_uri()], f"page-{name} loads {asked}")
            complaints.check(not page.complaints(), f"page-{name}: {page.complaints()}")
            page.close()
        check_that_faults_are_found(browser, folder, complaints)
        measure(browser, folder, complaints)


def check_that_faults_are_found(browser, folder, complaints):
    """Spoil a page: whoever judges it has to see that."""
    file = folder / "page-spoilt.html"
    html = page_of([(GROWN, HEADER)])
    spoilt = html.replace('<html lang="en">', "<html>").replace("<label>name has", "<label>")
    file.write_text(spoilt, encoding="utf-8")
    page = browser.open(file)
    page.ask(HELPERS + ";0")
    page.ask("document.querySelector('h1').style.color = '#999'")
    found = " ".join([*faults_by_axe(page), *page.ask("page.faults()")])
    for fault in ("html-has-lang", "label", "contrast 2"):
        complaints.check(fault in found, f"not found in a page that has it: {fault}")
    page.close()


def measure(browser, folder, complaints):
    """Print how large a page of many forms is, and how long it takes to open, filter and sort."""
    file = folder / "page-many.html"
    begun = time.perf_counter()
    html = page_of([(many_forms(FORMS), HEADER), (census_of_many(FORMS), HEADER)])
    made = time.perf_counter() - begun
    file.write_text(html, encoding="utf-8")
    page = browser.open(file)
    page.look()
    page.ask(HELPERS + ";0")
    loaded = page.ask("performance.timing.loadEventEnd - performance.timing.navigationStart")
    painted = page.ask("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    filtered = page.ask(timed("filter.value = 'part_77.'; show()"))
    seen = len(page.ask("page.items(0)"))
    sorted_in = page.ask(timed("filter.value = ''; show(); order.value = 'count'; sort()"))
    print(
        f"  {FORMS} forms and a census of {FORMS} types: {len(html) / 1e6:.1f} MB, made in "
        f"{made:.1f} s; opened in {loaded} ms, first text after {painted:.0f} ms; filtered in "
        f"{filtered:.0f} ms, sorted in {sorted_in:.0f} ms"
    )
    complaints.check(seen == 1, f"the filter shows {seen} forms")
    page.close()


def timed(script):
    """JavaScript that does something and lays out the page, and says how many milliseconds."""
    return (
        f"(() => {{ const begun = performance.now(); {script}; document.body.offsetHeight;"
        " return performance.now() - begun; })()"
    )
