/* own_code: on free-threaded builds, what loading our own modules leaves.

   A module's code has run once when it is imported, and is dropped; so is the function by which the
   body of a class runs. Counting them is deferred there: they would be garbage of ours, in the heap
   of a program that has none. So what has no owner any more is kept from the first pass that meets
   it to the end of the module, and neither a report nor a collection has anything of it. */

#ifndef GCSCOPE_OWN_CODE_H
#define GCSCOPE_OWN_CODE_H

#include "base/vec.h"

typedef struct OwnCode {
    PyObject *folder; /* owned: where our modules lie, with a separator behind; NULL with a GIL */
    VEC(PyObject *) kept; /* owned, in memory of malloc */
} OwnCode;

/* Whether it is code of ours, a function that has such, or a descriptor of a type of ours. */
bool own_code_is(const OwnCode *own, PyObject *op);

/* Keep the reference that the caller has; false where there is no memory for that. */
bool own_code_keep(OwnCode *own, PyObject *op);

int own_code_traverse(const OwnCode *own, visitproc visit, void *arg);
void own_code_fini(OwnCode *own);

#endif
