"""What a case of the structures is, how its truth is written down, and how references are made weak
to the letter.
"""

import contextlib
import fnmatch
import importlib
import re
import sys
import weakref
from dataclasses import dataclass

WEAK = "weak"  # make the references weak
METHOD = "method"  # WeakMethod, or look the method up when it is called
DONE = "done"  # set to None, remove, clear or delete it when done
CLOSE = "close"  # a method of the object does it: close, unlink, release, destroy, cancel
LOCAL = "local"  # delete the local variable, or the name in the enclosing function
TRACEBACK = "traceback"  # keep the exception without its traceback
UNCACHED = "uncached"  # do not keep it there at all
ARGUMENT = "argument"  # pass the object, or a plain value, when it is called
ONCE = "once"  # make it once, for all

USUAL = "a usual shape"


def spelled(kind):
    """A kind of reference with [*] for every index and key, none of them at its end."""
    kind = re.sub(r"\[(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^\]])*\]", "[*]", kind)
    return re.sub(r"(\[\*\])+$", "", kind)


def is_kind(kind, pattern):
    """Whether a kind, qualified as reports name types, is the one that a case writes down.

    `Node.parent` stands for the attribute of every class of that name, `*.parent` for that of any
    class, and what is in a container there for the container. Of a local or a cell its name is
    enough.
    """
    kind, pattern = f".{spelled(kind)}", spelled(pattern)
    if variable := re.search(r"(?:local|cell) \w+$", pattern):
        return kind.endswith(f" {variable[0]}") or kind == f".{variable[0]}"
    ending = pattern.replace("[*]", "[[]*]")
    return fnmatch.fnmatchcase(kind, f"*.{ending}")


@dataclass(frozen=True)
class Answer:
    """A right cut: kinds of references that go together, and the right ways to let go of them."""

    kinds: tuple[str, ...]
    ways: tuple[str, ...]

    def allows(self, kinds):
        """Whether all these kinds are meant, and none is missing."""
        return all(any(is_kind(kind, own) for own in self.kinds) for kind in kinds) and all(
            any(is_kind(kind, own) for kind in kinds) for own in self.kinds
        )


def cut(*kinds, by):
    return Answer(kinds, tuple(by.split()))


RETIRED = []
"""Every Weak that a class has had: on 3.15t they would wait for the collector."""


class Weak:
    """Keep an attribute as if each `x.y = z` were `x.y = weakref.ref(z)` and each `x.y` `x.y()`.

    What cannot be referred to weakly is kept as it is.
    """

    def __init__(self, name, was, reference):
        self.name, self.was, self.reference = name, was, reference
        self.slot = was if hasattr(was, "__set__") else None
        self.made = []

    def __get__(self, obj, cls=None):
        if obj is None:
            return self
        if self.slot is not None:
            kept = self.slot.__get__(obj, cls)
        elif self.name in vars(obj):
            kept = vars(obj)[self.name]
        elif self.was is not None:
            return self.was.__get__(obj, cls) if hasattr(self.was, "__get__") else self.was
        else:
            raise AttributeError(self.name)
        return kept() if isinstance(kept, weakref.ref) else kept

    def __set__(self, obj, value):
        try:
            value = self.reference(value)
            self.made.append((weakref.ref(obj), value))
        except TypeError:
            pass
        if self.slot is not None:
            self.slot.__set__(obj, value)
        else:
            vars(obj)[self.name] = value

    def __delete__(self, obj):
        if self.slot is not None:
            self.slot.__delete__(obj)
        else:
            del vars(obj)[self.name]

    def dead(self):
        """How many objects refer by it to one that is gone."""
        return sum(owner() is not None and target() is None for owner, target in self.made)


@contextlib.contextmanager
def weakly(*attributes, reference=weakref.ref):
    """Keep these (class, attribute) weakly for a while; reference: ref or WeakMethod."""
    own = {}
    try:
        for cls, name in attributes:
            was = next((vars(base)[name] for base in cls.__mro__ if name in vars(base)), None)
            if not isinstance(was, Weak):
                own[cls, name] = Weak(name, was, reference), vars(cls).get(name)
                setattr(cls, name, own[cls, name][0])
        yield [weak for weak, _ in own.values()]
    finally:
        for (cls, name), (_, was) in own.items():
            if was is None:
                delattr(cls, name)
            else:
                setattr(cls, name, was)
        for weak, _ in own.values():
            weak.made.clear()
            RETIRED.append(weak)


STRUCTURES = []


class Structure:
    """A case: what makes a structure, what uses it, and where a maintainer cuts it.

    A subclass is one; its docstring says what is modelled. Its classes stand in it.
    """

    source = USUAL  # where such a ring was reported
    rings: tuple[str, ...] = ()  # which ring stands for it, where that is clear: "A.x → B.y"
    answers: tuple[Answer, ...] = ()
    has_others = False  # whether it leaves rings of other forms, too, of which that is not said
    weak: tuple[str, ...] = ()  # the right advice: class and attribute to be made weak, or `done`
    needs: tuple[str, ...] = ()  # modules that may be missing
    versions: tuple[tuple[int, int], ...] = ()  # those that leak; () = every one
    reason = ""  # why only those

    def __init_subclass__(cls):
        STRUCTURES.append(cls)

    @staticmethod
    def make():
        """Make the structure, and return what a user of it holds."""
        raise NotImplementedError

    @staticmethod
    def use(made):
        """Fail where an object of the structure is gone or does not work."""

    @staticmethod
    def done(made):
        """Do what the advice says to what is still alive."""

    @classmethod
    def leaky(cls):
        """Make it, use it, and drop it."""
        cls.use(cls.make())

    @classmethod
    def applied(cls):
        """The twin, which follows the right advice to the letter."""
        with weakly(*map(cls.attribute, cls.weak)) as weak:
            made = cls.make()
            cls.use(made)
            assert not any(one.dead() for one in weak)
            cls.done(made)

    @classmethod
    def attribute(cls, kind):
        """The class of the case and the name of the attribute that `Class.name` means."""
        owner, _, name = kind.rpartition(".")
        return getattr(cls, owner), name

    @classmethod
    def why_not_here(cls):
        """Why the case says nothing on this Python; empty if it runs."""
        for module in cls.needs:
            try:
                importlib.import_module(module)
            except ImportError:
                return f"needs {module}"
        here = sys.version_info[:2]
        return "" if not cls.versions or here in cls.versions else cls.reason
