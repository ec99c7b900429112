/* census.c: every known object once, in the order of their addresses, without a graph.

       count_all        objects and bytes of each type, a tally; which types are ours
       discount_ours    what gcscope keeps of itself is no part of the program: its records, the
                        objects of its core, and what only those refer to
       census_row       names are made once for each type, when nothing is looked at any more

   An object is ours if all that own it are: it has been shown by ours as often as its count says,
   which is how reference counting would free it. Where there is no record in the process, that
   costs nothing.

   Types whose bytes the program tells itself (a sizer) are handed out with their objects. */

#include "query/census.h"

#include "base/anonymous.h"
#include "base/index.h"
#include "base/typename.h"
#include "graph/nodeset.h"
#include "heap/known.h"
#include "heap/sizes.h"
#include "runtime/rows.h"
#include "runtime/scan.h"

enum { OBJECTS_AHEAD = 8 }; /* whose headers are fetched before their turn */

typedef struct {
    PyTypeObject *type; /* borrowed */
    uint64_t objects;
    uint64_t bytes;
    bool is_ours;
    bool is_asked; /* a sizer is registered for it, or for a base */
} Tally;

typedef struct {
    Scan scan;
    PyTypeObject *record; /* borrowed: what our records derive from */
    PyObject *sizers;     /* borrowed: a dict, anything -> (type, sizer) */
    Index numbers;        /* of types, by their addresses */
    VEC(Tally) tallies;
    NodeIds ours;      /* the nodes whose types are ours; then all that are */
    int64_t anonymous; /* bytes; -1 where it is not known */
} Census;

/* ---------------------------------------------------------------------- counting */

static bool
is_ours(const Census *census, PyTypeObject *type)
{
    const char prefix[] = "gcscope._core.";
    return strncmp(type->tp_name, prefix, sizeof(prefix) - 1) == 0 ||
           PyType_IsSubtype(type, census->record);
}

/* The tally of a type, made where there is none yet. NULL: out of memory. */
static Tally *
tally_of(Census *census, PyTypeObject *type)
{
    Memory *memory = &census->scan.memory;
    uint32_t number = index_enter(&census->numbers, memory, (uintptr_t)type);
    if (number == INDEX_NONE) {
        return NULL;
    }
    if (number == census->tallies.length) {
        Tally fresh = {.type = type, .is_ours = is_ours(census, type)};
        fresh.is_asked = !fresh.is_ours && typename_is_registered(census->sizers, type);
        if (vec_push(memory, &census->tallies, fresh) < 0) {
            return NULL;
        }
    }
    return &census->tallies.items[number];
}

/* The small ints, which lie in the interpreter itself, whether any are in use or not. */
static inline bool
is_static_int(PyObject *op)
{
    return PyLong_CheckExact(op) && is_immortal(op);
}

/* 0; -1: out of memory. */
static int
count_all(Census *census)
{
    const Heap *heap = &census->scan.heap;
    Tally *tally = NULL;
    for (size_t n = 0; n < heap->count; n++) {
        if (n + OBJECTS_AHEAD < heap->count) {
            PREFETCH(heap->objects.items[n + OBJECTS_AHEAD]);
        }
        PyObject *op = heap->objects.items[n];
        if (tally == NULL || tally->type != Py_TYPE(op)) {
            tally = tally_of(census, Py_TYPE(op));
            if (tally == NULL) {
                return -1;
            }
        }
        if (tally->is_ours && vec_push(&census->scan.memory, &census->ours, (NodeId)n) < 0) {
            return -1;
        }
        if (!is_static_int(op)) {
            tally->objects++;
            tally->bytes += sizes_object_bytes(op);
        }
    }
    return 0;
}

/* -------------------------------------------------------------------------- ours */

typedef struct {
    Census *census;
    NodeSet nodes;       /* those in census->ours */
    VEC(uint32_t) shown; /* node -> references from them */
    bool failed;
} Keeper;

/* A visitproc. Types are the program's, as code is. */
static int
meet_kept(PyObject *target, void *arg)
{
    Keeper *keeper = arg;
    Scan *scan = &keeper->census->scan;
    NodeId node;
    if (!PyType_Check(target) && addrmap_find(&scan->heap.map, target, &node) &&
        ++keeper->shown.items[node] ==
            (size_t)(world_references(target) - world_dying_references(&scan->world, target)) &&
        nodeset_enter(&keeper->nodes, node)) {
        keeper->failed |= vec_push(&scan->memory, &keeper->census->ours, node) < 0;
    }
    return keeper->failed;
}

/* Add to ours what they alone keep. 0; -1: out of memory. */
static int
find_kept(Keeper *keeper)
{
    Scan *scan = &keeper->census->scan;
    NodeIds *ours = &keeper->census->ours;
    if (nodeset_init(&keeper->nodes, &scan->memory, scan->heap.count) < 0 ||
        vec_zeros(&scan->memory, &keeper->shown, scan->heap.count) < 0) {
        return -1;
    }
    for (size_t o = 0; o < ours->length; o++) {
        nodeset_add(&keeper->nodes, ours->items[o]);
    }
    for (size_t o = 0; o < ours->length && !keeper->failed; o++) {
        known_visit(scan->heap.objects.items[ours->items[o]], meet_kept, keeper);
    }
    return keeper->failed ? -1 : 0;
}

/* Take ours out of the tallies. 0; -1: out of memory. */
static int
discount_ours(Census *census)
{
    Keeper keeper = {.census = census};
    int error = census->ours.length != 0 ? find_kept(&keeper) : 0;
    for (size_t o = 0; o < census->ours.length && error == 0; o++) {
        PyObject *op = census->scan.heap.objects.items[census->ours.items[o]];
        Tally *tally = &census->tallies.items[index_find(&census->numbers, (uintptr_t)Py_TYPE(op))];
        tally->objects--;
        tally->bytes -= sizes_object_bytes(op);
    }
    nodeset_fini(&keeper.nodes);
    vec_fini(&census->scan.memory, &keeper.shown);
    return error;
}

/* -------------------------------------------------------------------------- rows */

/* New reference: a TypeTally. */
static PyObject *
tally_row(void *arg, size_t number)
{
    const Census *census = arg;
    const Tally *tally = &census->tallies.items[number];
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    (void)((items[0] = typename_of(tally->type)) != NULL &&
           (items[1] = typename_module_of(tally->type)) != NULL &&
           (items[2] = PyLong_FromUnsignedLongLong(tally->objects)) != NULL &&
           (items[3] = PyLong_FromUnsignedLongLong(tally->bytes)) != NULL);
    return row_new(census->scan.state, ROW_TYPE_TALLY, items);
}

/* New reference: a list of (number of the tally, object) for each object with a sizer. */
static PyObject *
asked_objects(const Census *census)
{
    const Heap *heap = &census->scan.heap;
    PyObject *asked = PyList_New(0);
    for (size_t n = 0; n < heap->count && asked != NULL && PyDict_GET_SIZE(census->sizers) != 0;
         n++) {
        PyObject *op = heap->objects.items[n];
        uint32_t number = index_find(&census->numbers, (uintptr_t)Py_TYPE(op));
        if (census->tallies.items[number].is_asked &&
            rows_append(asked, Py_BuildValue("IO", number, op)) < 0) {
            Py_CLEAR(asked);
        }
    }
    return asked;
}

/* New reference: a Census. */
static PyObject *
census_row(Census *census)
{
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    (void)((items[0] = rows_list(census->tallies.length, tally_row, census)) != NULL &&
           (items[1] = census->anonymous >= 0 ? PyLong_FromLongLong(census->anonymous)
                                              : Py_NewRef(Py_None)) != NULL &&
           (items[2] = asked_objects(census)) != NULL);
    return row_new(census->scan.state, ROW_CENSUS, items);
}

static PyObject *
find_census(Census *census)
{
    if (scan_list_known(&census->scan, NULL) < 0) {
        return NULL;
    }
    if (count_all(census) < 0 || discount_ours(census) < 0) {
        return PyErr_NoMemory();
    }
    return census_row(census);
}

PyObject *
census_of_all(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    if (nargs != 2 || !PyType_Check(args[0]) || !PyDict_CheckExact(args[1])) {
        PyErr_SetString(PyExc_TypeError, "census() takes 2 arguments: the type of records, and a "
                                         "dict of sizers");
        return NULL;
    }
    Census census = {
        .record = (PyTypeObject *)args[0],
        .sizers = args[1],
        .anonymous = anonymous_bytes(),
    };
    scan_begin(&census.scan, state_of_module(module));
    PyObject *answer = find_census(&census);
    index_fini(&census.numbers, &census.scan.memory);
    vec_fini(&census.scan.memory, &census.tallies);
    vec_fini(&census.scan.memory, &census.ours);
    scan_end(&census.scan);
    return answer;
}
