/* clock: how long something takes. */

#ifndef GCSCOPE_CLOCK_H
#define GCSCOPE_CLOCK_H

#include "base/compat.h"

#include <time.h>

/* Nanoseconds of a clock that never goes back; more than 0. */
static inline int64_t
clock_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec + 1;
}

/* The same in seconds. */
static inline double
clock_seconds(void)
{
    return (double)clock_now() * 1e-9;
}

#endif
