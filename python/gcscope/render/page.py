"""A page of records that stands alone: one file of HTML, which loads nothing from anywhere.

First what grew, then rings, then what takes most memory, then all else as text. Without the few
lines of script in it (`gcscope.render.page_look`) everything is there, in its order; with them it
can be filtered and sorted. Its policy (Content-Security-Policy) forbids whatever does not stand in
it, so that no name of a program can do anything but be read.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

from gcscope.model.census import Census
from gcscope.model.fleet import Merged
from gcscope.model.growth import Growth
from gcscope.model.pauses import Pauses
from gcscope.model.phrases import plural
from gcscope.model.results import Chain, Holders, Retained
from gcscope.render.fleet_text import fleet_text, spread_phrase
from gcscope.render.page_html import ORDERS, element, preformatted
from gcscope.render.page_lists import census_body, growth_body
from gcscope.render.page_look import SCRIPT, STYLE
from gcscope.render.page_rings import rings_body, rings_of
from gcscope.render.svg import escaped
from gcscope.render.text import header_facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gcscope.model.header import Header
    from gcscope.model.record import Record

    Part = tuple[Record, Header | None]

_GREW, _RINGS, _MEMORY, _OTHERS = range(4)  # the order of the sections
_TITLES: dict[type[Record], tuple[int, str]] = {
    Growth: (_GREW, "What grew"),
    Census: (_MEMORY, "What takes most memory"),
    Retained: (_MEMORY, "What would be freed"),
    Pauses: (_OTHERS, "Pauses for collections"),
    Chain: (_OTHERS, "Why it is alive"),
    Holders: (_OTHERS, "Who holds it"),
}
_KEYS = ("grew", "rings", "memory", "more")


class _Section:
    """A part of the page: its place among the others, its title, and what is in it."""

    def __init__(self, record: Record, header: Header | None) -> None:
        self.record = record
        self.header = header
        self.rings = rings_of(record)
        self.told = record.told if isinstance(record, Merged) else record
        kind = type(self.told)
        self.rank, self.title = _TITLES.get(kind, (_OTHERS, kind.__name__))
        if self.rings is not None:
            alive = self.rings.report.alive
            self.rank = _RINGS
            self.title = "Rings in use" if alive else "Rings that only the collector can free"
        if isinstance(record, Merged):
            self.title += f", in {plural(len(record.processes), 'process')}"
        self.key = _KEYS[self.rank]

    def written(self, order: str) -> str:
        """Write it."""
        heading = element("h2", escaped(self.title), id=self.key)
        processes, said = "", {}
        if isinstance(self.record, Merged):
            processes = preformatted(fleet_text(self.record), "processes")
            said = {one: spread_phrase(self.record, one) for one in self.record.processes_with}
        body = self._body(order, said)
        return element("section", heading, processes, body, aria_labelledby=self.key)

    def _body(self, order: str, said: dict[str, str]) -> str:
        if self.rings is not None:
            return rings_body(self.rings, self.key, order)
        if isinstance(self.told, Growth):
            return growth_body(self.told, order, said)
        if isinstance(self.told, Census):
            return census_body(self.told, order)
        return preformatted(str(self.told), self.title)


def _sections(parts: list[Part]) -> list[_Section]:
    """Put records in their order; those of one kind are numbered."""
    sections = sorted((_Section(*part) for part in parts), key=lambda section: section.rank)
    for keys in _KEYS:
        same = [section for section in sections if section.key == keys]
        for number, section in enumerate(same[1:], 2):
            section.key = f"{section.key}-{number}"
    titles = [section.title for section in sections]
    for place, section in enumerate(sections):
        if titles.count(section.title) > 1:
            section.title += f" ({titles[: place + 1].count(section.title)})"
    return sections


# --------------------------------------------------------------------------- the head


def _by_name(header: Header) -> dict[str, str]:
    """Return what a header says by name, what it says of one thing in one line."""
    facts: dict[str, list[str]] = {}
    for name, fact in header_facts(header):
        facts.setdefault(name, []).append(fact)
    return {name: " · ".join(said) for name, said in facts.items()}


def _facts(sections: list[_Section]) -> str:
    """Write of which process the records tell; what differs among them with its section."""
    told = [(s.title, _by_name(s.header)) for s in sections if s.header is not None]
    names = dict.fromkeys(name for _, facts in told for name in facts)
    written = []
    for name in names:
        values = [(title, facts[name]) for title, facts in told if name in facts]
        written.append(element("dt", name))
        if len(values) == len(told) and len({fact for _, fact in values}) == 1:
            written.append(element("dd", escaped(values[0][1])))
        else:
            written += [element("dd", escaped(f"{fact} ({title})")) for title, fact in values]
    return element("dl", *written) if written else ""


def _name(sections: list[_Section]) -> str:
    """Return what the page is called: as the programs that it tells of."""
    programs = dict.fromkeys(
        s.header.argv0.rpartition("/")[2] for s in sections if s.header is not None
    )
    named = ", ".join(filter(None, programs))
    return f"{named}: memory" if named else "Memory of a program"


def _navigation(sections: list[_Section]) -> str:
    if len(sections) < 2:
        return ""
    links = [element("a", escaped(s.title), href=f"#{s.key}") for s in sections]
    items = "".join(element("li", link) for link in links)
    return element("nav", element("ul", items), aria_label="Sections")


def _controls(order: str) -> str:
    """Write what filters and sorts: hidden, until the script that does it shows it."""
    options = [
        element("option", name, value=name, selected="" if name == order else None)
        for name in ORDERS
    ]
    return element(
        "form",
        '<label>name has <input id="filter" type="search" autocomplete="off"></label>',
        element("label", "sort by ", element("select", *options, id="order")),
        '<output id="told" for="filter"></output>',
        id="controls",
        role="search",
        aria_label="Filter and sort",
        hidden="",
    )


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _policy() -> str:
    """Allow the style and the script of this page, and nothing else."""
    return (
        f"default-src 'none'; style-src {_hash(STYLE)}; script-src {_hash(SCRIPT)}; "
        "base-uri 'none'; form-action 'none'"
    )


def page_of(parts: list[Part], order: str = ORDERS[0]) -> str:
    """Write records with the headers of their files as one page.

    order: by which figure, one of ORDERS, lists are sorted at first.
    """
    sections = _sections(parts)
    name = escaped(_name(sections))
    body = "".join(section.written(order) for section in sections)
    has_lists = " data-list" in body
    head = [
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_policy()}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{name}</title>",
        f"<style>{STYLE}</style>",
    ]
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            element("head", *head),
            "<body>",
            element("header", f"<h1>{name}</h1>", _facts(sections), _navigation(sections)),
            _controls(order) if has_lists else "",
            element("main", body),
            f"<script>{SCRIPT}</script>" if has_lists else "",
            "</body>",
            "</html>",
        ]
    )
