/* holders.c: two passes over the list of objects, and a look at the running frames.

       gather_holders   who shows the object by tp_traverse, and how often; no graph is needed for
                        that
       look_beyond      only where that and the frames do not explain the count: once more, over
                        all that is known, tracked or not (known.h)
       parents_find     whose the containers among them are, for their names
       group_holders    references that are told in the same words, and have nothing by which
                        they could be told apart, are one row with a number: many are alike
       add_slot         which slots of running frames refer to it: no tp_traverse shows them

   The sum is exact because what is ours is left out by identity: the box in which the object was
   given, the frame of the word that asks, and the dict that a debugger has made of its variables.
   What a suspended generator only borrows is a row, and does not count. */

#include "query/holders.h"

#include "base/hash.h"
#include "base/index.h"
#include "heap/interp_world.h"
#include "heap/known.h"

/* References of one holder that are named each by itself, and rows that are named in full; what is
   more has no index and no key. */
enum { MOST_NAMED = 1000, MOST_ROWS = 10000 };

/* References that are one row. */
typedef struct {
    size_t holder;
    Label label;
    bool owned;
    size_t count;
} Group;

typedef struct {
    const Describer *describer; /* borrowed */
    Memory *memory;
    PyObject *target;
    PyObject *box;    /* the list by which the caller gave us the object: it does not count */
    PyObject *locals; /* borrowed or NULL: what a debugger has made of the word's own variables; no
                          more does it */
    PyObject *known;  /* tuple of (address of a dict, title) */
    VEC(Holder) holders;
    Index index; /* of what tells a group from others */
    VEC(Group) groups;
    VEC(Label) labels; /* of one holder */
    size_t own;        /* owned references of the word's own frame, */
    size_t own_locals; /* and of `locals` */
    size_t running;    /* owned references of other running frames */
    size_t count;      /* for one object */
    PyObject *rows;    /* owned: a list of Reference */
    bool is_beyond;    /* what tp_traverse does not show counts, too */
    bool failed;
} HolderScan;

static void
holder_scan_fini(HolderScan *asked)
{
    vec_fini(asked->memory, &asked->holders);
    index_fini(&asked->index, asked->memory);
    vec_fini(asked->memory, &asked->groups);
    vec_fini(asked->memory, &asked->labels);
    Py_CLEAR(asked->rows);
}

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
    if (!asked->is_beyond && Py_TYPE(op)->tp_traverse != NULL) { /* it is tracked */
        (void)Py_TYPE(op)->tp_traverse(op, count_target, asked);
    }
    else if (asked->is_beyond) {
        traverseproc traverse = known_traverse_of(op);
        if (traverse != NULL) {
            (void)traverse(op, count_target, asked);
        }
        known_visit_beyond(op, count_target, asked);
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
            asked->own_locals = shown;
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

/* The frame of the word itself: the innermost of this thread. */
static bool
is_own(const FrameSlot *slot)
{
    return slot->code != NULL && slot->depth == 0 && slot->thread == PyThreadState_Get();
}

static bool
count_slot(void *arg, const FrameSlot *slot)
{
    HolderScan *asked = arg;
    if (slot->owned && slot->target == asked->target) {
        asked->own += is_own(slot);
        asked->running += !is_own(slot);
    }
    return false;
}

static size_t
explained(const HolderScan *asked)
{
    size_t sum = asked->own + asked->own_locals + asked->running;
    for (size_t h = 0; h < asked->holders.length; h++) {
        sum += asked->holders.items[h].shown - asked->holders.items[h].unowned;
    }
    return sum;
}

/* 0 or -1: out of memory. */
static int
look_beyond(HolderScan *asked, Heap *heap)
{
    asked->holders.length = 0;
    asked->is_beyond = true;
    return heap_enter_known(heap) < 0 || heap_number(heap) < 0 ? -1 : gather_holders(asked, heap);
}

/* -------------------------------------------------------------------------- rows */

/* Append a Reference. Gives node and edges up; NULL for either is an error that was set. */
static int
add_row(HolderScan *asked, PyObject *node, PyObject *edges, bool owned, size_t count)
{
    PyObject *items[ROW_MOST_FIELDS] = {node, edges};
    (void)(node != NULL && edges != NULL && (items[2] = row_bool(owned)) != NULL &&
           (items[3] = PyLong_FromSize_t(count)) != NULL);
    return rows_append(asked->rows, row_new(asked->describer->state, ROW_REFERENCE, items));
}

PyObject *
holders_edges(const Describer *describer, const Holder *holder, const Label *label,
              PyObject *target)
{
    PyObject *edges = PyList_New(0);
    if (edges != NULL &&
        (parents_add_edges(describer, edges, holder) < 0 ||
         rows_append(edges, describer_edge(describer, label, holder->op, target)) < 0)) {
        Py_CLEAR(edges);
    }
    return edges;
}

PyObject *
holders_node(const Describer *describer, PyObject *known, const Holder *holder)
{
    enum { RANK = 3 };
    PyObject *title = holder->is_known ? parents_title(known, holder->op) : NULL;
    if (title == NULL) {
        return describer_node(describer, holder->parent != NULL ? holder->parent : holder->op);
    }
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    (void)((items[0] = PyUnicode_FromString("dict")) != NULL &&
           (items[1] = Py_NewRef(items[0])) != NULL && (items[2] = Py_NewRef(title)) != NULL &&
           (items[3] = Py_NewRef(Py_None)) != NULL && (items[4] = PyLong_FromLong(RANK)) != NULL);
    return row_new(describer->state, ROW_NODE, items);
}

/* ------------------------------------------------------------------------ groups */

/* What tells a label from others, an index included. */
static uint64_t
label_key(const Label *label)
{
    bool is_by_name = label->name != NULL && edge_label_name(label) == NULL;
    return hash_mix(hash_mix(edge_label_hash(label), (uint64_t)label->index),
                    is_by_name ? (uintptr_t)label->name : 0);
}

/* Which of any number of references of one container it is says nothing. */
static Label
without_index(Label label)
{
    return label.kind == LABEL_ITEM || label.kind == LABEL_VALUE
               ? (Label){.kind = LABEL_ITEM, .index = -1, .holder = label.holder}
               : label;
}

/* What tells a holder from those of which the same is told. 0 or -1 with an exception. */
static int
holder_key(const HolderScan *asked, const Holder *holder, uint64_t *key)
{
    PyObject *who = holder->parent != NULL ? holder->parent : holder->op;
    int is_alike = holder->is_known ? 0 : describer_is_nameless(asked->describer, who);
    uint64_t via = holder->parent != NULL ? label_key(&holder->via) : 0;
    *key = hash_mix(is_alike > 0 ? (uintptr_t)Py_TYPE(who) : (uintptr_t)who, via);
    return is_alike < 0 ? -1 : 0;
}

/* Add references to the group of which the same is told. 0; -1: out of memory. */
static int
group_references(HolderScan *asked, size_t h, uint64_t key, Label label, bool owned, size_t count)
{
    uint64_t whole = hash_mix(hash_mix(key, label_key(&label)), owned);
    uint32_t number = index_enter(&asked->index, asked->memory, whole);
    if (number == INDEX_NONE) {
        return -1;
    }
    if (number == asked->groups.length) {
        Group group = {.holder = h, .label = label, .owned = owned};
        if (vec_push(asked->memory, &asked->groups, group) < 0) {
            return -1;
        }
    }
    asked->groups.items[number].count += count;
    return 0;
}

/* Very many references of one holder, all by the name of the first. 0; -1: out of memory. */
static int
group_many(HolderScan *asked, size_t h, uint64_t key)
{
    const Holder *holder = &asked->holders.items[h];
    Label label = without_index(edge_label_find(holder->op, NULL, asked->target, 0));
    size_t owned = holder->shown > holder->unowned ? holder->shown - holder->unowned : 0;
    size_t unowned = holder->shown - owned;
    if (owned != 0 && group_references(asked, h, key, label, true, owned) < 0) {
        return -1;
    }
    return unowned != 0 ? group_references(asked, h, key, label, false, unowned) : 0;
}

/* The references of a holder, of which the last ones own nothing. 0; -1: out of memory. */
static int
group_few(HolderScan *asked, size_t h, uint64_t key)
{
    const Holder *holder = &asked->holders.items[h];
    bool is_short = asked->groups.length > MOST_ROWS;
    asked->labels.length = 0;
    if (vec_reserve(asked->memory, &asked->labels, holder->shown) < 0) {
        return -1;
    }
    edge_label_find_all(holder->op, asked->target, asked->labels.items, holder->shown);
    for (size_t nth = 0; nth < holder->shown; nth++) {
        Label label = asked->labels.items[nth];
        bool owned = nth + holder->unowned < holder->shown;
        if (group_references(asked, h, key, is_short ? without_index(label) : label, owned, 1) <
            0) {
            return -1;
        }
    }
    return 0;
}

/* 0 or -1 with an exception. */
static int
add_group(HolderScan *asked, const Group *group)
{
    const Holder *holder = &asked->holders.items[group->holder];
    PyObject *node = holders_node(asked->describer, asked->known, holder), *edges = NULL;
    if (node != NULL) {
        edges = holders_edges(asked->describer, holder, &group->label, asked->target);
    }
    return add_row(asked, node, edges, group->owned, group->count);
}

/* 0 or -1 with an exception. */
static int
add_holders(HolderScan *asked)
{
    for (size_t h = 0; h < asked->holders.length; h++) {
        uint64_t key;
        bool is_many = asked->holders.items[h].shown > MOST_NAMED;
        if (holder_key(asked, &asked->holders.items[h], &key) < 0) {
            return -1;
        }
        if ((is_many ? group_many : group_few)(asked, h, key) < 0) {
            return scan_no_memory();
        }
    }
    for (size_t g = 0; g < asked->groups.length; g++) {
        if (add_group(asked, &asked->groups.items[g]) < 0) {
            return -1;
        }
    }
    return 0;
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

static bool
add_slot(void *arg, const FrameSlot *slot)
{
    HolderScan *asked = arg;
    if (slot->target == asked->target && !is_own(slot)) {
        PyObject *node = describer_frame(asked->describer, slot), *edges = NULL;
        if (node != NULL) {
            edges = holders_frame_edges(asked->describer, slot);
        }
        asked->failed = add_row(asked, node, edges, slot->owned, 1) < 0;
    }
    return asked->failed;
}

/* Find the holders in the heap, and whose they are. 0 or -1 with an exception. */
static int
find_holders(HolderScan *asked, Scan *scan, bool is_mortal, Py_ssize_t count)
{
    interp_running_slots(count_slot, asked);
    if (gather_holders(asked, &scan->heap) < 0) {
        return scan_no_memory();
    }
    bool is_explained = !is_mortal || explained(asked) >= (size_t)count;
    if (!is_explained && look_beyond(asked, &scan->heap) < 0) {
        return scan_no_memory();
    }
    return parents_find(asked->holders.items, asked->holders.length, asked->known, &scan->heap) < 0
               ? scan_no_memory()
               : 0;
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
    Py_ssize_t count = world_all_references(asked->target) - 1; /* the box's */
    count -= world_dying_references(&scan->world, asked->target);
    asked->rows = PyList_New(0);
    if (asked->rows == NULL || find_holders(asked, scan, is_mortal, count) < 0 ||
        add_holders(asked) < 0) {
        return NULL;
    }
    interp_running_slots(add_slot, asked);
    if (asked->failed) {
        return NULL;
    }
    count -= (Py_ssize_t)(asked->own + asked->own_locals);
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
    holder_scan_fini(&asked);
    scan_end(&scan);
    return answer;
}
