#include "graph/rings.h"

#include "base/hash.h"

#define NOWHERE NODE_LIMIT

/* ----------------------------------------------------------------- nothing but a ring */

/* The one member that a node leads to. NOWHERE: it leads to several. */
static NodeId
only_successor(const Graph *graph, const NodeId *component, NodeId node)
{
    NodeId successor = NOWHERE;
    uint32_t end = graph->offsets.items[node + 1];
    for (uint32_t e = graph->offsets.items[node]; e < end; e++) {
        NodeId target = graph->targets.items[e];
        if (component[target] == component[node] && target != successor) {
            if (successor != NOWHERE) {
                return NOWHERE;
            }
            successor = target;
        }
    }
    return successor;
}

int
rings_follow_simple(Memory *memory, const Graph *graph, const NodeId *component,
                    const NodeId *members, size_t count, Path *ring)
{
    NodeId start = members[0], node = start;
    ring->length = 0;
    while (ring->length < count) {
        if (vec_push(memory, ring, node) < 0) {
            return -1;
        }
        node = only_successor(graph, component, node);
        if (node == NOWHERE || node == start) {
            break;
        }
    }
    return node == start && ring->length == count;
}

/* ------------------------------------------------------------------ incoming edges */

static bool
is_inside(const Rings *rings, NodeId node, NodeId target)
{
    return rings->component[target] == rings->component[node];
}

/* By a counting sort. 0 or -1. */
static int
enter_incoming(Rings *rings, const NodeId *members, size_t count)
{
    const uint32_t *offsets = rings->graph->offsets.items;
    const NodeId *targets = rings->graph->targets.items;
    uint32_t total = 0;
    for (size_t m = 0; m < count; m++) {
        rings->end.items[members[m]] = 0;
        rings->seen.items[members[m]] = 0;
    }
    for (size_t m = 0; m < count; m++) {
        for (uint32_t e = offsets[members[m]]; e < offsets[members[m] + 1]; e++) {
            rings->end.items[targets[e]] += is_inside(rings, members[m], targets[e]);
        }
    }
    for (size_t m = 0; m < count; m++) {
        rings->begin.items[members[m]] = total;
        total += rings->end.items[members[m]];
        rings->end.items[members[m]] = rings->begin.items[members[m]];
    }
    rings->incoming.length = 0;
    if (vec_reserve(rings->memory, &rings->incoming, total) < 0) {
        return -1;
    }
    for (size_t m = 0; m < count; m++) {
        for (uint32_t e = offsets[members[m]]; e < offsets[members[m] + 1]; e++) {
            if (is_inside(rings, members[m], targets[e])) {
                rings->incoming.items[rings->end.items[targets[e]]++] = e;
            }
        }
    }
    return 0;
}

int
rings_begin(Rings *rings, const NodeId *members, size_t count)
{
    Memory *memory = rings->memory;
    size_t nodes = rings->graph->nodes;
    rings->last_mark = 0;
    if (vec_reserve(memory, &rings->begin, nodes) < 0 ||
        vec_reserve(memory, &rings->end, nodes) < 0 ||
        vec_reserve(memory, &rings->seen, nodes) < 0 ||
        vec_reserve(memory, &rings->ways_of, nodes) < 0) {
        return -1;
    }
    return enter_incoming(rings, members, count);
}

void
rings_fini(Rings *rings)
{
    Memory *memory = rings->memory;
    if (memory == NULL) {
        return;
    }
    vec_fini(memory, &rings->begin);
    vec_fini(memory, &rings->end);
    vec_fini(memory, &rings->incoming);
    vec_fini(memory, &rings->seen);
    vec_fini(memory, &rings->ways_of);
    vec_fini(memory, &rings->ways);
    vec_fini(memory, &rings->open);
    vec_fini(memory, &rings->further);
    vec_fini(memory, &rings->folded);
    vec_fini(memory, &rings->ring);
    vec_fini(memory, &rings->edges);
}

NodeId
rings_source(const Graph *graph, uint32_t edge)
{
    size_t low = 0, high = graph->nodes; /* offsets[low] <= edge < offsets[high] */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (graph->offsets.items[middle] <= edge) {
            low = middle;
        }
        else {
            high = middle;
        }
    }
    return (NodeId)low;
}

/* ------------------------------------------------------------------------ search */

/* Give a node one more way, unless it has one with the same word. 0 or -1. */
static int
add_way(Rings *rings, NodeId node, RingWay way, size_t most)
{
    size_t count = 0;
    RingWay *largest = NULL;
    for (uint32_t w = rings->ways_of.items[node]; w != 0; w = rings->ways.items[w - 1].next) {
        RingWay *known = &rings->ways.items[w - 1];
        if (known->hash == way.hash) {
            return 0;
        }
        largest = largest == NULL || known->hash > largest->hash ? known : largest;
        count++;
    }
    if (count >= most) {
        if (way.hash < largest->hash) {
            way.next = largest->next;
            *largest = way;
        }
        return 0;
    }
    way.next = rings->ways_of.items[node];
    if (vec_push(rings->memory, &rings->ways, way) < 0) {
        return -1;
    }
    rings->ways_of.items[node] = (uint32_t)rings->ways.length;
    return 0;
}

/* Reach what an edge leads to by all ways of the node that it comes from. What was reached on an
   earlier level or layer keeps its ways. 0 or -1. */
static int
reach(Rings *rings, NodeId node, uint32_t edge)
{
    NodeId target = rings->graph->targets.items[edge];
    bool is_shown = nodeset_has(rings->shown, target);
    uint32_t mark = is_shown ? rings->level_mark : rings->layer_mark;
    if (rings->seen.items[target] < rings->first) {
        rings->seen.items[target] = mark;
        rings->ways_of.items[target] = 0;
        if (vec_push(rings->memory, is_shown ? &rings->further : &rings->folded, target) < 0) {
            return -1;
        }
    }
    else if (rings->seen.items[target] != mark) {
        return 0;
    }
    for (uint32_t w = rings->ways_of.items[node]; w != 0;) {
        const RingWay *before = &rings->ways.items[w - 1];
        uint64_t hash =
            is_shown ? hash_mix(before->hash, rings->hashes[rings->kinds[edge]]) : before->hash;
        RingWay way = {.hash = hash, .edge = edge, .before = w};
        w = before->next;
        if (add_way(rings, target, way, rings->most_ways) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Reach all that a node leads to. 0 or -1. */
static int
expand(Rings *rings, NodeId node)
{
    uint32_t end = rings->graph->offsets.items[node + 1];
    for (uint32_t e = rings->graph->offsets.items[node]; e < end; e++) {
        rings->steps++;
        if (is_inside(rings, node, rings->graph->targets.items[e]) && reach(rings, node, e) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Into rings->ring and rings->edges: a way, and the edge that closes it. 0 or -1. */
static int
trace_ring(Rings *rings, NodeId start, uint32_t way, uint32_t closing)
{
    size_t length = 1;
    for (uint32_t w = way; rings->ways.items[w - 1].before != 0;
         w = rings->ways.items[w - 1].before) {
        length++;
    }
    rings->ring.length = rings->edges.length = 0;
    if (vec_reserve(rings->memory, &rings->ring, length) < 0 ||
        vec_reserve(rings->memory, &rings->edges, length) < 0) {
        return -1;
    }
    rings->ring.length = rings->edges.length = length;
    rings->edges.items[--length] = closing;
    for (uint32_t w = way; rings->ways.items[w - 1].before != 0;
         w = rings->ways.items[w - 1].before) {
        uint32_t edge = rings->ways.items[w - 1].edge;
        rings->ring.items[length] = rings->graph->targets.items[edge];
        rings->edges.items[--length] = edge;
    }
    rings->ring.items[0] = start;
    return 0;
}

/* Hand on the rings of so many shown nodes that an edge to the start closes, from a shown node of
   the level that is open or a folded one of the last layer. How many there are, or -1. */
static int
close_rings(Rings *rings, NodeId start, uint32_t open_mark, size_t length, RingFunc found,
            void *arg)
{
    int count = 0;
    for (uint32_t i = rings->begin.items[start]; i < rings->end.items[start]; i++) {
        uint32_t edge = rings->incoming.items[i];
        NodeId node = rings_source(rings->graph, edge);
        rings->steps++;
        if (rings->seen.items[node] != open_mark && rings->seen.items[node] != rings->layer_mark) {
            continue;
        }
        for (uint32_t w = rings->ways_of.items[node]; w != 0; w = rings->ways.items[w - 1].next) {
            if (trace_ring(rings, start, w, edge) < 0 || found(arg, length) < 0) {
                return -1;
            }
            count = 1;
        }
    }
    return count;
}

/* From the shown nodes that are open to the next level, layer by layer of folded ones, until rings
   are closed. 1: there were; 0: not; -1: out of memory, or `found` said so. */
static int
open_next_level(Rings *rings, NodeId start, uint32_t open_mark, size_t length, RingFunc found,
                void *arg)
{
    rings->further.length = rings->folded.length = 0;
    rings->level_mark = ++rings->last_mark;
    rings->layer_mark = ++rings->last_mark;
    for (size_t n = 0; n < rings->open.length; n++) {
        if (expand(rings, rings->open.items[n]) < 0) {
            return -1;
        }
    }
    int closed = close_rings(rings, start, open_mark, length, found, arg);
    for (size_t n = 0; n < rings->folded.length && closed == 0;) {
        size_t end = rings->folded.length;
        rings->layer_mark = ++rings->last_mark;
        for (; n < end; n++) {
            if (expand(rings, rings->folded.items[n]) < 0) {
                return -1;
            }
        }
        closed = close_rings(rings, start, rings->layer_mark, length, found, arg);
    }
    return closed;
}

/* Marks grow from search to search, so that nothing is cleared between two; once in 2**32. 0 or
   -1. */
static int
search_begin(Rings *rings, NodeId start)
{
    RingWay nowhere = {0};
    if (rings->last_mark > UINT32_MAX / 2) {
        for (size_t n = 0; n < rings->graph->nodes; n++) {
            rings->seen.items[n] = 0;
        }
        rings->last_mark = 0;
    }
    rings->first = ++rings->last_mark;
    rings->ways.length = rings->open.length = 0;
    rings->seen.items[start] = rings->first;
    rings->ways_of.items[start] = 1;
    return vec_push(rings->memory, &rings->ways, nowhere) < 0 ||
                   vec_push(rings->memory, &rings->open, start) < 0
               ? -1
               : 0;
}

int
rings_through(Rings *rings, NodeId start, uint64_t last_step, RingFunc found, void *arg)
{
    if (search_begin(rings, start) < 0) {
        return -1;
    }
    int closed = 0;
    uint32_t open_mark = rings->first;
    for (size_t length = 1; closed == 0 && rings->open.length != 0 && rings->steps < last_step;
         length++) {
        bool are_few = length <= RINGS_FEW_LEVELS && rings->ways.length < RINGS_MANY_WAYS;
        rings->most_ways = are_few ? RINGS_MOST_WORDS : 1;
        closed = open_next_level(rings, start, open_mark, length, found, arg);
        open_mark = rings->level_mark;
        NodeIds open = rings->open;
        rings->open = rings->further;
        rings->further = open;
    }
    return closed;
}
