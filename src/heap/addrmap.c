#include "heap/addrmap.h"

/* The pages of a chunk that holds no node: all leaf 0. Shared by every map and never written to. */
static const uint32_t no_pages[ADDRMAP_CHUNK_PAGES];

enum { FIRST_CHUNKS = 16 };

static size_t
chunk_home(const AddrMap *map, uint64_t chunk)
{
    /* Fibonacci hashing: the golden ratio of 2**64 spreads neighbouring chunks. */
    return (size_t)((chunk * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & map->chunk_mask;
}

/* The entry of `chunk`, or the free entry where it belongs. The table is never full. */
static AddrChunk *
chunk_entry(const AddrMap *map, uint64_t chunk)
{
    size_t i = chunk_home(map, chunk);
    while (map->chunks[i].pages != NULL && map->chunks[i].chunk != chunk) {
        i = (i + 1) & map->chunk_mask;
    }
    return &map->chunks[i];
}

static int
chunks_double(AddrMap *map)
{
    size_t old_size = map->chunk_mask + 1;
    AddrChunk *old = map->chunks;
    AddrChunk *bigger = memory_zeroed(map->memory, 2 * old_size * sizeof(AddrChunk));
    if (bigger == NULL) {
        return -1;
    }
    map->chunks = bigger;
    map->chunk_mask = 2 * old_size - 1;
    for (size_t i = 0; i < old_size; i++) {
        if (old[i].pages != NULL) {
            *chunk_entry(map, old[i].chunk) = old[i];
        }
    }
    memory_free(map->memory, old, old_size * sizeof(AddrChunk));
    return 0;
}

/* The pages of `chunk`, made when it has none. NULL: out of memory. */
static uint32_t *
chunk_pages_for_insert(AddrMap *map, uint64_t chunk)
{
    if (chunk == map->open_chunk && map->open_pages != NULL) {
        return map->open_pages;
    }
    AddrChunk *entry = chunk_entry(map, chunk);
    if (entry->pages == NULL) {
        if (2 * (map->chunk_count + 1) > map->chunk_mask + 1) {
            if (chunks_double(map) < 0) {
                return NULL;
            }
            entry = chunk_entry(map, chunk);
        }
        entry->pages = memory_zeroed(map->memory, ADDRMAP_CHUNK_PAGES * sizeof(uint32_t));
        if (entry->pages == NULL) {
            return NULL;
        }
        entry->chunk = chunk;
        map->chunk_count++;
    }
    map->open_chunk = chunk;
    map->open_pages = entry->pages;
    return entry->pages;
}

/* A further leaf, with no bit set, for the page at `page_address`. */
static int
leaf_append(AddrMap *map, uintptr_t page_address)
{
    if (vec_reserve(map->memory, &map->leaves, 1) < 0 ||
        vec_push(map->memory, &map->page_addresses, page_address) < 0) {
        return -1;
    }
    memset(&map->leaves.items[map->leaves.length++], 0, sizeof(AddrLeaf));
    return 0;
}

int
addrmap_init(AddrMap *map, Memory *memory)
{
    *map = (AddrMap){.memory = memory};
    map->chunks = memory_zeroed(memory, FIRST_CHUNKS * sizeof(AddrChunk));
    if (map->chunks == NULL) {
        return -1;
    }
    map->chunk_mask = FIRST_CHUNKS - 1;
    return leaf_append(map, 0); /* leaf 0 */
}

void
addrmap_fini(AddrMap *map)
{
    if (map->chunks != NULL) {
        for (size_t i = 0; i <= map->chunk_mask; i++) {
            memory_free(map->memory, map->chunks[i].pages, ADDRMAP_CHUNK_PAGES * sizeof(uint32_t));
        }
        memory_free(map->memory, map->chunks, (map->chunk_mask + 1) * sizeof(AddrChunk));
        map->chunks = NULL;
    }
    if (map->memory != NULL) {
        vec_fini(map->memory, &map->leaves);
        vec_fini(map->memory, &map->page_addresses);
    }
}

const uint32_t *
addrmap_pages(const AddrMap *map, uint64_t chunk)
{
    const uint32_t *pages = chunk_entry(map, chunk)->pages;
    return pages != NULL ? pages : no_pages;
}

int
addrmap_insert(AddrMap *map, const void *address)
{
    uint64_t bits = (uint64_t)(uintptr_t)address;
    uint32_t *pages = chunk_pages_for_insert(map, bits >> ADDRMAP_CHUNK_BITS);
    if (pages == NULL) {
        return -1;
    }
    uint32_t *page = &pages[(bits >> ADDRMAP_PAGE_BITS) & (ADDRMAP_CHUNK_PAGES - 1)];
    if (*page == 0) {
        size_t leaf = map->leaves.length;
        if (leaf > UINT32_MAX ||
            leaf_append(map, (uintptr_t)(bits >> ADDRMAP_PAGE_BITS << ADDRMAP_PAGE_BITS)) < 0) {
            return -1;
        }
        *page = (uint32_t)leaf;
    }
    AddrBlock *block =
        &map->leaves.items[*page].blocks[(bits >> ADDRMAP_BLOCK_BITS) & (ADDRMAP_LEAF_BLOCKS - 1)];
    uint64_t bit = UINT64_C(1) << addrmap_bit(address);
    if ((block->bits & bit) != 0) {
        return 0;
    }
    block->bits |= bit;
    map->count++;
    return 1;
}

void
addrmap_remove(AddrMap *map, const void *address)
{
    uint64_t bits = (uint64_t)(uintptr_t)address;
    uint32_t leaf = addrmap_pages(map, bits >> ADDRMAP_CHUNK_BITS)[(bits >> ADDRMAP_PAGE_BITS) &
                                                                   (ADDRMAP_CHUNK_PAGES - 1)];
    AddrBlock *block =
        &map->leaves.items[leaf].blocks[(bits >> ADDRMAP_BLOCK_BITS) & (ADDRMAP_LEAF_BLOCKS - 1)];
    uint64_t bit = UINT64_C(1) << addrmap_bit(address);
    map->count -= (block->bits & bit) != 0;
    block->bits &= ~bit;
}

void
addrmap_number(AddrMap *map, void **addresses)
{
    size_t id = 0;
    for (size_t leaf = 0; leaf < map->leaves.length; leaf++) {
        uintptr_t begin = map->page_addresses.items[leaf];
        for (size_t b = 0; b < ADDRMAP_LEAF_BLOCKS; b++) {
            AddrBlock *block = &map->leaves.items[leaf].blocks[b];
            block->first = (uint32_t)id;
            for (uint64_t bits = block->bits; bits != 0; bits &= bits - 1) {
                uintptr_t slot = (b << 6) + (uintptr_t)LOWEST_BIT(bits);
                addresses[id++] = (void *)(begin + (slot << ADDRMAP_SLOT_BITS));
            }
        }
    }
}
