/* dying: what died while it was listed, on free-threaded builds.

   Other threads run between the listing of the heap and the stop in which it is read. What they let
   go of then lives by the reference of the listing alone. It is no part of the heap, nor is what
   only such objects keep; and what they refer to has a reference less, for whoever counts. Nothing
   of it is let go of in the stop, since that runs code of the program. */

#ifndef GCSCOPE_DYING_H
#define GCSCOPE_DYING_H

#include "base/index.h"
#include "heap/addrmap.h"

/* Zeroed, it is empty. */
typedef struct {
    VEC(PyObject *) objects; /* owned up to `owned`; then what only these keep, borrowed */
    size_t owned;
    Index targets;              /* address of what they refer to -> number */
    VEC(Py_ssize_t) references; /* number -> references to it */
} Dying;

/* From the owned ones, find what only they keep, and take it out of the map, which has neither
   numbers yet nor the owned ones. In a stop. 0; -1: out of memory. */
int dying_find(Dying *dying, Memory *memory, AddrMap *map);

/* How many references to an object they have. */
Py_ssize_t dying_references(const Dying *dying, PyObject *op);

/* Let go of what is owned; finalizers run. */
void dying_end(Dying *dying, Memory *memory);

#endif
