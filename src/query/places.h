/* places: where in the user's source an object stands. No Python code runs. */

#ifndef GCSCOPE_PLACES_H
#define GCSCOPE_PLACES_H

#include "runtime/rows.h"

/* New reference: where a frame, traceback, function, generator or class stands, as a Place; of
   other objects where they were made, if object_traceback, tracemalloc's function, is not NULL;
   else None. NULL with an exception. */
PyObject *places_of_object(const ModuleState *state, PyObject *object_traceback, PyObject *op);

/* New reference: the Place where a piece of code begins; None where there is none (NULL). NULL with
   an exception. */
PyObject *places_of_code(const ModuleState *state, const PyCodeObject *code);

#endif
