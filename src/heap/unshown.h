/* unshown: references of builtin objects that they own and that tp_traverse leaves out, since
   nothing behind them can be in a ring: the str keys of a dict, the names of a class, the constants
   and names of a code object, the buffer of a BytesIO, the array that a view was made of. */

#ifndef GCSCOPE_UNSHOWN_H
#define GCSCOPE_UNSHOWN_H

#include "base/compat.h"

/* Call visit(target, arg) once for each; what it returns is not looked at. Nothing for most
   objects. */
void unshown_visit(PyObject *op, visitproc visit, void *arg);

#endif
