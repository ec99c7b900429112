/* roots.c: from the roots to an object.

   A root is an object with references that no listed object owns: gc_refs of the dry run. Some of
   those are local variables of running frames, which come and go; interp.h knows them. What is left
   is lasting: held by the interpreter's own tables or by C code. The modules of sys.modules come
   first, since a person can type them. Those of this library come after all else that lasts: what
   they refer to says nothing of a program.

       mark_frames    node -> owned references from running frames
       mark_modules   which references of modules come after others: every module has them, and
                      under pytest a __loader__ leads to the whole session
       search_way     breadth-first from the modules; else from what else lasts; else from frames;
                      else from our modules; else from the caller's frame
       note_told      the next search goes no way that ends at a holder that was told
       chain_row      the objects along the way, and what leads from each to the next, named

   Where the collector does not track the object, everything that is known is listed (known.h). */

#include "query/roots.h"

#include "graph/bfs.h"
#include "heap/generations.h"
#include "heap/interp_tables.h"
#include "labels/access_path.h"
#include "query/evidence.h"

/* From what a chain starts, in the order in which they are tried. */
typedef enum {
    ROOT_MODULE,
    ROOT_LASTING,
    ROOT_FRAME,
    ROOT_OWN_MODULE,
    ROOT_CALLER,
    ROOT_KINDS
} RootKind;

static const char *const root_words[] = {"module", "C", "frame", "module", "caller"};

typedef struct {
    const Describer *describer; /* borrowed */
    Scan *scan;                 /* borrowed */
    PyObject *target;
    PyObject *module; /* borrowed: ours */
    PyObject *ignore; /* borrowed or NULL: a tuple or list of what no way goes through */
    NodeId node;      /* of the target */
    NodeSet excluded; /* from the ways: the box by which the object was given, and what is ours */
    NodeSet own;      /* and those that are let in again as ROOT_OWN_MODULE */
    NodeSet told;     /* the last holders of the ways that were told */
    NodeSet dicts;    /* the dicts of modules */
    Index late;       /* their references to what every module has */
    VEC(uint32_t) by_frames; /* node -> owned references from running frames */
    VEC(uint32_t) by_caller; /* of those, from the frame of the caller and ours */
    VEC(NodeId) roots;
    Bfs bfs;
    Path way;
    VEC(PyObject *) met; /* the objects along the way, borrowed */
    VEC(Label) labels;   /* and what leads from each to the next */
    RootKind kind;       /* from what the way starts */
    bool is_root_told;   /* the object itself, as a root of this kind */
    PyObject *frame;     /* owned: the Node of the slot that holds its first object, or NULL */
    PyObject *local;     /* borrowed: its variable, or None */
    bool failed;
} RootSearch;

static void
search_fini(RootSearch *search)
{
    Memory *memory = &search->scan->memory;
    nodeset_fini(&search->excluded);
    nodeset_fini(&search->own);
    nodeset_fini(&search->told);
    nodeset_fini(&search->dicts);
    index_fini(&search->late, memory);
    vec_fini(memory, &search->by_frames);
    vec_fini(memory, &search->by_caller);
    vec_fini(memory, &search->roots);
    bfs_fini(&search->bfs);
    vec_fini(memory, &search->way);
    vec_fini(memory, &search->met);
    vec_fini(memory, &search->labels);
    Py_CLEAR(search->frame);
}

/* -------------------------------------------------------------------------- roots */

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

/* 0; -1: out of memory. */
static int
mark_frames(RootSearch *search)
{
    Memory *memory = &search->scan->memory;
    size_t count = search->scan->heap.count;
    if (vec_zeros(memory, &search->by_frames, count) < 0 ||
        vec_zeros(memory, &search->by_caller, count) < 0 ||
        vec_reserve(memory, &search->roots, count) < 0 ||
        bfs_init(&search->bfs, memory, &search->scan->heap.graph) < 0) {
        return -1;
    }
    interp_running_slots(mark_slot, search);
    return 0;
}

/* Enter an object, unless it is the one that is asked about. It may be NULL. */
static void
mark(RootSearch *search, NodeSet *set, PyObject *op)
{
    NodeId node;
    if (op != NULL && op != search->target && addrmap_find(&search->scan->heap.map, op, &node)) {
        nodeset_add(set, node);
    }
}

static void
mark_own(RootSearch *search, PyObject *op)
{
    NodeId node;
    if (op != NULL && op != search->target && addrmap_find(&search->scan->heap.map, op, &node) &&
        nodeset_enter(&search->excluded, node)) {
        nodeset_add(&search->own, node);
    }
}

/* Each goes with the dict that is its own: functions of a module refer to that without it. */
static void
mark_ignored(RootSearch *search)
{
    PyObject *ignore = search->ignore;
    mark(search, &search->excluded, ignore);
    for (Py_ssize_t i = 0; ignore != NULL && i < PySequence_Fast_GET_SIZE(ignore); i++) {
        PyObject *op = PySequence_Fast_GET_ITEM(ignore, i);
        mark(search, &search->excluded, op);
        mark(search, &search->excluded, interp_instance_dict(op));
    }
}

/* Whether a module of this name is one of this library. */
static bool
is_own_name(PyObject *name)
{
    static const char package[] = "gcscope";
    enum { LENGTH = sizeof(package) - 1 };
    if (!PyUnicode_CheckExact(name) || PyUnicode_GET_LENGTH(name) < LENGTH) {
        return false;
    }
    for (Py_ssize_t i = 0; i < LENGTH; i++) {
        if (PyUnicode_READ_CHAR(name, i) != (Py_UCS4)package[i]) {
            return false;
        }
    }
    return PyUnicode_GET_LENGTH(name) == LENGTH || PyUnicode_READ_CHAR(name, LENGTH) == '.';
}

static bool
is_common_name(PyObject *name)
{
    static const char names[] = "__loader__ __spec__ __builtins__";
    return PyUnicode_CheckExact(name) && PyUnicode_IS_ASCII(name) &&
           has_word(names, (const char *)PyUnicode_1BYTE_DATA(name));
}

/* Whether a dict has a value under a name that not every module has. */
static bool
has_otherwise(PyObject *dict, PyObject *wanted)
{
    PyObject *key, *value;
    Py_ssize_t position = 0;
    while (PyDict_Next(dict, &position, &key, &value)) {
        if (value == wanted && !is_common_name(key)) {
            return true;
        }
    }
    return false;
}

static void
mark_late(RootSearch *search, PyObject *dict, NodeId from)
{
    PyObject *key, *value;
    Py_ssize_t position = 0;
    NodeId to;
    while (PyDict_Next(dict, &position, &key, &value)) {
        if (is_common_name(key) && addrmap_find(&search->scan->heap.map, value, &to) &&
            !has_otherwise(dict, value)) {
            search->failed |= index_enter(&search->late, &search->scan->memory,
                                          bfs_edge_key(from, to)) == INDEX_NONE;
        }
    }
}

static void
mark_modules(RootSearch *search)
{
    PyObject *key, *module, *modules = modules_dict();
    Py_ssize_t position = 0;
    NodeId node;
    while (modules != NULL && PyDict_Next(modules, &position, &key, &module)) {
        PyObject *dict = PyModule_Check(module) ? PyModule_GetDict(module) : NULL;
        if (dict != NULL && is_own_name(key)) {
            mark_own(search, module);
            mark_own(search, dict);
        }
        if (dict != NULL && addrmap_find(&search->scan->heap.map, dict, &node) &&
            nodeset_enter(&search->dicts, node)) {
            mark_late(search, dict, node);
        }
    }
}

/* What no way goes through. 0; -1: out of memory. */
static int
mark_excluded(RootSearch *search, PyObject *box)
{
    Memory *memory = &search->scan->memory;
    size_t count = search->scan->heap.count;
    if (nodeset_init(&search->excluded, memory, count) < 0 ||
        nodeset_init(&search->own, memory, count) < 0 ||
        nodeset_init(&search->told, memory, count) < 0 ||
        nodeset_init(&search->dicts, memory, count) < 0) {
        return -1;
    }
    mark(search, &search->excluded, box);
    mark(search, &search->excluded, interp_own_locals());
    mark(search, &search->excluded, search->module);
    mark_ignored(search);
    mark_modules(search);
    search->bfs.rules = (BfsRules){.excluded = &search->excluded,
                                   .not_last = &search->told,
                                   .late = &search->late,
                                   .late_from = &search->dicts};
    return search->failed ? -1 : 0;
}

static void
add_root(RootSearch *search, NodeId node)
{
    if (!(search->is_root_told && node == search->node)) {
        vec_push_reserved(&search->roots, node);
    }
}

/* A module may have many names there: it is one root, for which there is room. */
static void
gather_modules(RootSearch *search)
{
    PyObject *key, *module, *modules = modules_dict();
    Py_ssize_t position = 0;
    NodeId node, last = NODE_LIMIT;
    while (modules != NULL && search->roots.length < search->scan->heap.count &&
           PyDict_Next(modules, &position, &key, &module)) {
        bool is_there = addrmap_find(&search->scan->heap.map, module, &node);
        bool is_own = is_there && nodeset_has(&search->own, node);
        if (is_there && node != last && is_own == (search->kind == ROOT_OWN_MODULE)) {
            add_root(search, node);
            last = node;
        }
    }
}

static bool
is_from_module(RootKind kind)
{
    return kind == ROOT_MODULE || kind == ROOT_OWN_MODULE;
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
gather_roots(RootSearch *search)
{
    search->roots.length = 0;
    if (is_from_module(search->kind)) {
        gather_modules(search);
        return;
    }
    for (size_t n = 0; n < search->scan->heap.count; n++) {
        if (is_root(search, n, search->kind)) {
            add_root(search, (NodeId)n);
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
    search->met.length = search->labels.length = 0;
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
    while (is_from_module(search->kind) && modules != NULL &&
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

/* Whether a value on the way stands under a weak reference to an object that it leads to: so that
   entry of a WeakKeyDictionary never goes. */
static bool
leads_to_own_key(const RootSearch *search)
{
    for (size_t i = 0; i < search->labels.length; i++) {
        const Label *label = &search->labels.items[i];
        bool is_weak =
            label->kind == LABEL_VALUE && label->name != NULL && PyWeakref_Check(label->name);
        PyObject *key = is_weak ? ((PyWeakReference *)label->name)->wr_object : NULL;
        for (size_t later = i + 1; is_weak && later < search->met.length; later++) {
            if (object_of(search, later) == key) {
                return true;
            }
        }
    }
    return false;
}

/* New reference: who may have the first object, where nobody shows that. */
static PyObject *
evidence_of_root(const RootSearch *search)
{
    return search->kind == ROOT_LASTING
               ? evidence_find(search->scan->state, search->describer, object_of(search, 0))
               : PyList_New(0);
}

/* New reference: the Chain. NULL with an exception. */
static PyObject *
chain_row(RootSearch *search)
{
    size_t length = search->way.length;
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    Py_CLEAR(search->frame);
    search->local = Py_None;
    if (name_way(search) < 0) {
        return PyErr_NoMemory();
    }
    if ((items[1] = rows_list(length, node_of, search)) != NULL &&
        (items[2] = rows_list(length - 1, edge_of, search)) != NULL) {
        if (search->kind == ROOT_FRAME || search->kind == ROOT_CALLER) {
            interp_running_slots(find_slot, search);
        }
        items[3] = Py_NewRef(module_name(search));
        items[4] = Py_NewRef(search->frame != NULL ? search->frame : Py_None);
        items[5] = Py_NewRef(search->local);
        if (!search->failed &&
            (items[0] = PyUnicode_FromString(root_words[search->kind])) != NULL &&
            (items[6] = access_path_text(search->met.items, search->labels.items,
                                         search->labels.length)) != NULL &&
            (items[7] = row_bool(leads_to_own_key(search))) != NULL) {
            items[8] = evidence_of_root(search);
        }
    }
    return row_new(search->scan->state, ROW_CHAIN, items);
}

static void
let_own_in(RootSearch *search)
{
    for (size_t n = 0; n < search->scan->heap.count; n++) {
        if (nodeset_has(&search->own, (NodeId)n)) {
            nodeset_remove(&search->excluded, (NodeId)n);
        }
    }
}

/* Find the next way, from the kind of root at hand on. 1, 0: there is none, or -1: out of
   memory. */
static int
search_way(RootSearch *search)
{
    int found = 0;
    while (search->kind < ROOT_KINDS && found == 0) {
        gather_roots(search);
        found = bfs_from_roots(&search->bfs, search->roots.items, search->roots.length,
                               search->node, &search->way);
        if (found == 0) {
            search->kind++;
            search->is_root_told = false;
            if (search->kind == ROOT_OWN_MODULE) {
                let_own_in(search);
            }
        }
    }
    return found;
}

/* Let no further way end as the one at hand does. */
static void
note_told(RootSearch *search)
{
    size_t length = search->way.length;
    if (length > 1) {
        nodeset_add(&search->told, search->way.items[length - 2]);
    }
    else {
        search->is_root_told = true;
    }
}

/* New reference: a list of Chain, at most `paths`. */
static PyObject *
find_ways(RootSearch *search, size_t paths)
{
    PyObject *chains = PyList_New(0);
    int found = 1;
    for (size_t n = 0; n < paths && found > 0 && chains != NULL; n++) {
        found = search_way(search);
        if (found < 0) {
            PyErr_NoMemory();
        }
        if (found < 0 || (found > 0 && rows_append(chains, chain_row(search)) < 0)) {
            Py_CLEAR(chains);
        }
        else if (found > 0) {
            note_told(search);
        }
    }
    return chains;
}

/* List the heap, the object included. 0 or -1 with an exception. */
static int
list_with_target(RootSearch *search, PyObject *box)
{
    Heap *heap = &search->scan->heap;
    if (scan_list_all(search->scan, box) < 0) {
        return -1;
    }
    if (!addrmap_has(&heap->map, search->target) &&
        (heap_enter_known(heap) < 0 || heap_number(heap) < 0)) {
        return scan_no_memory();
    }
    bool is_there = addrmap_find(&heap->map, search->target, &search->node);
    return is_there ? 0 : scan_no_memory(); /* at least the box refers to it */
}

static PyObject *
find_why(RootSearch *search, PyObject *box, size_t paths)
{
    if (list_with_target(search, box) < 0 || scan_judge(search->scan) < 0) {
        return NULL;
    }
    if (mark_frames(search) < 0 || mark_excluded(search, box) < 0) {
        return PyErr_NoMemory();
    }
    return find_ways(search, paths);
}

/* New reference: a list with the Chain of an object that is never freed. */
static PyObject *
chains_of_immortal(const Describer *describer, PyObject *target)
{
    PyObject *chains = PyList_New(0), *items[ROW_MOST_FIELDS] = {NULL};
    PyObject *node = chains != NULL ? describer_node(describer, target) : NULL;
    if (node != NULL && (items[0] = PyUnicode_FromString("immortal")) != NULL &&
        (items[1] = Py_BuildValue("[O]", node)) != NULL && (items[2] = PyList_New(0)) != NULL) {
        for (int i = 3; i <= 6; i++) {
            items[i] = Py_NewRef(Py_None);
        }
        items[7] = row_bool(false);
        items[8] = PyList_New(0);
    }
    Py_XDECREF(node);
    if (chains != NULL && rows_append(chains, row_new(describer->state, ROW_CHAIN, items)) < 0) {
        Py_CLEAR(chains);
    }
    return chains;
}

PyObject *
roots_why_alive(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ModuleState *state = state_of_module(module);
    Describer describer;
    PyObject *box = nargs > 0 ? args[0] : Py_None, *target = scan_boxed(box);
    PyObject *ignore = nargs > 3 ? args[3] : NULL;
    Py_ssize_t paths = nargs > 4 ? PyLong_AsSsize_t(args[4]) : 1;
    if (target == NULL || (paths == -1 && PyErr_Occurred()) ||
        describer_from(&describer, state, args + 1, nargs - 1) < 0) {
        return NULL;
    }
    if (nargs > 5 || paths < 1 ||
        (ignore != NULL && !PyTuple_CheckExact(ignore) && !PyList_CheckExact(ignore))) {
        PyErr_SetString(PyExc_TypeError, "why_alive() takes a list with the object, and may take "
                                         "labellers, object_traceback, a tuple or list of objects "
                                         "to ignore, and how many chains to tell");
        return NULL;
    }
    if (is_immortal(target)) {
        return chains_of_immortal(&describer, target);
    }
    Scan scan;
    scan_begin(&scan, state);
    RootSearch search = {.describer = &describer,
                         .scan = &scan,
                         .target = target,
                         .module = module,
                         .ignore = ignore,
                         .local = Py_None};
    PyObject *chains = find_why(&search, box, (size_t)paths);
    search_fini(&search);
    scan_end(&scan);
    return chains;
}
