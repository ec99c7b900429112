/* instances: living objects of a type. */

#ifndef GCSCOPE_INSTANCES_H
#define GCSCOPE_INSTANCES_H

#include "runtime/state.h"

/* Method of the module, documented there. */
PyObject *instances_of(PyObject *module, PyObject *const *args, Py_ssize_t nargs);

#endif
