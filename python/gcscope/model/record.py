"""What a record is: a frozen value of strings and numbers, which goes to and from JSON."""

from __future__ import annotations

from _collections_abc import (
    Callable,
    Iterable,
    Iterator,
    Mapping,
)  # collections.abc without the trash of collections

TYPE_CHECKING = False
if TYPE_CHECKING:
    from os import PathLike
    from typing import Any, ClassVar, Self, TypeVar, dataclass_transform

    R = TypeVar("R", bound="Record")
else:

    def dataclass_transform(**_: object) -> Callable[[type], type]:
        """Stand in for typing's, which is for type checkers."""
        return lambda cls: cls


SCHEMA = "gcscope/1"
FORMS = ("text", "json", "dot", "mermaid", "svg", "png")  # in which a record can be written
FORM_OF_SUFFIX = {".json": "json", ".svg": "svg", ".png": "png", ".dot": "dot", ".mmd": "mermaid"}
_MOST = (1 << 63) - 1  # of a number that is read


class Counts(Mapping[str, int]):
    """Immutable, hashable counts by type name, the most frequent first."""

    __slots__ = ("_counts",)
    _counts: dict[str, int]

    def __init__(self, counts: Mapping[str, int] | Iterable[tuple[str, int]] = ()) -> None:
        given = dict(counts)
        object.__setattr__(
            self,
            "_counts",
            {name: n for name, n in sorted(given.items(), key=_by_falling_count) if n},
        )

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("Counts cannot be changed")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("Counts cannot be changed")

    def __getitem__(self, name: str) -> int:
        return self._counts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._counts)

    def __len__(self) -> int:
        return len(self._counts)

    def __hash__(self) -> int:
        return hash(frozenset(self._counts.items()))

    def __repr__(self) -> str:
        return f"Counts({self._counts})"

    def __reduce__(self) -> tuple[type[Counts], tuple[dict[str, int]]]:
        return Counts, (dict(self._counts),)

    @property
    def total(self) -> int:
        """The sum of all counts."""
        return sum(self._counts.values())


def _by_falling_count(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]


def sum_counts(*counts: Mapping[str, int]) -> Counts:
    """Add counts by name."""
    total: dict[str, int] = {}
    for count in counts:
        for name, n in count.items():
            total[name] = total.get(name, 0) + n
    return Counts(total)


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Record:
    """A frozen value. Its fields are its slots; it compares, hashes, pickles, prints and goes to and from JSON."""

    __slots__: tuple[str, ...] = ()
    _readers: ClassVar[Mapping[str, Callable[[Any], Any]]] = {}  # field -> how it is read from JSON
    _defaults: ClassVar[Mapping[str, object]] = {}

    def __init__(self, **values: object) -> None:
        values = {**self._defaults, **values}
        if values.keys() != set(self.__slots__):
            odd = ", ".join(sorted(values.keys() ^ set(self.__slots__)))
            raise TypeError(
                f"{type(self).__name__}() takes exactly its fields, each by name; look at: {odd}"
            )
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a {type(self).__name__} cannot be changed")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a {type(self).__name__} cannot be changed")

    def _values(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash((type(self).__name__, self._values()))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"{type(self).__name__}({fields})"

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return _rebuild, (type(self), {name: getattr(self, name) for name in self.__slots__})

    def _check(self) -> None:
        """Raise ValueError where the fields that were read do not fit each other."""

    def __str__(self) -> str:
        text: str = writers().text_of(self)
        return text

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """Return what Jupyter shows of the record: its text, by media type."""
        return {"text/plain": str(self)}

    def to_json(self) -> str:
        """Write the record as one JSON object, with "schema" and "kind" beside its fields."""
        text: str = writers().json_of(self)
        return text

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read what to_json wrote; of Record itself, a record of any kind.

        Raises ValueError, saying what is wrong, for anything else.
        """
        record: Self = writers().read_any(text) if cls is Record else writers().read(cls, text)
        return record


def _rebuild(cls: type[Record], values: dict[str, object]) -> Record:
    return cls(**values)


def writers() -> Any:
    """Return the module that writes and reads records: the one hop upwards, loaded when it is used.

    Call it early where the program under study may have spoilt imports before a record is written.
    """
    from gcscope.render import hop

    return hop


def rendered(record: Record, form: str) -> str | bytes:
    """Write a record in one of FORMS: bytes as PNG, else a text without a newline at its end.

    Raises ValueError if it has no rings to draw, CannotDraw, an OSError, where Graphviz is needed
    and is not there or fails.
    """
    written: str | bytes = writers().rendered(record, form)
    return written


def form_of_suffix(suffix: str) -> str | None:
    """Return which of FORMS the suffix of a file means (".svg": "svg"); None if it means none."""
    return FORM_OF_SUFFIX.get(suffix.lower())


def changed(record: R, **values: object) -> R:
    """Return a copy of a record with other values in some fields."""
    return type(record)(
        **{name: values.get(name, getattr(record, name)) for name in record.__slots__}
    )


def shown(value: object) -> str:
    """Write what stands where something else is expected, in a few words."""
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "an array"
    text = ascii(value) if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else f"{text[:40]}...{text[-16:]}"


def read_int(value: object) -> int:
    """Accept an int that is not negative."""
    if type(value) is not int or not 0 <= value <= _MOST:
        raise ValueError(f"expected a number that is not negative, not {shown(value)}")
    return value


def read_positive(value: object) -> int:
    """Accept an int that is 1 or more."""
    if read_int(value) == 0:
        raise ValueError("expected a number that is 1 or more, not 0")
    return read_int(value)


def read_signed(value: object) -> int:
    """Accept an int."""
    if type(value) is not int or not -_MOST <= value <= _MOST:
        raise ValueError(f"expected a number, not {shown(value)}")
    return value


def read_str(value: object) -> str:
    """Accept a str."""
    if not isinstance(value, str):
        raise ValueError(f"expected a string, not {shown(value)}")
    return value


def read_optional_str(value: object) -> str | None:
    """Accept a str or None."""
    return None if value is None else read_str(value)


def read_counts(value: object) -> Counts:
    """Accept an object of names and numbers."""
    if not isinstance(value, dict):
        raise ValueError(f"expected an object of counts, not {shown(value)}")
    return Counts({read_str(name): read_int(count) for name, count in value.items()})


def read_tuple(read_item: Callable[[Any], Any]) -> Callable[[object], tuple[Any, ...]]:
    """Make a reader of arrays whose items are read by read_item."""

    def read_items(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise ValueError(f"expected an array, not {shown(value)}")
        return tuple(read_item(item) for item in value)

    return read_items


def read_record(cls: type[Record]) -> Callable[[object], Record]:
    """Make a reader of records of one class."""

    def read_fields(value: object) -> Record:
        if not isinstance(value, dict) or value.keys() != set(cls.__slots__):
            raise ValueError(
                f"expected an object with the fields of a {cls.__name__}: {', '.join(cls.__slots__)}"
            )
        record = cls(**{name: cls._readers[name](value[name]) for name in cls.__slots__})
        record._check()
        return record

    return read_fields


def read_optional(read_item: Callable[[Any], Any]) -> Callable[[object], Any]:
    """Make a reader of null or what read_item reads."""

    def read_value(value: object) -> Any:
        return None if value is None else read_item(value)

    return read_value


def read_bool(value: object) -> bool:
    """Accept true or false."""
    if not isinstance(value, bool):
        raise ValueError(f"expected true or false, not {shown(value)}")
    return value


class Drawable(Record):
    """A record that can be drawn."""

    __slots__ = ()

    def save(self, path: str | PathLike[str]) -> None:
        """Draw it into a file: .svg or .png by Graphviz, .dot or .mmd (Mermaid) as text.

        Raises ValueError for another suffix, OSError if the file cannot be written. Without
        Graphviz a picture is written as .dot beside it, and CannotDraw is raised, an OSError that
        says where from Graphviz is to be had.
        """
        writers().save(self, path)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """Return what Jupyter shows: its text, and SVG, or Mermaid where there is no Graphviz."""
        forms: dict[str, str] = writers().bundle(self, include, exclude)
        return forms
