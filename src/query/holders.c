/* holders.c: two passes over the list of objects, and a look at the running frames.

       gather_holders       who shows the object by tp_traverse, and how often; no graph is needed
                            for that
       holders_find_parents whose __dict__ the dicts among the holders are, whose closure the cells,
                            which module's variables the containers: for their names
       add_holders          a row for each of their references
       add_slot             which slots of running frames refer to it: no tp_traverse shows them

   The sum is exact because what is ours is left out by identity: the box in which the object was
   given, the frame of the word that asks, and the dict that a debugger has made of its variables.
   What a suspended generator only borrows is a row, and does not count. */

#include "query/holders.h"

typedef struct {
    const Describer *describer; /* borrowed */
    Memory *memory;
    PyObject *target;
    PyObject *box;    /* the list by which the caller gave us the object: it does not count */
    PyObject *locals; /* borrowed or NULL: what a debugger has made of the word's own variables; no
                          more does it */
    PyObject *known;  /* tuple of (address of a dict, title) */
    VEC(Holder) holders;
    size_t own;     /* references of the word's own frame to the object */
    size_t count;   /* for one object */
    PyObject *rows; /* owned: a list of Reference */
    bool failed;
} HolderScan;

static int
count_target(PyObject *op, void *arg)
{
    HolderScan *asked = arg;
    asked->count += op == asked->target;
    return 0;
}

static size_t
count_shown(HolderScan *asked, PyObject *op)
{
    asked->count = 0;
    if (Py_TYPE(op)->tp_traverse != NULL) {
        (void)Py_TYPE(op)->tp_traverse(op, count_target, asked);
    }
    return asked->count;
}

static size_t
count_unowned(HolderScan *asked, PyObject *op)
{
    asked->count = 0;
    if (interp_may_borrow(op)) {
        interp_visit_borrowed(op, count_target, asked);
    }
    return asked->count;
}

/* 0 or -1: out of memory. */
static int
gather_holders(HolderScan *asked, const Heap *heap)
{
    enum { AHEAD = 8 };
    for (size_t n = 0; n < heap->count; n++) {
        PyObject *op = heap->objects.items[n];
        if (n + AHEAD < heap->count) {
            PREFETCH(heap->objects.items[n + AHEAD]);
        }
        size_t shown = op != asked->box ? count_shown(asked, op) : 0;
        if (op == asked->locals) {
            asked->own += shown;
        }
        else if (shown > 0) {
            Holder holder = {.op = op, .shown = shown, .unowned = count_unowned(asked, op)};
            if (vec_push(asked->memory, &asked->holders, holder) < 0) {
                return -1;
            }
        }
    }
    return 0;
}

/* By address: a reference would be one more to count. */
static bool
is_address_of(PyObject *address, PyObject *op)
{
    return PyLong_CheckExact(address) && PyLong_AsUnsignedLongLongMask(address) == (uintptr_t)op;
}

/* Borrowed: the title that the caller gave to a dict, or NULL. */
static PyObject *
known_title(PyObject *known, PyObject *op)
{
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(known); k++) {
        PyObject *pair = PyTuple_GET_ITEM(known, k);
        if (PyTuple_CheckExact(pair) && PyTuple_GET_SIZE(pair) == 2 &&
            is_address_of(PyTuple_GET_ITEM(pair, 0), op)) {
            return PyTuple_GET_ITEM(pair, 1);
        }
    }
    return NULL;
}

static void
enter_parent(Holder *holders, size_t count, PyObject *op, PyObject *parent)
{
    for (size_t h = 0; h < count; h++) {
        if (holders[h].op == op && holders[h].parent == NULL && !holders[h].is_known) {
            holders[h].parent = parent;
        }
    }
}

static void
enter_parents_of_heap(Holder *holders, size_t count, const Heap *heap)
{
    for (size_t n = 0; n < heap->count; n++) {
        PyObject *op = heap->objects.items[n], *dict = interp_instance_dict(op);
        if (dict != NULL) {
            enter_parent(holders, count, dict, op);
        }
        PyObject *closure = PyFunction_Check(op) ? ((PyFunctionObject *)op)->func_closure : NULL;
        for (Py_ssize_t c = 0; closure != NULL && c < PyTuple_GET_SIZE(closure); c++) {
            enter_parent(holders, count, PyTuple_GET_ITEM(closure, c), op);
        }
    }
}

static bool
is_container(PyObject *op)
{
    return PyList_CheckExact(op) || PyTuple_CheckExact(op) || PyDict_CheckExact(op) ||
           PyAnySet_CheckExact(op);
}

/* The containers that variables of modules refer to: those are what a person would name. */
static void
enter_modules(Holder *holders, size_t count)
{
    PyObject *key, *module, *value, *modules = modules_dict();
    Py_ssize_t position = 0;
    while (modules != NULL && PyDict_Next(modules, &position, &key, &module)) {
        PyObject *dict = PyModule_Check(module) ? PyModule_GetDict(module) : NULL;
        Py_ssize_t place = 0;
        while (dict != NULL && PyDict_Next(dict, &place, &key, &value)) {
            if (is_container(value) && PyUnicode_CheckExact(key)) {
                enter_parent(holders, count, value, module);
            }
        }
    }
}

void
holders_find_parents(Holder *holders, size_t count, PyObject *known, const Heap *heap)
{
    enum { MANY = 64 };
    bool has_hidden = false, has_container = false;
    for (size_t h = 0; h < count; h++) {
        holders[h].is_known = known_title(known, holders[h].op) != NULL;
        has_hidden |= PyDict_CheckExact(holders[h].op) || PyCell_Check(holders[h].op);
        has_container |= is_container(holders[h].op);
    }
    if (has_hidden && count <= MANY) {
        enter_parents_of_heap(holders, count, heap);
    }
    if (has_container && count <= MANY) {
        enter_modules(holders, count);
    }
}

/* -------------------------------------------------------------------------- rows */

/* Append a Reference. Gives node and edges up; NULL for either is an error that was set. */
static int
add_row(HolderScan *asked, PyObject *node, PyObject *edges, bool owned, const char *found)
{
    PyObject *items[ROW_MOST_FIELDS] = {node, edges};
    (void)(node != NULL && edges != NULL && (items[2] = row_bool(owned)) != NULL &&
           (items[3] = PyUnicode_FromString(found)) != NULL);
    return rows_append(asked->rows, row_new(asked->describer->state, ROW_REFERENCE, items));
}

/* Append what leads from the parent to the holder. 0 or -1 with an exception. */
static int
add_parent_edges(const Describer *describer, PyObject *edges, const Holder *holder)
{
    static const Label dict_label = {.kind = LABEL_DICT};
    PyObject *op = holder->op, *parent = holder->parent;
    if (parent == NULL) {
        return 0;
    }
    if (PyCell_Check(op)) {
        PyObject *closure = ((PyFunctionObject *)parent)->func_closure;
        Label cell = edge_label_find(closure, parent, op, 0);
        return rows_append(edges, describer_edge(describer, &cell, closure, op));
    }
    PyObject *dict = PyModule_Check(parent) ? PyModule_GetDict(parent) : op;
    if (rows_append(edges, describer_edge(describer, &dict_label, parent, dict)) < 0) {
        return -1;
    }
    if (dict == op) {
        return 0;
    }
    Label variable = edge_label_find(dict, NULL, op, 0);
    return rows_append(edges, describer_edge(describer, &variable, dict, op));
}

PyObject *
holders_edges(const Describer *describer, const Holder *holder, const Label *label,
              PyObject *target)
{
    PyObject *edges = PyList_New(0);
    if (edges != NULL &&
        (add_parent_edges(describer, edges, holder) < 0 ||
         rows_append(edges, describer_edge(describer, label, holder->op, target)) < 0)) {
        Py_CLEAR(edges);
    }
    return edges;
}

PyObject *
holders_node(const Describer *describer, PyObject *known, const Holder *holder)
{
    enum { RANK = 3 };
    PyObject *title = known_title(known, holder->op);
    if (title == NULL) {
        return describer_node(describer, holder->parent != NULL ? holder->parent : holder->op);
    }
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    (void)((items[0] = PyUnicode_FromString("dict")) != NULL &&
           (items[1] = Py_NewRef(items[0])) != NULL && (items[2] = Py_NewRef(title)) != NULL &&
           (items[3] = Py_NewRef(Py_None)) != NULL && (items[4] = PyLong_FromLong(RANK)) != NULL);
    return row_new(describer->state, ROW_NODE, items);
}

/* A row for each reference of a holder, of which the last ones own nothing. 0 or -1 with an
   exception. */
static int
add_references(HolderScan *asked, const Holder *holder, const Label *labels)
{
    for (size_t nth = 0; nth < holder->shown; nth++) {
        bool owned = nth < holder->shown - holder->unowned;
        PyObject *node = holders_node(asked->describer, asked->known, holder), *edges = NULL;
        if (node != NULL) {
            edges = holders_edges(asked->describer, holder, &labels[nth], asked->target);
        }
        if (add_row(asked, node, edges, owned, "heap") < 0) {
            return -1;
        }
    }
    return 0;
}

/* 0 or -1 with an exception. */
static int
add_holders(HolderScan *asked)
{
    VEC(Label) labels = {0};
    int error = 0;
    for (size_t h = 0; h < asked->holders.length && error == 0; h++) {
        const Holder *holder = &asked->holders.items[h];
        if (vec_reserve(asked->memory, &labels, holder->shown) < 0) {
            PyErr_NoMemory();
            error = -1;
        }
        else {
            edge_label_find_all(holder->op, asked->target, labels.items, holder->shown);
            error = add_references(asked, holder, labels.items);
        }
    }
    vec_fini(asked->memory, &labels);
    return error;
}

PyObject *
holders_frame_edges(const Describer *describer, const FrameSlot *slot)
{
    Label label = referents_slot_label(slot);
    PyObject *edge = describer_edge(describer, &label, slot->target, slot->target);
    PyObject *edges = edge != NULL ? PyTuple_Pack(1, edge) : NULL;
    Py_XDECREF(edge);
    return edges;
}

/* The frame of the word itself: the innermost of this thread. */
static bool
is_own(const FrameSlot *slot)
{
    return slot->code != NULL && slot->depth == 0 && slot->thread == PyThreadState_Get();
}

static bool
count_own_slot(void *arg, const FrameSlot *slot)
{
    HolderScan *asked = arg;
    asked->own += is_own(slot) && slot->owned && slot->target == asked->target;
    return false;
}

static bool
add_slot(void *arg, const FrameSlot *slot)
{
    HolderScan *asked = arg;
    if (slot->target == asked->target && !is_own(slot)) {
        PyObject *node = describer_frame(asked->describer, slot), *edges = NULL;
        if (node != NULL) {
            edges = holders_frame_edges(asked->describer, slot);
        }
        asked->failed = add_row(asked, node, edges, slot->owned, "frame") < 0;
    }
    return asked->failed;
}

/* New reference: the References. */
static PyObject *
find_references(HolderScan *asked, Scan *scan)
{
    if (scan_list_all(scan, asked->box) < 0) {
        return NULL;
    }
    bool is_mortal = !is_immortal(asked->target);
    asked->locals = interp_own_locals();
    interp_running_slots(count_own_slot, asked);
    Py_ssize_t count = Py_REFCNT(asked->target) - 1; /* the box's */
    asked->rows = PyList_New(0);
    if (asked->rows == NULL) {
        return NULL;
    }
    if (gather_holders(asked, &scan->heap) < 0) {
        return PyErr_NoMemory();
    }
    holders_find_parents(asked->holders.items, asked->holders.length, asked->known, &scan->heap);
    if (add_holders(asked) < 0) {
        return NULL;
    }
    interp_running_slots(add_slot, asked);
    if (asked->failed) {
        return NULL;
    }
    count -= (Py_ssize_t)asked->own;
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    (void)((items[0] = is_mortal ? PyLong_FromSsize_t(count) : Py_NewRef(Py_None)) != NULL &&
           (items[1] = Py_NewRef(asked->rows)) != NULL);
    return row_new(asked->describer->state, ROW_REFERENCES, items);
}

PyObject *
holders_of(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ModuleState *state = state_of_module(module);
    Describer describer;
    if (nargs < 2 || nargs > 4 || !PyList_CheckExact(args[0]) || PyList_GET_SIZE(args[0]) != 1 ||
        !PyTuple_CheckExact(args[1])) {
        PyErr_SetString(PyExc_TypeError,
                        "holders() takes a list with the object, a tuple of known dicts, and may "
                        "take labellers and object_traceback");
        return NULL;
    }
    if (describer_from(&describer, state, args + 2, nargs - 2) < 0) {
        return NULL;
    }
    Scan scan;
    scan_begin(&scan, state);
    HolderScan asked = {.describer = &describer,
                        .memory = &scan.memory,
                        .target = PyList_GET_ITEM(args[0], 0),
                        .box = args[0],
                        .known = args[1]};
    PyObject *answer = find_references(&asked, &scan);
    Py_XDECREF(asked.rows);
    vec_fini(&scan.memory, &asked.holders);
    scan_end(&scan);
    return answer;
}
