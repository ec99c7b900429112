"""Audit the C types of the standard library, and of packages that are installed; print findings.

    python tests/audit_library.py              the library, and every package below that is there
    python tests/audit_library.py lxml numpy   those

Instances are made by calling every type in a few ways, and by what stands below: what a program
would do with the package. Each subject has a process of its own, since a type that is called with
anything may end it. A finding is to be checked by hand, in the sources, before it is told: see
docs/how-to/c-extensions.md, which has what came of that.
"""

import argparse
import importlib.util
import os
import subprocess
import sys
import warnings
from contextlib import suppress
from pathlib import Path

LIBRARY = "library"
UNFIT = {"antigravity", "this", "idlelib", "__main__", "turtle", "turtledemo", "test"}
# Called with anything, these end the process, wait, or show a window.
NOT_CALLED = (
    "_tkinter",
    "_ssl._SSLSocket",
    "_curses",
    "_xxsubinterpreters",
    "numpy._ArrayFunctionDispatcher",
)


class Thing:
    """What instances refer to: it can be in rings, be called, iterated, and compared."""

    def __call__(self, *_, **__):
        return self

    def __iter__(self):
        return iter(())

    def method(self):
        """Be bound."""


MAKERS = {}


def maker(function):
    """Enter who makes instances of a package's types, under the package's name."""
    MAKERS[function.__name__] = function
    return function


# -------------------------------------------------------------------------- the library


@maker
def library(keep):
    """Whatever the tests of labels make: nearly every C type of the library that holds others."""
    import pyexpat

    from specimens.labels import SPECIMENS, HeapObject

    for _ in range(2):
        keep(pyexpat.ParserCreate(None, None, {"a": Thing()}))
    for specimen in SPECIMENS:
        make = specimen.values[0]
        for _ in range(2):
            with suppress(Exception):
                made = HeapObject()
                keep(made, make(made))


# ------------------------------------------------------------------------------ packages


@maker
def lxml(keep):
    from lxml import etree, objectify

    for _ in range(2):
        root = etree.fromstring("<a x='1'><b/><!-- c --><?p i?>t</a>")
        tree = etree.ElementTree(root)
        keep(root, tree, list(root), root.attrib, root.iter(), root.getroottree(), etree.QName("a"))
        keep(etree.XPath("//b"), etree.XPathEvaluator(root), etree.ETXPath("//b"), iter(root))
        keep(etree.XMLParser(), etree.HTMLParser(), etree.XMLPullParser(), etree.TreeBuilder())
        keep(etree.XMLParser(target=Thing()), objectify.fromstring("<a><b>1</b></a>"))
        keep(etree.FunctionNamespace(None), etree.ElementNamespaceClassLookup())
        keep(etree.iterparse(__file__), etree.iterwalk(root))
        lookup = etree.CustomElementClassLookup()
        parser = etree.XMLParser()
        parser.set_element_class_lookup(lookup)
        parser.resolvers.add(etree.Resolver())
        keep(lookup, parser, parser.resolvers, parser.error_log)
        sheet = etree.XML(
            "<xsl:stylesheet version='1.0' xmlns:xsl='http://www.w3.org/1999/XSL/Transform'/>"
        )
        transform = etree.XSLT(sheet, extensions={("u", "f"): Thing()})
        keep(transform, transform(root), transform.error_log)
        keep(etree.RelaxNG(etree.XML(
            "<element name='a' xmlns='http://relaxng.org/ns/structure/1.0'><empty/></element>"
        )))  # fmt: skip


@maker
def numpy(keep):
    import numpy as np

    for _ in range(2):
        array = np.arange(6.0).reshape(2, 3)
        objects = np.array([Thing(), Thing()], dtype=object)
        keep(array, objects, array[0], array.flat, iter(array), np.nditer(array), array.flags)
        keep(
            np.broadcast(array, array),
            np.dtype([("a", "f8"), ("b", "O")]),
            np.frompyfunc(len, 1, 1),
        )
        keep(np.vectorize(Thing()), np.random.default_rng(), np.random.RandomState(), array.T.data)
        keep(np.array(Thing(), dtype=object), np.void(b"abcd"), np.ma.array([1]), np.memmap)
        keep(np.ndarray.__array_ufunc__, np.lib.stride_tricks.as_strided(array), np.poly1d([1]))
        keep(np.random.SeedSequence(), np.random.PCG64(), np.nditer([objects], ["refs_ok"]))
        keep(objects.flat, np.datetime64("2020-01-01"), np.add, np.ndindex(2), np.errstate())
        keep(np.dtypes.StringDType(na_object=Thing()), np.busdaycalendar())


@maker
def pandas(keep):
    import pandas as pd

    for _ in range(2):
        frame = pd.DataFrame({"a": [1, 2, 2], "b": [Thing(), Thing(), None]})
        groups = frame.groupby("a")
        keep(frame, frame._mgr, groups, list(groups), groups.sum, frame.index, frame.index._engine)
        index = pd.Index([Thing(), Thing()])
        with suppress(Exception):
            index.get_loc(index[0])
        keep(index, index._engine, pd.date_range("2020", periods=3), pd.Timestamp.now(tz="UTC"))
        keep(pd.Series([1, 2]).rolling(2), pd.offsets.BDay(), pd.offsets.CustomBusinessDay())
        keep(pd.interval_range(0, 3), pd.Interval(0, 1), pd.Period("2020"), pd.Timedelta(1))
        keep(
            pd.IntervalIndex.from_breaks([0, 1, 2])._engine, pd.MultiIndex.from_product([[1], [2]])
        )
        keep(frame._mgr.blocks, frame._mgr.blknos, pd.Categorical(["a", "b"]), pd.NA)
        keep(frame._mgr.blocks[0].mgr_locs, frame._mgr.blocks[0].refs, frame["a"]._mgr)
        with suppress(Exception):
            import io

            from pandas._libs import hashtable, parsers

            keep(parsers.TextReader(io.StringIO("a,b\n1,2"), converters={"a": Thing()}))
            table = hashtable.PyObjectHashTable()
            table.set_item(Thing(), 1)
            keep(table, hashtable.Factorizer(3), hashtable.ObjectFactorizer(3))


@maker
def cryptography(keep):
    from cryptography import fernet
    from cryptography.hazmat.primitives import ciphers, hashes, hmac, padding
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
    from cryptography.hazmat.primitives.ciphers import aead, algorithms, modes
    from cryptography.x509 import Name, NameAttribute, oid

    for _ in range(2):
        key = rsa.generate_private_key(65537, 1024)
        curve = ec.generate_private_key(ec.SECP256R1())
        keep(key, key.public_key(), key.private_numbers(), curve, curve.public_key())
        keep(curve.private_numbers(), ed25519.Ed25519PrivateKey.generate())
        keep(x25519.X25519PrivateKey.generate(), hashes.Hash(hashes.SHA256()))
        keep(hmac.HMAC(b"k" * 16, hashes.SHA256()), padding.PKCS7(128).padder())
        cipher = ciphers.Cipher(algorithms.AES(b"k" * 16), modes.GCM(b"i" * 12))
        keep(cipher.encryptor(), aead.AESGCM(b"k" * 16), fernet.Fernet.generate_key())
        name = Name([NameAttribute(oid.NameOID.COMMON_NAME, "a")])
        keep(name, *_certificate(key, name))


def _certificate(key, name):
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509 import verification

    now = datetime.datetime(2020, 1, 1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    assert made.extensions is not None and made.subject is not None
    builder = verification.PolicyBuilder().store(verification.Store([made])).time(now)
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return made, builder, builder.build_client_verifier(), request


@maker
def pydantic(keep):
    import pydantic
    from pydantic_core import SchemaSerializer, SchemaValidator, ValidationError, core_schema

    class Model(pydantic.BaseModel):
        a: int
        b: list[str] = []
        c: pydantic.SkipValidation[object] = None

        @pydantic.field_validator("a")
        def check(cls, value):
            return value

    for _ in range(2):
        schema = core_schema.no_info_plain_validator_function(Thing())
        keep(
            SchemaValidator(schema),
            SchemaSerializer(schema),
            Model(a=1),
            Model.__pydantic_validator__,
        )
        try:
            Model(a="x")
        except ValidationError as error:
            keep(error)
        iterated = SchemaValidator(core_schema.generator_schema(core_schema.int_schema()))
        keep(iterated.validate_python(iter([1, 2])), pydantic.TypeAdapter(list[int]))
        keep(pydantic.HttpUrl("http://a.b/"), pydantic.PrivateAttr)


@maker
def greenlet(keep):
    import greenlet as package

    def run(thing):
        package.getcurrent().parent.switch(thing)

    for _ in range(2):
        started, fresh = package.greenlet(run), package.greenlet(run)
        keep(started.switch(Thing()), started, fresh)
        fresh.gr_context = __import__("contextvars").Context()


@maker
def hiredis(keep):
    import hiredis as package

    for _ in range(2):
        made = package.Reader(
            protocolError=Thing().method,
            replyError=Thing().method,
            encoding="utf-8",
        )
        made.feed(b"*1\r\n")
        keep(made, package.PushNotification() if hasattr(package, "PushNotification") else None)


@maker
def sqlalchemy(keep):
    import sqlalchemy as sa
    from sqlalchemy import orm

    class Base(orm.DeclarativeBase):
        pass

    class Row(Base):
        __tablename__ = "row"
        key = sa.Column(sa.Integer, primary_key=True)

    for _ in range(2):
        engine = sa.create_engine("sqlite://")
        Base.metadata.create_all(engine)
        session = orm.Session(engine)
        session.add(Row(key=1))
        session.flush()
        result = session.execute(sa.select(Row))
        rows = session.execute(sa.select(Row.key)).all()
        keep(engine, session, result, rows, rows[0]._mapping, sa.util.OrderedSet([Thing()]))
        keep(sa.util.IdentitySet([Thing()]), sa.util.immutabledict({"a": Thing()}), rows[0]._parent)


@maker
def msgspec(keep):
    import msgspec as package

    class Struct(package.Struct):
        a: object
        b: list[int] = []

    class Untracked(package.Struct, gc=False):
        a: object

    for _ in range(2):
        keep(Struct(Thing()), Untracked(Thing()), package.json.Encoder(enc_hook=Thing()))
        keep(
            package.json.Decoder(Struct, dec_hook=Thing()),
            package.msgpack.Encoder(enc_hook=Thing()),
        )
        keep(package.msgpack.Decoder(Struct, ext_hook=Thing()), package.msgpack.Ext(1, b"x"))
        keep(
            package.Raw(b"{}"),
            package.Meta(ge=1, extra={"a": Thing()}),
            package.defstruct("S", "a"),
        )


@maker
def orjson(keep):
    import orjson as package

    for _ in range(2):
        keep(package.Fragment(b"{}"), package.Fragment("{}"))


@maker
def regex(keep):
    import regex as package

    for n in range(2):
        pattern = package.compile(f"(?P<a>x){{{n + 1}}}|\\L<words>", words=["u", "v"])
        match = pattern.match("xx")
        keep(pattern, match, pattern.scanner("xx"), pattern.splititer("xx"), match)
        subject = type("Text", (str,), {})("xxx")
        keep(pattern.match(subject), pattern.scanner(subject), pattern.finditer(subject))


@maker
def yaml(keep):
    import io

    import yaml as package

    for _ in range(2):
        loader = package.CLoader(io.StringIO("a: [1, 2]"))
        keep(loader, loader.get_single_node(), package.CDumper(io.StringIO()))


# ------------------------------------------------------------------------------ one subject


def modules_of_the_library():
    """Import what can be imported of the library, and return the names."""
    warnings.simplefilter("ignore")
    names = sorted(sys.stdlib_module_names - UNFIT)
    for name in names:
        if not name.startswith(("_test", "_xx", "xx")):
            with suppress(ImportError):
                importlib.import_module(name)
    return [name for name in names if name in sys.modules]


def call_types(names):
    """Call every type of some modules in a few ways, and return what keeps the instances."""
    from gcscope import _core
    from gcscope.api.audit import _asked
    from gcscope.api.audit_proof import Plain, make_instances

    asked = _core.audit(Plain, *_asked(tuple(names)))
    library = set(sys.builtin_module_names) | set(sys.stdlib_module_names)
    fit = [
        row.of
        for row in asked.types
        if not row.type.startswith(NOT_CALLED)
        and (row.of.__module__ != "builtins" or row.of.__name__ in dir(sys.modules["builtins"]))
        and (row.of.__module__.split(".")[0] in library) == (names[0] in library)
    ]
    return make_instances(fit)


def look_at(subject, prove):
    """Make instances, and print what an audit finds."""
    import gcscope

    kept = []
    MAKERS[subject](lambda *made: kept.append(made))
    names = modules_of_the_library() if subject == LIBRARY else [subject]
    if subject == "pydantic":
        names = ["pydantic", "pydantic_core"]
    made = call_types(names)
    print(gcscope.audit(*names, prove=prove), flush=True)
    assert kept and made
    os._exit(0)  # what was called with anything need not be fit to be freed


def is_there(subject):
    """Return whether a package is installed."""
    return subject == LIBRARY or importlib.util.find_spec(subject) is not None


def main():
    """Look at each subject in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("subjects", nargs="*", metavar="NAME", help=", ".join(MAKERS))
    parser.add_argument("--prove", action="store_true", help="make rings through what is found")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        sys.path.insert(0, str(Path(__file__).parent))
        look_at(options.subjects[0], options.prove)
    for subject in options.subjects or list(filter(is_there, MAKERS)):
        print(f"\n=== {subject} on {sys.version.split()[0]}", flush=True)
        how = ["--prove"] if options.prove else []
        done = subprocess.run(
            [sys.executable, "-X", "faulthandler", __file__, "--here", *how, subject]
        )
        if done.returncode:
            print(f"it ended with {done.returncode}")


if __name__ == "__main__":
    main()
