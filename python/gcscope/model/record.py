"""What a record is: a frozen value of strings and numbers, which goes to and from JSON."""

from __future__ import annotations

import sys

# collections.abc without the trash of collections
from _collections_abc import Callable, Iterable, Iterator, Mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from os import PathLike
    from typing import Any, ClassVar, Self, TypeVar, dataclass_transform

    R = TypeVar("R", bound="Record")
else:

    def dataclass_transform(**_: object) -> Callable[[type], type]:
        """Stand in for typing's, which is for type checkers."""
        return lambda cls: cls


SCHEMA = "gcscope/2"
_MOST = (1 << 63) - 1  # of a number that is read
_LARGEST_FLOAT = sys.float_info.max


class OldSchema(ValueError):
    """A file of an older schema; the message names the command that writes it anew."""


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


def abridged(value: object) -> str:
    """Write what stands where something else is expected, in a few words."""
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "an array"
    text = ascii(value) if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else f"{text[:40]}...{text[-16:]}"


def _read_int(value: object) -> int:
    """Accept an int that is not negative."""
    if type(value) is not int or not 0 <= value <= _MOST:
        raise ValueError(f"expected a number that is not negative, not {abridged(value)}")
    return value


def _read_positive(value: object) -> int:
    """Accept an int that is 1 or more."""
    if _read_int(value) == 0:
        raise ValueError("expected a number that is 1 or more, not 0")
    return _read_int(value)


def _read_signed(value: object) -> int:
    """Accept an int."""
    if type(value) is not int or not -_MOST <= value <= _MOST:
        raise ValueError(f"expected a number, not {abridged(value)}")
    return value


def _read_float(value: object) -> float:
    """Accept a number that is finite: negative, and with a fraction, if it has one."""
    if type(value) not in (int, float) or not -_LARGEST_FLOAT <= value <= _LARGEST_FLOAT:  # type: ignore[operator]
        raise ValueError(f"expected a number, not {abridged(value)}")
    return float(value)  # type: ignore[arg-type]


def _read_str(value: object) -> str:
    """Accept a str."""
    if not isinstance(value, str):
        raise ValueError(f"expected a string, not {abridged(value)}")
    return value


def _read_counts(value: object) -> Counts:
    """Accept an object of names and numbers."""
    if not isinstance(value, dict):
        raise ValueError(f"expected an object of counts, not {abridged(value)}")
    return Counts({_read_str(name): _read_int(count) for name, count in value.items()})


def _read_tuple(read_item: Callable[[Any], Any]) -> Callable[[object], tuple[Any, ...]]:
    """Make a reader of arrays whose items are read by read_item."""

    def read_items(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise ValueError(f"expected an array, not {abridged(value)}")
        return tuple(read_item(item) for item in value)

    return read_items


def _read_optional(read_item: Callable[[Any], Any]) -> Callable[[object], Any]:
    """Make a reader of null or what read_item reads."""

    def read_value(value: object) -> Any:
        return None if value is None else read_item(value)

    return read_value


def _read_bool(value: object) -> bool:
    """Accept true or false."""
    if not isinstance(value, bool):
        raise ValueError(f"expected true or false, not {abridged(value)}")
    return value


def _read_record(cls: type[Record], declared: Mapping[str, str]) -> Callable[[object], Record]:
    """Make a reader of records of one class. How its fields are read is found at the first.

    Fields that the class does not know are left out: a later version has written them. One that is
    missing takes its default.
    """
    readers: dict[str, Callable[[Any], Any]] = {}
    needed = set(cls.__slots__).difference(cls._defaults)

    def read_fields(value: object) -> Record:
        if not isinstance(value, dict) or not needed <= value.keys():
            fields = ", ".join(sorted(needed))
            raise ValueError(f"expected an object with the fields of {cls.__name__}: {fields}")
        if not readers:
            readers.update((name, _reader_of(declared[name])) for name in cls.__slots__)
        record = cls(**{name: read(value[name]) for name, read in readers.items() if name in value})
        record._check()
        return record

    return read_fields


Positive = int  # what else a field may be declared as: an int is not negative
Signed = int

# What a field is declared as -> how that is read from JSON. Each class of records adds itself, and
# a module that declares a form of its own adds that.
READERS: dict[str, Callable[[Any], Any]] = {
    "bool": _read_bool,
    "int": _read_int,
    "Positive": _read_positive,
    "Signed": _read_signed,
    "float": _read_float,
    "str": _read_str,
    "Counts": _read_counts,
}


def _reader_of(declared: str) -> Callable[[Any], Any]:
    """Find the reader of what a field is declared as: a key of READERS, a tuple, or None."""
    if declared.endswith(" | None"):
        return _read_optional(_reader_of(declared.removesuffix(" | None")))
    if declared.startswith("tuple["):
        return _read_tuple(_reader_of(declared.removeprefix("tuple[").removesuffix(", ...]")))
    return READERS[declared]


class Derived:
    """The default of a field that follows from the others, which `of` is given by name."""

    __slots__ = ("of",)

    def __init__(self, of: Callable[[Mapping[str, Any]], object]) -> None:
        self.of = of


def derived(of: Callable[[Mapping[str, Any]], Any]) -> Any:
    """Let the default of a field follow from the others, as `of` makes it of their values."""
    return Derived(of)


class Sparse:
    """The default of a field that is written only where it has another value."""

    __slots__ = ("default",)

    def __init__(self, default: object) -> None:
        self.default = default


def sparse(default: Any) -> Any:
    """Let a field be written, as JSON and by repr, only where it differs from its default.

    So the records of before, and those of a Python that never fills it, stay as they were.
    """
    return Sparse(default)


class RecordType(type):
    """Makes the class of a record of its fields: `name: Type`, or `name: Type = default`.

    The slots are the names in alphabetical order, in which JSON, repr and hash have them. This is
    not done by `dataclasses`: importing that module, and defining a class with slots by it, leaves
    cyclic trash, which `garbage` would then find in a program that made none. So does importing
    `collections`, `typing` or `inspect`.
    """

    def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> Any:
        """Make a class, and enter it among the READERS."""
        declared = body.get("__annotations__", {})
        fields = tuple(sorted(field for field in declared if not field.startswith("_")))
        given = {field: body.pop(field) for field in fields if field in body}
        sparse_ones = {f: value.default for f, value in given.items() if type(value) is Sparse}
        made = {
            "__slots__": body.pop("_hidden", fields),
            "_defaults": {**given, **sparse_ones},
            "_sparse": sparse_ones,
        }
        record: Any = super().__new__(cls, name, bases, {**body, **made})
        READERS[name] = _read_record(record, declared)
        return record


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Record(metaclass=RecordType):
    """A frozen value, which compares, hashes, pickles, prints and goes to and from JSON."""

    __slots__: tuple[str, ...]
    _defaults: ClassVar[Mapping[str, object]]
    _sparse: ClassVar[Mapping[str, object]]

    def __init__(self, **values: object) -> None:
        values = {**self._defaults, **values}
        if values.keys() != set(self.__slots__):
            odd = ", ".join(sorted(values.keys() ^ set(self.__slots__)))
            raise TypeError(
                f"{type(self).__name__}() takes exactly its fields, each by name; look at: {odd}"
            )
        for name, value in values.items():
            if type(value) is Derived:
                value = value.of(values)
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} cannot be changed")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} cannot be changed")

    def _values(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash((type(self).__name__, self._values()))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._written())
        return f"{type(self).__name__}({fields})"

    def _written(self) -> tuple[str, ...]:
        """Return the names of the fields that are written: all but sparse ones at their default."""
        at_default = {f for f, default in self._sparse.items() if getattr(self, f) == default}
        return tuple(f for f in self.__slots__ if f not in at_default)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return _rebuild, (type(self), {name: getattr(self, name) for name in self.__slots__})

    def _changed(self, values: Mapping[str, object]) -> Self:
        """Return a copy with these values."""
        return type(self)(
            **{name: values.get(name, getattr(self, name)) for name in self.__slots__}
        )

    def _check(self) -> None:
        """Raise ValueError where the fields that were read do not fit each other."""

    def __str__(self) -> str:
        text: str = writers().text_of(self)
        return text

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """Return what Jupyter shows of the record: its text, by media type."""
        return {"text/plain": str(self)}

    def to_json(self, header: bool = False) -> str:
        """Write the record as one JSON object, with "schema" and "kind" beside its fields.

        header: as the commands write files, with the header that says of which process it tells:
        the one in which this is called.
        """
        text: str = writers().json_of(self, header)
        return text

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read what to_json wrote; of Record itself, a record of any kind.

        Raises ValueError, saying what is wrong, for anything else.
        """
        record: Self = writers().read(None if cls is Record else cls, text)
        return record


def _rebuild(cls: type[Record], values: dict[str, object]) -> Record:
    return cls(**values)


def writers() -> Any:
    """Return the module that writes and reads records: the one hop upwards.

    It loads what it needs when a record is first written so. Who writes when the program under
    study may have spoilt imports writes one before.
    """
    from gcscope.render import hop

    return hop


def forms() -> tuple[str, ...]:
    """Return the forms in which a record can be written, such as "text", "json" and "svg"."""
    every: tuple[str, ...] = writers().FORMS
    return every


def suffixes() -> tuple[str, ...]:
    """Return the suffixes of the files in which a record can be written."""
    every: tuple[str, ...] = writers().SUFFIXES
    return every


def rendered(record: Record, form: str) -> str | bytes:
    """Write a record in one of forms(): bytes as PNG, else a text without a newline at its end.

    Raises ValueError if it has no rings to draw, CannotDraw, an OSError, where Graphviz is needed
    and is not there or fails.
    """
    written: str | bytes = writers().rendered(record, form)
    return written


def form_of_suffix(suffix: str) -> str | None:
    """Return which of forms() the suffix of a file means (".svg": "svg"); None if none."""
    form: str | None = writers().form_of_suffix(suffix)
    return form


def changed(record: R, **values: object) -> R:
    """Return a copy of a record with other values in some fields."""
    return record._changed(values)


class Drawable(Record):
    """A record that can be drawn."""

    def save(self, path: str | PathLike[str]) -> None:
        """Draw it into a file: .svg or .png by Graphviz, .dot or .mmd (Mermaid) as text.

        Raises ValueError for another suffix, OSError if the file cannot be written. Without
        Graphviz a picture is written as .dot beside it, and CannotDraw is raised, an OSError that
        says where from Graphviz is to be had.
        """
        writers().save(self, path)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """Return what Jupyter shows, by media type: the text, and SVG and PNG by Graphviz.

        Where there is no Graphviz, Mermaid in place of both.
        """
        forms: dict[str, str] = writers().bundle(self, include, exclude)
        return forms


class Deferred(Drawable):
    """A record of which some fields may be made when one of them is first asked for.

    Until then it holds what they are made of, a tuple, and nothing that leads to code.
    """

    _hidden = ("_rest",)
    _rest: tuple[Any, ...] | None
    _make: ClassVar[Callable[..., Mapping[str, object]]]

    @classmethod
    def made_by(cls, make: Callable[..., Mapping[str, object]]) -> None:
        """Say who makes the fields that are missing, always the same ones of the same tuple."""
        cls._make = make

    @classmethod
    def later(cls, rest: tuple[Any, ...], **known: object) -> Self:
        """Make a record of the fields that are known; the others are made of `rest`."""
        record = cls.__new__(cls)
        for name, value in known.items():
            object.__setattr__(record, name, value)
        object.__setattr__(record, "_rest", rest)
        return record

    def __getattr__(self, name: str) -> Any:
        """Make the fields that are missing."""
        if name in type(self).__slots__ and self._rest is not None:
            for field, value in type(self)._make(*self._rest).items():
                if self.known(field, self) is self:
                    object.__setattr__(self, field, value)
            return object.__getattribute__(self, name)
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def known(self, name: str, default: object = None) -> object:
        """Return a field if it is there, without making the others."""
        try:
            return object.__getattribute__(self, name)
        except AttributeError:
            return default

    def _changed(self, values: Mapping[str, object]) -> Self:
        rest: Any = self.known("_rest")
        if rest is None:
            return super()._changed(values)
        known = {name: self.known(name, self) for name in type(self).__slots__}
        there = {name: value for name, value in known.items() if value is not self}
        return self.later(rest, **{**there, **values})
