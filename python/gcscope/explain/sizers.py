"""What instances of C types hold outside of themselves: an open table, and how it is asked."""

from __future__ import annotations

from _collections_abc import Callable, Iterable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    Sizer = Callable[[Any], int]
    S = TypeVar("S", bound=Sizer)


# id of a type -> (type, sizer); by identity, so that no __hash__ of a metaclass runs
sizers: dict[int, tuple[type, Sizer]] = {}


def sizer(cls: type) -> Callable[[S], S]:
    """Register a function that says how much memory an object of a C type holds outside of itself.

    Use it as a decorator. The function takes an object of that type, or of one derived from it, and
    returns a number of bytes: of what the object alone holds and Python does not know of, such as a
    buffer of a library. gcscope adds them wherever it counts the object. It is asked after the
    pass over the heap, never while a collection runs (of what a collection takes meanwhile, as in
    `watch`, nothing is asked); it must not change anything, and should not be slow. A new one for
    the same type takes the place of the old one.

        @gcscope.sizer(mylib.Image)
        def size_image(image):
            return image.width * image.height * 4

    Raises TypeError if cls is not a class, or what is registered cannot be called. What a sizer
    raises comes out of the word that asked it; so does a TypeError or ValueError where it returns
    anything but an int of 0 or more.
    """
    if not isinstance(cls, type):
        raise TypeError(f"sizer() takes a class, not an object of type {type(cls).__qualname__!r}")

    def register(function: S) -> S:
        if not callable(function):
            kind = type(function).__qualname__
            raise TypeError(f"a sizer must be a function, not an object of type {kind!r}")
        sizers[id(cls)] = (cls, function)
        return function

    return register


def outside_bytes(obj: object) -> int:
    """Return what the sizer of an object's type says; 0 without one.

    Of several sizers that of the most derived type is asked.
    """
    for cls in type.__dict__["__mro__"].__get__(type(obj)):
        registered = sizers.get(id(cls))
        if registered is not None:
            return _checked(registered[1](obj), cls)
    return 0


def _checked(size: object, cls: type) -> int:
    name = type.__dict__["__qualname__"].__get__(cls)
    if type(size) is not int:
        raise TypeError(
            f"the sizer of {name} must return an int, not an object of type "
            f"{type(size).__qualname__!r}"
        )
    if size < 0:
        raise ValueError(f"the sizer of {name} returned {size}: no object holds less than nothing")
    return size


class Extra:
    """What sizers add to the bytes of some rings."""

    __slots__ = ("of_all", "of_forms", "of_kept")

    def __init__(self, sized: Iterable[tuple[object, int, bool]] = (), alive: bool = False) -> None:
        self.of_all = 0
        """To those of all objects."""
        self.of_forms: dict[int, int] = {}
        """To those of the component of a form, by its place."""
        self.of_kept: dict[int, int] = {}
        """To those of what that component keeps."""
        for obj, form, is_kept in sized:
            size = outside_bytes(obj)
            figures = self.of_kept if is_kept else self.of_forms
            figures[form] = figures.get(form, 0) + size
            self.of_all += 0 if alive and is_kept else size
