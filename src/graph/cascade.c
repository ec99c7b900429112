#include "graph/cascade.h"

int
cascade_init(Cascade *cascade, Memory *memory, const Graph *graph, const NodeId *unowned,
             size_t unowned_count)
{
    size_t nodes = graph->nodes;
    *cascade = (Cascade){.memory = memory, .graph = graph};
    if (vec_zeros(memory, &cascade->counts, nodes) < 0 ||
        vec_zeros(memory, &cascade->first_cut, nodes) < 0 ||
        vec_reserve(memory, &cascade->freed, nodes) < 0 ||
        nodeset_init(&cascade->is_freed, memory, nodes) < 0) {
        return -1;
    }
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
        nodeset_fini(&cascade->is_freed);
        vec_fini(cascade->memory, &cascade->first_cut);
        vec_fini(cascade->memory, &cascade->next_cut);
    }
}

/* A node enters `freed` once. The mark is what sees to it: where an edge owns nothing, or a cut is
   made good, a count may come to zero more than once. There is room for every node, so that a
   cascade cannot end halfway. */
static inline void
free_node(Cascade *cascade, NodeId node)
{
    if (nodeset_enter(&cascade->is_freed, node)) {
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
free_all(Cascade *cascade, const Edge *edges)
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
undo(Cascade *cascade, const Edge *edges)
{
    const uint32_t *offsets = cascade->graph->offsets.items;
    for (size_t f = 0; f < cascade->freed.length; f++) {
        NodeId node = cascade->freed.items[f];
        nodeset_remove(&cascade->is_freed, node);
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
    free_all(cascade, edges);
    undo(cascade, edges);
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
    free_all(cascade, NULL);
    undo(cascade, NULL);
    cascade->freed.length -= given;
    if (cascade->freed.length != 0) {
        memmove(cascade->freed.items, cascade->freed.items + given,
                cascade->freed.length * sizeof(NodeId));
    }
    return 0;
}
