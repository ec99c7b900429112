/* growth: which containers grow in every round, the type Containers of the core.

   A Containers takes a census at the end of each round (growth_census.h). Before the last one it is
   told to mark: then it notes what is there and watches the dicts that have grown so far. So at the
   end it is known what was added (growth_account.h) and from which lines (growth_filling.h).
   Only at the end, and only if something has grown, the graph of the heap is built, to see which
   containers belong together (growth_groups.h).

   It holds nothing of the program but the code that fills a dict. Letting go of it ends all of it,
   so that no exception, wherever it strikes, leaves a dict watched. */

#ifndef GCSCOPE_GROWTH_H
#define GCSCOPE_GROWTH_H

#include "runtime/state.h"

/* Add the Containers type to the module. 0 or -1 with an exception. */
int growth_setup(PyObject *module);

#endif
