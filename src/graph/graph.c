#include "graph/graph.h"

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
    /* so that a count of edges fits the collector's gc_refs */
    if (more > INT32_MAX - graph->targets.length) {
        return -1;
    }
    return vec_reserve(graph->memory, &graph->targets, more);
}

/* After this, offsets[n] is where the row of n ends: one past its last place, since a row is filled
   from behind. */
static void
count_sources(uint32_t *offsets, const Graph *graph)
{
    memset(offsets, 0, (graph->nodes + 1) * sizeof(uint32_t));
    for (size_t e = 0; e < graph->targets.length; e++) {
        offsets[graph->targets.items[e]]++;
    }
    for (size_t n = 0; n < graph->nodes; n++) {
        offsets[n + 1] += offsets[n];
    }
}

int
graph_transpose(Graph *transpose, Memory *memory, const Graph *graph)
{
    size_t edges = graph->targets.length;
    if (graph_init(transpose, memory, graph->nodes) < 0 || graph_reserve(transpose, edges) < 0) {
        return -1;
    }
    uint32_t *offsets = transpose->offsets.items;
    count_sources(offsets, graph);
    /* From the last source to the first, each to the end of what is left of its row: the row is
       then ascending, and its offset has come down to where it begins. */
    for (size_t n = graph->nodes; n-- != 0;) {
        for (uint32_t e = graph->offsets.items[n + 1]; e-- != graph->offsets.items[n];) {
            transpose->targets.items[--offsets[graph->targets.items[e]]] = (NodeId)n;
        }
    }
    transpose->offsets.length = graph->nodes + 1;
    transpose->targets.length = edges;
    return 0;
}

int
graph_repeats(const Graph *graph, size_t begin, NodeIds *repeats)
{
    const NodeId *targets = graph->targets.items;
    for (size_t i = begin; i < graph_edges(graph); i++) {
        for (size_t j = begin; j < i; j++) {
            if (targets[i] == targets[j]) {
                if (vec_push(graph->memory, repeats, targets[i]) < 0) {
                    return -1;
                }
                break;
            }
        }
    }
    return 0;
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
