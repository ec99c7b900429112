/* retained.c: the dominator tree of the whole heap (dominators.h), from the roots of the dry run:
   what stands below an object in it would go with that object.

       run_dominators   the tree, of what is referred to from outside
       gather_kept      of one object: its subtree, in one pass over the preorder, since a node
                        stands behind its dominator; and the leaves that only those hold
       find_heaviest    of all: bytes summed up over subtrees (dominators_sum), and the largest sums

   The objects of a heap that is judged have a gc_refs that is not 0 if something outside refers to
   them: those are the roots. The object that is asked about is one besides, so that garbage may be
   asked about, too; the box by which it was given is none. */

#include "query/retained.h"

#include "graph/dominators.h"
#include "heap/sizes.h"
#include "query/describer.h"
#include "query/sized.h"
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
    VEC(PyObject *) objects; /* borrowed: those that are tracked */
    uint64_t bytes;
    Leaves leaves;
    SizedObjects sized;
} Kept;

static void
kept_begin(Kept *kept, Scan *scan, PyObject *sizers)
{
    *kept = (Kept){0};
    leaves_begin(&kept->leaves, &scan->memory, &scan->heap);
    sized_begin(&kept->sized, &scan->memory, sizers);
    sized_listen(&kept->sized, &kept->leaves);
}

static void
kept_fini(Kept *kept, Memory *memory)
{
    sized_fini(&kept->sized);
    leaves_fini(&kept->leaves);
    vec_fini(memory, &kept->objects);
    nodeset_fini(&kept->nodes);
}

/* Count an object, tracked or not, and take its references to leaves. 0; -1: out of memory. */
static int
keep(Kept *kept, PyObject *op)
{
    kept->bytes += sizes_object_bytes(op);
    leaves_take(&kept->leaves, op);
    return sized_note(&kept->sized, op, kept->leaves.opened);
}

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
            if (vec_push(&scan->memory, &kept->objects, op) < 0 || keep(kept, op) < 0) {
                return -1;
            }
        }
    }
    return 0;
}

static PyObject *
sized_object(void *arg, size_t s)
{
    const Kept *kept = arg;
    return Py_NewRef(kept->sized.items.items[s].op);
}

/* New reference: the Retained. */
static PyObject *
retained_row(Scan *scan, Kept *kept)
{
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    if (leaves_settle(&kept->leaves) < 0) {
        return PyErr_NoMemory();
    }
    uint64_t bytes = kept->bytes + kept->leaves.total;
    (void)((items[0] = PyLong_FromSize_t(kept->objects.length)) != NULL &&
           (items[1] = PyLong_FromUnsignedLongLong(bytes)) != NULL &&
           (items[2] = roll_call_types_of(scan->state, kept->objects.items,
                                          kept->objects.length)) != NULL &&
           (items[3] = rows_list(kept->sized.items.length, sized_object, kept)) != NULL);
    return row_new(scan->state, ROW_RETAINED, items);
}

/* Gather what an object keeps that is in the heap. 0 or -1 with an exception. */
static int
gather_from(Kept *kept, Scan *scan, NodeId node, const NodeId *box)
{
    Dominators dominators = {0};
    int error = scan_judge(scan) < 0 ? -1 : run_dominators(scan, &dominators, &node, box);
    if (error == 0 && gather_kept(kept, scan, &dominators, node) < 0) {
        error = scan_no_memory();
    }
    dominators_fini(&dominators);
    return error;
}

/* List nothing, and yet stop other threads, which may resize what is looked at. 0 or -1 with an
   exception. */
static int
open_empty(Scan *scan)
{
    if (scan_open(scan) < 0) {
        return -1;
    }
    scan_stop(scan);
    return 0;
}

/* One that is not tracked keeps no tracked object, as far as is known: its references are not. */
static PyObject *
find_retained(Scan *scan, PyObject *target, PyObject *box, PyObject *sizers)
{
    bool may_be_in_heap = PyType_IS_GC(Py_TYPE(target)); /* tp_is_gc denies a greenlet that waits */
    NodeId node, boxed;
    Kept kept;
    if ((may_be_in_heap ? scan_list_all(scan, box) : open_empty(scan)) < 0) {
        return NULL;
    }
    kept_begin(&kept, scan, sizers);
    bool has_box = addrmap_find(&scan->heap.map, box, &boxed);
    int error = addrmap_find(&scan->heap.map, target, &node)
                    ? gather_from(&kept, scan, node, has_box ? &boxed : NULL)
                    : (keep(&kept, target) < 0 ? scan_no_memory() : 0);
    PyObject *answer = error == 0 ? retained_row(scan, &kept) : NULL;
    kept_fini(&kept, &scan->memory);
    return answer;
}

PyObject *
retained_of(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ModuleState *state = state_of_module(module);
    Describer describer = {.state = state};
    if (nargs < 1 || nargs > 2) {
        PyErr_SetString(PyExc_TypeError, "retained() takes 1 or 2 arguments: box, sizers");
        return NULL;
    }
    PyObject *target = scan_boxed(args[0]);
    if (target == NULL || describer_take_sizers(&describer, nargs > 1 ? args[1] : Py_None) < 0) {
        return NULL;
    }
    Scan scan;
    scan_begin(&scan, state);
    PyObject *answer = find_retained(&scan, target, args[0], describer.sizers);
    scan_end(&scan);
    return answer;
}

/* --------------------------------------------------------------- all objects */

typedef struct {
    Scan *scan;                 /* borrowed */
    const Describer *describer; /* borrowed */
    Dominators dominators;
    Leaves leaves;         /* its owners are the nodes; a leaf that several refer to has none */
    VEC(uint64_t) weights; /* node -> bytes that it keeps */
} Heaviest;

/* What each object takes, with the leaves that it alone refers to. 0; -1: out of memory. */
static int
weigh(Heaviest *heaviest)
{
    Scan *scan = heaviest->scan;
    leaves_begin(&heaviest->leaves, &scan->memory, &scan->heap);
    if (vec_reserve(&scan->memory, &heaviest->weights, scan->heap.count) < 0) {
        return -1;
    }
    for (size_t n = 0; n < scan->heap.count; n++) {
        PyObject *op = scan->heap.objects.items[n];
        leaves_open(&heaviest->leaves, (uint32_t)n, false);
        leaves_take(&heaviest->leaves, op);
        if (leaves_settle(&heaviest->leaves) < 0) {
            return -1;
        }
        vec_push_reserved(&heaviest->weights, sizes_object_bytes(op) + heaviest->leaves.own);
    }
    return 0;
}

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
    if (weigh(heaviest) < 0) {
        return PyErr_NoMemory();
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
    leaves_fini(&heaviest.leaves);
    dominators_fini(&heaviest.dominators);
    scan_end(&scan);
    return answer;
}
