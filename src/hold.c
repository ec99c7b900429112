#include "hold.h"

#include <unistd.h>

/* This thread's place, or a free one where it has none; NULL where all are taken. */
static ThreadHolds *
place_of(Hold *hold, unsigned long thread)
{
    ThreadHolds *free = NULL;
    for (size_t t = 0; t < HOLD_THREADS; t++) {
        ThreadHolds *place = &hold->threads[t];
        if (place->count != 0 && place->thread == thread) {
            return place;
        }
        free = place->count == 0 && free == NULL ? place : free;
    }
    return free;
}

/* In a process that was forked off: forget what other threads held. */
static void
follow_fork(Hold *hold)
{
    long process = (long)getpid();
    if (hold->count != 0 && hold->process != process) {
        ThreadHolds *own = place_of(hold, PyThread_get_thread_ident());
        ThreadHolds kept = own != NULL ? *own : (ThreadHolds){0};
        memset(hold->threads, 0, sizeof hold->threads);
        hold->threads[0] = kept;
        hold->count = kept.count;
        if (kept.count == 0 && hold->was_enabled) {
            PyGC_Enable();
        }
    }
    hold->process = process;
}

void
hold_begin(Hold *hold)
{
    unsigned long thread = PyThread_get_thread_ident();
    follow_fork(hold);
    ThreadHolds *own = place_of(hold, thread);
    int was_enabled = PyGC_Disable();
    if (hold->count++ == 0) {
        hold->was_enabled = was_enabled;
    }
    if (own != NULL) {
        own->thread = thread;
        own->count++;
    }
}

int
hold_end(Hold *hold)
{
    follow_fork(hold);
    if (hold->count == 0) {
        return -1;
    }
    ThreadHolds *own = place_of(hold, PyThread_get_thread_ident());
    if (own == NULL || own->count == 0) { /* it began in another thread */
        for (own = hold->threads; own < hold->threads + HOLD_THREADS - 1 && own->count == 0;) {
            own++;
        }
    }
    own->count -= own->count != 0;
    if (--hold->count == 0) {
        (void)(hold->was_enabled ? PyGC_Enable() : PyGC_Disable());
    }
    return 0;
}

void
hold_again(Hold *hold)
{
    hold->was_enabled |= PyGC_Disable();
}
