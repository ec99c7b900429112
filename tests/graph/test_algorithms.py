"""The graph algorithms.

Subset, scc, paths, fall, dominators, each against a slow and obvious twin.
"""

import functools
from collections import Counter, deque

import networkx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from starved import each_growth_of

TOP, UNREACHED = -1, None
LAST_SEARCH = 2**32 - 1
NO_BUDGET = 2**64 - 1
MILLION = 1_000_000


@st.composite
def graphs(draw, most=24, degree=4):
    """Rows of targets: with edges to itself, parallel ones, and parts that are not connected."""
    size = draw(st.integers(0, most))
    if size == 0:
        return []
    node = st.integers(0, size - 1)
    return draw(st.lists(st.lists(node, max_size=degree), min_size=size, max_size=size))


@st.composite
def graphs_and_nodes(draw):
    """Rows of targets, and some of their nodes, in any order, perhaps twice."""
    rows = draw(graphs())
    return rows, draw(st.lists(st.integers(0, len(rows) - 1), max_size=6)) if rows else []


def digraph(rows):
    graph = networkx.DiGraph()
    graph.add_nodes_from(range(len(rows)))
    graph.add_edges_from((n, target) for n, row in enumerate(rows) for target in row)
    return graph


def long_path(size=MILLION):
    return [[n + 1] for n in range(size - 1)] + [[]]


def long_ring(size=MILLION):
    return [[(n + 1) % size] for n in range(size)]


def star(size=MILLION):
    """Node 0 and all others lead to each other."""
    return [list(range(1, size))] + [[0]] * (size - 1)


# ------------------------------------------------------------------ graph_transpose


@given(graphs())
@settings(max_examples=200, deadline=None)
def test_transpose(rooms, rows):
    turned = [
        [source for source, row in enumerate(rows) for t in row if t == n] for n in range(len(rows))
    ]
    assert rooms.transpose(rows, -1) == (turned, True)


@pytest.mark.slow
def test_transpose_of_a_million(rooms):
    turned, sound = rooms.transpose(star(), -1)
    assert turned == star() and sound


# --------------------------------------------------------------------------- subset


def check_subset(rooms, rows, nodes):
    members = sorted(set(nodes))
    numbers = {node: number for number, node in enumerate(members)}
    induced = [[numbers[target] for target in rows[node] if target in numbers] for node in members]
    has = [node in numbers for node in range(len(rows))]
    assert rooms.subset(rows, nodes, -1) == (
        members,
        [numbers[node] for node in nodes],
        has,
        induced,
    )


@given(graphs_and_nodes())
@settings(max_examples=200, deadline=None)
def test_subset(rooms, graph_and_nodes):
    check_subset(rooms, *graph_and_nodes)


@pytest.mark.parametrize("size", [63, 64, 65, 128, 1000])
def test_subset_at_the_edges_of_words(rooms, size):
    rows = [[(n + 1) % size, (n * 7) % size, n] for n in range(size)]
    for nodes in (
        [],
        [size - 1],
        list(range(size)),
        list(range(0, size, 3)),
        [n for n in range(size) if n % 64 > 61],
    ):
        check_subset(rooms, rows, nodes)


@pytest.mark.slow
def test_subset_of_a_million(rooms):
    check_subset(rooms, long_path(), list(range(MILLION)))
    check_subset(rooms, star(), list(range(0, MILLION, 2)))


# ------------------------------------------------------------------------------ scc


def check_scc(rooms, rows):
    graph = digraph(rows)
    components = {frozenset(c) for c in networkx.strongly_connected_components(graph)}
    count, component, groups, _ = rooms.scc(rows, -1)
    found = {}
    for node, number in enumerate(component):
        found.setdefault(number, set()).add(node)
    assert set(map(frozenset, found.values())) == components
    assert sorted(found) == list(range(count))
    for source, target in graph.edges:
        assert component[source] >= component[target]
    cyclic = [sorted(c) for c in components if len(c) > 1 or graph.has_edge(*list(c) * 2)]
    assert groups == sorted(cyclic)


@given(graphs())
@settings(max_examples=500, deadline=None)
def test_components(rooms, rows):
    check_scc(rooms, rows)


@given(graphs(most=60, degree=2))
@settings(max_examples=300, deadline=None)
def test_components_of_sparse_graphs(rooms, rows):
    check_scc(rooms, rows)


def test_components_of_no_graph(rooms):
    assert rooms.scc([], -1)[:3] == (0, [], [])


def test_component_0_leads_to_no_other(rooms):
    assert rooms.scc([[1], [2], []], -1)[:3] == (3, [2, 1, 0], [])


@pytest.mark.slow
def test_components_of_a_million(rooms):
    count, component, groups, _ = rooms.scc(long_path(), -1)
    assert (count, groups) == (MILLION, []) and component == list(range(MILLION - 1, -1, -1))
    for rows in (long_ring(), star(), [[(n - 1) % MILLION] for n in range(MILLION)]):
        count, component, groups, _ = rooms.scc(rows, -1)
        assert (count, groups) == (1, [list(range(MILLION))]) and not any(component)
    rows = [[n - n % 4 + (n + 1) % 4] for n in range(MILLION)]
    assert rooms.scc(rows, -1)[2] == [list(range(n, n + 4)) for n in range(0, MILLION, 4)]


def test_components_cost_12_bytes_a_node(rooms):
    """8 for the walk beside 4 of the answer; for small components, the sorting takes no more."""
    size = 100_000
    assert rooms.scc(long_path(size), -1)[3] == pytest.approx(12 * size, abs=200)
    assert rooms.scc([[n ^ 1] for n in range(size)], -1)[3] == pytest.approx(12 * size, abs=200)


# ---------------------------------------------------------------------------- paths


def slow_way(rows, roots, target, barred):
    """Breadth-first, by whole ways."""
    queue, seen = deque(), set(barred)
    for root in roots:
        if root not in seen:
            seen.add(root)
            queue.append([root])
    while queue:
        way = queue.popleft()
        if way[-1] == target:
            return way
        for node in rows[way[-1]]:
            if node not in seen:
                seen.add(node)
                queue.append([*way, node])
    return None


@st.composite
def graphs_and_questions(draw):
    rows = draw(graphs(most=16, degree=3))
    if not rows:
        return [], []
    nodes = st.lists(st.integers(0, len(rows) - 1), max_size=4)
    question = st.tuples(nodes, st.integers(0, len(rows) - 1), st.none() | nodes)
    return rows, draw(st.lists(question, max_size=8))


@given(graphs_and_questions(), st.sampled_from([0, LAST_SEARCH - 3]))
@settings(max_examples=500, deadline=None)
def test_ways_from_roots(rooms, graph_and_questions, search):
    rows, questions = graph_and_questions
    ways, _ = rooms.paths(rows, questions, search, -1)
    for way, (roots, target, barred) in zip(ways, questions, strict=True):
        assert way == slow_way(rows, roots, target, barred or [])
        graph = digraph(rows)
        graph.remove_nodes_from(barred or [])
        lengths = [
            networkx.shortest_path_length(graph, root, target) + 1
            for root in roots
            if root in graph and target in graph and networkx.has_path(graph, root, target)
        ]
        assert (len(way) if way else None) == min(lengths, default=None)


def test_the_root_that_stands_first(rooms):
    rows = [[2], [2], [3], []]
    questions = [
        ([1, 0], 3, None),
        ([0, 1], 3, None),
        ([0, 1, 3], 3, None),
        ([0, 1], 3, [0]),
        ([0, 1], 3, [3]),
    ]
    assert rooms.paths(rows, questions, 0, -1)[0] == [[1, 2, 3], [0, 2, 3], [3], [1, 2, 3], None]


def test_a_search_stops_at_its_target(rooms):
    assert rooms.paths(star(1000), [([0], 5, None), ([0], 0, None)], 0, -1) == ([[0, 5], [0]], 5)


def test_the_number_of_a_search_wraps(rooms):
    """Search 1 saw all nodes, 4 billion searches ago.

    Search 1 of the next turn must not believe it.
    """
    question = ([0], 2, None)
    for search in (LAST_SEARCH - 2, LAST_SEARCH - 1, LAST_SEARCH):
        ways, steps = rooms.paths([[1], [2], []], [question] * 6, search, -1)
        assert ways == [[0, 1, 2]] * 6 and steps == 12


@pytest.mark.slow
def test_ways_of_a_million(rooms):
    assert rooms.paths(long_path(), [([0], MILLION - 1, None)], 0, -1) == (
        [list(range(MILLION))],
        MILLION - 1,
    )
    assert rooms.paths(star(), [([3], MILLION - 1, None)], 0, -1)[0] == [[3, 0, MILLION - 1]]


# ---------------------------------------------------------------------------- rings


def girth(rows, members):
    """The length of a shortest ring, by a search from every member."""
    graph = digraph(rows).subgraph(members)
    best = len(members) + 1
    for start in members:
        away = networkx.single_source_shortest_path_length(graph, start)
        best = min([best] + [away[node] + 1 for node in graph.predecessors(start) if node in away])
    return best


def check_rings(rooms, rows, backwards=False):
    _, component, groups, _ = rooms.scc(rows, -1)
    if backwards:
        groups = [group[::-1] for group in groups]
    for budget in (NO_BUDGET, 0, 7):
        rings, _ = rooms.rings(rows, component, groups, budget, -1)
        assert len(rings) == len(groups)
        for (ring, exact), members in zip(rings, groups, strict=True):
            assert len(set(ring)) == len(ring) and set(ring) <= set(members)
            assert all(
                after in rows[node] for node, after in zip(ring, ring[1:] + ring[:1], strict=True)
            )
            shortest = girth(rows, members)
            assert len(ring) == shortest if exact else len(ring) >= shortest
            assert exact or budget != NO_BUDGET
            if budget == 0 and not exact:
                assert ring[0] == members[0]


@given(graphs(most=16, degree=3), st.booleans())
@settings(max_examples=400, deadline=None)
def test_shortest_rings(rooms, rows, backwards):
    check_rings(rooms, rows, backwards)


@given(
    graphs(most=40, degree=1),
    st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39)), max_size=4),
)
@settings(max_examples=400, deadline=None)
@pytest.mark.slow
def test_shortest_rings_of_a_ring_with_chords(rooms, extra, chords):
    size = 40
    rows = [
        [(n + 1) % size, *(t for t in (extra[n] if n < len(extra) else []) if t % 5 == 0)]
        for n in range(size)
    ]
    for source, target in chords:
        rows[source].append(target)
    check_rings(rooms, rows)


def ring_of(rooms, rows, budget=NO_BUDGET):
    _, component, groups, _ = rooms.scc(rows, -1)
    rings, steps = rooms.rings(rows, component, groups, budget, -1)
    return rings, steps


def test_a_simple_ring_is_followed(rooms):
    assert ring_of(rooms, [[1, 1, 1], [2, 2], [0]], 0) == ([([0, 1, 2], True)], 6)
    assert ring_of(rooms, [[0]], 0) == ([([0], True)], 1)
    assert ring_of(rooms, [[1, 0, 1], [0]])[0] == [([0], True)]


def test_a_ring_away_from_the_first_member(rooms):
    """0 -> 1 -> ... -> 9 -> 0 and 4 -> 3.

    The first search finds ten, and a budget ends the others.
    """
    rows = long_ring(10)
    rows[4].append(3)
    assert ring_of(rooms, rows, 0) == ([(list(range(10)), False)], 17)
    assert ring_of(rooms, rows)[0] == [([4, 3], True)]


@pytest.mark.slow
def test_many_small_components_cost_what_they_have(rooms):
    size = 400_000
    rows = [[n - n % 4 + (n + 1) % 4] for n in range(size)]
    rings, steps = ring_of(rooms, rows)
    assert steps == size and rings == [(list(range(n, n + 4)), True) for n in range(0, size, 4)]


@pytest.mark.slow
def test_rings_of_a_million(rooms):
    assert ring_of(rooms, long_ring(), 0)[0] == [(list(range(MILLION)), True)]
    assert ring_of(rooms, star())[0] == [([0, 1], True)]
    rows = long_ring()
    rows[MILLION - 1].append(1)
    assert ring_of(rooms, rows)[0] == [([MILLION - 1, *range(1, MILLION - 1)], True)]


# ----------------------------------------------------------------------------- fall


def owned(rows, unowned):
    counts = Counter(target for row in rows for target in row)
    counts.subtract(unowned)
    return [counts[n] for n in range(len(rows))]


def slow_fall(rows, unowned, cuts, frees):
    """References are taken one by one; each row forgets what was taken from it."""
    counts, rows = owned(rows, unowned), [list(row) for row in rows]
    dead = set(frees)
    pending = sorted(dead)

    def take(target):
        counts[target] -= 1
        if counts[target] == 0 and target not in dead:
            dead.add(target)
            pending.append(target)

    for source, target in cuts:
        rows[source].remove(target)
        take(target)
    while pending:
        node = pending.pop(0)
        while rows[node]:
            take(rows[node].pop())
    return dead - set(frees)


@st.composite
def falls(draw):
    """Rows, targets of edges that own nothing, and questions.

    Lists of edges to cut or of nodes to free.
    """
    rows = draw(graphs(most=14, degree=3))
    edges = [(source, target) for source, row in enumerate(rows) for target in row]
    if not edges:
        return rows, [], []
    places = st.integers(0, len(edges) - 1)
    few = st.lists(places, max_size=6, unique=True)
    cut = few.map(lambda chosen: [edges[place] for place in chosen])
    free = st.lists(st.integers(0, len(rows) - 1), max_size=4)
    unowned = [
        edges[place][1] for place in draw(st.just([]) | st.lists(places, max_size=3, unique=True))
    ]
    return rows, unowned, draw(st.lists(cut | free, max_size=6))


@given(falls())
@settings(max_examples=1000, deadline=None)
def test_what_falls(rooms, fall):
    rows, unowned, questions = fall
    before, answers, after, _ = rooms.fall(rows, unowned, questions, -1)
    assert before == after == owned(rows, unowned)
    for question, freed in zip(questions, answers, strict=True):
        cut = bool(question) and isinstance(question[0], tuple)
        dead = slow_fall(rows, unowned, question if cut else [], [] if cut else question)
        assert len(freed) == len(set(freed)) and set(freed) == dead


def freed_by(rooms, rows, question, unowned=()):
    before, [freed], after, _ = rooms.fall(rows, list(unowned), [question], -1)
    assert before == after
    return freed


def test_an_edge_that_was_cut_is_not_taken_twice(rooms):
    """0 and 3 lead to 2; 1 and 0 to each other. Without 0 -> 2 and 1 -> 0, node 3 still keeps 2."""
    rows = [[1, 2], [0], [], [2, 3]]
    assert freed_by(rooms, rows, [(0, 2), (1, 0)]) == [0, 1]
    assert freed_by(rooms, rows, [(0, 2), (1, 0), (3, 2)]) == [0, 2, 1]
    assert freed_by(rooms, [[0, 0, 1, 1], []], [(0, 0), (0, 1)]) == []
    assert freed_by(rooms, [[0, 0, 1, 1], []], [(0, 0), (0, 1), (0, 0)]) == [0, 1]


def test_an_edge_that_owns_nothing(rooms):
    """Both of 0's references show 1, one of them owns it.

    The first taken frees it, and only once.
    """
    assert freed_by(rooms, [[1, 1], [0]], [(1, 0)], [1]) == [0, 1]
    assert freed_by(rooms, [[1], [0]], [(1, 0)], [1]) == [0], (
        "nothing owned 1, so its count does not come to zero"
    )


def test_freed_nodes_are_not_told_again(rooms):
    assert freed_by(rooms, [[1], [2], [0, 3], []], [1, 1, 2]) == [0, 3]
    assert freed_by(rooms, [[0]], [0]) == []
    assert freed_by(rooms, [[1], []], []) == []


def test_many_cuts_from_one_node_cost_what_they_are(rooms):
    size = 200_000
    rows = [list(range(size))] + [[] for _ in range(size - 1)]
    _, [freed], _, steps = rooms.fall(rows, [], [[(0, n) for n in range(size - 1, -1, -1)]], -1)
    assert freed == list(range(size - 1, -1, -1)) and steps == 2 * size


@pytest.mark.slow
def test_falls_of_a_million(rooms):
    assert freed_by(rooms, long_path(), [(0, 1)]) == list(range(1, MILLION))
    assert freed_by(rooms, long_ring(), [(MILLION - 1, 0)]) == list(range(MILLION))
    assert freed_by(rooms, long_ring(), [MILLION - 1]) == list(range(MILLION - 1))
    assert freed_by(rooms, star(), [0]) == list(range(1, MILLION))


# ----------------------------------------------------------------------- dominators


def reached(rows, roots, without=None):
    graph = digraph(rows)
    if without is not None:
        graph.remove_node(without)
    return {
        n for root in roots if root in graph for n in (root, *networkx.descendants(graph, root))
    }


def check_dominators(rooms, rows, roots):
    weights = [3**n % 1000 + 1 for n in range(len(rows))]
    idoms, order, sums = rooms.dominators(rows, roots, weights, -1)
    graph = digraph(rows)
    graph.add_node(TOP)
    graph.add_edges_from((TOP, root) for root in roots)
    judged = networkx.immediate_dominators(graph, TOP)
    judged.pop(TOP, None)  # networkx before 3.6 tells the root to be its own
    assert idoms == [judged.get(node, UNREACHED) for node in range(len(rows))]
    assert set(order) == set(judged) and len(order) == len(judged)
    places = {TOP: -1, **{node: place for place, node in enumerate(order)}}
    assert all(places[idoms[node]] < places[node] for node in order)
    everything = reached(rows, roots)
    for node in range(len(rows)):
        kept = everything - reached(rows, roots, without=node) if node in everything else {node}
        assert sums[node] == sum(weights[n] for n in kept)


@given(graphs_and_nodes())
@settings(max_examples=400, deadline=None)
def test_dominators(rooms, graph_and_nodes):
    check_dominators(rooms, *graph_and_nodes)


@given(graphs(most=40, degree=2), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_dominators_of_deeper_graphs(rooms, rows, random):
    for n, row in enumerate(rows[:-1]):
        if random.random() < 0.8:
            row.append(n + 1)
    check_dominators(rooms, rows, [0] if rows else [])


@pytest.mark.slow
def test_dominators_of_a_million(rooms):
    ones = [1] * MILLION
    idoms, order, sums = rooms.dominators(long_path(), [0], ones, -1)
    assert idoms == [TOP, *range(MILLION - 1)] and order == list(range(MILLION))
    assert sums == list(range(MILLION, 0, -1))
    idoms, _, sums = rooms.dominators(long_ring(), [0, 500], ones, -1)
    assert (
        idoms[0] == idoms[500] == TOP
        and idoms[499] == 498
        and (sums[0], sums[500]) == (500, MILLION - 500)
    )
    idoms, _, sums = rooms.dominators(star(), [7], ones, -1)
    assert (idoms[7], idoms[0], idoms[8]) == (TOP, 7, 0) and (sums[7], sums[0], sums[8]) == (
        MILLION,
        MILLION - 1,
        1,
    )
    both_ways = [[n + 1, n - 1] for n in range(1, MILLION - 1)]
    idoms, _, _ = rooms.dominators([[1], *both_ways, [MILLION - 2]], [0], ones, -1)
    assert idoms == [TOP, *range(MILLION - 1)]


# --------------------------------------------------------------------- without memory

ROWS = [[(n + 1) % 50, (n * 7) % 50, 3] for n in range(50)]
CALLS = {
    "transpose": (ROWS,),
    "subset": (ROWS, list(range(0, 50, 2))),
    "scc": (ROWS,),
    "paths": (ROWS, [([0, 1], 47, None), ([5], 2, [3])], 0),
    "rings": ([[n + 1] for n in range(49)] + [[0, 1]], [0] * 50, [list(range(50))], NO_BUDGET),
    "fall": (ROWS, [3], [[(0, 1), (3, 4)], [7, 8]]),
    "dominators": (ROWS, [4, 9], [1] * 50),
}


@pytest.mark.parametrize("name", CALLS)
def test_without_memory(rooms, name):
    call = functools.partial(getattr(rooms, name), *CALLS[name])
    growths, answer = each_growth_of(call)
    assert growths > 3 and answer == call(-1)
