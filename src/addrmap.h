/* addrmap: address -> node id, for the addresses of one heap pass.

   The claim: one memory access for an address that is in the heap, and for most others none beyond two small
   hot tables; no hashing of single addresses, no collisions, no comparison with the key.

       address   63 ......... 30 29 ........ 14 13 ...... 4 3 .. 0
                 chunk (1 GiB)   page (16 KiB)  slot        unused
                    |               |              |
                 hashed,         u32 per page   u32 per slot:
                 few of them     -> leaf        node id + 1, or 0

   It rests on two facts: collector-tracked objects have a 16-byte header before them, so no two of them, and no
   other object beside one, can begin in the same 16-byte slot; and CPython's allocator places small objects in
   pools of 16 KiB, so that a page with one object usually has many. A leaf is a quarter of its page in size.
   Page 0 of every chunk table means leaf 0, which stays all zero: a look-up has no branch for "absent". */

#ifndef GCSCOPE_ADDRMAP_H
#define GCSCOPE_ADDRMAP_H

#include "vec.h"

enum {
    ADDRMAP_SLOT_BITS = 4,
    ADDRMAP_PAGE_BITS = 14,
    ADDRMAP_CHUNK_BITS = 30,
    ADDRMAP_LEAF_SLOTS = 1 << (ADDRMAP_PAGE_BITS - ADDRMAP_SLOT_BITS),
    ADDRMAP_CHUNK_PAGES = 1 << (ADDRMAP_CHUNK_BITS - ADDRMAP_PAGE_BITS),
};

typedef struct {
    uint64_t chunk;  /* address >> ADDRMAP_CHUNK_BITS */
    uint32_t *pages; /* owned: ADDRMAP_CHUNK_PAGES leaf numbers; NULL marks a free entry */
} AddrChunk;

typedef struct {
    Memory *memory;
    AddrChunk *chunks; /* owned: open addressing, a power of two of them */
    size_t chunk_mask;
    size_t chunk_count;
    uint64_t last_chunk; /* the chunk found last, and its pages: objects that refer to each other lie near */
    uint32_t *last_pages;
    VEC(uint32_t) leaves; /* leaf n begins at n * ADDRMAP_LEAF_SLOTS */
} AddrMap;

int addrmap_init(AddrMap *map, Memory *memory);
void addrmap_fini(AddrMap *map);

/* 0, or -1 when memory is exhausted. An address that is there already gets the new id. */
int addrmap_insert(AddrMap *map, const void *address, NodeId id);

/* The pages of a chunk other than the last one; all zero where it has none. For addrmap_slot. */
const uint32_t *addrmap_pages(AddrMap *map, uint64_t chunk);

/* Where the id of `address` stands: *slot is 0, or id + 1. Valid until the next insert. The slot is not read here,
   so that a caller with many addresses can have the memory fetched ahead. */
static inline const uint32_t *
addrmap_slot(AddrMap *map, const void *address)
{
    uint64_t bits = (uint64_t)(uintptr_t)address;
    uint64_t chunk = bits >> ADDRMAP_CHUNK_BITS;
    const uint32_t *pages = chunk == map->last_chunk ? map->last_pages : addrmap_pages(map, chunk);
    size_t leaf = pages[(bits >> ADDRMAP_PAGE_BITS) & (ADDRMAP_CHUNK_PAGES - 1)];
    return &map->leaves.items[leaf * ADDRMAP_LEAF_SLOTS + ((bits >> ADDRMAP_SLOT_BITS) & (ADDRMAP_LEAF_SLOTS - 1))];
}

/* Whether `slot` lies in the leaf of the pages that hold no node. */
static inline bool
addrmap_slot_is_empty_page(const AddrMap *map, const uint32_t *slot)
{
    return slot < map->leaves.items + ADDRMAP_LEAF_SLOTS;
}

/* Whether `address` is a node; its id in *id. */
static inline bool
addrmap_find(AddrMap *map, const void *address, NodeId *id)
{
    uint32_t value = *addrmap_slot(map, address);
    *id = value - 1;
    return value != 0;
}

#endif
