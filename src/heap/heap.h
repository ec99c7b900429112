/* heap: the one room that reads Python's heap. It turns the objects that the collector tracks into
   node ids, their reference counts into an array and what tp_traverse shows into a graph.
   Everything after it is arithmetic.

   Reading is two steps, listing and heap_traverse, between and during which no Python object is
   created, no Python code runs and the GIL is not released, so that both see the same heap. Objects
   are borrowed: a Heap must be finished before anything can free one. Automatic collection is off
   meanwhile; the caller sees to it. */

#ifndef GCSCOPE_HEAP_H
#define GCSCOPE_HEAP_H

#include "heap/addrmap.h"
#include "heap/interp_world.h"
#include "graph/graph.h"

typedef struct {
    Memory *memory;
    const World *world;      /* borrowed: the pass */
    VEC(PyObject *) objects; /* borrowed: node id -> object */
    size_t count;
    AddrMap map;
    Graph graph;            /* an edge for each reference from one listed object to another */
    VEC(int32_t) refcounts; /* node id -> references that own it; INT32_MAX: as many, or immortal */
    VEC(PyObject *) hidden; /* borrowed: what heap_enter_hidden has entered */
    NodeIds unowned;        /* targets of the edges that own nothing, once for each such edge */
    NodeIds borrowed;       /* what running frames have and do not own, and the collector takes for
                               reachable: on free-threaded builds */
    size_t visits;          /* references that tp_traverse showed, to listed objects or not */
    bool has_changed;       /* heap_enter_list refused a list with an object twice, or with one that
                               nothing else owns */
    bool is_known;          /* heap_enter_known was called */
    bool uncertain;         /* some generator was read by the fallback of interp.h */
} Heap;

/* Begin with no object; what is to be listed is then entered into heap->map, by generations.h or by
   the two below. 0 or -1. */
int heap_begin(Heap *heap, Memory *memory, const World *world);

/* Enter the items of `list` (stolen, also on failure), which must be an exact list, the answer of
   gc.get_objects. It is given up before this returns, and with it the reference that it has on each
   object. 0; -1 when memory is exhausted, or the heap changed between the steps in which the list
   was made. */
int heap_enter_list(Heap *heap, PyObject *list);

/* Enter what hides under gc.freeze(): what only GCSCOPE_HAS_VISIT_OBJECTS shows, and whatever
   tracked objects tp_traverse leads to from those that were entered, and from `root`, which may be
   NULL. 0 or -1. */
int heap_enter_hidden(Heap *heap, PyObject *root);

/* Enter all objects that are known, tracked or not (known.h), after those that are tracked were
   entered. heap_traverse then shows what known_visit_beyond does, too. 0 or -1. */
int heap_enter_known(Heap *heap);

/* Give what was entered its ids, and end the listing. 0; -1 when memory is exhausted, or there are
   more than 4 billion objects. */
int heap_number(Heap *heap);

/* Read reference counts and edges of what was listed. 0; -1 when memory is exhausted or there
   are more than 2 billion edges. */
int heap_traverse(Heap *heap);

void heap_fini(Heap *heap);

#endif
