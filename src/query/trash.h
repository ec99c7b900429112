/* trash: whether a collection is under way that has found an object unreachable. To code that its
   finalizers and weakref callbacks run it is as any other; and yet no list has it. */

#ifndef GCSCOPE_TRASH_H
#define GCSCOPE_TRASH_H

#include "base/compat.h"

/* Method of the module, documented there. */
PyObject *trash_is_collected(PyObject *module, PyObject *objects);

#endif
