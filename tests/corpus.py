"""Rings of references as real programs leave them, each beside its repair; and programs that leave none.

A case is two short functions that do the same useful work. The first leaves unreachable objects
that only the collector can free, each time it is called and its result dropped; the second, its
twin, leaves nothing. Above the first stands what a good explanation says: the cause, or None where
no cause has a name, and the labels of the references where a sensible engineer would cut. Any of
those cuts is right, the first is the usual one; no cut at all means that no single reference is
worth it: the repair is to make the object once. Where a case leaves several rings, it is enough
that one of them has that cause and that cut.

A label names the reference from one object that is shown to the next. Exact builtin containers,
__dict__, tuples, cells and tracebacks are folded into it: `.friends[0]`, `['key']`, `local self`,
`cell x`, `.__traceback__.tb_frame`, with [*] for any index. A label that is written down to a
container alone, such as `.handlers`, stands for everything in there.

The programs know nothing of what studies them, make no noise, and need no network. As a script it
lets the collector itself judge every case on this Python, and prints the table:

    python tests/corpus.py
"""

import argparse
import ast
import asyncio
import atexit
import collections
import concurrent.futures
import configparser
import contextlib
import contextvars
import copy
import csv
import ctypes
import dataclasses
import email
import email.feedparser
import email.policy
import email.utils
import enum
import functools
import gc
import gzip
import importlib
import inspect
import io
import itertools
import json
import operator
import optparse
import os
import pickle
import platform
import plistlib
import re
import sched
import selectors
import sqlite3
import string
import sys
import tarfile
import tempfile
import threading
import traceback
import types
import unittest
import unittest.mock
import urllib.request
import weakref
import xml.dom.minidom
import xml.etree.ElementTree
import xml.sax
from collections.abc import Callable
from dataclasses import dataclass

EXCEPTION = "an exception keeps the frame that keeps it"
BOUND = "a bound method is stored on its own object"
CLOSURE_SELF = "a closure refers to itself"
CLOSURE_STORED = "a closure is stored on the object it refers to"
GENERATOR = "a suspended generator is held by what its frame refers to"
COROUTINE = "a suspended coroutine is held by what its frame refers to"
TASK = "a task is kept by the object it works on"
FRAME = "a frame is kept by its own local"
CONTAINER = "a container holds itself"
PARENT = "parent and child refer to each other"
CACHE = "a cache keeps the object it is keyed on"
CACHED_METHOD = "a cached bound method is stored on its own object"
RESULT = "the result of a task leads back to it"
CLASS = "a class is made inside a function"
MOCK = "each mock makes a class of its own"
NAMESPACE = "a function is kept by its own namespace"
TWO = "two objects refer to each other"
ITSELF = "an object refers to itself"

CAUSES = frozenset(
    [
        EXCEPTION,
        BOUND,
        CLOSURE_SELF,
        CLOSURE_STORED,
        GENERATOR,
        COROUTINE,
        TASK,
        FRAME,
        CONTAINER,
        PARENT,
    ]
    + [CACHE, CACHED_METHOD, RESULT, CLASS, MOCK, NAMESPACE, TWO, ITSELF]
)


def optional(name):
    """The module, or None where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


attrs = optional("attrs")
jinja2 = optional("jinja2")
requests = optional("requests")


def any_index(label):
    """The label with [*] for every index."""
    return re.sub(r"\[-?\d+\]", "[*]", label)


@dataclass(frozen=True)
class Case:
    """A program that leaves a ring, and its repaired twin."""

    leaky: Callable[[], object]
    repaired: Callable[[], object]
    cause: str | None
    cuts: tuple[str, ...]
    needs: tuple[str, ...] = ()  # modules that may be missing
    versions: tuple[
        tuple[tuple[int, ...], tuple[int, ...]], ...
    ] = ()  # (from, before) pairs that leak; () = every one
    reason: str = ""  # why only those versions

    @property
    def name(self):
        return self.leaky.__name__

    @property
    def why_not_here(self):
        """Why the case says nothing on this Python: what it needs is missing, or nothing leaks. Empty if it runs."""
        missing = [module for module in self.needs if optional(module) is None]
        if missing:
            return f"needs {', '.join(missing)}"
        here = sys.version_info[:3]
        leaks = not self.versions or any(first <= here < before for first, before in self.versions)
        return "" if leaks else self.reason

    @property
    def runs_here(self):
        return not self.why_not_here

    def allows_cut(self, label):
        """Whether the reference with this label is a good place to cut."""
        label = any_index(label)
        wanted = [any_index(cut) for cut in self.cuts]
        return any(label == cut or label.startswith((f"{cut}[", f"{cut} (")) for cut in wanted)

    def warm(self):
        """Fill the caches of what the case uses. Leaves the rings of one call behind."""
        for function in (self.leaky, self.repaired) * 2:
            function()


@dataclass(frozen=True)
class Innocent:
    """A program that leaves nothing unreachable. What is alive for good is not garbage, however useless it is."""

    program: Callable[[], object]
    alive: bool = False  # it leaves something, and that is reachable

    @property
    def name(self):
        return self.program.__name__

    def warm(self):
        self.program()
        self.program()


CASES: list[Case] = []
INNOCENTS: list[Innocent] = []
_waiting = {}


def leaky(cause, *cuts, **fields):
    """The decorated program leaves a ring; its repaired twin comes next."""

    def register(function):
        assert not _waiting, "a leaky program has no repaired twin"
        _waiting.update(fields, leaky=function, cause=cause, cuts=cuts)
        return function

    return register


def repaired(function):
    """The twin of the leaky program just above; its name says what was repaired."""
    CASES.append(Case(repaired=function, **_waiting))
    _waiting.clear()
    return function


def innocent(function):
    INNOCENTS.append(Innocent(function))
    return function


def alive(function):
    INNOCENTS.append(Innocent(function, alive=True))
    return function


# ------------------------------------------------------------------ exceptions and frames


@leaky(EXCEPTION, "local last")
def retry_keeps_last_error():
    """A retry helper keeps the last exception in a local, to tell of it when every attempt has failed."""
    last = None
    for _ in range(3):
        try:
            return int("none")
        except ValueError as error:
            last = error
    return f"gave up: {last}"


@repaired
def retry_drops_last_error():
    last = None
    try:
        for _ in range(3):
            try:
                return int("none")
            except ValueError as error:
                last = error
        return f"gave up: {last}"
    finally:
        del last


class UsageError(Exception):
    def show(self):
        return len(self.args)


@leaky(EXCEPTION, "local report")
def error_told_outside_its_handler():
    """A command line keeps a method of the error to call it once the handler is done, as click's Command.main does."""
    report = None
    try:
        raise UsageError("no such option")
    except UsageError as error:
        report = error.show
    return report()


@repaired
def error_told_and_dropped():
    report = None
    try:
        raise UsageError("no such option")
    except UsageError as error:
        report = error.show
    try:
        return report()
    finally:
        del report


def load(data, drops):
    error = None
    if "name" not in data:
        error = UsageError("name is missing")
    try:
        if error is not None:
            raise error
        return data
    finally:
        if drops:
            del error


@leaky(EXCEPTION, "local error")
def error_made_then_raised():
    """A validator makes the error first and raises the variable, as marshmallow's Schema.load does."""
    try:
        load({}, drops=False)
    except UsageError:
        return "invalid"


@repaired
def error_raised_and_dropped():
    try:
        load({}, drops=True)
    except UsageError:
        return "invalid"


class Job:
    error = None

    def run(self):
        try:
            return int("none")
        except ValueError as error:
            self.error = error

    def run_keeping_message(self):
        try:
            return int("none")
        except ValueError as error:
            self.error = error.with_traceback(None)


@leaky(EXCEPTION, ".error", "local self", ".__traceback__.tb_frame")
def job_keeps_its_error():
    """A job object stores the exception of its own method, as task queues and test runners do."""
    Job().run()


@repaired
def job_keeps_its_error_without_traceback():
    Job().run_keeping_message()


@leaky(EXCEPTION, "local errors[*]", "local errors")
def errors_collected_for_a_group():
    """A validator collects all errors in a local list before it raises them as an exception group."""
    errors = []
    for text in ("1", "two", "three"):
        try:
            int(text)
        except ValueError as error:
            errors.append(error)
    return len(ExceptionGroup("bad numbers", errors).exceptions)


@repaired
def errors_collected_and_cleared():
    errors = []
    try:
        for text in ("1", "two", "three"):
            try:
                int(text)
            except ValueError as error:
                errors.append(error)
        return len(ExceptionGroup("bad numbers", errors).exceptions)
    finally:
        errors.clear()


@leaky(EXCEPTION, "local group")
def exception_group_in_a_local():
    """A supervisor keeps the group that it caught to sort its parts later."""
    group = None
    try:
        raise ExceptionGroup("workers", [ValueError(1), KeyError(2)])
    except* ValueError as caught:
        group = caught
    except* KeyError:
        pass
    return group.message


@repaired
def exception_group_used_where_caught():
    message = None
    try:
        raise ExceptionGroup("workers", [ValueError(1), KeyError(2)])
    except* ValueError as caught:
        message = caught.message
    except* KeyError:
        pass
    return message


@leaky(EXCEPTION, "local failure")
def chained_exception_in_a_local():
    """A settings loader keeps the final exception, which has the first one as its __context__."""
    failure = None
    try:
        try:
            int("none")
        except ValueError:
            raise KeyError("port")
    except KeyError as error:
        failure = error
    return failure.args


@repaired
def chained_exception_read_where_caught():
    try:
        try:
            int("none")
        except ValueError:
            raise KeyError("port")
    except KeyError as error:
        return error.args


if requests is not None:

    class Offline(requests.adapters.BaseAdapter):
        def send(self, request, **kwargs):
            raise requests.ConnectionError("offline", request=request)

        def close(self):
            pass

    OFFLINE = requests.Session()
    OFFLINE.trust_env = False
    OFFLINE.mount("http://", Offline())


class Fetch:
    error = None

    def run(self):
        try:
            return OFFLINE.get("http://localhost/").text
        except requests.ConnectionError as error:
            self.error = error

    def run_keeping_request(self):
        try:
            return OFFLINE.get("http://localhost/").text
        except requests.ConnectionError as error:
            self.error = error.with_traceback(None)


@leaky(EXCEPTION, ".error", "local self", ".__traceback__.tb_frame", needs=("requests",))
def requests_error_kept_for_its_request():
    """A crawler's task keeps the ConnectionError of requests, to retry its e.request later."""
    Fetch().run()


@repaired
def requests_error_kept_without_traceback():
    Fetch().run_keeping_request()


class WorkItem:
    def __init__(self):
        self.future = concurrent.futures.Future()

    def run(self):
        try:
            self.future.set_result(int("none"))
        except ValueError as error:
            self.future.set_exception(error)

    def run_and_let_go(self):
        try:
            self.future.set_result(int("none"))
        except ValueError as error:
            self.future.set_exception(error)
            self = None


@leaky(EXCEPTION, "local self", ".future")
def work_item_fails_its_own_future():
    """A hand-made executor lets a work item hand its exception to its own future."""
    WorkItem().run()


@repaired
def work_item_lets_go_of_itself():
    """As concurrent.futures.thread has it, for this very reason."""
    WorkItem().run_and_let_go()


@leaky(EXCEPTION, "local future")
def future_failed_in_its_own_frame():
    """A synchronous client answers with a future that it makes and fails in one function."""
    future = concurrent.futures.Future()
    try:
        future.set_result(int("none"))
    except ValueError as error:
        future.set_exception(error)
    return future


@repaired
def future_failed_and_local_dropped():
    future = concurrent.futures.Future()
    try:
        future.set_result(int("none"))
        return future
    except ValueError as error:
        future.set_exception(error)
        return future
    finally:
        del future


@leaky(EXCEPTION, "local info[*]", "local info", "local info[*].tb_frame")
def exc_info_in_a_local():
    """A log call keeps the tuple of sys.exc_info() in a local until the record is made."""
    info = None
    try:
        int("none")
    except ValueError:
        info = sys.exc_info()
    return info[0].__name__


@repaired
def exc_info_dropped_in_finally():
    info = None
    try:
        int("none")
    except ValueError:
        info = sys.exc_info()
    try:
        return info[0].__name__
    finally:
        del info


@leaky(FRAME, "local frame")
def own_frame_in_a_local():
    """A warning helper takes sys._getframe() to learn the line number."""
    frame = sys._getframe()
    return frame.f_lineno


@repaired
def own_frame_deleted():
    frame = sys._getframe()
    try:
        return frame.f_lineno
    finally:
        del frame


@leaky(FRAME, "local stack[*]", "local stack")
def whole_stack_in_a_local():
    """A deprecation helper asks inspect.stack() who called it; the first entry is the helper itself."""
    stack = inspect.stack(context=0)
    return stack[0].function


@repaired
def whole_stack_deleted():
    stack = inspect.stack(context=0)
    try:
        return stack[0].function
    finally:
        del stack


# ------------------------------------------------------------------ bound methods


class Button:
    def __init__(self):
        self.handler = self.clicked

    def clicked(self):
        return "clicked"


class WeakButton(Button):
    def __init__(self):
        self.handler = weakref.WeakMethod(self.clicked)


@leaky(BOUND, ".handler")
def bound_method_as_handler():
    """A widget chooses its handler once and stores the bound method."""
    return Button().handler()


@repaired
def bound_method_held_weakly():
    button = WeakButton()
    return button.handler()()


class Mailbox:
    def __init__(self):
        self.commands = {"get": self.get, "put": self.put}

    def get(self):
        return "got"

    def put(self):
        return "put"


class MailboxByName(Mailbox):
    def __init__(self):
        self.commands = {"get": "get", "put": "put"}


@leaky(BOUND, ".commands['get']", ".commands['put']", ".commands")
def dispatch_table_of_bound_methods():
    """A protocol handler has a dict from command to bound method, made anew for each connection."""
    return Mailbox().commands["get"]()


@repaired
def dispatch_table_of_names():
    mailbox = MailboxByName()
    return getattr(mailbox, mailbox.commands["get"])()


class Download:
    def __init__(self):
        self.on_done = functools.partial(self.finish, "done")

    def finish(self, word):
        return word


class WeakDownload(Download):
    def __init__(self):
        self.on_done = functools.partial(Download.finish, weakref.proxy(self), "done")


@leaky(BOUND, ".on_done")
def partial_of_own_method():
    """A download prepares its completion call as a functools.partial of its own method."""
    return Download().on_done()


@repaired
def partial_of_function_with_proxy():
    download = WeakDownload()
    return download.on_done()


class Resource:
    def __init__(self):
        self.stack = contextlib.ExitStack()
        self.stack.callback(self.shut)
        self.open = True

    def shut(self):
        self.open = False


@leaky(BOUND, ".stack")
def exit_stack_with_own_method():
    """A resource keeps an ExitStack whose callback is its own method, and nobody closes it."""
    return Resource().open


@repaired
def exit_stack_closed():
    resource = Resource()
    with resource.stack:
        return resource.open


class Words:
    def __init__(self, source):
        self.words = map(self.clean, source)

    def clean(self, word):
        return word.strip()


@leaky(BOUND, ".words")
def iterator_over_own_method():
    """A reader keeps a lazy map over its own cleaning method."""
    return next(Words([" a", "b "]).words)


@repaired
def iterator_over_function():
    words = Words([])
    words.words = map(str.strip, [" a", "b "])
    return next(words.words)


class Ticker:
    def __init__(self):
        self.scheduler = sched.scheduler()
        self.event = self.scheduler.enter(10, 1, self.tick)

    def tick(self):
        self.event = self.scheduler.enter(10, 1, self.tick)


@leaky(BOUND, ".scheduler", ".event")
def scheduled_own_method():
    """A poller enters its own method into the sched.scheduler that it owns, and is dropped before it is due."""
    return Ticker().scheduler.empty()


@repaired
def scheduled_own_method_cancelled():
    ticker = Ticker()
    ticker.scheduler.cancel(ticker.event)
    ticker.event = None
    return ticker.scheduler.empty()


class Worker:
    def __init__(self):
        self.result = None
        self.thread = threading.Thread(target=self.work)

    def work(self):
        self.result = 1


@leaky(BOUND, ".thread")
def thread_never_started():
    """A worker makes its thread in __init__ and is dropped before start(): the thread still has its target."""
    return Worker().result


@repaired
def thread_started_and_joined():
    """A thread lets go of its target when it has run."""
    worker = Worker()
    worker.thread.start()
    worker.thread.join()
    return worker.result


class Check(unittest.TestCase):
    def runTest(self):
        self.addCleanup(self.tidy)

    def tidy(self):
        self.tidied = True


@leaky(BOUND, "._cleanups[*]", "._cleanups")
def cleanup_never_run():
    """A unittest.TestCase whose test method is called by hand keeps its cleanups, bound to itself."""
    Check().runTest()


@repaired
def cleanup_run():
    check = Check()
    check.runTest()
    check.doCleanups()


class Reader:
    def __init__(self):
        self.names = []
        self.parser = xml.parsers.expat.ParserCreate()
        self.parser.StartElementHandler = self.start

    def start(self, name, attributes):
        self.names.append(name)

    def read(self, text):
        self.parser.Parse(text, True)
        return self.names


@leaky(BOUND, ".parser", ".StartElementHandler")
def expat_handlers_bound_to_owner():
    """A feed reader holds the expat parser whose handlers are its own methods."""
    return Reader().read("<feed><entry/></feed>")


@repaired
def expat_handlers_unset():
    reader = Reader()
    try:
        return reader.read("<feed><entry/></feed>")
    finally:
        reader.parser.StartElementHandler = None


@leaky(BOUND, "._parser")
def sax_parser_not_closed():
    """An incremental xml.sax parser is dropped before its document ends."""
    parser = xml.sax.make_parser()
    parser.feed("<feed><entry/>")
    return parser.getLineNumber()


@repaired
def sax_parser_closed():
    parser = xml.sax.make_parser()
    parser.feed("<feed><entry/>")
    line = parser.getLineNumber()
    parser.feed("</feed>")
    parser.close()
    return line


SETTINGS = {"name": "printer", "ports": [80, 443]}
SETTINGS_XML = plistlib.dumps(SETTINGS, fmt=plistlib.FMT_XML)
SETTINGS_BINARY = plistlib.dumps(SETTINGS, fmt=plistlib.FMT_BINARY)


@leaky(BOUND, ".parser")
def plist_as_xml():
    """plistlib reads an XML property list with an expat parser bound to the reader that holds it."""
    return plistlib.loads(SETTINGS_XML)


@repaired
def plist_as_binary():
    return plistlib.loads(SETTINGS_BINARY)


class Database:
    def __init__(self):
        self.connection = sqlite3.connect(":memory:")
        self.connection.row_factory = self.make_row

    def make_row(self, cursor, row):
        return list(row)

    def close(self):
        self.connection.close()


@leaky(BOUND, ".connection", ".row_factory")
def sqlite_row_factory_bound_to_owner():
    """A database wrapper sets its own method as row_factory; closing the connection does not unset it."""
    database = Database()
    database.close()


@repaired
def sqlite_row_factory_unset():
    database = Database()
    database.close()
    database.connection.row_factory = None


CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)


class Hook:
    def __init__(self):
        self.callback = CALLBACK(self.called)

    def called(self, number):
        return number + 1


@leaky(BOUND, ".callback")
def ctypes_callback_on_its_owner():
    """A binding keeps the C callback alive on the very object that the callback is bound to, as the manual advises."""
    return Hook().callback(1)


@repaired
def ctypes_callback_unset():
    hook = Hook()
    try:
        return hook.callback(1)
    finally:
        hook.callback = None


class Client:
    def __init__(self):
        self.statuses = []
        self.session = requests.Session()
        self.session.hooks["response"].append(self.seen)

    def seen(self, response, *args, **kwargs):
        self.statuses.append(response.status_code)

    def close(self):
        self.session.close()
        self.session.hooks["response"].clear()


@leaky(BOUND, ".session", ".hooks['response'][*]", needs=("requests",))
def requests_hook_bound_to_client():
    """An API client hangs its own method into the response hooks of the session it holds."""
    return Client().statuses


@repaired
def requests_hooks_cleared():
    client = Client()
    client.close()
    return client.statuses


# ------------------------------------------------------------------ closures


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
    """A dynamic programme is an inner function under functools.cache, as in many a puzzle's solution."""

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
    CLOSURE_SELF,
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
    """json.dumps with indent runs the encoder in Python, three inner functions that call one another."""
    return json.dumps({"ports": [80, 443]}, indent=1)


@repaired
def json_without_indent():
    return json.dumps({"ports": [80, 443]})


@leaky(CLOSURE_SELF, "cell register")
def singledispatch_in_a_function():
    """A function makes a generic function of its own with functools.singledispatch; its register calls itself."""
    return functools.singledispatch(str)(1)


show = functools.singledispatch(str)


@repaired
def singledispatch_at_module_level():
    return show(1)


# ------------------------------------------------------------------ two objects, parents and
# children


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


@leaky(TWO, ".container", ".parser", ".formatter")
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
    """An argparse.ArgumentParser made for one call: its help option makes a formatter whose sections know it."""
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


@leaky(TWO, "._parser", "._converters")
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
    """urllib.request.build_opener tells each handler the opener that lists it; close() does nothing about it."""
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
    """A tarfile.TarFile lists its members, and each one that came from the file system knows it, also when closed."""
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
    reason="3.12 put a buffer between that knows the file; 3.12.10 and 3.13.3 made that reference weak",
)
def gzip_file_written():
    """A gzip.GzipFile for writing and the stream of its buffer know each other, also when closed."""
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
    """A unittest.mock.Mock and the child that its attribute made know each other; each has a class of its own."""
    shop = unittest.mock.Mock()
    shop.price.return_value = 3
    return shop.price()


@repaired
def stand_in_without_mock():
    shop = types.SimpleNamespace(price=lambda: 3)
    return shop.price()


@leaky(MOCK)
def mock_called():
    """A single unittest.mock.MagicMock: the class that it makes of itself is a ring, as every class is."""
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


@leaky(TWO, ".rows", ".table")
def cached_property_refers_back():
    """A cached property holds a view of the very object that caches it, as data frames' accessors do."""
    return Table().rows is None


@repaired
def plain_property():
    return TableAskedAnew().rows is None


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
    """A channel's finalizer closes it, which breaks the ring: too late to spare the collector the work."""
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
    """A buffer's finalizer puts it back into a pool of one, so that the ring that was found lives again."""
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


if jinja2 is not None:
    ENVIRONMENT = jinja2.Environment(extensions=["jinja2.ext.do"])


@repaired
def jinja_environment_made_once():
    return sorted(ENVIRONMENT.extensions)


# ------------------------------------------------------------------ containers, caches, contexts


class OrderedSet:
    """The links between its items are lists, the first of them that of the empty set, as in the old recipe."""

    def __init__(self, items):
        self.end = end = []
        end += [None, end, end]
        self.links = {}
        for item in items:
            before = end[1]
            before[2] = end[1] = self.links[item] = [item, before, end]


@leaky(CONTAINER, "[*]")
def ordered_set_of_linked_lists():
    """An ordered set made of linked lists, as marshmallow's; the set itself is freed, its lists are not."""
    return len(OrderedSet("tea").links)


@repaired
def ordered_set_as_dict():
    return len(dict.fromkeys("tea"))


@leaky(CONTAINER, "['globals']")
def dict_in_itself():
    """A template's variables have themselves under a name, as globals() has in many a sandbox."""
    variables = {"name": "tea"}
    variables["globals"] = variables
    return variables["globals"]["name"]


@repaired
def dict_copied_into_itself():
    variables = {"name": "tea"}
    variables["globals"] = dict(variables)
    return variables["globals"]["name"]


@leaky(CONTAINER, "[*]")
def list_in_itself():
    """A graph of plain lists has a node that is its own neighbour."""
    node = []
    node.append(node)
    return len(node)


@repaired
def list_emptied():
    node = []
    node.append(node)
    try:
        return len(node)
    finally:
        node.clear()


class Prices:
    def __init__(self):
        self.get = functools.lru_cache(maxsize=8)(self.look_up)

    def look_up(self, name):
        return len(name)


@leaky(CACHED_METHOD, ".get")
def lru_cache_per_instance():
    """An lru_cache around a bound method is made per instance, so that the class does not keep the instances."""
    return Prices().get("tea")


@repaired
def lru_cache_around_function():
    prices = Prices()
    prices.get = functools.lru_cache(maxsize=8)(len)
    return prices.get("tea")


class Shape:
    def __init__(self):
        self.distances = {}

    def distance(self, other):
        return self.distances.setdefault(other, 0)


class ShapeWithWeakCache(Shape):
    def __init__(self):
        self.distances = weakref.WeakKeyDictionary()


@leaky(CACHE, ".distances")
def cache_keyed_on_its_owner():
    """A shape remembers its distance to others, and once to itself."""
    shape = Shape()
    return shape.distance(shape)


@repaired
def cache_with_weak_keys():
    shape = ShapeWithWeakCache()
    return shape.distance(shape)


CURRENT = contextvars.ContextVar("current", default=None)


class Request:
    def __init__(self):
        self.context = contextvars.copy_context()
        self.context.run(CURRENT.set, self)

    def close(self):
        self.context = None


@leaky(None, ".context")
def context_holds_its_owner():
    """A request keeps the context in which it is the current one, as web frameworks do."""
    request = Request()
    return request.context[CURRENT] is request


@repaired
def context_let_go():
    with contextlib.closing(Request()) as request:
        return request.context[CURRENT] is request


class Span:
    token = None

    def enter(self):
        self.token = CURRENT.set(self)

    def leave(self):
        CURRENT.reset(self.token)
        self.token = None


def enter_and_leave(span):
    span.enter()
    span.leave()


@leaky(None, ".token")
def context_token_kept_by_its_value():
    """A tracing span keeps the token that would end it; the token has the context, and the context has the span."""
    contextvars.copy_context().run(Span().enter)


@repaired
def context_token_given_back():
    contextvars.copy_context().run(enter_and_leave, Span())


class Transaction:
    def __init__(self):
        self.local = threading.local()
        self.local.current = self


@leaky(TWO, ".local", ".current")
def thread_local_holds_its_owner():
    """A manager of transactions has a threading.local with itself as the current one."""
    return Transaction().local is None


@repaired
def thread_local_attribute_deleted():
    transaction = Transaction()
    try:
        return transaction.local is None
    finally:
        del transaction.local.current


@leaky(
    CACHE, versions=(((3, 11), (3, 13)),), reason="3.13 warns of a connection that was not closed"
)
def sqlite_connection_not_closed():
    """An open sqlite3 connection and its own cache of statements know each other."""
    return sqlite3.connect(":memory:").execute("select 1").fetchone()


@repaired
def sqlite_connection_closed():
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        return connection.execute("select 1").fetchone()


class Tracer:
    def __init__(self):
        self.statements = []
        self.connection = sqlite3.connect(":memory:")
        self.connection.set_trace_callback(self.statements_seen)

    def statements_seen(self, statement):
        self.statements.append(statement)

    def run(self):
        self.connection.execute("select 1").fetchone()
        return self.statements


@leaky(
    BOUND,
    ".connection",
    "a callback",
    versions=(((3, 11), (3, 13)),),
    reason="3.13 warns of a connection that was not closed",
)
def sqlite_trace_callback_bound_to_owner():
    """A profiler traces the statements of the connection that it holds with its own method."""
    return Tracer().run()


@repaired
def sqlite_trace_callback_closed():
    tracer = Tracer()
    with contextlib.closing(tracer.connection):
        return tracer.run()


# ------------------------------------------------------------------ generators, coroutines, tasks


class Tree:
    def __init__(self):
        self.items = ["a", "b"]
        self.steps = self.walk()

    def walk(self):
        for item in self.items:
            yield item, self


@leaky(GENERATOR, ".steps")
def generator_on_the_object_it_walks():
    """A tree keeps its own traversal, stopped half way."""
    return next(Tree().steps)[0]


@repaired
def generator_closed():
    tree = Tree()
    try:
        return next(tree.steps)[0]
    finally:
        tree.steps.close()


@leaky(GENERATOR, "._parse")
def mail_parser_not_closed():
    """An email.feedparser.FeedParser is a generator kept by its own parser, until it is closed."""
    parser = email.feedparser.FeedParser()
    parser.feed("Subject: tea\n\nbody\n")


@repaired
def mail_parser_closed():
    parser = email.feedparser.FeedParser()
    parser.feed("Subject: tea\n\nbody\n")
    return parser.close()["subject"]


class Pause:
    def __await__(self):
        yield


class Process:
    def __init__(self):
        self.coroutine = self.run()
        self.coroutine.send(None)

    async def run(self):
        await Pause()
        return self


@leaky(COROUTINE, ".coroutine")
def process_waiting_for_itself():
    """A simulated process keeps the coroutine that acts it out, and is dropped while it waits."""
    return Process().coroutine.cr_running


@repaired
def process_stopped():
    process = Process()
    process.coroutine.close()
    return process.coroutine.cr_running


class Poller:
    def __init__(self):
        self.task = None

    async def poll(self):
        await asyncio.sleep(0)
        raise ConnectionError(self.__class__.__name__)


async def poll(keep):
    poller = Poller()
    poller.task = asyncio.create_task(poller.poll())
    await asyncio.wait([poller.task])
    message = str(poller.task.exception())
    if not keep:
        poller.task = None
    return message


@leaky(EXCEPTION, ".task", "local self")
def task_failed_on_its_object():
    """A service keeps the asyncio task that runs its own method; the task fails, and its exception has the frame."""
    return asyncio.run(poll(keep=True))


@repaired
def task_let_go_when_done():
    return asyncio.run(poll(keep=False))


class Listener:
    def __init__(self):
        self.task = asyncio.create_task(self.listen())

    async def listen(self):
        await asyncio.Event().wait()

    async def stop(self):
        self.task.cancel()
        await asyncio.wait([self.task])
        self.task = None


async def listen(stop):
    listener = Listener()
    await asyncio.sleep(0)
    if stop:
        await listener.stop()


@leaky(EXCEPTION, ".task", "local self", ".__traceback__.tb_frame")
def task_cancelled_by_the_end_of_its_loop():
    """A service never stops its background task: asyncio.run cancels it, and the CancelledError has its frame."""
    return asyncio.run(listen(stop=False))


@repaired
def task_stopped_and_cleared():
    return asyncio.run(listen(stop=True))


async def fail():
    raise ConnectionError("offline")


async def gather_errors(as_text):
    results = await asyncio.gather(fail(), fail(), return_exceptions=True)
    return [str(result) for result in results] if as_text else results


@leaky(
    EXCEPTION,
    "._result[*]",
    ".__traceback__.tb_frame",
    versions=(((3, 12), (3, 12, 2)), ((3, 13), (3, 13, 1))),
    reason="seen on 3.12.1 and 3.13.0, where a finished coroutine's frame has an f_back; gone in 3.13.18 and 3.14",
)
def gathered_errors_are_the_result():
    """A main coroutine returns the errors it gathered: by f_back they keep the frame of asyncio.run, so its task."""
    return len(asyncio.run(gather_errors(as_text=False)))


@repaired
def gathered_errors_as_text():
    return len(asyncio.run(gather_errors(as_text=True)))


async def fail_in_a_group():
    count = 0
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())
    except* ConnectionError as failed:
        count = len(failed.exceptions)
    return count


async def fail_in_a_task():
    task = asyncio.create_task(fail())
    await asyncio.wait([task])
    return int(task.exception() is not None)


@leaky(
    EXCEPTION,
    "local me",
    ".__traceback__.tb_frame",
    versions=(((3, 11), (3, 12, 8)), ((3, 13), (3, 13, 1))),
    reason="from 3.12.8 and 3.13.1 on asyncio.TaskGroup lets go of what it raised",
)
def task_group_that_failed():
    """The method of asyncio.TaskGroup that raises the group of errors has it in a local."""
    return asyncio.run(fail_in_a_group())


@repaired
def task_awaited_alone():
    return asyncio.run(fail_in_a_task())


class Subscriber:
    def __init__(self):
        self.count = 0
        self.future = asyncio.get_running_loop().create_future()
        self.future.add_done_callback(self.done)

    def done(self, future):
        self.count += 1


async def subscribe(finish):
    subscriber = Subscriber()
    if finish:
        subscriber.future.cancel()
        await asyncio.sleep(0)
    return subscriber.count


@leaky(BOUND, ".future")
def future_with_own_callback():
    """A subscriber waits with its own method for a future that it holds, and that nobody ever completes."""
    return asyncio.run(subscribe(finish=False))


@repaired
def future_cancelled():
    return asyncio.run(subscribe(finish=True))


async def fail_a_future(drop):
    future = asyncio.get_running_loop().create_future()
    try:
        future.set_result(int("none"))
    except ValueError as error:
        future.set_exception(error)
    message = str(future.exception())
    if drop:
        del future
    return message


@leaky(EXCEPTION, "local future")
def async_future_failed_in_its_own_frame():
    """A coroutine makes a future, and fails it from its own except clause."""
    return asyncio.run(fail_a_future(drop=False))


@repaired
def async_future_dropped():
    return asyncio.run(fail_a_future(drop=True))


# ------------------------------------------------------------------ namespaces and classes

PLUGIN = compile("def run():\n    return 1\n", "plugin", "exec")


@leaky(NAMESPACE, ".__globals__['run']", "['run']", ".__globals__")
def exec_namespace():
    """A plug-in is run with exec in a fresh dict, and its function is called once."""
    namespace = {}
    exec(PLUGIN, namespace)
    return namespace["run"]()


@repaired
def exec_namespace_cleared():
    namespace = {}
    exec(PLUGIN, namespace)
    try:
        return namespace["run"]()
    finally:
        namespace.clear()


@leaky(NAMESPACE, ".__globals__['run']", "['run']", ".__globals__")
def module_dropped():
    """A loader makes a module by hand, calls into it, and forgets it."""
    module = types.ModuleType("plugin")
    exec(PLUGIN, vars(module))
    return module.run()


@repaired
def module_cleared():
    module = types.ModuleType("plugin")
    exec(PLUGIN, vars(module))
    try:
        return module.run()
    finally:
        vars(module).clear()


@leaky(NAMESPACE, ".__globals__['root']", "['root']", ".__globals__", needs=("jinja2",))
def jinja_template_from_string():
    """A jinja2 template compiled from a string is a function in a namespace of its own, made for one rendering."""
    return ENVIRONMENT.from_string("Hello {{ name }}").render(name="Ann")


if jinja2 is not None:
    TEMPLATE = ENVIRONMENT.from_string("Hello {{ name }}")


@repaired
def jinja_template_made_once():
    return TEMPLATE.render(name="Ann")


@leaky(CLASS)
def class_in_a_function():
    """A function defines a class for its own use; every class is a ring by its __mro__."""

    class Point:
        x = 1

    return Point().x


class ModulePoint:
    x = 1


@repaired
def class_at_module_level():
    return ModulePoint().x


@leaky(CLASS)
def namedtuple_in_a_function():
    """A report function makes a namedtuple for the rows of each query."""
    return collections.namedtuple("Line", "name price")("tea", 3).price


Line = collections.namedtuple("Line", "name price")


@repaired
def namedtuple_at_module_level():
    return Line("tea", 3).price


@leaky(CLASS)
def dataclass_in_a_function():
    """A function makes a dataclass for its own use."""

    @dataclass
    class Price:
        amount: int

    return Price(3).amount


@dataclass
class ModulePrice:
    amount: int


@repaired
def dataclass_at_module_level():
    return ModulePrice(3).amount


@leaky(CLASS)
def enum_in_a_function():
    """A reader of a wire format makes an Enum of the codes that it finds."""
    return enum.Enum("Colour", ["RED", "BLUE"]).RED.value


Colour = enum.Enum("Colour", ["RED", "BLUE"])


@repaired
def enum_at_module_level():
    return Colour.RED.value


MAIL = "To: ann@example.org\n\nbody\n"


@leaky(CLASS)
def mail_header_under_the_default_policy():
    """email.policy.default makes a class for each header that is read."""
    return str(email.message_from_string(MAIL, policy=email.policy.default)["to"])


@repaired
def mail_header_parsed_by_hand():
    return email.utils.parseaddr(email.message_from_string(MAIL)["to"])[1]


# ------------------------------------------------------------------ programs that leave no ring


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
    """The parser and the elements of ElementTree, unlike those of minidom, know nothing of what holds them."""
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


# ------------------------------------------------------------------ the judge


LINE = re.compile(r"^gc: (?:un)?collectable <", flags=re.M)


def unreachable():
    """Run a full collection; how many objects it says it found unreachable, before any finalizer ran."""
    flags, kept_stderr = gc.get_debug(), sys.stderr
    kept_stderr.flush()
    with tempfile.TemporaryFile() as file:
        kept = os.dup(2)
        os.dup2(file.fileno(), 2)
        sys.stderr = (
            None  # the collector then writes to the descriptor, and no Python code runs for it
        )
        gc.set_debug(gc.DEBUG_COLLECTABLE | gc.DEBUG_UNCOLLECTABLE)
        try:
            gc.collect()
        finally:
            gc.set_debug(flags)
            os.dup2(kept, 2)
            os.close(kept)
            sys.stderr = kept_stderr
        file.seek(0)
        return len(LINE.findall(file.read().decode("utf-8", "replace")))


def settle():
    """Collect until nothing is left of earlier programs."""
    while unreachable():
        pass


def found_after(program, times=3):
    """How many unreachable objects each of some calls leaves."""
    found = []
    for _ in range(times):
        settle()
        program()
        found.append(unreachable())
    return found


def judged(case):
    """A line of the table, and whether the case is what it says."""
    if not case.runs_here:
        return f"{case.name:44}    -    -  {case.why_not_here}", True
    case.warm()
    leaves, twin = found_after(case.leaky), found_after(case.repaired)
    right = all(leaves) and not any(twin) and (case.cause is None or case.cause in CAUSES)
    return f"{case.name:44} {min(leaves):4} {max(twin):4}  {case.cause}", right


def main():
    gc.disable()
    lines = [judged(case) for case in CASES]
    for program in INNOCENTS:
        program.warm()
        left = found_after(program.program)
        lines.append(
            (
                f"{program.name:44}      {max(left):4}  {'alive' if program.alive else 'innocent'}",
                not any(left),
            )
        )
    for line, right in lines:
        print("  " if right else "! ", line, sep="")
    wrong = sum(not right for _, right in lines)
    print(
        f"CPython {platform.python_version()}: {len(CASES)} cases, {len(INNOCENTS)} innocents, {wrong} wrong"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
