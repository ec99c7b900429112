/* dominators: what keeps a node, and what does a node alone keep? It knows no Python.

   d dominates n when every way from the roots to n goes through d; the nearest such d is n's
   immediate dominator. Those edges form a tree, and what stands below d is what would not be
   reachable without d. The root of the tree is virtual: it leads to all roots, and is the dominator
   of what no single node keeps.

   After "Finding dominators in practice" (Georgiadis, Tarjan, Werneck, Journal of Graph Algorithms
   and Applications 10, 2006), where it is called Semi-NCA:

       walk_from_roots   number the reachable nodes in preorder
       find_sources      turn their edges round
       find_semis        from the last to the first, the semidominator: the lowest number from which
                         there is a way that goes through higher numbers than the node's only
                         (Lengauer and Tarjan, 1979)
       find_dominators   from the first to the last, the nearest ancestor that is not above the
                         semidominator

   In the worst case the last step is quadratic; in what programs make, it is not noticed. While it
   runs it holds at most 28 bytes a node and 8 an edge, besides what stays in Dominators. */

#ifndef GCSCOPE_DOMINATORS_H
#define GCSCOPE_DOMINATORS_H

#include "graph/nodeset.h"

/* Above all roots: the virtual root; and: not reachable. No node has such a number: a graph of that
   many is refused. */
#define DOMINATORS_TOP (NODE_LIMIT - 1)
#define DOMINATORS_NONE NODE_LIMIT

typedef struct {
    Memory *memory;
    NodeIds idom;  /* node -> its immediate dominator, DOMINATORS_TOP or DOMINATORS_NONE */
    NodeIds order; /* the reachable nodes in preorder: a node stands behind its dominator */
} Dominators;

/* 0; -1 out of memory. */
int
dominators_run(Dominators *dominators, Memory *memory, const Graph *graph, const NodeSet *roots);
void dominators_fini(Dominators *dominators);

/* Add up weights over what each node dominates, itself included: weights[n] becomes the sum; those
   of unreachable nodes stay as they are. */
void dominators_sum(const Dominators *dominators, uint64_t *weights);

#endif
