#include "base/index.h"

/* The slot of a key, or the free one where it would stand. Keys may be numbers in steps of a power
   of two: the upper half of a product tells those apart (Knuth, TAOCP 3, 6.4). */
static uint32_t *
slot_of(const Index *index, uint64_t key)
{
    size_t mask = index->slots.length - 1, at = key * UINT64_C(0x9E3779B97F4A7C15) >> 32 & mask;
    while (index->slots.items[at] != 0 && index->keys.items[index->slots.items[at] - 1] != key) {
        at = (at + 1) & mask;
    }
    return &index->slots.items[at];
}

/* 0 or -1. */
static int
grow(Index *index, Memory *memory)
{
    enum { AT_LEAST = 32 };
    if (2 * (index->keys.length + 1) <= index->slots.length) {
        return 0;
    }
    size_t wanted = index->slots.length != 0 ? 2 * index->slots.length : AT_LEAST;
    if (vec_reserve(memory, &index->slots, wanted - index->slots.length) < 0) {
        return -1;
    }
    memset(index->slots.items, 0, wanted * sizeof(uint32_t));
    index->slots.length = wanted;
    for (size_t k = 0; k < index->keys.length; k++) {
        *slot_of(index, index->keys.items[k]) = (uint32_t)k + 1;
    }
    return 0;
}

uint32_t
index_enter(Index *index, Memory *memory, uint64_t key)
{
    if (index->keys.length >= INDEX_NONE - 1 || grow(index, memory) < 0) {
        return INDEX_NONE;
    }
    uint32_t *slot = slot_of(index, key);
    if (*slot == 0) {
        if (vec_push(memory, &index->keys, key) < 0) {
            return INDEX_NONE;
        }
        *slot = (uint32_t)index->keys.length;
    }
    return *slot - 1;
}

uint32_t
index_find(const Index *index, uint64_t key)
{
    return index->slots.length != 0 ? *slot_of(index, key) - 1u : INDEX_NONE;
}

/* A table that was large once is not cleared whole for a few keys. */
void
index_clear(Index *index)
{
    if (index->keys.length * 8 < index->slots.length) {
        for (size_t k = index->keys.length; k-- > 0;) {
            *slot_of(index, index->keys.items[k]) = 0;
        }
    }
    else if (index->slots.length != 0) {
        memset(index->slots.items, 0, index->slots.length * sizeof(uint32_t));
    }
    index->keys.length = 0;
}

void
index_fini(Index *index, Memory *memory)
{
    vec_fini(memory, &index->keys);
    vec_fini(memory, &index->slots);
}
