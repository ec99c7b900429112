/* child: a forked process looks at the heap as it was, while this one goes on.

   Child(make, limit) stops the process for the fork alone, and nobody in it notices: the child
   sends no signal when it ends and no wait() that does not ask for such children (__WCLONE) finds
   it; no handler of os.register_at_fork or pthread_atfork is called; no signal is lost, or handled
   twice.
   The child runs one Python function of ours (interp_child.h, blocks.h), writes the bytes that this
   returns into a pipe, and ends. It has closed all else that it inherited, waits for anybody who
   wants the processor, and is the first that the system ends where memory runs out. It is ended
   after so many seconds by a timer of its own, or when nobody waits for it any more: the process
   has ended, or has given up its Child.

   Linux only; and not on free-threaded builds, where no moment is known at which each lock of the
   interpreter and of its allocator is free, or held by the thread that forks. */

#ifndef GCSCOPE_CHILD_H
#define GCSCOPE_CHILD_H

#include "runtime/state.h"

/* Add the Child type to the module, where there is one. 0 or -1 with an exception. */
int child_setup(PyObject *module);

#endif
