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
        vec_fini(bfs->memory, &bfs->late);
    }
}

/* After this, no node has been seen and the queue is empty. `seen` is cleared once in 2**32
   searches. */
static void
search_begin(Bfs *bfs)
{
    bfs->queue.length = bfs->late.length = 0;
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

static inline bool
is_in(const NodeSet *set, NodeId node)
{
    return set != NULL && nodeset_has(set, node);
}

static inline int
see_unless_excluded(Bfs *bfs, NodeId node, NodeId parent)
{
    return has_seen(bfs, node) || is_in(bfs->rules.excluded, node) ? 0 : see(bfs, node, parent);
}

/* 0 or -1. */
static inline int
follow(Bfs *bfs, NodeId node, NodeId next, NodeId target)
{
    const BfsRules *rules = &bfs->rules;
    if (next == target && is_in(rules->not_last, node)) {
        return 0;
    }
    if (is_in(rules->late_from, node) &&
        index_find(rules->late, bfs_edge_key(node, next)) != INDEX_NONE) {
        BfsEdge edge = {node, next};
        return vec_push(bfs->memory, &bfs->late, edge);
    }
    return see_unless_excluded(bfs, next, node);
}

/* The end of a level: what was late in it. 0 or -1. */
static int
follow_late(Bfs *bfs)
{
    int error = 0;
    for (size_t l = 0; l < bfs->late.length && error == 0; l++) {
        error = see_unless_excluded(bfs, bfs->late.items[l].to, bfs->late.items[l].from);
    }
    bfs->late.length = 0;
    return error;
}

/* 0 or -1. */
static int
follow_row(Bfs *bfs, NodeId node, NodeId target)
{
    uint32_t end = bfs->graph->offsets.items[node + 1];
    for (uint32_t e = bfs->graph->offsets.items[node]; e < end && !has_seen(bfs, target); e++) {
        bfs->steps++;
        if (follow(bfs, node, bfs->graph->targets.items[e], target) < 0) {
            return -1;
        }
    }
    return 0;
}

/* The queue holds the roots in their order. A level of the search is ordered by the roots of its
   ways, since the one before is: so the first way that is found is the one whose root stands first.
   What is late in a level stands at the end of the next, and so does all that it leads to. */
static int
search_from_queue(Bfs *bfs, NodeId target)
{
    size_t level = bfs->queue.length;
    for (size_t q = 0; q < bfs->queue.length && !has_seen(bfs, target); q++) {
        if (follow_row(bfs, bfs->queue.items[q], target) < 0) {
            return -1;
        }
        if (q + 1 == level) {
            if (!has_seen(bfs, target) && follow_late(bfs) < 0) {
                return -1;
            }
            level = bfs->queue.length;
        }
    }
    return 0;
}

int
bfs_from_roots(Bfs *bfs, const NodeId *roots, size_t count, NodeId target, Path *way)
{
    way->length = 0;
    search_begin(bfs);
    for (size_t r = 0; r < count && !has_seen(bfs, target); r++) {
        if (see_unless_excluded(bfs, roots[r], NOWHERE) < 0) {
            return -1;
        }
    }
    if (search_from_queue(bfs, target) < 0) {
        return -1;
    }
    if (!has_seen(bfs, target)) {
        return 0;
    }
    return trace_back(bfs, target, way) < 0 ? -1 : 1;
}
