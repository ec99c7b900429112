/* anonymous: how much memory of the process is its own, and no file's. */

#ifndef GCSCOPE_ANONYMOUS_H
#define GCSCOPE_ANONYMOUS_H

#include "base/compat.h"

/* Bytes, those that were swapped out among them: what the kernel tells in
   /proc/self/smaps_rollup, else, less exactly, in /proc/self/status. -1 where it tells nothing. No
   memory is taken for it. */
int64_t anonymous_bytes(void);

#endif
