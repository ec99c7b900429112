#include "query/neighborhood.h"

#include "heap/interp.h"
#include "query/describe.h"

enum { MOST_OUTER = 12 }; /* holders of one object from outside that are told */

void
neighborhood_fini(Neighborhood *neighborhood)
{
    Memory *memory = &neighborhood->scan->memory;
    reach_fini(&neighborhood->reach);
    collector_fini(&neighborhood->generation);
    scc_fini(&neighborhood->scc);
    vec_fini(memory, &neighborhood->rings);
    vec_fini(memory, &neighborhood->tallies);
    vec_fini(memory, &neighborhood->outer);
    vec_fini(memory, &neighborhood->inner);
    vec_fini(memory, &neighborhood->bundle);
}

/* ------------------------------------------------------------------------ walking */

int
neighborhood_visit_addresses(const Heap *heap, PyObject *addresses,
                             bool (*visit)(void *arg, NodeId node), void *arg)
{
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(addresses); i++) {
        PyObject *number = PyList_GET_ITEM(addresses, i);
        NodeId node;
        if (!PyLong_CheckExact(number)) { /* an exact int runs no code when it is read */
            PyErr_Format(PyExc_TypeError, "an address must be an int, not '%.200s'",
                         Py_TYPE(number)->tp_name);
            return -1;
        }
        void *address = PyLong_AsVoidPtr(number);
        PyErr_Clear(); /* a number that is no address is the address of nothing */
        /* there, and not in the middle of something */
        bool is_there = address != NULL && addrmap_find(&heap->map, address, &node) &&
                        heap->objects.items[node] == address;
        if (is_there && visit(arg, node)) {
            break;
        }
    }
    return 0;
}

static bool
give(void *arg, NodeId node)
{
    reach_give(arg, node);
    return false;
}

/* 0 or -1 with an exception. */
static int
give_all(Reach *reach, PyObject *given)
{
    if (!PyTuple_Check(given)) {
        return neighborhood_visit_addresses(reach->heap, given, give, reach);
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(given); i++) {
        NodeId node;
        if (addrmap_find(&reach->heap->map, PyTuple_GET_ITEM(given, i), &node)) {
            reach_give(reach, node);
        }
    }
    return 0;
}

/* 0 or -1 with an exception. */
static int
walk(Neighborhood *neighborhood, PyObject *given, size_t most)
{
    Reach *reach = &neighborhood->reach;
    Scan *scan = neighborhood->scan;
    int error = reach_begin(reach, &scan->memory, &scan->heap, most);
    if (error == 0) {
        if (give_all(reach, given) < 0) {
            return -1;
        }
        error = reach_run(reach);
    }
    if (error < 0) {
        PyErr_NoMemory();
    }
    neighborhood->shown = reach->most < reach->met.length ? reach->most : reach->met.length;
    return error;
}

/* ------------------------------------------------------------------------ judging */

typedef struct {
    const Neighborhood *neighborhood;
    Graph graph;         /* of what was met, by place */
    VEC(int32_t) counts; /* place -> reference count */
    NodeIds unowned;     /* places, once for each reference between them that owns nothing */
    bool failed;
} Judging;

static int
note_unowned(PyObject *target, void *arg)
{
    Judging *judging = arg;
    const Neighborhood *neighborhood = judging->neighborhood;
    const NodeId *place = neighborhood->reach.place.items;
    NodeId node;
    if (addrmap_find(&neighborhood->scan->heap.map, target, &node) && place[node] != 0) {
        judging->failed |=
            vec_push(&neighborhood->scan->memory, &judging->unowned, place[node] - 1) < 0;
    }
    return judging->failed;
}

/* 0 or -1: out of memory. */
static int
add_row(Judging *judging, size_t place)
{
    const Neighborhood *neighborhood = judging->neighborhood;
    const Reach *reach = &neighborhood->reach;
    PyObject *op = neighborhood_object(neighborhood, place);
    ReachRow row = reach_row(reach->heap, reach->met.items[place]);
    size_t begin = graph_edges(&judging->graph);
    if (graph_reserve(&judging->graph, row.count) < 0) {
        return -1;
    }
    for (uint32_t nth = 0; nth < row.count; nth++) {
        NodeId to = reach->place.items[reach_target(reach->heap, &row, nth)];
        if (to != 0) {
            graph_add_reserved(&judging->graph, to - 1);
        }
    }
    graph_close_row(&judging->graph);
    if (interp_may_borrow(op)) {
        interp_visit_borrowed(op, note_unowned, judging);
        if (!interp_knows_borrowing()) { /* as heap.c does */
            judging->failed |= graph_repeats(&judging->graph, begin, &judging->unowned) < 0;
        }
    }
    return judging->failed ? -1 : 0;
}

/* 0 or -1: out of memory. */
static int
add_rows(Judging *judging)
{
    const Neighborhood *neighborhood = judging->neighborhood;
    const NodeIds *met = &neighborhood->reach.met;
    Memory *memory = &neighborhood->scan->memory;
    if (graph_init(&judging->graph, memory, met->length) < 0 ||
        vec_reserve(memory, &judging->counts, met->length) < 0) {
        return -1;
    }
    for (size_t p = 0; p < met->length; p++) {
        int32_t count = neighborhood->scan->heap.refcounts.items[met->items[p]];
        vec_push_reserved(&judging->counts, count);
        if (add_row(judging, p) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Which of those that were met lead back to themselves. 0 or -1: out of memory. */
static int
find_rings(Neighborhood *neighborhood, const Graph *graph)
{
    Memory *memory = &neighborhood->scan->memory;
    Scc *scc = &neighborhood->scc;
    if (scc_run(scc, memory, graph) < 0 ||
        vec_zeros(memory, &neighborhood->rings, graph->nodes) < 0) {
        return -1;
    }
    for (size_t ring = 0; ring < scc->cyclic; ring++) {
        for (uint32_t m = scc->starts.items[ring]; m < scc->starts.items[ring + 1]; m++) {
            neighborhood->rings.items[scc->members.items[m]] = (uint32_t)ring + 1;
        }
    }
    return 0;
}

/* 0 or -1: out of memory. */
static int
judge(Neighborhood *neighborhood)
{
    Memory *memory = &neighborhood->scan->memory;
    Judging judging = {.neighborhood = neighborhood};
    int error = add_rows(&judging);
    if (error == 0) {
        error = collector_run(&neighborhood->generation, memory, &judging.graph,
                              judging.counts.items, judging.unowned.items, judging.unowned.length);
    }
    if (error == 0) {
        error = find_rings(neighborhood, &judging.graph);
    }
    graph_fini(&judging.graph);
    vec_fini(memory, &judging.counts);
    vec_fini(memory, &judging.unowned);
    return error;
}

bool
neighborhood_is_folded(const Neighborhood *neighborhood, size_t place)
{
    const Heap *heap = &neighborhood->scan->heap;
    PyObject *op = neighborhood_object(neighborhood, place);
    return place >= neighborhood->reach.given && !is_immortal(op) &&
           heap->refcounts.items[neighborhood->reach.met.items[place]] == 1 &&
           neighborhood->generation.gc_refs.items[place] == 0 &&
           describe_is_container(describe_kind(neighborhood->scan->state, op));
}

Extent
neighborhood_extent(const Neighborhood *neighborhood)
{
    Extent extent = {.objects = neighborhood->reach.met.length};
    for (size_t p = 0; p < extent.objects; p++) {
        extent.folded += neighborhood_is_folded(neighborhood, p);
    }
    return extent;
}

Extent
neighborhood_ring_extent(const Neighborhood *neighborhood, size_t ring)
{
    const Scc *scc = &neighborhood->scc;
    uint32_t begin = scc->starts.items[ring], end = scc->starts.items[ring + 1];
    Extent extent = {.objects = end - begin};
    for (uint32_t m = begin; m < end; m++) {
        extent.folded += neighborhood_is_folded(neighborhood, scc->members.items[m]);
    }
    return extent;
}

/* ---------------------------------------------------------------------- gathering */

/* The bundles of a row, while those of its references that own nothing are counted. */
typedef struct {
    Neighborhood *neighborhood;
    Bundles *bundles;
    size_t begun;    /* bundles before this one are another row's */
    bool is_outside; /* it was counted among the references from outside */
} Borrowing;

static int
note_borrowed(PyObject *target, void *arg)
{
    Borrowing *borrowing = arg;
    Neighborhood *neighborhood = borrowing->neighborhood;
    NodeId place = neighborhood_place_of(neighborhood, target);
    if (place != 0) {
        uint32_t bundle = neighborhood->bundle.items[place - 1];
        if (bundle > borrowing->begun) {
            borrowing->bundles->items[bundle - 1].unowned++;
        }
        if (borrowing->is_outside) {
            neighborhood->tallies.items[place - 1].outside--;
        }
    }
    return 0;
}

static void
count_borrowed(Borrowing *borrowing, PyObject *op)
{
    if (!interp_may_borrow(op)) {
        return;
    }
    interp_visit_borrowed(op, note_borrowed, borrowing);
    for (size_t b = borrowing->begun; b < borrowing->bundles->length && !interp_knows_borrowing();
         b++) {
        Bundle *bundle = &borrowing->bundles->items[b]; /* as heap.c does */
        bundle->unowned = bundle->references - 1;
        borrowing->neighborhood->tallies.items[bundle->place].outside -=
            borrowing->is_outside ? bundle->unowned : 0;
    }
}

int
neighborhood_row(Neighborhood *neighborhood, size_t place)
{
    NodeId node = neighborhood->reach.met.items[place];
    const Heap *heap = &neighborhood->scan->heap;
    ReachRow row = reach_row(heap, node);
    neighborhood->inner.length = 0;
    for (uint32_t nth = 0; nth < row.count; nth++) {
        NodeId to = neighborhood_place(neighborhood, reach_target(heap, &row, nth));
        if (to == 0) {
            continue;
        }
        uint32_t *bundle = &neighborhood->bundle.items[to - 1];
        if (*bundle == 0) {
            if (vec_push(&neighborhood->scan->memory, &neighborhood->inner,
                         ((Bundle){.source = node, .place = to - 1})) < 0) {
                return -1;
            }
            *bundle = (uint32_t)neighborhood->inner.length;
        }
        neighborhood->inner.items[*bundle - 1].references++;
    }
    count_borrowed(&(Borrowing){.neighborhood = neighborhood, .bundles = &neighborhood->inner},
                   neighborhood_object(neighborhood, place));
    for (size_t b = 0; b < neighborhood->inner.length; b++) {
        neighborhood->bundle.items[neighborhood->inner.items[b].place] = 0;
    }
    return 0;
}

/* Count what one object that was not met refers to, and note it where not too many were. 0 or -1:
   out of memory. */
static int
gather_row(Neighborhood *neighborhood, NodeId node)
{
    const Heap *heap = &neighborhood->scan->heap;
    Borrowing borrowing = {.neighborhood = neighborhood,
                           .bundles = &neighborhood->outer,
                           .begun = neighborhood->outer.length,
                           .is_outside = true};
    for (uint32_t e = heap->graph.offsets.items[node]; e < heap->graph.offsets.items[node + 1];
         e++) {
        NodeId place = neighborhood_place(neighborhood, heap->graph.targets.items[e]);
        if (place == 0) {
            continue;
        }
        Tally *tally = &neighborhood->tallies.items[place - 1];
        uint32_t *bundle = &neighborhood->bundle.items[place - 1];
        tally->outside++;
        if (*bundle > borrowing.begun) {
            neighborhood->outer.items[*bundle - 1].references++;
        }
        else if (tally->told < MOST_OUTER) {
            Bundle outer = {.source = node, .place = place - 1, .references = 1};
            tally->told++;
            if (vec_push(&neighborhood->scan->memory, &neighborhood->outer, outer) < 0) {
                return -1;
            }
            *bundle = (uint32_t)neighborhood->outer.length;
        }
    }
    count_borrowed(&borrowing, heap->objects.items[node]);
    return 0;
}

/* 0 or -1: out of memory. */
static int
gather(Neighborhood *neighborhood)
{
    Memory *memory = &neighborhood->scan->memory;
    if (vec_zeros(memory, &neighborhood->tallies, neighborhood->shown) < 0 ||
        vec_zeros(memory, &neighborhood->bundle, neighborhood->shown) < 0) {
        return -1;
    }
    for (size_t n = 0; n < neighborhood->scan->heap.count; n++) {
        if (neighborhood->reach.place.items[n] == 0 && gather_row(neighborhood, (NodeId)n) < 0) {
            return -1;
        }
    }
    for (size_t b = 0; b < neighborhood->outer.length; b++) {
        neighborhood->bundle.items[neighborhood->outer.items[b].place] = 0;
    }
    return 0;
}

int
neighborhood_find(Neighborhood *neighborhood, Scan *scan, PyObject *given, size_t most)
{
    neighborhood->scan = scan;
    if (walk(neighborhood, given, most) < 0) {
        return -1;
    }
    if (judge(neighborhood) < 0 || gather(neighborhood) < 0) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}
