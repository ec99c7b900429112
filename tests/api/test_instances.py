"""instances: from the name of a type in a report to its objects."""

import gc

import pytest

from gcscope import _core, instances
from support import FREE_THREADED


class Node:
    pass


class Derived(Node):
    pass


class Named:
    """Its name is an object that is no plain str."""


NAME = f"{__name__}.Node"


def test_the_newest_first(quiet):
    nodes = [Node() for _ in range(5)]
    if FREE_THREADED:  # objects lie in pages there, in no order
        assert set(instances(NAME)) == set(nodes) == set(instances(Node))
        assert set(instances(NAME, 2)) < set(nodes) and len(instances(NAME, most=1)) == 1
        return
    assert instances(NAME) == nodes[::-1] == instances(Node)
    assert instances(NAME, 2) == nodes[:2:-1] and instances(NAME, most=1) == [nodes[-1]]


def test_older_generations_come_after_younger_ones(quiet):
    old = Node()
    gc.collect()
    middle = Node()
    gc.collect(0)
    young = Node()
    if _core.WALKS_GENERATIONS:
        assert instances(NAME) == [young, middle, old]
    assert set(instances(NAME)) == {young, middle, old}


def test_derived_types_have_their_own_name():
    node, derived = Node(), Derived()
    assert instances(Node) == [node] and instances(f"{__name__}.Derived") == [derived]


def test_types_of_one_name():
    def make():
        class Local:
            pass

        return Local()

    pair = {make(), make()}
    name = f"{__name__}.{type(min(pair, key=id)).__qualname__}"
    assert set(instances(name)) == pair


def test_builtin_types_have_no_module():
    kept = [object()]
    assert any(found is kept for found in instances("list", 10**6))
    assert any(found is kept for found in instances(list, 10**6))
    assert instances("builtins.list") == []


def test_what_is_not_tracked_is_found_where_something_leads_to_it():
    text = "a text that is nowhere else" * 2
    kept = {"it": text, "number": 123456.5}
    assert any(found is text for found in instances("str", 10**7))
    assert any(found is kept["number"] for found in instances(float, 10**7))
    assert any(found is kept for found in instances(dict, 10**7))


def test_an_unknown_name_has_no_objects():
    assert instances("nobody.Knows") == [] == instances(NAME)


@pytest.mark.parametrize("odd", [None, 3, b"list", Node, ["list"]])
def test_what_is_no_type_and_no_name(odd):
    odd = odd() if odd is Node else odd
    with pytest.raises(TypeError, match=r"^instances\(\) takes a type or its name, not an object"):
        instances(odd)


@pytest.mark.parametrize("odd", ["1", 1.0, None, True])
def test_most_is_an_int(odd):
    with pytest.raises(TypeError, match=r"^instances\(\) takes an int as most"):
        instances("list", odd)


@pytest.mark.parametrize("few", [0, -1])
def test_most_is_at_least_one(few):
    with pytest.raises(ValueError, match=r"^instances\(\) takes at least 1 as most"):
        instances("list", few)


def test_nothing_of_the_program_runs():
    class Meta(type):
        @property
        def __name__(cls):
            raise AssertionError

        def __eq__(cls, other):
            raise AssertionError

        __hash__ = type.__hash__

    class Odd(metaclass=Meta):
        def __eq__(self, other):
            raise AssertionError

        __hash__ = None

    odd = Odd()
    assert [found is odd for found in instances(Odd)] == [True]


def test_starved_of_memory(starving):
    starving(
        "import gcscope\n"
        "from gcscope import _core\n"
        "class Node: pass\n"
        "kept = [Node() for _ in range(9)]\n"
        "action = lambda: _core.instances('__main__.Node', 5)\n"
        "failures, found = each_growth(action)\n"
        "assert failures > 5 and len(found) == 5\n"
        f"assert {FREE_THREADED} or found == kept[:3:-1]\n"
    )
