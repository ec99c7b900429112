#include "runtime/scan.h"

#include "base/clock.h"
#include "heap/interp_tables.h"

Memory
scan_memory(const ModuleState *state)
{
    Memory memory;
    memory_init(&memory);
    memory.blocks = state->blocks;
    memory.fail_after = state->fail_after;
    return memory;
}

#if GCSCOPE_FREE_THREADED

/* A pass right after another would stop threads again before they have come to their turn. */
static void
rest(const ModuleState *state)
{
    int64_t left = _Py_atomic_load_int64_relaxed(&state->rests_until) - clock_now();
    if (left > 0 && world_has_others()) {
        world_wait(left);
    }
}

/* In the stop. */
static void
note_stopped(ModuleState *state, int64_t stopped)
{
    enum { SHARE = 4, LONGEST = 50000000 };
    int64_t resting = stopped / SHARE < LONGEST ? stopped / SHARE : LONGEST;
    _Py_atomic_store_int64_relaxed(&state->rests_until, clock_now() + resting);
    state->stopped_for += stopped;
}

#endif

static void
count_pass(ModuleState *state, int more)
{
#if GCSCOPE_FREE_THREADED
    (void)_Py_atomic_add_int(&state->passes, more);
#else
    (void)state;
    (void)more;
#endif
}

static void
prepare(Scan *scan, ModuleState *state)
{
    *scan = (Scan){.state = state, .memory = scan_memory(state)};
    scan->was_enabled = gc_pause_begin();
    count_pass(state, 1);
}

void
scan_begin(Scan *scan, ModuleState *state)
{
    prepare(scan, state);
#if GCSCOPE_FREE_THREADED
    if (state->stopped != NULL) { /* a pass in a pass: nobody else could see it */
        scan->world = (World){.memory = &scan->memory, .outer = state->stopped};
        scan->any_frozen = 1; /* it may be */
        return;
    }
    rest(state);
#endif
    world_begin(&scan->world, &scan->memory, &state->own_code);
}

void
scan_begin_in_collection(Scan *scan, ModuleState *state)
{
    prepare(scan, state);
    world_begin_in_collection(&scan->world, &scan->memory, &state->own_code);
}

void
scan_end(Scan *scan)
{
    if (scan->is_judged) { /* what was built on the graph took memory too */
        scan->state->last_scan.peak_bytes = scan->memory.peak;
    }
#if GCSCOPE_FREE_THREADED
    if (scan->state->stopped == &scan->world) {
        scan->state->stopped = NULL;
        note_stopped(scan->state, world_stopped_for(&scan->world));
        if (scan->is_judged) {
            scan->state->last_scan.stopped = world_stopped_for(&scan->world);
        }
    }
#endif
    count_pass(scan->state, -1);
    world_end(&scan->world); /* before memory is given back, which takes time */
    collector_fini(&scan->collector);
    heap_fini(&scan->heap);
    gc_pause_end(scan->was_enabled);
}

/* -------------------------------------------- where the generations are not known */

#if !GCSCOPE_FREE_THREADED

/* New reference: what gc.get_objects lists of one generation, or of all where it is -1. Audit hooks
   run, and may let other threads run: that is no part of the pass. A program may have replaced the
   function before we took it. */
static PyObject *
ask_for_list(Scan *scan, long generation)
{
    ModuleState *state = scan->state;
    gc_pause_end(scan->was_enabled);
    PyObject *listed = generation < 0
                           ? PyObject_CallNoArgs(state->gc_get_objects)
                           : PyObject_CallFunction(state->gc_get_objects, "l", generation);
    scan->was_enabled = gc_pause_begin();
    if (listed != NULL && !PyList_CheckExact(listed)) {
        Py_CLEAR(listed);
        PyErr_SetString(PyExc_TypeError, "gc.get_objects() must return a list");
    }
    return listed;
}

/* New reference: what gc.get_objects lists of the generations 0 .. last. */
static PyObject *
ask_for_generations(Scan *scan, long last)
{
    PyObject *all = PyList_New(0);
    if (all != NULL) {
        PyObject_GC_UnTrack(all); /* or it would stand among its own items */
    }
    for (long g = 0; g <= last && all != NULL; g++) {
        PyObject *listed = ask_for_list(scan, g);
        if (listed == NULL || PyList_SetSlice(all, PY_SSIZE_T_MAX, PY_SSIZE_T_MAX, listed) < 0) {
            Py_CLEAR(all);
        }
        Py_XDECREF(listed);
    }
    return all;
}

/* New reference: what stands behind the marker in generation 0; all of it, and *found false, where
   the marker is not there. */
static PyObject *
ask_for_newest(Scan *scan, PyObject *marker, bool *found)
{
    PyObject *listed = ask_for_list(scan, 0);
    Py_ssize_t place = listed != NULL ? PyList_GET_SIZE(listed) - 1 : -1;
    while (place >= 0 && PyList_GET_ITEM(listed, place) != marker) {
        place--;
    }
    *found = place >= 0;
    if (listed != NULL && PyList_SetSlice(listed, 0, place + 1, NULL) < 0) {
        Py_CLEAR(listed);
    }
    return listed;
}

/* Enter the items of a list, which is given up; NULL is an error that was set. */
static int
enter_list(Scan *scan, PyObject *list)
{
    if (list == NULL) {
        return -1;
    }
    if (heap_enter_list(&scan->heap, list) < 0) {
        if (scan->heap.has_changed) {
            PyErr_SetString(PyExc_RuntimeError, "the heap changed while it was listed: an audit "
                                                "hook ran a collection or gave objects up");
            return -1;
        }
        return scan_no_memory();
    }
    return 0;
}

#endif

/* -------------------------------------------------------------------- listing */

void
scan_stop(Scan *scan)
{
    world_stop(&scan->world);
#if GCSCOPE_FREE_THREADED
    if (scan->world.outer == NULL) {
        scan->state->stopped = &scan->world;
    }
#endif
}

int
scan_no_memory(void)
{
    PyErr_NoMemory();
    return -1;
}

int
scan_open(Scan *scan)
{
    if (state_check(scan->state) < 0) {
        return -1;
    }
    return heap_begin(&scan->heap, &scan->memory, &scan->world) < 0 ? scan_no_memory() : 0;
}

/* What the interpreter's own table of strings shows it does not own, so that no account would come
   out even with it. Nothing refers to the table. */
static void
leave_out_interned(Scan *scan)
{
    PyObject *interned = interp_interned_strings();
    if (interned != NULL) {
        addrmap_remove(&scan->heap.map, interned);
    }
}

#if GCSCOPE_FREE_THREADED

/* After listing, which stops the world. 0 or -1 with an exception. */
static int
note_stop(Scan *scan, int error)
{
    scan_stop(scan);
    return error < 0 ? scan_no_memory() : 0;
}

int
scan_enter_generations(Scan *scan, long Py_UNUSED(last))
{
    AddrMap *map = &scan->heap.map;
    return note_stop(scan, scan->is_lost_only ? world_list_doubtful(&scan->world, map)
                                              : world_list(&scan->world, map));
}

int
scan_enter_after(Scan *Py_UNUSED(scan), PyObject *Py_UNUSED(marker))
{
    PyErr_SetString(PyExc_LookupError, "free-threaded Python has no generations: nothing stands "
                                       "behind a marker");
    return -1;
}

int
scan_enter_new(Scan *scan, const AddrMap *known)
{
    return note_stop(scan, world_list_new(&scan->world, &scan->heap.map, known));
}

#else

int
scan_enter_generations(Scan *scan, long last)
{
    enum { OLDEST = GENERATIONS - 1 };
    Generation *generations = scan->state->generations;
    if (generations != NULL) {
        int error = generations_list(generations, last < 0 ? OLDEST : last, &scan->heap.map);
        return error < 0 ? scan_no_memory() : 0;
    }
    return enter_list(scan, last < 0 ? ask_for_list(scan, -1) : ask_for_generations(scan, last));
}

int
scan_enter_after(Scan *scan, PyObject *marker)
{
    if (scan->state->generations != NULL) {
        int found = generations_list_after(scan->state->generations, marker, &scan->heap.map);
        return found < 0 ? scan_no_memory() : found;
    }
    bool found = false;
    return enter_list(scan, ask_for_newest(scan, marker, &found)) < 0 ? -1 : found;
}

#endif

static int
enter_marked(Scan *scan)
{
    int found = scan_enter_after(scan, scan->marker);
    if (found == 0) {
        PyErr_SetString(PyExc_LookupError, "the marker is not in generation 0: a collection or "
                                           "gc.freeze() has moved it");
    }
    return found > 0 ? 0 : -1;
}

int
scan_close(Scan *scan)
{
    scan_stop(scan);
    return heap_number(&scan->heap) < 0 ? scan_no_memory() : 0;
}

int
scan_list(Scan *scan, long generation)
{
    if (scan_open(scan) < 0) {
        return -1;
    }
    int error =
        scan->marker != NULL ? enter_marked(scan) : scan_enter_generations(scan, generation);
    leave_out_interned(scan);
    return error < 0 ? -1 : scan_close(scan);
}

/* Whether anything is under gc.freeze(): 1, 0, or -1 with an exception. */
static int
count_frozen(ModuleState *state)
{
    PyObject *frozen = PyObject_CallNoArgs(state->gc_get_freeze_count);
    int any = frozen != NULL ? PyObject_IsTrue(frozen) : -1;
    Py_XDECREF(frozen);
    return any;
}

/* 0 or -1 with an exception. */
static int
enter_all(Scan *scan, PyObject *box)
{
    PyObject *boxed = box != NULL ? PyList_GET_ITEM(box, 0) : NULL;
    if (scan_open(scan) < 0) {
        return -1;
    }
    if (!world_is_stopped(&scan->world)) { /* counting would stop it, too, and wait for ever */
        scan->any_frozen = count_frozen(scan->state);
    }
    if (scan->any_frozen < 0 || scan_enter_generations(scan, -1) < 0) {
        return -1;
    }
    if (box != NULL && (PyList_GET_SIZE(box) != 1 || PyList_GET_ITEM(box, 0) != boxed)) {
        PyErr_SetString(PyExc_RuntimeError,
                        "the object was taken out of its list by an audit hook");
        return -1;
    }
    if (scan->any_frozen && heap_enter_hidden(&scan->heap, modules_dict()) < 0) {
        return scan_no_memory();
    }
    leave_out_interned(scan);
    return 0;
}

int
scan_list_all(Scan *scan, PyObject *box)
{
    return enter_all(scan, box) < 0 ? -1 : scan_close(scan);
}

int
scan_list_known(Scan *scan, PyObject *box)
{
    if (enter_all(scan, box) < 0) {
        return -1;
    }
    return heap_enter_known(&scan->heap) < 0 ? scan_no_memory() : scan_close(scan);
}

/* After this, gc_refs are references from outside again; 1 where only frames borrow the object, so
   that it is a root still. */
static void
take_back_borrowed(Scan *scan)
{
    int32_t *gc_refs = scan->collector.gc_refs.items;
    for (size_t i = 0; i < scan->heap.borrowed.length; i++) {
        NodeId node = scan->heap.borrowed.items[i];
        gc_refs[node] -= gc_refs[node] > 1 && gc_refs[node] != INT32_MAX;
    }
}

/* The dry run, to which what running frames borrow is reachable and, with `is_hidden_outside`,
   hidden objects are as good as immortal. 0; -1: out of memory. */
static int
judge_with_roots(Scan *scan, bool is_hidden_outside)
{
    Heap *heap = &scan->heap;
    VEC(int32_t) counts = {0};
    if (vec_reserve(&scan->memory, &counts, heap->count) < 0) {
        return -1;
    }
    memcpy(counts.items, heap->refcounts.items, heap->count * sizeof(int32_t));
    for (size_t h = 0; h < (is_hidden_outside ? heap->hidden.length : 0); h++) {
        NodeId node = 0;
        (void)addrmap_find(&heap->map, heap->hidden.items[h], &node);
        counts.items[node] = INT32_MAX;
    }
    for (size_t i = 0; i < heap->borrowed.length; i++) {
        counts.items[heap->borrowed.items[i]] += counts.items[heap->borrowed.items[i]] != INT32_MAX;
    }
    int error = collector_run(&scan->collector, &scan->memory, &heap->graph, counts.items,
                              heap->unowned.items, heap->unowned.length);
    if (error == 0) {
        take_back_borrowed(scan);
    }
    vec_fini(&scan->memory, &counts);
    return error;
}

static void
discount_given(Heap *heap, PyObject *given)
{
    for (Py_ssize_t i = 0; given != NULL && i < PyTuple_GET_SIZE(given); i++) {
        NodeId node;
        if (addrmap_find(&heap->map, PyTuple_GET_ITEM(given, i), &node)) {
            heap->refcounts.items[node] -= heap->refcounts.items[node] != INT32_MAX;
        }
    }
}

/* 0; -1: out of memory. */
static int
judge(Scan *scan)
{
    Heap *heap = &scan->heap;
    if (heap_traverse(heap) < 0) {
        return -1;
    }
    discount_given(heap, scan->given);
    bool is_hidden_outside = scan->frozen_is_outside && heap->hidden.length != 0;
    if (is_hidden_outside || heap->borrowed.length != 0) {
        return judge_with_roots(scan, is_hidden_outside);
    }
    return collector_run(&scan->collector, &scan->memory, &heap->graph, heap->refcounts.items,
                         heap->unowned.items, heap->unowned.length);
}

int
scan_judge(Scan *scan)
{
    Heap *heap = &scan->heap;
    if (judge(scan) < 0) {
        return scan_no_memory();
    }
    scan->state->last_scan = (ScanCost){
        .nodes = heap->count,
        .edges = graph_edges(&heap->graph),
        .visits = heap->visits,
        .peak_bytes = scan->memory.peak,
    };
    scan->is_judged = true;
    return 0;
}

int
scan_run(Scan *scan, long generation)
{
    return scan_list(scan, generation) < 0 ? -1 : scan_judge(scan);
}

int
scan_extent(Scan *scan, PyObject *which, long *generation)
{
    if (PyList_CheckExact(which)) {
        scan->marker = which;
        *generation = 0;
        return 0;
    }
    *generation = PyLong_AsLong(which);
    if (*generation == -1 && PyErr_Occurred()) {
        return -1;
    }
    if (*generation < -1 || *generation > 2) {
        PyErr_SetString(PyExc_ValueError, "generation must be 0, 1, 2, or -1 for the whole heap");
        return -1;
    }
    return 0;
}

PyObject *
scan_boxed(PyObject *box)
{
    if (!PyList_CheckExact(box) || PyList_GET_SIZE(box) != 1) {
        PyErr_SetString(PyExc_TypeError, "expected a list with the object");
        return NULL;
    }
    return PyList_GET_ITEM(box, 0);
}
