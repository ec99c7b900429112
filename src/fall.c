#include "fall.h"

int
fall_init(Fall *fall, Memory *memory, const Graph *graph, const NodeId *unowned, size_t unowned_count)
{
    size_t nodes = graph->nodes, words = nodes / 64 + 1;
    *fall = (Fall){.memory = memory, .graph = graph};
    if (vec_reserve(memory, &fall->counts, nodes + 1) < 0 || vec_reserve(memory, &fall->first_cut, nodes + 1) < 0 ||
        vec_reserve(memory, &fall->freed, nodes) < 0 || vec_reserve(memory, &fall->is_freed, words) < 0) {
        return -1;
    }
    memset(fall->counts.items, 0, nodes * sizeof(int32_t));
    memset(fall->first_cut.items, 0, nodes * sizeof(uint32_t));
    memset(fall->is_freed.items, 0, words * sizeof(uint64_t));
    fall->counts.length = fall->first_cut.length = nodes;
    fall->is_freed.length = words;
    for (size_t e = 0; e < graph_edges(graph); e++) {
        fall->counts.items[graph->targets.items[e]]++;
    }
    for (size_t u = 0; u < unowned_count; u++) {
        fall->counts.items[unowned[u]]--;
    }
    return 0;
}

void
fall_fini(Fall *fall)
{
    if (fall->memory != NULL) {
        vec_fini(fall->memory, &fall->counts);
        vec_fini(fall->memory, &fall->freed);
        vec_fini(fall->memory, &fall->is_freed);
        vec_fini(fall->memory, &fall->first_cut);
        vec_fini(fall->memory, &fall->next_cut);
    }
}

/* A node enters `freed` once. The mark is what sees to it: where an edge owns nothing, or a cut is made good, a count may
   come to zero more than once. There is room for every node, so that a fall cannot end halfway. */
static inline void
free_node(Fall *fall, NodeId node)
{
    uint64_t bit = UINT64_C(1) << (node % 64);
    uint64_t *word = &fall->is_freed.items[node / 64];
    if ((*word & bit) == 0) {
        *word |= bit;
        vec_push_reserved(&fall->freed, node);
    }
}

static inline void
take_reference(Fall *fall, NodeId target)
{
    fall->steps++;
    if (--fall->counts.items[target] == 0) {
        free_node(fall, target);
    }
}

/* Add `by` to the count of each node to which an edge from `source` was cut. */
static inline void
add_along_cuts(Fall *fall, const Edge *edges, NodeId source, int32_t by)
{
    for (uint32_t cut = fall->first_cut.items[source]; cut != 0; cut = fall->next_cut.items[cut - 1]) {
        fall->counts.items[edges[cut - 1].target] += by;
    }
}

/* Read the rows of all that is freed, which grows meanwhile. What was cut from a row is made good before the row goes:
   counts are then never lower than they should be, and no node is freed too early. */
static void
let_fall(Fall *fall, const Edge *edges)
{
    const uint32_t *offsets = fall->graph->offsets.items;
    for (size_t f = 0; f < fall->freed.length; f++) {
        NodeId node = fall->freed.items[f];
        add_along_cuts(fall, edges, node, +1);
        for (uint32_t e = offsets[node]; e < offsets[node + 1]; e++) {
            take_reference(fall, fall->graph->targets.items[e]);
        }
    }
}

/* The same additions with their signs changed; only `freed` stays. */
static void
undo_fall(Fall *fall, const Edge *edges)
{
    const uint32_t *offsets = fall->graph->offsets.items;
    for (size_t f = 0; f < fall->freed.length; f++) {
        NodeId node = fall->freed.items[f];
        fall->is_freed.items[node / 64] &= ~(UINT64_C(1) << (node % 64));
        add_along_cuts(fall, edges, node, -1);
        for (uint32_t e = offsets[node]; e < offsets[node + 1]; e++) {
            fall->counts.items[fall->graph->targets.items[e]]++;
        }
    }
}

int
fall_cut(Fall *fall, const Edge *edges, size_t count)
{
    fall->freed.length = 0;
    fall->next_cut.length = 0;
    if (count >= UINT32_MAX || vec_reserve(fall->memory, &fall->next_cut, count) < 0) {
        return -1;
    }
    for (size_t c = 0; c < count; c++) {
        uint32_t *first = &fall->first_cut.items[edges[c].source];
        vec_push_reserved(&fall->next_cut, *first);
        *first = (uint32_t)c + 1;
    }
    for (size_t c = 0; c < count; c++) {
        take_reference(fall, edges[c].target);
    }
    let_fall(fall, edges);
    undo_fall(fall, edges);
    for (size_t c = 0; c < count; c++) {
        fall->counts.items[edges[c].target]++;
        fall->first_cut.items[edges[c].source] = 0;
    }
    return 0;
}

int
fall_free(Fall *fall, const NodeId *nodes, size_t count)
{
    fall->freed.length = 0;
    for (size_t n = 0; n < count; n++) {
        free_node(fall, nodes[n]);
    }
    size_t given = fall->freed.length; /* fewer than `count` if one of them was given twice */
    let_fall(fall, NULL);
    undo_fall(fall, NULL);
    fall->freed.length -= given;
    if (fall->freed.length != 0) {
        memmove(fall->freed.items, fall->freed.items + given, fall->freed.length * sizeof(NodeId));
    }
    return 0;
}
