/* growth_rows.c:

       find_groups     candidates that live, in groups; what was added to each
       sum_groups      the figures of each group
       find_types      types that grow, less what the containers got
       grown_row       all of it as rows */

#include "query/growth_rows.h"

#include "base/typename.h"

enum { MOST_GROUPS = 100, SPECIMENS = 3 };

/* The figures of the containers of one group. */
typedef struct {
    size_t containers;
    uint64_t length, entries, marked_entries, marked_bytes, table_entries, table_bytes;
    PyTypeObject *type;          /* borrowed */
    size_t specimens[SPECIMENS]; /* candidates, those that have grown most first; 1 + place */
} Group;

/* A type that grows. */
typedef struct {
    PyTypeObject *type;  /* borrowed */
    PyObject *specimen;  /* borrowed */
    uint64_t objects;    /* more than at the first census */
    uint64_t kept;       /* new ones that the containers lead to */
    uint64_t since_mark; /* more than when it was marked */
    bool is_new;         /* the specimen came after that */
} GrowingType;

typedef struct {
    GrowthFacts *facts; /* borrowed */
    Scan *scan;         /* borrowed */
    Candidates candidates;
    VEC(uint64_t) bytes; /* candidate -> what was added to it; empty where that is not known */
    VEC(Group) groups;
    VEC(uint32_t) order; /* of the groups, the largest first */
    Index type_numbers;  /* hash of a type's name -> place in `types` */
    VEC(GrowingType) types;
} Growing;

uint32_t
growth_number(const GrowthFacts *facts, PyObject *op)
{
    NodeId number = 0;
    (void)addrmap_find(&facts->census.map, op, &number);
    return number;
}

/* ------------------------------------------------------------------------ groups */

/* What was added to each candidate. 0 or -1. */
static int
find_added(Growing *growing)
{
    Memory *memory = &growing->scan->memory;
    Account *account = &growing->facts->account;
    VEC(PyObject *) containers = {0};
    if (!account_is_on(account)) {
        return 0;
    }
    int error = vec_reserve(memory, &containers, growing->candidates.length) < 0 ||
                        vec_zeros(memory, &growing->bytes, growing->candidates.length) < 0
                    ? -1
                    : 0;
    for (size_t c = 0; c < growing->candidates.length && error == 0; c++) {
        vec_push_reserved(&containers, growing->candidates.items[c].op);
    }
    if (error == 0) {
        error = account_end(account, growing->scan, containers.items, containers.length,
                            growing->bytes.items);
    }
    vec_fini(memory, &containers);
    return error;
}

static bool
has_grown_more(const Growing *growing, size_t a, size_t b)
{
    const Container *one = growing->candidates.items[a].container;
    const Container *other = growing->candidates.items[b].container;
    uint32_t grown = one->last - one->first, others = other->last - other->first;
    return grown != others ? grown > others : one->last > other->last;
}

static void
add_specimen(const Growing *growing, Group *group, size_t c)
{
    for (size_t s = 0; s < SPECIMENS; s++) {
        if (group->specimens[s] == 0 || has_grown_more(growing, c, group->specimens[s] - 1)) {
            memmove(&group->specimens[s + 1], &group->specimens[s],
                    (SPECIMENS - s - 1) * sizeof(group->specimens[0]));
            group->specimens[s] = c + 1;
            return;
        }
    }
}

/* What the table of a container has grown by: until it was marked, or where more came later, from
   the first census until now. */
static void
add_table(Group *group, const Candidate *candidate)
{
    const Container *container = candidate->container;
    uint32_t until = container->marked - container->first;
    bool was_more = until >= container->last - container->marked;
    uint32_t table = was_more ? container->marked_table : growth_container_table(candidate->op);
    group->table_entries += was_more ? until : container->last - container->first;
    group->table_bytes += table > container->table ? table - container->table : 0;
}

static void
add_to_group(Growing *growing, size_t c)
{
    const Candidate *candidate = &growing->candidates.items[c];
    const Container *container = candidate->container;
    Group *group = &growing->groups.items[candidate->group];
    ContainerKind kind = growth_container_kind(Py_TYPE(candidate->op));
    group->containers++;
    group->type = Py_TYPE(candidate->op);
    group->length += growth_container_length(candidate->op, kind);
    group->entries += container->last - container->first;
    if (growing->bytes.length != 0 && container->marked != NOT_MARKED) {
        add_table(group, candidate);
        group->marked_entries += container->last - container->marked;
        group->marked_bytes += growing->bytes.items[c];
    }
    add_specimen(growing, group, c);
}

/* Sort the numbers of the groups: most bytes first, then most entries. There are few. */
static void
order_groups(Growing *growing)
{
    for (size_t g = 0; g < growing->groups.length; g++) {
        const Group *group = &growing->groups.items[g];
        size_t place = growing->order.length;
        vec_push_reserved(&growing->order, (uint32_t)g);
        while (place > 0) {
            const Group *other = &growing->groups.items[growing->order.items[place - 1]];
            if (other->marked_bytes > group->marked_bytes ||
                (other->marked_bytes == group->marked_bytes && other->entries >= group->entries)) {
                break;
            }
            growing->order.items[place] = growing->order.items[place - 1];
            growing->order.items[--place] = (uint32_t)g;
        }
    }
}

/* Whether it is the dict in which the interpreter has interned strings, and to them owns no
   reference: no object leads to it, and each key is its own value. */
static bool
is_of_interned(const Growing *growing, const Candidate *candidate)
{
    const Scan *scan = growing->scan;
    PyObject *key, *value;
    Py_ssize_t position = 0;
    if (!PyDict_CheckExact(candidate->op) || scan->collector.gc_refs.items[candidate->node] <
                                                 scan->heap.refcounts.items[candidate->node]) {
        return false;
    }
    while (PyDict_Next(candidate->op, &position, &key, &value)) {
        if (key != value || !PyUnicode_CheckExact(key) || !PyUnicode_CHECK_INTERNED(key)) {
            return false;
        }
    }
    return true;
}

/* Leave out what got nothing but weak references, and interned strings. */
static void
leave_out_weak(Growing *growing)
{
    const Account *account = &growing->facts->account;
    Candidates *candidates = &growing->candidates;
    size_t kept = 0;
    for (size_t c = 0; c < candidates->length; c++) {
        const Candidate *candidate = &candidates->items[c];
        bool is_weak = account_is_on(account) && account_is_weak(account, candidate->op);
        if (!is_weak && !is_of_interned(growing, candidate)) {
            candidates->items[kept++] = *candidate;
        }
    }
    candidates->length = kept;
}

/* 0 or -1 with an exception. */
static int
find_groups(Growing *growing)
{
    GrowthFacts *facts = growing->facts;
    Scan *scan = growing->scan;
    uint32_t groups = 0;
    if (candidates_find(&growing->candidates, &scan->memory, scan, &facts->census) < 0) {
        return scan_no_memory();
    }
    if (growing->candidates.length != 0 && scan_judge(scan) < 0) {
        return -1;
    }
    leave_out_weak(growing);
    if (candidates_group(&growing->candidates, scan, growth_every_round(&facts->census), &groups) <
            0 ||
        find_added(growing) < 0 || vec_zeros(&scan->memory, &growing->groups, groups) < 0 ||
        vec_reserve(&scan->memory, &growing->order, groups) < 0) {
        return scan_no_memory();
    }
    for (size_t c = 0; c < growing->candidates.length; c++) {
        const Candidate *candidate = &growing->candidates.items[c];
        if (candidate->group != GROUP_NONE) {
            add_to_group(growing, c);
        }
    }
    order_groups(growing);
    return 0;
}

/* ------------------------------------------------------------------------- types */

/* The place of the type of an object among those that grow, or INDEX_NONE. */
static uint32_t
growing_type(const Growing *growing, PyObject *op)
{
    return index_find(&growing->type_numbers, typename_hash(Py_TYPE(op)));
}

/* Enter the types that have grown in every round. 0 or -1. */
static int
enter_types(Growing *growing)
{
    const GrowthCensus *census = &growing->facts->census;
    uint32_t every = growth_every_round(census);
    for (size_t t = 0; t < census->types.length && every != 0; t++) {
        const TypeTally *tally = &census->types.items[t];
        GrowingType type = {.objects = tally->last - tally->first,
                            .since_mark = tally->last - tally->marked};
        Memory *memory = &growing->scan->memory;
        if ((tally->grown & every) == every &&
            (index_enter(&growing->type_numbers, memory, census->names.keys.items[t]) ==
                 INDEX_NONE ||
             vec_push(memory, &growing->types, type) < 0)) {
            return -1;
        }
    }
    return 0;
}

/* Count what the containers have got. */
static void
count_kept(Growing *growing)
{
    const Account *account = &growing->facts->account;
    for (size_t n = 0; n < account->objects.length; n++) {
        const Added *added = &account->objects.items[n];
        bool counts =
            added->is_new && PyObject_IS_GC(added->op) && PyObject_GC_IsTracked(added->op);
        uint32_t t = counts ? growing_type(growing, added->op) : INDEX_NONE;
        if (t != INDEX_NONE) {
            growing->types.items[t].kept++;
        }
    }
}

/* Choose an object of each type: one that came after the mark, where there is one. */
static void
find_specimens(Growing *growing)
{
    const Account *account = &growing->facts->account;
    const Heap *heap = &growing->scan->heap;
    const PyTypeObject *last = NULL;
    uint32_t t = INDEX_NONE;
    for (size_t n = 0; n < heap->count; n++) {
        PyObject *op = heap->objects.items[n];
        if (Py_TYPE(op) != last) {
            last = Py_TYPE(op);
            t = growing_type(growing, op);
        }
        if (t == INDEX_NONE || growing->types.items[t].is_new) {
            continue;
        }
        GrowingType *type = &growing->types.items[t];
        type->type = Py_TYPE(op);
        type->specimen = op;
        type->is_new = account_is_on(account) && !addrmap_has(&account->before, op);
    }
}

/* 0 or -1 with an exception. */
static int
find_types(Growing *growing)
{
    if (enter_types(growing) < 0) {
        return scan_no_memory();
    }
    if (growing->types.length != 0) {
        count_kept(growing);
        find_specimens(growing);
    }
    return 0;
}

/* -------------------------------------------------------------------------- rows */

typedef struct {
    const Growing *growing;
    uint32_t group;
    PyObject *list; /* owned */
} FilledRows;

static PyObject *
filled_row(const Growing *growing, const FillingPlace *place)
{
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    PyObject *file = place->code->co_filename;
    items[0] = PyUnicode_CheckExact(file) ? Py_NewRef(file) : PyUnicode_FromString("?");
    (void)(items[0] != NULL && (items[1] = PyLong_FromLong(place->line)) != NULL &&
           (items[2] = PyLong_FromUnsignedLongLong(place->count)) != NULL);
    return row_new(growing->scan->state, ROW_FILLED, items);
}

/* Whether the dict of that number is in a group. */
static bool
is_in_group(const Growing *growing, uint32_t number, uint32_t group)
{
    const Container *container = &growing->facts->census.containers.items[number];
    for (size_t c = 0; c < growing->candidates.length; c++) {
        const Candidate *candidate = &growing->candidates.items[c];
        if (candidate->container == container) {
            return candidate->group == group;
        }
    }
    return false;
}

/* New reference: the Filled of a group. NULL with an exception. */
static PyObject *
filled_list(const Growing *growing, uint32_t group)
{
    const Filling *filling = &growing->facts->filling;
    PyObject *list = PyList_New(0);
    for (size_t p = 0; p < filling->places.length && list != NULL; p++) {
        const FillingPlace *place = &filling->places.items[p];
        if (is_in_group(growing, place->number, group) &&
            rows_append(list, filled_row(growing, place)) < 0) {
            Py_CLEAR(list);
        }
    }
    return list;
}

/* New reference: the specimens of a group. NULL with an exception. */
static PyObject *
specimens_list(const Growing *growing, const Group *group)
{
    PyObject *list = PyList_New(0);
    for (size_t s = 0; s < SPECIMENS && group->specimens[s] != 0 && list != NULL; s++) {
        PyObject *op = growing->candidates.items[group->specimens[s] - 1].op;
        if (PyList_Append(list, op) < 0) {
            Py_CLEAR(list);
        }
    }
    return list;
}

/* New reference: a list with one object, or with none where it is NULL. NULL with an exception. */
static PyObject *
box_of(PyObject *op)
{
    PyObject *list = PyList_New(0);
    if (list != NULL && op != NULL && PyList_Append(list, op) < 0) {
        Py_CLEAR(list);
    }
    return list;
}

static PyObject *
growing_row(void *arg, size_t n)
{
    const Growing *growing = arg;
    uint32_t number = growing->order.items[n];
    const Group *group = &growing->groups.items[number];
    PyObject *first = growing->candidates.items[group->specimens[0] - 1].op;
    PyObject *newest = account_is_on(&growing->facts->account)
                           ? account_newest(&growing->facts->account, first)
                           : NULL;
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    (void)((items[0] = typename_of(group->type)) != NULL &&
           (items[1] = PyLong_FromSize_t(group->containers)) != NULL &&
           (items[2] = PyLong_FromUnsignedLongLong(group->length)) != NULL &&
           (items[3] = PyLong_FromUnsignedLongLong(group->entries)) != NULL &&
           (items[4] = PyLong_FromUnsignedLongLong(group->marked_entries)) != NULL &&
           (items[5] = PyLong_FromUnsignedLongLong(group->marked_bytes)) != NULL &&
           (items[6] = PyLong_FromUnsignedLongLong(group->table_entries)) != NULL &&
           (items[7] = PyLong_FromUnsignedLongLong(group->table_bytes)) != NULL &&
           (items[8] = filled_list(growing, number)) != NULL &&
           (items[9] = specimens_list(growing, group)) != NULL &&
           (items[10] = box_of(newest)) != NULL);
    return row_new(growing->scan->state, ROW_GROWING, items);
}

/* New reference: the types that grow without a container that does. NULL with an exception. */
static PyObject *
types_list(const Growing *growing)
{
    PyObject *list = PyList_New(0);
    for (size_t t = 0; t < growing->types.length && list != NULL; t++) {
        const GrowingType *type = &growing->types.items[t];
        if (type->specimen == NULL || type->since_mark <= type->kept) {
            continue;
        }
        PyObject *items[ROW_MOST_FIELDS] = {NULL};
        (void)((items[0] = typename_of(type->type)) != NULL &&
               (items[1] = PyLong_FromUnsignedLongLong(type->objects)) != NULL &&
               (items[2] = box_of(type->specimen)) != NULL);
        if (rows_append(list, row_new(growing->scan->state, ROW_GROWING_TYPE, items)) < 0) {
            Py_CLEAR(list);
        }
    }
    return list;
}

/* New reference. NULL with an exception. */
static PyObject *
grown_row(Growing *growing)
{
    GrowthFacts *facts = growing->facts;
    size_t count = growing->order.length < MOST_GROUPS ? growing->order.length : MOST_GROUPS;
    size_t rounds = facts->census.censuses > 0 ? facts->census.censuses - 1 : 0;
    PyObject *items[ROW_MOST_FIELDS] = {NULL};
    (void)((items[0] = rows_list(count, growing_row, growing)) != NULL &&
           (items[1] = types_list(growing)) != NULL &&
           (items[2] = PyLong_FromSize_t(rounds)) != NULL &&
           (items[3] = PyLong_FromSize_t(account_is_on(&facts->account) ? rounds - facts->mark
                                                                        : 0)) != NULL &&
           (items[4] = row_bool(facts->filling.is_refused)) != NULL);
    return row_new(growing->scan->state, ROW_GROWN, items);
}

PyObject *
growth_rows(GrowthFacts *facts, Scan *scan)
{
    Memory *memory = &scan->memory;
    Growing growing = {.facts = facts, .scan = scan};
    PyObject *answer = growth_census_list(&facts->census, scan) == 0 &&
                               find_groups(&growing) == 0 && find_types(&growing) == 0
                           ? grown_row(&growing)
                           : NULL;
    vec_fini(memory, &growing.candidates);
    vec_fini(memory, &growing.bytes);
    vec_fini(memory, &growing.groups);
    vec_fini(memory, &growing.order);
    index_fini(&growing.type_numbers, memory);
    vec_fini(memory, &growing.types);
    return answer;
}
