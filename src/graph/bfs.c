#include "graph/bfs.h"

/* The parent of a node where a search began. */
#define NOWHERE NODE_LIMIT

int
bfs_init(Bfs *bfs, Memory *memory, const Graph *graph)
{
    *bfs = (Bfs){.memory = memory, .graph = graph};
    if (vec_reserve(memory, &bfs->parent, graph->nodes) < 0 ||
        vec_reserve(memory, &bfs->seen, graph->nodes) < 0) {
        return -1;
    }
    bfs->parent.length = bfs->seen.length = graph->nodes;
    if (graph->nodes != 0) {
        memset(bfs->seen.items, 0, graph->nodes * sizeof(uint32_t));
    }
    return 0;
}

void
bfs_fini(Bfs *bfs)
{
    if (bfs->memory != NULL) {
        vec_fini(bfs->memory, &bfs->parent);
        vec_fini(bfs->memory, &bfs->seen);
        vec_fini(bfs->memory, &bfs->queue);
    }
}

/* After this, no node has been seen and the queue is empty. `seen` is cleared once in 2**32
   searches. */
static void
search_begin(Bfs *bfs)
{
    bfs->queue.length = 0;
    if (++bfs->search == 0) {
        memset(bfs->seen.items, 0, bfs->seen.length * sizeof(uint32_t));
        bfs->search = 1;
    }
}

static inline bool
has_seen(const Bfs *bfs, NodeId node)
{
    return bfs->seen.items[node] == bfs->search;
}

/* A node that was not seen before: remember whence, and queue it. 0 or -1. */
static inline int
see(Bfs *bfs, NodeId node, NodeId parent)
{
    bfs->seen.items[node] = bfs->search;
    bfs->parent.items[node] = parent;
    return vec_push(bfs->memory, &bfs->queue, node);
}

/* The nodes by which the search came to `last`, in their order. 0 or -1; after -1 the way is as it
   was. */
static int
trace_back(const Bfs *bfs, NodeId last, Path *way)
{
    size_t length = 0;
    for (NodeId node = last; node != NOWHERE; node = bfs->parent.items[node]) {
        length++;
    }
    if (length > way->length && vec_reserve(bfs->memory, way, length - way->length) < 0) {
        return -1;
    }
    way->length = length;
    for (NodeId node = last; node != NOWHERE; node = bfs->parent.items[node]) {
        way->items[--length] = node;
    }
    return 0;
}

/* ---------------------------------------------------------------- from the roots */

static inline int
see_unless_excluded(Bfs *bfs, const NodeSet *excluded, NodeId node, NodeId parent)
{
    return has_seen(bfs, node) || (excluded != NULL && nodeset_has(excluded, node))
               ? 0
               : see(bfs, node, parent);
}

/* The queue holds the roots in their order. A level of the search is ordered by the roots of its
   ways, since the one before is: so the first way that is found is the one whose root stands
   first. */
static int
search_from_queue(Bfs *bfs, NodeId target, const NodeSet *excluded)
{
    for (size_t q = 0; q < bfs->queue.length && !has_seen(bfs, target); q++) {
        NodeId node = bfs->queue.items[q];
        uint32_t end = bfs->graph->offsets.items[node + 1];
        for (uint32_t e = bfs->graph->offsets.items[node]; e < end && !has_seen(bfs, target); e++) {
            bfs->steps++;
            if (see_unless_excluded(bfs, excluded, bfs->graph->targets.items[e], node) < 0) {
                return -1;
            }
        }
    }
    return 0;
}

int
bfs_from_roots(Bfs *bfs, const NodeId *roots, size_t count, NodeId target, const NodeSet *excluded,
               Path *way)
{
    way->length = 0;
    search_begin(bfs);
    for (size_t r = 0; r < count && !has_seen(bfs, target); r++) {
        if (see_unless_excluded(bfs, excluded, roots[r], NOWHERE) < 0) {
            return -1;
        }
    }
    if (search_from_queue(bfs, target, excluded) < 0) {
        return -1;
    }
    if (!has_seen(bfs, target)) {
        return 0;
    }
    return trace_back(bfs, target, way) < 0 ? -1 : 1;
}

/* ------------------------------------------------------------------------- rings */

typedef struct {
    const NodeId *component; /* borrowed: node -> component */
    NodeId number;           /* of the component that is searched */
    size_t count;            /* its members */
} Region;

/* The one member that `node` leads to. NOWHERE: it leads to several. */
static NodeId
only_successor(Bfs *bfs, const Region *region, NodeId node)
{
    NodeId successor = NOWHERE;
    uint32_t end = bfs->graph->offsets.items[node + 1];
    for (uint32_t e = bfs->graph->offsets.items[node]; e < end; e++) {
        NodeId target = bfs->graph->targets.items[e];
        bfs->steps++;
        if (region->component[target] == region->number && target != successor) {
            if (successor != NOWHERE) {
                return NOWHERE;
            }
            successor = target;
        }
    }
    return successor;
}

/* Go on from `start` for as long as there is no choice. 1: the component is nothing but a ring, and
   `ring` is it; 0: it is more; -1: out of memory. */
static int
follow_simple_ring(Bfs *bfs, const Region *region, NodeId start, Path *ring)
{
    NodeId node = start;
    while (ring->length < region->count) {
        if (vec_push(bfs->memory, ring, node) < 0) {
            return -1;
        }
        node = only_successor(bfs, region, node);
        if (node == NOWHERE || node == start) {
            break;
        }
    }
    return node == start;
}

/* See what `node` leads to. 1: it leads to `start`; 0: it does not; -1: out of memory. */
static inline int
look_for_start(Bfs *bfs, const Region *region, NodeId node, NodeId start)
{
    uint32_t end = bfs->graph->offsets.items[node + 1];
    for (uint32_t e = bfs->graph->offsets.items[node]; e < end; e++) {
        NodeId target = bfs->graph->targets.items[e];
        bfs->steps++;
        if (target == start) {
            return 1;
        }
        if (region->component[target] == region->number && !has_seen(bfs, target) &&
            see(bfs, target, node) < 0) {
            return -1;
        }
    }
    return 0;
}

/* A ring through `start` of fewer than `best` nodes, as short as there is one; into `ring`, unless
   the count of steps comes to `last_step` first. 1: found; 0: not; -1: out of memory. */
static int
search_ring(Bfs *bfs, const Region *region, NodeId start, size_t best, uint64_t last_step,
            Path *ring)
{
    search_begin(bfs);
    if (see(bfs, start, NOWHERE) < 0) {
        return -1;
    }
    /* length: of a ring that is closed from the level that is being read */
    size_t level_end = 1, length = 1;
    for (size_t q = 0; q < bfs->queue.length && bfs->steps < last_step; q++) {
        if (q == level_end) {
            level_end = bfs->queue.length;
            length++;
        }
        if (length >= best) {
            return 0;
        }
        NodeId node = bfs->queue.items[q];
        int found = look_for_start(bfs, region, node, start);
        if (found != 0) {
            return found < 0 || trace_back(bfs, node, ring) < 0 ? -1 : 1;
        }
    }
    return 0;
}

/* Shorten `ring` from each start to one of `limit` nodes at most. 0 or -1. */
static int
improve_up_to(Bfs *bfs, const Region *region, const NodeId *members, size_t limit,
              uint64_t last_step, Path *ring)
{
    for (size_t m = 1; m < region->count && ring->length > 1 && bfs->steps < last_step; m++) {
        size_t best = ring->length <= limit ? ring->length : limit + 1;
        if (only_successor(bfs, region, members[m]) == NOWHERE &&
            search_ring(bfs, region, members[m], best, last_step, ring) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Only a member that leads to two others need be a start: if each node of a ring led to nothing but
   the next one, no way would leave the ring, and the component would be this ring, which
   follow_simple_ring has told already. So each ring has such a member, and a shortest one is found
   from there.

   All starts are tried with a low limit before any with twice that: mostly there is a ring of a few
   nodes somewhere, and nobody needs to look further than that, where one start alone may have
   thousands of nodes a few steps off. */
static int
improve_ring(Bfs *bfs, const Region *region, const NodeId *members, uint64_t last_step, Path *ring,
             bool *exact)
{
    enum { FIRST_LIMIT = 2 };
    for (size_t limit = FIRST_LIMIT, done = 0; done + 1 < ring->length && bfs->steps < last_step;
         limit *= 2) {
        if (improve_up_to(bfs, region, members, limit, last_step, ring) < 0) {
            return -1;
        }
        done = limit;
    }
    *exact = ring->length == 1 || bfs->steps < last_step;
    return 0;
}

int
bfs_shortest_ring(Bfs *bfs, const NodeId *component, const NodeId *members, size_t count,
                  uint64_t budget, Path *ring, bool *exact)
{
    Region region = {.component = component, .number = component[members[0]], .count = count};
    uint64_t last_step = budget > UINT64_MAX - bfs->steps ? UINT64_MAX : bfs->steps + budget;
    ring->length = 0;
    *exact = true;
    int simple = follow_simple_ring(bfs, &region, members[0], ring);
    if (simple != 0) {
        return simple < 0 ? -1 : 0;
    }
    ring->length = 0;
    if (search_ring(bfs, &region, members[0], count + 1, UINT64_MAX, ring) < 0) {
        return -1;
    }
    return improve_ring(bfs, &region, members, last_step, ring, exact);
}
