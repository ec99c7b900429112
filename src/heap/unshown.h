/* unshown: references of builtin objects that they own and that tp_traverse leaves out, since
   nothing behind them can be in a ring: the str keys of a dict, the names of a class, the constants
   and names of a code object, the buffer of a BytesIO, the array that a view was made of. */

#ifndef GCSCOPE_UNSHOWN_H
#define GCSCOPE_UNSHOWN_H

#include "base/compat.h"

/* What it returns is not looked at: nothing here stops early. */
static inline void
unshown_visit_if_any(PyObject *target, visitproc visit, void *arg)
{
    if (target != NULL) {
        (void)visit(target, arg);
    }
}

/* Call visit(target, arg) once for each; what it returns is not looked at. Nothing for most
   objects. */
void unshown_visit(PyObject *op, visitproc visit, void *arg);

/* The same for the items of a numpy array of objects. They may be in rings, of which the collector
   sees nothing: no account of what it finds has these references. */
void unshown_visit_items(PyObject *op, visitproc visit, void *arg);

#endif
