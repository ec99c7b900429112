"""What grows in no container that grows: it is told by its types."""

import atexit
import contextvars
import sqlite3
import sys

from specimens.growing.cases import PACKAGE, growing, numbers, twin


class Session:
    def __init__(self):
        self.number = next(numbers)

    def log_out(self):
        return self.number


AT_EXIT = ("*", "list") if sys.version_info >= (3, 14) else (None, None)  # a struct before


@growing(
    *AT_EXIT,
    types={f"{PACKAGE}chains.Session": 1},
    source="https://github.com/tenable/nessrest/issues/81",
)
def sessions_that_log_out_at_exit():
    atexit.register(Session().log_out)


@twin
def sessions_that_log_out():
    session = Session()
    atexit.register(session.log_out)
    atexit.unregister(session.log_out)


class Version:
    """A version of a document, which knows the one before it."""

    def __init__(self, before):
        self.before = before
        self.text = f"text {next(numbers)}"


class Store:
    newest = None


@growing(None, types={f"{PACKAGE}chains.Version": 1})
def versions_that_know_those_before():
    Store.newest = Version(Store.newest)


@twin
def versions_that_stand_alone():
    Store.newest = Version(None)


class Process:
    def __init__(self):
        self.number = next(numbers)


STACK = contextvars.ContextVar("process stack", default=())


@growing(
    None,
    types={f"{PACKAGE}chains.Process": 1},
    source="https://github.com/aiidateam/aiida-core/issues/4698",
)
def tuple_that_is_replaced_by_a_longer_one():
    STACK.set((*STACK.get(), Process()))


@twin
def tuple_that_is_put_back():
    token = STACK.set((*STACK.get(), Process()))
    STACK.reset(token)


class Index:
    def __init__(self, register):
        self.connection = sqlite3.connect(":memory:")
        if register:
            self.connection.create_function("matches", 1, self.matches)

    def matches(self, text):
        return self is text


@growing(
    None,
    types={f"{PACKAGE}chains.Index": 1, "sqlite3.Connection": 1},
    source="https://github.com/rogerbinns/apsw/issues/416",
)
def connections_that_sqlite_keeps():
    """SQLite holds the method, and shows nothing: no collector can free such a ring."""
    Index(register=True)


@twin
def connections_without_a_function():
    Index(register=False).connection.close()
