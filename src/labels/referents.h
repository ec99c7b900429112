/* references: what an object refers to, each reference under its name, read from the object itself:
   no Python code runs, no
   __dict__ is made, no Python object is created.

   Here are the types whose struct is public or known to interp.h: containers, functions, classes,
   exceptions, frames, and the attributes of instances. The others are in private_types.h. */

#ifndef GCSCOPE_REFERENTS_H
#define GCSCOPE_REFERENTS_H

#include "labels/label.h"

/* Visit every reference of op that can be named, in no particular order. Some may be shown by
   several names. `before` is an object that refers to op and through which one came here, or NULL:
   the closure of a function is named by it. */
void referents_visit(PyObject *op, PyObject *before, LabelFunc visit, void *arg);

#endif
