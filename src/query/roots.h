/* alive: why an object is alive, and what would be freed with it. */

#ifndef GCSCOPE_ROOTS_H
#define GCSCOPE_ROOTS_H

#include "query/garbage.h"

/* Methods of the module, documented there. */
PyObject *roots_why_alive(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *roots_retained(PyObject *module, PyObject *box);
PyObject *roots_retainers(PyObject *module, PyObject *count);

#endif
