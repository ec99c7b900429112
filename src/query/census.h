/* census: how many objects of each type there are, tracked or not, and the bytes they take. */

#ifndef GCSCOPE_CENSUS_H
#define GCSCOPE_CENSUS_H

#include "runtime/state.h"

/* Method of the module, documented there. */
PyObject *census_of_all(PyObject *module, PyObject *const *args, Py_ssize_t nargs);

#endif
