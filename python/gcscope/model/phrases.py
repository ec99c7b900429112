"""The small words of all texts: sizes, counts, and names that fit into a line."""

from __future__ import annotations

from gcscope.model.record import Counts
from gcscope.model.results import Cycle, Link, Waiting


def times(count: int) -> str:
    """Write how often something happened."""
    return "once" if count == 1 else f"{count} times"


MOST_CHARACTERS = 100  # of a name or label
MOST_TYPES = 12


def size(count: int) -> str:
    """Write a number of bytes as a person would: 432 bytes, 3.1 kB, 12.4 MB."""
    if count < 1000:
        return f"{count} bytes"
    value, unit = count / 1000, "kB"
    for larger in ("MB", "GB"):
        if value < 999.95:
            break
        value, unit = value / 1000, larger
    return f"{value:.1f} {unit}"


def seconds_phrase(seconds: float) -> str:
    """Write how long something takes: 85 µs, 12.4 ms, 1.31 s."""
    if seconds >= 0.9995:
        return f"{seconds:,.2f} s"
    if seconds >= 0.0009995:
        return f"{seconds * 1000:.1f} ms"
    return f"{seconds * 1e6:.0f} µs"


def short_count(count: int) -> str:
    """Write a number that may be very large: 12,345, 2.1 M."""
    return f"{count / 1e6:,.1f} M" if count >= 1_000_000 else f"{count:,}"


def plural(count: int, noun: str) -> str:
    """Write a count with its noun: 1 object, 1,204 objects, 2 processes."""
    ending = "" if count == 1 else "es" if noun.endswith("s") else "s"
    return f"{count:,} {noun}{ending}"


def verdict(reachable: bool) -> str:
    """Write the collector's verdict; the two words are not alike at first sight."""
    return "reachable" if reachable else "UNREACHABLE"


_VOWELS = frozenset("aeiouy")
_LETTERS_WITH_AN = frozenset("aefhilmnorsx")
"""Those whose names begin with a vowel, as spoken: an F, an X, but a U."""
_SPOKEN = ("fmt", "hdr", "lst", "mgr", "msg", "src", "srv", "str", "svc")
"""What is said as the word that it stands for: a str, a msgpack.Packer."""
_BEGINNINGS = (
    " f fj fl fr h l ll m mn n r rh s sc sch scr sh shr sk sl sm sn sp sph spl spr sq st sv sw "
)
"""The consonants that begin words which can be said, of those that begin with _LETTERS_WITH_AN."""
_SILENT_H = ("heir", "honest", "honor", "honour", "hour")
_LETTERS_WITH_U = ("ui", "udp", "uj", "url", "usb", "utc", "utf", "uu", "uv", "uw", "ux")


def _first_word(noun: str) -> str:
    """Return the word with which a name begins, in small letters: of SSLContext it is ssl."""
    name = noun.lstrip("_")
    capitals = next((i for i, c in enumerate(name) if not c.isupper()), len(name))
    end = next((i for i, c in enumerate(name) if i >= capitals and not c.islower()), len(name))
    is_acronym = 1 < capitals < end - 1  # else a word, or URLs
    return name[: capitals - 1 if is_acronym else end].lower()


def _begins_with_you(word: str) -> bool:
    """Return whether a word in u is said as in user, unit and URL, not as in under and upper."""
    if word.startswith("un"):
        return word.startswith("uni") and not word.startswith(("unid", "unim", "unin"))
    is_open = len(word) > 2 and word[1] not in _VOWELS and word[2] in _VOWELS  # u-ser, u-til
    return word == "u" or is_open or word.startswith(_LETTERS_WITH_U)


def _begins_with_vowel(word: str) -> bool:
    """Return whether a word begins with a vowel as it is said.

    One that cannot be said, for it has no vowel or begins as no English word does, is spelled:
    ssl, xml, fnmatch, LRU.
    """
    first = word[:1]
    if first == "u":
        return not _begins_with_you(word)
    if first in _VOWELS:
        is_eu = word.startswith("eu") and len(word) > 2 and not word.startswith("euler")
        return not (first == "y" or is_eu or word in ("one", "once"))
    onset = next((i for i, c in enumerate(word) if c in _VOWELS), len(word))
    is_said = onset < len(word) and f" {word[:onset]} " in _BEGINNINGS
    if is_said or word.startswith(_SPOKEN):
        return word.startswith(_SILENT_H)
    return first in _LETTERS_WITH_AN


def with_article(noun: str) -> str:
    """Write a noun with a or an, as its first word is said: an int, a user, an ssl.SSLContext."""
    return f"{'an' if _begins_with_vowel(_first_word(noun)) else 'a'} {noun}"


def counts_lines(counts: Counts, most: int = MOST_TYPES) -> list[str]:
    """Write counts as lines, the most frequent first; the rest of a long list in one line."""
    shown = list(counts.items())[:most]
    rest = list(counts.items())[most:]
    width = max((len(f"{n:,}") for _, n in shown), default=0)
    lines = [f"  {n:>{width},}  {shortened(name)}" for name, n in shown]
    if rest:
        objects = plural(sum(n for _, n in rest), "object")
        lines.append(f"  and {objects} of {plural(len(rest), 'other type')}")
    return lines


def counts_phrase(counts: Counts, most: int = 4) -> str:
    """Write counts in one line: 2 gcscope.Person, 2 list."""
    if not counts:
        return "nothing"
    shown = list(counts.items())[:most]
    rest = counts.total - sum(n for _, n in shown)
    return ", ".join(
        [f"{n:,} {shortened(name)}" for name, n in shown] + ([f"{rest:,} others"] if rest else [])
    )


def in_one_line(text: str) -> str:
    """Write what breaks lines, moves the cursor or cannot be encoded by its number."""
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text
    )


def shortened(text: str, most: int = MOST_CHARACTERS) -> str:
    """Leave the middle out of a text that is too long, and let it stand in one line."""
    line = in_one_line(text)
    return line if len(line) <= most else f"{line[: most // 2]}…{line[-(most // 2 - 1) :]}"


_SAYS_THE_KIND = frozenset(
    {"function", "method", "frame", "generator", "coroutine", "type", "module", "code"}
)


# A note of a report that was asked for while a collection runs finalizers or weakref callbacks.
COLLECTING = (
    "a collection is under way: what it has found unreachable is in no list, and its rings are not "
    "told here"
)


# A reason for which objects wait in no ring -> what that means, of one and of several.
_WAITING = {
    "deferred": (
        "in no ring, and yet only the collector can free it (deferred counting)",
        "in no ring, and yet only the collector can free them (deferred counting)",
    ),
    "queued": (
        "waiting for the thread that made it, which frees it as soon as it runs",
        "waiting for the threads that made them, which free them as soon as they run",
    ),
    "put off": (
        "replaced, and freed by the interpreter a little later",
        "replaced, and freed by the interpreter a little later",
    ),
}


def waiting_line(waiting: Waiting) -> str:
    """Write which objects wait in no ring, and for what."""
    is_one = waiting.types.total == 1
    reasons = _WAITING.get(waiting.why, (f"waiting ({waiting.why})",) * 2)
    line = f"{reasons[0 if is_one else 1]}: {counts_phrase(waiting.types)}"
    kept = plural(waiting.kept, "object")
    return f"{line}, and {kept} kept by {'it' if is_one else 'them'}" if waiting.kept else line


def running_line(link: Link) -> str:
    """Write that a function runs whose globals a collection would empty."""
    where = "" if link.where is None else f"  {in_one_line(link.where)}"
    return (
        f"{link_title(link)}{where} is running, and only its own frame has it: "
        "gc.collect() would empty its globals while it runs"
    )


def whole_title(type_name: str, name: str | None) -> str:
    """Write what an object is, however long: its type and, where that says more, its name."""
    if name is None:
        return type_name
    if type_name == "functools._lru_cache_wrapper":
        return f"functools.lru_cache of {name}"
    return f"{type_name} {name if type_name in _SAYS_THE_KIND else repr(name)}"


def title(type_name: str, name: str | None) -> str:
    """Write what an object is, short enough for a line."""
    return shortened(whole_title(type_name, name))


def link_title(link: Link) -> str:
    """Write what the object of a link is."""
    return title(link.type, link.name)


def ring_line(cycle: Cycle, most: int = 4) -> str:
    """Write a ring in one line: app.Service .task → app.Task ._exception → ..."""
    parts = [f"{link_title(link)} {shortened(link.label)}" for link in cycle.beginning[:most]]
    return " → ".join([*parts, "…" if cycle.length > len(parts) else link_title(cycle.ring[0])])


def growth_phrase(ring: str, count: int, known: int) -> str:
    """Write that there are more rings of a form than the baseline has."""
    return f"{ring}: {count:,} now, {known:,} in the baseline"


def table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    """Align a table: words to the left, numbers to the right, but for the first and last column."""
    columns = list(zip(header, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    are_numbers = [
        0 < i < len(columns) - 1 and all(cell[:1] in "-+0123456789" for cell in column[1:])
        for i, column in enumerate(columns)
    ]
    return [
        "   ".join(
            f"{cell:{'>' if is_number else '<'}{width}}"
            for cell, is_number, width in zip(row, are_numbers, widths, strict=True)
        ).rstrip()
        for row in (header, *rows)
    ]
