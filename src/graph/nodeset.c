#include "graph/nodeset.h"

int
nodeset_init(NodeSet *nodeset, Memory *memory, size_t nodes)
{
    *nodeset = (NodeSet){.memory = memory, .nodes = nodes};
    return vec_zeros(memory, &nodeset->bits, nodes / 64 + 1);
}

int
nodeset_grow(NodeSet *nodeset, Memory *memory, size_t nodes)
{
    size_t words = nodes / 64 + 1, known = nodeset->bits.length;
    nodeset->memory = memory;
    if (nodes <= nodeset->nodes && known != 0) {
        return 0;
    }
    if (vec_reserve(memory, &nodeset->bits, words - known) < 0) {
        return -1;
    }
    memset(nodeset->bits.items + known, 0, (words - known) * sizeof(uint64_t));
    nodeset->bits.length = words;
    nodeset->nodes = nodes;
    return 0;
}

void
nodeset_fini(NodeSet *nodeset)
{
    if (nodeset->memory != NULL) {
        vec_fini(nodeset->memory, &nodeset->bits);
        vec_fini(nodeset->memory, &nodeset->before);
    }
}

int
nodeset_number(NodeSet *nodeset)
{
    if (vec_reserve(nodeset->memory, &nodeset->before, nodeset->bits.length) < 0) {
        return -1;
    }
    nodeset->count = 0;
    for (size_t word = 0; word < nodeset->bits.length; word++) {
        vec_push_reserved(&nodeset->before, (uint32_t)nodeset->count);
        nodeset->count += (size_t)popcount(nodeset->bits.items[word]);
    }
    return 0;
}

void
nodeset_members(const NodeSet *nodeset, NodeId *members)
{
    size_t number = 0;
    for (size_t word = 0; word < nodeset->bits.length; word++) {
        for (uint64_t bits = nodeset->bits.items[word]; bits != 0; bits &= bits - 1) {
            members[number++] = (NodeId)(word * 64 + (size_t)LOWEST_BIT(bits));
        }
    }
}

/* The row of `node`, its edges to other members only. */
static int
induce_row(const NodeSet *nodeset, Graph *induced, const Graph *graph, NodeId node)
{
    uint32_t begin = graph->offsets.items[node], end = graph->offsets.items[node + 1];
    if (graph_reserve(induced, end - begin) < 0) {
        return -1;
    }
    for (uint32_t e = begin; e < end; e++) {
        NodeId target = graph->targets.items[e];
        if (nodeset_has(nodeset, target)) {
            graph_add_reserved(induced, nodeset_rank(nodeset, target));
        }
    }
    graph_close_row(induced);
    return 0;
}

int
nodeset_induce(const NodeSet *nodeset, Graph *induced, const Graph *graph)
{
    if (graph_init(induced, nodeset->memory, nodeset->count) < 0) {
        return -1;
    }
    for (size_t word = 0; word < nodeset->bits.length; word++) {
        for (uint64_t bits = nodeset->bits.items[word]; bits != 0; bits &= bits - 1) {
            if (induce_row(nodeset, induced, graph,
                           (NodeId)(word * 64 + (size_t)LOWEST_BIT(bits))) < 0) {
                return -1;
            }
        }
    }
    return 0;
}
