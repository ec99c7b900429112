/* worker: a thread of ours in a process that is somebody else's.

   What it does is an iterator of steps, which says after each of them what to wait for. The thread
   waits without the GIL, in poll, and costs nothing there. No fork finds it:

       before a fork        it ends, as soon as it waits; a step that may be interrupted gets a
                            GeneratorExit
       after it, parent     a new thread goes on: with the wait, or with steps that are made anew
       after it, child      as there, where that is asked for; else nothing of it is left

   so that no child has locks that a thread of ours held, and no fork is warned of one. A step that
   does not end for so long as FORK_WAITS_MS lives through the fork: nothing waits for user code
   that waits for who forks.

   The thread is none of Python's: Python code that has replaced _thread, threading or select, as
   gevent does, is not asked, and threading's hooks are not called. It takes no signals, which are
   the program's. What runs at a fork is C alone: an exception of a signal handler, which could
   strike in a Python function there, would be lost. */

#ifndef GCSCOPE_WORKER_H
#define GCSCOPE_WORKER_H

#include "runtime/state.h"

/* Add the Worker type to the module. 0 or -1 with an exception. */
int worker_setup(PyObject *module);

/* Methods of the module, for os.register_at_fork. */
PyObject *worker_before_fork(PyObject *module, PyObject *ignored);
PyObject *worker_after_fork(PyObject *module, PyObject *ignored);
PyObject *worker_in_child(PyObject *module, PyObject *ignored);

#endif
