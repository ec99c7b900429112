"""Records as a page has to bear them: many forms, long and wide names, names that would do harm."""

from gcscope import Census, CensusRow, Counts, Cut, Cycle, Link, Report
from gcscope.model.record import sum_counts
from specimens.records import header

HEADER = header(argv0="/srv/shop/serve.py", gc_frozen=1200, started=None)

LONG = "a_very_long_name_" * 30  # 510 characters
WIDE = "日本語の名前" * 12

# What would do something if it were not escaped, each with a word by which it is found.
HOSTILE = (
    "</script><script>window.hacked = 'script'</script>",
    "<img src=x onerror=\"window.hacked = 'img'\">",
    '" onmouseover="window.hacked = 1" x="',
    "' autofocus onfocus='window.hacked = 1",
    "</style></title></pre></code><h1>hacked</h1>",
    "<!-- <![CDATA[ ]]> &lt;b&gt; &amp;",
    "javascript:window.hacked=1",
    "https://example.org/hacked.js",
    "\u202eright to left\u202c \u2066isolated\u2069",
    "control \x00\x07\x1b[2J\x7f\n\r\u2028 \ud800",
)


def form(number, *names, count=1, size=100, cause=None):
    """A form of rings through objects of these types."""
    links = tuple(
        Link(
            type=name,
            name=None,
            label=f".next_{place}",
            named=True,
            where=f"shop/models/part_{number}.py:{place + 10}",
            refcount=1,
        )
        for place, name in enumerate(names)
    )
    return Cycle(
        ring=links,
        objects=len(links),
        dragged=number % 7,
        dragged_bytes=64 * (number % 7),
        bytes=size,
        types=sum_counts(*(Counts({name: 1}) for name in names)),
        cause=cause,
        cut=Cut(
            link=links[-1], advice=f"make {links[-1].label} weak", frees=len(links), references=1
        ),
        advice=f"make {links[-1].label} weak",
        count=count,
        fingerprint=f"{number:04x}{number * 7919 % 10**12:012x}",
    )


def _types_of(cycle):
    """All objects of a form by type."""
    held = sum_counts(cycle.types, {"dict": cycle.dragged})
    return Counts({name: n * cycle.count for name, n in held.items()})


def report_of(*cycles, alive=False, notes=()):
    """A report of these forms alone."""
    return Report(
        objects=sum(one.count * one.held for one in cycles),
        bytes=sum(one.count * one.held_bytes for one in cycles),
        types=sum_counts(*map(_types_of, cycles)),
        cycles=cycles,
        alive=alive,
        notes=notes,
    )


def many_forms(number):
    """A report of so many forms of rings of two to six objects."""
    return report_of(
        *(
            form(
                place,
                *(f"shop.models.part_{place}.Thing{at}" for at in range(2 + place % 5)),
                count=1 + place * 31 % 17,
                size=200 + place * 977 % 50_000,
                cause="an object refers to itself" if place % 3 == 0 else None,
            )
            for place in range(number)
        )
    )


def hostile_report():
    """A report in whose every text stands something hostile."""
    return report_of(
        *(
            Cycle(
                ring=(
                    Link(type=bad, name=bad, label=bad, named=True, where=bad, refcount=1),
                    Link(type=LONG, name=WIDE, label=LONG, named=True, where=None, refcount=None),
                ),
                objects=2,
                dragged=0,
                dragged_bytes=0,
                bytes=1000 * (place + 1),
                types=Counts({bad: 1, LONG: 1}),
                cause=bad,
                cut=None,
                advice=bad,
                count=place + 1,
                fingerprint=f"{place}{bad}",
            )
            for place, bad in enumerate(HOSTILE)
        ),
        notes=HOSTILE,
    )


def census_of_many(number):
    """A census of so many types."""
    rows = tuple(
        CensusRow(
            type=f"shop_{place % 23}.Type{place}",
            objects=10 + number - place,
            bytes=(number - place) ** 2 * 100,
        )
        for place in range(number)
    )
    return Census(
        rows=rows,
        objects=sum(row.objects for row in rows),
        bytes=sum(row.bytes for row in rows),
        anonymous=None,
    )
