/* vec: growable raw arrays whose sizes are checked and whose memory is counted.

   Everything between the heap and the verdict lies in such arrays: no Python allocator is entered
   while the heap is read, so reading it cannot change it. `Memory` counts what one pass holds
   (used) and has held at most (peak), and can be told to fail, so that tests reach every error
   path. */

#ifndef GCSCOPE_VEC_H
#define GCSCOPE_VEC_H

#include "base/blocks.h"

typedef struct {
    Blocks *blocks;     /* borrowed; NULL: malloc's */
    size_t used;        /* bytes held now */
    size_t peak;        /* most bytes ever held at once */
    int64_t fail_after; /* how many more growths succeed; negative: no limit */
} Memory;

void memory_init(Memory *memory);

/* Plain blocks; `bytes` must be told again when they are resized or freed. NULL: out of memory. */
void *memory_resize(Memory *memory, void *block, size_t old_bytes, size_t new_bytes);
void *memory_zeroed(Memory *memory, size_t bytes);
void memory_free(Memory *memory, void *block, size_t bytes);

/* VEC(T) is a struct { T *items; size_t length, capacity; }; zeroed memory is an empty one. */
#define VEC(T)                                                                                     \
    struct {                                                                                       \
        T *items;                                                                                  \
        size_t length;                                                                             \
        size_t capacity;                                                                           \
    }

/* Room for at least `more` further items. 0, or -1 when memory is exhausted (the vec stays as it
   was). */
#define vec_reserve(memory, vec, more)                                                             \
    (((vec)->capacity - (vec)->length >= (more))                                                   \
         ? 0                                                                                       \
         : vec_grow((memory), (void **)&(vec)->items, (vec)->length, &(vec)->capacity, (more),     \
                    sizeof(*(vec)->items)))

/* Append `item`; the caller has reserved room. */
#define vec_push_reserved(vec, item) ((void)((vec)->items[(vec)->length++] = (item)))

/* Append `item`. 0 or -1. */
#define vec_push(memory, vec, item)                                                                \
    (vec_reserve((memory), (vec), 1) < 0 ? -1 : (vec_push_reserved((vec), (item)), 0))

/* Make an empty vec `count` zeros. 0, or -1 when memory is exhausted. */
#define vec_zeros(memory, vec, count)                                                              \
    (vec_reserve((memory), (vec), (count)) < 0                                                     \
         ? -1                                                                                      \
         : ((count) != 0 ? (void)memset((vec)->items, 0, (count) * sizeof(*(vec)->items))          \
                         : (void)0,                                                                \
            (vec)->length = (count), 0))

#define vec_fini(memory, vec)                                                                      \
    (memory_free((memory), (vec)->items, (vec)->capacity * sizeof(*(vec)->items)),                 \
     (vec)->items = NULL, (vec)->length = 0, (vec)->capacity = 0, (void)0)

/* Sort items in place, by what qsort's comparison says; where that is 0, in any order. qsort itself
   may ask malloc, which a forked child must not. */
void
vec_sort(void *items, size_t length, size_t item_size, int (*compare)(const void *, const void *));

int vec_grow(Memory *memory, void **items, size_t length, size_t *capacity, size_t more,
             size_t item_size);

#endif
