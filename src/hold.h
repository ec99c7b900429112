/* hold: automatic collection, held off by several at once, nested or in several threads, and put back as it was when the
   last of them has done.

   After fork() only the thread that forked lives on. What the others held would never be released: the child drops it when
   it first holds or releases anything itself. */

#ifndef GCSCOPE_HOLD_H
#define GCSCOPE_HOLD_H

#include "base.h"

enum { HOLD_THREADS = 16 };

typedef struct {
    unsigned long thread; /* as PyThread_get_thread_ident tells it */
    size_t count;
} ThreadHolds;

/* Zeroed, it is ready. */
typedef struct {
    size_t count;                      /* of all holds */
    int was_enabled;                   /* whether it was on when the first began */
    long process;                      /* in which they began */
    ThreadHolds threads[HOLD_THREADS]; /* those of the first so many threads, told apart for the sake of fork */
} Hold;

void hold_begin(Hold *hold);

/* 0; -1: there is nothing to end. May be called from another thread than hold_begin was. */
int hold_end(Hold *hold);

/* Switch it off once more, where other code has run during a hold and may have switched it on: then it will be on at the end. */
void hold_again(Hold *hold);

#endif
