/* refs: how many references own an object. */

#ifndef GCSCOPE_REFS_H
#define GCSCOPE_REFS_H

#include "state.h"

/* Make the answer for immortal objects and add it to the module. 0 or -1 with an exception. */
int refs_setup(PyObject *module, ModuleState *state);

/* The public word, documented in module.c. */
PyObject *refs_refcount(PyObject *module, PyObject *obj);

#endif
