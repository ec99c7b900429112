/* acyclic: whether a component has a ring left when all edges of some kinds are gone, by taking
   away what nothing leads to (Kahn, "Topological sorting of large networks", 1962). It knows no
   Python. */

#ifndef GCSCOPE_ACYCLIC_H
#define GCSCOPE_ACYCLIC_H

#include "graph/graph.h"

/* Of members[0 .. count), the component of all nodes n with component[n] ==
   component[members[0]]. kinds: edge -> kind; is_cut: kind -> whether its edges are gone; incoming:
   node -> anything, and order[0 .. count): scratch. */
bool
acyclic_without(const Graph *graph, const NodeId *component, const NodeId *members, size_t count,
                const uint32_t *kinds, const bool *is_cut, uint64_t *incoming, NodeId *order);

#endif
