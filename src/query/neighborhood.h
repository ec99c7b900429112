/* neighborhood: some objects, what they lead to, who else refers to them, and the collector's
   arithmetic with them: numbers, which neighborhood_rows.h describes.

   The objects are given by address, so that asking holds nothing, or in a tuple, which does not
   count. Of those that a walk from them meets (reach.h) the first `most` are shown. The others
   count all the same: what is told of a shown object is true, however many there are.

       neighborhood_find   walk        from the given objects
                           judge       the dry run on what was met: what is left of each count comes
                                       from outside; and which of it leads back to itself
                           gather      who else, of the tracked objects, refers to what is shown
       neighborhood_row    the references of one shown object to others, for whoever goes through
                           them one by one */

#ifndef GCSCOPE_NEIGHBORHOOD_H
#define GCSCOPE_NEIGHBORHOOD_H

#include "graph/scc.h"
#include "query/reach.h"
#include "runtime/scan.h"

/* All references from one object to a shown one. */
typedef struct {
    NodeId source; /* a node of the heap */
    NodeId place;  /* of the shown object */
    uint32_t references;
    uint32_t unowned;       /* of those own nothing */
    uint32_t named, passed; /* for neighborhood_rows.c: how many have a name, how many were met */
    size_t first;           /* the first of its labels there */
} Bundle;

typedef VEC(Bundle) Bundles;

typedef struct {
    uint32_t outside; /* owned references from tracked objects that were not met */
    uint32_t told;    /* holders from outside that are told */
} Tally;

/* How many objects, and how many of them pictures write as a part of a label: plain containers that
   one object which was met holds, and nobody else. */
typedef struct {
    size_t objects;
    size_t folded;
} Extent;

typedef struct {
    Scan *scan; /* borrowed */
    Reach reach;
    size_t shown;         /* how many are shown: places 0 .. shown - 1 */
    Collector generation; /* place -> gc_refs and verdict, as though all that were met were a
                             generation that is collected */
    Scc scc;              /* of all that were met, by place */
    VEC(uint32_t) rings;  /* place -> 1 + its cyclic component, or 0 */
    VEC(Tally) tallies;   /* place of a shown one */
    Bundles outer;        /* references from outside, those of one object side by side; not many of
                             one that is shown */
    Bundles inner;        /* after neighborhood_row */
    VEC(uint32_t) bundle; /* place of a shown one -> 1 + a bundle while a row is read, or 0 */
} Neighborhood;

/* Find all of it, after scan_judge. `given` is a list of addresses, or the tuple
   scan->given; `neighborhood` zeroed. 0, or -1 with an exception. */
int neighborhood_find(Neighborhood *neighborhood, Scan *scan, PyObject *given, size_t most);
void neighborhood_fini(Neighborhood *neighborhood);

/* Whether one that was met, shown or not, is a plain container which another one of them alone
   holds. */
bool neighborhood_is_folded(const Neighborhood *neighborhood, size_t place);

/* Of all that were met. */
Extent neighborhood_extent(const Neighborhood *neighborhood);

/* Of one cyclic component. They are in the order of their first places: those of shown objects come
   first. */
Extent neighborhood_ring_extent(const Neighborhood *neighborhood, size_t ring);

/* Into neighborhood->inner: the references of a shown object to shown ones, first to last as a
   program sees them. 0; -1: out of memory. */
int neighborhood_row(Neighborhood *neighborhood, size_t place);

static inline PyObject *
neighborhood_object(const Neighborhood *neighborhood, size_t place)
{
    return neighborhood->scan->heap.objects.items[neighborhood->reach.met.items[place]];
}

/* The place of a shown object + 1; 0 of any other. */
static inline NodeId
neighborhood_place(const Neighborhood *neighborhood, NodeId node)
{
    NodeId place = neighborhood->reach.place.items[node];
    return place <= neighborhood->shown ? place : 0;
}

/* The same for the object at an address. */
static inline NodeId
neighborhood_place_of(const Neighborhood *neighborhood, PyObject *op)
{
    NodeId node;
    return addrmap_find(&neighborhood->scan->heap.map, op, &node)
               ? neighborhood_place(neighborhood, node)
               : 0;
}

/* Visit what lies at the addresses of a list, as far as it is in a heap, until a visit returns
   true. 0 or -1 with an exception: one of them is no int. */
int neighborhood_visit_addresses(const Heap *heap, PyObject *addresses,
                                 bool (*visit)(void *arg, NodeId node), void *arg);

#endif
