/* roots.c: from the roots to an object.

   A root is an object with references that no tracked object owns: gc_refs of the dry run. Some of
   those are local variables of running frames, which come and go; interp.h knows them. What is left
   is lasting: held by the interpreter's own tables or by C code. The modules of sys.modules come
   first, since a person can type them.

       mark_frames   node -> owned references from running frames
       search_way    breadth-first from the modules; else from what else lasts; else from frames;
                     else from the caller's
       chain_row     the objects along the way, and what leads from each to the next, named */

#include "query/roots.h"

#include "graph/bfs.h"
#include "labels/access_path.h"
#include "query/describer.h"
#include "runtime/scan.h"

/* From what a chain starts, in the order in which they are tried. */
typedef enum { ROOT_MODULE, ROOT_LASTING, ROOT_FRAME, ROOT_CALLER, ROOT_KINDS } RootKind;

static const char *const root_words[] = {"module", "C", "frame", "caller"};

typedef struct {
    const Describer *describer; /* borrowed */
    Scan *scan;                 /* borrowed */
    PyObject *target;
    NodeId node;      /* of the target */
    NodeSet excluded; /* from the ways: the box by which the object was given, and what is ours */
    VEC(uint32_t) by_frames; /* node -> owned references from running frames */
    VEC(uint32_t) by_caller; /* of those, from the frame of the caller and ours */
    VEC(NodeId) roots;
    Bfs bfs;
    Path way;
    VEC(PyObject *) met; /* the objects along the way, borrowed */
    VEC(Label) labels;   /* and what leads from each to the next */
    RootKind kind;       /* from what the way starts */
    PyObject *frame;     /* owned: the Node of the slot that holds its first object, or NULL */
    PyObject *local;     /* borrowed: its variable, or None */
    bool failed;
} RootSearch;

static void
search_fini(RootSearch *search)
{
    Memory *memory = &search->scan->memory;
    nodeset_fini(&search->excluded);
    vec_fini(memory, &search->by_frames);
    vec_fini(memory, &search->by_caller);
    vec_fini(memory, &search->roots);
    bfs_fini(&search->bfs);
    vec_fini(memory, &search->way);
    vec_fini(memory, &search->met);
    vec_fini(memory, &search->labels);
    Py_CLEAR(search->frame);
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
    RootSearch *search = arg;
    NodeId node;
    if (slot->owned && addrmap_find(&search->scan->heap.map, slot->target, &node)) {
        search->by_frames.items[node]++;
        search->by_caller.items[node] += is_of_caller(slot);
    }
    return false;
}

static int
mark_frames(RootSearch *search)
{
    Memory *memory = &search->scan->memory;
    size_t count = search->scan->heap.count;
    if (vec_zeros(memory, &search->by_frames, count) < 0 ||
        vec_zeros(memory, &search->by_caller, count) < 0 ||
        nodeset_init(&search->excluded, memory, count) < 0 ||
        vec_reserve(memory, &search->roots, count) < 0 ||
        bfs_init(&search->bfs, memory, &search->scan->heap.graph) < 0) {
        return -1;
    }
    interp_running_slots(mark_slot, search);
    return 0;
}

/* A module may have many names there: it is one root, for which there is room. */
static void
gather_modules(RootSearch *search)
{
    PyObject *key, *module, *modules = modules_dict();
    Py_ssize_t position = 0;
    NodeId node;
    while (modules != NULL && search->roots.length < search->scan->heap.count &&
           PyDict_Next(modules, &position, &key, &module)) {
        size_t last = search->roots.length;
        if (addrmap_find(&search->scan->heap.map, module, &node) &&
            (last == 0 || search->roots.items[last - 1] != node)) {
            vec_push_reserved(&search->roots, node);
        }
    }
}

static bool
is_root(const RootSearch *search, size_t node, RootKind kind)
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
gather_roots(RootSearch *search, RootKind kind)
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

/* -------------------------------------------------------------------------- rows */

static PyObject *
object_of(const RootSearch *search, size_t i)
{
    return search->met.items[i];
}

/* Fetch the objects along the way, and name the references. 0 or -1. */
static int
name_way(RootSearch *search)
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
        PyObject *op = object_of(search, i), *next = object_of(search, i + 1);
        PyObject *before = i > 0 ? object_of(search, i - 1) : NULL;
        vec_push_reserved(&search->labels, edge_label_find(op, before, next, 0));
    }
    return 0;
}

static PyObject *
node_of(void *arg, size_t i)
{
    const RootSearch *search = arg;
    return describer_node(search->describer, object_of(search, i));
}

static PyObject *
edge_of(void *arg, size_t i)
{
    const RootSearch *search = arg;
    return describer_edge(search->describer, &search->labels.items[i], object_of(search, i),
                          object_of(search, i + 1));
}

/* Borrowed: the name of the first object in sys.modules, where it is one of those, or None. */
static PyObject *
module_name(const RootSearch *search)
{
    PyObject *key, *module, *modules = modules_dict();
    Py_ssize_t position = 0;
    while (search->kind == ROOT_MODULE && modules != NULL &&
           PyDict_Next(modules, &position, &key, &module)) {
        if (module == object_of(search, 0) && PyUnicode_CheckExact(key)) {
            return key;
        }
    }
    return Py_None;
}

/* The first slot of a running frame that owns the first object; of others than the caller's, if
   that is theirs. */
static bool
find_slot(void *arg, const FrameSlot *slot)
{
    RootSearch *search = arg;
    bool is_wanted = is_of_caller(slot) == (search->kind == ROOT_CALLER);
    if (slot->target != object_of(search, 0) || !slot->owned || !is_wanted) {
        return false;
    }
    search->frame = describer_frame(search->describer, slot);
    search->local = slot->kind == SLOT_LOCAL ? slot->name : Py_None;
    search->failed = search->frame == NULL;
    return true;
}

/* New reference: the Chain. */
static PyObject *
chain_row(RootSearch *search)
{
    if (name_way(search) < 0) {
        return PyErr_NoMemory();
    }
    size_t length = search->way.length;
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    if ((items[1] = rows_list(length, node_of, search)) != NULL &&
        (items[2] = rows_list(length - 1, edge_of, search)) != NULL) {
        if (search->kind == ROOT_FRAME || search->kind == ROOT_CALLER) {
            interp_running_slots(find_slot, search);
        }
        items[3] = Py_NewRef(module_name(search));
        items[4] = Py_NewRef(search->frame != NULL ? search->frame : Py_None);
        items[5] = Py_NewRef(search->local);
        if (!search->failed &&
            (items[0] = PyUnicode_FromString(root_words[search->kind])) != NULL) {
            items[6] =
                access_path_text(search->met.items, search->labels.items, search->labels.length);
        }
    }
    return row_new(search->scan->state, ROW_CHAIN, items);
}

/* New reference: the Chain, or None where no root leads to the object. */
static PyObject *
search_way(RootSearch *search)
{
    for (RootKind kind = ROOT_MODULE; kind < ROOT_KINDS; kind++) {
        gather_roots(search, kind);
        int found = bfs_from_roots(&search->bfs, search->roots.items, search->roots.length,
                                   search->node, &search->excluded, &search->way);
        if (found < 0) {
            return PyErr_NoMemory();
        }
        if (found > 0) {
            search->kind = kind;
            return chain_row(search);
        }
    }
    Py_RETURN_NONE;
}

/* Leave an object out of the ways that are searched, unless it is the one that is asked about. */
static void
exclude(RootSearch *search, PyObject *op)
{
    NodeId node;
    if (op != NULL && op != search->target && addrmap_find(&search->scan->heap.map, op, &node)) {
        nodeset_add(&search->excluded, node);
    }
}

static PyObject *
find_why(RootSearch *search, PyObject *box, PyObject *module)
{
    Scan *scan = search->scan;
    if (scan_list_all(scan, box) < 0) {
        return NULL;
    }
    if (!addrmap_find(&scan->heap.map, search->target, &search->node)) {
        return PyErr_Format(PyExc_TypeError,
                            "the collector does not track this object of type '%.200s', which "
                            "refers to nothing that could be in a ring: holders() tells who has it",
                            Py_TYPE(search->target)->tp_name);
    }
    if (scan_judge(scan) < 0) {
        return NULL;
    }
    if (mark_frames(search) < 0) {
        return PyErr_NoMemory();
    }
    exclude(search, box);
    exclude(search, interp_own_locals());
    exclude(search, module); /* what our module refers to says nothing of a program */
    return search_way(search);
}

PyObject *
roots_why_alive(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ModuleState *state = state_of_module(module);
    Describer describer;
    PyObject *box = nargs > 0 ? args[0] : Py_None, *target = scan_boxed(box);
    if (target == NULL || describer_from(&describer, state, args + 1, nargs - 1) < 0) {
        return NULL;
    }
    Scan scan;
    scan_begin(&scan, state);
    RootSearch search = {.describer = &describer,
                         .scan = &scan,
                         .target = target,
                         .local = Py_None};
    PyObject *chain = find_why(&search, box, module);
    search_fini(&search);
    scan_end(&scan);
    return chain;
}
