#include "base/vec.h"

#include <stdlib.h>

#if defined(__linux__)
#include <sys/mman.h>
#endif

void
memory_init(Memory *memory)
{
    *memory = (Memory){.fail_after = -1};
}

/* Whether this growth is the one that a test asked to fail. */
static bool
memory_refuses(Memory *memory)
{
    if (memory->fail_after < 0) {
        return false;
    }
    if (memory->fail_after == 0) {
        return true;
    }
    memory->fail_after--;
    return false;
}

static void
memory_account(Memory *memory, size_t old_bytes, size_t new_bytes)
{
    memory->used = memory->used - old_bytes + new_bytes;
    if (memory->used > memory->peak) {
        memory->peak = memory->used;
    }
}

/* Ask for huge pages in large blocks: most of a pass over a large heap would otherwise go into the
   kernel's handing out of small ones. Advice only: nothing depends on the answer. */
static void
prefer_huge_pages(void *block, size_t bytes)
{
#if defined(MADV_HUGEPAGE)
    const uintptr_t huge = (uintptr_t)2 << 20;
    uintptr_t begin = ((uintptr_t)block + huge - 1) & ~(huge - 1);
    uintptr_t end = ((uintptr_t)block + bytes) & ~(huge - 1);
    if (bytes >= 2 * huge && begin < end) {
        (void)madvise((void *)begin, end - begin, MADV_HUGEPAGE);
    }
#else
    (void)block;
    (void)bytes;
#endif
}

void *
memory_resize(Memory *memory, void *block, size_t old_bytes, size_t new_bytes)
{
    if (new_bytes > old_bytes && memory_refuses(memory)) {
        return NULL;
    }
    void *resized = memory->blocks != NULL ? blocks_resize(memory->blocks, block, new_bytes)
                                           : realloc(block, new_bytes != 0 ? new_bytes : 1);
    if (resized != NULL) {
        memory_account(memory, old_bytes, new_bytes);
        if (new_bytes > old_bytes) {
            prefer_huge_pages(resized, new_bytes);
        }
    }
    return resized;
}

void *
memory_zeroed(Memory *memory, size_t bytes)
{
    if (memory_refuses(memory)) {
        return NULL;
    }
    void *block = memory->blocks != NULL ? blocks_zeroed(memory->blocks, bytes)
                                         : calloc(1, bytes != 0 ? bytes : 1);
    if (block != NULL) {
        memory_account(memory, 0, bytes);
    }
    return block;
}

void
memory_free(Memory *memory, void *block, size_t bytes)
{
    if (block != NULL) {
        memory->blocks != NULL ? blocks_give(memory->blocks, block) : free(block);
        memory_account(memory, bytes, 0);
    }
}

static void
swap_bytes(unsigned char *one, unsigned char *other, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = one[i];
        one[i] = other[i];
        other[i] = byte;
    }
}

/* A heap sort. Up to `start` the items are to become a heap, from `end` on they are sorted. */
void
vec_sort(void *items, size_t length, size_t item_size, int (*compare)(const void *, const void *))
{
    unsigned char *base = items;
    for (size_t start = length / 2, end = length; end > 1;) {
        if (start > 0) {
            start--;
        }
        else {
            end--;
            swap_bytes(base, base + end * item_size, item_size);
        }
        for (size_t root = start, child = 2 * root + 1; child < end;
             root = child, child = 2 * root + 1) {
            child += child + 1 < end &&
                     compare(base + child * item_size, base + (child + 1) * item_size) < 0;
            if (compare(base + root * item_size, base + child * item_size) >= 0) {
                break;
            }
            swap_bytes(base + root * item_size, base + child * item_size, item_size);
        }
    }
}

int
vec_grow(Memory *memory, void **items, size_t length, size_t *capacity, size_t more,
         size_t item_size)
{
    size_t limit = (size_t)PTRDIFF_MAX / item_size;
    if (more > limit - length) {
        return -1;
    }
    size_t wanted = length + more;
    /* Half as much again: amortised constant time, and at most a third of the array unused. */
    size_t roomy = *capacity <= limit / 3 * 2 ? *capacity + *capacity / 2 + 16 : limit;
    if (wanted < roomy && roomy <= limit) {
        wanted = roomy;
    }
    void *grown = memory_resize(memory, *items, *capacity * item_size, wanted * item_size);
    if (grown == NULL) {
        return -1;
    }
    *items = grown;
    *capacity = wanted;
    return 0;
}
