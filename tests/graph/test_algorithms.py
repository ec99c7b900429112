"""The graph algorithms.

Subset, scc, paths, rings, refine, acyclic, index, fall, dominators, each against a slow and
obvious twin.
"""

import functools
import itertools
from collections import Counter, deque

import networkx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from starved import each_growth_of

TOP, UNREACHED = -1, None
LAST_SEARCH = 2**32 - 1
NO_BUDGET = 2**64 - 1
FEW_LEVELS = 4  # of a longer ring one word may be told for many
MOST_WORDS = 8
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


@st.composite
def graphs_and_rules(draw):
    rows = draw(graphs(most=12, degree=3).filter(bool))
    nodes = st.lists(st.integers(0, len(rows) - 1), max_size=4)
    node = st.integers(0, len(rows) - 1)
    question = st.tuples(nodes, node, st.none(), st.none() | nodes, nodes, nodes)
    return rows, draw(st.lists(question, max_size=8))


def ways_of_length(rows, roots, target, length):
    """Every way of so many nodes."""
    ways = [[root] for root in roots]
    for _ in range(length - 1):
        ways = [[*way, node] for way in ways for node in rows[way[-1]]]
    return [way for way in ways if way[-1] == target]


@given(graphs_and_rules())
@settings(max_examples=300, deadline=None)
def test_ways_under_rules(rooms, graph_and_questions):
    """No last step from some nodes; and of the shortest ways one without a late step, if any."""
    rows, questions = graph_and_questions
    ways, _ = rooms.paths(rows, questions, 0, -1)
    for way, (roots, target, _, not_last, late_from, late_to) in zip(ways, questions, strict=True):
        allowed = [
            [node for node in row if not (node == target and at in (not_last or []))]
            for at, row in enumerate(rows)
        ]
        shortest = slow_way(allowed, roots, target, [])
        assert (len(way) if way else None) == (len(shortest) if shortest else None)
        if way is None:
            continue

        def late_steps(way, late_from=late_from, late_to=late_to):
            return sum(a in late_from and b in late_to for a, b in itertools.pairwise(way))

        every = ways_of_length(allowed, roots, target, len(way))
        assert way in every
        if late_steps(way):
            assert all(late_steps(other) for other in every)


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

HASHES = [2**63 + 11, 5, 77, 2**40]  # of kinds


def kind_graph(rows):
    """Split rows of (target, kind): rows of targets, components, groups, kinds by edge."""
    targets = [[target for target, _ in row] for row in rows]
    return targets, [kind for row in rows for _, kind in row]


@st.composite
def kind_graphs(draw, most=9, degree=3, kinds=len(HASHES), folded=True):
    """Rows of (target, kind), and which nodes are shown."""
    size = draw(st.integers(1, most))
    edge = st.tuples(st.integers(0, size - 1), st.integers(0, kinds - 1))
    rows = draw(st.lists(st.lists(edge, max_size=degree), min_size=size, max_size=size))
    hidden = st.lists(st.integers(0, size - 1), max_size=size // 2 if folded else 0)
    return rows, sorted(set(range(size)) - set(draw(hidden)))


def rings_of(rooms, rows, shown, budget=NO_BUDGET):
    """For each shown member on a ring (start, what came of it, rings); and the steps."""
    targets, kinds = kind_graph(rows)
    _, component, groups, _ = rooms.scc(targets, -1)
    answers, steps = rooms.rings(targets, component, groups, shown, kinds, HASHES, budget, -1)
    return [answer for of_group in answers for answer in of_group], steps


def slow_rings(rows, shown, start):
    """All rings through a node that show the fewest nodes: as lists of (source, target, kind)."""
    found, best = [], None

    def extend(node, edges, seen):
        nonlocal found, best
        for target, kind in rows[node]:
            ring = [*edges, (node, target, kind)]
            if target == start:
                length = sum(edge[1] in shown for edge in ring)
                if best is None or length < best:
                    found, best = [], length
                found += [ring] if length == best else []
            elif target not in seen:
                extend(target, ring, seen | {target})

    extend(start, [], {start})
    return found, best


def word_of(ring, shown):
    """The kinds of the references to shown nodes."""
    return tuple(kind for _, target, kind in ring if target in shown)


def edges_of(rows):
    return [(source, *edge) for source, row in enumerate(rows) for edge in row]


def check_rings_through(rooms, rows, shown):
    edges = edges_of(rows)
    answers, _ = rings_of(rooms, rows, shown)
    asked = {start for start, _, _ in answers}
    nests = any(s not in shown and t not in shown for s, t, _ in edges)
    for start, outcome, rings in answers:
        expected, shortest = slow_rings(rows, shown, start)
        assert outcome == bool(expected) == bool(rings)
        words = {word_of(ring, shown) for ring in expected}
        told = set()
        for length, nodes, numbers in rings:
            ring = [edges[number] for number in numbers]
            assert [source for source, _, _ in ring] == nodes and nodes[0] == start
            assert [target for _, target, _ in ring] == [*nodes[1:], start]
            assert len(set(nodes)) == len(nodes)
            assert length == sum(node in shown for node in nodes) == shortest
            told.add(word_of(ring, shown))
        assert told <= words
        if not nests and len(words) <= MOST_WORDS and shortest <= FEW_LEVELS:
            assert told == words
    on_rings = {start for start in shown if slow_rings(rows, shown, start)[0]}
    assert on_rings <= asked


@given(kind_graphs())
@settings(max_examples=500, deadline=None)
def test_the_shortest_rings_through_a_node(rooms, graph):
    check_rings_through(rooms, *graph)


@given(kind_graphs(most=7, degree=6, kinds=2))
@settings(max_examples=300, deadline=None)
def test_the_shortest_rings_of_dense_graphs(rooms, graph):
    check_rings_through(rooms, *graph)


def test_all_words_are_told_while_they_are_few(rooms):
    """0 leads to each of 1 .. n by parallel references of all kinds, and they lead back."""
    for others, words in ((1, 4), (2, 4), (3, 4)):
        rows = [[(n + 1, kind) for n in range(others) for kind in range(4)]]
        rows += [[(0, 0)]] * others
        answers, _ = rings_of(rooms, rows, list(range(others + 1)))
        edges = edges_of(rows)
        _, _, rings = answers[0]
        shown = set(range(others + 1))
        told = [word_of([edges[number] for number in numbers], shown) for _, _, numbers in rings]
        assert len(set(told)) == words and len(told) == words * others


def test_of_many_words_those_with_the_smallest_hashes(rooms):
    """Each of two steps has 4 kinds: 16 words, of which half are told, whatever the order."""
    told = []
    for order in (range(4), range(3, -1, -1), (2, 0, 3, 1)):
        rows = [[(1, kind) for kind in order], [(2, kind) for kind in order], [(0, 0)]]
        edges = edges_of(rows)
        _, _, rings = rings_of(rooms, rows, [0, 1, 2])[0][0]
        told.append({word_of([edges[n] for n in numbers], {0, 1, 2}) for _, _, numbers in rings})
    assert told[0] == told[1] == told[2] and len(told[0]) == MOST_WORDS


def test_folded_nodes_weigh_nothing(rooms):
    """0 -> 1 -> 0, and by five folded nodes from 0 to itself: that is the shorter one."""
    rows = [[(1, 0), (2, 1)], [(0, 2)], [(3, 0)], [(4, 0)], [(5, 0)], [(6, 0)], [(0, 3)]]
    answers, _ = rings_of(rooms, rows, [0, 1])
    assert [(start, length, nodes) for start, _, [(length, nodes, _)] in answers] == [
        (0, 1, [0, 2, 3, 4, 5, 6]),
        (1, 2, [1, 0]),
    ]


def test_a_search_is_given_up(rooms):
    size = 50
    rows = [[((n + 1) % size, 0), ((n + 1) % size, 1)] for n in range(size)]
    for budget in (0, 1, size // 2):
        answers, steps = rings_of(rooms, rows, list(range(size)), budget)
        assert all(not outcome and not rings for _, outcome, rings in answers)
        assert steps <= size * (budget + 6)  # a level more is looked at than is allowed
    answers, _ = rings_of(rooms, rows, list(range(size)))
    assert all(outcome == 1 for _, outcome, _ in answers)


def test_beyond_a_few_levels_one_way_goes_on(rooms):
    size = 12
    rows = [[((n + 1) % size, 0), ((n + 1) % size, 1)] for n in range(size)]
    for _, outcome, rings in rings_of(rooms, rows, list(range(size)))[0]:
        assert outcome == 1 and {length for length, _, _ in rings} == {size}


@given(graphs(most=16, degree=2))
@settings(max_examples=400, deadline=None)
def test_components_that_are_nothing_but_a_ring(rooms, rows):
    check_simple_rings(rooms, rows)


@given(st.integers(1, 12), st.integers(0, 3), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_a_ring_is_followed_over_parallel_edges(rooms, size, more, random):
    rows = [[(n + 1) % size] * random.choice([1, 2]) for n in range(size)]
    for _ in range(more):  # what leads out does not matter
        random.choice(rows).append(size)
    check_simple_rings(rooms, [*rows, []], expected=size)


def check_simple_rings(rooms, rows, expected=None):
    _, component, groups, _ = rooms.scc(rows, -1)
    rings = rooms.simple_rings(rows, component, groups, -1)
    assert len(rings) == len(groups)
    for ring, members in zip(rings, groups, strict=True):
        graph = digraph(rows).subgraph(members)
        is_simple = all(degree == 1 for _, degree in graph.out_degree)
        assert (ring is not None) == is_simple
        if ring is not None:
            assert ring[0] == members[0] and sorted(ring) == members
            assert all(graph.has_edge(a, b) for a, b in zip(ring, ring[1:] + ring[:1], strict=True))
    if expected is not None:
        assert [len(ring) for ring in rings] == [expected]


@pytest.mark.slow
def test_rings_of_a_million(rooms):
    ring = list(range(MILLION))
    assert rooms.simple_rings(long_ring(), [0] * MILLION, [ring], -1) == [ring]
    assert rooms.simple_rings(star(), [0] * MILLION, [ring], -1) == [None]
    kinds = [0] * (2 * MILLION - 2)
    answers, _ = rooms.rings(star(), [0] * MILLION, [ring], [0, 7], kinds, HASHES, NO_BUDGET, -1)
    of_hub, of_leaf = ({tuple(nodes) for _, nodes, _ in rings} for _, _, rings in answers[0])
    assert of_leaf == {(7, 0)} and all(node in of_hub for node in [(0, 1), (0, MILLION - 1)])
    answers, _ = rooms.rings(
        long_ring(), [0] * MILLION, [ring], [5], kinds[:MILLION], HASHES, NO_BUDGET, -1
    )
    assert [(length, len(nodes)) for length, nodes, _ in answers[0][0][2]] == [(1, MILLION)]


# --------------------------------------------------------------------------- refine

ROUNDS = 3


def slow_colours(rows, component, groups, colours, kinds):
    """What is that many edges around a node, spelled out, and numbered anew each round."""
    colours = [("given", colour) for colour in colours]
    edges = [
        (s, t, kinds[i])
        for i, (s, t) in enumerate((s, t) for s, row in enumerate(rows) for t in row)
    ]
    inside = [edge for edge in edges if component[edge[0]] == component[edge[1]]]
    cyclic = {node for group in groups for node in group}
    for _ in range(ROUNDS):
        spelled = [
            (
                colours[node],
                sorted((kind, colours[t]) for s, t, kind in inside if s == node),
                sorted((kind, colours[s]) for s, t, kind in inside if t == node),
            )
            if node in cyclic
            else colours[node]
            for node in range(len(rows))
        ]
        numbers = {key: n for n, key in enumerate(sorted({repr(key) for key in spelled}))}
        colours = [("round", numbers[repr(key)]) for key in spelled]
    return colours


def partition(nodes, colours):
    classes = {}
    for node in nodes:
        classes.setdefault(colours[node], set()).add(node)
    return {frozenset(members) for members in classes.values()}


@st.composite
def coloured_graphs(draw):
    rows, _ = draw(kind_graphs(most=14, degree=3, folded=False))
    colours = st.lists(st.integers(1, 2), min_size=len(rows), max_size=len(rows))
    return rows, draw(st.just([1] * len(rows)) | colours)


def refined(rooms, rows, colours):
    targets, kinds = kind_graph(rows)
    _, component, groups, _ = rooms.scc(targets, -1)
    return rooms.refine(targets, component, groups, colours, kinds, HASHES, -1), component, groups


@given(coloured_graphs())
@settings(max_examples=500, deadline=None)
def test_colours_tell_what_is_three_edges_around(rooms, graph):
    rows, colours = graph
    found, component, groups = refined(rooms, rows, colours)
    targets, kinds = kind_graph(rows)
    slow = slow_colours(targets, component, groups, colours, kinds)
    cyclic = {node for group in groups for node in group}
    for group in groups:
        assert partition(group, found) == partition(group, slow)
    assert all(found[n] == colours[n] for n in range(len(rows)) if n not in cyclic)


@given(coloured_graphs(), st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None)
def test_colours_know_neither_ids_nor_the_order_of_edges(rooms, graph, random):
    rows, colours = graph
    before, _, _ = refined(rooms, rows, colours)
    ids = list(range(len(rows)))
    random.shuffle(ids)
    other_rows, other_colours = [[] for _ in rows], [0] * len(rows)
    for node, row in enumerate(rows):
        other_rows[ids[node]] = [(ids[target], kind) for target, kind in row]
        random.shuffle(other_rows[ids[node]])
        other_colours[ids[node]] = colours[node]
    after, _, _ = refined(rooms, other_rows, other_colours)
    assert before == [after[ids[node]] for node in range(len(rows))]


def test_nodes_that_look_alike_are_of_one_colour(rooms):
    """Of a ring with equal steps all are alike; of a tree the nodes of each level."""
    size = 12
    rows = [[((n + 1) % size, 0), ((n + 5) % size, 1)] for n in range(size)]
    assert len(set(refined(rooms, rows, [1] * size)[0])) == 1
    tree = [[(2 * n + 1, 0), (2 * n + 2, 0)] if n < 7 else [] for n in range(15)]
    for n in range(1, 15):
        tree[n].append(((n - 1) // 2, 1))
    found, _, _ = refined(rooms, tree, [1] * 15)
    levels = [{0}, {1, 2}, set(range(3, 7)), set(range(7, 15))]
    assert partition(range(15), found) == set(map(frozenset, levels))


def test_colours_know_of_one_node_three_edges_off(rooms):
    """On a ring of twelve: that node, three before and three behind it, and all others."""
    rows = [[((n + 1) % 12, 0)] for n in range(12)]
    found, _, _ = refined(rooms, rows, [2, *[1] * 11])
    others = frozenset(range(4, 9))
    near = {frozenset({n}) for n in range(12) if n not in others}
    assert partition(range(12), found) == near | {others}


# -------------------------------------------------------------------------- acyclic


@given(
    kind_graphs(most=14, degree=3, folded=False), st.lists(st.booleans(), min_size=4, max_size=4)
)
@settings(max_examples=500, deadline=None)
def test_whether_a_ring_is_left(rooms, graph, cut):
    rows, _ = graph
    targets, kinds = kind_graph(rows)
    _, component, groups, _ = rooms.scc(targets, -1)
    expected = []
    for group in groups:
        left = networkx.DiGraph()
        left.add_nodes_from(group)
        left.add_edges_from(
            (s, t) for s, t, kind in edges_of(rows) if not cut[kind] and s in left and t in left
        )
        expected.append(networkx.is_directed_acyclic_graph(left))
    assert rooms.acyclic(targets, component, groups, kinds, cut, -1) == expected


def test_a_ring_that_is_left_far_from_what_is_cut(rooms):
    rows = [[1], [2], [3, 0], [2]]
    for kinds, expected in (([0, 0, 0, 1, 0], False), ([0, 0, 1, 1, 0], True)):
        assert rooms.acyclic(rows, [0] * 4, [[0, 1, 2, 3]], kinds, [False, True], -1) == [expected]


# ---------------------------------------------------------------------------- index

KEYS = st.integers(0, 40) | st.integers(0, 40).map(lambda n: n << 38) | st.integers(0, 2**64 - 1)


@given(st.lists(st.tuples(st.lists(KEYS, max_size=120), st.lists(KEYS, max_size=20)), max_size=4))
@settings(max_examples=200, deadline=None)
def test_an_index_numbers_keys_in_the_order_of_their_coming(rooms, questions):
    expected = []
    for keys, asked in questions:
        numbers = {}
        entered = [numbers.setdefault(key, len(numbers)) for key in keys]
        expected.append((entered, [numbers.get(key) for key in asked]))
    assert rooms.index(questions, -1) == expected


def test_an_index_that_was_large_is_empty_again(rooms):
    """A few keys are taken out one by one, many by clearing the table."""
    many, few = [n << 32 for n in range(3000)], [n << 32 for n in range(40)]
    questions = [(many, []), (few, many), ([], many), (few[::-1], few), ([], few)]
    found = [answers for _, answers in rooms.index(questions, -1)]
    nothing = [None] * len(many)
    assert found[1] == [*range(40), *nothing[40:]] and found[2] == nothing
    assert found[3] == list(range(40))[::-1] and found[4] == [None] * 40


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
ALL_OF_ROWS = ROWS, [0] * 50, [list(range(50))]
KINDS = [n % 4 for n in range(150)]
CALLS = {
    "transpose": (ROWS,),
    "subset": (ROWS, list(range(0, 50, 2))),
    "scc": (ROWS,),
    "paths": (ROWS, [([0, 1], 47, None), ([5], 2, [3])], 0),
    "rings": (*ALL_OF_ROWS, list(range(0, 50, 2)), KINDS, HASHES, NO_BUDGET),
    "simple_rings": (long_ring(50), [0] * 50, [list(range(50))]),
    "refine": (*ALL_OF_ROWS, [1] * 50, KINDS, HASHES),
    "acyclic": (*ALL_OF_ROWS, KINDS, [True, False, True, False]),
    "index": ([([n << 38 for n in range(100)], [5 << 38])] * 2,),
    "fall": (ROWS, [3], [[(0, 1), (3, 4)], [7, 8]]),
    "dominators": (ROWS, [4, 9], [1] * 50),
}


@pytest.mark.parametrize("name", CALLS)
def test_without_memory(rooms, name):
    call = functools.partial(getattr(rooms, name), *CALLS[name])
    growths, answer = each_growth_of(call)
    assert growths > 3 and answer == call(-1)
