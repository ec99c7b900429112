/* roll_call: a set of objects as numbers only: addresses, types by name. It keeps none of
   them alive.

   What a collection did is found by comparing: which objects of a RollCall are still tracked? */

#ifndef GCSCOPE_ROLL_CALL_H
#define GCSCOPE_ROLL_CALL_H

#include "runtime/scan.h"

/* Add the RollCall type to the module. 0 or -1 with an exception. */
int roll_call_setup(PyObject *module, ModuleState *state);

/* Methods of the module, documented there. */
PyObject *roll_call_dry_run(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *roll_call_of(PyObject *module, PyObject *objects);
PyObject *roll_call_known(PyObject *module, PyObject *unreachable);

/* New reference: a RollCall of what a pass that ran found unreachable. NULL with an exception. */
PyObject *roll_call_of_unreachable(Scan *scan);

/* New references: a RollCall of objects[0 .. count); their types by name, as RollCall.types returns
   them. NULL with an exception. */
PyObject *roll_call_of_objects(const ModuleState *state, PyObject *const *objects, size_t count);
PyObject *roll_call_types_of(const ModuleState *state, PyObject *const *objects, size_t count);

/* New reference: a RollCall of what is in `roll_call`, not in `other`. NULL with an exception. */
PyObject *roll_call_without(PyObject *roll_call, PyObject *other);

bool roll_call_check(const ModuleState *state, PyObject *op);

/* How many objects there are; and their types, added to the counts of two
   dicts. 0 or -1 with an exception. */
size_t roll_call_objects(PyObject *roll_call);
int roll_call_add_types(PyObject *roll_call, PyObject *instrumented, PyObject *others);

/* False: none of them is an instrumented object. */
bool roll_call_has_instrumented(PyObject *roll_call);

/* Whether the object at `address` is in a RollCall. roll_call_index must have succeeded before; it
   returns 0, or -1 with MemoryError. */
int roll_call_index(PyObject *roll_call);
bool roll_call_has(PyObject *roll_call, const void *address);

#endif
