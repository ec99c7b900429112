/* follow: what becomes unreachable while something runs, with automatic collection left on.

   A Follow stands behind watch, assert_no_cycles, assert_released, trial, the pytest gate and run.
   It looks when it ends, and at the start of each collection before, when the view of the heap is
   still complete: what a collection is about to take is told, not lost.

       begin()                          (the program runs)                         end()
         marker ----+                                                                |
                    |   births: what comes behind the marker in generation 0         |
                    v                                                                v
       gc.callbacks "start": births so far -> `known`; dry run; what is     what is left: births in
       unreachable and known is tallied, and then the collector takes it    generation 0, and those
                                                                            known further up

   Of births the cost follows the block, not the heap; a ring with a member from before is not told.
   With `whole` every object is a candidate, and `known` has what was unreachable at the beginning
   and is not to be told.

   A birth is known by its address: objects move between the generations, and their order changes.
   An address that is used again does no harm, since only another birth can lie there.

   Nothing of it holds the program up. It is told of collections as observers.h says. */

#ifndef GCSCOPE_FOLLOW_H
#define GCSCOPE_FOLLOW_H

#include "runtime/state.h"

/* Add the Follow type to the module. 0 or -1 with an exception. */
int follow_setup(PyObject *module);

#endif
