"""Which object is meant: names, attributes and constant keys, read without running Python code.

    app.cache               a variable of the module app
    app.jobs['mail'][0].to  an entry, an item, an attribute
    sys.modules['app']      as reports tell where something is kept

A name is that of a module that is loaded, the longest that fits, else a variable of __main__. What
a property, a method, a `__getitem__` or `__getattr__` would give is not there: only their code
makes it.
"""

from __future__ import annotations

import sys

from gcscope import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Step = tuple[str, Any]
    """"." and a name, or "[" and a constant."""

_EXAMPLE = "app.jobs['mail'][0].to"
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "\\": "\\", "'": "'", '"': '"'}
_DIGITS = {"x": 2, "u": 4, "U": 8}
_CONSTANTS = {"None": None, "True": True, "False": False}


class Unreadable(ValueError):
    """Says in one line why an expression leads to no object."""


# ------------------------------------------------------------------------------ reading it


def _refusal(text: str, at: int) -> Unreadable:
    rest = f", not {text[at:]!r}" if at < len(text) else ""
    return Unreadable(
        f"cannot read {text!r}: it is to have names, attributes and constant keys, such as "
        f"{_EXAMPLE}{rest}"
    )


def _name_end(text: str, at: int) -> int:
    """Return where a name that begins at a place ends."""
    end = at
    while end < len(text) and text[at : end + 1].isidentifier():
        end += 1
    if end == at:
        raise _refusal(text, at)
    return end


def _character(text: str, at: int) -> tuple[str, int]:
    """Read one character within quotes, and return where the next begins."""
    if text[at] != "\\":
        return text[at], at + 1
    letter = text[at + 1 : at + 2]
    if letter in _DIGITS:
        end = at + 2 + _DIGITS[letter]
        try:
            return chr(int(text[at + 2 : end], 16)), end
        except (ValueError, OverflowError):
            raise _refusal(text, at) from None
    if letter not in _ESCAPES:
        raise _refusal(text, at)
    return _ESCAPES[letter], at + 2


def _quoted(text: str, at: int) -> tuple[str, int]:
    """Read a text in quotes, and return where it ends."""
    quote, begin, characters = text[at], at, []
    at += 1
    while at < len(text) and text[at] != quote:
        character, at = _character(text, at)
        characters.append(character)
    if at >= len(text):
        raise _refusal(text, begin)
    return "".join(characters), at + 1


def _number(word: str) -> int | float:
    try:
        return int(word)
    except ValueError:
        return float(word)


def _constant(text: str, at: int) -> tuple[object, int]:
    """Read a constant, and return where it ends."""
    is_bytes = text[at : at + 2] in ("b'", 'b"')
    if is_bytes or text[at : at + 1] in ("'", '"'):
        value, end = _quoted(text, at + is_bytes)
        try:
            return (value.encode("latin-1") if is_bytes else value), end
        except UnicodeError:
            raise _refusal(text, at) from None
    end = text.find("]", at)
    word = text[at:end].strip() if end >= 0 else ""
    if word in _CONSTANTS:
        return _CONSTANTS[word], end
    try:
        return _number(word), end
    except ValueError:
        raise _refusal(text, at) from None


def steps_of(text: str) -> list[Step]:
    """Part an expression into its steps. Raises Unreadable where it has anything else."""
    at = _name_end(text, 0)
    steps: list[Step] = [(".", text[:at])]
    while at < len(text):
        if text[at] == ".":
            end = _name_end(text, at + 1)
            steps.append((".", text[at + 1 : end]))
            at = end
        elif text[at] == "[":
            key, at = _constant(text, at + 1)
            if text[at : at + 1] != "]":
                raise _refusal(text, at)
            steps.append(("[", key))
            at += 1
        else:
            raise _refusal(text, at)
    return steps


def _spelled(step: Step) -> str:
    """Write a step as one types it."""
    kind, name = step
    return f".{name}" if kind == "." else f"[{name!r}]"


# ---------------------------------------------------------------------------- going its way


def _modules() -> dict[str, Any]:
    modules: dict[str, Any] = vars(sys)["modules"]
    return modules


def _root(steps: list[Step]) -> tuple[object, int]:
    """Find where an expression begins, and how many of its steps that takes."""
    modules = _modules()
    names = 1
    while names < len(steps) and steps[names][0] == ".":
        names += 1
    for count in range(names, 0, -1):
        name = ".".join(name for _, name in steps[:count])
        try:
            return _core.entry(modules, name), count
        except LookupError:
            pass
    try:
        return _core.attribute(_core.entry(modules, "__main__"), steps[0][1], True), 1
    except LookupError:
        raise Unreadable(
            f"no module that is loaded, and no variable of __main__, is called {steps[0][1]!r}"
        ) from None


def _derives(obj: object, cls: type) -> bool:
    """Return whether an object is of such a class, as its type has it and nothing that it says."""
    return any(base is cls for base in type.__dict__["__mro__"].__get__(type(obj)))


def _item(obj: Any, key: Any) -> object:
    """Return what an object has under a key. Raises LookupError, TypeError where it has none."""
    if _derives(obj, dict):
        return _core.entry(obj, key)
    for cls in (list, tuple, *_deque()):
        if _derives(obj, cls) and type(key) is int:
            item: object = cls.__getitem__(obj, key)
            return item
    raise LookupError


def _deque() -> tuple[Any, ...]:
    """Return deque, where that is loaded: nothing else has one."""
    module = _modules().get("_collections")
    return () if module is None else (vars(module)["deque"],)


def _step(obj: object, step: Step, own: bool) -> object:
    """Go one step; own: from the __dict__ of an object."""
    kind, name = step
    if own and type(name) is str:
        return _core.attribute(obj, name, True)
    return _core.attribute(obj, name, False) if kind == "." else _item(obj, name)


def _is_dict_of_next(steps: list[Step], place: int) -> bool:
    """Whether a step says no more than that the next one is an entry of the object's __dict__."""
    return steps[place] == (".", "__dict__") and [k for k, _ in steps[place + 1 : place + 2]] == [
        "["
    ]


def find(text: str) -> object:
    """Return the object that an expression leads to. Raises Unreadable where there is none."""
    steps = steps_of(text)
    obj, at = _root(steps)
    for place in range(at, len(steps)):
        # The __dict__ of an object may not have been made yet.
        own = place > at and _is_dict_of_next(steps, place - 1)
        if _is_dict_of_next(steps, place):
            continue
        try:
            obj = _step(obj, steps[place], own)
        except (LookupError, TypeError):
            before = "".join(map(_spelled, steps[:place]))[1:]
            raise Unreadable(
                f"{before} has no {_spelled(steps[place])} that can be read without running code"
            ) from None
    return obj
