/* roll_call.c: 16 bytes an object, in raw memory: address, and the number of its type.

   Only the names of types are Python objects, made while the types are alive: later these may be
   gone. Two types may have one name. The list of names is untracked, so that it does not show in
   what is counted.

       roll_call_make        entries and the map of types, the names, then each entry's kind
       roll_call_filter      the entries of one that are (not) in another, or are still tracked
       roll_call_index       address -> entry, made when it is first asked for

   An address may belong to another object by now. So still_tracked compares the type too, which
   leaves a new object of the same type at the same address; `collect` collects and compares in one
   step, where only finalizers could make such a one. */

#include "types/roll_call.h"

#include <structmember.h>

#include "base/typename.h"
#include "heap/interp_world.h"
#include "runtime/rows.h"

typedef struct {
    uintptr_t address;
    NodeId kind; /* index of its type in `kinds` */
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
} RollCallObject;

/* --------------------------------------------------------------------- making */

static RollCallObject *
roll_call_new(const ModuleState *state)
{
    RollCallObject *self =
        state_check(state) == 0 ? PyObject_New(RollCallObject, state->roll_call_type) : NULL;
    if (self == NULL) {
        return NULL;
    }
    memset((char *)self + sizeof(PyObject), 0, sizeof(RollCallObject) - sizeof(PyObject));
    self->memory = scan_memory(state);
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
roll_call_name_kinds(RollCallObject *roll_call, const ModuleState *state,
                     PyTypeObject *const *types, size_t count)
{
    if (vec_reserve(&roll_call->memory, &roll_call->kinds, count) < 0) {
        PyErr_NoMemory();
        return -1;
    }
    for (size_t k = 0; k < count; k++) {
        Kind kind = {.type = (uintptr_t)types[k],
                     .instrumented = PyType_IsSubtype(types[k], state->tracked_type)};
        vec_push_reserved(&roll_call->kinds, kind);
        PyObject *name = typename_of(types[k]);
        if (name == NULL || PyList_Append(roll_call->names, name) < 0) {
            Py_XDECREF(name);
            return -1;
        }
        Py_DECREF(name);
    }
    return 0;
}

/* What a RollCall is made of: objects[n] for all n < count that `collector` found unreachable, or
   all of them where it is NULL. */
typedef struct {
    PyObject *const *objects;
    size_t count;
    const Collector *collector;
} Members;

static inline bool
members_have(const Members *members, size_t n)
{
    enum { OBJECTS_AHEAD = 8 };
    if (n + OBJECTS_AHEAD < members->count) {
        PREFETCH(members->objects[n + OBJECTS_AHEAD]);
    }
    return members->collector == NULL || !collector_is_reachable(members->collector, n);
}

/* Fill entries, all but their kinds, and the map of types. 0; -1 when memory is exhausted. */
static int
roll_call_enter(RollCallObject *roll_call, const Members *members, AddrMap *types)
{
    const PyTypeObject *last = NULL;
    size_t expected = members->collector != NULL ? members->collector->unreachable : members->count;
    if (vec_reserve(&roll_call->memory, &roll_call->entries, expected) < 0) {
        return -1;
    }
    for (size_t n = 0; n < members->count; n++) {
        if (members_have(members, n)) {
            PyObject *op = members->objects[n];
            if (Py_TYPE(op) != last && addrmap_insert(types, last = Py_TYPE(op)) < 0) {
                return -1;
            }
            Entry entry = {.address = (uintptr_t)op};
            vec_push_reserved(&roll_call->entries, entry);
        }
    }
    return 0;
}

/* 0 or -1 with an exception. */
static int
roll_call_fill(RollCallObject *roll_call, const ModuleState *state, const Members *members,
               AddrMap *types)
{
    VEC(PyTypeObject *) kinds = {0};
    if (roll_call_enter(roll_call, members, types) < 0 ||
        vec_reserve(&roll_call->memory, &kinds, types->count) < 0) {
        PyErr_NoMemory();
        return -1;
    }
    addrmap_number(types, (void **)kinds.items);
    int error = roll_call_name_kinds(roll_call, state, kinds.items, types->count);
    vec_fini(&roll_call->memory, &kinds);
    const PyTypeObject *last = NULL;
    NodeId kind = 0;
    for (size_t i = 0; i < roll_call->entries.length && error == 0; i++) {
        const PyTypeObject *type = Py_TYPE((PyObject *)roll_call->entries.items[i].address);
        if (type != last) {
            (void)addrmap_find(types, last = type, &kind);
        }
        roll_call->entries.items[i].kind = kind;
    }
    return error;
}

/* New reference. The objects stay alive meanwhile: no Python code runs in here. */
static RollCallObject *
roll_call_make(const ModuleState *state, const Members *members)
{
    RollCallObject *roll_call = roll_call_new(state);
    if (roll_call == NULL) {
        return NULL;
    }
    AddrMap types;
    int error = addrmap_init(&types, &roll_call->memory);
    if (error < 0) {
        PyErr_NoMemory();
    }
    else {
        error = roll_call_fill(roll_call, state, members, &types);
    }
    addrmap_fini(&types);
    if (error < 0) {
        Py_CLEAR(roll_call);
    }
    return roll_call;
}

/* New reference: a RollCall of the entries for which `keep` is true. NULL with an exception. */
static PyObject *
roll_call_filter(RollCallObject *self, bool (*keep)(const Entry *, void *), void *arg)
{
    ModuleState *state = state_of_type(Py_TYPE(self));
    RollCallObject *chosen = state != NULL ? roll_call_new(state) : NULL;
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

/* ------------------------------------------------------------- what it is made of */

PyObject *
roll_call_of_unreachable(Scan *scan)
{
    RollCallObject *roll_call =
        roll_call_make(scan->state,
                       &(Members){scan->heap.objects.items, scan->heap.count, &scan->collector});
    if (roll_call != NULL) {
        roll_call->uncertain = scan->heap.uncertain;
        roll_call->over_visited = (Py_ssize_t)scan->collector.over_visited;
    }
    return (PyObject *)roll_call;
}

PyObject *
roll_call_dry_run(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    ModuleState *state = state_of_module(module);
    long generation = -1;
    if (nargs > 1) {
        PyErr_SetString(PyExc_TypeError,
                        "dry_run() takes at most 1 argument: the oldest generation, or a marker");
        return NULL;
    }
    Scan scan;
    PyObject *roll_call = NULL;
    scan_begin(&scan, state);
    scan.is_lost_only = true;
    if ((nargs == 0 || scan_extent(&scan, args[0], &generation) == 0) &&
        scan_run(&scan, generation) == 0) {
        graph_fini(&scan.heap.graph); /* what follows needs the objects and their verdict only */
        roll_call = roll_call_of_unreachable(&scan);
    }
    scan_end(&scan);
    return roll_call;
}

PyObject *
roll_call_of_objects(const ModuleState *state, PyObject *const *objects, size_t count)
{
    return (PyObject *)roll_call_make(state, &(Members){objects, count, NULL});
}

PyObject *
roll_call_of(PyObject *module, PyObject *objects)
{
    ModuleState *state = state_of_module(module);
    if (!PyList_Check(objects)) {
        return PyErr_Format(PyExc_TypeError, "roll_call() takes a list of objects, not '%.200s'",
                            Py_TYPE(objects)->tp_name);
    }
    World world = {0};
    int was_enabled = gc_pause_begin(); /* nothing may run that could change the list */
    world_stop(&world);
    PyObject *roll_call = roll_call_of_objects(state, ((PyListObject *)objects)->ob_item,
                                               (size_t)PyList_GET_SIZE(objects));
    world_end(&world);
    gc_pause_end(was_enabled);
    return roll_call;
}

PyObject *
roll_call_known(PyObject *module, PyObject *unreachable)
{
    Scan scan;
    PyObject *roll_call = NULL;
    scan_begin(&scan, state_of_module(module));
    if (scan_list_known(&scan, NULL) == 0) {
        if (unreachable != Py_True) {
            const Heap *heap = &scan.heap;
            roll_call = roll_call_of_objects(scan.state, heap->objects.items, heap->count);
        }
        else if (scan_judge(&scan) == 0) {
            roll_call = roll_call_of_unreachable(&scan);
        }
    }
    scan_end(&scan);
    return roll_call;
}

/* ------------------------------------------------------------------- the type */

bool
roll_call_check(const ModuleState *state, PyObject *op)
{
    return Py_IS_TYPE(op, state->roll_call_type);
}

int
roll_call_index(PyObject *op)
{
    RollCallObject *self = (RollCallObject *)op;
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
roll_call_has(PyObject *op, const void *address)
{
    RollCallObject *self = (RollCallObject *)op;
    NodeId entry;
    return addrmap_find(&self->index, address, &entry);
}

PyDoc_STRVAR(roll_call_types_doc, "types($self, /)\n--\n\n"
                                  "How many objects there are of each type, by name.\n\n"
                                  "Returns a TypeCounts.");

/* Add to a count. Two types may have one name. 0 or -1 with an exception. */
static int
add_count(PyObject *counts, PyObject *name, size_t more)
{
    PyObject *before = PyDict_GetItemWithError(counts, name);
    if (before == NULL && PyErr_Occurred()) {
        return -1;
    }
    PyObject *count = PyLong_FromSize_t(more + (before != NULL ? PyLong_AsSize_t(before) : 0));
    int error = count != NULL ? PyDict_SetItem(counts, name, count) : -1;
    Py_XDECREF(count);
    return error;
}

int
roll_call_add_types(PyObject *op, PyObject *instrumented, PyObject *others)
{
    RollCallObject *self = (RollCallObject *)op;
    size_t kinds = self->kinds.length;
    size_t *tally = PyMem_Calloc(kinds + 1, sizeof(size_t));
    int error = tally != NULL ? 0 : scan_no_memory();
    for (size_t i = 0; i < self->entries.length && error == 0; i++) {
        tally[self->entries.items[i].kind]++;
    }
    for (size_t k = 0; k < kinds && error == 0; k++) {
        if (tally[k] != 0) {
            PyObject *counts = self->kinds.items[k].instrumented ? instrumented : others;
            error = add_count(counts, PyList_GET_ITEM(self->names, (Py_ssize_t)k), tally[k]);
        }
    }
    PyMem_Free(tally);
    return error;
}

static PyObject *
roll_call_types(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    const ModuleState *state = state_of_type(Py_TYPE(op));
    PyObject *counts[2] = {PyDict_New(), PyDict_New()};
    if (state == NULL || counts[0] == NULL || counts[1] == NULL ||
        roll_call_add_types(op, counts[0], counts[1]) < 0) {
        Py_XDECREF(counts[0]);
        Py_XDECREF(counts[1]);
        return NULL;
    }
    return row_new(state, ROW_TYPE_COUNTS, counts);
}

PyDoc_STRVAR(roll_call_addresses_doc,
             "addresses($self, /)\n--\n\n"
             "The addresses of the objects, as a list of int, in the order of the heap.");

static PyObject *
entry_address(void *entries, size_t n)
{
    return PyLong_FromVoidPtr((void *)((const Entry *)entries)[n].address);
}

static PyObject *
roll_call_addresses(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    RollCallObject *self = (RollCallObject *)op;
    return rows_list(self->entries.length, entry_address, self->entries.items);
}

static bool
is_in(const Entry *entry, void *other)
{
    return roll_call_has(other, (const void *)entry->address);
}

static bool
is_not_in(const Entry *entry, void *other)
{
    return !is_in(entry, other);
}

static PyObject *
roll_call_compare(PyObject *op, PyObject *other, bool (*keep)(const Entry *, void *))
{
    ModuleState *state = state_of_type(Py_TYPE(op));
    if (state == NULL) {
        return NULL;
    }
    if (!roll_call_check(state, other)) {
        return PyErr_Format(PyExc_TypeError, "expected a RollCall, not '%.200s'",
                            Py_TYPE(other)->tp_name);
    }
    if (roll_call_index(other) < 0) {
        return NULL;
    }
    return roll_call_filter((RollCallObject *)op, keep, other);
}

PyDoc_STRVAR(roll_call_without_doc, "without($self, other, /)\n--\n\n"
                                    "A roll call of the objects that are not in other.");

PyObject *
roll_call_without(PyObject *op, PyObject *other)
{
    return roll_call_compare(op, other, is_not_in);
}

PyDoc_STRVAR(roll_call_within_doc, "within($self, other, /)\n--\n\n"
                                   "A roll call of the objects that are in other too.");

static PyObject *
roll_call_within(PyObject *op, PyObject *other)
{
    return roll_call_compare(op, other, is_in);
}

typedef struct {
    const RollCallObject *roll_call;
    const Heap *heap;
} Present;

static bool
is_still_tracked(const Entry *entry, void *arg)
{
    const Present *present = arg;
    NodeId node;
    return addrmap_find(&present->heap->map, (const void *)entry->address, &node) &&
           (uintptr_t)Py_TYPE(present->heap->objects.items[node]) ==
               present->roll_call->kinds.items[entry->kind].type;
}

/* New reference: the objects that are tracked now, too; with `collect`, after a full collection,
   without a moment for another thread to make something at an address just freed. */
static PyObject *
roll_call_now(PyObject *op, bool collect)
{
    ModuleState *state = state_of_type(Py_TYPE(op));
    if (state == NULL || state_check(state) < 0) {
        return NULL;
    }
    Scan scan;
    PyObject *result = NULL;
    /* not in the pause: finalizers see automatic collection as the program has it */
    PyObject *collected = collect ? PyObject_CallNoArgs(state->gc_collect) : Py_NewRef(Py_None);
    scan_begin(&scan, state);
    bool is_listed = collected != NULL && ((RollCallObject *)op)->entries.length != 0;
    if (collected != NULL && (!is_listed || scan_list(&scan, -1) == 0)) {
        result = roll_call_filter((RollCallObject *)op, is_still_tracked,
                                  &(Present){(RollCallObject *)op, &scan.heap});
    }
    Py_XDECREF(collected);
    scan_end(&scan);
    return result;
}

PyDoc_STRVAR(roll_call_still_tracked_doc,
             "still_tracked($self, /)\n--\n\n"
             "A roll call of the objects that the collector tracks now, too.\n\n"
             "Told by address and type: a new object of the same type at the address of one that "
             "is gone is taken for it.");

static PyObject *
roll_call_still_tracked(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    return roll_call_now(op, false);
}

PyDoc_STRVAR(roll_call_collect_doc,
             "collect($self, /)\n--\n\n"
             "Run a full collection, as gc.collect() does, and return what is still_tracked then.");

static PyObject *
roll_call_collect(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    return roll_call_now(op, true);
}

bool
roll_call_has_instrumented(PyObject *op)
{
    RollCallObject *self = (RollCallObject *)op;
    for (size_t k = 0; k < self->kinds.length; k++) {
        if (self->kinds.items[k].instrumented) {
            return self->entries.length != 0;
        }
    }
    return false;
}

size_t
roll_call_objects(PyObject *op)
{
    return ((RollCallObject *)op)->entries.length;
}

static void
roll_call_dealloc(PyObject *op)
{
    RollCallObject *self = (RollCallObject *)op;
    PyTypeObject *type = Py_TYPE(op);
    vec_fini(&self->memory, &self->entries);
    vec_fini(&self->memory, &self->kinds);
    addrmap_fini(&self->index);
    Py_CLEAR(self->names);
    PyObject_Free(self);
    Py_DECREF(type);
}

static PyMethodDef roll_call_methods[] = {
    {"types", roll_call_types, METH_NOARGS, roll_call_types_doc},
    {"addresses", roll_call_addresses, METH_NOARGS, roll_call_addresses_doc},
    {"without", roll_call_without, METH_O, roll_call_without_doc},
    {"within", roll_call_within, METH_O, roll_call_within_doc},
    {"still_tracked", roll_call_still_tracked, METH_NOARGS, roll_call_still_tracked_doc},
    {"collect", roll_call_collect, METH_NOARGS, roll_call_collect_doc},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef roll_call_members[] = {
    {"objects", T_PYSSIZET, offsetof(RollCallObject, entries.length), READONLY,
     PyDoc_STR("How many objects there are.")},
    {"uncertain", T_BOOL, offsetof(RollCallObject, uncertain), READONLY,
     PyDoc_STR("Whether borrowed references of generators could not be told from others.")},
    {"over_visited", T_PYSSIZET, offsetof(RollCallObject, over_visited), READONLY,
     PyDoc_STR(
         "How many objects were shown more often than they are owned: some tp_traverse lies.")},
    {NULL, 0, 0, 0, NULL},
};

PyDoc_STRVAR(roll_call_doc,
             "A set of objects as numbers only: addresses and types by name. It keeps none alive.");

static PyType_Slot roll_call_slots[] = {
    {Py_tp_doc, (void *)roll_call_doc},
    {Py_tp_dealloc, roll_call_dealloc},
    {Py_tp_methods, roll_call_methods},
    {Py_tp_members, roll_call_members},
    {0, NULL},
};

static PyType_Spec roll_call_spec = {
    .name = "gcscope._core.RollCall",
    .basicsize = sizeof(RollCallObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = roll_call_slots,
};

int
roll_call_setup(PyObject *module, ModuleState *state)
{
    state->roll_call_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &roll_call_spec, NULL);
    if (state->roll_call_type == NULL) {
        return -1;
    }
    return PyModule_AddType(module, state->roll_call_type);
}

PyObject *
roll_call_types_of(const ModuleState *state, PyObject *const *objects, size_t count)
{
    PyObject *roll_call = roll_call_of_objects(state, objects, count);
    PyObject *types = roll_call != NULL ? roll_call_types(roll_call, NULL) : NULL;
    Py_XDECREF(roll_call);
    return types;
}
