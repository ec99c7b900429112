/* rings: the shortest rings through a node. It knows no Python.

   The length of a ring is the number of its nodes that are shown; the others, folded containers,
   weigh nothing. Many rings may be equally short: what tells them apart is their word, the kinds of
   their edges that lead to shown nodes, in order. From one start the shortest rings are found with
   at most RINGS_MOST_WORDS different words to each node:

       level 0        the start
       level n + 1    what the shown nodes of level n lead to, and what lies behind that through
                      folded ones alone, one layer of those after the other
       the end        the first layer from which an edge leads back to the start

   Which edges lead back is looked up in the start's own row of incoming edges, so that the row of a
   container that leads back is not read for that: a child is found in a list of a million in one
   step. Each node keeps the ways by which it was first reached, one for each word so far, by hash;
   those with the smallest hashes where they are more than a few, and only one where the search has
   come far. So what is found depends on kinds and on the order of rows, never on ids. */

#ifndef GCSCOPE_RINGS_H
#define GCSCOPE_RINGS_H

#include "graph/nodeset.h"

typedef NodeIds Path;

/* Follow the only edges there are. 1: the component of members[0 .. count) is nothing but a ring,
   parallel edges apart, and `ring` is it, from members[0] on; 0: it is more; -1: out of memory. */
int rings_follow_simple(Memory *memory, const Graph *graph, const NodeId *component,
                        const NodeId *members, size_t count, Path *ring);

enum { RINGS_MOST_WORDS = 8, RINGS_FEW_LEVELS = 4, RINGS_MANY_WAYS = 1 << 14 };

/* A way from the start to a node. */
typedef struct {
    uint64_t hash;         /* of its word */
    uint32_t edge;         /* the last one */
    uint32_t before, next; /* 1 + the way before that edge; the next way to the same node; or 0 */
} RingWay;

typedef struct {
    Memory *memory;
    const Graph *graph;      /* borrowed, as all up to the hashes */
    const NodeId *component; /* node -> component */
    const NodeSet *shown;
    const uint32_t *kinds;  /* edge -> kind */
    const uint64_t *hashes; /* kind -> hash */
    NodeIds begin, end;     /* node -> where its incoming edges stand, of the component's members */
    VEC(uint32_t) incoming; /* edges */
    VEC(uint32_t) seen;     /* node -> the mark of search, level and layer that reached it */
    VEC(uint32_t) ways_of;  /* node -> 1 + its first way */
    VEC(RingWay) ways;
    NodeIds open, further; /* shown nodes of a level, and of the next one */
    NodeIds folded;        /* folded ones of that */
    Path ring;             /* a ring that was found: its nodes, from the start on */
    VEC(uint32_t) edges;   /* the edge from each of them to the next */
    uint32_t first;        /* the lowest mark of the search */
    uint32_t last_mark, level_mark, layer_mark; /* given last; of what is reached now: shown nodes
                                                   and folded ones */
    size_t most_ways;                           /* that a node of the level keeps */
    uint64_t steps;                             /* edges looked at so far, for budgets and tests */
} Rings;

/* Begin with the component of members[0 .. count); once more for each further component of the
   same graph. 0; -1 out of memory. */
int rings_begin(Rings *rings, const NodeId *members, size_t count);
void rings_fini(Rings *rings);

/* A ring: rings->ring and rings->edges, of so many shown nodes. Return 0, or -1 to end. */
typedef int (*RingFunc)(void *arg, size_t length);

/* Hand on the shortest rings through a shown node, one for each word, unless the count of steps
   comes to last_step first. 1; 0: given up; -1: out of memory, or the function said so. */
int rings_through(Rings *rings, NodeId start, uint64_t last_step, RingFunc found, void *arg);

/* The node from which an edge comes. */
NodeId rings_source(const Graph *graph, uint32_t edge);

#endif
