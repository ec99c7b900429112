#include "graph/acyclic.h"

bool
acyclic_without(const Graph *graph, const NodeId *component, const NodeId *members, size_t count,
                const uint32_t *kinds, const bool *is_cut, uint64_t *incoming, NodeId *order)
{
    const uint32_t *offsets = graph->offsets.items;
    const NodeId *targets = graph->targets.items;
    NodeId number = component[members[0]];
    size_t free = 0;
    for (size_t m = 0; m < count; m++) {
        incoming[members[m]] = 0;
    }
    for (size_t m = 0; m < count; m++) {
        for (uint32_t e = offsets[members[m]]; e < offsets[members[m] + 1]; e++) {
            incoming[targets[e]] += component[targets[e]] == number && !is_cut[kinds[e]];
        }
    }
    for (size_t m = 0; m < count; m++) {
        if (incoming[members[m]] == 0) {
            order[free++] = members[m];
        }
    }
    for (size_t n = 0; n < free; n++) {
        for (uint32_t e = offsets[order[n]]; e < offsets[order[n] + 1]; e++) {
            if (component[targets[e]] == number && !is_cut[kinds[e]] &&
                --incoming[targets[e]] == 0) {
                order[free++] = targets[e];
            }
        }
    }
    return free == count;
}
