/* reach: what some objects lead to.

   A breadth-first search from them does not go on through modules, classes and the globals of
   functions, since through those everything leads to everything; only where such an object is
   itself given, it is gone through. What is met is numbered in the order of its coming, the given
   ones first:

       node of the heap  --place-->  1 + number of those that were met, or 0
       number            --met---->  node of the heap
       number            --via---->  the number through which it was met; its own for a given one
       number            --depth-->  references from a given one

   `via` and `depth` are kept for the first `most` only. */

#ifndef GCSCOPE_REACH_H
#define GCSCOPE_REACH_H

#include "graph/nodeset.h"
#include "heap/heap.h"

typedef struct {
    Memory *memory;
    const Heap *heap; /* borrowed */
    NodeIds place;
    NodeIds met;
    NodeIds via;
    NodeIds depth;
    size_t given; /* how many were given */
    size_t most;
} Reach;

/* Begin, after heap_traverse. 0; -1 out of memory. reach_fini may follow in any case. */
int reach_begin(Reach *reach, Memory *memory, const Heap *heap, size_t most);
void reach_fini(Reach *reach);

/* Give a node; once or more often. */
void reach_give(Reach *reach, NodeId node);

/* Search. Rows are read first to last as a program sees them, where the way is kept; else in any
   order. 0; -1 out of memory. */
int reach_run(Reach *reach);

/* The edges of a node, first to last as a program sees them: tp_traverse of lists and tuples begins
   at the end. */
typedef struct {
    uint32_t begin, count;
    bool is_reversed;
} ReachRow;

ReachRow reach_row(const Heap *heap, NodeId node);

static inline NodeId
reach_target(const Heap *heap, const ReachRow *row, uint32_t nth)
{
    uint32_t place = row->is_reversed ? row->count - 1 - nth : nth;
    return heap->graph.targets.items[row->begin + place];
}

#endif
