/* describer: objects and references as rows, for a person who reads a report.

   What an object or a reference is called is found by describe.h and labels/; here it becomes a
   Node or an Edge. A Describer is passed down as an argument: it lasts as long as one call from
   Python, and holds what the caller gave for the purpose, borrowed. */

#ifndef GCSCOPE_DESCRIBER_H
#define GCSCOPE_DESCRIBER_H

#include "heap/heap.h"
#include "heap/interp.h"
#include "labels/edge_label.h"
#include "runtime/rows.h"

typedef struct {
    const ModuleState *state;
    PyObject *labellers;        /* borrowed or NULL: dict, id of a type -> (type, labeller) */
    PyObject *object_traceback; /* borrowed or NULL: tracemalloc's function, which tells where an
                                   object was made */
    PyObject *sizers;           /* borrowed or NULL: dict, id of a type -> (type, sizer) */
} Describer;

/* From what a word is given: the labellers, a dict or None, and tracemalloc's function, or anything
   else for none. 0 or -1 with an exception. The other takes both from args[0 .. nargs), where they
   may be missing. */
int describer_init(Describer *describer, const ModuleState *state, PyObject *labellers,
                   PyObject *object_traceback);
int describer_from(Describer *describer, const ModuleState *state, PyObject *const *args,
                   Py_ssize_t nargs);

/* The table of sizers, from what a word is given: a dict, or None. 0 or -1 with an exception. */
int describer_take_sizers(Describer *describer, PyObject *sizers);

/* New reference: an object as a Node. NULL with an exception. */
PyObject *describer_node(const Describer *describer, PyObject *op);

/* Whether a Node says of an object nothing but its type. 1, 0, or -1 with an exception. */
int describer_is_nameless(const Describer *describer, PyObject *op);

/* New reference: the running frame, or the thread, that a slot belongs to, as a Node. */
PyObject *describer_frame(const Describer *describer, const FrameSlot *slot);

/* New reference: the reference from op to target as an Edge. NULL with an exception. */
PyObject *
describer_edge(const Describer *describer, const Label *label, PyObject *op, PyObject *target);

/* The same of a reference that belongs to the owner, borrowed, through its own dicts. */
PyObject *describer_edge_of(const Describer *describer, const Label *label, PyObject *op,
                            PyObject *target, PyObject *owner);

/* New reference: how many references own the object of a node; None where it is immortal, and they
   are not counted. NULL with an exception. */
PyObject *describer_refcount(const Heap *heap, NodeId node);

#endif
