/* tracked: Tracked, the base of instrumented types, and what its descendants in C need. */

#ifndef GCSCOPE_TRACKED_H
#define GCSCOPE_TRACKED_H

#include "runtime/state.h"

typedef struct {
    PyObject_HEAD
    PyObject *dict;            /* owned or NULL: the instance's __dict__ */
    PyObject *weak_references; /* owned by the weakref module's machinery */
    Journal *journal;          /* shared, never NULL */
    Life life;
} TrackedObject;

typedef struct {
    TrackedObject tracked;
    PyObject *name;    /* owned exact str, or NULL before __init__ */
    PyObject *friends; /* owned exact list, or NULL after the collector cleared it */
} PersonObject;

/* The numbers that the names of the two exact types have in every journal: tracked_setup enters
   them first. */
enum { TYPE_TRACKED, TYPE_PERSON };

/* Add Tracked to the module. 0 or -1 with an exception. */
int tracked_setup(PyObject *module, ModuleState *state);

/* See to it that the journal hears of collections: enter our callback into gc.callbacks unless it
   stands there. 0 or -1 with an exception. The other takes it out. */
int tracked_follow_collector(ModuleState *state);
void tracked_forget_collector(ModuleState *state);

/* Let go of what is known about classes. */
void tracked_forget_classes(ModuleState *state);

/* List who is alive, in a table that is empty: 0, or -1 when memory is exhausted. */
int tracked_list_fates(Journal *journal, FateTable *table);

/* Tell in a table what became of those who live though a collection had found them unreachable: who
   is in the first RollCall, and then who is in the second too. 0 or -1 with an exception. */
int tracked_settle_fates(Journal *journal, FateTable *table, PyObject *unreachable,
                         PyObject *uncollectable);

typedef struct {
    PyObject *unreachable, *uncollectable; /* borrowed: each a RollCall or NULL */
    uint64_t first_serial;                 /* of who has survived only those are counted that have
                                              this serial or a higher one */
    uint64_t end_serial;                   /* who has this one or a higher one is not looked at */
} Living;

/* Add who is alive to the counts of each type and fate. 0 or -1 with an exception. */
int tracked_count_living(Journal *journal, const Living *living, size_t (*counts)[FATE_KINDS]);

/* Borrowed: the name of a Person, an exact str; NULL of any other object and before __init__. */
PyObject *tracked_name(const ModuleState *state, PyObject *op);

/* New reference: the serial number of an instrumented object; None of any other. NULL with an
   exception. */
PyObject *tracked_serial(const ModuleState *state, PyObject *op);

/* New reference: a call of a class as type.__call__ does it, from the arguments of a vectorcall. */
PyObject *
tracked_call(PyTypeObject *type, PyObject *const *args, Py_ssize_t nargs, PyObject *keywords);

/* For types that derive from Tracked in C, each in the slot that its name says. tracked_alloc: a
   new object with its life; all that can fail comes before the allocation. tracked_end: the end of
   an object; `dealloc` is the tp_dealloc that calls it. tracked_note: an event of its life. */
PyObject *tracked_alloc(PyTypeObject *type, ModuleState *state);
void tracked_end(PyObject *op, destructor dealloc, void (*drop_fields)(PyObject *));
void tracked_note(PyObject *op, EventKind kind, FreedBy by, Py_ssize_t refcount);
void tracked_drop(PyObject *op);
void tracked_finalize(PyObject *op);
int tracked_traverse(PyObject *op, visitproc visit, void *arg);
int tracked_clear(PyObject *op);
PyObject *tracked_getstate(PyObject *self, PyObject *ignored);

#endif
