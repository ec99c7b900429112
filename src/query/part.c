#include "query/part.h"

/* A component of fewer than one in so many nodes is copied. */
enum { SMALL = 8 };

void
part_begin(Part *part, const Heap *heap, const NodeId *nodes, Graph *graph, const NodeId *component)
{
    *part = (Part){.memory = heap->memory,
                   .heap = heap,
                   .whole_nodes = nodes,
                   .whole = graph,
                   .whole_component = component};
}

void
part_fini(Part *part)
{
    Memory *memory = part->memory;
    if (memory == NULL) {
        return;
    }
    vec_fini(memory, &part->members);
    vec_fini(memory, &part->numbers);
    vec_fini(memory, &part->own_nodes);
    vec_fini(memory, &part->own_component);
    index_fini(&part->places, memory);
    nodeset_fini(&part->turned);
    graph_fini(&part->own);
}

/* The rows of the members, by their places. 0 or -1. */
static int
copy_rows(Part *part, const NodeId *members, size_t count)
{
    const uint32_t *offsets = part->whole->offsets.items;
    part->own.offsets.length = part->own.targets.length = 0;
    part->own.memory = part->memory;
    part->own.nodes = count;
    if (vec_reserve(part->memory, &part->own.offsets, count + 1) < 0) {
        return -1;
    }
    vec_push_reserved(&part->own.offsets, 0);
    for (size_t m = 0; m < count; m++) {
        uint32_t begin = offsets[members[m]], end = offsets[members[m] + 1];
        if (graph_reserve(&part->own, end - begin) < 0) {
            return -1;
        }
        for (uint32_t e = begin; e < end; e++) {
            NodeId target = part->whole->targets.items[e];
            if (part->whole_component[target] == part->whole_component[members[m]]) {
                graph_add_reserved(&part->own, index_find(&part->places, target));
            }
        }
        graph_close_row(&part->own);
    }
    return 0;
}

/* 0 or -1. */
static int
copy(Part *part, const NodeId *members, size_t count)
{
    Memory *memory = part->memory;
    part->numbers.length = part->own_nodes.length = part->own_component.length = 0;
    index_clear(&part->places);
    if (vec_reserve(memory, &part->numbers, count) < 0 ||
        vec_reserve(memory, &part->own_nodes, count) < 0 ||
        vec_zeros(memory, &part->own_component, count) < 0) {
        return -1;
    }
    for (size_t m = 0; m < count; m++) {
        vec_push_reserved(&part->members, (NodeId)m);
        vec_push_reserved(&part->numbers, members[m]);
        vec_push_reserved(&part->own_nodes, part->whole_nodes[members[m]]);
        if (index_enter(&part->places, memory, members[m]) == INDEX_NONE) {
            return -1;
        }
    }
    part->own_is_turned = false;
    part->graph = &part->own;
    part->nodes = part->own_nodes.items;
    part->component = part->own_component.items;
    return copy_rows(part, members, count);
}

/* 0 or -1. */
static int
use_whole(Part *part, const NodeId *members, size_t count)
{
    part->graph = part->whole;
    part->nodes = part->whole_nodes;
    part->component = part->whole_component;
    for (size_t m = 0; m < count; m++) {
        vec_push_reserved(&part->members, members[m]);
    }
    return part->turned.bits.length != 0
               ? 0
               : nodeset_init(&part->turned, part->memory, part->whole->nodes);
}

int
part_enter(Part *part, const NodeId *members, size_t count)
{
    NodeId component = part->whole_component[members[0]];
    if (part->entered == component + 1) {
        return 0;
    }
    part->entered = 0;
    part->members.length = 0;
    if (vec_reserve(part->memory, &part->members, count) < 0) {
        return -1;
    }
    int error = count < part->whole->nodes / SMALL ? copy(part, members, count)
                                                   : use_whole(part, members, count);
    if (error == 0) {
        part->entered = component + 1;
    }
    return error == 0 ? 1 : -1;
}

static bool
is_backwards(const Part *part, NodeId node)
{
    PyObject *op = part_object(part, node);
    return PyList_Check(op) || PyTuple_Check(op);
}

bool
part_turns(Part *part, NodeId node)
{
    return is_backwards(part, node) &&
           (part_is_copy(part) ? !part->own_is_turned : nodeset_enter(&part->turned, node));
}

bool
part_is_turned(const Part *part, NodeId node)
{
    return part_is_copy(part) ? part->own_is_turned && is_backwards(part, node)
                              : nodeset_has(&part->turned, node);
}
