/* blocks: memory for a process in which malloc must not be entered.

   In a forked child the other threads are gone, and a lock that one of them held stays held: that
   of malloc, and those of whatever stands in its place or before it (jemalloc, tracemalloc). What
   the child needs comes from here. Blocks of the process that it was forked from are never given
   back and stay as they are: so freeing copies no page of that process. */

#ifndef GCSCOPE_BLOCKS_H
#define GCSCOPE_BLOCKS_H

#include "base/compat.h"

typedef struct Blocks Blocks;

/* NULL: the system gives no address space. It is never given back: the process ends. */
Blocks *blocks_new(void);

/* At least one byte each, aligned for any type. NULL: out of memory. */
void *blocks_get(Blocks *blocks, size_t bytes);
void *blocks_zeroed(Blocks *blocks, size_t bytes);

/* What realloc and free do. `block` is NULL, one of these blocks, or one of anybody's: that is
   copied, for nobody knows how long it is up to the end of its page, or of the next that is there;
   and never freed. */
void *blocks_resize(Blocks *blocks, void *block, size_t bytes);
void blocks_give(Blocks *blocks, void *block);

#endif
