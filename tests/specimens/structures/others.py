"""What the standard library makes, and structures of interpreters."""

import argparse
import configparser
import ctypes
import logging.config
import optparse
import selectors

from specimens.structures.cases import Structure, cut


class argparse_with_groups(Structure):
    """A parser of argparse with groups, made for one call."""

    source = "https://github.com/python/cpython/issues (argparse: reference cycles of parsers)"
    answers = (cut("*.container", by="weak once done close"),)
    has_others = True  # that of a formatter

    parser = None

    def make():
        parser = argparse.ArgumentParser(prog="tool", add_help=False)
        group = parser.add_argument_group("output")
        group.add_argument("--format")
        group.add_argument("--width", type=int)
        parser.add_argument("--quiet", action="store_true")
        return parser

    def use(parser):
        assert parser.parse_args(["--width", "3"]).width == 3

    @classmethod
    def applied(cls):
        cls.parser = cls.parser or cls.make()
        cls.use(cls.parser)


class argparse_with_exclusive_groups(Structure):
    """A parser of argparse with a group in which one argument excludes the other."""

    source = argparse_with_groups.source
    answers = (cut("*.container", "*._mutually_exclusive_groups", by="once done close"),)
    has_others = True  # that of a formatter

    parser = None

    def make():
        parser = argparse.ArgumentParser(prog="tool", add_help=False)
        group = parser.add_mutually_exclusive_group()
        group.add_argument("--left", action="store_true")
        group.add_argument("--right", action="store_true")
        return parser

    def use(parser):
        assert parser.parse_args(["--left"]).left

    @classmethod
    def applied(cls):
        cls.parser = cls.parser or cls.make()
        cls.use(cls.parser)


DESTROYED = ("_long_opt", "_short_opt", "option_list", "formatter")  # what destroy() lets go of


class optparse_with_options(Structure):
    """A parser of optparse, made for one call and not destroyed."""

    source = "https://docs.python.org/3/library/optparse.html (OptionParser.destroy)"
    answers = (
        cut("*.container", "*.parser", by="close weak done once"),
        cut(*(f"OptionParser.{name}" for name in DESTROYED), by="close"),
    )

    def make():
        parser = optparse.OptionParser(prog="tool")
        parser.add_option("--width", type="int")
        parser.add_option("--quiet", action="store_true")
        return parser

    def use(parser):
        assert parser.parse_args(["--width", "3"])[0].width == 3

    def done(parser):
        parser.destroy()


class config_with_sections(Structure):
    """A ConfigParser, made for one file: its sections and its converters know it, and a section
    has getters that are partials of its own method.
    """

    source = "https://github.com/python/cpython/issues (configparser: SectionProxy._parser)"
    answers = (
        cut(
            "SectionProxy._parser",
            "ConverterMapping._parser",
            "SectionProxy.getint",
            "SectionProxy.getfloat",
            "SectionProxy.getboolean",
            by="once close done",
        ),
        cut(
            "ConfigParser._proxies",
            "ConfigParser._converters",
            "SectionProxy.getint",
            "SectionProxy.getfloat",
            "SectionProxy.getboolean",
            by="once close done",
        ),
    )

    parser = None

    def make():
        parser = configparser.ConfigParser()
        parser.read_string("[a]\nx = 1\n[b]\nx = 2\n[c]\nx = 3\n")
        return parser

    def use(parser):
        assert [parser[section].getint("x") for section in "abc"] == [1, 2, 3]

    @classmethod
    def applied(cls):
        cls.parser = cls.parser or cls.make()
        cls.use(cls.parser)


class selector_with_its_mapping(Structure):
    """A selector and the mapping that it shows know each other until it is closed."""

    source = "https://github.com/python/cpython/issues (selectors: _SelectorMapping._selector)"
    rings = ("SelectSelector._map → _SelectorMapping._selector",)
    answers = (
        cut("_SelectorMapping._selector", by="close weak done"),
        cut("SelectSelector._map", by="close done"),
    )

    def make():
        return selectors.SelectSelector()

    def use(selector):
        assert len(selector.get_map()) == 0

    def done(selector):
        selector.close()


class cast_of_a_cast(Structure):
    """A pointer of ctypes that was cast keeps what it was cast from, which keeps it."""

    source = "https://bugs.python.org/issue12836 (cast() creates circular reference)"
    answers = (cut("*._objects", by="done argument uncached"),)

    def make():
        buffer = cast_of_a_cast.array(*b"tea")
        pointer = ctypes.cast(buffer, ctypes.POINTER(ctypes.c_char))
        return ctypes.cast(pointer, ctypes.POINTER(ctypes.c_byte))

    def use(pointer):
        assert pointer[0] == ord("t")

    array = ctypes.c_char * 4

    @classmethod
    def applied(cls):
        buffer = cls.array(*b"tea")
        assert ctypes.c_byte.from_buffer(buffer).value == ord("t")


class configured_settings(Structure):
    """logging.config keeps the settings in dicts that know their configurator and their parents."""

    source = "https://github.com/python/cpython (logging.config: ConvertingDict.configurator)"
    rings = (
        "DictConfigurator.config → ConvertingDict.configurator",
        "ConvertingDict[*] → ConvertingDict.parent",
    )
    answers = (cut("ConvertingDict.configurator", "ConvertingDict.parent", by="weak done close"),)

    def make():
        return logging.config.DictConfigurator({"version": 1, "root": {"level": "INFO"}})

    def use(configurator):
        assert configurator.config.configurator is configurator
        assert configurator.config["root"]["level"] == "INFO"
        assert configurator.config["root"].parent is configurator.config

    def done(configurator):
        for settings in (configurator.config["root"], configurator.config):
            settings.configurator = settings.parent = None


class view_of_its_own_buffer(Structure):
    """A buffer keeps a memoryview of itself."""

    source = "https://docs.python.org/3/library/stdtypes.html (memoryview.release)"
    answers = (cut("Buffer.view", by="close done"),)

    class Buffer(bytearray):
        pass

    def make():
        buffer = view_of_its_own_buffer.Buffer(b"abc")
        buffer.view = memoryview(buffer)
        return buffer

    def use(buffer):
        assert buffer.view[1] == ord("b")

    def done(buffer):
        buffer.view.release()


class closures_of_an_interpreter(Structure):
    """An interpreter's environment has the functions that are defined in it, each with the
    environment. A function that is returned keeps its own alive.
    """

    source = "https://norvig.com/lispy.html (Env, Procedure)"
    rings = ("Environment.names[*] → Procedure.environment",)
    answers = (cut("Environment.names", by="done close"),)

    class Procedure:
        def __init__(self, name, environment):
            self.name, self.environment = name, environment

        def __call__(self):
            return self.environment.find(self.name)

    class Environment:
        def __init__(self, outer=None):
            self.names, self.outer = {}, outer

        def define(self, name):
            self.names[name] = closures_of_an_interpreter.Procedure(name, self)
            return self.names[name]

        def find(self, name):
            return self.names[name] if name in self.names else self.outer.find(name)

    def make():
        environment = closures_of_an_interpreter.Environment()
        environment.define("f")
        return closures_of_an_interpreter.Environment(environment).define("g")

    def use(procedure):
        assert procedure() is procedure and procedure.environment.find("f").name == "f"

    def done(procedure):
        environment = procedure.environment
        while environment is not None:
            environment.names.clear()
            environment = environment.outer


class recursive_grammar(Structure):
    """A grammar has a placeholder that stands for an expression which contains it."""

    source = "https://github.com/pyparsing/pyparsing (Forward.expr)"
    rings = ("And.exprs[*] → Forward.expr", "Forward.expr → And.exprs[*]")
    answers = (cut("Forward.expr", by="done once"),)

    class Literal:
        def __init__(self, text):
            self.text = text

        def matches(self, text):
            return len(self.text) if text.startswith(self.text) else None

    class And:
        def __init__(self, *exprs):
            self.exprs = list(exprs)

        def matches(self, text):
            place = 0
            for expr in self.exprs:
                length = expr.matches(text[place:])
                if length is None:
                    return None
                place += length
            return place

    class Forward:
        expr = None

        def matches(self, text):
            return 0 if text.startswith(")") else self.expr.matches(text)

    def make():
        case = recursive_grammar
        forward = case.Forward()
        forward.expr = case.And(case.Literal("("), forward, case.Literal(")"))
        return forward

    def use(forward):
        assert forward.matches("((()))") == 6

    def done(forward):
        forward.expr = None


class classes_in_their_registry(Structure):
    """A function makes a base class whose registry has its subclasses."""

    source = "a usual shape; declarative bases of SQLAlchemy in tests"
    answers = (cut(by="once"),)

    base = None

    def make():
        class Base:
            registry = {}

            def __init_subclass__(cls):
                cls.registry[cls.__name__] = cls

        class User(Base):
            pass

        class Order(Base):
            pass

        return Base

    def use(base):
        assert [cls.__name__ for cls in base.registry.values()] == ["User", "Order"]

    @classmethod
    def applied(cls):
        cls.base = cls.base or cls.make()
        cls.use(cls.base)


class generic_views(Structure):
    """An object keeps what a cached property has made of it, which refers back."""

    rings = ("Table.rows → Rows.table",)
    answers = (
        cut("Table.rows", by="uncached done"),
        cut("Rows.table", by="weak done"),
    )

    class Rows:
        def __init__(self, table):
            self.table = table

        def first(self):
            return self.table.values[0]

    class Table:
        def __init__(self, values):
            self.values = values

        def __getattr__(self, name):
            if name != "rows":
                raise AttributeError(name)
            self.rows = generic_views.Rows(self)
            return self.rows

    def make():
        return generic_views.Table([1, 2])

    def use(table):
        assert table.rows.first() == 1 and table.rows is table.rows

    def done(table):
        del table.rows
