/* refine: which nodes of a component look alike, by colour refinement (the one-dimensional
   algorithm of Weisfeiler and Leman, 1968). It knows no Python.

   A node's colour is mixed with the sum of its neighbours', each under the kind of the edge and its
   direction: sums, so that no order of edges counts and nothing is sorted. After some rounds nodes
   of different colours differ in what is that many edges around them. Nodes of one colour need not
   be alike: in a regular graph all are of one. */

#ifndef GCSCOPE_REFINE_H
#define GCSCOPE_REFINE_H

#include "graph/graph.h"

enum { REFINE_ROUNDS = 3 };

/* Refine colours[node] of members[0 .. count), the component of all nodes n with component[n] ==
   component[members[0]]. kinds: edge -> kind; hashes: kind -> hash; sums: node -> anything, as
   scratch. Steps: twice the edges, a round. */
void
refine_colours(uint64_t *colours, uint64_t *sums, const Graph *graph, const NodeId *component,
               const NodeId *members, size_t count, const uint32_t *kinds, const uint64_t *hashes);

#endif
