/* waiting: of what is unreachable, what is in no ring and kept by none, and yet was not freed.
   There is such only on free-threaded builds, where references are counted in parts:

       deferred   classes, modules, code objects, top-level functions and their like: no count of
                  theirs is looked at but by the collector
       queued     objects that another thread than their own has let go of last: their own thread
                  frees them as soon as it runs
       put off    dicts that were replaced, which the interpreter lets go of a little later

   An object waits by itself, or is kept by one that does. What is kept by several waits for the
   first of these that applies, in this order. */

#ifndef GCSCOPE_WAITING_H
#define GCSCOPE_WAITING_H

#include "query/cycles.h"
#include "query/describer.h"

/* Method of the module, documented there. */
PyObject *waiting_why(PyObject *module, PyObject *box);

#if GCSCOPE_FREE_THREADED

/* What it waits for, of which the collector, or a thread, will free it. */
typedef enum {
    WAITING_NOT, /* in a ring, or kept by one, or it is not known why */
    WAITING_DEFERRED,
    WAITING_QUEUED,
    WAITING_PUT_OFF,
    WAITING_REASONS
} WaitingReason;

typedef struct {
    const Cycles *cycles;   /* borrowed */
    VEC(uint8_t) reason;    /* number among the chosen -> WaitingReason */
    VEC(uint8_t) is_itself; /* and whether it waits by itself */
    NodeIds met;            /* a work list */
} Waiting;

/* After cycles_find, in a stop. 0; -1: out of memory. It may be ended after either. */
int waiting_find(Waiting *waiting, const Cycles *cycles);
void waiting_fini(Waiting *waiting);

/* New reference: the word for what an object waits for, by its number among the chosen; NULL with
   an exception. `none`: the word where it waits for nothing. */
PyObject *waiting_word(const Waiting *waiting, NodeId number, const char *none);

/* New references: a list of WaitingObjects, one for each reason that there is; a list of Node,
   functions that run, are unreachable, and would lose their globals, which are so, too. NULL with
   an exception. */
PyObject *waiting_rows(const Cycles *cycles);
PyObject *waiting_running(const Describer *describer, const Cycles *cycles);

#else

static inline PyObject *
waiting_rows(const Cycles *Py_UNUSED(cycles))
{
    return PyList_New(0);
}

static inline PyObject *
waiting_running(const Describer *Py_UNUSED(describer), const Cycles *Py_UNUSED(cycles))
{
    return PyList_New(0);
}

#endif

#endif
