"""places: the line that a user would open, whatever decorators and class makers have done."""

import collections
import contextlib
import dataclasses
import enum
import functools
import sys
import types
import typing

import pytest

import gcscope

pytestmark = pytest.mark.usefixtures("small_heap")
HERE = "tests/query/test_places.py"
KNOWS_ITS_LINE = sys.version_info >= (3, 13)


def where(obj):
    """The place of an object, without the folder that this test runs in."""
    place = gcscope.why_alive(obj).links[-1].where
    return place and place[max(place.rfind(HERE), 0) :]


def line_of(text, after=1):
    """The number of the line that has a text, from a line on."""
    with open(__file__, encoding="utf-8") as file:
        lines = list(file)
    return next(n for n, line in enumerate(lines, 1) if n >= after and line.startswith(text))


def passing(function):
    @functools.wraps(function)
    def wrapper(*arguments):
        return function(*arguments)

    return wrapper


@contextlib.contextmanager
def managed():
    yield


@passing
@passing
def decorated_twice():
    pass


@functools.lru_cache
def cached():
    pass


@functools.singledispatch
def dispatched(_):
    pass


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (managed, "@contextlib.contextmanager"),
        (decorated_twice, "@passing"),
        (cached, "@functools.lru_cache"),
        (dispatched, "@functools.singledispatch"),
        (passing, "def passing"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_the_function_that_decorators_wrap(function, text):
    assert where(function) == f"{HERE}:{line_of(text)}"


def test_a_method_of_a_decorated_function():
    box = [Decorated().method]
    assert where(box[0]) == f"{HERE}:{line_of('    @passing')}"


def test_a_function_that_says_it_wraps_itself():
    def function():
        pass

    line = function.__code__.co_firstlineno
    assert where(function) == f"{HERE}:{line}"
    function.__wrapped__ = 7
    assert where(function) == f"{HERE}:{line}"
    function.__wrapped__ = function
    assert where(function) == f"{HERE}:{line}"


class Decorated:
    @passing
    def method(self):
        pass


class Property:
    @property
    def value(self):
        return self


class Static:
    @staticmethod
    def function():
        pass


class Colour(enum.Enum):
    RED = 1

    def shade(self):
        return self


@dataclasses.dataclass
class Data:
    field: int

    def method(self):
        pass


@dataclasses.dataclass(slots=True, frozen=True)
class Slots:
    field: int

    def method(self):
        pass


class Tuple(typing.NamedTuple):
    field: int

    def method(self):
        pass


class Shape(typing.Protocol):
    def method(self): ...


@functools.total_ordering
class Ordered:
    def __lt__(self, other):
        return False


@pytest.mark.parametrize(
    ("cls", "statement", "function"),
    [
        (Decorated, "class Decorated", "    @passing"),
        (Property, "class Property", "    @property"),
        (Static, "class Static", "    @staticmethod"),
        (Colour, "class Colour", "    def shade"),
        (Data, "@dataclasses.dataclass", "    def method"),
        (Slots, "@dataclasses.dataclass(slots", "    def method"),
        (Tuple, "class Tuple", "    def method"),
        (Shape, "class Shape", "    def method"),
        (Ordered, "@functools.total_ordering", "    def __lt__"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_the_class_statement(cls, statement, function):
    """Up to 3.12, where no class knows its line, the first function in it."""
    line = line_of(statement)
    assert where(cls) == f"{HERE}:{line if KNOWS_ITS_LINE else line_of(function, line)}"


class Flags(enum.Flag):
    ONE = 1


@dataclasses.dataclass
class Empty:
    field: int


class Bare(typing.NamedTuple):
    field: int


@pytest.mark.parametrize(
    ("cls", "statement"),
    [(Flags, "class Flags"), (Empty, "@dataclasses.dataclass"), (Bare, "class Bare")],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_class_with_no_function_of_its_own(cls, statement):
    """Not the "<string>" or the module of the library where what it was given stands."""
    first = line_of("class Flags")
    wanted = f"{HERE}:{line_of(statement, first)}" if KNOWS_ITS_LINE else None
    assert where(cls) == wanted


def test_a_class_that_no_statement_made():
    box = [collections.namedtuple("Made", "field"), type("Called", (), {"function": passing})]
    assert [where(cls) for cls in box] == [None, None]


def test_a_class_whose_module_is_not_there():
    namespace = {"__name__": "nowhere"}
    exec("class Lost: pass", namespace)
    assert where(namespace["Lost"]) is None


def test_a_class_whose_module_says_nonsense(monkeypatch):
    module = types.ModuleType("nonsense")
    module.__file__ = 7
    monkeypatch.setitem(sys.modules, "nonsense", module)
    exec("class Lost: pass", vars(module))
    assert where(module.Lost) is None


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("{here}/app.py", "app.py"),
        ("{here}/package/app.py", "package/app.py"),
        ("{here}/./app.py", "app.py"),
        ("{above}/beside/app.py", "../beside/app.py"),
        ("{here}beside/app.py", "../herebeside/app.py"),
        ("/elsewhere/app.py", "/elsewhere/app.py"),
        ("app.py", "app.py"),
        ("<string>", "<string>"),
    ],
)
def test_paths_are_told_from_the_current_folder(path, told, tmp_path, monkeypatch):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    namespace = {}
    code = compile("def f(): pass", path.format(here=here, above=tmp_path), "exec")
    exec(code, namespace)
    assert gcscope.why_alive(namespace["f"]).links[-1].where == f"{told}:1"


def test_no_path_is_cut_at_the_root(monkeypatch):
    for folder in ("/", "/tmp"):
        monkeypatch.chdir(folder)
        namespace = {}
        exec(compile("def f(): pass", "/elsewhere/app.py", "exec"), namespace)
        assert gcscope.why_alive(namespace["f"]).links[-1].where == "/elsewhere/app.py:1"
