/* census: a set of objects as numbers only: addresses, sizes, types by name. It keeps none of them alive.

   Here the way from the heap to a verdict is walked (census_dry_run), and this is the first room after the heap's that
   makes Python objects. What a collection did is told by comparing: who of this census is still tracked? */

#ifndef GCSCOPE_CENSUS_H
#define GCSCOPE_CENSUS_H

#include "state.h"

/* Add the Census type to the module. 0 or -1 with an exception. */
int census_setup(PyObject *module, ModuleState *state);

/* Methods of the module, documented there. */
PyObject *census_dry_run(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *census_of(PyObject *module, PyObject *objects);
PyObject *census_arithmetic(PyObject *module, PyObject *addresses);

bool census_check(const ModuleState *state, PyObject *op);

/* Whether the object at `address` belongs to a census. census_index must have succeeded before; it returns 0, or -1 with
   MemoryError. */
int census_index(PyObject *census);
bool census_has(PyObject *census, const void *address);

#endif
