/* retained: what would be freed with an object, and which objects keep most. */

#ifndef GCSCOPE_RETAINED_H
#define GCSCOPE_RETAINED_H

#include "runtime/state.h"

/* Methods of the module, documented there. */
PyObject *retained_of(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *retained_heaviest(PyObject *module, PyObject *count);

#endif
