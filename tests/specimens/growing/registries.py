"""What is entered somewhere for each request, and never taken out."""

import functools
import logging
import sys
import warnings
import weakref
from collections import Counter

from specimens.growing.cases import growing, numbers, twin

HANDLERS = {}


class Handler:
    def __init__(self, number):
        self.number = number
        self.body = "a line of the request\n" * 20


@growing("registries.HANDLERS", "dict", source="https://github.com/zulip/zulip/pull/521")
def handlers_by_id():
    handler = Handler(next(numbers))
    HANDLERS[handler.number] = handler
    return HANDLERS[handler.number].body


@twin
def handlers_taken_out_when_done():
    handler = Handler(next(numbers))
    HANDLERS[handler.number] = handler
    try:
        return HANDLERS[handler.number].body
    finally:
        del HANDLERS[handler.number]


class Bus:
    def __init__(self):
        self.listeners = {"data": [], "close": []}

    def listen(self, event, callback):
        self.listeners[event].append(callback)
        return functools.partial(self.listeners[event].remove, callback)


BUS = Bus()


class Request:
    def __init__(self):
        self.answers = []

    def receive(self, data):
        self.answers.append(data)


@growing(
    "registries.BUS.listeners['data']",
    "list",
    source="https://github.com/zigpy/zigpy/issues/1822",
)
def listeners_of_requests():
    request = Request()
    BUS.listen("data", request.receive)
    request.receive(b"answer")


@twin
def listeners_that_stop():
    request = Request()
    stop = BUS.listen("data", request.receive)
    request.receive(b"answer")
    stop()


class Trainer:
    pokemon = []

    def __init__(self, name):
        self.name = name
        self.pokemon.append(f"chosen by {name}")


class ModestTrainer:
    def __init__(self, name):
        self.name = name
        self.pokemon = [f"chosen by {name}"]


@growing(
    "registries.Trainer.pokemon",
    "list",
    source="https://github.com/python-attrs/attrs/issues/1006",
)
def list_shared_by_a_class():
    return Trainer(f"trainer {next(numbers)}").pokemon[-1]


@twin
def list_of_each_object():
    return ModestTrainer(f"trainer {next(numbers)}").pokemon[-1]


def collected(row, into=[]):
    into.append(row)
    return into


@growing("registries.collected.__defaults__[0]", "list")
def list_that_is_a_default():
    return collected({"id": next(numbers), "name": "row"})[-1]


@twin
def list_that_is_given():
    return collected({"id": next(numbers), "name": "row"}, [])[-1]


@growing(
    "logging.Logger.manager.loggerDict",
    "dict",
    source="https://github.com/vertica/vertica-python/issues/476",
)
def logger_of_each_connection():
    logging.getLogger(f"growing_connection_{next(numbers)}").debug("connected")


@twin
def one_logger_that_is_told_the_connection():
    number = next(numbers)
    logger = logging.getLogger("growing_connections")
    logging.LoggerAdapter(logger, {"connection": f"growing_connection_{number}"}).debug("connected")


LOGGER = logging.getLogger("growing.cluster")


class TagFilter(logging.Filter):
    def __init__(self, tag):
        super().__init__()
        self.tag = tag

    def filter(self, record):
        record.tag = self.tag
        return True


@growing("registries.LOGGER.filters", "list", source="https://github.com/wazuh/wazuh/issues/4463")
def filter_of_each_connection():
    LOGGER.addFilter(TagFilter(f"peer {next(numbers)}"))
    LOGGER.debug("connected")


@twin
def filter_removed_when_closed():
    tag = TagFilter(f"peer {next(numbers)}")
    LOGGER.addFilter(tag)
    LOGGER.debug("connected")
    LOGGER.removeFilter(tag)


NULL_LOGGER = logging.getLogger("growing.null")


@growing(
    "registries.NULL_LOGGER.handlers",
    "list",
    source="https://github.com/PaddleHQ/paddle-python-sdk/issues/144",
    beside=("logging._handlerList",),
)
def null_handler_of_each_client():
    NULL_LOGGER.addHandler(logging.NullHandler())


@twin
def null_handler_of_all_clients():
    if not NULL_LOGGER.handlers:
        NULL_LOGGER.addHandler(logging.NullHandler())


class Engine:
    """Like that of SQLAlchemy: a pool, a dialect, and those who listen to it."""

    def __init__(self, url):
        self.url = url
        self.pool = [bytearray(200)]
        self.dialect = {"name": "postgresql", "paramstyle": "pyformat"}
        self.dispatch = {"before_cursor_execute": []}

    def dispose(self):
        self.pool.clear()


class Tracer:
    listened = []

    def instrument(self, engine):
        listener = functools.partial(self.before, engine)
        engine.dispatch["before_cursor_execute"].append(listener)
        self.listened.append((engine, "before_cursor_execute", listener))

    def before(self, engine, statement):
        return engine.url

    def forget(self, engine):
        self.listened[:] = [entry for entry in self.listened if entry[0] is not engine]
        engine.dispatch.clear()


TRACER = Tracer()


@growing(
    "registries.Tracer.listened",
    "list",
    source="https://github.com/open-telemetry/opentelemetry-python-contrib/issues/1761",
)
def engines_that_a_tracer_keeps():
    engine = Engine(f"postgresql://host/{next(numbers)}")
    TRACER.instrument(engine)
    engine.dispose()


@twin
def engines_that_a_tracer_forgets():
    engine = Engine(f"postgresql://host/{next(numbers)}")
    TRACER.instrument(engine)
    engine.dispose()
    TRACER.forget(engine)


class Signal:
    """Like one of blinker: receivers by their ids."""

    def __init__(self):
        self.receivers = {}

    def connect(self, receiver, weak=True):
        key = id(receiver)
        self.receivers[key] = (
            weakref.ref(receiver, lambda _: self.receivers.pop(key, None)) if weak else receiver
        )

    def send(self, sender):
        return len(self.receivers)


CHANGED = Signal()


def view(weak):
    """A view connects a function that knows its request."""
    request = Request()

    def notify(sender):
        request.receive(sender)

    CHANGED.connect(notify, weak=weak)
    return CHANGED.send(request)


@growing(
    "registries.CHANGED.receivers",
    "dict",
    source="https://github.com/e-valuation/EvaP/issues/1361",
)
def receivers_of_a_view():
    return view(weak=False)


@twin
def receivers_that_are_held_weakly():
    return view(weak=True)


class Plugin:
    kinds = {}

    def __init_subclass__(cls, registered=True):
        if registered:
            Plugin.kinds[cls.__name__] = cls


@growing("registries.Plugin.kinds", "dict", beside=("*.Plugin.__subclasses__()",))
def subclasses_that_are_registered():
    kind = type(f"Plugin{next(numbers)}", (Plugin,), {"run": lambda self: 1})
    return kind().run()


@twin
def subclasses_that_are_not():
    kind = type(f"Plugin{next(numbers)}", (Plugin,), {"run": lambda self: 1}, registered=False)
    return kind().run()


@functools.singledispatch
def rendered(value):
    return str(value)


class Row:
    """What stands for a class that is made for each answer."""


@growing("registries.rendered...", "dict", beside=("*.Row.__subclasses__()",))
def functions_registered_for_a_class():
    kind = type("Row", (Row,), {"__slots__": ()})
    rendered.register(kind, lambda row: "a row")
    return rendered.registry[kind](None)


@twin
def functions_looked_up_by_a_class():
    kind = type("Row", (Row,), {"__slots__": ()})
    return {kind: lambda row: "a row"}[kind](None)


@growing("sys.path", "list", source="https://github.com/openpbs/openpbs/pull/2512")
def paths_of_a_hook():
    sys.path.append(f"/var/spool/hooks/{next(numbers)}.d/of a name that is new each time")


@twin
def path_that_is_looked_for():
    path = "/var/spool/hooks/one.d"
    if path not in sys.path:
        sys.path.append(path)


SEEN = set()


@growing("registries.SEEN", "set", source="https://github.com/nesquena/hermes-webui/pull/5781")
def messages_that_were_seen():
    message = f"message {next(numbers)} of somebody"
    if message not in SEEN:
        SEEN.add(message)


@twin
def messages_that_were_seen_lately():
    SEEN.add(f"message {next(numbers)} of somebody")
    if len(SEEN) > 10:
        SEEN.clear()


CALLS = Counter()


@growing("registries.CALLS", "collections.Counter")
def calls_of_each_client():
    CALLS[f"10.0.0.{next(numbers)}"] += 1


@twin
def calls_of_each_kind_of_client():
    CALLS[("mobile", "desktop")[next(numbers) % 2]] += 1


class Metric:
    """Like one of prometheus_client: a child for each tuple of labels."""

    def __init__(self, *names):
        self._names = names
        self._metrics = {}

    def labels(self, *values):
        child = self._metrics.get(values)
        if child is None:
            child = self._metrics[values] = Child(values)
        return child


class Child:
    __slots__ = ("labels", "total")

    def __init__(self, labels):
        self.labels = labels
        self.total = 0.0

    def inc(self):
        self.total += 1


REQUESTS = Metric("path", "user_id")


@growing(
    "registries.REQUESTS._metrics",
    "dict",
    source="https://github.com/BerriAI/litellm/issues/12159",
)
def metrics_by_user():
    REQUESTS.labels("/items", f"user {next(numbers)}").inc()


@twin
def metrics_by_path():
    next(numbers)
    REQUESTS.labels("/items", "any user").inc()


@growing(
    "registries.__warningregistry__",
    "dict",
    source="https://github.com/python/cpython/issues/97557",
)
def warnings_with_a_number():
    with quiet():
        warnings.warn(f"value {next(numbers)} is out of range", UserWarning, stacklevel=1)


@twin
def warnings_without_a_number():
    next(numbers)
    with quiet():
        warnings.warn("a value is out of range", UserWarning, stacklevel=1)


class quiet:
    """Let warnings be noted as usual, and printed nowhere. No new version of the filters."""

    def __enter__(self):
        self.was = warnings.showwarning, warnings._showwarnmsg_impl
        warnings.showwarning = warnings._showwarnmsg_impl = lambda *_, **__: None

    def __exit__(self, *_):
        warnings.showwarning, warnings._showwarnmsg_impl = self.was


CALLBACKS = []


class Widget:
    def changed(self):
        return self


@growing("registries.CALLBACKS", "list", source="https://github.com/vispy/vispy/pull/1593")
def weak_references_that_are_dead():
    widget = Widget()
    CALLBACKS.append(weakref.WeakMethod(widget.changed))
    return [callback() for callback in CALLBACKS[-1:]]


@twin
def weak_references_that_are_swept():
    widget = Widget()
    CALLBACKS.append(weakref.WeakMethod(widget.changed))
    CALLBACKS[:] = [callback for callback in CALLBACKS if callback() is not None]
    made = [callback() for callback in CALLBACKS[-1:]]
    CALLBACKS.clear()
    return made
