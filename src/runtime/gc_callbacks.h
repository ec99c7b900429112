/* gc_callbacks: our places in gc.callbacks, a list that others change as well.

   Callbacks are compared by identity: those of others may have an __eq__. */

#ifndef GCSCOPE_GC_CALLBACKS_H
#define GCSCOPE_GC_CALLBACKS_H

#include "base/compat.h"

/* Where a callback stands; -1: nowhere. `callbacks` may be NULL. */
static inline Py_ssize_t
gc_callbacks_find(PyObject *callbacks, PyObject *callback)
{
    Py_ssize_t place = -1;
    if (callbacks != NULL) {
        CRITICAL_BEGIN(callbacks);
        for (Py_ssize_t i = 0; i < PyList_GET_SIZE(callbacks) && place < 0; i++) {
            place = PyList_GET_ITEM(callbacks, i) == callback ? i : -1;
        }
        CRITICAL_END();
    }
    return place;
}

/* Take a callback out, if it is there. Cannot fail, as deleting from a list can for want of memory:
   the list keeps its table. */
static inline void
gc_callbacks_remove(PyObject *callbacks, PyObject *callback)
{
    Py_ssize_t place = gc_callbacks_find(callbacks, callback);
    bool is_there = place >= 0;
    if (is_there) {
        CRITICAL_BEGIN(callbacks);
        PyObject **items = ((PyListObject *)callbacks)->ob_item;
        Py_ssize_t left = PyList_GET_SIZE(callbacks) - 1;
        is_there = place <= left && items[place] == callback;
        if (is_there) {
            memmove(items + place, items + place + 1, (size_t)(left - place) * sizeof(PyObject *));
            Py_SET_SIZE(callbacks, left);
        }
        CRITICAL_END();
    }
    if (is_there) {
        Py_DECREF(callback);
    }
}

#endif
