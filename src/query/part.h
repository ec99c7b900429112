/* part: one component of a graph of chosen objects, as it is labelled and searched.

   Of a component that is small beside the graph a copy is made, with numbers of its own, so that
   what is kept for each of its nodes takes memory for these alone. One that is most of the graph is
   looked at where it is. Whoever works on a part uses its graph, nodes, component and members, and
   is told numbers of the graph by part_number. */

#ifndef GCSCOPE_PART_H
#define GCSCOPE_PART_H

#include "base/index.h"
#include "graph/nodeset.h"
#include "heap/heap.h"

typedef struct {
    Memory *memory;
    const Heap *heap;          /* borrowed, as the next three: of the whole graph */
    const NodeId *whole_nodes; /* number -> node of the heap */
    Graph *whole;
    const NodeId *whole_component;
    Graph *graph;            /* the one to be used: the whole or `own` */
    const NodeId *nodes;     /* number in that -> node of the heap */
    const NodeId *component; /* number in that -> component: the members have the same */
    NodeIds members;         /* their numbers in that; the order is free */
    Graph own;               /* the copy */
    NodeIds numbers;         /* number in the copy -> in the whole */
    NodeIds own_nodes, own_component;
    Index places;       /* number in the whole -> in the copy */
    NodeSet turned;     /* of the whole: rows that have been turned round */
    bool own_is_turned; /* part_arranged was called since it was copied */
    NodeId entered;     /* 1 + the component that is looked at, or 0 */
} Part;

void part_begin(Part *part, const Heap *heap, const NodeId *nodes, Graph *graph,
                const NodeId *component);
void part_fini(Part *part);

/* Look at the component of these numbers of the whole graph. 1; 0: it is looked at already; -1: out
   of memory. */
int part_enter(Part *part, const NodeId *members, size_t count);

static inline bool
part_is_copy(const Part *part)
{
    return part->graph == &part->own;
}

/* The number in the whole graph of a number in the part. */
static inline NodeId
part_number(const Part *part, NodeId node)
{
    return part_is_copy(part) ? part->numbers.items[node] : node;
}

/* The number in the part of a member's number in the whole graph. */
static inline NodeId
part_place(const Part *part, NodeId number)
{
    return part_is_copy(part) ? index_find(&part->places, number) : number;
}

static inline PyObject *
part_object(const Part *part, NodeId node)
{
    return part->heap->objects.items[part->nodes[node]];
}

/* Whether the edges of a node are to be put into the opposite order, once, to be in that in which a
   program sees them: tp_traverse of lists and tuples begins at the end. */
bool part_turns(Part *part, NodeId node);

/* All rows of which that was said are in that order now. */
static inline void
part_arranged(Part *part)
{
    part->own_is_turned = true;
}

/* Whether that has been done. */
bool part_is_turned(const Part *part, NodeId node);

#endif
