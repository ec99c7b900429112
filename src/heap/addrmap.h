/* addrmap: address -> node id, for the addresses of one heap pass.

   The claim: one memory access for an address that is in the heap, none beyond two small hot tables
   for most others, no hashing of single addresses and no comparison of keys, in half a kilobyte for
   each 16 KiB of memory that holds a node.

       address   63 ......... 27 26 ........ 14 13 .... 9 8 ...... 3
                 chunk (128 MiB) page (16 KiB)  block     slot (8 bytes)
                    |               |              |         |
                 hashed,         u32 per page   { 64 bits, id of the first } : a bit per slot
                 few of them     -> leaf

   A node's bit is set when it is inserted. Ids are given when all are in (addrmap_number): by leaf,
   and inside a leaf by address. So the id of a node is the id of the first node of its block plus
   the number of bits below its own (Jacobson's rank, FOCS 1989, with one level since blocks carry
   whole ids), and nodes that lie side by side have neighbouring ids.

   Every object is aligned to 8 bytes. CPython's allocator places small objects in pools of 16 KiB,
   so that a page with one node usually has many. Leaf 0 has no bit set, and stands for all pages
   without a node: a look-up has no branch for "absent". */

#ifndef GCSCOPE_ADDRMAP_H
#define GCSCOPE_ADDRMAP_H

#include "base/vec.h"

enum {
    ADDRMAP_SLOT_BITS = 3,
    ADDRMAP_BLOCK_BITS = ADDRMAP_SLOT_BITS + 6,
    ADDRMAP_PAGE_BITS = 14,
    ADDRMAP_CHUNK_BITS = 27,
    ADDRMAP_LEAF_BLOCKS = 1 << (ADDRMAP_PAGE_BITS - ADDRMAP_BLOCK_BITS),
    ADDRMAP_CHUNK_PAGES = 1 << (ADDRMAP_CHUNK_BITS - ADDRMAP_PAGE_BITS),
};

typedef struct {
    uint64_t bits;  /* a bit for each 8 bytes: a node begins there */
    uint32_t first; /* id of the lowest of them, after addrmap_number */
} AddrBlock;

typedef struct {
    AddrBlock blocks[ADDRMAP_LEAF_BLOCKS];
} AddrLeaf;

typedef struct {
    uint64_t chunk;  /* address >> ADDRMAP_CHUNK_BITS */
    uint32_t *pages; /* owned: ADDRMAP_CHUNK_PAGES leaf numbers; NULL marks a free entry */
} AddrChunk;

typedef struct {
    Memory *memory;
    AddrChunk *chunks; /* owned: open addressing, a power of two of them */
    size_t chunk_mask;
    size_t chunk_count;
    uint64_t open_chunk;  /* the chunk into which an address was inserted last, */
    uint32_t *open_pages; /* and its pages; NULL at first */
    VEC(AddrLeaf) leaves;
    VEC(uintptr_t) page_addresses; /* leaf -> where its page begins */
    size_t count;                  /* nodes inserted */
} AddrMap;

/* Where a caller that looks up many addresses was last: objects that refer to each other lie near.
   Good for one map, until the next insert. */
typedef struct {
    uint64_t chunk;
    const uint32_t *pages; /* borrowed */
} AddrCursor;

#define ADDRMAP_NOWHERE ((AddrCursor){.chunk = UINT64_MAX})

int addrmap_init(AddrMap *map, Memory *memory);
void addrmap_fini(AddrMap *map);

/* 1 when the address is new, 0 when it was there, -1 when memory is exhausted. */
int addrmap_insert(AddrMap *map, const void *address);

/* Take an address out, where it is in. After that all must be numbered anew. */
void addrmap_remove(AddrMap *map, const void *address);

/* Give every address its id, 0 .. count - 1, and write them to addresses[0 .. count), in that
   order. After a further insertion all must be numbered anew. */
void addrmap_number(AddrMap *map, void **addresses);

/* The leaves of a chunk's pages; all zero where it has none. */
const uint32_t *addrmap_pages(const AddrMap *map, uint64_t chunk);

static inline unsigned
addrmap_bit(const void *address)
{
    return (unsigned)((uintptr_t)address >> ADDRMAP_SLOT_BITS) & 63;
}

/* The block of an address, not read here, so that a caller with many addresses can have the memory
   fetched ahead. Valid until the next insert. */
static inline const AddrBlock *
addrmap_block(const AddrMap *map, AddrCursor *cursor, const void *address)
{
    uint64_t bits = (uint64_t)(uintptr_t)address;
    uint64_t chunk = bits >> ADDRMAP_CHUNK_BITS;
    if (chunk != cursor->chunk) {
        *cursor = (AddrCursor){chunk, addrmap_pages(map, chunk)};
    }
    uint32_t leaf = cursor->pages[(bits >> ADDRMAP_PAGE_BITS) & (ADDRMAP_CHUNK_PAGES - 1)];
    return &map->leaves.items[leaf]
                .blocks[(bits >> ADDRMAP_BLOCK_BITS) & (ADDRMAP_LEAF_BLOCKS - 1)];
}

/* Whether `block` belongs to the pages that hold no node. */
static inline bool
addrmap_is_empty_page(const AddrMap *map, const AddrBlock *block)
{
    return block < map->leaves.items[1].blocks; /* leaf 0 is there since addrmap_init */
}

/* Whether the `bit` of a block is a node; its id in *id. */
static inline bool
addrmap_rank(const AddrBlock *block, unsigned bit, NodeId *id)
{
    uint64_t below = block->bits & ((UINT64_C(1) << bit) - 1);
    *id = block->first + (NodeId)popcount(below);
    return block->bits >> bit & 1;
}

/* Whether `address` is a node; its id in *id. */
static inline bool
addrmap_find_near(const AddrMap *map, AddrCursor *cursor, const void *address, NodeId *id)
{
    return addrmap_rank(addrmap_block(map, cursor, address), addrmap_bit(address), id);
}

/* The same for a caller that looks up a few. */
static inline bool
addrmap_find(const AddrMap *map, const void *address, NodeId *id)
{
    AddrCursor cursor = ADDRMAP_NOWHERE;
    return addrmap_find_near(map, &cursor, address, id);
}

/* Whether `address` was inserted, whether ids are given yet or not. */
static inline bool
addrmap_has(const AddrMap *map, const void *address)
{
    NodeId id;
    return addrmap_find(map, address, &id);
}

#endif
