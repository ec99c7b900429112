/* person: Person, the lecture's example of an instrumented type. */

#ifndef GCSCOPE_PERSON_H
#define GCSCOPE_PERSON_H

#include "runtime/state.h"

/* Add Person to the module, after Tracked, from which it derives. 0 or -1 with an exception. */
int person_setup(PyObject *module, ModuleState *state);

#endif
