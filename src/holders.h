/* holders: who refers to an object, each reference by its name. The sum is its reference count. */

#ifndef GCSCOPE_HOLDERS_H
#define GCSCOPE_HOLDERS_H

#include "story.h"

/* Method of the module, documented there. */
PyObject *holders_of(PyObject *module, PyObject *const *args, Py_ssize_t nargs);

#endif
