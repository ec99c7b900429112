#include "graph/cascade.h"

int
cascade_init(Cascade *cascade, Memory *memory, const Graph *graph, const NodeId *unowned,
             size_t unowned_count)
{
    size_t nodes = graph->nodes, words = nodes / 64 + 1;
    *cascade = (Cascade){.memory = memory, .graph = graph};
    if (vec_reserve(memory, &cascade->counts, nodes + 1) < 0 ||
        vec_reserve(memory, &cascade->first_cut, nodes + 1) < 0 ||
        vec_reserve(memory, &cascade->freed, nodes) < 0 ||
        vec_reserve(memory, &cascade->is_freed, words) < 0) {
        return -1;
    }
    memset(cascade->counts.items, 0, nodes * sizeof(int32_t));
    memset(cascade->first_cut.items, 0, nodes * sizeof(uint32_t));
    memset(cascade->is_freed.items, 0, words * sizeof(uint64_t));
    cascade->counts.length = cascade->first_cut.length = nodes;
    cascade->is_freed.length = words;
    for (size_t e = 0; e < graph_edges(graph); e++) {
        cascade->counts.items[graph->targets.items[e]]++;
    }
    for (size_t u = 0; u < unowned_count; u++) {
        cascade->counts.items[unowned[u]]--;
    }
    return 0;
}

void
cascade_fini(Cascade *cascade)
{
    if (cascade->memory != NULL) {
        vec_fini(cascade->memory, &cascade->counts);
        vec_fini(cascade->memory, &cascade->freed);
        vec_fini(cascade->memory, &cascade->is_freed);
        vec_fini(cascade->memory, &cascade->first_cut);
        vec_fini(cascade->memory, &cascade->next_cut);
    }
}

/* A node enters `freed` once. The mark is what sees to it: where an edge owns nothing, or a cut is
   made good, a count may come to zero more than once. There is room for every node, so that a fall
   cannot end halfway. */
static inline void
free_node(Cascade *cascade, NodeId node)
{
    uint64_t bit = UINT64_C(1) << (node % 64);
    uint64_t *word = &cascade->is_freed.items[node / 64];
    if ((*word & bit) == 0) {
        *word |= bit;
        vec_push_reserved(&cascade->freed, node);
    }
}

static inline void
take_reference(Cascade *cascade, NodeId target)
{
    cascade->steps++;
    if (--cascade->counts.items[target] == 0) {
        free_node(cascade, target);
    }
}

/* Add `by` to the count of each node to which an edge from `source` was cut. */
static inline void
add_along_cuts(Cascade *cascade, const Edge *edges, NodeId source, int32_t by)
{
    for (uint32_t cut = cascade->first_cut.items[source]; cut != 0;
         cut = cascade->next_cut.items[cut - 1]) {
        cascade->counts.items[edges[cut - 1].target] += by;
    }
}

/* Read the rows of all that is freed, which grows meanwhile. What was cut from a row is made good
   before the row goes: counts are then never lower than they should be, and no node is freed too
   early. */
static void
let_fall(Cascade *cascade, const Edge *edges)
{
    const uint32_t *offsets = cascade->graph->offsets.items;
    for (size_t f = 0; f < cascade->freed.length; f++) {
        NodeId node = cascade->freed.items[f];
        add_along_cuts(cascade, edges, node, +1);
        for (uint32_t e = offsets[node]; e < offsets[node + 1]; e++) {
            take_reference(cascade, cascade->graph->targets.items[e]);
        }
    }
}

/* The same additions with their signs changed; only `freed` stays. */
static void
undo_fall(Cascade *cascade, const Edge *edges)
{
    const uint32_t *offsets = cascade->graph->offsets.items;
    for (size_t f = 0; f < cascade->freed.length; f++) {
        NodeId node = cascade->freed.items[f];
        cascade->is_freed.items[node / 64] &= ~(UINT64_C(1) << (node % 64));
        add_along_cuts(cascade, edges, node, -1);
        for (uint32_t e = offsets[node]; e < offsets[node + 1]; e++) {
            cascade->counts.items[cascade->graph->targets.items[e]]++;
        }
    }
}

int
cascade_cut(Cascade *cascade, const Edge *edges, size_t count)
{
    cascade->freed.length = 0;
    cascade->next_cut.length = 0;
    if (count >= UINT32_MAX || vec_reserve(cascade->memory, &cascade->next_cut, count) < 0) {
        return -1;
    }
    for (size_t c = 0; c < count; c++) {
        uint32_t *first = &cascade->first_cut.items[edges[c].source];
        vec_push_reserved(&cascade->next_cut, *first);
        *first = (uint32_t)c + 1;
    }
    for (size_t c = 0; c < count; c++) {
        take_reference(cascade, edges[c].target);
    }
    let_fall(cascade, edges);
    undo_fall(cascade, edges);
    for (size_t c = 0; c < count; c++) {
        cascade->counts.items[edges[c].target]++;
        cascade->first_cut.items[edges[c].source] = 0;
    }
    return 0;
}

int
cascade_free(Cascade *cascade, const NodeId *nodes, size_t count)
{
    cascade->freed.length = 0;
    for (size_t n = 0; n < count; n++) {
        free_node(cascade, nodes[n]);
    }
    size_t given = cascade->freed.length; /* fewer than `count` if one of them was given twice */
    let_fall(cascade, NULL);
    undo_fall(cascade, NULL);
    cascade->freed.length -= given;
    if (cascade->freed.length != 0) {
        memmove(cascade->freed.items, cascade->freed.items + given,
                cascade->freed.length * sizeof(NodeId));
    }
    return 0;
}
