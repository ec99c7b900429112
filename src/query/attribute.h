/* attribute: what an object has under a name or a key, read without running Python code. */

#ifndef GCSCOPE_ATTRIBUTE_H
#define GCSCOPE_ATTRIBUTE_H

#include "runtime/state.h"

/* Methods of the module, documented there. */
PyObject *attribute_of(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *attribute_entry(PyObject *module, PyObject *const *args, Py_ssize_t nargs);

#endif
