/* cycles: the components of a set of objects, a shortest ring in each, and how many of them are of
   one form.

   What is told once must be found once: half a million rings of one form cost one explanation. So
   the rings are folded before anybody names them. Two rings have one form when the types and the
   labels along them agree, indexes apart, wherever one begins; that is decided by a hash of 128
   bits over them, from the smallest rotation on (rotation.h), and over whose doing the component is
   (provenance.h).

       cycles_find    chosen objects -> graph of their own -> components -> a shortest ring in each
                      -> forms
       cycles_ring    the ring of one specimen, again

   Of the rings of one form the specimen is the largest (forms_is_larger). */

#ifndef GCSCOPE_CYCLES_H
#define GCSCOPE_CYCLES_H

#include "graph/bfs.h"
#include "graph/cascade.h"
#include "graph/nodeset.h"
#include "graph/scc.h"
#include "heap/collector.h"
#include "heap/heap.h"
#include "labels/edge_label.h"
#include "query/forms.h"

typedef VEC(PyObject *) Objects;

typedef struct {
    PyTypeObject *type; /* borrowed */
    uint64_t hash;      /* of its name: the same in the next process */
    int rank;           /* how readily a user recognises its instances: 0 is best */
} TypeFacts;

typedef struct {
    Memory *memory;
    const Heap *heap;  /* borrowed */
    PyObject *library; /* borrowed or NULL: as of typename_rank */
    NodeSet chosen;    /* of the heap's nodes */
    bool is_live;      /* they are held from outside, too: only references from inside count */
    NodeIds nodes;     /* number among the chosen -> node of the heap */
    Graph graph;       /* of the chosen, by their numbers, as all below */
    Scc scc;
    Cascade cascade;
    Bfs bfs;
    AddrMap type_map;
    AddrCursor type_cursor;
    VEC(TypeFacts) types; /* of the members of components, by the numbers of type_map */
    Forms forms;
    VEC(uint64_t) pairs; /* of the ring that is being folded */
    NamedModule last;    /* of the class that was looked for last */
    Path ring;           /* the ring found last */
    bool exact;          /* whether it is known to be a shortest one */
} Cycles;

/* Begin with an empty `chosen`, which the caller then fills and numbers. 0; -1 out of memory. */
int cycles_begin(Cycles *cycles, Memory *memory, const Heap *heap, PyObject *library);
void cycles_fini(Cycles *cycles);

/* Find components, rings and forms. 0; -1 out of memory. */
int cycles_find(Cycles *cycles, bool is_live);

/* Into cycles->ring: the ring of a form's specimen. 0; -1 out of memory. */
int cycles_ring(Cycles *cycles, const Form *form);

/* The object of a number among the chosen. Borrowed. */
static inline PyObject *
cycles_object(const Cycles *cycles, NodeId number)
{
    return cycles->heap->objects.items[cycles->nodes.items[number]];
}

/* Choose, after a verdict: every unreachable object, or only those whose address is in `map` where
   `is_in`, else only those whose address is not. NULL: every one. 0; -1 out of memory. */
int cycles_choose(Cycles *cycles, const Collector *collector, const AddrMap *map, bool is_in);

/* Append all that was chosen, after cycles_find. 0; -1 out of memory. */
int cycles_chosen(const Cycles *cycles, Objects *objects);

/* Append the objects of members[0 .. count), borrowed. 0; -1 out of memory. */
int cycles_objects(const Cycles *cycles, const NodeId *members, size_t count, Objects *objects);

/* The i-th of the ring, which begins anew behind its end; i is less than twice its length. */
static inline NodeId
cycles_node(const Cycles *cycles, size_t i)
{
    size_t length = cycles->ring.length;
    return cycles->ring.items[i < length ? i : i - length];
}

/* The label of the reference from ring[i] to the next one. */
Label cycles_label(const Cycles *cycles, size_t i);

/* The members of a cyclic component, and how many there are. */
static inline NodeId *
cycles_members(const Cycles *cycles, size_t component)
{
    return cycles->scc.members.items + cycles->scc.starts.items[component];
}

static inline size_t
cycles_size(const Cycles *cycles, size_t component)
{
    const uint32_t *starts = cycles->scc.starts.items;
    return starts[component + 1] - starts[component];
}

#endif
