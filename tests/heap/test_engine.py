"""The rooms that know no Python.

Vec, addrmap, graph, collector, each against a slow and obvious twin.
"""

import networkx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from starved import each_growth_of

CHUNK = 1 << 30
BASES = [0x10000, 0x5555_0000_0000, 0x7F00_0000_0000, 0xFFFF_0000_0000_0000]
addresses = st.builds(
    lambda base, chunk, page, slot: base + chunk * CHUNK + page * 16384 + slot * 8,
    st.sampled_from(BASES),
    st.integers(0, 40),
    st.integers(0, 3),
    st.integers(0, 2047),
)


def check_addrmap(rooms, given, others):
    """Ids are 0 .. n - 1, each address has one, and the table by id is their inverse."""
    fresh, by_id, answers, left = rooms.addrmap(given, [*given, *others], -1)
    seen = set()
    assert fresh == [not (address in seen or seen.add(address)) for address in given]
    assert sorted(by_id) == sorted(set(given))
    ids = {address: number for number, address in enumerate(by_id)}
    assert answers == [ids.get(address) for address in [*given, *others]]
    assert left == 0


@given(st.lists(addresses, max_size=80), st.lists(addresses, max_size=30))
@settings(max_examples=200, deadline=None)
def test_addrmap_is_a_numbering(rooms, given, others):
    check_addrmap(rooms, given, others)


def test_addrmap_of_a_full_page(rooms):
    page = 0x7F00_0000_0000
    check_addrmap(rooms, [page + 8 * slot for slot in range(2048)], [page - 8, page + 16384])


def test_addrmap_of_many_chunks_grows_its_table(rooms):
    check_addrmap(rooms, [chunk * CHUNK + 16 for chunk in range(1, 200)], [0, 8, 201 * CHUNK])


def test_addrmap_without_memory(rooms):
    given = [chunk * CHUNK + page * 16384 for chunk in range(30) for page in range(20)]
    growths, answers = each_growth_of(lambda at: rooms.addrmap(given, [8], at))
    assert growths > 30 and answers[2:] == ([None], 0)


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 1000, 100_000])
def test_vec(rooms, count):
    error, length, total, capacity, left, peak = rooms.vec(count, -1)
    assert (error, length, total, left) == (0, count, sum(range(count)), 0)
    assert capacity <= count * 1.5 + 17 and peak == capacity * 8


def test_vec_without_memory(rooms):
    error, length, total, _, left, _ = rooms.vec(1000, 1)
    assert (error, length, total, left) == (-1, 16, sum(range(16)), 0)


def test_vec_sizes_are_checked(rooms):
    assert rooms.vec_overflow() == (-1, -1, 0, -1, 1)


# --------------------------------------------------------------------- collector


def slow_twin(rows, external):
    """What references from outside lead to, by networkx."""
    graph = networkx.DiGraph()
    graph.add_nodes_from(range(len(rows)))
    graph.add_edges_from((n, target) for n, row in enumerate(rows) for target in row)
    reached = set()
    for node, count in enumerate(external):
        if count:
            reached |= {node} | networkx.descendants(graph, node)
    return reached


@st.composite
def heaps(draw):
    """Rows of targets, references from outside, edges that own nothing."""
    size = draw(st.integers(0, 25))
    if size == 0:
        return [], [], []
    node = st.integers(0, size - 1)
    rows = draw(st.lists(st.lists(node, max_size=5), min_size=size, max_size=size))
    external = draw(st.lists(st.sampled_from([0, 0, 0, 0, 1, 5]), min_size=size, max_size=size))
    edges = [target for row in rows for target in row]
    unowned = (
        draw(st.lists(st.sampled_from(edges), max_size=min(4, len(edges)), unique=True))
        if edges
        else []
    )
    return rows, external, unowned


def inside(rows, size):
    counts = [0] * size
    for row in rows:
        for target in row:
            counts[target] += 1
    return counts


@given(heaps())
@settings(max_examples=300, deadline=None)
def test_the_dry_run_is_reachability(rooms, heap):
    rows, external, unowned = heap
    counts = [
        i + e - unowned.count(n)
        for n, (i, e) in enumerate(zip(inside(rows, len(rows)), external, strict=True))
    ]
    left, reachable, unreachable, over_visited, sound, bytes_left = rooms.collector(
        rows, counts, unowned, -1
    )
    assert left == external
    assert {n for n, is_reachable in enumerate(reachable) if is_reachable} == slow_twin(
        rows, external
    )
    assert unreachable == reachable.count(False)
    assert (over_visited, sound, bytes_left) == (0, 1, 0)


def test_a_node_shown_too_often_is_reachable_and_counted(rooms):
    left, reachable, unreachable, over_visited, _, _ = rooms.collector(
        [[1, 1], [0]], [1, 1], [], -1
    )
    assert (left, reachable, unreachable, over_visited) == ([0, -1], [True, True], 0, 1)


def test_immortal_counts_never_reach_zero(rooms):
    left, reachable, *_ = rooms.collector([[0] * 1000], [2**31 - 1], [], -1)
    assert left == [2**31 - 1001] and reachable == [True]


@pytest.mark.slow
def test_a_path_and_a_star_of_a_million(rooms):
    size = 1_000_000
    path = [[n + 1] for n in range(size - 1)] + [[]]
    assert rooms.collector(path, [1] * size, [], -1)[2] == 0
    assert rooms.collector(path, [0] + [1] * (size - 1), [], -1)[2] == size
    star = [list(range(1, size))] + [[] for _ in range(size - 1)]
    assert rooms.collector(star, [0] + [1] * (size - 1), [], -1)[2] == size


def test_the_collector_without_memory(rooms):
    rows = [[(n + 1) % 50, (n * 7) % 50] for n in range(50)]
    assert each_growth_of(lambda at: rooms.collector(rows, [2] * 50, [], at))[0] > 3
