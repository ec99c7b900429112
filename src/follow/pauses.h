/* pauses: how long each collection stops the program, how many objects it looks at, how many it
   frees; and of some full ones, which rings they are about to find.

   A collection is noted when it ends: a few numbers, with no memory asked for, the last of each
   generation and sums over all. What rings a full collection will find is seen before it, by the
   dry run, which costs about as much as the collection itself. So that is done for the first one,
   and then for as many as a share of the time allows. Its time is in no pause.

   On 3.15 the interpreter tells itself how long a collection took, and how many objects it looked
   at; else it is the time between its "start" and its "stop" (observers.h), and only the dry run
   knows the objects. Whether all collections were seen is known from the interpreter's own count.
   */

#ifndef GCSCOPE_PAUSES_H
#define GCSCOPE_PAUSES_H

#include "runtime/state.h"

/* Add the Pauses type to the module. 0 or -1 with an exception. */
int pauses_setup(PyObject *module);

#endif
