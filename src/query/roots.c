/* roots.c: from the roots to an object.

   A root is an object with references that no tracked object owns: gc_refs of the dry run. Some of
   those are local variables of running frames, which come and go; internals tells them. What is
   left is lasting: held by the interpreter's own tables or by C code. The modules of sys.modules
   come first, since a person can type them.

       mark_frames   node -> owned references from running frames
       search        breadth-first from the modules; else from what else lasts; else from frames;
   else from the caller's */

#include "query/roots.h"

#include "graph/dominators.h"
#include "labels/access_path.h"
#include "heap/interp.h"
#include "labels/edge_label.h"
#include "base/typename.h"
#include "graph/bfs.h"

/* From what a chain starts, in the order in which they are tried. */
typedef enum { ROOT_MODULE, ROOT_LASTING, ROOT_FRAME, ROOT_CALLER, ROOT_KINDS } RootKind;

static const char *const root_words[] = {"module", "C", "frame", "caller"};

typedef struct {
    Scan *scan;
    PyObject *target;
    NodeId node;             /* of the target */
    VEC(uint64_t) barred;    /* the box by which the object was given, and nothing else */
    VEC(uint32_t) by_frames; /* node -> owned references from running frames */
    VEC(uint32_t) by_caller; /* of those, from the frame of the caller and ours */
    VEC(NodeId) roots;
    Bfs bfs;
    Path way;
    VEC(PyObject *) met; /* the objects along the way, borrowed */
    VEC(Label) labels;   /* and what leads from each to the next */
    RootKind kind;       /* from what the way starts */
    PyObject *frame_row; /* owned: (node, edge) of that slot */
    bool failed;
} Search;

static void
search_fini(Search *search)
{
    Memory *memory = &search->scan->memory;
    vec_fini(memory, &search->barred);
    vec_fini(memory, &search->by_frames);
    vec_fini(memory, &search->by_caller);
    vec_fini(memory, &search->roots);
    bfs_fini(&search->bfs);
    vec_fini(memory, &search->way);
    vec_fini(memory, &search->met);
    vec_fini(memory, &search->labels);
    Py_CLEAR(search->frame_row);
}

/* The frames of the word itself and of its caller: the innermost two of this thread. */
static bool
is_of_caller(const FrameSlot *slot)
{
    return slot->code != NULL && slot->thread == PyThreadState_Get() && slot->depth <= 1;
}

static bool
mark_slot(void *arg, const FrameSlot *slot)
{
    Search *search = arg;
    NodeId node;
    if (slot->owned && addrmap_find(&search->scan->heap.map, slot->target, &node)) {
        search->by_frames.items[node]++;
        search->by_caller.items[node] += is_of_caller(slot);
    }
    return false;
}

static int
mark_frames(Search *search)
{
    Memory *memory = &search->scan->memory;
    size_t count = search->scan->heap.count;
    if (vec_zeros(memory, &search->by_frames, count) < 0 ||
        vec_zeros(memory, &search->by_caller, count) < 0 ||
        vec_zeros(memory, &search->barred, count / 64 + 1) < 0 ||
        vec_reserve(memory, &search->roots, count) < 0 ||
        bfs_init(&search->bfs, memory, &search->scan->heap.graph) < 0) {
        return -1;
    }
    interp_running_slots(mark_slot, search);
    return 0;
}

static void
gather_modules(Search *search)
{
    PyObject *key, *module, *modules = PyImport_GetModuleDict(); /* borrowed */
    Py_ssize_t position = 0;
    NodeId node;
    while (PyDict_CheckExact(modules) && PyDict_Next(modules, &position, &key, &module)) {
        if (addrmap_find(&search->scan->heap.map, module, &node)) {
            vec_push_reserved(&search->roots, node);
        }
    }
}

static bool
is_root(const Search *search, size_t node, RootKind kind)
{
    int64_t outside = search->scan->collector.gc_refs.items[node];
    int64_t frames = search->by_frames.items[node], caller = search->by_caller.items[node];
    switch (kind) {
    case ROOT_LASTING:
        return outside > frames;
    case ROOT_FRAME:
        return frames > caller;
    default:
        return caller > 0;
    }
}

static void
gather_roots(Search *search, RootKind kind)
{
    search->roots.length = 0;
    if (kind == ROOT_MODULE) {
        gather_modules(search);
        return;
    }
    for (size_t n = 0; n < search->scan->heap.count; n++) {
        if (is_root(search, n, kind)) {
            vec_push_reserved(&search->roots, (NodeId)n);
        }
    }
}

/* ----------------------------------------------------------------------- telling */

static PyObject *
object_of(const Search *search, size_t i)
{
    return search->met.items[i];
}

/* Fetch the objects along the way, and name the references. 0 or -1. */
static int
name_way(Search *search)
{
    Memory *memory = &search->scan->memory;
    size_t length = search->way.length;
    if (vec_reserve(memory, &search->met, length) < 0 ||
        vec_reserve(memory, &search->labels, length) < 0) {
        return -1;
    }
    for (size_t i = 0; i < length; i++) {
        vec_push_reserved(&search->met, search->scan->heap.objects.items[search->way.items[i]]);
    }
    for (size_t i = 0; i + 1 < length; i++) {
        PyObject *before = i > 0 ? object_of(search, i - 1) : NULL;
        vec_push_reserved(&search->labels, edge_label_find(object_of(search, i), before,
                                                           object_of(search, i + 1), 0));
    }
    return 0;
}

/* New reference: [node, edge, node, edge ... node] along the way. */
static PyObject *
tell_way(Search *search)
{
    const ModuleState *state = search->scan->state;
    PyObject *told = PyList_New(0);
    for (size_t i = 0; i < search->way.length && told != NULL; i++) {
        PyObject *node = story_node(state, object_of(search, i)), *edge = NULL;
        int error = node != NULL ? PyList_Append(told, node) : -1;
        if (error == 0 && i + 1 < search->way.length) {
            edge = story_edge(state, &search->labels.items[i], object_of(search, i),
                              object_of(search, i + 1));
            error = edge != NULL ? PyList_Append(told, edge) : -1;
        }
        Py_XDECREF(node);
        Py_XDECREF(edge);
        if (error < 0) {
            Py_CLEAR(told);
        }
    }
    return told;
}

/* The first slot of a running frame that owns the root of the way; of others than the caller's, if
   the root is theirs. */
static bool
tell_frame(void *arg, const FrameSlot *slot)
{
    Search *search = arg;
    bool is_wanted = is_of_caller(slot) == (search->kind == ROOT_CALLER);
    if (slot->target != object_of(search, 0) || !slot->owned || !is_wanted) {
        return false;
    }
    search->frame_row = story_frame(slot);
    PyObject *name = slot->kind == SLOT_LOCAL ? slot->name : Py_None;
    if (search->frame_row != NULL) {
        Py_SETREF(search->frame_row, Py_BuildValue("(OO)", search->frame_row, name));
    }
    search->failed = search->frame_row == NULL;
    return true;
}

/* New reference: (root's kind, way, the name in sys.modules or (frame node, local or None) or None,
   what one types to go that way from its beginning, or None). */
static PyObject *
tell_chain(Search *search, RootKind kind)
{
    if (name_way(search) < 0) {
        return PyErr_NoMemory();
    }
    PyObject *start = NULL, *way = tell_way(search);
    PyObject *typed = way != NULL ? access_path_text(search->met.items, search->labels.items,
                                                     search->labels.length)
                                  : NULL;
    if (typed == NULL) {
        Py_XDECREF(way);
        return NULL;
    }
    if (kind == ROOT_MODULE) {
        PyObject *key, *module;
        Py_ssize_t position = 0;
        while (start == NULL && PyDict_Next(PyImport_GetModuleDict(), &position, &key, &module)) {
            start = module == object_of(search, 0) && PyUnicode_CheckExact(key)
                        ? key
                        : NULL; /* borrowed */
        }
    }
    else if (kind != ROOT_LASTING) {
        interp_running_slots(tell_frame, search);
        start = search->frame_row; /* borrowed */
    }
    PyObject *chain = search->failed ? NULL
                                     : Py_BuildValue("(sOOO)", root_words[kind], way,
                                                     start != NULL ? start : Py_None, typed);
    Py_DECREF(way);
    Py_DECREF(typed);
    return chain;
}

/* New reference: the chain, or None where no root leads to the object. */
static PyObject *
tell_why(Search *search)
{
    for (RootKind kind = ROOT_MODULE; kind < ROOT_KINDS; kind++) {
        gather_roots(search, kind);
        int found = bfs_from_roots(&search->bfs, search->roots.items, search->roots.length,
                                   search->node, search->barred.items, &search->way);
        if (found < 0) {
            return PyErr_NoMemory();
        }
        if (found > 0) {
            search->kind = kind;
            return tell_chain(search, kind);
        }
    }
    Py_RETURN_NONE;
}

/* The object in the list that a word gives to the core: the list's is the only reference of that
   word. NULL: TypeError. */
static PyObject *
object_in(PyObject *box)
{
    if (!PyList_CheckExact(box) || PyList_GET_SIZE(box) != 1) {
        PyErr_SetString(PyExc_TypeError, "expected a list with the object");
        return NULL;
    }
    return PyList_GET_ITEM(box, 0);
}

/* Leave an object out of the ways that are searched, unless it is the one that is asked about. */
static void
bar(Search *search, PyObject *op)
{
    NodeId node;
    if (op != NULL && op != search->target && addrmap_find(&search->scan->heap.map, op, &node)) {
        search->barred.items[node / 64] |= UINT64_C(1) << (node % 64);
    }
}

static PyObject *
find_why(Search *search, PyObject *box, PyObject *module)
{
    Scan *scan = search->scan;
    if (scan_list_all(scan, box) < 0) {
        return NULL;
    }
    if (!addrmap_find(&scan->heap.map, search->target, &search->node)) {
        return PyErr_Format(PyExc_TypeError,
                            "the collector does not track this object of type '%.200s', which "
                            "refers to nothing that "
                            "could be in "
                            "a ring: holders() tells who has it",
                            Py_TYPE(search->target)->tp_name);
    }
    if (scan_judge(scan) < 0) {
        return NULL;
    }
    if (mark_frames(search) < 0) {
        return PyErr_NoMemory();
    }
    bar(search, box);
    bar(search, interp_own_locals());
    bar(search, module); /* what our module refers to says nothing of a program */
    return tell_why(search);
}

PyObject *
roots_why_alive(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ModuleState *state = state_of_module(module);
    PyObject *box = nargs > 0 ? args[0] : Py_None, *target = object_in(box);
    if (target == NULL || story_begin_with(state, args + 1, nargs - 1) < 0) {
        return NULL;
    }
    Scan scan;
    scan_begin(&scan, state);
    Search search = {.scan = &scan, .target = target};
    PyObject *chain = find_why(&search, box, module);
    search_fini(&search);
    scan_end(&scan);
    return chain;
}

/* --------------------------------------------------------------------- retained */

/* The dominator tree of the whole heap. 0 or -1 with an exception. `extra` is a root besides,
   `barred` is none. */
static int
run_dominators(Scan *scan, Dominators *dominators, const NodeId *extra, const NodeId *barred)
{
    VEC(uint64_t) roots = {0};
    size_t count = scan->heap.count;
    int error = vec_zeros(&scan->memory, &roots, count / 64 + 1);
    if (error == 0) {
        for (size_t n = 0; n < count; n++) {
            roots.items[n / 64] |= (uint64_t)(scan->collector.gc_refs.items[n] != 0) << (n % 64);
        }
        if (extra != NULL) {
            roots.items[*extra / 64] |= UINT64_C(1) << (*extra % 64);
        }
        if (barred != NULL) {
            roots.items[*barred / 64] &= ~(UINT64_C(1) << (*barred % 64));
        }
        error = dominators_run(dominators, &scan->memory, &scan->heap.graph, roots.items);
    }
    vec_fini(&scan->memory, &roots);
    if (error < 0) {
        PyErr_NoMemory();
    }
    return error;
}

/* New reference: (objects, bytes, types) of what `node` dominates, itself included. */
static PyObject *
tell_retained(Scan *scan, const Dominators *dominators, NodeId node)
{
    VEC(uint64_t) kept = {0};
    VEC(PyObject *) objects = {0};
    unsigned long long bytes = 0;
    PyObject *answer = NULL;
    if (vec_zeros(&scan->memory, &kept, scan->heap.count / 64 + 1) < 0) {
        return PyErr_NoMemory();
    }
    int error = 0;
    for (size_t i = 0; i < dominators->order.length && error == 0; i++) {
        NodeId n = dominators->order.items[i], above = dominators->idom.items[n];
        bool is_kept =
            n == node || (above < scan->heap.count && (kept.items[above / 64] >> (above % 64) & 1));
        if (is_kept) {
            kept.items[n / 64] |= UINT64_C(1) << (n % 64);
            bytes += heap_object_bytes(scan->heap.objects.items[n]);
            error = vec_push(&scan->memory, &objects, scan->heap.objects.items[n]);
        }
    }
    if (error < 0) {
        PyErr_NoMemory();
    }
    else {
        PyObject *types = roll_call_types_of(scan->state, objects.items, objects.length);
        answer =
            types != NULL ? Py_BuildValue("(nKN)", (Py_ssize_t)objects.length, bytes, types) : NULL;
    }
    vec_fini(&scan->memory, &objects);
    vec_fini(&scan->memory, &kept);
    return answer;
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
                            "refers to nothing that "
                            "could be in "
                            "a ring, and so keeps nothing",
                            Py_TYPE(target)->tp_name);
    }
    bool has_box = addrmap_find(&scan->heap.map, box, &boxed);
    Dominators dominators = {0};
    PyObject *answer = NULL;
    if (scan_judge(scan) == 0 &&
        run_dominators(scan, &dominators, &node, has_box ? &boxed : NULL) == 0) {
        answer = tell_retained(scan, &dominators, node);
    }
    dominators_fini(&dominators);
    return answer;
}

PyObject *
roots_retained(PyObject *module, PyObject *box)
{
    ModuleState *state = state_of_module(module);
    PyObject *target = object_in(box);
    if (target == NULL) {
        return NULL;
    }
    Scan scan;
    scan_begin(&scan, state);
    PyObject *answer = find_retained(&scan, target, box);
    scan_end(&scan);
    return answer;
}

/* ---------------------------------------------------------------- all retainers */

/* Move the `count` nodes of most weight to the front, the heaviest first. `count` is small. */
static void
select_heaviest(NodeId *nodes, size_t length, const uint64_t *weights, size_t count)
{
    for (size_t i = 0; i < count && i < length; i++) {
        size_t best = i;
        for (size_t j = i + 1; j < length; j++) {
            best = weights[nodes[j]] > weights[nodes[best]] ? j : best;
        }
        NodeId node = nodes[best];
        nodes[best] = nodes[i];
        nodes[i] = node;
    }
}

/* New reference: a list of (node, bytes) of the `count` heaviest. */
static PyObject *
tell_heaviest(Scan *scan, Dominators *dominators, const uint64_t *weights, size_t count)
{
    NodeId *nodes = dominators->order.items;
    size_t length = dominators->order.length;
    PyObject *told = PyList_New(0);
    select_heaviest(nodes, length, weights, count);
    for (size_t i = 0; i < count && i < length && told != NULL; i++) {
        PyObject *node = story_node(scan->state, scan->heap.objects.items[nodes[i]]);
        PyObject *row = node != NULL
                            ? Py_BuildValue("(NK)", node, (unsigned long long)weights[nodes[i]])
                            : NULL;
        if (row == NULL || PyList_Append(told, row) < 0) {
            Py_CLEAR(told);
        }
        Py_XDECREF(row);
    }
    return told;
}

static PyObject *
find_retainers(Scan *scan, size_t count)
{
    VEC(uint64_t) weights = {0};
    Dominators dominators = {0};
    PyObject *told = NULL;
    if (scan_list_all(scan, NULL) < 0 || scan_judge(scan) < 0 ||
        run_dominators(scan, &dominators, NULL, NULL) < 0) {
        dominators_fini(&dominators);
        return NULL;
    }
    if (vec_reserve(&scan->memory, &weights, scan->heap.count) < 0) {
        PyErr_NoMemory();
    }
    else {
        for (size_t n = 0; n < scan->heap.count; n++) {
            vec_push_reserved(&weights, heap_object_bytes(scan->heap.objects.items[n]));
        }
        dominators_sum(&dominators, weights.items);
        told = tell_heaviest(scan, &dominators, weights.items, count);
    }
    vec_fini(&scan->memory, &weights);
    dominators_fini(&dominators);
    return told;
}

PyObject *
roots_retainers(PyObject *module, PyObject *count)
{
    enum { MOST = 1000 };
    Py_ssize_t wanted = PyLong_AsSsize_t(count);
    if (wanted == -1 && PyErr_Occurred()) {
        return NULL;
    }
    if (wanted < 0 || wanted > MOST) {
        PyErr_Format(PyExc_ValueError, "count must be from 0 to %d", MOST);
        return NULL;
    }
    ModuleState *state = state_of_module(module);
    if (story_begin(state, Py_None, Py_None) < 0) {
        return NULL;
    }
    Scan scan;
    scan_begin(&scan, state);
    PyObject *told = find_retainers(&scan, (size_t)wanted);
    scan_end(&scan);
    return told;
}
