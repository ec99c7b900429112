/* garbage: the rings among what a collection would find unreachable, and those that some objects
   are part of or lead to. */

#ifndef GCSCOPE_GARBAGE_H
#define GCSCOPE_GARBAGE_H

#include "runtime/state.h"

/* Methods of the module, documented there. */
PyObject *garbage_unreachable(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *garbage_live(PyObject *module, PyObject *const *args, Py_ssize_t nargs);

#endif
