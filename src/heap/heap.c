/* heap.c: how the heap is read, and why it is fast.

   The collector itself walks its candidates twice and touches the header of every target twice, a
   cache miss each on a large heap. Here each object is traversed once, and a target's own memory is
   never touched: its address is looked up in the address map, a thirtieth of the size of the heap.
   Even that access is not waited for:

       tp_traverse -> visit_edge: address -> block of the map, asked from memory, put into a batch
       batch full  -> flush:      block and bit -> node id -> edge

   Ends of rows travel in the same stream, as entries without a block, so that order is all that is
   needed to know which edge belongs to whom. Objects are read in the order of their ids, which is
   nearly that of their addresses.

       heap_number     objects and their ids      of what was entered
       heap_traverse   reference counts, edges,   by tp_traverse
                       edges that own nothing     by interp.h */

#include "heap/heap.h"

#include "heap/interp.h"
#include "heap/interp_world.h"
#include "heap/known.h"

/* ------------------------------------------------------------------ listing */

int
heap_begin(Heap *heap, Memory *memory, const World *world)
{
    *heap = (Heap){.memory = memory, .world = world};
    return addrmap_init(&heap->map, memory);
}

/* A list is made in steps, with audit hooks between. If none of its items is owned by it alone,
   giving it up frees nothing. */
static int
enter_items(Heap *heap, PyObject *list)
{
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); i++) {
        PyObject *op = PyList_GET_ITEM(list, i);
        int is_new = Py_REFCNT(op) > 1 ? addrmap_insert(&heap->map, op) : 0;
        if (is_new <= 0) {
            heap->has_changed = is_new == 0;
            return -1;
        }
    }
    return 0;
}

int
heap_enter_list(Heap *heap, PyObject *list)
{
    int error = enter_items(heap, list);
    Py_DECREF(list);
    return error;
}

/* Write the objects in the order of their addresses to heap->objects. */
static int
write_objects(Heap *heap)
{
    size_t count = heap->map.count;
    heap->objects.length = 0;
    if (count >= NODE_LIMIT || vec_reserve(heap->memory, &heap->objects, count) < 0) {
        return -1;
    }
    addrmap_number(&heap->map, (void **)heap->objects.items);
    heap->objects.length = count;
    return 0;
}

int
heap_number(Heap *heap)
{
    heap->count = heap->map.count;
    return write_objects(heap);
}

typedef struct {
    Heap *heap;
    bool failed;
} Finder;

static int
find_hidden(PyObject *target, void *arg)
{
    Finder *finder = arg;
    if (addrmap_has(&finder->heap->map, target) || !PyObject_GC_IsTracked(target)) {
        return 0;
    }
    finder->failed |= addrmap_insert(&finder->heap->map, target) < 0 ||
                      vec_push(finder->heap->memory, &finder->heap->hidden, target) < 0;
    return finder->failed;
}

/* On free-threaded builds the world is stopped by now, and nothing may be visited so. */
#if GCSCOPE_HAS_VISIT_OBJECTS && !GCSCOPE_FREE_THREADED

static int
find_visited(PyObject *op, void *arg)
{
    return !find_hidden(op, arg); /* 0: stop */
}

static void
find_by_visiting(Finder *finder)
{
    PyUnstable_GC_VisitObjects(find_visited, finder);
}

#else

static void
find_by_visiting(Finder *Py_UNUSED(finder))
{
}

#endif

static void
find_from(Finder *finder, PyObject *op)
{
    traverseproc traverse = known_traverse_of(op);
    if (traverse != NULL) {
        (void)traverse(op, find_hidden, finder);
    }
}

int
heap_enter_hidden(Heap *heap, PyObject *root)
{
    Finder finder = {.heap = heap};
    if (write_objects(heap) < 0) {
        return -1;
    }
    find_by_visiting(&finder);
    if (root != NULL) {
        (void)find_hidden(root, &finder);
    }
    for (size_t n = 0; n < heap->objects.length && !finder.failed; n++) {
        find_from(&finder, heap->objects.items[n]);
    }
    for (size_t f = 0; f < heap->hidden.length && !finder.failed; f++) {
        find_from(&finder, heap->hidden.items[f]);
    }
    return finder.failed ? -1 : 0;
}

int
heap_enter_known(Heap *heap)
{
    heap->is_known = true;
    return known_enter(&heap->map, heap->memory);
}

/* --------------------------------------------------------------- traversing */

enum {
    BATCH = 256,       /* blocks under way at once: their cache lines fit the first-level cache */
    OBJECTS_AHEAD = 6, /* objects whose headers are fetched before their turn */
};

/* A reference that was shown, or the end of a row where block is NULL. */
typedef struct {
    const AddrBlock *block;
    unsigned bit;
} Visit;

typedef struct {
    Heap *heap;
    AddrCursor cursor;
    Visit batch[BATCH];
    size_t batched;
    size_t visits;
    bool failed;
} Reader;

/* Turn what the batch holds into edges. */
static void
reader_flush(Reader *reader)
{
    Graph *graph = &reader->heap->graph;
    size_t batched = reader->batched;
    reader->batched = 0;
    if (reader->failed || graph_reserve(graph, batched) < 0) {
        reader->failed = true;
        return;
    }
    for (size_t i = 0; i < batched; i++) {
        Visit visit = reader->batch[i];
        NodeId target;
        if (visit.block == NULL) {
            graph_close_row(graph);
        }
        else if (addrmap_rank(visit.block, visit.bit, &target)) {
            graph_add_reserved(graph, target);
        }
    }
}

static inline void
reader_put(Reader *reader, const AddrBlock *block, unsigned bit)
{
    if (reader->batched == BATCH) {
        reader_flush(reader);
    }
    reader->batch[reader->batched++] = (Visit){block, bit};
}

static int
visit_edge(PyObject *target, void *arg)
{
    Reader *reader = arg;
    const AddrMap *map = &reader->heap->map;
    reader->visits++;
    const AddrBlock *block = addrmap_block(map, &reader->cursor, target);
    if (!addrmap_is_empty_page(map, block)) {
        PREFETCH(block);
        reader_put(reader, block, addrmap_bit(target));
    }
    return 0;
}

static int
visit_unowned(PyObject *target, void *arg)
{
    Reader *reader = arg;
    Heap *heap = reader->heap;
    NodeId id;
    if (addrmap_find(&heap->map, target, &id) && vec_push(heap->memory, &heap->unowned, id) < 0) {
        reader->failed = true;
    }
    return 0;
}

/* Where borrowed slots cannot be told from others: a borrowed slot stands for an owner in the same
   frame, so all but the first reference of a generator to one object are taken to own nothing. */
static void
read_generator(Reader *reader, PyObject *op, traverseproc traverse)
{
    if (interp_knows_borrowing()) {
        (void)traverse(op, visit_edge, reader);
        interp_visit_borrowed(op, visit_unowned, reader);
        return;
    }
    reader_flush(reader);
    size_t row_begin = graph_edges(&reader->heap->graph);
    (void)traverse(op, visit_edge, reader);
    reader_flush(reader);
    reader->heap->uncertain = true;
    reader->failed |= graph_repeats(&reader->heap->graph, row_begin, &reader->heap->unowned) < 0;
}

static int32_t
owning_references(PyObject *op, const World *world)
{
    Py_ssize_t count = world_references(op) - world_dying_references(world, op);
    if (is_immortal(op) || count >= INT32_MAX) {
        return INT32_MAX;
    }
    return (int32_t)count;
}

/* What threads have for themselves is owned, or leads to what is reachable. */
static void
add_reference(void *arg, PyObject *op, Py_ssize_t references, ThreadReferenceKind kind)
{
    Reader *reader = arg;
    Heap *heap = reader->heap;
    NodeId id;
    if (!addrmap_find(&heap->map, op, &id) || heap->refcounts.items[id] == INT32_MAX) {
        return;
    }
    if (kind == THREAD_BORROWED) {
        reader->failed |= vec_push(heap->memory, &heap->borrowed, id) < 0;
    }
    else {
        heap->refcounts.items[id] += (int32_t)references;
    }
}

int
heap_traverse(Heap *heap)
{
    Reader reader = {.heap = heap, .cursor = ADDRMAP_NOWHERE};
    if (graph_init(&heap->graph, heap->memory, heap->count) < 0 ||
        vec_reserve(heap->memory, &heap->refcounts, heap->count) < 0) {
        return -1;
    }
    for (size_t id = 0; id < heap->count && !reader.failed; id++) {
        if (id + OBJECTS_AHEAD < heap->count) {
            PREFETCH(heap->objects.items[id + OBJECTS_AHEAD]);
        }
        PyObject *op = heap->objects.items[id];
        traverseproc traverse = known_traverse_of(op);
        vec_push_reserved(&heap->refcounts, owning_references(op, heap->world));
        if (interp_may_borrow(op)) {
            read_generator(&reader, op, traverse);
        }
        else if (traverse != NULL) {
            (void)traverse(op, visit_edge, &reader);
        }
        if (heap->is_known) {
            known_visit_beyond(op, visit_edge, &reader);
        }
        reader_put(&reader, NULL, 0);
    }
    reader_flush(&reader);
    world_visit_threads(add_reference, &reader);
    heap->visits = reader.visits;
    if (reader.failed) {
        return -1;
    }
#ifdef GCSCOPE_DEBUG
    if (!graph_is_sound(&heap->graph)) {
        Py_FatalError("gcscope: the graph of the heap is not sound");
    }
#endif
    return 0;
}

void
heap_fini(Heap *heap)
{
    if (heap->memory == NULL) {
        return;
    }
    vec_fini(heap->memory, &heap->hidden);
    vec_fini(heap->memory, &heap->borrowed);
    vec_fini(heap->memory, &heap->unowned);
    vec_fini(heap->memory, &heap->refcounts);
    graph_fini(&heap->graph);
    addrmap_fini(&heap->map);
    vec_fini(heap->memory, &heap->objects);
    heap->count = 0;
}
