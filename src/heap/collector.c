#include "heap/collector.h"

/* After this, gc_refs is the reference count of every node. */
static int
update_refs(Collector *collector, const int32_t *refcounts)
{
    if (vec_reserve(collector->memory, &collector->gc_refs, collector->count) < 0) {
        return -1;
    }
    if (collector->count != 0) {
        memcpy(collector->gc_refs.items, refcounts, collector->count * sizeof(int32_t));
    }
    collector->gc_refs.length = collector->count;
    return 0;
}

/* After this, gc_refs counts the references from outside. It is negative only where a tp_traverse
   shows more than is owned; a released collector takes such an object for reachable, and so do
   we. */
static void
subtract_refs(Collector *collector, const Graph *graph, const NodeId *unowned, size_t unowned_count)
{
    enum { AHEAD = 24 };
    int32_t *gc_refs = collector->gc_refs.items;
    const NodeId *targets = graph->targets.items;
    size_t edges = graph_edges(graph);
    for (size_t e = 0; e < edges; e++) {
        if (e + AHEAD < edges) {
            PREFETCH(&gc_refs[targets[e + AHEAD]]);
        }
        gc_refs[targets[e]]--;
    }
    for (size_t u = 0; u < unowned_count; u++) {
        gc_refs[unowned[u]]++;
    }
    for (size_t n = 0; n < collector->count; n++) {
        collector->over_visited += gc_refs[n] < 0;
    }
}

/* The nodes that are known to be reachable and whose rows are still to be read. Each node enters it
   once, when its bit is set, so that `count` places are enough. */
typedef struct {
    VEC(NodeId) nodes;
} Pending;

static inline void
reach(Collector *collector, Pending *pending, const Graph *graph, NodeId node)
{
    if (nodeset_enter(&collector->reachable, node)) {
        PREFETCH(&graph->offsets.items[node]);
        vec_push_reserved(&pending->nodes, node);
    }
}

static void
reach_all_from(Collector *collector, Pending *pending, const Graph *graph)
{
    const uint32_t *offsets = graph->offsets.items;
    while (pending->nodes.length != 0) {
        NodeId node = pending->nodes.items[--pending->nodes.length];
        collector->unreachable--;
        for (uint32_t e = offsets[node]; e < offsets[node + 1]; e++) {
            reach(collector, pending, graph, graph->targets.items[e]);
        }
    }
}

/* After this, a node's bit is set if and only if a reference from outside leads to it. */
static int
move_unreachable(Collector *collector, const Graph *graph)
{
    Pending pending = {0};
    if (nodeset_init(&collector->reachable, collector->memory, collector->count) < 0 ||
        vec_reserve(collector->memory, &pending.nodes, collector->count) < 0) {
        return -1;
    }
    collector->unreachable = collector->count;
    for (size_t n = 0; n < collector->count; n++) {
        if (collector->gc_refs.items[n] != 0) {
            reach(collector, &pending, graph, (NodeId)n);
            reach_all_from(collector, &pending, graph);
        }
    }
    vec_fini(collector->memory, &pending.nodes);
    return 0;
}

int
collector_run(Collector *collector, Memory *memory, const Graph *graph, const int32_t *refcounts,
              const NodeId *unowned, size_t unowned_count)
{
    *collector = (Collector){.memory = memory, .count = graph->nodes};
    if (update_refs(collector, refcounts) < 0) {
        return -1;
    }
    subtract_refs(collector, graph, unowned, unowned_count);
    return move_unreachable(collector, graph);
}

void
collector_fini(Collector *collector)
{
    if (collector->memory != NULL) {
        vec_fini(collector->memory, &collector->gc_refs);
        nodeset_fini(&collector->reachable);
    }
}
