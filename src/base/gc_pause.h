/* hold: automatic collection, held off by several at once, nested or in several threads, and put
   back as it was when the last of them has done.

   After fork() only the thread that forked lives on. What the others held would never be released:
   the child drops it when it first holds or releases anything itself. */

#ifndef GCSCOPE_GC_PAUSE_H
#define GCSCOPE_GC_PAUSE_H

#include "base/compat.h"

enum { GC_PAUSE_THREADS = 16 };

typedef struct {
    unsigned long thread; /* as PyThread_get_thread_ident tells it */
    size_t count;
} ThreadPauses;

/* Zeroed, it is ready. */
typedef struct {
    size_t count;                           /* of all holds */
    int was_enabled;                        /* whether it was on when the first began */
    long process;                           /* in which they began */
    ThreadPauses threads[GC_PAUSE_THREADS]; /* those of the first so many threads, told apart for
                                               the sake of fork */
} GcPause;

void gc_pause_begin(GcPause *gc_pause);

/* 0; -1: there is nothing to end. May be called from another thread than gc_pause_begin was. */
int gc_pause_end(GcPause *gc_pause);

/* Switch it off once more, where other code has run during a hold and may have switched it on: then
   it will be on at the end. */
void gc_pause_again(GcPause *gc_pause);

#endif
