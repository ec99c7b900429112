"""Namespaces and classes."""

import collections
import email
import email.feedparser
import email.policy
import email.utils
import enum
import types
import weakref
from dataclasses import dataclass

from specimens.corpus.cases import CLASS, CLASS_REGISTRY, NAMESPACE, leaky, repaired
from specimens.corpus.parents import ENVIRONMENT

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
    """A jinja2 template compiled from a string is a function in a namespace of its own, made for
    one rendering.
    """
    return ENVIRONMENT.from_string("Hello {{ name }}").render(name="Ann")


if ENVIRONMENT is not None:
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


@leaky(CLASS_REGISTRY)
def class_that_lists_its_instances():
    """A plug-in host is set up for one run, and its class of plug-ins lists each that is made."""

    class Plugin:
        known = []

        def __init__(self):
            self.known.append(self)

    for _ in range(20):
        Plugin()
    return len(Plugin.known)


class WeakPlugin:
    known = weakref.WeakSet()

    def __init__(self):
        self.known.add(self)


@repaired
def class_that_lists_its_instances_weakly():
    plugins = [WeakPlugin() for _ in range(20)]
    return len(plugins)
