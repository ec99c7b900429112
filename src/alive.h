/* alive: why an object is alive, and what would be freed with it. */

#ifndef GCSCOPE_ALIVE_H
#define GCSCOPE_ALIVE_H

#include "story.h"

/* Methods of the module, documented there. */
PyObject *alive_why(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *alive_retained(PyObject *module, PyObject *box);
PyObject *alive_retainers(PyObject *module, PyObject *count);

#endif
