#include "subset.h"

static size_t
words_of(const Subset *subset)
{
    return subset->nodes / 64 + 1;
}

int
subset_init(Subset *subset, Memory *memory, size_t nodes)
{
    *subset = (Subset){.memory = memory, .nodes = nodes};
    if (vec_reserve(memory, &subset->bits, words_of(subset)) < 0) {
        return -1;
    }
    subset->bits.length = words_of(subset);
    memset(subset->bits.items, 0, subset->bits.length * sizeof(uint64_t));
    return 0;
}

void
subset_fini(Subset *subset)
{
    if (subset->memory != NULL) {
        vec_fini(subset->memory, &subset->bits);
        vec_fini(subset->memory, &subset->before);
    }
}

int
subset_number(Subset *subset)
{
    if (vec_reserve(subset->memory, &subset->before, subset->bits.length) < 0) {
        return -1;
    }
    subset->count = 0;
    for (size_t word = 0; word < subset->bits.length; word++) {
        vec_push_reserved(&subset->before, (uint32_t)subset->count);
        subset->count += (size_t)POPCOUNT(subset->bits.items[word]);
    }
    return 0;
}

void
subset_members(const Subset *subset, NodeId *members)
{
    size_t number = 0;
    for (size_t word = 0; word < subset->bits.length; word++) {
        for (uint64_t bits = subset->bits.items[word]; bits != 0; bits &= bits - 1) {
            members[number++] = (NodeId)(word * 64 + (size_t)LOWEST_BIT(bits));
        }
    }
}

/* The row of `node`, its edges to other members only. */
static int
induce_row(const Subset *subset, Graph *induced, const Graph *graph, NodeId node)
{
    uint32_t begin = graph->offsets.items[node], end = graph->offsets.items[node + 1];
    if (graph_reserve(induced, end - begin) < 0) {
        return -1;
    }
    for (uint32_t e = begin; e < end; e++) {
        NodeId target = graph->targets.items[e];
        if (subset_has(subset, target)) {
            graph_add_reserved(induced, subset_rank(subset, target));
        }
    }
    graph_close_row(induced);
    return 0;
}

int
subset_induce(const Subset *subset, Graph *induced, const Graph *graph)
{
    if (graph_init(induced, subset->memory, subset->count) < 0) {
        return -1;
    }
    for (size_t word = 0; word < subset->bits.length; word++) {
        for (uint64_t bits = subset->bits.items[word]; bits != 0; bits &= bits - 1) {
            if (induce_row(subset, induced, graph, (NodeId)(word * 64 + (size_t)LOWEST_BIT(bits))) < 0) {
                return -1;
            }
        }
    }
    return 0;
}
