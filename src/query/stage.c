/* stage.c

       walk      breadth-first from the given objects
       judge     the dry run on what was met: what is left of each count comes from outside
       gather    who else, of the tracked objects, refers to what is shown */

#include "query/stage.h"

#include "heap/interp.h"
#include "query/garbage.h"

enum { MOST_VISITORS = 12 }; /* holders of one object from outside that are told */

void
stage_fini(Stage *stage)
{
    Memory *memory = &stage->scan->memory;
    vec_fini(memory, &stage->met);
    vec_fini(memory, &stage->place);
    vec_fini(memory, &stage->via);
    vec_fini(memory, &stage->depth);
    collector_fini(&stage->generation);
    vec_fini(memory, &stage->tallies);
    vec_fini(memory, &stage->visitors);
    vec_fini(memory, &stage->inside);
    vec_fini(memory, &stage->bundle);
}

/* The edges of a node, first to last as a program sees them: tp_traverse of lists and tuples begins
   at the end. */
typedef struct {
    uint32_t begin, count;
    bool is_reversed;
} Row;

static Row
row_of(const Stage *stage, NodeId node)
{
    const Heap *heap = &stage->scan->heap;
    const PyObject *op = heap->objects.items[node];
    uint32_t begin = heap->graph.offsets.items[node];
    return (Row){begin, heap->graph.offsets.items[node + 1] - begin,
                 PyList_Check(op) || PyTuple_Check(op)};
}

static NodeId
row_target(const Stage *stage, const Row *row, uint32_t nth)
{
    uint32_t e = row->is_reversed ? row->begin + row->count - 1 - nth : row->begin + nth;
    return stage->scan->heap.graph.targets.items[e];
}

/* ------------------------------------------------------------------------ walking */

int
stage_visit_addresses(const Heap *heap, PyObject *addresses, bool (*visit)(void *arg, NodeId node),
                      void *arg)
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
        bool is_there = address != NULL && addrmap_find(&heap->map, address, &node) &&
                        heap->objects.items[node] == address; /* and not in the middle of it */
        if (is_there && visit(arg, node)) {
            break;
        }
    }
    return 0;
}

static void
meet(Stage *stage, NodeId node, size_t via, NodeId depth)
{
    if (stage->met.length < stage->shown) {
        vec_push_reserved(&stage->via, (NodeId)via);
        vec_push_reserved(&stage->depth, depth);
    }
    vec_push_reserved(&stage->met, node);
    stage->place.items[node] = (NodeId)stage->met.length;
}

static bool
meet_given(void *arg, NodeId node)
{
    Stage *stage = arg;
    if (stage->place.items[node] == 0) {
        meet(stage, node, stage->met.length, 0);
    }
    return false;
}

/* 0 or -1 with an exception. */
static int
meet_all_given(Stage *stage, PyObject *given)
{
    if (!PyTuple_Check(given)) {
        return stage_visit_addresses(&stage->scan->heap, given, meet_given, stage);
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(given); i++) {
        NodeId node;
        if (addrmap_find(&stage->scan->heap.map, PyTuple_GET_ITEM(given, i), &node)) {
            (void)meet_given(stage, node);
        }
    }
    return 0;
}

static void
meet_reached(Stage *stage, const NodeSet *barred)
{
    for (size_t p = 0; p < stage->met.length; p++) {
        NodeId node = stage->met.items[p], depth = p < stage->shown ? stage->depth.items[p] + 1 : 0;
        Row row = row_of(stage, node);
        for (uint32_t r = 0; r < row.count && (p < stage->given || !nodeset_has(barred, node));
             r++) {
            NodeId target = row_target(stage, &row, r);
            if (stage->place.items[target] == 0 && !nodeset_has(barred, target)) {
                meet(stage, target, p, depth);
            }
        }
    }
}

/* 0 or -1: out of memory. */
static int
make_room(Stage *stage, size_t most)
{
    Memory *memory = &stage->scan->memory;
    size_t count = stage->scan->heap.count;
    stage->shown = most < count ? most : count; /* until it is known how many there are */
    return vec_zeros(memory, &stage->place, count) < 0 ||
                   vec_reserve(memory, &stage->met, count) < 0 ||
                   vec_reserve(memory, &stage->via, stage->shown) < 0 ||
                   vec_reserve(memory, &stage->depth, stage->shown) < 0
               ? -1
               : 0;
}

/* 0 or -1 with an exception. */
static int
walk(Stage *stage, PyObject *given, size_t most)
{
    const Heap *heap = &stage->scan->heap;
    NodeSet barred = {0};
    int error = -1;
    if (make_room(stage, most) < 0 || story_bar(&barred, &stage->scan->memory, heap) < 0) {
        PyErr_NoMemory();
    }
    else if ((error = meet_all_given(stage, given)) == 0) {
        stage->given = stage->met.length;
        meet_reached(stage, &barred);
        stage->shown = stage->shown < stage->met.length ? stage->shown : stage->met.length;
    }
    nodeset_fini(&barred);
    return error;
}

/* ------------------------------------------------------------------------ judging */

typedef struct {
    const Stage *stage;
    Graph graph;         /* of what was met, by place */
    VEC(int32_t) counts; /* place -> reference count */
    VEC(NodeId) unowned; /* places, once for each reference between them that owns nothing */
    bool failed;
} Judging;

static int
note_unowned(PyObject *target, void *arg)
{
    Judging *judging = arg;
    NodeId node;
    if (addrmap_find(&judging->stage->scan->heap.map, target, &node) &&
        judging->stage->place.items[node] != 0) {
        NodeId place = judging->stage->place.items[node] - 1;
        judging->failed |= vec_push(&judging->stage->scan->memory, &judging->unowned, place) < 0;
    }
    return judging->failed;
}

/* Where borrowed slots cannot be told from others: as heap.c does. */
static void
disown_repeats(Judging *judging, size_t begin)
{
    const NodeId *targets = judging->graph.targets.items;
    for (size_t i = begin; i < graph_edges(&judging->graph); i++) {
        for (size_t j = begin; j < i; j++) {
            if (targets[i] == targets[j]) {
                judging->failed |=
                    vec_push(&judging->stage->scan->memory, &judging->unowned, targets[i]) < 0;
                break;
            }
        }
    }
}

/* 0 or -1: out of memory. */
static int
add_row(Judging *judging, size_t place)
{
    const Stage *stage = judging->stage;
    Row row = row_of(stage, stage->met.items[place]);
    size_t begin = graph_edges(&judging->graph);
    if (graph_reserve(&judging->graph, row.count) < 0) {
        return -1;
    }
    for (uint32_t r = 0; r < row.count; r++) {
        NodeId to = stage->place.items[row_target(stage, &row, r)];
        if (to != 0) {
            graph_add_reserved(&judging->graph, to - 1);
        }
    }
    graph_close_row(&judging->graph);
    if (interp_may_borrow(stage_object(stage, place))) {
        interp_visit_borrowed(stage_object(stage, place), note_unowned, judging);
        if (!interp_knows_borrowing()) {
            disown_repeats(judging, begin);
        }
    }
    return judging->failed ? -1 : 0;
}

/* 0 or -1: out of memory. */
static int
add_rows(Judging *judging)
{
    const Stage *stage = judging->stage;
    Memory *memory = &stage->scan->memory;
    if (graph_init(&judging->graph, memory, stage->met.length) < 0 ||
        vec_reserve(memory, &judging->counts, stage->met.length) < 0) {
        return -1;
    }
    for (size_t p = 0; p < stage->met.length; p++) {
        vec_push_reserved(&judging->counts, stage->scan->heap.refcounts.items[stage->met.items[p]]);
        if (add_row(judging, p) < 0) {
            return -1;
        }
    }
    return 0;
}

/* 0 or -1: out of memory. */
static int
judge(Stage *stage)
{
    Memory *memory = &stage->scan->memory;
    Judging judging = {.stage = stage};
    int error = add_rows(&judging);
    if (error == 0) {
        error = collector_run(&stage->generation, memory, &judging.graph, judging.counts.items,
                              judging.unowned.items, judging.unowned.length);
    }
    graph_fini(&judging.graph);
    vec_fini(memory, &judging.counts);
    vec_fini(memory, &judging.unowned);
    return error;
}

/* ---------------------------------------------------------------------- gathering */

/* What a row lends, bundle by bundle. */
typedef struct {
    Stage *stage;
    Bundles *bundles;
    size_t begun;    /* bundles before this one are another row's */
    bool is_outside; /* it was counted among the references from outside */
} Lending;

static int
note_lent(PyObject *target, void *arg)
{
    Lending *lending = arg;
    Stage *stage = lending->stage;
    NodeId node, place = 0;
    if (addrmap_find(&stage->scan->heap.map, target, &node)) {
        place = stage_place(stage, node);
    }
    if (place != 0) {
        uint32_t bundle = stage->bundle.items[place - 1];
        if (bundle > lending->begun) {
            lending->bundles->items[bundle - 1].unowned++;
        }
        if (lending->is_outside) {
            stage->tallies.items[place - 1].outside--;
        }
    }
    return 0;
}

static void
count_lent(Lending *lending, PyObject *op)
{
    if (!interp_may_borrow(op)) {
        return;
    }
    interp_visit_borrowed(op, note_lent, lending);
    for (size_t b = lending->begun; b < lending->bundles->length && !interp_knows_borrowing();
         b++) {
        Bundle *bundle = &lending->bundles->items[b]; /* as in disown_repeats */
        bundle->unowned = bundle->references - 1;
        lending->stage->tallies.items[bundle->place].outside -=
            lending->is_outside ? bundle->unowned : 0;
    }
}

int
stage_row(Stage *stage, size_t place)
{
    NodeId node = stage->met.items[place];
    Row row = row_of(stage, node);
    stage->inside.length = 0;
    for (uint32_t r = 0; r < row.count; r++) {
        NodeId to = stage_place(stage, row_target(stage, &row, r));
        if (to == 0) {
            continue;
        }
        uint32_t *bundle = &stage->bundle.items[to - 1];
        if (*bundle == 0) {
            if (vec_push(&stage->scan->memory, &stage->inside,
                         ((Bundle){.source = node, .place = to - 1})) < 0) {
                return -1;
            }
            *bundle = (uint32_t)stage->inside.length;
        }
        stage->inside.items[*bundle - 1].references++;
    }
    count_lent(&(Lending){.stage = stage, .bundles = &stage->inside}, stage_object(stage, place));
    for (size_t b = 0; b < stage->inside.length; b++) {
        stage->bundle.items[stage->inside.items[b].place] = 0;
    }
    return 0;
}

/* Count what one object that was not met refers to, and note it where not too many were. 0 or -1:
   out of memory. */
static int
gather_row(Stage *stage, NodeId node)
{
    const Heap *heap = &stage->scan->heap;
    Lending lending = {.stage = stage,
                       .bundles = &stage->visitors,
                       .begun = stage->visitors.length,
                       .is_outside = true};
    for (uint32_t e = heap->graph.offsets.items[node]; e < heap->graph.offsets.items[node + 1];
         e++) {
        NodeId place = stage_place(stage, heap->graph.targets.items[e]);
        if (place == 0) {
            continue;
        }
        Tally *tally = &stage->tallies.items[place - 1];
        uint32_t *bundle = &stage->bundle.items[place - 1];
        tally->outside++;
        if (*bundle > lending.begun) {
            stage->visitors.items[*bundle - 1].references++;
        }
        else if (tally->told < MOST_VISITORS) {
            Bundle visitor = {.source = node, .place = place - 1, .references = 1};
            tally->told++;
            if (vec_push(&stage->scan->memory, &stage->visitors, visitor) < 0) {
                return -1;
            }
            *bundle = (uint32_t)stage->visitors.length;
        }
    }
    count_lent(&lending, heap->objects.items[node]);
    return 0;
}

/* 0 or -1: out of memory. */
static int
gather(Stage *stage)
{
    Memory *memory = &stage->scan->memory;
    if (vec_zeros(memory, &stage->tallies, stage->shown) < 0 ||
        vec_zeros(memory, &stage->bundle, stage->shown) < 0) {
        return -1;
    }
    for (size_t n = 0; n < stage->scan->heap.count; n++) {
        if (stage->place.items[n] == 0 && gather_row(stage, (NodeId)n) < 0) {
            return -1;
        }
    }
    for (size_t v = 0; v < stage->visitors.length; v++) {
        stage->bundle.items[stage->visitors.items[v].place] = 0;
    }
    return 0;
}

int
stage_set(Stage *stage, Scan *scan, PyObject *given, size_t most)
{
    stage->scan = scan;
    if (walk(stage, given, most) < 0) {
        return -1;
    }
    if (judge(stage) < 0 || gather(stage) < 0) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}
