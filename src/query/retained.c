/* retained.c: the dominator tree of the whole heap (dominators.h), from the roots of the dry run:
   what stands below an object in it would go with that object.

       run_dominators   the tree, of what is referred to from outside
       gather_kept      of one object: its subtree, in one pass over the preorder, since a node
                        stands behind its dominator
       find_heaviest    of all: bytes summed up over subtrees (dominators_sum), and the largest sums

   The objects of a heap that is judged have a gc_refs that is not 0 if something outside refers to
   them: those are the roots. The object that is asked about is one besides, so that garbage may be
   asked about, too; the box by which it was given is none. */

#include "query/retained.h"

#include "graph/dominators.h"
#include "heap/sizes.h"
#include "query/describer.h"
#include "runtime/scan.h"
#include "types/roll_call.h"

/* 0 or -1 with an exception. `extra` is a root besides, `excluded` is none; either may be NULL. */
static int
run_dominators(Scan *scan, Dominators *dominators, const NodeId *extra, const NodeId *excluded)
{
    NodeSet roots = {0};
    int error = nodeset_init(&roots, &scan->memory, scan->heap.count);
    if (error == 0) {
        for (size_t n = 0; n < scan->heap.count; n++) {
            if (scan->collector.gc_refs.items[n] != 0) {
                nodeset_add(&roots, (NodeId)n);
            }
        }
        if (extra != NULL) {
            nodeset_add(&roots, *extra);
        }
        if (excluded != NULL) {
            nodeset_remove(&roots, *excluded);
        }
        error = dominators_run(dominators, &scan->memory, &scan->heap.graph, &roots);
    }
    nodeset_fini(&roots);
    if (error < 0) {
        PyErr_NoMemory();
    }
    return error;
}

/* ---------------------------------------------------------------- one object */

typedef struct {
    NodeSet nodes;
    VEC(PyObject *) objects; /* borrowed */
    unsigned long long bytes;
} Kept;

/* What `node` dominates, itself included. 0; -1: out of memory. */
static int
gather_kept(Kept *kept, Scan *scan, const Dominators *dominators, NodeId node)
{
    if (nodeset_init(&kept->nodes, &scan->memory, scan->heap.count) < 0) {
        return -1;
    }
    for (size_t i = 0; i < dominators->order.length; i++) {
        NodeId n = dominators->order.items[i], above = dominators->idom.items[n];
        if (n == node || (above < scan->heap.count && nodeset_has(&kept->nodes, above))) {
            PyObject *op = scan->heap.objects.items[n];
            nodeset_add(&kept->nodes, n);
            kept->bytes += sizes_object_bytes(op);
            if (vec_push(&scan->memory, &kept->objects, op) < 0) {
                return -1;
            }
        }
    }
    return 0;
}

/* New reference: the Retained. */
static PyObject *
retained_row(Scan *scan, const Dominators *dominators, NodeId node)
{
    Kept kept = {0};
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    if (gather_kept(&kept, scan, dominators, node) < 0) {
        PyErr_NoMemory();
    }
    else {
        (void)((items[0] = PyLong_FromSize_t(kept.objects.length)) != NULL &&
               (items[1] = PyLong_FromUnsignedLongLong(kept.bytes)) != NULL &&
               (items[2] = roll_call_types_of(scan->state, kept.objects.items,
                                              kept.objects.length)) != NULL);
    }
    vec_fini(&scan->memory, &kept.objects);
    nodeset_fini(&kept.nodes);
    return row_new(scan->state, ROW_RETAINED, items);
}

static PyObject *
find_retained(Scan *scan, PyObject *target, PyObject *box)
{
    NodeId node, boxed;
    if (scan_list_all(scan, box) < 0) {
        return NULL;
    }
    if (!addrmap_find(&scan->heap.map, target, &node)) {
        return PyErr_Format(PyExc_TypeError,
                            "the collector does not track this object of type '%.200s', which "
                            "refers to nothing that could be in a ring, and so keeps nothing",
                            Py_TYPE(target)->tp_name);
    }
    bool has_box = addrmap_find(&scan->heap.map, box, &boxed);
    Dominators dominators = {0};
    PyObject *answer = NULL;
    if (scan_judge(scan) == 0 &&
        run_dominators(scan, &dominators, &node, has_box ? &boxed : NULL) == 0) {
        answer = retained_row(scan, &dominators, node);
    }
    dominators_fini(&dominators);
    return answer;
}

PyObject *
retained_of(PyObject *module, PyObject *box)
{
    PyObject *target = scan_boxed(box);
    if (target == NULL) {
        return NULL;
    }
    Scan scan;
    scan_begin(&scan, state_of_module(module));
    PyObject *answer = find_retained(&scan, target, box);
    scan_end(&scan);
    return answer;
}

/* --------------------------------------------------------------- all objects */

typedef struct {
    Scan *scan;                 /* borrowed */
    const Describer *describer; /* borrowed */
    Dominators dominators;
    VEC(uint64_t) weights; /* node -> bytes that it keeps */
} Heaviest;

/* Move the `count` nodes of most weight to the front, the heaviest first. `count` is small. */
static void
select_heaviest(NodeIds *nodes, const uint64_t *weights, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t best = i;
        for (size_t j = i + 1; j < nodes->length; j++) {
            best = weights[nodes->items[j]] > weights[nodes->items[best]] ? j : best;
        }
        NodeId node = nodes->items[best];
        nodes->items[best] = nodes->items[i];
        nodes->items[i] = node;
    }
}

static PyObject *
retainer_row(void *arg, size_t i)
{
    const Heaviest *heaviest = arg;
    NodeId node = heaviest->dominators.order.items[i];
    PyObject *op = heaviest->scan->heap.objects.items[node], *items[ROW_MOST_FIELDS] = {NULL};
    (void)((items[0] = describer_node(heaviest->describer, op)) != NULL &&
           (items[1] = PyLong_FromUnsignedLongLong(heaviest->weights.items[node])) != NULL);
    return row_new(heaviest->describer->state, ROW_RETAINER, items);
}

/* New reference: a list of Retainer. */
static PyObject *
find_heaviest(Heaviest *heaviest, size_t count)
{
    Scan *scan = heaviest->scan;
    NodeIds *order = &heaviest->dominators.order;
    if (scan_list_all(scan, NULL) < 0 || scan_judge(scan) < 0 ||
        run_dominators(scan, &heaviest->dominators, NULL, NULL) < 0) {
        return NULL;
    }
    if (vec_reserve(&scan->memory, &heaviest->weights, scan->heap.count) < 0) {
        return PyErr_NoMemory();
    }
    for (size_t n = 0; n < scan->heap.count; n++) {
        uint64_t bytes = sizes_object_bytes(scan->heap.objects.items[n]);
        vec_push_reserved(&heaviest->weights, bytes);
    }
    dominators_sum(&heaviest->dominators, heaviest->weights.items);
    count = count < order->length ? count : order->length;
    select_heaviest(order, heaviest->weights.items, count);
    return rows_list(count, retainer_row, heaviest);
}

PyObject *
retained_heaviest(PyObject *module, PyObject *count)
{
    enum { MOST = 1000 };
    ModuleState *state = state_of_module(module);
    Describer describer = {.state = state};
    Py_ssize_t wanted = PyLong_AsSsize_t(count);
    if (wanted == -1 && PyErr_Occurred()) {
        return NULL;
    }
    if (wanted < 0 || wanted > MOST) {
        PyErr_Format(PyExc_ValueError, "count must be from 0 to %d", MOST);
        return NULL;
    }
    Scan scan;
    scan_begin(&scan, state);
    Heaviest heaviest = {.scan = &scan, .describer = &describer};
    PyObject *answer = find_heaviest(&heaviest, (size_t)wanted);
    vec_fini(&scan.memory, &heaviest.weights);
    dominators_fini(&heaviest.dominators);
    scan_end(&scan);
    return answer;
}
