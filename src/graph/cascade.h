/* cascade: what reference counting frees when references are taken away. It knows no Python.

   counts[n] are the references that own node n. When a reference to n goes, its count falls by one;
   at zero n is freed, and every reference of n goes. It is simulated with a work list, and undone
   afterwards, so that many cuts can be tried on one graph: a call costs what it frees, with the
   edges of that, and never depends on the size of the graph.

       cascade_cut    these edges go; one that was cut does not go a second time when its source is
                      freed in turn
       cascade_free   these nodes go, and their edges with them

   An edge may own nothing (collector.h). It was not counted, but is subtracted like the others when
   its source goes, since nothing tells it from them: its target may then be freed too early. */

#ifndef GCSCOPE_CASCADE_H
#define GCSCOPE_CASCADE_H

#include "graph/nodeset.h"

typedef struct {
    NodeId source;
    NodeId target;
} Edge;

typedef struct {
    Memory *memory;
    const Graph *graph;      /* borrowed */
    VEC(int32_t) counts;     /* node -> references that own it; as it was, between two calls */
    NodeIds freed;           /* what the last call freed, in that order; with room for all nodes */
    NodeSet is_freed;        /* empty between two calls */
    VEC(uint32_t) first_cut; /* node -> 1 + its last cut edge, or 0; all 0 between two calls */
    VEC(uint32_t) next_cut;  /* cut -> 1 + number of the cut before it with the same source, or 0 */
    uint64_t steps;          /* references subtracted so far */
} Cascade;

/* counts: the references that each node has from inside the graph, less one for each of `unowned`
   (targets of edges that own nothing). 0; -1 out of memory. */
int cascade_init(Cascade *cascade, Memory *memory, const Graph *graph, const NodeId *unowned,
                 size_t unowned_count);
void cascade_fini(Cascade *cascade);

/* Take away edges[0 .. count) and let the counts fall; cascade->freed then holds what was freed.
   Each of them is one reference: an edge that stands n times in the graph may be given up to n
   times, and an edge that does not exist must not be given. A node whose count was zero or less
   before is not freed: no reference owned it. 0; -1 out of memory (counts are as they were all the
   same). */
int cascade_cut(Cascade *cascade, const Edge *edges, size_t count);

/* Free nodes[0 .. count), whatever their counts, and let the counts of others fall: cascade->freed
   holds the others that were freed with them, not the nodes themselves. 0; it cannot fail yet. */
int cascade_free(Cascade *cascade, const NodeId *nodes, size_t count);

#endif
