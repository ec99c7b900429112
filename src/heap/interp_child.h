/* interp_child: the interpreter in a forked child, where of all threads only the one is left that
   forked. Third of the rooms that see its private structures.

   os.fork() ends the other threads in the child, for which it clears what they have, and calls what
   the program has registered for that. Here nothing of the program shall run and all is to stay as
   it was, the frames of the other threads with it. So the locks are made anew that one of them may
   have held while this one had the GIL, and what the interpreter was asked to do as soon as it can
   is forgotten: to give the GIL to another thread, to call a signal's handler, to collect. */

#ifndef GCSCOPE_INTERP_CHILD_H
#define GCSCOPE_INTERP_CHILD_H

#include "base/compat.h"

/* Whether the structures are known, and are what they were when this was compiled: what is in them
   is compared with what public functions tell. The caller has the GIL. */
bool interp_child_is_possible(void);

/* After this, in the child, Python code of ours runs as in a process with one thread, and no signal
   handler, pending call, trace function or automatic collection does. The caller has had the GIL
   when it forked. */
void interp_child_begin(void);

#endif
