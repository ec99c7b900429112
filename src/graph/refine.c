#include "graph/refine.h"

#include "base/hash.h"

/* One round: what lies one edge further counts, too. */
static void
refine_once(uint64_t *colours, uint64_t *sums, const Graph *graph, const NodeId *component,
            const NodeId *members, size_t count, const uint32_t *kinds, const uint64_t *hashes)
{
    const uint32_t *offsets = graph->offsets.items;
    for (size_t m = 0; m < count; m++) {
        sums[members[m]] = 0;
    }
    for (size_t m = 0; m < count; m++) {
        NodeId node = members[m];
        uint64_t out = 0, colour = colours[node];
        for (uint32_t e = offsets[node]; e < offsets[node + 1]; e++) {
            NodeId target = graph->targets.items[e];
            if (component[target] == component[node]) {
                uint64_t hash = hashes[kinds[e]];
                out += hash_mix(hash, colours[target]);
                sums[target] += hash_mix(~hash, colour);
            }
        }
        sums[node] += out;
    }
    for (size_t m = 0; m < count; m++) {
        colours[members[m]] = hash_mix(colours[members[m]], sums[members[m]]);
    }
}

void
refine_colours(uint64_t *colours, uint64_t *sums, const Graph *graph, const NodeId *component,
               const NodeId *members, size_t count, const uint32_t *kinds, const uint64_t *hashes)
{
    for (int round = 0; round < REFINE_ROUNDS; round++) {
        refine_once(colours, sums, graph, component, members, count, kinds, hashes);
    }
}
