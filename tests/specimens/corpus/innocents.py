"""Programs that leave no ring."""

import asyncio
import atexit
import concurrent.futures
import contextlib
import copy
import csv
import dataclasses
import functools
import inspect
import io
import itertools
import json
import operator
import pickle
import re
import string
import traceback
import weakref
import xml.dom.minidom
import xml.etree.ElementTree
import xml.sax

from specimens.corpus.cases import alive, innocent
from specimens.corpus.classes import ModulePoint, ModulePrice
from specimens.corpus.containers import Shape
from specimens.corpus.parents import Node


@innocent
def exception_handled():
    """The variable of an except clause is deleted at its end."""
    try:
        return int("none")
    except ValueError as error:
        return str(error)


@innocent
def exception_formatted():
    """A log line is made of a chained exception while it is handled."""
    try:
        raise KeyError("port") from ValueError("none")
    except KeyError:
        return traceback.format_exc()


@innocent
def frame_of_the_caller():
    """The frame of another call in a local makes no ring with one's own."""
    frame = inspect.currentframe().f_back
    return frame.f_lineno


@innocent
def generator_abandoned():
    """A suspended generator that nothing in its frame holds is closed by reference counting."""
    return next(word for word in ["a", "b"])


@innocent
def closure_counts():
    """A closure writes a variable of its maker; nothing in there refers to the closure."""
    count = 0

    def step():
        nonlocal count
        count += 1
        return count

    return step() + step()


@innocent
def tree_without_parents():
    """A tree of lists is held from the root down."""
    return len([[], [[]]])


@innocent
def deep_chain():
    """A chain of lists is freed from its head, link by link."""
    chain = None
    for number in range(50):
        chain = [number, chain]
    return chain


@innocent
def diamond_copied():
    """Two ways lead to one object, which is no ring; copy.deepcopy keeps them."""
    shared = ["tea"]
    return copy.deepcopy({"left": shared, "right": shared})


@innocent
def pickled_and_back():
    """A pickler remembers what it has seen, and forgets it."""
    return pickle.loads(pickle.dumps({"ports": [80, 443]}))


@innocent
def weak_value_dictionary():
    """It refers to itself in its callback, but weakly."""
    table = weakref.WeakValueDictionary()
    point = ModulePoint()
    table["point"] = point
    return len(table)


@innocent
def element_tree_parsed():
    """The parser and the elements of ElementTree, unlike those of minidom, know nothing of what
    holds them.
    """
    return xml.etree.ElementTree.fromstring("<shop><item>tea</item></shop>").findtext("item")


@innocent
def rows_read():
    """A csv.DictReader holds its source, not the other way round."""
    return list(csv.DictReader(io.StringIO("name,price\ntea,3\n")))


@innocent
def json_round_trip():
    """Without indent, the encoder in C does the work."""
    return json.loads(json.dumps({"ports": [80, 443]}))


@innocent
def text_worked_over():
    """Templates and patterns are compiled once and cached."""
    return string.Template("$name").substitute(name=re.sub("[aeiou]", "", "teapot"))


@innocent
def tasks_awaited():
    """asyncio.run leaves nothing of a loop whose tasks ended well."""

    async def double(number):
        await asyncio.sleep(0)
        return number * 2

    async def main():
        return await asyncio.gather(double(1), double(2))

    return asyncio.run(main())


@innocent
def executor_used():
    """A thread pool that is shut down lets go of its threads and work items."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=1) as executor:
        return executor.submit(len, "tea").result()


@innocent
def exit_stack_used():
    """An exit stack that is left holds no callback."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.suppress(ValueError))
        return int("none")


@innocent
def pipeline_of_iterators():
    """Iterators hold the iterators before them, never those after."""
    return list(itertools.islice(map(operator.neg, filter(None, itertools.count())), 3))


@innocent
def records_sorted():
    """A key function is asked and forgotten."""
    return sorted([ModulePrice(3), ModulePrice(1)], key=operator.attrgetter("amount"))


@innocent
def bound_method_called():
    """A bound method that is not stored lives for its call."""
    return Shape().distance("circle")


@innocent
def dataclass_copied():
    """A record is replaced by an altered copy."""
    return dataclasses.replace(ModulePrice(3), amount=4)


class Cached:
    @functools.lru_cache(maxsize=4)  # noqa: B019
    def price(self):
        return 3

    def goodbye(self):
        return self


@alive
def lru_cache_on_a_method():
    """The cache of the class keeps the instances: alive, until newer ones push them out."""
    return Cached().price()


@alive
def bound_method_at_exit():
    """The interpreter keeps what is to be called at its end."""
    atexit.register(Cached().goodbye)


@alive
def finalize_refers_to_its_object():
    """The callback keeps the object whose end it waits for, so that it never comes."""
    cached = Cached()
    weakref.finalize(cached, cached.goodbye).atexit = False


REGISTRY: dict[str, object] = {}


@alive
def ring_in_a_registry():
    """Parent and child refer to each other, and the module holds them."""
    root = REGISTRY.setdefault("root", Node())
    root.add()
