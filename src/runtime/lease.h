/* lease: no automatic collection for a while, and none that is switched off.

   Where Python code of ours is to run undisturbed (the wording of a report, the block of a film),
   collection must not be disabled: whoever asks gc.isenabled() would see it, and what is to be put
   back at the end cannot be known. A lease sets back the count of generation 0 instead, which an
   allocation adds 1 to and which is compared with the threshold: no automatic collection comes for
   100,000 allocations. Flag and thresholds stay the program's, gc.collect() works as ever and ends
   the lease, and so does a forked child's first collection. It ends when it is let go of, so that
   no exception leaves it in force; generation 0 then counts what it counted before.

   Where the generations are not known (generations.h) a lease does nothing. */

#ifndef GCSCOPE_LEASE_H
#define GCSCOPE_LEASE_H

#include "runtime/state.h"

/* Add the Lease type to the module. 0 or -1 with an exception. */
int lease_setup(PyObject *module);

#endif
