/* collector: the dry run. What would a collection of these objects find unreachable?

   It is the algorithm of CPython's own collector ("Design of CPython's garbage collector",
   InternalDocs in the CPython tree; the idea is Neil Schemenauer's of 2000), in its own words, on
   the copy that heap.h made:

       update_refs       gc_refs = reference count
       subtract_refs     minus one for each reference from one of the objects to another;
                         what is left is references from outside: variables, running frames, C code
       move_unreachable  what has gc_refs left is reachable, and so is whatever it leads to

   It differs in nothing that can be seen, and stops where the collector would begin to act: no
   finalizer is run, no weak reference is cleared, nothing is freed. Integers only: no Python object
   is touched here.

   An edge may own nothing (heap.h, `unowned`). The collector does not subtract those, but does
   follow them. */

#ifndef GCSCOPE_COLLECTOR_H
#define GCSCOPE_COLLECTOR_H

#include "graph/nodeset.h"

typedef struct {
    Memory *memory;
    size_t count;
    VEC(int32_t) gc_refs; /* node -> references from outside, after subtract_refs */
    NodeSet reachable;    /* after move_unreachable */
    size_t unreachable;   /* how many nodes are not reachable */
    size_t over_visited;  /* nodes with gc_refs < 0: some tp_traverse shows references that nobody
                            owns */
} Collector;

/* Run it. `unowned` are the targets of edges that own nothing, `unowned_count` of them. 0; -1 out
   of memory. */
int collector_run(Collector *collector, Memory *memory, const Graph *graph,
                  const int32_t *refcounts, const NodeId *unowned, size_t unowned_count);

void collector_fini(Collector *collector);

static inline bool
collector_is_reachable(const Collector *collector, size_t node)
{
    return nodeset_has(&collector->reachable, (NodeId)node);
}

#endif
