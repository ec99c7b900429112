/* graph: the graph algorithms and the dry run, judged by slow and obvious twins.

   An input is a few bytes of figures, then pairs of bytes, an edge each. From it a graph of at most
   80 nodes is made (so that sets have two words), with reference counts, roots and cuts. Each room
   is asked, and what it answers is compared with what follows from the definition:

       components      two nodes lead to each other, by the reachability of all pairs
       ways            the distance of all pairs, by relaxing every edge again and again
       rings           the fewest shown nodes there and back, by relaxing; and each edge of them
       refine          the same graph with its nodes and edges turned round
       acyclic         whether a node leads to itself
       dominators      what cannot be reached when one node is taken out
       cascade         the least set that has lost all its references
       collector       whoever has a reference from outside, and what it leads to
       nodeset, transpose, rotation, addrmap, index   by looking at each place

   Then all is done again with memory that fails after a number of growths: an error is allowed, a
   byte that is not given back is not. A difference aborts the process.

   `make fuzz` builds it for libFuzzer. With -DREPLAY it has a main() of its own that reads the
   files it is given, for a compiler without libFuzzer (tests/fuzz/test_corpora.py). No Python runs
   here; its headers are needed for the names of types only. */

#include "base/index.h"
#include "heap/addrmap.h"
#include "heap/collector.h"
#include "graph/dominators.h"
#include "graph/cascade.h"
#include "graph/graph.h"
#include "graph/acyclic.h"
#include "graph/bfs.h"
#include "graph/refine.h"
#include "graph/rings.h"
#include "graph/rotation.h"
#include "graph/scc.h"
#include "graph/nodeset.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    MOST_NODES = 80,
    MOST_EDGES = 240,
    FEW = 6,
    FAR = 1 << 20, /* a distance: there is no way */
    NO_NODE = MOST_NODES,
};

#define CHECK(condition) check((condition), #condition, __LINE__)

static void
check(bool holds, const char *what, int line)
{
    if (!holds) {
        fprintf(stderr, "graph.c:%d: does not hold: %s\n", line, what);
        abort();
    }
}

/* ---------------------------------------------------------------------- the input */

typedef struct {
    const uint8_t *bytes;
    size_t left;
} Input;

/* The next byte; 0 behind the last one. */
static unsigned
next(Input *input)
{
    if (input->left == 0) {
        return 0;
    }
    input->left--;
    return *input->bytes++;
}

typedef struct {
    size_t count;
    NodeId nodes[FEW];
} Few;

/* What an input stands for. The edges are sorted by their sources, else in the given order. */
typedef struct {
    size_t nodes;
    size_t edges;
    Edge edge[MOST_EDGES];
    int64_t fail_after;
    uint64_t budget;
    NodeId target;
    bool starts_backwards;
    Few roots, excluded, frees;
    Few unowned; /* targets of edges, each edge once */
    size_t cuts;
    Edge cut[FEW];
    int32_t outside[MOST_NODES]; /* references that no edge shows; negative: too many are shown */
} Case;

static void
read_few(Input *input, size_t nodes, Few *few)
{
    few->count = nodes != 0 ? next(input) % (FEW + 1) : 0;
    for (size_t i = 0; i < few->count; i++) {
        few->nodes[i] = (NodeId)(next(input) % nodes);
    }
}

/* Up to FEW places of edges, none twice. */
static size_t
read_edges(Input *input, const Case *given, size_t *places)
{
    size_t wanted = next(input) % (FEW + 1), count = 0;
    for (size_t i = 0; i < wanted && given->edges != 0; i++) {
        size_t place = next(input) % given->edges;
        bool is_new = true;
        for (size_t j = 0; j < count; j++) {
            is_new = is_new && places[j] != place;
        }
        if (is_new) {
            places[count++] = place;
        }
    }
    return count;
}

static void
read_graph(Input *input, Case *given)
{
    Edge unsorted[MOST_EDGES];
    size_t count = 0;
    while (input->left >= 2 && given->nodes != 0 && count < MOST_EDGES) {
        NodeId source = (NodeId)(next(input) % given->nodes);
        unsorted[count++] = (Edge){source, (NodeId)(next(input) % given->nodes)};
    }
    for (size_t n = 0; n < given->nodes; n++) {
        for (size_t e = 0; e < count; e++) {
            if (unsorted[e].source == n) {
                given->edge[given->edges++] = unsorted[e];
            }
        }
    }
}

/* The figures that name edges stand before the edges: they are read twice, since what they mean
   depends on how many edges there are. */
static void
read_case(Input *input, Case *given)
{
    *given = (Case){0};
    given->nodes = next(input) % (MOST_NODES + 1);
    unsigned fails = next(input), budget = next(input);
    given->fail_after = fails < 64 ? (int64_t)fails : -1;
    given->budget = budget < 64 ? budget : UINT64_MAX;
    given->target = given->nodes != 0 ? (NodeId)(next(input) % given->nodes) : 0;
    given->starts_backwards = next(input) % 2;
    read_few(input, given->nodes, &given->roots);
    read_few(input, given->nodes, &given->excluded);
    read_few(input, given->nodes, &given->frees);
    Few outside = {0};
    read_few(input, given->nodes, &outside);
    for (size_t i = 0; i < outside.count; i++) {
        given->outside[outside.nodes[i]] += i == 5 ? -1 : (int32_t)i + 1;
    }
    Input figures = {input->bytes, input->left < 2 * FEW + 2 ? input->left : 2 * FEW + 2};
    input->bytes += figures.left;
    input->left -= figures.left;
    read_graph(input, given);
    size_t places[FEW];
    given->unowned.count = read_edges(&figures, given, places);
    for (size_t i = 0; i < given->unowned.count; i++) {
        given->unowned.nodes[i] = given->edge[places[i]].target;
    }
    given->cuts = read_edges(&figures, given, places);
    for (size_t i = 0; i < given->cuts; i++) {
        given->cut[i] = given->edge[places[i]];
    }
}

static int
build(const Case *given, Memory *memory, Graph *graph)
{
    size_t e = 0;
    if (graph_init(graph, memory, given->nodes) < 0 || graph_reserve(graph, given->edges) < 0) {
        return -1;
    }
    for (size_t n = 0; n < given->nodes; n++) {
        for (; e < given->edges && given->edge[e].source == n; e++) {
            graph_add_reserved(graph, given->edge[e].target);
        }
        graph_close_row(graph);
    }
    CHECK(graph_is_sound(graph) && graph_edges(graph) == given->edges);
    return 0;
}

/* ----------------------------------------------------------------- slow and obvious */

typedef bool Marks[MOST_NODES];
typedef int Distances[MOST_NODES][MOST_NODES];

/* Mark what is reached from what is marked, without `out`. */
static void
spread(const Case *given, Marks marks, NodeId out)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t e = 0; e < given->edges; e++) {
            Edge edge = given->edge[e];
            if (marks[edge.source] && !marks[edge.target] && edge.target != out) {
                marks[edge.target] = changed = true;
            }
        }
    }
}

static bool
is_in(const Few *few, NodeId node)
{
    for (size_t i = 0; i < few->count; i++) {
        if (few->nodes[i] == node) {
            return true;
        }
    }
    return false;
}

static int
edges_between(const Case *given, NodeId source, NodeId target)
{
    int count = 0;
    for (size_t e = 0; e < given->edges; e++) {
        count += given->edge[e].source == source && given->edge[e].target == target;
    }
    return count;
}

/* distances[a][b]: edges of a shortest way from a to b through no excluded node, 0 for a itself. */
static void
measure(const Case *given, const Few *excluded, Distances distances)
{
    for (size_t a = 0; a < given->nodes; a++) {
        for (size_t b = 0; b < given->nodes; b++) {
            distances[a][b] = a == b && !is_in(excluded, (NodeId)a) ? 0 : FAR;
        }
        for (bool changed = true; changed;) {
            changed = false;
            for (size_t e = 0; e < given->edges; e++) {
                Edge edge = given->edge[e];
                int through = distances[a][edge.source] + 1;
                if (through < distances[a][edge.target] && !is_in(excluded, edge.target)) {
                    distances[a][edge.target] = through;
                    changed = true;
                }
            }
        }
    }
}

/* The length of a shortest ring through `node`, FAR or more if there is none. */
static int
ring_through(const Case *given, Distances distances, NodeId node)
{
    int shortest = FAR;
    for (size_t e = 0; e < given->edges; e++) {
        Edge edge = given->edge[e];
        if (edge.target == node && distances[node][edge.source] + 1 < shortest) {
            shortest = distances[node][edge.source] + 1;
        }
    }
    return shortest;
}

/* ------------------------------------------------------------- graph and nodeset */

static int
try_transpose(const Case *given, Memory *memory, const Graph *graph)
{
    Graph transpose = {0};
    int error = graph_transpose(&transpose, memory, graph);
    if (error == 0) {
        CHECK(graph_is_sound(&transpose) && graph_edges(&transpose) == given->edges);
        const uint32_t *offsets = transpose.offsets.items;
        for (size_t n = 0; n < given->nodes; n++) {
            uint32_t e = offsets[n];
            for (size_t source = 0; source < given->nodes; source++) {
                int copies = edges_between(given, (NodeId)source, (NodeId)n);
                while (copies-- != 0) {
                    CHECK(e < offsets[n + 1] && transpose.targets.items[e++] == source);
                }
            }
            CHECK(e == offsets[n + 1]);
        }
    }
    graph_fini(&transpose);
    return error;
}

/* The graph once more, asked after each row for the targets that stand there already. */
static int
try_repeats(const Case *given, Memory *memory, const Graph *graph)
{
    Graph again = {0};
    NodeIds repeats = {0};
    NodeId expected[MOST_EDGES];
    size_t e = 0, count = 0;
    int error = graph_init(&again, memory, graph->nodes);
    for (size_t n = 0; n < given->nodes && error == 0; n++) {
        size_t begin = e;
        Marks seen = {0};
        error = graph_reserve(&again, given->edges - e);
        for (; e < given->edges && given->edge[e].source == n && error == 0; e++) {
            NodeId target = given->edge[e].target;
            if (seen[target]) {
                expected[count++] = target;
            }
            seen[target] = true;
            graph_add_reserved(&again, target);
        }
        graph_close_row(&again);
        error = error == 0 ? graph_repeats(&again, begin, &repeats) : error;
    }
    CHECK(error != 0 || repeats.length == count);
    for (size_t r = 0; r < count && error == 0; r++) {
        CHECK(repeats.items[r] == expected[r]);
    }
    graph_fini(&again);
    vec_fini(memory, &repeats);
    return error;
}

/* The rows of the induced graph, edge by edge. */
static void
check_induced(const Case *given, const NodeSet *set, const Graph *induced, const NodeId *members)
{
    size_t place = 0;
    for (size_t m = 0; m < set->count; m++) {
        CHECK(induced->offsets.items[m] == place);
        for (size_t e = 0; e < given->edges; e++) {
            Edge edge = given->edge[e];
            if (edge.source == members[m] && nodeset_has(set, edge.target)) {
                CHECK(members[induced->targets.items[place++]] == edge.target);
            }
        }
    }
    CHECK(place == graph_edges(induced) && graph_is_sound(induced));
}

static int
try_nodeset(const Case *given, Memory *memory, const Graph *graph)
{
    NodeSet set = {0};
    Graph induced = {0};
    NodeId members[MOST_NODES];
    int error = nodeset_init(&set, memory, given->nodes);
    for (size_t e = 0; e < given->edges && error == 0; e += 2) {
        bool had = nodeset_has(&set, given->edge[e].target);
        CHECK(nodeset_enter(&set, given->edge[e].target) == !had);
    }
    for (size_t i = 0; i < given->excluded.count && error == 0; i++) {
        nodeset_remove(&set, given->excluded.nodes[i]);
        CHECK(!nodeset_has(&set, given->excluded.nodes[i]));
    }
    error = error == 0 ? nodeset_number(&set) : error;
    error = error == 0 ? nodeset_induce(&set, &induced, graph) : error;
    if (error == 0) {
        size_t count = 0;
        CHECK(set.count <= given->nodes);
        nodeset_members(&set, members);
        for (size_t n = 0; n < given->nodes; n++) {
            if (nodeset_has(&set, (NodeId)n)) {
                CHECK(nodeset_rank(&set, (NodeId)n) == count && members[count] == n);
                count++;
            }
        }
        CHECK(count == set.count);
        check_induced(given, &set, &induced, members);
    }
    nodeset_fini(&set);
    graph_fini(&induced);
    return error;
}

/* ---------------------------------------------------------------------- components */

static void
check_components(const Case *given, const Scc *scc, Distances distances)
{
    const NodeId *component = scc->component.items;
    Marks numbers = {0};
    for (size_t a = 0; a < given->nodes; a++) {
        CHECK(component[a] < scc->count);
        numbers[component[a]] = true;
        for (size_t b = 0; b < given->nodes; b++) {
            bool same = distances[a][b] < FAR && distances[b][a] < FAR;
            CHECK((component[a] == component[b]) == same);
            CHECK(distances[a][b] >= FAR || component[a] >= component[b]);
        }
    }
    for (size_t c = 0; c < scc->count; c++) {
        CHECK(numbers[c]);
    }
}

/* The groups: every cyclic component once, by its lowest member, members ascending. */
static void
check_groups(const Case *given, const Scc *scc, Distances distances)
{
    const uint32_t *starts = scc->starts.items;
    size_t group = 0;
    Marks done = {0};
    for (size_t n = 0; n < given->nodes; n++) {
        if (done[n] || ring_through(given, distances, (NodeId)n) >= FAR) {
            continue;
        }
        CHECK(group < scc->cyclic);
        uint32_t place = starts[group++];
        for (size_t m = n; m < given->nodes; m++) {
            if (scc->component.items[m] == scc->component.items[n]) {
                CHECK(scc->members.items[place++] == m);
                done[m] = true;
            }
        }
        CHECK(place == starts[group]);
    }
    CHECK(group == scc->cyclic);
}

static int
try_components(const Case *given, Memory *memory, const Graph *graph)
{
    static const Few none = {0};
    Distances distances;
    Scc scc = {0};
    measure(given, &none, distances);
    int error = scc_run(&scc, memory, graph);
    if (error == 0) {
        check_components(given, &scc, distances);
        check_groups(given, &scc, distances);
    }
    scc_fini(&scc);
    return error;
}

/* ------------------------------------------------------------ edges that have kinds */

enum { KINDS = 4 };

static const uint64_t hashes[KINDS] = {UINT64_C(1) << 63 | 11, 5, 77, UINT64_C(1) << 40};

static uint32_t
kind_of(const Case *given, size_t e)
{
    return (uint32_t)((e * 5 + given->edge[e].target) % KINDS);
}

static bool
is_shown(const Case *given, NodeId node)
{
    return !is_in(&given->excluded, node);
}

/* The fewest shown nodes of a ring through `start`, or FAR. */
static int
slow_length(const Case *given, NodeId start)
{
    int away[MOST_NODES], shortest = FAR;
    for (size_t n = 0; n < given->nodes; n++) {
        away[n] = n == start ? is_shown(given, start) : FAR;
    }
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t e = 0; e < given->edges; e++) {
            Edge edge = given->edge[e];
            int through = away[edge.source] + is_shown(given, edge.target);
            if (through < away[edge.target]) {
                away[edge.target] = through;
                changed = true;
            }
        }
    }
    for (size_t e = 0; e < given->edges; e++) {
        bool is_back = given->edge[e].target == start;
        int length = away[given->edge[e].source];
        shortest = is_back && length < shortest ? length : shortest;
    }
    return shortest;
}

typedef struct {
    const Case *given;
    const Rings *rings;
    NodeId start;
    int count;
} Found;

static int
check_ring(void *arg, size_t length)
{
    Found *found = arg;
    const Case *given = found->given;
    size_t nodes = found->rings->ring.length, shown = 0;
    Marks seen = {0};
    CHECK(length == (size_t)slow_length(given, found->start));
    CHECK(found->rings->edges.length == nodes && found->rings->ring.items[0] == found->start);
    for (size_t r = 0; r < nodes; r++) {
        NodeId node = found->rings->ring.items[r];
        Edge edge = given->edge[found->rings->edges.items[r]];
        CHECK(!seen[node] && edge.source == node);
        CHECK(edge.target == found->rings->ring.items[(r + 1) % nodes]);
        CHECK(rings_source(found->rings->graph, found->rings->edges.items[r]) == node);
        seen[node] = true;
        shown += is_shown(given, node);
    }
    CHECK(shown == length);
    found->count++;
    return 0;
}

static int
search_rings(const Case *given, Rings *rings, const NodeId *members, size_t count)
{
    int error = rings_begin(rings, members, count);
    for (size_t m = 0; m < count && error >= 0; m++) {
        if (!is_shown(given, members[m])) {
            continue;
        }
        Found found = {.given = given, .rings = rings, .start = members[m]};
        bool is_bounded = given->budget != UINT64_MAX;
        uint64_t last_step = is_bounded ? rings->steps + given->budget : UINT64_MAX;
        error = rings_through(rings, members[m], last_step, check_ring, &found);
        CHECK(error < 0 || error == (found.count != 0));
        CHECK(error != 0 || is_bounded || slow_length(given, members[m]) >= FAR);
    }
    return error < 0 ? -1 : 0;
}

/* Whether the edges of the component that are not cut have no ring. */
static bool
is_acyclic(const Case *given, const Scc *scc, NodeId number, const bool *is_cut)
{
    bool has_ring = false;
    for (size_t n = 0; n < given->nodes && !has_ring; n++) {
        Marks after = {0};
        for (bool changed = scc->component.items[n] == number; changed;) {
            changed = false;
            for (size_t e = 0; e < given->edges; e++) {
                Edge edge = given->edge[e];
                bool is_begun = edge.source == n || after[edge.source];
                if (is_begun && !after[edge.target] && !is_cut[kind_of(given, e)] &&
                    scc->component.items[edge.target] == number) {
                    after[edge.target] = changed = true;
                }
            }
        }
        has_ring = after[n];
    }
    return !has_ring;
}

static void
check_acyclic(const Case *given, const Graph *graph, const Scc *scc, const NodeId *members,
              size_t count, const uint32_t *kinds)
{
    bool is_cut[KINDS];
    uint64_t incoming[MOST_NODES];
    NodeId order[MOST_NODES], number = scc->component.items[members[0]];
    for (size_t k = 0; k < KINDS; k++) {
        is_cut[k] = given->target >> k & 1;
    }
    CHECK(acyclic_without(graph, scc->component.items, members, count, kinds, is_cut, incoming,
                          order) == is_acyclic(given, scc, number, is_cut));
}

/* The graph with other ids, and its edges in another order: the colours are the same. */
static int
check_colours(const Case *given, Memory *memory, const Graph *graph, const uint32_t *kinds)
{
    Case turned = {.nodes = given->nodes, .edges = given->edges};
    uint32_t other_kinds[MOST_EDGES];
    NodeId all[MOST_NODES], one_component[MOST_NODES] = {0};
    uint64_t colours[MOST_NODES], others[MOST_NODES], sums[MOST_NODES];
    Graph other = {0};
    for (size_t e = 0; e < given->edges; e++) {
        Edge edge = given->edge[given->edges - 1 - e];
        turned.edge[e] = (Edge){(NodeId)(given->nodes - 1 - edge.source),
                                (NodeId)(given->nodes - 1 - edge.target)};
        other_kinds[e] = kinds[given->edges - 1 - e];
    }
    for (size_t n = 0; n < given->nodes; n++) {
        all[n] = (NodeId)n;
        colours[n] = others[given->nodes - 1 - n] = n % 2;
    }
    int error = build(&turned, memory, &other);
    if (error == 0 && given->nodes != 0) {
        refine_colours(colours, sums, graph, one_component, all, given->nodes, kinds, hashes);
        refine_colours(others, sums, &other, one_component, all, given->nodes, other_kinds, hashes);
        for (size_t n = 0; n < given->nodes; n++) {
            CHECK(colours[n] == others[given->nodes - 1 - n]);
        }
    }
    graph_fini(&other);
    return error;
}

/* A component is nothing but a ring where each member leads to one other alone. */
static int
try_simple_ring(const Case *given, Memory *memory, const Graph *graph, const Scc *scc,
                const NodeId *members, size_t count, Path *ring)
{
    bool expected = true;
    for (size_t m = 0; m < count; m++) {
        size_t others = 0;
        for (size_t n = 0; n < count; n++) {
            others += edges_between(given, members[m], members[n]) != 0;
        }
        expected = expected && others == 1;
    }
    int found = rings_follow_simple(memory, graph, scc->component.items, members, count, ring);
    CHECK(found < 0 || found == expected);
    for (size_t r = 0; r < ring->length && found == 1; r++) {
        CHECK(edges_between(given, ring->items[r], ring->items[(r + 1) % count]) != 0);
    }
    CHECK(found != 1 || ring->length == count);
    return found < 0 ? -1 : 0;
}

static int
try_kinds(const Case *given, Memory *memory, const Graph *graph)
{
    uint32_t kinds[MOST_EDGES];
    Scc scc = {0};
    NodeSet shown = {0};
    Path ring = {0};
    for (size_t e = 0; e < given->edges; e++) {
        kinds[e] = kind_of(given, e);
    }
    int error = check_colours(given, memory, graph, kinds);
    error = error == 0 ? scc_run(&scc, memory, graph) : error;
    error = error == 0 ? nodeset_init(&shown, memory, given->nodes) : error;
    for (size_t n = 0; n < given->nodes && error == 0; n++) {
        if (is_shown(given, (NodeId)n)) {
            nodeset_add(&shown, (NodeId)n);
        }
    }
    Rings rings = {.memory = memory,
                   .graph = graph,
                   .component = scc.component.items,
                   .shown = &shown,
                   .kinds = kinds,
                   .hashes = hashes};
    for (size_t g = 0; g < scc.cyclic && error == 0; g++) {
        NodeId members[MOST_NODES];
        uint32_t begin = scc.starts.items[g];
        size_t count = scc.starts.items[g + 1] - begin;
        for (size_t m = 0; m < count; m++) {
            size_t from = given->starts_backwards ? count - 1 - m : m;
            members[m] = scc.members.items[begin + from];
        }
        check_acyclic(given, graph, &scc, members, count, kinds);
        error = search_rings(given, &rings, members, count);
        error =
            error == 0 ? try_simple_ring(given, memory, graph, &scc, members, count, &ring) : error;
    }
    rings_fini(&rings);
    nodeset_fini(&shown);
    scc_fini(&scc);
    vec_fini(memory, &ring);
    return error;
}

/* --------------------------------------------------------------------------- ways */

static void
check_way(const Case *given, const Few *excluded, const Path *way)
{
    Distances distances;
    size_t first = FEW;
    int shortest = FAR;
    measure(given, excluded, distances);
    for (size_t r = 0; r < given->roots.count; r++) {
        int away = distances[given->roots.nodes[r]][given->target];
        if (away < shortest) {
            shortest = away;
            first = r;
        }
    }
    CHECK(way->length == (shortest < FAR ? (size_t)shortest + 1 : 0));
    for (size_t i = 0; i < way->length; i++) {
        CHECK(!is_in(excluded, way->items[i]));
        CHECK(i == 0 ? way->items[0] == given->roots.nodes[first]
                     : edges_between(given, way->items[i - 1], way->items[i]) != 0);
    }
    CHECK(way->length == 0 || way->items[way->length - 1] == given->target);
}

static int
try_ways(const Case *given, Memory *memory, const Graph *graph)
{
    static const Few none = {0};
    Bfs bfs = {0};
    NodeSet excluded = {0};
    Path way = {0};
    int error = given->nodes == 0 ? 1 : bfs_init(&bfs, memory, graph);
    error = error == 0 ? nodeset_init(&excluded, memory, given->nodes) : error;
    for (int turn = 0; turn < 3 && error == 0; turn++) {
        bool shut = turn == 1;
        for (size_t i = 0; shut && i < given->excluded.count; i++) {
            nodeset_add(&excluded, given->excluded.nodes[i]);
        }
        bfs.search = turn == 2 ? UINT32_MAX : bfs.search; /* the number of a search wraps */
        bfs.rules.excluded = shut ? &excluded : NULL;
        int found =
            bfs_from_roots(&bfs, given->roots.nodes, given->roots.count, given->target, &way);
        error = found < 0 ? -1 : 0;
        if (error == 0) {
            CHECK(found == (way.length != 0));
            check_way(given, shut ? &given->excluded : &none, &way);
        }
    }
    bfs_fini(&bfs);
    nodeset_fini(&excluded);
    vec_fini(memory, &way);
    return error < 0 ? -1 : 0;
}

/* ---------------------------------------------------------------------- dominators */

/* reached[out][n]: n is reached from the roots when `out` is taken out; NO_NODE: nothing is. */
static void
take_out_each(const Case *given, bool reached[MOST_NODES + 1][MOST_NODES])
{
    for (size_t out = 0; out <= given->nodes; out++) {
        NodeId without = out == given->nodes ? NO_NODE : (NodeId)out;
        bool *marks = reached[without];
        memset(marks, 0, sizeof(Marks));
        for (size_t r = 0; r < given->roots.count; r++) {
            marks[given->roots.nodes[r]] = given->roots.nodes[r] != without;
        }
        spread(given, marks, without);
    }
}

static bool
dominates(bool reached[MOST_NODES + 1][MOST_NODES], size_t above, size_t node)
{
    return above != node && reached[NO_NODE][node] && !reached[above][node];
}

/* Of the dominators of a node, the nearest is the one that all others dominate. */
static NodeId
nearest(const Case *given, bool reached[MOST_NODES + 1][MOST_NODES], size_t node)
{
    NodeId best = DOMINATORS_TOP;
    for (size_t above = 0; above < given->nodes; above++) {
        if (dominates(reached, above, node) &&
            (best == DOMINATORS_TOP || dominates(reached, best, above))) {
            best = (NodeId)above;
        }
    }
    return best;
}

static void
check_order(const Case *given, const Dominators *dominators)
{
    Marks before = {0};
    for (size_t i = 0; i < dominators->order.length; i++) {
        NodeId node = dominators->order.items[i];
        CHECK(node < given->nodes && !before[node]);
        NodeId idom = dominators->idom.items[node];
        CHECK(idom == DOMINATORS_TOP || (idom < given->nodes && before[idom]));
        before[node] = true;
    }
    for (size_t n = 0; n < given->nodes; n++) {
        CHECK(before[n] == (dominators->idom.items[n] != DOMINATORS_NONE));
    }
}

static void
check_dominators(const Case *given, const Dominators *dominators)
{
    bool reached[MOST_NODES + 1][MOST_NODES];
    uint64_t weights[MOST_NODES];
    take_out_each(given, reached);
    check_order(given, dominators);
    for (size_t n = 0; n < given->nodes; n++) {
        weights[n] = n * n + 1;
    }
    dominators_sum(dominators, weights);
    for (size_t n = 0; n < given->nodes; n++) {
        NodeId idom = reached[NO_NODE][n] ? nearest(given, reached, n) : DOMINATORS_NONE;
        uint64_t sum = n * n + 1;
        for (size_t other = 0; other < given->nodes; other++) {
            sum += dominates(reached, n, other) ? other * other + 1 : 0;
        }
        CHECK(dominators->idom.items[n] == idom && weights[n] == sum);
    }
}

static int
try_dominators(const Case *given, Memory *memory, const Graph *graph)
{
    NodeSet roots = {0};
    Dominators dominators = {0};
    int error = nodeset_init(&roots, memory, given->nodes);
    for (size_t r = 0; r < given->roots.count && error == 0; r++) {
        nodeset_add(&roots, given->roots.nodes[r]);
    }
    error = error == 0 ? dominators_run(&dominators, memory, graph, &roots) : error;
    if (error == 0) {
        check_dominators(given, &dominators);
    }
    dominators_fini(&dominators);
    nodeset_fini(&roots);
    return error;
}

/* ----------------------------------------------------------- cascade and collector */

/* How many references own each node. */
static void
count_owned(const Case *given, int32_t *counts)
{
    memset(counts, 0, MOST_NODES * sizeof(int32_t));
    for (size_t e = 0; e < given->edges; e++) {
        counts[given->edge[e].target]++;
    }
    for (size_t u = 0; u < given->unowned.count; u++) {
        counts[given->unowned.nodes[u]]--;
    }
}

/* The references of `node` that are gone: those that were cut, and those of whoever is dead. */
static int32_t
gone(const Case *given, const Edge *cut, size_t cuts, const Marks dead, NodeId node)
{
    int32_t count = 0;
    for (size_t e = 0; e < given->edges; e++) {
        count += given->edge[e].target == node && dead[given->edge[e].source];
    }
    for (size_t c = 0; c < cuts; c++) {
        count += cut[c].target == node && !dead[cut[c].source];
    }
    return count;
}

/* A node dies when it had references and as many are gone. `dead` grows until none is left that
   has to. */
static void
let_die(const Case *given, const Edge *cut, size_t cuts, Marks dead)
{
    int32_t counts[MOST_NODES];
    count_owned(given, counts);
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t n = 0; n < given->nodes; n++) {
            if (!dead[n] && counts[n] > 0 && gone(given, cut, cuts, dead, (NodeId)n) >= counts[n]) {
                dead[n] = changed = true;
            }
        }
    }
}

/* `freed` holds exactly what is in `dead` and not in `given_up`, and the counts are as before. */
static void
check_freed(const Case *given, const Cascade *cascade, const Marks dead, const Few *given_up)
{
    int32_t counts[MOST_NODES];
    Marks freed = {0};
    for (size_t f = 0; f < cascade->freed.length; f++) {
        NodeId node = cascade->freed.items[f];
        CHECK(node < given->nodes && !freed[node]);
        freed[node] = true;
    }
    count_owned(given, counts);
    for (size_t n = 0; n < given->nodes; n++) {
        CHECK(freed[n] == (dead[n] && !is_in(given_up, (NodeId)n)));
        CHECK(cascade->counts.items[n] == counts[n] && cascade->first_cut.items[n] == 0);
        CHECK(!nodeset_has(&cascade->is_freed, (NodeId)n));
    }
}

static int
try_cascade(const Case *given, Memory *memory, const Graph *graph)
{
    static const Few none = {0};
    Cascade cascade = {0};
    int error = cascade_init(&cascade, memory, graph, given->unowned.nodes, given->unowned.count);
    for (int turn = 0; turn < 2 && error == 0; turn++) {
        Marks dead = {0};
        let_die(given, given->cut, given->cuts, dead);
        error = cascade_cut(&cascade, given->cut, given->cuts);
        if (error == 0) {
            check_freed(given, &cascade, dead, &none);
            error = cascade_free(&cascade, given->frees.nodes, given->frees.count);
        }
        if (error == 0) {
            memset(dead, 0, sizeof(dead));
            for (size_t i = 0; i < given->frees.count; i++) {
                dead[given->frees.nodes[i]] = true;
            }
            let_die(given, NULL, 0, dead);
            check_freed(given, &cascade, dead, &given->frees);
        }
    }
    cascade_fini(&cascade);
    return error;
}

static void
check_collector(const Case *given, const Collector *collector)
{
    int32_t counts[MOST_NODES];
    Marks reachable = {0};
    size_t unreachable = 0, over_visited = 0;
    count_owned(given, counts);
    for (size_t n = 0; n < given->nodes; n++) {
        CHECK(collector->gc_refs.items[n] == given->outside[n]);
        reachable[n] = given->outside[n] != 0;
        over_visited += given->outside[n] < 0;
    }
    spread(given, reachable, NO_NODE);
    for (size_t n = 0; n < given->nodes; n++) {
        CHECK(collector_is_reachable(collector, n) == reachable[n]);
        unreachable += !reachable[n];
    }
    CHECK(collector->unreachable == unreachable && collector->over_visited == over_visited);
}

static int
try_collector(const Case *given, Memory *memory, const Graph *graph)
{
    int32_t refcounts[MOST_NODES];
    Collector collector = {0};
    count_owned(given, refcounts);
    for (size_t n = 0; n < given->nodes; n++) {
        refcounts[n] += given->outside[n];
    }
    int error = collector_run(&collector, memory, graph, refcounts, given->unowned.nodes,
                              given->unowned.count);
    if (error == 0) {
        check_collector(given, &collector);
    }
    collector_fini(&collector);
    return error;
}

/* ------------------------------------------------------------ rotation and addrmap */

/* The keys are the targets by threes, so that many are the same. */
static void
try_rotation(const Case *given)
{
    uint64_t keys[MOST_EDGES];
    size_t n = given->edges;
    for (size_t i = 0; i < n; i++) {
        keys[i] = given->edge[i].target % 3;
    }
    size_t begin = rotation_smallest(keys, n);
    CHECK(n == 0 || begin < n);
    for (size_t other = 0; other < n; other++) {
        size_t i = 0;
        while (i < n && keys[(begin + i) % n] == keys[(other + i) % n]) {
            i++;
        }
        CHECK(i == n || keys[(begin + i) % n] < keys[(other + i) % n]);
    }
}

/* An edge as an address: of a few chunks, pages, blocks and slots each. */
static void *
address_of(Edge edge)
{
    uintptr_t chunk = edge.source % 3, page = edge.source / 3 % 4;
    uintptr_t block = edge.target / 8 % 4, slot = edge.target % 8 * 9 % 64;
    return (void *)((chunk + 5) << ADDRMAP_CHUNK_BITS | page << ADDRMAP_PAGE_BITS |
                    block << ADDRMAP_BLOCK_BITS | slot << ADDRMAP_SLOT_BITS);
}

static void
check_addresses(const Case *given, const AddrMap *map, void **addresses)
{
    NodeId id;
    for (size_t e = 0; e < given->edges; e++) {
        void *address = address_of(given->edge[e]);
        CHECK(addrmap_find(map, address, &id) && id < map->count && addresses[id] == address);
    }
    for (size_t i = 0; i < map->count; i++) {
        uintptr_t behind = (uintptr_t)addresses[i] + 8, is_there = 0;
        for (size_t j = 0; j < map->count; j++) {
            CHECK(i == j || addresses[i] != addresses[j]);
            is_there |= (uintptr_t)addresses[j] == behind;
        }
        CHECK(addrmap_find(map, (void *)behind, &id) == (is_there != 0));
    }
}

static int
try_addrmap(const Case *given, Memory *memory)
{
    AddrMap map = {0};
    void *addresses[MOST_EDGES];
    size_t count = 0;
    int error = addrmap_init(&map, memory);
    for (size_t e = 0; e < given->edges && error == 0; e++) {
        bool had = addrmap_has(&map, address_of(given->edge[e]));
        int is_new = addrmap_insert(&map, address_of(given->edge[e]));
        error = is_new < 0 ? -1 : 0;
        CHECK(error != 0 || is_new == !had);
        count += error == 0 && is_new;
    }
    if (error == 0) {
        CHECK(map.count == count);
        addrmap_number(&map, addresses);
        check_addresses(given, &map, addresses);
    }
    addrmap_fini(&map);
    return error;
}

/* An edge as a key: many of them have the same place in a table. */
static uint64_t
key_of(Edge edge)
{
    return (uint64_t)(edge.source % 7) << 38 | edge.target % 5;
}

static int
try_index(const Case *given, Memory *memory)
{
    Index index = {0};
    int error = 0;
    for (int turn = 0; turn < 2 && error == 0; turn++) {
        size_t used = turn == 0 ? given->edges : given->edges / 8, count = 0;
        for (size_t e = 0; e < used && error == 0; e++) {
            size_t first = 0, expected = 0;
            while (key_of(given->edge[first]) != key_of(given->edge[e])) {
                first++;
            }
            uint32_t number = index_enter(&index, memory, key_of(given->edge[e]));
            error = number == INDEX_NONE ? -1 : 0;
            for (size_t f = 0; f < first; f++) { /* the keys before, each once */
                size_t g = 0;
                while (key_of(given->edge[g]) != key_of(given->edge[f])) {
                    g++;
                }
                expected += g == f;
            }
            CHECK(error != 0 || number == expected);
            count += first == e;
        }
        CHECK(error != 0 || index.keys.length == count);
        for (size_t e = used; e < given->edges && error == 0; e++) {
            uint32_t number = index_find(&index, key_of(given->edge[e]));
            CHECK(number == INDEX_NONE ||
                  (number < count && index.keys.items[number] == key_of(given->edge[e])));
        }
        index_clear(&index);
        for (size_t e = 0; e < given->edges; e++) {
            CHECK(index_find(&index, key_of(given->edge[e])) == INDEX_NONE);
        }
    }
    index_fini(&index, memory);
    return error;
}

/* ---------------------------------------------------------------------------- all */

static void
try_all(const Case *given, int64_t fail_after)
{
    static int (*const rooms[])(const Case *, Memory *, const Graph *) = {
        try_transpose, try_repeats,    try_nodeset, try_components, try_kinds,
        try_ways,      try_dominators, try_cascade, try_collector,
    };
    for (size_t r = 0; r < sizeof(rooms) / sizeof(*rooms); r++) {
        Memory memory;
        Graph graph = {0};
        memory_init(&memory);
        if (build(given, &memory, &graph) == 0) {
            memory.fail_after = fail_after;
            int error = rooms[r](given, &memory, &graph);
            CHECK(error == 0 || fail_after >= 0);
        }
        graph_fini(&graph);
        CHECK(memory.used == 0);
    }
    Memory memory;
    memory_init(&memory);
    memory.fail_after = fail_after;
    int error = try_addrmap(given, &memory);
    CHECK(memory.used == 0 && (error == 0 || fail_after >= 0));
    memory.fail_after = fail_after;
    error = try_index(given, &memory);
    CHECK(memory.used == 0 && (error == 0 || fail_after >= 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Input input = {data, size};
    Case given;
    read_case(&input, &given);
    try_all(&given, -1);
    if (given.fail_after >= 0) {
        try_all(&given, given.fail_after);
    }
    try_rotation(&given);
    return 0;
}

#ifdef REPLAY
int
main(int count, char **names)
{
    for (int i = 1; i < count; i++) {
        uint8_t data[4096];
        FILE *file = fopen(names[i], "rb");
        if (file == NULL) {
            perror(names[i]);
            return 1;
        }
        size_t size = fread(data, 1, sizeof(data), file);
        fclose(file);
        LLVMFuzzerTestOneInput(data, size);
    }
    printf("%d inputs\n", count - 1);
    return 0;
}
#endif
