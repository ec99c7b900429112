"""The heaps that the benchmarks look at: seeded, each of about so many tracked objects.

A builder returns what keeps its heap alive. `Heap.build` keeps that, or drops it where the heap is
to be trash.
"""

import gc
import importlib.util
import random
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import NamedTuple

from gcscope import Person

# Executed again and again in fresh modules, until there are objects enough: classes, functions,
# tables, as programs do.
LIBRARIES = """
    argparse ast asyncio.base_events asyncio.tasks bdb calendar cmd codeop configparser copy csv
    dataclasses datetime decimal difflib dis doctest email.message email.header enum fractions
    ftplib functools gettext glob gzip heapq html.parser http.client http.cookiejar http.server
    imaplib inspect ipaddress json.decoder json.encoder logging logging.config logging.handlers
    mailbox mimetypes netrc numbers optparse pathlib pdb pickle pickletools pkgutil platform
    plistlib poplib pprint profile queue random sched selectors shelve shlex shutil smtplib socket
    socketserver statistics string subprocess tarfile tempfile textwrap threading timeit tokenize
    trace traceback turtle types typing unittest.case unittest.mock urllib.parse urllib.request uuid
    warnings wave weakref webbrowser xml.dom.minidom xml.sax.handler xmlrpc.client zipapp zipfile
    zoneinfo._zoneinfo
"""


def pairs_of_friends(objects):
    """Rings of two people and their two lists: all of one form."""
    people = []
    for _ in range(objects // 4):
        a, b = Person("a"), Person("b")
        a.befriend(b)
        people.append(a)
    return people


def rings_of_many_forms(objects):
    """Rings of 2 to 11 dicts under one of 200 keys: 2,000 forms."""
    rng = random.Random(2)
    keys = [f"key {n}" for n in range(200)]
    rings = []
    while objects > 0:
        key, length = rng.choice(keys), rng.randint(2, 11)
        first = last = {}
        for _ in range(length - 1):
            last[key] = {}
            last = last[key]
        last[key] = first
        rings.append(first)
        objects -= length
    return rings


def json_like(objects):
    """Nested dicts and lists as a JSON parser makes them."""
    return [
        {
            "id": n,
            "tags": ["a", "b", [n]],
            "place": {"x": 1.5, "y": 2.5},
            "owner": {"name": str(n), "roles": []},
        }
        for n in range(objects // 6)
    ]


def libraries(objects):
    """Modules of the standard library, each several times."""
    loaded = []
    while len(gc.get_objects()) < objects:
        before = len(loaded)
        for name in LIBRARIES.split():
            try:
                spec = importlib.util.find_spec(name)
                module = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(module)
            except Exception:  # not in this Python, or not to be had twice
                continue
            loaded.append(module)
        if len(loaded) == before:
            break
    return loaded


def random_friends(objects):
    """Make people with four random friends each: the worst case for caches."""
    rng = random.Random(1)
    people = [Person("p") for _ in range(objects // 2)]
    for person in people:
        person.friends.extend(rng.choices(people, k=4))
    return people


class Session:
    """What a service knows of one client."""

    __slots__ = ("cart", "connection", "history")

    def __init__(self, connection):
        self.connection = connection
        self.cart = []
        self.history = deque(maxlen=8)


class Connection:
    """A client that is connected: callbacks, a session, a request that waits."""

    def __init__(self, service, number):
        self.service = service
        self.number = number
        self.session = Session(self)
        self.handlers = {"data": self.receive, "close": lambda: service.connections.pop(number)}
        self.waiting = None

    def receive(self, line):
        """Answer in parts."""
        words = [line]
        while words:
            words.append((yield words.pop()))


class Service:
    """A service in the middle of its work: connections, sessions, a cache, kept failures."""

    def __init__(self):
        self.connections = {}
        self.cache = OrderedDict()
        self.failures = deque(maxlen=1000)

    def connect(self, rng):
        """Add a client: about 27 objects."""
        number = len(self.connections)
        connection = self.connections[number] = Connection(self, number)
        session = connection.session
        for _ in range(3):
            session.cart.append({"item": rng.randrange(1000), "options": ["red", [number]]})
        session.history.append((number, connection))
        self.cache[number] = ("page", [connection.handlers])
        if number % 4 == 0:
            connection.waiting = connection.receive("hello")
            next(connection.waiting)
        if number % 50 == 0:
            self.fail(connection)

    def fail(self, connection):
        """Keep an exception with its traceback, as a log does."""
        try:
            connection.session.missing  # noqa: B018
        except AttributeError as error:
            self.failures.append(error)


def service(objects):
    """Make connections with callbacks, sessions, waiting generators, a cache, kept exceptions."""
    rng = random.Random(3)
    busy = Service()
    for _ in range(objects // 27):
        busy.connect(rng)
    return [connection.session for connection in busy.connections.values()]


class Heap(NamedTuple):
    """A heap by its name."""

    name: str
    builder: Callable
    is_trash: bool = False

    def build(self, objects):
        """Make it; return what keeps it, None of trash."""
        kept = self.builder(objects)
        return None if self.is_trash else kept


PAIRS = Heap("pairs of friends (trash)", pairs_of_friends, is_trash=True)
PAIRS_ALIVE = Heap("pairs of friends", pairs_of_friends)
MANY_FORMS = Heap("2,000 forms (trash)", rings_of_many_forms, is_trash=True)
ONE_COMPONENT = Heap("random friends (trash)", random_friends, is_trash=True)
JSON = Heap("JSON-like data", json_like)
LIBRARY = Heap("imported libraries", libraries)
RANDOM = Heap("random friends", random_friends)
SERVICE = Heap("service", service)
