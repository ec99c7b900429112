/* bfs: shortest paths from roots, by breadth-first search. It knows no Python.

   A search marks what it has seen with its own number, so that nothing is cleared between two
   searches, and a search costs what it looks at. */

#ifndef GCSCOPE_BFS_H
#define GCSCOPE_BFS_H

#include "base/index.h"
#include "graph/nodeset.h"

typedef NodeIds Path;

/* Which ways are not gone, or come after others of their length. Each is borrowed, or NULL: there
   are none. */
typedef struct {
    const NodeSet *excluded; /* in no way, be they roots or the target */
    const NodeSet *not_last; /* no way goes on from one of these to the target */
    const Index *late;       /* bfs_edge_key of edges: ways with one are the last of their length */
    const NodeSet *late_from; /* where those edges begin */
} BfsRules;

typedef struct {
    NodeId from, to;
} BfsEdge;

static inline uint64_t
bfs_edge_key(NodeId from, NodeId to)
{
    return (uint64_t)from << 32 | to;
}

/* What a search needs, made once for many: 8 bytes a node. */
typedef struct {
    Memory *memory;
    const Graph *graph; /* borrowed */
    VEC(NodeId) parent; /* node -> whence it was reached */
    VEC(uint32_t) seen; /* node -> number of the search that reached it last */
    uint32_t search;    /* never 0 during a search */
    Path queue;
    VEC(BfsEdge) late; /* of the level at hand */
    BfsRules rules;    /* to be set between bfs_init and a search */
    uint64_t steps;    /* edges looked at so far, for budgets and tests */
} Bfs;

int bfs_init(Bfs *bfs, Memory *memory, const Graph *graph);
void bfs_fini(Bfs *bfs);

/* The shortest way from any of `roots` to `target` that the rules allow. `way` begins at the root
   and ends at the target. 1: found; 0: there is none, and `way` is empty; -1: out of memory. Among
   several, the one whose root stands first; rows are followed in their order. The caller frees
   `way`, which may be used again for the next one. */
int bfs_from_roots(Bfs *bfs, const NodeId *roots, size_t count, NodeId target, Path *way);

#endif
