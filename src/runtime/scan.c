#include "runtime/scan.h"

Memory
scan_memory(const ModuleState *state)
{
    Memory memory;
    memory_init(&memory);
    memory.fail_after = state->fail_after;
    return memory;
}

void
scan_begin(Scan *scan, ModuleState *state)
{
    *scan = (Scan){.state = state, .memory = scan_memory(state)};
    gc_pause_begin(&state->gc_pause);
}

void
scan_end(Scan *scan)
{
    if (scan->is_judged) { /* what was built on the graph took memory too */
        scan->state->last_scan.peak_bytes = scan->memory.peak;
    }
    collector_fini(&scan->collector);
    heap_fini(&scan->heap);
    (void)gc_pause_end(&scan->state->gc_pause);
}

/* New reference: what gc.get_objects lists of one generation, or of all where it is -1. A program
   may have replaced that function before we took it. */
static PyObject *
ask_for_list(ModuleState *state, long generation)
{
    PyObject *listed = generation < 0
                           ? PyObject_CallNoArgs(state->gc_get_objects)
                           : PyObject_CallFunction(state->gc_get_objects, "l", generation);
    if (listed != NULL && !PyList_CheckExact(listed)) {
        Py_CLEAR(listed);
        PyErr_SetString(PyExc_TypeError, "gc.get_objects() must return a list");
    }
    return listed;
}

/* New reference: what stands behind the marker in generation 0. From the end, since it is what came
   last that is wanted. */
static PyObject *
list_since(const Scan *scan)
{
    PyObject *listed = ask_for_list(scan->state, 0);
    if (listed == NULL) {
        return NULL;
    }
    Py_ssize_t place = PyList_GET_SIZE(listed) - 1;
    while (place >= 0 && PyList_GET_ITEM(listed, place) != scan->marker) {
        place--;
    }
    if (place < 0) {
        PyErr_SetString(PyExc_LookupError, "the marker is not in generation 0: a collection or "
                                           "gc.freeze() has moved it");
    }
    if (place < 0 || PyList_SetSlice(listed, 0, place + 1, NULL) < 0) {
        Py_CLEAR(listed);
    }
    return listed;
}

/* New reference: what gc.get_objects lists of the generations 0 .. generation. */
static PyObject *
list_generations(ModuleState *state, long generation)
{
    PyObject *all = PyList_New(0);
    if (all != NULL) {
        PyObject_GC_UnTrack(all); /* or it would stand among its own items */
    }
    for (long g = 0; g <= generation && all != NULL; g++) {
        PyObject *listed = ask_for_list(state, g);
        if (listed == NULL || PyList_SetSlice(all, PY_SSIZE_T_MAX, PY_SSIZE_T_MAX, listed) < 0) {
            Py_CLEAR(all);
        }
        Py_XDECREF(listed);
    }
    return all;
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

/* The list that heap_list wants for the whole heap: NULL in *list where it can do without. Objects
   under gc.freeze() are outside, as the collector has it; some versions of VisitObjects show them,
   the list never does. */
static int
list_whole_heap(ModuleState *state, PyObject **list)
{
    *list = NULL;
    if (GCSCOPE_HAS_VISIT_OBJECTS) {
        int any_frozen = count_frozen(state);
        if (any_frozen <= 0) {
            return any_frozen;
        }
    }
    *list = ask_for_list(state, -1);
    return *list != NULL ? 0 : -1;
}

/* What an audit hook has just done, or another thread that it let run, may have switched automatic
   collection on again. From here to scan_end nothing else does. */
static void
stay_alone(Scan *scan)
{
    gc_pause_again(&scan->state->gc_pause);
}

static int
list_failed(const Scan *scan)
{
    if (scan->heap.has_changed) {
        PyErr_SetString(PyExc_RuntimeError, "the heap changed while it was listed: an audit hook "
                                            "ran a collection or gave objects up");
    }
    else {
        PyErr_NoMemory();
    }
    return -1;
}

int
scan_list(Scan *scan, long generation)
{
    PyObject *list = NULL;
    if (state_check(scan->state) < 0) {
        return -1;
    }
    if (scan->marker == NULL && generation < 0) {
        if (list_whole_heap(scan->state, &list) < 0) {
            return -1;
        }
    }
    else if ((list = scan->marker != NULL ? list_since(scan)
                                          : list_generations(scan->state, generation)) == NULL) {
        return -1;
    }
    stay_alone(scan);
    return heap_list(&scan->heap, &scan->memory, list) < 0 ? list_failed(scan) : 0;
}

int
scan_list_all(Scan *scan, PyObject *box)
{
    PyObject *boxed = box != NULL ? PyList_GET_ITEM(box, 0) : NULL;
    int any_frozen = state_check(scan->state) == 0 ? count_frozen(scan->state) : -1;
    PyObject *list = NULL;
    if (any_frozen < 0) {
        return -1;
    }
    bool by_list = !GCSCOPE_HAS_VISIT_OBJECTS || (any_frozen && scan->frozen_is_outside);
    if (by_list && (list = ask_for_list(scan->state, -1)) == NULL) {
        return -1;
    }
    stay_alone(scan);
    if (box != NULL && (PyList_GET_SIZE(box) != 1 || PyList_GET_ITEM(box, 0) != boxed)) {
        Py_XDECREF(list);
        PyErr_SetString(PyExc_RuntimeError,
                        "the object was taken out of its list by an audit hook");
        return -1;
    }
    int error = any_frozen
                    ? heap_list_all(&scan->heap, &scan->memory, list, PyImport_GetModuleDict())
                    : heap_list(&scan->heap, &scan->memory, list);
    return error < 0 ? list_failed(scan) : 0;
}

/* The dry run, to which hidden objects are as good as immortal. 0; -1: out of memory. */
static int
judge_without_hidden(Scan *scan)
{
    Heap *heap = &scan->heap;
    VEC(int32_t) counts = {0};
    if (vec_reserve(&scan->memory, &counts, heap->count) < 0) {
        return -1;
    }
    memcpy(counts.items, heap->refcounts.items, heap->count * sizeof(int32_t));
    for (size_t h = 0; h < heap->hidden.length; h++) {
        NodeId node = 0;
        (void)addrmap_find(&heap->map, heap->hidden.items[h], &node);
        counts.items[node] = INT32_MAX;
    }
    int error = collector_run(&scan->collector, &scan->memory, &heap->graph, counts.items,
                              heap->unowned.items, heap->unowned.length);
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
    if (scan->frozen_is_outside && heap->hidden.length != 0) {
        return judge_without_hidden(scan);
    }
    return collector_run(&scan->collector, &scan->memory, &heap->graph, heap->refcounts.items,
                         heap->unowned.items, heap->unowned.length);
}

int
scan_judge(Scan *scan)
{
    Heap *heap = &scan->heap;
    if (judge(scan) < 0) {
        PyErr_NoMemory();
        return -1;
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
