#include "graph/dominators.h"

/* Below, a node goes by its number in preorder: 1 .. count, and 0 is the virtual root. An ancestor
   in the tree of the walk has a lower number. */
typedef struct {
    uint32_t ancestor; /* the parent in the tree at first; compress moves it up */
    uint32_t label; /* the lowest semidominator from the node itself up to, and without, `ancestor`;
                       the node's own number as long as its semidominator is not known */
} Link;

typedef struct {
    const Graph *graph;
    const NodeSet *roots;
    uint32_t *number; /* borrowed: dominators->idom, until the numbers have served; 0: not
                         reached */
    NodeId *order;    /* borrowed: dominators->order; the node of number i is order[i - 1] */
    uint32_t count;   /* nodes reached */
    Link *links;      /* a place a number */
    uint32_t *semis;  /* number -> its semidominator */
    uint32_t *idoms;  /* number -> its parent in the tree, then its immediate dominator */
    uint32_t *stack;  /* depth -> the edge where the row is to be continued; in compress, numbers */
    Graph sources;    /* owned: number -> the numbers of those that lead to it, 0 among them for
                        a root */
} Work;

/* ------------------------------------------------------------------------ the walk */

static inline void
reach(Work *work, NodeId node, uint32_t parent)
{
    work->order[work->count++] = node;
    work->number[node] = work->count;
    work->links[work->count] = (Link){.ancestor = parent, .label = work->count};
    work->idoms[work->count] = parent;
}

/* The next node that is to be reached from the row of `node`, and the edge behind it in *edge.
   False: there is none. */
static inline bool
next_unreached(const Work *work, NodeId node, uint32_t *edge, NodeId *target)
{
    uint32_t end = work->graph->offsets.items[node + 1];
    while (*edge < end) {
        *target = work->graph->targets.items[(*edge)++];
        if (work->number[*target] == 0) {
            return true;
        }
    }
    return false;
}

/* The way from `root` to the node whose row is being read is in the links; the stack holds the
   edges only. */
static void
walk_from(Work *work, NodeId root)
{
    size_t depth = 0;
    reach(work, root, 0);
    uint32_t current = work->count, edge = work->graph->offsets.items[root];
    while (current != 0) {
        NodeId target;
        if (next_unreached(work, work->order[current - 1], &edge, &target)) {
            work->stack[depth++] = edge;
            reach(work, target, current);
            current = work->count;
            edge = work->graph->offsets.items[target];
        }
        else {
            current = work->links[current].ancestor;
            edge = current != 0 ? work->stack[--depth] : 0;
        }
    }
}

/* After this, what is reachable from a root has its number, place, parent and label. */
static void
walk_from_roots(Work *work)
{
    for (size_t n = 0; n < work->graph->nodes; n++) {
        if (nodeset_has(work->roots, (NodeId)n) && work->number[n] == 0) {
            walk_from(work, (NodeId)n);
        }
    }
}

/* The edges of what was reached, between numbers; those of the virtual root come first. */
static int
renumber(const Work *work, Graph *renumbered)
{
    const uint32_t *offsets = work->graph->offsets.items;
    for (uint32_t i = 1; i <= work->count; i++) {
        if (nodeset_has(work->roots, work->order[i - 1])) {
            if (graph_reserve(renumbered, 1) < 0) {
                return -1;
            }
            graph_add_reserved(renumbered, i);
        }
    }
    graph_close_row(renumbered);
    if (graph_reserve(renumbered, graph_edges(work->graph)) < 0) {
        return -1;
    }
    for (uint32_t i = 1; i <= work->count; i++) {
        NodeId node = work->order[i - 1];
        for (uint32_t e = offsets[node]; e < offsets[node + 1]; e++) {
            graph_add_reserved(renumbered, work->number[work->graph->targets.items[e]]);
        }
        graph_close_row(renumbered);
    }
    return 0;
}

/* After this, `sources` is right. Between numbers, not between nodes: find_semis then reads it from
   one end to the other. */
static int
find_sources(Work *work, Memory *memory)
{
    Graph renumbered;
    int error = graph_init(&renumbered, memory, (size_t)work->count + 1);
    if (error == 0) {
        error = renumber(work, &renumbered);
    }
    if (error == 0) {
        error = graph_transpose(&work->sources, memory, &renumbered);
    }
    graph_fini(&renumbered);
    return error;
}

/* ------------------------------------------------------------------ semidominators */

/* The semidominators of all numbers above `last` are known. After this, the ancestor of `number` is
   not one of those, and the same is true of each one on the way up to there. */
static inline void
compress(Work *work, uint32_t number, uint32_t last)
{
    Link *links = work->links;
    size_t depth = 0;
    while (links[number].ancestor > last) {
        work->stack[depth++] = number;
        number = links[number].ancestor;
    }
    while (depth != 0) {
        Link *link = &links[work->stack[--depth]];
        const Link *above = &links[link->ancestor];
        if (above->label < link->label) {
            link->label = above->label;
        }
        link->ancestor = above->ancestor;
    }
}

/* The semidominator of `number`; those of all higher numbers are known. The rows of `sources` are
   read one after the other from the last to the first, so that one can be asked for ahead across
   their ends. */
static inline uint32_t
semi_of(Work *work, uint32_t number)
{
    enum { AHEAD = 16 };
    const NodeId *sources = work->sources.targets.items;
    uint32_t semi = number, begin = work->sources.offsets.items[number];
    for (uint32_t e = work->sources.offsets.items[number + 1]; e-- != begin;) {
        if (e >= AHEAD) {
            PREFETCH(&work->links[sources[e - AHEAD]]);
        }
        if (sources[e] > number) {
            compress(work, sources[e], number);
        }
        if (work->links[sources[e]].label < semi) {
            semi = work->links[sources[e]].label;
        }
    }
    return semi;
}

static void
find_semis(Work *work)
{
    for (uint32_t i = work->count; i != 0; i--) {
        work->semis[i] = work->links[i].label = semi_of(work, i);
    }
}

/* ---------------------------------------------------------------------- dominators */

/* idoms[i] is the parent of i; all its ancestors have theirs already. */
static void
find_dominators(Work *work)
{
    for (uint32_t i = 1; i <= work->count; i++) {
        uint32_t idom = work->idoms[i];
        while (idom > work->semis[i]) {
            idom = work->idoms[idom];
        }
        work->idoms[i] = idom;
    }
}

/* From numbers to nodes. The numbers are overwritten one by one with what they lead to. */
static void
write_idoms(const Work *work, NodeId *idom)
{
    for (size_t n = 0; n < work->graph->nodes; n++) {
        if (idom[n] == 0) {
            idom[n] = DOMINATORS_NONE;
        }
        else {
            uint32_t above = work->idoms[idom[n]];
            idom[n] = above == 0 ? DOMINATORS_TOP : work->order[above - 1];
        }
    }
}

/* The steps, when all places are there. 0 or -1. */
static int
work_through(Work *work, Dominators *dominators)
{
    work->links[0] = (Link){0};
    walk_from_roots(work);
    if (find_sources(work, dominators->memory) < 0) {
        return -1;
    }
    find_semis(work);
    find_dominators(work);
    write_idoms(work, dominators->idom.items);
    dominators->order.length = work->count;
    return 0;
}

static int
work_all(Dominators *dominators, const Graph *graph, const NodeSet *roots)
{
    Memory *memory = dominators->memory;
    size_t places = graph->nodes + 1;
    VEC(Link) links = {0};
    VEC(uint32_t) semis = {0}, idoms = {0}, stack = {0};
    Work work = {.graph = graph,
                 .roots = roots,
                 .number = dominators->idom.items,
                 .order = dominators->order.items};
    int error = -1;
    if (vec_reserve(memory, &links, places) == 0 && vec_reserve(memory, &semis, places) == 0 &&
        vec_reserve(memory, &idoms, places) == 0 && vec_reserve(memory, &stack, places) == 0) {
        work.links = links.items;
        work.semis = semis.items;
        work.idoms = idoms.items;
        work.stack = stack.items;
        error = work_through(&work, dominators);
    }
    graph_fini(&work.sources);
    vec_fini(memory, &links);
    vec_fini(memory, &semis);
    vec_fini(memory, &idoms);
    vec_fini(memory, &stack);
    return error;
}

int
dominators_run(Dominators *dominators, Memory *memory, const Graph *graph, const NodeSet *roots)
{
    size_t nodes = graph->nodes;
    *dominators = (Dominators){.memory = memory};
    if (nodes >= DOMINATORS_TOP || vec_reserve(memory, &dominators->idom, nodes) < 0 ||
        vec_reserve(memory, &dominators->order, nodes) < 0) {
        return -1;
    }
    dominators->idom.length = nodes;
    if (nodes != 0) {
        memset(dominators->idom.items, 0, nodes * sizeof(NodeId));
    }
    return work_all(dominators, graph, roots);
}

void
dominators_fini(Dominators *dominators)
{
    if (dominators->memory != NULL) {
        vec_fini(dominators->memory, &dominators->idom);
        vec_fini(dominators->memory, &dominators->order);
    }
}

void
dominators_sum(const Dominators *dominators, uint64_t *weights)
{
    for (size_t i = dominators->order.length; i-- != 0;) {
        NodeId node = dominators->order.items[i], idom = dominators->idom.items[node];
        if (idom != DOMINATORS_TOP) {
            weights[idom] += weights[node];
        }
    }
}
