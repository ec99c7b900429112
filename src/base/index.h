/* index: hashes, each with the number in the order of its coming: a table in which items beside it
   are found. It knows no Python. */

#ifndef GCSCOPE_INDEX_H
#define GCSCOPE_INDEX_H

#include "base/vec.h"

#define INDEX_NONE UINT32_MAX

/* Zeroed, it is empty. */
typedef struct {
    VEC(uint64_t) keys;  /* number -> hash */
    VEC(uint32_t) slots; /* 1 + number, or 0; a power of two, at most half full */
} Index;

/* The number of a hash, which is the count of those before where it is new. INDEX_NONE: out of
   memory. */
uint32_t index_enter(Index *index, Memory *memory, uint64_t key);

/* The number of a hash, or INDEX_NONE. */
uint32_t index_find(const Index *index, uint64_t key);

void index_clear(Index *index);
void index_fini(Index *index, Memory *memory);

#endif
