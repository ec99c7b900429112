/* tracked: the instrumented types. Tracked, the base; Person, the lecture's example. */

#ifndef GCSCOPE_TRACKED_H
#define GCSCOPE_TRACKED_H

#include "runtime/state.h"

/* Add Tracked and Person to the module. 0 or -1 with an exception. */
int tracked_setup(PyObject *module, ModuleState *state);

/* See to it that the journal hears of collections: enter our callback into gc.callbacks unless it
   stands there. 0 or -1 with an exception. The other takes it out. */
int tracked_follow_collector(ModuleState *state);
void tracked_forget_collector(ModuleState *state);

/* New reference: a list with (serial, type, name or None, whether it is in `roll call`) of every
   instrumented object that is alive, in the order of creation. `roll call` is a RollCall or NULL. */
PyObject *tracked_alive(ModuleState *state, PyObject *roll_call);

/* Borrowed: the name of a Person, an exact str; NULL of any other object and before __init__. */
PyObject *tracked_name(const ModuleState *state, PyObject *op);

/* New reference: the serial number of an instrumented object; None of any other. NULL with an
   exception. */
PyObject *tracked_serial(const ModuleState *state, PyObject *op);

#endif
