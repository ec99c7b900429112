"""Caches without a bound, or with keys that never come again."""

import ctypes
import functools
import typing
import weakref
from collections import OrderedDict

from specimens.growing.cases import growing, numbers, twin


class Document:
    def __init__(self):
        self.text = f"document {next(numbers)} " * 10

    @functools.cache
    def words(self):
        return len(self.text.split())

    @property
    def words_uncached(self):
        return len(self.text.split())


@growing(
    "caches.Document.words...",
    "dict",
    source="https://github.com/PyCQA/flake8/pull/1573",
)
def method_that_is_cached():
    return Document().words()


@twin
def method_that_is_not_cached():
    return Document().words_uncached


@functools.cache
def rounded(value):
    return repr(value)


@growing("caches.rounded...", "dict")
def key_that_equals_nothing():
    """No nan equals another, so each call makes an entry."""
    next(numbers)
    return rounded(float("nan"))


@twin
def key_that_equals_itself():
    next(numbers)
    return rounded(None)


@functools.lru_cache(maxsize=2048)
def schema_of(kind):
    return {"title": kind.__name__, "fields": sorted(vars(kind))}


@growing(
    "caches.schema_of...",
    "dict",
    beside=("object.__subclasses__()",),
    source="https://github.com/pydantic/pydantic/issues/2441",
)
def schema_of_a_class_made_in_a_call():
    return schema_of(type("Answer", (), {"field": 1}))["title"]


@twin
def schema_that_is_not_kept():
    return schema_of.__wrapped__(type("Answer", (), {"field": 1}))["title"]


@growing("typing...", "dict", beside=("object.__subclasses__()",))
def typing_caches_classes():
    """Until its 128 places are full, each of them a class."""
    return typing.List[type("Model", (), {})] is not None  # noqa: UP006 - that is what is cached


@twin
def list_that_is_not_cached():
    return list[type("Model", (), {})] is not None


def memoized(function):
    kept = {}

    @functools.wraps(function)
    def remembered(key):
        if key not in kept:
            kept[key] = function(key)
        return kept[key]

    return remembered


@memoized
def fetched(url):
    return {"url": url, "body": url * 20}


@growing("caches.fetched.__closure__[1].cell_contents", "dict")
def memo_in_a_closure():
    return fetched(f"https://example.org/{next(numbers)}")["url"]


@twin
def memo_that_is_passed_by():
    return fetched.__wrapped__(f"https://example.org/{next(numbers)}")["url"]


class Connection:
    """Keeps a cursor for every text of a statement, as drivers do."""

    def __init__(self):
        self.statements = OrderedDict()

    def cursor(self, text, most=None):
        cursor = self.statements.get(text)
        if cursor is None:
            cursor = self.statements[text] = Cursor(text)
        while most is not None and len(self.statements) > most:
            self.statements.popitem(last=False)
        return cursor


class Cursor:
    __slots__ = ("columns", "text")

    def __init__(self, text):
        self.text = text
        self.columns = ["id", "name", text[-4:]]


CONNECTION = Connection()


@growing("caches.CONNECTION.statements", "collections.OrderedDict")
def statements_with_the_values_in_them():
    return CONNECTION.cursor(f"select * from items where id = {next(numbers)}").columns


@twin
def statements_that_are_few():
    return CONNECTION.cursor(f"select * from items where id = {next(numbers)}", most=8).columns


RUN_VARS = weakref.WeakKeyDictionary()


class Loop:
    def __init__(self):
        self.number = next(numbers)


@growing("caches.RUN_VARS.data", "dict", source="https://github.com/agronholm/anyio/issues/1203")
def value_of_a_weak_key_that_holds_its_key():
    loop = Loop()
    RUN_VARS[loop] = {"root task": (loop, "result")}


@twin
def value_of_a_weak_key_that_does_not():
    loop = Loop()
    RUN_VARS[loop] = {"root task": (loop.number, "result")}


PAGES = {}


@growing("caches.PAGES", "dict")
def pages_of_bytes():
    """No collector tracks a dict of bytes, up to 3.13."""
    key = f"/static/{next(numbers)}.css"
    PAGES[key] = b"." * 5000
    return len(PAGES[key])


@twin
def pages_that_are_read_again():
    return len({f"/static/{next(numbers)}.css": b"." * 5000})


@growing(
    "ctypes._pointer_type_cache",
    "dict",
    source="https://github.com/tox-dev/platformdirs/issues/501",
    beside=("*.Structure.__subclasses__()", "*._Pointer.__subclasses__()"),
    before=(3, 14),
)
def pointer_types_of_a_class_made_in_a_call():
    class Identifier(ctypes.Structure):
        _fields_ = (("first", ctypes.c_uint32),)

    return ctypes.POINTER(Identifier)(Identifier(7)).contents.first


@twin
def reference_to_a_class_made_in_a_call():
    class Identifier(ctypes.Structure):
        _fields_ = (("first", ctypes.c_uint32),)

    made = Identifier(7)
    return ctypes.byref(made) is not None and made.first


class Config:
    def __init__(self, region):
        self.region = region


class Clients:
    @functools.cache
    def get(self, service, config):
        return {"service": service, "region": config.region, "pool": bytearray(3000)}

    @functools.cache
    def of(self, service, region):
        return {"service": service, "region": region, "pool": bytearray(3000)}


CLIENTS = Clients()


@growing(
    "caches.Clients.get...",
    "dict",
    source="https://github.com/localstack/localstack/issues/9126",
)
def key_that_is_hashed_by_its_address():
    """Two of these that say the same are two keys."""
    return CLIENTS.get("kinesis", Config("us-west-2"))


@twin
def key_that_is_hashed_by_what_it_says():
    return CLIENTS.of("kinesis", Config("us-west-2").region)
