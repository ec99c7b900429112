/* references: what an object refers to, each reference under its name, read from the object itself: no Python code runs, no
   __dict__ is made, no Python object is created.

   Here are the types whose struct is public or known to internals.h: containers, functions, classes, exceptions, frames,
   and the attributes of instances. The others are in opaque.h. */

#ifndef GCSCOPE_REFERENCES_H
#define GCSCOPE_REFERENCES_H

#include "label.h"

/* Visit every reference of op that can be named, in no particular order. Some may be shown by several names. `before` is an
   object that refers to op and through which one came here, or NULL: the closure of a function is named by it. */
void references_visit(PyObject *op, PyObject *before, LabelVisitor visit, void *arg);

#endif
