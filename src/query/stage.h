/* stage: some objects, what they lead to, who else refers to them, and the collector's arithmetic
   with them: numbers, which neighborhood.h puts into words.

   The objects are given by address, so that asking holds nothing, or in a tuple, which does not
   count. Of those that a walk from them meets the first `most` are shown. The others count all the
   same: what is told of a shown object is true, however many there are. */

#ifndef GCSCOPE_STAGE_H
#define GCSCOPE_STAGE_H

#include "runtime/scan.h"

/* All references from one object to a shown one. */
typedef struct {
    NodeId source; /* a node of the heap */
    NodeId place;  /* of the shown object */
    uint32_t references;
    uint32_t unowned;       /* of those own nothing */
    uint32_t named, passed; /* for neighborhood.c, while it names them: how many have a name, and
                               how many were met */
    size_t first;           /* the first of its labels there */
} Bundle;

typedef VEC(Bundle) Bundles;

typedef struct {
    uint32_t outside; /* owned references from tracked objects that were not met */
    uint32_t told;    /* holders from outside that are told */
} Tally;

typedef struct {
    Scan *scan;        /* borrowed */
    VEC(NodeId) met;   /* place -> node, in the order in which they are met; the given ones first */
    VEC(NodeId) place; /* node -> place + 1, or 0 */
    size_t given;      /* how many were given: places 0 .. given - 1 */
    size_t shown;      /* how many are shown: places 0 .. shown - 1 */
    VEC(NodeId)
    via; /* place of a shown one -> the place through which it was met; its own for a given one */
    VEC(NodeId) depth;    /* place of a shown one -> references from a given one */
    Collector generation; /* place -> gc_refs and verdict, as though all that were met were a
                             generation that is collected */
    VEC(Tally) tallies;   /* place of a shown one */
    Bundles visitors; /* references from outside, those of one object side by side; not many of one
                         that is shown */
    Bundles inside;   /* after stage_row */
    VEC(uint32_t)
    bundle; /* place of a shown one -> 1 + a bundle's number, or 0: for whoever goes through a row */
} Stage;

/* Walk, count and judge, after scan_judge. `given` is a list of addresses, or the tuple
   scan->given; `stage` zeroed. 0, or -1 with an exception. */
int stage_set(Stage *stage, Scan *scan, PyObject *given, size_t most);
void stage_fini(Stage *stage);

/* Into stage->inside: the references of a shown object to shown ones, first to last as a program
   sees them. 0; -1: out of memory. */
int stage_row(Stage *stage, size_t place);

static inline PyObject *
stage_object(const Stage *stage, size_t place)
{
    return stage->scan->heap.objects.items[stage->met.items[place]];
}

/* The place of a shown object + 1; 0 of any other. */
static inline NodeId
stage_place(const Stage *stage, NodeId node)
{
    NodeId place = stage->place.items[node];
    return place <= stage->shown ? place : 0;
}

/* Visit what lies at the addresses of a list, as far as it is in a heap, until a visit returns
   true. 0 or -1 with an exception: one of them is no int. */
int stage_visit_addresses(const Heap *heap, PyObject *addresses,
                          bool (*visit)(void *arg, NodeId node), void *arg);

#endif
