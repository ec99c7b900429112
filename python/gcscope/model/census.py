"""All known objects of a process by type, and the difference of two such counts."""

from __future__ import annotations

# collections.abc without the trash of collections
from _collections_abc import Iterable

from gcscope.model.record import Record, Signed

Figures = tuple[str, int, int]  # a name, how many objects, their bytes


class CensusRow(Record):
    """The objects of one type, or of one module."""

    type: str
    """The name of the type: module.qualname, builtins without the module. By module, its name."""
    objects: Signed
    """How many there are."""
    bytes: Signed
    """Bytes that they take."""


class Census(Record):
    """Every known object, tracked by the collector or not, once.

    `later - earlier` is a census too, whose numbers may be negative.
    """

    rows: tuple[CensusRow, ...]
    """One for each type or module, that of most bytes first. In a difference those of both."""
    objects: Signed
    """How many there are: the sum of the rows."""
    bytes: Signed
    """Bytes that they take: the sum of the rows."""
    anonymous: Signed | None
    """Bytes of the process's memory that are no file's, swapped out or not: what its objects are
    in, C libraries and allocators keep. None where the system does not tell."""
    by: str = "type"
    """What a row is of: 'type' or 'module'."""
    compared: bool = False
    """Whether this is the difference of two."""

    def __sub__(self, earlier: object) -> Census:
        """Subtract an earlier census. Raises ValueError if the two are not by the same."""
        if not isinstance(earlier, Census):
            return NotImplemented
        if self.by != earlier.by:
            raise ValueError(f"one is a census by {self.by}, the other by {earlier.by}")
        known = self.anonymous is not None and earlier.anonymous is not None
        figures = [(row.type, row.objects, row.bytes) for row in self.rows]
        figures += [(row.type, -row.objects, -row.bytes) for row in earlier.rows]
        return census_of(
            figures,
            anonymous=self.anonymous - earlier.anonymous if known else None,  # type: ignore[operator]
            by=self.by,
            compared=True,
        )

    def _check(self) -> None:
        if self.by not in ("type", "module"):
            raise ValueError("a census is by type or by module")


def census_of(
    figures: Iterable[Figures], anonymous: int | None, by: str, compared: bool = False
) -> Census:
    """Make a census of figures; those of one name are summed up."""
    objects: dict[str, int] = {}
    sizes: dict[str, int] = {}
    for name, count, size in figures:
        objects[name] = objects.get(name, 0) + count
        sizes[name] = sizes.get(name, 0) + size
    names = sorted(objects, key=lambda name: (-sizes[name], -objects[name], name))
    return Census(
        rows=tuple(CensusRow(type=n, objects=objects[n], bytes=sizes[n]) for n in names),
        objects=sum(objects.values()),
        bytes=sum(sizes.values()),
        anonymous=anonymous,
        by=by,
        compared=compared,
    )
