#include "graph/scc.h"

/* The walk, and then the sorting.

   Pearce gives every node one number, `rindex`, that means three things in turn:

       0             not visited
       1 .. live     visited, component not known yet: the earliest such node that is known to be
                     reachable from it. `live` nodes are in this state, and they have been numbered
                     1 .. live in turn
       count - k     its component is the k-th that was finished

   Finished numbers go down from `count`, and k + live never exceeds count: so every finished number
   is greater than every live one, and an edge into a finished component does not lower anything,
   without being asked for. A node whose number was never lowered is the first of its component, and
   those of it that wait lie on top of `waiting`.

   A node is either on the way (its row is being read) or waits (its row has been read), never both:
   the two stacks share one array of `count` places, from both ends. Eight bytes a node, besides the
   four of the answer. */
typedef struct {
    const Graph *graph;
    NodeId *rindex; /* borrowed: scc->component, until the walk is over */
    NodeId *stack;  /* [0, depth): the way; [waiting, nodes): those that wait, the last one first */
    uint32_t *edges; /* depth -> the edge where the row is to be continued, and NOT_FIRST */
    size_t depth;
    size_t waiting;
    NodeId live;
    NodeId finished; /* components */
} SccWalk;

/* Kept in the topmost bit of an edge: its source leads to an earlier live node. A graph has fewer
   than 2**31 edges. */
#define NOT_FIRST (UINT32_C(1) << 31)

/* Where neighbours lie far apart, the walk waits for their numbers: ask for those of a whole row at
   once. */
static inline void
fetch_ahead(const SccWalk *walk, uint32_t begin, uint32_t end)
{
    enum { AHEAD = 8 };
    for (uint32_t e = begin; e < end && e < begin + AHEAD; e++) {
        PREFETCH(&walk->rindex[walk->graph->targets.items[e]]);
        PREFETCH(&walk->graph->offsets.items[walk->graph->targets.items[e]]);
    }
}

static inline void
enter(SccWalk *walk, NodeId node)
{
    uint32_t begin = walk->graph->offsets.items[node];
    fetch_ahead(walk, begin, walk->graph->offsets.items[node + 1]);
    walk->rindex[node] = ++walk->live;
    walk->stack[walk->depth] = node;
    walk->edges[walk->depth++] = begin;
}

/* The row of the first node of a component has been read: all that waits and is not earlier than it
   is of its component. */
static inline void
finish_component(SccWalk *walk, NodeId first)
{
    NodeId number = (NodeId)walk->graph->nodes - walk->finished++;
    NodeId index = walk->rindex[first];
    while (walk->waiting != walk->graph->nodes &&
           walk->rindex[walk->stack[walk->waiting]] >= index) {
        walk->rindex[walk->stack[walk->waiting++]] = number;
        walk->live--;
    }
    walk->rindex[first] = number;
    walk->live--;
}

/* The row of the last node on the way has been read. Its caller on the way learns what it leads to
   when it looks at the same edge again. */
static inline void
leave(SccWalk *walk, NodeId node, bool not_first)
{
    walk->depth--;
    if (not_first) {
        walk->stack[--walk->waiting] = node;
    }
    else {
        finish_component(walk, node);
    }
}

/* Read the row of the last node on the way, until it is at its end or at a node that was not
   visited. */
static inline void
advance(SccWalk *walk)
{
    NodeId node = walk->stack[walk->depth - 1];
    uint32_t saved = walk->edges[walk->depth - 1];
    uint32_t not_first = saved & NOT_FIRST;
    NodeId lowest = walk->rindex[node];
    uint32_t end = walk->graph->offsets.items[node + 1];
    for (uint32_t e = saved & ~NOT_FIRST; e < end; e++) {
        NodeId target = walk->graph->targets.items[e];
        NodeId index = walk->rindex[target];
        if (index == 0) {
            walk->rindex[node] = lowest;
            walk->edges[walk->depth - 1] = e | not_first;
            enter(walk, target);
            return;
        }
        if (index < lowest) {
            lowest = index;
            not_first = NOT_FIRST;
        }
    }
    walk->rindex[node] = lowest;
    leave(walk, node, not_first != 0);
}

/* After this, component[node] is Pearce's number of it, and scc->count is right. */
static int
walk_all(Scc *scc, const Graph *graph)
{
    size_t nodes = graph->nodes;
    VEC(NodeId) stack = {0};
    VEC(uint32_t) edges = {0};
    int error = -1;
    if (vec_reserve(scc->memory, &stack, nodes) == 0 &&
        vec_reserve(scc->memory, &edges, nodes) == 0) {
        SccWalk walk = {.graph = graph,
                        .rindex = scc->component.items,
                        .stack = stack.items,
                        .edges = edges.items,
                        .waiting = nodes};
        for (size_t n = 0; n < nodes; n++) {
            if (walk.rindex[n] == 0) {
                enter(&walk, (NodeId)n);
                while (walk.depth != 0) {
                    advance(&walk);
                }
            }
        }
        scc->count = walk.finished;
        error = 0;
    }
    vec_fini(scc->memory, &stack);
    vec_fini(scc->memory, &edges);
    return error;
}

static bool
leads_to_itself(const Graph *graph, NodeId node)
{
    for (uint32_t e = graph->offsets.items[node]; e < graph->offsets.items[node + 1]; e++) {
        if (graph->targets.items[e] == node) {
            return true;
        }
    }
    return false;
}

/* After this, component[node] is the number of its component, sizes[c] how many members the
   component c has, or 0 where it is not cyclic. Returns the sum of the sizes. Rows are read in
   their order: what the walk could have noted on its way costs less here. */
static size_t
count_members(Scc *scc, const Graph *graph, uint32_t *sizes)
{
    NodeId *component = scc->component.items;
    size_t members = graph->nodes;
    for (size_t n = 0; n < graph->nodes; n++) {
        component[n] = (NodeId)graph->nodes - component[n];
        sizes[component[n]]++;
    }
    scc->cyclic = scc->count;
    for (size_t n = 0; n < graph->nodes; n++) {
        if (sizes[component[n]] == 1 && !leads_to_itself(graph, (NodeId)n)) {
            sizes[component[n]] = 0;
            scc->cyclic--;
            members--;
        }
    }
    return members;
}

/* In sizes[c]: the component has its place among the groups, and the other bits tell where its next
   member goes. Each member of a cyclic component has an edge of its own, so that places stay below
   2**31. */
#define PLACED (UINT32_C(1) << 31)

/* A component gets its place when its lowest member is met, so that groups are in the order of
   those. */
static void
place_members(Scc *scc, uint32_t *sizes)
{
    uint32_t free_place = 0;
    for (size_t n = 0; n < scc->component.length; n++) {
        uint32_t *size = &sizes[scc->component.items[n]];
        if (*size == 0) {
            continue;
        }
        if ((*size & PLACED) == 0) {
            vec_push_reserved(&scc->starts, free_place);
            uint32_t place = free_place;
            free_place += *size;
            *size = place | PLACED;
        }
        scc->members.items[(*size)++ & ~PLACED] = (NodeId)n;
    }
    vec_push_reserved(&scc->starts, free_place);
    scc->members.length = free_place;
}

static int
group(Scc *scc, const Graph *graph)
{
    uint32_t *sizes = memory_zeroed(scc->memory, scc->count * sizeof(uint32_t));
    int error = -1;
    if (sizes != NULL) {
        size_t members = count_members(scc, graph, sizes);
        if (vec_reserve(scc->memory, &scc->starts, scc->cyclic + 1) == 0 &&
            vec_reserve(scc->memory, &scc->members, members) == 0) {
            place_members(scc, sizes);
            error = 0;
        }
    }
    memory_free(scc->memory, sizes, scc->count * sizeof(uint32_t));
    return error;
}

int
scc_run(Scc *scc, Memory *memory, const Graph *graph)
{
    *scc = (Scc){.memory = memory};
    if (vec_reserve(memory, &scc->component, graph->nodes) < 0) {
        return -1;
    }
    if (graph->nodes != 0) {
        memset(scc->component.items, 0, graph->nodes * sizeof(NodeId));
    }
    scc->component.length = graph->nodes;
    if (walk_all(scc, graph) < 0) {
        return -1;
    }
    return group(scc, graph);
}

void
scc_fini(Scc *scc)
{
    if (scc->memory != NULL) {
        vec_fini(scc->memory, &scc->component);
        vec_fini(scc->memory, &scc->starts);
        vec_fini(scc->memory, &scc->members);
    }
}
