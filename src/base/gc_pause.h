/* gc_pause: automatic collection, held off by several at once, nested or in several threads, and
   put back as it was when the last of them has ended its pause.

   After fork() only the thread that forked lives on. The pauses of the others would never end: the
   child drops them when it first begins or ends a pause itself. */

#ifndef GCSCOPE_GC_PAUSE_H
#define GCSCOPE_GC_PAUSE_H

#include "base/compat.h"

enum { GC_PAUSE_THREADS = 16 };

typedef struct {
    unsigned long thread; /* PyThread_get_thread_ident() */
    size_t count;
} ThreadPauses;

/* Zeroed, it is ready. */
typedef struct {
    size_t count;                           /* pauses under way */
    int was_enabled;                        /* whether collection was on when the first began */
    long process;                           /* in which they began */
    ThreadPauses threads[GC_PAUSE_THREADS]; /* whose they are, of so many threads: for fork */
} GcPause;

void gc_pause_begin(GcPause *gc_pause);

/* 0; -1: there is nothing to end. May be called from another thread than gc_pause_begin was. */
int gc_pause_end(GcPause *gc_pause);

/* Switch collection off once more, where other code has run during a pause and may have switched it
   on: then it will be on at the end. */
void gc_pause_again(GcPause *gc_pause);

#endif
