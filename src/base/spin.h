/* spin: a lock for a few lines of C that wait for nothing, on free-threaded builds; elsewhere the
   GIL is that lock, and this does nothing.

   Who has it runs no Python code, lets go of no object that may run some, and does not detach. So
   no thread has it that the world is stopped for, nor one that is not there after a fork: it may be
   taken in a stop. (Of a PyMutex that is not true: it may be handed to a thread that then has to
   wait.) */

#ifndef GCSCOPE_SPIN_H
#define GCSCOPE_SPIN_H

#include <sched.h>

#include "base/compat.h"

typedef struct {
    int is_locked;
} Spin;

static inline void
spin_lock(Spin *spin)
{
#if GCSCOPE_FREE_THREADED
    while (__atomic_exchange_n(&spin->is_locked, 1, __ATOMIC_ACQUIRE) != 0) {
        (void)sched_yield();
    }
#else
    (void)spin;
#endif
}

static inline void
spin_unlock(Spin *spin)
{
#if GCSCOPE_FREE_THREADED
    __atomic_store_n(&spin->is_locked, 0, __ATOMIC_RELEASE);
#else
    (void)spin;
#endif
}

#endif
