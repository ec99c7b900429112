/* cycles: the components of a set of objects, the ring that stands for each, and how many of them
   are of one form.

   What is told once must be found once: half a million rings of one form cost one explanation. So
   components are folded before anybody names them. A component that is nothing but a ring is that
   ring; of any other ring_choice.h chooses the ring that stands for it. A form is that ring as it
   is told: of each shown object its type, the qualified name of a function or class, and the folded
   label of its reference (fold.h), without indexes, and keys other than str; wherever one begins.
   It is known by a hash of 128 bits, from the smallest rotation on (rotation.h), and over whose
   doing the component is (provenance.h). Components whose shapes have the same digest are of one
   form, and only the first of them is searched.

       cycles_find    chosen objects -> graph of their own -> components -> a ring for each -> forms
       cycles_ring    the ring of one specimen, again
       cycles_steps   the shown objects on it

   Of the components of one form the specimen is the largest (forms_compare). */

#ifndef GCSCOPE_CYCLES_H
#define GCSCOPE_CYCLES_H

#include "graph/cascade.h"
#include "graph/nodeset.h"
#include "graph/scc.h"
#include "heap/collector.h"
#include "heap/heap.h"
#include "labels/fold.h"
#include "query/forms.h"
#include "query/ring_choice.h"
#include "query/sized.h"

typedef VEC(PyObject *) Objects;

/* A shown object on a ring. */
typedef struct {
    size_t place;  /* on the ring */
    uint64_t pair; /* hash of its colour and of the label to the next one */
} RingStep;

typedef struct {
    Memory *memory;
    const Heap *heap;         /* borrowed */
    const ModuleState *state; /* borrowed */
    NodeSet chosen;           /* of the heap's nodes */
    bool is_live;  /* they are held from outside, too: only references from inside count */
    NodeIds nodes; /* number among the chosen -> node of the heap */
    Graph graph;   /* of the chosen, by their numbers, as all below */
    Scc scc;
    Cascade cascade;
    FactsOfTypes facts;
    RingChoice choice;
    Forms forms;
    VEC(NodeId) paths;    /* of rings that were chosen: their nodes, then places */
    Index digests;        /* of the shapes of components that were searched */
    VEC(uint64_t) hashes; /* two for each digest: the hash of the ring */
    VEC(RingStep) steps;  /* of the ring found last */
    VEC(uint64_t) pairs;  /* of those */
    NamedModule last;     /* of the class that was looked for last */
    VEC(Label) labels;    /* of the references of that ring, where they are few, or empty */
    Path ring;            /* the ring found last */
    NodeIds places;       /* which of the parallel references to the next it is */
    Leaves leaves;        /* the untracked objects that they hold; its owners are components */
    NodeSet counted;      /* whose bytes and leaves are counted */
    uint64_t bytes;       /* of all that was chosen, where it lives of all components, and of the
                             leaves that only they hold */
    SizedObjects sized;   /* among what is counted */
} Cycles;

/* Begin with an empty `chosen`, which the caller then fills and numbers. 0; -1 out of memory. */
int cycles_begin(Cycles *cycles, Memory *memory, const Heap *heap, const ModuleState *state);
void cycles_fini(Cycles *cycles);

/* Find components, rings, forms and bytes. `sizers` is borrowed: the table of sized.h, or NULL. 0;
   -1 out of memory. */
int cycles_find(Cycles *cycles, bool is_live, PyObject *sizers);

/* Into cycles->ring: the ring of a form's specimen. 0; -1 out of memory. */
int cycles_ring(Cycles *cycles, const Form *form);

/* Into cycles->steps: the shown objects on cycles->ring, in its order. 0; -1 out of memory. */
int cycles_steps(Cycles *cycles);

/* Turn cycles->ring, and its steps, to begin at the object that a user would recognise: the same in
   every run. 0; -1 out of memory. */
int cycles_turn(Cycles *cycles);

/* New reference: the form of cycles->ring in words, from the smallest rotation on: a line for each
   shown object, its type, its qualified name where it has one, and the label. Of a very long ring
   a number for all, and the first lines. NULL with an exception: out of memory. */
PyObject *cycles_form(Cycles *cycles);

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
