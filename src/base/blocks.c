/* blocks.c: one stretch of addresses, handed out from its beginning.

       header | block | header | block | ...  what was never handed out ... | not writable yet ...
                                              next                          writable          end

   A block with its header is a power of two; one that was given back waits in the list of its size.
   The pages of a large one go back to the system meanwhile. */

#include "base/blocks.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/uio.h>
#endif

enum {
    HEADER = 16, /* its first byte says which power of two the block is */
    SMALLEST_ORDER = 5,
    LARGE_ORDER = 20,
    ORDERS = 47,
    PAGE = 4096, /* at least: of what there are larger ones, these are parts */
};

typedef struct Given {
    struct Given *next;
} Given;

struct Blocks {
    char *next;
    char *writable;
    char *end;
    Given *given[ORDERS];
};

/* As much as there may be: addresses cost nothing. */
static char *
reserve(size_t *bytes)
{
    const size_t most = (size_t)1 << 40, least = (size_t)1 << 26;
    for (*bytes = most; *bytes >= least; *bytes /= 2) {
        void *at = mmap(NULL, *bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (at != MAP_FAILED) {
            return at;
        }
    }
    return NULL;
}

/* Let the next `bytes` be written, and some more. 0 or -1. */
static int
make_writable(Blocks *blocks, size_t bytes)
{
    const size_t step = (size_t)1 << LARGE_ORDER;
    size_t wanted = (bytes + step - 1) / step * step;
    if (bytes > (size_t)(blocks->end - blocks->writable) ||
        mprotect(blocks->writable, wanted, PROT_READ | PROT_WRITE) < 0) {
        return -1;
    }
    blocks->writable += wanted;
    return 0;
}

Blocks *
blocks_new(void)
{
    size_t bytes;
    char *begin = reserve(&bytes);
    if (begin == NULL) {
        return NULL;
    }
    Blocks first = {.next = begin, .writable = begin, .end = begin + bytes};
    if (make_writable(&first, sizeof(Blocks)) < 0) {
        return NULL;
    }
    first.next += (sizeof(Blocks) + HEADER - 1) / HEADER * HEADER;
    Blocks *blocks = (Blocks *)(void *)begin;
    *blocks = first;
    return blocks;
}

/* ORDERS: too large. */
static unsigned
order_of(size_t bytes)
{
    if (bytes > ((size_t)1 << (ORDERS - 1)) - HEADER) {
        return ORDERS;
    }
    unsigned order = SMALLEST_ORDER;
    while (((size_t)1 << order) < bytes + HEADER) {
        order++;
    }
    return order;
}

static bool
is_own(const Blocks *blocks, const void *block)
{
    return (const char *)block > (const char *)blocks && (const char *)block < blocks->next;
}

static unsigned char *
order_at(void *block)
{
    return (unsigned char *)block - HEADER;
}

/* A block that was never handed out: it is all zeros. */
static void *
cut_block(Blocks *blocks, unsigned order)
{
    size_t size = (size_t)1 << order, ready = (size_t)(blocks->writable - blocks->next);
    if (size > ready && make_writable(blocks, size - ready) < 0) {
        return NULL;
    }
    char *block = blocks->next + HEADER;
    blocks->next += size;
    *order_at(block) = (unsigned char)order;
    return block;
}

static void *
block_of_order(Blocks *blocks, unsigned order, bool *is_zeroed)
{
    Given *block = order < ORDERS ? blocks->given[order] : NULL;
    *is_zeroed = block == NULL;
    if (block == NULL) {
        return order < ORDERS ? cut_block(blocks, order) : NULL;
    }
    blocks->given[order] = block->next;
    return block;
}

void *
blocks_get(Blocks *blocks, size_t bytes)
{
    bool is_zeroed;
    return block_of_order(blocks, order_of(bytes), &is_zeroed);
}

void *
blocks_zeroed(Blocks *blocks, size_t bytes)
{
    bool is_zeroed;
    void *block = block_of_order(blocks, order_of(bytes), &is_zeroed);
    if (block != NULL && !is_zeroed) {
        memset(block, 0, bytes);
    }
    return block;
}

/* Copy no further than to the end of what there is; where the kernel may not be asked for that,
   hope that it is there. */
static void
copy_from_anybody(char *to, char *from, size_t bytes)
{
#if defined(__linux__)
    while (bytes != 0) {
        size_t in_page = PAGE - (size_t)((uintptr_t)from % PAGE);
        size_t piece = in_page < bytes ? in_page : bytes;
        struct iovec here = {to, piece}, there = {from, piece};
        if (process_vm_readv(getpid(), &here, 1, &there, 1, 0) != (ssize_t)piece) {
            if (errno == EFAULT) {
                return;
            }
            memcpy(to, from, piece);
        }
        to += piece;
        from += piece;
        bytes -= piece;
    }
#else
    memcpy(to, from, bytes);
#endif
}

void *
blocks_resize(Blocks *blocks, void *block, size_t bytes)
{
    size_t room = 0;
    bool own = block != NULL && is_own(blocks, block);
    if (own) {
        room = ((size_t)1 << *order_at(block)) - HEADER;
        if (bytes <= room) {
            return block;
        }
    }
    void *larger = blocks_get(blocks, bytes);
    if (larger != NULL && own) {
        memcpy(larger, block, room);
        blocks_give(blocks, block);
    }
    else if (larger != NULL && block != NULL) {
        copy_from_anybody(larger, block, bytes);
    }
    return larger;
}

/* Give the pages that lie wholly inside of a block, behind its first bytes, back to the system. */
static void
give_pages(char *block, size_t size)
{
    uintptr_t begin = ((uintptr_t)block + sizeof(Given) + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
    uintptr_t end = ((uintptr_t)block - HEADER + size) & ~(uintptr_t)(PAGE - 1);
    (void)madvise((void *)begin, end - begin, MADV_DONTNEED);
}

void
blocks_give(Blocks *blocks, void *block)
{
    if (block == NULL || !is_own(blocks, block)) {
        return;
    }
    unsigned order = *order_at(block);
    if (order >= LARGE_ORDER) {
        give_pages(block, (size_t)1 << order);
    }
    Given *given = block;
    given->next = blocks->given[order];
    blocks->given[order] = given;
}
