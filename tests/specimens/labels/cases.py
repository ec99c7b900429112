"""A ring through every kind of reference: how one is registered, and what it runs through."""

import collections
import dataclasses
import functools
import importlib
import io
import sys

import pytest

V = sys.version_info


class HeapObject:
    """Can be called, iterated, awaited, and be an event loop: it fits in everywhere."""

    def __call__(self, *_):
        return 1

    def __iter__(self):
        return self

    def __next__(self):
        return 1

    def __await__(self):
        yield self

    def __getitem__(self, index):
        return index

    def __len__(self):
        return 3

    def __lt__(self, other):
        return False

    def method(self):
        pass

    def get_debug(self):
        return False

    def call_soon(self, *_, **__):
        pass

    def write(self, text):
        pass

    def read(self, size=-1):
        return ""


class Slotted:
    __slots__ = ("__weakref__", "mine")


class List(list):
    pass


class Tuple(tuple):
    pass


class Dict(dict):
    pass


class Set(set):
    pass


class Str(str):
    pass


class Int(int):
    pass


class Float(float):
    pass


class Bytes(bytes):
    pass


class Error(Exception):
    pass


class Buffer(io.BytesIO):
    pass


class Partial(functools.partial):
    pass


class Raw(io.RawIOBase):
    def readable(self):
        return True

    writable = seekable = readable

    def seek(self, offset, whence=0):
        return offset


Pair = collections.namedtuple("Pair", "one other")
SLOTS = (List, Dict, Set, Tuple, Str, Int, Float, Bytes, Error, Buffer, Partial)


@dataclasses.dataclass(slots=True)
class Record:
    mine: object


def holding(holder, thing):
    holder.mine = thing
    return holder


SPECIMENS = []


def optional(name):
    """Return a module, or None where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def case(labels, why, make, when=True, needs=True):
    """Register a specimen; `why` tells it from the others, `needs` is an optional module."""
    if when:
        marks = pytest.mark.skipif(needs is None, reason="a package is not installed")
        SPECIMENS.append(pytest.param(make, labels, id=why, marks=marks))


def through(labels, when=True, needs=True):
    """Register the decorated specimen."""

    def register(make):
        case(labels, make.__name__, make, when, needs)
        return make

    return register
