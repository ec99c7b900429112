/* refcount: how many references own an object. */

#ifndef GCSCOPE_REFCOUNT_H
#define GCSCOPE_REFCOUNT_H

#include "runtime/state.h"

/* Make the answer for immortal objects and add it to the module. 0 or -1 with an exception. */
int refcount_setup(PyObject *module, ModuleState *state);

/* The public word, documented in module.c. */
PyObject *refcount_of(PyObject *module, PyObject *obj);

#endif
