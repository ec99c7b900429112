"""Bound methods, closures, exceptions and generators that are kept."""

import functools
import io
import json.encoder
import pickle
import ssl
import sys
import threading
import xml.parsers.expat
import xml.sax
from collections import OrderedDict

from specimens.structures.cases import Structure, cut


class forward_hooks(Structure):
    """A module registers its own methods as forward hooks, by number, as in torch."""

    source = "https://github.com/pytorch/pytorch (torch.nn.Module.register_forward_hook)"
    answers = (cut("Module.forward_hooks", by="done method close"),)

    class Handle:
        def __init__(self, hooks, number):
            self.hooks, self.number = hooks, number

        def remove(self):
            del self.hooks[self.number]

    class Module:
        def __init__(self):
            self.forward_hooks, self.seen = OrderedDict(), []
            self.handles = [self.register(self.keep), self.register(self.count)]

        def register(self, hook):
            number = len(self.forward_hooks)
            self.forward_hooks[number] = hook
            return forward_hooks.Handle(self.forward_hooks, number)

        def keep(self, value):
            self.seen.append(value)

        def count(self, value):
            self.seen.append(len(self.seen))

        def __call__(self, value):
            for hook in self.forward_hooks.values():
                hook(value)
            return value

    def make():
        return forward_hooks.Module()

    def use(module):
        assert module(7) == 7 and module.seen == [7, 1]

    def done(module):
        for handle in module.handles:
            handle.remove()


class forward_hook_on_a_layer(Structure):
    """A model hangs its method into the hooks of a layer that it has."""

    source = forward_hooks.source
    answers = (
        cut("Layer.forward_hooks", by="done method close"),
        cut("Model.layer", by="done close"),
    )

    class Layer:
        def __init__(self):
            self.forward_hooks = OrderedDict()

    class Model:
        def __init__(self):
            self.layer, self.seen = forward_hook_on_a_layer.Layer(), []
            self.layer.forward_hooks[3] = self.keep

        def keep(self, value):
            self.seen.append(value)

    def make():
        return forward_hook_on_a_layer.Model()

    def use(model):
        for hook in model.layer.forward_hooks.values():
            hook(1)
        assert model.seen == [1]

    def done(model):
        model.layer.forward_hooks.clear()


class listener_of_an_emitter(Structure):
    """A window has an emitter and listens to it with its own methods."""

    source = "a usual shape; pyee, blinker"
    answers = (
        cut("Emitter.listeners", by="done method close"),
        cut("Window.emitter", by="done close"),
    )

    class Emitter:
        def __init__(self):
            self.listeners = {}

        def on(self, event, listener):
            self.listeners.setdefault(event, []).append(listener)

        def emit(self, event):
            for listener in self.listeners.get(event, ()):
                listener()

    class Window:
        def __init__(self):
            self.emitter, self.events = listener_of_an_emitter.Emitter(), []
            self.emitter.on("open", self.opened)
            self.emitter.on("close", self.closed)

        def opened(self):
            self.events.append("open")

        def closed(self):
            self.events.append("close")

    def make():
        return listener_of_an_emitter.Window()

    def use(window):
        window.emitter.emit("open")
        window.emitter.emit("close")
        assert window.events == ["open", "close"]

    def done(window):
        window.emitter.listeners.clear()


class observer_by_number(Structure):
    """A subject has the callbacks of its observers by number; the view has the subject."""

    answers = (
        cut("Subject.callbacks", by="done method close"),
        cut("View.subject", by="done close"),
    )

    class Subject:
        def __init__(self):
            self.callbacks = {}

        def observe(self, callback):
            self.callbacks[id(callback)] = callback

    class View:
        def __init__(self):
            self.subject, self.value = observer_by_number.Subject(), None
            self.subject.observe(self.changed)

        def changed(self, value):
            self.value = value

    def make():
        return observer_by_number.View()

    def use(view):
        for callback in view.subject.callbacks.values():
            callback(1)
        assert view.value == 1

    def done(view):
        view.subject.callbacks.clear()


class commands_of_buttons(Structure):
    """An application has buttons whose commands are its own methods."""

    source = "a usual shape; tkinter.Button(command=self.ok)"
    answers = (
        cut("Button.command", by="done method close"),
        cut("App.buttons", by="done close"),
    )

    class Button:
        def __init__(self, command):
            self.command = command

    class App:
        def __init__(self):
            self.buttons = [commands_of_buttons.Button(one) for one in (self.ok, self.cancel)]

        def ok(self):
            return "ok"

        def cancel(self):
            return "cancel"

    def make():
        return commands_of_buttons.App()

    def use(app):
        assert [button.command() for button in app.buttons] == ["ok", "cancel"]

    def done(app):
        app.buttons.clear()


class vectorized_methods(Structure):
    """A distribution keeps two of its methods vectorized, as those of scipy.stats did."""

    source = "https://github.com/scipy/scipy/issues (rv_continuous: vectorize(self._ppf_single))"
    answers = (
        cut("Distribution.ppf", "Distribution.moment", by="done uncached close"),
        cut("vectorize.pyfunc", by="method argument"),
    )

    class vectorize:
        def __init__(self, pyfunc):
            self.pyfunc = pyfunc

        def __call__(self, values):
            return [self.pyfunc(value) for value in values]

    class Distribution:
        def __init__(self):
            self.ppf = vectorized_methods.vectorize(self.ppf_single)
            self.moment = vectorized_methods.vectorize(self.moment_single)

        def ppf_single(self, q):
            return 2 * q

        def moment_single(self, m):
            return m + 1

    def make():
        return vectorized_methods.Distribution()

    def use(distribution):
        assert distribution.ppf([1, 2]) == [2, 4] and distribution.moment([1]) == [2]

    def done(distribution):
        del distribution.ppf, distribution.moment


class scalar_function(Structure):
    """An objective keeps inner functions that read it, as SciPy's ScalarFunction."""

    source = "https://github.com/scipy/scipy (optimize._differentiable_functions.ScalarFunction)"
    answers = (
        cut("ScalarFunction.update_fun", "ScalarFunction.update_grad", by="done argument close"),
        cut("function cell self", by="weak argument"),
    )

    class ScalarFunction:
        def __init__(self, fun, x):
            self.x, self.f, self.g = x, None, None

            def update_fun():
                self.f = fun(self.x)

            def update_grad():
                self.g = (fun(self.x + 1) - fun(self.x - 1)) / 2

            self.update_fun, self.update_grad = update_fun, update_grad

    def make():
        return scalar_function.ScalarFunction(lambda x: x * x, 3)

    def use(function):
        function.update_fun()
        function.update_grad()
        assert (function.f, function.g) == (9, 6)

    def done(function):
        function.update_fun = function.update_grad = None


class promise_and_its_callbacks(Structure):
    """A promise has callbacks that are closures over the promise."""

    answers = (
        cut("Promise.callbacks", by="done argument close"),
        cut("function cell promise", by="weak argument"),
    )

    class Promise:
        def __init__(self):
            self.callbacks, self.results = [], []

        def then(self, callback):
            self.callbacks.append(callback)

    def make():
        promise = promise_and_its_callbacks.Promise()
        promise.then(lambda: promise.results.append("a"))
        promise.then(lambda: promise.results.append("b"))
        return promise

    def use(promise):
        for callback in promise.callbacks:
            callback()
        assert promise.results == ["a", "b"]

    def done(promise):
        promise.callbacks.clear()


class partial_with_self(Structure):
    """A widget keeps a functools.partial of a function with itself as an argument."""

    answers = (
        cut("Widget.command", by="done argument"),
        cut("partial.args", by="weak argument"),
    )

    def fire(widget, number):
        widget.fired = number

    class Widget:
        fired = None

        def __init__(self):
            self.command = functools.partial(partial_with_self.fire, self)

    def make():
        return partial_with_self.Widget()

    def use(widget):
        widget.command(4)
        assert widget.fired == 4

    def done(widget):
        widget.command = None


class timer_not_started(Structure):
    """A watchdog makes a threading.Timer of its own method, cancelled before it was started."""

    source = "https://docs.python.org/3/library/threading.html (Timer)"
    answers = (
        cut("Watchdog.timer", by="done close"),
        cut("Timer.function", by="method"),
    )

    class Watchdog:
        def __init__(self):
            self.timer = threading.Timer(60, self.bark)

        def bark(self):
            return "woof"

        def cancel(self):
            self.timer.cancel()

    def make():
        return timer_not_started.Watchdog()

    def use(dog):
        dog.cancel()
        assert dog.timer.function() == "woof"

    def done(dog):
        dog.timer = None


class threads_of_a_pool(Structure):
    """A pool lists its threads, not started yet, whose target is a method of the pool."""

    answers = (
        cut("Pool.threads", by="done close"),
        cut("Thread._target", by="method"),
    )

    class Pool:
        def __init__(self):
            self.threads = [threading.Thread(target=self.run) for _ in range(3)]

        def run(self):
            return 1

    def make():
        return threads_of_a_pool.Pool()

    def use(pool):
        assert [thread._target() for thread in pool.threads] == [1, 1, 1]

    def done(pool):
        pool.threads.clear()


class expat_with_three_handlers(Structure):
    """A reader holds the expat parser whose handlers are three of its methods."""

    source = "https://github.com/python/cpython/issues (pyexpat handlers and reference cycles)"
    answers = (
        cut("Reader.parser", by="done close"),
        cut("*.StartElementHandler", "*.EndElementHandler", "*.CharacterDataHandler", by="done"),
    )

    class Reader:
        def __init__(self):
            self.depth, self.text = 0, []
            self.parser = xml.parsers.expat.ParserCreate()
            self.parser.StartElementHandler = self.start
            self.parser.EndElementHandler = self.end
            self.parser.CharacterDataHandler = self.characters

        def start(self, name, attributes):
            self.depth += 1

        def end(self, name):
            self.depth -= 1

        def characters(self, data):
            self.text.append(data)

    def make():
        return expat_with_three_handlers.Reader()

    def use(reader):
        reader.parser.Parse("<a><b>x</b></a>", True)
        assert reader.depth == 0 and reader.text == ["x"]

    def done(reader):
        reader.parser = None


class sax_handler_with_its_parser(Structure):
    """A content handler of xml.sax keeps the parser that it handles."""

    rings = ("Handler.parser → ExpatParser._cont_handler",)
    answers = (
        cut("Handler.parser", by="done close"),
        cut("ExpatParser._cont_handler", by="done"),
    )

    class Handler(xml.sax.ContentHandler):
        def __init__(self):
            super().__init__()
            self.names = []
            self.parser = xml.sax.make_parser()
            self.parser.setContentHandler(self)

        def startElement(self, name, attributes):
            self.names.append(name)

    def make():
        return sax_handler_with_its_parser.Handler()

    def use(handler):
        handler.parser.parse(io.StringIO("<a><b/></a>"))
        assert handler.names == ["a", "b"]

    def done(handler):
        handler.parser = None


class encoder_in_c(Structure):
    """A serialiser keeps the encoder of _json that calls its own method."""

    source = "https://github.com/python/cpython/blob/main/Lib/json/encoder.py (c_make_encoder)"
    answers = (
        cut("Serializer.encode", by="done close"),
        cut("*.default", by="method argument done"),
    )

    class Serializer:
        def __init__(self):
            self.encode = json.encoder.c_make_encoder(
                {}, self.default, json.encoder.encode_basestring, None, ":", ",", False, False, True
            )

        def default(self, value):
            return str(value)

    def make():
        return encoder_in_c.Serializer()

    def use(serializer):
        assert "".join(serializer.encode({"a": 1j}, 0)) == '{"a":"1j"}'

    def done(serializer):
        serializer.encode = None


class dumped_with_indent(Structure):
    """json.dump makes three inner functions, anew for each call; each calls all three."""

    source = "https://github.com/python/cpython/issues (json: _make_iterencode, reference cycles)"
    answers = (
        cut(
            "function cell _iterencode",
            "function cell _iterencode_list",
            "function cell _iterencode_dict",
            by="local once",
        ),
        cut(by="once"),
    )
    versions = ((3, 11), (3, 12), (3, 13), (3, 14))
    reason = "3.15 makes no such functions"

    def make():
        file = io.StringIO()
        json.dump({"ports": [80, 443]}, file, indent=1)
        return file

    def use(file):
        assert json.loads(file.getvalue()) == {"ports": [80, 443]}

    @classmethod
    def applied(cls):
        assert json.loads(json.dumps({"ports": [80, 443]})) == {"ports": [80, 443]}


class callback_of_a_context(Structure):
    """A server has an SSLContext whose callback for server names is its own method."""

    source = "https://docs.python.org/3/library/ssl.html (SSLContext.sni_callback)"
    answers = (
        cut("Server.context", by="done close"),
        cut("SSLContext.sni_callback", by="done method"),
    )

    class Server:
        def __init__(self):
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.sni_callback = self.named

        def named(self, socket, name, context):
            return None

    def make():
        return callback_of_a_context.Server()

    def use(server):
        assert server.context.sni_callback(None, "a", None) is None

    def done(server):
        server.context = None


class table_of_a_pickler(Structure):
    """A store holds the pickler whose dispatch table has a method of the store."""

    source = "https://docs.python.org/3/library/pickle.html (Pickler.dispatch_table)"
    answers = (
        cut("Store.pickler", by="done close"),
        cut("Pickler.dispatch_table", by="done method argument"),
    )

    class Store:
        def __init__(self):
            self.file = io.BytesIO()
            self.pickler = pickle.Pickler(self.file)
            self.pickler.dispatch_table = {complex: self.reduce}

        def reduce(self, value):
            return complex, (value.real, value.imag)

    def make():
        return table_of_a_pickler.Store()

    def use(store):
        store.pickler.dump(2j)
        assert pickle.loads(store.file.getvalue()) == 2j

    def done(store):
        store.pickler = None


class running_machine(Structure):
    """A machine keeps the generator that runs its own method and waits."""

    answers = (
        cut("Machine.program", by="close done"),
        cut("generator local self", by="close"),
    )

    class Machine:
        def __init__(self):
            self.inputs = []
            self.program = self.run()
            next(self.program)

        def run(self):
            while True:
                self.inputs.append((yield len(self.inputs)))

    def make():
        return running_machine.Machine()

    def use(machine):
        assert machine.program.send("a") == 1 and machine.inputs == ["a"]

    def done(machine):
        machine.program.close()
        machine.program = None


class failure_in_a_local(Structure):
    """A function keeps a Failure of the exception that it caught in a local, as Twisted's
    excInfo.
    """

    source = "https://github.com/twisted/twisted (twisted.python.failure, del excInfo)"
    answers = (
        cut("frame local failure", by="local"),
        cut("Failure.value", by="traceback done"),
    )

    class Failure:
        def __init__(self):
            self.type, self.value, _ = sys.exc_info()

        def clean(self):
            self.value.__traceback__ = None

    def make():
        try:
            int("none")
        except ValueError:
            failure = failure_in_a_local.Failure()
        assert failure.type is ValueError
        return None

    @classmethod
    def applied(cls):
        try:
            int("none")
        except ValueError:
            failure = failure_in_a_local.Failure()
        try:
            assert failure.type is ValueError
        finally:
            del failure


class exception_in_two_locals(Structure):
    """A retry keeps the last exception in one local, and the first in another: both are one."""

    answers = (
        cut("frame local first", "frame local last", by="local"),
        cut("*Error.__traceback__", by="traceback"),
        cut("*Error.__traceback__.tb_frame", by="traceback"),
    )

    def make():
        first = last = None
        for _ in range(2):
            try:
                int("none")
            except ValueError as error:
                first = first or error
                last = first
        return str(last) == str(first)

    @classmethod
    def applied(cls):
        first = last = None
        try:
            for _ in range(2):
                try:
                    int("none")
                except ValueError as error:
                    first = first or error
                    last = first
            return str(last) == str(first)
        finally:
            del first, last


class exception_kept_by_its_job(Structure):
    """A job keeps the exception that ended it, whose traceback has the frame of the job."""

    source = "a usual shape; concurrent.futures.Future.set_exception"
    answers = (
        cut("Job.error", by="done traceback"),
        cut("frame local self", by="local traceback"),
        cut("*Error.__traceback__.tb_frame", by="traceback"),
        cut("*Error.__traceback__", by="traceback"),
    )

    class Job:
        error = None

        def run(self):
            try:
                raise ValueError("none")
            except ValueError as error:
                self.error = error

    def make():
        job = exception_kept_by_its_job.Job()
        job.run()
        return job

    def use(job):
        assert str(job.error) == "none"

    def done(job):
        job.error = None
