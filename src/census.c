#include "census.h"

#include "names.h"

/* 16 bytes. heap_object_bytes fits; a census of more than 16 million types is an error. */
enum { KIND_BITS = 24, BYTES_BITS = 40 };

_Static_assert(HEAP_OBJECT_LIMIT == (size_t)1 << BYTES_BITS, "the size of an object fits an entry");

typedef struct {
    uintptr_t address;
    uint64_t kind : KIND_BITS; /* index of its type in `kinds` */
    uint64_t bytes : BYTES_BITS;
} Entry;

typedef struct {
    uintptr_t type;    /* address only: the type may be gone */
    bool instrumented; /* Tracked or derived from it */
} Kind;

typedef struct {
    PyObject_HEAD
    Memory memory;
    VEC(Entry) entries;
    VEC(Kind) kinds;
    PyObject *names; /* owned: list of str, one for each kind */
    AddrMap index;   /* the addresses, made when they are first asked for */
    bool indexed;
    bool uncertain;
    Py_ssize_t over_visited;
} CensusObject;

/* --------------------------------------------------------------- the making */

static CensusObject *
census_new(ModuleState *state)
{
    CensusObject *self = state_check(state) == 0 ? PyObject_New(CensusObject, state->census_type) : NULL;
    if (self == NULL) {
        return NULL;
    }
    memset((char *)self + sizeof(PyObject), 0, sizeof(CensusObject) - sizeof(PyObject));
    memory_init(&self->memory);
    self->memory.fail_after = state->fail_after;
    self->names = PyList_New(0);
    if (self->names == NULL) {
        Py_DECREF(self);
        return NULL;
    }
    PyObject_GC_UnTrack(self->names); /* strings only: it must not show in what we count */
    return self;
}

/* Name the types that the objects have. They are alive. 0 or -1 with an exception. */
static int
census_name_kinds(CensusObject *census, const ModuleState *state, PyTypeObject *const *types, size_t count)
{
    if (count >> KIND_BITS != 0) {
        PyErr_SetString(PyExc_OverflowError, "a census holds objects of 2**24 types at most");
        return -1;
    }
    if (vec_reserve(&census->memory, &census->kinds, count) < 0) {
        PyErr_NoMemory();
        return -1;
    }
    for (size_t k = 0; k < count; k++) {
        Kind kind = {.type = (uintptr_t)types[k], .instrumented = PyType_IsSubtype(types[k], state->tracked_type)};
        vec_push_reserved(&census->kinds, kind);
        PyObject *name = name_of_type(types[k]);
        if (name == NULL || PyList_Append(census->names, name) < 0) {
            Py_XDECREF(name);
            return -1;
        }
        Py_DECREF(name);
    }
    return 0;
}

/* The objects that a census is taken of: objects[n] for all n < count that `collector` found unreachable, or all of them
   where it is NULL. */
typedef struct {
    PyObject *const *objects;
    size_t count;
    const Collector *collector;
} Crowd;

static inline bool
crowd_has(const Crowd *crowd, size_t n)
{
    enum { OBJECTS_AHEAD = 8 };
    if (n + OBJECTS_AHEAD < crowd->count) {
        PREFETCH(crowd->objects[n + OBJECTS_AHEAD]);
    }
    return crowd->collector == NULL || !collector_is_reachable(crowd->collector, n);
}

/* Fill entries, all but their kinds, and the map of types. 0; -1 when memory is exhausted. */
static int
census_enter(CensusObject *census, const Crowd *crowd, AddrMap *types)
{
    const PyTypeObject *last = NULL;
    size_t expected = crowd->collector != NULL ? crowd->collector->unreachable : crowd->count;
    if (vec_reserve(&census->memory, &census->entries, expected) < 0) {
        return -1;
    }
    for (size_t n = 0; n < crowd->count; n++) {
        if (crowd_has(crowd, n)) {
            PyObject *op = crowd->objects[n];
            if (Py_TYPE(op) != last && addrmap_insert(types, last = Py_TYPE(op)) < 0) {
                return -1;
            }
            Entry entry = {.address = (uintptr_t)op, .bytes = heap_object_bytes(op)};
            vec_push_reserved(&census->entries, entry);
        }
    }
    return 0;
}

/* 0 or -1 with an exception. */
static int
census_fill(CensusObject *census, const ModuleState *state, const Crowd *crowd, AddrMap *types)
{
    VEC(PyTypeObject *) kinds = {0};
    if (census_enter(census, crowd, types) < 0 || vec_reserve(&census->memory, &kinds, types->count) < 0) {
        PyErr_NoMemory();
        return -1;
    }
    addrmap_number(types, (void **)kinds.items);
    int error = census_name_kinds(census, state, kinds.items, types->count);
    vec_fini(&census->memory, &kinds);
    for (size_t i = 0; i < census->entries.length && error == 0; i++) {
        NodeId kind = 0;
        (void)addrmap_find(types, Py_TYPE((PyObject *)census->entries.items[i].address), &kind);
        census->entries.items[i].kind = kind & ((1u << KIND_BITS) - 1);
    }
    return error;
}

/* A census of a crowd. The objects stay alive meanwhile: no Python code runs in here. */
static CensusObject *
census_take(ModuleState *state, const Crowd *crowd)
{
    CensusObject *census = census_new(state);
    if (census == NULL) {
        return NULL;
    }
    AddrMap types;
    int error = addrmap_init(&types, &census->memory);
    if (error < 0) {
        PyErr_NoMemory();
    }
    else {
        error = census_fill(census, state, crowd, &types);
    }
    addrmap_fini(&types);
    if (error < 0) {
        Py_CLEAR(census);
    }
    return census;
}

/* The entries of `self` that `keep` says yes to. */
static PyObject *
census_filter(CensusObject *self, bool (*keep)(const Entry *, void *), void *arg)
{
    ModuleState *state = state_of_type(Py_TYPE(self));
    CensusObject *chosen = state != NULL ? census_new(state) : NULL;
    if (chosen == NULL) {
        return NULL;
    }
    Py_SETREF(chosen->names, Py_NewRef(self->names));
    chosen->uncertain = self->uncertain;
    chosen->over_visited = self->over_visited;
    int error = vec_reserve(&chosen->memory, &chosen->kinds, self->kinds.length);
    for (size_t i = 0; i < self->kinds.length && error == 0; i++) {
        vec_push_reserved(&chosen->kinds, self->kinds.items[i]);
    }
    for (size_t i = 0; i < self->entries.length && error == 0; i++) {
        if (keep(&self->entries.items[i], arg)) {
            error = vec_push(&chosen->memory, &chosen->entries, self->entries.items[i]);
        }
    }
    if (error < 0) {
        Py_DECREF(chosen);
        return PyErr_NoMemory();
    }
    return (PyObject *)chosen;
}

/* ------------------------------------------------------------------ the words */

PyObject *
census_of_unreachable(Pass *pass)
{
    CensusObject *census =
        census_take(pass->state, &(Crowd){pass->heap.objects.items, pass->heap.count, &pass->collector});
    if (census != NULL) {
        census->uncertain = pass->heap.uncertain;
        census->over_visited = (Py_ssize_t)pass->collector.over_visited;
    }
    return (PyObject *)census;
}

PyObject *
census_dry_run(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ModuleState *state = state_of_module(module);
    long generation = -1;
    if (nargs > 1) {
        PyErr_SetString(PyExc_TypeError, "dry_run() takes at most 1 argument: the oldest generation, or a marker");
        return NULL;
    }
    Pass pass;
    PyObject *census = NULL;
    pass_begin(&pass, state);
    if ((nargs == 0 || pass_extent(&pass, args[0], &generation) == 0) && pass_run(&pass, generation) == 0) {
        graph_fini(&pass.heap.graph); /* what follows needs the objects and their verdict only */
        census = census_of_unreachable(&pass);
    }
    pass_end(&pass);
    return census;
}

PyObject *
census_of_objects(ModuleState *state, PyObject *const *objects, size_t count)
{
    return (PyObject *)census_take(state, &(Crowd){objects, count, NULL});
}

PyObject *
census_of(PyObject *module, PyObject *objects)
{
    if (!PyList_Check(objects)) {
        return PyErr_Format(PyExc_TypeError, "census() takes a list of objects, not '%.200s'",
                            Py_TYPE(objects)->tp_name);
    }
    int was_enabled = PyGC_Disable(); /* nothing may run that could change the list */
    PyObject *census = census_of_objects(state_of_module(module), ((PyListObject *)objects)->ob_item,
                                         (size_t)PyList_GET_SIZE(objects));
    if (was_enabled) {
        PyGC_Enable();
    }
    return census;
}

/* ----------------------------------------------------------- the arithmetic */

/* New reference: (refcount, references from inside, what is left, reachable), or None where the collector does not track
   an object at `address`. */
static PyObject *
arithmetic_row(Heap *heap, const Collector *collector, PyObject *address)
{
    void *pointer = PyLong_AsVoidPtr(address);
    if (pointer == NULL && PyErr_Occurred()) {
        return NULL;
    }
    NodeId node;
    if (!addrmap_find(&heap->map, pointer, &node)) {
        Py_RETURN_NONE;
    }
    int refcount = heap->refcounts.items[node], left = collector->gc_refs.items[node];
    return Py_BuildValue("(iiiO)", refcount, refcount - left, left,
                         collector_is_reachable(collector, node) ? Py_True : Py_False);
}

static PyObject *
arithmetic_rows(Heap *heap, const Collector *collector, PyObject *addresses)
{
    PyObject *rows = PyList_New(0);
    for (Py_ssize_t i = 0; rows != NULL && i < PyList_GET_SIZE(addresses); i++) {
        PyObject *row = arithmetic_row(heap, collector, PyList_GET_ITEM(addresses, i));
        if (row == NULL || PyList_Append(rows, row) < 0) {
            Py_CLEAR(rows);
        }
        Py_XDECREF(row);
    }
    return rows;
}

PyObject *
census_arithmetic(PyObject *module, PyObject *addresses)
{
    if (!PyList_CheckExact(addresses)) {
        return PyErr_Format(PyExc_TypeError, "arithmetic() takes a list of addresses, not '%.200s'",
                            Py_TYPE(addresses)->tp_name);
    }
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(addresses); i++) { /* an exact int runs no code when it is read */
        if (!PyLong_CheckExact(PyList_GET_ITEM(addresses, i))) {
            return PyErr_Format(PyExc_TypeError, "an address must be an int, not '%.200s'",
                                Py_TYPE(PyList_GET_ITEM(addresses, i))->tp_name);
        }
    }
    Pass pass;
    PyObject *rows = NULL;
    pass_begin(&pass, state_of_module(module));
    if (pass_run(&pass, -1) == 0) {
        rows = arithmetic_rows(&pass.heap, &pass.collector, addresses);
    }
    pass_end(&pass);
    return rows;
}

/* ------------------------------------------------------------------- the type */

bool
census_check(const ModuleState *state, PyObject *op)
{
    return Py_IS_TYPE(op, state->census_type);
}

int
census_index(PyObject *op)
{
    CensusObject *self = (CensusObject *)op;
    if (self->indexed) {
        return 0;
    }
    int error = addrmap_init(&self->index, &self->memory);
    for (size_t i = 0; i < self->entries.length && error >= 0; i++) {
        error = addrmap_insert(&self->index, (const void *)self->entries.items[i].address);
    }
    if (error < 0) {
        addrmap_fini(&self->index);
        PyErr_NoMemory();
        return -1;
    }
    self->indexed = true;
    return 0;
}

bool
census_has(PyObject *op, const void *address)
{
    CensusObject *self = (CensusObject *)op;
    NodeId entry;
    return addrmap_find(&self->index, address, &entry);
}

PyDoc_STRVAR(census_types_doc, "types($self, /)\n--\n\n"
                               "How many objects there are of each type, by name.\n\n"
                               "Returns (instrumented, others): two dicts, type name -> count.");

static PyObject *
census_types(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    CensusObject *self = (CensusObject *)op;
    size_t kinds = self->kinds.length;
    PyObject *counts[2] = {PyDict_New(), PyDict_New()};
    size_t *tally = PyMem_Calloc(kinds + 1, sizeof(size_t));
    int error = counts[0] == NULL || counts[1] == NULL ? -1 : 0;
    if (tally == NULL) {
        PyErr_NoMemory();
        error = -1;
    }
    for (size_t i = 0; i < self->entries.length && error == 0; i++) {
        tally[self->entries.items[i].kind]++;
    }
    for (size_t k = 0; k < kinds && error == 0; k++) {
        if (tally[k] == 0) {
            continue;
        }
        /* two types may have one name: their counts are added */
        PyObject *into = counts[self->kinds.items[k].instrumented ? 0 : 1];
        PyObject *name = PyList_GET_ITEM(self->names, (Py_ssize_t)k);
        PyObject *before = PyDict_GetItemWithError(into, name);
        PyObject *count = before == NULL && PyErr_Occurred()
                              ? NULL
                              : PyLong_FromSize_t(tally[k] + (before != NULL ? PyLong_AsSize_t(before) : 0));
        error = count != NULL ? PyDict_SetItem(into, name, count) : -1;
        Py_XDECREF(count);
    }
    PyMem_Free(tally);
    PyObject *result = error == 0 ? PyTuple_Pack(2, counts[0], counts[1]) : NULL;
    Py_XDECREF(counts[0]);
    Py_XDECREF(counts[1]);
    return result;
}

PyDoc_STRVAR(census_addresses_doc, "addresses($self, /)\n--\n\n"
                                   "The addresses of the objects, as a list of int, in the order of the heap.");

static PyObject *
census_addresses(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    CensusObject *self = (CensusObject *)op;
    PyObject *addresses = PyList_New((Py_ssize_t)self->entries.length);
    for (size_t i = 0; i < self->entries.length && addresses != NULL; i++) {
        PyObject *address = PyLong_FromVoidPtr((void *)self->entries.items[i].address);
        if (address == NULL) {
            Py_CLEAR(addresses);
            break;
        }
        PyList_SET_ITEM(addresses, (Py_ssize_t)i, address);
    }
    return addresses;
}

static bool
is_in(const Entry *entry, void *other)
{
    return census_has(other, (const void *)entry->address);
}

static bool
is_not_in(const Entry *entry, void *other)
{
    return !is_in(entry, other);
}

static PyObject *
census_compare(PyObject *op, PyObject *other, bool (*keep)(const Entry *, void *))
{
    ModuleState *state = state_of_type(Py_TYPE(op));
    if (state == NULL) {
        return NULL;
    }
    if (!census_check(state, other)) {
        return PyErr_Format(PyExc_TypeError, "expected a Census, not '%.200s'", Py_TYPE(other)->tp_name);
    }
    if (census_index(other) < 0) {
        return NULL;
    }
    return census_filter((CensusObject *)op, keep, other);
}

PyDoc_STRVAR(census_without_doc, "without($self, other, /)\n--\n\n"
                                 "A census of the objects that are not in other.");

PyObject *
census_without(PyObject *op, PyObject *other)
{
    return census_compare(op, other, is_not_in);
}

PyDoc_STRVAR(census_within_doc, "within($self, other, /)\n--\n\n"
                                "A census of the objects that are in other too.");

static PyObject *
census_within(PyObject *op, PyObject *other)
{
    return census_compare(op, other, is_in);
}

typedef struct {
    const CensusObject *census;
    Heap *heap;
} Roll;

static bool
is_still_tracked(const Entry *entry, void *arg)
{
    Roll *roll = arg;
    NodeId node;
    return addrmap_find(&roll->heap->map, (const void *)entry->address, &node) &&
           (uintptr_t)Py_TYPE(roll->heap->objects.items[node]) == roll->census->kinds.items[entry->kind].type;
}

/* New reference: the objects of a census that are tracked now, too; with `collect`, after a full collection, without a moment
   for another thread to make something at an address just freed. */
static PyObject *
census_roll_call(PyObject *op, bool collect)
{
    ModuleState *state = state_of_type(Py_TYPE(op));
    if (state == NULL || state_check(state) < 0) {
        return NULL;
    }
    Pass pass;
    PyObject *result = NULL;
    pass_begin(&pass, state);
    PyObject *collected = collect ? PyObject_CallNoArgs(state->gc_collect) : Py_NewRef(Py_None);
    if (collected != NULL && pass_list(&pass, -1) == 0) {
        result = census_filter((CensusObject *)op, is_still_tracked, &(Roll){(CensusObject *)op, &pass.heap});
    }
    Py_XDECREF(collected);
    pass_end(&pass);
    return result;
}

PyDoc_STRVAR(
    census_still_tracked_doc,
    "still_tracked($self, /)\n--\n\n"
    "A census of the objects that the collector tracks now, too.\n\n"
    "Told by address and type: a new object of the same type at the address of one that is gone is taken for it.");

static PyObject *
census_still_tracked(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    return census_roll_call(op, false);
}

PyDoc_STRVAR(census_collect_doc, "collect($self, /)\n--\n\n"
                                 "Run a full collection, as gc.collect() does, and return what is still_tracked then.");

static PyObject *
census_collect(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    return census_roll_call(op, true);
}

static PyObject *
census_get_objects(PyObject *op, void *Py_UNUSED(closure))
{
    return PyLong_FromSize_t(((CensusObject *)op)->entries.length);
}

static PyObject *
census_get_bytes(PyObject *op, void *Py_UNUSED(closure))
{
    CensusObject *self = (CensusObject *)op;
    size_t bytes = 0;
    for (size_t i = 0; i < self->entries.length; i++) {
        bytes += self->entries.items[i].bytes;
    }
    return PyLong_FromSize_t(bytes);
}

static PyObject *
census_get_uncertain(PyObject *op, void *Py_UNUSED(closure))
{
    return PyBool_FromLong(((CensusObject *)op)->uncertain);
}

static PyObject *
census_get_over_visited(PyObject *op, void *Py_UNUSED(closure))
{
    return PyLong_FromSsize_t(((CensusObject *)op)->over_visited);
}

static void
census_dealloc(PyObject *op)
{
    CensusObject *self = (CensusObject *)op;
    PyTypeObject *type = Py_TYPE(op);
    vec_fini(&self->memory, &self->entries);
    vec_fini(&self->memory, &self->kinds);
    addrmap_fini(&self->index);
    Py_CLEAR(self->names);
    PyObject_Free(self);
    Py_DECREF(type);
}

static PyMethodDef census_methods[] = {
    {"types", census_types, METH_NOARGS, census_types_doc},
    {"addresses", census_addresses, METH_NOARGS, census_addresses_doc},
    {"without", census_without, METH_O, census_without_doc},
    {"within", census_within, METH_O, census_within_doc},
    {"still_tracked", census_still_tracked, METH_NOARGS, census_still_tracked_doc},
    {"collect", census_collect, METH_NOARGS, census_collect_doc},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef census_getset[] = {
    {"objects", census_get_objects, NULL, PyDoc_STR("How many objects there are."), NULL},
    {"bytes", census_get_bytes, NULL, PyDoc_STR("What they take: structs, items, headers, tables of containers."),
     NULL},
    {"uncertain", census_get_uncertain, NULL,
     PyDoc_STR("Whether borrowed references of generators could not be told from others."), NULL},
    {"over_visited", census_get_over_visited, NULL,
     PyDoc_STR("How many objects were shown more often than they are owned: some tp_traverse lies."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyDoc_STRVAR(census_doc, "A set of objects as numbers only: addresses, sizes and types by name. It keeps none alive.");

static PyType_Slot census_slots[] = {
    {Py_tp_doc, (void *)census_doc},
    {Py_tp_dealloc, census_dealloc},
    {Py_tp_methods, census_methods},
    {Py_tp_getset, census_getset},
    {0, NULL},
};

static PyType_Spec census_spec = {
    .name = "gcscope._core.Census",
    .basicsize = sizeof(CensusObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = census_slots,
};

int
census_setup(PyObject *module, ModuleState *state)
{
    state->census_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &census_spec, NULL);
    if (state->census_type == NULL) {
        return -1;
    }
    return PyModule_AddType(module, state->census_type);
}

PyObject *
census_types_of(const ModuleState *state, PyObject *const *objects, size_t count)
{
    PyObject *census = census_of_objects((ModuleState *)state, objects, count);
    PyObject *types = census != NULL ? census_types(census, NULL) : NULL;
    Py_XDECREF(census);
    return types;
}
