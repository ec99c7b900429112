#include "graph.h"

int
graph_init(Graph *graph, Memory *memory, size_t nodes)
{
    *graph = (Graph){.memory = memory, .nodes = nodes};
    if (vec_reserve(memory, &graph->offsets, nodes + 1) < 0) {
        return -1;
    }
    vec_push_reserved(&graph->offsets, 0);
    return 0;
}

void
graph_fini(Graph *graph)
{
    if (graph->memory != NULL) {
        vec_fini(graph->memory, &graph->offsets);
        vec_fini(graph->memory, &graph->targets);
    }
}

int
graph_reserve(Graph *graph, size_t more)
{
    if (more > INT32_MAX - graph->targets.length) { /* so that a count of edges fits the collector's gc_refs */
        return -1;
    }
    return vec_reserve(graph->memory, &graph->targets, more);
}

bool
graph_is_sound(const Graph *graph)
{
    const uint32_t *offsets = graph->offsets.items;
    if (graph->offsets.length != graph->nodes + 1 || offsets[0] != 0 ||
        offsets[graph->nodes] != graph->targets.length) {
        return false;
    }
    for (size_t n = 0; n < graph->nodes; n++) {
        if (offsets[n] > offsets[n + 1]) {
            return false;
        }
    }
    for (size_t e = 0; e < graph->targets.length; e++) {
        if (graph->targets.items[e] >= graph->nodes) {
            return false;
        }
    }
    return true;
}
