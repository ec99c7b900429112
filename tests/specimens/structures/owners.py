"""Objects that know who owns them, or who made them."""

import contextvars
import html.parser
import logging
import sqlite3
import weakref

from specimens.structures.cases import Structure, cut


class stream_of_a_response(Structure):
    """A client wraps the stream of a response in one that knows the response, to tell it how long
    it took. Nobody else holds the stream.
    """

    source = "https://github.com/encode/httpx (httpx/_client.py: response.stream = BoundSyncStream)"
    rings = ("Response.stream → BoundStream.response",)
    answers = (
        cut("Response.stream", by="done close"),
        cut("BoundStream.response", by="weak done close"),
    )

    class BoundStream:
        def __init__(self, chunks, response):
            self.chunks, self.response = chunks, response

        def read(self):
            self.response.elapsed = 1
            return b"".join(self.chunks)

    class Response:
        elapsed = None

        def __init__(self, chunks):
            self.stream = stream_of_a_response.BoundStream(chunks, response=self)

    def make():
        return stream_of_a_response.Response([b"a", b"b"])

    def use(response):
        assert response.stream.read() == b"ab" and response.elapsed == 1

    def done(response):
        response.stream = None


class stream_of_a_response_renamed(Structure):
    """The same by names that say nothing, in the one order of the alphabet."""

    source = stream_of_a_response.source
    rings = ("Alpha.zeta → Zeta.alpha",)
    answers = (cut("Alpha.zeta", by="done close"), cut("Zeta.alpha", by="weak done close"))

    class Zeta:
        def __init__(self, alpha):
            self.alpha = alpha

        def read(self):
            self.alpha.elapsed = 1
            return b"ab"

    class Alpha:
        def __init__(self):
            self.zeta = stream_of_a_response_renamed.Zeta(self)

    def make():
        return stream_of_a_response_renamed.Alpha()

    def use(alpha):
        assert alpha.zeta.read() == b"ab" and alpha.elapsed == 1

    def done(alpha):
        alpha.zeta = None


class stream_of_a_response_turned(Structure):
    """And in the other: what is Alpha above is Zeta here."""

    source = stream_of_a_response.source
    rings = ("Zeta.alpha → Alpha.zeta",)
    answers = (cut("Zeta.alpha", by="done close"), cut("Alpha.zeta", by="weak done close"))

    class Alpha:
        def __init__(self, zeta):
            self.zeta = zeta

        def read(self):
            self.zeta.elapsed = 1
            return b"ab"

    class Zeta:
        def __init__(self):
            self.alpha = stream_of_a_response_turned.Alpha(self)

    def make():
        return stream_of_a_response_turned.Zeta()

    def use(zeta):
        assert zeta.alpha.read() == b"ab" and zeta.elapsed == 1

    def done(zeta):
        zeta.alpha = None


class part_made_before_its_owner(Structure):
    """An engine is made first, and told its car when the car is: the older object is the part."""

    rings = ("Car.engine → Engine.car",)
    answers = (cut("Engine.car", by="weak done close"), cut("Car.engine", by="done close"))
    weak = ("Engine.car",)

    class Engine:
        car = None

    class Car:
        def __init__(self, engine):
            self.engine = engine
            engine.car = self

    def make():
        return part_made_before_its_owner.Car(part_made_before_its_owner.Engine())

    def use(car):
        assert car.engine.car is car


class slots_that_cannot_be_weak(Structure):
    """A board and its squares have slots, and no room for weak references."""

    rings = ("Board.squares[*] → Square.board",)
    answers = (cut("Square.board", by="done close"), cut("Board.squares", by="done close"))

    class Square:
        __slots__ = ("board",)

        def __init__(self, board):
            self.board = board

    class Board:
        __slots__ = ("squares",)

        def __init__(self):
            self.squares = [slots_that_cannot_be_weak.Square(self) for _ in range(9)]

    def make():
        return slots_that_cannot_be_weak.Board()

    def use(board):
        assert all(square.board is board for square in board.squares)

    def done(board):
        board.squares.clear()


class parser_of_a_builder(Structure):
    """A builder of trees has a parser of html.parser that knows the soup, which has the builder."""

    source = "https://bugs.launchpad.net/beautifulsoup (HTMLParserTreeBuilder, parser.soup)"
    rings = ("Builder.parser → Parser.soup → Soup.builder", "Builder.soup → Soup.builder")
    answers = (
        cut("Parser.soup", "Builder.soup", by="done weak close"),
        cut("Soup.builder", by="done close"),
    )
    weak = ("Parser.soup", "Builder.soup")

    class Parser(html.parser.HTMLParser):
        soup = None

        def handle_starttag(self, tag, attrs):
            self.soup.tags.append(tag)

    class Builder:
        soup = None

        def __init__(self):
            self.parser = parser_of_a_builder.Parser()

    class Soup:
        def __init__(self, text):
            self.tags, self.builder = [], parser_of_a_builder.Builder()
            self.builder.soup = self.builder.parser.soup = self
            self.builder.parser.feed(text)

    def make():
        return parser_of_a_builder.Soup("<p><b>tea</b></p>")

    def use(soup):
        assert soup.tags == ["p", "b"] and soup.builder.soup is soup


class orm_session(Structure):
    """A session has its entities in an identity map and a unit of work; all of them know it."""

    source = "a usual shape; SQLAlchemy's Session, identity_map and UOWTransaction"
    rings = ("Session.identities[*] → Entity.session",)
    answers = (
        cut("Entity.session", "UnitOfWork.session", by="weak close done"),
        cut("Session.identities", "Session.unit", by="close done"),
    )
    weak = ("Entity.session", "UnitOfWork.session")

    class UnitOfWork:
        def __init__(self, session):
            self.session, self.dirty = session, []

    class Entity:
        def __init__(self, session, key):
            self.session, self.key = session, key

        def touch(self):
            self.session.unit.dirty.append(self.key)

    class Session:
        def __init__(self):
            self.unit, self.identities = orm_session.UnitOfWork(self), {}

        def get(self, key):
            return self.identities.setdefault(key, orm_session.Entity(self, key))

        def close(self):
            self.identities.clear()
            self.unit = None

    def make():
        session = orm_session.Session()
        for key in range(8):
            session.get(("user", key))
        return session

    def use(session):
        session.get(("user", 3)).touch()
        assert session.unit.dirty == [("user", 3)] and session.unit.session is session


class related_records(Structure):
    """A book caches its author, and the author what was fetched of their books, as in Django."""

    source = "https://code.djangoproject.com (fields_cache, _prefetched_objects_cache)"
    answers = (
        cut("Book.fields_cache", by="weak done uncached"),
        cut("Author.fetched", by="done uncached"),
    )

    class Author:
        def __init__(self):
            self.fetched = {}

    class Book:
        def __init__(self, author):
            self.fields_cache = {"author": author}

    def make():
        author = related_records.Author()
        author.fetched["books"] = [related_records.Book(author) for _ in range(4)]
        return author

    def use(author):
        assert all(book.fields_cache["author"] is author for book in author.fetched["books"])

    def done(author):
        author.fetched.clear()


class widgets_of_an_app(Structure):
    """An application has its widgets by name; each knows its master, and the frames their
    children.
    """

    source = "a usual shape; tkinter's Misc.master and children"
    answers = (
        cut("*.master", by="weak close done"),
        cut("*.widgets", "*.master", by="close"),
        cut("*.widgets", by="close"),
    )
    weak = ("Widget.master",)

    class Widget:
        def __init__(self, master, name):
            self.master, self.widgets = master, {}
            if master is not None:
                master.widgets[name] = self

        def toplevel(self):
            return self if self.master is None else self.master.toplevel()

    class App(Widget):
        pass

    class Frame(Widget):
        pass

    class Button(Widget):
        pass

    class Label(Widget):
        pass

    def make():
        case = widgets_of_an_app
        app = case.App(None, "app")
        for name in ("left", "right"):
            frame = case.Frame(app, name)
            case.Button(frame, "ok")
            case.Label(frame, "title")
        return app

    def use(app):
        for frame in app.widgets.values():
            assert all(widget.toplevel() is app for widget in frame.widgets.values())


class plugins_of_an_application(Structure):
    """An application has its plugins in a registry, and each knows the application."""

    source = "a usual shape; sphinx, flake8, jinja2's Extension.environment"
    rings = ("Application.plugins[*] → Plugin.app",)
    answers = (cut("Plugin.app", by="weak done close"), cut("Application.plugins", by="done close"))
    weak = ("Plugin.app",)

    class Plugin:
        def __init__(self, app):
            self.app = app

    class Application:
        def __init__(self):
            names = ("lint", "sort", "count")
            self.plugins = {name: plugins_of_an_application.Plugin(self) for name in names}

    def make():
        return plugins_of_an_application.Application()

    def use(app):
        assert all(plugin.app is app for plugin in app.plugins.values())


class components_of_entities(Structure):
    """A game's entity has its components by their classes, and each knows the entity."""

    answers = (
        cut("*.entity", by="weak done close"),
        cut("Entity.components", by="done close"),
    )
    weak = ("Component.entity",)

    class Component:
        entity = None

    class Position(Component):
        pass

    class Health(Component):
        pass

    class Entity:
        def __init__(self, *components):
            self.components = {type(component): component for component in components}
            for component in components:
                component.entity = self

    def make():
        case = components_of_entities
        return case.Entity(case.Position(), case.Health())

    def use(entity):
        assert [one.entity for one in entity.components.values()] == [entity, entity]


class states_of_a_machine(Structure):
    """A state machine has its states by name and the current one; each knows the machine."""

    rings = ("Machine.current → State.machine", "Machine.states[*] → State.machine")
    answers = (
        cut("State.machine", by="weak done close"),
        cut("Machine.states", "Machine.current", by="done close"),
    )
    weak = ("State.machine",)

    class State:
        def __init__(self, machine, following):
            self.machine, self.following = machine, following

        def go(self):
            self.machine.current = self.machine.states[self.following]

    class Machine:
        def __init__(self, **following):
            state = states_of_a_machine.State
            self.states = {name: state(self, after) for name, after in following.items()}
            self.current = next(iter(self.states.values()))

    def make():
        return states_of_a_machine.Machine(red="green", green="amber", amber="red")

    def use(machine):
        for _ in range(3):
            machine.current.go()
        assert machine.current is machine.states["red"]


class cursors_of_a_table(Structure):
    """A table lists its open cursors, and a cursor, all that the caller holds, needs the table."""

    source = "a usual shape; DB-API connections that list their cursors"
    rings = ("Table.cursors[*] → Cursor.table",)
    answers = (
        cut("Table.cursors", by="weak done close"),
        cut("Cursor.table", by="done close"),
    )

    class Cursor:
        def __init__(self, table):
            self.table, self.place = table, 0

        def close(self):
            self.table.cursors.remove(self)
            self.table = None

    class Table:
        def __init__(self, rows):
            self.rows, self.cursors = rows, []

        def cursor(self):
            self.cursors.append(cursors_of_a_table.Cursor(self))
            return self.cursors[-1]

    def make():
        return cursors_of_a_table.Table("abc").cursor()

    def use(cursor):
        assert cursor.table.rows[cursor.place] == "a"

    def done(cursor):
        cursor.close()


class accessor_cached_on_its_frame(Structure):
    """A descriptor makes an accessor at its first use and keeps it on the object that it
    describes, as those of pandas and xarray. The object itself may be a temporary.
    """

    source = "https://github.com/pydata/xarray/issues (register_dataset_accessor: cached accessor)"
    rings = ("Series.text → TextMethods.parent",)
    answers = (
        cut("Series.text", by="uncached done"),
        cut("TextMethods.parent", by="done uncached"),
    )

    class TextMethods:
        def __init__(self, parent):
            self.parent = parent

        def upper(self):
            return [value.upper() for value in self.parent.values]

    class CachedAccessor:
        def __init__(self, name, accessor):
            self.name, self.accessor = name, accessor

        def __get__(self, obj, cls):
            accessor = self.accessor(obj)
            object.__setattr__(obj, self.name, accessor)
            return accessor

    class Series:
        def __init__(self, values):
            self.values = values

    def make():
        return accessor_cached_on_its_frame.Series(["a", "b"]).text

    def use(text):
        assert text.upper() == ["A", "B"]

    def done(text):
        del text.parent.text


accessor_cached_on_its_frame.Series.text = accessor_cached_on_its_frame.CachedAccessor(
    "text", accessor_cached_on_its_frame.TextMethods
)


class accessor_in_a_cache(Structure):
    """The same, where the object has a dict of its accessors by name."""

    source = "https://github.com/pydata/xarray (xarray/core/extensions.py: obj._cache)"
    rings = ("Dataset.cache[*] → Accessor.obj",)
    answers = (cut("Dataset.cache", by="uncached done"), cut("Accessor.obj", by="done uncached"))

    class Accessor:
        def __init__(self, obj):
            self.obj = obj

        def total(self):
            return sum(self.obj.values)

    class Dataset:
        def __init__(self, values):
            self.values, self.cache = values, {}

        def __getattr__(self, name):
            if name != "geo":
                raise AttributeError(name)
            if name not in self.cache:
                self.cache[name] = accessor_in_a_cache.Accessor(self)
            return self.cache[name]

    def make():
        return accessor_in_a_cache.Dataset([1, 2]).geo

    def use(accessor):
        assert accessor.total() == 3

    def done(accessor):
        accessor.obj.cache.clear()


class cached_adjoint(Structure):
    """A linear operator keeps its adjoint, and the adjoint the operator that it is made of."""

    source = "https://github.com/scipy/scipy (scipy.sparse.linalg MatrixLinearOperator.__adj)"
    rings = ("LinearOperator.adjoint → AdjointOperator.operator",)
    answers = (
        cut("AdjointOperator.operator", by="weak done uncached"),
        cut("LinearOperator.adjoint", by="done uncached"),
    )
    weak = ("AdjointOperator.operator",)

    class AdjointOperator:
        def __init__(self, operator):
            self.rows = [list(row) for row in zip(*operator.rows, strict=True)]
            self.operator = operator

        @property
        def H(self):
            return self.operator

    class LinearOperator:
        def __init__(self, rows):
            self.rows, self.adjoint = rows, None

        @property
        def H(self):
            if self.adjoint is None:
                self.adjoint = cached_adjoint.AdjointOperator(self)
            return self.adjoint

    def make():
        return cached_adjoint.LinearOperator([[1, 2], [3, 4]])

    def use(operator):
        assert operator.H.rows == [[1, 3], [2, 4]] and operator.H.H is operator


class transport_and_protocol(Structure):
    """A transport and its protocol know each other until the connection is lost, as in asyncio."""

    source = "https://docs.python.org/3/library/asyncio-protocol.html (connection_lost)"
    rings = ("Protocol.transport → Transport.protocol",)
    answers = (
        cut("Protocol.transport", by="done close"),
        cut("Transport.protocol", by="done close weak"),
    )

    class Transport:
        def __init__(self, protocol):
            self.protocol, self.written = protocol, []
            protocol.connection_made(self)

        def close(self):
            self.protocol.transport = None
            self.protocol = None

    class Protocol:
        transport = None

        def connection_made(self, transport):
            self.transport = transport

        def data_received(self, data):
            self.transport.written.append(data)

    def make():
        protocol = transport_and_protocol.Protocol()
        transport_and_protocol.Transport(protocol)
        return protocol

    def use(protocol):
        protocol.data_received(b"a")
        assert protocol.transport.written == [b"a"] and protocol.transport.protocol is protocol

    def done(protocol):
        protocol.transport.close()


class adapter_with_its_component(Structure):
    """A component logs through an adapter whose extra is the component itself."""

    source = "https://docs.python.org/3/howto/logging-cookbook.html (LoggerAdapter)"
    rings = ("Component.log → LoggerAdapter.extra[*]",)
    answers = (
        cut("LoggerAdapter.extra", by="weak argument done"),
        cut("Component.log", by="done close"),
    )

    class Component:
        def __init__(self):
            self.log = logging.LoggerAdapter(logging.getLogger("case"), {"component": self})

    def make():
        return adapter_with_its_component.Component()

    def use(component):
        assert component.log.process("x", {})[1]["extra"]["component"] is component

    def done(component):
        component.log = None


class formatter_of_a_handler(Structure):
    """A handler of logging has a formatter that knows it."""

    rings = ("Handler.formatter → Formatter.handler",)
    answers = (
        cut("Formatter.handler", by="weak done close"),
        cut("Handler.formatter", by="done close"),
    )
    weak = ("Formatter.handler",)

    class Formatter(logging.Formatter):
        def __init__(self, handler):
            super().__init__()
            self.handler = handler

    class Handler(logging.NullHandler):
        def __init__(self):
            super().__init__()
            self.formatter = formatter_of_a_handler.Formatter(self)

    def make():
        return formatter_of_a_handler.Handler()

    def use(handler):
        assert handler.formatter.handler is handler


class current_request_in_its_context(Structure):
    """A request keeps the context in which it and its user are the current ones."""

    source = "https://github.com/pallets/flask (AppContext and contextvars)"
    answers = (cut("Request.context", by="done close"),)

    current = contextvars.ContextVar("current_request", default=None)

    class User:
        def __init__(self, request):
            self.request = request

    class Request:
        def __init__(self):
            self.context = contextvars.copy_context()
            self.context.run(current_request_in_its_context.current.set, self)

    def make():
        return current_request_in_its_context.Request()

    def use(request):
        assert request.context[current_request_in_its_context.current] is request

    def done(request):
        request.context = None


class value_that_keeps_its_weak_key(Structure):
    """A node has a WeakKeyDictionary in which it is a key, and whose value refers to it."""

    source = "https://docs.python.org/3/library/weakref.html (WeakKeyDictionary)"
    answers = (
        cut("Info.node", by="weak done"),
        cut("Node.attributes", by="done close"),
    )
    weak = ("Info.node",)

    class Info:
        def __init__(self, node):
            self.node = node

    class Node:
        def __init__(self):
            self.attributes = weakref.WeakKeyDictionary()
            self.attributes[self] = value_that_keeps_its_weak_key.Info(self)

    def make():
        return value_that_keeps_its_weak_key.Node()

    def use(node):
        assert node.attributes[node].node is node


class session_held_by_another_ring(Structure):
    """A pool that is a ring itself keeps a connection that is one, too."""

    has_others = True
    rings = ("Pool.manager → Manager.pool", "Connection.channel → Channel.connection")
    answers = (
        cut("Manager.pool", by="weak done close"),
        cut("Pool.manager", by="done close"),
        cut("Channel.connection", by="weak done close"),
        cut("Connection.channel", by="done close"),
    )
    weak = ("Manager.pool", "Channel.connection")

    class Channel:
        def __init__(self, connection):
            self.connection = connection

    class Connection:
        def __init__(self):
            self.channel, self.buffers = session_held_by_another_ring.Channel(self), [[], []]

    class Manager:
        def __init__(self, pool):
            self.pool = pool

    class Pool:
        def __init__(self):
            self.manager = session_held_by_another_ring.Manager(self)
            self.connection = session_held_by_another_ring.Connection()

    def make():
        return session_held_by_another_ring.Pool()

    def use(pool):
        assert pool.manager.pool is pool
        assert pool.connection.channel.connection is pool.connection


class row_factory_of_a_query(Structure):
    """A query holds a cursor of sqlite3 whose row factory is a method of the query."""

    source = "https://docs.python.org/3/library/sqlite3.html (Cursor.row_factory)"
    answers = (
        cut("Query.cursor", by="done close"),
        cut("Cursor.row_factory", by="method done argument"),
    )

    class Query:
        def __init__(self, connection):
            self.cursor = connection.cursor()
            self.cursor.row_factory = self.row

        def row(self, cursor, values):
            return dict(zip("ab", values, strict=True))

    def make():
        connection = sqlite3.connect(":memory:")
        try:
            query = row_factory_of_a_query.Query(connection)
            assert query.cursor.execute("select 1, 2").fetchone() == {"a": 1, "b": 2}
            return query
        finally:
            connection.close()

    def done(query):
        query.cursor = None
