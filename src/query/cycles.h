/* rings: the components of a set of objects, a shortest ring in each, and how many of them are of
   one form.

   What is told once must be found once: half a million rings of one form cost one explanation. So
   the rings are folded before anybody names them. Two rings have one form when the types and the
   labels along them agree, indexes apart, wherever one begins; that is decided by a hash of 128
   bits over them, from the smallest rotation on (Booth's problem, here by the two-pointer method of
   Shiloach, "Fast canonization of circular strings", 1981).

       rings_find     subset -> graph of its own -> components -> a shortest ring in each -> forms
       rings_ring     the ring of one specimen, again
       rings_try      what reference counting would free, were one reference of that ring gone, or
   all that are like it

   Of the rings of one form the specimen is the one with the largest component, then with most that
   it drags along, then of most bytes, its own before those: so that it is the same one in the next
   run. */

#ifndef GCSCOPE_CYCLES_H
#define GCSCOPE_CYCLES_H

#include "graph/cascade.h"
#include "heap/heap.h"
#include "labels/edge_label.h"
#include "graph/bfs.h"
#include "graph/scc.h"
#include "graph/nodeset.h"

typedef struct {
    uint64_t hash[2];
    size_t count;   /* rings of this form */
    size_t group;   /* the specimen: a cyclic component, by its number in Scc.starts */
    size_t objects; /* in the specimen's component */
    size_t dragged; /* objects outside it that only the component keeps */
    uint64_t bytes; /* of the component */
    uint64_t dragged_bytes;
} Form;

typedef struct {
    PyTypeObject *type; /* borrowed */
    uint64_t hash;      /* of its name: the same in the next process */
    int rank;           /* how readily a user recognises its instances: 0 is best */
} TypeFacts;

typedef struct {
    Memory *memory;
    const Heap *heap;  /* borrowed */
    PyObject *library; /* borrowed or NULL: as of typename_rank */
    NodeSet nodeset;   /* of the heap's nodes */
    VEC(NodeId) nodes; /* number in the subset -> node of the heap */
    Graph graph;       /* of the subset */
    Scc scc;
    Cascade cascade;
    Bfs bfs;
    AddrMap type_map;
    VEC(TypeFacts) types; /* of the members of components, by the numbers of type_map */
    VEC(Form) forms;      /* in the order in which the first specimen was met */
    VEC(uint32_t) slots;  /* hash table: 1 + number of a form, or 0 */
    VEC(uint64_t) pairs;  /* of the ring that is being folded */
    VEC(uint32_t) shown;  /* for rings_try: all 0 between two calls */
    VEC(Edge) cuts;
    VEC(uint32_t)
    entries; /* number -> references from outside its component; empty until they are wanted */
    const Form *focus; /* the form whose entries are taken off fall.counts, or NULL; borrowed */
    bool is_live;
    Path ring;  /* the ring found last */
    bool exact; /* whether it is known to be a shortest one */
} Rings;

/* `rings->subset` must have been made, and numbered. `is_live`: the objects are held from outside
   too, and only references from inside count. 0; -1 out of memory. */
int rings_begin(Rings *rings, Memory *memory, const Heap *heap, PyObject *library);
int rings_find(Rings *rings, bool is_live);
void rings_fini(Rings *rings);

/* Into rings->ring: the ring of a form's specimen, as numbers of the subset. What is tried from now
   on is tried on it: if it is live, as though nothing else held it. 0 or -1. */
int rings_ring(Rings *rings, const Form *form);

/* What is tried from now on, until the next rings_ring, is tried as though no other ring held this
   one. 1; 0: no other does; -1: out of memory. */
int rings_isolate(Rings *rings, const Form *form);

/* The object of a number of the subset. Borrowed. */
static inline PyObject *
rings_object(const Rings *rings, NodeId number)
{
    return rings->heap->objects.items[rings->nodes.items[number]];
}

/* The label of the reference from ring[i] to the next one. */
Label rings_label(const Rings *rings, size_t i);

/* How many objects reference counting would free if the reference from ring[i] to the next one
   went. -1: out of memory. */
int64_t rings_try(Rings *rings, size_t i);

/* The same with every reference of the component that has the same label and, unless that is an
   attribute, comes from an object of the same type; how many there are in *references. -1: out of
   memory. */
int64_t rings_try_all_like(Rings *rings, const Form *form, size_t i, size_t *references);

/* The same with every reference from ring[i] to the component that a program may change, as with a
   close() of that object: their labels, each once and `labels_room` at most, in labels, how many in
   *label_count. -1: out of memory. */
int64_t rings_try_clearing(Rings *rings, size_t i, Label *labels, size_t labels_room,
                           size_t *label_count, size_t *references);

/* Whether a reference is one that a program may change: an attribute, an item, a variable; never
   what belongs to the interpreter or a library. */
bool rings_may_cut(const Label *label);

#endif
