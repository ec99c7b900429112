"""The small words of all texts; every public word, called as nobody should: never a crash."""

import threading

import pytest

import gcscope
from gcscope import Person, Tracked, collect, garbage, journal, refcount, trial
from gcscope.model.phrases import table, with_article

WRONG = [
    None,
    0,
    -1,
    2**100,
    "text",
    b"bytes",
    [],
    {},
    object(),
    int,
    Person.__new__(Person),
    float("nan"),
]


@pytest.mark.parametrize(
    "call", [refcount, trial, Person, Person("x").befriend], ids=lambda f: f.__name__
)
def test_too_few_and_too_many_arguments(call):
    with pytest.raises(TypeError, match="argument"):
        call()
    if call is not trial:
        with pytest.raises(TypeError, match="argument"):
            call(1, 2, 3)


@pytest.mark.parametrize(
    "call", [garbage, collect, journal.events, journal.clear], ids=lambda f: f.__name__
)
def test_arguments_where_none_are_taken(call):
    with pytest.raises(TypeError, match="argument"):
        call(1)
    with pytest.raises(TypeError, match="argument"):
        call(generation=1)


@pytest.mark.parametrize("wrong", WRONG, ids=lambda w: type(w).__name__)
def test_wrong_types(quiet, wrong):
    """What each word says to things that it is not made for."""
    assert isinstance(refcount(wrong), int)
    raised = []
    person = Person("x")
    for action in (
        lambda: trial(wrong),
        lambda: Person(wrong),
        lambda: person.befriend(wrong),
        lambda: setattr(person, "name", wrong),
        lambda: setattr(person, "friends", wrong),
        lambda: setattr(journal, "enabled", wrong),
        lambda: setattr(journal, "capacity", wrong),
        lambda: gcscope.Report.from_json(wrong),
    ):
        try:
            action()
        except (TypeError, ValueError) as error:
            raised.append(error)
    journal.capacity = 1 << 16
    assert len(raised) >= 5 and all(str(error) for error in raised)
    assert repr(person).startswith("Person(") and gcscope.garbage().objects >= 0


def test_from_a_thread(quiet):
    answers = []

    def use():
        person = Person("in a thread")
        person.befriend(person)
        answers.append(
            (
                refcount(person),
                garbage().objects >= 0,
                len(collect().fates) >= 1,
                Tracked().serial > 0,
            )
        )
        answers.append(trial(Person, "x").refcount["gcscope.Person"])

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert answers == [(2, True, True, True), 1]


def test_during_shutdown(python):
    """From atexit, from a daemon thread, and from finalizers when modules are being taken apart."""
    code = """
import atexit, builtins, sys, threading, time
import gcscope
from gcscope import Person, Tracked, collect, garbage, journal, refcount, trial
from gcscope.model.phrases import table, with_article

def ring():
    p, q = Person("p"), Person("q")
    p.befriend(q)
    return p

def use(where, write=sys.__stdout__.write, error=Exception):
    words = ring, garbage, collect, lambda: trial(ring), lambda: refcount(where)
    words += (lambda: str(journal.events()[-1]),)
    for word in words:
        try:
            word()
        except error as problem:
            write(where + " " + type(problem).__name__ + chr(10))
        else:
            write(where + " answered" + chr(10))

class Late(Person):
    def __del__(self, use=use):
        use("late")

atexit.register(use, "atexit")
kept = Late("global")
builtins.kept = Late("builtin")
sys.kept = ring()
sys.modules["kept"] = Late("module")
loop = Late("ring")
loop.befriend(loop)
del loop

def forever():
    while True:
        ring(); garbage()
threading.Thread(target=forever, daemon=True).start()
time.sleep(0.1)
"""
    done = python("-c", code)
    assert done.code == 0 and "Fatal" not in done.err, done
    assert done.out.count("atexit answered") == 6, done
    assert "late" in done.out


# ------------------------------------------------------------------------- a and an

SAID_WITH_AN = """
    int app.Node object _asyncio.Task OSError IOBase ABCMeta abc.X
    ssl.SSLContext _ssl._SSLContext SSLContext HTTPServer http.server.X HTMLParser FTP_TLS
    xml.sax.X xarray.DataArray lxml.X fnmatch.X mmap.mmap ndarray sqlite3.Row
    hmac.HMAC smtplib.SMTP fcntl.X RLock LRUCache MROEntry RSAKey NNModule x.Y m.Node
    f s3.X h5py.File hour Honest heir under.X upper update Unpickler
    unable unimportable uninstalled unidentified eulerian
""".split()
SAID_WITH_A = """
    list str src.app.X struct.Struct set frame function method module mappingproxy slice range
    re.Match NoneType float numpy.ndarray svc.Service msgpack.Packer format string.Template
    user.User UserDict unit unittest.mock.Mock union unicode uuid.UUID UUID URL URLs url urllib.X
    usage utils.X utc uvloop.Loop uint ufunc U universe UNIXServer
    one.X Once europe.X type types.X ctypes.X gcscope.Person __main__.Node _thread.lock
    yaml.X YAMLObject zlib.X json.X TCPServer PIL.X MIMEText SAXParser FIFOQueue shelve.Shelf
    sys.X schema.X sphinx.X square rhythm mnemonic hello.X house
""".split()


def test_the_article_is_that_of_the_name_as_it_is_said():
    for article, names in (("an", SAID_WITH_AN), ("a", SAID_WITH_A)):
        for name in names:
            assert with_article(name) == f"{article} {name}"
    assert with_article("") == "a " and with_article("\N{CJK UNIFIED IDEOGRAPH-4EBA}") == "a 人"


def test_a_table_has_words_to_the_left_and_numbers_to_the_right():
    rows = [("a", "1", "reachable", "p1"), ("list", "2,000", "no", ""), ("b", "", "", "c")]
    assert table(("object", "count", "verdict", "because"), rows) == [
        "object   count   verdict     because",
        "a            1   reachable   p1",
        "list     2,000   no",
        "b                            c",
    ]
