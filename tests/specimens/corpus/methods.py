"""Bound methods."""

import collections
import contextlib
import ctypes
import functools
import plistlib
import sched
import sqlite3
import threading
import unittest
import unittest.mock
import weakref
import xml.dom.minidom
import xml.etree.ElementTree
import xml.sax

from specimens.corpus.cases import BOUND, PARTIAL, REGISTRY, leaky, repaired, requests


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


@leaky(REGISTRY, ".stack")
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
    """A poller enters its own method into the sched.scheduler that it owns, and is dropped before
    it is due.
    """
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
    """A worker makes its thread in __init__ and is dropped before start().

    The thread still has its target.
    """
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


@leaky(REGISTRY, "._cleanups[*]", "._cleanups")
def cleanup_never_run():
    """A unittest.TestCase whose test method is called by hand keeps cleanups, bound to itself."""
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
    """plistlib reads an XML list with an expat parser bound to the reader that holds it."""
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
    """A database wrapper sets its own method as row_factory.

    Closing the connection does not unset it.
    """
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
    """A binding keeps the C callback alive on the very object that the callback is bound to, as the
    manual advises.
    """
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


@leaky(REGISTRY, ".session", ".hooks['response'][*]", needs=("requests",))
def requests_hook_bound_to_client():
    """An API client hangs its own method into the response hooks of the session it holds."""
    return Client().statuses


@repaired
def requests_hooks_cleared():
    client = Client()
    client.close()
    return client.statuses


class Module:
    def __init__(self):
        self._forward_hooks = collections.OrderedDict()

    def register_forward_hook(self, hook):
        """Return what removes it again, as torch.nn.Module does."""
        place = len(self._forward_hooks)
        self._forward_hooks[place] = hook
        return functools.partial(self._forward_hooks.pop, place)


class Recorder(Module):
    def __init__(self):
        super().__init__()
        self.seen = 0
        self.remove = self.register_forward_hook(self.record)

    def record(self, *_):
        self.seen += 1


@leaky(REGISTRY, "._forward_hooks[*]", "._forward_hooks")
def forward_hook_never_removed():
    """A layer of a network registers its own method as a forward hook, as under torch."""
    return Recorder().seen


@repaired
def forward_hook_removed():
    recorder = Recorder()
    recorder.remove()
    return recorder.seen


class Model:
    def __init__(self):
        self.listeners = []
        self.changes = 0


class View:
    def __init__(self, model):
        self.model = model
        model.listeners.append(lambda: self.model)


@leaky(REGISTRY, ".listeners[*]", ".listeners")
def closure_among_listeners():
    """A view lets the model that it shows call a lambda of its own whenever that changes."""
    return View(Model()).model.changes


@repaired
def closure_removed_from_listeners():
    view = View(Model())
    view.model.listeners.clear()
    return view.model.changes


def save(document, name):
    document.saved = name


class Document:
    def __init__(self):
        self.saved = None
        self.save = functools.partial(save, self)


class DocumentThatIsGiven(Document):
    def __init__(self):
        self.saved = None
        self.save = save


@leaky(PARTIAL, ".save")
def partial_of_its_own_object():
    """A document keeps a command, a partial of a function with the document as its argument."""
    document = Document()
    document.save("notes")
    return document.saved


@repaired
def partial_that_is_given_its_object():
    document = DocumentThatIsGiven()
    document.save(document, "notes")
    return document.saved
