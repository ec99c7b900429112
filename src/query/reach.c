#include "query/reach.h"

int
reach_begin(Reach *reach, Memory *memory, const Heap *heap, size_t most)
{
    *reach = (Reach){.memory = memory, .heap = heap};
    reach->most = most < heap->count ? most : heap->count;
    return vec_zeros(memory, &reach->place, heap->count) < 0 ||
                   vec_reserve(memory, &reach->met, heap->count) < 0 ||
                   vec_reserve(memory, &reach->via, reach->most) < 0 ||
                   vec_reserve(memory, &reach->depth, reach->most) < 0
               ? -1
               : 0;
}

void
reach_fini(Reach *reach)
{
    if (reach->memory != NULL) {
        vec_fini(reach->memory, &reach->place);
        vec_fini(reach->memory, &reach->met);
        vec_fini(reach->memory, &reach->via);
        vec_fini(reach->memory, &reach->depth);
    }
}

static ReachRow
row_as_it_is(const Heap *heap, NodeId node)
{
    uint32_t begin = heap->graph.offsets.items[node], end = heap->graph.offsets.items[node + 1];
    return (ReachRow){.begin = begin, .count = end - begin};
}

ReachRow
reach_row(const Heap *heap, NodeId node)
{
    const PyObject *op = heap->objects.items[node];
    ReachRow row = row_as_it_is(heap, node);
    row.is_reversed = PyList_Check(op) || PyTuple_Check(op);
    return row;
}

static void
meet(Reach *reach, NodeId node, size_t via, NodeId depth)
{
    if (reach->met.length < reach->most) {
        vec_push_reserved(&reach->via, (NodeId)via);
        vec_push_reserved(&reach->depth, depth);
    }
    vec_push_reserved(&reach->met, node);
    reach->place.items[node] = (NodeId)reach->met.length;
}

void
reach_give(Reach *reach, NodeId node)
{
    if (reach->place.items[node] == 0) {
        meet(reach, node, reach->met.length, 0);
        reach->given = reach->met.length;
    }
}

/* ---------------------------------------------------------------------- boundary */

static void
exclude(NodeSet *boundary, const Heap *heap, PyObject *op)
{
    NodeId node;
    if (op != NULL && addrmap_find(&heap->map, op, &node)) {
        nodeset_add(boundary, node);
    }
}

/* What is not gone through. 0; -1 out of memory. */
static int
find_boundary(NodeSet *boundary, Memory *memory, const Heap *heap)
{
    if (nodeset_init(boundary, memory, heap->count) < 0) {
        return -1;
    }
    for (size_t n = 0; n < heap->count; n++) {
        PyObject *op = heap->objects.items[n];
        if (PyModule_Check(op) || PyType_Check(op)) {
            nodeset_add(boundary, (NodeId)n);
            exclude(boundary, heap, PyModule_Check(op) ? PyModule_GetDict(op) : NULL);
        }
        else if (PyFunction_Check(op)) {
            exclude(boundary, heap, ((PyFunctionObject *)op)->func_globals);
            exclude(boundary, heap, ((PyFunctionObject *)op)->func_builtins);
        }
    }
    return 0;
}

int
reach_run(Reach *reach)
{
    const Heap *heap = reach->heap;
    NodeSet boundary = {0};
    int error = find_boundary(&boundary, reach->memory, heap);
    for (size_t p = 0; p < reach->met.length && error == 0; p++) {
        NodeId depth = p < reach->most ? reach->depth.items[p] + 1 : 0;
        NodeId node = reach->met.items[p];
        ReachRow row = reach->most != 0 ? reach_row(heap, node) : row_as_it_is(heap, node);
        for (uint32_t nth = 0; nth < row.count; nth++) {
            NodeId target = reach_target(heap, &row, nth);
            if (reach->place.items[target] == 0 && !nodeset_has(&boundary, target)) {
                meet(reach, target, p, depth);
            }
        }
    }
    nodeset_fini(&boundary);
    return error;
}
