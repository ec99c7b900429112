/* subset: some of a graph's nodes, numbered among themselves. It knows no Python.

   A bit a node, and half a byte a node for counts: the number of a member is the count before its word plus the
   number of bits below its own (Jacobson's rank, FOCS 1989, with one level). */

#ifndef GCSCOPE_SUBSET_H
#define GCSCOPE_SUBSET_H

#include "graph.h"

typedef struct {
    Memory *memory;
    size_t nodes;         /* of the graph */
    size_t count;         /* members, after subset_number */
    VEC(uint64_t) bits;   /* a bit a node: it is a member */
    VEC(uint32_t) before; /* word -> members in the words before it, after subset_number */
} Subset;

/* A subset of `nodes` nodes that has none yet. 0; -1 out of memory. */
int subset_init(Subset *subset, Memory *memory, size_t nodes);
void subset_fini(Subset *subset);

static inline bool
subset_has(const Subset *subset, NodeId node)
{
    return subset->bits.items[node / 64] >> (node % 64) & 1;
}

static inline void
subset_add(Subset *subset, NodeId node)
{
    subset->bits.items[node / 64] |= UINT64_C(1) << (node % 64);
}

/* Number the members, in the order of their ids. Nothing may be added afterwards. 0; -1 out of memory. */
int subset_number(Subset *subset);

/* The number of a member. */
static inline NodeId
subset_rank(const Subset *subset, NodeId node)
{
    uint64_t below = subset->bits.items[node / 64] & ((UINT64_C(1) << (node % 64)) - 1);
    return subset->before.items[node / 64] + (NodeId)POPCOUNT(below);
}

/* members[0 .. count): the nodes, by their numbers. */
void subset_members(const Subset *subset, NodeId *members);

/* The graph of the members alone: every edge between two of them, under their numbers; rows keep their order. 0; -1. */
int subset_induce(const Subset *subset, Graph *induced, const Graph *graph);

#endif
