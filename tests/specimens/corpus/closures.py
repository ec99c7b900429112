"""Closures."""

import ast
import functools
import json
import weakref

from specimens.corpus.cases import CLOSURE_SELF, CLOSURE_STORED, OF_LIBRARY, leaky, repaired


class Model:
    def __init__(self):
        self.value = 1
        self.watcher = lambda: self.value


class WeakModel:
    def __init__(self):
        self.value = 1
        me = weakref.ref(self)
        self.watcher = lambda: me().value


@leaky(CLOSURE_STORED, ".watcher", "cell self")
def lambda_with_self_on_self():
    """A model stores a lambda that reads the model."""
    return Model().watcher()


@repaired
def lambda_with_weak_self():
    model = WeakModel()
    return model.watcher()


@leaky(CLOSURE_SELF, "cell factorial")
def recursive_inner_function():
    """A helper that calls itself is defined inside the function that needs it."""

    def factorial(n):
        return 1 if n < 2 else n * factorial(n - 1)

    return factorial(5)


def module_factorial(n):
    return 1 if n < 2 else n * module_factorial(n - 1)


@repaired
def recursive_module_function():
    return module_factorial(5)


@leaky(CLOSURE_SELF, "cell is_even", "cell is_odd")
def mutually_recursive_closures():
    """A hand-written parser has inner functions that call one another."""

    def is_even(n):
        return n == 0 or is_odd(n - 1)

    def is_odd(n):
        return n != 0 and is_even(n - 1)

    return is_even(10)


@repaired
def mutually_recursive_closures_let_go():
    def is_even(n):
        return n == 0 or is_odd(n - 1)

    def is_odd(n):
        return n != 0 and is_even(n - 1)

    try:
        return is_even(10)
    finally:
        is_odd = None


@leaky(CLOSURE_SELF, "cell fibonacci")
def memoised_recursive_closure():
    """A dynamic programme is an inner function under functools.cache, as in many a puzzle's
    solution.
    """

    @functools.cache
    def fibonacci(n):
        return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)

    return fibonacci(20)


@functools.cache
def module_fibonacci(n):
    return n if n < 2 else module_fibonacci(n - 1) + module_fibonacci(n - 2)


@repaired
def memoised_module_function():
    return module_fibonacci(20)


@leaky(CLOSURE_SELF, "cell table[*]", "cell table", "cell table['list']", "cell table['int']")
def closures_in_a_table_they_read():
    """A serialiser fills a local table with inner functions that look their fellows up in it."""
    table = {}

    def write_list(items):
        return [table[type(item).__name__](item) for item in items]

    table.update(list=write_list, int=str)
    return write_list([1, [2]])


@repaired
def table_cleared():
    table = {}

    def write_list(items):
        return [table[type(item).__name__](item) for item in items]

    table.update(list=write_list, int=str)
    try:
        return write_list([1, [2]])
    finally:
        table.clear()


@leaky(
    OF_LIBRARY,
    "cell _convert",
    versions=(((3, 11), (3, 15)),),
    reason="3.15 has no inner functions there any more",
)
def literal_eval():
    """ast.literal_eval defines inner functions that call one another, anew for each call."""
    return ast.literal_eval("[1, 2]")


@repaired
def literal_as_json():
    return json.loads("[1, 2]")


@leaky(
    CLOSURE_SELF,
    "cell _iterencode",
    "cell _iterencode_list",
    "cell _iterencode_dict",
    versions=(((3, 11), (3, 13)),),
    reason="from 3.13 on the encoder in C knows indent",
)
def json_with_indent():
    """json.dumps with indent runs the encoder in Python, three inner functions that call one
    another.
    """
    return json.dumps({"ports": [80, 443]}, indent=1)


@repaired
def json_without_indent():
    return json.dumps({"ports": [80, 443]})


@leaky(CLOSURE_SELF, "cell register")
def singledispatch_in_a_function():
    """A function makes a generic function of its own with functools.singledispatch.

    Its register calls itself.
    """
    return functools.singledispatch(str)(1)


show = functools.singledispatch(str)


@repaired
def singledispatch_at_module_level():
    return show(1)
