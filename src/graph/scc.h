/* scc: which nodes lead to each other? Strongly connected components. It knows no Python.

   One depth-first walk over the graph, in time proportional to its nodes and edges, with a stack of
   its own: a ring of a million objects is as good as one of three. After Pearce, "A space-efficient
   algorithm for finding strongly connected components" (Information Processing Letters 116, 2016),
   which is Tarjan's algorithm of 1972 with one number for each node where that has three.

       walk_all       the walk: node -> component, in the order in which components are finished
       count_members  which components are cyclic, and how large
       place_members  a counting sort: the members of each side by side

   A component is finished when all that it leads to is finished. So an edge between two components
   goes from a higher to a lower number: their numbers are a topological order, backwards, and
   component 0 leads to no other.

   While it runs it holds 8 bytes a node, afterwards 4 bytes a component, besides what stays in
   Scc. */

#ifndef GCSCOPE_SCC_H
#define GCSCOPE_SCC_H

#include "graph/graph.h"

typedef struct {
    Memory *memory;
    size_t count;      /* components */
    NodeIds component; /* node -> its component */

    /* Cyclic components have more than one node, or an edge from a node to itself. Their members
       are grouped, inside a group by id, ascending; the groups are in the order of each group's
       lowest id. */
    size_t cyclic;
    VEC(uint32_t) starts; /* cyclic + 1 of them: where the members of each begin */
    NodeIds members;
} Scc;

/* 0; -1 out of memory. */
int scc_run(Scc *scc, Memory *memory, const Graph *graph);
void scc_fini(Scc *scc);

#endif
