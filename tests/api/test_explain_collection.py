"""Tests of explain_collection.

The collector's three steps against a slow oracle, and against the collector's own verdict.
"""

import ctypes
import gc
import sys

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import gcscope
from gcscope import IMMORTAL, Person, Walkthrough, explain_collection
from gcscope.api.explain_collection import MOST_EXPLAINED
from gcscope.api.neighborhood import look
from specimens.objects import Plain

pytestmark = pytest.mark.usefixtures("whole_heap", "quiet")


def explained(addresses, monkeypatch):
    """Explain what nobody here holds."""
    with monkeypatch.context() as patch:
        patch.setattr("gcscope.api.explain_collection.look", lambda objs: look(addresses))
        return explain_collection([])


def build(graph, held):
    """People whose friends are the pairs of a graph; those of held have a name outside.

    Their addresses, the names.
    """
    people = [
        Person(f"P{number}")
        for number in range(max([0, *(end for pair in graph for end in pair), *held]) + 1)
    ]
    for source, target in graph:
        people[source].friends.append(people[target])
    return [id(one) for one in people], [people[number] for number in held]


def oracle(graph, held):
    """Slow and obvious: counts, references by their names, who is reachable."""
    numbers = range(max([0, *(end for pair in graph for end in pair), *held]) + 1)
    counts = {f"P{n}": sum(target == n for _, target in graph) + held.count(n) for n in numbers}
    counts |= {f"P{n}.friends": 1 for n in numbers}
    references = [(f"P{n}.friends", f"P{n}.friends") for n in numbers]
    for number in numbers:
        own = [target for source, target in graph if source == number]
        references += [
            (f"P{number}.friends[{place}]", f"P{target}") for place, target in enumerate(own)
        ]
    reachable = {f"P{n}" for n in held}
    for _ in numbers:
        reachable |= {f"P{target}" for source, target in graph if f"P{source}" in reachable}
    return counts, references, reachable | {f"{name}.friends" for name in reachable}


pairs = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12, unique=True)


# hypothesis asks who holds its random, and that is frozen
@pytest.mark.filterwarnings("ignore:It looks like `register_random`")
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(graph=pairs, held=st.lists(st.integers(0, 5), max_size=4))
@example(graph=[(0, 1), (1, 0)], held=[])
@example(graph=[(0, 1), (1, 0)], held=[1, 1])
@example(graph=[(0, 0)], held=[])
@example(graph=[], held=[])
def test_the_three_tables(quiet, monkeypatch, graph, held):
    gc.collect()
    addresses, kept = build(graph, held)
    counts, references, reachable = oracle(graph, held)
    alive = {name for name in counts if counts[name] > 0}
    for _ in counts:  # who has no reference at all is gone, and what it had with it
        gone = {name for name in counts if name not in alive}
        graph = [(s, t) for s, t in graph if f"P{s}" not in gone]
        counts, references, reachable = oracle(graph, held)
        alive = {
            name
            for name in alive
            if counts.get(name, 0) > 0 and name.removesuffix(".friends") in alive
        }
    addresses = [address for number, address in enumerate(addresses) if f"P{number}" in alive]
    dry = gcscope.garbage()
    neighborhood = look(addresses)
    told = explained(addresses, monkeypatch)
    counts = {name: counts[name] for name in counts if name in alive}
    references = [
        (name, target)
        for name, target in references
        if name.split(".")[0] in alive and target in alive
    ]
    assert {row.name: row.gc_refs for row in told.update_refs} == counts
    assert sorted((row.reference, row.target) for row in told.subtract_refs) == sorted(references)
    left = dict(counts)
    for row in told.subtract_refs:
        assert (row.before, row.after) == (left[row.target], left[row.target] - 1)
        left[row.target] -= 1
    assert {row.name: row.gc_refs for row in told.move_unreachable} == left
    assert {row.name for row in told.move_unreachable if row.reachable} == reachable & alive
    assert told.more == 0 and len(kept) == len(held)
    # the collector's own verdict: all that is unreachable is part of it
    assert sum(not row.reachable for row in told.move_unreachable) == dry.objects
    assert [row.reachable for row in told.move_unreachable] == [
        obj.reachable for obj in neighborhood.objects
    ]
    assert Walkthrough.from_json(told.to_json()) == told


def test_as_in_the_lecture(monkeypatch):
    addresses, kept = build([(0, 1), (1, 0)], [0])
    told = explained(addresses, monkeypatch)
    assert [row.because for row in told.move_unreachable] == [
        "list [0]",
        "P0.friends has it as [0]",
        "P0 has it as .friends",
        "P1 has it as .friends",
    ]
    del kept[:]
    text = str(explained(addresses, monkeypatch)).splitlines()
    assert text[0] == "1. update_refs: gc_refs begins as a copy of the reference count"
    assert [line.split() for line in text[2:6]] == [
        ["P0", "1"],
        ["P1", "1"],
        ["P0.friends", "1"],
        ["P1.friends", "1"],
    ]
    assert (
        "     P0.friends[0]   1 - 1 = 0   P1" in text
        and text[-1] == "4 objects unreachable, 0 reachable"
    )
    gc.collect()
    assert (
        str(explained(addresses, monkeypatch)).splitlines()[-1]
        == "0 objects unreachable, 0 reachable"
    )


def test_variables_make_reachable():
    mine = Plain()
    mine.me = mine
    told = explain_collection(mine)
    assert told.move_unreachable[0].because == "mine in test_variables_make_reachable()"
    assert (told.update_refs[0].name, told.move_unreachable[0].gc_refs) == ("mine", 1)
    assert "mine in test_variables_make_reachable()" in str(told)


def test_references_that_nobody_shows():
    hidden = Plain()
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(hidden))
    told = explain_collection(hidden).move_unreachable[0]
    ctypes.pythonapi.Py_DecRef(ctypes.py_object(hidden))
    assert (
        told.because == "hidden in test_references_that_nobody_shows() and 1 more"
        and told.gc_refs == 2
    )


@pytest.mark.skipif(
    hasattr(sys, "gettotalrefcount"), reason="a debug build ends where a count was written by hand"
)
def test_immortal_objects(monkeypatch):
    forever = Plain()
    forever.me = forever
    ctypes.c_uint32.from_address(id(forever)).value = 0xFFFFFFFF
    if gcscope.refcount(forever) != IMMORTAL:
        ctypes.c_uint32.from_address(id(forever)).value = 3
        pytest.skip("there is none")
    told = explained([id(forever)], monkeypatch)
    assert told.update_refs[0].gc_refs == told.move_unreachable[0].gc_refs == IMMORTAL
    assert told.move_unreachable[0].because == "it is immortal"
    assert not [row for row in told.subtract_refs if row.target == told.update_refs[0].name]
    assert "immortal" in str(told) and f"{int(IMMORTAL):,}" not in str(told)


def test_at_most_so_many_are_told(monkeypatch):
    addresses, _ = build([(n, (n + 1) % 300) for n in range(300)], [])
    told = explained(addresses, monkeypatch)
    assert len(told.update_refs) == len(told.move_unreachable) == MOST_EXPLAINED == 100
    assert told.more == 500 and len(told.subtract_refs) == 100
    assert (
        str(told).splitlines()[-1]
        == "100 objects unreachable, 0 reachable; 500 objects more are not shown"
    )


@pytest.mark.parametrize("count", [4, 5, 13, 100_000])
def test_many_references_are_one_row(count):
    """It stays short, and it still adds up."""
    one, other = Plain(), Person("Ann")
    one.others = [other] * count
    told = explain_collection(one)
    of_ann = [row for row in told.subtract_refs if row.target == "Ann"]
    assert (
        of_ann[0].before == count + 1
        and of_ann[-1].after == 1
        and len(of_ann) == min(count, 4) + (count > 4)
    )
    assert all(row.after == following.before for row, following in zip(of_ann, of_ann[1:]))
    if count > 4:
        assert of_ann[-1].reference == (
            "1 more reference" if count == 5 else f"{count - 4:,} more references"
        )
    assert [row.gc_refs for row in told.move_unreachable if row.name == "Ann"] == [1]
    holders = [Plain() for _ in range(30)]
    for holder in holders:
        holder.ann = other
    told = explain_collection(holders)
    of_ann = [row for row in told.subtract_refs if row.target == "Ann"]
    assert len(of_ann) == 13 and of_ann[-1].reference == "18 more references"


def test_the_tables_of_a_suspended_generator_agree():
    """From 3.14 on it lends from its stack.

    Those references are not counted, and not subtracted.
    """

    def waiting(mine):
        [mine, mine, mine, (yield)]

    mine = Plain()
    generator = waiting(mine)
    next(generator)
    told = explain_collection(generator, mine)
    left = {row.name: row.gc_refs for row in told.update_refs}
    for row in told.subtract_refs:
        assert row.before == left[row.target]
        left[row.target] = row.after
    assert {row.name: row.gc_refs for row in told.move_unreachable} == left
    assert left["mine"] == gcscope.refcount(mine) - sum(
        holder.owned for holder in gcscope.holders(mine).named if holder.type == "generator"
    )


def test_misuse():
    with pytest.raises(TypeError, match=r"explain_collection\(\) takes the objects"):
        explain_collection()
    with pytest.raises(TypeError, match="an int is not one of them"):
        explain_collection(1)
