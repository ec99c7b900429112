/* events: the journal and the instrumented objects, as Python asks for them. */

#ifndef GCSCOPE_EVENTS_H
#define GCSCOPE_EVENTS_H

#include "runtime/state.h"

/* Add the functions to the module. 0 or -1 with an exception. */
int events_setup(PyObject *module);

#endif
