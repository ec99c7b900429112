/* roots: why an object is alive: the shortest chain of references from a root to it. */

#ifndef GCSCOPE_ROOTS_H
#define GCSCOPE_ROOTS_H

#include "runtime/state.h"

/* Method of the module, documented there. */
PyObject *roots_why_alive(PyObject *module, PyObject *const *args, Py_ssize_t nargs);

#endif
