/* empty_stack: a program runs as if nothing stood on the stack below it. */

#ifndef GCSCOPE_EMPTY_STACK_H
#define GCSCOPE_EMPTY_STACK_H

#include "base/compat.h"

/* Add the EmptyStack type to the module. 0 or -1 with an exception. */
int empty_stack_setup(PyObject *module);

#endif
