/* nodeset: some of a graph's nodes: a bit a node. It knows no Python.

   Members may be numbered among themselves, for half a byte a node more: the number of a member is
   the count before its word plus the number of bits below its own (Jacobson's rank, FOCS 1989, with
   one level). */

#ifndef GCSCOPE_NODESET_H
#define GCSCOPE_NODESET_H

#include "graph/graph.h"

typedef struct {
    Memory *memory;
    size_t nodes;         /* of the graph */
    size_t count;         /* members, after nodeset_number */
    VEC(uint64_t) bits;   /* a bit a node: it is a member */
    VEC(uint32_t) before; /* word -> members in the words before it, after nodeset_number */
} NodeSet;

/* A set that has none of `nodes` nodes yet. 0; -1 out of memory. */
int nodeset_init(NodeSet *nodeset, Memory *memory, size_t nodes);
void nodeset_fini(NodeSet *nodeset);

/* Room for so many nodes; what was in stays in. 0; -1 out of memory. */
int nodeset_grow(NodeSet *nodeset, Memory *memory, size_t nodes);

static inline bool
nodeset_has(const NodeSet *nodeset, NodeId node)
{
    return nodeset->bits.items[node / 64] >> (node % 64) & 1;
}

static inline void
nodeset_add(NodeSet *nodeset, NodeId node)
{
    nodeset->bits.items[node / 64] |= UINT64_C(1) << (node % 64);
}

static inline void
nodeset_remove(NodeSet *nodeset, NodeId node)
{
    nodeset->bits.items[node / 64] &= ~(UINT64_C(1) << (node % 64));
}

/* Whether the node is new to the set. */
static inline bool
nodeset_enter(NodeSet *nodeset, NodeId node)
{
    uint64_t bit = UINT64_C(1) << (node % 64), *word = &nodeset->bits.items[node / 64];
    bool is_new = (*word & bit) == 0;
    *word |= bit;
    return is_new;
}

/* Number the members, in the order of their ids. Nothing may be added afterwards. 0; -1 out of
   memory. */
int nodeset_number(NodeSet *nodeset);

/* The number of a member. */
static inline NodeId
nodeset_rank(const NodeSet *nodeset, NodeId node)
{
    uint64_t below = nodeset->bits.items[node / 64] & ((UINT64_C(1) << (node % 64)) - 1);
    return nodeset->before.items[node / 64] + (NodeId)popcount(below);
}

/* members[0 .. count): the nodes, by their numbers. */
void nodeset_members(const NodeSet *nodeset, NodeId *members);

/* The graph of the members alone: every edge between two of them, under their numbers; rows keep
   their order. 0; -1. */
int nodeset_induce(const NodeSet *nodeset, Graph *induced, const Graph *graph);

#endif
