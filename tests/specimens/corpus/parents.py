"""Two objects, parents and children."""

import argparse
import collections
import configparser
import contextlib
import functools
import gzip
import io
import itertools
import optparse
import os
import selectors
import tarfile
import types
import unittest
import unittest.mock
import urllib.request
import weakref
import xml.dom.minidom
import xml.etree.ElementTree
import xml.sax

from specimens.corpus.cases import (
    ACCESSOR,
    ITSELF,
    MOCK,
    PARENT,
    TWO,
    attrs,
    jinja2,
    leaky,
    repaired,
)


class Entry:
    def __init__(self, value):
        self.value, self.next, self.previous = value, None, None


def linked(values, back):
    entries = [Entry(value) for value in values]
    for left, right in itertools.pairwise(entries):
        left.next = right
        right.previous = back(left)
    return entries[0]


@leaky(TWO, ".previous", ".next")
def doubly_linked_list():
    """A least-recently-used list links its entries both ways."""
    return linked([1, 2, 3], back=lambda entry: entry)


@repaired
def doubly_linked_list_weak_back():
    return linked([1, 2, 3], back=weakref.ref)


class Node:
    def __init__(self, parent=None):
        self.parent, self.children = parent, []

    def add(self):
        child = Node(self)
        self.children.append(child)
        return child


class WeakNode(Node):
    def add(self):
        child = WeakNode(weakref.proxy(self))
        self.children.append(child)
        return child


@leaky(PARENT, ".parent")
def tree_with_parent_pointers():
    """A syntax tree gives each node its parent."""
    root = Node()
    root.add().add()
    root.add()
    return len(root.children)


@repaired
def tree_with_weak_parents():
    root = WeakNode()
    root.add().add()
    root.add()
    return len(root.children)


@leaky(PARENT, ".parentNode", ".ownerDocument", ".childNodes")
def minidom_document():
    """A document of xml.dom.minidom has its parents and its owner in every node."""
    return xml.dom.minidom.parseString("<shop><item>tea</item></shop>").documentElement.tagName


@repaired
def minidom_unlinked():
    with xml.dom.minidom.parseString("<shop><item>tea</item></shop>") as document:
        return document.documentElement.tagName


class Element(xml.etree.ElementTree.Element):
    parent = None


@leaky(PARENT, ".parent")
def element_tree_with_parent_attribute():
    """A scraper subclasses Element to give it the parent that ElementTree leaves out."""
    root = Element("table")
    row = Element("row")
    row.parent = root
    root.append(row)
    return row.parent.tag


@repaired
def element_tree_with_parent_map():
    root = Element("table")
    row = Element("row")
    root.append(row)
    parents = {child: parent for parent in root.iter() for child in parent}
    return parents[row].tag


@leaky(PARENT, ".container", ".parser", ".formatter")
def optparse_parser():
    """An optparse.OptionParser made for one call: its options know their container."""
    return optparse.OptionParser(prog="tool").parse_args([])


@repaired
def optparse_parser_destroyed():
    parser = optparse.OptionParser(prog="tool")
    try:
        return parser.parse_args([])
    finally:
        parser.destroy()


@leaky(PARENT, ".formatter", ".container")
def argparse_parser():
    """An argparse.ArgumentParser made for one call.

    Its help option makes a formatter whose sections know it.
    """
    return argparse.ArgumentParser(prog="tool").parse_args([])


ARGUMENTS = argparse.ArgumentParser(prog="tool")


@repaired
def argparse_parser_made_once():
    return ARGUMENTS.parse_args([])


@leaky(ITSELF, "._container", "._mutually_exclusive_groups[*]")
def argparse_exclusive_group():
    """A mutually exclusive group of argparse knows the parser that lists it."""
    parser = argparse.ArgumentParser(prog="tool", add_help=False)
    parser.add_mutually_exclusive_group()
    return parser.parse_args([])


@repaired
def argparse_without_group():
    return argparse.ArgumentParser(prog="tool", add_help=False).parse_args([])


INI = "[server]\nport = 80\n"


@leaky(PARENT, "._parser", "._converters")
def config_parser():
    """A configparser.ConfigParser made for one file: its sections and converters know it."""
    parser = configparser.ConfigParser()
    parser.read_string(INI)
    return parser["server"]["port"]


CONFIG = configparser.ConfigParser()


@repaired
def config_parser_made_once():
    CONFIG.read_string(INI)
    return CONFIG["server"]["port"]


@leaky(PARENT, ".parent", ".handlers")
def url_opener():
    """urllib.request.build_opener tells each handler the opener that lists it.

    close() does nothing about it.
    """
    opener = urllib.request.build_opener()
    opener.close()
    return opener.addheaders


@repaired
def url_opener_taken_apart():
    opener = urllib.request.build_opener()
    for handler in opener.handlers:
        handler.parent = None
    return opener.addheaders


@leaky(PARENT, ".tarfile", "._tarfile", ".members[*]", ".members")
def tar_with_members():
    """A tarfile.TarFile lists its members, and each one that came from the file system knows it,
    also when closed.
    """
    with tarfile.open(fileobj=io.BytesIO(), mode="w") as archive:
        archive.add(os.devnull)
    return len(archive.members)


@repaired
def tar_members_cleared():
    with tarfile.open(fileobj=io.BytesIO(), mode="w") as archive:
        archive.add(os.devnull)
    count = len(archive.members)
    archive.members.clear()
    return count


@leaky(
    None,
    "._buffer",
    ".gzip_file",
    versions=(((3, 12), (3, 12, 10)), ((3, 13), (3, 13, 3))),
    reason=(
        "3.12 put a buffer between that knows the file; 3.12.10 and 3.13.3 made that reference weak"
    ),
)
def gzip_file_written():
    """A gzip.GzipFile for writing and its buffer's stream know each other, also when closed."""
    target = io.BytesIO()
    with gzip.GzipFile(fileobj=target, mode="w", mtime=0) as file:
        file.write(b"tea")
    return target.getvalue()


@repaired
def gzip_compressed_at_once():
    return gzip.compress(b"tea", mtime=0)


@leaky(TWO, "._map", "._selector")
def selector_not_closed():
    """A selector and the mapping that it shows know each other until it is closed."""
    return len(selectors.SelectSelector().get_map())


@repaired
def selector_closed():
    with selectors.SelectSelector() as selector:
        return len(selector.get_map())


@leaky(PARENT, "._mock_parent", "._mock_new_parent", "._mock_children['price']")
def mock_with_attribute():
    """A unittest.mock.Mock and the child that its attribute made know each other.

    Each has a class of its own.
    """
    shop = unittest.mock.Mock()
    shop.price.return_value = 3
    return shop.price()


@repaired
def stand_in_without_mock():
    shop = types.SimpleNamespace(price=lambda: 3)
    return shop.price()


@leaky(MOCK)
def mock_called():
    """A single unittest.mock.MagicMock.

    The class that it makes of itself is a ring, as every class is.
    """
    shop = unittest.mock.MagicMock(return_value=3)
    return shop()


@repaired
def function_called():
    def shop():
        return 3

    return shop()


class Row:
    def __init__(self, table):
        self.table = table


class Table:
    @functools.cached_property
    def rows(self):
        return Row(self)


class TableAskedAnew(Table):
    @property
    def rows(self):
        return Row(self)


@leaky(ACCESSOR, ".rows")
def cached_property_refers_back():
    """A cached property holds a view of the very object that caches it, as data frames' accessors
    do.
    """
    return Table().rows is None


@repaired
def plain_property():
    return TableAskedAnew().rows is None


class Accessor:
    """A descriptor that keeps what it gives with the data set, as xarray's and pandas' do."""

    def __init__(self, cls):
        self.cls = cls

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, instance, owner):
        if self.name not in instance.cache:
            instance.cache[self.name] = self.cls(instance)
        return instance.cache[self.name]


class Dates:
    def __init__(self, data):
        self.data = data

    def year(self):
        return self.data.year


class Dataset:
    __slots__ = ("cache", "year")

    def __init__(self, year):
        self.year, self.cache = year, {}

    dt = Accessor(Dates)


class DatasetWithoutCache(Dataset):
    __slots__ = ()

    @property
    def dt(self):
        return Dates(self)


@leaky(ACCESSOR, ".cache['dt']")
def accessor_cached_in_a_dict():
    """A data set keeps each accessor that was asked for in a dict of its own."""
    return Dataset(2026).dt.year()


@repaired
def accessor_made_anew():
    return DatasetWithoutCache(2026).dt.year()


class Cursor(list):
    def start(self):
        self.position = iter(self)
        return next(self.position)


@leaky(TWO, ".position")
def iterator_stored_on_its_list():
    """A list of tokens keeps its own iterator as the position of the parser."""
    return Cursor("ab").start()


@repaired
def iterator_dropped():
    cursor = Cursor("ab")
    try:
        return cursor.start()
    finally:
        del cursor.position


class Scheduler:
    def __init__(self):
        self.ready = collections.deque([self])


@leaky(ITSELF, ".ready")
def deque_holds_its_owner():
    """A scheduler enters itself into its own queue."""
    return len(Scheduler().ready)


@repaired
def deque_drained():
    scheduler = Scheduler()
    return len(scheduler.ready.popleft().ready)


class Scope:
    def __init__(self):
        self.names = collections.OrderedDict(this=self)


@leaky(ITSELF, ".names")
def ordered_dict_holds_its_owner():
    """A scope of an interpreter has itself among its own names."""
    return list(Scope().names)


@repaired
def ordered_dict_cleared():
    scope = Scope()
    try:
        return list(scope.names)
    finally:
        scope.names.clear()


class Group:
    def __init__(self):
        self.members = {self}


@leaky(ITSELF, ".members")
def set_holds_its_owner():
    """A group is a member of itself: a ring of one object."""
    return len(Group().members)


@repaired
def set_emptied():
    group = Group()
    try:
        return len(group.members)
    finally:
        group.members.clear()


class Handler:
    def __init__(self, owner):
        self.owner = owner


class Channel:
    def __init__(self):
        self.handler = Handler(self)

    def __del__(self):
        self.close()

    def close(self):
        self.handler = None


@leaky(PARENT, ".owner", ".handler")
def finalizer_breaks_its_ring():
    """A channel's finalizer closes it, which breaks the ring.

    Too late to spare the collector the work.
    """
    return Channel().handler is None


@repaired
def channel_closed():
    with contextlib.closing(Channel()) as channel:
        return channel.handler is None


class Buffer:
    pool: list[object] = []

    def __init__(self):
        self.handler = Handler(self)

    def __del__(self):
        self.pool[:] = [self]


class BufferWithoutBack(Buffer):
    pool: list[object] = []

    def __init__(self):
        self.handler = Handler(None)


@leaky(PARENT, ".owner", ".handler")
def finalizer_resurrects():
    """A buffer's finalizer puts it back into a pool of one, so that the ring that was found lives
    again.
    """
    return Buffer().handler is None


@repaired
def finalizer_without_ring():
    return BufferWithoutBack().handler is None


if attrs is not None:

    @attrs.define(eq=False)
    class Person:
        name: str
        friend: object = None


@leaky(TWO, ".friend", needs=("attrs",))
def attrs_friends():
    """Two records of attrs, with slots and so without a __dict__, refer to each other."""
    ann, bob = Person("Ann"), Person("Bob")
    ann.friend, bob.friend = bob, ann
    return ann.friend.name


@repaired
def attrs_friends_parted():
    ann, bob = Person("Ann"), Person("Bob")
    ann.friend, bob.friend = bob, ann
    try:
        return ann.friend.name
    finally:
        ann.friend = None


@leaky(PARENT, ".environment", needs=("jinja2",))
def jinja_extension():
    """A jinja2 environment and each of its extensions know each other."""
    return sorted(jinja2.Environment(extensions=["jinja2.ext.do"]).extensions)


ENVIRONMENT = jinja2 and jinja2.Environment(extensions=["jinja2.ext.do"])


@repaired
def jinja_environment_made_once():
    return sorted(ENVIRONMENT.extensions)
