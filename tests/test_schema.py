"""The schema of what is written.

It fits the records, what the words return fits it, and damage fits neither.
"""

import asyncio
import gc
import inspect
import json
import types
from pathlib import Path

import pytest

import gcscope
import schema
from gcscope.api.explain_collection import explain_collection
from gcscope.api.neighborhood import arithmetic_of, look
from gcscope.api.observe import Observer
from gcscope.model.diff import compare
from gcscope.model.fold import fold
from gcscope.model.header import header_of_process
from gcscope.model.judgement import Baseline
from gcscope.model.record import Record, changed
from gcscope.pytest_plugin.policy import Rules, judge
from gcscope.pytest_plugin.session import known_ring
from gcscope.render.json import kinds, read_any
from specimens.records import WAITING

jsonschema = pytest.importorskip(
    "jsonschema", reason="the schema is tested with jsonschema (extra: test)"
)

SCHEMA = json.loads(
    Path(gcscope.__file__).with_name("gcscope-2.schema.json").read_text(encoding="utf-8")
)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def test_it_is_what_the_records_make():
    """Else: python tests/schema.py."""
    assert schema.FILE.read_text(encoding="utf-8") == schema.text()


def test_it_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA["$defs"]["schema"]["const"] == gcscope.model.record.SCHEMA == SCHEMA["title"]


@pytest.mark.parametrize(("kind", "cls"), kinds().items())
def test_each_record_has_its_fields_in_the_schema(kind, cls):
    inner, outer = SCHEMA["$defs"][kind], SCHEMA["$defs"][f"{kind}-document"]
    needed = set(cls.__slots__).difference(cls._defaults)
    assert set(inner["properties"]) == set(cls.__slots__) and set(inner["required"]) == needed
    assert set(outer["properties"]) == {*cls.__slots__, "schema", "kind", "header"}
    assert set(outer["required"]) == {*needed, "schema", "kind"}
    assert outer["properties"]["kind"]["const"] == kind
    for name in cls.__slots__:
        assert outer["properties"][name] == {"$ref": f"#/$defs/{kind}/properties/{name}"}
    assert "additionalProperties" not in inner and "additionalProperties" not in outer
    assert {"$ref": f"#/$defs/{kind}-document"} in SCHEMA["oneOf"] and len(SCHEMA["oneOf"]) == len(
        kinds()
    )


def test_everything_is_described():
    for kind, definition in SCHEMA["$defs"].items():
        assert definition.get("description", "").endswith("."), kind
        if not kind.endswith("-document"):
            for name, field in definition.get("properties", {}).items():
                assert field["description"].endswith("."), (kind, name)
                assert "bytes" not in name or field["description"].startswith("Bytes "), kind


class Node:
    pass


def ring():
    person, friend = gcscope.Person("Michael \N{SNOWMAN} \ud800"), gcscope.Person("Sarah")
    person.befriend(friend)
    node = Node()
    node.method = types.MethodType(ring, node)

    def keep():
        try:
            raise KeyError(node)
        except KeyError as error:
            kept = error
        return str(kept)

    async def wait():
        await asyncio.sleep(0, node)

    node.coroutine = wait()
    node.coroutine.send(None)
    node.__dict__[1] = [node]
    keep()


chain, shelf = [None], []


def grow():
    node = Node()
    node.before, chain[0] = chain[0], node
    shelf.append(b"a book")


def answers_about(obj):
    """What each word that asks about one object answers; those that are records."""
    words = filter(inspect.isfunction, (getattr(gcscope, word) for word in gcscope.__all__))
    about = [word for word in words if next(iter(inspect.signature(word).parameters), "") == "obj"]
    assert gcscope.holders in about and gcscope.why_alive in about and gcscope.retained in about
    return [answer for answer in (word(obj) for word in about) if isinstance(answer, Record)]


@pytest.fixture(scope="module")
def returned(broken):
    """What every word returns."""
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    gcscope.journal.enabled = True
    observer = Observer()
    observer.begin()
    empty = gcscope.garbage()
    ring()
    garbage = gcscope.garbage()
    outcome = observer.outcome()
    collection = gcscope.collect()
    with gcscope.watch() as watched:
        ring()
    trial = gcscope.trial(ring)
    friend, other = gcscope.Person("x"), gcscope.Person("y")
    friend.befriend(other)
    live = gcscope.cycles(friend)
    arithmetic = arithmetic_of(look([id(friend)]))
    found = [
        empty, garbage, outcome.report, collection, watched.report, trial, live,
        gcscope.holders(friend), gcscope.holders(None), gcscope.why_alive(Node),
        *answers_about(friend),
        compare(empty, garbage), compare(garbage, empty), compare(garbage, watched.report),
        arithmetic, *gcscope.journal.events()[-50:], *collection.fates, *garbage.cycles,
        *(link for cycle in garbage.cycles for link in cycle.ring),
        *(cycle.cut for cycle in garbage.cycles if cycle.cut),
        *gcscope.holders(friend).named, *arithmetic.rows,
    ]  # fmt: skip
    counted = gcscope.census()
    counted = changed(counted, rows=counted.rows[:3])
    found += [counted, counted - counted, *counted.rows]
    grown = gcscope.growth(grow, times=2, rounds=2)
    found += [grown, grown - grown, *grown.growers, *grown.grown_types]
    told = explain_collection(friend)
    found += [told, told.update_refs[0], told.subtract_refs[0], told.move_unreachable[0]]
    ring(), ring()
    found += [compare(garbage, gcscope.garbage()), *compare(garbage, gcscope.garbage()).grown]
    rules = Rules(
        severity="fail", reason=None, allow=("types.*",), known=frozenset(), own_frames=frozenset()
    )
    judgement = judge(garbage, rules)
    known = known_ring(garbage.cycles[0], {"test_it.py::test_x": 3})
    found += [judgement, *judgement.findings, known, Baseline(rings=(known,))]
    instance = broken.NoField(Node(), Node())
    audited = gcscope.audit(type(instance))
    found += [audited, *audited.findings]
    merged, _ = fold([("x", garbage, header_of_process(0.5)), ("y", garbage, None)])
    found += [merged, *merged.processes, *(fold([("x", r, None)])[0] for r in (grown, counted))]
    assert gcscope.collect()
    with gcscope.pauses(sampling=1) as paused:
        ring()
        gc.collect()
    found += [paused.report, *paused.report.collections, *paused.report.totals]
    found += [WAITING, *WAITING.waiting]  # told by free-threaded Python alone
    if was_enabled:
        gc.enable()
    return found


def test_what_the_words_return_is_valid(returned):
    for record in returned:
        document = json.loads(record.to_json())
        VALIDATOR.validate(document)
        assert read_any(record.to_json()) == record
    assert {type(record).__name__.lower() for record in returned} == set(kinds())
    assert sum(bool(getattr(record, "cycles", ())) for record in returned) >= 4


def without(document, name):
    return {key: value for key, value in document.items() if key != name}


def damaged(document, defaults):
    """Each way to damage a document once.

    A field that is missing and has no default, one of another sort.
    """
    for name in document:
        if name not in defaults:
            yield f"without {name}", without(document, name)
        if not isinstance(document[name], float):
            yield f"{name} is 1.5", {**document, name: 1.5}
        yield f"{name} is [[]]", {**document, name: [[]]}
        yield f"{name} is an object", {**document, name: {"x": -1}}
        if isinstance(document[name], int):
            yield f"{name} is text", {**document, name: "1"}
            yield f"{name} is too large", {**document, name: 1 << 63}
        if isinstance(document[name], list):
            yield f"{name} has a null", {**document, name: [*document[name], None]}
    yield "another schema", {**document, "schema": "gcscope/3"}
    yield "an older schema", {**document, "schema": "gcscope/1"}
    yield "another kind", {**document, "kind": "snapshot"}
    yield "no object", [document]


@pytest.fixture(scope="module")
def examples(returned):
    """A small record of each kind."""
    by_size = sorted(returned, key=lambda record: -len(record.to_json()))
    found = {type(record): record for record in by_size if getattr(record, "cycles", True)}
    assert len(found) == len(kinds())
    return found.values()


def test_what_is_damaged_is_refused_by_both(examples):
    for record in examples:
        for how, document in damaged(json.loads(record.to_json()), record._defaults):
            assert not VALIDATOR.is_valid(document), (record, how)
            with pytest.raises(ValueError, match=".{10}"):
                read_any(json.dumps(document))


def test_a_header_may_stand_beside_a_record_and_is_held_to_the_schema(examples):
    header = json.loads(header_of_process(0.5).to_json())
    del header["schema"], header["kind"]
    for record in examples:
        document = {**json.loads(record.to_json()), "header": header}
        VALIDATOR.validate(document)
        VALIDATOR.validate({**document, "header": {**header, "stopped": None, "colour": 1}})
        assert read_any(json.dumps(document)) == record
        for name, value in (("pid", 1.5), ("when", None), ("gc_thresholds", [-1]), ("stopped", "")):
            wrong = {**document, "header": {**header, name: value}}
            assert not VALIDATOR.is_valid(wrong)
            for cls in (type(record), Record):
                with pytest.raises(ValueError, match="a damaged header: expected "):
                    cls.from_json(json.dumps(wrong))


def with_more(value):
    """What a later version may write: a field more in each object but those of counts."""
    if isinstance(value, list):
        return [with_more(item) for item in value]
    if not isinstance(value, dict) or not {"schema", "type", "name", "ring"} & value.keys():
        return value
    return {"colour": {"red": 1.5}, **{key: with_more(inner) for key, inner in value.items()}}


def test_fields_that_are_not_known_are_kept_out_by_both(examples):
    for record in examples:
        document = with_more(json.loads(record.to_json()))
        VALIDATOR.validate(document)
        again = read_any(json.dumps(document))
        assert again == record and "colour" not in again.to_json()


def test_fields_that_are_missing_take_their_defaults_in_both(examples):
    checked = 0
    for record in examples:
        for name, default in record._defaults.items():
            document = without(json.loads(record.to_json()), name)
            VALIDATOR.validate(document)
            again = getattr(read_any(json.dumps(document)), name)
            assert again == (len(record.ring) if name == "length" else default)
            checked += 1
    assert checked >= 5


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("cycles", 0, "count"), 0),
        (("cycles", 0, "length"), 0),
        (("cycles", 0, "ring"), []),
        (("cycles", 0, "ring", 0, "label"), None),
        (("cycles", 0, "ring", 0, "named"), 1),
        (("cycles", 0, "types"), {"x": -1}),
        (("cycles", 0, "cut"), {}),
        (("types",), {"x": True}),
    ],
)
def test_damage_deep_inside_is_refused_by_both(returned, path, value):
    whole = next(
        record for record in returned if isinstance(record, gcscope.Report) and record.cycles
    )
    document = json.loads(whole.to_json())
    *way, last = path
    place = document
    for step in way:
        place = place[step]
    place[last] = value
    assert not VALIDATOR.is_valid(document)
    with pytest.raises(ValueError, match="a damaged report: "):
        gcscope.Report.from_json(json.dumps(document))
