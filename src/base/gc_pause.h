/* gc_pause: automatic collection, held off within one call from Python.

   Between the two no Python code runs, no signal handler is let in and the GIL is not given up: so
   nobody can see the pause, or switch collection on or off during it. A pause that went beyond one
   call could not be ended rightly: who has called gc.disable() meanwhile, and whether an exception
   has struck between two calls, cannot be known. What spans Python code has a lease (lease.h).

   Free-threaded builds have none: no collection runs within a call there but those of other
   threads, which this would not stop (interp_world.h does). */

#ifndef GCSCOPE_GC_PAUSE_H
#define GCSCOPE_GC_PAUSE_H

#include "base/compat.h"

/* Returns what gc_pause_end is to be given. */
static inline int
gc_pause_begin(void)
{
#if GCSCOPE_FREE_THREADED
    return 0;
#else
    return PyGC_Disable();
#endif
}

static inline void
gc_pause_end(int was_enabled)
{
    if (was_enabled) {
        PyGC_Enable();
    }
}

#endif
