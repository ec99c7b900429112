/* kinds: the references of one component, each with its kind.

   A kind of reference is whose it is and what it is called, (colour, label): every `Node.parent`.
   What a plain container holds belongs to the object that owns the container, and is called by the
   way from there: every `Node.children[*]`, through however many lists. Of several owners the
   nearest counts, of equally near ones the one with the smallest kind; so that a kind depends on
   shape and names alone. Items that may change and items of tuples are two kinds, as are references
   to objects and to containers. A container further than a few hops from any object stands for
   itself.

   Rows are read once each, by their names (referents_visit); what has no name left is called by its
   place among what tp_traverse shows, as in edge_label.h. */

#ifndef GCSCOPE_KINDS_H
#define GCSCOPE_KINDS_H

#include "base/index.h"
#include "graph/graph.h"
#include "graph/nodeset.h"
#include "labels/fold.h"
#include "query/part.h"
#include "query/type_facts.h"

typedef uint32_t KindId;
#define KIND_NONE INDEX_NONE

/* A __dict__ and the nodes of a mapping are no hops. */
enum { KIND_MOST_HOPS = 4, KIND_MOST_LABELS = KIND_MOST_HOPS + FOLD_MOST_NODES + 2 };

typedef struct {
    uint64_t hash;   /* of colour, label and nature: it is known by that */
    uint64_t colour; /* of the object whose reference it is */
    uint64_t nature; /* of its references and those by which one comes to it (nature_of) */
    FoldHash folded; /* its label */
    Label label;     /* of its last reference; its texts are borrowed from an object of the pass */
    KindId parent;   /* of the reference to the container that it comes from, or KIND_NONE */
    NodeId source;   /* of an example, as the target */
    NodeId target;
    NodeId owner;        /* the shown object from which one comes to that source */
    PyTypeObject *type;  /* borrowed: of the owner */
    uint32_t references; /* how many there are */
    int hops;            /* from a shown object */
    bool is_own;         /* the owner is an instance of a class of the program's own */
    bool is_instance;    /* ... of any class */
    bool is_upwards;     /* by a word with which a child calls its parent */
    bool is_item;        /* through a container */
    bool may_cut;        /* the last reference is one that a program may change */
} Kind;

typedef struct {
    Memory *memory;
    const Heap *heap; /* borrowed, as the facts */
    FactsOfTypes *facts;
    const NodeId *nodes; /* borrowed, as the next two, of the part that is labelled (part.h) */
    const Graph *graph;
    const NodeId *component;
    VEC(Kind) items;
    Index index;           /* by their hashes */
    VEC(KindId) of_edge;   /* edge of the graph -> kind, of those inside the component */
    VEC(NodeId) nearest;   /* number -> owner, of the component's containers */
    VEC(KindId) ways;      /* number -> kind of the reference to the container, or KIND_NONE */
    VEC(uint64_t) colours; /* number -> colour, of the component's members */
    NodeSet shown;         /* members that are no folded containers */
    NodeIds level, next;   /* containers at a distance from shown objects, and one further */
    VEC(uint32_t) slot_of; /* number -> 1 + first edge of a long row that leads there; or empty */
    VEC(uint32_t) slot_after;
    struct KindCacheEntry *cache; /* owned */
    uint32_t round;               /* counts components */
} Kinds;

/* Begin, for the components of chosen objects. */
void kinds_begin(Kinds *kinds, const Heap *heap, FactsOfTypes *facts);
void kinds_fini(Kinds *kinds);

/* Find the kinds of all references inside a component, and forget those of the one before. 0; -1
   out of memory. */
int kinds_label(Kinds *kinds, const Part *part);

/* Whether a reference is one that a program may change: an attribute, an item, a variable; never
   what belongs to the interpreter or a library. */
bool kinds_may_cut(const Label *label);

static inline PyObject *
kinds_object(const Kinds *kinds, NodeId number)
{
    return kinds->heap->objects.items[kinds->nodes[number]];
}

/* New reference: the label of a kind, canonical. NULL with an exception: out of memory. */
PyObject *kinds_text(const Kinds *kinds, KindId kind);

#endif
