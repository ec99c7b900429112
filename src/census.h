/* census: a set of objects as numbers only: addresses, sizes, types by name. It keeps none of them alive.

   What a collection did is told by comparing: who of this census is still tracked? */

#ifndef GCSCOPE_CENSUS_H
#define GCSCOPE_CENSUS_H

#include "pass.h"

/* Add the Census type to the module. 0 or -1 with an exception. */
int census_setup(PyObject *module, ModuleState *state);

/* Methods of the module, documented there. */
PyObject *census_dry_run(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *census_of(PyObject *module, PyObject *objects);
PyObject *census_arithmetic(PyObject *module, PyObject *addresses);

/* New reference: a census of what a pass that ran found unreachable. NULL with an exception. */
PyObject *census_of_unreachable(Pass *pass);

/* New reference: a census of objects[0 .. count); their types by name, as Census.types tells them. NULL with an exception. */
PyObject *census_of_objects(ModuleState *state, PyObject *const *objects, size_t count);
PyObject *census_types_of(const ModuleState *state, PyObject *const *objects, size_t count);

/* New reference: a census of those of `census` that are not in `other`. */
PyObject *census_without(PyObject *census, PyObject *other);

bool census_check(const ModuleState *state, PyObject *op);

/* Whether the object at `address` belongs to a census. census_index must have succeeded before; it returns 0, or -1 with
   MemoryError. */
int census_index(PyObject *census);
bool census_has(PyObject *census, const void *address);

#endif
