/* bfs: shortest paths and rings, by breadth-first search. It knows no Python.

   A search marks what it has seen with its own number, so that nothing is cleared between two
   searches, and a search costs what it looks at: half a million rings are found one after the other
   without a look at the rest of the graph.

   A shortest ring of a component: the shortest one through each of its members, where a search is
   given up as soon as it cannot beat the best so far (Itai and Rodeh, "Finding a minimum circuit in
   a graph", 1978). Mostly there is nothing to search: where a component is nothing but one ring, it
   is enough to follow that. */

#ifndef GCSCOPE_BFS_H
#define GCSCOPE_BFS_H

#include "graph/nodeset.h"

typedef NodeIds Path;

/* What a search needs, made once for many: 8 bytes a node. */
typedef struct {
    Memory *memory;
    const Graph *graph; /* borrowed */
    VEC(NodeId) parent; /* node -> whence it was reached */
    VEC(uint32_t) seen; /* node -> number of the search that reached it last */
    uint32_t search;    /* never 0 during a search */
    Path queue;
    uint64_t steps; /* edges looked at so far, for budgets and tests */
} Bfs;

int bfs_init(Bfs *bfs, Memory *memory, const Graph *graph);
void bfs_fini(Bfs *bfs);

/* The shortest way from any of `roots` to `target`, through no node that is in `excluded` (NULL:
   none are), which may hold roots and the target, too. `way` begins at the root and ends at the
   target. 1: found; 0: there is none, and `way` is empty; -1: out of memory. Among several, the one
   whose root stands first; rows are followed in their order. The caller frees `way`, which may be
   used again for the next one. */
int bfs_from_roots(Bfs *bfs, const NodeId *roots, size_t count, NodeId target,
                   const NodeSet *excluded, Path *way);

/* A shortest ring among members[0 .. count) of one cyclic component (component[node] ==
   component[members[0]] for exactly those), begun at the member of it from which it was found: each
   node of `ring` leads to the next one, and the last to the first. Starts are tried in the order of
   members, with a limit to the length that is doubled from round to round, and only such as may lie
   on a ring shorter than the best so far. `budget` bounds the edges looked at: when it is spent the
   best ring so far is returned and *exact set false (the first search is always completed, so there
   always is a ring). 0; -1: out of memory. */
int bfs_shortest_ring(Bfs *bfs, const NodeId *component, const NodeId *members, size_t count,
                      uint64_t budget, Path *ring, bool *exact);

#endif
