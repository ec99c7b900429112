/* growth_census.c:

       growth_census_list   what is tracked, and untracked dicts
       enter_all            the first census
       compare_all          a later one
       count_types          tracked objects by the address of the type, then by the hash of its name

   A container's type is looked at first by its flags, which all objects of few types share; sets
   and deques have no flag, and what was found of a type is remembered for the next object of it. */

#include "query/growth_census.h"

#include "base/typename.h"
#include "heap/interp.h"
#include "heap/sizes.h"

/* ------------------------------------------------------------------ one container */

/* The beginning of a deque, which no public header shows: its length is its ob_size. */
typedef struct {
    PyObject_VAR_HEAD
} DequeHead;

ContainerKind
growth_container_kind(PyTypeObject *type)
{
    if (PyType_HasFeature(type, Py_TPFLAGS_LIST_SUBCLASS)) {
        return LIST;
    }
    if (PyType_HasFeature(type, Py_TPFLAGS_DICT_SUBCLASS)) {
        return DICT;
    }
    if (type == &PySet_Type || PyType_IsSubtype(type, &PySet_Type)) {
        return SET;
    }
    return typename_derives(type, "collections.deque") ? DEQUE : NO_CONTAINER;
}

uint32_t
growth_container_length(PyObject *op, ContainerKind kind)
{
    Py_ssize_t length = kind == LIST   ? PyList_GET_SIZE(op)
                        : kind == DICT ? ((PyDictObject *)op)->ma_used
                        : kind == SET  ? ((PySetObject *)op)->used
                                       : ((DequeHead *)op)->ob_base.ob_size;
    return length < 0 ? 0 : length < UINT32_MAX ? (uint32_t)length : UINT32_MAX;
}

uint32_t
growth_container_table(PyObject *op)
{
    enum { GC_HEADER = 2 * sizeof(uintptr_t), STEP = 16 };
    PyTypeObject *type = Py_TYPE(op);
    size_t own = type_preheader_bytes(type) + GC_HEADER + (size_t)type->tp_basicsize;
    size_t bytes = sizes_object_bytes(op);
    size_t table = bytes > own + STEP ? bytes - own : 0;
    return table < UINT32_MAX ? (uint32_t)table : UINT32_MAX;
}

/* What was found of the types of the last objects. */
typedef struct {
    const PyTypeObject *type;
    ContainerKind kind;
} KnownKind;

enum { KNOWN_KINDS = 256, TYPE_ALIGNED = 4, OBJECTS_AHEAD = 8 };

static inline ContainerKind
kind_of(KnownKind *known, PyTypeObject *type)
{
    KnownKind *last = &known[((uintptr_t)type >> TYPE_ALIGNED) % KNOWN_KINDS];
    if (last->type != type) {
        *last = (KnownKind){type, growth_container_kind(type)};
    }
    return last->kind;
}

/* ---------------------------------------------------------------------- listing */

#if GCSCOPE_UNTRACKS_DICTS

typedef struct {
    const GrowthCensus *census;
    Scan *scan;
    AddrCursor cursor, known_cursor;
    AddrMap found; /* untracked dicts */
    bool failed;
} UntrackedDicts;

static int
find_untracked(PyObject *target, void *arg)
{
    UntrackedDicts *dicts = arg;
    NodeId any;
    const GrowthCensus *census = dicts->census;
    if (addrmap_find_near(&dicts->scan->heap.map, &dicts->cursor, target, &any)) {
        return 0;
    }
    if (census->censuses != 0 &&
        !addrmap_find_near(&census->map, &dicts->known_cursor, target, &any)) {
        return 0;
    }
    if (Py_TYPE(target) == &PyDict_Type && !PyObject_GC_IsTracked(target)) {
        dicts->failed |= addrmap_insert(&dicts->found, target) < 0;
    }
    return dicts->failed;
}

static bool
find_untracked_in_slot(void *arg, const FrameSlot *slot)
{
    return find_untracked(slot->target, arg);
}

/* Enter what was found. 0 or -1. */
static int
enter_untracked(Scan *scan, AddrMap *found)
{
    VEC(void *) addresses = {0};
    int error = vec_reserve(&scan->memory, &addresses, found->count);
    if (error == 0) {
        addrmap_number(found, addresses.items);
        for (size_t d = 0; d < found->count && error == 0; d++) {
            error = addrmap_insert(&scan->heap.map, addresses.items[d]) < 0 ? -1 : 0;
        }
    }
    vec_fini(&scan->memory, &addresses);
    return error;
}

/* 0 or -1 with an exception. */
static int
list_untracked(const GrowthCensus *census, Scan *scan)
{
    UntrackedDicts dicts = {.census = census,
                            .scan = scan,
                            .cursor = ADDRMAP_NOWHERE,
                            .known_cursor = ADDRMAP_NOWHERE};
    int error = addrmap_init(&dicts.found, &scan->memory);
    for (size_t n = 0; n < scan->heap.count && error == 0; n++) {
        if (n + OBJECTS_AHEAD < scan->heap.count) {
            PREFETCH(scan->heap.objects.items[n + OBJECTS_AHEAD]);
        }
        PyObject *op = scan->heap.objects.items[n];
        if (Py_TYPE(op)->tp_traverse != NULL) {
            (void)Py_TYPE(op)->tp_traverse(op, find_untracked, &dicts);
        }
        error = dicts.failed ? -1 : 0;
    }
    if (error == 0) {
        interp_running_slots(find_untracked_in_slot, &dicts);
        error = dicts.failed ? -1 : 0;
    }
    if (error == 0 && dicts.found.count != 0) {
        error = enter_untracked(scan, &dicts.found) < 0 || scan_close(scan) < 0 ? -1 : 0;
    }
    addrmap_fini(&dicts.found);
    return error < 0 ? scan_no_memory() : 0;
}

#else

static int
list_untracked(const GrowthCensus *Py_UNUSED(census), Scan *Py_UNUSED(scan))
{
    return 0;
}

#endif

int
growth_census_list(const GrowthCensus *census, Scan *scan)
{
    return scan_list_all(scan, NULL) < 0 ? -1 : list_untracked(census, scan);
}

/* ------------------------------------------------------------------- containers */

/* 0 or -1. */
static int
enter_all(GrowthCensus *census, const Scan *scan)
{
    KnownKind known[KNOWN_KINDS] = {{NULL, NO_CONTAINER}};
    VEC(PyObject *) found = {0};
    int error = addrmap_init(&census->map, &census->memory);
    for (size_t n = 0; n < scan->heap.count && error == 0; n++) {
        PyObject *op = scan->heap.objects.items[n];
        if (n + OBJECTS_AHEAD < scan->heap.count) {
            PREFETCH(scan->heap.objects.items[n + OBJECTS_AHEAD]);
        }
        if (kind_of(known, Py_TYPE(op)) != NO_CONTAINER) {
            error = addrmap_insert(&census->map, op) < 0 ? -1 : 0;
        }
    }
    size_t count = census->map.count;
    if (error == 0 && count < NODE_LIMIT && vec_reserve(&census->memory, &found, count) == 0 &&
        vec_reserve(&census->memory, &census->containers, count) == 0) {
        addrmap_number(&census->map, (void **)found.items);
        for (size_t c = 0; c < count; c++) {
            PyTypeObject *type = Py_TYPE(found.items[c]);
            uint32_t length = growth_container_length(found.items[c], kind_of(known, type));
            Container container = {
                .type = type,
                .first = length,
                .last = length,
                .table = growth_container_table(found.items[c]),
            };
            vec_push_reserved(&census->containers, container);
        }
    }
    else {
        error = -1;
    }
    vec_fini(&census->memory, &found);
    return error;
}

static void
compare(Container *container, uint32_t length, uint32_t census)
{
    bool is_whole = container->seen == census - 1 && container->type != NULL;
    if (!is_whole || length < container->last) {
        container->type = NULL;
        return;
    }
    container->grown = container->grown << 1 | (length > container->last);
    container->last = length;
    container->seen = census;
}

static void
compare_all(GrowthCensus *census, const Scan *scan)
{
    AddrCursor cursor = ADDRMAP_NOWHERE;
    for (size_t n = 0; n < scan->heap.count; n++) {
        PyObject *op = scan->heap.objects.items[n];
        NodeId c;
        if (addrmap_find_near(&census->map, &cursor, op, &c)) {
            Container *container = &census->containers.items[c];
            PyTypeObject *type = Py_TYPE(op);
            if (container->type == type) {
                ContainerKind kind = growth_container_kind(type);
                compare(container, growth_container_length(op, kind), census->censuses);
            }
        }
    }
}

/* ------------------------------------------------------------------------ types */

typedef struct {
    PyTypeObject *type;
    uint64_t objects;
} TypeCount;

typedef struct {
    Index index; /* addresses of types */
    VEC(TypeCount) counts;
} TypeCounter;

/* 0 or -1. */
static int
count_types(TypeCounter *counter, Memory *memory, const Scan *scan)
{
    const PyTypeObject *last = NULL;
    uint32_t number = 0;
    for (size_t n = 0; n < scan->heap.count; n++) {
        PyTypeObject *type = Py_TYPE(scan->heap.objects.items[n]);
        if (type != last) {
            number = index_enter(&counter->index, memory, (uintptr_t)type);
            if (number == INDEX_NONE) {
                return -1;
            }
            if (number == counter->counts.length &&
                vec_push(memory, &counter->counts, ((TypeCount){type, 0})) < 0) {
                return -1;
            }
            last = type;
        }
        counter->counts.items[number].objects++;
    }
    return 0;
}

/* Add what was counted up by the names of types. 0 or -1. */
static int
enter_types(GrowthCensus *census, const TypeCounter *counter)
{
    for (size_t t = 0; t < counter->counts.length; t++) {
        const TypeCount *count = &counter->counts.items[t];
        uint32_t name = index_enter(&census->names, &census->memory, typename_hash(count->type));
        if (name == INDEX_NONE) {
            return -1;
        }
        if (name == census->types.length &&
            vec_push(&census->memory, &census->types, (TypeTally){0}) < 0) {
            return -1;
        }
        census->types.items[name].last += count->objects;
    }
    return 0;
}

/* 0 or -1. */
static int
take_types(GrowthCensus *census, const Scan *scan)
{
    TypeCounter counter = {0};
    for (size_t t = 0; t < census->types.length; t++) {
        TypeTally *tally = &census->types.items[t];
        tally->before = tally->last;
        tally->last = 0;
    }
    int error =
        count_types(&counter, &census->memory, scan) < 0 ? -1 : enter_types(census, &counter);
    for (size_t t = 0; t < census->types.length && error == 0; t++) {
        TypeTally *tally = &census->types.items[t];
        if (census->censuses == 0) {
            tally->first = tally->before = tally->last;
        }
        tally->grown = tally->grown << 1 | (tally->last > tally->before);
    }
    index_fini(&counter.index, &census->memory);
    vec_fini(&census->memory, &counter.counts);
    return error;
}

/* ------------------------------------------------------------------- the census */

void
growth_census_init(GrowthCensus *census, const ModuleState *state)
{
    *census = (GrowthCensus){.memory = scan_memory(state)};
}

int
growth_census_take(GrowthCensus *census, const Scan *scan)
{
    census->memory.fail_after = scan->state->fail_after;
    if (take_types(census, scan) < 0) {
        return -1;
    }
    if (census->censuses == 0) {
        if (enter_all(census, scan) < 0) {
            return -1;
        }
    }
    else {
        compare_all(census, scan);
    }
    census->censuses++;
    return 0;
}

uint32_t
growth_every_round(const GrowthCensus *census)
{
    uint32_t rounds = census->censuses > 0 ? census->censuses - 1 : 0;
    return rounds < 32 ? (UINT32_C(1) << rounds) - 1 : UINT32_MAX;
}

const Container *
growth_census_find(const GrowthCensus *census, PyObject *op)
{
    NodeId c;
    if (census->censuses < 2 || !addrmap_find(&census->map, op, &c)) {
        return NULL;
    }
    const Container *container = &census->containers.items[c];
    bool has_grown = container->type == Py_TYPE(op) && container->grown != 0 &&
                     container->seen == census->censuses - 1;
    return has_grown ? container : NULL;
}

void
growth_census_mark(GrowthCensus *census, const Scan *scan)
{
    for (size_t n = 0; n < scan->heap.count; n++) {
        PyObject *op = scan->heap.objects.items[n];
        NodeId c;
        if (growth_census_find(census, op) != NULL && addrmap_find(&census->map, op, &c)) {
            census->containers.items[c].marked_table = growth_container_table(op);
        }
    }
    for (size_t c = 0; c < census->containers.length; c++) {
        Container *container = &census->containers.items[c];
        container->marked = container->grown != 0 ? container->last : NOT_MARKED;
    }
    for (size_t t = 0; t < census->types.length; t++) {
        census->types.items[t].marked = census->types.items[t].last;
    }
}

void
growth_census_fini(GrowthCensus *census)
{
    if (census->map.memory != NULL) {
        addrmap_fini(&census->map);
    }
    vec_fini(&census->memory, &census->containers);
    index_fini(&census->names, &census->memory);
    vec_fini(&census->memory, &census->types);
}
