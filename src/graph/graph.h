/* graph: a directed graph in compressed sparse rows. It knows no Python.

   Row n holds the targets of node n: targets[offsets[n] .. offsets[n + 1]). A target stands as
   often as there are edges to it. Rows are written once, in the order of their nodes, and never
   changed afterwards. Four bytes an edge, four bytes a node. */

#ifndef GCSCOPE_GRAPH_H
#define GCSCOPE_GRAPH_H

#include "base/vec.h"

typedef VEC(NodeId) NodeIds;

typedef struct {
    Memory *memory;
    size_t nodes;
    VEC(uint32_t) offsets; /* nodes + 1 of them once every row is closed */
    NodeIds targets;
} Graph;

/* An empty graph that is going to have `nodes` rows. 0 or -1. */
int graph_init(Graph *graph, Memory *memory, size_t nodes);
void graph_fini(Graph *graph);

/* Room for `more` further edges of the open row. -1: out of memory, or more than 2 billion edges in
   all. */
int graph_reserve(Graph *graph, size_t more);

/* Add an edge to the open row; the caller has reserved room. */
static inline void
graph_add_reserved(Graph *graph, NodeId target)
{
    vec_push_reserved(&graph->targets, target);
}

/* Close the open row; the next node's begins. Room for it was made by graph_init. */
static inline void
graph_close_row(Graph *graph)
{
    vec_push_reserved(&graph->offsets, (uint32_t)graph->targets.length);
}

static inline size_t
graph_edges(const Graph *graph)
{
    return graph->targets.length;
}

/* The same graph with every edge turned round, by a counting sort in two passes over the edges. The
   sources in a row are ascending; one stands as often as there are edges from it. `transpose` is
   made here. 0; -1 out of memory. */
int graph_transpose(Graph *transpose, Memory *memory, const Graph *graph);

/* Append to `repeats` each target in the row that begins at the edge `begin` and ends with the last
   one that was added, but for the first edge to it. 0; -1 out of memory. */
int graph_repeats(const Graph *graph, size_t begin, NodeIds *repeats);

/* The invariants above, for GCSCOPE_DEBUG builds and for the reader: true when they hold. */
bool graph_is_sound(const Graph *graph);

#endif
