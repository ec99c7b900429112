/* dominators: which node lies on every way from the roots to a node, and what each one alone keeps. It knows no Python. */
#ifndef GCSCOPE_DOMINATORS_H
#define GCSCOPE_DOMINATORS_H

#include "graph.h"

/* Above all roots: the virtual root; and: not reachable. */
#define DOMINATORS_TOP (NODE_LIMIT - 1)
#define DOMINATORS_NONE NODE_LIMIT

typedef struct {
    Memory *memory;
    VEC(NodeId) idom;  /* node -> its immediate dominator, DOMINATORS_TOP or DOMINATORS_NONE */
    VEC(NodeId) order; /* the reachable nodes in preorder: a node stands behind its dominator */
} Dominators;

/* Semi-NCA (Georgiadis, Tarjan, Werneck, "Finding dominators in practice", 2006), iterative. Roots are the nodes for which roots[n / 64] >> (n % 64) & 1. 0; -1. */
int dominators_run(Dominators *dominators, Memory *memory, const Graph *graph, const uint64_t *roots);
void dominators_fini(Dominators *dominators);

/* Add up weights over what each node dominates, itself included: weights[n] becomes the sum; unreachable nodes stay as they are. */
void dominators_sum(const Dominators *dominators, uint64_t *weights);

#endif
