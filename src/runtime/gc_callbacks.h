/* gc_callbacks: our places in gc.callbacks, a list that others change as well.

   Callbacks are compared by identity: those of others may have an __eq__. */

#ifndef GCSCOPE_GC_CALLBACKS_H
#define GCSCOPE_GC_CALLBACKS_H

#include "base/compat.h"

/* Where a callback stands; -1: nowhere. `callbacks` may be NULL. */
static inline Py_ssize_t
gc_callbacks_find(PyObject *callbacks, PyObject *callback)
{
    for (Py_ssize_t i = 0; callbacks != NULL && i < PyList_GET_SIZE(callbacks); i++) {
        if (PyList_GET_ITEM(callbacks, i) == callback) {
            return i;
        }
    }
    return -1;
}

/* Take a callback out, if it is there. Cannot fail, as deleting from a list can for want of memory:
   the list keeps its table. */
static inline void
gc_callbacks_remove(PyObject *callbacks, PyObject *callback)
{
    Py_ssize_t place = gc_callbacks_find(callbacks, callback);
    if (place >= 0) {
        PyObject **items = ((PyListObject *)callbacks)->ob_item;
        Py_ssize_t left = PyList_GET_SIZE(callbacks) - 1;
        memmove(items + place, items + place + 1, (size_t)(left - place) * sizeof(PyObject *));
        Py_SET_SIZE(callbacks, left);
        Py_DECREF(callback);
    }
}

#endif
