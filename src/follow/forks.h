/* forks: around os.fork() on free-threaded builds, where other threads may be in the middle of a
   pass that the child would find half done: the collector claimed for ever, counts one too high, a
   lock that nobody has any more. With a GIL a pass is not interrupted, and this does nothing.

   What CPython calls at a fork stays for as long as the interpreter, and the module need not. */

#ifndef GCSCOPE_FORKS_H
#define GCSCOPE_FORKS_H

#include "runtime/state.h"

#if GCSCOPE_FREE_THREADED

/* 0 or -1 with an exception. */
int forks_setup(PyObject *module);

/* When the module goes. */
void forks_forget(ModuleState *state);

#else

static inline int
forks_setup(PyObject *Py_UNUSED(module))
{
    return 0;
}

static inline void
forks_forget(ModuleState *Py_UNUSED(state))
{
}

#endif

#endif
