#include "pass.h"

Memory
pass_memory(const ModuleState *state)
{
    Memory memory;
    memory_init(&memory);
    memory.fail_after = state->fail_after;
    return memory;
}

void
pass_begin(Pass *pass, ModuleState *state)
{
    *pass = (Pass){.state = state, .memory = pass_memory(state)};
    hold_begin(&state->hold);
}

void
pass_end(Pass *pass)
{
    if (pass->is_judged) { /* what was built on the graph took memory too */
        pass->state->last_pass.peak_bytes = pass->memory.peak;
    }
    collector_fini(&pass->collector);
    heap_fini(&pass->heap);
    (void)hold_end(&pass->state->hold);
}

/* New reference: what gc.get_objects lists of one generation, or of all where it is -1. A program may have replaced that
   function before we took it. */
static PyObject *
ask_for_list(ModuleState *state, long generation)
{
    PyObject *listed = generation < 0 ? PyObject_CallNoArgs(state->gc_get_objects)
                                      : PyObject_CallFunction(state->gc_get_objects, "l", generation);
    if (listed != NULL && !PyList_CheckExact(listed)) {
        Py_CLEAR(listed);
        PyErr_SetString(PyExc_TypeError, "gc.get_objects() must return a list");
    }
    return listed;
}

/* New reference: what stands behind the marker in generation 0. From the end, since it is what came last that is wanted. */
static PyObject *
list_since(const Pass *pass)
{
    PyObject *listed = ask_for_list(pass->state, 0);
    if (listed == NULL) {
        return NULL;
    }
    Py_ssize_t place = PyList_GET_SIZE(listed) - 1;
    while (place >= 0 && PyList_GET_ITEM(listed, place) != pass->marker) {
        place--;
    }
    if (place < 0) {
        PyErr_SetString(PyExc_LookupError,
                        "the marker is not in generation 0: a collection or gc.freeze() has moved it");
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

/* The list that heap_list wants for the whole heap: NULL in *list where it can do without. Objects under gc.freeze() are
   outside, as the collector has it; some versions of VisitObjects show them, the list never does. */
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

/* What an audit hook has just done, or another thread that it let run, may have switched automatic collection on again. From
   here to pass_end nothing else does. */
static void
stay_alone(Pass *pass)
{
    hold_again(&pass->state->hold);
}

static int
list_failed(const Pass *pass)
{
    if (pass->heap.has_changed) {
        PyErr_SetString(PyExc_RuntimeError,
                        "the heap changed while it was listed: an audit hook ran a collection or gave objects up");
    }
    else {
        PyErr_NoMemory();
    }
    return -1;
}

int
pass_list(Pass *pass, long generation)
{
    PyObject *list = NULL;
    if (state_check(pass->state) < 0) {
        return -1;
    }
    if (pass->marker == NULL && generation < 0) {
        if (list_whole_heap(pass->state, &list) < 0) {
            return -1;
        }
    }
    else if ((list = pass->marker != NULL ? list_since(pass) : list_generations(pass->state, generation)) == NULL) {
        return -1;
    }
    stay_alone(pass);
    return heap_list(&pass->heap, &pass->memory, list) < 0 ? list_failed(pass) : 0;
}

int
pass_list_all(Pass *pass, PyObject *box)
{
    PyObject *boxed = box != NULL ? PyList_GET_ITEM(box, 0) : NULL;
    int any_frozen = state_check(pass->state) == 0 ? count_frozen(pass->state) : -1;
    PyObject *list = NULL;
    if (any_frozen < 0) {
        return -1;
    }
    bool by_list = !GCSCOPE_HAS_VISIT_OBJECTS || (any_frozen && pass->frozen_is_outside);
    if (by_list && (list = ask_for_list(pass->state, -1)) == NULL) {
        return -1;
    }
    stay_alone(pass);
    if (box != NULL && (PyList_GET_SIZE(box) != 1 || PyList_GET_ITEM(box, 0) != boxed)) {
        Py_XDECREF(list);
        PyErr_SetString(PyExc_RuntimeError, "the object was taken out of its list by an audit hook");
        return -1;
    }
    int error = any_frozen ? heap_list_all(&pass->heap, &pass->memory, list, PyImport_GetModuleDict())
                           : heap_list(&pass->heap, &pass->memory, list);
    return error < 0 ? list_failed(pass) : 0;
}

/* The dry run, to which hidden objects are as good as immortal. 0; -1: out of memory. */
static int
judge_without_hidden(Pass *pass)
{
    Heap *heap = &pass->heap;
    VEC(int32_t) counts = {0};
    if (vec_reserve(&pass->memory, &counts, heap->count) < 0) {
        return -1;
    }
    memcpy(counts.items, heap->refcounts.items, heap->count * sizeof(int32_t));
    for (size_t h = 0; h < heap->hidden.length; h++) {
        NodeId node = 0;
        (void)addrmap_find(&heap->map, heap->hidden.items[h], &node);
        counts.items[node] = INT32_MAX;
    }
    int error = collector_run(&pass->collector, &pass->memory, &heap->graph, counts.items, heap->unowned.items,
                              heap->unowned.length);
    vec_fini(&pass->memory, &counts);
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
judge(Pass *pass)
{
    Heap *heap = &pass->heap;
    if (heap_traverse(heap) < 0) {
        return -1;
    }
    discount_given(heap, pass->given);
    if (pass->frozen_is_outside && heap->hidden.length != 0) {
        return judge_without_hidden(pass);
    }
    return collector_run(&pass->collector, &pass->memory, &heap->graph, heap->refcounts.items, heap->unowned.items,
                         heap->unowned.length);
}

int
pass_judge(Pass *pass)
{
    Heap *heap = &pass->heap;
    if (judge(pass) < 0) {
        PyErr_NoMemory();
        return -1;
    }
    pass->state->last_pass = (PassCost){
        .nodes = heap->count,
        .edges = graph_edges(&heap->graph),
        .visits = heap->visits,
        .peak_bytes = pass->memory.peak,
    };
    pass->is_judged = true;
    return 0;
}

int
pass_run(Pass *pass, long generation)
{
    return pass_list(pass, generation) < 0 ? -1 : pass_judge(pass);
}

int
pass_extent(Pass *pass, PyObject *which, long *generation)
{
    if (PyList_CheckExact(which)) {
        pass->marker = which;
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
