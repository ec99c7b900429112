#include "base/gc_pause.h"

#include <unistd.h>

/* This thread's place, or a free one where it has none; NULL where all are in use. */
static ThreadPauses *
place_of(GcPause *gc_pause, unsigned long thread)
{
    ThreadPauses *free = NULL;
    for (size_t t = 0; t < GC_PAUSE_THREADS; t++) {
        ThreadPauses *place = &gc_pause->threads[t];
        if (place->count != 0 && place->thread == thread) {
            return place;
        }
        free = place->count == 0 && free == NULL ? place : free;
    }
    return free;
}

/* In a process that was forked off: drop the pauses of other threads. */
static void
follow_fork(GcPause *gc_pause)
{
    long process = (long)getpid();
    if (gc_pause->count != 0 && gc_pause->process != process) {
        ThreadPauses *own = place_of(gc_pause, PyThread_get_thread_ident());
        ThreadPauses kept = own != NULL ? *own : (ThreadPauses){0};
        memset(gc_pause->threads, 0, sizeof gc_pause->threads);
        gc_pause->threads[0] = kept;
        gc_pause->count = kept.count;
        if (kept.count == 0 && gc_pause->was_enabled) {
            PyGC_Enable();
        }
    }
    gc_pause->process = process;
}

void
gc_pause_begin(GcPause *gc_pause)
{
    unsigned long thread = PyThread_get_thread_ident();
    follow_fork(gc_pause);
    ThreadPauses *own = place_of(gc_pause, thread);
    int was_enabled = PyGC_Disable();
    if (gc_pause->count++ == 0) {
        gc_pause->was_enabled = was_enabled;
    }
    if (own != NULL) {
        own->thread = thread;
        own->count++;
    }
}

int
gc_pause_end(GcPause *gc_pause)
{
    follow_fork(gc_pause);
    if (gc_pause->count == 0) {
        return -1;
    }
    ThreadPauses *own = place_of(gc_pause, PyThread_get_thread_ident());
    if (own == NULL || own->count == 0) { /* it began in another thread */
        for (own = gc_pause->threads;
             own < gc_pause->threads + GC_PAUSE_THREADS - 1 && own->count == 0;) {
            own++;
        }
    }
    own->count -= own->count != 0;
    if (--gc_pause->count == 0) {
        (void)(gc_pause->was_enabled ? PyGC_Enable() : PyGC_Disable());
    }
    return 0;
}

void
gc_pause_again(GcPause *gc_pause)
{
    gc_pause->was_enabled |= PyGC_Disable();
}
